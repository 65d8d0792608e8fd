"""Catalogues: what goods of an order file cost by what one unit of each product costs, and how mistakes are told."""

from __future__ import annotations

import gzip
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from aftersale.base.errors import DocumentError
from aftersale.base.files import limited
from aftersale.clocks import Calendar
from aftersale.policies.marketplaces import Marketplace
from aftersale.reports.orders.catalogue import CatalogueUse, read_catalogue
from aftersale.reports.orders.formats import parse_formats
from aftersale.reports.orders.reading import OrderFile, read_orders

PLACES = {
    name: Marketplace(name, f"id-{name}", name, currency, zone, ("en",), Calendar(zone, None, None), ())
    for name, currency, zone in (
        ("DE", "EUR", "Europe/Berlin"),
        ("JP", "JPY", "Asia/Tokyo"),
        ("UK", "GBP", "Europe/London"),
    )
}
COLUMNS = {
    "order": "id",
    "purchased_at": "bought",
    "marketplace": "site",
    "sku": "sku",
    "quantity": "units",
    "price": "price",
    "landed_cost": "cost",
}
HEADER = "id,bought,site,sku,units,price,cost\n"


def sold(tmp_path: Path, products: str, *rows: str, **keys: Any) -> OrderFile:
    """Return the orders of rows such as `A,DE,cup,2,9.00,` with a catalogue."""
    form = parse_formats({"orders": [{"name": "x", "columns": COLUMNS, "values": {"channel": "MFN"}, **keys}]}, "f")[0]
    dated = [f"{row.partition(',')[0]},2026-03-01T00:00Z,{row.partition(',')[2]}\n" for row in rows]
    (tmp_path / "orders.csv").write_text(HEADER + "".join(dated), encoding="utf-8")
    return read_orders(tmp_path / "orders.csv", form, PLACES, catalogue=read_catalogue(written(tmp_path, products)))


def written(tmp_path: Path, products: str) -> Path:
    path = tmp_path / "products.csv"
    path.write_text(products, encoding="utf-8")
    return path


def costs(found: OrderFile) -> dict[str, int | None]:
    return {order.id: order.landed_cost for order in (found.orders.order(row) for row in range(len(found.orders)))}


def told(path: Path, cells: bool = False) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        read_catalogue(path)
    return [problem.text(cells).replace(str(path), "FILE") for problem in caught.value.problems]


def test_an_order_costs_what_the_units_of_its_lines_cost_where_all_are_known(tmp_path: Path) -> None:
    found = sold(
        tmp_path,
        "product,landed_cost,note\ncup,8.75,blue\npot,1.005,\nlid,0,\nvase,3,\njar,4,\n",
        "A,DE,cup,3,60.00,", "A,DE,pot,3,9.00,",  # 26.25 and 3.015, which is 3.02
        "B,DE,cup,1,20.00,7.10",  # what a line tells itself goes before
        "C,DE,cup,2,40.00,", "C,DE,pot,1,3.00,0.50",
        "D,DE,cup,1,20.00,", "D,DE,kettle,1,20.00,",  # a line that nobody tells
        "E,DE,lid,5,20.00,", "F,DE,,1,5.00,", "G,DE,Cup,1,5.00,",
    )  # fmt: skip
    assert costs(found) == {"A": 2625 + 302, "B": 710, "C": 1750 + 50, "D": None, "E": 0, "F": None, "G": None}
    source = str(tmp_path / "products.csv")
    assert found.catalogue == CatalogueUse(source, 5, 3, 3, ("vase", "jar"), ("EUR",))
    assert [order.price for order in map(found.orders.order, range(7))] == [6900, 2000, 4300, 4000, 2000, 500, 500]


