"""Reading of order files: the orders, the cancellations, and the rows that were not used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from pathlib import Path

import polars as pl
from attrs import define, field, frozen

from aftersale.base.errors import DocumentError
from aftersale.orders import Orders
from aftersale.policies.marketplaces import Marketplace
from aftersale.reports.orders.formats import OrderFormat
from aftersale.reports.orders.headers import checked, find_format, places_of, read_header
from aftersale.reports.orders.meaning import Check, Meaning
from aftersale.reports.orders.table import cancellations_of, orders_of, usable
from aftersale.reports.orders.text import encoding_of, opened, rows
from aftersale.reports.reader import RejectedRow

_PAGE = 1 << 16
_SHOWN = 40


@frozen(eq=False)
class OrderFile:
    """The content of an order file; every row that was read is used, a cancellation, skipped or rejected.

    `lines` has one row per used row: order (index into `orders`), sku, buyer, quantity, purchased_at.
    `cancellations`: buyer, sku, quantity, cancelled_at, price. Instants are microseconds, prices minor units;
    buyer and sku are null where the file has none. `skipped` counts rows by reason.
    """

    source: str
    format: str
    encoding: str
    orders: Orders
    lines: pl.DataFrame
    cancellations: pl.DataFrame
    rejected: tuple[RejectedRow, ...]
    skipped: Mapping[str, int]
    rows_read: int

    @property
    def rows_used(self) -> int:
        """How many rows became lines of orders."""
        return len(self.lines)

    @property
    def rows_cancelled(self) -> int:
        """How many rows are cancellations or returns."""
        return len(self.cancellations)

    @property
    def rows_skipped(self) -> int:
        """How many rows are valid but no sale: by their status, without a product, or with nothing paid."""
        return sum(self.skipped.values())

    @property
    def rows_rejected(self) -> int:
        """How many rows could not be understood."""
        return len(self.rejected)

    @property
    def rejected_by_reason(self) -> dict[str, int]:
        """How many rows were rejected for each reason, the most frequent first."""
        reasons = (f"{row.column}: {row.reason}".lstrip(": ") for row in self.rejected)
        return dict(Counter(reasons).most_common())


def read_orders(path: Path | str, form: OrderFormat, marketplaces: Mapping[str, Marketplace]) -> OrderFile:
    """Return the orders of a file of that format; `marketplaces` are the known ones by name.

    A row that cannot be used is listed with its reason and never stops the reading. Raises DocumentError when
    the file cannot be read, is empty or of another format, or the format's constants fit no marketplace.
    """
    path = Path(path)
    checked(form, marketplaces, str(path))
    encoding = encoding_of(path, form.encodings)
    with opened(path, encoding) as text:
        records = rows(text, form.delimiter, form.quotes)
        header = read_header(path, records)
        columns = places_of(header, form, path)
        reader = _Reader(form, Meaning(form, tuple(marketplaces.values()), frozenset(columns)), columns)
        for page in reader.pages(records, len(header)):
            reader.take(page)
    return reader.file(str(path), encoding)


@frozen(eq=False)
class OrderReader:
    """Reads order reports by a chosen `form`, or else by the one of `formats` that a file's header fits."""

    marketplaces: Mapping[str, Marketplace]
    formats: Sequence[OrderFormat] = ()
    form: OrderFormat | None = None

    def recognises(self, path: Path) -> bool:
        """Whether the file's header fits."""
        try:
            find_format(path, self.formats if self.form is None else [self.form])
        except DocumentError:
            return False
        return True

    def read(self, path: Path) -> OrderFile:
        """Return the orders of the file; raises as `find_format` and `read_orders` do."""
        return read_orders(path, self.form or find_format(path, self.formats), self.marketplaces)


