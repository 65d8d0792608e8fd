"""Order files: what is read, what is left out and why, and what a broken file is told."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import HealthCheck, example, given, settings, strategies as st

from aftersale.base.errors import DocumentError, PluginError, Problem
from aftersale.clocks import DAY, Calendar, instant
from aftersale.orders import DELIVERED, NEVER, SHIPPED, UNKNOWN, Order
from aftersale.policies.marketplaces import Marketplace
from aftersale.reports.orders import sheet
from aftersale.reports.orders.formats import OrderFormat, choose, merge_formats, parse_formats
from aftersale.reports.orders.headers import find_format
from aftersale.reports.orders.reading import OrderFile, read_orders
from aftersale.reports.orders.table import shifted
from aftersale.reports.reader import RejectedRow

DATA = Path(__file__).parents[5] / "shared" / "data"


def place(name: str, currency: str, zone: str, *channels: str) -> Marketplace:
    return Marketplace(name, f"id-{name}", name, currency, zone, ("en",), Calendar(zone, None, None), channels)


PLACES = {
    market.name: market
    for market in (
        place("DE", "EUR", "Europe/Berlin", "shop.de"),
        place("JP", "JPY", "Asia/Tokyo", "shop.jp"),
        place("KW", "KWD", "Asia/Kuwait", "shop.kw"),
        place("UK", "GBP", "Europe/London", "shop.uk"),
    )
}
COLUMNS = {
    "order": "id",
    "purchased_at": "bought",
    "marketplace": "site",
    "sku": "sku",
    "quantity": "units",
    "price": "price",
}


def form(**keys: Any) -> OrderFormat:
    table = {"name": "plain", "columns": COLUMNS, "values": {"channel": "MFN"}, **keys}
    return parse_formats({"orders": [table]}, "formats.toml")[0]


PLAIN = form()
FULL = form(
    columns={
        **COLUMNS,
        "channel": "by",
        "status": "state",
        "currency": "money",
        "category": "kind",
        "promised_at": "promised",
        "delivered_at": "delivered",
        "buyer": "who",
    },
    values={},
    channels={"us": "MFN", "them": "FBA"},
    skip_status=["Cancelled"],
    skip={"sku": ["POST"]},
    cancelled={"column": "order", "starts_with": "C"},
)
FULL_HEADER = "id,bought,site,sku,units,price,by,state,money,kind,promised,delivered,who"


def read(tmp_path: Path, text: str, how: OrderFormat = PLAIN, markets: Mapping[str, Marketplace] = PLACES) -> OrderFile:
    path = tmp_path / "orders.csv"
    path.write_bytes(text.encode())
    return read_orders(path, how, markets)


def plain(tmp_path: Path, *rows: str, **keys: Any) -> OrderFile:
    how = form(**keys)
    return read(tmp_path, "\n".join([how.delimiter.join(COLUMNS.values()), *rows, ""]), how)


def full(tmp_path: Path, *rows: str) -> OrderFile:
    return read(tmp_path, "\n".join([FULL_HEADER, *rows, ""]), FULL)


def counted(found: OrderFile) -> tuple[int, int, int, int, int]:
    """Return (read, used, cancelled, skipped, rejected)."""
    return found.rows_read, found.rows_used, found.rows_cancelled, found.rows_skipped, found.rows_rejected


def orders(found: OrderFile) -> list[Order]:
    return [found.orders.order(index) for index in range(len(found.orders))]


# What an order is


def test_the_lines_of_an_order_become_one_order_and_orders_stand_in_the_order_of_purchase(
    tmp_path: Path,
) -> None:
    found = full(
        tmp_path,
        "B,2026-03-02T10:00:00+01:00,shop.de,s1,1,5.00,us,Shipped,EUR,toys,,,ann",
        "A,2026-03-01T10:00:00Z,shop.uk,s1,2,0.10,them,Shipped,GBP,toys,2026-03-05,2026-03-04T12:00Z,bob",
        "A,2026-03-01T10:01:00Z,shop.uk,s2,1,0.20,us,Shipped,gbp,books,2026-03-04,2026-03-06T12:00Z,bob",
    )
    assert orders(found) == [
        Order(
            "A",
            "UK",
            instant("2026-03-01T10:00Z"),
            "FBA",
            30,
            "GBP",
            "books",
            promised_at=instant("2026-03-04T23:59:59Z"),
            delivered_at=instant("2026-03-06T12:00Z"),
            product="s2",
            buyer="2",
        ),
        Order("B", "DE", instant("2026-03-02T09:00Z"), "MFN", 500, "EUR", "toys", product="s1", buyer="1"),
    ]
    assert found.lines.rows() == [
        (0, "s1", 2, 2, instant("2026-03-01T10:00Z")),
        (0, "s2", 2, 1, instant("2026-03-01T10:01Z")),
        (1, "s1", 1, 1, instant("2026-03-02T09:00Z")),
    ]
    assert (found.source, found.format, found.encoding) == (
        str(tmp_path / "orders.csv"),
        "plain",
        "utf-8-sig",
    )


def test_where_a_file_has_deliveries_an_order_without_one_is_not_delivered(tmp_path: Path) -> None:
    found = full(
        tmp_path,
        "A,2026-03-01T10:00:00Z,shop.uk,s1,2,0.10,them,Shipped,GBP,toys,2026-03-05,2026-03-04T12:00Z,bob",
        "B,2026-03-02T10:00:00+01:00,shop.de,s1,1,5.00,us,Shipped,EUR,toys,,,ann",
    )
    assert found.orders.outcome.tolist() == [DELIVERED, SHIPPED]
    undelivered = full(tmp_path, "B,2026-03-02T10:00:00+01:00,shop.de,s1,1,5.00,us,Shipped,EUR,toys,,,ann")
    assert undelivered.orders.outcome.tolist() == [UNKNOWN]


def test_only_what_occurs_is_in_the_tables_of_the_columns(tmp_path: Path) -> None:
    table = full(tmp_path, "B,2026-03-02,UK,s1,1,5.00,us,Shipped,,toys,,,").orders
    assert (table.marketplaces, table.currencies, table.channels, table.categories) == (
        ("UK",),
        ("GBP",),
        ("MFN",),
        ("toys",),
    )


@pytest.mark.parametrize(
    ("site", "units", "price", "keys", "minor"),
    [
        ("UK", 3, "1.10", {}, 110),
        ("UK", 3, "1.10", {"price_is": "unit"}, 330),
        ("UK", 1000, "0.001", {"price_is": "unit"}, 100),
        ("UK", 1, "9999999999.99", {}, 999999999999),
        ("UK", 1, "+5.", {}, 500),
        ("UK", 1, "5.1000000000", {}, 510),
        ("DE", 1, "1234,5", {"decimal": ",", "delimiter": ";"}, 123450),
        ("JP", 1, "1980.00", {}, 1980),
        ("KW", 1, "1.005", {}, 1005),
    ],
)
def test_prices_are_exact_in_the_smallest_unit_of_the_currency(
    tmp_path: Path, site: str, units: int, price: str, keys: dict[str, Any], minor: int
) -> None:
    delimiter = keys.get("delimiter", ",")
    found = plain(tmp_path, delimiter.join(["A", "2026-03-01", site, "s", str(units), price]), **keys)
    assert ([order.price for order in orders(found)], found.rejected) == ([minor], ())


@pytest.mark.parametrize(
    ("text", "site", "keys", "expected"),
    [
        ("2026-07-01T09:30:00+00:00", "JP", {}, "2026-07-01T09:30Z"),
        ("2026-07-01T09:30:00.250Z", "JP", {}, "2026-07-01T09:30:00.250Z"),
        ("2026-07-01 09:30 -0700", "JP", {}, "2026-07-01T16:30Z"),
        ("2026-07-01 09:30:00", "JP", {}, "2026-07-01T00:30Z"),
        ("2026-07-01 09:30", "UK", {}, "2026-07-01T08:30Z"),
        ("2026-07-01", "UK", {}, "2026-06-30T23:00Z"),
        (
            "2026-07-01 09:30",
            "UK",
            {"values": {"channel": "MFN", "zone": "America/New_York"}},
            "2026-07-01T13:30Z",
        ),
        ("2026-10-25 01:30", "UK", {}, "2026-10-25T00:30Z"),
        ("1/7/2026 9:30 PM", "UK", {"date_formats": ["%d/%m/%Y", "%d/%m/%Y %I:%M %p"]}, "2026-07-01T20:30Z"),
        ("1/7/2026", "UK", {"date_formats": ["%d/%m/%Y", "%d/%m/%Y %I:%M %p"]}, "2026-06-30T23:00Z"),
        ("01-Jul-2026 09:30 +0200", "UK", {"date_formats": ["%d-%b-%Y %H:%M %z"]}, "2026-07-01T07:30Z"),
    ],
)
def test_a_time_without_offset_is_of_the_format_s_zone_or_else_of_the_marketplace(
    tmp_path: Path, text: str, site: str, keys: dict[str, Any], expected: str
) -> None:
    found = plain(tmp_path, f"A,{text},{site},s,1,5", **keys)
    assert ([order.purchased_at for order in orders(found)], found.rejected) == ([instant(expected)], ())


def test_what_is_the_same_in_every_row_need_not_have_a_column(tmp_path: Path) -> None:
    columns = {"order": "id", "purchased_at": "bought", "price": "price"}
    values = {"marketplace": "UK", "channel": "SFP", "currency": "GBP", "category": "gifts"}
    found = read(tmp_path, "id,bought,price\nA,2026-03-01T00:00Z,5\n", form(columns=columns, values=values))
    assert orders(found) == [Order("A", "UK", instant("2026-03-01T00:00Z"), "SFP", 500, "GBP", "gifts")]
    assert found.lines.rows() == [(0, None, None, 1, instant("2026-03-01T00:00Z"))]


def test_an_empty_cell_means_the_constant_where_there_is_one(tmp_path: Path) -> None:
    rows = "A,2026-03-01T00:00Z,,s,1,5", "B,2026-03-02T00:00Z,shop.jp,s,1,500"
    found = plain(tmp_path, *rows, values={"marketplace": "UK", "channel": "MFN"})
    assert [order.marketplace for order in orders(found)] == ["UK", "JP"]


def test_the_format_s_own_words_for_a_marketplace_are_understood_in_any_case(tmp_path: Path) -> None:
    rows = "A,2026-03-01T00:00Z,United kingdom,s,1,5", "B,2026-03-01T00:00Z,SHOP.UK,s,1,5"
    found = plain(tmp_path, *rows, marketplaces={"United Kingdom": "UK", "France": "FR"})
    assert [order.marketplace for order in orders(found)] == ["UK", "UK"]


def test_a_file_may_have_more_columns_in_any_order_and_headers_of_another_spelling(tmp_path: Path) -> None:
    how = form(columns={**COLUMNS, "order": "Order-ID"}, required=["Order-ID", "bought"])
    text = "price,extra,BOUGHT,site,order_id\n5,x,2026-03-01T00:00Z,UK,A\n"
    assert orders(read(tmp_path, text, how)) == [Order("A", "UK", instant("2026-03-01T00:00Z"), "MFN", 500, "GBP")]


# What is left out


GOOD = "G,2026-03-01T00:00Z,shop.uk,s,1,5.00,us,Shipped,GBP,toys,2026-03-04,2026-03-03,ann"
BAD_ROWS = {
    ",2026-03-01,UK,s,1,5,us,,,,,,": ("no order id", "id", ""),
    "A\x00,2026-03-01,UK,s,1,5,us,,,,,,": ("characters that cannot be read", "id", "A\x00"),
    "A,2026-03-01,shop.fr,s,1,5,us,,,,,,": (
        "no marketplace that an installed plugin knows",
        "site",
        "shop.fr",
    ),
    "A,2026-03-01,UK,s,1,5,owl,,,,,,": ("no channel of the format's channels", "by", "owl"),
    "A,2026-03-01,UK,s,1,5,us,,EUR,,,,": ("not the currency of the marketplace", "money", "EUR"),
    "A,2026-03-01,UK,s,two,5,us,,,,,,": ("not a whole number", "units", "two"),
    "A,2026-03-01,UK,s,1.5,5,us,,,,,,": ("not a whole number", "units", "1.5"),
    "A,2026-03-01,UK,s,9999999999,5,us,,,,,,": ("not a whole number", "units", "9999999999"),
    "A,2026-03-01,UK,s,0,5,us,,,,,,": ("a quantity of nothing", "units", "0"),
    "A,2026-03-01,UK,s,-1,5,us,,,,,,": ("below zero, but not marked as cancelled", "units", "-1"),
    "A,2026-03-01,UK,s,1,,us,,,,,,": ("no price", "price", ""),
    "A,2026-03-01,UK,s,1,€5,us,,,,,,": ("a currency sign that is not the marketplace's", "price", "€5"),
    "A,2026-03-01,UK,s,1,5 owls,us,,,,,,": ("a currency sign that is not the marketplace's", "price", "5 owls"),
    "A,2026-03-01,UK,s,1,5-5,us,,,,,,": ("not a decimal number", "price", "5-5"),
    "A,2026-03-01,UK,s,1,1e3,us,,,,,,": ("not a decimal number", "price", "1e3"),
    "A,2026-03-01,UK,s,1,nan,us,,,,,,": ("no price", "price", ""),
    "A,2026-03-01,UK,s,1,-5,us,,,,,,": ("below zero, but not marked as cancelled", "price", "-5"),
    "A,2026-03-01,UK,s,1,99999999999,us,,,,,,": ("larger than any price", "price", "99999999999"),
    "A,2026-03-01,UK,s,1,5.001,us,,,,,,": ("more decimals than the currency has", "price", "5.001"),
    "A,2026-03-01,JP,s,1,5.5,us,,,,,,": ("more decimals than the currency has", "price", "5.5"),
    "A,yesterday,UK,s,1,5,us,,,,,,": ("not a date", "bought", "yesterday"),
    "A,,UK,s,1,5,us,,,,,,": ("not a date", "bought", ""),
    "A,2026-02-30,UK,s,1,5,us,,,,,,": ("not a date", "bought", "2026-02-30"),
    "A,1026-03-01,UK,s,1,5,us,,,,,,": ("not a date", "bought", "1026-03-01"),
    "A,2026-03-29 01:30,UK,s,1,5,us,,,,,,": (
        "a time that the clocks skipped there",
        "bought",
        "2026-03-29 01:30",
    ),
    "A,2026-03-01,UK,s,1,5,us,,,,soon,,": ("not a date", "promised", "soon"),
    "A,2026-03-01,UK,s,1,5,us,,,,,2026-02-01,": ("before the purchase", "delivered", "2026-02-01"),
    "A,2026-03-01,UK": ("3 columns instead of 13", "", ""),
    f"{GOOD},more": ("14 columns instead of 13", "", ""),
    'A,2026-03-01,UK,s,1,5,us,,,"never closed,,,': ("10 columns instead of 13", "", ""),
}


@pytest.mark.parametrize(("row", "expected"), BAD_ROWS.items())
def test_a_malformed_row_is_listed_with_its_line_and_the_rest_is_read(
    tmp_path: Path, row: str, expected: tuple[str, str, str]
) -> None:
    found = full(tmp_path, GOOD, row)
    assert found.rejected == (RejectedRow(3, *expected),)
    assert (counted(found), [order.id for order in orders(found)]) == ((2, 1, 0, 0, 1), ["G"])


def test_a_row_tells_what_is_wrong_with_it_in_a_line(tmp_path: Path) -> None:
    found = plain(tmp_path, "A,2026-03-01,UK,s,two,5", "A,b", "B,2026-03-01,UK,s,two,5")
    assert [str(row) for row in found.rejected] == [
        "line 2, units: not a whole number",
        "line 3: 2 columns instead of 6",
        "line 4, units: not a whole number",
    ]
    assert [row.text(cells=True) for row in found.rejected] == [
        "line 2, units: not a whole number (the cell: 'two')",
        "line 3: 2 columns instead of 6",
        "line 4, units: not a whole number (the cell: 'two')",
    ]
    assert found.rejected_by_reason == {"units: not a whole number": 2, "2 columns instead of 6": 1}


def test_rows_that_are_no_sale_are_skipped_and_counted_by_reason_however_malformed(tmp_path: Path) -> None:
    found = full(
        tmp_path,
        "A,x,UK,s,0,,us,cancelled,,,,,",
        "B,2026-03-01,UK,post,1,5,us,,,,,,",
        "C,2026-03-01,UK,Post,1,5,us,,,,,,",
        "F,2026-03-01,UK,s,1,0,us,,,,,,",
        "F,2026-03-01,UK,s,1,0.00,us,,,,,,",
        GOOD,
        "G,2026-03-01,UK,gift,1,0,us,,,,,,",
    )
    assert found.skipped == {"sku is POST": 2, "state is Cancelled": 1, "the whole order is free": 2}
    assert counted(found) == (7, 2, 0, 5, 0)


def test_a_row_whose_order_is_on_another_marketplace_is_rejected(tmp_path: Path) -> None:
    found = plain(tmp_path, "A,2026-03-02,UK,s,1,5", "A,2026-03-01,shop.de,s,1,5", "A,2026-03-01,UK,s,1,5")
    assert found.rejected == (RejectedRow(3, "another marketplace than the order's first row", "site", "DE"),)
    assert [(order.marketplace, order.price) for order in orders(found)] == [("UK", 1000)]


def test_cancellations_are_kept_apart_without_their_sign(tmp_path: Path) -> None:
    found = full(
        tmp_path,
        "C2,2026-03-09T00:00Z,UK,s2,-2,-7.50,us,,,,,,",
        GOOD,
        "C1,2026-03-08T00:00Z,UK,s,-1,5.00,us,,,,,,ann",
        "C3,2026-03-08,UK,s,?,5.00,us,,,,,,ann",
    )
    assert found.cancellations.to_dicts() == [
        {
            "buyer": 1,
            "sku": "s",
            "quantity": 1,
            "cancelled_at": instant("2026-03-08T00:00Z"),
            "price": 500,
        },
        {
            "buyer": None,
            "sku": "s2",
            "quantity": 2,
            "cancelled_at": instant("2026-03-09T00:00Z"),
            "price": 750,
        },
    ]
    assert counted(found) == (4, 1, 2, 0, 1)


def test_an_order_may_reach_over_the_pages_in_which_a_file_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [f"{'AB'[number % 2]},2026-03-01T00:00Z,UK,s{number},1,1" for number in range(9)]
    whole = plain(tmp_path, *rows)
    monkeypatch.setattr(sheet, "_PAGE", 2)
    paged = plain(tmp_path, *rows)
    assert (
        orders(paged)
        == orders(whole)
        == [
            Order("A", "UK", instant("2026-03-01T00:00Z"), "MFN", 500, "GBP", product="s0"),
            Order("B", "UK", instant("2026-03-01T00:00Z"), "MFN", 400, "GBP", product="s1"),
        ]
    )
    assert paged.lines.equals(whole.lines)


def costly(tmp_path: Path, *rows: str, **keys: Any) -> OrderFile:
    how = form(columns={**COLUMNS, "landed_cost": "cost"}, **keys)
    return read(tmp_path, "\n".join([",".join([*COLUMNS.values(), "cost"]), *rows, ""]), how)


def test_what_goods_cost_adds_up_over_the_lines_of_an_order_that_all_tell_it(tmp_path: Path) -> None:
    day = "2026-03-01T00:00Z,UK"
    rows = (
        f"A,{day},s1,2,5.00,1.50", f"A,{day},s2,1,4.00,2.345", f"B,{day},s1,1,5.00,1.50", f"B,{day},s2,1,4.00,",
        f"C,{day},s1,1,5.00,0",
    )  # fmt: skip
    found = costly(tmp_path, *rows)
    assert [(sold.id, sold.price, sold.landed_cost) for sold in orders(found)] == [
        ("A", 900, 385), ("B", 900, None), ("C", 500, 0),
    ]  # fmt: skip
    assert counted(found) == (5, 5, 0, 0, 0)
    each = costly(tmp_path, *rows, price_is="unit")
    assert [(sold.price, sold.landed_cost) for sold in orders(each)] == [(1400, 535), (900, None), (500, 0)]
    minor = costly(tmp_path, f"A,{day},s1,2,500,150.5", price_in="minor", price_is="unit")
    assert [(sold.price, sold.landed_cost) for sold in orders(minor)] == [(1000, 301)]


@pytest.mark.parametrize(
    ("cost", "reason"),
    [
        ("x", "not a decimal number"),
        ("35 %", "a percentage, or a currency sign that is not the marketplace's"),
        ("$3.50", "a percentage, or a currency sign that is not the marketplace's"),
        ("-3.50", "below zero, but not marked as cancelled"),
        ("99999999999", "larger than any price"),
    ],
)
def test_a_landed_cost_that_is_none_rejects_its_row(tmp_path: Path, cost: str, reason: str) -> None:
    found = costly(tmp_path, f"A,2026-03-01T00:00Z,UK,s1,1,5.00,{cost}", "B,2026-03-01T00:00Z,UK,s1,1,5.00,£3.50")
    assert found.rejected == (RejectedRow(2, reason, "cost", cost),)
    assert [(sold.id, sold.landed_cost) for sold in orders(found)] == [("B", 350)]


# Text


def test_line_numbers_count_lines_of_the_file_also_inside_quotes_and_between_rows(tmp_path: Path) -> None:
    text = (
        'id,bought,site,sku,units,price\r\n\r\nA,2026-03-01,UK,"a, ""b""\r\nc",1,5\r\n\r\n'
        "B,?,UK,s,1,5\nC,2026-03-01,UK,s,1,5\rD,!,UK,s,1,5"
    )
    found = read(tmp_path, text)
    assert [str(row) for row in found.rejected] == [
        "line 6, bought: not a date",
        "line 8, bought: not a date",
    ]
    assert (found.lines["sku"].to_list(), counted(found)) == (['a, "b"\r\nc', "s"], (6, 2, 0, 2, 2))


def test_a_quotation_mark_that_is_never_closed_swallows_no_other_row(tmp_path: Path) -> None:
    found = plain(
        tmp_path,
        'A,2026-03-01,UK,"12 inch,1,5',
        "B,2026-03-01,UK,s,1,5",
        'C,2026-03-01,UK,"s",1,5',
        'D,2026-03-01,UK,"12 inch,1,5',
        *(f"E{number},2026-03-01,UK,s,1,5" for number in range(9000)),
    )
    assert [str(row) for row in found.rejected] == [
        "line 2: a quotation mark is never closed",
        "line 5: a quotation mark is never closed",
    ]
    assert counted(found) == (9004, 9002, 0, 0, 2)


def test_a_file_with_tabs_may_hold_single_quotation_marks(tmp_path: Path) -> None:
    found = plain(tmp_path, 'A\t2026-03-01\tUK\t"12" ruler\t1\t5', delimiter="\t")
    assert found.lines["sku"].to_list() == ['"12" ruler']


@pytest.mark.parametrize(
    ("encoding", "sku", "found_encoding"),
    [
        ("utf-8", "tasse-ä", "utf-8-sig"),
        ("utf-8-sig", "tasse-ä", "utf-8-sig"),
        ("cp1252", "tasse-ä", "cp1252"),
        ("cp932", "茶碗", "cp932"),
        ("utf-16", "茶碗", "utf-16"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_the_encoding_that_damages_the_file_least_is_found(
    tmp_path: Path, encoding: str, sku: str, found_encoding: str, packed: bool
) -> None:
    content = f"id,bought,site,sku,units,price\nA,2026-03-01,UK,{sku},1,5\n".encode(encoding)
    path = tmp_path / "orders"
    path.write_bytes(gzip.compress(content) if packed else content)
    found = read_orders(path, form(encodings=["utf-8-sig", "cp932", "cp1252"]), PLACES)
    assert (found.encoding, found.lines["sku"].to_list(), found.rejected) == (found_encoding, [sku], ())


def test_bytes_that_are_no_text_reject_their_row_only_where_they_matter(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    rows = b"A\xff,2026-03-01,UK,s,1,5,n\n", b"B,2026-03-01,UK,s,1,5,\xff\n"
    path.write_bytes(b"id,bought,site,sku,units,price,note\n" + b"".join(rows))
    found = read_orders(path, PLAIN, PLACES)
    assert found.rejected == (RejectedRow(2, "characters that cannot be read", "id", "A\ufffd"),)
    assert [order.id for order in orders(found)] == ["B"]


# Files that cannot be used


def told(error: pytest.ExceptionInfo[DocumentError], tmp_path: Path) -> list[str]:
    return [str(problem).replace(str(tmp_path), "") for problem in error.value.problems]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "/orders: has no header: it is empty (give a file whose first row names the columns)"),
        (b"\n \r\n\n", "/orders: has no header: it is empty (give a file whose first row names the columns)"),
        (
            gzip.compress(b"id,bought\n" * 999, mtime=0)[:-20],
            "/orders: cannot be read: Compressed file ended before the end-of-stream marker was reached "
            "(check the path and your right to read it; get the file once more if it is cut short)",
        ),
        (
            b"id,bought,site,sku,id,units,price\n",
            "/orders: line 1: more than one column is called id (give each of them a name of its own in the file)",
        ),
    ],
)
def test_a_file_without_a_usable_header_is_refused(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "orders"
    path.write_bytes(content)
    with pytest.raises(DocumentError) as error:
        read_orders(path, PLAIN, PLACES)
    assert told(error, tmp_path) == [expected]


@pytest.mark.parametrize("name", ["absent.csv", ""])
def test_a_file_that_is_not_there_or_is_a_folder_is_refused(tmp_path: Path, name: str) -> None:
    for read_it in (lambda path: read_orders(path, PLAIN, PLACES), lambda path: find_format(path, [PLAIN])):
        with pytest.raises(DocumentError, match=r"cannot be read: .*check the path|is a folder"):
            read_it(tmp_path / name)


def test_a_file_of_no_format_is_told_what_each_format_misses_and_how_to_map_it(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("InvoiceNo;InvoiceDate;UnitPrice\n1;2;3\n", encoding="utf-8")
    with pytest.raises(DocumentError) as error:
        find_format(path, [form(name="one", required=["id", "bought"]), form(name="two")])
    assert told(error, tmp_path) == [
        "/orders.csv: line 1: is not of the format one: there is no 'id', 'bought', 'price' "
        "(it needs 'id', 'bought', 'price')",
        "/orders.csv: line 1: is not of the format two: there is no "
        "'id', 'bought', 'price', 'site', 'sku', 'units' "
        "(it needs 'id', 'bought', 'price', 'site', 'sku', 'units')",
        "/orders.csv: line 1: has the columns 'InvoiceNo', 'InvoiceDate', 'UnitPrice' "
        "(if this is right, map them in the scenario: [orders.mapping] delimiter = ';', "
        "columns = {order = '…', purchased_at = '…', price = '…'}, "
        "values = {marketplace = '…', channel = '…'})",
    ]


def test_a_workbook_or_picture_is_told_to_be_no_text(tmp_path: Path) -> None:
    path = tmp_path / "orders.xlsx"
    path.write_bytes(b"PK\x03\x04\x14\x00\x06\x00\x08\x00\n")
    with pytest.raises(DocumentError, match=r"does not look like text .*save it as CSV"):
        find_format(path, [])


@pytest.mark.parametrize(
    ("values", "markets", "expected"),
    [
        (
            {"marketplace": "FR", "channel": "MFN"},
            PLACES,
            "order format plain: values.marketplace: no marketplace is called 'FR' "
            "(known: DE, JP, KW, UK; install the plugin that brings it, or make one: aftersale plugins new FR)",
        ),
        (
            {"marketplace": "UK", "channel": "MFN", "currency": "EUR"},
            PLACES,
            "order format plain: values.currency: UK sells in GBP, not in EUR "
            "(name one that sells in EUR: DE; or make one of your own: aftersale plugins new NAME; "
            "amounts are never converted)",
        ),
        (
            {"channel": "MFN"},
            {},
            "order format plain: values.marketplace: there is no marketplace to sell on "
            "(known: none; install the plugin that brings it, or make one: aftersale plugins new NAME)",
        ),
    ],
)
def test_constants_that_fit_no_marketplace_are_refused_before_reading(
    tmp_path: Path, values: dict[str, str], markets: dict[str, Marketplace], expected: str
) -> None:
    with pytest.raises(DocumentError) as error:
        read(tmp_path, "", form(values=values), markets)
    assert told(error, tmp_path) == [expected]


def test_more_categories_than_a_column_can_count_are_refused(tmp_path: Path) -> None:
    rows = (f"{number},2026-03-01,UK,s,1,5,us,,,kind {number},,," for number in range(32768))
    with pytest.raises(DocumentError, match="32768 different words are no categories"):
        full(tmp_path, *rows)


def test_a_file_with_a_header_alone_has_no_orders(tmp_path: Path) -> None:
    found = full(tmp_path)
    assert (counted(found), len(found.orders), found.orders.marketplaces) == ((0, 0, 0, 0, 0), 0, ())


# Formats


def test_the_format_that_needs_most_headers_wins() -> None:
    small, large = form(name="small", required=["id"]), form(name="large")
    header = ["ID", "Bought", "site", "sku", "units", "price"]
    assert choose(header, [small, large]) == large
    assert choose([*header[:3], "price"], [small, large]) == small
    assert choose(["id"], [small, large]) is None


def test_a_format_is_told_all_that_is_wrong_with_it() -> None:
    table = {
        "name": "odd",
        "columns": {"order": "id", "purchased": "bought", "price": "p", "channel": "c"},
        "delimiter": "||",
        "encodings": ["utf-9", "utf-7"],
        "price_is": "gross",
        "values": {"currency": "EURO", "zone": "Mars"},
    }
    with pytest.raises(DocumentError) as error:
        parse_formats({"orders": [table]}, "formats.toml")
    assert {problem.path for problem in error.value.problems} == {
        "orders[0].columns.purchased_at",
        "orders[0].columns.purchased",
        "orders[0].price_is",
        "orders[0].values.currency",
        "orders[0].values.zone",
    }


def test_a_format_whose_parts_do_not_fit_is_told_so() -> None:
    with pytest.raises(DocumentError) as error:
        form(
            columns={"order": "id", "purchased_at": "bought", "price": "p", "channel": "c"},
            values={},
            delimiter="||",
            encodings=["utf-9", "utf-7"],
            skip_status=["x"],
            skip={"colour": ["red"]},
            cancelled={"column": "buyer", "starts_with": "C"},
            date_formats=["%Q", "%H:%M"],
        )
    assert [str(problem) for problem in error.value.problems] == [
        "formats.toml: orders[0]: "
        "delimiter is one character that fields do not hold: ',', ';' or '\\t', not '||'; "
        "encodings has 'utf-9', which is none: 'utf-8-sig', 'cp1252', 'cp932', …; "
        "encodings has 'utf-7', which is none: 'utf-8-sig', 'cp1252', 'cp932', …; "
        "date_formats has '%Q': write a date such as '%d/%m/%Y %H:%M' (also %b %y %S %p %z); "
        "date_formats has '%H:%M': write a date such as '%d/%m/%Y %H:%M' (also %b %y %S %p %z); "
        "no marketplace: name its column, columns.marketplace = '…', "
        "or say it once, values.marketplace = '…'; "
        "channels says what the words of the channel column mean: channels = {Merchant = 'MFN'}; "
        "skip_status needs the column: columns.status = '…'; "
        "cancelled.column is 'buyer'; columns has order, purchased_at, price, channel; "
        "skip has 'colour'; columns has order, purchased_at, price, channel"
    ]


def test_plugins_that_bring_the_same_format_share_it_with_all_their_words_and_encodings() -> None:
    one = form(marketplaces={"shop.uk": "UK"}, encodings=["utf-8-sig", "cp1252"])
    two = form(marketplaces={"shop.jp": "JP"}, encodings=["utf-8-sig", "cp932", "cp1252"])
    other = form(name="other")
    assert merge_formats([("a", one), ("b", other), ("c", two)]) == [
        evolve(one, marketplaces={"shop.uk": "UK", "shop.jp": "JP"}, encodings=("utf-8-sig", "cp932", "cp1252")),
        other,
    ]


def test_plugins_that_mean_different_things_by_one_format_are_both_named() -> None:
    one, two = form(marketplaces={"shop": "UK"}), form(marketplaces={"Shop": "DE"}, price_is="unit")
    with pytest.raises(PluginError) as error:
        merge_formats([("a", one), ("b", two)])
    hint = "(let b and a agree, or give the format of b a name of its own)"
    assert [str(problem) for problem in error.value.problems] == [
        f"b: order format plain: price_is is unit, in another plugin line {hint}",
        f"b: order format plain: the sales channel 'Shop' means DE, in another plugin UK {hint}",
    ]


# Moving


def test_orders_move_by_whole_weeks_and_what_never_was_stays_so(tmp_path: Path) -> None:
    rows = GOOD, "H,2026-03-01T00:00Z,UK,s,1,5,us,,,,,,"
    before = full(tmp_path, *rows).orders
    after = shifted(before, -2)
    for name in ("purchased_at", "promised_at", "delivered_at"):
        was, is_now = getattr(before, name).tolist(), getattr(after, name).tolist()
        assert is_now == [NEVER if time == NEVER else time - 14 * DAY for time in was]
    assert (after.ids, after.price.tolist()) == (before.ids, before.price.tolist())


# Whatever comes

CELLS = st.one_of(
    st.sampled_from(
        ["", "A", "C1", "2026-03-01", "2026-03-29 01:30", "UK", "shop.jp", "-1", "1", "5.00", "us", "POST"]
    ),
    st.text(max_size=8),
    st.from_regex(r"[+-]?\d{1,20}([.,]\d{0,9})?", fullmatch=True),
    st.from_regex(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:?\d\d)?)?", fullmatch=True),
)


def adds_up(found: OrderFile) -> None:
    read_, used, *left_out = counted(found)
    assert read_ == used + sum(left_out)
    assert found.orders.price.sum() >= 0
    assert len(set(found.orders.ids)) == len(found.orders)


@pytest.mark.once
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rows=st.lists(st.lists(CELLS, min_size=12, max_size=14), max_size=6), end=st.sampled_from(["\n", "\r\n"]))
def test_whatever_the_rows_hold_each_of_them_is_accounted_for(tmp_path: Path, rows: list[list[str]], end: str) -> None:
    adds_up(full(tmp_path, *(end.join(map(",".join, [row])) for row in rows)))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(content=st.one_of(st.binary(), st.binary().map(lambda tail: f"{FULL_HEADER}\n{GOOD}\n".encode() + tail)))
@example(b"\xff\xfe\x00")
@example(b"\x1f\x8b\x08")
@example(b'"')
@example(b"\xef\xbb\xbf")
def test_whatever_the_bytes_are_nothing_but_a_document_error_comes_out(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "garbage"
    path.write_bytes(content)
    how = evolve(FULL, encodings=("utf-8-sig", "cp932", "cp1252"))
    problems: tuple[Problem, ...] = ()
    try:
        assert find_format(path, [PLAIN, how]) == how
        adds_up(read_orders(path, how, PLACES))
    except DocumentError as error:
        problems = error.problems
    assert all(problem.hint for problem in problems)


# Real files

REPORT = parse_formats(
    {
        "orders": [
            {
                "name": "all_orders",
                "delimiter": "\t",
                "encodings": ["utf-8-sig", "cp1252"],
                "columns": {
                    "order": "amazon-order-id",
                    "purchased_at": "purchase-date",
                    "marketplace": "sales-channel",
                    "channel": "fulfillment-channel",
                    "status": "order-status",
                    "item_status": "item-status",
                    "sku": "sku",
                    "quantity": "quantity",
                    "currency": "currency",
                    "price": "item-price",
                },
                "channels": {"Amazon": "FBA", "Merchant": "MFN"},
                "skip_status": ["Cancelled", "Pending"],
                "skip": {"marketplace": ["Non-Amazon"]},
            }
        ]
    },
    "formats.toml",
)[0]
BASIS = (
    "amazon-order-id\tmerchant-order-id\tpurchase-date\tlast-updated-date\torder-status\tfulfillment-channel\t"
    "sales-channel\torder-channel\tship-service-level\tproduct-name\tsku\tasin\titem-status\tquantity\tcurrency\t"
    "item-price\titem-tax\tshipping-price"
)


def report_row(header: str, **cells: str) -> str:
    named = {key.replace("_", "-"): cell for key, cell in cells.items()}
    return "\t".join(named.get(word, "") for word in header.split("\t"))


def report(tmp_path: Path, header: str) -> OrderFile:
    sale = {
        "purchase_date": "2026-01-25T23:30:00+00:00",
        "order_status": "Shipped",
        "fulfillment_channel": "Merchant",
        "sales_channel": "shop.uk",
        "product_name": '12" ruler £5',
        "item_status": "Shipped",
        "quantity": "2",
        "currency": "GBP",
        "item_price": "19.98",
    }
    rows = [
        {**sale, "amazon_order_id": "202-1", "sku": "R-12"},
        {**sale, "amazon_order_id": "202-1", "sku": "R-13", "item_price": "0.02"},
        {**sale, "amazon_order_id": "202-2", "sku": "R-12", "fulfillment_channel": "Amazon"},
        {**sale, "amazon_order_id": "202-3", "order_status": "Cancelled", "item_price": "", "quantity": "0"},
        {**sale, "amazon_order_id": "202-4", "item_status": "Cancelled", "item_price": "", "quantity": "0"},
        {**sale, "amazon_order_id": "S01-5", "sales_channel": "Non-Amazon", "item_price": ""},
        {**sale, "amazon_order_id": "202-6", "order_status": "Pending", "item_price": "", "currency": ""},
        {**sale, "amazon_order_id": "202-7", "sku": "R-12", "item_price": ""},
    ]
    path = tmp_path / "report.txt"
    path.write_bytes("\r\n".join([header, *(report_row(header, **row) for row in rows), ""]).encode("cp1252"))
    assert find_format(path, [FULL, REPORT]) == REPORT
    return read_orders(path, REPORT, PLACES)


def expect_report(found: OrderFile) -> None:
    at = instant("2026-01-25T23:30Z")
    assert orders(found) == [
        Order("202-1", "UK", at, "MFN", 2000, "GBP", product="R-12"),
        Order("202-2", "UK", at, "FBA", 1998, "GBP", product="R-12"),
    ]
    assert found.rejected == (RejectedRow(9, "no price", "item-price", ""),)
    assert found.skipped == {
        "item-status is Cancelled": 1,
        "order-status is Cancelled": 1,
        "order-status is Pending": 1,
        "sales-channel is Non-Amazon": 1,
    }
    assert (counted(found), found.encoding) == ((8, 3, 0, 4, 1), "cp1252")


def test_the_flat_report_of_all_orders_is_read(tmp_path: Path) -> None:
    expect_report(report(tmp_path, BASIS))


def test_other_layouts_of_the_flat_report_are_read_as_well(tmp_path: Path) -> None:
    folder = DATA / "formats"
    if not folder.is_dir():
        pytest.skip("the collected report headers are no part of the repository")
    archived = (folder / "GET_FLAT_FILE_ARCHIVED_ORDERS_DATA_BY_ORDER_DATE.header.txt").read_text("utf-8").strip()
    listed = (folder / "report_headers.tsv").read_text("utf-8").splitlines()
    older = next(line for line in listed if line.startswith("GET_FLAT_FILE_ALL_ORDERS")).split("\t")[2]
    for header in (archived, older.replace(" | ", "\t")):
        expect_report(report(tmp_path, header))


RETAIL = form(
    name="retail",
    columns={
        "order": "InvoiceNo",
        "purchased_at": "InvoiceDate",
        "price": "UnitPrice",
        "sku": "StockCode",
        "quantity": "Quantity",
        "buyer": "CustomerID",
    },
    values={"marketplace": "UK", "channel": "MFN", "currency": "GBP", "zone": "Europe/London"},
    price_is="unit",
    cancelled={"column": "order", "starts_with": "C"},
    skip={"sku": ["POST", "DOT", "M", "D", "S", "C2", "B", "BANK CHARGES", "AMAZONFEE", "CRUK"]},
)


@pytest.mark.once
def test_every_line_of_a_real_shop_is_accounted_for() -> None:
    path = DATA / "online_retail" / "online_retail_2010-12_2011-08.csv.gz"
    if not path.is_file():
        pytest.skip("the real order lines (UCI Online Retail) are no part of the repository")
    found = read_orders(path, find_format(path, [FULL, RETAIL]), PLACES)
    assert counted(found) == (320_705, 311_576, 5_454, 2_748, 927)
    assert found.rejected_by_reason == {
        "Quantity: below zero, but not marked as cancelled": 925,
        "UnitPrice: more decimals than the currency has": 2,
    }
    assert found.skipped["the whole order is free"] == 830
    assert len(found.orders) == 12_383
    at = instant("2010-12-01T08:26Z")
    assert found.orders.order(0) == Order("536365", "UK", at, "MFN", 13912, "GBP", product="21730", buyer="1")
    assert len(set(found.orders.buyer.tolist()) - {0}) == 3_314


# What the file as a whole shows


def dated(tmp_path: Path, *rows: str, formats: tuple[str, ...] = ()) -> OrderFile:
    columns = {"order": "id", "purchased_at": "bought", "price": "price", "promised_at": "promised"}
    columns |= {"delivered_at": "delivered", "status": "state"}
    how = form(
        columns=columns,
        values={"marketplace": "UK", "channel": "MFN"},
        date_formats=formats,
        states={"cancelled": ["canceled"], "lost": ["lost"]},
    )
    return read(tmp_path, "\n".join(["id,bought,price,promised,delivered,state", *rows, ""]), how)


def test_days_and_months_the_other_way_round_are_told_though_some_dates_can_be_read(tmp_path: Path) -> None:
    rows = [f"{number},{number % 12 + 1:02}/{number % 28 + 1:02}/2026,5.00,,," for number in range(100)]
    found = dated(tmp_path, *rows, formats=("%d/%m/%Y",))
    assert 0 < len(found.orders) < 50
    assert found.date_formats == ("%m/%d/%Y",)
    assert dated(tmp_path, *rows, formats=("%m/%d/%Y",)).date_formats == ()


@pytest.mark.parametrize(
    ("hour", "written", "formats", "days"),
    [
        (" 00:00", "%m/%d/%Y", ("%m/%d/%Y %H:%M",), ("%m/%d/%Y 00:00", "%m/%d/%Y %H:%M")),
        (" 00:00", "%m/%d/%Y", ("%m/%d/%Y 00:00", "%m/%d/%Y %H:%M"), ()),
        (" 00:30", "%m/%d/%Y", ("%m/%d/%Y %H:%M",), ()),
        ("", "%m/%d/%Y", ("%m/%d/%Y",), ()),
        (" 00:00:00", "%Y-%m-%d", (), ("%Y-%m-%d 00:00:00", "%Y-%m-%d %H:%M:%S")),
        (" 00:00:00Z", "%Y-%m-%d", (), ()),
    ],
)
def test_promises_that_all_stand_at_midnight_are_told_with_the_formats_that_read_them_as_days(
    tmp_path: Path, hour: str, written: str, formats: tuple[str, ...], days: tuple[str, ...]
) -> None:
    date = written.replace("%Y", "2026").replace("%m", "03").replace("%d", "{:02}")
    rows = [f"{day},{date.format(day)}{hour},5.00,{date.format(day + 5)}{hour},," for day in range(1, 20)]
    found = dated(tmp_path, *rows, formats=formats)
    assert len(found.orders) == 19
    assert found.day_formats == days
    if days:
        whole = dated(tmp_path, *rows, formats=days)
        assert set((whole.orders.promised_at - found.orders.promised_at).tolist()) == {DAY - 1_000_000}
        assert whole.orders.purchased_at.tolist() == found.orders.purchased_at.tolist()


def test_what_happened_at_midnight_was_then_where_promises_at_midnight_are_days(tmp_path: Path) -> None:
    row = "1,03/02/2026 00:00,5.00,03/09/2026 00:00,03/05/2026 00:00,"
    (order,) = orders(dated(tmp_path, row, formats=("%m/%d/%Y 00:00", "%m/%d/%Y %H:%M")))
    assert (order.purchased_at, order.delivered_at) == (instant("2026-03-02T00:00Z"), instant("2026-03-05T00:00Z"))
    assert order.promised_at == instant("2026-03-09T23:59:59Z")


def test_orders_that_never_arrived_and_have_a_delivery_are_counted_as_delivered_and_told(tmp_path: Path) -> None:
    rows = ("1,2026-03-02,5.00,,2026-03-05,canceled", "2,2026-03-02,5.00,,2026-03-05,Lost", "3,2026-03-02,5.00,,,lost")
    found = dated(tmp_path, *rows, "3,2026-03-02,5.00,,,lost", "4,2026-03-02,5.00,,2026-03-05,")
    assert found.contradictions == 2
    assert [int(code) for code in found.orders.outcome][:2] == [DELIVERED, DELIVERED]
