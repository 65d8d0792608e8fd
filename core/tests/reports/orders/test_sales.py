"""What is a sale: statuses, discounts, what is free, how an order ended, and which rows are one order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aftersale.base.errors import DocumentError
from aftersale.clocks import Calendar, instant
from aftersale.orders import CANCELLED, DELIVERED, LOST, NEVER, SHIPPED, UNKNOWN, WAITING
from aftersale.policies.marketplaces import Marketplace
from aftersale.reports.orders.formats import own_formats, parse_formats
from aftersale.reports.orders.headers import find_format
from aftersale.reports.orders.reading import OrderFile, read_orders

PLACES = {"US": Marketplace("US", "id-US", "US", "USD", "UTC", ("en",), Calendar("UTC", None, None))}
COLUMNS = {"order": "id", "purchased_at": "bought", "price": "price", "status": "state"}


def read(tmp_path: Path, *lines: str, name: str = "orders.csv", **keys: Any) -> OrderFile:
    (tmp_path / name).write_text("\n".join([*lines, ""]), encoding="utf-8")
    columns = {**COLUMNS, **keys.pop("columns", {})}
    table = {"columns": columns, "values": {"marketplace": "US", "channel": "MFN"}, **keys}
    return read_orders(tmp_path / name, parse_formats({"orders": [table]}, "mapping")[0], PLACES)


def prices(found: OrderFile) -> dict[str, int]:
    return dict(zip(found.orders.ids, found.orders.price.tolist(), strict=True))


def test_a_status_on_an_order_s_first_row_holds_for_all_its_rows(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "id,bought,price,state",
        "#1,2026-03-02,10.00,paid",
        "#1,2026-03-02,15.00,",
        "#2,2026-03-02,10.00,VOIDED",
        "#3,2026-03-02,1.00,paid",
        "#2,2026-03-02,15.00,",
        skip_status=["voided"],
        known_status=["paid"],
    )
    assert (prices(found), found.skipped) == ({"#1": 2500, "#3": 100}, {"state is voided": 2})
    assert found.strange_states == {}


def test_a_status_that_nobody_knows_is_a_sale_and_is_told(tmp_path: Path) -> None:
    rows = ["A,2026-03-02,1,paid", "B,2026-03-02,1,On hold", "C,2026-03-02,1,on hold", "D,2026-03-02,x,odd"]
    found = read(tmp_path, "id,bought,price,state", *rows, known_status=["Paid"])
    assert (found.strange_states, found.rows_used) == ({"On hold": 1, "on hold": 1}, 3)


def test_a_discount_lowers_the_price_whatever_its_sign_and_what_is_free_is_skipped(tmp_path: Path) -> None:
    rows = ["A,2026-03-02,29.99,,29.99", "B,2026-03-02,20.00,,-5.00", "C,2026-03-02,20.00,,", "D,2026-03-02,5,,6"]
    found = read(tmp_path, "id,bought,price,state,off", *rows, columns={"discount": "off"})
    assert prices(found) == {"B": 1500, "C": 2000}
    assert found.skipped == {"the whole order is free": 1}
    assert [(row.line, row.reason) for row in found.rejected] == [(5, "more than the price")]


def test_how_an_order_ended_is_what_the_file_says(tmp_path: Path) -> None:
    rows = [
        "A,2026-03-02T10:00Z,1,delivered,2026-03-05T10:00Z,,",
        "B,2026-03-02T10:00Z,1,delivered,,,",
        "C,2026-03-02T10:00Z,1,shipped,,2026-03-03T10:00Z,",
        "D,2026-03-02T10:00Z,1,Canceled,,,2026-03-04T10:00Z",
        "E,2026-03-02T10:00Z,1,lost in transit,,,",
        "F,2026-03-02T10:00Z,1,processing,,,",
        "G,2026-03-02T10:00Z,1,Canceled,2026-03-05T10:00Z,,2026-03-04T10:00Z",
    ]
    states = {"delivered": ["delivered"], "shipped": ["shipped"], "cancelled": ["canceled"], "lost": ["lost *"]}
    columns = {"delivered_at": "arrived", "shipped_at": "sent", "cancelled_at": "stopped"}
    found = read(tmp_path, "id,bought,price,state,arrived,sent,stopped", *rows, columns=columns, states=states)
    orders = found.orders
    assert list(orders.ids) == list("ABCDEFG")
    assert orders.outcome.tolist() == [DELIVERED, DELIVERED, SHIPPED, CANCELLED, LOST, WAITING, DELIVERED]
    assert orders.shipped_at.tolist() == [
        *[NEVER] * 2,
        instant("2026-03-03T10:00Z"),
        *[NEVER] * 4,
    ]
    assert orders.cancelled_at.tolist() == [*[NEVER] * 3, instant("2026-03-04T10:00Z"), *[NEVER] * 3]
    assert found.strange_states == {"processing": 1}


def test_without_deliveries_and_states_nothing_is_known_of_the_end(tmp_path: Path) -> None:
    found = read(tmp_path, "id,bought,price,state", "A,2026-03-02,1,x")
    assert found.orders.outcome.tolist() == [UNKNOWN]


def test_rows_of_two_buyers_or_two_days_are_not_one_order(tmp_path: Path) -> None:
    rows = [
        "1001,2025-03-02,10,,ann",
        "1001,2025-03-02,5,,ann",
        "1001,2025-03-02,7,,bob",
        "1001,2026-03-02,9,,ann",
        "1001,2025-03-02,1,,",
    ]
    found = read(tmp_path, "id,bought,price,state,who", *rows, columns={"buyer": "who"})
    assert prices(found) == {"1001": 1600}
    assert [(row.line, row.column, row.reason.split(":")[0]) for row in found.rejected] == [
        (4, "who", "another buyer than the order's first row"),
        (5, "bought", "another day than the order's first row"),
    ]


@pytest.mark.parametrize(
    ("ids", "orders", "rejected"),
    [
        (["1.23457E+11", "1.23457E+11", "7"], ["7"], 2),
        (["1001.0", "1002.0", "1003.0"], ["1001", "1002", "1003"], 0),
        (["1001.0", "A", "1003.0"], ["1001.0", "1003.0", "A"], 0),
        # A spreadsheet keeps fifteen digits: these were two orders of other numbers.
        (["1234567890123450", "1234567890123460", "12"], ["12"], 2),
        (["1234567890123401", "1234567890124500", "12"], ["12", "1234567890123401", "1234567890124500"], 0),
        (['"=""0012"""', "'0012", "12"], ["0012", "12"], 0),
    ],
)
def test_numbers_that_a_spreadsheet_has_changed_never_make_one_order_of_two(
    tmp_path: Path, ids: list[str], orders: list[str], rejected: int
) -> None:
    found = read(tmp_path, "id,bought,price,state", *(f"{name},2026-03-02,1," for name in ids))
    assert (sorted(found.orders.ids), found.rows_rejected) == (sorted(orders), rejected)


