"""Carriers: when orders are promised, and when they arrive: in time, late or never."""

from __future__ import annotations

import numpy as np
from attrs import evolve
from numpy.typing import NDArray

from aftersale.clocks import DAY
from aftersale.order_columns import Orders
from aftersale.orders import CANCELLED, DELIVERED, NEVER, UNKNOWN, WAITING
from aftersale_simulator.world.orders import fulfilled_by_marketplace, keys_of
from aftersale_simulator.world.random_streams import Streams
from aftersale_simulator.world.world import World

Floats = NDArray[np.float64]
Instants = NDArray[np.int64]
Flags = NDArray[np.bool_]


class _Parcels:
    """Orders of a marketplace with what their source knows of how they ended, and their random numbers, as columns."""

    def __init__(self, orders: Orders, streams: Streams, world: World) -> None:
        self.orders, self._streams, self._world = orders, streams, world
        self._keys, self._marketplace = keys_of(orders), orders.marketplaces[0]
        self.outcome = outcomes(orders)
        self.by_seller: Flags = ~fulfilled_by_marketplace(orders)

    def of(self, name: str) -> Floats:
        """The value of a parameter for each order."""
        return self._world.for_orders(name, self.orders)

    def uniform(self, purpose: str) -> Floats:
        return self._streams.uniform(self._keys, purpose, self._marketplace)

    def exponential(self, purpose: str, mean: str) -> Instants:
        """Exponential delays, in microseconds, by the parameter that is their mean in days."""
        return _durations(self.of(mean) * self._streams.exponential(self._keys, purpose, self._marketplace))


def delivered(orders: Orders, streams: Streams, world: World) -> Orders:
    """Return the orders with shipping, promise and delivery; what their source knows of them is kept.

    Most orders arrive up to `early_days` before the promise, `late_delivery_rate` of them after it, `lost_rate` never.
    Of those that the seller fulfils, `seller_cancel_rate` are cancelled and never shipped, and `late_dispatch_rate` are
    shipped late and so delivered later.

    The source's word on how an order ended stands above all draws, and above an instant that contradicts it: what was
    delivered is neither cancelled nor lost, what was shipped or lost never arrives and is not cancelled, what was
    cancelled is neither shipped nor delivered, and what waits is not shipped. The world draws the instants that the
    source leaves open, by the same random numbers as those of other orders.
    """
    parcels = _Parcels(orders, streams, world)
    promised = _either(orders.promised_at, orders.purchased_at + _durations(parcels.of("promise_days")))
    shipped, lateness = _ship(parcels)
    arrival = _arrivals(parcels, promised, lateness)
    comes = np.isin(parcels.outcome, (UNKNOWN, DELIVERED)) & (shipped.cancelled_at == NEVER)
    return evolve(shipped, promised_at=promised, delivered_at=np.where(comes, arrival, NEVER))


def outcomes(orders: Orders) -> NDArray[np.int8]:
    """Return what is known of how orders ended: their outcome, or else a cancellation or delivery of known time."""
    by_instant = np.where(orders.delivered_at == NEVER, UNKNOWN, DELIVERED)
    by_instant = np.where(orders.cancelled_at == NEVER, by_instant, CANCELLED)
    return np.where(orders.outcome == UNKNOWN, by_instant, orders.outcome).astype(np.int8)


def _arrivals(parcels: _Parcels, promised: Instants, lateness: Instants) -> Instants:
    """Return when orders arrive that are not cancelled, as their source knows or the world draws."""
    orders, lost_rate = parcels.orders, parcels.of("lost_rate")
    fate = parcels.uniform("delivery.fate")
    lost = fate >= 1 - lost_rate
    # What did arrive has a fate among those that arrive, each as likely as among them.
    survivors = np.flatnonzero(lost & (parcels.outcome == DELIVERED))
    fate[survivors] = (fate[survivors] - (1 - lost_rate[survivors])) * (1 - lost_rate[survivors]) / lost_rate[survivors]
    lost[survivors] = False
    early = promised - _durations(parcels.of("early_days") * parcels.uniform("delivery.early"))
    late = promised + parcels.exponential("delivery.late", "late_delivery_days")
    arrival = np.where(fate < parcels.of("late_delivery_rate"), late, np.maximum(early, orders.purchased_at))
    # An order without a known dispatch has NEVER there, which is before everything.
    arrival = np.maximum(arrival + lateness, orders.shipped_at)
    return _either(orders.delivered_at, np.where(lost, NEVER, arrival))


def _ship(parcels: _Parcels) -> tuple[Orders, Instants]:
    """Return the orders as the seller ships or cancels them, and by how much later the late ones arrive."""
    orders, by_seller = parcels.orders, parcels.by_seller
    cancelled = _cancelled(parcels)
    stays = cancelled | (parcels.outcome == WAITING)
    ships = by_seller & ~stays
    late = ships & (orders.shipped_at == NEVER) & (parcels.uniform("seller.late") < parcels.of("late_dispatch_rate"))
    lateness = np.where(late, parcels.exponential("seller.lateness", "late_dispatch_days"), 0)
    ship_by = _either(orders.ship_by, orders.purchased_at + _durations(parcels.of("handling_days")))
    in_time = ship_by - _durations(_handling_days(parcels) * parcels.uniform("seller.ships"))
    dispatch = np.where(late, ship_by + lateness, in_time)
    dispatch = np.where(orders.delivered_at == NEVER, dispatch, np.minimum(dispatch, orders.delivered_at))
    tracked = np.where(ships, parcels.uniform("seller.tracks") < parcels.of("tracking_rate"), -1)
    shipped = evolve(
        orders,
        ship_by=_either(orders.ship_by, np.where(by_seller, ship_by, NEVER)),
        shipped_at=np.where(stays, NEVER, _either(orders.shipped_at, np.where(by_seller, dispatch, NEVER))),
        cancelled_at=np.where(cancelled, _either(orders.cancelled_at, in_time), NEVER),
        tracked=np.where(orders.tracked < 0, tracked, orders.tracked).astype(np.int8),
    )
    return shipped, lateness


def _cancelled(parcels: _Parcels) -> Flags:
    """Return which orders are cancelled; the world cancels none that has left, or that ended in a known way."""
    draws = parcels.by_seller & (parcels.uniform("seller.cancels") < parcels.of("seller_cancel_rate"))
    open_ = (parcels.outcome == UNKNOWN) & (parcels.orders.shipped_at == NEVER)
    cancelled: Flags = (parcels.outcome == CANCELLED) | (open_ & draws)
    return cancelled


def _handling_days(parcels: _Parcels) -> Floats:
    """Return within how many days of the purchase each order is to be shipped."""
    orders = parcels.orders
    known = np.maximum(orders.ship_by - orders.purchased_at, 0) / DAY
    return np.where(orders.ship_by == NEVER, parcels.of("handling_days"), known)


def _either(known: Instants, drawn: Instants) -> Instants:
    """Return the known instants, and the drawn ones where there is none."""
    return np.where(known == NEVER, drawn, known)


def _durations(amount: Floats) -> Instants:
    durations: Instants = (amount * DAY).astype(np.int64)
    return durations
