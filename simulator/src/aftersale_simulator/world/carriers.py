"""Carriers: when orders are promised, and when they arrive: in time, late or never."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from attrs import evolve
from numpy.typing import NDArray

from aftersale.clocks import DAY
from aftersale.orders import NEVER, Orders
from aftersale_simulator.world.orders import fulfilled_by_marketplace, keys_of
from aftersale_simulator.world.random_streams import Streams
from aftersale_simulator.world.world import World

Floats = NDArray[np.float64]
Instants = NDArray[np.int64]


def delivered(orders: Orders, streams: Streams, world: World) -> Orders:
    """Return the orders with shipping, promise and delivery; instants from a file are kept.

    Most orders arrive up to `early_days` before the promise, `late_delivery_rate` of them after it, `lost_rate` never.
    Of those that the seller fulfils, `seller_cancel_rate` are cancelled and never shipped, and `late_dispatch_rate` are
    shipped late and so delivered later.
    """
    keys, marketplace = keys_of(orders), orders.marketplaces[0]

    def of(name: str) -> Floats:
        return world.for_orders(name, orders)

    promised = orders.purchased_at + _durations(of("promise_days"))
    promised = np.where(orders.promised_at == NEVER, promised, orders.promised_at)
    fate = streams.uniform(keys, "delivery.fate", marketplace)
    early = promised - _durations(of("early_days") * streams.uniform(keys, "delivery.early", marketplace))
    late = promised + _durations(of("late_delivery_days") * streams.exponential(keys, "delivery.late", marketplace))
    arrival = np.where(fate < of("late_delivery_rate"), late, np.maximum(early, orders.purchased_at))
    arrival = np.where(fate >= 1 - of("lost_rate"), NEVER, arrival)
    if (orders.shipped_at == NEVER).all() and (orders.cancelled_at == NEVER).all():
        orders, lateness = _ship(orders, keys, streams, of)
        arrival = np.where(arrival == NEVER, NEVER, arrival + lateness)
    arrival = np.where(orders.delivered_at == NEVER, arrival, orders.delivered_at)
    arrival = np.where(orders.cancelled_at == NEVER, arrival, NEVER)
    return evolve(orders, promised_at=promised, delivered_at=arrival)


def _ship(orders: Orders, keys: Instants, streams: Streams, of: Callable[[str], Floats]) -> tuple[Orders, Instants]:
    """Return the orders as the seller ships or cancels them, and by how much later the late ones arrive."""
    marketplace = orders.marketplaces[0]
    by_seller = ~fulfilled_by_marketplace(orders)
    cancelled = by_seller & (streams.uniform(keys, "seller.cancels", marketplace) < of("seller_cancel_rate"))
    late = by_seller & ~cancelled & (streams.uniform(keys, "seller.late", marketplace) < of("late_dispatch_rate"))
    lateness = np.where(
        late, _durations(of("late_dispatch_days") * streams.exponential(keys, "seller.lateness", marketplace)), 0
    )
    ship_by = orders.purchased_at + _durations(of("handling_days"))
    early = _durations(of("handling_days") * streams.uniform(keys, "seller.ships", marketplace))
    shipped_at = np.where(late, ship_by + lateness, ship_by - early)
    tracked = streams.uniform(keys, "seller.tracks", marketplace) < of("tracking_rate")
    shipped = evolve(
        orders,
        ship_by=np.where(by_seller, ship_by, NEVER),
        shipped_at=np.where(by_seller & ~cancelled, shipped_at, NEVER),
        cancelled_at=np.where(cancelled, ship_by - early, NEVER),
        tracked=np.where(by_seller & ~cancelled, tracked, -1).astype(np.int8),
    )
    return shipped, lateness


def _durations(amount: Floats) -> Instants:
    durations: Instants = (amount * DAY).astype(np.int64)
    return durations
