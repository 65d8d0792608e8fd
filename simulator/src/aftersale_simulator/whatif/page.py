"""Pages: a comparison as one HTML file that opens anywhere, without a network, on paper and on a phone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from html import escape
from typing import TYPE_CHECKING

from aftersale.policies.worlds import Parameter
from aftersale_simulator.sensitivity.charts import sensitivity
from aftersale_simulator.show.html import document, header
from aftersale_simulator.show.section import Section
from aftersale_simulator.show.wording import text
from aftersale_simulator.stress.charts import stress
from aftersale_simulator.whatif.charts import assumptions, streams, trade, variants
from aftersale_simulator.whatif.comparison import Comparison
from aftersale_simulator.whatif.day_charts import backlog, defects, hours, late, occupancy, replies, warm_up
from aftersale_simulator.whatif.drawing import NO_LINES, Lines, Part
from aftersale_simulator.whatif.record import ComparisonRecord, plain
from aftersale_simulator.whatif.table import about, assignments

if TYPE_CHECKING:
    from aftersale_simulator.calibration.history import History


def page(comparison: Comparison, found: ComparisonRecord, parts: Iterable[Part], history: History | None = None) -> str:
    """Return the comparison as one HTML document, in the language that is being spoken.

    `found` is the record of the comparison; of the `parts`, those that have something to say follow the answer. The
    same arguments give the same text.
    """
    sections = [section for part in parts if (section := part(comparison)) is not None]
    title = text("page.title", name=comparison.scenario.name)
    return document(title, _opening(comparison, found, history), sections, _made(comparison))


def _opening(comparison: Comparison, found: ComparisonRecord, history: History | None) -> Iterator[str]:
    told = [about(comparison)]
    if found["settings"]:
        told.append(text("report.settings", settings=assignments(found["settings"])))
    if history is not None:
        from aftersale_simulator.calibration.history import summary

        told.append(summary(history))
    yield from header(comparison.scenario.name, found["answer"], found["warnings"], told)
    yield from _changes(comparison)
    yield f"<noscript><p>{escape(text('page.script'))}</p></noscript>"
    yield "</header>"


def _changes(comparison: Comparison) -> Iterator[str]:
    yield f"<details><summary>{escape(text('page.changes'))}</summary><ol>"
    for one in comparison.variant_results:
        told = assignments(plain(one.changes)) or text("page.unchanged")
        yield f"<li><b>{escape(one.name)}</b>: {escape(told)}</li>"
    yield "</ol></details>"


def _made(comparison: Comparison) -> str:
    return text("page.made", name=comparison.scenario.name, seed=comparison.scenario.seed)


def parts(parameters: Sequence[Parameter] = (), lines: Lines = NO_LINES) -> list[Part]:
    """Return the parts of a report in their order; `parameters` are those that the world declares."""
    return [
        partial(variants, lines=lines),
        streams,
        trade,
        backlog,
        partial(late, lines=lines),
        hours,
        partial(defects, lines=lines),
        replies,
        partial(occupancy, lines=lines),
        _stress,
        _sensitivity,
        warm_up,
        partial(assumptions, parameters=parameters),
    ]


def _stress(comparison: Comparison) -> Section | None:
    under = {one.name: (one.calm, one.timelines) for one in comparison.variant_results}
    pairs = {
        stress_result.name: (under[under[stress_result.name][0]][1], under[stress_result.name][1])
        for stress_result in comparison.trials
    }
    return stress(comparison.scenario, comparison.trials, pairs)


def _sensitivity(comparison: Comparison) -> Section | None:
    return None if comparison.sensitivity is None else sensitivity(comparison.sensitivity)
