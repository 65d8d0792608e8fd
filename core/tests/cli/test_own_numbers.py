"""`costs` takes what a journal tells of its own costs, unless an option says otherwise, and says so."""

import inspect
import json
from decimal import Decimal

import pytest
from click.testing import CliRunner

from aftersale.cases.workflow import CaseKind, Move, State
from aftersale.cli import cli
from aftersale.clocks import DAY
from aftersale.journal.own_numbers import FILE
from aftersale.journal.provenance import HANDBOOK
from aftersale.journal.writing import fact_frame, order_frame, write_table
from aftersale.plugins.plugins import load_plugins
from aftersale.testing import fact, order, orders, plugin, reference
from aftersale.testing.factories import MONDAY

# Before click 8.2 a runner mixes the two streams unless it is told not to.
APART = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}
TICKET = CaseKind(
    "ticket",
    (State("open", task="mend", opens=("mend_by",)), State("mended", final=True)),
    (Move("mend_asked", "open"), Move("mended", "mended", after=("open",))),
)
MEND_BY = """
[[rule]]
name = "mend_by"
marketplaces = ["*"]
clock = "wall_hours"
amount = 48
starts = "mend_asked"
on_expiry = "late"
source = "our handbook"
grade = "S"
"""
PLUGINS = load_plugins((), {"reference": reference, "tickets": plugin(aftersale_workflow=lambda: [TICKET])})
# Monday is 2 March 2026, 9:00 UTC. REF sells in EUR, ALT in CLP, which has no cents.
ALT = {"marketplace": "ALT", "order": "O-2"}
FACTS = [
    fact("refund_requested", MONDAY + DAY, case="A"),
    fact("refunded", MONDAY + 2 * DAY, case="A", amount=2500),
    fact("buyer_message", MONDAY + 3 * DAY, case="B", **ALT),
    fact("seller_reply", MONDAY + 3 * DAY + 60, case="B", **ALT),
    fact("refund_requested", MONDAY + 4 * DAY, case="C", **ALT),
    fact("refunded", MONDAY + 5 * DAY, case="C", amount=3000, **ALT),
    fact("buyer_message", MONDAY + 12 * DAY, case="D", order="O-3"),
    fact("seller_reply", MONDAY + 12 * DAY + 60, case="D", order="O-3"),
]
SOLD = orders(order(), order("O-2", "ALT", price=3000, currency="CLP"), order("O-3"))
OWN = """
since = 2026-03-02
before = 2026-03-09
until = "2026-03-16T09:00:00+00:00"
into = "CNY"
labour_cost = "100.00"

[set]
labour_cost_per_hour = "30.00 CNY"
minutes_decide_refund = "600"
minutes_reply = "20"
minutes_appeal = "7"

[rates]
EUR = "8.00"
CLP = "0.007"
"""
END = "2026-03-16T09:00:00+00:00"


def run(folder, *args):
    env = {"COLUMNS": "200", "TERM": "dumb", "AFTERSALE_PLUGINS": ""}
    result = CliRunner(**APART).invoke(cli, ["costs", str(folder), *args], obj=PLUGINS, env=env)
    return result.exit_code, result.stdout, result.stderr


def costs(folder, *args):
    code, told, wrong = run(folder, *args, "--json")
    assert (code, wrong) == (0, "")
    return json.loads(told)


def listed(folder, *args):
    """Return what is printed, its lines unfolded."""
    code, told, wrong = run(folder, *args)
    assert (code, wrong) == (0, "")
    return " ".join(told.split())


@pytest.fixture
def folder(tmp_path):
    write_table(order_frame(SOLD), tmp_path, "orders")
    write_table(fact_frame(FACTS), tmp_path, "facts")
    return tmp_path


@pytest.fixture
def own(folder):
    """The journal with numbers of its own."""
    (folder / FILE).write_text(OWN, encoding="utf-8")
    return folder


def changed(folder, old, new):
    """Let the journal tell something else."""
    assert old in OWN
    (folder / FILE).write_text(OWN.replace(old, new), encoding="utf-8")
    return folder


def labour(found, name="labour"):
    rows = [row for row in found["rows"] if row["name"].startswith(name)]
    return sum((Decimal(row["amount"]) for row in rows), Decimal(0)), {row["currency"] for row in rows}


