"""Classes: the orders that the rules of costs do not tell apart, but by what was paid and told.

Orders of a class differ in their amounts, in when things happened, and in whose they are. All else that the rules of
costs may ask is the same: marketplace, channel and category, the rules in force, and the path, by which fact each case
came from which state to which. So one order of a class is booked on the ledger, by the rules that any order is booked
by, but with formulas in place of its amounts (`noting`). Each other one costs what these formulas come to for its own
amounts, where all conditions hold that the booking met on its way through the rules; where one does not, one of those
orders is booked in turn, and its formulas are tried on the rest (`booked`).

That nothing else counts is not taken on trust: what is booked has nothing but what its class says, and a rule that asks
for more raises Unnoted. The orders of such a class are booked one by one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Hashable, Sequence
from operator import itemgetter

import numpy as np
from attrs import define, field
from numpy.typing import NDArray

from aftersale.clocks import Instant
from aftersale.costs.at_once.booked import Booked
from aftersale.costs.at_once.formulas import Formulas
from aftersale.costs.at_once.noting import Background, OrderClass, Said, asked_kinds, narrowed
from aftersale.costs.at_once.paths import OrderPaths, PathClass
from aftersale.engine.moves import Movement, Movements, Taken
from aftersale.orders import Order
from aftersale.policies.policy import Policy, Terms
from aftersale.rules import Rule
from aftersale.worth.parameters import LANDED, Parameters

_FIELDS = ("channel", "currency", "category", "cross_border")
_OF_ORDER = itemgetter(*map(Order._fields.index, _FIELDS))
_OF_ORDER_AND_PRODUCT = itemgetter(*map(Order._fields.index, (*_FIELDS, "product")))


class _Numbers(dict[Hashable, int]):
    """Numbers of things in the order in which they were first asked for."""

    def __missing__(self, thing: Hashable) -> int:
        self[thing] = number = len(self)
        return number


@define(eq=False)
class _Marketplace:
    """The classes of one marketplace: by what they say, and by all in which orders are compared first.

    `terms` are those that bind between changes of what costs ask for, `turns` the instants at which anything changes,
    and `spans` the numbers of the terms before and after each of these.
    """

    terms: list[Terms]
    turns: list[Instant]
    spans: list[int]
    categories: frozenset[tuple[str, ...]]
    reasons: frozenset[tuple[str, ...]]
    asks_border: bool
    classes: list[OrderClass] = field(factory=list)
    paths: dict[tuple[int, ...], PathClass] = field(factory=dict)
    numbers: _Numbers = field(factory=_Numbers)
    alike: dict[tuple[object, ...], str] = field(factory=dict)
    same_reasons: dict[tuple[bool, ...], str] = field(factory=dict)

    @classmethod
    def of(cls, policy: Policy) -> _Marketplace:
        """Begin with the terms of a marketplace, and with what rows of its rules tell orders apart by."""
        terms, spans = list[Terms](), list[int]()
        for each in (narrowed(policy.terms_after(number)) for number in range(len(policy.changes) + 1)):
            if not terms or _rows(each) != _rows(terms[-1]):
                terms.append(each)
            spans.append(len(terms) - 1)
        rows = [row.when for each in terms for row in _rows(each)]
        categories = frozenset(tuple(when.category) for when in rows if when.category is not None)
        reasons = frozenset(tuple(when.reason) for when in rows if when.reason is not None)
        asks_border = any(when.cross_border is not None for when in rows)
        return cls(terms, policy.changes, spans, categories, reasons, asks_border)

    def spans_of(self, order: Order, taken: Taken) -> tuple[int, ...]:
        """Return the numbers of the terms in force at the purchase and at each step."""
        instants = (order.purchased_at, *(fact.occurred_at for fact in taken.facts))
        return tuple([self.spans[bisect_right(self.turns, at)] for at in instants])

    def category(self, name: str, parameters: Parameters) -> str:
        """Return the first category met that nothing tells from this one."""
        own = name if f"{LANDED}.{name}" in parameters.by_name else ""
        return self.alike.setdefault((own, *(name in row for row in self.categories)), name)

    def reason(self, word: str) -> str:
        """Return the first reason met that no row tells from this one."""
        return self.same_reasons.setdefault(tuple([word in row for row in self.reasons]), word)

    def asked_of(self, movement: Movement, confirming: bool) -> Movement:
        """Return of a movement what costs may ask for, but for the work, which is the same whatever else is booked."""
        derived = movement.derived if confirming else ()
        detail = movement.detail if movement.before else self.reason(movement.detail)
        return movement._replace(task="", by_deadline=False, derived=derived, detail=detail)


def _rows(terms: Terms) -> tuple[Rule, ...]:
    return (*terms.rulebook.rows, *terms.handbook.rows)


class CostClasses:
    """The classes of orders that were met, with what was booked of them.

    They are of one set of rules, handbook and parameters, whichever Policy and Parameters say so: orders of other runs
    are booked by them as well. `high_return` is as for `case_costs`.
    """

    def __init__(self, movements: Movements, high_return: Collection[str] = ()) -> None:
        """Begin with none; all paths are to be of these `movements`."""
        self.movements, self.high_return = movements, high_return
        self.formulas = Formulas()
        self._marketplaces: dict[str, _Marketplace] = {}
        self._numbers = _Numbers({(): 0})

    def booked(self, policy: Policy, parameters: Parameters, paths: OrderPaths) -> Booked:
        """Return what orders of the policy's marketplace cost; the parameters know the estimates of its own lines."""
        name = policy.marketplace.name
        known = self._marketplaces.get(name)
        if known is None:
            known = self._marketplaces[name] = _Marketplace.of(policy)
        background = Background(self.formulas, known.terms, policy, parameters, self.high_return)
        classes, which = self._path_classes(known, policy, parameters, paths)
        return Booked(background, known.classes, paths, classes, which)

    def _path_classes(
        self, known: _Marketplace, policy: Policy, parameters: Parameters, paths: OrderPaths
    ) -> tuple[list[PathClass], NDArray[np.intp]]:
        """Return the classes of some paths, and which of these each order has."""
        if not paths:
            return [], np.zeros(0, np.intp)
        compared = self._compared(known, parameters, paths)
        code = compared[0]
        for column in compared[1:]:
            code = code * (1 + int(column.max())) + column
        _, first, which = np.unique(code, return_index=True, return_inverse=True)
        classes = []
        for row in first.tolist():
            key = tuple([int(column[row]) for column in compared])
            of_path = known.paths.get(key)
            if of_path is None:
                of_path = known.paths[key] = self._path_class(known, policy, parameters, paths, row)
            classes.append(of_path)
        return classes, which

    def _compared(self, known: _Marketplace, parameters: Parameters, paths: OrderPaths) -> list[NDArray[np.int64]]:
        """Return in numbers all in which orders may differ by their class: what they are, their steps, cases, terms."""
        of_product = bool(self.high_return) or any(name.startswith(f"{LANDED}.") for name in parameters.by_name)
        of_order = _OF_ORDER_AND_PRODUCT if of_product else _OF_ORDER
        kinds = [(of_order(order), order.landed_cost is None, not order.lines) for order in paths.orders]
        number = self._numbers.__getitem__
        slots = np.zeros(len(paths), np.int64)
        for row, of_row in paths.slots.items():
            slots[row] = number(of_row)
        steps = map(tuple, [taken.steps for taken in paths.taken])
        numbers = (np.array(list(map(number, things)), np.int64) for things in (kinds, steps))
        return [*numbers, slots, self._spans(known, paths)]

    def _spans(self, known: _Marketplace, paths: OrderPaths) -> NDArray[np.int64]:
        """Return the number of the terms of each order, of several terms that of all of them together."""
        instants = np.array(
            [
                [order.purchased_at for order in paths.orders],
                [taken.facts[0].occurred_at for taken in paths.taken],
                [taken.facts[-1].occurred_at for taken in paths.taken],
            ],
            np.int64,
        )
        spans: NDArray[np.int64] = np.array(known.spans, np.int64)[
            np.searchsorted(np.array(known.turns, np.int64), instants, "right")
        ]
        several = np.flatnonzero((spans[0] != spans[1]) | (spans[0] != spans[2]))  # terms never come again
        for row in several.tolist():
            spans[0, row] = len(known.terms) + self._numbers[known.spans_of(paths.orders[row], paths.taken[row])]
        of_order: NDArray[np.int64] = spans[0]
        return of_order

    def _path_class(
        self, known: _Marketplace, policy: Policy, parameters: Parameters, paths: OrderPaths, row: int
    ) -> PathClass:
        order, taken = paths.orders[row], paths.taken[row]
        movements = [self.movements.known[step] for step in taken.steps]
        slots, every = paths.slots.get(row, (0,) * len(movements)), known.spans_of(order, taken)
        places = _asked(policy, movements, slots)
        confirming = any(movement.confirms for movement in movements)
        numbers = _Numbers()
        by_product = self.high_return or f"{LANDED}.{order.product}" in parameters.by_name
        said = Said(
            order.marketplace,
            order.channel,
            order.currency,
            order.category if self.high_return else known.category(order.category, parameters),
            order.cross_border and known.asks_border,
            order.product if by_product else "",
            order.landed_cost is not None,
            (every[0], *(every[1 + place] for place in places)),
            tuple([numbers[slots[place]] for place in places]),
            tuple([known.asked_of(movements[place], confirming) for place in places]),
        )
        number = known.numbers[said, not order.lines]
        if number == len(known.classes):
            known.classes.append(OrderClass(said, not order.lines))
        return PathClass(number, places, slots, tuple(movements))


def _asked(policy: Policy, movements: Sequence[Movement], slots: Sequence[int]) -> tuple[int, ...]:
    """Return the places of the steps that costs may ask for, and of those that opened the cases of these."""
    if any(movement.confirms for movement in movements):
        return tuple(range(len(movements)))
    kinds = asked_kinds(policy)
    asked = {place for place, movement in enumerate(movements) if movement.kind in kinds or movement.tells}
    opening = {slots.index(case) for case in {slots[place] for place in asked}}
    return tuple(sorted(asked | opening))
