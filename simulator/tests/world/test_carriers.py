"""Carriers: what an order's source says of how it ended stands above all that the world draws."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any

import numpy as np
import pytest
from attrs import evolve

from aftersale.clocks import DAY, HOUR, Calendar
from aftersale.documents.structure import structure
from aftersale.order_columns import Orders
from aftersale.orders import CANCELLED, DELIVERED, LOST, NEVER, SHIPPED, UNKNOWN, WAITING
from aftersale.policies.marketplaces import Marketplace
from aftersale_simulator.scenario.horizon import LocalDays
from aftersale_simulator.scenario.model import Sales
from aftersale_simulator.world.behaviour.first_steps import FirstSteps, first_steps
from aftersale_simulator.world.carriers import delivered, outcomes
from aftersale_simulator.world.orders import hours_of, synthetic
from aftersale_simulator.world.random_streams import Streams
from aftersale_simulator.world.world import World

FIRST = date(2026, 3, 2)
OUTCOMES = (UNKNOWN, SHIPPED, DELIVERED, CANCELLED, LOST, WAITING)
HARSH = {
    "late_delivery_rate": 0.2,
    "lost_rate": 0.1,
    "seller_cancel_rate": 0.1,
    "late_dispatch_rate": 0.2,
    "tracking_rate": 0.9,
}
"""A world in which much goes wrong, so that a file's word is overruled at once where it can be."""
HERE = Marketplace("HERE", "id", "US", "EUR", "UTC", ("en",), Calendar("UTC", None))
SHOP: dict[str, Any] = {"orders_per_day": 700.0, "price": {"median": "25"}, "channels": {"MFN": 0.7, "FBA": 0.3}}
COLUMNS = ("promised_at", "delivered_at", "ship_by", "shipped_at", "cancelled_at", "tracked")
STREAMS = Streams(1, 1)


@pytest.fixture(scope="module")
def bought() -> Orders:
    return synthetic(structure(Sales, SHOP, "test"), HERE, FIRST, 14, STREAMS, World())


@pytest.fixture(scope="module")
def drawn(bought: Orders) -> Orders:
    return delivered(bought, STREAMS, World(HARSH))


@pytest.fixture(scope="module")
def mixed(bought: Orders) -> Orders:
    """The same orders, a sixth of them with each outcome and no instant of it."""
    return evolve(bought, outcome=(np.arange(len(bought)) % len(OUTCOMES)).astype(np.int8))


@pytest.fixture(scope="module")
def done(mixed: Orders) -> Orders:
    return delivered(mixed, STREAMS, World(HARSH))


def by_seller(orders: Orders) -> np.ndarray:
    return orders.channel == orders.channels.index("MFN")


def test_orders_of_which_nothing_is_known_are_drawn_as_ever(drawn: Orders, done: Orders) -> None:
    assert len(done) > 9000
    unknown = done.outcome == UNKNOWN
    for name in COLUMNS:
        assert getattr(done, name)[unknown].tolist() == getattr(drawn, name)[unknown].tolist()


def test_all_orders_have_a_promise_whatever_became_of_them(drawn: Orders, done: Orders) -> None:
    assert done.promised_at.tolist() == drawn.promised_at.tolist()


def test_none_of_the_delivered_is_cancelled_or_lost_and_the_others_arrive_as_they_would(
    drawn: Orders, done: Orders
) -> None:
    arrived = done.outcome == DELIVERED
    assert (done.cancelled_at[arrived] == NEVER).all()
    assert (done.delivered_at[arrived] >= done.purchased_at[arrived]).all()
    usual = arrived & (drawn.delivered_at != NEVER)
    assert usual.sum() < arrived.sum()
    assert done.delivered_at[usual].tolist() == drawn.delivered_at[usual].tolist()
    assert done.shipped_at[usual].tolist() == drawn.shipped_at[usual].tolist()


def test_the_delivered_are_late_as_often_as_those_that_arrive(bought: Orders) -> None:
    everything = evolve(bought, outcome=np.full(len(bought), DELIVERED, np.int8))
    numbers = {**HARSH, "lost_rate": 0.5, "late_dispatch_rate": 0.0}
    result = delivered(everything, STREAMS, World(numbers))
    assert (result.delivered_at > result.promised_at).mean() == pytest.approx(0.2 / 0.5, abs=0.02)


