"""Order files in the dialects of spreadsheets and shops: every row is accounted for, and the sums are right.

The generator, `dialects.py`, was written by somebody who had not seen the readers.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from aftersale.clocks import Calendar
from aftersale.policies.marketplaces import Marketplace
from aftersale.reports.orders.formats import parse_formats
from aftersale.reports.orders.headers import find_format
from aftersale.reports.orders.reading import OrderFile, read_orders

STORES = (("DE", "EUR", "Europe/Berlin"), ("US", "USD", "America/Los_Angeles"), ("JP", "JPY", "Asia/Tokyo"))
PLACES = {
    name: Marketplace(name, f"id-{name}", name, currency, zone, ("en",), Calendar(zone, None, None))
    for name, currency, zone in STORES
}


def expect_truth(tmp_path: Path, written: Any) -> None:
    path = tmp_path / written.name
    path.write_bytes(written.content)
    form = parse_formats({"orders": [written.mapping]}, "mapping.toml")[0]
    assert find_format(path, [form]) == form
    found = read_orders(path, form, PLACES)
    fates = Counter(row.fate for row in written.rows)
    assert rejected_lines(found) == [row.line for row in written.rows if row.fate == "rejected"]
    counts = found.rows_read, found.rows_used, found.rows_skipped, found.rows_rejected
    assert counts == (len(written.rows), fates["used"], fates["skipped"], fates["rejected"])
    assert dict(zip(found.orders.ids, found.orders.price.tolist(), strict=True)) == written.sales
    assert found.rows_cancelled == 0


def rejected_lines(found: OrderFile) -> list[int]:
    return [row.line for row in found.rejected]


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.once) for seed in range(1, 12))])
def test_each_dialect_is_read_to_the_cent_and_each_row_accounted_for(
    tmp_path: Path, dialects: ModuleType, dialect: str, seed: int
) -> None:
    expect_truth(tmp_path, dialects.dialect_file(dialect, seed))


@pytest.mark.once
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(data=st.data())
def test_so_is_any_mixture_of_dialects(tmp_path: Path, dialects: ModuleType, data: st.DataObject) -> None:
    expect_truth(tmp_path, data.draw(dialects.dialect_files()))
