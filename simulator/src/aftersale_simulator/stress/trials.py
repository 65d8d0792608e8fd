"""Trials: named stresses of a scenario, what they break first, and how long the recovery takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from aftersale.base.errors import DocumentError, Problem
from aftersale.base.toml_files import read
from aftersale.base.toml_lines import located
from aftersale.documents.scalars import Word
from aftersale.documents.structure import structure
from aftersale_simulator.runs import series
from aftersale_simulator.runs.results import LATE, RATE
from aftersale_simulator.runs.timeline import Timeline
from aftersale_simulator.scenario.checks import event_problems
from aftersale_simulator.scenario.events import Event
from aftersale_simulator.scenario.horizon import Horizon
from aftersale_simulator.scenario.model import Scenario
from aftersale_simulator.scenario.vocabulary import Vocabulary, allowed_words

DEFECTS, BACKLOG, CLAIMS = RATE, "backlog", "claims"
MEASURES = (LATE, DEFECTS, BACKLOG, CLAIMS)
WORSE = 1.1
"""Factor on a measure's value without stress that makes its line on days when that misses the target (assumed)."""
UNUSUAL = 1.5
"""Factor on the usual value, of the same day and of all days, that makes the line without a target (assumed)."""
Floats = NDArray[np.float64]


@frozen
class Stress:
    """A stress as in its file: its name and its events."""

    name: Word
    event: tuple[Event, ...]


def shipped_stresses() -> list[str]:
    """Return the names of the shipped stresses, sorted."""
    return sorted(
        entry.name.removesuffix(".toml")
        for entry in (files("aftersale_simulator.stress") / "shipped").iterdir()
        if entry.name.endswith(".toml")
    )


def stress_document(name: str) -> dict[str, Any]:
    """Return the parsed file of a stress: a shipped one by its name, any other by its path.

    Raises DocumentError for an unknown name, and for a file that is no stress.
    """
    if name in shipped_stresses():
        raw = read(files("aftersale_simulator.stress") / "shipped" / f"{name}.toml")
    elif name.endswith(".toml"):
        raw = read(Path(name))
    else:
        hint = f"{allowed_words(name, shipped_stresses())}; or name a file that ends in .toml"
        raise DocumentError("--stress", (Problem("--stress", "", f"there is no stress '{name}'", hint),))
    structure(Stress, raw, name)
    return raw


def check_stresses(stresses: Sequence[str], words: Vocabulary) -> None:
    """Refuse stresses that change parameters which are not there, each with its line; raises as `stress_document`."""
    for name in stresses:
        raw = stress_document(name)
        if problems := located(event_problems(raw["event"], name, words), raw):
            raise DocumentError(name, problems)


def stress_names(stresses: Sequence[str]) -> list[str]:
    """Return the names of these stresses in their files; raises as `stress_document` does."""
    return [str(stress_document(name)["name"]) for name in stresses]


def with_stress(raw: Mapping[str, Any], stresses: Sequence[str]) -> dict[str, Any]:
    """Return a scenario document with the events of these stresses after its own."""
    events = [event for name in stresses for event in stress_document(name)["event"]]
    return {**raw, "event": [*raw.get("event", ()), *events]}


@frozen
class MeasureResult:
    """The result of one measure under a stress.

    Its line is the scenario's target. On days that miss the target without stress (`calm_over`), it is WORSE times the
    value without stress; without a target, it is UNUSUAL times the usual value. `broke_on` is the first day since the
    stress began with the mean over replications above the line; `line` is the line of that day, else of `worst_on`.
    `worst` is the value farthest above the line, on `worst_on`. From `back_on` the mean stayed below the line.
    `broke_on` and `back_on` are None if that never happened. `broken` counts the replications, of `replications`, that
    were above the line on some day. Where nothing was there to count, `counted` is false and the values mean nothing.
    """

    measure: str
    line: float
    broke_on: date | None
    worst: float
    worst_on: date
    back_on: date | None
    broken: int
    replications: int
    calm_over: bool
    counted: bool = True


