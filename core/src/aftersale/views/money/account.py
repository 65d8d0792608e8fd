"""Account: sales and after-sales in one currency, as a record and as a sentence."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import NotRequired, TypedDict

from aftersale.base.tables import Table
from aftersale.base.translations import core_text as text
from aftersale.costs.account import Account, Sold, accounts_of, missing, together
from aftersale.costs.ledger import CostLine, line_place
from aftersale.views.money.assumptions import money_text

LABOUR = "labour"
"""The group of which nothing is known where no wage is told."""


class AccountRecord(TypedDict):
    """What the orders of a period brought and what its cases cost, in one currency; money is exact, as text.

    `orders` counts those of the journal that were bought in the period and not cancelled. Lines add up to groups,
    groups to `total_cost`; `contribution` is the revenue less the four others. `marketplaces` has the same for each.
    Where tasks were done and no wage is told, labour is None, and in no sum.
    """

    currency: str
    orders: int
    revenue: str
    selling_fees: str
    landed_cost: str
    outbound_cost: str
    total_cost: str
    contribution: str
    groups: dict[str, str | None]
    lines: dict[str, str]
    marketplaces: NotRequired[dict[str, AccountRecord]]


def in_one_currency(
    lines: Iterable[CostLine], sold: Mapping[str, Sold], into: str | None, rates: Mapping[str, Decimal]
) -> str | None:
    """Return the currency that all can be told in: the one asked for, or the only one; None where a rate is missing."""
    currencies = currencies_of(lines, sold)
    if into is not None:
        return None if missing(currencies, into, rates) else into
    return currencies[0] if len(currencies) == 1 else None


def currencies_of(lines: Iterable[CostLine], sold: Mapping[str, Sold]) -> list[str]:
    """Return the currencies of costs and of orders that were sold, sorted."""
    sales = {currency for each in sold.values() if each.orders for _, currency in each.sale}
    return sorted(sales | {line.currency for line in lines})


def account_record(
    lines: Collection[CostLine],
    sold: Mapping[str, Sold],
    into: str,
    rates: Mapping[str, Decimal],
    is_labour_known: bool = True,
) -> AccountRecord:
    """Return the account of some lines of costs and of what orders brought."""
    accounts = accounts_of(lines, sold, into, rates)
    orders = sum(each.orders for each in sold.values())
    whole = _record(together(accounts.values(), into), orders, is_labour_known)
    whole["marketplaces"] = {
        name: _record(account, sold[name].orders if name in sold else 0, is_labour_known)
        for name, account in accounts.items()
    }
    return whole


def _record(account: Account, orders: int, is_labour_known: bool) -> AccountRecord:
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
        groups={
            group: told(amount) if is_labour_known or group != LABOUR else None
            for group, amount in account.by_group().items()
        },
        lines={line: told(account.lines[line]) for line in sorted(account.lines, key=line_place)},
    )


def account_lines(account: AccountRecord | None, unrated: Sequence[str] = ()) -> list[Table | str]:
    """Return the account as a sentence, or why there is none; nothing where no order was sold.

    Without one the currencies `unrated` cannot be added up.
    """
    if account is None:
        return ["", text("costs.no_account", currencies=", ".join(unrated))] if len(unrated) > 1 else []
    if not account["orders"]:
        return []
    figures = {name: account[name] for name in ("revenue", "selling_fees", "landed_cost", "outbound_cost")}
    whole = {name: account[name] for name in ("currency", "total_cost", "contribution")}
    key = "costs.account" if account["groups"][LABOUR] is not None else "costs.account_without_labour"
    return ["", text(key, orders=account["orders"], **figures, **whole)]
