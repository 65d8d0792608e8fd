"""Refund fees: what the marketplace gives back of its referral fee when a buyer gets money back, and what it keeps."""

from __future__ import annotations

from decimal import Decimal

from aftersale.base.money import rounded
from aftersale.base.translations import core_text as text
from aftersale.cases.facts import Fact
from aftersale.costs.ledger import REFUNDS, CostLedger

AFTER: dict[str, str] = {"claim": "fee_returned_after_claim", "chargeback": "fee_returned_after_chargeback"}
"""The parameter that says how much of the fee comes back, for the lines by which it may not."""
RETURNED, KEPT = "referral_fee_returned", "refund_administration_fee"


def book_fees(ledger: CostLedger, fact: Fact, line: str, moved: int) -> None:
    """Book the fees on money that just moved on a line: back to the buyer, or, below zero, back to the seller.

    The referral fee comes back in the proportion in which the price does, and is charged again on what the seller gets
    back. The marketplace keeps its administration fee of what comes back to it, until the seller gets all of it again.
    """
    _book_returned(ledger, fact)
    name = AFTER.get(line)
    if moved > 0:
        after = moved if name is None else rounded(moved * ledger.parameters.value(name))
        _book_kept(ledger, fact, after, *([name] if name else []))
    elif moved < 0:
        _take_back_kept(ledger, fact, line, moved)


def _book_returned(ledger: CostLedger, fact: Fact) -> None:
    """Bring what came back of the referral fee to where the money is that buyers have of the price by now."""
    price = ledger.order.price
    if price <= 0:
        return
    given, names = ledger.booked(*REFUNDS) + Decimal(0), []
    for line, name in AFTER.items():
        if amount := ledger.booked(line):
            given += amount * ledger.parameters.value(name)
            names.append(name)
    fee = ledger.fees(ledger.order.purchased_at).referral()
    returned = fee.amount if given >= price else rounded(fee.amount * given / price) if given > 0 else 0
    ledger.estimated(RETURNED, fact, -returned - ledger.booked(RETURNED), *fee.basis, *names)


def _book_kept(ledger: CostLedger, fact: Fact, refunded: int, *names: str) -> None:
    if (fee := ledger.fees(fact.occurred_at).refund_administration(refunded)) is not None:
        ledger.estimated(KEPT, fact, fee.amount, *fee.basis, *names)


def _take_back_kept(ledger: CostLedger, fact: Fact, line: str, moved: int) -> None:
    """Book what comes back of the administration fee with the money of a case, in the same proportion."""
    left, kept = ledger.booked(line, case=fact.case), ledger.booked(KEPT, case=fact.case)
    if kept:
        still = rounded(Decimal(1) * kept * max(0, left) / (left - moved))
        ledger.estimated(KEPT, fact, still - kept, text("costs.taken_back"))


def book_cancellation(ledger: CostLedger, fact: Fact) -> None:
    """Book the administration fee on an order that was paid and is cancelled before it left: all of it goes back."""
    _book_kept(ledger, fact, ledger.order.price)
