"""Settings of money in a scenario: which changed nothing, what is refused, and how they are set by path."""

import inspect
import json
from copy import deepcopy
from datetime import date
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
from aftersale_simulator.show.effects import idle_settings

START = date(2026, 3, 2)
BASE: dict[str, Any] = {
    "name": "shop",
    "currency": "EUR",
    "replications": 1,
    "period": {"start": START, "measured": "5 d", "warm_up": "6 d"},
    "marketplace": {
        "DE": {
            "orders_per_day": 60,
            "price": {"median": "24.90"},
            "categories": {"pets": 0.5, "toys": 0.5},
            "prices_with_vat": True,
            "vat_share": "0.19",
        }
    },
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
APART: dict[str, Any] = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}


@cache
def plugins() -> Plugins:
    return load_plugins()


def shop(changes: dict[str, Any]) -> dict[str, Any]:
    """Return the shop with these values at their paths."""
    raw = deepcopy(BASE)
    for path, value in deepcopy(changes).items():
        *above, last = path.split(".")
        node = raw
        for step in above:
            node = node.setdefault(step, {})
        node[last] = value
    return raw


def idle(changes: dict[str, Any], tmp_path=None, rows: str = "") -> list[str]:
    """Return what a run says of the settings that changed nothing."""
    raw = shop(changes)
    if rows:
        (tmp_path / "own.toml").write_text(rows, encoding="utf-8")
        raw["handbook"] = str(tmp_path / "own.toml")
    resolved = resolve(parse_scenario(raw, "s.toml", vocabulary(plugins())), plugins())
    return idle_settings(run(resolved, 1).effects.idle)


UNBOOKED = "(no money of this run rests on it)"
RATES = {"rates": {"on": START, "USD": "0.9"}}
AMERICAN = {"marketplace.US": {"orders_per_day": 20, "price": {"median": "20"}}}
CASES = [
    # what is set, what is told of it where it cannot act, and what beside it makes it act
    ({"costs": {"chargeback_fee": "3.00 EUR"}}, [f"costs.chargeback_fee {UNBOOKED}"], None),
    (
        {"costs": {"fulfilment_fee_share": "0.2"}},
        [f"costs.fulfilment_fee_share {UNBOOKED}"],
        {"marketplace.DE.channels": {"MFN": 0.5, "FBA": 0.5}},
    ),
    (
        {"costs": {"outbound_cost_share": "0.2"}, "marketplace.DE.channels": {"FBA": 1.0}},
        [f"costs.outbound_cost_share {UNBOOKED}"],
        {"marketplace.DE.channels": {"MFN": 1.0}},
    ),
    (
        {"costs": {"return_label_share": "0.1"}, "world.return_rate": 0.0},
        [f"costs.return_label_share {UNBOOKED}"],
        {"world.return_rate": 0.3},
    ),
    (RATES, ["rates.USD (no money of this currency in this run)"], AMERICAN),
    (
        {"goods": {"category": {"garden": "0.5"}}},
        ["goods.category.garden (no such order)"],
        {"marketplace.DE.categories": {"garden": 1.0}},
    ),
    ({"goods": {"product": {"cup": "0.5"}}}, ["goods.product.cup (no such order)"], None),
    ({"goods": {"catalogue": "gone.csv"}}, ["goods.catalogue (no order file is read)"], None),
    (
        {"goods": {"landed_cost_share": "0.5", "category": {"pets": "0.4", "toys": "0.3"}}},
        ["goods.landed_cost_share (what stands in its place says it)"],
        {"marketplace.DE.categories": {"pets": 0.5, "toys": 0.4, "garden": 0.1}},
    ),
    (
        {"marketplace.DE.prices_with_vat": False},
        ["marketplace.DE.vat_share (prices there contain none)"],
        {"marketplace.DE.prices_with_vat": True},
    ),
    (
        {"marketplace.DE.orders_per_day": 0, **AMERICAN, **RATES},
        [
            "marketplace.DE.prices_with_vat (no such order)",
            "marketplace.DE.vat_share (no such order)",
        ],
        {"marketplace.DE.orders_per_day": 60},
    ),
]


