"""Sensitivity reports: on which assumed numbers the answer hangs, as a table and as plain data."""

from __future__ import annotations

from typing import Any, TypedDict

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from aftersale_simulator.runs.results import RATE
from aftersale_simulator.sensitivity.swings import LATE, MEASURES, End, Sensitivity, Swing
from aftersale_simulator.show.numbers import number
from aftersale_simulator.show.wording import text

SHOWN = 12
"""Numbers that a table or a picture shows; the JSON document has all of them."""
_DECIMALS = {LATE: 1, RATE: 2}


class SwingRecord(TypedDict):
    """What one number does at each end of its swing; an end is null that lies outside its range."""

    parameter: str
    value: float
    low: dict[str, Any] | None
    high: dict[str, Any] | None


class SensitivityRecord(TypedDict):
    """How much the answer hangs on each number, the heaviest first."""

    variant: str
    factor: float
    replications: int
    targets_met: int
    swings: list[SwingRecord]


def record(found: Sensitivity) -> SensitivityRecord:
    """Return it as plain data."""
    swings = [
        SwingRecord(parameter=one.name, value=one.value, low=_end(one.low), high=_end(one.high)) for one in found.swings
    ]
    return SensitivityRecord(
        variant=found.variant,
        factor=found.factor,
        replications=found.replications,
        targets_met=found.kept,
        swings=swings,
    )


def _end(end: End | None) -> dict[str, Any] | None:
    if end is None:
        return None
    return {"value": end.value, "targets_met": end.kept, **{name: end.moved[name].mean for name in MEASURES}}


def show(found: Sensitivity, console: Console) -> None:
    """Print the heaviest numbers, with what they do to late replies and order defects at both ends."""
    console.print(Text(told(found)))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False)
    table.add_column(text("parameters.name"))
    for key in ("value", "late_low", "late_high", "defects_low", "defects_high", "kept"):
        table.add_column(text(f"sensitivity.{key}"), justify="right")
    for one in found.swings[:SHOWN]:
        table.add_row(*row(one, found.replications))
    console.print(table)
    console.print()


def told(found: Sensitivity) -> str:
    """Return in words what was done, and on which numbers it hangs whether the targets are kept."""
    decisive = [one.name for one in found.swings if any(end.kept != found.kept for end in (one.low, one.high) if end)]
    about = {"name": found.variant, "factor": f"{found.factor:g}", "replications": found.replications}
    if not decisive:
        return text("sensitivity.none", **about)
    return text("sensitivity.some", decisive=", ".join(decisive[:SHOWN]), **about)


def row(one: Swing, replications: int) -> tuple[str, ...]:
    """Return a number as a row of text: its value, what it moves at each end, and how often all targets were kept."""
    kept = "/".join("–" if end is None else str(end.kept) for end in (one.low, one.high))
    moved = (_moved(end, name) for name in MEASURES for end in (one.low, one.high))
    return (one.name, f"{one.value:g}", *moved, f"{kept} / {replications}")


def _moved(end: End | None, name: str) -> str:
    if end is None or end.moved[name].mean is None:
        return text("report.none")
    return number(100 * (end.moved[name].mean or 0.0), _DECIMALS[name], sign=True)
