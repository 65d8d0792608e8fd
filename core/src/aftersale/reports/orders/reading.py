"""Reading of order files: the orders, the cancellations, and the rows that were not used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl
from attrs import define, field, frozen

from aftersale.base.errors import DocumentError
from aftersale.clocks import DAY
from aftersale.order_columns import Orders
from aftersale.policies.marketplaces import Marketplace
from aftersale.reports.orders.buyers import hashed, numbered
from aftersale.reports.orders.catalogue import Catalogue, CatalogueUse
from aftersale.reports.orders.formats import OrderFormat
from aftersale.reports.orders.headers import checked, find_format
from aftersale.reports.orders.lines import with_lines
from aftersale.reports.orders.meaning import Check, Meaning
from aftersale.reports.orders.sheet import Sheet, read_sheet
from aftersale.reports.orders.survey import Survey
from aftersale.reports.orders.table import cancellations_of, contradictions_of, orders_of, usable
from aftersale.reports.reader import KEPT, LeftOut, RejectedRow
from aftersale.reports.sheets.layout import looks_like_data, normalised

_SHOWN = 40
_CURRENCY = ("currency", "currency code", "currency iso code")
_WORDS = 20
"""So many statuses a shop may have; more of them are something else."""


@frozen(eq=False)
class OrderFile:
    """The content of an order file; every row that was read is used, a cancellation, skipped or rejected.

    `lines` has one row per used row: order (index into `orders`), sku, buyer, quantity, purchased_at. `cancellations`:
    buyer, sku, quantity, cancelled_at, price. Instants are microseconds, prices minor units; buyers are numbers, from 1
    in order of first appearance. Buyer and sku are null where the file has none. `skipped` and `rejected_by_reason`
    count rows, the most frequent rejections first; `rejected` are the first rows of each reason. `strange_states`
    counts the lines of sales by a status that the format does not know; `date_formats` are those by which the dates
    could be read, where most were not, `day_formats` those by which promises are whole days, where all stand at
    midnight. `contradictions` counts orders that are cancelled or lost by their status and delivered by their date,
    `rows_repeated` used rows that say the same as one above, `swapped_dates` purchases that two of the declared formats
    read as different days. `unread_currency` is the header of a column of currencies that nobody reads; `utc_days` says
    that all purchases are midnights of UTC, which are days that lost their zone. `catalogue` says what came of the one
    that the file was read with.
    """

    source: str
    format: str
    encoding: str
    orders: Orders
    lines: pl.DataFrame
    cancellations: pl.DataFrame
    rejected: tuple[RejectedRow, ...]
    rejected_by_reason: Mapping[str, int]
    skipped: Mapping[str, int]
    rows_read: int
    strange_states: Mapping[str, int] = field(factory=dict)
    date_formats: tuple[str, ...] = ()
    day_formats: tuple[str, ...] = ()
    contradictions: int = 0
    rows_repeated: int = 0
    unread_currency: str = ""
    swapped_dates: int = 0
    utc_days: bool = False
    catalogue: CatalogueUse | None = None

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
        return sum(self.rejected_by_reason.values())


def read_orders(
    path: Path | str,
    form: OrderFormat,
    marketplaces: Mapping[str, Marketplace],
    salt: str = "",
    catalogue: Catalogue | None = None,
) -> OrderFile:
    """Return the orders of a file of that format; `marketplaces` are the known ones by name.

    With a `salt` buyers are known by a keyed hash of what the file calls them, else by their numbers; the file's own
    names for them are in nothing that is returned. Lines that do not tell what their goods cost are looked up in the
    `catalogue`.
    A row that cannot be used is listed with its reason and never stops the reading. Raises DocumentError when
    the file cannot be read, is empty or of another format, or the format's constants fit no marketplace.
    """
    path = Path(path)
    checked(form, marketplaces, str(path))
    sheet = read_sheet(path, form)
    if form.lines is not None:
        sheet = with_lines(sheet, path, form)
    return _Reader(form.fitted(sheet.headers), tuple(marketplaces.values()), sheet, salt, catalogue).file(str(path))


@frozen(eq=False)
class OrderReader:
    """Reads order reports by a chosen `form`, or else by the one of `formats` that a file's header fits.

    With a `salt` buyers are known by keyed hashes in place of numbers. What goods cost where a line does not tell it is
    looked up in the `catalogue`.
    """

    marketplaces: Mapping[str, Marketplace]
    formats: Sequence[OrderFormat] = ()
    form: OrderFormat | None = None
    salt: str = field(default="", repr=False)
    catalogue: Catalogue | None = None

    def recognises(self, path: Path) -> bool:
        """Whether the file's header fits."""
        try:
            find_format(path, self.formats if self.form is None else [self.form])
        except DocumentError:
            return False
        return True

    def read(self, path: Path) -> OrderFile:
        """Return the orders of the file; raises as `find_format` and `read_orders` do."""
        form = self.form or find_format(path, self.formats)
        return read_orders(path, form, self.marketplaces, self.salt, self.catalogue)


