"""The part of a report page on a stress: what it broke, when, and a picture of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from aftersale_simulator.runs.series import course
from aftersale_simulator.runs.timeline import Timeline
from aftersale_simulator.scenario.horizon import Stage
from aftersale_simulator.scenario.model import Scenario
from aftersale_simulator.show import plots
from aftersale_simulator.show.plots import Limit, Strand
from aftersale_simulator.show.section import Mark, Picture, Section, Table
from aftersale_simulator.show.wording import joined, say
from aftersale_simulator.stress.table import measure_name, row, told
from aftersale_simulator.stress.trials import DEFECTS, LATE, Break, Trial, measured

Pair = tuple[Sequence[Timeline], Sequence[Timeline]]
_DRAWN = 3
"""Variants under stress that are drawn; the tables have all of them."""


def stress(scenario: Scenario, trials: Sequence[Trial], timelines: Mapping[str, Pair]) -> Section | None:
    """Return what a stress broke in each variant; None without one.

    `timelines` are, by the variant under stress, those of its replications without the stress and with it.
    """
    if not trials:
        return None
    header = tuple(
        say(f"stress.column_{name}")
        for name in ("measure", "line", "breaks_on", "worst", "worst_on", "back_on", "in")
    )
    tables = tuple(Table(header, tuple(row(each) for each in trial.breaks)) for trial in trials)
    drawn = tuple(picture for trial in trials[:_DRAWN] for picture in _pictures(scenario, trial, timelines[trial.name]))
    marks = (Mark(plots.OTHER, say("stress.calm")), Mark(plots.FIRST, say("stress.under")))
    lead = joined(told(trial) for trial in trials)
    over = any(each.calm_over for trial in trials for each in trial.breaks)
    note = say("stress.calm_over") if over else ""
    return Section("stress", say("stress.title"), lead, drawn, tables, marks, note)


def _pictures(scenario: Scenario, trial: Trial, timelines: Pair) -> Iterator[Picture]:
    for each in trial.breaks:
        if each.broke_on is not None:
            caption = say("stress.caption", name=trial.name, measure=measure_name(each.measure))
            yield Picture(caption, _drawn(scenario, trial, timelines, each))


def _drawn(scenario: Scenario, trial: Trial, timelines: Pair, broke: Break) -> object:
    calm, under = timelines
    stage = Stage.of(scenario)
    dates = [(stage.measured_from + timedelta(day)).isoformat() for day in range(stage.days)]
    strands = [
        Strand(say("stress.calm"), course(measured(broke.measure, calm)), plots.OTHER),
        Strand(say("stress.under"), course(measured(broke.measure, under)), plots.FIRST),
    ]
    factor = 100 if broke.measure in (LATE, DEFECTS) else 1
    target = getattr(scenario.targets, broke.measure, None)
    limit = None
    if target is not None:
        limit = Limit(factor * float(target), say("page.target", value=f"{factor * float(target):g} %"))
    unit = say(f"stress.unit_{broke.measure}")
    spell = str(trial.begins), str(trial.ends)
    return plots.days(dates, strands, unit, say("page.date"), limit=limit, factor=factor, spell=spell)
