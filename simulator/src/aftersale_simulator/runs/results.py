"""Results: the metrics of one replication over its measured period."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from itertools import chain
from math import fsum, inf
from typing import Literal, NamedTuple

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from aftersale.base.money import decimals
from aftersale.clocks import HOUR, Instant
from aftersale.engine.columns import Running
from aftersale.engine.docket import Docket
from aftersale.engine.tally import Key
from aftersale.metrics.days import Daily, Days
from aftersale.metrics.measures import Measure, measure
from aftersale.metrics.readings import binds, daily, judgements, verdict
from aftersale.metrics.replies import PERCENTILES, ReplyFigures, answer_times, replies_between
from aftersale.order_columns import Orders
from aftersale.policies.metric_kinds import default_metrics
from aftersale.policies.policy import Policies, Policy
from aftersale.rules import Rule
from aftersale_simulator.books.book import Book, books_of
from aftersale_simulator.books.money import COUNTS, LINE, MONEY, Rest, money_of
from aftersale_simulator.desk.crews import overtime_cost
from aftersale_simulator.desk.desk import Desk
from aftersale_simulator.desk.effort import Effort
from aftersale_simulator.desk.suspensions import (
    ACCOUNT,
    ClosureLine,
    Suspensions,
    closure_line,
    first_whole_day,
    orders_lost,
)
from aftersale_simulator.effects.scenario import effects_of
from aftersale_simulator.effects.trace import NO_EFFECTS, Effects, Trace, reads_of
from aftersale_simulator.resolved.scenario import ResolvedScenario
from aftersale_simulator.runs.timeline import Timeline, timeline_of
from aftersale_simulator.scenario.horizon import Horizon
from aftersale_simulator.scenario.model import Scenario
from aftersale_simulator.world.marketplace_run import MarketplaceRun

Unit = Literal["share", "load", "hours", "count", "money"]
"""What the values of a metric are; a load is work over paid time, which overtime takes above 1."""
UNITS: dict[str, Unit] = {
    "late_reply_rate": "share",
    "silence_48h_rate": "share",
    "mean_first_reply_hours": "hours",
    "order_defect_rate": "share",
    "claims": "count",
    "occupancy": "load",
    "labour_cost": "money",
    "contacts": "count",
    "open_at_end": "count",
    "mean_wait_hours": "hours",
    "p50_first_reply_hours": "hours",
    "p90_first_reply_hours": "hours",
    "p95_first_reply_hours": "hours",
    "order_defect_rate_worst_day": "share",
    "review_days": "count",
    **dict.fromkeys(MONEY, "money"),
    **dict.fromkeys(COUNTS, "count"),
}
METRICS = tuple(name for name in UNITS if name not in (*MONEY, *COUNTS))
"""What is judged in every result; plugins add others, which have the unit of what they count. Money stands beside."""
LATE, RATE, COST = "late_reply_rate", "order_defect_rate", "labour_cost"
"""The metrics that decide: late replies, order defects, and what the desk costs."""
LATE_BY_MARKETPLACE = "late_reply_rate_by_marketplace"
"""Late replies as a marketplace's own line counts them: from its own end on, over its own window."""
REVIEW, DEACTIVATED = "review", "deactivated"
REACHED = (REVIEW, DEACTIVATED)
"""What may happen to an account: a review after a target was missed for days running, and deactivation."""


@frozen
class LineVerdict:
    """What came of one target in one replication, on one marketplace or, without a name, for the whole desk.

    `met` is None where there was nothing to judge: nothing counted, too little for the line's floor, or no measured day
    whose window of orders lies within the simulated days. With `above` values below the limit miss it.
    """

    target: str
    marketplace: str
    value: float | None
    limit: float
    met: bool | None
    above: bool = False

    @property
    def excess(self) -> float | None:
        """How far the value is over its limit, as a share of it; below 0 inside of it, None without a verdict."""
        if self.met is None or self.value is None:
            return None
        over = self.limit - self.value if self.above else self.value - self.limit
        return over / self.limit if self.limit else over


class Reason(NamedTuple):
    """Why SimPy ran a replication: the key of a message, and the values that it asks for."""

    key: str
    values: tuple[tuple[str, str], ...]