def test_an_amount_with_a_currency_is_of_the_orders_in_that_currency(tmp_path: Path) -> None:
    products = "product,landed_cost,currency\ncup,8.75,EUR\ncup,1450.5,jpy\ncup,7.5,GBP\npot,2,GBP\nlid,5,\n"
    rows = ("A,DE,cup,2,60,", "B,JP,cup,1,3000,", "C,UK,cup,1,20,", "D,DE,pot,1,5,", "E,UK,lid,1,9,", "F,JP,lid,2,9,")
    found = sold(tmp_path, products, *rows)
    assert costs(found) == {"A": 1750, "B": 1451, "C": 750, "D": None, "E": 500, "F": 10}
    assert found.catalogue == CatalogueUse(str(tmp_path / "products.csv"), 3, 5, 1, ("pot",), ("GBP", "JPY"))


def test_the_units_of_a_line_count_whatever_its_price_is_of(tmp_path: Path) -> None:
    products = "product;landed_cost\ncup;8.75\n"
    assert costs(sold(tmp_path, products, "A,DE,cup,4,900,", price_is="unit", price_in="minor")) == {"A": 3500}


def test_returned_lines_and_what_is_left_out_cost_nothing(tmp_path: Path) -> None:
    mark = {"column": "order", "starts_with": "C"}
    rows = ("A,DE,cup,2,20.00,", "CA,DE,cup,-1,-10.00,", "B,DE,pot,1,?,")
    found = sold(tmp_path, "product,landed_cost\ncup,1\npot,2\n", *rows, cancelled=mark)
    assert costs(found) == {"A": 200}
    assert found.catalogue == CatalogueUse(str(tmp_path / "products.csv"), 2, 1, 0, ("pot",), ("EUR",))


def test_without_a_catalogue_nothing_is_said_of_one(tmp_path: Path) -> None:
    form = parse_formats({"orders": [{"name": "x", "columns": COLUMNS, "values": {"channel": "MFN"}}]}, "f")[0]
    (tmp_path / "orders.csv").write_text(f"{HEADER}A,2026-03-01T00:00Z,DE,cup,1,5.00,\n", encoding="utf-8")
    found = read_orders(tmp_path / "orders.csv", form, PLACES)
    assert (costs(found), found.catalogue) == ({"A": None}, None)


AMOUNTS = st.decimals(0, 5000, places=4).map(lambda amount: f"{amount:f}")
LINES = st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 5), st.integers(1, 40)), min_size=1, max_size=12)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(amounts=st.lists(AMOUNTS, min_size=1, max_size=5), lines=LINES)
def test_each_line_is_rounded_by_itself(tmp_path: Path, amounts: list[str], lines: list[tuple[str, int, int]]) -> None:
    products = "".join(f"s{number},{amount}\n" for number, amount in enumerate(amounts))
    rows = [f"{order},DE,s{number},{units},5.00," for order, number, units in lines]
    expected: dict[str, int | None] = {}
    for order in dict.fromkeys(order for order, _, _ in sorted(lines)):
        own = [(number, units) for each, number, units in lines if each == order]
        known = all(number < len(amounts) for number, _ in own)
        cents = (Decimal(amounts[number]) * units * 100 for number, units in own if number < len(amounts))
        expected[order] = sum(int(each.quantize(Decimal(1), ROUND_HALF_UP)) for each in cents) if known else None
    assert costs(sold(tmp_path, f"product,landed_cost\n{products}", *rows)) == expected


# What is wrong with it

NAMED = "give a file whose first row names the columns"
LACKING = "FILE: line 1: there is no column"


