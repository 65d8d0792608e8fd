"""Comparison: one replication on the desk and on the kernel, and whatever they leave differently."""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

from attrs import fields

from aftersale.base.collector import without_collector
from aftersale.engine.docket import Docket
from aftersale.order_columns import Orders
from aftersale_simulator.desk.desk import Desk
from aftersale_simulator.kernel import kernel_is_compiled, load_kernel
from aftersale_simulator.kernel.extension import SOURCE
from aftersale_simulator.plan import plan as plans
from aftersale_simulator.plan.plan import Plan
from aftersale_simulator.plan.runs import KernelDesk
from aftersale_simulator.resolved.scenario import ResolvedScenario
from aftersale_simulator.runs import run as reference
from aftersale_simulator.runs.results import Result, result_of
from aftersale_simulator.world.marketplace_run import MarketplaceRuns
from aftersale_simulator.world.random_streams import Streams

ENDINGS, DUES, OPENINGS, DEFECTS = "_endings", "_dues", "_openings", "_defects"
ROWS = {ENDINGS: (5, 4), DUES: (6, 4), OPENINGS: (4, 3), DEFECTS: (7, 6)}
"""The rows of a tally: how many columns they have, and in which the channel stands."""


def uncompiled(path: Path = Path(SOURCE)) -> ModuleType:
    """Return the kernel as plain Python, whatever is compiled; or another file in its place."""
    name = f"uncompiled_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def ways() -> dict[str, ModuleType]:
    """Return the kernels that there are here, by how they run."""
    plain = {"plain": load_kernel(plain=True)}
    return {"compiled": load_kernel(), **plain} if kernel_is_compiled() else plain


def desk_run(resolved: ResolvedScenario, replication: int, orders: Orders | None = None) -> tuple[Desk, Any, Any]:
    """Return a desk after its run, the scenario with what the run read, and the watch over plugins."""
    own = resolved.for_run()
    watch = own.plugins.watch.another()
    policies = own.watched(watch)
    docket = Docket(policies, own.plugins.observers(watch), reference._move_log(own, policies))
    runs = reference._marketplace_runs(own, replication, orders, MarketplaceRuns())
    desk = reference._desk(own, docket, Streams(own.scenario.seed, replication), runs, recorded=False)
    _note_looks(desk)
    desk.run()
    return desk, own, watch


def kernel_run(
    plan: Plan, resolved: ResolvedScenario, replication: int, orders: Orders | None = None
) -> tuple[KernelDesk, Any, Any]:
    """Return a kernel's desk after its run, the scenario with what the run read, and the watch over plugins."""
    own = resolved.for_run()
    watch = own.plugins.watch.another()
    runs = reference._marketplace_runs(own, replication, orders, MarketplaceRuns())
    desk = KernelDesk(plan, own, own.watched(watch), Streams(own.scenario.seed, replication), runs)
    _note_looks(desk)
    desk.run()
    return desk, own, watch


def differences(
    resolved: ResolvedScenario,
    kernels: Mapping[str, ModuleType],
    replications: Sequence[int] = (1,),
    orders: Orders | None = None,
) -> list[str]:
    """Return what differs between the desk and these kernels, which keep one plan over the replications.

    Raises Unplanned for what no kernel runs.
    """
    found = []
    with without_collector():
        left = [left_by(*desk_run(resolved, number, orders)) for number in replications]
        for name, kernel in kernels.items():
            given = left_by_kernel(kernel, resolved, replications, orders)
            for number, one, other in zip(replications, left, given, strict=True):
                found += [f"{name}, {number}: {line}" for line in compared(one, other)]
    return found


def left_by_kernel(
    kernel: ModuleType, resolved: ResolvedScenario, replications: Sequence[int], orders: Orders | None = None
) -> Iterator[dict[str, Any]]:
    """Yield all that a kernel's runs leave, each with the plan and the columns of the one before."""
    plan = plan_of(resolved, kernel)
    for number in replications:
        desk, own, watch = kernel_run(plan, resolved, number, orders)
        yield left_by(desk, own, watch)
        desk.leave()


def plan_of(resolved: ResolvedScenario, kernel: ModuleType) -> Plan:
    """Return a plan for a kernel, whichever it is."""
    with mock.patch.object(plans, "load_kernel", return_value=kernel):
        return Plan(resolved)


def handlings(resolved: ResolvedScenario) -> int:
    """Return how many handlings the first replication of the desk has."""
    return len(desk_run(resolved, 1)[0].effort.starts)


def _note_looks(desk: Any) -> None:
    """Let a desk's suspensions keep what each look at an account had to see: how many rows the tally had by then."""
    suspensions, looked = desk.suspensions, []
    look = suspensions.look

    def noted(name: str, day: int, at: int, docket: Any) -> None:
        rows = {(what, *key): len(flat) for what in ROWS for key, flat in getattr(docket.tally, what).items() if flat}
        looked.append((name, day, at, docket.now, rows))
        look(name, day, at, docket)

    suspensions.look, suspensions.looked = noted, looked


