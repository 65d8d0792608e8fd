"""A hundred scenarios with one setting each that cannot act, and a hundred in which it acts: what a run tells."""

import inspect
import json
from copy import deepcopy
from datetime import date, timedelta
from functools import cache
from typing import Any

import pytest
from click.testing import CliRunner

from aftersale.cli import cli
from aftersale.plugins.plugins import Plugins, load_plugins
from aftersale_simulator.output_files import as_toml
from aftersale_simulator.resolved.scenario import resolve
from aftersale_simulator.runs.run import run
from aftersale_simulator.scenario.document import parse_scenario
from aftersale_simulator.scenario.vocabulary import vocabulary

START = date(2026, 3, 2)
BASE = {
    "name": "shop",
    "currency": "EUR",
    "replications": 1,
    "period": {"start": START, "measured": "3 d", "warm_up": "6 d"},
    "marketplace": {"DE": {"orders_per_day": 60, "price": {"median": "24.90"}}},
    "team": {
        "desk": {
            "zone": "Europe/Berlin",
            "agents": 2,
            "cost_per_hour": "20",
            "shifts": [{"days": "Mon-Sun", "hours": "09:00-17:00"}],
        }
    },
    "handling": {"reply": {"mean": "8 min"}},
    # Enough of everything within a few days.
    "world": {"message_rate": 0.3, "return_rate": 0.3, "return_lag_days": 1.0, "promise_days": 2.0},
}
MARKETPLACES = ("US", "JP", "UK", "FR", "IT")
SHIFT = "team.desk.shifts[0]"
LATER = START + timedelta(60)


def event(**changes):
    return {"event": [{"name": "x", "after": "0 d", "lasts": "2 d", **changes}]}


def shift(**changes):
    return {"team.desk.shifts": [{**BASE["team"]["desk"]["shifts"][0], **changes}]}


def row(name="first_reply", **values):
    answer = {"clock": "wall_hours", "amount": 12, "starts": "buyer_message", "on_expiry": "late"}
    whole = {"name": name, "marketplaces": ["*"], "source": "us", "grade": "S"}
    return {"rule": [whole | (answer if name == "first_reply" else {}) | values]}


