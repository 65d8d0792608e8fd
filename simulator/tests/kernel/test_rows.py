"""Rows: what goes into the kernel's tables has as many fields as the kernel reads."""

from typing import Any

import pytest

from aftersale_simulator.kernel import load_kernel
from aftersale_simulator.plan.tables.rows import add, count


@pytest.fixture(params=[True, False], ids=["plain", "usual"])
def tables(request: pytest.FixtureRequest) -> Any:
    return load_kernel(plain=request.param).Tables()


def test_rows_are_numbered_in_the_order_in_which_they_are_added(tables: Any) -> None:
    for name, width in tables.widths.items():
        assert [add(tables, name, [number] * width) for number in range(3)] == [0, 1, 2]
        assert count(tables, name) == 3
        assert [getattr(tables, name)[width * 2 + field] for field in range(width)] == [2] * width


def test_a_row_of_another_width_is_refused_and_nothing_is_added(tables: Any) -> None:
    for name, width in tables.widths.items():
        with pytest.raises(ValueError, match=f"{name} have {width} fields, not {width + 1}"):
            add(tables, name, [0] * (width + 1))
        assert count(tables, name) == 0
