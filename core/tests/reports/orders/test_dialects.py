"""The generator of order files: what it says of a file is so, as the plainest of readers sees it."""

from __future__ import annotations

import csv
import gzip
import re
from collections import Counter
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

SEEDS = range(4)
ENCODINGS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb": "utf-8-sig"}
MINOR = {"DE": 100, "US": 100, "JP": 1}


def text_of(file: Any) -> str:
    content = gzip.decompress(file.content) if file.name.endswith(".gz") else file.content
    encodings = [ENCODINGS.get(content[:2], "utf-8"), *file.mapping.get("encodings", ())]
    for encoding in encodings[:-1]:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode(encodings[-1])


def physical_lines(file: Any) -> list[str]:
    return re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", text_of(file))


def parsed_rows(file: Any) -> Iterator[tuple[int, list[str]]]:
    """Yield the header and all rows below it, with the physical line on which they begin."""
    above = file.rows[0].line - 2
    lines = physical_lines(file)[above:]
    delimiter, _ = Counter(re.findall(r"[,;\t|]", lines[0])).most_common(1)[0]
    reader = csv.reader(lines, delimiter=delimiter)
    line = above + 1
    for cells in reader:
        yield line, [cell.strip() for cell in cells]
        line = above + 1 + reader.line_num


def plain(header: str) -> str:
    return re.sub("[ _-]", " ", header.lower())


def digits(text: str) -> int:
    return int("".join(filter(str.isdigit, text)))


def used_cells(file: Any) -> Iterator[tuple[str, str, str]]:
    """Yield order, price and quantity of the used rows."""
    (_, header), *rows = parsed_rows(file)
    headers = [plain(word) for word in header]
    places = [headers.index(plain(file.mapping["columns"][name])) for name in ("order", "price", "quantity")]
    for row, (_, cells) in zip(file.rows, rows, strict=True):
        if row.fate == "used":
            order, price, quantity = (cells[place] for place in places)
            yield order.strip("='\""), price, quantity


def sales_of(file: Any) -> dict[str, int]:
    """Add up the used rows by nothing but the digits of their cells."""
    sales: Counter[str] = Counter()
    for order, price, quantity in used_cells(file):
        count = digits(re.split("[.,]", quantity)[0]) if file.mapping["price_is"] == "unit" else 1
        whole = not re.search(r"[.,]\d\d(?!\d)", price)
        sales[order] += count * digits(price) * (MINOR[file.mapping["values"]["marketplace"]] if whole else 1)
    return dict(sales)


def assert_true(file: Any) -> None:
    """Hold a file against what is said of it."""
    (_, header), *rows = parsed_rows(file)
    assert [line for line, _ in rows] == [row.line for row in file.rows]
    assert sales_of(file) == file.sales
    for row, (_, cells) in zip(file.rows, rows, strict=True):
        assert (row.why == "blank") == (not any(cells))
        assert (row.why == "header again") == (cells == header)
        assert (row.why == "cut short") == (bool(cells) and len(cells) < len(header))


def test_a_seed_decides_every_byte(dialects: ModuleType, dialect: str) -> None:
    assert dialects.dialect_file(dialect, 3) == dialects.dialect_file(dialect, 3)
    assert dialects.dialect_file(dialect, 3).content != dialects.dialect_file(dialect, 4).content


def test_rows_stand_where_and_come_to_what_the_file_says(dialects: ModuleType, dialect: str) -> None:
    for seed in SEEDS:
        assert_true(dialects.dialect_file(dialect, seed))


def test_a_dialect_has_rows_of_every_fate_and_for_every_reason(dialects: ModuleType, dialect: str) -> None:
    rows = {(row.fate, row.why) for seed in range(16) for row in dialects.dialect_file(dialect, seed).rows}
    spoils = {("rejected", why) for why in (*dialects.SPOILS, "totals")}
    skips = {("skipped", why) for why in ("blank", "header again", "cancelled status")}
    assert rows == spoils | skips | {("used", "sale")}


def test_a_file_without_a_decimal_in_its_mapping_shows_it(dialects: ModuleType, dialect: str) -> None:
    """By two decimals in every price; in yen by no mark at all, or by one that stands twice in a price."""
    for seed in SEEDS:
        file = dialects.dialect_file(dialect, seed)
        prices = [price for _, price, _ in used_cells(file)]
        if "decimal" not in file.mapping and file.mapping["values"]["marketplace"] == "JP":
            assert any(price.count(",") == 2 for price in prices) or "," not in "".join(prices)
        elif "decimal" not in file.mapping:
            assert all(re.search(r"[.,]\d\d(?!\d)", price) for price in prices)


def test_dialects_differ_in_all_that_sellers_files_differ_in(dialects: ModuleType) -> None:
    assert len(dialects.DIALECTS) >= 10
    styles = [dialects.STYLES[name] for name in dialects.DIALECTS if name != dialects.MIXED]
    for name, options in dialects.OPTIONS.items():
        if name != "statements":
            assert {getattr(style, name) for style in styles} > {options[0]}, name
    assert {style.encoding for style in styles} == set(dialects.CODECS)
    assert {style.number for style in styles} == {number for numbers in dialects.NUMBERS.values() for number in numbers}
    assert {style.market for style in styles} == {"DE", "US", "JP"}


@pytest.mark.parametrize("orders", [1, 2])
def test_a_small_file_is_a_file(dialects: ModuleType, dialect: str, orders: int) -> None:
    for seed in SEEDS:
        file = dialects.dialect_file(dialect, seed, orders)
        assert file.sales
        assert_true(file)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_what_hypothesis_draws_is_true_too(dialects: ModuleType, data: st.DataObject) -> None:
    assert_true(data.draw(dialects.dialect_files()))
