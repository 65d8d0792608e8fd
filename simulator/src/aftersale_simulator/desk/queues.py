"""Queues: where tasks wait, who serves them, and when people come and go."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import NamedTuple

import simpy
from attrs import Factory, define

from aftersale.cases.model import Task
from aftersale.clocks import Instant
from aftersale_simulator.desk.crews import CrewPlan
from aftersale_simulator.desk.marketplace_desk import MarketplaceDesk
from aftersale_simulator.desk.shifts import Window
from aftersale_simulator.world.entities import OrderState

Queue = list[tuple[Instant, int, Task, OrderState]]
FAR: Instant = 2**62
"""After all instants of a run."""


@define(eq=False)
class Servers:
    """A crew at work: how many are on duty, how many busy, who waits for a task, and which queues it serves.

    `closes` is when the next of them go home, `overtime_until` until when those may stay whose shift has ended, for
    what is due before `reopens`.
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
        return any(own is queue for own in self.queues)


class Inbox(NamedTuple):
    """Where one kind of task of one marketplace is brought: by what it is sorted, its queue, and who serves it."""

    order: Callable[[Task], Instant]
    queue: Queue
    teams: Sequence[Servers]


EMPTY: Queue = []


def head_of(queue: Queue) -> tuple[float, int]:
    return queue[0][:2] if queue else (inf, 0)


def queues_of(local: Mapping[str, MarketplaceDesk], crews: Sequence[CrewPlan]) -> dict[tuple[str, str], Queue]:
    """Return the queue of each kind of task on each marketplace: what the same crews do shares one."""
    by_crews: dict[frozenset[int], Queue] = {}
    found = {}
    for place, own in local.items():
        for task in own.times:
            doing = frozenset(i for i, crew in enumerate(crews) if crew.works_on(place, task, own.language))
            found[place, task] = by_crews.setdefault(doing, [])
    return found


def first_after(instants: Sequence[Instant], at: Instant) -> Instant:
    """Return the first of these sorted instants that is after another, or one that is after all."""
    index = bisect_right(instants, at)
    return instants[index] if index < len(instants) else FAR


def changes_of(windows: Sequence[Window], start: Instant, until: Instant) -> list[tuple[Instant, int]]:
    """Return when how many agents come (+) or go (-), in order of time, within the run."""
    steps: dict[Instant, int] = {}
    for window in windows:
        if window.end > start and window.start < until:
            begin = max(window.start, start)
            steps[begin] = steps.get(begin, 0) + window.agents
            steps[window.end] = steps.get(window.end, 0) - window.agents
    return sorted((at, change) for at, change in steps.items() if change)