def test_all_mistakes_are_told_at_once_with_their_lines(tmp_path: Path) -> None:
    rows = (
        "cup,8.75,EUR", ",3,EUR", "pot,,EUR", "pan,-2,", "jug,$5,EUR", "cup,1,eur", "cup,2,", "lid,1", "mug,1,EUX,x",
        "can,1,EUX", "urn,99999999999,", "jar,1.1234567,", "vat,1,", "vat,2,GBP", "cup,3,GBP",
    )  # fmt: skip
    exact = "write what one unit costs with a point, such as 8.75, without a currency sign"
    once = "keep one row of a product in a currency; a row without a currency is of every currency"
    assert told(written(tmp_path, "\n".join(["product,landed_cost,currency", *rows, ""])), cells=True) == [
        "FILE: line 3, product: is empty (name the product as the order file names it (its SKU))",
        f"FILE: line 4, landed_cost: is empty ({exact})",
        "FILE: line 5, landed_cost: is below zero (the cell: '-2'; goods cost 0 or more)",
        f"FILE: line 6, landed_cost: is no amount (the cell: '$5'; {exact})",
        f"FILE: line 7, product: stands on line 2 already (the cell: 'cup'; {once})",
        f"FILE: line 8, product: stands on line 2 already (the cell: 'cup'; {once})",
        "FILE: line 9: 2 columns instead of 3 (correct the row)",
        "FILE: line 10: 4 columns instead of 3 (correct the row)",
        "FILE: line 11, currency: is no currency that is known (the cell: 'EUX'; did you mean 'XEU'?)",
        "FILE: line 12, landed_cost: is larger than any price (the cell: '99999999999'; write what one unit costs)",
        f"FILE: line 13, landed_cost: is no amount (the cell: '1.1234567'; {exact})",
        f"FILE: line 15, product: stands on line 14 already (the cell: 'vat'; {once})",
        f"FILE: line 16, product: stands on line 8 already (the cell: 'cup'; {once})",
    ]


@pytest.mark.parametrize(
    ("products", "problems"),
    [
        ("", [f"FILE: has no header: it is empty ({NAMED}: product, landed_cost)"]),
        ("product,landed_cost\n\n", ["FILE: has no product (add a row for each product, below the header)"]),
        ("product;landed cots\ncup;1\n", [f"{LACKING} 'landed_cost' (did you mean 'landed cots'?)"]),
        (
            "sku,cost\ncup,1\n",
            [
                f"{LACKING} 'product' (columns there: 'sku', 'cost')",
                f"{LACKING} 'landed_cost' (columns there: 'sku', 'cost')",
            ],
        ),
        (
            "product,landed_cost,product\ncup,1,pot\n",
            ["FILE: line 1: more than one column is called product (give each column a name of its own)"],
        ),
    ],
)  # fmt: skip
def test_a_file_that_is_no_catalogue_is_refused(tmp_path: Path, products: str, problems: list[str]) -> None:
    assert told(written(tmp_path, products)) == problems


def test_of_many_rows_with_one_mistake_the_first_are_named(tmp_path: Path) -> None:
    problems = told(written(tmp_path, "product,landed_cost\n" + "".join(f"s{row},?\n" for row in range(1102))))
    assert len(problems) == 101
    assert problems[99].startswith("FILE: line 101, landed_cost: is no amount (")
    assert problems[100].startswith("FILE: landed_cost: 1,002 more rows: is no amount (")


def test_files_are_read_as_order_files_are_and_have_their_limits(tmp_path: Path) -> None:
    packed = tmp_path / "products.csv"
    packed.write_bytes(gzip.compress(b'\xef\xbb\xbfOur goods\n\nProduct\tLanded Cost\n="0012"\t8.75\n\ncup\t 1.5 \n'))
    assert read_catalogue(packed).costs.rows() == [("0012", "", 8_750_000), ("cup", "", 1_500_000)]
    with limited(10):
        assert told(packed)[0].startswith("FILE: is larger than the limit of 0 MB")
    missing = tmp_path / "gone.csv"
    assert told(missing)[0].startswith("FILE: cannot be read: No such file or directory")
    latin = tmp_path / "latin.csv"
    latin.write_bytes("product,landed_cost\nK\xe4nnchen,1\n".encode("latin-1"))
    assert told(latin) == ["FILE: line 2, product: has characters that cannot be read (save the file in UTF-8)"]
