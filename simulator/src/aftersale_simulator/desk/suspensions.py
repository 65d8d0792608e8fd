"""Suspensions: what marketplaces close during a run, an account or an option of it, and the orders that this costs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import date, timedelta

import numpy as np
from attrs import evolve, frozen
from numpy.typing import NDArray

from aftersale.clocks import DAY, Instant
from aftersale.engine.docket import Docket
from aftersale.metrics.days import Daily, Days, day_number, day_of
from aftersale.metrics.measures import Measure, measure
from aftersale.metrics.readings import judgements, verdict_on
from aftersale.order_columns import Orders
from aftersale.orders import Order
from aftersale.policies.policy import Policies, Policy
from aftersale.policies.worlds import Closure
from aftersale.rules import Rule
from aftersale_simulator.scenario.horizon import Horizon
from aftersale_simulator.world.marketplace_run import MarketplaceRun
from aftersale_simulator.world.orders import fulfilled_by_marketplace, kept, keys_of
from aftersale_simulator.world.random_streams import Streams

ACCOUNT = "account"
"""What every marketplace may close: the offers that the seller fulfils. Plugins name other options."""

Flags = NDArray[np.bool_]


@frozen
class ClosureLine:
    """How near a marketplace came in a run to closing an account or an option of it, by one line of one metric.

    `closes` is ACCOUNT or what plugins name. `worst` is the value of `worst_on`, the day on which the metric was
    farthest over its `limit`, or nearest to it, of those on which it is judged; None where it never was. `missed_on` is
    the first day that missed the line, None if it held. With `above` values below the limit miss it.
    """

    closes: str
    marketplace: str
    metric: str
    limit: float
    above: bool = False
    worst: float | None = None
    worst_on: date | None = None
    missed_on: date | None = None


def first_whole_day(rule: Rule) -> int:
    """Return the first simulated day, from 0, whose window of a metric holds no day before the simulation."""
    return max(0, rule.lag + (rule.amount or 0) - 1, rule.in_days - 1)


def closure_line(
    closes: str, marketplace: str, metric: str, rule: Rule, series: Daily, days: Iterable[int]
) -> ClosureLine:
    """Return how near a line came on these `days` of a series, which are positions in it.

    Days whose window begins before the series are not judged: what was sold before is missing.
    """
    above, met, values = rule.direction == "above", judgements(rule, series), series.values
    line = ClosureLine(closes, marketplace, metric, float(rule.target or 0), above)
    looked = np.fromiter(days, np.int64)
    judged = looked[(met[looked] >= 0) & (looked >= first_whole_day(rule))]
    if not len(judged):
        return line
    worst = int(judged[(np.argmin if above else np.argmax)(values[judged])])
    missed = judged[met[judged] == 0]
    missed_on = _date(series.days, int(missed[0])) if len(missed) else None
    return evolve(line, worst=float(values[worst]), worst_on=_date(series.days, worst), missed_on=missed_on)


def _date(days: Days, position: int) -> date:
    return day_of(days.first + position)


@frozen(eq=False)
class _Judging:
    """On the ends of which simulated days, from 0, a line is judged, and which of them miss it by the orders alone."""

    days: Collection[int]
    missed: Collection[int]

    @classmethod
    def of(cls, rule: Rule, metric: Measure, orders: Orders, horizon: Horizon, every: int) -> _Judging:
        """Return the days of a line of an account that is looked at `every` so many days."""
        metric.prepare(orders)
        first = first_whole_day(rule)
        days = frozenset(day for day in _looks(rule, horizon, every) if day >= first)
        series = metric.foretold(orders, Days.spanning(horizon.first, horizon.last, metric.zone))
        missed = np.flatnonzero(judgements(rule, series) == 0).tolist() if series is not None else ()
        return cls(days, frozenset(missed))


@frozen(eq=False)
class _Line:
    """A line that closes something, its metric, and the days on which it is judged."""

    rule: Rule
    metric: Measure
    judging: _Judging

    @classmethod
    def of(cls, rule: Rule, policy: Policy, orders: Orders, horizon: Horizon, every: int) -> _Line:
        """Return a line of an account that is looked at `every` so many days."""
        kind = policy.metric_kinds[rule.name]
        metric = measure(rule, kind, policy.marketplace)
        key = "judging", rule, kind, metric.name, metric.zone, horizon, every
        return cls(rule, metric, orders.remembered(key, lambda: _Judging.of(rule, metric, orders, horizon, every)))

    def is_missed(self, orders: Orders, first: int, day: int, docket: Docket) -> bool:
        """Whether the line is missed at the end of a day, from 0; `first` is the number of the first one."""
        if day not in self.judging.days:
            return False
        if self.metric.is_foretold(docket.tally):
            return day in self.judging.missed
        figure = self.metric.on(docket, orders, first + day)
        return verdict_on(self.rule, day_of(first + day), figure) is False


def _looks(rule: Rule, horizon: Horizon, every: int) -> list[int]:
    """Return the measured days, from the first simulated one on, with whose ends a line is looked at, sorted.

    For a line that is judged on one day of each month these are those days.
    """
    if rule.judged_on is None:
        return list(range(horizon.warm_up + every - 1, horizon.warm_up + horizon.days, every))
    measured = range(horizon.warm_up, horizon.warm_up + horizon.days)
    return [day for day in measured if (horizon.first + timedelta(day)).day == rule.judged_on]


@frozen(eq=False)
class Sanction:
    """What is closed when a line of one of these rules is missed: `orders` marks what is lost in the next `days`."""

    what: str
    rules: Sequence[Rule]
    orders: Callable[[], Flags]
    days: float


@frozen(eq=False)
class _Account:
    """One marketplace's orders with their possible sanctions; the marketplace looks at them `every` so many days."""

    orders: Orders
    zone: str
    sanctions: Sequence[tuple[Sanction, Sequence[_Line]]]
    every: int


