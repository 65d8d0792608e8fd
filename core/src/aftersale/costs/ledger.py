"""Ledger: the cost lines of one order, booked in the order in which its facts happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from aftersale.base.translations import core_text as text
from aftersale.cases.facts import Fact
from aftersale.cases.money import GIVING_BACK, TAKING_BACK
from aftersale.channels import FULFILLED_BY_MARKETPLACE, WORD_OF
from aftersale.clocks import Instant
from aftersale.engine.moves import Moved
from aftersale.engine.return_terms import fault, situation
from aftersale.orders import Order
from aftersale.policies.cost_kinds import default_cost_kinds
from aftersale.policies.policy import Policy, Terms
from aftersale.rules import Rule, Rulebook
from aftersale.worth.fees import Fees
from aftersale.worth.goods import landed_cost
from aftersale.worth.parameters import Parameters

LINES = tuple(default_cost_kinds())
"""The lines that core books, in the order in which they are shown; those of plugins come after them, by name."""
REFUNDS = tuple(kind.name for kind in default_cost_kinds().values() if kind.group == "refunds")
GIVEN_BACK = tuple(kind.name for kind in default_cost_kinds().values() if kind.gives_back)
"""Core's lines by which a buyer gets money back."""


class CostLine(NamedTuple):
    """One amount that a case cost, below zero for what came back.

    `amount` counts minor units of `currency`. `product` is the order's, its dearest line's, or else its category;
    `fulfilment` is the word of the marketplace's channel for what the marketplace ships, else the seller's. `estimated`
    says that no fact has the amount; `basis` is what it rests on: facts by kind, parameters by name, rules in words.
    `group` is what the line belongs to, such as `refunds`.
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
    group: str


class Unpaid(NamedTuple):
    """A task that was done on a case, of a kind, and that no wage prices."""

    case: str
    task: str


def line_place(line: str) -> tuple[int, str]:
    """Return where a line is shown among all: core's in their order, then those of plugins by name."""
    return _PLACES.get(line, len(_PLACES)), line


_new = tuple.__new__
_PLACES = {line: place for place, line in enumerate(LINES)}
_GROUPS: dict[str, str] = {kind.name: kind.group for kind in default_cost_kinds().values()}


def product_of(order: Order) -> str:
    """Return the product that bears the costs of an order: its own, its dearest line's, or else its category."""
    if not order.lines:
        return order.product or order.category
    dearest = max(order.lines, key=lambda line: line.price, default=None)
    return order.product or (dearest.sku if dearest else order.category)


def fulfilment_of(order: Order) -> str:
    """Return the word of the channel of the marketplace for what it ships, else the seller's."""
    return WORD_OF["marketplace" if order.channel in FULFILLED_BY_MARKETPLACE else "seller"]


