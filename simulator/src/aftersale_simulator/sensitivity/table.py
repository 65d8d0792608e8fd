"""Table: the assumed numbers that the answer depends on, as a table and as plain data."""

from __future__ import annotations

from typing import Any, TypedDict

from aftersale.base.tables import show as show_parts
from aftersale_simulator.runs.results import LATE, RATE
from aftersale_simulator.sensitivity.swings import MEASURES, End, Sensitivity, Swing
from aftersale_simulator.show.numbers import number
from aftersale_simulator.show.tables import rows
from aftersale_simulator.show.wording import text

SHOWN = 12
"""Numbers in a table or a picture; the JSON document has all of them."""
_DECIMALS = {LATE: 1, RATE: 2}


class SwingRecord(TypedDict):
    """The effect of one number at each end of its swing; null for an end outside its range."""

    parameter: str
    value: float
    low: dict[str, Any] | None
    high: dict[str, Any] | None


class SensitivityRecord(TypedDict):
    """How much the answer depends on each number, the heaviest first."""

    variant: str
    factor: float
    replications: int
    targets_met: int
    swings: list[SwingRecord]


def record(result: Sensitivity) -> SensitivityRecord:
    """Return the result as plain data."""
    swings = [
        SwingRecord(parameter=swing.name, value=swing.value, low=_end(swing.low), high=_end(swing.high))
        for swing in result.swings
    ]
    return SensitivityRecord(
        variant=result.variant,
        factor=result.factor,
        replications=result.replications,
        targets_met=result.kept,
        swings=swings,
    )


def _end(end: End | None) -> dict[str, Any] | None:
    if end is None:
        return None
    return {"value": end.value, "targets_met": end.kept, **{name: end.moved[name].mean for name in MEASURES}}


def show(result: Sensitivity) -> None:
    """Print the heaviest numbers, with their effect on late replies and order defects at both ends."""
    keys = ("value", "late_low", "late_high", "defects_low", "defects_high", "kept")
    header = [text("parameters.name"), *(text(f"sensitivity.{key}") for key in keys)]
    lines = (row(swing, result.replications) for swing in result.swings[:SHOWN])
    show_parts(told(result), rows(header, lines, numbers=range(1, len(header))), "")


def told(result: Sensitivity) -> str:
    """Return in words what was changed, and which numbers decide whether the targets are kept."""
    decisive = [
        swing.name for swing in result.swings if any(end.kept != result.kept for end in (swing.low, swing.high) if end)
    ]
    about = {"name": result.variant, "factor": f"{result.factor:g}", "replications": result.replications}
    if not decisive:
        return text("sensitivity.none", **about)
    return text("sensitivity.some", decisive=", ".join(decisive[:SHOWN]), **about)


def row(swing: Swing, replications: int) -> tuple[str, ...]:
    """Return a number as a row of text: value, effect at each end, and how often all targets were kept."""
    kept = "/".join("–" if end is None else str(end.kept) for end in (swing.low, swing.high))
    moved = (_movement(end, name) for name in MEASURES for end in (swing.low, swing.high))
    return (swing.name, f"{swing.value:g}", *moved, f"{kept} / {replications}")


def _movement(end: End | None, name: str) -> str:
    if end is None or end.moved[name].mean is None:
        return text("report.none")
    return number(100 * (end.moved[name].mean or 0.0), _DECIMALS[name], sign=True)
