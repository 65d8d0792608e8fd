"""Table: what a stress broke, when, and how long the recovery took."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from aftersale.base.tables import Table, show
from aftersale_simulator.show.numbers import number
from aftersale_simulator.show.tables import rows
from aftersale_simulator.show.wording import joined, text
from aftersale_simulator.stress.trials import BACKLOG, CLAIMS, MeasureResult, StressResult

_COUNTED = (BACKLOG, CLAIMS)
_HEADER = ("measure", "line", "breaks_on", "worst", "worst_on", "back_on", "in")


def show_trials(trials: Sequence[StressResult]) -> None:
    """Print for each variant a sentence on the first break, and all measures in the order of their breaks."""
    for stress_result in trials:
        show(told(stress_result), _table(stress_result))
        if any(outcome.calm_over for outcome in stress_result.breaks):
            show(text("stress.calm_over"))
        show("")


def told(stress_result: StressResult) -> str:
    """Return in words what broke first, on which day, in how many replications, and when all was back."""
    first = stress_result.first()
    span = {"name": stress_result.name, "begins": stress_result.begins, "last": stress_result.ends - timedelta(1)}
    if first is None or first.broke_on is None:
        return text("stress.held", **span)
    about = {**span, "measure": measure_name(first.measure), "day": (first.broke_on - stress_result.begins).days + 1}
    broke = text("stress.broke", on=first.broke_on, broken=first.broken, replications=first.replications, **about)
    return joined([broke, _recovery(stress_result)])


def _recovery(stress_result: StressResult) -> str:
    """Return in words when the last broken measure was back."""
    broken = [outcome for outcome in stress_result.breaks if outcome.broke_on is not None]
    if any(outcome.back_on is None for outcome in broken):
        never = [measure_name(outcome.measure) for outcome in broken if outcome.back_on is None]
        return text("stress.never", measures=", ".join(never))
    last = max(outcome.back_on or date.min for outcome in broken)
    return text("stress.back", on=last, days=max(0, (last - stress_result.ends).days))


def measure_name(measure: str) -> str:
    """Return the words for a measure."""
    return text(f"stress.{measure}")


def _table(stress_result: StressResult) -> Table:
    header = [text(f"stress.column_{name}") for name in _HEADER]
    return rows(header, map(row, stress_result.breaks), numbers=range(1, len(header)))


def row(outcome: MeasureResult) -> tuple[str, ...]:
    """Return a measure as a row of text: name, line, first day over it, worst value and day, day back, replications."""
    if not outcome.counted:
        return (measure_name(outcome.measure), *[text("report.none")] * 6)
    return (
        measure_name(outcome.measure),
        _value(outcome, outcome.line) + ("*" if outcome.calm_over else ""),
        _day(outcome.broke_on),
        _value(outcome, outcome.worst),
        str(outcome.worst_on),
        _day(outcome.back_on) if outcome.broke_on is not None else text("report.none"),
        f"{outcome.broken}/{outcome.replications}",
    )


def _value(outcome: MeasureResult, value: float) -> str:
    return number(value, 1) if outcome.measure in _COUNTED else f"{number(100 * value, 2)} %"


def _day(day: date | None) -> str:
    return text("report.none") if day is None else str(day)
