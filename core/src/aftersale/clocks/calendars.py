"""Calendars: which local days are business days, and those days numbered through."""

from __future__ import annotations

from datetime import date
from functools import cached_property, lru_cache

import holidays
from attrs import field, frozen

from aftersale.base.errors import ClockError, did_you_mean
from aftersale.clocks.instants import DAY, date_of, number
from aftersale.clocks.zones import zone_table

# Holidays are computed year by year; a deadline outside these years is a slip, and refused.
_FIRST_YEAR, _LAST_YEAR = 1900, 2199
FIRST_DAY, END_DAY = number(date(_FIRST_YEAR, 1, 1)), number(date(_LAST_YEAR, 12, 31)) + 1


def _check_country(calendar: Calendar, _: object, country: str | None) -> None:
    countries = holidays.list_supported_countries()
    if country and country not in countries:
        hint = did_you_mean(country, countries) or "write an ISO code such as DE, or leave it out for no holidays"
        raise ClockError(f"no holidays are known for country '{country}'", hint)


def _check_subdivision(calendar: Calendar, _: object, subdivision: str | None) -> None:
    if not subdivision:
        return
    subdivisions = holidays.list_supported_countries().get(calendar.country or "", [])
    if subdivision not in subdivisions:
        hint = f"known: {', '.join(subdivisions)}" if subdivisions else "leave it out"
        raise ClockError(f"country '{calendar.country or ''}' has no subdivision '{subdivision}'", hint)


@frozen
class Calendar:
    """Which local days are business days: neither weekend (Monday is 0) nor public holiday.

    No country means no holidays. Where a country moves work to a weekend day to make up for a bridge day,
    that day is a business day. Raises ClockError for an unknown zone, country or subdivision.
    """

    zone: str = field()
    country: str | None = field(default=None, validator=_check_country)
    subdivision: str | None = field(default=None, validator=_check_subdivision)
    weekend: frozenset[int] = frozenset({5, 6})

    def __attrs_post_init__(self) -> None:
        """Refuse an unknown zone and a week without a business day."""
        zone_table(self.zone)
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
    def _days(self) -> BusinessDays:
        return BusinessDays(self)


@lru_cache(maxsize=4096)
def _holidays(country: str | None, subdivision: str | None, year: int) -> tuple[frozenset[date], frozenset[date]]:
    """Return the public holidays of a year and the weekend days on which work is made up."""
    if not country:
        return frozenset(), frozenset()
    days = holidays.country_holidays(country, subdiv=subdivision or None, years=year)
    return frozenset(days), frozenset(getattr(days, "weekend_workdays", ()))


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
