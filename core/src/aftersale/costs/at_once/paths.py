"""Paths: which orders are booked at once, and what each one's steps did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import NamedTuple

from attrs import define, field, frozen

from aftersale.engine.moves import Movement, Taken
from aftersale.orders import Order


@define(eq=False)
class OrderPaths:
    """Orders of one marketplace, each with what its steps did, one step or more.

    `slots` number the cases of the steps of those whose steps are of several cases, by the places of these orders.
    """

    orders: list[Order] = field(factory=list)
    taken: list[Taken] = field(factory=list)
    slots: dict[int, tuple[int, ...]] = field(factory=dict)

    def __len__(self) -> int:
        """Return how many orders there are."""
        return len(self.orders)

    def add(self, order: Order, taken: Taken, cases: int = 2) -> None:
        """Take in an order that has this many cases; whether its steps are of several is looked up if they may be."""
        if cases > 1:
            numbers: dict[str, int] = {}
            slots = tuple([numbers.setdefault(fact.case, len(numbers)) for fact in taken.facts])
            if len(numbers) > 1:
                self.slots[len(self.orders)] = slots
        self.orders.append(order)
        self.taken.append(taken)


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


@frozen(eq=False, slots=False)
class PathClass:
    """All orders of a class, by its `number`, that took the very same steps, of cases by their numbers in `slots`.

    `places` are those of the steps that costs may ask for.
    """

    number: int
    places: tuple[int, ...]
    slots: tuple[int, ...]
    movements: tuple[Movement, ...]

    @cached_property
    def did(self) -> Did:
        """What each of the orders did."""
        return Did.of(zip(self.slots, self.movements, strict=True))
