"""Engines: what runs a replication: the kernel, compiled or as plain Python, or SimPy, which runs everything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from attrs import evolve

from aftersale.policies.observers import OBSERVING
from aftersale_simulator.kernel import kernel_is_compiled
from aftersale_simulator.plan.left import LeftDocket
from aftersale_simulator.plan.plan import Plan
from aftersale_simulator.plan.runs import KernelDesk
from aftersale_simulator.plan.tables.names import Unplanned
from aftersale_simulator.runs.failures import CasesFailed, EngineUnusable
from aftersale_simulator.runs.results import Reason, Result, result_of
from aftersale_simulator.world.random_streams import Streams

if TYPE_CHECKING:
    from aftersale.base.watch import Watch
    from aftersale.engine.docket import Docket
    from aftersale_simulator.resolved.scenario import ResolvedScenario
    from aftersale_simulator.scenario.model import Scenario
    from aftersale_simulator.world.marketplace_run import MarketplaceRun

Engine = Literal["auto", "compiled", "plain", "simpy"]
"""What runs a replication: `auto` is the kernel, compiled where it could be compiled."""


def usual_engine() -> Engine:
    """Return what `auto` takes here: `compiled`, or `plain` where the kernel could not be compiled."""
    return "compiled" if kernel_is_compiled() else "plain"


def check_engine(engine: Engine) -> None:
    """Refuse an engine that is not there; raises EngineUnusable."""
    if engine == "compiled" and usual_engine() != engine:
        raise EngineUnusable(engine)


def why_simpy(resolved: ResolvedScenario) -> tuple[Reason, ...]:
    """Return why only SimPy can run a scenario: what plugins are told of cases, or end; nothing for most.

    Hooks that decide are asked by the kernel, too.
    """
    return tuple(dict.fromkeys((*_ending(resolved), *_observing(resolved))))


def _ending(resolved: ResolvedScenario) -> Iterator[Reason]:
    """Yield the functions by which deadlines end on marketplaces of the scenario."""
    for name, policy in resolved.policies.items():
        if policy.functions.names():
            rows = (*policy.rules.history(name), *policy.handbook.history())
            for function in dict.fromkeys(row.due for row in rows if row.due):
                yield Reason("engine.function", (("function", function), ("place", name)))


def _observing(resolved: ResolvedScenario) -> Iterator[Reason]:
    """Yield the hooks by which plugins are told of every case."""
    if resolved.plugins.observers() is not None:
        for plugin in resolved.plugins.about():
            yield from (_hook(plugin["name"], hook) for hook in plugin["hooks"] if hook in OBSERVING)


def _hook(plugin: str, hook: str) -> Reason:
    return Reason(f"engine.{hook.removeprefix('aftersale_')}", (("plugin", plugin),))


def asks_plugins(resolved: ResolvedScenario) -> bool:
    """Whether a run may call hooks or functions of plugins."""
    asked = any(policy.decisions.names() or policy.functions.names() for policy in resolved.policies.values())
    return asked or resolved.plugins.observers() is not None


def on_kernel(
    resolved: ResolvedScenario, replication: int, runs: Sequence[MarketplaceRun], *, plain: bool
) -> Result | Reason:
    """Return the result of a replication on the kernel, or what keeps the kernel from running it.

    Raises CasesFailed if plugins failed too many cases.
    """
    plans = resolved.plans.setdefault(plain, [])
    try:
        plan = plans.pop()  # one step: no two threads get the same
    except IndexError:
        plan = Plan(resolved, plain=plain)
    watch = resolved.plugins.watch.another()
    policies = resolved.watched(watch) if asks_plugins(resolved) else resolved.policies
    try:
        desk = KernelDesk(plan, resolved, policies, Streams(resolved.scenario.seed, replication), runs)
        desk.run()
        check_failures(resolved.scenario, watch, desk.docket)
        result = result_of(resolved, desk, desk.placed(), watch.causes())  # type: ignore[arg-type]
        desk.leave()
    except Unplanned as unplanned:
        return Reason("engine.beyond", (("what", str(unplanned)),))
    finally:
        plans.append(plan)
    return evolve(result, engine="plain" if plain else usual_engine())


def check_failures(scenario: Scenario, watch: Watch, docket: Docket | LeftDocket) -> None:
    """Refuse a run in which plugins failed more cases than the scenario allows."""
    failed, cases = len(watch.failed_cases()), len(docket.cases)
    if failed > scenario.most_failed * cases:
        raise CasesFailed(failed, cases, scenario.most_failed, tuple(watch.told()))
