"""Booked: what orders cost, worked out by the formulas of their classes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aftersale.cases.facts import Fact
from aftersale.costs.at_once.columns import Columns
from aftersale.costs.at_once.noting import (
    LANDED_COST,
    PRICE,
    Background,
    BookedLine,
    Booking,
    Lone,
    OrderClass,
    SumKey,
    key_of,
)
from aftersale.costs.at_once.paths import OrderPaths, sequence
from aftersale.costs.charges import order_costs
from aftersale.costs.ledger import CostLine, fulfilment_of, product_of
from aftersale.engine.moves import Moved, Numbers
from aftersale.orders import Order

Sums = dict[SumKey, int]
"""Minor units by line, currency and basis."""
_Rows = NDArray[np.intp]


class _Part(NamedTuple):
    """Orders of a marketplace, from one place of the sequence up to another, that one booking holds for, or none."""

    marketplace: str
    booking: Booking | Lone | None
    first: int
    end: int


class Booked:
    """What some orders cost; `which` of the classes each one has.

    The only order of a class that is met for the first time is booked by itself. Beside these, so many are booked
    `alone`: what their class says is too little.

    Within, orders stand by their classes, and have other positions than their rows among the paths; those of classes
    that cost nothing have none. The sequence is that of the positions by parts: those of a class stand where they did,
    but one part after the other.
    """

    def __init__(
        self,
        backgrounds: Mapping[str, Background],
        known: Sequence[OrderClass],
        paths: OrderPaths,
        asked: tuple[_Rows, _Rows],
        which: _Rows,
    ) -> None:
        """Book one order of each class of which none was, and find out for which of the others its formulas hold.

        `asked` are the places of the steps that classes have, and where those of each order begin among these.
        """
        self.which, self.alone = which, 0
        self._backgrounds, self._paths = backgrounds, paths
        self._asked, self._begins = asked
        self._parts: list[_Part] = []
        if not len(paths):
            return
        sizes = np.bincount(which, minlength=len(known))
        met = [(number, known[number]) for number in np.flatnonzero(sizes).tolist()]
        reads = {of_class.bookings[0].reads for _, of_class in met if of_class.costs_nothing}
        costing = [number for number, of_class in met if not of_class.costs_nothing]
        if costing:
            self._find(known, costing, sizes)
        reads.update(part.booking.reads for part in self._parts if part.booking is not None)
        next(iter(backgrounds.values())).parameters.note(frozenset().union(*reads))

    def _find(self, known: Sequence[OrderClass], costing: list[int], sizes: _Rows) -> None:
        """Find out what is booked for the orders of some classes; `sizes` says how many each class has."""
        self._groups = [known[number] for number in costing]
        self._ends = [0, *np.cumsum(sizes[costing]).tolist()]
        costs = np.zeros(len(known), bool)
        costs[costing] = True
        some = np.flatnonzero(costs[self.which])
        self._rows = some[sequence(self.which[some], len(known))]
        formulas = next(iter(self._backgrounds.values())).formulas
        self._columns = Columns(formulas, self._given(), np.array(self._ends[:-1]))
        self._inside = self._requests()
        self._sequence = np.arange(len(some))
        for group, of_class in enumerate(self._groups):
            self._part(group, of_class)
        self._columns.split(self._sequence, np.array([part.first for part in self._parts]))

    def _given(self) -> dict[Any, NDArray[np.int64]]:
        """Return the amounts that are given, by position; 0 where one is not."""
        paths, rows = self._paths, self._rows
        given: dict[Any, NDArray[np.int64]] = {
            PRICE: paths.sold.price[rows],
            LANDED_COST: paths.sold.landed_cost[rows],
        }
        position = np.full(len(paths), -1)
        position[rows] = np.arange(len(rows))
        told = paths.told[position[paths.order[paths.told]] >= 0]
        among, orders = np.searchsorted(self._asked, told), paths.order[told]
        numbers = among - self._begins[orders]
        for number in np.unique(numbers).tolist():
            of_number = numbers == number
            amounts = given[number] = np.zeros(len(rows), np.int64)
            amounts[position[orders[of_number]]] = paths.amounts[told[of_number]]
        return given

    def _requests(self) -> dict[tuple[int, int], NDArray[np.bool_]]:
        """Return of what known bookings asked whether it lay inside the window, by group and place."""
        asked = dict.fromkeys(
            (group, question.place)
            for group, of_class in enumerate(self._groups)
            for booking in of_class.bookings
            for question in booking.questions
        )
        return dict(zip(asked, self._inside_of(list(asked)), strict=True))

    def _inside_of(self, asked: Sequence[tuple[int, int]]) -> list[NDArray[np.bool_]]:
        """Return of the orders of groups whether their step at a place lay inside the window."""
        if not asked:
            return []
        paths, ends = self._paths, self._ends
        rows = [self._rows[ends[group] : ends[group + 1]] for group, _ in asked]
        of_steps = [self._asked[self._begins[some] + place] for some, (_, place) in zip(rows, asked, strict=True)]
        every, at = np.concatenate(rows), paths.at[np.concatenate(of_steps)]
        inside, places = np.zeros(len(every), bool), paths.marketplace[every]
        for number, by in enumerate(self._backgrounds.values()):
            some = np.flatnonzero(places == number)
            if len(some):
                inside[some] = by.windows.inside(by.policy, paths, every[some], at[some])
        return np.split(inside, np.cumsum([len(some) for some in rows])[:-1])

    def _order(self, position: int) -> Order:
        return self._paths.orders[int(self._rows[position])]

    def _facts(self, position: int) -> list[Fact]:
        """Return the facts that the class of the order at a position has."""
        first, end = self._begins[self._rows[position] :][:2].tolist()
        return [self._paths.facts[place] for place in self._asked[first:end].tolist()]

    def _note(self, of_class: OrderClass, position: int) -> None:
        of_class.note(self._backgrounds[of_class.said.kind.marketplace], self._order(position), self._facts(position))

    def _part(self, group: int, of_class: OrderClass) -> None:
        """Find out which bookings hold for the orders of a group; mostly the first one holds for all."""
        first, end = self._ends[group : group + 2]
        place, bookings = of_class.said.kind.marketplace, of_class.bookings
        if bookings and not bookings[0].questions and not self._columns.undecided(bookings[0].conditions, group):
            self._parts.append(_Part(place, bookings[0], first, end))
            return
        for booking, positions in self._parts_of(group, of_class):
            end = first + len(positions)
            self._sequence[first:end] = positions
            self._parts.append(_Part(place, booking, first, end))
            first = end

    def _parts_of(self, group: int, of_class: OrderClass) -> Iterator[tuple[Booking | Lone | None, _Rows]]:
        """Yield bookings with the positions of the orders of a group that each holds for, None for no booking."""
        first, end = self._ends[group : group + 2]
        left: _Rows = np.arange(first, end)
        if of_class.noted and not of_class.bookings:
            # Half of the classes are met no more but by the same order in other runs: to note takes three times.
            lone = self._lone(of_class, first) if len(left) == 1 else None
            if lone is not None:
                yield lone, left
                return
            self._note(of_class, first)
        bookings, tried = of_class.bookings, 0
        while len(left) and tried < len(bookings):
            holds = self._holding(bookings[tried], group, left)
            if holds is None:
                yield bookings[tried], left
                return
            if holds.any():
                yield bookings[tried], left[holds]
            left, tried = left[~holds], tried + 1
            if len(left) and tried == len(bookings) and of_class.noted:
                self._note(of_class, int(left[0]))
        if len(left):
            self.alone += len(left)
            yield None, left

    def _lone(self, of_class: OrderClass, position: int) -> Lone | None:
        """Return what the order at a position costs, the only one of its class that was ever met; None for another."""
        paths, row, known = self._paths, int(self._rows[position]), of_class.lone
        by = self._backgrounds[of_class.said.kind.marketplace]
        if known is not None and known.order != paths.orders[row]:
            return None
        moves = self._moves(row)
        if known is None:
            parameters = by.parameters.afresh()
            lines = order_costs(paths.orders[row], moves, by.policy, parameters, by.high_return, labour=False).lines
            known = of_class.lone = Lone(paths.orders[row], moves, lines, parameters.reads)
        return known if known.moves == moves else None

    def _holding(self, booking: Booking, group: int, positions: _Rows) -> NDArray[np.bool_] | None:
        """Return at which positions of a group all conditions of a booking hold, and its questions have its answers.

        None says that this is so for all of the group.
        """
        columns = self._columns
        holds = [columns.where(condition)[positions] for condition in columns.undecided(booking.conditions, group)]
        first = self._ends[group]
        for question in booking.questions:
            inside = self._inside.get((group, question.place))
            if inside is None:
                (inside,) = self._inside_of([(group, question.place)])
                self._inside[group, question.place] = inside
            holds.append(inside[positions - first] == question.inside)
        whole: NDArray[np.bool_] | None = None
        for each in holds:
            whole = each if whole is None else whole & each
        return whole

    def sums(self, left_out: Mapping[int, Collection[str]]) -> dict[str, Sums]:
        """Return by marketplace the sums of all lines but the work, by line, currency and basis.

        `left_out` are by the rows of their orders the cases of which no line counts.
        """
        keys = next(iter(self._backgrounds.values())).keys if self._backgrounds else Numbers[SumKey]()
        by_number: dict[str, dict[int, int]] = {name: {} for name in self._paths.marketplaces}

        def add(line: CostLine, amount: int) -> None:
            sums, key = by_number[line.marketplace], keys[key_of(line)]
            sums[key] = sums.get(key, 0) + amount

        for number, (marketplace, booking, first, end) in enumerate(self._parts):
            if isinstance(booking, Booking):
                sums, of_parts = by_number[marketplace], self._columns.sums
                for key, formula, times in booking.addends:
                    sums[key] = sums.get(key, 0) + times * of_parts[formula][number]
            else:
                for line in chain.from_iterable(self._written_out(booking, self._sequence[first:end].tolist())):
                    add(line, line.amount)
        for row, lines in self.lines(left_out).items() if left_out else ():
            for line in lines:
                if line.case in left_out[row]:
                    add(line, -line.amount)
        names = list(keys)
        return {place: {names[key]: amount for key, amount in sums.items()} for place, sums in by_number.items()}

    def _alone(self, position: int) -> list[CostLine]:
        """Return the lines of one order that is booked by itself."""
        paths, row = self._paths, int(self._rows[position])
        by = self._backgrounds[paths.marketplaces[int(paths.marketplace[row])]]
        moves = self._moves(row)
        return order_costs(paths.orders[row], moves, by.policy, by.parameters, by.high_return, labour=False).lines

    def _moves(self, row: int) -> list[Moved]:
        """Return what all steps of an order did, by its row."""
        paths = self._paths
        some, known = slice(*paths.starts[row : row + 2].tolist()), paths.movements.known
        return [known[step].by(fact) for step, fact in zip(paths.steps[some].tolist(), paths.facts[some], strict=True)]

    def lines(self, rows: Collection[int] | None = None) -> dict[int, list[CostLine]]:
        """Return by its row the lines of each order, or of each of some, but its work, as they were booked."""
        asked = range(len(self._paths)) if rows is None else rows
        lines: dict[int, list[CostLine]] = {row: [] for row in asked}
        if not lines or not self._parts:
            return lines
        wanted = np.zeros(len(self._paths), bool)
        wanted[list(lines)] = True
        some = np.flatnonzero(wanted[self._rows[self._sequence]])
        numbers = np.searchsorted([part.first for part in self._parts], some, "right") - 1
        for number in np.unique(numbers).tolist():
            positions, booking = self._sequence[some[numbers == number]], self._parts[number].booking
            written = self._written_out(booking, positions.tolist())
            lines.update(zip(self._rows[positions].tolist(), written, strict=True))
        return lines

    def _written_out(self, booking: Booking | Lone | None, positions: Sequence[int]) -> list[list[CostLine]]:
        """Return the lines of some orders for which one booking holds, or of each that is booked by itself."""
        if isinstance(booking, Lone):
            return [booking.lines]
        if booking is None:
            return list(map(self._alone, positions))
        columns = [(booked, booked.times * self._columns.of(booked.formula)[positions]) for booked in booking.lines]
        amounts = [column.tolist() for _, column in columns]
        written = []
        for number, position in enumerate(positions):
            order, facts = self._order(position), self._facts(position) if booking.lines else []
            lines = zip(booking.lines, amounts, strict=True)
            written.append([_line(booked, order, facts[booked.place], of_line[number]) for booked, of_line in lines])
        return written


def _line(booked: BookedLine, order: Order, fact: Fact, amount: int) -> CostLine:
    where = order.id, product_of(order), order.marketplace, fulfilment_of(order), fact.occurred_at
    return CostLine(
        booked.line, fact.case, *where, amount, booked.currency, booked.estimated, booked.basis, booked.group
    )
