"""Crews: agents for the kernel, when they come and go, which queues they serve, and how tasks stand in these."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from aftersale.cases.model import Task
from aftersale_simulator.desk.crews import CrewPlan
from aftersale_simulator.desk.queues import FAR, changes_of, queues_of
from aftersale_simulator.desk.work_order import WORK_ORDERS
from aftersale_simulator.plan.tables.rows import count
from aftersale_simulator.scenario.vocabulary import task_kinds

if TYPE_CHECKING:
    from aftersale.clocks import Instant
    from aftersale.policies.worlds import SortKey
    from aftersale_simulator.plan.plan import Plan

BY_DUE, BY_ARRIVAL, BY_PLUGIN = 0, 1, 2
"""By what the kernel sorts tasks: when they are due, when they came, or what a plugin's work order says of each."""
Work = tuple["array[int]", "array[int]", "array[int]", "array[int]", "array[int]"]


@frozen(eq=False)
class _Place:
    """A marketplace as queues need it: its kinds of tasks and its language."""

    times: dict[str, None]
    language: str


@frozen(eq=False)
class CrewTable:
    """A crew for the kernel: when how many agents come and go, and how they work."""

    most: int
    at: list[int]
    changes: list[int]
    closes: int
    closing: list[int]
    reopening: list[int]
    overtime: int
    finishes: bool
    usual: bool
    pace: Any
    queues: list[int]

    @classmethod
    def of(cls, crew: CrewPlan, queues: list[int], start: Instant, until: Instant) -> CrewTable:
        """Return a crew that serves these queues, for a run between two instants."""
        at, change = np.array(changes_of(crew.windows, start, until), np.int64).reshape(-1, 2).T
        leaving, coming = at[change < 0], at[change > 0]
        return cls(
            int(np.cumsum(change).max(initial=0)),
            at.tolist(),
            change.tolist(),
            int(_first_after(leaving, np.array([start]))[0]),
            _first_after(leaving, at).tolist(),
            _first_after(coming, at).tolist(),
            crew.overtime,
            crew.finishes,
            crew.pace.is_usual,
            crew.pace.at,
            queues,
        )


def _first_after(instants: NDArray[np.int64], at: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the first of some sorted instants after each of others, FAR where there is none; see `first_after`."""
    after: NDArray[np.int64] = np.append(instants, FAR)[np.searchsorted(instants, at, side="right")]
    return after


def queues_served(plan: Plan, crews: Sequence[CrewPlan]) -> tuple[list[int], list[list[int]]]:
    """Number the queues; return which one each kind of task has, and which ones each crew serves."""
    places = {
        name: _Place(
            dict.fromkeys(task_kinds(plan.policies[name].workflow)), plan.policies[name].marketplace.languages[0]
        )
        for name in plan.cases.places
    }
    queues = queues_of(places, crews)  # type: ignore[arg-type]
    numbers: dict[int, int] = {}
    for queue in queues.values():
        numbers.setdefault(id(queue), len(numbers))
    served = []
    for crew in crews:
        own = [
            numbers[id(queue)]
            for (name, task), queue in queues.items()
            if crew.works_on(name, task, places[name].language)
        ]
        served.append(list(dict.fromkeys(own)))
    return [numbers[id(queues[plan.cases.places[place], kind])] for place, kind in _tasks(plan)], served


def work_of(
    plan: Plan, order: str, queues: Sequence[int], served: Sequence[Sequence[int]], keys: Mapping[str, SortKey]
) -> Work:
    """Return by kind of task by what it is sorted, its head start and its queue, and which crews serve that."""
    places, sorted_by, head, begins, crews = plan.cases.places, array("q"), array("q"), array("q", [0]), array("q")
    for (place, kind), queue in zip(_tasks(plan), queues, strict=True):
        by, ahead = _sorted_by(order, keys[places[place]], kind)
        sorted_by.append(by)
        head.append(ahead)
        crews.extend([crew for crew, own in enumerate(served) if queue in own])
        begins.append(len(crews))
    return sorted_by, head, array("q", queues), begins, crews or array("q", [0])


def _sorted_by(order: str, key: SortKey, kind: str) -> tuple[int, int]:
    """Return by what a work order of ours sorts a kind of task, BY_DUE with the head start or BY_ARRIVAL.

    The order itself is asked: of these it looks at nothing but when the task is due and when it came.
    """
    if order not in WORK_ORDERS:
        return BY_PLUGIN, 0
    probes = Task(kind, "", "", 0, "", "", 0), Task(kind, "", "", 1, "", "", 0), Task(kind, "", "", 0, "", "", 1)
    nothing, due, came = (int(key(probe, None)) for probe in probes)  # type: ignore[arg-type]
    assert (due - nothing, came - nothing) in ((1, 0), (0, 1))
    return (BY_DUE, -nothing) if due > nothing else (BY_ARRIVAL, 0)


def _tasks(plan: Plan) -> list[tuple[int, str]]:
    """Return the kinds of tasks, each of a marketplace by its place, as the plan numbers them."""
    return plan.cases.tasks.things[: count(plan.tables, "tasks")]
