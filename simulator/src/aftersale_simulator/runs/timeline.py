"""Timeline: the figures of a replication by day and by hour of the week."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
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
_UPPER_EDGES = np.array(REPLY_EDGES[1:])
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
    answered: Iterable[Array],
) -> Timeline:
    """Return the timeline of a run, from `days` hours `paid` on each, and daily order defect `rates` by marketplace.

    `answered` are the times from contact to first reply of each marketplace, sorted.
    """
    replies = _FirstReplies.of(docket, days, effort.since, effort.until)
    claims = {name: docket.tally.openings(name, "claim") for name in days}
    return Timeline(
        warm_up,
        _sum(sold_by_day(orders[name], local_days) for name, local_days in days.items()),
        replies.by_day(replies.counted),
        replies.by_day(replies.late),
        _sum(by_day(claims[name].started, local_days, claims[name].counted) for name, local_days in days.items()),
        tuple(effort.backlog),
        tuple(spent / HOUR for spent in effort.daily),
        paid,
        {name: _told(values) for name, values in rates.items()},
        replies.by_hour(replies.counted),
        replies.by_hour(replies.late),
        _sum(map(_classes, answered)),
    )


def sold_by_day(orders: Orders, days: LocalDays) -> Array:
    """Count the orders of each day, whose rows are by time: where each day begins says all; it is kept with them."""
    key = "sold by day", days.bounds.tobytes()
    return orders.remembered(key, lambda: np.diff(np.searchsorted(orders.purchased_at, days.bounds)).astype(np.int64))


def by_day(instants: Array, days: LocalDays, weights: NDArray[np.int8] | None = None) -> Array:
    """Count the instants of each day, each with its weight; instants outside the days do not count."""
    return _counted(_places(instants, days), len(days.bounds), weights)


def _places(instants: Array, days: LocalDays) -> Array:
    """Return the place of each instant's day, from 1; 0 is before the first, and the last one after all of them."""
    return np.searchsorted(days.bounds, instants, side="right")


def _counted(places: Array, bounds: int, weights: NDArray[np.int8] | None) -> Array:
    """Count places of days between so many bounds, each with its weight."""
    return np.rint(np.bincount(places, weights, bounds + 1)[1:-1]).astype(np.int64)


@frozen(eq=False)
class _FirstReplies:
    """How the first replies of all marketplaces ended, a row for each change that became known.

    `places` are those of the days, between so many `bounds`, on which they began. `measured` are the rows of those that
    began in the measured period, and `hours` has the hours of the week in which these did, 0 to 167.
    """

    late: NDArray[np.int8]
    counted: NDArray[np.int8]
    places: Array
    bounds: int
    measured: Array
    hours: Array

    @classmethod
    def of(cls, docket: Docket, days: Mapping[str, LocalDays], since: Instant, until: Instant) -> _FirstReplies:
        """Return those of marketplaces, each with its own `days`, whose dates are the same."""
        endings = {name: docket.tally.by_due(name, "first_reply", until) for name in days}
        began, places, clock = [], [], []
        for name, local_days in days.items():
            started = endings[name].started
            place = _places(started, local_days)
            began.append(started)
            places.append(place)
            # What lies outside the days counts from the nearest one.
            clock.append(started - local_days.bounds[np.minimum(np.maximum(place - 1, 0), len(local_days.bounds) - 2)])
        of_all, weekdays = np.concatenate(places), next(iter(days.values())).weekdays
        started = np.concatenate(began)
        measured = np.flatnonzero((started >= since) & (started < until))
        day = np.minimum(np.maximum(of_all[measured] - 1, 0), len(weekdays) - 1)
        # A day of 25 hours has its last one twice.
        hours = weekdays[day] * 24 + np.minimum(np.concatenate(clock)[measured] // HOUR, 23)
        late, counted = (
            np.concatenate(columns)
            for columns in zip(*((each.late, each.counted) for each in endings.values()), strict=True)
        )
        return cls(late, counted, of_all, len(weekdays) + 1, measured, hours)

    def by_day(self, weights: NDArray[np.int8]) -> Counts:
        """Sum a column by the days on which they began."""
        return tuple(_counted(self.places, self.bounds, weights).tolist())

    def by_hour(self, weights: NDArray[np.int8]) -> Counts:
        """Sum a column by the hours of the week, of the measured period."""
        sums = np.bincount(self.hours, weights[self.measured], HOURS_PER_WEEK)
        return tuple(np.rint(sums).astype(np.int64).tolist())


def _classes(answered: Array) -> Array:
    """Count sorted times from contact to first reply by the classes of REPLY_EDGES."""
    below = np.searchsorted(answered / HOUR, _UPPER_EDGES).tolist()
    return np.array([high - low for low, high in pairwise((0, *below, len(answered)))], np.int64)


def _told(values: NDArray[np.float64]) -> tuple[float | None, ...]:
    """Return values, None for those that are not known."""
    told = values.astype(object)
    told[np.isnan(values)] = None
    return tuple(told.tolist())


def _sum(columns: Iterable[Array]) -> Counts:
    return tuple(sum(columns, np.zeros((), np.int64)).tolist())
