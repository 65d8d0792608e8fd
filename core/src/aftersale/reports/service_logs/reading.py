"""Tables: CSV files with named columns, each row of them used or rejected with its line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import polars as pl
from attrs import frozen

from aftersale.base.errors import DocumentError, Problem
from aftersale.reports.reader import RejectedRow


@frozen(eq=False)
class TableReport:
    """The valid rows of a table, typed, and the rejected rows; `rows` has the columns of its kind."""

    source: str
    rows: pl.DataFrame
    rejected: tuple[RejectedRow, ...]

    @property
    def rows_read(self) -> int:
        """How many rows the file has below its header."""
        return self.rows_used + len(self.rejected)

    @property
    def rows_used(self) -> int:
        """How many of them are valid."""
        return len(self.rows)

    @property
    def rows_skipped(self) -> int:
        """Always 0: no row is left out for another reason."""
        return 0


@frozen
class TableReader:
    """Reads tables of one kind, by their columns; other columns are ignored."""

    columns: Mapping[str, Any]

    def recognises(self, path: Path) -> bool:
        """Whether the file is a table with these columns."""
        try:
            return not self._missing(pl.read_csv(path, infer_schema_length=0, n_rows=0).columns)
        except (OSError, pl.exceptions.PolarsError):
            return False

    def read(self, path: Path) -> TableReport:
        """Return the rows of the table; raises DocumentError for a file that is no CSV or lacks columns."""
        try:
            raw = pl.read_csv(path, infer_schema_length=0)
        except (OSError, pl.exceptions.PolarsError) as error:
            what = f"cannot be read: {str(error).splitlines()[0]}"
            raise DocumentError(path.name, (Problem(path.name, "", what, "name a CSV file with a header"),)) from error
        if missing := self._missing(raw.columns):
            raise DocumentError(path.name, tuple(_missing_column(path.name, column, raw.columns) for column in missing))
        typed = raw.select(
            pl.col(column).str.to_datetime(time_zone="UTC", time_unit="us", strict=False)
            if kind is pl.Datetime
            else pl.col(column).cast(kind, strict=False)
            for column, kind in self.columns.items()
        ).with_row_index("line", offset=2)
        bad = typed.filter(pl.any_horizontal(pl.all().is_null()))
        rejected = tuple(
            RejectedRow(row["line"], f"{', '.join(key for key, value in row.items() if value is None)} cannot be read")
            for row in bad.iter_rows(named=True)
        )
        return TableReport(path.name, typed.drop_nulls().drop("line"), rejected)

    def _missing(self, columns: Sequence[str]) -> list[str]:
        return [column for column in self.columns if column not in columns]


def _missing_column(source: str, column: str, columns: Sequence[str]) -> Problem:
    near = get_close_matches(column, columns, n=1)
    guess = f"rename '{near[0]}'? " if near else ""
    return Problem(source, column, "this column is missing", f"{guess}columns there: {', '.join(columns)}")