def test_what_a_second_export_repeats_is_skipped_and_within_one_it_is_told(tmp_path: Path) -> None:
    header, rows = "id,bought,price,state", ["A,2026-03-02,1,x", "B,2026-03-03,2,x"]
    both = read(tmp_path, header, *rows, header, rows[1], "C,2026-03-04,3,x")
    assert prices(both) == {"A": 100, "B": 200, "C": 300}
    assert both.skipped == {"the header again": 1, "an order that a later export in this file has again": 1}
    assert (both.rows_read, both.rows_repeated) == (5, 0)
    one = read(tmp_path, header, *rows, rows[1])
    assert (prices(one), one.rows_repeated, one.skipped) == ({"A": 100, "B": 400}, 1, {})


def test_a_number_that_could_be_one_or_a_thousand_is_rejected_with_the_way_out(tmp_path: Path) -> None:
    rows = ["A,2026-03-02,5.000,", "B,2026-03-02,12,"]
    found = read(tmp_path, "id,bought,price,state", *rows)
    assert [row.reason for row in found.rejected] == ["could be one or a thousand: say decimal in the mapping"]
    assert prices(read(tmp_path, "id,bought,price,state", *rows, decimal=".")) == {"A": 500, "B": 1200}
    assert prices(read(tmp_path, "id,bought,price,state", *rows, decimal=",")) == {"A": 500000, "B": 1200}


