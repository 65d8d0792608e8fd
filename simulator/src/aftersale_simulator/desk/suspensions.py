"""Suspensions: what marketplaces close during a run, an account or an option of it, and the orders that this costs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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
Lines = Sequence[tuple[Rule, Measure]]


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
class Sanction:
    """What is closed when one of these lines is missed: `orders` marks those that are lost in the next `days`."""

    what: str
    lines: Lines
    orders: Flags
    days: float


@frozen(eq=False)
class _Account:
    """One marketplace's orders with their possible sanctions; the marketplace looks at them `every` so many days."""

    orders: Orders
    zone: str
    sanctions: tuple[Sanction, ...]
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
        self._horizon = horizon
        self._lost = {run.orders.marketplaces[0]: np.zeros(len(run.orders), bool) for run in runs}
        self._accounts = {}
        names = dict.fromkeys(closure.name for run in runs for closure in run.world.closures)
        self.closed: dict[str, list[str]] = {ACCOUNT: [], **{name: [] for name in names}}
        for run in runs:
            policy = policies[run.orders.marketplaces[0]]
            closures = (_sanction(closure, run, policy, until, streams) for closure in run.world.closures)
            sanctions = tuple(sanction for sanction in (_suspension(run, policy, until), *closures) if sanction.lines)
            for _, metric in (line for sanction in sanctions for line in sanction.lines):
                metric.prepare(run.orders)
            every = max(1, round(run.world["account_look_days"])) if sanctions else 1
            self._accounts[policy.marketplace.name] = _Account(run.orders, policy.marketplace.zone, sanctions, every)

    def looks(self) -> list[tuple[Instant, str, int]]:
        """Return (instant, marketplace, number of the day that ends then) of all looks at accounts, by time."""
        looks = []
        for name, account in self._accounts.items():
            rules = (rule for sanction in account.sanctions for rule, _ in sanction.lines)
            bounds = self._horizon.local_days(account.zone).bounds
            looks += [(int(bounds[day + 1]), name, day) for day in self._days_of(account, rules)]
        return sorted(looks)

    def _days_of(self, account: _Account, rules: Iterable[Rule]) -> list[int]:
        """Return the days with whose ends some of these lines of an account are looked at, sorted.

        For lines that are judged on one day of each month these are those days.
        """
        horizon, days = self._horizon, set[int]()
        for judged_on in {rule.judged_on for rule in rules}:
            if judged_on is None:
                days.update(range(horizon.warm_up + account.every - 1, horizon.warm_up + horizon.days, account.every))
            else:
                measured = range(horizon.warm_up, horizon.warm_up + horizon.days)
                days.update(day for day in measured if (horizon.first + timedelta(day)).day == judged_on)
        return sorted(days)

    def look(self, name: str, day: int, at: Instant, docket: Docket) -> None:
        """Look at an account at the end of a day, and apply the sanctions of the lines that it misses.

        A line is not judged as long as its window begins before the first simulated day.
        """
        account = self._accounts[name]
        today = day_number(self._horizon.first) + day
        for sanction in account.sanctions:
            closed = self.closed[sanction.what]
            if name in closed:
                continue
            lines = (line for line in sanction.lines if self._judges(account, line[0], day))
            if any(_is_missed(account.orders, line, today, docket) for line in lines):
                closed.append(name)
                self._lose(name, account.orders, sanction, at)

    def _judges(self, account: _Account, rule: Rule, day: int) -> bool:
        """Whether a line is judged when the account is looked at with the end of a day."""
        if day < first_whole_day(rule):
            return False
        if rule.judged_on is not None:
            return (self._horizon.first + timedelta(day)).day == rule.judged_on
        return (day - self._horizon.warm_up + 1) % account.every == 0

    def options(self, name: str) -> Iterator[tuple[str, Rule, list[int]]]:
        """Yield each option of an account that may be closed, with a line that closes it, and the days of the looks."""
        account = self._accounts[name]
        for sanction in account.sanctions:
            if sanction.what != ACCOUNT:
                for rule, _ in sanction.lines:
                    yield sanction.what, rule, self._days_of(account, [rule])

    def _lose(self, name: str, orders: Orders, sanction: Sanction, at: Instant) -> None:
        coming = (orders.purchased_at >= at) & (orders.purchased_at < at + int(sanction.days * DAY))
        lost = coming & sanction.orders
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
    rules = rules if days else []
    lines = [(rule, measure(rule, policy.metric_kinds[rule.name], policy.marketplace)) for rule in rules]
    return Sanction(ACCOUNT, lines, ~fulfilled_by_marketplace(run.orders), days)


def _sanction(closure: Closure, run: MarketplaceRun, policy: Policy, until: Instant, streams: Streams) -> Sanction:
    """Return what the loss of an option costs, with its lines as metrics of its channel's orders over its days."""
    orders = run.orders
    channel = np.isin(orders.channel, [code for code, name in enumerate(orders.channels) if name == closure.channel])
    days = run.world[closure.lasts_days] if channel.any() else 0.0
    if not days:
        return Sanction(closure.name, (), channel, days)
    draws = streams.uniform(keys_of(orders), f"closure.{closure.name}", orders.marketplaces[0])
    lost = channel & (draws < run.world[closure.share])
    return Sanction(closure.name, list(_lines(closure, policy, until)), lost, days)


def _lines(closure: Closure, policy: Policy, until: Instant) -> Iterator[tuple[Rule, Measure]]:
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
            line = evolve(line, in_days=0, if_orders_at_least=None, if_orders_below=None)
            yield line, measure(line, policy.metric_kinds[rule.name], policy.marketplace)


def _is_missed(orders: Orders, line: tuple[Rule, Measure], day: int, docket: Docket) -> bool:
    rule, metric = line
    return verdict_on(rule, day_of(day), metric.on(docket, orders, day)) is False


def orders_lost(before: Sequence[MarketplaceRun], after: Sequence[MarketplaceRun]) -> int:
    """Return how many orders were never placed."""
    return sum(len(first.orders) - len(second.orders) for first, second in zip(before, after, strict=True))
