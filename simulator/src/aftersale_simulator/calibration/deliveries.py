"""Deliveries: what a shop's orders say of promises, shipments, deliveries and cancellations."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf, isfinite

import numpy as np
from attrs import evolve
from numpy.typing import NDArray
from scipy.stats import kstest

from aftersale.clocks import DAY
from aftersale.order_columns import Orders
from aftersale.orders import CANCELLED, DELIVERED, LOST, NEVER, SHIPPED, UNKNOWN, WAITING
from aftersale_simulator.calibration.numbers import Fitted, mean, qualities, share, short, within_range
from aftersale_simulator.runs.statistics import estimate
from aftersale_simulator.show.wording import text
from aftersale_simulator.world.carriers import outcomes
from aftersale_simulator.world.orders import fulfilled_by_marketplace

Floats = NDArray[np.float64]
Instants = NDArray[np.int64]
Flags = NDArray[np.bool_]
_MOST_WAITS = 99.0
"""Percentile of the waits for what came late, or was cancelled, after which nothing more is expected.

Of younger orders the file cannot know, and to count only what it happens to know of them would favour the quick.
"""


def fit_deliveries(orders: Orders, name: str) -> Iterator[Fitted]:
    """Yield the world's numbers of promises, shipments, deliveries and cancellations that orders of a file speak of.

    `name` is the file's. Each number is what `world/carriers.py` makes of it:

    - `promise_days`: mean days from purchase to promise, as the world promises all orders alike.
    - `late_delivery_rate`: share of the orders not cancelled that arrive after their promise. `late_delivery_days`:
      their mean delay, exponential. `lost_rate`: share of the orders not cancelled that never arrive.
    - `early_days`: the others arrive evenly up to so long before the promise, but not before the purchase: twice their
      mean earliness, or more where that would begin before the purchase.
    - `handling_days`: mean days from purchase to the day to ship by. `late_dispatch_rate`: share of what was shipped
      that was shipped after it. `late_dispatch_days`: the mean delay, exponential. The world delivers these later by as
      much, so their deliveries count as if they had left in time.
    - `seller_cancel_rate`: share of all orders. `tracking_rate`: share of what was shipped. These, and those of
      dispatch, are of orders that the seller ships.

    An order counts where the file can know how it ended: its promise, purchase or day to ship by is so long before the
    file's last instant as 99 in 100 of the late or cancelled ones took. Nothing is said of what the file does not have.
    """
    record = _Record(orders)
    for part in (_promise, _late, _early, _lost, _cancelled, _dispatch, _tracked):
        for number in part(record, name):
            yield within_range(number)


def never_arrived(orders: Orders) -> Flags:
    """Return which orders are lost: in their source's own words, or long overdue where it knows of deliveries."""
    return _Record(orders).lost


class _Record:
    """What a file knows of its orders, as columns.

    `lateness` is by how much an order was shipped late, `arrived` when it would have arrived without that, `ended`
    which orders count among those that arrive or are lost, `silent` those whose end the file does not tell.
    """

    def __init__(self, orders: Orders) -> None:
        self.orders, self.outcome = orders, outcomes(orders)
        self.by_seller: Flags = ~fulfilled_by_marketplace(orders)
        self.cancelled: Flags = self.outcome == CANCELLED
        columns = (orders.purchased_at, orders.shipped_at, orders.delivered_at, orders.cancelled_at)
        self.last = int(max(column.max(initial=NEVER) for column in columns))
        self.tells_endings = bool(np.isin(orders.outcome, (SHIPPED, CANCELLED, LOST, WAITING)).any())
        self.silent: Flags = (self.outcome == UNKNOWN) & self.tells_endings
        self._ship()
        self._arrive()
        self._end()

    def _ship(self) -> None:
        orders = self.orders
        sent = self.by_seller & ~self.cancelled & (orders.ship_by != NEVER) & (orders.shipped_at != NEVER)
        self.lateness: Instants = np.where(sent, np.maximum(orders.shipped_at - orders.ship_by, 0), 0)
        self.dispatch_patience = _patience(self.lateness[self.lateness > 0])
        self.sent: Flags = sent & (orders.ship_by + self.dispatch_patience <= self.last)

    def _arrive(self) -> None:
        orders = self.orders
        known = (self.outcome == DELIVERED) & (orders.delivered_at != NEVER)
        self.arrived: Instants = np.where(known, orders.delivered_at - self.lateness, NEVER)
        self.promised: Flags = orders.promised_at != NEVER
        self.has_arrivals = bool((known & self.promised).any())
        late = known & self.promised & (self.arrived > orders.promised_at)
        self.patience = _patience((self.arrived - orders.promised_at)[late])
        self.ripe: Flags = self.promised & (orders.promised_at + self.patience <= self.last)
        self.on_time: Flags = self.ripe & known & ~late
        self.late: Flags = self.ripe & late

    def _end(self) -> None:
        losses = self.outcome == LOST
        missing = ~self.silent & np.isin(self.outcome, (UNKNOWN, SHIPPED))
        self.lost: Flags = losses | (missing & self.ripe & self.has_arrivals)
        # Without promises, or without a known arrival, nothing is overdue: there the file has to state what is lost.
        judged = np.where(self.promised & self.has_arrivals, self.ripe, bool(losses.any()))
        self.ended: Flags = judged & ((self.outcome == DELIVERED) | self.lost)

    def left_out(self) -> str:
        """Return how many orders that are not cancelled are no datum of deliveries, and why."""
        young = int((self.promised & ~self.ripe & ~self.cancelled & ~self.silent).sum()) if self.has_arrivals else 0
        return qualities(_count("fitted.young", young, days=self.patience / DAY), self.silence())

    def silence(self) -> str:
        """Return of how many orders the file does not say how they ended."""
        return _count("fitted.silent", int(self.silent.sum()))