def test_orders_and_their_lines_may_stand_in_two_files(tmp_path: Path) -> None:
    items = ["order_id,product,price", "A,cup,10.00", "A,jug,5.00", "B,cup,x", "Z,cup,1", "", "C,cup,2.00"]
    (tmp_path / "items.csv").write_text("\n".join([*items, ""]), encoding="utf-8")
    rows = ["A,2026-03-02,delivered", "B,2026-03-02,delivered", "C,2026-03-02,canceled", "D,2026-03-02,delivered"]
    found = read(
        tmp_path,
        "id,bought,state",
        *rows,
        "A,2026-03-03,delivered",
        columns={"sku": "product"},
        lines={"file": "items.csv", "order": "order_id"},
        skip_status=["Canceled"],
    )
    assert prices(found) == {"A": 1500}
    assert found.skipped == {
        "a line of an order that orders.csv does not have": 1,
        "an empty row": 1,
        "an order without a line in items.csv": 1,
        "state is Canceled": 1,
    }
    assert list(map(str, found.rejected)) == [
        "line 6, id: this order stands above already",
        "items.csv line 4, price: not a decimal number",
    ]
    assert found.rows_read == found.rows_used + found.rows_skipped + found.rows_rejected


def test_a_second_file_that_is_missing_or_lacks_columns_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"items.csv: cannot be read"):
        read(tmp_path, "id,bought,state", "A,2026-03-02,x", lines={"file": "items.csv"})
    (tmp_path / "items.csv").write_text("order_id,amount\nA,1\n", encoding="utf-8")
    with pytest.raises(DocumentError, match=r"has no column 'id' of the order .name it: lines.order"):
        read(tmp_path, "id,bought,state", "A,2026-03-02,x", lines={"file": "items.csv"})


def test_a_journal_s_own_orders_have_a_format(tmp_path: Path) -> None:
    header = (
        "order,marketplace,currency,purchased_at,channel,category,price,promised_at,delivered_at,cross_border,exempt,"
        "ship_by,shipped_at,cancelled_at,tracked,product"
    )
    row = (
        "A,US,USD,2026-03-02T10:00:00.000001+00:00,FBA,toys,2490,2026-03-08T10:00:00+00:00,2026-03-06T10:00:00+00:00,"
        "true,false,2026-03-03T10:00:00+00:00,2026-03-03T09:00:00+00:00,,true,cup"
    )
    (tmp_path / "orders.csv").write_text(f"{header}\n{row}\n", encoding="utf-8")
    form = find_format(tmp_path / "orders.csv", own_formats())
    order = read_orders(tmp_path / "orders.csv", form, PLACES).orders.order(0)
    assert (order.price, order.channel, order.category, order.product) == (2490, "FBA", "toys", "cup")
    assert (order.cross_border, order.exempt) == (True, False)
    assert read_orders(tmp_path / "orders.csv", form, PLACES).orders.tracked.tolist() == [1]
    assert order.purchased_at == instant("2026-03-02T10:00:00.000001Z")
    assert order.shipped_at == instant("2026-03-03T09:00Z")


