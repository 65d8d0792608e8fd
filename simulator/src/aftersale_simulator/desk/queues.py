"""Queues: where tasks wait, who serves them, and when agents come and go."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from math import inf
from typing import NamedTuple

import simpy
from attrs import Factory, define

from aftersale.cases.model import Task
from aftersale.clocks import Instant
from aftersale.policies.worlds import SortKey
from aftersale_simulator.desk.crews import CrewPlan
from aftersale_simulator.desk.marketplace_desk import MarketplaceDesk
from aftersale_simulator.desk.shifts import Window
from aftersale_simulator.world.entities import OrderState

Queue = list[tuple[float, int, Task, OrderState]]
FAR: Instant = 2**62
"""After all instants of a run."""


@define(eq=False)
class Servers:
    """The servers of a crew: how many are on duty, how many busy, who waits for a task, and which queues they serve.

    `closes` is when the next agents go home, `overtime_until` until when agents may stay whose shift has ended, for
    tasks that are due before `reopens`.
    """

    crew: CrewPlan
    queues: list[Queue]
    on_duty: int = 0
    busy: int = 0
    idle: list[simpy.Event] = Factory(list)
    closes: Instant = FAR
    overtime_until: Instant = -FAR
    reopens: Instant = FAR

    def serves(self, queue: Queue) -> bool:
        """Whether its agents take tasks from this very queue."""
        return any(served is queue for served in self.queues)


class Inbox(NamedTuple):
    """Where one kind of task of one marketplace goes: the key that sorts it, its queue, and who serves it."""

    sort_key: SortKey
    queue: Queue
    servers: Sequence[Servers]


EMPTY: Queue = []


def head_of(queue: Queue) -> tuple[float, int]:
    """Return the sort key of the first task; an empty queue comes after all others."""
    return queue[0][:2] if queue else (inf, 0)


def queues_of(marketplaces: Mapping[str, MarketplaceDesk], crews: Sequence[CrewPlan]) -> dict[tuple[str, str], Queue]:
    """Return the queue of each kind of task on each marketplace: tasks of the same crews share a queue."""
    by_crews: dict[frozenset[int], Queue] = {}
    queues = {}
    for name, marketplace in marketplaces.items():
        for task in marketplace.times:
            crew_numbers = frozenset(
                i for i, crew in enumerate(crews) if crew.works_on(name, task, marketplace.language)
            )
            queues[name, task] = by_crews.setdefault(crew_numbers, [])
    return queues


def first_after(instants: Sequence[Instant], at: Instant) -> Instant:
    """Return the first of these sorted instants that is after `at`, or FAR."""
    index = bisect_right(instants, at)
    return instants[index] if index < len(instants) else FAR


def changes_of(windows: Sequence[Window], start: Instant, until: Instant) -> list[tuple[Instant, int]]:
    """Return the instants within the run at which agents come (+) or go (-), and how many, in order of time."""
    steps: dict[Instant, int] = {}
    for window in windows:
        if window.end > start and window.start < until:
            begin = max(window.start, start)
            steps[begin] = steps.get(begin, 0) + window.agents
            steps[window.end] = steps.get(window.end, 0) - window.agents
    return sorted((at, change) for at, change in steps.items() if change)
