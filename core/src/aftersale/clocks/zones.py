"""Zones: local time that never runs backward, and the instants at which it is reached and left.

The first pass of an hour that is repeated when clocks go back reads as the hour's beginning. A local time
which clocks jump over is reached at the end of the gap, and one in a repeated hour in its first pass.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

from aftersale.base.errors import ClockError, did_you_mean
from aftersale.clocks.instants import DAY, Instant, date_of, number, offset_of, to_datetime


def moment(instant: Instant, zone: str | ZoneInfo) -> datetime:
    """Return the instant as an aware datetime of that zone."""
    return to_datetime(instant, zone_table(zone).info)


def local_date(instant: Instant, zone: str | ZoneInfo) -> date:
    """Return the local date of the instant in that zone."""
    table = zone_table(zone)
    return date_of((instant + table.offset(instant)) // DAY)


def start_of_day(day: date, zone: str | ZoneInfo) -> Instant:
    """Return the first instant of the local day, which is not midnight where clocks jump over midnight."""
    return zone_table(zone).place(number(day) * DAY)


def zone_info(name: str) -> ZoneInfo:
    """Return the time zone of that IANA name; raises ClockError with the closest name otherwise."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:
        names = available_timezones()
        hint = did_you_mean(name, names) or "write an IANA name such as Europe/Berlin"
        raise ClockError(f"unknown time zone {name[:60]!r}", hint) from error


class Zone:
    """A zone as int tables, one entry a day; None marks days near a change of clocks.

    `read` and `place` lead from instants to local time and back; `place(x) <= at` just when `x <= shown(at)`,
    and `read(at) <= x` just when `at <= leave(x)`.
    """

    def __init__(self, info: ZoneInfo) -> None:
        """Start with empty tables, which fill as they are read."""
        self.info = info
        self._pieces: dict[int, list[tuple[Instant, int]]] = {}
        self._steady_read: dict[int, int | None] = {}
        self._steady_place: dict[int, int | None] = {}

    def offset(self, at: Instant) -> int:
        """Return how far local time is ahead of UTC, in µs."""
        pieces = self._day(at // DAY)
        return pieces[0][1] if len(pieces) == 1 else pieces[bisect_right(pieces, at, key=_first) - 1][1]

    def changes(self, since: Instant, until: Instant) -> Iterator[Instant]:
        """Yield the instants at which clocks change, from the day of `since` to that of `until`."""
        pieces = self._between(since // DAY, until // DAY + 1)
        return (at for (_, before), (at, ahead) in pairwise(pieces) if ahead != before)

    def read(self, at: Instant) -> int:
        """Return local time in µs since 1970 local, never falling: the least that any later instant shows."""
        day = at // DAY
        try:
            offset = self._steady_read[day]
        except KeyError:
            offset = self._steady_read[day] = self._only_offset(day, day + 2)
        if offset is not None:
            return at + offset
        later = (since + ahead for since, ahead in self._between(day, day + 2) if since > at)
        return min(at + self.offset(at), *later)

    def shown(self, at: Instant) -> int:
        """Return the most that local time has shown up to that instant."""
        day = at // DAY
        return max(min(at, end - 1) + ahead for since, end, ahead in self._stretches(day - 1, day + 1) if since <= at)

    def place(self, local: int) -> Instant:
        """Return the first instant at which local time shows `local` or more."""
        day = local // DAY
        try:
            offset = self._steady_place[day]
        except KeyError:
            offset = self._steady_place[day] = self._only_offset(day - 1, day + 2)
        return self._search(local) if offset is None else local - offset

    def leave(self, local: int) -> Instant:
        """Return the last instant at which local time shows `local` or less."""
        day = local // DAY
        stretches = self._stretches(day - 2, day + 3)
        return max(min(end - 1, local - ahead) for since, end, ahead in stretches if since <= local - ahead)

    def _search(self, local: int) -> Instant:
        day = local // DAY
        candidates = (
            max(since, local - ahead)
            for since, end, ahead in self._stretches(day - 2, day + 3)
            if max(since, local - ahead) < end
        )
        return next(candidates)

    def _only_offset(self, first: int, end: int) -> int | None:
        offsets = {ahead for _, ahead in self._between(first, end)}
        return offsets.pop() if len(offsets) == 1 else None

    def _stretches(self, first: int, end: int) -> Iterator[tuple[Instant, Instant, int]]:
        """Yield (since, until, offset) of the UTC days from `first` up to `end`."""
        pieces = self._between(first, end)
        ends = [since for since, _ in pieces[1:]] + [end * DAY]
        for (since, ahead), until in zip(pieces, ends, strict=True):
            yield since, until, ahead

    def _between(self, first: int, end: int) -> list[tuple[Instant, int]]:
        """Return (since, offset) of the UTC days from `first` up to `end`, equal neighbours included."""
        return [piece for day in range(first, end) for piece in self._day(day)]

    def _day(self, day: int) -> list[tuple[Instant, int]]:
        if day not in self._pieces:
            self._pieces[day] = self._split(day * DAY)
        return self._pieces[day]

    def _split(self, start: Instant) -> list[tuple[Instant, int]]:
        """Return the offsets of one UTC day; zone data knows no day on which two changes undo each other."""
        before, after = self._offset_at(start), self._offset_at(start + DAY - 1)
        if before == after:
            return [(start, before)]
        low, high = start, start + DAY - 1
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._offset_at(middle) == before else (low, middle)
        return [(start, before), (high, after)]

    def _offset_at(self, at: Instant) -> int:
        return offset_of(to_datetime(at, self.info))


def _first(piece: tuple[Instant, int]) -> Instant:
    return piece[0]


@cache
def zone_table(zone: str | ZoneInfo) -> Zone:
    """Return the one table of a zone; raises ClockError for an unknown name."""
    return Zone(zone_info(zone) if isinstance(zone, str) else zone)
