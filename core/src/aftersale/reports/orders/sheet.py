"""Sheet: the rows of an order file as text, in pages, and the rows that are none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import itemgetter
from pathlib import Path

import polars as pl
from attrs import define, field, frozen

from aftersale.reports.orders.formats import OrderFormat
from aftersale.reports.orders.headers import layout_of, places_of
from aftersale.reports.reader import RejectedRow
from aftersale.reports.sheets import cells
from aftersale.reports.sheets.layout import Layout
from aftersale.reports.sheets.text import Unreadable

_PAGE = 1 << 16


@define(eq=False)
class Sheet:
    """The rows of a file as text: one column for each of our `columns` that it has, and `line`.

    `rows_read` counts all rows below the header; those that are not in `pages` are skipped or rejected. `lines_file`
    names the second file, where lines are of that.
    """

    encoding: str
    columns: frozenset[str]
    pages: list[pl.DataFrame] = field(factory=list)
    rows_read: int = 0
    rejected: list[RejectedRow] = field(factory=list)
    skipped: Counter[str] = field(factory=Counter)
    lines_file: str = ""

    def take_pages(self) -> Iterator[pl.DataFrame]:
        """Yield the pages and forget each: a big file's text is not kept beside what is made of it."""
        while self.pages:
            yield self.pages.pop(0)


def read_sheet(path: Path, form: OrderFormat) -> Sheet:
    """Return the rows of an order file; raises DocumentError as `layout_of` and `places_of` do."""
    layout = layout_of(path, form)
    return sheet_of(path, layout, places_of(layout.header, form, path))


def sheet_of(path: Path, layout: Layout, places: Mapping[str, int]) -> Sheet:
    """Return the rows of a file of that layout; `places` are the indices of our columns in a row."""
    return _Rows(layout, places).sheet(path)


@frozen(eq=False)
class _Rows:
    layout: Layout
    places: Mapping[str, int]

    def sheet(self, path: Path) -> Sheet:
        sheet = Sheet(self.layout.encoding, frozenset(self.places))
        pick = _picker(list(self.places.values()))
        lines: list[int] = []
        rows: list[Sequence[str]] = []
        for line, row in self.layout.body(path):
            sheet.rows_read += 1
            if reason := self._empty(row):
                sheet.skipped[reason] += 1
            elif reason := self._misshapen(row):
                sheet.rejected.append(RejectedRow(line, reason))
            else:
                lines.append(line)
                rows.append(pick(row))
            if len(lines) == _PAGE:
                sheet.pages.append(self._page(lines, rows))
                lines, rows = [], []
        sheet.pages.append(self._page(lines, rows))
        return sheet

    def _empty(self, row: Sequence[str]) -> str:
        if isinstance(row, Unreadable):
            return ""
        if not any(map(str.strip, row)):
            return "an empty row"
        return "the header again" if len(row) >= len(self.layout.header) and self.layout.repeats(row) else ""

    def _misshapen(self, row: Sequence[str]) -> str:
        """Return why a row is none, or an empty text.

        A longer row is one where nothing stands behind the last column; a shorter one where all of our columns are
        complete: spreadsheets leave out empty cells at the end.
        """
        if isinstance(row, Unreadable):
            return str(row)
        width = len(self.layout.header)
        if len(row) == width or (len(row) > width and not any(map(str.strip, row[width:]))):
            return ""
        complete = width > len(row) > max(self.places.values()) + 1
        return "" if complete else f"{len(row)} columns instead of {width}"

    def _page(self, lines: list[int], rows: list[Sequence[str]]) -> pl.DataFrame:
        columns = zip(*rows, strict=True) if rows else ([] for _ in self.places)
        text = [pl.Series(key, column, pl.String) for key, column in zip(self.places, columns, strict=True)]
        page = pl.DataFrame(text).select(cells.stripped(pl.col(key)).alias(key) for key in self.places)
        return page.with_columns(pl.Series("line", lines, pl.Int64))


def _picker(places: Sequence[int]) -> Callable[[Sequence[str]], Sequence[str]]:
    """Return what picks these cells of a row as a sequence, even if it is but one."""
    if len(places) == 1:
        return lambda row: row[places[0] : places[0] + 1]
    pick: Callable[[Sequence[str]], Sequence[str]] = itemgetter(*places)
    return pick
