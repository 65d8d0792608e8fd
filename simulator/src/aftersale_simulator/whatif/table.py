"""Table: a comparison in a terminal, as a table or in blocks, with the answer in words."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from aftersale.base.visible import visible
from aftersale.clocks import DAY
from aftersale_simulator.runs.results import RATE, REACHED
from aftersale_simulator.runs.statistics import Estimate
from aftersale_simulator.show.effects import idle_sentence
from aftersale_simulator.show.numbers import COLUMNS, OTHER_METRICS, count_text, estimate_text, is_rate, label, number
from aftersale_simulator.show.wording import text
from aftersale_simulator.whatif.comparison import Comparison, MarketplaceResult, VariantResult
from aftersale_simulator.whatif.record import ComparisonRecord

if TYPE_CHECKING:
    from aftersale_simulator.calibration.history import History

_TABLE_WIDTH = 92
_NOTHING = Estimate(None, None, None)


def show(
    comparison: Comparison,
    record: ComparisonRecord,
    console: Console,
    history: History | None = None,
    by_marketplace: bool = False,
) -> None:
    """Print the comparison: a table, or blocks on a narrow console, then the answer and the warnings.

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
    wide = console.width >= _TABLE_WIDTH
    for part in _tables(comparison) if wide else _blocks(comparison):
        console.print(part)
        console.print()
    for line in reached(comparison):
        console.print(Text(line))
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
    if scenario.replications < 2:
        return text("report.period_once", **values)
    return text("report.period", replications=scenario.replications, **values)


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


def _tables(comparison: Comparison) -> Iterator[RenderableType]:
    currency, names = comparison.scenario.currency, columns(comparison)
    values = _table(currency, names)
    for variant in comparison.variant_results:
        cells = (estimate_text(variant.metrics[name].value, name) for name in names)
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
    """Yield in words how likely a review, a deactivation or a suspension of an account is, if any happened."""
    size = comparison.replications
    for name in reachable(comparison):
        counts = [(result.name, result.reached.get(name, 0)) for result in comparison.variant_results]
        if any(count for _, count in counts):
            variants = "; ".join(_probability(variant, count, size) for variant, count in counts)
            if name in REACHED:
                yield text(f"report.reached_{name}", variants=variants)
            else:
                yield text("report.reached_closed", variants=variants, name=name)
    if any(variant.orders_lost for variant in comparison.variant_results):
        lost = (f"{variant.name} {number(variant.orders_lost, 0)}" for variant in comparison.variant_results)
        yield text("report.orders_lost", variants="; ".join(lost))


def reachable(comparison: Comparison) -> list[str]:
    """Return all that may happen to accounts: REACHED, then what plugins name."""
    return list(dict.fromkeys(chain(REACHED, *(variant.reached for variant in comparison.variant_results))))


def _probability(name: str, count: int, size: int) -> str:
    return f"{name} {count_text(count, size)}"


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
        table.add_row(text("report.targets"), times_met(comparison, variant))
        yield Group(Text(visible(variant.name), style="bold"), Padding(table, (0, 0, 0, 2)))
    if len(comparison.variant_results) > 1:
        yield Text(text("report.right", name=first.name))


def _in_line(estimate: Estimate, name: str, sign: bool = False) -> str:
    return " ".join(estimate_text(estimate, name, sign).split("\n"))