class Suspensions:
    """Applies the sanctions of missed lines, when a marketplace looks at an account on a measured day.

    A deactivated account takes no orders that the seller would fulfil for the declared `suspension_days`. Plugins say
    what else may be closed, for which lines and at which cost. Each is closed at most once in a run, because its cause
    stays longer in the windows of the metrics. `closed` are the marketplaces where it was closed, by what is closed.
    """

    def __init__(
        self, runs: Sequence[MarketplaceRun], policies: Policies, horizon: Horizon, until: Instant, streams: Streams
    ) -> None:
        """Watch these marketplaces by the lines in force at the end of the run."""
        self.missing: set[str] = set()
        self._horizon, self._first = horizon, day_number(horizon.first)
        self._lost = {run.orders.marketplaces[0]: np.zeros(len(run.orders), bool) for run in runs}
        self._accounts = {}
        names = dict.fromkeys(closure.name for run in runs for closure in run.world.closures)
        self.closed: dict[str, list[str]] = {ACCOUNT: [], **{name: [] for name in names}}
        for run in runs:
            policy = policies[run.orders.marketplaces[0]]
            closures = (_sanction(closure, run, policy, until, streams) for closure in run.world.closures)
            closing = [sanction for sanction in (_suspension(run, policy, until), *closures) if sanction.rules]
            every = max(1, round(run.world["account_look_days"])) if closing else 1
            sanctions = [
                (each, [_Line.of(rule, policy, run.orders, horizon, every) for rule in each.rules]) for each in closing
            ]
            self._accounts[policy.marketplace.name] = _Account(run.orders, policy.marketplace.zone, sanctions, every)

    def looks(self) -> list[tuple[Instant, str, int]]:
        """Return (instant, marketplace, number of the day that ends then) of all looks at accounts, by time."""
        looks = []
        for name, account in self._accounts.items():
            rules = {rule.judged_on: rule for sanction, _ in account.sanctions for rule in sanction.rules}
            days = {day for rule in rules.values() for day in _looks(rule, self._horizon, account.every)}
            bounds = self._horizon.local_days(account.zone).bounds.tolist()
            looks += [(bounds[day + 1], name, day) for day in days]
        return sorted(looks)

    def look(self, name: str, day: int, at: Instant, docket: Docket) -> None:
        """Look at an account at the end of a day, and apply the sanctions of the lines that it misses.

        A line is not judged as long as its window begins before the first simulated day.
        """
        account = self._accounts[name]
        for sanction, lines in account.sanctions:
            closed = self.closed[sanction.what]
            if name in closed:
                continue
            if any(line.is_missed(account.orders, self._first, day, docket) for line in lines):
                closed.append(name)
                self._lose(name, account.orders, sanction, at)

    def options(self, name: str) -> Iterator[tuple[str, Rule, list[int]]]:
        """Yield each option of an account that may be closed, with a line that closes it, and the days of the looks."""
        account = self._accounts[name]
        for sanction, _ in account.sanctions:
            if sanction.what != ACCOUNT:
                for rule in sanction.rules:
                    yield sanction.what, rule, _looks(rule, self._horizon, account.every)

    def _lose(self, name: str, orders: Orders, sanction: Sanction, at: Instant) -> None:
        coming = (orders.purchased_at >= at) & (orders.purchased_at < at + int(sanction.days * DAY))
        lost = coming & sanction.orders()
        self._lost[name] |= lost
        self.missing.update(orders.ids[row] for row in np.flatnonzero(lost).tolist())

    def misses(self, order: Order) -> bool:
        """Whether this order is never placed, because of a sanction on its day."""
        return order.id in self.missing

    def placed(self, runs: Sequence[MarketplaceRun]) -> Iterator[MarketplaceRun]:
        """Yield the marketplaces' runs with the orders that were placed."""
        for run in runs:
            lost = self._lost[run.orders.marketplaces[0]]
            yield evolve(run, orders=kept(run.orders, ~lost)) if lost.any() else run


