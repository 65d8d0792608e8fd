"""Page: a comparison as one HTML file that needs no network and works on paper and on a phone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from aftersale.policies.cost_kinds import CostKind
from aftersale.policies.worlds import Parameter
from aftersale_simulator.sensitivity.charts import sensitivity
from aftersale_simulator.show.escaping import escape
from aftersale_simulator.show.html import document, header
from aftersale_simulator.show.section import Section
from aftersale_simulator.show.wording import text
from aftersale_simulator.stress.charts import stress
from aftersale_simulator.whatif.charts import assumptions, target_chances, trade, variants
from aftersale_simulator.whatif.comparison import Comparison
from aftersale_simulator.whatif.day_charts import backlog, defects, hours, late, occupancy, replies, warm_up
from aftersale_simulator.whatif.drawing import NO_LINES, Lines, Part
from aftersale_simulator.whatif.money_charts import costs
from aftersale_simulator.whatif.record import ComparisonRecord, plain
from aftersale_simulator.whatif.table import about, assignments

if TYPE_CHECKING:
    from aftersale_simulator.calibration.history import History


def page(
    comparison: Comparison, record: ComparisonRecord, parts: Iterable[Part], history: History | None = None
) -> str:
    """Return the comparison as one HTML document, in the current language.

    `record` is the record of the comparison. The sections of `parts` follow the answer, without those that are None.
    The same arguments give the same text.
    """
    sections = [section for part in parts if (section := part(comparison)) is not None]
    title = text("page.title", name=comparison.scenario.name)
    return document(title, _opening(comparison, record, history), sections, _footer(comparison))


def _opening(comparison: Comparison, record: ComparisonRecord, history: History | None) -> Iterator[str]:
    lines = [about(comparison)]
    if record["settings"]:
        lines.append(text("report.settings", settings=assignments(record["settings"])))
    if history is not None:
        from aftersale_simulator.calibration.history import summary

        lines.append(summary(history))
    yield from header(comparison.scenario.name, record["answer"], record["warnings"], lines)
    yield from _changes(comparison)
    yield f"<noscript><p>{escape(text('page.script'))}</p></noscript>"
    yield "</header>"


def _changes(comparison: Comparison) -> Iterator[str]:
    yield f"<details><summary>{escape(text('page.changes'))}</summary><ol>"
    for variant in comparison.variant_results:
        changes = assignments(plain(variant.changes)) or text("page.unchanged")
        yield f"<li><b>{escape(variant.name)}</b>: {escape(changes)}</li>"
    yield "</ol></details>"


def _footer(comparison: Comparison) -> str:
    return text("page.made", name=comparison.scenario.name, seed=comparison.scenario.seed)


def parts(parameters: Sequence[Parameter] = (), lines: Lines = NO_LINES, kinds: Sequence[CostKind] = ()) -> list[Part]:
    """Return the parts of a page in their order.

    `parameters` are those that the world declares, `kinds` the lines of costs that plugins add.
    """
    return [
        partial(variants, lines=lines),
        target_chances,
        partial(costs, kinds=kinds),
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
    under = {variant.name: (variant.calm, variant.timelines) for variant in comparison.variant_results}
    pairs = {
        stress_result.name: (under[under[stress_result.name][0]][1], under[stress_result.name][1])
        for stress_result in comparison.trials
    }
    return stress(comparison.scenario, comparison.trials, pairs)


def _sensitivity(comparison: Comparison) -> Section | None:
    return None if comparison.sensitivity is None else sensitivity(comparison.sensitivity)