class Ran(NamedTuple):
    """What ran a replication: `compiled`, `plain` or `simpy`, and why that is SimPy where nobody asked for it."""

    engine: str
    reasons: tuple[Reason, ...] = ()


@frozen
class Result:
    """The result of one replication.

    `metrics` and `by_marketplace` have the names of METRICS and of the metrics that plugins add; further lines of one
    metric are named by their window, such as `late_ticket_rate_7d`. A metric is None if it judges none of these
    marketplaces, or had nothing to count. Rates lie between 0 and 1, times are wall hours, money
    is in the scenario's currency. `review_days` counts the days on which a marketplace's review was due, summed over
    marketplaces. `targets` says of each target whether it was met everywhere, `unmeasured` are those that had nothing
    to count. `counts` are orders, cases, tasks, tasks worked in vain, open cases, and orders lost. `failed` counts the
    cases that plugins failed, by cause. `missed`, by marketplace and deadline, counts the deadlines that began in the
    measured period and passed before anybody acted, with the number of all that ended. `timeline` has the figures of
    every day, `busy_hours` the agents' hours of work in the measured period. `reached` says whether each of REACHED was
    due on any measured day, and whether what plugins name was closed. `lines` are the verdicts behind `targets`,
    `closures` say how near each marketplace came to closing an account or an option. `effects` are those of the
    scenario's settings, `units` what the values of metrics are that have a line. `rests` are the declared numbers that
    money rests on; currencies that are `unrated` leave it unknown. `engine` is what ran it, with the
    `reasons` why that is SimPy where nobody asked for it.
    """

    metrics: dict[str, float | None]
    by_marketplace: dict[str, dict[str, float | None]]
    targets: dict[str, bool]
    counts: dict[str, int]
    failed: dict[str, int] = field(factory=dict)
    missed: dict[str, dict[str, tuple[int, int]]] = field(factory=dict)
    timeline: Timeline | None = None
    busy_hours: float = 0.0
    reached: dict[str, bool] = field(factory=dict)
    unmeasured: tuple[str, ...] = ()
    lines: tuple[LineVerdict, ...] = ()
    closures: tuple[ClosureLine, ...] = ()
    effects: Effects = field(default=NO_EFFECTS, eq=False)
    units: dict[str, Unit] = field(factory=dict, eq=False)
    rests: dict[str, Rest] = field(factory=dict)
    unrated: tuple[str, ...] = ()
    engine: str = field(default="simpy", eq=False)
    reasons: tuple[Reason, ...] = field(default=(), eq=False)

    @property
    def ran(self) -> Ran:
        """What ran it, and why."""
        return Ran(self.engine, self.reasons)


def verdicts(results: Sequence[Result]) -> list[bool | None]:
    """Return for each replication whether all targets were met, None where one of them had nothing to count.

    A target that had nothing to count in any replication decides nothing; where that holds for all of them, nobody can
    tell.
    """
    names = {name for result in results for name in result.targets}
    idle = not names and any(result.unmeasured for result in results)
    return [_verdict(result, names, idle) for result in results]


def _verdict(result: Result, names: Collection[str], idle: bool) -> bool | None:
    if not all(result.targets.values()):
        return False
    return None if idle or len(result.targets) < len(names) else True