@pytest.mark.parametrize(("cannot", "told", "acts"), CASES, ids=[case[1][0].partition(" ")[0] for case in CASES])
def test_a_setting_of_money_that_cannot_act_is_told_and_one_that_acts_is_not(cannot, told, acts):
    assert idle(cannot) == told
    assert acts is None or idle({**cannot, **acts}) == []


def test_numbers_that_are_all_used_are_not_told():
    own = {"return_label_share": "0.1", "repackaging_share": "0.1"}
    assert idle({"costs": own, "goods": {"landed_cost_share": "0.5"}}) == []


def row(name: str, **values: Any) -> str:
    each = {"name": name, "marketplaces": ["*"], "source": "us", "grade": "S", **values}
    return as_toml({"rule": [each]})


OFFERED = {"world.partial_offer_rate": 1.0, "marketplace.DE.exempt": 1.0}


@pytest.mark.parametrize(
    ("name", "values", "changes", "told"),
    [
        ("seller_established_in", {"word": "IT"}, {}, []),
        ("fault", {"word": "seller"}, {}, []),
        ("fault", {"word": "seller"}, {"world.return_rate": 0.0}, ["fault (no case that asks for it)"]),
        ("partial_refund_offer", {"share": "0.2"}, OFFERED, []),
        ("partial_refund_offer", {"share": "0.2"}, {}, ["partial_refund_offer (no case that asks for it)"]),
    ],
)
def test_rows_of_the_handbook_by_which_money_is_booked_are_no_mere_advice(tmp_path, name, values, changes, told):
    assert idle(changes, tmp_path, row(name, **values)) == told


def whatif(tmp_path, raw, *options):
    (tmp_path / "s.toml").write_text(as_toml(raw), encoding="utf-8")
    words = ["whatif", str(tmp_path / "s.toml"), "--workers", "1", *options]
    return CliRunner(**APART).invoke(cli, words, obj=plugins())  # loaded once for all these commands


def answered(tmp_path, raw, *options) -> dict[str, Any]:
    ended = whatif(tmp_path, raw, *options, "--json")
    assert ended.exit_code == 0, ended.stderr
    return json.loads(ended.stdout)


def means(document: dict[str, Any], name: str) -> list[float]:
    return [variant["metrics"][name]["mean"] for variant in document["variants"]]


def test_an_answer_tells_how_variants_are_ranked_only_where_there_are_several(tmp_path):
    raw = shop({"cheapest": "total"})
    assert answered(tmp_path, raw)["without_effect"] == ["cheapest (there is nothing to choose from)"]
    assert answered(tmp_path, raw, "--vary", "team.desk.agents=1,2")["without_effect"] == []
    assert answered(tmp_path, shop({}), "--cheapest", "total")["without_effect"] == []


def test_variants_are_ranked_alike(tmp_path):
    refused = whatif(tmp_path, shop({}), "--vary", "cheapest=total,labour")
    assert refused.exit_code == 2
    assert "cheapest: is not the same as in 'cheapest total'" in " ".join(refused.stderr.split())


def test_a_variant_that_changes_a_cost_number_alone_is_told_as_idle_only_where_no_line_changed(tmp_path):
    label = answered(tmp_path, shop({}), "--vary", "costs.return_label_share=0.1,0.2")
    assert not any("no effect" in warning for warning in label["warnings"])
    first, second = means(label, "cost_line_return_label")
    assert 0 < first < second < 2.01 * first
    fee = answered(tmp_path, shop({}), "--vary", 'costs.chargeback_fee="1.00 EUR","2.00 EUR"')
    assert any("these changes have no effect here" in warning for warning in fee["warnings"])
    assert fee["without_effect"] == [f"costs.chargeback_fee {UNBOOKED}"]


def test_what_money_is_known_to_rest_on_leaves_out_goods_that_go_by_their_category(tmp_path):
    own = shop({"goods": {"category": {"pets": "0.4", "toys": "0.3"}}})
    names = {each["name"] for each in answered(tmp_path, own)["money_rests_on"]}
    assert "landed_cost_share" not in names
    assert "landed_cost_share" in {each["name"] for each in answered(tmp_path, shop({}))["money_rests_on"]}