LATE_SHIFT = {"team.desk.overtime": "6 h", "handling.reply.mean": "2 h"} | shift(days="Mon-Tue")
"""What is left on Tuesday evening is due before next Monday."""
CASES = [
    # what is set, how it is named where it cannot act, and the same where it acts
    *(
        ({"world.risk_head_start_hours": 5 + i}, "world.risk_head_start_hours", {"work_order": "risk"})
        for i in range(4)
    ),
    *(({"world.overtime_pay": 2 + i / 4}, "world.overtime_pay", LATE_SHIFT) for i in range(4)),
    *(({"world.new_hire_pace": 2 + i / 4}, "world.new_hire_pace", shift(hired=START)) for i in range(2)),
    *(({"world.new_hire_days": 20 + i}, "world.new_hire_days", shift(hired=START)) for i in range(2)),
    *(
        (
            {f"world.return_rate_{name}": 0.4},
            f"world.return_rate_{name}",
            {"marketplace.DE.categories": {"general": 0.5, name: 0.5}},
        )
        for name in ("apparel", "electronics", "home")
    ),
    *(
        (
            {"world.absence_rate": 0.1 + i / 50, "team.desk.absence": 0.2},
            "world.absence_rate",
            {"team.desk.absence": None},
        )
        for i in range(4)
    ),
    *(
        (
            {"world.dispersion": 3 + i, "marketplace.DE.dispersion": 2.0},
            "world.dispersion",
            {"marketplace.DE.dispersion": None},
        )
        for i in range(4)
    ),
    *(
        (
            {"world.chargeback_delay_days": 1.0 + i, "world.chargeback_rate": 0.0},
            "world.chargeback_delay_days",
            {"world.chargeback_rate": 0.2},
        )
        for i in range(4)
    ),
    *(
        (
            {"world.late_delivery_days": 2.0 + i, "world.message_factor_shipped_elsewhere": 0.4 + i / 10},
            "world.message_factor_shipped_elsewhere",
            {"marketplace.DE.channels": {"MFN": 0.5, "FBA": 0.5}},
        )
        for i in range(4)
    ),
    *(
        (shift(languages=["de", word]), f"{SHIFT}.languages '{word}'", shift(languages=["de"]))
        for word in ("ja", "en", "fr", "it", "zh")
    ),
    *(
        (
            {"handling.reply.language": {word: 1.5}},
            f"handling.reply.language.{word}",
            {"handling.reply.language": {"de": 1.5}},
        )
        for word in ("ja", "en", "fr", "it", "zh")
    ),
    *(
        ({f"handling.{task}": {"mean": "9 min"}}, f"handling.{task}", {f"handling.{task}": None})
        for task in ("appeal", "answer_chargeback", "review_feedback")
    ),
    *(
        (
            {"handling.reply.cv": 0.4 + i / 10, "handling.reply.shape": "fixed"},
            "handling.reply.cv",
            {"handling.reply.shape": "lognormal"},
        )
        for i in range(3)
    ),
    *(({**event(start=LATER + timedelta(i), after=None, orders=2)}, "event[0]", event(orders=2)) for i in range(5)),
    *((event(orders=1.5 + i, categories=["general"]), "event[0].orders", event(orders=1.5 + i)) for i in range(4)),
    *(
        (event(factors={name: 2.0}), f"event[0].factors.{name}", event(factors={"message_rate": 2.0}))
        for name in ("absence_rate", "dispersion", "overtime_pay", "risk_head_start_hours")
    ),
    *(
        (
            event(absent=0.3 + i / 10, start=START - timedelta(4), after=None, lasts="1 d", teams=["desk"])
            | shift(since=START),
            "event[0].absent",
            event(absent=0.3),
        )
        for i in range(4)
    ),
    *(
        (event(orders=2, teams=["desk"]), "event[0].teams", event(orders=2, handling=2.0, teams=["desk"]))
        for i in range(1)
    ),
    *(
        (
            shift(leave=[{"start": LATER + timedelta(i), "until": LATER + timedelta(i)}]),
            f"{SHIFT}.leave[0]",
            shift(leave=[{"start": START, "until": START}]),
        )
        for i in range(4)
    ),
    *((shift(hired=START - timedelta(400 + i)), f"{SHIFT}.hired", shift(hired=START)) for i in range(4)),
    *(
        (
            {
                "team.desk.shifts": [
                    BASE["team"]["desk"]["shifts"][0],
                    {"days": "Mon-Sun", "hours": "18:00-20:00", "since": LATER + timedelta(i)},
                ]
            },
            "team.desk.shifts[1]",
            {"team.desk.shifts": [BASE["team"]["desk"]["shifts"][0], {"days": "Mon-Sun", "hours": "18:00-20:00"}]},
        )
        for i in range(4)
    ),
    *(({"sale_events": False}, "sale_events", {"period.start": date(2026, 11, 25)}) for _ in range(1)),
    *(
        (row("priority", count=i, when={"situation": kind}), f"priority of {kind}s", row())
        for i, kind in enumerate(("message", "return", "claim"), 1)
    ),
    *((row("classification", word=f"class {i}"), "classification", row()) for i in range(2)),
    *((row("partial_refund_offer", share="0.15"), "partial_refund_offer", row()),),
    *((row("contest_claim", word="fight"), "contest_claim", row()),),
    *((row("evidence", words=["photos"]), "evidence", row()),),
    *((row("risk_mark", words=["late_shipment_rate"]), "risk_mark", row()),),
    *((row(marketplaces=[place]), f"first_reply [{place}]", row(marketplaces=["DE"])) for place in MARKETPLACES),
    *(
        (row(when={"category": word}), f"first_reply [category={word}]", row(when={"category": "general"}))
        for word in ("toys", "tools", "pets")
    ),
    *(
        (
            row(when={"price_up_to": "1", "currency": "EUR"}),
            "first_reply [price_up_to=1, currency=EUR]",
            row(when={"price_up_to": "100", "currency": "EUR"}),
        ),
    ),
    *((row(valid_from=LATER + timedelta(i)), "first_reply", row(valid_from=START)) for i in range(3)),
    *(
        (
            row("returnless", value=True, when={"reason": "CR-DEFECTIVE"}),
            "returnless [reason=CR-DEFECTIVE]",
            row("returnless", value=True),
        ),
    ),
]


@cache
def plugins() -> Plugins:
    return load_plugins()


def scenario_with(*changes):
    """Return the shop with these values at their paths; rows of a handbook stand apart, None takes a key away."""
    raw, book = deepcopy(BASE), {}
    for change in changes:
        for path, value in deepcopy(change).items():
            if path == "rule":
                book = {"rule": value}
                continue
            *above, last = path.split(".")
            node = raw
            for step in above:
                node = node.setdefault(step, {})
            node[last] = value
            if value is None:
                del node[last]
    for each in raw.get("event", ()):
        for key in [key for key, value in each.items() if value is None]:
            del each[key]
    return raw, book


