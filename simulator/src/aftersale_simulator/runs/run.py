"""Run: one replication of a scenario, from its orders to its result."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from attrs import evolve

from aftersale.base.collector import without_collector
from aftersale.clocks import DAY, start_of_day
from aftersale.costs.charges import moving_kinds
from aftersale.engine.docket import Docket
from aftersale.engine.moves import MoveLog
from aftersale.order_columns import Orders
from aftersale.plugins.watchdog import guarded
from aftersale.policies.policy import Policies
from aftersale_simulator.desk.crews import crews
from aftersale_simulator.desk.desk import Desk
from aftersale_simulator.desk.suspensions import Suspensions
from aftersale_simulator.resolved.scenario import ResolvedScenario
from aftersale_simulator.runs.engines import (
    Engine,
    asks_plugins,
    check_engine,
    check_failures,
    on_kernel,
    why_simpy,
)
from aftersale_simulator.runs.results import Reason, Result, result_of
from aftersale_simulator.world.marketplace_run import MarketplaceRun, MarketplaceRuns
from aftersale_simulator.world.random_streams import Streams

_KEPT_BEFORE = 30 * DAY
"""How long before the first measured day steps are kept: few orders that are older have a case on a measured day, and
to replay these takes less time than to keep the steps of all."""

if TYPE_CHECKING:
    from aftersale.cases.facts import Fact
    from aftersale_simulator.runs.recording import Recording


def run(
    resolved: ResolvedScenario,
    replication: int,
    *,
    orders: Orders | None = None,
    record: Recording | None = None,
    marketplaces: MarketplaceRuns | None = None,
    engine: Engine = "auto",
) -> Result:
    """Simulate one replication and return its result.

    `orders` are real orders in place of synthetic ones; `record` says where and how to write the run; `marketplaces`
    has what other scenarios may have in common with this run. `engine` says what runs it; with a `record`, and
    where the kernel cannot, SimPy does. The same arguments give the same result in any process, whatever ran before,
    and so does any engine. Raises CasesFailed if plugins failed too many cases, HookHangs for a hook that does not
    return, and EngineUnusable if the kernel should be compiled and is not.
    """
    check_engine(engine)
    own = resolved.for_run()
    with without_collector(), _guarded(own):
        source = MarketplaceRuns() if marketplaces is None else marketplaces
        runs = _marketplace_runs(own, replication, orders, source)
        if record is not None or engine == "simpy":
            result = _run(own, replication, runs, record)
        else:
            result = _on_kernel_or_not(own, replication, runs, plain=engine == "plain")
    resolved.give_back(own)
    return result


def _guarded(resolved: ResolvedScenario) -> AbstractContextManager[None]:
    """Guard a run in which hooks of plugins may be called."""
    return guarded(resolved.plugins.watch.limits.hang) if asks_plugins(resolved) else nullcontext()


def _on_kernel_or_not(
    resolved: ResolvedScenario, replication: int, runs: Sequence[MarketplaceRun], *, plain: bool
) -> Result:
    """Return the result of a replication on the kernel; on SimPy, with the reasons, where the kernel cannot run it."""
    reasons = why_simpy(resolved)
    if not reasons:
        found = on_kernel(resolved, replication, runs, plain=plain)
        if not isinstance(found, Reason):
            return found
        reasons = (found,)
    return evolve(_run(resolved, replication, runs, None), reasons=reasons)


def _run(
    resolved: ResolvedScenario, replication: int, runs: Sequence[MarketplaceRun], record: Recording | None
) -> Result:
    scenario, watch = resolved.scenario, resolved.plugins.watch.another()
    policies = resolved.watched(watch)
    docket = Docket(policies, resolved.plugins.observers(watch), _move_log(resolved, policies))
    desk = _desk(resolved, docket, Streams(scenario.seed, replication), runs, recorded=record is not None)
    desk.run()
    check_failures(scenario, watch, docket)
    placed = desk.placed()
    result = result_of(resolved, desk, placed, watch.causes())
    if record is not None and desk.facts is not None:
        record.write(resolved, replication, placed, desk.facts, docket, result)
    desk.leave()
    return result


def _move_log(resolved: ResolvedScenario, policies: Policies) -> MoveLog:
    """Return a log of all that moves money; of orders long before the first measured day nothing is kept."""
    kinds = frozenset().union(*map(moving_kinds, policies.values()))
    since = min(start_of_day(resolved.horizon.measured_from, zone) for zone in resolved.zones)
    return MoveLog(kinds, since - _KEPT_BEFORE, resolved.classes.movements)


def _marketplace_runs(
    resolved: ResolvedScenario, replication: int, orders: Orders | None, marketplaces: MarketplaceRuns
) -> list[MarketplaceRun]:
    return [
        marketplaces.run_of(
            resolved.scenario, resolved.policies[name].marketplace, resolved.worlds[name], replication, orders
        )
        for name in resolved.worlds
    ]


def _desk(
    resolved: ResolvedScenario, docket: Docket, streams: Streams, runs: Sequence[MarketplaceRun], *, recorded: bool
) -> Desk:
    """Return a desk that is ready to run, with the marketplaces' orders, the crews, and the suspensions."""
    scenario, horizon, zones = resolved.scenario, resolved.horizon, resolved.zones
    policies = {name: docket.policy(name) for name in resolved.worlds}
    since, until = resolved.measured
    span = min(start_of_day(horizon.first, zone) for zone in zones), since, until
    bounds = horizon.local_days(zones[0]).bounds.tolist()
    plans = crews(scenario, resolved.windows_by_shift, resolved.shared_world, streams)
    suspensions = Suspensions(runs, policies, horizon, until, streams)
    facts: list[Fact] | None = [] if recorded else None
    added = {str(each.name): each.key for world in resolved.plugins.worlds for each in world.work_orders}
    order = scenario.work_order
    return Desk(docket, runs, plans, scenario.handling, span, bounds, order, suspensions, facts, added)
