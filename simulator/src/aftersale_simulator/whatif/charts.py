"""Sections: the parts of a report page, each from a comparison to a sentence with pictures or a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aftersale.policies.worlds import Parameter
from aftersale_simulator.runs.results import RATE, REACHED
from aftersale_simulator.runs.statistics import wilson
from aftersale_simulator.show import plots
from aftersale_simulator.show.numbers import label, number, often, scale, shown
from aftersale_simulator.show.plots import Limit, Spot
from aftersale_simulator.show.section import Mark, Picture, Section, Table
from aftersale_simulator.show.wording import percent, target_name, text
from aftersale_simulator.whatif.comparison import COST, Comparison
from aftersale_simulator.whatif.drawing import NO_LINES, Lines, chosen, colour_of, numbered, target_of
from aftersale_simulator.whatif.table import columns, reachable

DRAWN = ("late_reply_rate", RATE, "mean_first_reply_hours", COST)
"""The metrics that the variants are drawn by, beside the table of all."""


def variants(comparison: Comparison, lines: Lines = NO_LINES) -> Section:
    """Return all variants side by side, in a table and drawn by the metrics of DRAWN."""
    currency = comparison.scenario.currency
    names = columns(comparison)
    header = ("", text("column.variant"), *(label(name, currency) for name in names), text("report.targets"))
    rows = [
        (
            str(place),
            one.name,
            *(shown(one.metrics[name].value, name).replace("\n", " ") for name in names),
            f"{one.targets_met}/{comparison.replications}",
        )
        for place, one in enumerate(comparison.variant_results, 1)
    ]
    best = frozenset({comparison.variant_results.index(chosen(comparison))})
    drawn = tuple(Picture(label(name, currency), _dots(comparison, name, lines)) for name in DRAWN if name in names)
    lead = text("variants.lead", replications=comparison.replications)
    return Section("variants", text("variants.title"), lead, drawn, (Table(header, tuple(rows), best, 2),))


def _dots(comparison: Comparison, name: str, lines: Lines) -> Any:
    factor, decimals = scale(name)
    spots = []
    for one in comparison.variant_results:
        value = one.metrics[name].value
        if value.mean is not None:
            low, high = (value.mean if end is None else end for end in (value.low, value.high))
            told = number(factor * value.mean, decimals)
            ends = (factor * value.mean, factor * max(0.0, low), factor * high)
            spots.append(Spot(numbered(comparison, one), told, *ends, colour_of(comparison, one)))
    limit = target_of(comparison, name, lines.everywhere(name))
    return plots.dots(spots, label(name, comparison.scenario.currency), limit)


def streams(comparison: Comparison) -> Section | None:
    """Return how often each target was met by each variant, with Wilson's intervals; None without targets."""
    names = list(dict.fromkeys(name for one in comparison.variant_results for name in one.targets))
    if not names:
        return None
    wanted = comparison.scenario.targets.share_of_replications
    found = [(text("chances.all"), {one.name: one.targets_met for one in comparison.variant_results})]
    if len(names) > 1:
        found += [(target_name(name), _met(comparison, name)) for name in names]
    drawn = tuple(Picture(told, _shares(comparison, met, float(wanted))) for told, met in found)
    lead = text("chances.lead", share=percent(wanted), replications=comparison.replications)
    return Section("chances", text("chances.title"), lead, drawn, tuple(_consequences(comparison)))


def _consequences(comparison: Comparison) -> Iterator[Table]:
    """Yield how often accounts come to a review or are closed, and how many orders that costs, if they ever do."""
    size = comparison.replications
    if not any(one.orders_lost or any(one.reached.values()) for one in comparison.variant_results):
        return
    happened = {name for one in comparison.variant_results for name, count in one.reached.items() if count}
    names = [name for name in reachable(comparison) if name in REACHED or name in happened]
    reached = (text(f"chances.{name}") if name in REACHED else text("chances.closed", name=name) for name in names)
    header = ("", text("column.variant"), *reached, text("chances.orders_lost"))
    rows = [
        (
            str(place),
            one.name,
            *(often(one.reached.get(name, 0), size) for name in names),
            number(one.orders_lost, 0),
        )
        for place, one in enumerate(comparison.variant_results, 1)
    ]
    yield Table(header, tuple(rows), frozenset({comparison.variant_results.index(chosen(comparison))}), 2)