@frozen(eq=False)
class Account:
    """One marketplace's figures over the measured period; `judged` has daily order defects and plugins' metrics.

    `judged_days` says by name on which measured days each of those is judged: on all, or on those of evaluation, and
    with orders for which the line holds. `partial` names those of them whose window of orders lies within the simulated
    days on no measured day, `at_least` those that are better the higher they are. `units` has what the values of all
    metrics are that have a line. `figures` are all lines, each after the name of its figure, and `answered` has the
    times from contact to first reply, sorted.
    """

    figures: tuple[tuple[str, Rule], ...]
    replies: ReplyFigures
    answered: NDArray[np.int64]
    judged: dict[str, Daily]
    judged_days: dict[str, NDArray[np.bool_]]
    measured: slice
    claims: int
    open_cases: int
    review_days: int
    closures: tuple[ClosureLine, ...]
    partial: frozenset[str]
    units: dict[str, Unit]
    at_least: frozenset[str]

    @cached_property
    def worst_day(self) -> float | None:
        """The highest order defect rate as of any measured day; None if there was nothing to judge."""
        if RATE not in self.judged:
            return None
        values = self.judged[RATE].values[self.measured][self.judged_days[RATE]]
        told = values[np.isfinite(values)]
        return float(told.max()) if len(told) else None

    @cached_property
    def totals(self) -> dict[str, tuple[float, float]]:
        """By name the sums of numerators and of denominators over the measured days on which it is judged."""
        return {
            name: (
                series.numerator[self.measured][self.judged_days[name]].sum(),
                series.denominator[self.measured][self.judged_days[name]].sum(),
            )
            for name, series in self.judged.items()
        }

    def counted(self, name: str) -> float:
        """How many a figure counts at most on a measured day, or in all of them where it has no days.

        It is 0 where its window was never whole: what was sold before the first simulated day is missing.
        """
        if name in self.partial:
            return 0.0
        if name in self.judged:
            counted = self.judged[name].denominator[self.measured]
            return float(counted[self.judged_days[name]].max(initial=0))
        replies = self.replies
        return {"late_reply_rate": replies.late_known, "silence_48h_rate": replies.silence_known}.get(name, inf)


def figures_of(rules: Sequence[Rule]) -> Iterator[tuple[str, Rule]]:
    """Yield each line with the name of its figure: its metric's, with the window's days where that is another one."""
    windows: dict[str, int] = {}
    for rule in rules:
        name = LATE_BY_MARKETPLACE if _counts_to_its_own_end(rule) else rule.name
        first = windows.setdefault(name, rule.window)
        yield name if rule.window == first else f"{name}_{rule.window}d", rule


def _counts_to_its_own_end(rule: Rule) -> bool:
    """Whether a line is a marketplace's own on late replies, which the handbook's due time does not bind."""
    return rule.name == LATE and rule.set_by == "rule"


def _quotient(numerator: float, denominator: float) -> float | None:
    return float(numerator / denominator) if denominator else None


def result_of(resolved: ResolvedScenario, desk: Desk, runs: Sequence[MarketplaceRun], failed: dict[str, int]) -> Result:
    """Return the result of a run from its desk, its marketplaces' `runs`, and the cases that plugins `failed`."""
    scenario, horizon, docket, effort = resolved.scenario, resolved.horizon, desk.docket, desk.effort
    orders = {run.orders.marketplaces[0]: run.orders for run in runs}
    policies = {name: docket.policy(name) for name in orders}
    running, ended = docket.running(), docket.tally.ended_between(effort.since, effort.until)
    accounts = {
        name: account(marketplace_orders, policies, docket, horizon, effort.since, effort.until, running, ended)
        for name, marketplace_orders in orders.items()
    }
    labour, busy = labour_cost_of(resolved, effort), effort.busy / HOUR
    metrics = {**pool_accounts(list(accounts.values())), **_of_all_teams(resolved, effort, busy, float(labour))}
    by_marketplace = {name: pool_accounts([figures]) for name, figures in accounts.items()}
    plugin_metrics = sorted(metrics.keys() - set(METRICS))
    lines = tuple(_verdicts_on_lines(scenario, accounts, metrics, by_marketplace))
    verdicts = _verdicts(lines)
    closures = tuple(_closures(desk, policies, orders, horizon, accounts))
    books = books_of(resolved, docket, runs, desk.runs, effort.until)
    money = money_of(resolved, books, labour)
    lines_of_costs = [name for name in money.metrics if name.startswith(LINE)]
    return Result(
        {**{name: metrics[name] for name in (*METRICS, *plugin_metrics)}, **money.metrics},
        {name: {**figures, **money.by_marketplace[name]} for name, figures in by_marketplace.items()},
        {name: met for name, met in verdicts.items() if met is not None},
        {
            "orders": sum(map(len, orders.values())),
            "cases": len(docket.cases),
            "tasks": effort.tasks,
            "wasted_tasks": effort.wasted,
            "open_at_end": sum(figures.open_cases for figures in accounts.values()),
            "orders_lost": orders_lost(desk.runs, runs),
        },
        failed,
        {name: _missed(ended, policies[name]) for name in orders},
        _timeline(resolved, desk, orders, accounts),
        busy,
        _reached(accounts.values(), desk.suspensions),
        tuple(name for name, met in verdicts.items() if met is None),
        lines,
        closures,
        _effects(resolved, desk, orders, by_marketplace, bool(verdicts), books.values()),
        {
            **{name: unit for figures in accounts.values() for name, unit in figures.units.items()},
            **dict.fromkeys(lines_of_costs, "money"),
        },
        money.rests,
        money.unrated,
    )


