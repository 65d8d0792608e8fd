"""Limits: the largest values of a scenario."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

MOST_ORDERS = 100_000_000
"""Orders of one replication; more would not fit into memory."""
MOST_AGENTS = 10_000
"""Agents of one team; each is a process of the simulation."""


def beyond(name: str, value: float | Decimal | None, most: int) -> Iterator[str]:
    """Yield a problem if a value is above the largest that can be simulated."""
    if value is not None and value > most:
        yield f"{name}: at most {most}"
