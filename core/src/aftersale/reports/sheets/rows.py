"""Rows: which rows of a laid-out file hold cells for our columns, and why the others hold none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import itemgetter
from pathlib import Path

import polars as pl
from attrs import define, field

from aftersale.base.errors import DocumentError, Problem
from aftersale.base.files import LIMIT, most
from aftersale.reports.reader import LeftOut
from aftersale.reports.sheets import cells
from aftersale.reports.sheets.layout import Layout
from aftersale.reports.sheets.text import Unreadable

EMPTY, HEADER = "an empty row", "the header again"
"""Reasons to skip a row."""
MOST_ROWS = 3_000_000
"""How many rows a file may have: a million rows of orders take half a gigabyte of memory while they are read."""
_SIZE = 170
"""In bytes, what a row of orders takes about: where a file may be larger, it may have more rows."""


@define(eq=False)
class Rows:
    """The rows of a file; `places` are the indices of our columns in each.

    While they are read, `count` counts all rows below the header, and `skipped` and `rejected` keep those that hold no
    cells of ours. A file of too many rows is refused.
    """

    layout: Layout
    places: Mapping[str, int]
    count: int = 0
    skipped: LeftOut = field(factory=LeftOut)
    rejected: LeftOut = field(factory=LeftOut)

    def pages(self, path: Path, size: int) -> Iterator[pl.DataFrame]:
        """Yield the cells of the usable rows as text with their `line`, `size` rows at a time; at least one page.

        Raises DocumentError when the file cannot be read, is too large, or has too many rows.
        """
        limit = max(MOST_ROWS, most() // _SIZE)
        pick = _picker(list(self.places.values()))
        width, mark = len(self.layout.header), self.layout.mark
        name = self.layout.header[mark].lower()
        lines: list[int] = []
        rows: list[Sequence[str]] = []
        for line, row in self.layout.body(path):
            self.count += 1
            if self.count > limit:
                raise _too_many(path, limit)
            # Nearly every row is of the right width, neither empty nor the header: that much is seen at once.
            usual = len(row) == width and row.__class__ is list and row[mark] > "!" and row[mark].lower() != name
            if usual or self._is_usable(line, row):
                lines.append(line)
                rows.append(pick(row))
            if len(lines) == size:
                yield self._page(lines, rows)
                lines, rows = [], []
        yield self._page(lines, rows)

    def _is_usable(self, line: int, row: Sequence[str]) -> bool:
        if reason := self._idle(row):
            self.skipped.add_line(line, reason)
        elif reason := self._misshapen(row):
            self.rejected.add_line(line, reason)
        else:
            return True
        return False

    def _idle(self, row: Sequence[str]) -> str:
        if isinstance(row, Unreadable):
            return ""
        if not any(map(str.strip, row)):
            return EMPTY
        return HEADER if self.layout.repeats(row) else ""

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
        return pl.DataFrame([*map(cells.tidy, text), pl.Series("line", lines, pl.Int64)])


def _too_many(path: Path, limit: int) -> DocumentError:
    hint = f"leave out empty rows, or part the file by time; with a larger {LIMIT} it may also have more rows"
    return DocumentError(str(path), (Problem(str(path), "", f"has more than {limit:,} rows", hint),))


def _picker(places: Sequence[int]) -> Callable[[Sequence[str]], Sequence[str]]:
    """Return what picks these cells of a row as a sequence, even if it is but one."""
    if len(places) == 1:
        return lambda row: row[places[0] : places[0] + 1]
    pick: Callable[[Sequence[str]], Sequence[str]] = itemgetter(*places)
    return pick
