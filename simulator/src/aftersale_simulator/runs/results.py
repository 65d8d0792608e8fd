"""Results: what a replication came to, counted over its measured period."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import chain
from math import isnan

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from aftersale.clocks import HOUR, Instant
from aftersale.engine.docket import Docket
from aftersale.metrics.days import Daily, Days
from aftersale.metrics.readings import daily, meets
from aftersale.metrics.replies import PERCENTILES, ReplyFigures, replies_between
from aftersale.orders import Orders
from aftersale.policies.metric_kinds import default_metrics
from aftersale.policies.policy import Policies, Policy
from aftersale.rules import EVERYWHERE
from aftersale_simulator.desk.crews import overtime_cost
from aftersale_simulator.desk.desk import Desk
from aftersale_simulator.desk.effort import Effort
from aftersale_simulator.desk.shifts import labour_cost, paid_hours
from aftersale_simulator.desk.suspensions import ACCOUNT, Suspensions, orders_lost
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
RATE = "order_defect_rate"
REACHED = ("review", "deactivated")
"""What an account may come to: a review, after days running of a missed target, and its deactivation."""
LIMITS = ("late_reply_rate", "silence_48h_rate", "mean_first_reply_hours", "order_defect_rate", "occupancy")


@frozen
class Result:
    """What one replication came to.

    `metrics` and `by_marketplace` hold the names of METRICS and those of the metrics that plugins add; a metric that no
    marketplace here is judged by is None. Rates lie between 0 and 1, times are wall hours, money is in the scenario's
    currency, `review_days` counts the days on which a marketplace's review was due, summed over marketplaces. `targets`
    tells of each target whether it was met everywhere. `counts` are orders, cases, tasks, tasks worked in vain, and
    open cases. `timeline` tells of every day, `busy_hours` how long agents worked in the measured period, `reached`
    whether a marketplace's REACHED was due on any measured day, and what plugins name was closed. `failed` tells, by
    cause, how many cases plugins failed; `missed`, by marketplace and deadline, how many of those that began in the
    measured period ended before anybody acted, and of how many.
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


@frozen(eq=False)
class Account:
    """One marketplace's figures over the measured period; `judged` by day: the order defect rate, plugins' metrics."""

    replies: ReplyFigures
    judged: dict[str, Daily]
    measured: slice
    claims: int
    open_cases: int
    review_days: int
    deactivated: bool

    @property
    def worst_day(self) -> float | None:
        """The highest order defect rate as of any measured day; None where it is not judged by that."""
        if RATE not in self.judged:
            return None
        values = self.judged[RATE].values[self.measured]
        return float(np.nanmax(values)) if np.isfinite(values).any() else 0.0


def _quotient(numerator: float, denominator: float) -> float:
    return float(numerator / denominator) if denominator else 0.0


def result_of(
    resolved: ResolvedScenario, desk: Desk, placed: Sequence[MarketplaceRun], failed: dict[str, int]
) -> Result:
    """Return what a run came to: by its desk after it, the orders that were `placed`, the cases that plugins failed."""
    scenario, horizon, docket, effort = resolved.scenario, resolved.horizon, desk.docket, desk.effort
    orders = {place.orders.marketplaces[0]: place.orders for place in placed}
    policies = {name: docket.policy(name) for name in orders}
    accounts = {
        name: account(own, policies, docket, horizon, effort.since, effort.until) for name, own in orders.items()
    }
    metrics = {**pooled(list(accounts.values())), **_of_all_teams(resolved, effort)}
    by_marketplace = {name: pooled([own]) for name, own in accounts.items()}
    own_metrics = sorted(metrics.keys() - set(METRICS))
    return Result(
        {name: metrics[name] for name in (*METRICS, *own_metrics)},
        by_marketplace,
        _targets(scenario, policies, by_marketplace, metrics, effort.until),
        {
            "orders": sum(map(len, orders.values())),
            "cases": len(docket.cases),
            "tasks": effort.tasks,
            "wasted_tasks": effort.wasted,
            "open_at_end": sum(own.open_cases for own in accounts.values()),
            "orders_lost": orders_lost(desk.places, placed),
        },
        failed,
        {name: _missed(docket, policies[name], effort.since, effort.until) for name in orders},
        _timeline(resolved, desk, orders, accounts),
        effort.busy / HOUR,
        _reached(accounts.values(), desk.suspensions),
    )