def idle(tmp_path, *changes):
    """Return the settings of a scenario that a run names as without effect."""
    raw, book = scenario_with(*changes)
    if book:
        (tmp_path / "book.toml").write_text(as_toml(book), encoding="utf-8")
        raw["handbook"] = str(tmp_path / "book.toml")
    resolved = resolve(parse_scenario(raw, "s.toml", vocabulary(plugins())), plugins())
    return [setting.path for setting in run(resolved, 1).effects.idle]


def test_nothing_is_named_of_a_scenario_that_all_acts_in(tmp_path):
    assert idle(tmp_path) == []


def test_a_version_of_rules_that_is_about_another_marketplace_is_named_and_one_of_this_is_not(tmp_path):
    assert idle(tmp_path, {"rule_versions": ["claims_page_1781"]}) == ["rule_versions[0] 'claims_page_1781'"]
    assert idle(tmp_path, {"rule_versions": ["claims_page_27951"]}) == []


def test_who_buys_again_matters_where_a_row_asks_for_the_buyer(tmp_path):
    again = {"world.repeat_buyer_share": 0.5}
    assert idle(tmp_path, again) == ["world.repeat_buyer_share"]
    rows = '[[rule]]\nname = "auto_authorise"\nmarketplaces = ["DE"]\nvalue = true\nwhen = { buyer = "DE-1" }\n'
    (tmp_path / "own.toml").write_text(f'{rows}source = "made up"\ngrade = "assumed"\n', encoding="utf-8")
    assert "world.repeat_buyer_share" not in idle(tmp_path, again, {"handbook": str(tmp_path / "own.toml")})


def test_there_are_a_hundred_of_each():
    assert len(CASES) == 100


@pytest.mark.once
@pytest.mark.parametrize(("cannot", "named", "acts"), CASES, ids=[f"{i}-{case[1]}" for i, case in enumerate(CASES)])
def test_a_setting_that_cannot_act_is_named_and_one_that_acts_is_not(tmp_path, cannot, named, acts):
    assert idle(tmp_path, cannot) == [named]
    assert idle(tmp_path, cannot, acts) == []


APART: dict[str, Any] = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}


def whatif(tmp_path, raw, *more):
    (tmp_path / "s.toml").write_text(as_toml(raw), encoding="utf-8")
    ended = CliRunner(**APART).invoke(cli, ["whatif", str(tmp_path / "s.toml"), "--workers", "1", *more])
    assert ended.exit_code == 0, ended.stderr
    return ended.stdout


PAY = "world.overtime_pay (nothing reads it in this run)"
JAPANESE = "handling.reply.language.ja (no marketplace of the team speaks it)"


def test_an_answer_names_in_one_sentence_what_had_no_effect_in_any_variant(tmp_path):
    raw, _ = scenario_with({"world.overtime_pay": 2.0, "handling.reply.language": {"ja": 2.0}})
    text = " ".join(whatif(tmp_path, raw).split())
    assert f"Warning: no effect here: {JAPANESE}; {PAY}." in text
    assert json.loads(whatif(tmp_path, raw, "--json"))["without_effect"] == [JAPANESE, PAY]
    raw["variant"] = [{"name": "late", "set": LATE_SHIFT | {"team.desk.shifts": LATE_SHIFT["team.desk.shifts"]}}]
    assert json.loads(whatif(tmp_path, raw, "--json"))["without_effect"] == [JAPANESE]


def test_an_answer_without_idle_settings_says_nothing_of_them(tmp_path):
    raw, _ = scenario_with()
    assert "no effect here" not in whatif(tmp_path, raw)
    assert json.loads(whatif(tmp_path, raw, "--json"))["without_effect"] == []


def test_what_an_order_file_says_is_named_and_what_is_learnt_from_it_is_not(tmp_path):
    rows = [f"O{i},2026-03-0{2 + i % 3}T10:0{i % 10}:00Z,{i + 5}.00,b{i},s{i % 7}" for i in range(40)]
    (tmp_path / "orders.csv").write_text("\n".join(["order,at,price,buyer,sku", *rows]) + "\n", encoding="utf-8")
    words = {"order": "order", "purchased_at": "at", "price": "price", "buyer": "buyer", "sku": "sku"}
    values = {"marketplace": "DE", "channel": "MFN", "currency": "EUR"}
    raw, _ = scenario_with({"orders": {"file": "orders.csv", "columns": words, "values": values}})
    told = json.loads(whatif(tmp_path, raw, "--json"))["without_effect"]
    assert told == [f"marketplace.DE.{key} (the order file says it)" for key in ("orders_per_day", "price")]