class CostLedger:
    """The costs of the cases of one order so far, and the facts of each case so far.

    `steps` are all steps of the order, later ones too, and `confirmed` has the facts that tell what some of them
    derived, by their places; `high_return` are the products that the marketplace counts among those that come back
    unusually often. `unpaid` are the tasks that were done and that no wage prices. `by_marketplace` says whether the
    marketplace ships the order and takes it back; `product` is the one that bears the costs, the dearest line where
    there are several.
    """

    __slots__ = (
        "_faults",
        "_fees",
        "_fulfilment",
        "_last",
        "_place",
        "_sums",
        "_tells",
        "_to_come",
        "_told",
        "_whole",
        "by_marketplace",
        "confirmed",
        "facts",
        "given_back",
        "giving_back",
        "high_return",
        "lines",
        "order",
        "parameters",
        "policy",
        "product",
        "steps",
        "unpaid",
    )

    def __init__(
        self,
        order: Order,
        policy: Policy,
        parameters: Parameters,
        steps: Sequence[Moved],
        confirmed: Mapping[int, Fact] | None = None,
        high_return: Collection[str] = (),
        telling: bool = True,
    ) -> None:
        """Begin with nothing booked, and add up what all facts tell; not `telling`, none of them has an amount."""
        self.order, self.policy, self.parameters = order, policy, parameters
        self.steps, self.confirmed, self.high_return = steps, confirmed or {}, high_return
        self.by_marketplace = order.channel in FULFILLED_BY_MARKETPLACE
        self.product = product_of(order)
        own = policy.costs
        self.giving_back = (*GIVING_BACK, *own.giving_back) if own.kinds else GIVING_BACK
        self.given_back = (*GIVEN_BACK, *own.given_back) if own.kinds else GIVEN_BACK
        self.lines: list[CostLine] = []
        self.facts: dict[str, list[Fact]] = {}
        self.unpaid: list[Unpaid] = []
        self._fulfilment = fulfilment_of(order)
        self._fees: list[tuple[Rulebook, Fees]] = []
        self._last: dict[str, dict[str, tuple[int, Fact]]] = {}
        self._whole: dict[str, int] = {}
        self._sums: dict[str | None, dict[str, int]] = {None: self._whole}
        self._faults: dict[str, Rule | None] = {}
        self._told: dict[str, Counter[str]] = {}
        self._to_come = 0
        self._place = -1
        self._tells = telling
        if self._tells:
            for place in range(len(steps)):
                self._count_told(place, 1)

    def begin(self, place: int) -> Moved:
        """Return a step to be booked, in turn: what it tells itself is no longer told later.

        Of a step that the engine derived the fact that tells of it, where that has an amount.
        """
        self._place = place
        step = self.steps[place]
        if not self._tells:
            return step
        self._count_told(place, -1)
        fact = self.confirmed.get(place)
        return step if fact is None or fact.amount is None else step._replace(fact=fact)

    def end(self, fact: Fact) -> None:
        """Note a fact that has been booked."""
        case = fact.case
        facts = self.facts.get(case)
        if facts is None:
            facts = self.facts[case] = []
            self._last[case] = {}
        self._last[case][fact.kind] = len(facts), fact
        facts.append(fact)

    def of_kind(self, kind: str) -> tuple[list[Fact], int]:
        """Return all facts of a kind, later ones too, and how many of them have been booked or are just being booked.

        They are the order's, in the order in which they happened.
        """
        places = [place for place, step in enumerate(self.steps) if step.fact.kind == kind]
        return [self.steps[place].fact for place in places], sum(place <= self._place for place in places)

    def _count_told(self, place: int, times: int) -> None:
        step = self.steps[place]
        fact = self.confirmed.get(place, step.fact)
        if fact.amount and not step.confirms:
            self._to_come -= self._net_later(fact.case)
            self._told.setdefault(fact.case, Counter())[step.fact.kind] += times * fact.amount
            self._to_come += self._net_later(fact.case)

    def _net_later(self, case: str) -> int:
        """Return what later facts tell that the buyer gets back by a case and keeps."""
        taken = self.told_later(case, *TAKING_BACK, *self.policy.costs.taking_back)
        return max(0, self.told_later(case, *self.giving_back) - taken)

    def terms_at(self, at: Instant) -> Terms:
        """Return the terms in force at an instant: all that the ledger asks of one."""
        return self.policy.at(at)

    def terms(self, fact: Fact) -> Terms:
        """Return the terms in force when a fact happens."""
        return self.terms_at(fact.occurred_at)

    def situation(self, request: Fact, after_inspection: str) -> str:
        """Return the situation that decides the restocking fee of a return."""
        return situation(self.terms(request), self.order, request, after_inspection)

    def fees(self, at: Instant) -> Fees:
        """Return the fees for the order by the rules of an instant."""
        book = self.terms_at(at).rulebook
        for known, fees in self._fees:
            if known is book:
                return fees
        fees = Fees(book, self.order, self.parameters)
        self._fees.append((book, fees))
        return fees

    def told(self, line: str, fact: Fact, amount: int, by: str = "") -> None:
        """Book the amount of a fact, this one or one of the kind `by`."""
        self._book(line, fact, amount, self.order.currency, False, (text("costs.told", fact=by or fact.kind),))

    def estimated(self, line: str, fact: Fact, amount: int, *basis: str, currency: str = "") -> None:
        """Book an estimated amount, with the parameters and rules that it rests on."""
        self._book(line, fact, amount, currency or self.order.currency, True, basis)

    def _book(self, line: str, fact: Fact, amount: int, currency: str, estimated: bool, basis: tuple[str, ...]) -> None:
        if not amount:
            return
        order, case = self.order, fact.case
        # Spelled out: a named tuple's own constructor takes twice the time, and a run books many thousands.
        self.lines.append(
            _new(
                CostLine,
                (
                    line, case, order.id, self.product, order.marketplace, self._fulfilment, fact.occurred_at, amount,
                    currency, estimated, basis, _GROUPS.get(line) or self.policy.costs.groups[line],
                ),
            )
        )  # fmt: skip
        if currency == order.currency:
            whole = self._whole
            whole[line] = whole.get(line, 0) + amount
            of_case = self._sums.get(case)
            if of_case is None:
                of_case = self._sums[case] = {}
            of_case[line] = of_case.get(line, 0) + amount

    @property
    def landed(self) -> tuple[int, tuple[str, ...]]:
        """What the goods cost the seller, landed in the warehouse, and what that rests on."""
        return landed_cost(self.order, self.parameters)

    def share(self, name: str, of: int) -> int:
        """Return the share of an amount that a parameter sets."""
        return self.parameters.part(name, of)

    def booked(self, *lines: str, case: str | None = None) -> int:
        """Return the sum booked on some lines so far, in the order's currency, on all its cases or on one."""
        total, sums = 0, self._sums.get(case)
        if sums:
            for line in lines:
                total += sums.get(line, 0)
        return total

    def owed(self, case: str) -> int:
        """Return how much of the price the buyer has not got back yet: more is never estimated.

        What later facts tell is left to them, on this case and on the order's others.
        """
        left = self.order.price - self.booked(*self.given_back)
        if self._tells:
            left -= self.told_later(case, *self.giving_back) + self._to_come - self._net_later(case)
        return max(0, left)

    def told_later(self, case: str, *kinds: str) -> int:
        """Return the sum of what facts of these kinds tell of a case after the step that is being booked."""
        told = self._told.get(case)
        return sum(told[kind] for kind in kinds) if told else 0

    def happened(self, case: str, *kinds: str) -> Fact | None:
        """Return the last fact of these kinds on a case so far."""
        latest: tuple[int, Fact] | None = None
        known = self._last.get(case)
        if known is None:
            return None
        for kind in kinds:
            last = known.get(kind)
            if last is not None and (latest is None or last[0] > latest[0]):
                latest = last
        return None if latest is None else latest[1]

    def estimates(self, line: str, case: str) -> list[CostLine]:
        """Return what has been estimated on a line of a case so far."""
        return [booked for booked in self.lines if booked.estimated and (booked.line, booked.case) == (line, case)]

    def reason(self, case: str) -> str:
        """Return the reason code with which a case was opened."""
        return next((fact.detail for fact in self.facts.get(case, [])[:1]), "")

    def fault(self, fact: Fact) -> Rule | None:
        """Return the rule that says who pays for the return, by the reason that the case was opened with."""
        case = fact.case
        if case not in self._faults:
            opened = self.facts[case][0]
            self._faults[case] = fault(self.terms(opened), self.order, opened.detail)
        return self._faults[case]
