"""Charts: the sections of a page, each a sentence on a comparison with pictures or a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aftersale.policies.worlds import Parameter
from aftersale_simulator.books.money import CONTRIBUTION, TOTAL
from aftersale_simulator.judging.choice import RANKED
from aftersale_simulator.runs.results import COST, RATE, REVIEW
from aftersale_simulator.runs.statistics import wilson
from aftersale_simulator.show import plots
from aftersale_simulator.show.numbers import count_text, number
from aftersale_simulator.show.plots import Limit, Spot
from aftersale_simulator.show.section import Mark, Picture, Section, Table
from aftersale_simulator.show.wording import percent, target_name, text
from aftersale_simulator.whatif.comparison import Comparison, VariantResult
from aftersale_simulator.whatif.drawing import NO_LINES, Lines, chosen, colour_of, numbered, target_of
from aftersale_simulator.whatif.table import ALL, CLOSURE_COLUMNS, closure_rows, columns, times_met, worst_text

DRAWN = ("late_reply_rate", RATE, "mean_first_reply_hours", TOTAL, CONTRIBUTION, COST)
"""The metrics with a picture of the variants, where the table has them."""


def variants(comparison: Comparison, lines: Lines = NO_LINES) -> Section:
    """Return all variants side by side: a table, pictures of the metrics of DRAWN, and all metrics, folded away."""
    names, label = columns(comparison), comparison.numbers.label
    header = ("", text("column.variant"), *map(label, names), text("report.targets"))
    rows = [
        (
            str(position),
            variant.name,
            *(_value(comparison, variant, name) for name in names),
            times_met(comparison, variant),
        )
        for position, variant in enumerate(comparison.variant_results, 1)
    ]
    best = frozenset({comparison.variant_results.index(chosen(comparison))})
    pictures = tuple(Picture(label(name), _dots(comparison, name, lines)) for name in DRAWN if name in names)
    lead = text("variants.lead", replications=comparison.replications)
    tables = (Table(header, tuple(rows), best, 2),)
    return Section("variants", text("variants.title"), lead, pictures, tables, below=(_all_metrics(comparison),))


def _all_metrics(comparison: Comparison) -> Table:
    """Return every metric of every variant, a row for each: there are more than a page is wide."""
    numbers, results = comparison.numbers, comparison.variant_results
    header = (text("column.metric"), *(numbered(comparison, variant) for variant in results))
    rows = (
        (numbers.label(name), *(_value(comparison, v, name) for v in results)) for name in columns(comparison, [ALL])
    )
    return Table(header, tuple(rows), folded=text("variants.all"))


def _value(comparison: Comparison, variant: VariantResult, name: str) -> str:
    """Return a metric of a variant with the marketplace that does worst, in one line."""
    numbers = comparison.numbers
    mean, *interval = numbers.estimate(variant.metrics[name].value, name).split("\n")
    told = (ends if ends.startswith("±") else f"({ends})" for ends in interval)
    return text("report.comma").join([" ".join([mean, *told]), *worst_text(variant, name, numbers)])


def _dots(comparison: Comparison, name: str, lines: Lines) -> Any:
    numbers = comparison.numbers
    factor = numbers.factor(name)
    spots = []
    for variant in comparison.variant_results:
        value = variant.metrics[name].value
        if value.mean is not None:
            known = () if value.is_wild else (value.low, value.high)
            low, high = (factor * (value.mean if end is None else end) for end in known or (None, None))
            mean, rounded = factor * value.mean, numbers.bare(value.mean, name)
            spots.append(Spot(numbered(comparison, variant), rounded, mean, low, high, colour_of(comparison, variant)))
    limit = target_of(comparison, name, lines.everywhere(name))
    return plots.dots(spots, numbers.label(name), limit, _near(spots) if name == CONTRIBUTION else None)


def _near(spots: Sequence[Spot]) -> tuple[float, float] | None:
    """Return the ends of an axis without zero: variants differ by little of what is left of all sales."""
    low, high = min((spot.low for spot in spots), default=0.0), max((spot.high for spot in spots), default=0.0)
    room = 0.08 * (high - low)
    return (low - room, high + room) if room else None


def target_chances(comparison: Comparison) -> Section | None:
    """Return how often each target was met by each variant, with Wilson's intervals; None without targets."""
    names = list(dict.fromkeys(name for variant in comparison.variant_results for name in variant.targets))
    if not names or not all(map(comparison.judged, comparison.variant_results)):
        return None
    wanted = comparison.scenario.targets.share_of_replications
    counts = [(text("chances.all"), {variant.name: variant.targets_met for variant in comparison.variant_results})]
    if len(names) > 1:
        counts += [(target_name(name), _single_met(comparison, name)) for name in names]
    pictures = tuple(Picture(title, _shares(comparison, met, float(wanted))) for title, met in counts)
    lead = text("chances.lead", share=percent(wanted), replications=comparison.replications)
    return Section("chances", text("chances.title"), lead, pictures, tuple(_consequences(comparison)))


