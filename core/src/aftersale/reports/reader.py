"""Reader: the interface of all reports.

A reader recognises its kind of file and reads it. Every row of a file of rows is accounted for: used, skipped, or
rejected with its line and the reason; a bad row never stops the reading. All rows that are left out are counted, and of
each reason the first are kept: a file with a million bad rows has one thing wrong with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Protocol, TypeVar

from attrs import define, field, frozen

from aftersale.base.visible import visible

Read = TypeVar("Read", covariant=True)
KEPT = 10_000
"""How many rows that are left out for one reason are kept with their lines; all others of it are only counted."""


@frozen
class RejectedRow:
    """A row that could not be used: its line, the reason, and the column at fault with its text, if there is one.

    `file` names the second file of a report in two, where the row is of that.
    """

    line: int
    reason: str
    column: str = ""
    value: str = ""
    file: str = ""

    def __str__(self) -> str:
        """Return the text without the cell."""
        return self.text()

    @property
    def cause(self) -> str:
        """Why the row is left out, with the column at fault, without its line and its cell."""
        return f"{self.column}: {self.reason}" if self.column else self.reason

    def text(self, cells: bool = False) -> str:
        """Return `line 17, quantity: not a whole number`; with `cells` the cell behind it."""
        line = f"{self.file} line {self.line}" if self.file else f"line {self.line}"
        place = f"{line}, {self.column}" if self.column else line
        cell = f" (the cell: {self.value!r})" if cells and self.value else ""
        return visible(f"{place}: {self.reason}{cell}")


@define(eq=False)
class LeftOut:
    """Rows that a file is read without: how many for each cause, and of each cause the first `KEPT` rows."""

    counts: Counter[str] = field(factory=Counter)
    rows: list[RejectedRow] = field(factory=list)

    @property
    def total(self) -> int:
        """How many rows there are."""
        return self.counts.total()

    def add(self, first: Iterable[RejectedRow], count: int) -> None:
        """Add so many rows of one cause, of which the `first` are these; more than `KEPT` of them nobody asks for."""
        rows = list(islice(first, KEPT))
        if count:
            cause = rows[0].cause
            self.rows += rows[: max(KEPT - self.counts[cause], 0)]
            self.counts[cause] += count

    def add_line(self, line: int, reason: str) -> None:
        """Add a row that is left out as a whole."""
        self.counts[reason] += 1
        if self.counts[reason] <= KEPT:
            self.rows.append(RejectedRow(line, reason))

    def extend(self, others: LeftOut) -> None:
        """Add the rows of others, of other causes or behind those that are here."""
        by_cause: dict[str, list[RejectedRow]] = {}
        for row in others.rows:
            by_cause.setdefault(row.cause, []).append(row)
        for cause, rows in by_cause.items():
            self.add(rows, others.counts[cause])

    def by_cause(self) -> dict[str, int]:
        """Return how many rows there are for each cause, the most frequent first, of equals the first in the file."""
        causes = dict.fromkeys(row.cause for row in self.in_order())
        return dict(sorted(((cause, self.counts[cause]) for cause in causes), key=lambda pair: -pair[1]))

    def in_order(self) -> tuple[RejectedRow, ...]:
        """Return the rows by their lines."""
        return tuple(sorted(self.rows, key=lambda row: (row.file, row.line)))


class Reader(Protocol[Read]):
    """Reads one kind of report."""

    def recognises(self, path: Path) -> bool:
        """Whether the file is a report of this kind, judged by its header or its top."""

    def read(self, path: Path) -> Read:
        """Return the content of the report; raises DocumentError with every reason when it is of another kind."""


class RowReport(Protocol):
    """The content of a file of rows; its counts add up to the number of rows."""

    @property
    def source(self) -> str:
        """The file's name, as passed to the reader."""

    @property
    def rows_read(self) -> int:
        """How many rows the file has below its header."""

    @property
    def rows_used(self) -> int:
        """How many of them count."""

    @property
    def rows_skipped(self) -> int:
        """How many are valid, but not of what the report is read for."""

    @property
    def rows_rejected(self) -> int:
        """How many rows could not be understood."""

    @property
    def rejected(self) -> Sequence[RejectedRow]:
        """The rows that could not be understood, each with its line and the reason; of each reason the first `KEPT`."""
