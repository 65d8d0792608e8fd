"""Fees: what a marketplace takes of one order, as a record and as a table."""

from __future__ import annotations

from typing import TypedDict

from aftersale.base.tables import Table, table
from aftersale.base.translations import core_text as text, headers_of
from aftersale.channels import FULFILLED_BY_MARKETPLACE
from aftersale.views.money.assumptions import Assumption, assumption_parts, assumptions_of, basis_of, money_text
from aftersale.worth.fees import Fee, Fees


class FeeRow(TypedDict):
    """One fee for an order, None where the marketplace has no such fee; money is exact, as text.

    `basis` are the rules in words and the parameters by name that it rests on.
    """

    name: str
    amount: str | None
    currency: str | None
    basis: list[str]


class OrderFees(TypedDict):
    """The fees for one order on a local day as JSON shows them."""

    marketplace: str
    on: str
    price: str
    currency: str
    category: str
    fees: list[FeeRow]
    assumptions: list[Assumption]
    without_effect: list[str]


def order_fees(fees: Fees, day: str, refunded: int | None = None, often: bool = False, size: str = "") -> OrderFees:
    """Return the fees for an order on a local day, and those for a refund of so many minor units.

    `often` says that the product comes back unusually often, `size` which of the marketplace's sizes a unit has.
    """
    order = fees.order
    found: dict[str, Fee | None] = {
        "referral_fee": fees.referral(),
        "closing_fee": fees.closing(),
        "digital_services_fee": fees.digital_services(),
        "refund_administration_fee": fees.refund_administration(order.price if refunded is None else refunded),
        "returns_processing_fee": fees.returns_processing(often, size)
        if order.channel in FULFILLED_BY_MARKETPLACE
        else None,
    }
    charged = [fee for fee in found.values() if fee is not None]
    idle = sorted(fees.parameters.own - basis_of(charged))
    return OrderFees(
        marketplace=order.marketplace,
        on=day,
        price=money_text(order.price, order.currency),
        currency=order.currency,
        category=order.category,
        fees=[_fee_row(name, fee) for name, fee in found.items()],
        assumptions=assumptions_of(charged, fees.parameters),
        without_effect=[text("costs.idle_fee_number", names=", ".join(idle))] if idle else [],
    )


def _fee_row(name: str, fee: Fee | None) -> FeeRow:
    if fee is None:
        return FeeRow(name=name, amount=None, currency=None, basis=[])
    return FeeRow(name=name, amount=money_text(fee.amount, fee.currency), currency=fee.currency, basis=list(fee.basis))


def fee_listing(record: OrderFees) -> list[Table | str]:
    """Return the fees for an order as tables: each with what it rests on, and the parameters among that."""
    title = text(
        "costs.fees_title",
        marketplace=record["marketplace"],
        day=record["on"],
        price=record["price"],
        currency=record["currency"],
        category=record["category"] or "–",
    )
    rows = [
        (
            row["name"],
            row["amount"] or "–",
            row["currency"] or "",
            "; ".join(row["basis"]).replace("|", " | ") or text("costs.no_fee"),
        )
        for row in record["fees"]
    ]
    headers = headers_of("costs", "fee", "amount", "currency", "basis")
    parts: list[Table | str] = [title, "", table(headers, rows, headers[1:2])]
    return [*parts, *assumption_parts(record["assumptions"]), *record["without_effect"]]
