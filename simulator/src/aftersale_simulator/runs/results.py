"""Results: the metrics of one replication over its measured period."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import chain
from math import inf

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from aftersale.clocks import HOUR, Instant
from aftersale.engine.docket import Docket
from aftersale.metrics.days import Daily, Days
from aftersale.metrics.readings import daily, verdict, verdicts as verdicts_of
from aftersale.metrics.replies import PERCENTILES, ReplyFigures, replies_between
from aftersale.orders import Orders
from aftersale.policies.metric_kinds import default_metrics
from aftersale.policies.policy import Policies, Policy
from aftersale.rules import EVERYWHERE, Rule
from aftersale_simulator.desk.crews import overtime_cost
from aftersale_simulator.desk.desk import Desk
from aftersale_simulator.desk.effort import Effort
from aftersale_simulator.desk.shifts import labour_cost, paid_hours
from aftersale_simulator.desk.suspensions import ACCOUNT, Suspensions, orders_lost
from aftersale_simulator.effects.scenario import effects_of
from aftersale_simulator.effects.trace import NO_EFFECTS, Effects, Trace, reads_of
from aftersale_simulator.resolved.scenario import ResolvedScenario
from aftersale_simulator.runs.timeline import Timeline, timeline_of
from aftersale_simulator.scenario.horizon import Horizon
from aftersale_simulator.scenario.model import Scenario
from aftersale_simulator.world.marketplace_run import MarketplaceRun

METRICS = (
    "late_reply_rate",
    "silence_48h_rate",
    "mean_first_reply_hours",
    "order_defect_rate",
    "claims",
    "occupancy",
    "labour_cost",
    "contacts",
    "open_at_end",
    "mean_wait_hours",
    "p50_first_reply_hours",
    "p90_first_reply_hours",
    "p95_first_reply_hours",
    "order_defect_rate_worst_day",
    "review_days",
)
LATE, RATE, COST = "late_reply_rate", "order_defect_rate", "labour_cost"
"""The metrics that decide: late replies, order defects, and what variants are ranked by."""
REACHED = ("review", "deactivated")
"""What may happen to an account: a review after a target was missed for days running, and deactivation."""
LIMITS = ("late_reply_rate", "silence_48h_rate", "mean_first_reply_hours", "order_defect_rate", "occupancy")


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
    due on any measured day, and whether what plugins name was closed. `effects` are those of the scenario's settings.
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
    effects: Effects = NO_EFFECTS


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
    """One marketplace's figures over the measured period; `judged` has daily order defects and plugins' metrics."""

    replies: ReplyFigures
    judged: dict[str, Daily]
    measured: slice
    claims: int
    open_cases: int
    review_days: int
    deactivated: bool

    @property
    def worst_day(self) -> float | None:
        """The highest order defect rate as of any measured day; None if there was nothing to judge."""
        if RATE not in self.judged:
            return None
        values = self.judged[RATE].values[self.measured]
        return float(np.nanmax(values)) if np.isfinite(values).any() else None

    def counted(self, name: str) -> float:
        """How many a figure counts at most on a measured day, or in all of them where it has no days."""
        if name in self.judged:
            return float(self.judged[name].denominator[self.measured].max(initial=0))
        replies = self.replies
        return {"late_reply_rate": replies.late_known, "silence_48h_rate": replies.silence_known}.get(name, inf)


def figures_of(rules: Sequence[Rule]) -> Iterator[tuple[str, Rule]]:
    """Yield each line with the name of its figure: its metric's, with the window's days where that is another one."""
    windows: dict[str, int] = {}
    for rule in rules:
        first = windows.setdefault(rule.name, rule.window)
        yield rule.name if rule.window == first else f"{rule.name}_{rule.window}d", rule


def _quotient(numerator: float, denominator: float) -> float | None:
    return float(numerator / denominator) if denominator else None


def result_of(resolved: ResolvedScenario, desk: Desk, runs: Sequence[MarketplaceRun], failed: dict[str, int]) -> Result:
    """Return the result of a run from its desk, its marketplaces' `runs`, and the cases that plugins `failed`."""
    scenario, horizon, docket, effort = resolved.scenario, resolved.horizon, desk.docket, desk.effort
    orders = {run.orders.marketplaces[0]: run.orders for run in runs}
    policies = {name: docket.policy(name) for name in orders}
    accounts = {
        name: account(marketplace_orders, policies, docket, horizon, effort.since, effort.until)
        for name, marketplace_orders in orders.items()
    }
    metrics = {**pool_accounts(list(accounts.values())), **_of_all_teams(resolved, effort)}
    by_marketplace = {name: pool_accounts([figures]) for name, figures in accounts.items()}
    plugin_metrics = sorted(metrics.keys() - set(METRICS))
    verdicts = _verdicts(scenario, policies, accounts, metrics, effort.until)
    return Result(
        {name: metrics[name] for name in (*METRICS, *plugin_metrics)},
        by_marketplace,
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
        {name: _missed(docket, policies[name], effort.since, effort.until) for name in orders},
        _timeline(resolved, desk, orders, accounts),
        effort.busy / HOUR,
        _reached(accounts.values(), desk.suspensions),
        tuple(name for name, met in verdicts.items() if met is None),
        _effects(resolved, desk, orders, by_marketplace, bool(verdicts)),
    )


