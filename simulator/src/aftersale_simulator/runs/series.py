"""Courses: what the replications of a variant say together of every day, hour of the week, or class of replies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from aftersale_simulator.runs.timeline import HOURS_PER_WEEK, REPLY_EDGES, Timeline

WINDOW = 7
"""Days that a rolling figure looks back on, its own with them: a whole week, so that weekends do not show as waves."""
SHARES = (10.0, 90.0)
"""In percent: between which shares of the replications a band lies."""
Values = NDArray[np.float64]


@frozen(eq=False)
class Band:
    """A figure of every day: the mean of the replications, and the band in which the middle 80 % of them lie.

    Days without a value in any replication are NaN.
    """

    mean: Values
    low: Values
    high: Values

    @property
    def top(self) -> float:
        """The highest value of the band, 0 without any."""
        return float(np.nanmax(self.high)) if np.isfinite(self.high).any() else 0.0


def band(rows: Values) -> Band:
    """Return what the rows, one for each replication, say together of each column; NaN does not count."""
    found = np.full((3, rows.shape[1]), np.nan)
    known = np.isfinite(rows)
    for day in np.flatnonzero(known.any(axis=0)):
        values = rows[known[:, day], day]
        found[:, day] = values.mean(), *np.percentile(values, SHARES)
    return Band(found[0], found[1], found[2])


def rolled(numerator: Values, denominator: Values, window: int = WINDOW) -> Values:
    """Return the quotient of the sums over the last `window` columns up to each; NaN where nothing was counted."""
    over, under = summed(numerator, window), summed(denominator, window)
    return np.divide(over, under, out=np.full_like(over, np.nan), where=under > 0)


def summed(rows: Values, window: int = WINDOW) -> Values:
    """Return the sum of the last `window` columns up to each."""
    totals = np.cumsum(rows, axis=1)
    found = totals.copy()
    found[:, window:] -= totals[:, :-window]
    return found


def backlog(timelines: Sequence[Timeline]) -> Values:
    """Return the tasks at the end of each day, a row for each replication, days of the warm-up first."""
    return np.array([own.backlog for own in timelines], np.float64)


def late(timelines: Sequence[Timeline], window: int = WINDOW) -> Values:
    """Return the share of late first replies over the last days up to each."""
    return rolled(_rows([own.late for own in timelines]), _rows([own.contacts for own in timelines]), window)


def occupancy(timelines: Sequence[Timeline], window: int = WINDOW) -> Values:
    """Return the share of the agents' paid time in which they worked, over the last days up to each."""
    return rolled(_rows([own.busy for own in timelines]), _rows([own.paid for own in timelines]), window)


def defects(timelines: Sequence[Timeline], place: str) -> Values:
    """Return a marketplace's order defect rate as of each day."""
    return _rows([own.order_defect_rate[place] for own in timelines])


def week(timelines: Sequence[Timeline]) -> tuple[Values, Values]:
    """Return late replies and contacts by weekday (Monday first) and hour, summed over the replications."""
    shape = (HOURS_PER_WEEK // 24, 24)
    missed = _rows([own.week_late for own in timelines]).sum(axis=0).reshape(shape)
    return missed, _rows([own.week_contacts for own in timelines]).sum(axis=0).reshape(shape)


def replies(timelines: Sequence[Timeline]) -> Values:
    """Return which share of the first replies falls into each class of REPLY_EDGES, over all replications."""
    counts = _rows([own.replies for own in timelines]).sum(axis=0)
    total = counts.sum()
    return counts / total if total else np.zeros(len(REPLY_EDGES))


def _rows(columns: Sequence[Sequence[float]]) -> Values:
    return np.array(columns, np.float64)
