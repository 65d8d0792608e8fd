"""Logs: a seller's service logs while numbers are fitted to them, and what becomes of each of their rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
from attrs import define, field, frozen

from aftersale.clocks import DAY
from aftersale.order_columns import Orders
from aftersale.reports.reader import KEPT, LeftOut, RejectedRow
from aftersale.reports.service_logs.reading import TableReport
from aftersale_simulator.show.wording import text

UNSAID = "without an order file"
UNKNOWN_ORDER = "an order that the order file does not have"
TOO_EARLY = "before its order was bought"


@frozen
class FileAccount:
    """What became of the rows of a file: each is used, a cancellation, skipped or rejected.

    `skipped` and `rejected` count rows by reason; `left_out` are the first of each whose line is known, in its order.
    """

    name: str
    rows_read: int
    rows_used: int
    rows_cancelled: int
    skipped: Mapping[str, int]
    rejected: Mapping[str, int]
    left_out: tuple[tuple[str, RejectedRow], ...]


@define(eq=False)
class ServiceLog:
    """A log with the rows that are still used; rows that turn out to be of no use are left out with their reason.

    `notes` say what else a reader of the numbers has to know.
    """

    report: TableReport
    rows: pl.DataFrame = field(init=False)
    notes: list[str] = field(factory=list)
    _skipped: LeftOut = field(factory=LeftOut, init=False)
    _rejected: LeftOut = field(factory=LeftOut, init=False)

    def __attrs_post_init__(self) -> None:
        self.rows = self.report.rows
        self._skipped.extend(self.report.skips)
        self._rejected.extend(self.report.rejections)

    @property
    def name(self) -> str:
        """The file's name."""
        return self.report.source

    def skip(self, where: pl.Expr | bool, reason: str, column: str = "") -> None:
        """Leave out rows that are sound, but count for nothing here."""
        self._leave_out(self._skipped, where, reason, column)

    def reject(self, where: pl.Expr | bool, reason: str, column: str = "") -> None:
        """Leave out rows that make no sense."""
        self._leave_out(self._rejected, where, reason, column)

    def _leave_out(self, rows: LeftOut, where: pl.Expr | bool, reason: str, column: str) -> None:
        mask = (pl.lit(where) if isinstance(where, bool) else where).fill_null(False)
        flagged = self.rows.with_columns(mask.alias("_out"))
        out = flagged.filter("_out")
        first = (_left_out(row, reason, column) for row in out.head(KEPT).iter_rows(named=True))
        rows.add(first, len(out))
        self.rows = flagged.filter(~pl.col("_out")).drop("_out")

    def join_orders(self, orders: Orders | None, instant: str = "") -> None:
        """Add what is known of each row's order, and leave out rows of orders that the file does not have.

        Adds `index`, its place among the orders, and `bought`. Rows whose `instant` is before the purchase are
        rejected; where the file tells days alone, those before the day of it.
        """
        if orders is None:
            self.skip(True, UNSAID)
            self.rows = self.rows.with_columns(index=pl.lit(0, pl.Int64), bought=pl.lit(0, pl.Int64))
            return
        bought = pl.Series("bought", orders.purchased_at, pl.Int64)
        known = pl.DataFrame({"order": pl.Series(list(orders.ids[:]), dtype=pl.String)}).with_columns(bought)
        known = known.with_row_index("index").with_columns(pl.col("index").cast(pl.Int64))
        self.rows = self.rows.join(known, on="order", how="left").sort("line")
        self.skip(pl.col("index").is_null(), UNKNOWN_ORDER, "order")
        if instant:
            latest = pl.col(instant).dt.timestamp("us") + (DAY if self.report.days_only else 0)
            self.reject(latest < pl.col("bought"), TOO_EARLY, instant)

    def account(self) -> FileAccount:
        """Return what became of the rows."""
        skipped = [("skipped", row) for row in self._skipped.rows]
        rejected = [("rejected", row) for row in self._rejected.rows]
        return FileAccount(
            self.name,
            self.report.rows_read,
            len(self.rows),
            0,
            dict(self._skipped.counts.most_common()),
            dict(self._rejected.counts.most_common()),
            tuple(sorted([*skipped, *rejected], key=lambda pair: pair[1].line)),
        )

    def emptiness(self) -> str:
        """Return in a sentence that no row is used, and the likely way out; an empty text where one is."""
        if len(self.rows):
            return ""
        sentence = text("calibrate.nothing", name=self.name, rows=self.report.rows_read)
        return f"{sentence} {date_hint(self.report.date_formats)}".rstrip()


def _left_out(row: Mapping[str, Any], reason: str, column: str) -> RejectedRow:
    value = "" if not column or row[column] is None else str(row[column])
    return RejectedRow(row["line"], reason, column, value)


def date_hint(formats: tuple[str, ...]) -> str:
    """Return by which date formats the file could be read, in a sentence, or an empty text."""
    if not formats:
        return ""
    ways = [f'date_formats = ["{form}"]' for form in formats]
    return text("orders.date_formats", ways=text("orders.or").join(ways))


def account_record(account: FileAccount, cells: bool = False) -> dict[str, Any]:
    """Return the account as plain data for JSON; with `cells` the rows left out have the cell at fault."""
    return {
        "file": account.name,
        "rows_read": account.rows_read,
        "rows_used": account.rows_used,
        "rows_cancelled": account.rows_cancelled,
        "rows_skipped": sum(account.skipped.values()),
        "rows_rejected": sum(account.rejected.values()),
        "skipped": dict(account.skipped),
        "rejected": dict(account.rejected),
        "left_out": [
            {"line": row.line, "outcome": outcome, "column": row.column, "reason": row.reason}
            | ({"file": row.file} if row.file else {})
            | ({"cell": row.value} if cells else {})
            for outcome, row in account.left_out
        ],
    }