def _of_all_teams(resolved: ResolvedScenario, effort: Effort) -> dict[str, float]:
    """Return the metrics that belong to the desk as a whole, and to no marketplace."""
    hours, cost = _paid(resolved, effort.since, effort.until)
    overtime = {name: spent / HOUR for name, spent in effort.overtime.items()}
    hours, cost = hours + sum(overtime.values()), cost + overtime_cost(resolved.scenario, resolved.numbers, overtime)
    return {
        "occupancy": _quotient(effort.busy / HOUR, hours),
        "labour_cost": cost,
        "mean_wait_hours": float(np.mean(effort.waits)) / HOUR if len(effort.waits) else 0.0,
    }


def _timeline(
    resolved: ResolvedScenario, desk: Desk, orders: Mapping[str, Orders], accounts: Mapping[str, Account]
) -> Timeline:
    horizon, docket = resolved.horizon, desk.docket
    days = {name: horizon.local_days(docket.policy(name).marketplace.zone) for name in orders}
    worked = chain.from_iterable(resolved.windows(name) for name in resolved.shifts)
    rates = {name: own.judged[RATE].values for name, own in accounts.items() if RATE in own.judged}
    return timeline_of(days, horizon.warm_up, orders, docket, desk.effort, worked, rates)


def _reached(accounts: Collection[Account], suspensions: Suspensions | None) -> dict[str, bool]:
    """Tell what an account came to on any measured day: a review, its deactivation, the loss of what plugins name."""
    closed = {what: bool(where) for what, where in suspensions.closed.items()} if suspensions is not None else {}
    suspended = closed.pop(ACCOUNT, False)
    return {
        "review": any(account.review_days for account in accounts),
        "deactivated": any(account.deactivated for account in accounts) or suspended,
        **closed,
    }


def _missed(docket: Docket, policy: Policy, since: Instant, until: Instant) -> dict[str, tuple[int, int]]:
    """Count the deadlines that put a task on the desk; others end by themselves as they should."""
    place, workflow = policy.marketplace.name, policy.workflow
    asked = {name for kind, state, _ in workflow.tasks() for name in workflow.state(kind, state).opens}
    found: dict[str, tuple[int, int]] = {}
    for name in filter(asked.__contains__, docket.tally.deadlines(place)):
        ended = docket.tally.endings(place, name)
        mine = (ended.started >= since) & (ended.started < until)
        found[name] = int(ended.late[mine].sum(dtype=np.int64)), int(ended.counted[mine].sum(dtype=np.int64))
    return found


def account(
    orders: Orders, policies: Policies, docket: Docket, horizon: Horizon, since: Instant, until: Instant
) -> Account:
    """Return one marketplace's figures over the measured period [since, until)."""
    name = orders.marketplaces[0]
    policy = policies[name]
    cases = [case for case in docket.cases.values() if case.marketplace == name]
    waiting = [case for case in cases if case.deadlines]
    days = Days.spanning(horizon.first, horizon.last, policy.marketplace.zone)
    rules = {rule.name: rule for rule in reversed(policy.metrics(until - 1))}
    judged = [rule for rule in rules.values() if rule.name == RATE or rule.name not in default_metrics()]
    return Account(
        replies_between(docket, name, since, until),
        {rule.name: daily(rule, policy, docket, orders, days) for rule in judged},
        slice(horizon.warm_up, horizon.warm_up + horizon.days),
        sum(case.kind == "claim" and since <= case.opened_at < until for case in cases),
        len(waiting),
        int(_review_days(policy, docket, orders, days, until)[horizon.warm_up :].sum()),
        _deactivated(policy, docket, orders, days, until, horizon),
    )