def _patience(waits: Instants) -> int:
    """Return how long to wait for nearly all who came after a wait, in microseconds."""
    return int(np.percentile(waits, _MOST_WAITS)) if len(waits) else 0


def _count(key: str, count: int, **values: float) -> str:
    return text(key, count=count, **values) if count else ""


def _promise(record: _Record, name: str) -> Iterator[Fitted]:
    yield from _constant("promise_days", record.orders, record.orders.promised_at, record.promised, name)


def _constant(number: str, orders: Orders, until: Instants, where: Flags, name: str) -> Iterator[Fitted]:
    """Yield the mean days from purchase until then: the world takes one number for all orders."""
    days = (until - orders.purchased_at)[where] / DAY
    if len(days):
        low, high = np.percentile(days, [10, 90])
        quality = text("fitted.constant", low=low, high=high)
        interval = estimate(days.tolist())
        value = short(float(days.mean()))
        yield Fitted(f"world.{number}", value, interval.low, interval.high, len(days), name, quality)


def _late(record: _Record, name: str) -> Iterator[Fitted]:
    """Yield how many orders are late, and by how much."""
    late, on_time = int(record.late.sum()), int(record.on_time.sum())
    size = late + on_time + int((record.lost & record.ripe).sum())
    if late + on_time:
        quality = qualities(_dispatch_unknown(record), record.left_out())
        yield share("world.late_delivery_rate", late, size, name, quality)
    if late:
        days = (record.arrived - record.orders.promised_at)[record.late] / DAY
        yield mean("world.late_delivery_days", days, name)


def _dispatch_unknown(record: _Record) -> str:
    unknown = record.by_seller.any() and not record.sent.any()
    return text("fitted.dispatch") if unknown else ""


def _early(record: _Record, name: str) -> Iterator[Fitted]:
    """Yield within how many days before the promise orders arrive that are in time."""
    rows, orders = record.on_time, record.orders
    earliness = (orders.promised_at - record.arrived)[rows] / DAY
    if not earliness.any():
        return
    promises = (orders.promised_at - orders.purchased_at)[rows] / DAY
    promise, interval = float(promises.mean()), estimate(earliness.tolist())
    value, low, high = (_span(days, promise) for days in (interval.mean, interval.low, interval.high))
    # What would have come before its purchase comes with it: there is no telling how early that is.
    evenly = earliness[earliness < promises] / min(value, promise)
    distance = float(kstest(np.minimum(evenly, 1.0), "uniform").statistic) if len(evenly) else 1.0
    quality = text("fitted.uniform", distance=distance)
    number = Fitted("world.early_days", short(value), low, high, len(earliness), name, quality)
    yield number if isfinite(low) and isfinite(high) else evolve(number, low=None, high=None)


def _span(days: float | None, promise: float) -> float:
    """Return the days within which arrivals are early by so many on average; infinite for none.

    Uniform up to E days the mean is E/2. No order arrives before its purchase: beyond the promise P the mean is
    P - P²/2E.
    """
    if days is None:
        return inf
    if 2 * days <= promise:
        return 2 * days
    return promise**2 / (2 * (promise - days)) if days < promise else inf


def _lost(record: _Record, name: str) -> Iterator[Fitted]:
    if (record.outcome == DELIVERED).any() and record.ended.any():
        lost = record.lost & record.ended
        stated = int((lost & (record.outcome == LOST)).sum())
        quality = qualities(text("fitted.lost", count=stated) if lost.any() else "", record.left_out())
        yield share("world.lost_rate", int(lost.sum()), int(record.ended.sum()), name, quality)


def _cancelled(record: _Record, name: str) -> Iterator[Fitted]:
    """Yield how many orders are cancelled, unless the file speaks of no cancellation at all."""
    orders = record.orders
    if not record.cancelled.any() and not record.tells_endings:
        return
    waits = (orders.cancelled_at - orders.purchased_at)[record.cancelled & (orders.cancelled_at != NEVER)]
    patience = _patience(waits)
    old = orders.purchased_at + patience <= record.last
    judged = record.by_seller & ~record.silent & old
    if judged.any():
        recent = int((record.by_seller & ~record.silent & ~old).sum())
        left_out = qualities(_count("fitted.recent", recent, days=patience / DAY), record.silence())
        quality = qualities(text("fitted.cancellers"), left_out)
        count = int((record.cancelled & judged).sum())
        yield share("world.seller_cancel_rate", count, int(judged.sum()), name, quality)


def _dispatch(record: _Record, name: str) -> Iterator[Fitted]:
    """Yield until when orders are to be shipped, how many are shipped late, and by how much."""
    orders = record.orders
    dated = record.by_seller & (orders.ship_by != NEVER)
    yield from _constant("handling_days", orders, orders.ship_by, dated, name)
    late = record.lateness[record.sent & (record.lateness > 0)] / DAY
    if record.sent.any():
        yield share("world.late_dispatch_rate", len(late), int(record.sent.sum()), name)
    if len(late):
        yield mean("world.late_dispatch_days", late, name)


def _tracked(record: _Record, name: str) -> Iterator[Fitted]:
    known = record.by_seller & ~record.cancelled & (record.orders.tracked >= 0)
    if known.any():
        count = int((known & (record.orders.tracked == 1)).sum())
        yield share("world.tracking_rate", count, int(known.sum()), name)
