"""Stress reports: what a stress broke first, when, and how long it took to mend, as people read it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from aftersale_simulator.show.numbers import number
from aftersale_simulator.show.wording import joined, text
from aftersale_simulator.stress.trials import BACKLOG, CLAIMS, Break, StressResult

_COUNTED = (BACKLOG, CLAIMS)


def show_trials(trials: Sequence[StressResult], console: Console) -> None:
    """Print for each variant what the stress broke, in that order, and in words what came first."""
    for stress_result in trials:
        console.print(Text(told(stress_result)))
        console.print(_table(stress_result))
        console.print()


def told(stress_result: StressResult) -> str:
    """Return in words what broke first, when, how bad it became, and when it was over."""
    first = stress_result.first()
    span = {"name": stress_result.name, "begins": stress_result.begins, "last": stress_result.ends - timedelta(1)}
    if first is None or first.broke_on is None:
        return text("stress.held", **span)
    about = {**span, "measure": measure_name(first.measure), "day": (first.broke_on - stress_result.begins).days + 1}
    broke = text("stress.broke", on=first.broke_on, broken=first.broken, replications=first.replications, **about)
    return joined([broke, _mended(stress_result)])


def _mended(stress_result: StressResult) -> str:
    """Return when the last of the broken measures was back."""
    broken = [each for each in stress_result.breaks if each.broke_on is not None]
    if any(each.back_on is None for each in broken):
        never = [measure_name(each.measure) for each in broken if each.back_on is None]
        return text("stress.never", measures=", ".join(never))
    last = max(each.back_on or date.min for each in broken)
    return text("stress.back", on=last, days=max(0, (last - stress_result.ends).days))


def measure_name(measure: str) -> str:
    """Return how people speak of a measure."""
    return text(f"stress.{measure}")


def _table(stress_result: StressResult) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False)
    for name, is_number in (
        ("measure", False),
        ("line", True),
        ("breaks_on", True),
        ("worst", True),
        ("worst_on", True),
        ("back_on", True),
        ("in", True),
    ):
        table.add_column(text(f"stress.column_{name}"), justify="right" if is_number else "left")
    for each in stress_result.breaks:
        table.add_row(*map(Text, row(each)))
    if any(each.calm_over for each in stress_result.breaks):
        table.caption, table.caption_justify = text("stress.calm_over"), "left"
    return table


def row(each: Break) -> tuple[str, ...]:
    """Return a measure as a row of text: its name, line, when it broke, how far, when, when it was back, how often."""
    return (
        measure_name(each.measure),
        _value(each, each.line) + ("*" if each.calm_over else ""),
        _day(each.broke_on),
        _value(each, each.worst),
        str(each.worst_on),
        _day(each.back_on) if each.broke_on is not None else text("report.none"),
        f"{each.broken}/{each.replications}",
    )


def _value(each: Break, value: float) -> str:
    return number(value, 1) if each.measure in _COUNTED else f"{number(100 * value, 2)} %"


def _day(day: date | None) -> str:
    return text("report.none") if day is None else str(day)