def _rows(tally: Any) -> dict[str, Counter[tuple[Any, ...]]]:
    """Return the rows of a tally by what they are of, with channels by name; of defects without orders and cases."""
    found = {}
    channels = list(tally._channels)
    for what, (width, place) in ROWS.items():
        for key, flat in getattr(tally, what).items():
            rows = (tuple(flat[begin : begin + width]) for begin in range(0, len(flat), width))
            named = ((*row[:place], channels[row[place]], *row[place + 1 :]) for row in rows)
            counted = Counter(row[2:] if what == DEFECTS else row for row in named)
            if counted:
                found[f"{what[1:]} of {key}"] = counted
    return found


def _world(own: ResolvedScenario) -> dict[str, Any]:
    read = {}
    for name, world in own.worlds.items():
        read[f"reads of {name}"] = world.reads
        read[f"reads for orders of {name}"] = world.order_reads
        read[f"reactions that held on {name}"] = world.applied
    return {**read, "shared reads": own.shared_world.reads}


def _effort(desk: Any) -> dict[str, Any]:
    effort = desk.effort
    handled = zip(effort.opened, effort.teams, effort.starts, effort.ends, strict=True)
    return {
        "handlings": list(handled),
        "overtime": dict(effort.overtime),
        "backlog": list(effort.backlog),
        "wasted": effort.wasted,
        "tasks": desk.tasks,
        "orders lost": desk.suspensions.missing,
        "closed": desk.suspensions.closed,
        "looks": desk.suspensions.looked,
    }


def _facts(desk: Any) -> Iterator[tuple[Any, ...]]:
    """Yield what was told of all orders: of which case, what, when, about which other case, and what it says."""
    if isinstance(desk, KernelDesk):
        late, kernel = desk.asking.late_orders, desk.kernel
        told = (
            late._fact(kernel, order, *row)
            for order in range(len(desk.asking.orders))
            if order not in late._handed
            for row in kernel.facts_of(order)
        )
        dossiers = [handed.dossier for handed in late._handed.values()]
    else:
        told, dossiers = iter(()), list(desk.docket.dossiers.values())
    handed_over = (fact for dossier in dossiers for fact in (dossier.replay or dossier).facts)
    for fact in chain(told, handed_over):
        yield fact.case, fact.kind, fact.occurred_at, fact.about, fact.value, fact.detail


def _bare(cases: Mapping[str, Any]) -> dict[str, Any]:
    """Return cases without who decided, and who set their deadlines: nothing in a run hangs on that."""
    bare = {}
    for name, case in cases.items():
        deadlines = tuple(deadline._replace(set_by="") for deadline in case.deadlines)
        task = None if case.task is None else case.task._replace(deadline="", set_by="")
        bare[name] = case._replace(decided_by="", deadlines=deadlines, task=task)
    return bare


def left_by(desk: Any, own: ResolvedScenario, watch: Any) -> dict[str, Any]:
    """Return all that a run leaves, by what it is."""
    return {
        "cases": _bare(desk.docket.cases),
        "facts": Counter(_facts(desk)),
        **_rows(desk.docket.tally),
        **_effort(desk),
        **_world(own),
        "failures": watch.causes(),
        **_result(result_of(own, desk, desk.placed(), watch.causes())),
    }


def _result(result: Result) -> dict[str, Any]:
    """Return the fields of a result, but for the engine."""
    return {f"result, {field.name}": getattr(result, field.name) for field in fields(Result) if field.name != "engine"}


def compared(expected: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[str]:
    """Yield what differs, with the first things that do."""
    for what in (*expected, *(name for name in given if name not in expected)):
        one, other = expected.get(what), given.get(what)
        if one != other:
            yield f"{what}: {_told(one, other)}"


def _told(one: Any, other: Any) -> str:
    """Return the first things in which two values differ."""
    if isinstance(one, Counter) and isinstance(other, Counter):
        return f"{list((one - other).items())[:2]} against {list((other - one).items())[:2]}"
    if isinstance(one, dict) and isinstance(other, dict):
        names = [name for name in (*one, *other) if one.get(name) != other.get(name)]
        return f"{len(names)} of {len(one)}, {[(one.get(name), other.get(name)) for name in names[:1]]}"
    if isinstance(one, list) and isinstance(other, list):
        place = next((n for n, (x, y) in enumerate(zip(one, other, strict=False)) if x != y), min(len(one), len(other)))
        return f"{len(one)} and {len(other)}, at {place} {one[place : place + 2]} against {other[place : place + 2]}"
    if isinstance(one, set) and isinstance(other, set):
        return f"only before {sorted(one - other, key=str)[:5]}, only now {sorted(other - one, key=str)[:5]}"
    return f"{str(one)[:200]} against {str(other)[:200]}"
