"""Numbers of bad ratings: the rates by which orders were rated are read out of the reviews again."""

from __future__ import annotations

from datetime import date
from math import exp, log, sqrt
from typing import Any

import numpy as np
import polars as pl
import pytest
from attrs import evolve

from aftersale.clocks import DAY, HOUR, Calendar
from aftersale.documents.structure import structure
from aftersale.order_columns import Orders
from aftersale.orders import NEVER
from aftersale.plugins.plugins import load_plugins
from aftersale.policies.handbook import default_handbook
from aftersale.policies.marketplaces import Marketplace
from aftersale.testing import MONDAY, order, orders, reference
from aftersale_simulator.assumptions.reactions import lateness_classes
from aftersale_simulator.calibration.deliveries import never_arrived
from aftersale_simulator.calibration.numbers import Fitted
from aftersale_simulator.calibration.reviews import LEAST_ORDERS, NEGATIVE_STARS, fit_reviews
from aftersale_simulator.scenario.horizon import LocalDays
from aftersale_simulator.scenario.model import Sales
from aftersale_simulator.world.behaviour.first_steps import first_steps
from aftersale_simulator.world.carriers import delivered
from aftersale_simulator.world.orders import hours_of, synthetic
from aftersale_simulator.world.random_streams import Streams
from aftersale_simulator.world.world import World

LATENESS, LATEST = lateness_classes()

TRUTH = {
    "negative_feedback_rate": 0.05,
    "late_feedback_factor_3d": 2.0,
    "late_feedback_factor_7d": 5.0,
    "late_feedback_factor_14d": 8.0,
    "late_feedback_factor_later": 11.0,
    "feedback_delay_days": 9.0,
}
ELSE = {
    "negative_feedback_rate_unheard": 0.0,
    "negative_feedback_rate_refused": 0.0,
    "late_delivery_rate": 0.3,
    "late_delivery_days": 7.0,
    "lost_rate": 0.02,
}
SHOP = structure(Sales, {"orders_per_day": 800.0, "price": {"median": "25"}}, "test")
FIRST, LONG = date(2026, 3, 2), 600
HERE = Marketplace("HERE", "id", "US", "EUR", "UTC", ("en",), Calendar("UTC", None))
STREAMS, WORLD = Streams(5, 1), World({**TRUTH, **ELSE})


def reviews(rows: list[tuple[str, int, int | None]]) -> pl.DataFrame:
    """Return reviews of (order, stars, microseconds at which it was left)."""
    schema = {"order": pl.String, "stars": pl.Int64, "left_at": pl.Int64}
    return pl.DataFrame(rows, schema, orient="row").with_columns(pl.col("left_at").cast(pl.Datetime("us", "UTC")))


@pytest.fixture(scope="module")
def sold() -> Orders:
    return delivered(synthetic(SHOP, HERE, FIRST, 28, STREAMS, WORLD), STREAMS, WORLD)


@pytest.fixture(scope="module")
def rated(sold: Orders) -> pl.DataFrame:
    """The bad ratings of the world's own buyers, and good ones of every fifth order."""
    steps = first_steps(sold, LocalDays.spanning(FIRST, LONG, "UTC"), hours_of(SHOP), STREAMS, WORLD)
    code = steps.facts.index("feedback_left")
    bad = [
        (steps.orders[row].id, 1 + number % NEGATIVE_STARS, int(at))
        for number, (kind, at, row) in enumerate(zip(steps.kinds, steps.at, steps.rows, strict=True))
        if kind == code
    ]
    good: list[tuple[str, int, int | None]] = [(name, 3 + row % 3, None) for row, name in enumerate(sold.ids[::5])]
    return reviews([*bad, *good])


def fits(frame: pl.DataFrame, sold: Orders) -> dict[str, Fitted]:
    return {number.path.removeprefix("world."): number for number in fit_reviews(frame, sold, "reviews.csv")}


def test_the_rates_by_which_a_world_s_buyers_rate_are_in_their_reviews(sold: Orders, rated: pl.DataFrame) -> None:
    assert len(sold) > 20000
    numbers = fits(rated, sold)
    assert list(numbers) == list(TRUTH)
    for name, truth in TRUTH.items():
        number = numbers[name]
        assert number.low is not None
        assert number.high is not None
        room = (number.high - number.low) / 4
        assert number.low - room <= truth <= number.high + room, number
        assert number.value == pytest.approx(truth, rel=0.15), number
    late = sold.delivered_at > sold.promised_at
    classes = [*(name for _, name in LATENESS), LATEST]
    assert sum(numbers[name].n for name in classes) == late.sum() + never_arrived(sold).sum()
    assert numbers["negative_feedback_rate"].n == ((sold.delivered_at != NEVER) & ~late).sum()


def shop(on_time: int, **late_days: int) -> Orders:
    """Return orders in time, others by days late: `d5=40` are forty orders five days late, `d0` never came."""
    lateness = [-1] * on_time + [int(name[1:]) for name, count in late_days.items() for _ in range(count)]
    rows = []
    for number, days in enumerate(lateness):
        at = MONDAY + number * HOUR
        arrived = None if days == 0 else at + (5 + days) * DAY
        rows.append(order(f"O-{number:03d}", purchased_at=at, promised_at=at + 5 * DAY, delivered_at=arrived))
    last = MONDAY + 90 * DAY
    return orders(*rows, order("O-end", purchased_at=last, promised_at=last + 5 * DAY, delivered_at=None))


