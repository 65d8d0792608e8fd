"""Noting: one order of a class is booked on the ledger, with formulas in place of its amounts.

What is booked has nothing but what its class says: instants that know the terms in force and nothing else, no days, no
buyer, no names. A rule of costs that asks for anything else raises Unnoted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple, cast

from attrs import define, evolve, field, frozen

from aftersale.cases.facts import Fact
from aftersale.clocks import Instant
from aftersale.costs.at_once.formulas import Computation, Formulas, Noted, Unasked, Unnoted
from aftersale.costs.at_once.paths import Kind
from aftersale.costs.at_once.windows import ReturnWindows
from aftersale.costs.charges import ASKED, ASKED_STATES, CHARGES, book
from aftersale.costs.ledger import CostLedger, CostLine
from aftersale.engine.moves import DESCRIBED, Moved, Movement, Numbers, confirmations
from aftersale.engine.return_terms import change_of_mind, inside_window, situation_at_any_time
from aftersale.orders import Order
from aftersale.policies.policy import Policy, Terms
from aftersale.rules import NOTHING, Rule, Rulebook
from aftersale.worth.parameters import Parameters

PRICE, LANDED_COST = "price", "landed_cost"
"""The names of the amounts that an order has; what a fact tells has the number of its step."""
RULES = frozenset(
    {
        "fault",
        "partial_refund_offer",
        "prepaid_label",
        "referral_fee",
        "referral_fee_above",
        "referral_fee_minimum",
        "refund_administration_counts",
        "refund_administration_fee",
        "restocking_fee",
        "returns_processing_amount",
        "returns_processing_fee",
        "returns_processing_threshold",
        "safe_t_damage_share",
        "safe_t_limit",
    }
)
"""The rules that costs ask for: where no other changes, nothing does for them."""
_UNASKED: Any = Unasked()


OTHER = "…"
"""Stands in a movement that costs may ask for in place of a state that charges do not ask for."""


class _OtherState:
    """A state that is none of those that charges ask for; whether it is another one raises Unnoted."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, state: object) -> bool:
        """Whether it is one of the states that charges ask for, which it is not."""
        if state not in ASKED_STATES:
            raise Unnoted(f"the state {state} is left out")
        return False


def state_asked(state: str) -> str:
    """Return what of a state charges may ask for: itself, OTHER, or nothing where there is none."""
    return state if not state or state in ASKED_STATES else OTHER


class Said(NamedTuple):
    """All that the rules of costs may ask of the orders of a class.

    The product of the `kind` is empty where nothing goes by it. `spans` number the terms in force at the purchase and
    at each step, `slots` the case of each step.
    """

    kind: Kind
    spans: tuple[int, ...]
    slots: tuple[int, ...]
    movements: tuple[Movement, ...]


class Question(NamedTuple):
    """What a booking asked of its order that the class does not say: whether the step at a place lay `inside` a window.

    It is a return's request, and the window that in which one can be requested.
    """

    place: int
    inside: bool


SumKey = tuple[str, str, tuple[str, ...]]
"""By what lines are summed up: line, currency and basis."""


class BookedLine(NamedTuple):
    """One line of every order of a class: `times` a formula; `place` is the step's."""

    line: str
    place: int
    formula: int
    times: int
    currency: str
    estimated: bool
    basis: tuple[str, ...]
    group: str


def key_of(line: CostLine | BookedLine) -> SumKey:
    """Return by what a line is summed up."""
    return line.line, line.currency, line.basis


class Addend(NamedTuple):
    """What a line adds to a sum, by the number of its key: `times` a formula."""

    key: int
    formula: int
    times: int


class Lone(NamedTuple):
    """What the only order of a class that was met so far costs by all its `moves`; `reads` are as of a booking."""

    order: Order
    moves: list[Moved]
    lines: list[CostLine]
    reads: frozenset[str]


@frozen(eq=False)
class Booking:
    """What one order of a class booked, and all others of which the conditions hold and the questions say the same.

    The conditions are numbers of the formulas. `addends` are what the lines add to sums, `reads` the parameters that
    were read.
    """

    conditions: frozenset[int]
    questions: tuple[Question, ...]
    lines: tuple[BookedLine, ...]
    addends: tuple[Addend, ...]
    reads: frozenset[str]


def asked_kinds(policy: Policy) -> frozenset[str]:
    """Return the kinds of fact that costs may ask for."""
    return ASKED.union(CHARGES, policy.costs.by_fact)


def narrowed(terms: Terms) -> Terms:
    """Return terms with the rules that costs ask for alone."""
    return evolve(terms, rulebook=_AskedRules.of(terms.rulebook), handbook=_AskedRules.of(terms.handbook))


class _AskedRules(Rulebook):
    """The rows of a rulebook that costs ask for."""

    @classmethod
    def of(cls, book: Rulebook) -> _AskedRules:
        return cls(book.marketplace, tuple(row for row in book.rows if row.name in RULES), book.zone)

    def rules(self, name: str) -> tuple[Rule, ...]:
        """Return the rules of a name that costs ask for."""
        if name not in RULES:
            raise Unnoted(f"the rule {name} is left out")
        return super().rules(name)

    def rule(self, name: str, order: Order, about: Mapping[str, str] = NOTHING) -> Rule | None:
        """Return the rule of a name that costs ask for."""
        if name not in RULES:
            raise Unnoted(f"the rule {name} is left out")
        return super().rule(name, order, about)


class _Instant(Unasked):
    """When a step of any order of a class happened: which one that is, and the terms in force then."""

    __slots__ = ("place", "terms")

    def __init__(self, place: int, terms: Terms) -> None:
        self.place, self.terms = place, terms


