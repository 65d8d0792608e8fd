"""Columns: what each column of a table must hold, and every value that does not fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl
from attrs import frozen

from aftersale.base.errors import Problem

TIME = pl.Datetime("us", "UTC")
SHOWN = 3
"""How many problems of one sort are reported one by one; the rest are counted."""
_LONGEST = 60
"""How many characters of a cell are shown."""
_YEARS = (1900, 2199)
_SECONDS = {year: int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (_YEARS[0], _YEARS[1] + 1)}
_TICKS = {"ms": 10**3, "us": 10**6, "ns": 10**9}
_EXPECTED: dict[Any, str] = {
    pl.String: "a text that is not empty",
    pl.Int64: "a whole number",
    pl.Float64: "a number",
    pl.Boolean: "true or false",
    TIME: f"an instant of {_YEARS[0]} to {_YEARS[1]} such as 2026-03-29T15:00:00+02:00",
}


@frozen
class Column:
    """The type of a column (text, whole numbers, numbers, true or false, instants), and whether values may be missing.

    Read from text, an instant is ISO 8601 with its offset from UTC. Without an `absent` column all its values are
    missing.
    """

    kind: Any
    optional: bool = False
    absent: bool = False


def checked(frame: pl.DataFrame, columns: Mapping[str, Column], where: str) -> tuple[pl.DataFrame, list[Problem]]:
    """Return these columns with their types, and a problem for every value that does not fit.

    Missing columns are problems too. Only optional columns have nulls; missing texts are empty even there.
    """
    problems: list[Problem] = []
    series = []
    for name, column in columns.items():
        if name not in frame.columns and column.absent:
            empty = "" if column.kind == pl.String else None
            series.append(pl.Series(name, [empty] * frame.height, dtype=column.kind))
        elif name not in frame.columns:
            hint = f"the columns are: {', '.join(columns)}"
            problems.append(Problem(where, name, "the column is missing", hint))
        elif not _suits(frame[name].dtype, column.kind):
            what = f"the column holds {frame[name].dtype}"
            problems.append(Problem(where, name, what, f"expected {_EXPECTED[column.kind]} in every row"))
        else:
            values = _parse(frame[name], column.kind)
            problems += _value_problems(frame[name], values, column, where)
            series.append(values.fill_null("") if column.kind == pl.String else values)
    return pl.DataFrame(series), problems


def counted(problems: Sequence[Problem], total: int) -> Iterator[Problem]:
    """Yield problems of one sort, and how many more of the sort there are."""
    yield from problems
    if more := total - len(problems):
        last = problems[-1]
        yield Problem(last.where, "", f"the same {more} more time{'s' if more > 1 else ''}", last.hint)


def _suits(dtype: pl.DataType, kind: Any) -> bool:
    """Whether values of one type can be read as another without loss."""
    if dtype in (pl.String, pl.Null):
        return True
    if kind == TIME:
        return isinstance(dtype, pl.Datetime) and dtype.time_zone is not None
    if kind == pl.String:
        return dtype.is_integer() or isinstance(dtype, pl.Categorical | pl.Enum)
    if kind == pl.Boolean:
        return dtype == pl.Boolean
    return dtype.is_integer() or (kind == pl.Float64 and dtype.is_float())


def _parse(values: pl.Series, kind: Any) -> pl.Series:
    """Return the values as that type, null where they do not fit."""
    column: pl.Expr = pl.col(values.name)
    text = values.dtype == pl.String
    if kind == TIME:
        if text:
            column = column.str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False)
        # Compared as a number: in polars 1.0 far instants wrap when cast, and have no year to read.
        unit = values.dtype.time_unit if isinstance(values.dtype, pl.Datetime) else "us"
        begin, end = (_SECONDS[year] * _TICKS[unit] for year in (_YEARS[0], _YEARS[1] + 1))
        near = column.cast(pl.Int64).is_between(begin, end, closed="left")
        typed: pl.Expr = pl.when(near).then(column).cast(TIME)
    elif kind == pl.Boolean and text:
        words = {"true": True, "false": False}
        typed = column.replace_strict(words, default=None, return_dtype=pl.Boolean)
    else:
        typed = column.cast(kind, strict=False)
        typed = pl.when(typed.is_finite()).then(typed) if kind == pl.Float64 else typed
    return values.to_frame().select(typed.alias(values.name)).to_series()


def _value_problems(values: pl.Series, typed: pl.Series, column: Column, where: str) -> Iterator[Problem]:
    empty = values.is_null() | (values == "") if values.dtype == pl.String else values.is_null()
    bad = typed.is_null() & ~empty
    if not column.optional:
        bad = bad | empty
    rows = bad.arg_true()
    problems = [_problem(where, values, row, f"expected {_EXPECTED[column.kind]}") for row in rows.head(SHOWN)]
    if problems:
        yield from counted(problems, len(rows))


_REMEDY = "correct the row, or leave it out"


def _problem(where: str, values: pl.Series, row: int, expected: str) -> Problem:
    cell = _cell(values, row)
    return Problem(
        where, f"row {row + 1}, {values.name}", expected if cell else f"{expected}, found nothing", _REMEDY, cell
    )


def _cell(values: pl.Series, row: int) -> str:
    """Return a value as text shows it, empty for nothing."""
    if not isinstance(values.dtype, pl.Datetime):
        value = values[row]
        text = "" if value is None or value == "" else repr(value)
        return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    # An instant beyond the year 9999 is no Python datetime: show the number in the file.
    number = values.cast(pl.Int64)[row]
    return "" if number is None else f"{number} {values.dtype.time_unit} after 1970"


FACT_COLUMNS = {
    "kind": Column(pl.String),
    "marketplace": Column(pl.String),
    "order": Column(pl.String),
    "case": Column(pl.String),
    "occurred_at": Column(TIME),
    "known_at": Column(TIME),
    "about": Column(pl.String, optional=True),
    "value": Column(pl.Float64, optional=True),
    "detail": Column(pl.String, optional=True, absent=True),
    "amount": Column(pl.Int64, optional=True, absent=True),
}
ORDER_COLUMNS = {
    "order": Column(pl.String),
    "marketplace": Column(pl.String),
    "currency": Column(pl.String),
    "purchased_at": Column(TIME),
    "channel": Column(pl.String),
    "category": Column(pl.String, optional=True),
    "price": Column(pl.Int64),
    "promised_at": Column(TIME, optional=True),
    "delivered_at": Column(TIME, optional=True),
    "cross_border": Column(pl.Boolean),
    "exempt": Column(pl.Boolean),
    "ship_by": Column(TIME, optional=True, absent=True),
    "shipped_at": Column(TIME, optional=True, absent=True),
    "cancelled_at": Column(TIME, optional=True, absent=True),
    "tracked": Column(pl.Boolean, optional=True, absent=True),
    "product": Column(pl.String, optional=True, absent=True),
    "buyer": Column(pl.String, optional=True, absent=True),
    "landed_cost": Column(pl.Int64, optional=True, absent=True),
}


def raw_schema(columns: dict[str, Column]) -> dict[str, Any]:
    """Return the types in which a frame is filled before its instants are made of numbers."""
    return {name: pl.Int64 if column.kind == TIME else column.kind for name, column in columns.items()}


OPTIONAL_TIMES = ("promised_at", "delivered_at", "ship_by", "shipped_at", "cancelled_at")
"""The instants of an order that may be missing."""