def test_goods_of_an_order_file_go_by_what_the_file_tells_before_any_share(tmp_path):
    rows = [
        f"O{i},2026-03-0{2 + i % 3}T10:0{i % 10}:00Z,{i + 5}.00,s{i % 3},{'1.00' if i % 2 else ''}" for i in range(40)
    ]
    words = {"order": "order", "purchased_at": "at", "price": "price", "sku": "sku", "landed_cost": "cost"}
    values = {"marketplace": "DE", "channel": "MFN", "currency": "EUR"}
    own = {"landed_cost_share": "0.5", "product": {"s1": "0.4", "cup": "0.3"}}
    raw = shop({"orders": {"file": "orders.csv", "columns": words, "values": values}, "goods": own})
    for told, expected in (
        (rows, ["goods.product.cup (no such order)"]),
        (
            [f"{row.rpartition(',')[0]},1.00" for row in rows],
            [
                "goods.landed_cost_share (what stands in its place says it)",
                "goods.product.s1 (what stands in its place says it)",
                "goods.product.cup (no such order)",
            ],
        ),
    ):
        (tmp_path / "orders.csv").write_text("\n".join(["order,at,price,sku,cost", *told]) + "\n", encoding="utf-8")
        found = answered(tmp_path, raw)["without_effect"]
        assert [line for line in found if line.startswith("goods")] == expected


# --- explained ---


EXPLAINED = {
    "costs": {"chargeback_fee": "12.50 EUR"},
    "goods": {"landed_cost_share": "0.5", "category": {"toys": "0.4"}, "product": {"cup": "0.3"}},
    "marketplace.US": {"orders_per_day": 20, "price": {"median": "20"}},
    **RATES,
}


def scenario(tmp_path, raw, *options) -> str:
    (tmp_path / "s.toml").write_text(as_toml(raw), encoding="utf-8")
    words = ["scenario", str(tmp_path / "s.toml"), *options]
    ended = CliRunner(**APART).invoke(cli, words, env={"COLUMNS": "200"}, catch_exceptions=False, obj=plugins())
    assert ended.exit_code == 0, ended.stderr
    return ended.stdout


def test_every_number_of_costs_is_explained_with_its_range_its_source_who_set_it_and_where(tmp_path):
    told = json.loads(scenario(tmp_path, shop(EXPLAINED), "--explain", "--json"))["costs"]
    by_path = {each["path"]: each for each in told}
    assert len(by_path) == len(told)
    assert by_path["costs.chargeback_fee"] == {
        "number": "chargeback_fee",
        "path": "costs.chargeback_fee",
        "value": 12.5,
        "currency": "EUR",
        "set_by": "scenario",
        "default": 0.0,
        "low": 0.0,
        "high": 20.0,
        "unit": "money that the marketplace takes for a lost chargeback, beside its amount",
        "source": "no fee list names one; third parties say 20 USD, of another programme among others",
        "grade": "assumed",
    }
    found = {path: (each["value"], each["set_by"]) for path, each in by_path.items()}
    assert found["costs.return_label_share"] == (0.2, "core")
    assert [found[f"goods.{path}"] for path in ("landed_cost_share", "category.toys", "product.cup")] == [
        (0.5, "scenario"),
        (0.4, "scenario"),
        (0.3, "scenario"),
    ]
    assert found["marketplace.DE.vat_share"] == (0.19, "scenario")
    assert found["marketplace.US.vat_share"] == (0.0, "core")
    assert not [path for path in by_path if "minutes_" in path or "per_hour" in path]


def test_each_path_that_explains_a_number_of_costs_sets_it(tmp_path):
    for each in json.loads(scenario(tmp_path, shop(EXPLAINED), "--explain", "--json"))["costs"]:
        raw = shop({**EXPLAINED, "marketplace.US.prices_with_vat": True, "marketplace.US.vat_share": "0.07"})
        value = f"{each['high']} {each['currency']}" if each["currency"] else str(each["high"])
        *above, last = each["path"].split(".")
        node = raw
        for step in above:
            node = node.setdefault(step, {})
        node[last] = value
        changed = json.loads(scenario(tmp_path, raw, "--explain", "--json"))["costs"]
        assert next(one for one in changed if one["path"] == each["path"])["value"] == each["high"], each["path"]