def _effects(
    resolved: ResolvedScenario,
    desk: Desk,
    orders: Mapping[str, Orders],
    figures: Mapping[str, Collection[str]],
    judged: bool,
    books: Iterable[Book],
) -> Effects:
    reads, order_reads = reads_of(resolved)
    tasks, until = frozenset(desk.tasks), desk.effort.until
    booked = frozenset(chain.from_iterable(book.moved for book in books))
    return effects_of(Trace(resolved, orders, desk.docket, tasks, figures, judged, until, reads, order_reads, booked))


def labour_cost_of(resolved: ResolvedScenario, effort: Effort) -> Decimal:
    """Return what the agents' paid hours of the measured period cost, overtime included, to the smallest unit."""
    overtime = {name: spent / HOUR for name, spent in effort.overtime.items()}
    extra = overtime_cost(resolved.scenario, resolved.shared_world, overtime)
    unit = Decimal(1).scaleb(-decimals(resolved.scenario.currency))
    return (resolved.paid_time.cost + Decimal(extra)).quantize(unit, ROUND_HALF_UP)


def _of_all_teams(resolved: ResolvedScenario, effort: Effort, busy: float, labour: float) -> dict[str, float | None]:
    """Return the metrics of the whole desk, which belong to no marketplace; `busy` are the agents' hours of work."""
    waits = effort.waits
    overtime = fsum(spent / HOUR for spent in effort.overtime.values())
    return {
        "occupancy": _quotient(busy, resolved.paid_time.hours + overtime),
        "labour_cost": labour,
        "mean_wait_hours": float(np.mean(waits)) / HOUR if len(waits) else None,
    }


def _timeline(
    resolved: ResolvedScenario, desk: Desk, orders: Mapping[str, Orders], accounts: Mapping[str, Account]
) -> Timeline:
    horizon, docket = resolved.horizon, desk.docket
    days = {name: horizon.local_days(docket.policy(name).marketplace.zone) for name in orders}
    rates = {name: figures.judged[RATE].values for name, figures in accounts.items() if RATE in figures.judged}
    answered = [figures.answered for figures in accounts.values()]
    paid = resolved.paid_time.by_day
    return timeline_of(days, horizon.warm_up, orders, docket, desk.effort, paid, rates, answered)


def _reached(accounts: Collection[Account], suspensions: Suspensions | None) -> dict[str, bool]:
    """Return whether a review, a deactivation or a suspension that plugins name happened on any measured day."""
    closed = (
        {name: bool(marketplaces) for name, marketplaces in suspensions.closed.items()}
        if suspensions is not None
        else {}
    )
    suspended = closed.pop(ACCOUNT, False)
    return {
        REVIEW: any(account.review_days for account in accounts),
        DEACTIVATED: suspended or any(line.missed_on for account in accounts for line in account.closures),
        **closed,
    }


def _missed(ended: Mapping[Key, tuple[int, int]], policy: Policy) -> dict[str, tuple[int, int]]:
    """Return the missed and all ended deadlines that the desk works towards, of those of all marketplaces."""
    marketplace, wanted = policy.marketplace.name, policy.workflow.worked_towards
    return {name: counts for (place, name), counts in ended.items() if place == marketplace and name in wanted}


