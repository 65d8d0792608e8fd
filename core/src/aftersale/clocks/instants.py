"""Instants: microseconds since 1970 in UTC, their units, and days by number."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from aftersale.base.errors import ClockError

Instant = int
"""Microseconds since 1970-01-01T00:00Z."""

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL = _EPOCH.toordinal()
_MICROSECOND = timedelta(microseconds=1)


def instant(moment: str | datetime) -> Instant:
    """Return the instant of an ISO text with offset or of an aware datetime; raises ClockError otherwise."""
    if isinstance(moment, str):
        moment = _parse(moment)
    if moment.utcoffset() is None:
        raise ClockError(f"'{moment.isoformat()}' has no offset from UTC", "add one, such as Z or +01:00")
    return (moment - _EPOCH) // _MICROSECOND


def _parse(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise ClockError(f"'{text}' is no ISO date and time", "write it like 2026-03-29T15:00:00+02:00") from error


def to_datetime(instant: Instant, info: ZoneInfo) -> datetime:
    """Return the instant as an aware datetime; raises ClockError outside the years 1 to 9999."""
    try:
        return (_EPOCH + instant * _MICROSECOND).astimezone(info)
    except OverflowError as error:
        raise ClockError(f"the instant {instant} lies outside the years 1 to 9999", "it counts µs") from error


def offset_of(moment: datetime) -> int:
    """Return how far that moment's local time is ahead of UTC, in µs."""
    return (moment.utcoffset() or timedelta()) // _MICROSECOND


def number(day: date) -> int:
    """Return how many days after 1970-01-01 that is."""
    return day.toordinal() - _EPOCH_ORDINAL


def date_of(number: int) -> date:
    """Return the day of that number; raises ClockError outside the years 1 to 9999."""
    try:
        return date.fromordinal(number + _EPOCH_ORDINAL)
    except (ValueError, OverflowError) as error:
        what = f"day {number} since 1970 lies outside the years 1 to 9999"
        raise ClockError(what, "count fewer days") from error
