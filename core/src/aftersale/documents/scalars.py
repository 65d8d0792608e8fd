"""Scalars: the kinds of single values that documents hold, each with how it is read and how messages describe it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from math import isfinite
from typing import Any, NewType

from aftersale.base.money import decimals
from aftersale.clocks import DAY, HOUR, MINUTE, SECOND, is_country, place_of, zone_info

Share = NewType("Share", float)
"""A float from 0 to 1."""
Rate = NewType("Rate", float)
"""A float of 0 or more."""
Count = NewType("Count", int)
"""An int of 0 or more."""
PositiveCount = NewType("PositiveCount", int)
"""An int of 1 or more."""
Word = NewType("Word", str)
"""A text that is not empty and not blank."""
LanguageCode = NewType("LanguageCode", str)
"""A language by its code of ISO 639, such as `en`, perhaps with a region, such as `pt-BR`."""
ZoneName = NewType("ZoneName", str)
"""An IANA time zone."""
Day = NewType("Day", date)
"""A date without a time."""
Duration = NewType("Duration", int)
"""Microseconds, from a text such as `12 min`."""
TimeRange = NewType("TimeRange", tuple[int, int])
"""Minutes of the day at which something opens and closes; past 1440 when it closes after midnight."""
Weekdays = NewType("Weekdays", frozenset[int])
"""Days of the week, Monday is 0, from a text such as `Mon-Fri`."""
CurrencyCode = NewType("CurrencyCode", str)
"""An ISO 4217 code."""
CountryCode = NewType("CountryCode", str)
"""An ISO 3166 code of two letters, of a country whose holidays are known."""
HolidayPlace = NewType("HolidayPlace", str)
"""A country, or with a hyphen a part of it, whose holidays are known: ISO 3166-1 and -2, such as `GB-ENG`."""
MoneyAmount = NewType("MoneyAmount", Decimal)
"""An exact amount of 0 or more, from a text such as `24.90` or a whole number."""
ExactShare = NewType("ExactShare", Decimal)
"""An exact share of an amount, 0 or more, from a text such as `0.35` or a whole number."""
DayOrAmount = NewType("DayOrAmount", object)
"""A day, or an exact amount: what a table of rates holds."""
OwnNumber = NewType("OwnNumber", str)
"""A number of the seller's for a cost, exact, as text; money with its currency, such as `20.00 USD`."""

Words = NewType("Words", tuple[str, ...])
"""Words, from a text or from a list of texts."""
NumberOrName = NewType("NumberOrName", object)
"""A number of 0 or more, or the name of one that is declared elsewhere: a float or a str."""

DURATION_UNITS = {"s": SECOND, "min": MINUTE, "h": HOUR, "d": DAY, "wk": 7 * DAY}
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_LONGEST = 100 * 366 * DAY
_WHOLE_DAY = 24 * 60


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("put it in quotes" if isinstance(value, int | float) else "")
    return value


def _word(value: Any) -> str:
    if not _text(value).strip():
        raise ValueError
    return str(value)


def _words(value: Any) -> tuple[str, ...]:
    texts = value if isinstance(value, list | tuple) else [value]
    if not texts:
        raise ValueError
    return tuple(map(_word, texts))


def _number_or_name(value: Any) -> float | str:
    if isinstance(value, str) and not _unquote(value):
        return _word(value)
    return _between(_number, 0, 2.0**1023)(value)


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("without quotes" if value in ("true", "false") else "")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -(2.0**1023) < value < 2.0**1023:
        raise ValueError(_unquote(value))
    return float(value)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value.bit_length() > 63:
        raise ValueError(_unquote(value))
    return value


def _unquote(value: Any) -> str:
    return "remove the quotes" if isinstance(value, str) and re.fullmatch(r"[0-9]+(\.[0-9]+)?", value) else ""


def _between(parse: Callable[[Any], float], low: float, high: float) -> Callable[[Any], float]:
    def bounded(value: Any) -> float:
        number = parse(value)
        if not low <= number <= high:
            raise ValueError
        return number

    return bounded


def _zone_name(value: Any) -> str:
    zone_info(_text(value))
    return str(value)


def _day(value: Any) -> date:
    if isinstance(value, datetime) or not isinstance(value, date):
        raise ValueError("remove the quotes" if isinstance(value, str) else "")
    return value


def _moment(value: Any) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError("add an offset from UTC" if isinstance(value, datetime) else "")
    return value


def _duration(value: Any) -> int:
    match = re.fullmatch(r"([0-9]{1,12}(?:\.[0-9]{1,9})?) ?([A-Za-z]*)", _text(value))
    units = f"units: {', '.join(DURATION_UNITS)}"
    if not match or match[2] not in DURATION_UNITS:
        raise ValueError(units)
    length = Decimal(match[1]) * DURATION_UNITS[match[2]]
    if length > _LONGEST:
        raise ValueError("at most 100 years")
    return int(length)


