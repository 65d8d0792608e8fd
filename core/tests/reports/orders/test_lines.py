"""Exports in two files: orders and their lines, and what is told of either."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aftersale.base.errors import DocumentError
from aftersale.clocks import Calendar
from aftersale.policies.marketplaces import Marketplace
from aftersale.reports.orders.formats import OrderFormat, parse_formats
from aftersale.reports.orders.reading import OrderFile, read_orders

PLACES = {"BR": Marketplace("BR", "br", "BR", "BRL", "America/Sao_Paulo", ("pt",), Calendar("UTC", None, None), ())}
ORDERS = ("order_id,status,bought", "a,delivered,2026-03-02", "b,delivered,2026-03-03")
LINES = ("order_id,sku,price", "b,x,2.50", "a,x,58.90", 'a,y,"1,099.00"')


Rows = tuple[str, ...]
VALUES = {"marketplace": "BR", "channel": "MFN"}
SECOND = {"file": "items.csv"}


def form(**keys: Any) -> OrderFormat:
    columns = {"order": "order_id", "purchased_at": "bought", "status": "status", "sku": "sku", "price": "price"}
    table = {"columns": columns, "values": VALUES, "lines": SECOND, **keys}
    return parse_formats({"orders": [table]}, "formats.toml")[0]


def read(folder: Path, orders: Rows = ORDERS, lines: Rows = LINES, how: OrderFormat | None = None) -> OrderFile:
    for name, rows in (("orders.csv", orders), ("items.csv", lines)):
        (folder / name).write_text("\n".join([*rows, ""]), encoding="utf-8")
    return read_orders(folder / "orders.csv", how or form(), PLACES)


def refused(folder: Path, **files: Any) -> str:
    with pytest.raises(DocumentError) as caught:
        read(folder, **files)
    return str(caught.value).replace(f"{folder}/", "")


def test_an_order_has_the_lines_of_the_second_file_and_the_rest_of_the_first(tmp_path: Path) -> None:
    file = read(tmp_path)
    assert (list(file.orders.ids), file.orders.price.tolist()) == (["a", "b"], [115790, 250])
    assert (file.rows_read, file.rows_used, file.rows_rejected) == (3, 3, 0)


def test_a_bad_row_is_told_by_the_file_that_it_is_in(tmp_path: Path) -> None:
    orders = ("order_id,status,bought", "b,delivered,2026-03-03", "a,delivered,soon", "b,delivered,2026-03-03")
    file = read(tmp_path, orders, ("order_id,sku,price", "a,x,1.00", "a,x,1.00", "b,x,much", "b,x,3.00"))
    assert [str(row) for row in file.rejected] == [
        "line 3, bought: not a date",
        "line 3, bought: not a date",
        "line 4, order_id: this order stands above already",
        "items.csv line 4, price: not a decimal number",
    ]
    assert (file.rows_read, file.rows_used, file.rows_rejected) == (5, 1, 4)


def test_the_second_file_is_told_which_of_its_columns_is_missing_and_which_it_has(tmp_path: Path) -> None:
    lines = ("pedido,sku,price", "a,x,1.00")
    there = "columns there: 'pedido', 'sku', 'price'"
    expected = f"items.csv: line 1: has no column 'order_id' of the order (name it: lines.order = '…'; {there})"
    assert refused(tmp_path, lines=lines) == expected


def test_the_order_may_be_called_otherwise_in_the_second_file(tmp_path: Path) -> None:
    table = {**SECOND, "order": "pedido"}
    assert list(read(tmp_path, lines=("pedido,sku,price", "a,x,1.00"), how=form(lines=table)).orders.ids) == ["a"]


def test_a_column_that_neither_file_has_is_told_with_the_nearest_of_both(tmp_path: Path) -> None:
    columns = {"order": "order_id", "purchased_at": "bought", "status": "statuses", "price": "price"}
    assert refused(tmp_path, how=form(columns=columns)) == (
        "items.csv: line 1: 'statuses': neither this file nor orders.csv has such a column "
        "(correct columns: did you mean 'status'?)"
    )


def test_a_file_of_orders_without_its_lines_is_told_of_the_second_file(tmp_path: Path) -> None:
    columns = {"order": "order_id", "purchased_at": "bought", "price": "price"}
    alone = parse_formats({"orders": [{"columns": columns, "values": VALUES}]}, "formats.toml")[0]
    assert "if a second file has the others: lines = {file = '…'}" in refused(tmp_path, how=alone)