@define(eq=False)
class _Reader:
    """Sorts the rows of a sheet into sales, cancellations, skipped and rejected ones."""

    form: OrderFormat
    places: tuple[Marketplace, ...]
    sheet: Sheet
    salt: str = ""
    catalogue: Catalogue | None = None
    rejected: LeftOut = field(factory=LeftOut, init=False)
    skipped: Counter[str] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.rejected.extend(self.sheet.rejected)
        self.skipped = Counter(self.sheet.skipped)

    def file(self, source: str) -> OrderFile:
        """Return the content of the sheet."""
        sheet, pages = self.sheet, self.sheet.pages
        meaning = Meaning(self.form, self.places, sheet.columns)
        survey = Survey.of(pages, meaning)
        meaning = survey.meaning
        usable_rows = pl.concat([self._usable(survey.completed(page), meaning) for page in sheet.take_pages()])
        usable_rows, names = numbered(usable_rows)
        usable_rows, repeated = self._single(usable_rows)
        strange = self._strange_states(usable_rows)
        sales = self._real_sales(usable_rows.filter(~pl.col("cancel")), meaning)
        use = None
        if self.catalogue is not None:
            sales, use = self.catalogue.priced(sales, meaning.places)
        orders, lines = orders_of(sales, meaning, source, hashed(names, self.salt) if self.salt else ())
        return OrderFile(
            source,
            self.form.name,
            sheet.encoding,
            orders,
            lines,
            cancellations_of(usable_rows.filter("cancel")),
            self.rejected.in_order(),
            self.rejected.by_cause(),
            dict(sorted(self.skipped.items())),
            sheet.rows_read,
            strange,
            survey.date_formats,
            survey.day_formats,
            contradictions_of(sales),
            repeated,
            self._unread_currency(),
            survey.swapped_dates,
            survey.utc_days,
            use,
        )

    def _usable(self, page: pl.DataFrame, meaning: Meaning) -> pl.DataFrame:
        """Return the usable rows of a page, and count the others."""
        typed = meaning.typed(page)
        for (code,), bad_rows in typed.filter(pl.col("check").is_not_null()).group_by("check"):
            self._leave_out(meaning.checks[code], bad_rows)
        return usable(typed.filter(pl.col("check").is_null()), meaning.known_status())

    def _leave_out(self, check: Check, bad_rows: pl.DataFrame) -> None:
        if check.outcome == "skipped":
            self.skipped[check.reason] += len(bad_rows)
        else:
            line = "order_line" if check.key in self.sheet.of_orders else "line"
            blamed = bad_rows.select(line, pl.col(check.key).str.slice(0, _SHOWN)).head(KEPT).iter_rows()
            rows = (self._row(number, check.reason, check.key, value) for number, value in blamed)
            self.rejected.add(rows, len(bad_rows))

    def _row(self, line: int, reason: str, key: str, value: str) -> RejectedRow:
        column = self.form.columns.headers.get(key, key)
        file = "" if key in self.sheet.of_orders else self.sheet.lines_file
        return RejectedRow(line, reason, column, "" if key == "buyer" else value, file)

    def _single(self, usable_rows: pl.DataFrame) -> tuple[pl.DataFrame, int]:
        """Return the rows without orders that a later export in the file has again, and how many repeat one above.

        Exports of overlapping days have orders twice, the later one as they stand by then. Within one export, the same
        again may be a line of its own.
        """
        rows = usable_rows
        if self.sheet.exports:
            ends = np.array(self.sheet.exports)
            rows = rows.with_columns(pl.Series("export", np.searchsorted(ends, rows["line"].to_numpy())))
            twice = rows.group_by("order", *_SAME).agg(pl.col("export").n_unique()).filter(pl.col("export") > 1)
            older = pl.col("export") < pl.col("export").max().over("order")
            overlapping = pl.col("order").is_in(twice["order"].unique().to_list())
            stale = rows.select((overlapping & older).alias("stale"))["stale"]
            if count := int(stale.sum()):
                self.skipped["an order that a later export in this file has again"] = count
            rows = rows.filter(~stale).drop("export")
        # In a file of lines each unit may be a line: that two are the same says nothing.
        again = 0 if self.sheet.lines_file else _repeats(rows.select("order", "buyer", *_SAME))
        return rows, again

    def _unread_currency(self) -> str:
        """Return the header of a column of currencies that the mapping does not read, or an empty text."""
        if "currency" in self.sheet.columns:
            return ""
        return next((header for header in self.sheet.headers if normalised(header) in _CURRENCY), "")

    def _strange_states(self, usable_rows: pl.DataFrame) -> dict[str, int]:
        """Return how many sales have each status that the format does not know, the most frequent first.

        Of a column that holds buyers' data, or hundreds of words, the rest are counted under `…`.
        """
        strange = Counter(usable_rows.filter(~pl.col("known_status"))["status"].to_list()).most_common()
        words = {word: count for word, count in strange[:_WORDS] if not looks_like_data([word])}
        others = sum(count for _, count in strange) - sum(words.values())
        return {**words, "…": others} if others else words

    def _real_sales(self, sales: pl.DataFrame, meaning: Meaning) -> pl.DataFrame:
        """Leave out rows because of the other rows of their order: those of another order, or nothing to pay in all."""
        names = [place.name for place in meaning.places]
        first_place, first_buyer, first_day = (pl.col(key).first().over("order") for key in _OF_ORDER)
        other_buyer = (pl.col("buyer") != first_buyer).fill_null(False)
        other_day = (pl.col("purchased") - first_day).abs() > DAY
        for key, reason, column, differs in (
            ("marketplace", "another marketplace than the order's first row", "place", pl.col("place") != first_place),
            ("buyer", "another buyer than the order's first row: two orders of one number?", "buyer", other_buyer),
            ("purchased_at", "another day than the order's first row: two orders of one number?", "", other_day),
        ):
            others = sales.filter(differs)
            rows = (
                self._row(
                    row["line"], reason, key, str(names[row[column]] if column == "place" else row.get(column, ""))
                )
                for row in others.head(KEPT).iter_rows(named=True)
            )
            self.rejected.add(rows, len(others))
            sales = sales.filter(~differs)
        free = pl.col("price").sum().over("order") == 0
        if count := len(sales.filter(free)):
            self.skipped["the whole order is free"] = count
        return sales.filter(~free)


_OF_ORDER = ("place", "buyer", "purchased")
_SAME = ("sku", "quantity", "price", "purchased")
"""What two rows of an order have in common if they are about the same line, whatever became of it in between."""


def _repeats(rows: pl.DataFrame) -> int:
    """Return how many rows say the same as one above."""
    return len(rows) - rows.hash_rows().n_unique()
