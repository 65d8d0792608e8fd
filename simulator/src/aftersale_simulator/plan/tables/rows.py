"""Rows: what is added to the kernel's tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aftersale_simulator.kernel.kernel import Longs, Tables


def add(tables: Tables, name: str, row: Sequence[int]) -> int:
    """Add a row to the table of a name, and return its number; raises ValueError unless the kernel reads such rows."""
    if len(row) != tables.widths[name]:
        raise ValueError(f"{name} have {tables.widths[name]} fields, not {len(row)}")
    table: Longs = getattr(tables, name)
    table.extend(row)
    return count(tables, name) - 1


def count(tables: Tables, name: str) -> int:
    """Return how many rows the table of a name has."""
    return len(getattr(tables, name)) // tables.widths[name]
