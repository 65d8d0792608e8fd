"""Refunds: what buyers get back, by the seller, through a claim or their bank, and what is taken back of it."""

from __future__ import annotations

from decimal import Decimal

from aftersale.base.errors import MoneyError
from aftersale.base.money import decimals
from aftersale.base.translations import core_text as text
from aftersale.cases.facts import Fact
from aftersale.costs.ledger import REFUNDS, CostLedger, part, rounded
from aftersale.engine.dossiers import Step
from aftersale.rules import Rule


def refund(ledger: CostLedger, step: Step) -> None:
    """Book a refund: as told, as offered and accepted, or what is left of the price; then the marketplace's own fee.

    What is told to be less than the price is a partial refund, as is what was offered to a buyer who keeps the goods.
    """
    fact = step.fact
    before = ledger.booked(*REFUNDS)
    if fact.amount is not None:
        whole = fact.amount >= ledger.order.price and not _accepted(ledger, fact)
        ledger.told("goods_refunded" if whole else "partial_refund", fact, fact.amount)
    elif _accepted(ledger, fact):
        _as_offered(ledger, fact)
    else:
        ledger.estimated("goods_refunded", fact, ledger.owed(), text("costs.price"))
    _fee(ledger, fact, ledger.booked(*REFUNDS) - before)


def refund_without_asking(ledger: CostLedger, step: Step) -> None:
    """Book the refund of a return that was refunded the moment it was asked for, the goods staying with the buyer."""
    if step.outcome.case.state == "refunded":
        refund(ledger, step)


def _accepted(ledger: CostLedger, fact: Fact) -> bool:
    return ledger.happened(fact.case, "offer_accepted") is not None


def _as_offered(ledger: CostLedger, fact: Fact) -> None:
    offer = ledger.happened(fact.case, "partial_refund_offered")
    if offer is not None and offer.amount is not None:
        ledger.told("partial_refund", fact, offer.amount, by=offer.kind)
        return
    about = {"reason": ledger.reason(fact.case)}
    terms, order = ledger.terms(offer or fact), ledger.order
    rule = terms.preferred("partial_refund_offer", order, about)
    if rule is not None and rule.share is not None:
        amount, basis = capped(rule, order.price, order.currency), rule.told
    else:
        amount, basis = ledger.share("partial_refund_share", order.price), "partial_refund_share"
    ledger.estimated("partial_refund", fact, min(amount, ledger.owed()), basis)


def _fee(ledger: CostLedger, fact: Fact, refunded: int) -> None:
    """Book what the marketplace keeps of its own fee: a share of the referral fee, a sum at most."""
    rule = ledger.terms(fact).rulebook.rule("refund_administration_fee", ledger.order)
    if rule is None or rule.share is None or refunded <= 0:
        return
    share = rule.share * ledger.parameters.value("referral_fee_share")
    amount = capped(rule, refunded, ledger.order.currency, share)
    ledger.estimated("refund_administration_fee", fact, amount, rule.told, "referral_fee_share")


def capped(rule: Rule, of: int, currency: str, share: Decimal | None = None) -> int:
    """Return the share of an amount that a rule says, or the one given, and no more than the rule's own sum.

    Raises MoneyError when that sum is in another currency.
    """
    amount = part(of, rule.share if share is None and rule.share is not None else share or Decimal(0))
    most = limit(rule, currency)
    return amount if most is None else min(amount, most)


def limit(rule: Rule | None, currency: str) -> int | None:
    """Return the sum that a rule names, in minor units, or None; raises MoneyError when it is in another currency."""
    if rule is None or rule.money is None:
        return None
    if rule.currency != currency:
        what = f"the order is in {currency}, and {rule} in {rule.currency}"
        raise MoneyError(what, "give the rule a row in the order's currency")
    return rounded(rule.money.scaleb(decimals(currency)))


def claim(ledger: CostLedger, step: Step) -> None:
    """Book a claim that is granted at the seller's cost, of which one that is granted unheard tells no other fact."""
    fact = step.fact
    if step.outcome.case.state == "granted":
        _taken(ledger, "claim", fact)


def claim_refunded(ledger: CostLedger, step: Step) -> None:
    """Book what the seller refunded after a claim was filed, with the marketplace's fee for a refund."""
    before = ledger.booked("claim")
    _taken(ledger, "claim", step.fact)
    _fee(ledger, step.fact, ledger.booked("claim") - before)


def chargeback(ledger: CostLedger, step: Step) -> None:
    """Book a chargeback that is lost."""
    _taken(ledger, "chargeback", step.fact)


def _taken(ledger: CostLedger, line: str, fact: Fact) -> None:
    if fact.amount is not None:
        ledger.told(line, fact, fact.amount)
    else:
        ledger.estimated(line, fact, ledger.owed(), text("costs.price"))


def claim_reversed(ledger: CostLedger, step: Step) -> None:
    """Book the money of a claim that is given back to the seller."""
    _reversed(ledger, "claim", step.fact)


def chargeback_reversed(ledger: CostLedger, step: Step) -> None:
    """Book the money of a lost chargeback that is given back to the seller."""
    _reversed(ledger, "chargeback", step.fact)


def _reversed(ledger: CostLedger, line: str, fact: Fact) -> None:
    if fact.amount is not None:
        ledger.told(line, fact, -fact.amount)
    else:
        ledger.estimated(line, fact, -max(0, ledger.booked(line, case=fact.case)), text("costs.taken_back"))
