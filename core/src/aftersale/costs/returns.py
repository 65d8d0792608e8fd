"""Returns: the way back, the goods that come back, and what they have lost."""

from __future__ import annotations

from aftersale.base.translations import core_text as text
from aftersale.cases.facts import Fact
from aftersale.costs.ledger import CostLedger
from aftersale.engine import return_terms
from aftersale.engine.moves import Moved
from aftersale.worth.fees import capped
from aftersale.worth.goods import net
from aftersale.worth.parameters import GoodsGrade

UNDER_WAY = ("return_sent", "return_received", "refunded_at_first_scan")


def label(ledger: CostLedger, step: Moved) -> None:
    """Book a label with a price; a label without one is estimated when it is used."""
    if step.fact.amount is not None:
        ledger.told("return_label", step.fact, step.fact.amount)


def way_back(ledger: CostLedger, step: Moved) -> None:
    """Book the way back of what the seller shipped, once: the fact's amount, or an estimate unless the buyer pays."""
    fact = step.fact
    if ledger.by_marketplace or ledger.happened(fact.case, *UNDER_WAY):
        return
    if fact.kind == "return_sent" and fact.amount is not None:
        ledger.told("return_shipping", fact, fact.amount)
        return
    sent = ledger.happened(fact.case, "label_sent")
    if sent is not None and sent.amount is not None:
        return
    rule = ledger.fault(fact)
    if rule is not None and rule.word == "buyer":
        return
    reason = rule.told if rule is not None else text("costs.nobody_at_fault")
    line = "return_label" if sent is not None or _is_label_automatic(ledger, fact) else "return_shipping"
    name = f"{line}_share"
    ledger.estimated(line, fact, ledger.share(name, ledger.order.price), name, reason)


def _is_label_automatic(ledger: CostLedger, fact: Fact) -> bool:
    """Whether a prepaid label, which the seller pays, is sent automatically."""
    rule = return_terms.label(ledger.terms(fact), ledger.order)
    return rule is not None and rule.word == "automatic"


def received(ledger: CostLedger, step: Moved) -> None:
    """Book the way back if it is not booked yet, and what the marketplace charges for a return to it."""
    way_back(ledger, step)
    if not ledger.by_marketplace:
        return
    fees = ledger.fees(step.fact.occurred_at)
    if (fee := fees.returns_processing(often=ledger.product in ledger.high_return)) is not None:
        ledger.estimated("returns_processing_fee", step.fact, fee.amount, *fee.basis, currency=fee.currency)


def goods(ledger: CostLedger) -> None:
    """Book the goods of every case in which they came back: their worth, the loss, and the restocking fee.

    That is known only at the end: goods may be refunded before they are inspected.
    """
    for case in ledger.facts:
        inspection = ledger.happened(case, "return_inspected")
        receipt = ledger.happened(case, "return_received") or inspection  # what was inspected has come back
        if receipt is not None:
            _book_goods(ledger, receipt, inspection)


def _book_goods(ledger: CostLedger, receipt: Fact, inspection: Fact | None) -> None:
    grade = ledger.parameters.goods_grade(inspection.detail if inspection is not None else "")
    if grade.usable and not ledger.by_marketplace:
        ledger.estimated(
            "repackaging", receipt, ledger.share("repackaging_share", ledger.order.price), "repackaging_share"
        )
    _book_restocking_fee(ledger, receipt, grade)
    cost, basis = ledger.landed
    worth = min(cost, _went_out(ledger)) + ledger.booked("goods_returned")
    if worth <= 0:
        return
    ledger.estimated("goods_returned", receipt, -worth, *basis)
    _book_loss(ledger, worth, grade, receipt, inspection)


def _went_out(ledger: CostLedger) -> int:
    """Return what the buyer got for the goods, in money or a replacement, at most the price: they are worth no more.

    Both are without VAT, as the goods' cost is.
    """
    price, given = (
        net(amount, ledger.parameters, ledger.order.marketplace)
        for amount in (ledger.order.price, ledger.booked(*ledger.given_back))
    )
    return min(price, given + ledger.booked("replacement"))


def _book_loss(ledger: CostLedger, worth: int, grade: GoodsGrade, receipt: Fact, inspection: Fact | None) -> None:
    fact, name = inspection or receipt, ledger.parameters.loss(grade)
    if inspection is not None and inspection.amount is not None:
        lost = min(inspection.amount, worth)
        ledger.told("loss_of_value", inspection, lost)
    else:
        lost = ledger.share(name, worth)
        ledger.estimated("loss_of_value", fact, lost, name)
    if grade.usable:
        recovered = ledger.share("renewed_recovery_share", lost)
        ledger.estimated("renewed_recovery", fact, -recovered, "renewed_recovery_share")


def _book_restocking_fee(ledger: CostLedger, receipt: Fact, grade: GoodsGrade) -> None:
    """Book what is kept of an estimated refund; an amount that a fact has is already without it."""
    case = receipt.case
    refund = ledger.happened(case, "refunded")
    if refund is None or not ledger.terms(refund).rulebook.rules("restocking_fee"):
        return
    refund_line = next(iter(ledger.estimates("goods_refunded", case)), None)
    if refund_line is None:
        return
    request = ledger.facts[case][0]
    about = {"situation": ledger.situation(request, grade.situation), "reason": request.detail, "grade": grade.name}
    rule = return_terms.restocking_fee(ledger.terms(refund), ledger.order, about)
    if rule is None or rule.share is None:
        return
    allowed = capped(rule, refund_line.amount, ledger.order.currency)
    fee = ledger.share("restocking_kept_share", allowed)
    ledger.estimated("restocking_fee", refund, -fee, rule.told, "restocking_kept_share")
