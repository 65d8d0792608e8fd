"""Dates: the formats by which a file's dates could be read."""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from aftersale.reports.sheets.cells import has_time, times

_DAYS = ("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d", "%d/%m/%y", "%m/%d/%y")
_NAMED = ("%d-%b-%Y", "%d %b %Y", "%b %d, %Y", "%b-%d-%y", "%d-%b-%y", "%Y%m%d")
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
_FEW = 0.5
"""Share of a file's dates below which the formats declared are not its own: of 3/4/2026, two in five can be swapped."""
_SEVERAL = 10
"""So many midnights are no chance."""
_ISO_CLOCK = ("%Y-%m-%d %H:%M:%S",)
_ENOUGH = 0.9
"""Share of a file's dates that a format reads, to be the likely one: some rows are broken in every file."""


def likely_formats(texts: pl.Series, formats: Sequence[str]) -> tuple[str, ...]:
    """Return the usual formats that read nine dates of ten, if those declared (none: ISO 8601) read less than half.

    Several where the file does not show which: 3/4/2026 is a day in March or in April.
    """
    texts = texts.unique()
    if not len(texts) or _share(texts, formats) >= _FEW:
        return ()
    usual = (day + clock for day in (*_DAYS, *_NAMED) for clock in _CLOCKS)
    return tuple(form for form in usual if _share(texts, [form]) >= _ENOUGH)


def day_formats(texts: pl.Series, formats: Sequence[str]) -> tuple[str, ...]:
    """Return formats by which these dates are whole days, where those declared read all of them as midnights.

    A database writes a day as its first instant; a format with that hour as text reads it as the day.
    """
    utc, naive = times(pl.col("text"), formats, day_end=True)
    moments = texts.alias("text").to_frame().select(naive.alias("naive"), utc.alias("utc"))
    local = moments["naive"].drop_nulls()
    if len(local) < _SEVERAL or moments["utc"].is_not_null().any() or (local != local.dt.truncate("1d")).any():
        return ()
    timed = [form for form in formats or _ISO_CLOCK if has_time(form)]
    days = [re.sub(r"%H|%M|%S", "00", form) for form in timed if "%I" not in form]
    return tuple(dict.fromkeys((*days, *(formats or _ISO_CLOCK))))


def swapped(texts: pl.Series, formats: Sequence[str]) -> int:
    """Return how many of these dates two of the formats read as different days: 3/4/2026 by %d/%m and by %m/%d."""
    if len(formats) < 2:
        return 0
    readings = []
    for form in formats:
        utc, naive = times(pl.col("text"), [form], day_end=False)
        readings.append(pl.coalesce(naive, utc.dt.replace_time_zone(None)).dt.date())
    days = texts.alias("text").to_frame()
    return len(days.filter(pl.min_horizontal(readings) != pl.max_horizontal(readings)))


def are_utc_days(texts: pl.Series, formats: Sequence[str]) -> bool:
    """Whether all of several dates are midnights of UTC, as programs write days that they took for instants."""
    utc, _ = times(pl.col("text"), formats, day_end=False)
    moments = texts.alias("text").to_frame().select(utc.alias("utc"))["utc"].drop_nulls()
    return len(moments) >= _SEVERAL and not (moments != moments.dt.truncate("1d")).any()


def _share(texts: pl.Series, formats: Sequence[str]) -> float:
    utc, naive = times(pl.col("text"), formats, day_end=False)
    readable = texts.alias("text").to_frame().filter(utc.is_not_null() | naive.is_not_null())
    return len(readable) / len(texts)