def test_all_that_a_journal_tells_is_taken_and_told(own):
    found = costs(own)
    assert found["own"] == {
        "set": {
            "labour_cost_per_hour": "30.00 CNY",
            "minutes_decide_refund": "600",
            "minutes_reply": "20",
            "minutes_appeal": "7",
        },
        "into": "CNY",
        "rates": {"EUR": "8.00", "CLP": "0.007"},
        "since": "2026-03-02",
        "before": "2026-03-09",
        "until": END,
        "paid_hours": {"amount": "100.00", "currency": "CNY"},
        "worked_alone": "",
        "says": "Taken from the journal's costs.toml: numbers (4), the sum in CNY, rates of EUR, CLP, the cases "
        f"opened from 2026-03-02 on before 2026-03-09, the end {END}; --plain takes nothing from it.",
    }
    assert (found["until"], found["period"]) == (END, {"since": "2026-03-02", "before": "2026-03-09"})
    assert found["converted"]["rates"] == {"EUR": "8.00", "CLP": "0.007"}
    assert {row["name"]: (row["value"], row["source"], row["grade"]) for row in found["assumptions"]}[
        "minutes_decide_refund"
    ] == ("600", "the journal's costs.toml", "own")
    # The number for appeals has no effect, and nobody here gave it.
    assert found["without_effect"] == []
    assert found["own"]["says"] in listed(own)


def test_nothing_is_taken_with_plain_and_nothing_told_without_the_file(own):
    plain = costs(own, "--plain")
    assert (plain["own"], plain["period"], plain["converted"]) == (None, {"since": None, "before": None}, None)
    assert plain["unpaid_work"]["tasks"] == 4
    (own / FILE).unlink()
    assert costs(own) == plain
    assert "costs.toml" not in listed(own)


@pytest.mark.parametrize(
    ("options", "left"),
    [
        (("--set", "minutes_reply=5"), {"set": ["labour_cost_per_hour", "minutes_decide_refund", "minutes_appeal"]}),
        (("--rate", "EUR=7.5"), {"rates": {"CLP": "0.007"}}),
        (("--into", "CNY"), {"into": None}),
        (("--into", "EUR", "--rate", "CNY=0.125", "--rate", "CLP=0.001"), {"into": None, "rates": {}}),
        (("--since", "2026-03-03"), {"since": None, "before": None}),
        (("--month", "2026-03"), {"since": None, "before": None}),
        (("--until", "2026-03-20T09:00:00Z"), {"until": None}),
    ],
)
def test_each_option_takes_the_place_of_what_it_speaks_of_and_of_nothing_else(own, options, left):
    usual = {"into": "CNY", "rates": {"EUR": "8.00", "CLP": "0.007"}, "since": "2026-03-02", "before": "2026-03-09"}
    usual |= {"until": END, "set": [*costs(own)["own"]["set"]]}
    found = costs(own, *options)
    assert {key: [*value] if key == "set" else value for key, value in found["own"].items() if key in usual} == (
        usual | left
    )
    assert found["without_effect"] == []


def test_what_the_user_gives_counts(own):
    found = costs(own, "--set", "minutes_appeal=9", "--rate", "EUR=7.5", "--month", "2026-03")
    assert found["converted"]["rates"] == {"EUR": "7.5", "CLP": "0.007"}
    assert found["period"] == {"since": "2026-03-01", "before": "2026-04-01"}
    assert found["without_effect"] == ["Numbers of your own without effect: minutes_appeal; no cost rests on them."]


def test_minutes_of_plugins_tasks_and_numbers_out_of_their_range_are_taken_too(own):
    mended = [fact("mend_asked", MONDAY + DAY, case="E"), fact("mended", MONDAY + 2 * DAY, case="E")]
    write_table(fact_frame(sorted([*FACTS, *mended], key=lambda each: each.known_at)), own, "facts")
    (own / HANDBOOK).write_text(MEND_BY, encoding="utf-8")
    changed(own, 'minutes_appeal = "7"', 'minutes_mend = "9000"')
    assert labour(costs(own), "labour_worked")[0] == Decimal("5110.00")
    assert labour(costs(own, "--set", "minutes_mend=100"), "labour_worked")[0] == Decimal("660.00")
    assert "minutes_mend: 9000 lies outside its range" in run(own, "--set", "minutes_mend=9000")[2]


# Two refunds of 600 minutes and a reply of 20, at 0.50 a minute: 610.00 of work against 100.00 paid.
def test_labour_is_what_was_paid_to_the_cent_however_it_is_added_up(own):
    for by in ("line", "group", "marketplace", "product", "order", "case"):
        found = costs(own, "--by", by)
        assert {total["currency"]: total["amount"] for total in found["sums"]}["CNY"] == "100.00"
        assert found["worked_alone"] is None
    assert labour(costs(own)) == (Decimal("100.00"), {"CNY"})
    assert labour(costs(own), "labour_idle") == (Decimal("-510.00"), {"CNY"})
    (group,) = [row for row in costs(own, "--by", "group")["rows"] if row["fulfilment"] == "–"]
    assert [line["name"] for line in group["lines"]] == ["labour_idle"]
    for by in ("product", "order", "case"):
        assert [row["amount"] for row in costs(own, "--by", by)["rows"] if row["name"] == "–"] == ["-510.00"]


