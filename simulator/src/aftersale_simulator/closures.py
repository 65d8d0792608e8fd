"""Closures: accounts that marketplaces close while a run goes on, and the orders that the seller then misses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from attrs import evolve, frozen
from numpy.typing import NDArray

from aftersale.clocks import DAY, Instant
from aftersale.days import Days
from aftersale.docket import Docket
from aftersale.measures import Measure, measure
from aftersale.metrics import meets
from aftersale.orders import FULFILLED_BY_MARKETPLACE, Order, Orders
from aftersale.policies import Policies
from aftersale.rules import Rule
from aftersale_simulator.desk import Place
from aftersale_simulator.orders import fulfilled_by_marketplace, kept
from aftersale_simulator.stage import Stage


@frozen(eq=False)
class _Watched:
    """One marketplace's orders with the lines for which it closes accounts.

    It looks at the account `every` so many days, and what it closes stays closed for `lasts`, in microseconds.
    """

    orders: Orders
    zone: str
    lines: Sequence[tuple[Rule, Measure]]
    every: int
    lasts: int


class Closures:
    """Closes an account that, when it is looked at on a measured day, misses a line that it is deactivated for.

    It takes no orders that the seller would fulfil for the declared `suspension_days`, and is closed once in a run at
    most: what led to it stays in the windows of the metrics for longer. `closed` tells from when to when.
    """

    def __init__(self, places: Sequence[Place], policies: Policies, stage: Stage, until: Instant) -> None:
        """Watch these marketplaces by the lines in force at the end of the run."""
        self.closed: dict[str, tuple[Instant, Instant]] = {}
        self._stage = stage
        self._watched = {}
        for place in places:
            policy = policies[place.orders.marketplaces[0]]
            lasts = int(place.world["suspension_days"] * DAY)
            lines = [rule for rule in policy.metrics(until - 1) if rule.state == "deactivated" and lasts]
            counted = [(rule, measure(rule, policy.metric_kinds[rule.name], policy.marketplace)) for rule in lines]
            every = max(1, round(place.world["account_look_days"]))
            own = _Watched(place.orders, policy.marketplace.zone, counted, every, lasts)
            self._watched[policy.marketplace.name] = own

    def looks(self) -> list[tuple[Instant, str, int]]:
        """Return when whose account is looked at, in order of time, each with the number of the day that ends then."""
        return sorted(
            (int(end), name, day)
            for name, own in self._watched.items()
            if own.lines
            for day, end in enumerate(self._stage.local_days(own.zone).bounds[1:].tolist())
            if day >= self._stage.warm_up and (day + 1 - self._stage.warm_up) % own.every == 0
        )

    def look(self, name: str, day: int, at: Instant, docket: Docket) -> None:
        """Look at an account at the end of a day, and close it for a while if it misses a line."""
        own = self._watched[name]
        whole = Days.spanning(self._stage.first, self._stage.last, own.zone)
        today = Days(whole.first + day, whole.first + day, own.zone)
        if name not in self.closed and any(self._missed(own, line, today, docket) for line in own.lines):
            self.closed[name] = at, at + own.lasts

    def _missed(self, own: _Watched, line: tuple[Rule, Measure], today: Days, docket: Docket) -> bool:
        rule, counted = line
        value = float(counted.read(docket.tally, own.orders, today).values[0])
        return bool(np.isfinite(value)) and not meets(rule, value)

    def misses(self, order: Order) -> bool:
        """Whether this order is never placed, because the account is closed on its day."""
        span = self.closed.get(order.marketplace)
        inside = span is not None and span[0] <= order.purchased_at < span[1]
        return inside and order.channel not in FULFILLED_BY_MARKETPLACE

    def placed(self, places: Sequence[Place]) -> Iterator[Place]:
        """Yield the places with the orders that were placed after all."""
        for place in places:
            span = self.closed.get(place.orders.marketplaces[0])
            if span is None:
                yield place
            else:
                orders = kept(place.orders, ~_inside(place.orders, span) | fulfilled_by_marketplace(place.orders))
                yield evolve(place, orders=orders)


def _inside(orders: Orders, span: tuple[Instant, Instant]) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = (orders.purchased_at >= span[0]) & (orders.purchased_at < span[1])
    return found


def orders_lost(before: Sequence[Place], after: Sequence[Place]) -> int:
    """Return how many orders closed accounts missed."""
    return sum(len(one.orders) - len(other.orders) for one, other in zip(before, after, strict=True))