def _suspension(run: MarketplaceRun, policy: Policy, until: Instant) -> Sanction:
    """Return what a deactivated account loses, with every metric whose line leads to deactivation."""
    rules = [rule for rule in policy.metrics(until - 1) if rule.state == "deactivated"]
    days = run.world["suspension_days"] if rules else 0.0
    return Sanction(ACCOUNT, rules if days else (), lambda: ~fulfilled_by_marketplace(run.orders), days)


def _sanction(closure: Closure, run: MarketplaceRun, policy: Policy, until: Instant, streams: Streams) -> Sanction:
    """Return what the loss of an option costs, with its lines as metrics of its channel's orders over its days."""
    orders = run.orders
    code = orders.channels.index(closure.channel) if closure.channel in orders.channels else -1
    days = run.world[closure.lasts_days] if (orders.channel == code).any() else 0.0
    share = run.world[closure.share] if days else 0.0

    def lost() -> Flags:
        draws = streams.uniform(keys_of(orders), f"closure.{closure.name}", orders.marketplaces[0])
        flags: Flags = (orders.channel == code) & (draws < share)
        return flags

    return Sanction(closure.name, list(_rules(closure, policy, until)) if days else (), lost, days)


def _rules(closure: Closure, policy: Policy, until: Instant) -> Iterator[Rule]:
    terms = policy.at(until - 1)
    shares = {rule.name: rule.share for rule in terms.rulebook.rows if rule.name in closure.lines}
    for name, counts in closure.lines.items():
        # Of several lines of a metric any will do: window, target and floor are the closure's own.
        rule = next((row for _, row in terms.lines if policy.metric_kinds[row.name].counts == counts), None)
        share = shares.get(name)
        if rule is not None and share is not None:
            channels, floor = (closure.channel,), terms.floor(name)
            line = evolve(rule, target=share, amount=closure.days, lag=0, channel=channels, strict=False)
            line = evolve(line, floor_orders=floor, floor_cases=0, judged_on=None)
            yield evolve(line, in_days=0, if_orders_at_least=None, if_orders_below=None)


def orders_lost(before: Sequence[MarketplaceRun], after: Sequence[MarketplaceRun]) -> int:
    """Return how many orders were never placed."""
    return sum(len(first.orders) - len(second.orders) for first, second in zip(before, after, strict=True))
