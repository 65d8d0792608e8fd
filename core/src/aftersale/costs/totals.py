"""Totals: sums of cost lines by case, order, product, marketplace, group or line, each currency by itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Literal, NamedTuple

from attrs import frozen

from aftersale.base.errors import MoneyError
from aftersale.base.money import decimals, rounded
from aftersale.costs.ledger import CostLine, line_place
from aftersale.policies.cost_kinds import GROUPS

Grouping = Literal["case", "order", "product", "marketplace", "group", "line"]
GROUPINGS: tuple[Grouping, ...] = ("line", "group", "marketplace", "product", "order", "case")
"""What costs can be added up by."""


class Total(NamedTuple):
    """The sum of the cost lines of one name, one fulfilment and one currency.

    `amount` and `estimated`, the estimated part of it, count minor units; `amounts` is the number of lines.
    """

    name: str
    fulfilment: str
    currency: str
    amount: int
    estimated: int
    amounts: int


@frozen
class GrandTotal:
    """All costs in one currency; `rates` are the rates used: what one unit of each other currency is worth."""

    amount: int
    estimated: int
    currency: str
    rates: tuple[tuple[str, Decimal], ...] = ()


def totals(lines: Iterable[CostLine], by: Grouping = "line") -> tuple[Total, ...]:
    """Return what each case, order, product, marketplace, group or line cost, sorted by name.

    Groups and lines are in their own order, lines of plugins after core's.
    Raises ValueError for another grouping.
    """
    if by not in GROUPINGS:
        raise ValueError(f"costs are not added up by '{by}': choose one of {', '.join(GROUPINGS)}")
    groups: defaultdict[tuple[str, str, str], list[CostLine]] = defaultdict(list)
    for line in lines:
        groups[getattr(line, by), line.fulfilment, line.currency].append(line)
    sums = [
        Total(*key, sum(line.amount for line in rows), _estimated_sum(rows), len(rows)) for key, rows in groups.items()
    ]
    return tuple(sorted(sums, key=_SORTED.get(by)))


_SORTED: dict[Grouping, Callable[[Total], tuple[object, Total]]] = {
    "line": lambda total: (line_place(total.name), total),
    "group": lambda total: (GROUPS.index(total.name), total),
}


def _estimated_sum(lines: Iterable[CostLine]) -> int:
    return sum(line.amount for line in lines if line.estimated)


def grand_total(
    lines: Iterable[CostLine], into: str | None = None, rates: Mapping[str, Decimal] | None = None
) -> GrandTotal:
    """Return all costs as one sum, in their own currency or converted `into` another.

    `rates` has what one unit of each currency is worth in that one. Each currency is added up first and converted once,
    halves rounded away from zero. Raises MoneyError for a currency without a rate, for a rate that is not above zero,
    and when there is nothing to add and no currency is named.
    """
    sums: defaultdict[str, list[CostLine]] = defaultdict(list)
    for line in lines:
        sums[line.currency].append(line)
    if into is None:
        into = _only_currency(sums)
    known_rates = rates or {}
    decimals(into)
    if missing := sorted(sums.keys() - known_rates.keys() - {into}):
        hint = f"say what one {missing[0]} is worth in {into}, or add up each currency by itself"
        raise MoneyError(f"cannot add {' and '.join(sorted({*sums, into}))}: no rate for {', '.join(missing)}", hint)
    used = {currency: Decimal(1) if currency == into else known_rates[currency] for currency in sums}
    for currency, rate in used.items():
        _check_rate(currency, into, rate)
    amount = sum(_convert(sum(line.amount for line in rows), used, of, into) for of, rows in sums.items())
    estimated = sum(_convert(_estimated_sum(rows), used, of, into) for of, rows in sums.items())
    return GrandTotal(amount, estimated, into, tuple((of, used[of]) for of in sorted(used) if of != into))


def _only_currency(currencies: Iterable[str]) -> str:
    names = sorted(currencies)
    if not names:
        raise MoneyError("nothing to add", "say in which currency: a sum of none has no currency")
    if len(names) > 1:
        raise MoneyError(f"cannot add {' and '.join(names)}", "add up each currency by itself, or name rates")
    return names[0]


def _check_rate(currency: str, into: str, rate: object) -> None:
    if not isinstance(rate, Decimal) or not rate.is_finite() or rate <= 0:
        raise MoneyError(f"{rate!r} is no rate for {currency}", f"say exactly what one {currency} is worth in {into}")


def _convert(amount: int, rates: Mapping[str, Decimal], of: str, into: str) -> int:
    if of == into:
        return amount
    return rounded((amount * rates[of]).scaleb(decimals(into) - decimals(of)))


def converted(amount: int, of: str, into: str, rates: Mapping[str, Decimal]) -> int:
    """Return minor units of one currency in those of another, halves rounded away from zero.

    Raises MoneyError for a currency without a rate, and for a rate that is not above zero.
    """
    if of != into and of not in rates:
        raise MoneyError(f"cannot convert {of} into {into}", f"say what one {of} is worth in {into}")
    if of != into:
        _check_rate(of, into, rates[of])
    return _convert(amount, rates, of, into)