@pytest.mark.parametrize("outcome", [SHIPPED, LOST])
def test_what_was_shipped_or_lost_never_arrives_is_not_cancelled_and_has_left(done: Orders, outcome: int) -> None:
    rows = done.outcome == outcome
    assert (done.delivered_at[rows] == NEVER).all()
    assert (done.cancelled_at[rows] == NEVER).all()
    assert ((done.shipped_at != NEVER)[rows] == by_seller(done)[rows]).all()
    assert (done.tracked[rows & by_seller(done)] >= 0).all()


def test_what_waits_is_neither_shipped_nor_delivered_nor_cancelled(done: Orders) -> None:
    rows = done.outcome == WAITING
    for column in (done.shipped_at, done.delivered_at, done.cancelled_at):
        assert (column[rows] == NEVER).all()
    assert (done.tracked[rows] == -1).all()
    assert ((done.ship_by != NEVER)[rows] == by_seller(done)[rows]).all()


def test_what_was_cancelled_is_neither_shipped_nor_delivered(drawn: Orders, done: Orders) -> None:
    rows = done.outcome == CANCELLED
    assert (done.shipped_at[rows] == NEVER).all()
    assert (done.delivered_at[rows] == NEVER).all()
    assert (done.tracked[rows] == -1).all()
    assert (done.cancelled_at[rows] >= done.purchased_at[rows]).all()
    assert (done.cancelled_at[rows] <= done.purchased_at[rows] + DAY).all()
    usual = rows & (drawn.cancelled_at != NEVER)
    assert usual.any()
    assert done.cancelled_at[usual].tolist() == drawn.cancelled_at[usual].tolist()


def known_instants(orders: Orders) -> Orders:
    """Return orders of which the source knows every second dispatch, delivery and cancellation."""
    known = np.arange(len(orders)) // len(OUTCOMES) % 2 == 0
    bought = orders.purchased_at

    def column(days: float, *kinds: int) -> np.ndarray:
        return np.where(known & np.isin(orders.outcome, kinds), bought + int(days * DAY), NEVER)

    return evolve(
        orders,
        shipped_at=column(3, UNKNOWN, SHIPPED, DELIVERED, LOST),
        delivered_at=column(3.5, DELIVERED),
        cancelled_at=column(0.25, CANCELLED),
        tracked=np.where(known & (orders.outcome != CANCELLED), 0, -1).astype(np.int8),
    )


def test_known_instants_stay_and_the_rest_of_the_shipping_is_drawn(mixed: Orders) -> None:
    source = known_instants(mixed)
    result = delivered(source, STREAMS, World(HARSH))
    for name in ("shipped_at", "delivered_at", "cancelled_at"):
        known = getattr(source, name) != NEVER
        assert known.sum() > 700
        assert getattr(result, name)[known].tolist() == getattr(source, name)[known].tolist()
    assert (result.tracked[source.tracked == 0] == 0).all()
    assert ((result.ship_by != NEVER) == by_seller(result)).all()
    ships = by_seller(result) & (result.cancelled_at == NEVER) & (result.outcome != WAITING)
    assert (result.shipped_at[ships] != NEVER).all()
    assert set(result.tracked[ships & (source.tracked < 0)].tolist()) == {0, 1}


def test_what_has_left_is_not_cancelled_and_arrives_after_it_left(mixed: Orders) -> None:
    source = known_instants(mixed)
    result = delivered(source, STREAMS, World(HARSH))
    left = (source.outcome == UNKNOWN) & (source.shipped_at != NEVER)
    assert (result.cancelled_at[left] == NEVER).all()
    arrives = left & (result.delivered_at != NEVER)
    assert arrives[left].mean() == pytest.approx(0.9, abs=0.04)
    assert (result.delivered_at[arrives] >= result.shipped_at[arrives]).all()


