"""Money charts: the section of a page on what after-sales costs in each variant, and what is left of the sales."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from attrs import frozen

from aftersale.clocks import DAY
from aftersale.costs.account import SALE
from aftersale.costs.ledger import line_place
from aftersale.policies.cost_kinds import GROUPS, CostKind, default_cost_kinds
from aftersale_simulator.books.money import CONTRIBUTION, LINE, MONTH, PER_MONTH, PER_ORDER, TOTAL
from aftersale_simulator.show import plots
from aftersale_simulator.show.numbers import Numbers
from aftersale_simulator.show.plots import Share, Spot
from aftersale_simulator.show.section import Mark, Picture, Section, Table
from aftersale_simulator.show.wording import amount, joined, spoken, text
from aftersale_simulator.whatif.comparison import Comparison, VariantResult
from aftersale_simulator.whatif.drawing import colour_of, numbered
from aftersale_simulator.whatif.table import money_beside

_DUST = 1e-9


def costs(comparison: Comparison, kinds: Iterable[CostKind] = ()) -> Section | None:
    """Return what after-sales costs in each variant, by group and by line, and what is left of the sales.

    `kinds` are the lines of plugins. None where a currency without a rate leaves money unknown.
    """
    if comparison.unrated:
        return None
    scenario, groups = comparison.scenario, moving_groups(comparison)
    days = {"days": scenario.period.measured // DAY, "start": scenario.period.start}
    picture = Picture(text("money.caption", currency=scenario.currency), _stacks(comparison, groups), wide=True)
    return Section(
        "money",
        text("money.title"),
        text("money.lead", **days),
        (picture,),
        marks=tuple(Mark(_colour(group), text(f"money.{group}")) for group in groups),
        note=joined(money_beside(comparison)),
        below=(_statement(comparison, groups, {kind.name: kind for kind in kinds}),),
    )


def moving_groups(comparison: Comparison) -> list[str]:
    """Return the groups of costs that come to anything in any variant, in the order in which groups are shown."""
    return [group for group in GROUPS if _moves(comparison, f"cost_{group}")]


def _moves(comparison: Comparison, name: str) -> bool:
    return any(abs(_mean(variant, name)) > _DUST for variant in comparison.variant_results)


def _mean(variant: VariantResult, name: str) -> float:
    return variant.mean(name) or 0.0


def _colour(group: str) -> str:
    return plots.PARTS[GROUPS.index(group)]


def _stacks(comparison: Comparison, groups: Sequence[str]) -> Any:
    variants, currency = comparison.variant_results, comparison.scenario.currency
    shares = []
    for group in groups:
        name, values = text(f"money.{group}"), tuple(_mean(variant, f"cost_{group}") for variant in variants)
        told = (
            text("money.hover", variant=variant.name, group=name, amount=amount(value, currency))
            for variant, value in zip(variants, values, strict=True)
        )
        shares.append(Share(name, _colour(group), values, tuple(told)))
    totals = [_total(comparison, variant) for variant in variants]
    return plots.stacks(shares, totals, currency)


def _total(comparison: Comparison, variant: VariantResult) -> Spot:
    value, mean = variant.metrics[TOTAL].value, _mean(variant, TOTAL)
    known = () if value.is_wild else (value.low, value.high)
    low, high = (mean if end is None else end for end in known or (None, None))
    told = comparison.numbers.bare(value.mean, TOTAL)
    return Spot(numbered(comparison, variant), told, mean, low, high, colour_of(comparison, variant))


@frozen
class _Row:
    """A row of the statement: its words and its metric; a `sum` adds up others and is told with its interval."""

    words: str
    metric: str
    sum: bool = False


def _statement(comparison: Comparison, groups: Sequence[str], kinds: dict[str, CostKind]) -> Table:
    """Return the account as a table: lines, groups, total cost, then what is left of the sales."""
    numbers, variants = comparison.numbers, comparison.variant_results
    rows = [*_cost_rows(comparison, groups, {**kinds, **default_cost_kinds()}), *_sale_rows()]
    header = text("money.amounts", currency=comparison.scenario.currency)
    cells = ((row.words, *(_cell(numbers, variant, row) for variant in variants)) for row in rows)
    sums = frozenset(place for place, row in enumerate(rows) if row.sum)
    return Table((header, *(numbered(comparison, variant) for variant in variants)), tuple(cells), sums=sums)


def _cell(numbers: Numbers, variant: VariantResult, row: _Row) -> str:
    if not row.sum:
        return numbers.bare(variant.mean(row.metric), row.metric)
    return numbers.estimate(variant.metrics[row.metric].value, row.metric).replace("\n", " ").replace("± ", "±\u00a0")


def _cost_rows(comparison: Comparison, groups: Sequence[str], kinds: dict[str, CostKind]) -> Iterator[_Row]:
    """Yield the groups with their lines, and the total; lines of which nobody says the group stand before the total."""
    names = dict.fromkeys(name for variant in comparison.variant_results for name in variant.metrics)
    lines = [name.removeprefix(LINE) for name in names if name.startswith(LINE) and _moves(comparison, name)]
    lines.sort(key=line_place)
    for group in groups:
        yield _Row(text(f"money.{group}"), f"cost_{group}", sum=True)
        yield from (_line(line, kinds) for line in lines if line in kinds and kinds[line].group == group)
    yield from (_line(line, kinds) for line in lines if line not in kinds)
    yield _Row(text(f"money.{TOTAL}"), TOTAL, sum=True)
    yield from _parts(PER_ORDER[0], PER_MONTH[0])


def _line(line: str, kinds: dict[str, CostKind]) -> _Row:
    kind = kinds.get(line)
    words = line if kind is None else kind.zh if spoken() == "zh" else kind.en
    return _Row(text("money.part", what=words), f"{LINE}{line}")


def _sale_rows() -> Iterator[_Row]:
    revenue, *spent = SALE
    yield _Row(text(f"money.{revenue}"), revenue)
    yield from (_Row(text("money.less", what=text(f"money.{name}")), name) for name in (*spent, TOTAL))
    yield _Row(text("money.left", what=text(f"money.{CONTRIBUTION}")), CONTRIBUTION, sum=True)
    yield from _parts(PER_ORDER[1], PER_MONTH[1])


def _parts(per_order: str, per_month: str) -> Iterator[_Row]:
    yield _Row(text("money.part", what=text("money.per_order")), per_order)
    yield _Row(text("money.part", what=text("money.per_days", days=MONTH)), per_month)