def test_the_table_of_numbers_of_costs_has_those_that_costs_sets_by_their_names(tmp_path):
    told = scenario(tmp_path, shop(EXPLAINED), "--explain")
    table = told.split("Numbers of costs: those without a path before their name are set under [costs].")[1]
    rows = {line.split()[0]: line.split() for line in table.splitlines() if line.strip()}
    assert rows["chargeback_fee"][1:4] == ["12.5", "EUR", "0–20"]
    assert rows["goods.category.toys"][1:3] == ["0.4", "0.15–0.65"]
    assert rows["return_label_share"][1:3] == ["0.2", "0–1"]
    assert "set in the scenario; default 0.35: assumed" in told
    assert "what one unit of a currency is worth: USD 0.9 (EUR, 2026-03-02)" in told
    assert "what one unit of a currency" not in scenario(tmp_path, shop({}))


# --- at a wrong place ---


ALONE = """\
name = "shop"
currency = "EUR"
replications = 1
period = { start = 2026-03-02, measured = "3 d" }
handling = { reply = { mean = "8 min" } }

[marketplace.DE]
orders_per_day = 60
price = { median = "24.90" }

[team.desk]
zone = "Europe/Berlin"
agents = 2
shifts = [{ days = "Mon-Sun", hours = "09:00-17:00" }]
"""
BELOW = "put it below that line"
ABOVE = "is a key of the file itself: put it before the first [table]"


@pytest.mark.parametrize(
    ("top", "end", "told"),
    [
        (
            "landed_cost_share = '0.3'",
            "",
            f"1: landed_cost_share: unknown key ('landed_cost_share' is a key of [goods]: {BELOW})",
        ),
        ("safe_t_share = '0.3'", "", f"1: safe_t_share: unknown key ('safe_t_share' is a key of [costs]: {BELOW})"),
        ("vat_share = '0.3'", "", f"1: vat_share: unknown key ('vat_share' is a key of [marketplace.NAME]: {BELOW})"),
        ("USD = '0.9'", "", f"1: USD: unknown key ('USD' is a key of [rates]: {BELOW})"),
        ("on = 2026-03-02", "", f"1: on: unknown key ('on' is a key of [rates]: {BELOW})"),
        ("agents = 2", "", f"1: agents: unknown key ('agents' is a key of [team.NAME]: {BELOW})"),
        (
            "cheapest = 'profit'",
            "",
            "1: cheapest: expected one of 'contribution', 'total', 'labour', found 'profit'",
        ),
        ("", "[goods]\ncheapest = 'total'", f"17: goods.cheapest: unknown key ('cheapest' {ABOVE})"),
        ("", "[costs]\ncheapest = 'total'", f"17: costs.cheapest: no such number ('cheapest' {ABOVE})"),
        ("", "[rates]\non = 2026-03-02\nseed = 1", f"18: rates.seed: unknown currency 'seed' ('seed' {ABOVE})"),
        (
            "",
            "[costs]\nreturn_rate = '0.1'",
            "17: costs.return_rate: no such number ('return_rate' is a key of [world])",
        ),
        (
            "",
            "[goods]\nlanded_cost_share = 0.3",
            "17: goods.landed_cost_share: expected an exact share such as '0.35', found 0.3 "
            "(put it in quotes, to keep it exact)",
        ),
        (
            "",
            "[costs]\nreturn_lable_share = '0.1'",
            "17: costs.return_lable_share: no such number (did you mean 'return_label_share'?)",
        ),
        (
            "",
            "[costs]\nlanded_cost_share = '0.1'",
            "17: costs.landed_cost_share: stands elsewhere in a scenario "
            "(it is [goods] landed_cost_share, or the one of a category or a product there)",
        ),
        (
            "",
            "[costs]\nminutes_reply = '4'",
            "17: costs.minutes_reply: stands elsewhere in a scenario (it is the mean of [handling])",
        ),
        (
            "",
            "[costs]\ngoods_value_share = '0.1'",
            "17: costs.goods_value_share: is no more (set landed_cost_share: "
            "it is [goods] landed_cost_share, or the one of a category or a product there)",
        ),
        (
            "",
            "[goods.product]\ncup = '0.7'",
            "17: goods.product.cup: 0.7 lies outside its range (share of the price without VAT that the goods cost the "
            "seller, landed in the warehouse: 0.15 to 0.65)",
        ),
        (
            "",
            "[costs]\nsafe_t_share = 0.3",
            "17: costs.safe_t_share: expected an exact number such as '0.20', or money such as '20.00 USD', found 0.3 "
            "(put it in quotes, to keep it exact)",
        ),
    ],
)
def test_a_key_at_a_wrong_place_is_told_with_the_right_one_and_its_line(tmp_path, top, end, told):
    path = tmp_path / "s.toml"
    path.write_text(f"{top}\n{ALONE}{end}\n", encoding="utf-8")
    ended = CliRunner(**APART).invoke(cli, ["scenario", str(path)])
    assert (ended.exit_code, ended.stderr.strip()) == (2, f"Error: {path}:{told}")