@define(eq=False)
class _Reader:
    """Sorts pages of rows into sales, cancellations, skipped and rejected ones."""

    form: OrderFormat
    meaning: Meaning
    columns: Mapping[str, int]
    rows_read: int = 0
    rejected: list[RejectedRow] = field(factory=list)
    skipped: Counter[str] = field(factory=Counter)
    kept: list[pl.DataFrame] = field(factory=list)

    def pages(self, records: Iterable[tuple[int, list[str] | None]], width: int) -> Iterator[pl.DataFrame]:
        """Yield the rows of the right width as text, in pages, so that big files need little memory."""
        pick = itemgetter(*self.columns.values())
        lines: list[int] = []
        page_rows: list[Sequence[str]] = []
        for line, cells in records:
            self.rows_read += 1
            if cells is None or len(cells) != width:
                self.rejected.append(_misshapen(line, cells, width))
                continue
            lines.append(line)
            page_rows.append(pick(cells))
            if len(lines) == _PAGE:
                yield self._page(lines, page_rows)
                lines, page_rows = [], []
        yield self._page(lines, page_rows)

    def _page(self, lines: list[int], page_rows: list[Sequence[str]]) -> pl.DataFrame:
        columns = zip(*page_rows, strict=True) if page_rows else ([] for _ in self.columns)
        text = [pl.Series(key, cells, pl.String) for key, cells in zip(self.columns, columns, strict=True)]
        page = pl.DataFrame(text).with_columns(pl.all().str.strip_chars())
        return page.with_columns(pl.Series("line", lines, pl.Int64))

    def take(self, page: pl.DataFrame) -> None:
        """Keep the usable rows of a page, and count the others."""
        typed = self.meaning.typed(page)
        for (code,), bad_rows in typed.filter(pl.col("check").is_not_null()).group_by("check"):
            self._leave_out(self.meaning.checks[code], bad_rows)
        self.kept.append(usable(typed.filter(pl.col("check").is_null())))

    def _leave_out(self, check: Check, bad_rows: pl.DataFrame) -> None:
        if check.outcome == "skipped":
            self.skipped[check.reason] += len(bad_rows)
        else:
            column = self.form.columns.headers.get(check.key, check.key)
            blamed = zip(bad_rows["line"], bad_rows[check.key].str.slice(0, _SHOWN), strict=True)
            self.rejected += [RejectedRow(line, check.reason, column, value) for line, value in blamed]

    def file(self, source: str, encoding: str) -> OrderFile:
        """Return the content of the pages taken."""
        usable_rows = pl.concat(self.kept)
        sales = self._real_sales(usable_rows.filter(~pl.col("cancel")))
        meaning = self.meaning
        orders, lines = orders_of(sales, meaning.places, meaning.channels, source)
        return OrderFile(
            source,
            self.form.name,
            encoding,
            orders,
            lines,
            cancellations_of(usable_rows.filter("cancel")),
            tuple(sorted(self.rejected, key=lambda row: row.line)),
            dict(sorted(self.skipped.items())),
            self.rows_read,
        )

    def _real_sales(self, sales: pl.DataFrame) -> pl.DataFrame:
        """Leave out rows because of the other rows of their order: on another marketplace, or nothing to pay in all."""
        elsewhere = pl.col("place") != pl.col("place").first().over("order")
        names = [place.name for place in self.meaning.places]
        for row in sales.filter(elsewhere).iter_rows(named=True):
            column = self.form.columns.headers.get("marketplace", "marketplace")
            reason = "another marketplace than the order's first row"
            self.rejected.append(RejectedRow(row["line"], reason, column, names[row["place"]]))
        sales = sales.filter(~elsewhere)
        free = pl.col("price").sum().over("order") == 0
        if count := len(sales.filter(free)):
            self.skipped["the whole order is free"] = count
        return sales.filter(~free)


def _misshapen(line: int, cells: list[str] | None, width: int) -> RejectedRow:
    if cells is None:
        return RejectedRow(line, "a quotation mark is never closed")
    return RejectedRow(line, f"{len(cells)} columns instead of {width}")
