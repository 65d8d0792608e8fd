"""The world: random numbers that belong to orders, streams of orders, deliveries, buyers and their texts."""

from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given, strategies as st

from aftersale.clocks import DAY, Calendar, local_date
from aftersale.documents.structure import structure
from aftersale.orders import NEVER
from aftersale.policies.marketplaces import Marketplace
from aftersale_simulator.assumptions.parameters import load_parameters
from aftersale_simulator.scenario.horizon import LocalDays
from aftersale_simulator.scenario.model import Sales
from aftersale_simulator.world.behaviour.first_steps import first_steps
from aftersale_simulator.world.carriers import delivered
from aftersale_simulator.world.orders import HourProfile, OrderIds, copied, hours_of, synthetic, within
from aftersale_simulator.world.random_streams import Draws, Streams
from aftersale_simulator.world.world import World

FIRST = date(2026, 3, 2)


def marketplace(zone: str = "America/Los_Angeles", language: str = "en", country: str = "US") -> Marketplace:
    return Marketplace("HERE", "id", country, "EUR", zone, (language,), Calendar(zone, None))


def sales(**changes: object) -> Sales:
    return structure(Sales, {"orders_per_day": 200.0, "price": {"median": "25"}, **changes}, "test")


def world(**changes: float) -> World:
    return World(changes)


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=20), st.integers(0, 2**40), st.integers(1, 1000))
def test_a_chance_depends_on_its_order_alone_not_on_its_company(items: list[int], seed: int, replication: int) -> None:
    streams = Streams(seed, replication)
    together = streams.uniform(np.array(items), "purpose", "HERE")
    alone = [streams.uniform(np.array([item]), "purpose", "HERE")[0] for item in items]
    assert together.tolist() == alone
    assert all(0 < value < 1 for value in alone)
    draws = Draws(streams, np.array(items), "HERE")
    assert [draws.uniform("purpose", row) for row in range(len(items))] == alone


def test_the_first_chances_are_those_of_the_first_orders() -> None:
    streams = Streams(1, 1)
    assert streams.uniform(100_000, "x")[:5].tolist() == streams.uniform(np.arange(5), "x").tolist()


def test_seed_replication_purpose_and_place_give_other_chances() -> None:
    keys = [(1, 1, "a", "X"), (2, 1, "a", "X"), (1, 2, "a", "X"), (1, 1, "b", "X"), (1, 1, "a", "Y")]
    drawn = [Streams(seed, replication).uniform(1000, purpose, place) for seed, replication, purpose, place in keys]
    correlation = np.corrcoef(drawn) - np.eye(len(keys))
    assert np.abs(correlation).max() < 0.15


def test_chances_have_the_distributions_that_they_are_named_for() -> None:
    streams = Streams(7, 1)
    uniform, size = streams.uniform(200_000, "u"), 200_000
    counts = np.bincount((uniform * 100).astype(int), minlength=100)
    # Chi-square of 99 degrees of freedom: mean 99, standard deviation 14.
    assert ((counts - size / 100) ** 2 / (size / 100)).sum() < 99 + 5 * 14
    assert streams.exponential(size, "e").mean() == pytest.approx(1, abs=0.015)
    normal = streams.normal(size, "n")
    assert (normal.mean(), normal.std()) == (pytest.approx(0, abs=0.015), pytest.approx(1, abs=0.01))


def test_orders_come_at_the_declared_rate_and_with_the_declared_dispersion() -> None:
    counts = []
    for replication in range(1, 41):
        made = synthetic(sales(weekly=[1.0] * 7), marketplace(), FIRST, 28, Streams(1, replication), world())
        days = LocalDays.spanning(FIRST, 28, "America/Los_Angeles")
        counts += np.histogram(made.purchased_at, days.bounds)[0].tolist()
    assert np.mean(counts) == pytest.approx(200, rel=0.03)
    assert np.var(counts) / np.mean(counts) == pytest.approx(world()["dispersion"], rel=0.2)


def test_orders_fall_on_days_and_hours_as_weighted_in_local_time_over_a_clock_change() -> None:
    weights = [0.0] * 20 + [1.0] * 2 + [0.0] * 2
    made = synthetic(
        sales(weekly=[1, 1, 1, 1, 1, 0, 0], hourly=weights, dispersion=1.0),
        marketplace(),
        FIRST,
        14,
        Streams(1, 1),
        world(),
    )
    local = [datetime.fromtimestamp(at / 1e6, UTC).astimezone(tz("America/Los_Angeles")) for at in made.purchased_at]
    assert {moment.weekday() for moment in local} == {0, 1, 2, 3, 4}
    assert {moment.hour for moment in local} == {20, 21}