@pytest.mark.parametrize(
    ("path", "meant"),
    [("landed_cost_share", "goods.landed_cost_share"), ("safe_t_share", "costs.safe_t_share"), ("USD", "rates.USD")],
)
def test_a_path_without_its_table_is_told_with_it(tmp_path, path, meant):
    refused = whatif(tmp_path, shop({}), "--set", f"{path}=0.3")
    assert refused.stderr.strip() == f"Error: --set: {path}: unknown word '{path}' (did you mean '{meant}'?)"


# --- from the command line ---


def test_numbers_of_money_are_typed_without_quotes_and_stay_exact(tmp_path):
    raw = shop({**AMERICAN, **RATES})
    for setting, path, value in (
        ("rates.USD=7.1", "rates.USD", "7.1"),
        ("costs.return_label_share=0.3", "costs.return_label_share", "0.3"),
        ("goods.category.toys=0.5", "goods.category.toys", "0.5"),
        ("goods.landed_cost_share=0.150000001", "goods.landed_cost_share", "0.150000001"),
        ("costs.chargeback_fee=12.50 EUR", "costs.chargeback_fee", "12.50 EUR"),
        ("marketplace.DE.vat_share=0.07", "marketplace.DE.vat_share", "0.07"),
    ):
        told = answered(tmp_path, raw, "--set", setting)
        assert told["settings"] == {path: value}


def test_what_is_set_from_the_command_line_moves_what_hangs_on_it_and_nothing_else(tmp_path):
    raw = shop({**AMERICAN, **RATES})
    names = ("revenue", "landed_cost", "cost_line_return_label", "labour_cost")
    usual = answered(tmp_path, raw)
    moved = {
        setting: answered(tmp_path, raw, "--set", setting)
        for setting in ("rates.USD=7.1", "costs.return_label_share=0.3", "goods.category.toys=0.5")
    }
    changed = {
        setting: [name for name in names if means(found, name) != means(usual, name)]
        for setting, found in moved.items()
    }
    assert changed == {
        "rates.USD=7.1": ["revenue", "landed_cost", "cost_line_return_label"],
        "costs.return_label_share=0.3": ["cost_line_return_label"],
        "goods.category.toys=0.5": ["landed_cost"],
    }


def test_a_grid_of_landed_costs_has_a_variant_for_each(tmp_path):
    told = answered(tmp_path, shop({}), "--vary", "goods.landed_cost_share=0.2,0.35,0.6")
    assert [variant["changes"] for variant in told["variants"]] == [
        {"goods.landed_cost_share": share} for share in ("0.2", "0.35", "0.6")
    ]
    first, second, third = means(told, "landed_cost")
    assert second == pytest.approx(first * 0.35 / 0.2, rel=1e-3)
    assert third == pytest.approx(first * 3, rel=1e-3)
    assert told["without_effect"] == []
