"""Timeline: the figures of a replication by day and by hour of the week."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isnan
from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from aftersale.clocks import HOUR, Instant
from aftersale.engine.docket import Docket
from aftersale.order_columns import Orders
from aftersale_simulator.scenario.horizon import LocalDays

if TYPE_CHECKING:
    from aftersale_simulator.desk.effort import Effort

HOURS_PER_WEEK = 168
REPLY_EDGES = (0.0, 0.5, 1.0, 2.0, 4.0, 6.0, 8.0, 12.0, 16.0, 20.0, 24.0, 30.0, 36.0, 48.0, 60.0, 72.0, 96.0, 168.0)
"""In wall hours: the lower edges of the classes of first replies; the last class has no upper edge."""
Counts = tuple[int, ...]
Figures = tuple[float, ...]
Array = NDArray[np.int64]


@frozen
class Timeline:
    """The figures of each day, the `warm_up` days first, summed over marketplaces; each has days of its own zone.

    `contacts` are those whose outcome is known at the end; `late` are those of them whose first reply missed its
    deadline. `backlog` counts the tasks that wait or are worked on at the end of a day of the first marketplace; `busy`
    and `paid` are agents' hours of these days. `order_defect_rate` has, by marketplace, the rate as of each day, None
    without orders. `week_contacts` and `week_late` count the contacts of the measured days by the hour of the week in
    which they began, in the marketplace's time, Monday 00:00 first. `replies` counts their first replies by the classes
    of REPLY_EDGES.
    """

    warm_up: int
    orders: Counts
    contacts: Counts
    late: Counts
    claims: Counts
    backlog: Counts
    busy: Figures
    paid: Figures
    order_defect_rate: dict[str, tuple[float | None, ...]]
    week_contacts: Counts
    week_late: Counts
    replies: Counts

    def __len__(self) -> int:
        """Return the number of days, warm-up included."""
        return len(self.backlog)


def timeline_of(
    days: Mapping[str, LocalDays],
    warm_up: int,
    orders: Mapping[str, Orders],
    docket: Docket,
    effort: Effort,
    paid: Figures,
    rates: Mapping[str, NDArray[np.float64]],
) -> Timeline:
    """Return the timeline of a run, from `days` hours `paid` on each, and daily order defect `rates` by marketplace."""
    until = effort.until
    first_replies = [_FirstReplies(docket, name, local_days, until) for name, local_days in days.items()]
    claims = {name: docket.tally.openings(name, "claim") for name in days}
    span = effort.since, until
    return Timeline(
        warm_up,
        _sum(sold_by_day(orders[name], local_days) for name, local_days in days.items()),
        _sum(replies.known_by_day() for replies in first_replies),
        _sum(replies.late_by_day() for replies in first_replies),
        _sum(by_day(claims[name].started, local_days, claims[name].counted) for name, local_days in days.items()),
        tuple(effort.backlog),
        tuple(spent / HOUR for spent in effort.daily),
        paid,
        {name: tuple(None if isnan(value) else value for value in values.tolist()) for name, values in rates.items()},
        _sum(replies.known_by_hour(*span) for replies in first_replies),
        _sum(replies.late_by_hour(*span) for replies in first_replies),
        _sum(replies.classes(*span) for replies in first_replies),
    )


def sold_by_day(orders: Orders, days: LocalDays) -> Array:
    """Count the orders of each day, whose rows are by time: where each day begins says all."""
    return np.diff(np.searchsorted(orders.purchased_at, days.bounds)).astype(np.int64)


def by_day(instants: Array, days: LocalDays, weights: NDArray[np.int8] | None = None) -> Array:
    """Count the instants of each day, each with its weight; instants outside the days do not count."""
    return _counted(_places(instants, days), days, weights)


def _places(instants: Array, days: LocalDays) -> Array:
    """Return the place of each instant's day, from 1; 0 is before the first, and the last one after all of them."""
    return np.searchsorted(days.bounds, instants, side="right")


def _counted(places: Array, days: LocalDays, weights: NDArray[np.int8] | None) -> Array:
    return np.rint(np.bincount(places, weights, len(days.bounds) + 1)[1:-1]).astype(np.int64)


def hours_of_week(instants: Array, days: LocalDays) -> Array:
    """Return the hour of the week of each instant, 0 to 167, by the hours since its day began (23 at most)."""
    day = np.clip(np.searchsorted(days.bounds, instants, side="right") - 1, 0, len(days.bounds) - 2)
    hour = np.minimum((instants - days.bounds[day]) // HOUR, 23)
    hours: Array = days.weekdays[day] * 24 + hour
    return hours


class _FirstReplies:
    """How the first replies of one marketplace ended, a row for each change that became known."""

    def __init__(self, docket: Docket, marketplace: str, days: LocalDays, until: Instant) -> None:
        self._endings = docket.tally.by_due(marketplace, "first_reply", until)
        self._days = days
        self._places = _places(self._endings.started, days)
        self._hours = hours_of_week(self._endings.started, days)

    def known_by_day(self) -> Array:
        return _counted(self._places, self._days, self._endings.counted)

    def late_by_day(self) -> Array:
        return _counted(self._places, self._days, self._endings.late)

    def known_by_hour(self, since: Instant, until: Instant) -> Array:
        return self._by_hour(self._endings.counted, since, until)

    def late_by_hour(self, since: Instant, until: Instant) -> Array:
        return self._by_hour(self._endings.late, since, until)

    def _by_hour(self, weights: NDArray[np.int8], since: Instant, until: Instant) -> Array:
        measured = (self._endings.started >= since) & (self._endings.started < until)
        return np.rint(np.bincount(self._hours[measured], weights[measured], HOURS_PER_WEEK)).astype(np.int64)

    def classes(self, since: Instant, until: Instant) -> Array:
        endings = self._endings
        measured = (endings.started >= since) & (endings.started < until) & (endings.met != 0)
        waits = (endings.ended - endings.started)[measured] / HOUR
        classes = np.searchsorted(REPLY_EDGES, waits, side="right") - 1
        return np.rint(np.bincount(np.maximum(classes, 0), endings.met[measured], len(REPLY_EDGES))).astype(np.int64)


def _sum(columns: Iterable[Array]) -> Counts:
    return tuple(sum(columns, np.zeros((), np.int64)).tolist())
