"""Outcomes: what came of each target, and of each line that closes something, on each marketplace over replications."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

if TYPE_CHECKING:
    from aftersale_simulator.desk.suspensions import ClosureLine
    from aftersale_simulator.runs.results import LineVerdict, Result

FAR = 95
"""In percent: the point of the worst days over replications that stands beside their median."""


@frozen
class TargetOutcome:
    """What came of one target on one marketplace, or of the whole desk where `marketplace` is empty.

    `met` counts replications, of those `judged`; `mean` is over all that had a value. `excess` is how far the value is
    over its limit, as a share of the limit, on average over those judged; below 0 inside of it, None without any.
    """

    target: str
    marketplace: str
    limit: float
    above: bool
    mean: float | None
    met: int
    judged: int
    excess: float | None

    @property
    def is_missed(self) -> bool:
        """Whether any replication missed it."""
        return self.met < self.judged


@frozen
class ClosureOutcome:
    """How near one line came to closing an account or an option (`closes`) on one marketplace.

    `missed` has the replications that missed it, by number, each with the first day; `judged` counts those with any day
    to judge. `median` and `far` are the median and the FAR point of the worst days' values over these: the FAR point on
    the line's wrong side, None for fewer than two.
    """

    closes: str
    marketplace: str
    metric: str
    limit: float
    above: bool
    judged: int
    missed: tuple[tuple[int, date], ...]
    median: float | None
    far: float | None

    @property
    def first_day(self) -> date | None:
        """The earliest day on which any replication missed the line."""
        return min((day for _, day in self.missed), default=None)

    @property
    def excess(self) -> float:
        """How far the worst days are over the line, as a share of it; minus infinity without any."""
        value = self.median if self.far is None else self.far
        if value is None:
            return float("-inf")
        over = self.limit - value if self.above else value - self.limit
        return over / self.limit if self.limit else over


def target_outcomes(results: Iterable[Result]) -> tuple[TargetOutcome, ...]:
    """Return what came of each target on each marketplace, in the order of the verdicts."""
    groups: defaultdict[tuple[str, str, float, bool], list[LineVerdict]] = defaultdict(list)
    for result in results:
        for line in result.lines:
            groups[line.target, line.marketplace, line.limit, line.above].append(line)
    return tuple(_target_outcome(*key, lines) for key, lines in groups.items())


def _target_outcome(
    target: str, marketplace: str, limit: float, above: bool, lines: Sequence[LineVerdict]
) -> TargetOutcome:
    values = [line.value for line in lines if line.value is not None]
    met = [line.met for line in lines if line.met is not None]
    excess = [line.excess for line in lines if line.excess is not None]
    return TargetOutcome(target, marketplace, limit, above, _mean(values), met.count(True), len(met), _mean(excess))


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def distance(results: Iterable[Result]) -> float:
    """Return how far the targets are missed: of each replication the largest excess of any, at least 0; their mean."""
    largest = [max([0.0, *_excesses(result)]) for result in results]
    return _mean(largest) or 0.0


def _excesses(result: Result) -> Iterator[float]:
    return (line.excess for line in result.lines if line.excess is not None)


def closure_outcomes(results: Mapping[int, Result]) -> tuple[ClosureOutcome, ...]:
    """Return how near each line came to closing something, from results by the number of their replication."""
    groups: defaultdict[tuple[str, str, str, float, bool], list[tuple[int, ClosureLine]]] = defaultdict(list)
    for number, result in results.items():
        for line in result.closures:
            groups[line.closes, line.marketplace, line.metric, line.limit, line.above].append((number, line))
    return tuple(_closure_outcome(*key, lines) for key, lines in groups.items())


def _closure_outcome(
    closes: str, marketplace: str, metric: str, limit: float, above: bool, lines: Sequence[tuple[int, ClosureLine]]
) -> ClosureOutcome:
    worst = [line.worst for _, line in lines if line.worst is not None]
    missed = tuple((number, line.missed_on) for number, line in lines if line.missed_on is not None)
    far = float(np.percentile(worst, 100 - FAR if above else FAR)) if len(worst) > 1 else None
    median = float(np.median(worst)) if worst else None
    return ClosureOutcome(closes, marketplace, metric, limit, above, len(worst), missed, median, far)


def nearest_lines(closures: Iterable[ClosureOutcome]) -> dict[str, ClosureOutcome]:
    """Return by what is closed the line that comes nearest to it: the most often missed, else the farthest over."""
    nearest: dict[str, ClosureOutcome] = {}
    for outcome in closures:
        other = nearest.get(outcome.closes)
        if other is None or (len(outcome.missed), outcome.excess) > (len(other.missed), other.excess):
            nearest[outcome.closes] = outcome
    return nearest