def _met(comparison: Comparison, name: str) -> dict[str, int]:
    """Count by variant; one without this target misses it never."""
    return {one.name: one.targets.get(name, comparison.replications) for one in comparison.variant_results}


def _shares(comparison: Comparison, met: Mapping[str, int], wanted: float) -> Any:
    runs = comparison.replications
    spots = []
    for one in comparison.variant_results:
        count = met[one.name]
        low, high = wilson(count, runs)
        ends = (100 * count / runs, 100 * low, 100 * high)
        spots.append(Spot(numbered(comparison, one), f"{count}/{runs}", *ends, colour_of(comparison, one)))
    return plots.dots(spots, text("chances.unit"), _wanted(wanted), (-3, 103))


def _wanted(share: float) -> Limit:
    return Limit(100 * share, text("page.target", value=percent(share)))


def trade(comparison: Comparison) -> Section | None:
    """Return cost against risk, with the variants joined that no other beats in both; None without targets."""
    variant_results = comparison.variant_results
    if len(variant_results) < 2 or not any(one.targets for one in variant_results):
        return None
    shares = [one.targets_met / comparison.replications for one in variant_results]
    costs = [one.cost() for one in variant_results]
    best = unbeaten(costs, shares)
    wanted = comparison.scenario.targets.share_of_replications
    figure = plots.trade(
        [numbered(comparison, one) for one in variant_results],
        costs,
        shares,
        [colour_of(comparison, one) for one in variant_results],
        best,
        text("trade.cost", currency=comparison.scenario.currency),
        text("trade.share"),
        _wanted(wanted),
    )
    marks = tuple(Mark(colour_of(comparison, one), numbered(comparison, one)) for one in variant_results)
    lead = text("trade.lead", names=_listed(comparison, best))
    drawn = (Picture(text("trade.caption"), figure, wide=True),)
    return Section("trade", text("trade.title"), lead, drawn, marks=marks)


def _listed(comparison: Comparison, places: Sequence[int]) -> str:
    return text("report.comma").join(numbered(comparison, comparison.variant_results[place]) for place in places)


def unbeaten(costs: Sequence[float], shares: Sequence[float]) -> list[int]:
    """Return, cheapest first, the positions to which no other is as cheap and as safe, and better in one of both."""
    order = sorted(range(len(costs)), key=lambda one: (costs[one], -shares[one], one))
    found: list[int] = []
    for one in order:
        if not found or shares[one] > shares[found[-1]]:
            found.append(one)
    return found


def assumptions(comparison: Comparison, parameters: Sequence[Parameter]) -> Section | None:
    """Return every declared number of the world with the values that were used; None without any."""
    if not parameters:
        return None
    rows, marked = [], set()
    for place, one in enumerate(parameters):
        values = _values(comparison, one)
        if values != [float(one.default)]:
            marked.add(place)
        where = ", ".join(one.marketplaces) or text("assumptions.everywhere")
        used = " / ".join(f"{value:g}" for value in values)
        spread = f"{one.low:g}–{one.high:g}"
        rows.append((one.name, used, f"{one.default:g}", spread, one.unit, where, one.told))
    header = (
        text("parameters.name"),
        text("assumptions.value"),
        text("parameters.default"),
        text("parameters.range"),
        text("parameters.unit"),
        text("assumptions.where"),
        text("parameters.source"),
    )
    lead = text("assumptions.lead", count=len(rows), changed=len(marked))
    table = Table(header, tuple(rows), frozenset(marked), len(header))
    return Section("assumptions", text("assumptions.title"), lead, tables=(table,))


def _values(comparison: Comparison, parameter: Parameter) -> list[float]:
    """Return the values that the variants use, each once, that of the scenario first."""
    own = comparison.scenario.world.get(parameter.name, parameter.default)
    changed = (one.changes.get(f"world.{parameter.name}", own) for one in comparison.variant_results)
    return list(dict.fromkeys(map(float, changed)))
