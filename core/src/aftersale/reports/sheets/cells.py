"""Cells: a column's text without what spreadsheets put around it, and the words and times that it is.

As polars expressions, which are null where the text is no such value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import polars as pl

_NOTHING = ["null", "nan", "nat", "n/a", "#n/a", r"\n"]
"""What databases and spreadsheets write where there is nothing."""
_UNSEEN = "\u200b\u200e\u200f\u2060\ufeff"
_UNTIDY = rf"^[\s{_UNSEEN}='#]|[\s{_UNSEEN}]$|^(?i:null|nan|nat|n/a|\\n)$"
"""What `stripped` may change."""
_TIME = re.compile(r"%[HIT]|%R")
_ISO = r"^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:\s?(?:Z|[+-]\d{2}(?::?\d{2})?))?)?$"
_ZONED = r"Z$|:.*[+-]"
_STAMPS = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M")
_DAY_END = pl.duration(hours=23, minutes=59, seconds=59)


def tidy(text: pl.Series) -> pl.Series:
    """Return a column `stripped`; where no cell needs it, which one look shows, the column itself."""
    if not text.str.contains(_UNTIDY).any():
        return text
    return text.to_frame().select(stripped(pl.col(text.name)).alias(text.name)).to_series()


def stripped(text: pl.Expr) -> pl.Expr:
    """Return the text without blanks, unseen characters and a spreadsheet's marks around it; empty for nothing.

    `="0012"` and `'0012` are how a spreadsheet is told to keep a text as it is.
    """
    plain = text.str.strip_chars().str.strip_chars(_UNSEEN).str.strip_chars()
    plain = plain.str.replace(r'^="([^"]*)"$', "${1}").str.replace(r"^'([-=+@0-9].*)$", "${1}")
    return pl.when(plain.str.to_lowercase().is_in(_NOTHING)).then(pl.lit("")).otherwise(plain)


def word(text: pl.Expr) -> pl.Expr:
    """Return a word as words are compared: in lower case, blanks of any kind and number as one space."""
    return text.str.to_lowercase().str.replace_all(r"\s+", " ")


def status(text: pl.Expr) -> pl.Expr:
    """Return a status as statuses are compared: letters and digits, for there are many spellings of one."""
    return text.str.to_lowercase().str.replace_all(r"[\W_]+", "")


def is_word(text: pl.Expr, pattern: str) -> pl.Expr:
    """Whether the text is this word; `*` stands for any letters."""
    lower = re.sub(r"\s+", " ", pattern.strip().lower())
    if "*" not in lower:
        return word(text) == lower
    return word(text).str.contains(f"^{'.*'.join(map(re.escape, lower.split('*')))}$")


def is_status(text: pl.Expr, pattern: str) -> pl.Expr:
    """Whether the text is this status, however it is spelt; `*` stands for any letters."""
    parts = [re.sub(r"[\W_]+", "", part.lower()) for part in pattern.split("*")]
    return status(text).str.contains(f"^{'.*'.join(map(re.escape, parts))}$")


def truth(text: pl.Expr) -> pl.Expr:
    """Return true or false as databases and spreadsheets write them."""
    words = {"true": True, "yes": True, "y": True, "1": True, "false": False, "no": False, "n": False, "0": False}
    return text.str.to_lowercase().replace_strict(words, default=None, return_dtype=pl.Boolean)


def code_of(text: pl.Expr, codes: Mapping[str, int]) -> pl.Expr:
    """Return the code of a word, regardless of case and of blanks."""
    lower = {re.sub(r"\s+", " ", name.strip().lower()): code for name, code in codes.items()}
    if not lower:
        return pl.lit(None, pl.Int64)
    old, new = list(lower), list(lower.values())
    return word(text).replace_strict(old, new, default=None, return_dtype=pl.Int64)


def times(text: pl.Expr, formats: Sequence[str], day_end: bool) -> tuple[pl.Expr, pl.Expr]:
    """Return the (UTC time, time without zone) that the text is: one of them is null, or both.

    A day without a time is its first instant, or its last second where `day_end`. Without formats, ISO 8601.
    """
    if formats:
        zoned = [form for form in formats if "%z" in form]
        return _utc(text, zoned), _naive(text, [form for form in formats if form not in zoned], day_end)
    text = text.str.replace(r"\s?(?:UTC|GMT)$", "Z").str.replace(r"(:\d{2}(?:\.\d+)?\s?[+-]\d{2})$", "${1}00")
    iso = pl.when(text.str.contains(_ISO)).then(text.str.replace("T", " ").str.replace("Z$", "+0000"))
    zoned_text = pl.when(text.str.contains(_ZONED)).then(iso.str.replace(r"\s([+-])", "${1}"))
    naive_text = pl.when(~text.str.contains(_ZONED)).then(iso)
    offsets = [f"{stamp}%z" for stamp in _STAMPS]
    return _utc(zoned_text, offsets), _naive(naive_text, [*_STAMPS, "%Y-%m-%d"], day_end)


def has_time(date_format: str) -> bool:
    """Whether a date format also has a time of day."""
    return _TIME.search(date_format) is not None


def _utc(text: pl.Expr, formats: Iterable[str]) -> pl.Expr:
    readings = [text.str.to_datetime(form, time_unit="us", time_zone="UTC", strict=False) for form in formats]
    return _plausible(pl.coalesce([*readings, pl.lit(None, pl.Datetime("us", "UTC"))]))


def _naive(text: pl.Expr, formats: Iterable[str], day_end: bool) -> pl.Expr:
    readings = []
    for form in formats:
        if has_time(form):
            readings.append(text.str.to_datetime(form, time_unit="us", strict=False))
        else:
            day = text.str.to_date(form, strict=False).cast(pl.Datetime("us"))
            readings.append(day + _DAY_END if day_end else day)
    return _plausible(pl.coalesce([*readings, pl.lit(None, pl.Datetime("us"))]))


def _plausible(time: pl.Expr) -> pl.Expr:
    """Return the time, null where its year cannot be meant."""
    return pl.when(time.dt.year().is_between(1970, 2199)).then(time)


def in_zones(naive: pl.Expr, place: pl.Expr, zones: Mapping[str, Sequence[int]]) -> pl.Expr:
    """Return the UTC time of a time without zone, by the zone of the place that its row belongs to.

    Of a repeated hour the first pass is meant; a time that the clocks skipped is null.
    """
    utc_times = []
    for zone, places in zones.items():
        local = naive.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
        utc_times.append(pl.when(place.is_in(list(places))).then(local.dt.convert_time_zone("UTC")))
    return pl.coalesce(utc_times)
