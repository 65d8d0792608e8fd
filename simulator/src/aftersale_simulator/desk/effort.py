"""Effort: what the agents did."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import numpy as np
from attrs import Factory, define
from numpy.typing import NDArray

from aftersale.cases.model import Task
from aftersale.clocks import Instant


@define
class Effort:
    """What the agents did, in microseconds of agents' time; the measured period is [since, until).

    `starts` and `ends` are those of every handling, `opened` when its task began, `teams` whose agent it was; `backlog`
    is the number of open tasks at the end of each of the days between `bounds`. `overtime` is what teams
    worked after their shifts in the measured period, `wasted` the number of tasks that were worked on in vain.
    """

    since: Instant
    until: Instant
    bounds: Sequence[Instant] = ()
    wasted: int = 0
    starts: array[int] = Factory(lambda: array("q"))
    ends: array[int] = Factory(lambda: array("q"))
    opened: array[int] = Factory(lambda: array("q"))
    teams: list[str] = Factory(list)
    overtime: dict[str, int] = Factory(dict)
    backlog: list[int] = Factory(list)

    def count(self, task: Task, team: str, start: Instant, end: Instant) -> None:
        """Count the handling of a task by an agent of a team, or a part of it."""
        self.opened.append(task.opened_at)
        self.teams.append(team)
        self.starts.append(start)
        self.ends.append(end)

    def count_overtime(self, team: str, start: Instant, duration: int) -> None:
        """Count what an agent of a team worked after the shift."""
        if self.since <= start < self.until:
            self.overtime[team] = self.overtime.get(team, 0) + duration

    @property
    def waits(self) -> NDArray[np.int64]:
        """The times from task to start of the measured period's tasks."""
        starts, opened = np.array(self.starts, np.int64), np.array(self.opened, np.int64)
        measured = (opened >= self.since) & (opened < self.until)
        return (starts - opened)[measured]

    @property
    def busy(self) -> int:
        """How long agents worked in the measured period."""
        starts, ends = self._handled()
        inside = np.minimum(ends, self.until) - np.maximum(starts, self.since)
        return int(np.maximum(inside, 0).sum())

    @property
    def tasks(self) -> int:
        """How many handlings began in the measured period."""
        starts, _ = self._handled()
        return int(((starts >= self.since) & (starts < self.until)).sum())

    @property
    def daily(self) -> list[int]:
        """How long agents worked on each day; all of a handling belongs to the day on which it began."""
        starts, ends = self._handled()
        totals = np.zeros(max(0, len(self.bounds) - 1), np.int64)
        day = np.searchsorted(np.array(self.bounds, np.int64), starts, side="right") - 1
        inside = (day >= 0) & (day < len(totals))
        np.add.at(totals, day[inside], (ends - starts)[inside])
        durations: list[int] = totals.tolist()
        return durations

    def _handled(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        return np.array(self.starts, np.int64), np.array(self.ends, np.int64)
