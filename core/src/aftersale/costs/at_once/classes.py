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

from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from attrs import define, field
from numpy.typing import NDArray

from aftersale.costs.at_once.booked import Booked
from aftersale.costs.at_once.formulas import Formulas
from aftersale.costs.at_once.noting import Background, OrderClass, Said, SumKey, asked_kinds, narrowed, state_asked
from aftersale.costs.at_once.paths import Kind, OrderPaths
from aftersale.costs.at_once.windows import ReturnWindows
from aftersale.engine.moves import Movement, Movements, Numbers
from aftersale.policies.policy import Policies, Policy, Terms
from aftersale.rules import Rule
from aftersale.worth.parameters import LANDED, Parameters

_SLOT, _SPAN = 2**16, 2**16
"""What no slot and no number of terms reaches: a step is told in one whole number."""


@define(eq=False)
class _Marketplace:
    """What tells orders of one marketplace apart.

    `terms` are those that bind between changes of what costs ask for, `turns` the instants at which anything changes,
    and `spans` the numbers of the terms before and after each of these. `asked` are the kinds of fact that costs may
    ask for.
    """

    asked: frozenset[str]
    terms: list[Terms]
    turns: NDArray[np.int64]
    spans: NDArray[np.int64]
    categories: frozenset[tuple[str, ...]]
    reasons: frozenset[tuple[str, ...]]
    asks_border: bool
    windows: ReturnWindows
    alike: dict[tuple[object, ...], str] = field(factory=dict)
    same_reasons: dict[tuple[bool, ...], str] = field(factory=dict)
    asked_of: _Asked = field(factory=lambda: _Asked.nothing())

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
        turns = np.array(policy.changes, np.int64), np.array(spans, np.int64)
        return cls(asked_kinds(policy), terms, *turns, categories, reasons, asks_border, ReturnWindows(policy))

    def spans_of(self, at: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the numbers of the terms in force at some instants."""
        return self.spans[np.searchsorted(self.turns, at, "right")]

    def kind(self, kind: Kind, parameters: Parameters, high_return: Collection[str]) -> Kind:
        """Return what costs may ask of orders of a kind."""
        by_product = high_return or f"{LANDED}.{kind.product}" in parameters.by_name
        return kind._replace(
            category=kind.category if high_return else self.category(kind.category, parameters),
            cross_border=kind.cross_border and self.asks_border,
            product=kind.product if by_product else "",
        )

    def category(self, name: str, parameters: Parameters) -> str:
        """Return the first category met that nothing tells from this one."""
        own = name if f"{LANDED}.{name}" in parameters.by_name else ""
        return self.alike.setdefault((own, *(name in row for row in self.categories)), name)

    def reason(self, word: str) -> str:
        """Return the first reason met that no row tells from this one."""
        return self.same_reasons.setdefault(tuple([word in row for row in self.reasons]), word)

    def movement(self, movement: Movement, confirming: bool) -> Movement:
        """Return of a movement what costs may ask for, but for the work, which is the same whatever else is booked."""
        derived = movement.derived if confirming else ()
        detail = movement.detail if movement.before else self.reason(movement.detail)
        before, state = state_asked(movement.before), state_asked(movement.state)
        asked = movement._replace(before=before, state=state, task="", by_deadline=False)
        return asked._replace(derived=derived, detail=detail)


class _Asked(NamedTuple):
    """What costs may ask of all known movements, by their numbers.

    `asks` says whether they may ask for such a step at all, `confirms` whether it tells what had followed by rule.
    `plain` and `confirming` number what is asked of it, the latter in orders with a step that confirms one.
    """

    asks: NDArray[np.bool_]
    confirms: NDArray[np.bool_]
    plain: NDArray[np.int64]
    confirming: NDArray[np.int64]

    @classmethod
    def of(cls, marketplace: _Marketplace, known: Sequence[Movement], numbers: Numbers[Movement]) -> _Asked:
        asked = marketplace.asked
        return cls(
            np.array([movement.kind in asked or movement.tells for movement in known], bool),
            np.array([bool(movement.confirms) for movement in known], bool),
            np.array([numbers[marketplace.movement(movement, False)] for movement in known], np.int64),
            np.array([numbers[marketplace.movement(movement, True)] for movement in known], np.int64),
        )

    @classmethod
    def joined(cls, several: Sequence[_Asked]) -> _Asked:
        """Return several, one after the other."""
        columns: list[Any] = [np.concatenate(column) for column in zip(*several, strict=True)]
        return cls(*columns) if columns else cls.nothing()

    @classmethod
    def nothing(cls) -> _Asked:
        """Return that of no movement."""
        none, no_numbers = np.zeros(0, bool), np.zeros(0, np.int64)
        return cls(none, none, no_numbers, no_numbers)


class AskedSteps(NamedTuple):
    """The steps of orders that costs may ask for, and those that opened the cases of these.

    `places` are theirs among all steps, and `starts` says where those of each order begin, and at its end where the
    last ones end. `slots` number their cases within the order, `spans` the terms in force, `movements` what is asked
    of them. `bought` are the terms in force when each order was bought.
    """

    places: NDArray[np.intp]
    starts: NDArray[np.intp]
    slots: NDArray[np.int64]
    spans: NDArray[np.int64]
    movements: NDArray[np.int64]
    bought: NDArray[np.int64]


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
        self._classes: list[OrderClass] = []
        self._keys: dict[bytes, int] = {}
        self._sum_keys: Numbers[SumKey] = Numbers()
        self._kinds: Numbers[Kind] = Numbers()
        self._kind_numbers: dict[Kind, int] = {}
        self._asked_movements: Numbers[Movement] = Numbers()
        self._marketplaces: dict[str, _Marketplace] = {}

    def booked(self, policies: Policies, parameters: Parameters, paths: OrderPaths) -> Booked:
        """Return what orders cost; the parameters know the estimates of the lines of the policies' own."""
        for name in paths.marketplaces:
            if name not in self._marketplaces:
                self._marketplaces[name] = _Marketplace.of(policies[name])
        known = [self._marketplaces[name] for name in paths.marketplaces]
        backgrounds = {
            name: Background(
                self.formulas, self._sum_keys, each.terms, policies[name], parameters, self.high_return, each.windows
            )
            for name, each in zip(paths.marketplaces, known, strict=True)
        }
        asked = self._asked(known, paths)
        which = self._which(parameters, paths, asked)
        return Booked(backgrounds, self._classes, paths, (asked.places, asked.starts), which)

    def _asked(self, marketplaces: Sequence[_Marketplace], paths: OrderPaths) -> AskedSteps:
        """Return the steps that costs may ask for."""
        of_movement = self._asked_of(marketplaces)
        steps, cases, movements = paths.steps, paths.cases, len(self.movements.known)
        steps = paths.marketplace[paths.order] * movements + steps
        confirming = np.zeros(len(paths), bool)
        confirming[paths.order[of_movement.confirms[steps]]] = True
        confirming = confirming[paths.order]
        asks = of_movement.asks[steps] | confirming
        of_case = np.zeros(len(paths) * paths.most, bool)
        of_case[paths.case[asks]] = True
        asks[cases.first[of_case[cases.number]]] = True
        places = np.flatnonzero(asks)
        starts = np.searchsorted(places, paths.starts)
        slots = (np.cumsum(of_case.reshape(-1, paths.most), axis=1) - 1).ravel()[paths.case[places]]
        own, at, ends = steps[places], paths.at[places], starts[list(paths.bounds)].tolist()
        spans = [each.spans_of(at[first:end]) for each, (first, end) in zip(marketplaces, pairwise(ends), strict=True)]
        bought = paths.sold.purchased_at
        return AskedSteps(
            places,
            starts,
            slots,
            np.concatenate(spans) if spans else at,
            np.where(confirming[places], of_movement.confirming[own], of_movement.plain[own]),
            np.concatenate(
                [
                    each.spans_of(bought[first:end])
                    for each, (first, end) in zip(marketplaces, pairwise(paths.bounds), strict=True)
                ]
            )
            if spans
            else bought,
        )

    def _asked_of(self, marketplaces: Sequence[_Marketplace]) -> _Asked:
        """Return what costs may ask of all known movements on each marketplace, one marketplace after the other."""
        known = self.movements.known
        for each in marketplaces:
            more = known[len(each.asked_of.asks) :]
            if more:
                each.asked_of = _Asked.joined((each.asked_of, _Asked.of(each, more, self._asked_movements)))
        return _Asked.joined([each.asked_of for each in marketplaces])

    def _which(self, parameters: Parameters, paths: OrderPaths, asked: AskedSteps) -> NDArray[np.intp]:
        """Return the class of each order: what it is and its steps, each as a number, are the key of its class."""
        if not len(paths):
            return np.zeros(0, np.intp)
        sold, rows = paths.sold, np.arange(len(paths))
        keys = np.empty(len(paths) + len(asked.places), np.int64)
        begins = asked.starts + np.arange(len(paths) + 1)
        keys[begins[:-1]] = np.array(self._kinds_of(parameters, sold.kinds), np.int64)[sold.kind] * _SPAN + asked.bought
        own = np.arange(len(asked.places)) + np.repeat(rows, np.diff(asked.starts)) + 1
        keys[own] = (asked.movements * _SLOT + asked.slots) * _SPAN + asked.spans
        examples, alike = _alike(keys, begins)
        whole, ends, known = keys.tobytes(), begins * keys.itemsize, self._keys
        bounds = zip(ends[examples].tolist(), ends[examples + 1].tolist(), strict=True)
        numbers = [known.get(whole[first:end], -1) for first, end in bounds]
        for place in [place for place, number in enumerate(numbers) if number < 0]:
            numbers[place] = self._class(keys[slice(*begins[examples[place] :][:2].tolist())])
        return np.array(numbers, np.intp)[alike]

    def _class(self, key: NDArray[np.int64]) -> int:
        """Return the number of a class by its key, a new one where it was never met."""
        number = self._keys.setdefault(key.tobytes(), len(self._classes))
        if number == len(self._classes):
            self._classes.append(_class(key.tolist(), list(self._kinds), list(self._asked_movements)))
        return number

    def _kinds_of(self, parameters: Parameters, kinds: Sequence[Kind]) -> list[int]:
        """Return the numbers of what costs may ask of kinds of order."""
        known = self._kind_numbers
        for kind in kinds:
            if kind not in known:
                asked = self._marketplaces[kind.marketplace].kind(kind, parameters, self.high_return)
                known[kind] = self._kinds[asked]
        return list(map(known.__getitem__, kinds))


def _alike(keys: NDArray[np.int64], starts: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return rows such that each row is equal to one of these, and which of these that is.

    The rows are numbers that follow each other, and `starts` says where each begins, and at its end where the last one
    ends. What is returned may have rows that are equal; rows of other numbers never count as equal.
    """
    counts, begins = np.diff(starts), starts[:-1]
    place = np.arange(len(keys)) - np.repeat(begins, counts)
    mixed = (keys.astype(np.uint64) + place.astype(np.uint64) * _MIXING[0]) * _MIXING[1]
    mixed ^= mixed >> np.uint64(32)
    _, examples, alike = np.unique(np.add.reduceat(mixed * _MIXING[0], begins), return_index=True, return_inverse=True)
    example = examples[alike]
    same = keys == keys.take(np.repeat(begins[example], counts) + place, mode="clip")
    others = np.flatnonzero(~np.logical_and.reduceat(same, begins) | (counts != counts[example]))
    alike[others] = len(examples) + np.arange(len(others))
    return np.concatenate((examples, others)), alike


_MIXING = np.array([0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9], np.uint64)
"""Odd numbers without a pattern: products with them are different for most rows that are."""


def _class(key: Sequence[int], kinds: Sequence[Kind], movements: Sequence[Movement]) -> OrderClass:
    """Return a class by its key."""
    (kind, bought), steps = divmod(key[0], _SPAN), [divmod(each, _SPAN) for each in key[1:]]
    said = Said(
        kinds[kind],
        (bought, *(span for _, span in steps)),
        tuple([step % _SLOT for step, _ in steps]),
        tuple([movements[step // _SLOT] for step, _ in steps]),
    )
    return OrderClass(said, not said.kind.lines)
