"""Table: a comparison in a terminal, as a table or in blocks, with the answer in words."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from aftersale.base.visible import visible
from aftersale.clocks import DAY
from aftersale_simulator.desk.suspensions import ACCOUNT
from aftersale_simulator.runs.results import DEACTIVATED, RATE, REVIEW
from aftersale_simulator.runs.statistics import Estimate
from aftersale_simulator.show.effects import idle_sentence
from aftersale_simulator.show.numbers import (
    COLUMNS,
    OTHER_METRICS,
    count_text,
    estimate_text,
    figure_text,
    is_rate,
    label,
    limit_text,
    number,
    scale,
)
from aftersale_simulator.show.wording import target_name, text
from aftersale_simulator.whatif.comparison import Comparison, MarketplaceResult, VariantResult
from aftersale_simulator.whatif.outcomes import ClosureOutcome, nearest_lines
from aftersale_simulator.whatif.record import ComparisonRecord

if TYPE_CHECKING:
    from aftersale_simulator.calibration.history import History

_TABLE_WIDTH = 92
_GAP = 3
"""Between two columns: what is left free beside each, and the line that the box would have there."""
CLOSURE_COLUMNS = (
    "variant",
    "closes",
    "closed_in",
    "closure_line",
    "closure_median",
    "closure_far",
    "closure_limit",
)
"""The columns of what may be closed: keys of the messages."""
_NOTHING = Estimate(None, None, None)


def show(
    comparison: Comparison,
    record: ComparisonRecord,
    console: Console,
    history: History | None = None,
    by_marketplace: bool = False,
) -> None:
    """Print the comparison: a table, or blocks where it does not fit, then the answer and the warnings.

    `record` is the record of the comparison; `by_marketplace` adds each variant's results on each marketplace.
    """
    console.print(Text(visible(record["scenario"]), style="bold"))
    console.print(Text(about(comparison)))
    if record["settings"]:
        console.print(Text(text("report.settings", settings=assignments(record["settings"]))))
    if history is not None:
        from aftersale_simulator.calibration.history import summary

        console.print(Text(summary(history)))
    console.print()
    tables = list(_tables(comparison))
    wide = console.width >= _TABLE_WIDTH and all(_fits(part, console) for part in tables if isinstance(part, Table))
    for part in tables if wide else _blocks(comparison):
        console.print(part)
        console.print()
    for line in reached(comparison):
        console.print(Text(line))
        console.print()
    if rows := closure_rows(comparison):
        console.print(Text(text("report.closures")))
        console.print(_closures(rows))
        console.print()
    for part in _by_marketplace(comparison) if by_marketplace else ():
        console.print(part)
        console.print()
    if comparison.trials:
        from aftersale_simulator.stress.table import show_trials

        show_trials(comparison.trials, console)
    if comparison.sensitivity is not None:
        from aftersale_simulator.sensitivity import table

        table.show(comparison.sensitivity, console)
    console.print(Text(record["answer"], style="bold"))
    for warning in record["warnings"]:
        console.print(Text(text("report.warning", text=warning), style="yellow"))
    if record["without_effect"]:
        sentence = idle_sentence(record["without_effect"])
        console.print(Text(text("report.warning", text=sentence), style="yellow"))


def about(comparison: Comparison) -> str:
    """Return in words which days were simulated, and how often."""
    scenario = comparison.scenario
    values = {"days": scenario.period.measured // DAY, "start": scenario.period.start, "seed": scenario.seed}
    period = (
        text("report.period_once", **values)
        if scenario.replications < 2
        else text("report.period", replications=scenario.replications, **values)
    )
    return f"{period}{text('report.worst')}" if _has_worst(comparison) else period


def _has_worst(comparison: Comparison) -> bool:
    names = columns(comparison)
    return any(variant.worst(name) is not None for variant in comparison.variant_results for name in names)


def assignments(changes: Mapping[str, Any]) -> str:
    """Return changed values in one line, as a scenario has them."""
    return ", ".join(f"{path} = {json.dumps(value, ensure_ascii=False)}" for path, value in changes.items())


def columns(comparison: Comparison) -> list[str]:
    """Return the metrics to show: the usual ones, then those that plugins add.

    Order defects are left out where they judge none of the marketplaces; what judges, and had nothing to count, is
    shown as nothing.
    """
    variant_results = comparison.variant_results
    first = variant_results[0].metrics
    judging = any(
        variant.metrics[RATE].value.mean is not None or RATE in variant.unmeasured for variant in variant_results
    )
    usual = [name for name in COLUMNS if name in first and (name != RATE or judging)]
    return [*usual, *(name for name in first if name not in COLUMNS and name not in OTHER_METRICS)]


def _fits(table: Table, console: Console) -> bool:
    """Return whether no heading and no figure has to be cut: only names of variants may be folded."""
    names, *others = table.columns
    measures = [[console.measure(cell) for cell in (column.header, *column.cells)] for column in others]
    least = max(console.measure(cell).minimum for cell in (names.header, *names.cells))
    width = least + sum(_GAP + max(measure.maximum for measure in column) for column in measures)
    return width <= console.width


def _tables(comparison: Comparison) -> Iterator[RenderableType]:
    currency, names = comparison.scenario.currency, columns(comparison)
    values = _table(currency, names)
    for variant in comparison.variant_results:
        cells = (value_text(variant, name) for name in names)
        values.add_row(Text(visible(variant.name)), *cells, times_met(comparison, variant))
    yield values
    first, *rest = comparison.variant_results
    if not rest:
        return
    key = "report.differences" if len(rest) == 1 else "report.differences_together"
    yield Text(text(key, name=first.name))
    differences = _table(currency, names)
    for variant in rest:
        cells = (estimate_text(variant.metrics[name].difference, name, sign=True) for name in names)
        differences.add_row(Text(visible(variant.name)), *cells, _more_met(comparison, variant, first))
    yield differences


def value_text(variant: VariantResult, name: str) -> str:
    """Return a metric of a variant as text, with the marketplace that does worst where its target holds on each."""
    lines = [estimate_text(variant.metrics[name].value, name)]
    worst = variant.worst(name)
    if worst is not None and worst.mean is not None:
        factor, decimals = scale(name)
        lines.append(f"{visible(worst.marketplace)} {number(factor * worst.mean, decimals)}")
    return "\n".join(lines)


def _more_met(comparison: Comparison, variant: VariantResult, first: VariantResult) -> str:
    """Return in how many more replications all targets were met, where both have as many verdicts."""
    sizes = {comparison.judged(result) for result in (variant, first)}
    if len(sizes) > 1 or 0 in sizes:
        return text("report.none")
    return number(variant.targets_met - first.targets_met, 0, sign=True)


def _table(currency: str, columns: Iterable[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False)
    table.add_column(text("column.variant"), max_width=28, vertical="top")
    for name in columns:
        table.add_column(_heading(name, currency), justify="right", no_wrap=True)
    table.add_column(text("column.targets"), justify="right", no_wrap=True)
    return table


def _heading(name: str, currency: str) -> str:
    if name not in COLUMNS:
        words = name.removesuffix("_rate").removesuffix("_hours").replace("_", "\n")
        return f"{words}\n{text('column.percent' if is_rate(name) else 'column.hours')}"
    values = {"currency": currency} if name == "labour_cost" else {}
    return text(f"column.{name}", **values)


def times_met(comparison: Comparison, variant: VariantResult) -> str:
    """Return in how many of the judged replications a variant met all targets, as text."""
    judged = comparison.judged(variant)
    return f"{variant.targets_met}/{judged}" if variant.targets and judged else text("report.none")


def reached(comparison: Comparison) -> Iterator[str]:
    """Yield in words how likely a review of an account is, if any happened, and how many orders closures cost."""
    size = comparison.replications
    counts = [(result.name, result.reached.get(REVIEW, 0)) for result in comparison.variant_results]
    if any(count for _, count in counts):
        variants = "; ".join(f"{name} {count_text(count, size)}" for name, count in counts)
        yield text("report.reached_review", variants=variants)
    if any(variant.orders_lost for variant in comparison.variant_results):
        lost = (f"{variant.name} {number(variant.orders_lost, 0)}" for variant in comparison.variant_results)
        yield text("report.orders_lost", variants="; ".join(lost))


def closure_rows(comparison: Comparison) -> list[tuple[str, ...]]:
    """Return what may be closed in each variant: in how many replications, and how near its nearest line came.

    A row has the cells of CLOSURE_COLUMNS. None happened is not "never": the distance to the line stands beside it.
    """
    size = comparison.replications
    return [
        (
            variant.name,
            closes_text(closes),
            count_text(variant.reached.get(DEACTIVATED if closes == ACCOUNT else closes, 0), size),
            *_line(outcome),
        )
        for variant in comparison.variant_results
        for closes, outcome in nearest_lines(variant.closures).items()
    ]


def closes_text(closes: str) -> str:
    """Return in words what is closed: an account, or what plugins name."""
    return text("column.account") if closes == ACCOUNT else closes


def _line(outcome: ClosureOutcome) -> tuple[str, ...]:
    values = (figure_text(value, outcome.metric) for value in (outcome.median, outcome.far))
    name = text("report.comma").join([target_name(outcome.metric), outcome.marketplace])
    return name, *values, limit_text(outcome.limit, outcome.metric)


def _closures(rows: Iterable[Sequence[str]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False)
    for position, name in enumerate(CLOSURE_COLUMNS):
        table.add_column(text(f"column.{name}"), justify="right" if position in (2, 4, 5, 6) else "left", max_width=28)
    for row in rows:
        table.add_row(*(Text(visible(cell)) for cell in row))
    return table


def _by_marketplace(comparison: Comparison) -> Iterator[RenderableType]:
    """Yield each variant's results on each marketplace, with the deadline missed most."""
    for variant in comparison.variant_results:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False)
        table.add_column(text("column.marketplace"), vertical="top")
        names = [name for name in COLUMNS if any(name in place.metrics for place in variant.marketplaces.values())]
        for name in names:
            table.add_column(_heading(name, comparison.scenario.currency), justify="right", no_wrap=True)
        table.add_column(text("column.most_missed"))
        for name, place in variant.marketplaces.items():
            values = (place.metrics.get(metric, _NOTHING) for metric in names)
            cells = (estimate_text(value, metric) for value, metric in zip(values, names, strict=True))
            table.add_row(Text(visible(name)), *cells, _most_missed(place))
        yield Text(text("report.places", name=variant.name))
        yield table


