"""Lines: the second file of an export that parts orders from their lines."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from attrs import evolve

from aftersale.base.errors import DocumentError, Problem
from aftersale.reports.orders.formats import KEYS, OrderFormat
from aftersale.reports.orders.sheet import Sheet, sheet_of
from aftersale.reports.reader import KEPT, LeftOut, RejectedRow
from aftersale.reports.sheets.layout import Layout, find_layout, normalised

_SHOWN = 40


def with_lines(sheet: Sheet, path: Path, form: OrderFormat) -> Sheet:
    """Return the rows of the second file, each with what the first one says of its order.

    A row of the joined sheet is a line; an order without a line, and a line without an order, are skipped. Raises
    DocumentError when the second file cannot be read, or neither file has a column of the format.
    """
    assert form.lines is not None
    second = path.parent / form.lines.file
    layout, places = _layout(second, sheet, form)
    lines = sheet_of(second, layout, places)
    orders, again = _single(pl.concat(sheet.take_pages()), form)
    rows = pl.concat(lines.take_pages())
    shared = [key for key in orders.columns if key in rows.columns and key not in ("order", "line")]
    joined = rows.join(orders.drop("line", *shared), on="order", how="inner").sort("line")
    without_order = len(rows) - len(joined)
    without_line = len(orders.join(rows, on="order", how="anti"))
    rejected, skipped = _together(sheet.rejected, again, lines.rejected, second.name), sheet.skipped + lines.skipped
    skipped[f"a line of an order that {path.name} does not have"] += without_order
    skipped[f"an order without a line in {second.name}"] += without_line
    columns = sheet.columns | lines.columns
    outside = sum(sheet.skipped.values()) + sheet.rejected.total + again.total + without_line
    return Sheet(
        sheet.encoding, columns, [joined], lines.rows_read + outside, rejected, +skipped, lines_file=second.name
    )


def _layout(second: Path, sheet: Sheet, form: OrderFormat) -> tuple[Layout, dict[str, int]]:
    assert form.lines is not None
    order = form.lines.order or form.columns.order
    headers = {key: header for key, header in form.columns.headers.items() if key != "order"}
    wanted = {key: header for key, header in headers.items() if key not in sheet.columns}
    needed = [order, *wanted.values()]
    layout = find_layout(second, form.encodings, form.delimiter, form.quoted, lambda row: _has(row, needed))
    if layout is None:
        names = ", ".join(map(repr, needed))
        hint = f"{names} are in neither file's header as the mapping has them; lines.order names the order's column"
        raise DocumentError(str(second), (Problem(str(second), "line 1", f"has not all of {names}", hint),))
    words = [normalised(word) for word in layout.header]
    columns = {"order": order, **{key: header for key, header in headers.items() if key in KEYS}}
    return layout, {key: words.index(normalised(word)) for key, word in columns.items() if normalised(word) in words}


def _has(row: object, needed: list[str]) -> bool:
    words = {normalised(word) for word in row} if isinstance(row, list | tuple) else set()
    return all(normalised(word) in words for word in needed)


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
