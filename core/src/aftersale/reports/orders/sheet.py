"""Sheet: the rows of an order file as text, in pages, and the rows that are none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl
from attrs import define, field

from aftersale.reports.orders.formats import OrderFormat
from aftersale.reports.orders.headers import layout_of, places_of
from aftersale.reports.reader import LeftOut
from aftersale.reports.sheets.layout import Layout
from aftersale.reports.sheets.rows import HEADER, Rows

_PAGE = 1 << 16


@define(eq=False)
class Sheet:
    """The rows of a file as text: one column for each of our `columns` that it has, and `line`.

    `rows_read` counts all rows below the header; those that are not in `pages` are skipped or rejected. `lines_file`
    names the second file, where lines are of that; `of_orders` are then the columns from the first one, and
    `order_line` in the pages is the line there. `exports` are the lines of headers that stand there
    again: what is behind each was exported by itself. `headers` are all of the file's.
    """

    encoding: str
    columns: frozenset[str]
    pages: list[pl.DataFrame]
    rows_read: int
    rejected: LeftOut = field(factory=LeftOut)
    skipped: Counter[str] = field(factory=Counter)
    lines_file: str = ""
    of_orders: frozenset[str] = frozenset()
    exports: tuple[int, ...] = ()
    headers: tuple[str, ...] = ()

    def take_pages(self) -> Iterator[pl.DataFrame]:
        """Yield the pages and forget each: a big file's text is not kept beside what is made of it."""
        while self.pages:
            yield self.pages.pop(0)


def read_sheet(path: Path, form: OrderFormat) -> Sheet:
    """Return the rows of an order file; raises DocumentError as `layout_of` and `places_of` do."""
    layout = layout_of(path, form)
    return sheet_of(path, layout, places_of(layout.header, form.fitted(layout.header), path))


def sheet_of(path: Path, layout: Layout, places: Mapping[str, int]) -> Sheet:
    """Return the rows of a file of that layout; `places` are the indices of our columns in a row."""
    rows = Rows(layout, places)
    pages = list(rows.pages(path, _PAGE))
    again = tuple(row.line for row in rows.skipped.rows if row.reason == HEADER)
    left_out = rows.rejected, rows.skipped.counts
    return Sheet(layout.encoding, frozenset(places), pages, rows.count, *left_out, exports=again, headers=layout.header)