def _most_missed(place: MarketplaceResult) -> str:
    worst = place.most_missed()
    return text("report.none") if worst is None else f"{worst}\n{number(100 * place.missed[worst], 1)} %"


def _blocks(comparison: Comparison) -> Iterator[RenderableType]:
    first = comparison.variant_results[0]
    for variant in comparison.variant_results:
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column()
        table.add_column(justify="right")
        table.add_column(justify="right")
        for name in columns(comparison):
            cells = [label(name, comparison.scenario.currency), _in_line(variant.metrics[name].value, name)]
            table.add_row(
                *cells, "" if variant is first else _in_line(variant.metrics[name].difference, name, sign=True)
            )
            worst = variant.worst(name)
            if worst is not None:
                place = text("report.worst_row", place=visible(worst.marketplace))
                table.add_row(f"  {place}", figure_text(worst.mean, name), "")
        table.add_row(text("report.targets"), times_met(comparison, variant))
        yield Group(Text(visible(variant.name), style="bold"), Padding(table, (0, 0, 0, 2)))
    if len(comparison.variant_results) > 1:
        yield Text(text("report.right", name=first.name))


def _in_line(estimate: Estimate, name: str, sign: bool = False) -> str:
    return " ".join(estimate_text(estimate, name, sign).split("\n"))
