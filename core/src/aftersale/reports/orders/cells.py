"""Cells: the value of a column's text, as polars expressions that are null where the text is no such value.

Prices are converted from text to whole numbers without a binary fraction in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from aftersale.reports.orders.formats import has_time

MILLION = 1_000_000
"""Prices are in millionths of the currency until it is known how many decimals the currency has."""

LARGEST = 10**16
"""Millionths from which on a line's price is taken for a mistake: ten thousand million of the currency."""

_ISO = r"^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:\s?(?:Z|[+-]\d{2}:?\d{2}))?)?$"
_ZONED = r"Z$|:.*[+-]"
_STAMPS = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M")
_DAY_END = pl.duration(hours=23, minutes=59, seconds=59)


def whole_number(text: pl.Expr) -> pl.Expr:
    """Return the integer that the text is, of nine digits at most."""
    fits = pl.when(text.str.contains(r"^[+-]?\d{1,9}$"))
    return fits.then(text.str.strip_prefix("+")).cast(pl.Int64, strict=False)


def millionths(text: pl.Expr, decimal: str) -> pl.Expr:
    """Return a number with at most six decimals in millionths; zeros behind the six do not count."""
    mark = r"\." if decimal == "." else ","
    parts = text.str.extract_groups(rf"^([+-]?)(\d{{1,12}})(?:{mark}(\d{{0,6}})0*)?$").struct
    whole = parts.field("2").cast(pl.Int64, strict=False) * MILLION
    fraction = parts.field("3").fill_null("").str.pad_end(6, "0").cast(pl.Int64, strict=False)
    sign = pl.when(parts.field("1") == "-").then(-1).otherwise(1)
    return sign * (whole + fraction)


def line_total(price: pl.Expr, units: pl.Expr) -> pl.Expr:
    """Return the price of so many units; null where it reaches `LARGEST`."""
    size = price.abs().cast(pl.Float64) * units.abs().cast(pl.Float64)
    return pl.when(size < LARGEST).then(price * units)


def code_of(text: pl.Expr, codes: Mapping[str, int]) -> pl.Expr:
    """Return the code of a word, regardless of case."""
    lower = {word.lower(): code for word, code in codes.items()}
    if not lower:
        return pl.lit(None, pl.Int64)
    old, new = list(lower), list(lower.values())
    return text.str.to_lowercase().replace_strict(old, new, default=None, return_dtype=pl.Int64)


def times(text: pl.Expr, formats: Sequence[str], day_end: bool) -> tuple[pl.Expr, pl.Expr]:
    """Return the (UTC time, time without zone) that the text is: one of them is null, or both.

    A day without a time is its first instant, or its last second where `day_end`. Without formats, ISO 8601.
    """
    if formats:
        zoned = [form for form in formats if "%z" in form]
        return _utc(text, zoned), _naive(text, [form for form in formats if form not in zoned], day_end)
    iso = pl.when(text.str.contains(_ISO)).then(text.str.replace("T", " ").str.replace("Z$", "+0000"))
    zoned_text = pl.when(text.str.contains(_ZONED)).then(iso.str.replace(r"\s([+-])", "${1}"))
    naive_text = pl.when(~text.str.contains(_ZONED)).then(iso)
    offsets = [f"{stamp}%z" for stamp in _STAMPS]
    return _utc(zoned_text, offsets), _naive(naive_text, [*_STAMPS, "%Y-%m-%d"], day_end)


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
