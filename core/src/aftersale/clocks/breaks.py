"""Breaks: the days off around a holiday that is known by its name, in any year."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from aftersale.base.errors import ClockError, did_you_mean
from aftersale.clocks.calendars import Calendar
from aftersale.clocks.holiday_library import names_of_days
from aftersale.clocks.public_holidays import canonical, kept_part, place_of

_MOVED = re.compile(r"\((substituted|observed)")
_YEARS = range(1900, 2200)


class Break(NamedTuple):
    """Days off on end, both included."""

    first: date
    last: date


@lru_cache(maxsize=256)
def breaks(holiday: str, first_year: int, last_year: int) -> tuple[Break, ...]:
    """Return the breaks of a holiday in these years, in their order.

    `holiday` is a place and a part of the holiday's name in English, such as `CN Spring Festival`. A break is the
    unbroken run of the place's days off, weekends among them, in which a day of that name lies: so it has the days that
    are moved to it, in years whose official list is known. Names are those of the `holidays` library. Raises ClockError
    for a place that is not known, and for a holiday that it does not have.
    """
    place, _, name = holiday.strip().partition(" ")
    country, part = place_of(place)
    calendar = Calendar("UTC", country, part)
    years = [year for year in range(first_year, last_year + 1) if year in _YEARS]
    named = sorted(day for year in years for day in _days(country, part, year, name.strip()))
    if not named:
        raise ClockError(f"'{place}' has no holiday '{name.strip()[:60]}'", _names(country, part, years, name))
    return tuple(dict.fromkeys(_around(day, calendar) for day in named))


def _around(day: date, calendar: Calendar) -> Break:
    first = last = day
    while not calendar.is_business_day(first - timedelta(1)):
        first -= timedelta(1)
    while not calendar.is_business_day(last + timedelta(1)):
        last += timedelta(1)
    return Break(first, last)


def _days(country: str, part: str | None, year: int, name: str) -> Iterator[date]:
    for day, text in _named(country, part, year):
        if name and name.casefold() in text.casefold():
            yield day


def _named(country: str, part: str | None, year: int) -> Iterator[tuple[date, str]]:
    """Yield the days of a year with their names in English."""
    code, kept = canonical(country), kept_part(country, part)
    for day, names in names_of_days(code, kept, year).items():
        yield day, "; ".join(names)


def _names(country: str, part: str | None, years: list[int], name: str) -> str:
    names = list(dict.fromkeys(text for year in years[:1] for _, text in _named(country, part, year)))
    usual = [text for text in names if not _MOVED.search(text)]
    return did_you_mean(name, usual) or f"known: {', '.join(usual)}"
