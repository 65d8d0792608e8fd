"""Carriers: what is promised, and when it arrives, late or never."""

from __future__ import annotations

import numpy as np
from attrs import evolve

from aftersale.clocks import DAY
from aftersale.orders import NEVER, Orders
from aftersale_simulator.chances import Chances
from aftersale_simulator.orders import keys_of
from aftersale_simulator.world import World


def delivered(orders: Orders, chances: Chances, world: World) -> Orders:
    """Return the orders with a promise and a delivery, keeping those that a file already had.

    Most arrive up to `early_days` before the promise, `late_delivery_rate` of them after it, `lost_rate` never.
    """
    keys, place = keys_of(orders), orders.marketplaces[0]

    def of(name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return world.for_orders(name, orders)

    promised = orders.purchased_at + _days(of("promise_days"))
    promised = np.where(orders.promised_at == NEVER, promised, orders.promised_at)
    fate = chances.uniform(keys, "delivery.fate", place)
    early = promised - _days(of("early_days") * chances.uniform(keys, "delivery.early", place))
    late = promised + _days(of("late_delivery_days") * chances.exponential(keys, "delivery.late", place))
    arrives = np.where(fate < of("late_delivery_rate"), late, np.maximum(early, orders.purchased_at))
    arrives = np.where(fate >= 1 - of("lost_rate"), NEVER, arrives)
    arrives = np.where(orders.delivered_at == NEVER, arrives, orders.delivered_at)
    return evolve(orders, promised_at=promised, delivered_at=arrives)


def _days(amount: np.ndarray[tuple[int], np.dtype[np.float64]]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return (amount * DAY).astype(np.int64)
