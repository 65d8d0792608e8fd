"""Ledger: the cost lines of one order, booked in the order in which its facts happened."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from attrs import define, field

from aftersale.base.translations import core_text as text
from aftersale.cases.facts import Fact
from aftersale.channels import FULFILLED_BY_MARKETPLACE, WORD_OF
from aftersale.clocks import Instant
from aftersale.costs.parameters import Parameters
from aftersale.engine.replays import Step
from aftersale.engine.return_terms import fault
from aftersale.orders import Order
from aftersale.policies.policy import Policy, Terms
from aftersale.rules import Rule

LINES = (
    "goods_refunded",
    "partial_refund",
    "goods_returned",
    "loss_of_value",
    "renewed_recovery",
    "restocking_fee",
    "return_label",
    "return_shipping",
    "repackaging",
    "refund_administration_fee",
    "returns_processing_fee",
    "claim",
    "chargeback",
    "replacement",
    "safe_t_recovered",
    "reimbursement_recovered",
    "labour",
)
"""The lines of the costs of after-sales, in the order in which they are shown."""
REFUNDS = ("goods_refunded", "partial_refund")
GIVEN_BACK = (*REFUNDS, "claim", "chargeback")
"""The lines by which a buyer gets money back."""
GIVING_BACK = (
    "refunded",
    "returnless_refund",
    "marketplace_refunded",
    "refunded_at_first_scan",
    "claim_granted",
    "claim_refunded",
    "chargeback_lost",
)
"""The facts by which a buyer gets money back."""


class CostLine(NamedTuple):
    """One amount that a case cost, below zero for what came back.

    `amount` counts minor units of `currency`. `product` is the order's, its dearest line's, or else its category;
    `fulfilment` is the word of the marketplace's channel for what the marketplace ships, else the seller's. `estimated`
    says that no fact has the amount; `basis` is what it rests on: facts by kind, parameters by name, rules in words.
    """

    line: str
    case: str
    order: str
    product: str
    marketplace: str
    fulfilment: str
    at: Instant
    amount: int
    currency: str
    estimated: bool
    basis: tuple[str, ...]


@define(eq=False)
class CostLedger:
    """The costs of the cases of one order so far, and the facts of each case so far.

    `steps` are all steps of the order, later ones too, and `place` is the one that is being booked; `high_return` are
    the products that the marketplace counts among those that come back unusually often.
    """

    order: Order
    policy: Policy
    parameters: Parameters
    steps: Sequence[Step]
    high_return: Collection[str] = ()
    place: int = 0
    lines: list[CostLine] = field(factory=list, init=False)
    facts: dict[str, list[Fact]] = field(factory=dict, init=False)

    @property
    def product(self) -> str:
        """The product that bears the costs: the dearest line where there are several."""
        dearest = max(self.order.lines, key=lambda line: line.price, default=None)
        return self.order.product or (dearest.sku if dearest else self.order.category)

    @property
    def by_marketplace(self) -> bool:
        """Whether the marketplace ships the order and takes it back."""
        return self.order.channel in FULFILLED_BY_MARKETPLACE

    def terms(self, fact: Fact) -> Terms:
        """Return the terms in force when a fact happens."""
        return self.policy.at(fact.occurred_at)

    def told(self, line: str, fact: Fact, amount: int, by: str = "") -> None:
        """Book the amount of a fact, this one or one of the kind `by`."""
        self._book(line, fact, amount, self.order.currency, False, (text("costs.told", fact=by or fact.kind),))

    def estimated(self, line: str, fact: Fact, amount: int, *basis: str, currency: str = "") -> None:
        """Book an estimated amount, with the parameters and rules that it rests on."""
        self._book(line, fact, amount, currency or self.order.currency, True, basis)

    def _book(self, line: str, fact: Fact, amount: int, currency: str, estimated: bool, basis: tuple[str, ...]) -> None:
        if not amount:
            return
        order = self.order
        fulfilment = WORD_OF["marketplace" if self.by_marketplace else "seller"]
        where = (fact.case, order.id, self.product, order.marketplace, fulfilment)
        self.lines.append(CostLine(line, *where, fact.occurred_at, amount, currency, estimated, basis))

    def share(self, name: str, of: int) -> int:
        """Return the share of an amount that a parameter sets."""
        return part(of, self.parameters.value(name))

    def booked(self, *lines: str, case: str | None = None) -> int:
        """Return the sum booked on some lines so far, in the order's currency, on all its cases or on one."""
        return sum(
            line.amount
            for line in self.lines
            if line.line in lines and line.currency == self.order.currency and case in (None, line.case)
        )

    def owed(self, case: str) -> int:
        """Return how much of the price the buyer has not got back yet: more is never estimated.

        What later facts tell of the same case is left to them.
        """
        return max(0, self.order.price - self.booked(*GIVEN_BACK) - self.told_later(case, *GIVING_BACK))

    def told_later(self, case: str, *kinds: str) -> int:
        """Return the sum of what facts of these kinds tell of a case after the step that is being booked."""
        later = (step.fact for step in self.steps[self.place + 1 :] if not step.outcome.confirms)
        return sum(fact.amount or 0 for fact in later if fact.case == case and fact.kind in kinds)

    def happened(self, case: str, *kinds: str) -> Fact | None:
        """Return the last fact of these kinds on a case so far."""
        return next((fact for fact in reversed(self.facts.get(case, [])) if fact.kind in kinds), None)

    def reason(self, case: str) -> str:
        """Return the reason code with which a case was opened."""
        return next((fact.detail for fact in self.facts.get(case, [])[:1]), "")

    def fault(self, fact: Fact) -> Rule | None:
        """Return the rule that says who pays for the return, by the reason that the case was opened with."""
        opened = self.facts[fact.case][0]
        return fault(self.terms(opened), self.order, opened.detail)

    def buyer_pays(self, fact: Fact) -> bool:
        """Whether the buyer is at fault; the seller is where no rule says so."""
        rule = self.fault(fact)
        return rule is not None and rule.word == "buyer"


def part(of: int, share: Decimal) -> int:
    """Return a share of an amount in whole minor units, halves rounded away from zero."""
    return rounded(of * share)


def rounded(amount: Decimal) -> int:
    """Return an amount of minor units as a whole number of them, halves away from zero."""
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))
