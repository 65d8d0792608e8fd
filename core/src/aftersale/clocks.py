"""Clocks: instants, local days, and the three ways in which rules count time.

`wall_hours` run always. `calendar_days` keep the local time of day. `business_days` run from local midnight
to local midnight of business days only and stand still on all others. An instant is an int: microseconds
since 1970 in UTC.

Local time is read so that later starts never lead to earlier deadlines: the first pass of an hour that is
repeated when clocks go back counts as the hour's beginning, which is the stricter reading. A deadline that
falls on a local time which clocks jump over is due at the end of the gap, and one that falls into a repeated
hour is due in its first pass.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache, cached_property, lru_cache
from zoneinfo import ZoneInfo, available_timezones

import holidays
from attrs import field, frozen

from aftersale.errors import ClockError, meant

Instant = int
"""Microseconds since 1970-01-01T00:00Z."""

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
CLOCKS = ("wall_hours", "calendar_days", "business_days")
ENDS = ("same_time", "end_of_day")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL = _EPOCH.toordinal()
_MICROSECOND = timedelta(microseconds=1)
# Holidays are computed year by year; a deadline outside these years is a slip, and refused.
_FIRST_DAY = date(1900, 1, 1).toordinal() - _EPOCH_ORDINAL
_LAST_DAY = date(2199, 12, 31).toordinal() - _EPOCH_ORDINAL


def instant(moment: str | datetime) -> Instant:
    """Return the instant of an ISO text with offset or of an aware datetime; raises ClockError otherwise."""
    if isinstance(moment, str):
        moment = _parsed(moment)
    if moment.utcoffset() is None:
        raise ClockError(f"'{moment.isoformat()}' has no offset from UTC", "add one, such as Z or +01:00")
    return (moment - _EPOCH) // _MICROSECOND


def _parsed(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise ClockError(
            f"'{text}' is no ISO date and time", "write it like 2026-03-29T15:00:00+02:00"
        ) from error


def moment(instant: Instant, zone: str | ZoneInfo) -> datetime:
    """Return the instant as an aware datetime of that zone."""
    return _seen(instant, _local(zone).info)


def _seen(instant: Instant, info: ZoneInfo) -> datetime:
    try:
        return (_EPOCH + instant * _MICROSECOND).astimezone(info)
    except OverflowError as error:
        raise ClockError(f"the instant {instant} lies outside the years 1 to 9999", "it counts µs") from error


def local_date(instant: Instant, zone: str | ZoneInfo) -> date:
    """Return the day that the calendar on the wall shows there."""
    local = _local(zone)
    return _date((instant + local.offset(instant)) // DAY)


def start_of_day(day: date, zone: str | ZoneInfo) -> Instant:
    """Return the first instant of the local day, which is not midnight where clocks jump over midnight."""
    return _local(zone).place(_number(day) * DAY)


def zone_info(name: str) -> ZoneInfo:
    """Return the time zone of that IANA name; raises ClockError with the closest name otherwise."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:
        known = available_timezones()
        hint = meant(name, known) or "write an IANA name such as Europe/Berlin"
        raise ClockError(f"unknown time zone {name[:60]!r}", hint) from error


def _number(day: date) -> int:
    return day.toordinal() - _EPOCH_ORDINAL


def _date(number: int) -> date:
    try:
        return date.fromordinal(number + _EPOCH_ORDINAL)
    except (ValueError, OverflowError) as error:
        what = f"day {number} since 1970 lies outside the years 1 to 9999"
        raise ClockError(what, "count fewer days") from error


