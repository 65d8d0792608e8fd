"""Refunds: what buyers get back from the seller, by a claim or through their bank, and what is reversed of it."""

from __future__ import annotations

from aftersale.base.money import decimals, rounded
from aftersale.base.translations import core_text as text
from aftersale.cases.facts import Fact
from aftersale.costs.ledger import REFUNDS, CostLedger
from aftersale.costs.refund_fees import book_cancellation, book_fees
from aftersale.engine.moves import Moved
from aftersale.worth.fees import capped


def refund(ledger: CostLedger, step: Moved) -> None:
    """Book a refund: the fact's amount, the accepted offer, or what is left of the price; then the marketplace's fee.

    An amount below the price is a partial refund, and so is what was offered to a buyer who keeps the goods.
    """
    fact = step.fact
    before = ledger.booked(*REFUNDS)
    if fact.amount is not None:
        whole = fact.amount >= ledger.order.price and not _has_accepted_offer(ledger, fact)
        ledger.told("goods_refunded" if whole else "partial_refund", fact, fact.amount)
    elif not (_has_accepted_offer(ledger, fact) and _book_offer(ledger, fact)):
        ledger.estimated("goods_refunded", fact, ledger.owed(fact.case), text("costs.price"))
    book_fees(ledger, fact, "goods_refunded", ledger.booked(*REFUNDS) - before)


def order_cancelled(ledger: CostLedger, step: Moved) -> None:
    """Book the fee on a cancelled order; of one that the marketplace was to send, nothing."""
    if not ledger.by_marketplace:
        book_cancellation(ledger, step.fact)


def refund_without_asking(ledger: CostLedger, step: Moved) -> None:
    """Book the refund of a return that was refunded on request, without the goods."""
    if step.state == "refunded":
        refund(ledger, step)


def _has_accepted_offer(ledger: CostLedger, fact: Fact) -> bool:
    return ledger.happened(fact.case, "offer_accepted") is not None


def _book_offer(ledger: CostLedger, fact: Fact) -> bool:
    """Book what other refunds of the case leave of its accepted offer; False where that has been refunded already."""
    offer = ledger.happened(fact.case, "partial_refund_offered")
    before, later = ledger.booked(*REFUNDS, case=fact.case), ledger.told_later(fact.case, *ledger.giving_back)
    if offer is not None and offer.amount is not None:
        if before < offer.amount:
            ledger.told("partial_refund", fact, max(0, offer.amount - before - later), by=offer.kind)
        return before < offer.amount
    about = {"reason": ledger.reason(fact.case)}
    terms, order = ledger.terms(offer or fact), ledger.order
    rule = terms.preferred("partial_refund_offer", order, about)
    if rule is not None and rule.share is not None:
        amount, basis = capped(rule, order.price, order.currency), rule.told
    else:
        amount, basis = ledger.share("partial_refund_share", order.price), "partial_refund_share"
    if before < amount:
        left = max(0, amount - before - later)
        ledger.estimated("partial_refund", fact, min(left, ledger.owed(fact.case)), basis)
    return before < amount or (not amount and ledger.happened(fact.case, "refunded") is None)


def claim(ledger: CostLedger, step: Moved) -> None:
    """Book a claim that is granted at the seller's cost; a claim granted unheard has only the fact that filed it."""
    borne = step.state == "with_marketplace" and step.fact.amount is None
    if not borne and (step.before or step.state in ("granted", "granted_without_defect")):
        _book_amount(ledger, "claim", step.fact)


def claim_decided_otherwise(ledger: CostLedger, step: Moved) -> None:
    """Take back what a claim was estimated to cost that had been granted by rule: what was told has left all the same.

    A claim that was never granted has cost nothing.
    """
    if step.before in ("granted", "granted_without_defect", "lost"):
        case = step.fact.case
        taken = sum(line.amount for line in ledger.estimates("claim", case))
        most = max(0, min(taken, ledger.booked("claim", case=case)))
        ledger.estimated("claim", step.fact, -most, text("costs.taken_back"))
        book_fees(ledger, step.fact, "claim", -most)


def claim_refunded(ledger: CostLedger, step: Moved) -> None:
    """Book what the seller refunded after a claim was filed."""
    _book_amount(ledger, "claim", step.fact)


def chargeback(ledger: CostLedger, step: Moved) -> None:
    """Book a chargeback that is lost; of one that the marketplace bears, only what is told."""
    if step.state != "borne_by_marketplace" or step.fact.amount is not None:
        _book_amount(ledger, "chargeback", step.fact)
    if step.state != "borne_by_marketplace":
        fee, currency = ledger.parameters.money("chargeback_fee")
        minor = rounded(fee.scaleb(decimals(currency)))
        ledger.estimated("chargeback_fee", step.fact, minor, "chargeback_fee", currency=currency)


def _book_amount(ledger: CostLedger, line: str, fact: Fact) -> None:
    """Book what the buyer gets by a claim or a chargeback, with the fees on it."""
    before = ledger.booked(line)
    if fact.amount is not None:
        ledger.told(line, fact, fact.amount)
    else:
        ledger.estimated(line, fact, ledger.owed(fact.case), text("costs.price"))
    book_fees(ledger, fact, line, ledger.booked(line) - before)


def claim_reversed(ledger: CostLedger, step: Moved) -> None:
    """Book the money of a claim that the seller gets back."""
    _book_reversal(ledger, "claim", step.fact, "money_reversed", "appeal_granted")


def chargeback_reversed(ledger: CostLedger, step: Moved) -> None:
    """Book the money of a lost chargeback that the seller gets back."""
    _book_reversal(ledger, "chargeback", step.fact, "chargeback_reversed")


def _book_reversal(ledger: CostLedger, line: str, fact: Fact, *kinds: str) -> None:
    """Book what comes back of a cost: at most what the case has cost on that line, for nothing else was paid."""
    most = max(0, ledger.booked(line, case=fact.case))
    if fact.amount is not None:
        ledger.told(line, fact, -min(fact.amount, most))
    else:
        ledger.estimated(line, fact, min(0, ledger.told_later(fact.case, *kinds) - most), text("costs.taken_back"))
    book_fees(ledger, fact, line, ledger.booked(line, case=fact.case) - most)
