"""Calendars: which local days are business days, and those days numbered through."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from functools import cached_property

from attrs import evolve, field, frozen

from aftersale.base.errors import ClockError
from aftersale.clocks.instants import DAY, date_of, number
from aftersale.clocks.public_holidays import (
    Days,
    canonical,
    check_country,
    check_part,
    kept_part,
    public_holidays,
)
from aftersale.clocks.zones import zone_table

# Holidays are computed year by year; a deadline outside these years is a slip, and refused.
_FIRST_YEAR, _LAST_YEAR = 1900, 2199
FIRST_DAY, END_DAY = number(date(_FIRST_YEAR, 1, 1)), number(date(_LAST_YEAR, 12, 31)) + 1


def _check_country(calendar: Calendar, _: object, country: str | None) -> None:
    if country:
        check_country(country)


def _check_subdivision(calendar: Calendar, _: object, subdivision: str | None) -> None:
    if subdivision:
        check_part(calendar.country or "", subdivision)


def _weekdays(days: Iterable[int]) -> frozenset[int]:
    """Return weekdays as a set; raises ClockError for what is none."""
    listed = _each(days)
    if unknown := [day for day in listed if day not in range(7)]:
        what = f"no weekdays: {', '.join(repr(day)[:40] for day in unknown)}"
        raise ClockError(what, "Monday is 0 and Sunday is 6")
    return frozenset(int(day) for day in listed if isinstance(day, int))


def own_days(days: Iterable[date]) -> frozenset[date]:
    """Return days as a set; raises ClockError for what is no date, or lies outside the known years."""
    listed = _each(days)
    known = [day for day in listed if isinstance(day, date) and not isinstance(day, datetime)]
    if len(known) < len(listed):
        shown = ", ".join(repr(day)[:40] for day in listed if day not in known)
        raise ClockError(f"no days: {shown}", "give a list of dates without a time, such as date(2026, 12, 24)")
    if unknown := [day for day in known if not _FIRST_YEAR <= day.year <= _LAST_YEAR]:
        span = f"days are known from {_FIRST_YEAR} to {_LAST_YEAR} only"
        raise ClockError(f"{span}, not {_dates(unknown)}", "check the year")
    return frozenset(known)


def _each(days: object) -> list[object]:
    """Return the items of what should be days; a text or a single value is one item."""
    return list(days) if isinstance(days, Iterable) and not isinstance(days, str) else [days]


def _dates(days: Iterable[date]) -> str:
    return ", ".join(map(str, sorted(days)))


def check_own_days(closed: frozenset[date], worked: frozenset[date]) -> None:
    """Raise ClockError for days that are named both ways."""
    if both := closed & worked:
        raise ClockError(f"both closed and worked: {_dates(both)}", "name each day in one of the two lists")


@frozen
class Calendar:
    """Which local days are business days: neither weekend (Monday is 0) nor closed.

    Closed are the public holidays of the country or, with a subdivision, of that part of it; without one those of the
    part where most of its people live, if law leaves the days to its parts and one has most of the people, or else the
    nation-wide ones (`public_holidays.toml` says which, with sources). No country means no holidays. Where a country
    moves work to a weekend day to make up for a bridge day, that day is a business day.

    `closed` and `worked` are days of one's own beside these, and stand above the country's: nobody works on a closed
    one; a worked one is made up where it lies on a plain weekend, and where it is a holiday of the country it is an
    ordinary day of its weekday again. Raises ClockError for an
    unknown zone, country or subdivision, for what is no weekday or date, and for a day that is both closed and worked.
    """

    zone: str = field()
    country: str | None = field(default=None, validator=_check_country)
    subdivision: str | None = field(default=None, validator=_check_subdivision)
    weekend: frozenset[int] = field(default=frozenset({5, 6}), converter=_weekdays)
    closed: frozenset[date] = field(default=frozenset(), converter=own_days)
    worked: frozenset[date] = field(default=frozenset(), converter=own_days)

    def __attrs_post_init__(self) -> None:
        """Refuse an unknown zone, a week without a business day, and a day that is both closed and worked."""
        zone_table(self.zone)
        if self.weekend >= frozenset(range(7)):
            raise ClockError("every day of the week is weekend", "leave at least one business day")
        check_own_days(self.closed, self.worked)

    @property
    def place(self) -> str:
        """Whose holidays hold, such as `DE` or `GB-ENG`; empty for nobody's."""
        return "-".join(filter(None, (self.country and canonical(self.country), self.part)))

    @property
    def part(self) -> str | None:
        """The part of the country whose holidays hold; None for the nation-wide ones."""
        return kept_part(self.country, self.subdivision)

    def is_holiday(self, day: date) -> bool:
        """Whether that day is closed: a public holiday, observed days included, or a day of one's own."""
        if day in self.worked:
            return False
        return day in self.closed or day in self._public(day).closed

    def is_made_up(self, day: date) -> bool:
        """Whether that day lies on a weekend and is worked nevertheless."""
        if day.weekday() not in self.weekend or day in self.closed:
            return False
        public = self._public(day)
        return day in public.worked or (day in self.worked and day not in public.closed)

    def is_business_day(self, day: date) -> bool:
        """Whether business days count that day."""
        return self.is_made_up(day) if day.weekday() in self.weekend else not self.is_holiday(day)

    def timetable(self, day: date) -> tuple[int, ...]:
        """Return the weekdays whose timetable a day follows, the first that has one; none on a closed day.

        A weekend day that is worked follows its own, or else that of the last weekday before its weekend.
        """
        if self.is_made_up(day):
            back = next(back for back in range(1, 7) if (day.weekday() - back) % 7 not in self.weekend)
            return day.weekday(), (day.weekday() - back) % 7
        return () if self.is_holiday(day) else (day.weekday(),)

    def with_own_days(self, closed: frozenset[date], worked: frozenset[date]) -> Calendar:
        """Return the calendar with more days of one's own, which stand above those that it has."""
        return evolve(self, closed=(self.closed - worked) | closed, worked=(self.worked - closed) | worked)

    def _public(self, day: date) -> Days:
        return public_holidays(self.country, self.subdivision, day.year)

    @cached_property
    def _days(self) -> BusinessDays:
        return BusinessDays(self)


