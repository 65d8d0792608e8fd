"""Assumptions: the declared numbers that money rests on, as records and as a table, and amounts as text."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TypedDict

from aftersale.base.money import from_minor
from aftersale.base.tables import Table, table
from aftersale.base.translations import core_text as text, headers_of
from aftersale.costs.ledger import CostLine
from aftersale.worth.fees import Fee
from aftersale.worth.parameters import Parameters


class Assumption(TypedDict):
    """A parameter that an estimate rests on; `grade` is `own` where the seller set it."""

    name: str
    value: str
    currency: str | None
    unit: str
    source: str
    grade: str


def basis_of(lines: Iterable[CostLine | Fee]) -> set[str]:
    """Return all that some amounts rest on."""
    return {name for line in lines for name in line.basis}


def assumptions_of(
    lines: Iterable[CostLine | Fee], parameters: Parameters, more: Collection[str] = ()
) -> list[Assumption]:
    """Return the parameters that some amounts rest on, and `more` by name, in the order in which they are declared."""
    used = basis_of(lines).union(more)
    return [
        Assumption(
            name=name,
            value=str(parameter.default),
            currency=parameter.currency,
            unit=parameter.unit,
            source=parameter.source,
            grade=parameter.grade,
        )
        for name, parameter in parameters.by_name.items()
        if name in used
    ]


def money_text(amount: int, currency: str) -> str:
    """Return minor units as an exact amount in text."""
    return str(from_minor(amount, currency).amount)


def assumption_parts(assumptions: Sequence[Assumption]) -> list[Table | str]:
    """Return the parameters that amounts rest on as a table with its heading; nothing without any."""
    if not assumptions:
        return []
    headers = headers_of("costs", "assumption", "value", "unit", "source")
    rows = [
        (row["name"], f"{row['value']} {row['currency'] or ''}".rstrip(), row["unit"], _source(row))
        for row in assumptions
    ]
    return ["", text("costs.assumptions"), table(headers, rows, headers[1:2])]


def _source(assumption: Assumption) -> str:
    return (
        assumption["source"]
        if assumption["grade"] in ("assumed", "own")
        else f"{assumption['source']} ({assumption['grade']})"
    )