class _ClassLedger(CostLedger):
    """The ledger of what stands for an order; `real` is that order with its facts, `kinds` are those the class has."""

    __slots__ = ("kinds", "questions", "real")
    real: tuple[Order, Sequence[Fact]]
    kinds: frozenset[str]
    questions: dict[Question, None]

    def terms_at(self, at: Instant) -> Terms:
        """Return the terms in force at an instant of the class."""
        return cast("_Instant", at).terms

    def situation(self, request: Fact, after_inspection: str) -> str:
        """Return the situation of a return; where days decide it, that of the real order, which is a question."""
        known = situation_at_any_time(self.terms(request), self.order, request.detail, after_inspection)
        if known:
            return known
        (order, facts), at = self.real, cast("_Instant", request.occurred_at)
        requested_at = facts[at.place].occurred_at
        inside = inside_window(self.policy.at(requested_at), order, requested_at)
        self.questions[Question(at.place, inside)] = None
        return change_of_mind(inside)

    def happened(self, case: str, *kinds: str) -> Fact | None:
        """Return the last fact of these kinds, of those that a class has."""
        if not self.kinds.issuperset(kinds):
            raise Unnoted(f"a fact of {', '.join(kinds)} is left out")
        return super().happened(case, *kinds)


@frozen(eq=False)
class Background:
    """What the orders of one marketplace are booked by; `terms` are those that tell classes apart, by their numbers.

    `keys` number what lines are summed up by, `windows` know when returns could be requested.
    """

    formulas: Formulas
    keys: Numbers[SumKey]
    terms: Sequence[Terms]
    policy: Policy
    parameters: Parameters
    high_return: Collection[str]
    windows: ReturnWindows


@define(eq=False)
class OrderClass:
    """A class of orders: what it says, and what was booked of it so far: of the first one alone what it costs.

    It is not `noted` where a rule asks for what it does not say: then its orders are booked one by one.
    """

    said: Said
    noted: bool
    lone: Lone | None = None
    bookings: list[Booking] = field(factory=list)

    @property
    def costs_nothing(self) -> bool:
        """Whether its orders are known to cost nothing, whatever their amounts and whenever their steps happened."""
        first = self.bookings[0] if self.bookings else None
        return first is not None and not (first.lines or first.conditions or first.questions)

    def note(self, background: Background, order: Order, facts: Sequence[Fact]) -> None:
        """Book one of its orders; `facts` are those of its steps that the class has."""
        try:
            self.bookings.append(_booking(background, self.said, (order, facts)))
        except Unnoted:
            self.noted = False


def _booking(background: Background, said: Said, real: tuple[Order, Sequence[Fact]]) -> Booking:
    """Book what stands for the orders of a class, with amounts like those of a `real` one and its facts."""
    computation, parameters = Computation(background.formulas), background.parameters.afresh()
    steps = _steps(said, background.terms, computation, real[1])
    telling = any(movement.tells for movement in said.movements)
    confirmed = confirmations(steps) if any(step.confirms for step in steps) else {}
    order, policy = _order(said, background.terms, computation, real[0]), background.policy
    ledger = _ClassLedger(order, policy, parameters, steps, confirmed, background.high_return, telling)
    ledger.real, ledger.kinds, ledger.questions = real, asked_kinds(policy), {}
    book(ledger, labour=False)
    lines = tuple([_booked_line(line, background.formulas) for line in ledger.lines])
    return Booking(
        frozenset(map(background.formulas.condition, computation.conditions)),
        tuple(ledger.questions),
        lines,
        tuple([Addend(background.keys[key_of(line)], line.formula, line.times) for line in lines]),
        parameters.reads,
    )


def _order(said: Said, terms: Sequence[Terms], computation: Computation, real: Order) -> Order:
    kind, landed = said.kind, None if real.landed_cost is None else computation.given(LANDED_COST, real.landed_cost)
    return Order(
        id="",
        marketplace=kind.marketplace,
        purchased_at=cast("Instant", _Instant(-1, terms[said.spans[0]])),
        channel=kind.channel,
        price=computation.given(PRICE, real.price),
        currency=kind.currency,
        category=kind.category,
        cross_border=kind.cross_border,
        exempt=_UNASKED,
        promised_at=_UNASKED,
        delivered_at=_UNASKED,
        product=kind.product,
        shipped_at=_UNASKED,
        buyer=_UNASKED,
        landed_cost=landed,
    )


def _steps(said: Said, terms: Sequence[Terms], computation: Computation, real: Sequence[Fact]) -> list[Moved]:
    steps = []
    for place, (movement, slot, fact) in enumerate(zip(said.movements, said.slots, real, strict=True)):
        stand_in = Fact(
            kind=movement.kind,
            marketplace=said.kind.marketplace,
            order="",
            case=str(slot),
            occurred_at=cast("Instant", _Instant(place, terms[said.spans[1 + place]])),
            known_at=_UNASKED,
            about=_UNASKED,
            value=_UNASKED,
            detail=movement.detail if not movement.before or movement.kind in DESCRIBED else _UNASKED,
            amount=None if fact.amount is None else computation.given(place, fact.amount),
        )
        states: Any = [_OTHER_STATE if each == OTHER else each for each in (movement.before, movement.state)]
        steps.append(movement.by(stand_in)._replace(before=states[0], state=states[1]))
    return steps


_OTHER_STATE = _OtherState()


def _booked_line(line: CostLine, formulas: Formulas) -> BookedLine:
    amount: Any = line.amount
    formula = formulas.number("one")
    if isinstance(amount, Noted):
        if amount.below != 1:
            raise Unnoted("an amount that is no whole number")
        formula, amount = amount.formula, amount.above
    place = cast("_Instant", line.at).place
    return BookedLine(line.line, place, formula, amount, line.currency, line.estimated, line.basis, line.group)