def whole_years(first: int, end: int, what: str) -> tuple[int, int]:
    """Return the days from `first` up to `end` widened to whole years.

    Raises ClockError outside the years 1900 to 2199; `what` begins its message.
    """
    if first < FIRST_DAY or end > END_DAY:
        message = f"{what} are known from {_FIRST_YEAR} to {_LAST_YEAR} only"
        raise ClockError(message, "check the dates and the amount")
    years = date_of(first).year, date_of(end - 1).year
    return number(date(years[0], 1, 1)), number(date(years[1], 12, 31)) + 1


class BusinessDays:
    """The business days of a calendar, numbered through; the table grows by whole years as it is read.

    Growing backward numbers them anew, so a number holds only until the next question about an earlier day.
    """

    def __init__(self, calendar: Calendar) -> None:
        """Start with an empty table."""
        self._calendar = calendar
        self.first = self.end = 0
        self.days: list[int] = []
        self.before: list[int] = []

    def reach(self, first: int, end: int) -> None:
        """Cover the days from `first` up to `end`; raises ClockError outside the years 1900 to 2199."""
        if self.days:
            first, end = min(first, self.first), max(end, self.end)
        self._fill(*whole_years(first, end, "business days"))

    def _fill(self, first: int, end: int) -> None:
        days: list[int] = []
        before: list[int] = []
        for day in range(first, end):
            before.append(len(days))
            if self._calendar.is_business_day(date_of(day)):
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

    def back(self, day: int, amount: int) -> int:
        """Return the business day so many before that day (1 is the last one), growing backward until it is there."""
        while (index := self.count(day) - amount) < 0:
            self.reach(self.first + 2 * index, self.end)
        return self.days[index]

    def runs(self, day: int) -> bool:
        """Whether that day is a business day."""
        index = self.count(day)
        return index < len(self.days) and self.days[index] == day

    def spent(self, local: int) -> int:
        """Return business time in µs since the table's first day; it stands still on other days."""
        day = local // DAY
        index = self.count(day)
        runs = index < len(self.days) and self.days[index] == day
        return index * DAY + (local - day * DAY if runs else 0)
