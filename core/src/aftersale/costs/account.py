"""Account: what the sales and the cases of a marketplace came to, in one currency.

Total cost is what the lines of costs add up to; contribution is what is left of the revenue after the marketplace's
fees, the goods, the parcels out and the total cost. Every figure counts whole minor units, so that lines add up to
groups, groups to the total, and marketplaces to the whole.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

import numpy as np
from attrs import frozen

from aftersale.clocks import Instant
from aftersale.costs.ledger import CostLine
from aftersale.costs.period import ALWAYS, Period
from aftersale.costs.totals import converted
from aftersale.engine.docket import Docket
from aftersale.order_columns import Orders
from aftersale.policies.cost_kinds import GROUPS
from aftersale.policies.policy import Policies
from aftersale.worth.parameters import Parameters
from aftersale.worth.sales import sales

Sums = Mapping[tuple[str, str], int]
"""Minor units by what they are for and by their currency."""
CANCELLED_BY = "order_cancelled"
"""The fact by which a case says that its order was cancelled."""
SALE = ("revenue", "selling_fees", "landed_cost", "outbound_cost")
"""What sales come to: the first comes in, the others are what they cost."""


@frozen
class Account:
    """Minor units of one `currency`: of `sale` by the names of SALE, of each line of costs, which `groups` sorts."""

    currency: str
    sale: Mapping[str, int]
    lines: Mapping[str, int]
    groups: Mapping[str, str]

    def by_group(self) -> dict[str, int]:
        """Return what each group of GROUPS comes to, 0 where none of its lines does."""
        sums = dict.fromkeys(GROUPS, 0)
        for line, amount in self.lines.items():
            group = self.groups[line]
            if group in sums:
                sums[group] += amount
        return sums

    @property
    def total_cost(self) -> int:
        """What after-sales costs: how much worse off the cases left the seller than sales that had stood."""
        return sum(self.lines.values())

    @property
    def contribution(self) -> int:
        """What is left of the revenue."""
        revenue, *spent = (self.sale.get(name, 0) for name in SALE)
        return revenue - sum(spent) - self.total_cost


class Sold(NamedTuple):
    """How many orders were bought and not cancelled, and what they bring: minor units by what for, and currency."""

    orders: int
    sale: Sums


def account(
    sale: Sums, lines: Sums, groups: Mapping[str, str], into: str, rates: Mapping[str, Decimal] | None = None
) -> Account:
    """Return one marketplace's sums as an account in the currency `into`.

    `rates` has what one unit of each other currency is worth in that one: see `missing`. Each sum is converted once,
    halves rounded away from zero. Raises MoneyError for a rate that is missing or not above zero.
    """
    return Account(into, _in_one(sale, into, rates or {}), _in_one(lines, into, rates or {}), groups)


def _in_one(sums: Sums, into: str, rates: Mapping[str, Decimal]) -> dict[str, int]:
    one: dict[str, int] = {}
    for (name, currency), amount in sums.items():
        one[name] = one.get(name, 0) + converted(amount, currency, into, rates)
    return one


def accounts_of(
    lines: Iterable[CostLine], sold: Mapping[str, Sold], into: str, rates: Mapping[str, Decimal]
) -> dict[str, Account]:
    """Return by marketplace the account of some lines of costs, and of what its orders brought."""
    sums: dict[str, dict[tuple[str, str], int]] = {name: {} for name in sold}
    groups: dict[str, str] = {}
    for line in lines:
        of_place, key = sums.setdefault(line.marketplace, {}), (line.line, line.currency)
        of_place[key] = of_place.get(key, 0) + line.amount
        groups[line.line] = line.group
    return {
        name: account(sold[name].sale if name in sold and sold[name].orders else {}, of_place, groups, into, rates)
        for name, of_place in sums.items()
    }


def together(accounts: Iterable[Account], into: str) -> Account:
    """Return what several accounts in one currency come to; of none, an account of nothing."""
    sale, lines, groups = dict.fromkeys(SALE, 0), dict[str, int](), dict[str, str]()
    for each in accounts:
        for name, amount in each.sale.items():
            sale[name] = sale.get(name, 0) + amount
        for line, amount in each.lines.items():
            lines[line] = lines.get(line, 0) + amount
        groups |= each.groups
    return Account(into, sale, lines, groups)


def sold(
    orders: Orders,
    docket: Docket,
    policies: Policies,
    parameters: Parameters,
    period: Period = ALWAYS,
    until: Instant | None = None,
) -> dict[str, Sold]:
    """Return by marketplace what the orders bring that were bought in a period, on its local days, up to an instant.

    Orders that a case says were cancelled bring nothing, as those of which the orders themselves say so.
    """
    gone = {
        dossier.order.id
        for dossier in docket.dossiers.values()
        if any(fact.kind == CANCELLED_BY for fact in dossier.facts)
    }
    found = {}
    for code, name in enumerate(orders.marketplaces):
        policy = policies.get(name)
        if policy is None:
            continue
        begin, end = period.bounds(policy.marketplace.zone)
        at = orders.purchased_at
        last = end if until is None else min(end, until + 1)
        rows = np.flatnonzero((orders.marketplace == code) & (at >= begin) & (at < last))
        own = orders.chosen(rows)
        cancelled = np.array([name in gone for name in own.ids], bool)
        brought, currency = sales(own, policy, parameters, cancelled, until), orders.currencies[code]
        found[name] = Sold(int(brought.placed.sum()), {(each, currency): int(brought.of(each).sum()) for each in SALE})
    return found


def missing(currencies: Collection[str], into: str, rates: Mapping[str, Decimal]) -> tuple[str, ...]:
    """Return the currencies of which nobody says what one unit is worth, sorted."""
    return tuple(sorted(set(currencies) - rates.keys() - {into}))