def test_a_dispatch_that_is_drawn_is_never_after_a_known_delivery_and_never_moves_it(bought: Orders) -> None:
    size = len(bought)
    source = evolve(
        bought, delivered_at=bought.purchased_at + 6 * HOUR, outcome=np.full(size, DELIVERED, dtype=np.int8)
    )
    result = delivered(source, STREAMS, World({**HARSH, "late_dispatch_rate": 1.0}))
    assert result.delivered_at.tolist() == source.delivered_at.tolist()
    seller = by_seller(result)
    assert (result.shipped_at[seller] <= result.delivered_at[seller]).all()
    assert (result.shipped_at[seller] >= result.purchased_at[seller]).all()


def test_a_dispatch_is_drawn_up_to_a_known_day_to_ship_by(bought: Orders) -> None:
    source = evolve(bought, ship_by=bought.purchased_at + 4 * DAY, outcome=np.full(len(bought), SHIPPED, np.int8))
    result = delivered(source, STREAMS, World({**HARSH, "late_dispatch_rate": 0.0}))
    days = (result.shipped_at - result.purchased_at)[by_seller(result)] / DAY
    assert result.ship_by.tolist() == source.ship_by.tolist()
    assert (days.min(), days.max()) == (pytest.approx(0, abs=0.05), pytest.approx(4, abs=0.05))
    assert days.mean() == pytest.approx(2, rel=0.03)


def test_an_instant_alone_says_how_an_order_ended_and_an_outcome_stands_above_it(bought: Orders) -> None:
    later = bought.purchased_at + DAY
    assert set(outcomes(evolve(bought, delivered_at=later)).tolist()) == {DELIVERED}
    assert set(outcomes(evolve(bought, delivered_at=later, cancelled_at=later)).tolist()) == {CANCELLED}
    arrived = delivered(evolve(bought, delivered_at=later), STREAMS, World(HARSH))
    assert arrived.delivered_at.tolist() == later.tolist()
    assert (arrived.cancelled_at == NEVER).all()
    for outcome, name in ((DELIVERED, "cancelled_at"), (CANCELLED, "delivered_at"), (LOST, "delivered_at")):
        source = evolve(bought, **{name: later}, outcome=np.full(len(bought), outcome, np.int8))
        assert (getattr(delivered(source, STREAMS, World(HARSH)), name) == NEVER).all()


def steps_of(orders: Orders, **numbers: float) -> tuple[FirstSteps, dict[str, set[str]]]:
    """Return what buyers do first, and the names of the orders to which each of it happens."""
    days = LocalDays.spanning(FIRST, 60, "UTC")
    steps = first_steps(orders, days, hours_of(structure(Sales, SHOP, "test")), STREAMS, World(numbers))
    named: defaultdict[str, set[str]] = defaultdict(set)
    for kind, row in zip(steps.kinds.tolist(), steps.rows.tolist(), strict=True):
        named[steps.facts[kind]].add(steps.orders[row].id)
    return steps, named


def test_buyers_act_by_how_their_order_ended(done: Orders) -> None:
    always = dict.fromkeys(("lost_message_rate", "claim_rate_lost", "return_rate", "cancelled_message_rate"), 1.0)
    none = dict.fromkeys(("message_rate", "late_message_rate", "claim_rate_late", "denied_rate"), 0.0)
    steps, named = steps_of(done, **always, **none, message_factor_shipped_elsewhere=1.0)
    ids = np.array(done.ids[:])
    seller = by_seller(done)
    arrived, cancelled = done.delivered_at != NEVER, done.cancelled_at != NEVER
    assert named["return_requested"] <= set(ids[arrived & seller])
    assert named["claim_filed"] <= set(ids[~arrived & ~cancelled & seller])
    assert named["buyer_message"] == set(ids[~arrived])
    for outcome in (SHIPPED, LOST):
        rows = set(ids[(done.outcome == outcome) & seller])
        assert len(rows & named["claim_filed"]) > 0.95 * len(rows)
    assert not named["claim_filed"] & set(ids[done.outcome == CANCELLED])
    bought_at = {order.id: order.purchased_at for order in steps.orders}
    promised = {order.id: order.promised_at for order in steps.orders}
    for kind, at, row in zip(steps.kinds.tolist(), steps.at.tolist(), steps.rows.tolist(), strict=True):
        name = steps.orders[row].id
        assert at >= bought_at[name]
        if steps.facts[kind] == "claim_filed":
            assert at >= promised[name]