@frozen
class StressResult:
    """A variant under stress from `begins` to the day before `ends`, and its measures in the order of their breaks."""

    name: str
    begins: date
    ends: date
    breaks: tuple[MeasureResult, ...]

    def first(self) -> MeasureResult | None:
        """Return the first break; None if everything held."""
        return next((outcome for outcome in self.breaks if outcome.broke_on is not None), None)


def stress_result(
    name: str, scenario: Scenario, events: Sequence[Event], calm: Sequence[Timeline], under: Sequence[Timeline]
) -> StressResult:
    """Return what the events of a stress broke, from timelines of the same replications without and with the stress."""
    horizon = scenario.horizon
    spans = [event.days(horizon.measured_from) for event in events]
    begins, ends = min(first for first, _ in spans), max(end for _, end in spans)
    breaks = [_break(measure, scenario, horizon, begins, calm, under) for measure in MEASURES]
    breaks.sort(key=lambda outcome: (outcome.broke_on or date.max, MEASURES.index(outcome.measure)))
    return StressResult(name, begins, min(ends, horizon.last + timedelta(1)), tuple(breaks))


def _break(
    measure: str,
    scenario: Scenario,
    horizon: Horizon,
    begins: date,
    calm: Sequence[Timeline],
    under: Sequence[Timeline],
) -> MeasureResult:
    usual, rows = _mean(measured(measure, calm)), measured(measure, under)
    target = getattr(scenario.targets, measure, None)
    since = min(max(0, (begins - horizon.measured_from).days), horizon.days - 1)
    line = _line(usual, target)[since:]
    mean = _mean(rows)[since:]
    over = np.flatnonzero(mean > line)
    back = int(over[-1]) + 1 if len(over) else len(mean)
    worst = int((mean - line).argmax()) if len(over) else int(mean.argmax())

    def day(offset: int) -> date:
        return horizon.measured_from + timedelta(since + offset)

    return MeasureResult(
        measure,
        float(line[over[0]] if len(over) else line[worst]),
        day(int(over[0])) if len(over) else None,
        float(mean[worst]),
        day(worst),
        day(back) if len(over) and back < len(mean) else None,
        int((rows[:, since:] > line).any(axis=1).sum()),
        len(under),
        target is not None and bool((usual[since:] > float(target)).any()),
        bool(np.isfinite(_rows(measure, under)).any()),
    )


def _line(usual: Floats, target: float | None) -> Floats:
    """Return the line of each day, above which a measure is broken."""
    line: Floats = UNUSUAL * np.maximum(usual, usual.mean())
    return line if target is None else np.maximum(float(target), WORSE * usual)


def measured(measure: str, timelines: Sequence[Timeline]) -> Floats:
    """Return a measure on each measured day, a row for each replication; late replies and claims are of a week."""
    return np.nan_to_num(_rows(measure, timelines))


def _rows(measure: str, timelines: Sequence[Timeline]) -> Floats:
    """Return a measure on each measured day, not a number where there is nothing to count."""
    rows = {LATE: series.late, BACKLOG: series.backlog, CLAIMS: _claims, DEFECTS: _defects}[measure](timelines)
    begins = timelines[0].warm_up if timelines else 0
    measured_rows: Floats = rows[:, begins:]
    return measured_rows


def _claims(timelines: Sequence[Timeline]) -> Floats:
    claims = np.array([timeline.claims for timeline in timelines], float)
    return series.summed(claims, series.WINDOW)


def _defects(timelines: Sequence[Timeline]) -> Floats:
    """Return the highest order defect rate of any marketplace on each day."""
    marketplaces = timelines[0].order_defect_rate
    if not marketplaces:
        return np.full((len(timelines), len(timelines[0])), np.nan)
    # fmax passes over marketplaces that have nothing to count yet.
    highest: Floats = np.fmax.reduce([series.defects(timelines, marketplace) for marketplace in marketplaces])
    return highest


def _mean(rows: Floats) -> Floats:
    mean: Floats = rows.mean(axis=0)
    return mean
