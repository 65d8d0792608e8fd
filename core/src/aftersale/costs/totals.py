"""Totals: cost lines added up by case, order, product, marketplace or line, each currency by itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Literal, NamedTuple

from attrs import frozen

from aftersale.base.errors import MoneyError
from aftersale.base.money import decimals
from aftersale.costs.ledger import LINES, CostLine, rounded

Grouping = Literal["case", "order", "product", "marketplace", "line"]
GROUPINGS: tuple[Grouping, ...] = ("line", "marketplace", "product", "order", "case")
"""What costs can be added up by."""


class Total(NamedTuple):
    """What everything of one name cost, in one currency: what marketplace and seller ship apart.

    `amount` and `estimated`, the part of it that no fact told, count minor units; `amounts` is how many they are of.
    """

    name: str
    fulfilment: str
    currency: str
    amount: int
    estimated: int
    amounts: int


@frozen
class GrandTotal:
    """All costs in one currency; `rates` are those that were used: what one unit of each other currency is worth."""

    amount: int
    estimated: int
    currency: str
    rates: tuple[tuple[str, Decimal], ...] = ()


def totals(lines: Iterable[CostLine], by: Grouping = "line") -> tuple[Total, ...]:
    """Return what each case, order, product, marketplace or line cost, sorted by name; lines stand in their order.

    Raises ValueError for another grouping.
    """
    if by not in GROUPINGS:
        raise ValueError(f"costs are not added up by '{by}': choose one of {', '.join(GROUPINGS)}")
    found: defaultdict[tuple[str, str, str], list[CostLine]] = defaultdict(list)
    for each in lines:
        found[getattr(each, by), each.fulfilment, each.currency].append(each)
    made = [Total(*key, sum(each.amount for each in rows), _estimated(rows), len(rows)) for key, rows in found.items()]
    return tuple(sorted(made, key=_by_line if by == "line" else None))


def _by_line(total: Total) -> tuple[int, Total]:
    return LINES.index(total.name), total


def _estimated(lines: Iterable[CostLine]) -> int:
    return sum(each.amount for each in lines if each.estimated)


def grand_total(
    lines: Iterable[CostLine], into: str | None = None, rates: Mapping[str, Decimal] | None = None
) -> GrandTotal:
    """Return all costs as one sum, in the currency that they are in or `into` another.

    `rates` says what one unit of a currency is worth in that one. Each currency is added up first and converted once,
    halves rounded away from zero. Raises MoneyError when two currencies meet without a rate for each, for a rate that
    is not above zero, and when there is nothing to add and no currency to say so in.
    """
    sums: defaultdict[str, list[CostLine]] = defaultdict(list)
    for each in lines:
        sums[each.currency].append(each)
    if into is None:
        into = _only(sums)
    given = rates or {}
    decimals(into)
    if missing := sorted(sums.keys() - given.keys() - {into}):
        hint = f"say what one {missing[0]} is worth in {into}, or add up each currency by itself"
        raise MoneyError(f"cannot add {' and '.join(sorted({*sums, into}))}: no rate for {', '.join(missing)}", hint)
    used = {currency: Decimal(1) if currency == into else given[currency] for currency in sums}
    for currency, rate in used.items():
        _check(currency, into, rate)
    amount = sum(_converted(sum(each.amount for each in rows), used, of, into) for of, rows in sums.items())
    estimated = sum(_converted(_estimated(rows), used, of, into) for of, rows in sums.items())
    return GrandTotal(amount, estimated, into, tuple((of, used[of]) for of in sorted(used) if of != into))


def _only(currencies: Iterable[str]) -> str:
    found = sorted(currencies)
    if not found:
        raise MoneyError("nothing to add", "say in which currency: a sum of none has no currency")
    if len(found) > 1:
        raise MoneyError(f"cannot add {' and '.join(found)}", "add up each currency by itself, or name rates")
    return found[0]


def _check(currency: str, into: str, rate: object) -> None:
    if not isinstance(rate, Decimal) or not rate.is_finite() or rate <= 0:
        raise MoneyError(f"{rate!r} is no rate for {currency}", f"say exactly what one {currency} is worth in {into}")


def _converted(amount: int, rates: Mapping[str, Decimal], of: str, into: str) -> int:
    if of == into:
        return amount
    return rounded((amount * rates[of]).scaleb(decimals(into) - decimals(of)))
