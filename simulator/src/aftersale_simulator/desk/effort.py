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
        starts, opened = _column(self.starts), _column(self.opened)
        measured = (opened >= self.since) & (opened < self.until)
        return starts[measured] - opened[measured]

    @property
    def busy(self) -> int:
        """How long agents worked in the measured period."""
        inside = np.minimum(_column(self.ends), self.until) - np.maximum(_column(self.starts), self.since)
        return int(np.maximum(inside, 0).sum())

    @property
    def tasks(self) -> int:
        """How many handlings began in the measured period."""
        starts = _column(self.starts)
        return int(np.count_nonzero((starts >= self.since) & (starts < self.until)))

    @property
    def daily(self) -> list[int]:
        """How long agents worked on each day; all of a handling belongs to the day on which it began."""
        starts, bounds = _column(self.starts), np.array(self.bounds, np.int64)
        place = np.searchsorted(bounds, starts, side="right")
        # The days' sums are whole numbers of microseconds, and far from those that a float rounds.
        totals = np.bincount(place, _column(self.ends) - starts, len(bounds) + 1)[1 : max(1, len(bounds))]
        durations: list[int] = totals.astype(np.int64).tolist()
        return durations


def _column(values: array[int]) -> NDArray[np.int64]:
    """Return values as a column; not to be kept, as nothing can be added while it is there."""
    return np.frombuffer(values, np.int64) if values else np.zeros(0, np.int64)