def _deactivated(policy: Policy, docket: Docket, orders: Orders, days: Days, until: Instant, horizon: Horizon) -> bool:
    """Tell whether on some measured day a target was missed for which a marketplace deactivates an account."""
    for rule in policy.metrics(until - 1):
        if rule.state == "deactivated":
            values = daily(rule, policy, docket, orders, days).values[horizon.warm_up :]
            if any(not meets(rule, value) for value in values[np.isfinite(values)].tolist()):
                return True
    return False


def _review_days(policy: Policy, docket: Docket, orders: Orders, days: Days, until: Instant) -> NDArray[np.bool_]:
    """Tell of each day whether some target had then been missed for as many days running as leads to a review."""
    found = np.zeros(len(days), bool)
    for rule in policy.metrics(until - 1):
        if rule.running:
            values = daily(rule, policy, docket, orders, days).values
            row = 0
            for day, value in enumerate(values.tolist()):
                row = 0 if isnan(value) or meets(rule, value) else row + 1
                found[day] |= row >= rule.running
    return found


def pooled(accounts: Sequence[Account]) -> dict[str, float | None]:
    """Sum numerators and denominators: a seller's figure over the marketplaces given.

    Percentiles and the worst day are those of the marketplace that did worst.
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
        **{name: _judged(accounts, name) for name in judged},
        "claims": float(sum(account.claims for account in accounts)),
        "contacts": float(contacts),
        "open_at_end": float(sum(account.open_cases for account in accounts)),
        **{
            f"p{percentile}_first_reply_hours": max((figures.percentiles[i] for figures in replies), default=0.0)
            for i, percentile in enumerate(PERCENTILES)
        },
        "review_days": float(sum(account.review_days for account in accounts)),
        "order_defect_rate_worst_day": max(worst, default=None),
    }


def _judged(accounts: Iterable[Account], name: str) -> float:
    """Return a metric over all the days and all the marketplaces that are judged by it."""
    days = [(own.judged[name], own.measured) for own in accounts if name in own.judged]
    numerator = sum(found.numerator[measured].sum() for found, measured in days)
    return _quotient(numerator, sum(found.denominator[measured].sum() for found, measured in days))


def _paid(resolved: ResolvedScenario, since: Instant, until: Instant) -> tuple[float, float]:
    """Return the agents' hours of the measured period, and what they cost."""
    hours, cost = 0.0, Decimal(0)
    for name, team in resolved.scenario.team.items():
        windows = resolved.windows(name)
        hours += paid_hours(windows, since, until)
        cost += labour_cost(team, windows, since, until, resolved.scenario.currency).amount
    return hours, float(cost)


def _targets(
    scenario: Scenario,
    policies: Policies,
    by_marketplace: Mapping[str, Mapping[str, float | None]],
    metrics: Mapping[str, float | None],
    until: Instant,
) -> dict[str, bool]:
    """Tell of each target whether it was met, on every marketplace that it speaks of.

    The scenario's own targets take the place of the handbook's; the marketplaces' lines hold besides.
    """
    found: dict[str, bool] = {}
    own_targets = any(getattr(scenario.targets, name) is not None for name in LIMITS)
    for name in LIMITS:
        limit = getattr(scenario.targets, name)
        if limit is not None:
            values = [metrics[name]] if name == "occupancy" else [own[name] for own in by_marketplace.values()]
            found[name] = all(value is None or value <= limit for value in values)
    for place, own in by_marketplace.items():
        for rule in policies[place].metrics(until - 1):
            value = own.get(rule.name)
            if value is not None and not (own_targets and rule.marketplace == EVERYWHERE):
                found[rule.name] = found.get(rule.name, True) and meets(rule, value)
    return found
