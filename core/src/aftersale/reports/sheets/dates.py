"""Dates: the formats by which a file's dates could be read."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from aftersale.reports.sheets.cells import times

_DAYS = ("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d", "%d/%m/%y", "%m/%d/%y")
_NAMED = ("%d-%b-%Y", "%d %b %Y", "%b %d, %Y", "%b-%d-%y", "%d-%b-%y", "%Y%m%d")
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
_ENOUGH = 0.9
"""Share of a file's dates that a format reads, to be the likely one: some rows are broken in every file."""


def likely_formats(texts: pl.Series, formats: Sequence[str]) -> tuple[str, ...]:
    """Return the usual formats that read nine dates of ten, if those declared (none: ISO 8601) read not one.

    Several where the file does not show which: 3/4/2026 is a day in March or in April.
    """
    texts = texts.unique()
    if not len(texts) or _share(texts, formats) > 0:
        return ()
    usual = (day + clock for day in (*_DAYS, *_NAMED) for clock in _CLOCKS)
    return tuple(form for form in usual if _share(texts, [form]) >= _ENOUGH)


def _share(texts: pl.Series, formats: Sequence[str]) -> float:
    utc, naive = times(pl.col("text"), formats, day_end=False)
    readable = texts.alias("text").to_frame().filter(utc.is_not_null() | naive.is_not_null())
    return len(readable) / len(texts)
