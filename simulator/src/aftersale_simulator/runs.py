"""Runs: one replication of a scenario, and many of several variants side by side."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

from aftersale.clocks import DAY, HOUR, Instant, start_of_day
from aftersale.docket import Docket
from aftersale.metrics import Daily, Days, ReplyFigures, daily, meets, replies_between
from aftersale.orders import Orders
from aftersale.policies import Policies, Policy
from aftersale.rules import EVERYWHERE
from aftersale_simulator.buyers import first_steps
from aftersale_simulator.carriers import delivered
from aftersale_simulator.chances import Chances
from aftersale_simulator.desk import Desk, Place
from aftersale_simulator.orders import LocalDays, hours_of, of_marketplace, synthetic, within
from aftersale_simulator.parameters import World
from aftersale_simulator.roster import paid_hours, windows
from aftersale_simulator.scenario import Scenario

if TYPE_CHECKING:
    from aftersale.plugins import Plugins

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
    "p90_first_reply_hours",
    "order_defect_rate_worst_day",
)
LIMITS = ("late_reply_rate", "silence_48h_rate", "mean_first_reply_hours", "order_defect_rate", "occupancy")


@frozen
class Result:
    """What one replication came to.

    `metrics` and `by_marketplace` hold the names of METRICS; rates lie between 0 and 1, times are wall hours, money
    is in the scenario's currency. `targets` tells of each target whether it was met everywhere. `counts` are orders,
    facts, cases, refused and open cases.
    """

    metrics: dict[str, float]
    by_marketplace: dict[str, dict[str, float]]
    targets: dict[str, bool]
    counts: dict[str, int]


@frozen(eq=False)
class Stage:
    """A scenario's period as instants and dates: warm-up from `start`, measured in [since, until)."""

    first: date
    measured_from: date
    days: int
    warm_up: int

    @classmethod
    def of(cls, scenario: Scenario) -> Stage:
        """Return the period of a scenario, in whole days."""
        warm_up, measured = scenario.period.warm_up // DAY, scenario.period.measured // DAY
        begin = scenario.period.start
        return cls(begin - timedelta(warm_up), begin, measured, warm_up)

    @property
    def last(self) -> date:
        """The last measured day."""
        return self.measured_from + timedelta(self.days - 1)


def run(
    scenario: Scenario,
    replication: int,
    plugins: Plugins,
    *,
    orders: Orders | None = None,
    record: Path | None = None,
    csv: bool = False,
) -> Result:
    """Simulate one replication and return what it came to.

    `orders` replaces the synthetic streams by real ones. With `record` the run is written there: orders, returns,
    claims, messages and the journal that the live commands read. The same arguments give the same result, in any
    process.
    """
    with _uncollected():
        return _run(scenario, replication, plugins, orders, record, csv)


def _run(
    scenario: Scenario, replication: int, plugins: Plugins, orders: Orders | None, record: Path | None, csv: bool
) -> Result:
    from aftersale_simulator.seller import seller_handbook

    stage, world = Stage.of(scenario), World(scenario.world)
    policies = plugins.policies(tuple(scenario.marketplace), handbook=seller_handbook(scenario))
    chances = Chances(scenario.seed, replication)
    places = [_place(scenario, name, policy, stage, chances, world, orders) for name, policy in policies.items()]
    docket = Docket(policies, plugins.fact_recorded)
    desk = _desk(scenario, stage, docket, places, world)
    if record is not None:
        desk.facts = []
    desk.run()
    result = _result(scenario, stage, desk, places, policies)
    if record is not None and desk.facts is not None:
        from aftersale_simulator.recording import write_run

        write_run(record, scenario, replication, places, desk.facts, docket, result, policies, csv=csv)
    return result


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the garbage collector still: its search through millions of records, none in a cycle, grows dear."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _place(
    scenario: Scenario,
    name: str,
    policy: Policy,
    stage: Stage,
    chances: Chances,
    world: World,
    real: Orders | None,
) -> Place:
    sales, marketplace = scenario.marketplace[name], policy.marketplace
    count = stage.warm_up + stage.days
    days = LocalDays.spanning(stage.first, count, marketplace.zone)
    if real is None:
        orders = synthetic(sales, marketplace, stage.first, count, chances, world)
    else:
        orders = within(of_marketplace(real, name), int(days.bounds[0]), int(days.bounds[-1]))
    orders = delivered(orders, chances, world)
    return Place(orders, first_steps(orders, days, hours_of(sales), chances, world))


def _desk(scenario: Scenario, stage: Stage, docket: Docket, places: Sequence[Place], world: World) -> Desk:
    zones = [docket.policy(place.orders.marketplaces[0]).marketplace.zone for place in places]
    zones = zones or [team.zone for team in scenario.team.values()]
    start = min(start_of_day(stage.first, zone) for zone in zones)
    since, until = _measured(stage, zones)
    spare = timedelta(1)
    shifts = {name: windows(team, stage.first - spare, stage.last + spare) for name, team in scenario.team.items()}
    serves = {name: team.serves for name, team in scenario.team.items()}
    return Desk(docket, places, shifts, serves, scenario.handling, world, since, until, start)


def _measured(stage: Stage, zones: Sequence[str]) -> tuple[Instant, Instant]:
    """Return the measured period: from the first marketplace's midnight to the last one's."""
    since = max(start_of_day(stage.measured_from, zone) for zone in zones)
    until = max(start_of_day(stage.last + timedelta(1), zone) for zone in zones)
    return since, until


