"""What rosters cost is shared to marketplaces by the minutes worked there, and no minor unit of it is lost."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, strategies as st

from aftersale.clocks import DAY
from aftersale.costs.labour import idle_labour, minutes_worked, shared
from aftersale.costs.ledger import CostLine
from aftersale.testing.factories import MONDAY
from aftersale.worth.parameters import default_parameters

MINUTES = st.dictionaries(
    st.text("ABCD", min_size=1, max_size=3),
    st.one_of(st.integers(0, 10**6), st.decimals(0, 10**6, places=3)),
    min_size=1,
    max_size=6,
)
AMOUNTS = st.integers(-(10**12), 10**12)
PAID = default_parameters().with_own({"labour_cost_per_hour": "30.00 EUR", "minutes_reply": "8", "minutes_refund": "5"})


@given(AMOUNTS, MINUTES)
def test_the_parts_add_up_and_each_is_its_share_but_for_less_than_a_minor_unit(amount, minutes):
    parts = shared(amount, minutes)
    assert (parts.keys(), sum(parts.values())) == (minutes.keys(), amount)
    whole = sum(map(Fraction, minutes.values()))
    for name, part in parts.items():
        weight = Fraction(minutes[name]) / whole if whole else Fraction(1, len(minutes))
        assert abs(part - amount * weight) < 1


@given(AMOUNTS, MINUTES)
def test_what_is_below_zero_is_shared_as_the_same_above_it(amount, minutes):
    assert shared(-amount, minutes) == {name: -part for name, part in shared(amount, minutes).items()}


@given(AMOUNTS, MINUTES)
def test_the_order_in_which_marketplaces_are_named_changes_nothing(amount, minutes):
    assert shared(amount, dict(reversed(minutes.items()))) == shared(amount, minutes)


@given(AMOUNTS, MINUTES)
def test_who_worked_longer_never_bears_less(amount, minutes):
    parts = shared(abs(amount), minutes)
    pairs = [(name, other) for name in parts for other in parts if minutes[name] < minutes[other]]
    assert [(name, other) for name, other in pairs if parts[name] > parts[other]] == []
    assert all(part == 0 for name, part in parts.items() if not minutes[name]) or not any(minutes.values())


@pytest.mark.parametrize(
    ("amount", "minutes", "wanted"),
    [
        (100, {"US": 3, "DE": 1}, {"US": 75, "DE": 25}),
        (100, {"US": 1, "DE": 1, "JP": 1}, {"US": 33, "DE": 34, "JP": 33}),
        (-5, {"US": Decimal("0.5"), "DE": 1}, {"US": -2, "DE": -3}),
        (101, {"US": 0, "DE": 0}, {"US": 50, "DE": 51}),
        (7, {"US": 0, "DE": 2}, {"US": 0, "DE": 7}),
        (0, {}, {}),
    ],
)
def test_largest_remainders_come_first_then_names(amount, minutes, wanted):
    assert shared(amount, minutes) == wanted


def test_minutes_below_zero_and_an_amount_that_nobody_bears_are_refused():
    with pytest.raises(ValueError, match="below 0"):
        shared(5, {"US": -1})
    with pytest.raises(ValueError, match="nobody"):
        shared(5, {})


def worked(marketplace, amount, *basis, line="labour_worked"):
    where = ("C-1", "O-1", "shoe", marketplace, "MFN")
    return CostLine(line, *where, MONDAY, amount, "EUR", True, basis, "labour")


LINES = [
    worked("US", 400, "minutes_reply", "labour_cost_per_hour"),
    worked("US", 250, "minutes_refund", "labour_cost_per_hour"),
    worked("DE", 400, "minutes_reply", "labour_cost_per_hour"),
    worked("JP", 900, "landed_cost_share", line="loss_of_value"),
]


def test_minutes_are_those_of_the_tasks_that_were_done():
    assert minutes_worked(LINES, PAID, ["DE", "US", "JP"]) == {"DE": 8, "US": 13, "JP": 0}


@pytest.mark.parametrize(("paid", "parts"), [(2100, {"US": 650, "DE": 400}), (1000, {"US": -31, "DE": -19})])
def test_worked_and_idle_are_what_was_paid(paid, parts):
    idle = idle_labour(paid, "EUR", LINES, PAID, ["DE", "US", "JP"], MONDAY + DAY)
    assert {line.marketplace: line.amount for line in idle} == parts
    assert sum(line.amount for line in [*LINES[:3], *idle]) == paid
    assert {line[:4] + line[5:7] + line[8:] for line in idle} == {
        ("labour_idle", "–", "–", "–", "–", MONDAY + DAY, "EUR", False, ("told by labour_cost",), "labour")
    }
    assert idle_labour(1050, "EUR", LINES, PAID, ["DE", "US"], MONDAY) == []


def test_hours_of_a_shop_without_an_order_were_paid_all_the_same():
    (line,) = idle_labour(100, "EUR", [], PAID, [], MONDAY)
    assert (line.marketplace, line.amount) == ("–", 100)
