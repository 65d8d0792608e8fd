"""The report of all orders: what is a sale in it, and what was paid."""

from __future__ import annotations

from pathlib import Path

import pytest

from aftersale.plugin import load_formats, load_marketplaces
from aftersale.reports.orders.formats import parse_formats
from aftersale.reports.orders.headers import find_format
from aftersale.reports.orders.reading import OrderFile, read_orders

HEADER = (
    "amazon-order-id\tpurchase-date\torder-status\tfulfillment-channel\tsales-channel\tsku\titem-status\tquantity\t"
    "currency\titem-price\titem-promotion-discount\tpromotion-ids"
)
PLACES = {place.name: place for place in load_marketplaces("aftersale_amazon_na")}
(FORM,) = load_formats("aftersale_amazon_na")


def read(tmp_path: Path, *rows: str, delimiter: str = "\t") -> OrderFile:
    text = "\n".join([HEADER, *rows, ""]).replace("\t", delimiter)
    (tmp_path / "orders.txt").write_text(text, encoding="utf-8")
    assert find_format(tmp_path / "orders.txt", [FORM]) == FORM
    return read_orders(tmp_path / "orders.txt", FORM, PLACES)


def row(order: str, status: str = "Shipped", channel: str = "Amazon", store: str = "Amazon.com", **cells: str) -> str:
    price, discount = cells.get("price", "10.00"), cells.get("discount", "")
    return (
        f"{order}\t2026-03-02T10:00:00+00:00\t{status}\t{channel}\t{store}\tS\t{cells.get('item', 'Shipped')}\t1\tUSD\t"
        f"{price}\t{discount}\t"
    )


def prices(found: OrderFile) -> dict[str, int]:
    return dict(zip(found.orders.ids, found.orders.price.tolist(), strict=True))


def test_what_is_not_sold_yet_or_not_at_all_is_no_sale_and_unknown_states_are_told(tmp_path: Path) -> None:
    skipped = ["Canceled", "Cancelled", "cancelled", "Pending", "PendingAvailability", "Unfulfillable", "UNFULFILLABLE"]
    sold = ["Shipped", "Unshipped", "PartiallyShipped", "Shipped - Delivered to Buyer", "InvoiceUnconfirmed"]
    found = read(tmp_path, *(row(f"{number}", status) for number, status in enumerate([*skipped, *sold])))
    assert (found.rows_skipped, found.rows_used, found.rejected) == (len(skipped), len(sold), ())
    assert found.strange_states == {"InvoiceUnconfirmed": 1}


def test_both_words_for_who_ships_are_amazon_s_own(tmp_path: Path) -> None:
    words = ["Amazon", "Merchant", "AFN", "MFN"]
    orders = read(tmp_path, *(row(word, channel=word) for word in words)).orders
    channels = dict(zip(orders.ids, (orders.channels[code] for code in orders.channel), strict=True))
    assert channels == {"Amazon": "FBA", "Merchant": "MFN", "AFN": "FBA", "MFN": "MFN"}


@pytest.mark.parametrize(
    "store",
    ["Non-Amazon", "Non-Amazon US", "non-amazon us", "SI CA Prod Marketplace", "SI Prod IT Marketplace"],
)
def test_orders_from_elsewhere_are_skipped_by_name(tmp_path: Path, store: str) -> None:
    found = read(tmp_path, row("S01-1", store=store, price=""), row("1"))
    assert (found.rows_skipped, found.rows_rejected, prices(found)) == (1, 0, {"1": 1000})


def test_a_promotion_lowers_the_price_and_what_cost_nothing_is_no_sale(tmp_path: Path) -> None:
    vine = row("1", price="29.99", discount="29.99") + "vine.enrollment.0000"
    found = read(tmp_path, vine, row("2", price="20.00", discount="5.00"))
    assert (prices(found), found.skipped) == ({"2": 1500}, {"the whole order is free": 1})


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_the_report_is_known_after_a_spreadsheet_had_it(tmp_path: Path, delimiter: str) -> None:
    price = '"1.299,00"' if delimiter == "," else "1.299,00"
    assert prices(read(tmp_path, row("1", price=price), row("2", price="5"), delimiter=delimiter)) == {
        "1": 129900,
        "2": 500,
    }


@pytest.mark.parametrize(
    ("header", "cells", "buyers"),
    [
        ("", ("", "", ""), ["", "", ""]),
        ("\tcpf", ("\t12", "\t", "\t12"), ["1", "", "1"]),
        ("\tbuyer-identification-number\tbuyer-email", ("\t9\ta@x", "\t\tb@x", "\t9\tb@x"), ["1", "2", "2"]),
    ],
)
def test_a_buyer_is_known_by_the_first_of_the_columns_that_name_one(
    tmp_path: Path, header: str, cells: tuple[str, ...], buyers: list[str]
) -> None:
    lines = [HEADER + header, *(row(str(number)) + cell for number, cell in enumerate(cells)), ""]
    (tmp_path / "orders.txt").write_text("\n".join(lines), encoding="utf-8")
    assert find_format(tmp_path / "orders.txt", [FORM]) == FORM
    orders = read_orders(tmp_path / "orders.txt", FORM, PLACES).orders
    assert [orders.order(number).buyer for number in range(3)] == buyers


def test_reports_of_returns_carry_their_sources() -> None:
    from aftersale.plugin import load_return_formats

    formats = load_return_formats("aftersale_amazon_na")
    assert [(form.name, form.ships, bool(form.source), form.grade) for form in formats] == [
        ("seller_returns", "seller", True, "B"),
        ("fba_returns", "marketplace", True, "B"),
    ]
    assert parse_formats({"orders": []}, "x") == []