def test_the_numbers_are_those_of_a_count_by_hand() -> None:
    sold = shop(100, d3=50, d5=40, d20=20, d0=20)
    arrived = dict(zip(sold.ids, sold.delivered_at.tolist(), strict=True))
    stars = {**dict.fromkeys(range(5), 1), **dict.fromkeys(range(5, 50), 3), **dict.fromkeys(range(100, 110), 2)}
    stars |= dict.fromkeys(range(150, 170), 1) | dict.fromkeys(range(190, 210), 2)
    rows: list[Any] = [(f"O-{number:03d}", count, None) for number, count in stars.items()]
    # A second, better review does not undo the first, and one of an unknown order is none.
    rows += [("O-000", 5, None), ("X-1", 1, None)]
    rows += [("O-001", 1, arrived["O-001"] + 3 * DAY), ("O-001", 2, arrived["O-001"] + 9 * DAY)]
    rows += [("O-002", 1, arrived["O-002"] + 5 * DAY), ("O-003", 1, arrived["O-003"] - DAY)]
    numbers = fits(reviews(rows), sold)
    assert (numbers["negative_feedback_rate"].value, numbers["negative_feedback_rate"].n) == (0.05, 100)
    assert "left out: 1 reviews of no order" in numbers["negative_feedback_rate"].quality
    expected = {"late_feedback_factor_3d": (4.0, 50), "late_feedback_factor_7d": (10.0, 40), LATEST: (10.0, 40)}
    assert {name: (numbers[name].value, numbers[name].n) for name in expected} == expected
    deviation = sqrt(1 / 10 - 1 / 50 + 1 / 5 - 1 / 100)
    ends = [exp(log(4.0) + sign * 1.959964 * deviation) for sign in (-1, 1)]
    number = numbers["late_feedback_factor_3d"]
    assert [number.low, number.high] == pytest.approx(ends, rel=1e-6)
    assert (numbers["feedback_delay_days"].value, numbers["feedback_delay_days"].n) == (4.0, 2)
    assert "left out: 1 ratings before the delivery" in numbers["feedback_delay_days"].quality
    assert "late_feedback_factor_14d" not in numbers


def test_the_interval_of_a_ratio_covers_the_truth_as_often_as_it_says() -> None:
    sold, chance = shop(1000, d5=200), np.random.default_rng(2)
    names, covered = list(sold.ids), 0
    for _ in range(200):
        bad = [*np.flatnonzero(chance.random(1000) < 0.08), *(1000 + np.flatnonzero(chance.random(200) < 0.4))]
        number = fits(reviews([(names[row], 1, None) for row in bad]), sold)["late_feedback_factor_7d"]
        assert number.low is not None
        assert number.high is not None
        covered += number.low <= 5.0 <= number.high
    assert covered / 200 == pytest.approx(0.95, abs=0.04)


def test_what_too_few_orders_or_no_rating_say_is_not_said() -> None:
    few, many = shop(100, d5=LEAST_ORDERS - 1), shop(100, d5=LEAST_ORDERS)
    bad = [("O-000", 1, None), ("O-110", 1, None)]
    assert set(fits(reviews(bad), few)) == {"negative_feedback_rate"}
    assert set(fits(reviews(bad), many)) == {"negative_feedback_rate", "late_feedback_factor_7d"}
    only_late = fits(reviews(bad[1:]), many)
    assert (set(only_late), only_late["negative_feedback_rate"].value) == ({"negative_feedback_rate"}, 0.0)
    assert fits(reviews([]), many) == {}
    assert fits(reviews([("X-1", 1, None)]), many) == {}
    unpromised = evolve(many, promised_at=np.full(len(many), NEVER))
    assert fits(reviews(bad), unpromised) == {}
    assert fits(reviews([]), many.between(0, 0)) == {}


def test_a_class_without_a_bad_rating_has_a_factor_of_none_up_to_what_may_be() -> None:
    bad = reviews([(f"O-{row:03d}", 1, None) for row in range(10)])
    number = fits(bad, shop(100, d5=40))["late_feedback_factor_7d"]
    assert (number.value, number.low) == (0.0, 0.0)
    # Wilson's upper end for 0 of 40 is z²/(40 + z²).
    assert number.high == pytest.approx(1.959964**2 / (40 + 1.959964**2) / 0.1, rel=1e-6)


def test_factors_stay_within_their_declared_range_and_say_so() -> None:
    sold = shop(1000, d5=200)
    bad = [("O-000", 1, None), *((f"O-{row:03d}", 1, None) for row in range(1000, 1200))]
    number = fits(reviews(bad), sold)["late_feedback_factor_7d"]
    assert number.value == 100.0
    assert "the data say 1000, the declared range is 0 to 100" in number.quality


def test_the_stars_of_a_bad_rating_are_those_of_the_engine() -> None:
    policy = load_plugins((), {"reference": reference}).policy("REF")
    assert policy.at(MONDAY).negative_stars == NEGATIVE_STARS
    stated = {rule.negative_stars for rule in default_handbook().rules.history() if rule.negative_stars is not None}
    assert stated == {NEGATIVE_STARS}
