"""Reading of service logs: text files with named columns, each row of them used, skipped or rejected with its line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
from attrs import evolve, field, frozen

from aftersale.base.errors import DocumentError, Problem
from aftersale.reports.reader import KEPT, LeftOut, RejectedRow
from aftersale.reports.service_logs.formats import ReturnFormat
from aftersale.reports.sheets import cells, dates, numbers
from aftersale.reports.sheets.layout import Layout, find_layout, looks_like_data, missing_headers, normalised
from aftersale.reports.sheets.numbers import NumberStyle, StyleEvidence
from aftersale.reports.sheets.rows import Rows
from aftersale.reports.sheets.text import GARBAGE

ENCODINGS = ("utf-8-sig", "cp932", "cp1252")
"""What spreadsheets write where a file is not UTF-8: in Japan, and in the West. Orders and dates are ASCII in both."""
_SHOWN = 40
_PAGE = 1 << 16
_DECIMALS = 2
"""Of numbers that are no money: what could be a thousand is left open, as in most currencies."""


@frozen
class LogColumn:
    """A column of a log: a `text`, a `word` of those allowed, an `instant`, a `number` or a whole number (`count`).

    An `optional` column may be missing and its cells may be empty. `units` may stand beside a number.
    """

    kind: str
    words: tuple[str, ...] = ()
    optional: bool = False
    units: tuple[str, ...] = ()


@frozen(eq=False)
class TableReport:
    """The valid rows of a log, typed, with their `line`; rows that are none are skips or rejections.

    `rows` has the columns of the log's kind: instants in UTC, null for an empty optional cell. `format` is that of a
    marketplace's own report; `date_formats` are those that read all instants, where not one could be read;
    `days_only` says that no instant has a time of day.
    """

    source: str
    rows: pl.DataFrame
    rejections: LeftOut
    skips: LeftOut = field(factory=LeftOut)
    format: ReturnFormat | None = None
    date_formats: tuple[str, ...] = ()
    days_only: bool = False

    @property
    def rows_read(self) -> int:
        """How many rows the file has below its header."""
        return self.rows_used + self.rows_rejected + self.rows_skipped

    @property
    def rows_used(self) -> int:
        """How many of them are valid."""
        return len(self.rows)

    @property
    def rows_skipped(self) -> int:
        """How many rows are none: empty ones, and the header again."""
        return self.skips.total

    @property
    def rows_rejected(self) -> int:
        """How many rows could not be understood."""
        return self.rejections.total

    @property
    def rejected(self) -> tuple[RejectedRow, ...]:
        """The first of these for each reason, by their lines."""
        return self.rejections.in_order()


@frozen
class TableReader:
    """Reads logs of one kind, by their columns; other columns are ignored.

    `formats` are marketplaces' reports of the same, `date_formats` those tried where an instant is not ISO 8601, and
    `zone` that of instants without offset.
    """

    columns: Mapping[str, LogColumn]
    formats: tuple[ReturnFormat, ...] = ()
    date_formats: tuple[str, ...] = ()
    zone: str = "UTC"

    def recognises(self, path: Path) -> bool:
        """Whether the file is a log with these columns, or one of the reports."""
        try:
            return any(layout is not None for _, layout in self._layouts(path))
        except DocumentError:
            return False

    def read(self, path: Path) -> TableReport:
        """Return the rows of the log; raises DocumentError for a file that cannot be read or lacks columns."""
        for form, layout in self._layouts(path):
            if layout is not None:
                return _Log(self._suited(form), layout, path).report(form)
        raise self._unfit(path)

    def _layouts(self, path: Path) -> Iterator[tuple[ReturnFormat | None, Layout | None]]:
        for form in (*self.formats, None):
            headers = self._needed if form is None else form.needed
            delimiter, encodings = (",", ENCODINGS) if form is None else (form.delimiter, form.encodings)
            yield form, find_layout(path, encodings, delimiter, None, partial(_holds, needed=headers))

    @property
    def _needed(self) -> tuple[str, ...]:
        return tuple(name for name, column in self.columns.items() if not column.optional)

    def _suited(self, form: ReturnFormat | None) -> TableReader:
        return self if form is None else evolve(self, date_formats=form.date_formats, zone=form.zone)

    def _unfit(self, path: Path) -> DocumentError:
        layout = find_layout(path, ENCODINGS, ",", None, lambda header: len(header) > 1)
        if layout is None:
            hint = f"name a CSV file whose first row is: {','.join(self.columns)}"
            return DocumentError(path.name, (Problem(path.name, "", "has no header", hint),))
        headers = [header for header in layout.header if header]
        if looks_like_data(headers):
            hint = f"put the names of the columns into the first row: {','.join(self.columns)}"
            what = f"holds {len(headers)} cells that look like data, not like names of columns"
            return DocumentError(path.name, (Problem(path.name, "line 1", what, hint),))
        missing = missing_headers(headers, self._needed)
        return DocumentError(path.name, tuple(_missing_column(path.name, name, headers) for name in missing))


def _holds(header: Sequence[str], needed: Sequence[str]) -> bool:
    return not missing_headers(header, needed)


def _missing_column(source: str, column: str, headers: Sequence[str]) -> Problem:
    near = get_close_matches(column, headers, n=1)
    guess = f"rename '{near[0]}'? " if near else ""
    return Problem(source, column, "this column is missing", f"{guess}columns there: {', '.join(headers)}")


@frozen(eq=False)
class _Log:
    reader: TableReader
    layout: Layout
    path: Path

    def report(self, form: ReturnFormat | None) -> TableReport:
        rows = Rows(self.layout, self._places(form))
        text = pl.concat(rows.pages(self.path, _PAGE))
        typed, likely = self._typed(text, rows.rejected), self._likely_formats(text)
        days_only = not any(cells.str.contains(":").any() for cells in self._instants(text))
        return TableReport(self.path.name, typed, rows.rejected, rows.skipped, form, likely, days_only)

    def _instants(self, text: pl.DataFrame) -> list[pl.Series]:
        names = [name for name, column in self.reader.columns.items() if column.kind == "instant"]
        return [text[name].filter(text[name] != "") for name in names if name in text.columns]

    def _places(self, form: ReturnFormat | None) -> dict[str, int]:
        words = [normalised(word) for word in self.layout.header]
        headers = {name: name for name in self.reader.columns} if form is None else form.columns.headers
        wanted = {name: normalised(header) for name, header in headers.items()}
        twice = sorted({header for header in wanted.values() if words.count(header) > 1})
        if twice:
            hint = "give each of them a name of its own in the file"
            what = f"more than one column is called {', '.join(twice)}"
            raise DocumentError(self.path.name, (Problem(self.path.name, "line 1", what, hint),))
        return {name: words.index(header) for name, header in wanted.items() if header in words}

    def _typed(self, text: pl.DataFrame, rejections: LeftOut) -> pl.DataFrame:
        """Return the rows of which every cell is a value; the others are rejected for their first cell that is none."""
        columns = self.reader.columns
        present = [name for name in columns if name in text.columns]
        typed = text.select("line", *(_value(text, name, columns[name], self.reader).alias(name) for name in present))
        usable = pl.Series("usable", [True] * len(text), pl.Boolean)
        for name in present:
            bad = typed[name].is_null() & ((text[name] != "") | (not columns[name].optional))
            blamed = text.filter(bad & usable).select("line", cell=name)
            empty = pl.col("cell") == ""
            for reason, is_cause in (("no value", empty), (_reason(columns[name]), ~empty)):
                rows = blamed.filter(is_cause)
                first = (RejectedRow(line, reason, name, cell[:_SHOWN]) for line, cell in rows.head(KEPT).iter_rows())
                rejections.add(first, len(rows))
            usable &= ~bad
        absent = [name for name in columns if name not in present]
        missing = [pl.lit(None, _TYPES[columns[name].kind]).alias(name) for name in absent]
        return typed.filter(usable).with_columns(missing)

    def _likely_formats(self, text: pl.DataFrame) -> tuple[str, ...]:
        written = self._instants(text)
        return dates.likely_formats(written[0], self.reader.date_formats) if written else ()


def _value(text: pl.DataFrame, name: str, column: LogColumn, reader: TableReader) -> pl.Expr:
    """Return the value of a column's cells, null for what is none."""
    cell = pl.col(name)
    if column.kind == "instant":
        return _instant(cell, reader)
    if column.kind == "count":
        return numbers.whole_number(cell, _style(text[name]))
    if column.kind == "number":
        return _number(cell, _style(text[name]), column.units)
    if column.kind == "word":
        return cells.word(cell).replace_strict(
            list(column.words), list(column.words), default=None, return_dtype=pl.String
        )
    return pl.when((cell != "") & ~cell.str.contains(f"[{GARBAGE}\\x00]")).then(cell)


