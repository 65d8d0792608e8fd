"""Numbers of deliveries: what orders were made with is read out of them again."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest
from attrs import evolve

from aftersale.clocks import DAY, HOUR, Calendar
from aftersale.documents.structure import structure
from aftersale.order_columns import Orders
from aftersale.orders import CANCELLED, DELIVERED, LOST, NEVER, SHIPPED, UNKNOWN
from aftersale.policies.marketplaces import Marketplace
from aftersale.testing import MONDAY, order, orders
from aftersale_simulator.calibration.deliveries import fit_deliveries, never_arrived
from aftersale_simulator.calibration.numbers import Fitted
from aftersale_simulator.scenario.model import Sales
from aftersale_simulator.world.carriers import delivered
from aftersale_simulator.world.orders import kept, synthetic
from aftersale_simulator.world.random_streams import Streams
from aftersale_simulator.world.world import World

TRUTH = {
    "promise_days": 7.5,
    "early_days": 4.0,
    "late_delivery_rate": 0.12,
    "late_delivery_days": 5.0,
    "lost_rate": 0.03,
    "seller_cancel_rate": 0.04,
    "handling_days": 2.0,
    "late_dispatch_rate": 0.1,
    "late_dispatch_days": 1.5,
    "tracking_rate": 0.8,
}
SHOP: dict[str, Any] = {"orders_per_day": 600.0, "price": {"median": "25"}, "channels": {"MFN": 0.7, "FBA": 0.3}}
HERE = Marketplace("HERE", "id", "US", "EUR", "UTC", ("en",), Calendar("UTC", None))


def sample_of(**changes: float) -> Orders:
    world, streams = World({**TRUTH, **changes}), Streams(3, 1)
    bought = synthetic(structure(Sales, SHOP, "test"), HERE, date(2026, 3, 2), 35, streams, world)
    return delivered(bought, streams, world)


@pytest.fixture(scope="module")
def sample() -> Orders:
    return sample_of()


def fits(sold: Orders) -> dict[str, Fitted]:
    return {number.path.removeprefix("world."): number for number in fit_deliveries(sold, "orders.csv")}


def assert_same(number: Fitted, truth: float) -> None:
    """Assert that a fit agrees with the truth: within the interval, half as much again, or half a per cent."""
    assert number.low is not None
    assert number.high is not None
    room = max((number.high - number.low) / 4, truth / 200)
    assert number.low - room <= truth <= number.high + room, number
    assert number.value == pytest.approx(truth, rel=0.1)


def test_the_numbers_that_a_world_was_made_with_are_in_its_orders(sample: Orders) -> None:
    assert len(sample) > 20000
    numbers = fits(sample)
    assert list(numbers) == [
        "promise_days",
        "late_delivery_rate",
        "late_delivery_days",
        "early_days",
        "lost_rate",
        "seller_cancel_rate",
        "handling_days",
        "late_dispatch_rate",
        "late_dispatch_days",
        "tracking_rate",
    ]
    for name, truth in TRUTH.items():
        assert_same(numbers[name], truth)
    assert {number.source for number in numbers.values()} == {"orders.csv"}
    assert float(numbers["early_days"].quality.rpartition(" ")[2]) < 0.01


def test_a_file_that_ends_before_all_have_arrived_says_the_same(sample: Orders) -> None:
    end = int(sample.purchased_at[-1])

    def known(column: np.ndarray) -> np.ndarray:
        return np.where(column <= end, column, NEVER)

    cut = evolve(
        sample,
        delivered_at=known(sample.delivered_at),
        shipped_at=known(sample.shipped_at),
        cancelled_at=known(sample.cancelled_at),
    )
    numbers = fits(cut)
    for name, truth in TRUTH.items():
        assert numbers[name].value == pytest.approx(truth, rel=0.15), name
    promised_later = (cut.promised_at > end) & (cut.cancelled_at == NEVER)
    assert not never_arrived(cut)[promised_later].any()
    count = int(numbers["lost_rate"].quality.partition("left out: ")[2].partition(" ")[0])
    assert count > promised_later.sum()
    live = cut.cancelled_at == NEVER
    assert numbers["lost_rate"].n == live.sum() - count


def test_early_days_beyond_the_promise_are_those_that_a_mean_earliness_needs() -> None:
    numbers = fits(sample_of(early_days=12.0))
    assert numbers["early_days"].value == pytest.approx(12.0, rel=0.03)
    assert float(numbers["early_days"].quality.rpartition(" ")[2]) < 0.01


def test_the_numbers_are_those_of_a_count_by_hand() -> None:
    bought = [MONDAY + row * HOUR for row in range(200)]
    late = [MONDAY + row * HOUR + 10 * DAY for row in range(20)]
    early = [at + 5 * DAY - (row % 3) * DAY for row, at in enumerate(bought[20:195], 20)]
    sold = orders(
        *(
            order(f"O-{row:03d}", purchased_at=at, promised_at=at + 5 * DAY, delivered_at=arrived)
            for row, (at, arrived) in enumerate(zip(bought, [*late, *early, *[None] * 5], strict=True))
        )
    )
    later = order("O-end", purchased_at=MONDAY + 90 * DAY, promised_at=MONDAY + 95 * DAY, delivered_at=None)
    numbers = fits(join(sold, orders(later)))
    assert (numbers["late_delivery_rate"].value, numbers["late_delivery_rate"].n) == (20 / 200, 200)
    assert numbers["late_delivery_days"].value == 5.0
    assert numbers["lost_rate"].value == 5 / 200
    # Of 175, 59 came on the day, 58 one day and 58 two days before: twice the mean.
    days = [row % 3 for row in range(20, 195)]
    assert numbers["early_days"].value == pytest.approx(2 * sum(days) / len(days), rel=1e-3)
    assert "left out: 1 orders whose promise is not 5 days past when the file ends" in numbers["lost_rate"].quality


def join(first: Orders, second: Orders) -> Orders:
    rows = [*(first.order(row) for row in range(len(first))), *(second.order(row) for row in range(len(second)))]
    return orders(*rows)


def test_nothing_is_said_of_what_a_file_does_not_have(sample: Orders) -> None:
    never, unknown = np.full(len(sample), NEVER), np.full(len(sample), -1, np.int8)
    bare = dict.fromkeys(("promised_at", "delivered_at", "ship_by", "shipped_at", "cancelled_at"), never)
    nothing = evolve(sample, **bare, tracked=unknown)
    assert fits(nothing) == {}
    assert set(fits(evolve(nothing, promised_at=sample.promised_at))) == {"promise_days"}
    assert fits(evolve(nothing, delivered_at=sample.delivered_at, shipped_at=sample.shipped_at)) == {}
    assert set(fits(evolve(nothing, ship_by=sample.ship_by))) == {"handling_days"}
    assert fits(sample.between(0, 0)) == {}


def test_an_order_that_a_file_is_silent_about_is_neither_lost_nor_kept(sample: Orders) -> None:
    outcome = np.where(sample.delivered_at == NEVER, LOST, DELIVERED)
    outcome = np.where(sample.cancelled_at == NEVER, outcome, CANCELLED).astype(np.int8)
    outcome[::10] = UNKNOWN
    quiet = outcome == UNKNOWN
    blank = {name: np.where(quiet, NEVER, getattr(sample, name)) for name in ("delivered_at", "cancelled_at")}
    numbers = fits(evolve(sample, **blank, outcome=outcome))
    assert numbers["lost_rate"].value == pytest.approx(TRUTH["lost_rate"], rel=0.1)
    assert numbers["seller_cancel_rate"].value == pytest.approx(TRUTH["seller_cancel_rate"], rel=0.1)
    assert f"left out: {quiet.sum()} orders of which the file does not say" in numbers["lost_rate"].quality
    lost = int(numbers["lost_rate"].value * numbers["lost_rate"].n + 0.5)
    assert f"{lost} of them lost in the file's own words" in numbers["lost_rate"].quality


def test_without_promises_a_loss_has_to_be_stated(sample: Orders) -> None:
    never = np.full(len(sample), NEVER)
    outcome = np.where(sample.delivered_at == NEVER, LOST, DELIVERED).astype(np.int8)
    outcome[sample.cancelled_at != NEVER] = CANCELLED
    bare = evolve(sample, promised_at=never, delivered_at=never, outcome=outcome)
    live = outcome != CANCELLED
    assert fits(bare)["lost_rate"].n == live.sum()
    assert fits(bare)["lost_rate"].value == pytest.approx((outcome[live] == LOST).mean(), rel=1e-3)
    on_its_way = evolve(bare, outcome=np.where(outcome == LOST, SHIPPED, outcome).astype(np.int8))
    assert "lost_rate" not in fits(on_its_way)


def test_shipping_is_counted_of_what_the_seller_ships(sample: Orders) -> None:
    shop = kept(sample, sample.channel == sample.channels.index("MFN"))
    stored = kept(sample, sample.channel == sample.channels.index("FBA"))
    names = {"seller_cancel_rate", "handling_days", "late_dispatch_rate", "late_dispatch_days", "tracking_rate"}
    whole, own, elsewhere = (fits(part) for part in (sample, shop, stored))
    for name in names:
        assert (own[name].value, own[name].n) == (whole[name].value, whole[name].n)
    assert not names & set(elsewhere)


def test_where_the_day_to_ship_by_is_unknown_late_dispatch_is_late_delivery_and_is_said_to_be(sample: Orders) -> None:
    number = fits(evolve(sample, ship_by=np.full(len(sample), NEVER)))["late_delivery_rate"]
    assert number.value > 1.02 * TRUTH["late_delivery_rate"]
    assert "late dispatch counts as late delivery" in number.quality


def test_values_stay_within_their_declared_range_and_say_so() -> None:
    bought = [MONDAY + row * DAY for row in range(50)]
    sold = orders(*(order(f"O-{row}", purchased_at=at, promised_at=at + 90 * DAY) for row, at in enumerate(bought)))
    number = fits(sold)["promise_days"]
    assert (number.value, number.low) == (60.0, 90.0)
    assert "the data say 90, the declared range is 0 to 60" in number.quality