def _consequences(comparison: Comparison) -> Iterator[Table]:
    """Yield a table of how often reviews are due and of the orders lost, if any, and one of what may be closed."""
    size, results = comparison.replications, comparison.variant_results
    best = frozenset({results.index(chosen(comparison))})
    if any(variant.orders_lost or variant.reached.get(REVIEW) for variant in results):
        header = ("", text("column.variant"), text("chances.review"), text("chances.orders_lost"))
        rows = (
            (variant.name, count_text(variant.reached.get(REVIEW, 0), size), number(variant.orders_lost, 0))
            for variant in results
        )
        yield Table(header, tuple((str(place), *row) for place, row in enumerate(rows, 1)), best, 2)
    if closures := closure_rows(comparison):
        heads = (" ".join(text(f"column.{name}").replace("-\n", "").split()) for name in CLOSURE_COLUMNS)
        names = [variant.name for variant in results]
        numbered_rows = tuple((str(names.index(row[0]) + 1), *row) for row in closures)
        yield Table(("", *heads), numbered_rows, words=5)


def _single_met(comparison: Comparison, name: str) -> dict[str, int]:
    """Count by variant the replications that met a target; a variant without this target never misses it."""
    return {
        variant.name: min(variant.targets.get(name, comparison.judged(variant)), comparison.judged(variant))
        for variant in comparison.variant_results
    }


def _shares(comparison: Comparison, met: Mapping[str, int], wanted: float) -> Any:
    spots = []
    for variant in comparison.variant_results:
        count, runs = met[variant.name], comparison.judged(variant)
        low, high = wilson(count, runs)
        ends = (100 * count / runs, 100 * low, 100 * high)
        spots.append(Spot(numbered(comparison, variant), f"{count}/{runs}", *ends, colour_of(comparison, variant)))
    return plots.dots(spots, text("chances.unit"), _share_limit(wanted), (-3, 103))


def _share_limit(share: float) -> Limit:
    return Limit(100 * share, text("page.target", value=percent(share)))


def trade(comparison: Comparison) -> Section | None:
    """Return money against risk, with a line through the variants that no other beats in both; None without targets.

    The money is what variants are ranked by. Where it cannot be compared, none is said to be unbeaten.
    """
    variant_results = comparison.variant_results
    if len(variant_results) < 2 or not any(variant.targets for variant in variant_results):
        return None
    shares = [share for variant in variant_results if (share := comparison.share(variant)) is not None]
    if len(shares) < len(variant_results):
        return None
    by, (name, sign) = comparison.by, RANKED[comparison.by]
    money = [variant.mean(name) or 0.0 for variant in variant_results]
    best = [] if comparison.has_other_channels else unbeaten([-sign * amount for amount in money], shares)
    wanted = comparison.scenario.targets.share_of_replications
    figure = plots.trade(
        [numbered(comparison, variant) for variant in variant_results],
        money,
        shares,
        [colour_of(comparison, variant) for variant in variant_results],
        best,
        comparison.numbers.label(name),
        text("trade.share"),
        _share_limit(wanted),
    )
    marks = tuple(Mark(colour_of(comparison, variant), numbered(comparison, variant)) for variant in variant_results)
    lead = text(f"trade.lead_{by}", names=_name_list(comparison, best)) if best else text("answer.channels")
    pictures = (Picture(text(f"trade.caption_{by}"), figure, wide=True),)
    return Section("trade", text(f"trade.title_{by}"), lead, pictures, marks=marks)


def _name_list(comparison: Comparison, positions: Sequence[int]) -> str:
    return text("report.comma").join(
        numbered(comparison, comparison.variant_results[position]) for position in positions
    )


def unbeaten(costs: Sequence[float], shares: Sequence[float]) -> list[int]:
    """Return, cheapest first, the positions that no other beats in cost or share without being worse in the other."""
    order = sorted(range(len(costs)), key=lambda position: (costs[position], -shares[position], position))
    frontier: list[int] = []
    for position in order:
        if not frontier or shares[position] > shares[frontier[-1]]:
            frontier.append(position)
    return frontier


def assumptions(comparison: Comparison, parameters: Sequence[Parameter]) -> Section | None:
    """Return every declared number of the world with the values that the variants use; None without any."""
    if not parameters:
        return None
    rows, marked = [], set()
    for position, parameter in enumerate(parameters):
        values = _values(comparison, parameter)
        if values != [float(parameter.default)]:
            marked.add(position)
        marketplaces = ", ".join(parameter.marketplaces) or text("assumptions.everywhere")
        used = " / ".join(f"{value:g}" for value in values)
        spread = f"{parameter.low:g}–{parameter.high:g}"
        rows.append(
            (parameter.name, used, f"{parameter.default:g}", spread, parameter.unit, marketplaces, parameter.told)
        )
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
    """Return the distinct values that the variants use, in their order."""
    usual = comparison.scenario.world.get(parameter.name, parameter.default)
    changed = (variant.changes.get(f"world.{parameter.name}", usual) for variant in comparison.variant_results)
    return list(dict.fromkeys(map(float, changed)))
