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
    share = ledger.parameters.value(name) if name else Decimal(1)
    if moved > 0:
        _book_kept(ledger, fact, rounded(moved * share), *([name] if name else []))
    elif moved < 0:
        _take_back_kept(ledger, fact, line, moved)


def _book_returned(ledger: CostLedger, fact: Fact) -> None:
    """Bring what came back of the referral fee to where the money is that buyers have of the price by now."""
    order = ledger.order
    if order.price <= 0:
        return
    shares = {line: ledger.parameters.value(name) for line, name in AFTER.items()}
    given = Decimal(ledger.booked(*REFUNDS)) + sum(ledger.booked(line) * share for line, share in shares.items())
    part = min(Decimal(1), max(Decimal(0), given / order.price))
    fee = ledger.fees(order.purchased_at).referral()
    returned = -rounded(fee.amount * part)
    names = [AFTER[line] for line in AFTER if ledger.booked(line)]
    ledger.estimated(RETURNED, fact, returned - ledger.booked(RETURNED), *fee.basis, *names)


def _book_kept(ledger: CostLedger, fact: Fact, refunded: int, *names: str) -> None:
    if (fee := ledger.fees(fact.occurred_at).refund_administration(refunded)) is not None:
        ledger.estimated(KEPT, fact, fee.amount, *fee.basis, *names)


def _take_back_kept(ledger: CostLedger, fact: Fact, line: str, moved: int) -> None:
    """Book what comes back of the administration fee with the money of a case, in the same proportion."""
    left, kept = ledger.booked(line, case=fact.case), ledger.booked(KEPT, case=fact.case)
    if kept:
        still = rounded(kept * Decimal(max(0, left)) / (left - moved))
        ledger.estimated(KEPT, fact, still - kept, text("costs.taken_back"))


def book_cancellation(ledger: CostLedger, fact: Fact) -> None:
    """Book the administration fee on an order that was paid and is cancelled before it left: all of it goes back."""
    _book_kept(ledger, fact, ledger.order.price)