class _Lines:
    """The lines of one marketplace; daily values of each are worked out once, as several figures read the same line."""

    def __init__(self, policy: Policy, docket: Docket, orders: Orders, days: Days, until: Instant) -> None:
        """Take the lines in force at the end of the period."""
        self.policy, self.days = policy, days
        self.rules = policy.metrics(until - 1)
        self.figures = tuple(figures_of(self.rules))
        self._docket, self._orders = docket, orders
        self._measures: dict[int, Measure] = {}
        self._known: dict[int, Daily] = {}

    def of(self, rule: Rule) -> Daily:
        """Return the daily values of a line."""
        known = self._known.get(id(rule))
        if known is None:
            known = self._known[id(rule)] = self._measure(rule).series(self._docket, self._orders, self.days)
        return known

    def closure(self, figure: str, rule: Rule, measured: range) -> ClosureLine:
        """Return how near a line came to closing the account; where the orders alone say it, it is kept with them."""
        place, kind = self.policy.marketplace.name, self.policy.metric_kinds[rule.name]
        if not self._measure(rule).is_foretold(self._docket.tally):
            return closure_line(ACCOUNT, place, figure, rule, self.of(rule), measured)
        return self._orders.remembered(
            ("closure", figure, rule, kind, self.days, measured),
            lambda: closure_line(ACCOUNT, place, figure, rule, self.of(rule), measured),
        )

    def _measure(self, rule: Rule) -> Measure:
        known = self._measures.get(id(rule))
        if known is None:
            kind = self.policy.metric_kinds[rule.name]
            known = self._measures[id(rule)] = measure(rule, kind, self.policy.marketplace)
        return known


def account(
    orders: Orders,
    policies: Policies,
    docket: Docket,
    horizon: Horizon,
    since: Instant,
    until: Instant,
    running: Running | None = None,
    ended: Mapping[Key, tuple[int, int]] | None = None,
) -> Account:
    """Return one marketplace's figures over the measured period [since, until).

    `running` and `ended` are what `replies_between` takes, where they were looked for already.
    """
    name = orders.marketplaces[0]
    policy, running = policies[name], running or docket.running()
    claims = docket.tally.openings(name, "claim")
    days = Days.spanning(horizon.first, horizon.last, policy.marketplace.zone)
    lines = _Lines(policy, docket, orders, days, until)
    rules = dict(reversed(lines.figures))
    judged = {
        name: rule
        for name, rule in rules.items()
        if rule.name == RATE or rule.name not in default_metrics() or _counts_to_its_own_end(rule)
    }
    series = {name: lines.of(rule) for name, rule in judged.items()}
    measured = slice(horizon.warm_up, horizon.warm_up + horizon.days)
    answered = answer_times(docket, name, since, until)
    return Account(
        lines.figures,
        replies_between(docket, name, since, until, running, ended, answered),
        answered,
        series,
        {name: np.array(binds(rule, series[name]), bool)[measured] for name, rule in judged.items()},
        measured,
        int(claims.counted[claims.began_in(since, until)].sum(dtype=np.int64)),
        running.cases.get(name, 0),
        int(_review_days(lines)[horizon.warm_up :].sum()),
        tuple(_deactivations(lines, range(horizon.warm_up, len(days)))),
        frozenset(name for name, rule in judged.items() if first_whole_day(rule) >= len(days)),
        {name: policy.metric_kinds[rule.name].unit for name, rule in rules.items()},
        frozenset(name for name, rule in judged.items() if rule.direction == "above"),
    )


def _deactivations(lines: _Lines, measured: range) -> Iterator[ClosureLine]:
    """Yield how near each target that costs the account came to being missed on a measured day."""
    return (lines.closure(figure, rule, measured) for figure, rule in lines.figures if rule.state == DEACTIVATED)


def _closures(
    desk: Desk, policies: Policies, orders: Mapping[str, Orders], horizon: Horizon, accounts: Mapping[str, Account]
) -> Iterator[ClosureLine]:
    """Yield how near every marketplace came to closing the account, then each option that plugins name."""
    for name, figures in accounts.items():
        yield from figures.closures
        if desk.suspensions is None:
            continue
        policy = policies[name]
        days = Days.spanning(horizon.first, horizon.last, policy.marketplace.zone)
        for option, rule, looks in desk.suspensions.options(name):
            series = daily(rule, policy, desk.docket, orders[name], days)
            yield closure_line(option, name, rule.name, rule, series, looks)