def _number(cell: pl.Expr, style: NumberStyle, units: Sequence[str]) -> pl.Expr:
    """Return a number, also as programs write it (1e3); null with a unit that is none of these, or where it is open."""
    plain = numbers.millionths(cell, style).cast(pl.Float64) / numbers.MILLION
    suits = numbers.sign_of(cell).is_in(["", *units])
    if style.open:
        suits = suits & ~numbers.is_open(cell)
    other = cell.cast(pl.Float64, strict=False)
    scientific = cell.str.contains(r"^[+-]?[0-9]+(?:\.[0-9]+)?[eE][+-]?[0-9]+$") & other.is_finite()
    return pl.coalesce(pl.when(suits).then(plain), pl.when(scientific).then(other))


def _style(numbers_of_column: pl.Series) -> NumberStyle:
    """Return the style that a column's numbers show."""
    evidence = StyleEvidence()
    evidence.add(numbers_of_column, pl.Series([_DECIMALS] * len(numbers_of_column), dtype=pl.Int64))
    return evidence.style(None)


def _instant(cell: pl.Expr, reader: TableReader) -> pl.Expr:
    readings = []
    for formats in [(), reader.date_formats] if reader.date_formats else [()]:
        utc, naive = cells.times(cell, formats, day_end=False)
        readings += [utc, cells.in_zones(naive, pl.lit(0), {reader.zone: [0]})]
    return pl.coalesce(readings)


_TYPES: dict[str, Any] = {
    "text": pl.String,
    "word": pl.String,
    "instant": pl.Datetime("us", "UTC"),
    "number": pl.Float64,
    "count": pl.Int64,
}
_REASONS = {"instant": "not a date", "number": "not a number", "count": "not a whole number", "text": "cannot be read"}


def _reason(column: LogColumn) -> str:
    if column.units:
        return f"no clear number of {column.units[-1]}"
    return f"none of {', '.join(column.words)}" if column.words else _REASONS[column.kind]
