"""Classes: the costs of many orders at once.

Orders of a class differ in what was paid and told, when it happened, and whose they are; all else that the rules of
costs may ask is the same: the marketplace, channel and category, the rules in force, and the path, by which fact each
case came from which state to which. So one order of a class is booked on a ledger as any order is, by the same rules,
but its amounts are `Noted` numbers: what is booked are formulas. Other orders of the class cost what these formulas
come to for their amounts, where all conditions hold that the booking met on its way; where one does not, an order of
those is booked in turn, and its formulas hold for the rest.

That nothing else counts is not taken on trust. The order that is booked has nothing but what its class says: instants
that know the rules in force alone, no days, no buyer. A rule that asks for anything else raises Unnoted, and the orders
of such a class are booked one by one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain
from operator import itemgetter
from typing import Any, NamedTuple, cast

import numpy as np
from attrs import define, evolve, field, frozen
from numpy.typing import NDArray

from aftersale.cases.facts import Fact
from aftersale.clocks import Instant
from aftersale.costs.charges import ASKED, CHARGES, book, order_costs
from aftersale.costs.formulas import Columns, Computation, Condition, Formulas, Noted, Unasked, Unnoted
from aftersale.costs.ledger import CostLedger, CostLine, Unpaid, fulfilment_of, product_of
from aftersale.engine.moves import DESCRIBED, Moved, Movement, Movements, Taken, confirmations
from aftersale.engine.return_terms import situation
from aftersale.orders import Order
from aftersale.policies.policy import Policy, Terms
from aftersale.rules import NOTHING, Rule, Rulebook
from aftersale.worth.goods import LANDED
from aftersale.worth.parameters import Parameters

_OF_ORDER = itemgetter(*map(Order._fields.index, ("channel", "currency", "category", "cross_border")))
_OF_ORDER_AND_PRODUCT = itemgetter(
    *map(Order._fields.index, ("channel", "currency", "category", "cross_border", "product"))
)
_UNASKED: Any = Unasked()
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
"""The rules that costs ask for: changes of others make no other class."""
Sums = dict[tuple[str, str, tuple[str, ...]], int]
"""Minor units by line, currency and basis."""


class OrderPath(NamedTuple):
    """An order and what its steps did; `slots` number the cases of the steps, none where there is one case."""

    order: Order
    taken: Taken
    slots: tuple[int, ...] = ()

    @classmethod
    def of(cls, order: Order, taken: Taken) -> OrderPath:
        """Return the path of an order with any number of cases."""
        numbers: dict[str, int] = {}
        slots = tuple([numbers.setdefault(fact.case, len(numbers)) for fact in taken.facts])
        return cls(order, taken, slots if len(numbers) > 1 else ())


class _AskedRules(Rulebook):
    """The rows of a rulebook that costs ask for: between changes of these alone nothing changes for them."""

    @classmethod
    def of(cls, book: Rulebook) -> _AskedRules:
        """Return those rows of a rulebook."""
        return cls(book.marketplace, tuple(row for row in book.rows if row.name in RULES), book.zone)

    def rules(self, name: str) -> tuple[Rule, ...]:
        """Return the rules of a name that costs ask for."""
        if name not in RULES:
            raise Unnoted("a rule that is left out")
        return super().rules(name)

    def rule(self, name: str, order: Order, about: Mapping[str, str] = NOTHING) -> Rule | None:
        """Return the rule of a name that costs ask for."""
        if name not in RULES:
            raise Unnoted("a rule that is left out")
        return super().rule(name, order, about)


class _Instant(Unasked):
    """When a step of any order of a class happened: which one that is, and the terms in force then."""

    __slots__ = ("place", "terms")

    def __init__(self, place: int, terms: Terms) -> None:
        self.place, self.terms = place, terms


class _Question(NamedTuple):
    """What a booking asked of an order that its class does not say: the situation of a return; and the answer."""

    place: int
    after_inspection: str
    answer: str


class _BookedLine(NamedTuple):
    """One line of every order of a class: `times` a formula, or `times` itself without one."""

    line: str
    place: int
    formula: int | None
    times: int
    currency: str
    estimated: bool
    basis: tuple[str, ...]
    group: str


@frozen(eq=False)
class _Booking:
    """What one order of a class booked, and all of which the same conditions hold; `reads` are the parameters read.

    `unpaid` are the tasks that were done and that no wage prices, each after the place of its step.
    """

    conditions: tuple[Condition, ...]
    questions: tuple[_Question, ...]
    lines: tuple[_BookedLine, ...]
    unpaid: tuple[tuple[int, str], ...]
    reads: frozenset[str]


class _Said(NamedTuple):
    """All that the rules of costs may ask of the orders of a class.

    `spans` number the terms in force at the purchase and at each step, `slots` the case of each step.
    """

    channel: str
    currency: str
    category: str
    cross_border: bool
    product: str
    landed: bool
    spans: tuple[int, ...]
    slots: tuple[int, ...]
    movements: tuple[Movement, ...]


@define(eq=False)
class _Class:
    """A class of orders: what it says, and what was booked of it so far; not `noted`, its orders are booked alone."""

    said: _Said
    noted: bool
    bookings: list[_Booking] = field(factory=list)


@frozen(eq=False, slots=False)
class PathClass:
    """All orders of a class that took the very same steps: `places` are those of the steps that costs may ask for."""

    number: int
    places: tuple[int, ...]
    slots: tuple[int, ...]
    movements: tuple[Movement, ...]

    @cached_property
    def did(self) -> Did:
        """What each of the orders did."""
        return Did.of(zip(self.slots, self.movements, strict=True))


class Did(NamedTuple):
    """What the steps of an order did beside moving money.

    `work` counts the tasks that stood by kind, by the fact that came then, and whether that changed the case's state;
    `ends` are by case the fact that opened it and its last state; `kinds` are the facts.
    """

    work: Mapping[tuple[str, str, bool], int]
    ends: tuple[tuple[str, str], ...]
    kinds: frozenset[str]

    @classmethod
    def of(cls, steps: Iterable[tuple[int, Movement]]) -> Did:
        """Return what some steps did, each of a case by its number."""
        work: Counter[tuple[str, str, bool]] = Counter()
        openings, states, kinds = dict[int, str](), dict[int, str](), set[str]()
        for case, movement in steps:
            kinds.add(movement.kind)
            openings.setdefault(case, movement.kind)
            states[case] = movement.state
            if movement.task and not movement.by_deadline:
                work[movement.task, movement.kind, movement.state != movement.before] += 1
        return cls(work, tuple((openings[case], state) for case, state in states.items()), frozenset(kinds))


class _ClassLedger(CostLedger):
    """The ledger of one order of a class, as `order` and `path` say it really is; the questions that go beyond it."""

    __slots__ = ("_real", "_real_facts", "known", "questions")

    def told_of(self, order: Order, facts: Sequence[Fact], known: frozenset[str]) -> None:
        """Say of which order, by which facts, questions are to be answered, and which kinds of facts the class has."""
        self._real, self._real_facts, self.known = order, facts, known
        self.questions = list[_Question]()

    def terms_at(self, at: Instant) -> Terms:
        """Return the terms in force at an instant of the class."""
        return cast("_Instant", at).terms

    def situation(self, request: Fact, after_inspection: str) -> str:
        """Return the situation of a return; where days decide it, that of the real order, noted as a question."""
        try:
            return super().situation(request, after_inspection)
        except Unnoted:
            pass
        place = cast("_Instant", request.occurred_at).place
        answer = situation(self.terms(request), self._real, self._real_facts[place], after_inspection)
        self.questions.append(_Question(place, after_inspection, answer))
        return answer

    def happened(self, case: str, *kinds: str) -> Fact | None:
        """Return the last fact of these kinds, of those that a class keeps."""
        if not self.known.issuperset(kinds):
            raise Unnoted("a fact that is left out")
        return super().happened(case, *kinds)


@define(eq=False)
class _Place:
    """The classes of one marketplace, by number and by what they say, and by all that is compared of an order first.

    `terms` are those that bind between changes of what costs ask for, `starts` the instants at which anything changes,
    and `spans` the numbers of the terms before and after each of them.
    """

    terms: list[Terms]
    spans: list[int]
    starts: list[Instant]
    categories: frozenset[tuple[str, ...]]
    asks_border: bool
    classes: list[_Class] = field(factory=list)
    numbers: dict[_Said, int] = field(factory=dict)
    paths: dict[Any, PathClass] = field(factory=dict)
    alike: dict[tuple[object, ...], str] = field(factory=dict)

    @classmethod
    def of(cls, policy: Policy) -> _Place:
        """Begin with the terms of a marketplace, and with what rows of its rules tell orders apart by."""
        terms, spans, numbers = list[Terms](), list[int](), dict[object, int]()
        for each in policy.spans:
            books = _AskedRules.of(each.rulebook), _AskedRules.of(each.handbook)
            number = numbers.setdefault(tuple(book.rows for book in books), len(numbers))
            spans.append(number)
            if number == len(terms):
                terms.append(evolve(each, rulebook=books[0], handbook=books[1]))
        rows = [row.when for each in terms for book in (each.rulebook, each.handbook) for row in book.rows]
        categories = frozenset(when.category for when in rows if when.category is not None)
        return cls(terms, spans, policy.turns, categories, any(when.cross_border is not None for when in rows))

    def span(self, at: Instant) -> int:
        """Return the number of the terms in force at an instant."""
        return self.spans[bisect_right(self.starts, at)]

    def category(self, name: str, parameters: Parameters) -> str:
        """Return the first category met that nothing tells from this one."""
        own = name if f"{LANDED}.{name}" in parameters.by_name else ""
        return self.alike.setdefault((own, *(name in row for row in self.categories)), name)


class CostClasses:
    """The classes of orders that were met, with what was booked of them.

    They are of one set of rules, handbook and parameters, whatever Policy or Parameters say so: other orders, of other
    runs too, are booked by them as well. Without `labour` all is booked but the work.
    """

    def __init__(self, movements: Movements, labour: bool = True, high_return: Collection[str] = ()) -> None:
        """Begin with none; all paths are to be of these `movements`."""
        self.movements, self.labour, self.high_return = movements, labour, high_return
        self.formulas = Formulas()
        self._places: dict[str, _Place] = {}

    def booked(self, policy: Policy, parameters: Parameters, paths: Sequence[OrderPath]) -> Booked:
        """Return what orders of a marketplace cost, each of which took one step or more."""
        place = self._places.get(policy.marketplace.name)
        if place is None:
            place = self._places[policy.marketplace.name] = _Place.of(policy)
        classes = self._path_classes(place, policy, parameters, paths) if paths else []
        return Booked(self, place, policy, parameters, paths, classes)

    def _path_classes(
        self, place: _Place, policy: Policy, parameters: Parameters, paths: Sequence[OrderPath]
    ) -> list[PathClass]:
        of_product = bool(self.high_return) or any(name.startswith(f"{LANDED}.") for name in parameters.by_name)
        of_order = _OF_ORDER_AND_PRODUCT if of_product else _OF_ORDER
        classes, known = [], place.paths
        for path, spans in zip(paths, _spans(place, paths), strict=True):
            order, steps = path.order, path.taken.steps
            key = (of_order(order), order.landed_cost is None, not order.lines, spans, path.slots, *steps)
            path_class = known.get(key)
            if path_class is None:
                path_class = known[key] = self._path_class(place, policy, parameters, path, spans)
            classes.append(path_class)
        return classes

    def _path_class(
        self, place: _Place, policy: Policy, parameters: Parameters, path: OrderPath, spans: int | tuple[int, ...]
    ) -> PathClass:
        order, steps = path.order, path.taken.steps
        slots = path.slots or (0,) * len(steps)
        movements = [self.movements.known[step] for step in steps]
        places = self._asked(policy, movements, slots)
        confirming = any(movement.confirms for movement in movements)
        every = (spans,) * (1 + len(steps)) if isinstance(spans, int) else spans
        numbers: dict[int, int] = {}
        matters = self.high_return or f"{LANDED}.{order.product}" in parameters.by_name
        said = _Said(
            order.channel,
            order.currency,
            order.category if self.high_return else place.category(order.category, parameters),
            order.cross_border and place.asks_border,
            order.product if matters else "",
            order.landed_cost is not None,
            (every[0], *(every[1 + place] for place in places)),
            tuple(numbers.setdefault(slots[place], len(numbers)) for place in places),
            tuple(self._asked_of(movements[place], confirming) for place in places),
        )
        number = place.numbers.get(said)
        if number is None:
            number = place.numbers[said] = len(place.classes)
            place.classes.append(_Class(said, not order.lines))
        return PathClass(number, places, slots, tuple(movements))

    def _asked(self, policy: Policy, movements: Sequence[Movement], slots: Sequence[int]) -> tuple[int, ...]:
        """Return the places of the steps that costs may ask for, and of those that opened the cases of these."""
        if any(movement.confirms for movement in movements):
            return tuple(range(len(movements)))
        booked = _asked_kinds(policy)
        asked = {
            place
            for place, movement in enumerate(movements)
            if movement.kind in booked or movement.tells or (self.labour and movement.task)
        }
        cases = {slots[place] for place in asked}
        opening = {slots.index(case) for case in cases}
        return tuple(sorted(asked | opening))

    def _asked_of(self, movement: Movement, confirming: bool) -> Movement:
        """Return of a movement what costs may ask for."""
        if not self.labour:
            movement = movement._replace(task="", by_deadline=False)
        return movement if confirming else movement._replace(derived=())

    def note(
        self, place: _Place, said: _Said, policy: Policy, parameters: Parameters, order: Order, facts: Sequence[Fact]
    ) -> _Booking:
        """Book an order of a class, with formulas in place of amounts; raises Unnoted where the class is too wide.

        `facts` are those of its steps that costs may ask for.
        """
        computation, numbers = Computation(self.formulas), parameters.afresh()
        steps = _steps(said, place, policy.marketplace.name, computation, facts)
        telling = any(movement.tells for movement in said.movements)
        confirmed = confirmations(steps) if any(step.confirms for step in steps) else {}
        made = _order_of(said, place, computation, order)
        ledger = _ClassLedger(made, policy, numbers, steps, confirmed, self.high_return, telling)
        ledger.told_of(order, facts, _asked_kinds(policy))
        book(ledger, self.labour)
        return _Booking(
            tuple(computation.conditions),
            tuple(ledger.questions),
            tuple(map(_booked_line, ledger.lines)),
            tuple((said.slots.index(int(each.case)), each.task) for each in ledger.unpaid),
            numbers.reads,
        )


def _asked_kinds(policy: Policy) -> frozenset[str]:
    """Return the kinds of fact that costs may ask for."""
    return ASKED.union(CHARGES, policy.costs.by_fact)


def _spans(place: _Place, paths: Sequence[OrderPath]) -> list[int | tuple[int, ...]]:
    """Return the terms under which each order was bought and its steps were taken: a number where all are the same."""
    instants = [
        (order.purchased_at, taken.facts[0].occurred_at, taken.facts[-1].occurred_at) for order, taken, _ in paths
    ]
    turns = np.searchsorted(np.array(place.starts, np.int64), np.array(instants, np.int64), side="right")
    spans: list[int | tuple[int, ...]] = np.array(place.spans)[turns[:, 0]].tolist()
    for number in np.flatnonzero((turns != turns[:, :1]).any(axis=1)).tolist():
        order, taken, _ = paths[number]
        every = place.span(order.purchased_at), *(place.span(fact.occurred_at) for fact in taken.facts)
        if len(set(every)) > 1:
            spans[number] = every
    return spans


def _order_of(said: _Said, place: _Place, computation: Computation, order: Order) -> Order:
    """Return an order that has nothing but what its class says, and amounts like those of this order."""
    return Order(
        id="",
        marketplace=order.marketplace,
        purchased_at=cast("Instant", _Instant(-1, place.terms[said.spans[0]])),
        channel=said.channel,
        price=computation.given(_PRICE, order.price),
        currency=said.currency,
        category=said.category,
        cross_border=said.cross_border,
        exempt=_UNASKED,
        promised_at=_UNASKED,
        delivered_at=_UNASKED,
        product=said.product,
        shipped_at=_UNASKED,
        buyer=_UNASKED,
        landed_cost=None if order.landed_cost is None else computation.given(_LANDED, order.landed_cost),
    )


_PRICE, _LANDED = "price", "landed_cost"


def _steps(said: _Said, marketplace: _Place, name: str, computation: Computation, facts: Sequence[Fact]) -> list[Moved]:
    """Return the steps of the orders of a class, which tell amounts like those of these facts."""
    steps = []
    for place, (movement, slot, fact) in enumerate(zip(said.movements, said.slots, facts, strict=True)):
        at = cast("Instant", _Instant(place, marketplace.terms[said.spans[1 + place]]))
        detail = movement.detail if not movement.before or movement.kind in DESCRIBED else _UNASKED
        amount = None if fact.amount is None else computation.given(place, fact.amount)
        made = Fact(movement.kind, name, "", str(slot), at, _UNASKED, _UNASKED, _UNASKED, detail, amount)
        steps.append(Moved(made, *movement[3:]))
    return steps


def _booked_line(line: CostLine) -> _BookedLine:
    amount: Any = line.amount
    if isinstance(amount, Noted):
        if amount.below != 1:
            raise Unnoted("an amount that is no whole number")
        formula, times = amount.formula, amount.above
    else:
        formula, times = None, amount
    place = cast("_Instant", line.at).place
    return _BookedLine(line.line, place, formula, times, line.currency, line.estimated, line.basis, line.group)


class _Part(NamedTuple):
    """Orders that one booking holds for, or none: all of a group, by its number, or those at some `positions`."""

    booking: _Booking | None
    group: int
    positions: NDArray[np.intp] | None


class Booked:
    """What some orders of one marketplace cost; `classes` are those of their paths, in their order."""

    def __init__(
        self,
        kept: CostClasses,
        place: _Place,
        policy: Policy,
        parameters: Parameters,
        paths: Sequence[OrderPath],
        classes: Sequence[PathClass],
    ) -> None:
        """Book one order of each class that was never met, and find out for which of the others its formulas hold."""
        self.classes = classes
        self._kept, self._place, self._policy, self._parameters, self._paths = kept, place, policy, parameters, paths
        self._parts: list[_Part] = []
        if not paths:
            return
        numbers = np.array([each.number for each in classes], np.intp)
        self._rows = np.argsort(numbers, kind="stable")
        in_order = numbers[self._rows]
        starts = np.concatenate(([0], np.flatnonzero(np.diff(in_order)) + 1))
        self._ends = [*starts.tolist(), len(paths)]
        groups = [place.classes[number] for number in in_order[starts].tolist()]
        self._columns = Columns(kept.formulas, self._given(groups), starts)
        for group, of_class in enumerate(groups):
            self._parts += self._parts_of(group, of_class)
        for part in self._parts:
            if part.booking is not None:
                parameters.note(part.booking.reads)

    def _given(self, groups: Sequence[_Class]) -> dict[Any, NDArray[np.int64]]:
        """Return the amounts that are given, in the order of the groups; 0 where one is not."""
        orders = [self._paths[row].order for row in self._rows.tolist()]
        given: dict[Any, NDArray[np.int64]] = {
            _PRICE: np.array([order.price for order in orders], np.int64),
            _LANDED: np.array([order.landed_cost or 0 for order in orders], np.int64),
        }
        for group, of_class in enumerate(groups):
            for number, movement in enumerate(of_class.said.movements):
                if movement.tells:
                    told = given.setdefault(number, np.zeros(len(orders), np.int64))
                    for position in range(*self._ends[group : group + 2]):
                        told[position] = self._facts(position)[number].amount or 0
        return given

    def _path(self, position: int) -> OrderPath:
        return self._paths[int(self._rows[position])]

    def _facts(self, position: int) -> list[Fact]:
        """Return the facts that costs may ask for of the order at a position among the groups."""
        row = int(self._rows[position])
        facts = self._paths[row].taken.facts
        return [facts[place] for place in self.classes[row].places]

    def _parts_of(self, group: int, of_class: _Class) -> Iterator[_Part]:
        """Yield the bookings that hold for the orders of a group; one that holds for all is the rule."""
        first, end = self._ends[group : group + 2]
        if of_class.noted and not of_class.bookings:
            self._note(of_class, first)
        bookings = of_class.bookings
        if len(bookings) == 1 and self._holds_for_all(bookings[0], group):
            yield _Part(bookings[0], group, None)
            return
        left = np.arange(first, end)
        for booking in bookings:
            holds = self._holding(booking, left)
            if holds.any():
                yield _Part(booking, group, left[holds])
                left = left[~holds]
        while len(left) and of_class.noted:
            self._note(of_class, int(left[0]))
            if of_class.noted:
                holds = self._holding(bookings[-1], left)
                yield _Part(bookings[-1], group, left[holds])
                left = left[~holds]
        if len(left):
            yield _Part(None, group, left)

    def _holds_for_all(self, booking: _Booking, group: int) -> bool:
        return not booking.questions and all(self._columns.hold(each, group) for each in booking.conditions)

    def _note(self, of_class: _Class, position: int) -> None:
        """Book the order at a position with formulas for its class, or find that the class says too little."""
        order, facts = self._path(position).order, self._facts(position)
        try:
            booking = self._kept.note(self._place, of_class.said, self._policy, self._parameters, order, facts)
        except Unnoted:
            of_class.noted = False
        else:
            of_class.bookings.append(booking)

    def _holding(self, booking: _Booking, positions: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Return for which positions all conditions of a booking hold, and all questions have the same answers."""
        holds = np.ones(len(positions), bool)
        for condition in booking.conditions:
            holds &= self._columns.where(condition)[positions]
        for question in booking.questions:
            for number in np.flatnonzero(holds).tolist():
                holds[number] = self._answers(question, int(positions[number]))
        return holds

    def _answers(self, question: _Question, position: int) -> bool:
        order, request = self._path(position).order, self._facts(position)[question.place]
        terms = self._policy.at(request.occurred_at)
        return situation(terms, order, request, question.after_inspection) == question.answer

    def sums(self, left_out: Mapping[int, Collection[str]]) -> Sums:
        """Return the sums of all lines by line, currency and basis, each line by itself being dear.

        `left_out` are by the places of their orders the cases of which no line counts.
        """
        sums: Sums = {}
        for part in self._parts:
            if part.booking is None:
                for line in chain.from_iterable(self._alone(position).lines for position in self._positions(part)):
                    _add(sums, line, line.amount)
            else:
                for booked in part.booking.lines:
                    _add(sums, booked, self._sum(booked, part))
        for row, (lines, _) in self.ledgers(left_out).items() if left_out else ():
            for line in lines:
                if line.case in left_out[row]:
                    _add(sums, line, -line.amount)
        return sums

    def _sum(self, line: _BookedLine, part: _Part) -> int:
        """Return what a line comes to for all orders of a part."""
        if line.formula is None:
            return line.times * len(self._positions(part))
        if part.positions is None:
            return line.times * self._columns.sums(line.formula)[part.group]
        return line.times * int(sum(self._columns.of(line.formula)[part.positions].tolist()))

    def _positions(self, part: _Part) -> Sequence[int]:
        if part.positions is None:
            return range(*self._ends[part.group : part.group + 2])
        return cast("Sequence[int]", part.positions.tolist())

    def _alone(self, position: int) -> CostLedger:
        """Return the ledger of one order by itself."""
        path, kept = self._path(position), self._kept
        moves = path.taken.moves()
        return order_costs(path.order, moves, self._policy, self._parameters, kept.high_return, kept.labour)

    def ledgers(self, places: Collection[int] | None = None) -> dict[int, tuple[list[CostLine], list[Unpaid]]]:
        """Return by its place what each order booked, in turn, and its work that no wage prices; all, or of some."""
        ledgers: dict[int, tuple[list[CostLine], list[Unpaid]]] = {}
        rows = self._rows.tolist() if self._paths else []
        for part in self._parts:
            positions = [each for each in self._positions(part) if places is None or rows[each] in places]
            if part.booking is None:
                of_part = [(ledger.lines, ledger.unpaid) for ledger in map(self._alone, positions)]
            else:
                of_part = self._written_out(part.booking, positions)
            ledgers.update(zip((rows[position] for position in positions), of_part, strict=True))
        return ledgers

    def _written_out(self, booking: _Booking, positions: Sequence[int]) -> list[tuple[list[CostLine], list[Unpaid]]]:
        """Return what one booking comes to for some orders."""
        amounts = [
            (booked.times * self._columns.of(booked.formula)[positions]).tolist()
            if booked.formula is not None
            else [booked.times] * len(positions)
            for booked in booking.lines
        ]
        ledgers = []
        for number, position in enumerate(positions):
            facts, order = self._facts(position), self._path(position).order
            lines = [
                _line(booked, facts[booked.place], order, of_line[number])
                for booked, of_line in zip(booking.lines, amounts, strict=True)
            ]
            ledgers.append((lines, [Unpaid(facts[place].case, task) for place, task in booking.unpaid]))
        return ledgers


def _line(booked: _BookedLine, fact: Fact, order: Order, amount: int) -> CostLine:
    return CostLine(
        booked.line,
        fact.case,
        order.id,
        product_of(order),
        order.marketplace,
        fulfilment_of(order),
        fact.occurred_at,
        amount,
        booked.currency,
        booked.estimated,
        booked.basis,
        booked.group,
    )


def _add(sums: Sums, line: CostLine | _BookedLine, amount: int) -> None:
    key = line.line, line.currency, line.basis
    sums[key] = sums.get(key, 0) + amount