def tz(name: str) -> object:
    from zoneinfo import ZoneInfo

    return ZoneInfo(name)


def test_orders_within_a_span_keep_their_names() -> None:
    made = synthetic(sales(), marketplace(), FIRST, 10, Streams(1, 1), world())
    part = within(made, int(made.purchased_at[100]), int(made.purchased_at[200]))
    assert len(part) == 100
    assert part.order(0) == made.order(100)
    assert part.ids[0] == made.ids[100]


def test_names_are_a_sequence() -> None:
    names = OrderIds("US", (20514 << 24) + np.arange(3))
    assert list(names) == ["US-20514-00000", "US-20514-00001", "US-20514-00002"]
    assert names[-1] == "US-20514-00002"
    with pytest.raises(IndexError):
        names[3]


def test_deliveries_are_late_or_lost_as_often_as_declared_and_never_before_the_purchase() -> None:
    made = synthetic(sales(orders_per_day=3000.0), marketplace(), FIRST, 14, Streams(1, 1), world())
    done = delivered(made, Streams(1, 1), world(late_delivery_rate=0.1, lost_rate=0.05))
    lost = done.delivered_at == NEVER
    late = ~lost & (done.delivered_at > done.promised_at)
    assert lost.mean() == pytest.approx(0.05, abs=0.005)
    assert late.mean() == pytest.approx(0.1, abs=0.006)
    assert (done.delivered_at[~lost] >= done.purchased_at[~lost]).all()


def steps_of(made_world: World, **changes: object) -> tuple[list[str], np.ndarray, int]:
    here = marketplace()
    made = synthetic(sales(orders_per_day=1000.0, **changes), here, FIRST, 28, Streams(3, 1), made_world)
    done = delivered(made, Streams(3, 1), made_world)
    days = LocalDays.spanning(FIRST, 28, here.zone)
    steps = first_steps(done, days, hours_of(sales(**changes)), Streams(3, 1), made_world)
    assert (np.diff(steps.at) >= 0).all()
    assert (steps.at < days.bounds[-1]).all()
    return [steps.facts[kind] for kind in steps.kinds], steps.at, len(done)


def test_late_orders_make_more_buyers_write() -> None:
    common = {"message_rate": 0.05, "late_message_rate": 0.5, "message_delay_days": 0.0, "promise_days": 1.0}
    on_time, _, size = steps_of(world(**common, late_delivery_rate=0.0, lost_rate=0.0))
    late, _, _ = steps_of(world(**common, late_delivery_rate=1.0, lost_rate=0.0))
    assert on_time.count("buyer_message") / size == pytest.approx(0.05, abs=0.01)
    assert late.count("buyer_message") / size == pytest.approx(0.5 * 25 / 28, abs=0.03)


def test_orders_that_the_marketplace_ships_are_not_sent_back_to_the_seller() -> None:
    names, _, _ = steps_of(world(return_rate=1.0), channels={"FBA": 1.0})
    assert "return_requested" not in names


def test_an_hour_profile_puts_everything_where_its_weight_is() -> None:
    profile = HourProfile([0, 0, 1] + [0] * 21)
    share = profile.share_of_day(np.linspace(0.001, 0.999, 50))
    assert ((share >= 2 / 24) & (share <= 3 / 24)).all()


def test_every_parameter_says_its_range_unit_and_source() -> None:
    for parameter in load_parameters():
        assert parameter.low <= parameter.default <= parameter.high
        assert parameter.unit
        assert parameter.source
        assert parameter.grade in {"A", "B", "C", "D", "K", "S", "assumed"}
        assert (parameter.grade == "assumed") == parameter.source.startswith("assumed")


def test_a_local_day_has_its_own_length_when_the_clocks_change() -> None:
    days = LocalDays.spanning(date(2026, 3, 7), 3, "America/Los_Angeles")
    assert (days.lengths / (DAY / 24)).tolist() == [24.0, 23.0, 24.0]
    assert days.weekdays.tolist() == [5, 6, 0]
    assert [local_date(int(at), "America/Los_Angeles") for at in days.bounds[:3]] == [
        date(2026, 3, 7),
        date(2026, 3, 8),
        date(2026, 3, 9),
    ]


