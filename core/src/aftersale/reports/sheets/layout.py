"""Layout: where a file's header is and what parts its cells, whatever a spreadsheet has made of the file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path

from attrs import frozen

from aftersale.reports.sheets.text import Cells, Unreadable, encoding_of, opened, rows

DELIMITERS = (",", ";", "\t", "|")
"""What programs put between cells; a spreadsheet writes the one of its country, whatever the file had."""
_DATA = re.compile(r"@|\d{4}|^[\W\d]*\d[\W\d]*$")
"""What stands in cells of people's orders, and hardly ever in the name of a column."""
_TOP = 30
"""Rows at the top among which the header is looked for: titles, notes and `sep=;` may stand above it."""


@frozen(slots=False)
class Layout:
    """How a file is laid out: its encoding, delimiter and quotation, its header and the line of that."""

    encoding: str
    delimiter: str
    quoted: bool
    header: tuple[str, ...]
    line: int

    def body(self, path: Path) -> Iterator[tuple[int, Cells]]:
        """Yield the rows below the header with their lines; the file is open as long as they are read."""
        with opened(path, self.encoding) as text:
            for line, cells in rows(text, self.delimiter, self.quoted, len(self.header)):
                if line > self.line:
                    yield line, cells

    def repeats(self, cells: Sequence[str]) -> bool:
        """Whether a row is the header once more, as where several exports were put together."""
        pairs = zip(cells[self.mark :], self.header[self.mark :], strict=False)
        return len(cells) >= len(self.header) and all(normalised(cell) == normalised(word) for cell, word in pairs)

    @cached_property
    def mark(self) -> int:
        """The first column that has a name: hardly a row has that name in its cell."""
        return next(index for index, word in enumerate(self.header) if word)


def missing_headers(header: Iterable[str], needed: Iterable[str]) -> tuple[str, ...]:
    """Return the headers that are needed and that this one lacks, compared as headers are."""
    words = {normalised(word) for word in header}
    return tuple(word for word in needed if normalised(word) not in words)


def looks_like_data(cells: Iterable[str]) -> bool:
    """Whether a row that should name columns holds somebody's data instead, which no message may show."""
    return any(map(_DATA.search, cells))


def normalised(header: str) -> str:
    """Return a header as it is compared: without case, with spaces, hyphens and underscores as one space."""
    return re.sub(r"[\s_-]+", " ", header.casefold()).strip()


def find_layout(
    path: Path,
    encodings: Sequence[str],
    delimiter: str,
    quoted: bool | None,
    fits: Callable[[Sequence[str]], bool],
) -> Layout | None:
    """Return the layout in which one of the first rows fits as the header, or None.

    The `delimiter` is tried first. Where `quoted` is None, cells may be quoted unless tabs part them. Raises
    DocumentError when the file cannot be read.
    """
    encoding = encoding_of(path, encodings)
    for mark in dict.fromkeys((delimiter, *DELIMITERS)):
        quotes = mark != "\t" if quoted is None else quoted
        for line, header in top(path, encoding, mark, quotes):
            if fits(header):
                return Layout(encoding, mark, quotes, tuple(header), line)
    return None


def top(path: Path, encoding: str, delimiter: str, quoted: bool) -> list[tuple[int, list[str]]]:
    """Return the first rows that are not empty, with their lines; their cells are stripped."""
    with opened(path, encoding) as text:
        records = islice(rows(text, delimiter, quoted), _TOP)
        return [
            (line, [cell.strip().strip("\ufeff") for cell in cells])
            for line, cells in records
            if not isinstance(cells, Unreadable) and any(map(str.strip, cells))
        ]
