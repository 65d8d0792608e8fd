"""Charts: the section of a page on a stress, with what it broke, when, and a picture of each break."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from aftersale_simulator.runs.results import LATE
from aftersale_simulator.runs.series import band
from aftersale_simulator.runs.timeline import Timeline
from aftersale_simulator.scenario.model import Scenario
from aftersale_simulator.show import plots
from aftersale_simulator.show.plots import Limit, Strand
from aftersale_simulator.show.section import Mark, Picture, Section, Table
from aftersale_simulator.show.wording import joined, text
from aftersale_simulator.stress.table import measure_name, row, told
from aftersale_simulator.stress.trials import DEFECTS, MeasureResult, StressResult, measured

Pair = tuple[Sequence[Timeline], Sequence[Timeline]]
_DRAWN = 3
"""Variants under stress with pictures; the tables have all of them."""


def stress(scenario: Scenario, trials: Sequence[StressResult], timelines: Mapping[str, Pair]) -> Section | None:
    """Return the section on what a stress broke in each variant; None without a stress.

    `timelines` has, by variant under stress, the timelines of its replications without the stress and with it.
    """
    if not trials:
        return None
    header = tuple(
        text(f"stress.column_{name}") for name in ("measure", "line", "breaks_on", "worst", "worst_on", "back_on", "in")
    )
    tables = tuple(Table(header, tuple(row(outcome) for outcome in stress_result.breaks)) for stress_result in trials)
    pictures = tuple(
        picture
        for stress_result in trials[:_DRAWN]
        for picture in _pictures(scenario, stress_result, timelines[stress_result.name])
    )
    marks = (Mark(plots.OTHER, text("stress.calm")), Mark(plots.FIRST, text("stress.under")))
    lead = joined(told(stress_result) for stress_result in trials)
    over = any(outcome.calm_over for stress_result in trials for outcome in stress_result.breaks)
    note = text("stress.calm_over") if over else ""
    return Section("stress", text("stress.title"), lead, pictures, tables, marks, note)


def _pictures(scenario: Scenario, stress_result: StressResult, timelines: Pair) -> Iterator[Picture]:
    for outcome in stress_result.breaks:
        if outcome.broke_on is not None:
            caption = text("stress.caption", name=stress_result.name, measure=measure_name(outcome.measure))
            yield Picture(caption, _figure(scenario, stress_result, timelines, outcome))


def _figure(scenario: Scenario, stress_result: StressResult, timelines: Pair, outcome: MeasureResult) -> object:
    calm, under = timelines
    horizon = scenario.horizon
    dates = [(horizon.measured_from + timedelta(day)).isoformat() for day in range(horizon.days)]
    strands = [
        Strand(text("stress.calm"), band(measured(outcome.measure, calm)), plots.OTHER),
        Strand(text("stress.under"), band(measured(outcome.measure, under)), plots.FIRST),
    ]
    factor = 100 if outcome.measure in (LATE, DEFECTS) else 1
    target = getattr(scenario.targets, outcome.measure, None)
    limit = None
    if target is not None:
        limit = Limit(factor * float(target), text("page.target", value=f"{factor * float(target):g} %"))
    unit = text(f"stress.unit_{outcome.measure}")
    shaded = str(stress_result.begins), str(stress_result.ends)
    return plots.days(dates, strands, unit, text("page.date"), limit=limit, factor=factor, shaded=shaded)
