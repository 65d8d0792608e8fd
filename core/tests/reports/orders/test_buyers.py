"""Buyers of order files: pseudonyms that tell one from another, and never what the file calls them."""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from aftersale.base.errors import DocumentError
from aftersale.clocks import Calendar
from aftersale.policies.marketplaces import Marketplace
from aftersale.reports.orders.formats import OrderFormat, own_formats, parse_formats
from aftersale.reports.orders.headers import find_format
from aftersale.reports.orders.reading import OrderFile, OrderReader, read_orders
from aftersale.reports.sheets.cells import tidy

PLACES = {"UK": Marketplace("UK", "uk", "GB", "GBP", "Europe/London", ("en",), Calendar("UTC", None, None), ())}
LONG = "x" * 100_000
HOSTILE = ["ann", "", "  ", "  ann ", "Änne 王小明", LONG, "ANN", "=cmd|' /C calc'!A0", "1", "🛒", "\u200b", "ann"]
NAMES = ("Änne 王小明", LONG[:100], "cmd|", "🛒")


def form(buyer: Any = "who", **keys: Any) -> OrderFormat:
    columns = {"order": "id", "purchased_at": "bought", "price": "price", "buyer": buyer}
    table = {"columns": columns, "values": {"marketplace": "UK", "channel": "MFN"}, **keys}
    return parse_formats({"orders": [table]}, "formats.toml")[0]


def read(
    folder: Path, *buyers: str, salt: str = "", how: OrderFormat | None = None, header: str = "id,bought,price,who"
) -> OrderFile:
    rows = [f'{chr(65 + row % 26)}{row},2026-03-{1 + row % 28:02},5,"{name}"' for row, name in enumerate(buyers)]
    path = folder / "orders.csv"
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return read_orders(path, how or form(), PLACES, salt)


def known(found: OrderFile) -> list[str]:
    """Return the buyers of the orders, in the order of the file."""
    sold = [found.orders.order(row) for row in range(len(found.orders))]
    return [order.buyer for order in sorted(sold, key=lambda order: int(order.id[1:]))]


def everything(found: OrderFile) -> str:
    """Return all that was read, byte for byte and as text."""
    frames = [found.lines, found.cancellations]
    told = [row.text(cells=True) for row in found.rejected]
    return f"{pickle.dumps(found)!r}{pickle.dumps(found).decode('utf-8', 'ignore')}{told}{[f.rows() for f in frames]}"


def test_buyers_are_numbers_in_order_of_first_appearance_and_empty_cells_are_nobody(tmp_path: Path) -> None:
    found = read(tmp_path, *HOSTILE)
    assert known(found) == ["1", "", "", "1", "2", "3", "4", "5", "6", "7", "", "1"]
    assert found.orders.buyer.tolist() == [1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1]
    assert found.rows_rejected == 0


