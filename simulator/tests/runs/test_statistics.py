"""Means, intervals and queueing theory, against values from tables."""

from math import inf, nan

import pytest
from hypothesis import given, strategies as st

from aftersale_simulator.runs.statistics import Estimate, difference, erlang_c, estimate, wilson

numbers = st.floats(-1e6, 1e6)


def test_the_interval_of_a_mean_is_students() -> None:
    found = estimate([1.0, 2.0, 3.0, 4.0, 5.0])
    assert found.mean == 3.0
    assert (found.low, found.high) == pytest.approx((3 - 1.963243, 3 + 1.963243), abs=1e-6)
    assert found.half_width == pytest.approx(1.963243, abs=1e-6)


def test_one_value_has_a_mean_and_no_interval() -> None:
    assert estimate([7.0]) == Estimate(7.0, None, None)


def test_values_that_are_missing_do_not_count() -> None:
    assert estimate([7.0, None, nan, inf]) == Estimate(7.0, None, None)
    assert estimate([None, nan]) == Estimate(None, None, None)


def test_equal_values_are_their_own_mean_exactly() -> None:
    assert estimate([0.1] * 10) == Estimate(0.1, 0.1, 0.1)


def test_differences_are_taken_replication_by_replication() -> None:
    found = difference([1.0, 12.0, 103.0], [0.0, 11.0, 102.0])
    assert found == Estimate(1.0, 1.0, 1.0)


def test_a_replication_without_a_value_on_either_side_has_no_difference() -> None:
    assert difference([1.0, None, 3.0], [nan, 2.0, 1.0]) == Estimate(2.0, None, None)


@given(st.lists(numbers, min_size=1, max_size=20))
def test_nothing_differs_from_itself(values: list[float]) -> None:
    found = difference(values, values)
    assert found.mean == 0.0
    assert found.half_width in (None, 0.0)


@given(st.lists(numbers, min_size=2, max_size=20))
def test_the_mean_lies_in_its_interval(values: list[float]) -> None:
    found = estimate(values)
    assert found.mean is not None
    assert (found.low or 0.0) <= found.mean <= (found.high or 0.0)


@pytest.mark.parametrize(
    ("successes", "size", "low", "high"),
    [(10, 10, 0.722467, 1.0), (0, 10, 0.0, 0.277533), (9, 10, 0.595850, 0.982124), (0, 0, 0.0, 1.0)],
)
def test_the_interval_of_a_share_is_wilsons(successes: int, size: int, low: float, high: float) -> None:
    assert wilson(successes, size) == pytest.approx((low, high), abs=1e-6)


# Servers, arrivals per hour, minutes of handling, chance to wait, mean wait in minutes: exact values,
# computed with 40 digits from Erlang's formula.
ERLANG = [
    (3, 12, 10, 0.4444444444, 4.4444444444),
    (5, 20, 12, 0.5541125541, 6.6493506494),
    (8, 60, 7, 0.6353160175, 4.4472121228),
    (10, 100, 5, 0.4876106080, 1.4628318240),
]


@pytest.mark.parametrize(("servers", "per_hour", "minutes", "waits", "wait"), ERLANG)
def test_waits_are_erlangs(servers: int, per_hour: float, minutes: float, waits: float, wait: float) -> None:
    chance, mean_wait = erlang_c(servers, per_hour * minutes / 60)
    assert (chance, mean_wait * minutes) == pytest.approx((waits, wait), rel=1e-9)


def test_nobody_waits_when_nobody_comes() -> None:
    assert erlang_c(3, 0.0) == (0.0, 0.0)


def test_servers_that_cannot_keep_up_let_everybody_wait_for_ever() -> None:
    assert erlang_c(3, 3.0) == (1.0, inf)


SHARE = (0.0, 1.0)


def test_no_end_of_an_interval_lies_outside_of_what_the_values_can_be() -> None:
    shares = [0.0, 0.0, 0.3]
    found, free = estimate(shares, within=SHARE), estimate(shares)
    assert (found.low, found.high) == (0.0, free.high)
    assert found.half_width == free.half_width
    assert (found.is_cut, free.is_cut) == (True, False)
    apart = difference([1.0, 1.0, 0.0], [0.0, 0.0, 0.0], within=SHARE)
    assert (apart.low, apart.high) == (pytest.approx(-0.76755, abs=1e-5), 1.0)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_intervals_of_shares_hold_their_mean_and_stay_within_0_and_1(shares: list[float]) -> None:
    found = estimate(shares, 5, SHARE)
    assert found.mean is not None
    if found.low is not None and found.high is not None:
        assert 0.0 <= found.low <= found.mean <= found.high <= 1.0


def test_an_interval_of_two_values_is_wild_where_it_is_wider_than_their_mean() -> None:
    assert estimate([1.0, 2.0]).is_wild
    assert not estimate([10.0, 10.1]).is_wild
    assert not estimate([0.0, 0.0, 3.0]).is_wild
    assert not estimate([0.0, 0.0]).is_wild
    assert not estimate([1.0]).is_wild
