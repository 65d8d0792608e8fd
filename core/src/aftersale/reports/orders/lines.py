"""Lines: the second file of an export that parts orders from their lines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl
from attrs import evolve

from aftersale.base.errors import DocumentError, Problem, did_you_mean
from aftersale.reports.orders.formats import OrderFormat
from aftersale.reports.orders.headers import first_row, format_words
from aftersale.reports.orders.sheet import Sheet, sheet_of
from aftersale.reports.reader import KEPT, LeftOut, RejectedRow
from aftersale.reports.sheets.layout import Layout, find_layout, missing_headers, normalised

_SHOWN = 40


def with_lines(sheet: Sheet, path: Path, form: OrderFormat) -> Sheet:
    """Return the rows of the second file, each with what the first one says of its order.

    A row of the joined sheet is a line; an order without a line, and a line without an order, are skipped. Raises
    DocumentError when the second file cannot be read, or neither file has a column of the format.
    """
    assert form.lines is not None
    second = path.parent / form.lines.file
    layout, places = _layout(second, path, sheet, form)
    lines = sheet_of(second, layout, places)
    orders, again = _single(pl.concat(sheet.take_pages()), form)
    rows = pl.concat(lines.take_pages())
    shared = [key for key in orders.columns if key in rows.columns and key not in ("order", "line")]
    of_order = orders.drop(shared).rename({"line": "order_line"})
    joined = rows.join(of_order, on="order", how="inner").sort("line")
    without_order = len(rows) - len(joined)
    without_line = len(orders.join(rows, on="order", how="anti"))
    rejected, skipped = _together(sheet.rejected, again, lines.rejected, second.name), sheet.skipped + lines.skipped
    skipped[f"a line of an order that {path.name} does not have"] += without_order
    skipped[f"an order without a line in {second.name}"] += without_line
    columns = sheet.columns | lines.columns
    outside = sum(sheet.skipped.values()) + sheet.rejected.total + again.total + without_line
    rows_read, of_orders = lines.rows_read + outside, sheet.columns - lines.columns
    return Sheet(
        sheet.encoding,
        columns,
        [joined],
        rows_read,
        rejected,
        +skipped,
        lines_file=second.name,
        of_orders=of_orders,
        exports=lines.exports,
        headers=(*sheet.headers, *lines.headers),
    )


def _layout(second: Path, first: Path, sheet: Sheet, form: OrderFormat) -> tuple[Layout, dict[str, int]]:
    assert form.lines is not None
    order = form.lines.order or form.columns.order
    wanted = {key: word for key, word in form.columns.expected.items() if key not in sheet.columns}
    needed = [order, *wanted.values()]
    layout = find_layout(
        second, form.encodings, form.delimiter, form.quoted, lambda row: not missing_headers(row, needed)
    )
    if layout is None:
        raise _unfit(second, first, form, order, list(wanted.values()))
    words = [normalised(word) for word in layout.header]
    columns = {**form.fitted(layout.header).columns.headers, "order": order}
    return layout, {key: words.index(normalised(word)) for key, word in columns.items() if normalised(word) in words}


def _unfit(second: Path, first: Path, form: OrderFormat, order: str, wanted: Sequence[str]) -> DocumentError:
    """Return an error that names the columns which are not there, the nearest in either file, and those that are."""
    header = first_row(second, form)
    headers = [*first_row(first, form), *header]
    shown = f"columns there: {format_words(header)}"
    problems = []
    if not header:
        problems.append(("has no header: it is empty", "give a file whose first row names the columns"))
    elif missing_headers(header, [order]):
        problems.append((f"has no column {order!r} of the order", f"name it: lines.order = '…'; {shown}"))
    if header and (missing := missing_headers(header, wanted)):
        what = f"{format_words(missing)}: neither this file nor {first.name} has such a column"
        guesses = " ".join(filter(None, (did_you_mean(word, headers) for word in missing)))
        problems.append((what, f"correct columns: {guesses or shown}"))
    return DocumentError(str(second), tuple(Problem(str(second), "line 1", what, hint) for what, hint in problems))


def _single(orders: pl.DataFrame, form: OrderFormat) -> tuple[pl.DataFrame, LeftOut]:
    """Return each order once, and the rows of those that stand there again: their lines would count twice."""
    first = pl.col("order").is_first_distinct()
    column = form.columns.order
    repeats, again = orders.filter(~first).select("line", "order"), LeftOut()
    reason = "this order stands above already"
    rows = (RejectedRow(line, reason, column, order[:_SHOWN]) for line, order in repeats.head(KEPT).iter_rows())
    again.add(rows, len(repeats))
    return orders.filter(first), again


def _together(orders: LeftOut, again: LeftOut, lines: LeftOut, file: str) -> LeftOut:
    """Return what both files are read without; the rows of the second one have its name."""
    rejected = LeftOut()
    for part in (orders, again, evolve(lines, rows=[evolve(row, file=file) for row in lines.rows])):
        rejected.extend(part)
    return rejected
