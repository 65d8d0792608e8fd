"""Yearly days: a day that comes every year by a rule in words, such as `fourth Thursday of November - 7`."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, timedelta

from attrs import frozen

from aftersale.base.errors import ClockError

# Names of months and weekdays are written out here: those of the calendar module follow the machine's language.
_MONTHS = [
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
]
_WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_ORDINALS = ("first", "second", "third", "fourth", "last")
_WEEKDAY_OF = re.compile(r"(\w+) (\w+) of (\w+)(?: ([+-]) ?(\d{1,3}))?")
_DAY_OF = re.compile(r"(\d{1,2})-(\d{1,2})")
_HINT = "write 'fourth Thursday of November', with '+ 1' or '- 7' days after it if need be, or month and day as '11-11'"


@frozen
class YearlyDay:
    """A day of every year: a weekday's turn in a month (`last` is -1), or else a day of it, and some days later."""

    month: int
    day: int | None = None
    weekday: int = 0
    turn: int = 0
    later: int = 0

    def in_year(self, year: int) -> date:
        """Return the day of one year; days later than it may lie in the next."""
        if self.day is not None:
            return date(year, self.month, self.day)
        first, length = monthrange(year, self.month)
        days = range(1 + (self.weekday - first) % 7, length + 1, 7)
        return date(year, self.month, days[self.turn]) + timedelta(self.later)


def yearly_day(text: str) -> YearlyDay:
    """Return the day of a rule; raises ClockError for one that cannot be read, or that not every year has."""
    if found := _DAY_OF.fullmatch(text.strip()):
        month, day = map(int, found.groups())
        if 1 <= month <= len(_MONTHS) and 1 <= day <= monthrange(2026, month)[1]:
            return YearlyDay(month, day)
        raise ClockError(f"not every year has the day '{text}'", _HINT)
    found = _WEEKDAY_OF.fullmatch(text.strip())
    if not found:
        raise ClockError(f"'{text[:60]}' is no rule for a day of every year", _HINT)
    ordinal, weekday, month_name, sign, later = found.groups()
    for word, words in ((ordinal, _ORDINALS), (weekday, _WEEKDAYS), (month_name, _MONTHS)):
        if word not in words:
            raise ClockError(f"'{word}' in '{text[:60]}' is none of: {', '.join(words)}", _HINT)
    turn = -1 if ordinal == _ORDINALS[-1] else _ORDINALS.index(ordinal)
    days = int(f"{sign}{later}") if sign else 0
    return YearlyDay(_MONTHS.index(month_name) + 1, None, _WEEKDAYS.index(weekday), turn, days)