class _Zone:
    """A zone as int tables, one entry a day; None marks days near a change of clocks."""

    def __init__(self, info: ZoneInfo) -> None:
        self.info = info
        self._pieces: dict[int, list[tuple[Instant, int]]] = {}
        self._steady_read: dict[int, int | None] = {}
        self._steady_place: dict[int, int | None] = {}

    def offset(self, at: Instant) -> int:
        """Return what local time is ahead of UTC, in µs."""
        pieces = self._day(at // DAY)
        return pieces[0][1] if len(pieces) == 1 else pieces[bisect_right(pieces, at, key=_first) - 1][1]

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

    def place(self, local: int) -> Instant:
        """Return the first instant at which local time shows `local` or more."""
        day = local // DAY
        try:
            offset = self._steady_place[day]
        except KeyError:
            offset = self._steady_place[day] = self._only_offset(day - 1, day + 2)
        return self._search(local) if offset is None else local - offset

    def _search(self, local: int) -> Instant:
        day = local // DAY
        pieces = self._between(day - 2, day + 3)
        ends = [since for since, _ in pieces[1:]] + [(day + 3) * DAY]
        found = (
            max(since, local - ahead)
            for (since, ahead), end in zip(pieces, ends, strict=True)
            if max(since, local - ahead) < end
        )
        return next(found)

    def _only_offset(self, first: int, end: int) -> int | None:
        offsets = {ahead for _, ahead in self._between(first, end)}
        return offsets.pop() if len(offsets) == 1 else None

    def _between(self, first: int, end: int) -> list[tuple[Instant, int]]:
        """Return (since, offset) of the UTC days from `first` up to `end`, equal neighbours included."""
        return [piece for day in range(first, end) for piece in self._day(day)]

    def _day(self, day: int) -> list[tuple[Instant, int]]:
        if day not in self._pieces:
            self._pieces[day] = self._split(day * DAY)
        return self._pieces[day]

    def _split(self, start: Instant) -> list[tuple[Instant, int]]:
        """Return the offsets of one UTC day; zone data knows no day on which two changes undo each other."""
        before, after = self._ask(start), self._ask(start + DAY - 1)
        if before == after:
            return [(start, before)]
        low, high = start, start + DAY - 1
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._ask(middle) == before else (low, middle)
        return [(start, before), (high, after)]

    def _ask(self, at: Instant) -> int:
        offset = _seen(at, self.info).utcoffset() or timedelta()
        return offset // _MICROSECOND


def _first(piece: tuple[Instant, int]) -> Instant:
    return piece[0]


@cache
def _local(zone: str | ZoneInfo) -> _Zone:
    return _Zone(zone_info(zone) if isinstance(zone, str) else zone)


def _known_country(calendar: Calendar, _: object, country: str | None) -> None:
    known = holidays.list_supported_countries()
    if country and country not in known:
        hint = meant(country, known) or "write an ISO code such as DE, or leave it out for no holidays"
        raise ClockError(f"no holidays are known for country '{country}'", hint)


def _known_subdivision(calendar: Calendar, _: object, subdivision: str | None) -> None:
    if not subdivision:
        return
    known = holidays.list_supported_countries().get(calendar.country or "", [])
    if subdivision not in known:
        hint = f"known: {', '.join(known)}" if known else "leave it out"
        raise ClockError(f"country '{calendar.country or ''}' has no subdivision '{subdivision}'", hint)


@frozen
class Calendar:
    """Which local days are business days: neither weekend (Monday is 0) nor public holiday.

    No country means no holidays. Where a country moves work to a weekend day to make up for a bridge day,
    that day is a business day. Raises ClockError for a zone, country or subdivision that nobody knows.
    """

    zone: str = field()
    country: str | None = field(default=None, validator=_known_country)
    subdivision: str | None = field(default=None, validator=_known_subdivision)
    weekend: frozenset[int] = frozenset({5, 6})

    def __attrs_post_init__(self) -> None:
        """Refuse an unknown zone and a week without a business day."""
        _local(self.zone)
        if self.weekend >= frozenset(range(7)):
            raise ClockError("every day of the week is weekend", "leave at least one business day")

    def is_holiday(self, day: date) -> bool:
        """Whether the country keeps a public holiday on that day, observed days included."""
        return day in _holidays(self.country, self.subdivision, day.year)[0]

    def is_business_day(self, day: date) -> bool:
        """Whether business days count that day."""
        free, worked = _holidays(self.country, self.subdivision, day.year)
        return day in worked if day.weekday() in self.weekend else day not in free

    @cached_property
    def _days(self) -> _BusinessDays:
        return _BusinessDays(self)


@lru_cache(maxsize=4096)
def _holidays(
    country: str | None, subdivision: str | None, year: int
) -> tuple[frozenset[date], frozenset[date]]:
    """Return the public holidays of a year and the weekend days on which work is made up."""
    if not country:
        return frozenset(), frozenset()
    found = holidays.country_holidays(country, subdiv=subdivision or None, years=year)
    return frozenset(found), frozenset(getattr(found, "weekend_workdays", ()))


class _BusinessDays:
    """The business days of a calendar, numbered through; grows by whole years where it is asked."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self.first = self.end = 0
        self.days: list[int] = []
        self.before: list[int] = []

    def reach(self, first: int, end: int) -> None:
        """Cover the days from `first` up to `end`; raises ClockError outside the years 1900 to 2199."""
        if first < _FIRST_DAY or end > _LAST_DAY:
            raise ClockError(
                "business days are known from 1900 to 2199 only", "check the dates and the amount"
            )
        if self.days:
            first, end = min(first, self.first), max(end, self.end)
        years = _date(first).year, _date(end).year
        self._fill(_number(date(years[0], 1, 1)), _number(date(years[1], 12, 31)) + 1)

    def _fill(self, first: int, end: int) -> None:
        days: list[int] = []
        before: list[int] = []
        for day in range(first, end):
            before.append(len(days))
            if self._calendar.is_business_day(_date(day)):
                days.append(day)
        self.first, self.end, self.days, self.before = first, end, days, [*before, len(days)]

    def at(self, index: int) -> int:
        """Return the day of that number, growing forward until it is there."""
        while index >= len(self.days):
            self.reach(self.first, self.end + 2 * (index - len(self.days) + 1))
        return self.days[index]

    def count(self, day: int) -> int:
        """Return how many business days of the table lie before that day."""
        if not self.first <= day < self.end:
            self.reach(day, day + 1)
        return self.before[day - self.first]

    def spent(self, local: int) -> int:
        """Return business time in µs since the table's first day; it stands still on other days."""
        day = local // DAY
        index = self.count(day)
        runs = index < len(self.days) and self.days[index] == day
        return index * DAY + (local - day * DAY if runs else 0)


def due_after(
    start: Instant, amount: int, clock: str, calendar: Calendar, ends: str = "same_time"
) -> Instant:
    """Return the instant `amount` units of the clock after the start; later starts never end earlier.

    `end_of_day` ends at the midnight after the last day, which is counted from the day after the start. A
    business time that falls between two business days means the beginning of the later one: from Saturday, 2
    business days end at Wednesday 00:00. Raises ClockError for unknown words and negative amounts.
    """
    if clock not in CLOCKS or ends not in ENDS or amount < 0:
        raise _misused(amount, clock, ends)
    if clock == "wall_hours":
        return _wall(start, amount, calendar, ends)
    if amount == 0 and ends == "same_time" and clock == "calendar_days":
        return start
    zone = _local(calendar.zone)
    local = zone.read(start)
    if clock == "business_days":
        return _business(start, local, amount, calendar, ends)
    if ends == "end_of_day":
        return zone.place((local // DAY + amount + 1) * DAY)
    return zone.place(local + amount * DAY)


def _wall(start: Instant, amount: int, calendar: Calendar, ends: str) -> Instant:
    due = start + amount * HOUR
    if ends == "same_time":
        return due
    zone = _local(calendar.zone)
    return zone.place((zone.read(due) // DAY + 1) * DAY)


def _business(start: Instant, local: int, amount: int, calendar: Calendar, ends: str) -> Instant:
    table, zone = calendar._days, _local(calendar.zone)
    day = local // DAY
    index = table.count(day)
    runs = table.at(index) == day
    if ends == "end_of_day":
        if amount == 0:
            return zone.place((day + 1 if runs else table.at(index)) * DAY)
        return zone.place((table.at(index + runs + amount - 1) + 1) * DAY)
    if amount == 0 and runs:
        return start
    within = local - day * DAY if runs else 0
    return zone.place(table.at(index + amount) * DAY + within)


def _misused(amount: int, clock: str, ends: str) -> ClockError:
    if clock not in CLOCKS:
        return ClockError(f"unknown clock '{clock}'", f"allowed: {', '.join(CLOCKS)}")
    if ends not in ENDS:
        return ClockError(f"unknown end '{ends}'", f"allowed: {', '.join(ENDS)}")
    return ClockError(f"the amount {amount} is negative", "count forward from the start")


def elapsed(start: Instant, end: Instant, clock: str, calendar: Calendar) -> float:
    """Return how many units of the clock lie between two instants, negative when the end is earlier."""
    if clock not in CLOCKS:
        raise _misused(0, clock, "same_time")
    if clock == "wall_hours":
        return (end - start) / HOUR
    zone = _local(calendar.zone)
    first, last = zone.read(start), zone.read(end)
    if clock == "calendar_days":
        return (last - first) / DAY
    table = calendar._days
    table.count(min(first, last) // DAY)
    table.count(max(first, last) // DAY)
    return (table.spent(last) - table.spent(first)) / DAY


def windows(
    days: Iterable[int], opens: int, closes: int, first: date, last: date, calendar: Calendar
) -> list[tuple[Instant, Instant]]:
    """Return (start, end) of a weekly window on every local day from `first` to `last`, holidays left out.

    `opens` and `closes` count minutes of the local day; a window that closes after midnight closes past 1440.
    On days when clocks change it is shorter or longer; one that falls wholly into a gap is left out.
    """
    return list(_windows(frozenset(days), opens * MINUTE, closes * MINUTE, first, last, calendar))


def _windows(
    days: frozenset[int], opens: int, closes: int, first: date, last: date, calendar: Calendar
) -> Iterator[tuple[Instant, Instant]]:
    zone = _local(calendar.zone)
    for number in range(_number(first), _number(last) + 1):
        day = _date(number)
        if day.weekday() in days and not calendar.is_holiday(day):
            start, end = zone.place(number * DAY + opens), zone.place(number * DAY + closes)
            if start < end:
                yield start, end