@frozen(eq=False)
class _Account:
    """One marketplace's figures over the measured period."""

    replies: ReplyFigures
    defects: Daily
    measured: slice
    claims: int
    open_cases: int

    @property
    def defect_rate(self) -> float:
        """Mean over the measured days of the rate as of each day; 0 where there were no orders to count."""
        numerator, denominator = self.defects.numerator[self.measured], self.defects.denominator[self.measured]
        return _quotient(numerator.sum(), denominator.sum())

    @property
    def worst_day(self) -> float:
        values = self.defects.values[self.measured]
        return float(np.nanmax(values)) if np.isfinite(values).any() else 0.0


def _quotient(numerator: float, denominator: float) -> float:
    return float(numerator / denominator) if denominator else 0.0


def _result(
    scenario: Scenario, stage: Stage, desk: Desk, places: Sequence[Place], policies: Policies
) -> Result:
    effort, docket = desk.effort, desk.docket
    accounts = {
        place.orders.marketplaces[0]: _account(place.orders, policies, docket, stage, effort.since, effort.until)
        for place in places
    }
    paid, cost = _paid(scenario, stage, effort.since, effort.until)
    shared = {
        "occupancy": _quotient(effort.busy / HOUR, paid),
        "labour_cost": cost,
        "mean_wait_hours": float(np.mean(effort.waits)) / HOUR if len(effort.waits) else 0.0,
    }
    metrics = {**_pooled(list(accounts.values())), **shared}
    by_marketplace = {name: {**_pooled([account])} for name, account in accounts.items()}
    counts = {
        "orders": sum(len(place.orders) for place in places),
        "cases": len(docket.cases),
        "tasks": effort.tasks,
        "wasted_tasks": effort.wasted,
        "open_at_end": sum(account.open_cases for account in accounts.values()),
    }
    targets = _targets(scenario, policies, by_marketplace, metrics, effort.until)
    return Result({name: metrics[name] for name in METRICS}, by_marketplace, targets, counts)


def _account(
    orders: Orders, policies: Policies, docket: Docket, stage: Stage, since: Instant, until: Instant
) -> _Account:
    name = orders.marketplaces[0]
    policy = policies[name]
    cases = [case for case in docket.cases.values() if case.marketplace == name]
    waiting = [case for case in cases if case.deadlines]
    replies = docket.tally.spans(name, "first_reply", waiting)
    silence = docket.tally.spans(name, "silence", waiting)
    days = Days.spanning(stage.first, stage.last, policy.marketplace.zone)
    rule = next(rule for rule in policy.metrics(until - 1) if rule.name == "order_defect_rate")
    defects = daily(rule, docket, orders, name, days)
    return _Account(
        replies_between(replies, silence, since, until),
        defects,
        slice(stage.warm_up, stage.warm_up + stage.days),
        sum(case.kind == "claim" and since <= case.opened_at < until for case in cases),
        len(waiting),
    )


def _pooled(accounts: Sequence[_Account]) -> dict[str, float]:
    """Sum numerators and denominators: a seller's figure over the marketplaces given."""
    replies = [account.replies for account in accounts]
    contacts = sum(figures.contacts for figures in replies)
    numerator = sum(account.defects.numerator[account.measured].sum() for account in accounts)
    denominator = sum(account.defects.denominator[account.measured].sum() for account in accounts)
    return {
        "late_reply_rate": _quotient(sum(f.late for f in replies), sum(f.late_known for f in replies)),
        "silence_48h_rate": _quotient(sum(f.silent for f in replies), sum(f.silence_known for f in replies)),
        "mean_first_reply_hours": _quotient(sum(f.hours for f in replies), contacts),
        "order_defect_rate": _quotient(numerator, denominator),
        "claims": float(sum(account.claims for account in accounts)),
        "contacts": float(contacts),
        "open_at_end": float(sum(account.open_cases for account in accounts)),
        "p90_first_reply_hours": max((figures.percentiles[1] for figures in replies), default=0.0),
        "order_defect_rate_worst_day": max((account.worst_day for account in accounts), default=0.0),
    }


def _paid(scenario: Scenario, stage: Stage, since: Instant, until: Instant) -> tuple[float, float]:
    """Return the agents' hours of the measured period, and what they cost."""
    hours, cost = 0.0, 0.0
    spare = timedelta(1)
    for team in scenario.team.values():
        own = paid_hours(windows(team, stage.first - spare, stage.last + spare), since, until)
        hours += own
        cost += own * float(team.cost_per_hour)
    return hours, cost


def _targets(
    scenario: Scenario,
    policies: Policies,
    by_marketplace: Mapping[str, Mapping[str, float]],
    metrics: Mapping[str, float],
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
            found[name] = all(value <= limit for value in values)
    for place, own in by_marketplace.items():
        for rule in policies[place].metrics(until - 1):
            if rule.name in own and not (own_targets and rule.marketplace == EVERYWHERE):
                found[rule.name] = found.get(rule.name, True) and meets(rule, own[rule.name])
    return found


def compare(
    variants: Sequence[tuple[str, Scenario]],
    replications: int,
    workers: int,
    on_done: Callable[[], None],
    plugins: Plugins,
    orders: Orders | None = None,
) -> list[list[Result]]:
    """Run every replication of every variant and return the results as [variant][replication].

    The work is spread over processes; the results do not depend on how many there are.
    """
    from aftersale_simulator.workers import spread

    jobs = [(scenario, replication) for _, scenario in variants for replication in range(1, replications + 1)]
    results = spread(jobs, workers, on_done, plugins, orders)
    return [results[i * replications : (i + 1) * replications] for i in range(len(variants))]
