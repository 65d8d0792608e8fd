"""Reader: the interface of all reports.

A reader recognises its kind of file and reads it. Every row of a file of rows is accounted for: used, skipped, or
rejected with its line and the reason; a bad row never stops the reading.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from attrs import frozen

from aftersale.base.visible import visible

Read = TypeVar("Read", covariant=True)


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

    def text(self, cells: bool = False) -> str:
        """Return `line 17, quantity: not a whole number`; with `cells` the cell behind it."""
        line = f"{self.file} line {self.line}" if self.file else f"line {self.line}"
        place = f"{line}, {self.column}" if self.column else line
        cell = f" (the cell: {self.value!r})" if cells and self.value else ""
        return visible(f"{place}: {self.reason}{cell}")


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
    def rejected(self) -> Sequence[RejectedRow]:
        """The rows that could not be understood, each with its line and the reason."""
