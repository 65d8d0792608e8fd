"""Carriers: what is promised, and when it arrives, late or never."""

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
    """Return the orders with their shipping, a promise and a delivery, keeping what a file already said of them.

    Most arrive up to `early_days` before the promise, `late_delivery_rate` of them after it, `lost_rate` never. Of
    those that the seller fulfils `seller_cancel_rate` are cancelled and never shipped, `late_dispatch_rate` are shipped
    late and so delivered later.
    """
    keys, place = keys_of(orders), orders.marketplaces[0]

    def of(name: str) -> Floats:
        return world.for_orders(name, orders)

    promised = orders.purchased_at + _days(of("promise_days"))
    promised = np.where(orders.promised_at == NEVER, promised, orders.promised_at)
    fate = streams.uniform(keys, "delivery.fate", place)
    early = promised - _days(of("early_days") * streams.uniform(keys, "delivery.early", place))
    late = promised + _days(of("late_delivery_days") * streams.exponential(keys, "delivery.late", place))
    arrives = np.where(fate < of("late_delivery_rate"), late, np.maximum(early, orders.purchased_at))
    arrives = np.where(fate >= 1 - of("lost_rate"), NEVER, arrives)
    if (orders.shipped_at == NEVER).all() and (orders.cancelled_at == NEVER).all():
        orders, lateness = _shipped(orders, keys, streams, of)
        arrives = np.where(arrives == NEVER, NEVER, arrives + lateness)
    arrives = np.where(orders.delivered_at == NEVER, arrives, orders.delivered_at)
    arrives = np.where(orders.cancelled_at == NEVER, arrives, NEVER)
    return evolve(orders, promised_at=promised, delivered_at=arrives)


def _shipped(orders: Orders, keys: Instants, streams: Streams, of: Callable[[str], Floats]) -> tuple[Orders, Instants]:
    """Return the orders as the seller ships or cancels them, and by how much later those arrive that left late."""
    place = orders.marketplaces[0]
    own = ~fulfilled_by_marketplace(orders)
    cancelled = own & (streams.uniform(keys, "seller.cancels", place) < of("seller_cancel_rate"))
    late = own & ~cancelled & (streams.uniform(keys, "seller.late", place) < of("late_dispatch_rate"))
    lateness = np.where(late, _days(of("late_dispatch_days") * streams.exponential(keys, "seller.lateness", place)), 0)
    ship_by = orders.purchased_at + _days(of("handling_days"))
    early = _days(of("handling_days") * streams.uniform(keys, "seller.ships", place))
    left = np.where(late, ship_by + lateness, ship_by - early)
    tracked = streams.uniform(keys, "seller.tracks", place) < of("tracking_rate")
    done = evolve(
        orders,
        ship_by=np.where(own, ship_by, NEVER),
        shipped_at=np.where(own & ~cancelled, left, NEVER),
        cancelled_at=np.where(cancelled, ship_by - early, NEVER),
        tracked=np.where(own & ~cancelled, tracked, -1).astype(np.int8),
    )
    return done, lateness


def _days(amount: Floats) -> Instants:
    found: Instants = (amount * DAY).astype(np.int64)
    return found