def _review_days(lines: _Lines) -> NDArray[np.bool_]:
    """Return for each day whether some target has been missed for as many days running as lead to a review.

    Days whose window begins before the simulation tell nothing.
    """
    due = np.zeros(len(lines.days), bool)
    places = np.arange(len(lines.days))
    for rule in lines.rules:
        if rule.running:
            missed = (judgements(rule, lines.of(rule)) == 0) & (places >= first_whole_day(rule))
            last_met = np.maximum.accumulate(np.where(missed, -1, places))
            due |= places - last_met >= rule.running
    return due


def pool_accounts(accounts: Sequence[Account]) -> dict[str, float | None]:
    """Return a seller's metrics over these marketplaces: sums of numerators over sums of denominators.

    Percentiles and the worst day are those of the worst marketplace.
    """
    replies = [account.replies for account in accounts]
    contacts = sum(figures.contacts for figures in replies)
    judged = dict.fromkeys(name for account in accounts for name in account.judged)
    worst = [account.worst_day for account in accounts if account.worst_day is not None]
    return {
        "late_reply_rate": _quotient(sum(f.late for f in replies), sum(f.late_known for f in replies)),
        "silence_48h_rate": _quotient(sum(f.silent for f in replies), sum(f.silence_known for f in replies)),
        "mean_first_reply_hours": _quotient(fsum(f.hours for f in replies), contacts),
        RATE: None,
        **{name: _pooled_metric(accounts, name) for name in judged},
        "claims": float(sum(account.claims for account in accounts)),
        "contacts": float(contacts),
        "open_at_end": float(sum(account.open_cases for account in accounts)),
        **{
            f"p{percentile}_first_reply_hours": max(
                (figures.percentiles[i] for figures in replies if figures.contacts), default=None
            )
            for i, percentile in enumerate(PERCENTILES)
        },
        "review_days": float(sum(account.review_days for account in accounts)),
        "order_defect_rate_worst_day": max(worst, default=None),
    }


def _pooled_metric(accounts: Iterable[Account], name: str) -> float | None:
    """Return a metric over all measured days and all marketplaces that it judges."""
    totals = [account.totals[name] for account in accounts if name in account.totals]
    return _quotient(sum(numerator for numerator, _ in totals), sum(denominator for _, denominator in totals))


def _verdicts_on_lines(
    scenario: Scenario,
    accounts: Mapping[str, Account],
    metrics: Mapping[str, float | None],
    by_marketplace: Mapping[str, Mapping[str, float | None]],
) -> Iterator[LineVerdict]:
    """Yield the verdict on each target on every marketplace that it applies to.

    The scenario's targets replace the handbook's; the marketplaces' own lines apply in any case, from their floors on.
    """
    limits = scenario.targets.limits
    for name, limit in limits.items():
        if name == "occupancy":
            yield _limited(name, "", metrics[name], limit, inf)
            continue
        for marketplace, figures in by_marketplace.items():
            account = accounts[marketplace]
            above = name in account.at_least
            yield _limited(name, marketplace, figures.get(name), limit, account.counted(name), above)
    for marketplace, figures in by_marketplace.items():
        for figure, rule in accounts[marketplace].figures:
            name = figure if figure in figures else rule.name
            if name in figures and not (limits and rule.set_by == "handbook"):
                value = figures[name]
                counted = accounts[marketplace].counted(name)
                met = None if value is None or not counted else verdict(rule, value, counted)
                above = rule.direction == "above"
                yield LineVerdict(name, marketplace, value, float(rule.target or 0), met, above)


def _limited(
    name: str, marketplace: str, value: float | None, limit: float, counted: float, above: bool = False
) -> LineVerdict:
    """Return the verdict on a target that the scenario sets, which has no floor: a single order is enough."""
    met = None
    if value is not None and counted:
        met = value >= limit if above else value <= limit
    return LineVerdict(name, marketplace, value, limit, met, above)


def _verdicts(lines: Iterable[LineVerdict]) -> dict[str, bool | None]:
    """Return for each target whether it was met on every marketplace that could judge it, None without any."""
    met: dict[str, list[bool]] = {}
    for line in lines:
        met.setdefault(line.target, []).extend([] if line.met is None else [line.met])
    return {name: all(values) if values else None for name, values in met.items()}