def test_the_first_appearance_is_that_in_the_file_not_in_time(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("id,bought,price,who\nB2,2026-03-09,5,bob\nA1,2026-03-01,5,ann\n", encoding="utf-8")
    found = read_orders(path, form(), PLACES)
    assert [(order.id, order.buyer) for order in (found.orders.order(0), found.orders.order(1))] == [
        ("A1", "2"),
        ("B2", "1"),
    ]


def test_an_order_is_by_the_buyer_whom_any_of_its_rows_names(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    rows = ("A,2026-03-01,5,", "A,2026-03-01,6,bob", "B,2026-03-01,5,ann", "C,2026-03-02,5,")
    path.write_text("\n".join(["id,bought,price,who", *rows, ""]), encoding="utf-8")
    found = read_orders(path, form(), PLACES)
    assert [(found.orders.order(row).id, found.orders.order(row).buyer) for row in range(3)] == [
        ("A", "1"),
        ("B", "2"),
        ("C", ""),
    ]


def test_without_a_column_nobody_is_known_and_it_costs_nothing(tmp_path: Path) -> None:
    found = read(tmp_path, "ann", "bob", how=form(["nowhere", "neither"]))
    assert known(found) == ["", ""]
    assert (found.orders.buyer.strides, found.orders.buyers) == ((0,), ())
    assert (known(read(tmp_path, "", " ")), read(tmp_path, "", " ").orders.buyer.strides) == (["", ""], (0,))


@pytest.mark.parametrize("salt", ["", "pepper"])
def test_what_the_file_calls_a_buyer_is_in_nothing_that_was_read(tmp_path: Path, salt: str) -> None:
    found = read(tmp_path, *HOSTILE, salt=salt)
    assert [name for name in (*NAMES, "pepper") if name in everything(found)] == []


def test_no_message_shows_a_buyer_not_even_with_cells(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    rows = (
        "A,2026-03-01,5,ann@home",
        "A,2026-03-01,5,bob@work",
        "B,2026-03-01,5,e\0ve@sea",
        "C,2026-03-01,x?x,ann@home",
    )
    path.write_text("\n".join(["id,bought,price,who", *rows, ""]), encoding="utf-8")
    found = read_orders(path, form(), PLACES)
    assert [row.text(cells=True) for row in found.rejected] == [
        "line 3, who: another buyer than the order's first row: two orders of one number?",
        "line 4, who: characters that cannot be read",
        "line 5, price: not a decimal number (the cell: 'x?x')",
    ]


def test_files_with_one_salt_agree_and_others_do_not(tmp_path: Path) -> None:
    ann, bob, wang = "ann", "bob", "王小明"
    first, second = known(read(tmp_path, ann, bob, wang, salt="s")), known(read(tmp_path, wang, "eve", ann, salt="s"))
    assert (first[0], first[2]) == (second[2], second[0])
    assert len({*first, *second}) == 4
    assert all(len(name) == 16 and set(name) <= set("0123456789abcdef") for name in first)
    assert set(first).isdisjoint(known(read(tmp_path, ann, bob, wang, salt="t")))
    # The numbers of two files do not agree.
    assert known(read(tmp_path, ann, bob)) == known(read(tmp_path, bob, ann)) == ["1", "2"]


def test_a_salted_pseudonym_is_the_same_on_every_machine_and_day(tmp_path: Path) -> None:
    assert known(read(tmp_path, "ann", "", salt="our salt")) == ["76031b9aee16e4e6", ""]


def test_a_reader_hands_its_salt_on_and_does_not_show_it(tmp_path: Path) -> None:
    read(tmp_path, "ann")
    reader = OrderReader(PLACES, form=form(), salt="pepper")
    assert known(reader.read(tmp_path / "orders.csv")) == known(read(tmp_path, "ann", salt="pepper"))
    assert "pepper" not in repr(reader)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters='"\r\n\0\ufffd\ufeff'), max_size=8), max_size=12
    ),
    salt=st.sampled_from(["", "s", "王", "\udcff", "long" * 99]),
)
def test_orders_share_a_pseudonym_where_the_file_names_the_same_buyer(
    tmp_path: Path, names: list[str], salt: str
) -> None:
    found = read(tmp_path, *names, salt=salt)
    buyers = known(found)
    assert len(buyers) == len(names)
    plain = tidy(pl.Series("who", names, pl.String)).to_list()
    alike = [(plain[i] == plain[j], buyers[i] == buyers[j]) for i in range(len(names)) for j in range(i)]
    assert [pair for pair in alike if pair[0] != pair[1]] == []
    assert [bool(name) for name in plain] == [bool(buyer) for buyer in buyers]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("id,bought,price,mail", ["1", "2", "1"]),
        ("id,bought,price,Buyer_Name", ["1", "2", "1"]),
        ("id,bought,price,else", ["", "", ""]),
    ],
)
def test_of_several_headers_the_first_that_the_file_has_counts(
    tmp_path: Path, header: str, expected: list[str]
) -> None:
    how = form(["mail", "buyer-name"])
    assert known(read(tmp_path, "ann", "bob", "ann", how=how, header=header)) == expected
    assert find_format(tmp_path / "orders.csv", [how]) is how


def test_of_two_headers_in_one_file_the_one_that_stands_first_in_the_list_counts(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("id,bought,price,name,mail\nA1,2026-03-01,5,ann,a@1\nB2,2026-03-02,5,ann,a@2\n", encoding="utf-8")
    assert known(read_orders(path, form(["mail", "name"]), PLACES)) == ["1", "2"]
    assert known(read_orders(path, form(["name", "mail"]), PLACES)) == ["1", "1"]


def test_one_header_alone_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="there is no 'mail'"):
        read(tmp_path, "ann", how=form("mail"))


@pytest.mark.parametrize("buyer", [[], [""], 7, ["mail", 7]])
def test_headers_of_the_buyer_are_texts(buyer: Any) -> None:
    with pytest.raises(DocumentError, match=r"columns\.buyer"):
        form(buyer)


@pytest.mark.parametrize("where", ["orders", "items"])
def test_the_buyer_may_stand_in_either_file_of_an_export_in_two(tmp_path: Path, where: str) -> None:
    tables = {
        "orders": ["id,bought", "a1,2026-03-01", "b2,2026-03-02", "c3,2026-03-03"],
        "items": ["id,price", "a1,5", "b2,5", "c3,5"],
    }
    tables[where] = [f"{row},{name}" for row, name in zip(tables[where], ("mail", "ann", "bob", "ann"), strict=True)]
    for name, rows in tables.items():
        (tmp_path / f"{name}.csv").write_text("\n".join([*rows, ""]), encoding="utf-8")
    found = read_orders(tmp_path / "orders.csv", form(["no", "mail"], lines={"file": "items.csv"}), PLACES)
    assert known(found) == ["1", "2", "1"]


def test_the_orders_of_a_journal_are_read_with_their_buyers(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    header = "order,marketplace,currency,purchased_at,channel,category,price,cross_border,exempt,buyer"
    rows = [f"O-{row},UK,GBP,2026-03-0{row}T10:00:00Z,MFN,,500,false,false,{who}" for row, who in _people()]
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    found = read_orders(path, find_format(path, own_formats()), PLACES)
    assert found.orders.buyer.tolist() == [1, 0, 1]


def _people() -> Iterable[tuple[int, str]]:
    return (1, "UK-7"), (2, ""), (3, "UK-7")
