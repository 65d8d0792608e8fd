"""Suspensions: what marketplaces close while a run goes on, an account or an option of it, at the cost of orders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from attrs import evolve, frozen
from numpy.typing import NDArray

from aftersale.clocks import DAY, Instant
from aftersale.engine.docket import Docket
from aftersale.metrics.days import Days
from aftersale.metrics.measures import Measure, measure
from aftersale.metrics.readings import meets
from aftersale.orders import Order, Orders
from aftersale.policies.policy import Policies, Policy
from aftersale.policies.worlds import Closure
from aftersale.rules import Rule
from aftersale_simulator.scenario.horizon import Horizon
from aftersale_simulator.world.marketplace_run import MarketplaceRun
from aftersale_simulator.world.orders import fulfilled_by_marketplace, kept, keys_of
from aftersale_simulator.world.random_streams import Streams

ACCOUNT = "account"
"""What every marketplace may close: the offers that the seller fulfils. Plugins name other things."""

Flags = NDArray[np.bool_]
Lines = Sequence[tuple[Rule, Measure]]


@frozen(eq=False)
class Sanction:
    """What is closed when one of these lines is missed: which orders are lost, of those of the next so many days."""

    what: str
    lines: Lines
    orders: Flags
    days: float


@frozen(eq=False)
class _Watched:
    """One marketplace's orders with what threatens them, looked at `every` so many days."""

    orders: Orders
    zone: str
    sanctions: tuple[Sanction, ...]
    every: int


class Suspensions:
    """Closes what a missed line costs, when a marketplace looks at an account on a measured day.

    A deactivated account takes no orders that the seller would fulfil for the declared `suspension_days`. What else may
    be closed, for which lines and at which cost, plugins say. Each is closed once in a run at most: what led to it
    stays in the windows of the metrics for longer. `closed` tells what was, by marketplace.
    """

    def __init__(
        self, places: Sequence[MarketplaceRun], policies: Policies, horizon: Horizon, until: Instant, streams: Streams
    ) -> None:
        """Watch these marketplaces by the lines in force at the end of the run."""
        self.missing: set[str] = set()
        self._horizon = horizon
        self._gone = {place.orders.marketplaces[0]: np.zeros(len(place.orders), bool) for place in places}
        self._watched = {}
        names = dict.fromkeys(closure.name for place in places for closure in place.world.closures)
        self.closed: dict[str, list[str]] = {ACCOUNT: [], **{name: [] for name in names}}
        for place in places:
            policy = policies[place.orders.marketplaces[0]]
            closures = (_sanction(closure, place, policy, until, streams) for closure in place.world.closures)
            sanctions = tuple(sanction for sanction in (_suspension(place, policy, until), *closures) if sanction.lines)
            every = max(1, round(place.world["account_look_days"]))
            self._watched[policy.marketplace.name] = _Watched(place.orders, policy.marketplace.zone, sanctions, every)

    def looks(self) -> list[tuple[Instant, str, int]]:
        """Return when whose account is looked at, in order of time, each with the number of the day that ends then."""
        return sorted(
            (int(end), name, day)
            for name, own in self._watched.items()
            if own.sanctions
            for day, end in enumerate(self._horizon.local_days(own.zone).bounds[1:].tolist())
            if day >= self._horizon.warm_up and (day + 1 - self._horizon.warm_up) % own.every == 0
        )

    def look(self, name: str, day: int, at: Instant, docket: Docket) -> None:
        """Look at an account at the end of a day, and close for a while what it misses a line for."""
        own = self._watched[name]
        whole = Days.spanning(self._horizon.first, self._horizon.last, own.zone)
        today = Days(whole.first + day, whole.first + day, own.zone)
        for sanction in own.sanctions:
            closed = self.closed[sanction.what]
            if name not in closed and any(_missed(own.orders, line, today, docket) for line in sanction.lines):
                closed.append(name)
                self._lose(name, own.orders, sanction, at)

    def _lose(self, name: str, orders: Orders, sanction: Sanction, at: Instant) -> None:
        soon = (orders.purchased_at >= at) & (orders.purchased_at < at + int(sanction.days * DAY))
        lost = soon & sanction.orders
        self._gone[name] |= lost
        self.missing.update(orders.ids[row] for row in np.flatnonzero(lost).tolist())

    def misses(self, order: Order) -> bool:
        """Whether this order is never placed, because of what is closed on its day."""
        return order.id in self.missing

    def placed(self, places: Sequence[MarketplaceRun]) -> Iterator[MarketplaceRun]:
        """Yield the places with the orders that were placed after all."""
        for place in places:
            gone = self._gone[place.orders.marketplaces[0]]
            yield evolve(place, orders=kept(place.orders, ~gone)) if gone.any() else place


def _suspension(place: MarketplaceRun, policy: Policy, until: Instant) -> Sanction:
    """Return what a deactivated account loses, by every metric whose line leads to that."""
    days = place.world["suspension_days"]
    rules = [rule for rule in policy.metrics(until - 1) if rule.state == "deactivated"] if days else []
    lines = [(rule, measure(rule, policy.metric_kinds[rule.name], policy.marketplace)) for rule in rules]
    return Sanction(ACCOUNT, lines, ~fulfilled_by_marketplace(place.orders), days)


def _sanction(closure: Closure, place: MarketplaceRun, policy: Policy, until: Instant, streams: Streams) -> Sanction:
    """Return what the loss of an option costs, by its lines as metrics over its days of its channel's orders."""
    orders, days = place.orders, place.world[closure.lasts_days]
    channel = np.isin(orders.channel, [code for code, name in enumerate(orders.channels) if name == closure.channel])
    if not days or not channel.any():
        return Sanction(closure.name, (), channel, days)
    draws = streams.uniform(keys_of(orders), f"closure.{closure.name}", orders.marketplaces[0])
    lost = channel & (draws < place.world[closure.share])
    return Sanction(closure.name, list(_lines(closure, policy, until)), lost, days)


def _lines(closure: Closure, policy: Policy, until: Instant) -> Iterator[tuple[Rule, Measure]]:
    shares = {rule.name: rule.share for rule in policy.at(until - 1).rulebook.rows if rule.name in closure.lines}
    for rule in policy.metrics(until - 1):
        kind = policy.metric_kinds[rule.name]
        for name, counts in closure.lines.items():
            share = shares.get(name)
            if kind.counts == counts and share is not None:
                where = (closure.channel,)
                line = evolve(rule, target=share, amount=closure.days, lag=0, channel=where, strict=False)
                yield line, measure(line, kind, policy.marketplace)


def _missed(orders: Orders, line: tuple[Rule, Measure], today: Days, docket: Docket) -> bool:
    rule, counted = line
    value = float(counted.read(docket.tally, orders, today).values[0])
    return bool(np.isfinite(value)) and not meets(rule, value)


def orders_lost(before: Sequence[MarketplaceRun], after: Sequence[MarketplaceRun]) -> int:
    """Return how many orders were never placed."""
    return sum(len(one.orders) - len(other.orders) for one, other in zip(before, after, strict=True))