def test_idle_hours_go_to_marketplaces_by_the_minutes_worked_there(own):
    rows = [row for row in costs(own, "--by", "marketplace")["rows"] if row["fulfilment"] == "–"]
    # 600 of 1220 minutes at REF.
    assert {row["name"]: row["amount"] for row in rows} == {"ALT": "-259.18", "REF": "-250.82"}


def test_more_paid_hours_than_work_are_a_cost(own):
    changed(own, '"100.00"', '"900.00"')
    assert labour(costs(own), "labour_idle") == (Decimal("290.00"), {"CNY"})
    assert labour(costs(own))[0] == Decimal("900.00")
    assert labour(costs(own, "--set", "minutes_reply=30"), "labour_idle")[0] == Decimal("285.00")


ALONE = "Labour is the work on tasks alone: "
OF_DAYS = f"what the rosters' hours cost is told for the cases opened from 2026-03-02 on before 2026-03-09, at {END}."
OF_WAGE = "what the rosters' hours cost is told at the journal's own wage."


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--month", "2026-03"), OF_DAYS),
        (("--since", "2026-03-02"), OF_DAYS),
        (("--until", "2026-03-14T09:00:00Z"), OF_DAYS),
        (("--set", "labour_cost_per_hour=20.00 EUR"), OF_WAGE),
        (("--plain", "--set", "labour_cost_per_hour=20.00 CNY"), "the journal tells no rosters' hours beside it."),
    ],
)
def test_paid_hours_count_for_their_days_and_wage_and_else_a_sentence_says_so(own, options, told):
    found = costs(own, *options)
    assert found["worked_alone"] == ALONE + told
    assert "labour_idle" not in {row["name"] for row in found["rows"]}
    assert ALONE + told in listed(own, *options)


def test_paid_hours_are_as_many_at_another_wage(own):
    assert labour(costs(own, "--set", "labour_cost_per_hour=60.00 CNY"))[0] == Decimal("200.00")
    assert labour(costs(own, "--set", "labour_cost_per_hour=20.00 CNY"))[0] == Decimal("66.67")


@pytest.mark.parametrize(
    "options", [("--since", "2026-03-02", "--before", "2026-03-09"), ("--until", "2026-03-20T09:00:00Z")]
)
def test_the_same_days_said_again_and_a_later_end_are_those_of_the_journal(own, options):
    assert labour(costs(own, *options))[0] == Decimal("100.00")


def test_a_journal_without_rosters_says_so_where_a_wage_is_told_and_else_asks_for_one(own):
    found = costs(changed(own, 'labour_cost = "100.00"\n', ""))
    assert found["worked_alone"] == ALONE + "the journal tells no rosters' hours beside it."
    assert labour(found) == (Decimal("610.00"), {"CNY"})
    found = costs(changed(own, 'labour_cost_per_hour = "30.00 CNY"\n', ""))
    assert (found["worked_alone"], found["unpaid_work"]["tasks"], labour(found)[0]) == (None, 3, 0)


def test_a_rate_that_the_journal_lacks_is_told_and_one_that_the_user_lacks_refused(own):
    found = costs(changed(own, 'CLP = "0.007"\n', ""))
    assert found["converted"] is None
    assert found["without_effect"] == [
        "Not added up in CNY: cannot add CLP and CNY and EUR: no rate for CLP (say what one CLP is worth in CNY, or "
        "add up each currency by itself)"
    ]
    assert costs(own, "--rate", "CLP=0.007")["converted"]["currency"] == "CNY"
    assert "no rate for CLP, CNY" in run(own, "--into", "EUR")[2]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("[set]", "[sett]", ": sett: unknown key"),
        ("minutes_reply", "minutes_replie", "costs.toml: minutes_replie: no such parameter"),
        (
            'minutes_reply = "20"\nminutes_appeal',
            'minutes_replie = "20"\nminutes_apeal',
            "costs.toml: minutes_apeal: no such parameter",
        ),
        ('"20"', '"twenty"', "costs.toml: minutes_reply: expected an exact number"),
        ('until = "2026', 'until = "noon', ": until: "),
    ],
)
def test_of_a_file_that_cannot_be_taken_nothing_is_and_that_is_told(own, old, new, told):
    plain = costs(own, "--plain")
    found = costs(changed(own, old, new))
    says = found["own"]["says"]
    assert says.startswith("The journal's costs.toml cannot be taken, and nothing of it is: ")
    assert told in says
    assert {**found, "own": None} == plain
    assert says in listed(own)
