"""Booked: what orders cost, worked out by the formulas of their classes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from aftersale.cases.facts import Fact
from aftersale.costs.at_once.columns import Columns
from aftersale.costs.at_once.noting import LANDED_COST, PRICE, Background, BookedLine, Booking, OrderClass, Question
from aftersale.costs.at_once.paths import OrderPaths, PathClass
from aftersale.costs.charges import order_costs
from aftersale.costs.ledger import CostLine, fulfilment_of, product_of
from aftersale.engine.return_terms import situation
from aftersale.orders import Order

Sums = dict[tuple[str, str, tuple[str, ...]], int]
"""Minor units by line, currency and basis."""


class _Part(NamedTuple):
    """Orders that one booking holds for, or none: all of a group, by its number, or those at some `positions`."""

    booking: Booking | None
    group: int
    positions: NDArray[np.intp] | None


class Booked:
    """What some orders of one marketplace cost; `which` of the `classes` each one's path has.

    The only order of a class that is met for the first time is booked by itself. Beside these, so many are booked
    `alone`: what their class says is too little.

    Within, orders stand by their classes, and have other positions than they were given at.
    """

    def __init__(
        self,
        background: Background,
        known: Sequence[OrderClass],
        paths: OrderPaths,
        classes: Sequence[PathClass],
        which: NDArray[np.intp],
    ) -> None:
        """Book one order of each class of which none was, and find out for which of the others its formulas hold."""
        self.classes, self.which = classes, which
        self._background, self._paths = background, paths
        self._rows: list[int] = []
        self._parts: list[_Part] = []
        self.alone = 0
        if not classes:
            return
        numbers = np.array([of_path.number for of_path in classes], np.intp)[which]
        rows = np.argsort(numbers, kind="stable")
        starts = np.concatenate(([0], np.flatnonzero(np.diff(numbers[rows])) + 1))
        groups = [known[number] for number in numbers[rows[starts]].tolist()]
        self._rows, self._ends = rows.tolist(), [*starts.tolist(), len(paths)]
        self._columns = Columns(background.formulas, self._given(groups), starts)
        for group, of_class in enumerate(groups):
            self._parts += self._parts_of(group, of_class)
        for booking in {part.booking for part in self._parts if part.booking is not None}:
            background.parameters.note(booking.reads)

    def _given(self, groups: Sequence[OrderClass]) -> dict[Any, NDArray[np.int64]]:
        """Return the amounts that are given, by position; 0 where one is not."""
        orders = [self._paths.orders[row] for row in self._rows]
        given: dict[Any, NDArray[np.int64]] = {
            PRICE: np.array([order.price for order in orders], np.int64),
            LANDED_COST: np.array([order.landed_cost or 0 for order in orders], np.int64),
        }
        for group, of_class in enumerate(groups):
            for number, movement in enumerate(of_class.said.movements):
                if movement.tells:
                    amounts = given.setdefault(number, np.zeros(len(orders), np.int64))
                    for position in range(*self._ends[group : group + 2]):
                        amounts[position] = self._facts(position)[number].amount or 0
        return given

    def _order(self, position: int) -> Order:
        return self._paths.orders[self._rows[position]]

    def _facts(self, position: int) -> list[Fact]:
        """Return the facts that the class of the order at a position has."""
        row = self._rows[position]
        facts = self._paths.taken[row].facts
        return [facts[place] for place in self.classes[self.which[row]].places]

    def _parts_of(self, group: int, of_class: OrderClass) -> Iterator[_Part]:
        """Yield the bookings that hold for the orders of a group; mostly one holds for all."""
        first, end = self._ends[group : group + 2]
        if not of_class.met and end - first == 1:  # half of the classes are never met again: to note takes three times
            of_class.met = True
            yield _Part(None, group, np.arange(first, end))
            return
        of_class.met = True
        if of_class.noted and not of_class.bookings:
            of_class.note(self._background, self._order(first), self._facts(first))
        bookings = of_class.bookings
        if len(bookings) == 1 and self._holds_for_all(bookings[0], group):
            yield _Part(bookings[0], group, None)
            return
        left, tried = np.arange(first, end), 0
        while len(left) and tried < len(bookings):
            holds = self._holding(bookings[tried], left)
            if holds.any():
                yield _Part(bookings[tried], group, left[holds])
            left, tried = left[~holds], tried + 1
            if len(left) and tried == len(bookings) and of_class.noted:
                of_class.note(self._background, self._order(int(left[0])), self._facts(int(left[0])))
        self.alone += len(left)
        if len(left):
            yield _Part(None, group, left)

    def _holds_for_all(self, booking: Booking, group: int) -> bool:
        return not booking.questions and all(self._columns.hold(each, group) for each in booking.conditions)

    def _holding(self, booking: Booking, positions: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Return at which positions all conditions of a booking hold, and all questions have the same answers."""
        holds = np.ones(len(positions), bool)
        for condition in booking.conditions:
            holds &= self._columns.where(condition)[positions]
        for question in booking.questions:
            for number in np.flatnonzero(holds).tolist():
                holds[number] = self._answers(question, int(positions[number]))
        return holds

    def _answers(self, question: Question, position: int) -> bool:
        request = self._facts(position)[question.place]
        terms = self._background.policy.at(request.occurred_at)
        return situation(terms, self._order(position), request, question.after_inspection) == question.answer

    def sums(self, left_out: Mapping[int, Collection[str]]) -> Sums:
        """Return the sums of all lines but the work, by line, currency and basis.

        `left_out` are by the places of their orders the cases of which no line counts.
        """
        sums: Sums = {}
        for part in self._parts:
            if part.booking is None:
                for line in chain.from_iterable(map(self._alone, self._positions(part))):
                    _add(sums, line, line.amount)
            else:
                for booked in part.booking.lines:
                    _add(sums, booked, self._sum(booked, part))
        for row, lines in self.lines(left_out).items() if left_out else ():
            for line in lines:
                if line.case in left_out[row]:
                    _add(sums, line, -line.amount)
        return sums

    def _sum(self, line: BookedLine, part: _Part) -> int:
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

    def _alone(self, position: int) -> list[CostLine]:
        """Return the lines of one order that is booked by itself."""
        by, moves = self._background, self._paths.taken[self._rows[position]].moves()
        order = self._order(position)
        return order_costs(order, moves, by.policy, by.parameters, by.high_return, labour=False).lines

    def lines(self, places: Collection[int] | None = None) -> dict[int, list[CostLine]]:
        """Return by its place the lines of each order, or of each of some, but its work, as they were booked."""
        lines: dict[int, list[CostLine]] = {}
        for part in self._parts:
            positions = [each for each in self._positions(part) if places is None or self._rows[each] in places]
            of_part = (
                [self._alone(position) for position in positions]
                if part.booking is None
                else self._written_out(part.booking, positions)
            )
            lines.update(zip((self._rows[position] for position in positions), of_part, strict=True))
        return lines

    def _written_out(self, booking: Booking, positions: Sequence[int]) -> list[list[CostLine]]:
        """Return what one booking comes to for some orders."""
        amounts = [self._amounts(booked, positions) for booked in booking.lines]
        return [
            [
                _line(booked, self._order(position), self._facts(position)[booked.place], of_line[number])
                for booked, of_line in zip(booking.lines, amounts, strict=True)
            ]
            for number, position in enumerate(positions)
        ]

    def _amounts(self, booked: BookedLine, positions: Sequence[int]) -> list[int]:
        if booked.formula is None:
            return [booked.times] * len(positions)
        amounts: list[int] = (booked.times * self._columns.of(booked.formula)[positions]).tolist()
        return amounts


def _line(booked: BookedLine, order: Order, fact: Fact, amount: int) -> CostLine:
    where = order.id, product_of(order), order.marketplace, fulfilment_of(order), fact.occurred_at
    return CostLine(
        booked.line, fact.case, *where, amount, booked.currency, booked.estimated, booked.basis, booked.group
    )


def _add(sums: Sums, line: CostLine | BookedLine, amount: int) -> None:
    key = line.line, line.currency, line.basis
    sums[key] = sums.get(key, 0) + amount