def _effects(
    resolved: ResolvedScenario,
    desk: Desk,
    orders: Mapping[str, Orders],
    figures: Mapping[str, Collection[str]],
    judged: bool,
) -> Effects:
    reads, order_reads = reads_of(resolved)
    tasks, until = frozenset(desk.tasks), desk.effort.until
    return effects_of(Trace(resolved, orders, desk.docket, tasks, figures, judged, until, reads, order_reads))


def _of_all_teams(resolved: ResolvedScenario, effort: Effort) -> dict[str, float | None]:
    """Return the metrics of the whole desk, which belong to no marketplace."""
    hours, cost = _labour(resolved, effort.since, effort.until)
    overtime = {name: spent / HOUR for name, spent in effort.overtime.items()}
    hours, cost = (
        hours + sum(overtime.values()),
        cost + overtime_cost(resolved.scenario, resolved.shared_world, overtime),
    )
    return {
        "occupancy": _quotient(effort.busy / HOUR, hours),
        "labour_cost": cost,
        "mean_wait_hours": float(np.mean(effort.waits)) / HOUR if len(effort.waits) else None,
    }


def _timeline(
    resolved: ResolvedScenario, desk: Desk, orders: Mapping[str, Orders], accounts: Mapping[str, Account]
) -> Timeline:
    horizon, docket = resolved.horizon, desk.docket
    days = {name: horizon.local_days(docket.policy(name).marketplace.zone) for name in orders}
    windows = chain.from_iterable(resolved.windows(name) for name in resolved.windows_by_shift)
    rates = {name: figures.judged[RATE].values for name, figures in accounts.items() if RATE in figures.judged}
    return timeline_of(days, horizon.warm_up, orders, docket, desk.effort, windows, rates)


def _reached(accounts: Collection[Account], suspensions: Suspensions | None) -> dict[str, bool]:
    """Return whether a review, a deactivation or a suspension that plugins name happened on any measured day."""
    closed = (
        {name: bool(marketplaces) for name, marketplaces in suspensions.closed.items()}
        if suspensions is not None
        else {}
    )
    suspended = closed.pop(ACCOUNT, False)
    return {
        "review": any(account.review_days for account in accounts),
        "deactivated": any(account.deactivated for account in accounts) or suspended,
        **closed,
    }


def _missed(docket: Docket, policy: Policy, since: Instant, until: Instant) -> dict[str, tuple[int, int]]:
    """Count the missed and all ended deadlines that put a task on the desk; others end by themselves as they should."""
    marketplace, workflow = policy.marketplace.name, policy.workflow
    with_task = {name for kind, state, _ in workflow.tasks() for name in workflow.state(kind, state).opens}
    counts: dict[str, tuple[int, int]] = {}
    for name in filter(with_task.__contains__, docket.tally.deadlines(marketplace)):
        endings = docket.tally.endings(marketplace, name)
        measured = (endings.started >= since) & (endings.started < until)
        counts[name] = (
            int(endings.late[measured].sum(dtype=np.int64)),
            int(endings.counted[measured].sum(dtype=np.int64)),
        )
    return counts


