"""Closures: what marketplaces close while a run goes on, an account or its Prime option, and what orders this costs."""

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
from aftersale.orders import Order, Orders
from aftersale.policies import Policies, Policy
from aftersale.rules import Rule
from aftersale_simulator.chances import Chances
from aftersale_simulator.desk import Place
from aftersale_simulator.orders import fulfilled_by_marketplace, kept, keys_of
from aftersale_simulator.stage import Stage

ACCOUNT, PRIME = "account", "prime"
"""What a marketplace closes: the offers that the seller fulfils, or the option to fulfil Prime orders."""
PRIME_CHANNEL = "SFP"
PRIME_LINES = {
    "sfp_on_time_delivery": "deliveries_on_time",
    "sfp_valid_tracking": "tracked_shipments",
    "sfp_cancellation": "cancellations",
}
"""Rules that say below, or for cancellations above, which share of Prime orders the option is lost; what they count."""
_WEEK = 7

Flags = NDArray[np.bool_]
Lines = Sequence[tuple[Rule, Measure]]


@frozen(eq=False)
class _Watched:
    """One marketplace's place with the lines for which it closes what, looked at `every` so many days."""

    place: Place
    zone: str
    lines: dict[str, Lines]
    every: int


class Closures:
    """Closes what a missed line costs, when a marketplace looks at an account on a measured day.

    A deactivated account takes no orders that the seller would fulfil for the declared `suspension_days`. A seller who
    misses a line of Prime loses the option for `prime_lost_days`, and with it `prime_lost_share` of such orders, by
    chance. Each is closed once in a run at most: what led to it stays in the windows of the metrics for longer.
    `closed` tells what was, by marketplace.
    """

    def __init__(
        self, places: Sequence[Place], policies: Policies, stage: Stage, until: Instant, chances: Chances
    ) -> None:
        """Watch these marketplaces by the lines in force at the end of the run."""
        self.closed: dict[str, list[str]] = {ACCOUNT: [], PRIME: []}
        self.missing: set[str] = set()
        self._stage, self._chances = stage, chances
        self._gone = {place.orders.marketplaces[0]: np.zeros(len(place.orders), bool) for place in places}
        self._watched = {}
        for place in places:
            policy = policies[place.orders.marketplaces[0]]
            lines = {
                ACCOUNT: _account_lines(policy, until) if place.world["suspension_days"] else (),
                PRIME: _prime_lines(policy, place.orders, until) if place.world["prime_lost_days"] else (),
            }
            every = max(1, round(place.world["account_look_days"]))
            self._watched[policy.marketplace.name] = _Watched(place, policy.marketplace.zone, lines, every)

    def looks(self) -> list[tuple[Instant, str, int]]:
        """Return when whose account is looked at, in order of time, each with the number of the day that ends then."""
        return sorted(
            (int(end), name, day)
            for name, own in self._watched.items()
            if any(own.lines.values())
            for day, end in enumerate(self._stage.local_days(own.zone).bounds[1:].tolist())
            if day >= self._stage.warm_up and (day + 1 - self._stage.warm_up) % own.every == 0
        )

    def look(self, name: str, day: int, at: Instant, docket: Docket) -> None:
        """Look at an account at the end of a day, and close for a while what it misses a line for."""
        own = self._watched[name]
        whole = Days.spanning(self._stage.first, self._stage.last, own.zone)
        today = Days(whole.first + day, whole.first + day, own.zone)
        for what, lines in own.lines.items():
            if name not in self.closed[what] and any(_missed(own, line, today, docket) for line in lines):
                self.closed[what].append(name)
                self._lose(name, own.place, self._lost(what, own.place, at))

    def _lost(self, what: str, place: Place, at: Instant) -> Flags:
        orders, world = place.orders, place.world
        lasts = world["suspension_days" if what == ACCOUNT else "prime_lost_days"]
        inside = (orders.purchased_at >= at) & (orders.purchased_at < at + int(lasts * DAY))
        if what == ACCOUNT:
            return np.asarray(inside & ~fulfilled_by_marketplace(orders))
        draws = self._chances.uniform(keys_of(orders), "prime.lost", orders.marketplaces[0])
        return np.asarray(inside & _prime(orders) & (draws < world["prime_lost_share"]))

    def _lose(self, name: str, place: Place, lost: Flags) -> None:
        self._gone[name] |= lost
        self.missing.update(place.orders.ids[row] for row in np.flatnonzero(lost).tolist())

    def misses(self, order: Order) -> bool:
        """Whether this order is never placed, because of what is closed on its day."""
        return order.id in self.missing

    def placed(self, places: Sequence[Place]) -> Iterator[Place]:
        """Yield the places with the orders that were placed after all."""
        for place in places:
            gone = self._gone[place.orders.marketplaces[0]]
            yield evolve(place, orders=kept(place.orders, ~gone)) if gone.any() else place


def _account_lines(policy: Policy, until: Instant) -> Lines:
    rules = [rule for rule in policy.metrics(until - 1) if rule.state == "deactivated"]
    return [(rule, measure(rule, policy.metric_kinds[rule.name], policy.marketplace)) for rule in rules]


def _prime_lines(policy: Policy, orders: Orders, until: Instant) -> Lines:
    """Return the lines of Prime as metrics over a week of such orders."""
    if not _prime(orders).any():
        return ()
    shares = {rule.name: rule.share for rule in policy.at(until - 1).rulebook.rows if rule.name in PRIME_LINES}
    found = []
    for rule in policy.metrics(until - 1):
        kind = policy.metric_kinds[rule.name]
        for name, counts in PRIME_LINES.items():
            if kind.counts == counts and shares.get(name) is not None:
                line = evolve(rule, target=shares[name], amount=_WEEK, lag=0, channel=(PRIME_CHANNEL,), strict=False)
                found.append((line, measure(line, kind, policy.marketplace)))
    return found


def _prime(orders: Orders) -> Flags:
    codes = [code for code, channel in enumerate(orders.channels) if channel == PRIME_CHANNEL]
    found: Flags = np.isin(orders.channel, codes)
    return found


def _missed(own: _Watched, line: tuple[Rule, Measure], today: Days, docket: Docket) -> bool:
    rule, counted = line
    value = float(counted.read(docket.tally, own.place.orders, today).values[0])
    return bool(np.isfinite(value)) and not meets(rule, value)


def orders_lost(before: Sequence[Place], after: Sequence[Place]) -> int:
    """Return how many orders were never placed."""
    return sum(len(one.orders) - len(other.orders) for one, other in zip(before, after, strict=True))
