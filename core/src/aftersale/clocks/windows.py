"""Windows: the spans of time in which a weekly timetable is open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from aftersale.clocks.calendars import Calendar
from aftersale.clocks.instants import DAY, MINUTE, Instant, date_of, number
from aftersale.clocks.zones import zone_table

Span = tuple[int, int]
"""Minutes of the local day at which something opens and closes; past 1440 when it closes after midnight."""


def windows(
    days: Iterable[int], opens: int, closes: int, first: date, last: date, calendar: Calendar
) -> list[tuple[Instant, Instant]]:
    """Return (start, end) of a weekly window on every local day from `first` to `last`, closed days left out.

    On a weekend day that is worked it opens as on the last weekday before the weekend, where it would not by itself; a
    window that opened the evening before goes on into a closed day. `opens` and `closes` count minutes of the local
    day; a window that closes after midnight closes past 1440. There is none where `last` lies before `first`, and none
    that closes when it opens or earlier. On days when clocks change it is shorter or longer; one that falls wholly into
    a gap is left out.
    """
    weekdays = frozenset(days)
    week = [[(opens, closes)] if day in weekdays else [] for day in range(7)]
    return list(open_spans(week, number(first), number(last) + 1, calendar))


def open_spans(
    week: Sequence[Sequence[Span]], first: int, end: int, calendar: Calendar
) -> Iterator[tuple[Instant, Instant]]:
    """Yield (start, end) of the spans of every local day from number `first` up to `end`, closed days left out."""
    zone = zone_table(calendar.zone)
    times = [[(opens * MINUTE, closes * MINUTE) for opens, closes in spans] for spans in week]
    for index in range(first, end):
        day = date_of(index)
        for opens, closes in next((times[weekday] for weekday in calendar.timetable(day) if times[weekday]), ()):
            start, stop = zone.place(index * DAY + opens), zone.place(index * DAY + closes)
            if start < stop:
                yield start, stop
