"""Series: the replications of a variant together, by day, hour of the week, or class of replies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from aftersale_simulator.runs.timeline import HOURS_PER_WEEK, REPLY_EDGES, Timeline

WINDOW = 7
"""Days of a rolling figure, its own included: a whole week, so that weekends do not show as waves."""
SHARES = (10.0, 90.0)
"""In percent: the lower and the upper percentile of a band."""
Values = NDArray[np.float64]


@frozen(eq=False)
class Band:
    """A figure of every day: the mean of the replications, and the band that holds the middle 80 % of them.

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
    """Return mean and band of each column; each row is a replication, and NaN does not count."""
    lines = np.full((3, rows.shape[1]), np.nan)
    finite = np.isfinite(rows)
    for day in np.flatnonzero(finite.any(axis=0)):
        values = rows[finite[:, day], day]
        lines[:, day] = values.mean(), *np.percentile(values, SHARES)
    return Band(lines[0], lines[1], lines[2])


def rolled(numerator: Values, denominator: Values, window: int = WINDOW) -> Values:
    """Return the quotient of the sums of the last `window` columns up to each; NaN if the denominator is 0."""
    over, under = summed(numerator, window), summed(denominator, window)
    return np.divide(over, under, out=np.full_like(over, np.nan), where=under > 0)


def summed(rows: Values, window: int = WINDOW) -> Values:
    """Return the sum of the last `window` columns up to each."""
    totals = np.cumsum(rows, axis=1)
    sums = totals.copy()
    sums[:, window:] -= totals[:, :-window]
    return sums


def smooth(rows: Values, window: int = WINDOW) -> Values:
    """Return the mean of the last `window` columns up to each, without those that are NaN; NaN if all of them are."""
    known = np.isfinite(rows)
    return rolled(np.where(known, rows, 0.0), known.astype(np.float64), window)


def mean_of_known(rows: Values) -> Values:
    """Return the mean over the first axis, without values that are NaN; NaN where all of them are."""
    known = np.isfinite(rows)
    count, total = known.sum(axis=0), np.where(known, rows, 0.0).sum(axis=0)
    mean: Values = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return mean


def backlog(timelines: Sequence[Timeline]) -> Values:
    """Return the tasks at the end of each day, a row for each replication, warm-up days first."""
    return np.array([timeline.backlog for timeline in timelines], np.float64)


def late(timelines: Sequence[Timeline], window: int = WINDOW) -> Values:
    """Return the share of late first replies over the last days up to each."""
    return rolled(
        _rows([timeline.late for timeline in timelines]), _rows([timeline.contacts for timeline in timelines]), window
    )


def occupancy(timelines: Sequence[Timeline], window: int = WINDOW) -> Values:
    """Return the agents' hours of work over their paid hours, over the last days up to each."""
    return rolled(
        _rows([timeline.busy for timeline in timelines]), _rows([timeline.paid for timeline in timelines]), window
    )


def defects(timelines: Sequence[Timeline], marketplace: str) -> Values:
    """Return a marketplace's order defect rate as of each day; NaN on days with nothing to count."""
    return _rows([timeline.order_defect_rate[marketplace] for timeline in timelines])


def week(timelines: Sequence[Timeline]) -> tuple[Values, Values]:
    """Return late replies and contacts by weekday (Monday first) and hour, summed over the replications."""
    shape = (HOURS_PER_WEEK // 24, 24)
    missed = _rows([timeline.week_late for timeline in timelines]).sum(axis=0).reshape(shape)
    return missed, _rows([timeline.week_contacts for timeline in timelines]).sum(axis=0).reshape(shape)


def replies(timelines: Sequence[Timeline]) -> Values:
    """Return the share of first replies in each class of REPLY_EDGES, over all replications."""
    counts = _rows([timeline.replies for timeline in timelines]).sum(axis=0)
    total = counts.sum()
    return counts / total if total else np.zeros(len(REPLY_EDGES))


def _rows(columns: Sequence[Sequence[float | None]]) -> Values:
    # None becomes NaN.
    return np.array(columns, np.float64)
