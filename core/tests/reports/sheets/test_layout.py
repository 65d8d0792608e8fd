"""Layouts: the header may stand below titles, between any delimiters; data in its place are not shown."""

import pytest

from aftersale.reports.sheets.layout import find_layout, looks_like_data


def layout(tmp_path, text, quoted=None):
    path = tmp_path / "x.csv"
    path.write_bytes(text.encode())
    return find_layout(path, ("utf-8-sig",), ",", quoted, lambda row: {"order", "price"} <= set(row))


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("above", ["", "sep=;\n", "My shop; all orders\n\n2026\n", "\n\n"])
def test_the_header_is_found_below_titles_and_between_any_delimiters(tmp_path, mark, above):
    found = layout(tmp_path, f"{above}order{mark}price{mark}\n1{mark}2{mark}\n")
    assert (found.header, found.delimiter, found.line) == (("order", "price", ""), mark, above.count("\n") + 1)
    assert [cells[:2] for _, cells in found.body(tmp_path / "x.csv")] == [["1", "2"]]


def test_a_file_without_such_a_header_has_no_layout(tmp_path):
    assert layout(tmp_path, "order;cost\n1;2\n") is None
    assert layout(tmp_path, "") is None


@pytest.mark.parametrize(
    ("cells", "data"),
    [
        (["InvoiceNo", "Unit Price", "Address 1"], False),
        (["Anna Schmidt", "anna@example.org"], True),
        (["100-0000001-0000001", "Mug"], True),
        (["order", "12.50"], True),
        (["order", "2026-03-02"], True),
        ([], False),
    ],
)
def test_data_in_place_of_a_header_are_told_from_names(cells, data):
    assert looks_like_data(cells) is data