def account(
    orders: Orders, policies: Policies, docket: Docket, horizon: Horizon, since: Instant, until: Instant
) -> Account:
    """Return one marketplace's figures over the measured period [since, until)."""
    name = orders.marketplaces[0]
    policy = policies[name]
    cases = [case for case in docket.cases.values() if case.marketplace == name]
    waiting = [case for case in cases if case.deadlines]
    days = Days.spanning(horizon.first, horizon.last, policy.marketplace.zone)
    rules = dict(reversed(list(figures_of(policy.metrics(until - 1)))))
    judged = {name: rule for name, rule in rules.items() if rule.name == RATE or rule.name not in default_metrics()}
    return Account(
        replies_between(docket, name, since, until),
        {name: daily(rule, policy, docket, orders, days) for name, rule in judged.items()},
        slice(horizon.warm_up, horizon.warm_up + horizon.days),
        sum(case.kind == "claim" and since <= case.opened_at < until for case in cases),
        len(waiting),
        int(_review_days(policy, docket, orders, days, until)[horizon.warm_up :].sum()),
        _deactivated(policy, docket, orders, days, until, horizon),
    )


def _deactivated(policy: Policy, docket: Docket, orders: Orders, days: Days, until: Instant, horizon: Horizon) -> bool:
    """Whether a target that costs the account was missed on some measured day."""
    lines = [rule for rule in policy.metrics(until - 1) if rule.state == "deactivated"]
    judged = (verdicts_of(rule, daily(rule, policy, docket, orders, days))[horizon.warm_up :] for rule in lines)
    return any(False in by_day for by_day in judged)


def _review_days(policy: Policy, docket: Docket, orders: Orders, days: Days, until: Instant) -> NDArray[np.bool_]:
    """Return for each day whether some target has been missed for as many days running as lead to a review."""
    due = np.zeros(len(days), bool)
    for rule in policy.metrics(until - 1):
        if rule.running:
            running = 0
            for day, met in enumerate(verdicts_of(rule, daily(rule, policy, docket, orders, days))):
                running = running + 1 if met is False else 0
                due[day] |= running >= rule.running
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
        "mean_first_reply_hours": _quotient(sum(f.hours for f in replies), contacts),
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
    days = [(figures.judged[name], figures.measured) for figures in accounts if name in figures.judged]
    numerator = sum(values.numerator[measured].sum() for values, measured in days)
    return _quotient(numerator, sum(values.denominator[measured].sum() for values, measured in days))


def _labour(resolved: ResolvedScenario, since: Instant, until: Instant) -> tuple[float, float]:
    """Return the agents' paid hours of the measured period and their cost."""
    hours, cost = 0.0, Decimal(0)
    for name, team in resolved.scenario.team.items():
        windows = resolved.windows(name)
        hours += paid_hours(windows, since, until)
        cost += labour_cost(team, windows, since, until, resolved.scenario.currency).amount
    return hours, float(cost)


def _verdicts(
    scenario: Scenario,
    policies: Policies,
    accounts: Mapping[str, Account],
    metrics: Mapping[str, float | None],
    until: Instant,
) -> dict[str, bool | None]:
    """Return for each target whether it was met on every marketplace that it applies to, None without any to judge.

    The scenario's targets replace the handbook's; the marketplaces' own lines apply in any case, from their floors on.
    """
    verdicts: dict[str, list[bool]] = {}
    by_marketplace = {name: pool_accounts([figures]) for name, figures in accounts.items()}
    scenario_targets = any(getattr(scenario.targets, name) is not None for name in LIMITS)
    for name in LIMITS:
        limit = getattr(scenario.targets, name)
        if limit is not None:
            values = [metrics[name]] if name == "occupancy" else [figures[name] for figures in by_marketplace.values()]
            verdicts[name] = [value <= limit for value in values if value is not None]
    for marketplace, figures in by_marketplace.items():
        for figure, rule in figures_of(policies[marketplace].metrics(until - 1)):
            name = figure if figure in figures else rule.name
            if name in figures and not (scenario_targets and rule.marketplace == EVERYWHERE):
                value = figures[name]
                met = None if value is None else verdict(rule, value, accounts[marketplace].counted(name))
                verdicts.setdefault(name, []).extend([] if met is None else [met])
    return {name: all(met) if met else None for name, met in verdicts.items()}