def test_orders_follow_the_season_and_grow_from_the_day_that_they_are_said_for() -> None:
    flat = {"weekly": [1.0] * 7, "dispersion": 1.0, "orders_per_day": 1000.0}
    season = [2.0] + [1.0] * 10 + [0.0]
    made = synthetic(
        sales(**flat, season=season), marketplace(), date(2026, 12, 1), 62, Streams(1, 1), world(dispersion=1.0)
    )
    days = LocalDays.spanning(date(2026, 12, 1), 62, "America/Los_Angeles")
    counts = np.histogram(made.purchased_at, days.bounds)[0]
    assert counts[:31].sum() == 0
    assert counts[31:].mean() == pytest.approx(2000, rel=0.02)
    grown = synthetic(
        sales(**flat, growth=2.0), marketplace(), FIRST, 10, Streams(1, 1), world(), said_for=date(2025, 3, 2)
    )
    assert len(grown) / 10 == pytest.approx(2000, rel=0.03)


def test_the_seller_ships_late_cancels_and_tracks_as_often_as_declared() -> None:
    made = synthetic(sales(orders_per_day=3000.0), marketplace(), FIRST, 14, Streams(1, 1), world())
    done = delivered(made, Streams(1, 1), world(late_dispatch_rate=0.1, seller_cancel_rate=0.05, tracking_rate=0.9))
    cancelled = done.cancelled_at != NEVER
    assert cancelled.mean() == pytest.approx(0.05, rel=0.1)
    assert (done.shipped_at[cancelled] == NEVER).all()
    assert (done.delivered_at[cancelled] == NEVER).all()
    left = ~cancelled
    assert (done.shipped_at[left] > done.ship_by[left]).mean() == pytest.approx(0.1 / 0.95, rel=0.1)
    assert (done.tracked[left] == 1).mean() == pytest.approx(0.9, rel=0.02)
    usual = delivered(made, Streams(1, 1), world(late_dispatch_rate=0.0, seller_cancel_rate=0.0))
    both = left & (usual.delivered_at != NEVER)
    assert (done.delivered_at[both] >= usual.delivered_at[both]).all()


def test_what_the_marketplace_ships_the_seller_neither_cancels_nor_tracks() -> None:
    made = synthetic(sales(channels={"FBA": 1.0}), marketplace(), FIRST, 14, Streams(1, 1), world())
    done = delivered(made, Streams(1, 1), world(seller_cancel_rate=1.0))
    assert (done.cancelled_at == NEVER).all()
    assert set(done.tracked.tolist()) == {-1}


def test_weeks_of_a_file_are_drawn_anew_in_every_replication_and_orders_scaled() -> None:
    file = delivered(
        synthetic(sales(), marketplace(), date(2025, 6, 2), 56, Streams(9, 1), world()), Streams(9, 1), world()
    )
    days = LocalDays.spanning(FIRST, 84, "America/Los_Angeles")
    first, again, other = (copied(file, days, Streams(1, number), 1.0, True) for number in (1, 1, 2))
    assert first.ids[:] == again.ids[:]
    assert first.purchased_at.tolist() != other.purchased_at.tolist()
    assert len(set(first.ids[:])) == len(first)
    assert len(first) == pytest.approx(84 * 200, rel=0.1)
    assert (np.diff(first.purchased_at) >= 0).all()
    assert int(first.purchased_at[0]) >= days.bounds[0]
    assert int(first.purchased_at[-1]) < days.bounds[-1]
    names = dict(zip(file.ids[:], file.price.tolist(), strict=True))
    prices = zip(first.ids[:50], first.price[:50].tolist(), strict=True)
    assert all(names[name.rsplit("-", 2)[0]] == price for name, price in prices)
    # What is dated in an order moves along with its purchase.
    promises = [set((orders.promised_at - orders.purchased_at).tolist()) for orders in (first, file)]
    assert promises[0] == promises[1]
    double = copied(file, days, Streams(1, 1), 2.0, True)
    half = copied(file, days, Streams(1, 1), 0.5, True)
    assert len(double) == 2 * len(first)
    assert len(half) == pytest.approx(len(first) / 2, rel=0.05)
    assert set(half.ids[:]) < set(first.ids[:])


def test_an_empty_file_stays_empty_when_drawn_from() -> None:
    file = synthetic(sales(orders_per_day=0.0), marketplace(), FIRST, 14, Streams(1, 1), world())
    days = LocalDays.spanning(FIRST, 28, "America/Los_Angeles")
    assert len(copied(file, days, Streams(1, 1), 2.0, True)) == 0
