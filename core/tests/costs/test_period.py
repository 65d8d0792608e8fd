"""Costs of the cases that were opened on some days, and what is still open of them."""

from datetime import date

import pytest

from aftersale.base.tables import show
from aftersale.clocks import DAY, HOUR
from aftersale.costs.period import Period, may_cost
from aftersale.journal.reading import Journal
from aftersale.journal.replay import replay
from aftersale.plugins.plugins import load_plugins
from aftersale.testing import fact, order, orders, reference
from aftersale.testing.factories import MONDAY
from aftersale.views.money.costs import cost_accounts, cost_listing
from aftersale.worth.parameters import default_parameters

KNOWN = load_plugins((), {"reference": reference}).policies()
WAGE = default_parameters().with_own({"labour_cost_per_hour": "6.00 EUR"})
# Monday is 2 March 2026, 9:00 in Reykjavik, and UTC there.
FACTS = [
    fact("refund_requested", MONDAY + 2 * DAY, case="A"),  # 4 March
    fact("refund_requested", MONDAY + 28 * DAY, case="B", order="O-2"),  # 30 March
    fact("refunded", MONDAY + 29 * DAY, case="A", amount=2500),
    fact("refund_requested", MONDAY + 29 * DAY + 15 * HOUR, case="C", order="O-3"),  # 1 April, 0:00
    fact("refunded", MONDAY + 31 * DAY, case="C", order="O-3", amount=1000),
    fact("buyer_message", MONDAY + 31 * DAY, case="D", order="O-2"),  # a question moves no money
    fact("refund_requested", MONDAY + 31 * DAY, case="E", order="O-2"),
]
JOURNAL = Journal(orders(order(), order("O-2", price=900), order("O-3")), FACTS, "shop")


def accounted(*days, **arguments):
    until = MONDAY + 32 * DAY
    return cost_accounts(JOURNAL, replay(JOURNAL, KNOWN, until), KNOWN, period=Period(*days), **arguments)


def refunds(found):
    return {row["name"]: row["amount"] for row in found["rows"] if row["name"].endswith(("refunded", "refund"))}


@pytest.mark.parametrize(
    ("days", "wanted"),
    [
        ((None, None), {"goods_refunded": "25.00", "partial_refund": "10.00"}),
        ((date(2026, 3, 1), date(2026, 4, 1)), {"goods_refunded": "25.00"}),
        ((date(2026, 3, 5), date(2026, 4, 1)), {}),
        ((date(2026, 4, 1), None), {"partial_refund": "10.00"}),
        ((None, date(2026, 4, 1)), {"goods_refunded": "25.00"}),
    ],
)
def test_a_case_costs_in_the_period_in_which_it_was_opened_however_late_the_money_moves(days, wanted):
    assert refunds(accounted(*days)) == wanted


def test_periods_that_follow_each_other_add_up_to_the_whole():
    parts = [accounted(None, date(2026, 4, 1), parameters=WAGE), accounted(date(2026, 4, 1), None, parameters=WAGE)]
    whole = accounted(parameters=WAGE)
    assert sum(float(part["sums"][0]["amount"]) for part in parts) == pytest.approx(float(whole["sums"][0]["amount"]))
    assert sum(part["open"]["cases"] for part in parts) == whole["open"]["cases"]


def test_what_may_cost_more_is_told_with_what_its_orders_were_paid_each_once():
    assert accounted()["open"] == {"cases": 2, "at_stake": {"EUR": "9.00"}}
    assert accounted(None, date(2026, 4, 1))["open"] == {"cases": 1, "at_stake": {"EUR": "9.00"}}
    assert accounted(None, date(2026, 3, 5))["open"] == {"cases": 0, "at_stake": {}}


@pytest.mark.parametrize(
    ("kind", "state", "costs"),
    [
        ("refund", "requested", True),
        ("refund", "refunded", False),
        ("message", "awaiting_reply", False),
        ("message", "answered", False),
        ("return", "requested", True),
        ("claim", "filed", True),
        ("claim", "granted", True),
    ],
)
def test_a_case_may_cost_more_as_long_as_money_can_move_in_it(kind, state, costs):
    assert may_cost(KNOWN["REF"], kind, state) is costs


def test_work_without_a_wage_is_counted_for_the_period_s_cases_alone():
    tasks = [
        (each["tasks"], each["minutes"])
        for each in (accounted()["unpaid_work"], accounted(date(2026, 4, 1))["unpaid_work"])
    ]
    assert tasks == [(2, "16"), (1, "8")]
    assert accounted(date(2026, 4, 2))["unpaid_work"] is None


def test_the_heading_says_which_cases_count(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "150")
    found = accounted(date(2026, 4, 1), date(2026, 5, 1))
    assert found["period"] == {"since": "2026-04-01", "before": "2026-05-01"}
    show(*cost_listing(found))
    told = capsys.readouterr().out.splitlines()
    assert told[1] == "Cases opened from 2026-04-01 on before 2026-05-01: each with all that it has cost by then."
    assert "Still open, and may cost more: 1 cases; what their orders were paid: 9.00 EUR" in told


def test_a_month_is_its_days_and_no_day_is_no_period():
    assert Period.month("2026-12") == Period(date(2026, 12, 1), date(2027, 1, 1))
    for word in ("2026-13", "2026-00", "May", "2026-5", "9999-12"):
        with pytest.raises(ValueError, match=r"month|year|range"):
            Period.month(word)
    with pytest.raises(ValueError, match="no day lies between 2026-03-02 and 2026-03-02"):
        Period(date(2026, 3, 2), date(2026, 3, 2))