def test_a_mapping_is_told_which_channels_there_are_and_what_contradicts_itself(tmp_path: Path) -> None:
    with pytest.raises(DocumentError) as caught:
        read(
            tmp_path,
            "id",
            values={"marketplace": "US", "channel": "Olist"},
            skip_status=["Lost"],
            states={"lost": ["lost"]},
            decimal=",",
            thousands=",",
        )
    message = str(caught.value)
    assert "values.channel has 'Olist', which is no channel: say who ships, 'MFN' the seller" in message
    assert "'lost' stands in several of skip_status and states" in message
    assert "decimal and thousands are both ','" in message


def test_a_file_without_a_header_is_told_without_its_cells(tmp_path: Path) -> None:
    with pytest.raises(DocumentError) as caught:
        read(tmp_path, "Anna Schmidt,anna@example.org,12.50,x")
    assert "Anna" not in str(caught.value)
    assert "holds 4 cells that look like data" in str(caught.value)


@pytest.mark.parametrize("off", ["10%", "15 %", "€5", "5 EUR", "ten"])
def test_a_discount_in_per_cent_or_in_another_currency_is_no_amount(tmp_path: Path, off: str) -> None:
    rows = ["A,2026-03-02,20.00,,$5", f"B,2026-03-02,20.00,,{off}"]
    found = read(tmp_path, "id,bought,price,state,off", *rows, columns={"discount": "off"})
    assert (prices(found), [row.column for row in found.rejected]) == ({"A": 1500}, ["off"])


def test_of_overlapping_exports_the_later_one_counts_and_an_order_that_both_part_is_one(tmp_path: Path) -> None:
    header = "id,bought,price,state,sku"
    columns = {"sku": "sku"}
    older = ["1,2026-03-02,10,paid,cup", "2,2026-03-03,10,unshipped,cup", "3,2026-03-04,5,paid,jug"]
    newer = [
        "2,2026-03-03,10,shipped,cup",
        "3,2026-03-04,7,paid,cup",
        "4,2026-03-05,3,paid,cup",
        "4,2026-03-05,3,paid,cup",
    ]
    found = read(tmp_path, header, *older, header, *newer, columns=columns)
    assert prices(found) == {"1": 1000, "2": 1000, "3": 1200, "4": 600}
    assert found.skipped == {"an order that a later export in this file has again": 1, "the header again": 1}


def test_the_best_state_of_an_order_s_lines_counts_and_a_contradiction_is_told(tmp_path: Path) -> None:
    rows = ["A,2026-03-02,1,canceled", "A,2026-03-02,2,delivered", "B,2026-03-02,1,delivered"]
    states = {"delivered": ["delivered"], "cancelled": ["canceled"]}
    found = read(tmp_path, "id,bought,price,state", *rows, states=states)
    assert (found.orders.outcome.tolist(), found.contradictions) == ([DELIVERED, DELIVERED], 1)


def test_what_a_mapping_leaves_unread_or_reads_two_ways_is_told(tmp_path: Path) -> None:
    rows = [f"A{day},{day:02d}/03/2026,1,x,EUR" for day in range(1, 20)]
    formats = ["%d/%m/%Y", "%m/%d/%Y"]
    found = read(tmp_path, "id,bought,price,state,Currency", *rows, date_formats=formats)
    assert (found.unread_currency, found.swapped_dates) == ("Currency", 11)
    days = [f"A{day},2026-03-{day:02d} 00:00:00+00:00,1,x" for day in range(1, 20)]
    assert read(tmp_path, "id,bought,price,state", *days).utc_days
    assert not read(tmp_path, "id,bought,price,state", *days, "B,2026-03-02T10:00Z,1,x").utc_days


def test_statuses_that_look_like_buyers_data_are_counted_alone(tmp_path: Path) -> None:
    rows = ["A,2026-03-02,1,ann@example.org", "B,2026-03-02,1,held", "C,2026-03-02,1,k\ufffdche"]
    found = read(tmp_path, "id,bought,price,state", *rows)
    assert found.strange_states == {"held": 1, "…": 1}
    assert [row.reason for row in found.rejected] == ["characters that cannot be read"]
