"""Limits: what no scenario may go beyond."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

MOST_ORDERS = 100_000_000
"""Of one replication; more would not fit into memory."""
MOST_AGENTS = 10_000
"""Of one team; each is a process of the simulation."""


def beyond(name: str, value: float | Decimal | None, most: int) -> Iterator[str]:
    """Yield that a value is larger than anything that can be simulated, if it is."""
    if value is not None and value > most:
        yield f"{name}: at most {most}"
