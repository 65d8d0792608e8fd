"""Readers: the one interface of all reports, so that the next one has its place before it is written.

A reader recognises its kind of file and reads it. A file of rows ends with every row accounted for: used, skipped or
rejected with its line and the reason; one bad row never stops the reading.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from attrs import frozen

Read = TypeVar("Read", covariant=True)


@frozen
class RejectedRow:
    """A row that could not be used: its line, why, and the column with its text where one is to blame."""

    line: int
    reason: str
    column: str = ""
    value: str = ""

    def __str__(self) -> str:
        """Return `line 17: quantity 'two': not a whole number`."""
        blamed = f"{self.column} {self.value!r}: " if self.column else ""
        return f"line {self.line}: {blamed}{self.reason}"


class Reader(Protocol[Read]):
    """Reads one kind of report."""

    def recognises(self, path: Path) -> bool:
        """Whether the file is a report of this kind, as far as its header or its top tells."""

    def read(self, path: Path) -> Read:
        """Return what the report says; raises DocumentError when the file is none of this kind, with every reason."""


class RowReport(Protocol):
    """What was read of a file of rows: its counts add up to the rows that there are."""

    @property
    def source(self) -> str:
        """The file's name, as it was given."""

    @property
    def rows_read(self) -> int:
        """How many rows the file has below its header."""

    @property
    def rows_used(self) -> int:
        """How many of them count."""

    @property
    def rows_skipped(self) -> int:
        """How many are well, but none of what is asked for."""

    @property
    def rejected(self) -> Sequence[RejectedRow]:
        """Those that could not be understood, each with its line and the reason."""
