"""Account: sales and after-sales in one currency, as a record and as a sentence."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import NotRequired, TypedDict

from aftersale.base.tables import Table
from aftersale.base.translations import core_text as text
from aftersale.costs.account import Account, Sold, accounts_of, missing, together
from aftersale.costs.ledger import CostLine, line_place
from aftersale.views.money.assumptions import money_text


class AccountRecord(TypedDict):
    """What the orders of a period brought and what its cases cost, in one currency; money is exact, as text.

    `orders` counts those of the journal that were bought in the period and not cancelled. Lines add up to groups,
    groups to `total_cost`; `contribution` is the revenue less the four others. `marketplaces` has the same for each.
    """

    currency: str
    orders: int
    revenue: str
    selling_fees: str
    landed_cost: str
    outbound_cost: str
    total_cost: str
    contribution: str
    groups: dict[str, str]
    lines: dict[str, str]
    marketplaces: NotRequired[dict[str, AccountRecord]]


def in_one_currency(
    lines: Iterable[CostLine], sold: Mapping[str, Sold], into: str | None, rates: Mapping[str, Decimal]
) -> str | None:
    """Return the currency that all can be told in: the one asked for, or the only one; None where a rate is missing."""
    sales = {currency for each in sold.values() if each.orders for _, currency in each.sale}
    currencies = sales | {line.currency for line in lines}
    if into is not None:
        return None if missing(currencies, into, rates) else into
    return next(iter(currencies)) if len(currencies) == 1 else None


def account_record(
    lines: Collection[CostLine], sold: Mapping[str, Sold], into: str, rates: Mapping[str, Decimal]
) -> AccountRecord:
    """Return the account of some lines of costs and of what orders brought."""
    accounts = accounts_of(lines, sold, into, rates)
    whole = _record(together(accounts.values(), into), sum(each.orders for each in sold.values()))
    whole["marketplaces"] = {
        name: _record(account, sold[name].orders if name in sold else 0) for name, account in accounts.items()
    }
    return whole


def _record(account: Account, orders: int) -> AccountRecord:
    def told(amount: int) -> str:
        return money_text(amount, account.currency)

    return AccountRecord(
        currency=account.currency,
        orders=orders,
        revenue=told(account.sale.get("revenue", 0)),
        selling_fees=told(account.sale.get("selling_fees", 0)),
        landed_cost=told(account.sale.get("landed_cost", 0)),
        outbound_cost=told(account.sale.get("outbound_cost", 0)),
        total_cost=told(account.total_cost),
        contribution=told(account.contribution),
        groups={group: told(amount) for group, amount in account.by_group().items()},
        lines={line: told(account.lines[line]) for line in sorted(account.lines, key=line_place)},
    )


def account_lines(account: AccountRecord | None) -> list[Table | str]:
    """Return the account as a sentence; nothing where no order was sold."""
    if account is None or not account["orders"]:
        return []
    figures = {name: account[name] for name in ("revenue", "selling_fees", "landed_cost", "outbound_cost")}
    whole = {name: account[name] for name in ("currency", "total_cost", "contribution")}
    return ["", text("costs.account", orders=account["orders"], **figures, **whole)]
