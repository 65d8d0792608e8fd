"""Timelines: how a replication went, day by day and by hour of the week."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from aftersale.clocks import HOUR, Instant
from aftersale.engine.docket import Docket
from aftersale.orders import Orders
from aftersale_simulator.desk.shifts import Window
from aftersale_simulator.scenario.horizon import LocalDays

if TYPE_CHECKING:
    from aftersale_simulator.desk.effort import Effort

HOURS_PER_WEEK = 168
REPLY_EDGES = (0.0, 0.5, 1.0, 2.0, 4.0, 6.0, 8.0, 12.0, 16.0, 20.0, 24.0, 30.0, 36.0, 48.0, 60.0, 72.0, 96.0, 168.0)
"""In wall hours: where classes of first replies begin; the last class has no end."""
Counts = tuple[int, ...]
Figures = tuple[float, ...]
Array = NDArray[np.int64]


@frozen
class Timeline:
    """What happened on each day, those of the `warm_up` first, summed over marketplaces; days are of their own zones.

    `late` are those of a day's `contacts` whose first reply missed its deadline, of those whose outcome is known at the
    end. `backlog` are tasks that wait or are being worked on as a day of the first marketplace ends; `busy` and
    `paid` are agents' hours of such days. `order_defect_rate` is, by marketplace, the rate as of each day, 0 without
    orders. `week_contacts` and `week_late` count the measured days' contacts by the hour of the week in which
    they began, Monday 00:00 first, in the marketplace's time; `replies` their first replies by the classes of
    REPLY_EDGES.
    """

    warm_up: int
    orders: Counts
    contacts: Counts
    late: Counts
    claims: Counts
    backlog: Counts
    busy: Figures
    paid: Figures
    order_defect_rate: dict[str, Figures]
    week_contacts: Counts
    week_late: Counts
    replies: Counts

    def __len__(self) -> int:
        """Return how many days there are, those of the warm-up with them."""
        return len(self.backlog)


def timeline_of(
    days: Mapping[str, LocalDays],
    warm_up: int,
    orders: Mapping[str, Orders],
    docket: Docket,
    effort: Effort,
    windows: Iterable[Window],
    rates: Mapping[str, NDArray[np.float64]],
) -> Timeline:
    """Return the timeline of a run: `days` and the daily `rates` of order defects by marketplace, `windows` of work."""
    contacts = [_Contacts(docket, name, own) for name, own in days.items()]
    claims: dict[str, list[Instant]] = {name: [] for name in days}
    for case in docket.cases.values():
        if case.kind == "claim":
            claims[case.marketplace].append(case.opened_at)
    span = effort.since, effort.until
    return Timeline(
        warm_up,
        _summed(by_day(orders[name].purchased_at, own) for name, own in days.items()),
        _summed(own.known_by_day() for own in contacts),
        _summed(own.late_by_day() for own in contacts),
        _summed(by_day(np.array(claims[name], np.int64), own) for name, own in days.items()),
        tuple(effort.backlog),
        tuple(spent / HOUR for spent in effort.daily),
        tuple(float(hours) for hours in _paid(windows, effort.bounds)),
        {name: tuple(np.nan_to_num(values).tolist()) for name, values in rates.items()},
        _summed(own.known_by_hour(*span) for own in contacts),
        _summed(own.late_by_hour(*span) for own in contacts),
        _summed(own.classes(*span) for own in contacts),
    )


def by_day(instants: Array, days: LocalDays, weights: NDArray[np.int8] | None = None) -> Array:
    """Count the instants of each day, each as often as its weight says; those outside count nowhere."""
    day = np.searchsorted(days.bounds, instants, side="right") - 1
    inside = (day >= 0) & (day < len(days.bounds) - 1)
    own = None if weights is None else weights[inside]
    return np.rint(np.bincount(day[inside], own, len(days.bounds) - 1)).astype(np.int64)


def hours_of_week(instants: Array, days: LocalDays) -> Array:
    """Return the hour of its week in which each instant lies, 0 to 167, by the share of its day that is gone."""
    day = np.clip(np.searchsorted(days.bounds, instants, side="right") - 1, 0, len(days.bounds) - 2)
    hour = np.minimum((instants - days.bounds[day]) // HOUR, 23)
    found: Array = days.weekdays[day] * 24 + hour
    return found


class _Contacts:
    """How the first replies of one marketplace ended, a row for each thing that became known."""

    def __init__(self, docket: Docket, place: str, days: LocalDays) -> None:
        self._ended = docket.tally.endings(place, "first_reply")
        self._days = days

    def known_by_day(self) -> Array:
        return by_day(self._ended.started, self._days, self._ended.counted)

    def late_by_day(self) -> Array:
        return by_day(self._ended.started, self._days, self._ended.late)

    def known_by_hour(self, since: Instant, until: Instant) -> Array:
        return self._by_hour(self._ended.counted, since, until)

    def late_by_hour(self, since: Instant, until: Instant) -> Array:
        return self._by_hour(self._ended.late, since, until)

    def _by_hour(self, weights: NDArray[np.int8], since: Instant, until: Instant) -> Array:
        mine = (self._ended.started >= since) & (self._ended.started < until)
        hours = hours_of_week(self._ended.started[mine], self._days)
        return np.rint(np.bincount(hours, weights[mine], HOURS_PER_WEEK)).astype(np.int64)

    def classes(self, since: Instant, until: Instant) -> Array:
        ended = self._ended
        mine = (ended.started >= since) & (ended.started < until) & (ended.met != 0)
        waited = (ended.ended - ended.started)[mine] / HOUR
        where = np.searchsorted(REPLY_EDGES, waited, side="right") - 1
        return np.rint(np.bincount(np.maximum(where, 0), ended.met[mine], len(REPLY_EDGES))).astype(np.int64)


def _summed(columns: Iterable[Array]) -> Counts:
    return tuple(sum(columns, np.zeros((), np.int64)).tolist())


def _paid(windows: Iterable[Window], bounds: Sequence[Instant]) -> NDArray[np.float64]:
    """Return the agents' hours on duty between each two of these bounds."""
    edges = np.array(bounds, np.int64)
    paid = np.zeros(len(edges) - 1)
    for window in windows:
        inside = np.minimum(edges[1:], window.end) - np.maximum(edges[:-1], window.start)
        paid += np.maximum(inside, 0) * window.agents / HOUR
    return paid