def _time_range(value: Any) -> tuple[int, int]:
    match = re.fullmatch(r"([0-9]{2}):([0-5][0-9])-([0-9]{2}):([0-5][0-9])", _text(value))
    if not match:
        raise ValueError("two times of the day, 00:00 to 24:00, with a hyphen between them")
    opens, closes = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
    if opens >= _WHOLE_DAY or closes > _WHOLE_DAY:
        raise ValueError("a day begins at 00:00 and ends at 24:00")
    if opens == closes:
        raise ValueError("for the whole day write '00:00-24:00'")
    return opens, closes if closes > opens else closes + _WHOLE_DAY


def parse_weekdays(value: Any) -> frozenset[int]:
    """Return the days of the week, Monday is 0, of a text such as `Mon-Fri`; raises ValueError for any other value."""
    days: set[int] = set()
    for part in _text(value).split(","):
        first, *rest = [name.strip() for name in part.split("-")]
        if len(rest) > 1 or not {first, *rest} <= set(WEEKDAYS):
            raise ValueError(f"days: {', '.join(WEEKDAYS)}")
        start, end = WEEKDAYS.index(first), WEEKDAYS.index(rest[0] if rest else first)
        days |= {(start + ahead) % 7 for ahead in range((end - start) % 7 + 1)}
    return frozenset(days)


def _currency(value: Any) -> str:
    decimals(_text(value))
    return str(value)


def _language(value: Any) -> str:
    if not re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", _text(value)):
        raise ValueError("two or three small letters of ISO 639")
    return str(value)


def _country(value: Any) -> str:
    if not is_country(_text(value)):
        meant = value.upper()
        raise ValueError(f"did you mean '{meant}'?" if is_country(meant) else "two capital letters of ISO 3166")
    return str(value)


def _holiday_place(value: Any) -> str:
    place_of(_text(value))
    return str(value)


def _amount(value: Any) -> Decimal:
    if isinstance(value, float) and isfinite(value):
        raise ValueError("put it in quotes, to keep it exact")
    text = value if isinstance(value, str) else str(_whole(value))
    if not re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,9})?", text):
        raise ValueError
    return Decimal(text)


def _day_or_amount(value: Any) -> date | Decimal:
    if isinstance(value, Decimal):  # read before
        return value
    return _day(value) if isinstance(value, date) else _amount(value)


def _own_number(value: Any) -> str:
    if isinstance(value, float):
        raise ValueError("put it in quotes, to keep it exact")
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
        raise ValueError
    return str(value)


SCALARS: tuple[tuple[Any, Callable[[Any], object], str], ...] = (
    (str, _text, "a text"),
    (bool, _truth, "true or false"),
    (float, _number, "a number"),
    (int, _whole, "a whole number"),
    (date, _day, "a date such as 2026-03-29"),
    (datetime, _moment, "a date and time such as 2026-03-29T15:00:00+02:00"),
    (Share, _between(_number, 0, 1), "a share from 0 to 1"),
    (Rate, _between(_number, 0, 2.0**1023), "a number of 0 or more"),
    (Count, _between(_whole, 0, 2**63), "a whole number of 0 or more"),
    (PositiveCount, _between(_whole, 1, 2**63), "a whole number of 1 or more"),
    (Word, _word, "a text that is not empty"),
    (Words, _words, "a word, or a list of words"),
    (NumberOrName, _number_or_name, "a number of 0 or more, or the name of a parameter"),
    (ZoneName, _zone_name, "a time zone such as 'Europe/Berlin'"),
    (Day, _day, "a date such as 2026-03-29"),
    (Duration, _duration, "a duration such as '12 min'"),
    (TimeRange, _time_range, "opening hours such as '09:00-18:00'"),
    (Weekdays, parse_weekdays, "days such as 'Mon-Fri' or 'Mon,Wed'"),
    (CurrencyCode, _currency, "a currency such as 'EUR'"),
    (LanguageCode, _language, "a language such as 'en'"),
    (CountryCode, _country, "a country such as 'DE'"),
    (HolidayPlace, _holiday_place, "a country such as 'DE' or a part of it such as 'DE-BY'"),
    (MoneyAmount, _amount, "an amount such as '24.90'"),
    (ExactShare, _amount, "an exact share such as '0.35'"),
    (DayOrAmount, _day_or_amount, "an amount such as '7.10', or a day"),
    (OwnNumber, _own_number, "an exact number such as '0.20', or money such as '20.00 USD'"),
)
"""Each kind with its parser, which raises ValueError or KeyError, and the end of the sentence "expected …"."""
