"""Ledger: the cost lines of one order, booked in the order in which its facts happened."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from operator import itemgetter
from typing import NamedTuple

from attrs import define, field

from aftersale.base.translations import core_text as text
from aftersale.cases.facts import Fact
from aftersale.cases.money import GIVING_BACK, TAKING_BACK
from aftersale.channels import FULFILLED_BY_MARKETPLACE, WORD_OF
from aftersale.clocks import Instant
from aftersale.costs.goods import landed_cost
from aftersale.costs.parameters import Parameters
from aftersale.engine.replays import Step
from aftersale.engine.return_terms import fault
from aftersale.orders import Order
from aftersale.policies.cost_kinds import default_cost_kinds
from aftersale.policies.policy import Policy, Terms
from aftersale.rules import Rule

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


_PLACES = {line: place for place, line in enumerate(LINES)}


@define(eq=False)
class CostLedger:
    """The costs of the cases of one order so far, and the facts of each case so far.

    `steps` are all steps of the order, later ones too, and `confirmed` has the facts that tell what some of them
    derived, by their places; `high_return` are the products that the marketplace counts among those that come back
    unusually often. `unpaid` are the tasks that were done and that no wage prices.
    """

    order: Order
    policy: Policy
    parameters: Parameters
    steps: Sequence[Step]
    confirmed: Mapping[int, Fact] = field(factory=dict)
    high_return: Collection[str] = ()
    lines: list[CostLine] = field(factory=list, init=False)
    facts: dict[str, list[Fact]] = field(factory=dict, init=False)
    _last: dict[tuple[str, str], tuple[int, Fact]] = field(factory=dict, init=False)
    _estimates: dict[tuple[str, str], list[CostLine]] = field(factory=lambda: defaultdict(list), init=False)
    _by_kind: dict[str, list[Fact]] = field(factory=lambda: defaultdict(list), init=False)
    _begun: Counter[str] = field(factory=Counter, init=False)
    _sums: Counter[tuple[str, str | None]] = field(factory=Counter, init=False)
    _told: dict[str, Counter[str]] = field(factory=lambda: defaultdict(Counter), init=False)
    _to_come: int = field(default=0, init=False)
    unpaid: list[Unpaid] = field(factory=list, init=False)

    def __attrs_post_init__(self) -> None:
        """Add up what all facts tell."""
        for place, step in enumerate(self.steps):
            self._count_told(place, 1)
            self._by_kind[step.fact.kind].append(step.fact)

    def begin(self, place: int) -> Step:
        """Return a step to be booked, in turn: what it tells itself is no longer told later.

        Of a step that the engine derived the fact that tells of it, where that has an amount.
        """
        self._count_told(place, -1)
        step, fact = self.steps[place], self.confirmed.get(place)
        self._begun[step.fact.kind] += 1
        return step if fact is None or fact.amount is None else step._replace(fact=fact)

    def end(self, fact: Fact) -> None:
        """Note a fact that has been booked."""
        facts = self.facts.setdefault(fact.case, [])
        self._last[fact.case, fact.kind] = len(facts), fact
        facts.append(fact)

    def of_kind(self, kind: str) -> tuple[list[Fact], int]:
        """Return all facts of a kind, later ones too, and how many of them have been booked or are just being booked.

        They are the order's, in the order in which they happened.
        """
        return self._by_kind[kind], self._begun[kind]

    def _count_told(self, place: int, times: int) -> None:
        step = self.steps[place]
        fact = self.confirmed.get(place, step.fact)
        if fact.amount and not step.outcome.confirms:
            self._to_come -= self._net_later(fact.case)
            self._told[fact.case][step.fact.kind] += times * fact.amount
            self._to_come += self._net_later(fact.case)

    def _net_later(self, case: str) -> int:
        """Return what later facts tell that the buyer gets back by a case and keeps."""
        taken = self.told_later(case, *TAKING_BACK, *self.policy.costs.taking_back)
        return max(0, self.told_later(case, *self.giving_back) - taken)

    @property
    def giving_back(self) -> tuple[str, ...]:
        """The facts by which a buyer gets money back, plugins' with core's."""
        return (*GIVING_BACK, *self.policy.costs.giving_back)

    @property
    def given_back(self) -> tuple[str, ...]:
        """The lines by which a buyer gets money back, plugins' with core's."""
        return (*GIVEN_BACK, *self.policy.costs.given_back)

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
        group = self.policy.costs.groups.get(line) or default_cost_kinds()[line].group
        booked = CostLine(line, *where, fact.occurred_at, amount, currency, estimated, basis, group)
        self.lines.append(booked)
        if estimated:
            self._estimates[line, fact.case].append(booked)
        if currency == order.currency:
            self._sums[line, None] += amount
            self._sums[line, fact.case] += amount

    @property
    def landed(self) -> tuple[int, tuple[str, ...]]:
        """What the goods cost the seller, landed in the warehouse, and what that rests on."""
        return landed_cost(self.order, self.parameters)

    def share(self, name: str, of: int) -> int:
        """Return the share of an amount that a parameter sets."""
        return part(of, self.parameters.value(name))

    def booked(self, *lines: str, case: str | None = None) -> int:
        """Return the sum booked on some lines so far, in the order's currency, on all its cases or on one."""
        return sum(self._sums[line, case] for line in lines)

    def owed(self, case: str) -> int:
        """Return how much of the price the buyer has not got back yet: more is never estimated.

        What later facts tell is left to them, on this case and on the order's others.
        """
        others = self._to_come - self._net_later(case)
        told = self.told_later(case, *self.giving_back)
        return max(0, self.order.price - self.booked(*self.given_back) - told - others)

    def told_later(self, case: str, *kinds: str) -> int:
        """Return the sum of what facts of these kinds tell of a case after the step that is being booked."""
        told = self._told.get(case)
        return sum(told[kind] for kind in kinds) if told else 0

    def happened(self, case: str, *kinds: str) -> Fact | None:
        """Return the last fact of these kinds on a case so far."""
        lasts = [last for kind in kinds if (last := self._last.get((case, kind))) is not None]
        return max(lasts, key=itemgetter(0))[1] if lasts else None

    def estimates(self, line: str, case: str) -> list[CostLine]:
        """Return what has been estimated on a line of a case so far."""
        return self._estimates.get((line, case), [])

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
