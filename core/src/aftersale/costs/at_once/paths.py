"""Paths: the orders that are booked at once, and what the steps of each one did, as columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import accumulate, chain
from math import prod
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar, overload
from weakref import WeakKeyDictionary

import numpy as np
from attrs import evolve, frozen
from numpy.typing import NDArray

from aftersale.cases.facts import Fact
from aftersale.engine.moves import Moved, MoveLog, Movement, Movements, Numbers
from aftersale.order_columns import Orders
from aftersale.orders import NEVER, UNTOLD, Order

_Item = TypeVar("_Item")
_ASKED = ("marketplace", "channel", "currency", "category", "cross_border", "product", "lines", "landed_cost")
_AMOUNTS = ("price", "purchased_at", "promised_at", "delivered_at")
_OF_ORDER = itemgetter(*map(Order._fields.index, (*_ASKED, *_AMOUNTS)))


class Kind(NamedTuple):
    """What orders have in common that differ in amounts, instants and buyers.

    `told` says that an order tells what its goods cost, `lines` that it has lines.
    """

    marketplace: str
    channel: str
    currency: str
    category: str
    cross_border: bool
    product: str
    told: bool
    lines: bool


@frozen(eq=False)
class SoldOrders:
    """Orders as columns: which of the `kinds` each one is, by `kind`, its amounts in minor units, and its instants.

    The landed cost is 0 where it is not told, and instants are NEVER where there is none. `arrives_at` is when the
    order arrived, or else when that was promised.
    """

    kinds: Sequence[Kind]
    kind: NDArray[np.int64]
    price: NDArray[np.int64]
    landed_cost: NDArray[np.int64]
    purchased_at: NDArray[np.int64]
    arrives_at: NDArray[np.int64]

    @classmethod
    def of(cls, orders: Sequence[Order]) -> SoldOrders:
        """Return some orders as columns."""
        if not orders:
            nothing = np.zeros(0, np.int64)
            return cls([], nothing, nothing, nothing, nothing, nothing)
        numbers: Numbers[tuple[Any, ...]] = Numbers()
        *asked, lines, landed, price, purchased, promised, delivered = zip(*map(_OF_ORDER, orders), strict=True)
        told = [each is not None for each in landed]
        kind = list(map(numbers.__getitem__, zip(*asked, told, map(bool, lines), strict=True)))
        arrives = [first if second is None else second for first, second in zip(promised, delivered, strict=True)]
        return cls(
            [Kind(*each) for each in numbers],
            np.array(kind, np.int64),
            np.array(price, np.int64),
            np.array([each or 0 for each in landed], np.int64),
            np.array(purchased, np.int64),
            np.array([NEVER if each is None else each for each in arrives], np.int64),
        )

    @classmethod
    def of_columns(cls, orders: Orders, rows: NDArray[np.intp]) -> SoldOrders:
        """Return some rows of the columns of orders, which have no lines."""
        channel, category, marketplace = (
            column[rows].astype(np.int64) for column in (orders.channel, orders.category, orders.marketplace)
        )
        told, border = orders.landed_cost[rows] != UNTOLD, orders.cross_border[rows]
        names = Numbers[str]()
        product = np.array([names[orders.products[row]] for row in rows.tolist()] if orders.products else 0, np.int64)
        sizes = len(orders.marketplaces), len(orders.channels), len(orders.categories), max(1, len(names)), 2, 2
        some, kind = _numbered(
            np.ravel_multi_index((marketplace, channel, category, product, border, told), sizes), prod(sizes)
        )
        products, parts = list(names) or [""], (column.tolist() for column in np.unravel_index(some, sizes))
        kinds = [
            Kind(
                orders.marketplaces[place],
                orders.channels[by],
                orders.currencies[place],
                orders.categories[of],
                bool(beyond),
                products[item],
                bool(tells),
                lines=False,
            )
            for place, by, of, item, beyond, tells in zip(*parts, strict=True)
        ]
        delivered = orders.delivered_at[rows]
        return cls(
            kinds,
            kind,
            orders.price[rows],
            np.where(told, orders.landed_cost[rows], 0),
            orders.purchased_at[rows],
            np.where(delivered == NEVER, orders.promised_at[rows], delivered),
        )

    @classmethod
    def joined(cls, several: Sequence[SoldOrders]) -> SoldOrders:
        """Return the orders of several, one after the other."""
        firsts = accumulate((len(sold.kinds) for sold in several), initial=0)
        numbers = [first + sold.kind for first, sold in zip(firsts, several, strict=False)]
        columns = zip(*(sold._amounts for sold in several), strict=True)
        kinds = [kind for sold in several for kind in sold.kinds]
        return cls(kinds, np.concatenate(numbers), *map(np.concatenate, columns))

    def chosen(self, rows: NDArray[np.intp]) -> SoldOrders:
        """Return some of the orders, by their rows."""
        return SoldOrders(self.kinds, self.kind[rows], *(column[rows] for column in self._amounts))

    @property
    def _amounts(self) -> tuple[NDArray[np.int64], ...]:
        return self.price, self.landed_cost, self.purchased_at, self.arrives_at


@frozen(eq=False, slots=False)
class OrderPaths:
    """Orders, each with what its steps did, one step or more, as columns.

    They stand by their `marketplaces`, and `bounds` says where the orders of each one begin, and at its end how many
    there are.
    The steps of an order follow each other as they happened, and `starts` says where those of each one begin, and at
    its end where the last ones end. `steps` are the numbers of their movements, `slots` those of their cases within the
    order, in the order in which the cases were opened, `at` when they happened. `orders` and `facts` may be any
    sequences, such as those that make their items when they are read; `sold` are the orders as columns.
    """

    movements: Movements
    marketplaces: tuple[str, ...]
    bounds: tuple[int, ...]
    orders: Sequence[Order]
    sold: SoldOrders
    starts: NDArray[np.intp]
    steps: NDArray[np.int64]
    slots: NDArray[np.int64]
    at: NDArray[np.int64]
    facts: Sequence[Fact]

    @classmethod
    def of(cls, movements: Movements, moved: Iterable[tuple[Order, Sequence[Moved]]]) -> OrderPaths:
        """Return orders with what their steps did, sorted by their marketplaces; those without any are left out."""
        known = sorted(((order, moves) for order, moves in moved if moves), key=lambda each: each[0].marketplace)
        facts = [move.fact for _, moves in known for move in moves]
        steps = [movements.number(Movement.of(move)) for _, moves in known for move in moves]
        starts = np.cumsum([0, *(len(moves) for _, moves in known)])
        at = np.array([fact.occurred_at for fact in facts], np.int64)
        slots = _slots(_case_numbers([moves for _, moves in known]), starts)
        names = Counter(order.marketplace for order, _ in known)
        where = tuple(names), (0, *accumulate(names.values()))
        orders = [order for order, _ in known]
        sold = SoldOrders.of(orders)
        return cls(movements, *where, orders, sold, starts, np.array(steps, np.int64), slots, at, facts)

    def __len__(self) -> int:
        """Return how many orders there are."""
        return len(self.starts) - 1

    def chosen(self, rows: NDArray[np.intp]) -> OrderPaths:
        """Return some of the orders, by their rows."""
        if len(rows) == len(self):
            return self
        counts = np.diff(self.starts)[rows]
        starts = np.cumsum([0, *counts.tolist()])
        places = np.arange(starts[-1]) + np.repeat(self.starts[rows] - starts[:-1], counts)
        return evolve(
            self,
            bounds=tuple(np.searchsorted(rows, self.bounds).tolist()),
            orders=_some(self.orders, rows),
            sold=self.sold.chosen(rows),
            starts=starts,
            steps=self.steps[places],
            slots=self.slots[places],
            at=self.at[places],
            facts=_some(self.facts, places),
        )

    @cached_property
    def order(self) -> NDArray[np.intp]:
        """The row of the order of each step."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts))

    @cached_property
    def marketplace(self) -> NDArray[np.intp]:
        """The number of the marketplace of each order."""
        return np.repeat(np.arange(len(self.marketplaces)), np.diff(self.bounds))

    @cached_property
    def step_bounds(self) -> list[int]:
        """Where the steps of each marketplace begin, and at the end how many there are."""
        bounds: list[int] = self.starts[list(self.bounds)].tolist()
        return bounds

    @cached_property
    def most(self) -> int:
        """What no slot reaches."""
        return int(self.slots.max(initial=0)) + 1

    @cached_property
    def case(self) -> NDArray[np.intp]:
        """A number for the case of each step: its order's row times `most`, and its slot."""
        return self.order * self.most + self.slots

    @cached_property
    def cases(self) -> CaseColumns:
        """The cases of the steps."""
        places = np.arange(len(self.steps))
        first, last = np.full((2, len(self) * self.most), -1)
        last[self.case] = places
        first[self.case[::-1]] = places[::-1]  # of several steps the last one that is named stays
        known = np.flatnonzero(last >= 0)
        return CaseColumns(known, known // self.most, first[known], last[known])

    @cached_property
    def told(self) -> NDArray[np.intp]:
        """The places of the steps whose facts tell an amount."""
        return np.flatnonzero(MovementColumns.of(self.movements).tells[self.steps])

    @cached_property
    def amounts(self) -> NDArray[np.int64]:
        """The amount that each step's fact tells in minor units; 0 for none."""
        amounts = np.zeros(len(self.steps), np.int64)
        amounts[self.told] = [self.facts[place].amount or 0 for place in self.told.tolist()]
        return amounts


class MovementColumns(NamedTuple):
    """Movements as columns, by their numbers: whether each fact has an amount, and its kind and the state as numbers.

    `kinds` and `states` have the words of these numbers.
    """

    tells: NDArray[np.bool_]
    kind: NDArray[np.int64]
    state: NDArray[np.int64]
    kinds: Numbers[str]
    states: Numbers[str]

    @classmethod
    def of(cls, movements: Movements) -> MovementColumns:
        """Return those of all movements that are known; they are worked out once until there are more."""
        known = _COLUMNS.get(movements)
        if known is None or len(known.tells) < len(movements.known):
            kinds, states = Numbers[str](), Numbers[str]()
            known = _COLUMNS[movements] = cls(
                np.array([movement.tells for movement in movements.known], bool),
                np.array([kinds[movement.kind] for movement in movements.known], np.int64),
                np.array([states[movement.state] for movement in movements.known], np.int64),
                kinds,
                states,
            )
        return known


_COLUMNS: WeakKeyDictionary[Movements, MovementColumns] = WeakKeyDictionary()


class CaseColumns(NamedTuple):
    """Cases as columns: the `number` of each, as of its steps, its order's row, and its first and last step.

    They stand by their orders, those of one order as they were opened.
    """

    number: NDArray[np.intp]
    order: NDArray[np.intp]
    first: NDArray[np.intp]
    last: NDArray[np.intp]


def _numbered(codes: NDArray[np.int64], most: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the different ones of whole numbers below `most`, sorted, and which of these each one is."""
    if most > 2**16:
        several, which = np.unique(codes, return_inverse=True)
        return several, which
    several = np.flatnonzero(np.bincount(codes))
    numbers = np.zeros(most, np.int64)
    numbers[several] = np.arange(len(several))
    return several, numbers[codes]


def _some(items: Sequence[_Item], places: NDArray[np.intp]) -> Sequence[_Item]:
    return items.chosen(places) if isinstance(items, Picked) else Picked((items,), places)


class Picked(Sequence[_Item]):
    """Items of some lists, one after the other, by their places there, read when they are asked for."""

    def __init__(self, lists: Sequence[Sequence[_Item]], places: NDArray[np.intp]) -> None:
        """Pick items."""
        self._first, *more = lists
        self._others = [item for items in more for item in items]
        self._places = places

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._places)

    def chosen(self, places: NDArray[np.intp]) -> Picked[_Item]:
        """Return some of them."""
        return Picked((self._first, self._others), self._places[places])

    @overload
    def __getitem__(self, place: int) -> _Item: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[_Item]: ...
    def __getitem__(self, place: int | slice) -> _Item | Sequence[_Item]:
        """Return one of them, or a list of some."""
        if isinstance(place, slice):
            return self._read(self._places[place].tolist())
        return self._read([int(self._places[place])])[0]

    def _read(self, places: list[int]) -> list[_Item]:
        first, others, end = self._first, self._others, len(self._first)
        return [first[place] if place < end else others[place - end] for place in places]

    def __iter__(self) -> Iterator[_Item]:
        """Return them in turn."""
        return iter(self._read(self._places.tolist()))


def sequence(numbers: NDArray[np.int64], most: int) -> NDArray[np.intp]:
    """Return the places of numbers that are below `most`, from the lowest up, those of equal ones as they stand."""
    # Numbers of two bytes are sorted by their digits, which takes a tenth of the time.
    return np.argsort(numbers.astype(np.int16) if most <= 2**15 else numbers, kind="stable")


def _case_numbers(moved: Iterable[Sequence[Moved]]) -> NDArray[np.int64]:
    """Return for each step of some orders a number for its case."""
    numbers = Numbers[tuple[int, str]]()
    cases = [numbers[row, move.fact.case] for row, moves in enumerate(moved) for move in moves]
    return np.array(cases, np.int64)


def first_places(cases: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return by the numbers of cases the place of the first step of each one, -1 for a case of which there is none."""
    first = np.full(int(cases.max(initial=-1)) + 1, -1)
    first[cases[::-1]] = np.arange(len(cases))[::-1]  # of several steps the last one that is named stays
    return first


def _slots(cases: NDArray[np.int64], starts: NDArray[np.intp]) -> NDArray[np.int64]:
    """Return the number of each step's case within its order, by numbers of cases; no two orders have one of these."""
    opening = first_places(cases)[cases]
    opened = np.cumsum(opening == np.arange(len(cases)))
    slots: NDArray[np.int64] = opened[opening] - np.repeat(opened[starts[:-1]], np.diff(starts))
    return slots


def kept_paths(
    log: MoveLog,
    names: Sequence[str],
    replayed: Sequence[tuple[Order, Sequence[Moved]]] = (),
    sold: SoldOrders | None = None,
    wanted: NDArray[np.bool_] | None = None,
) -> OrderPaths:
    """Return the paths of orders of some marketplaces that a log kept, and those of orders that were `replayed`.

    Of an order whose dossier has a replay nothing that was kept counts. `sold` are the log's orders as columns, where
    that is known better than from these one by one, and `wanted` says which of these are, where not all are.
    """
    movements, kept, names = log.movements, len(log.orders), tuple(names)
    place = np.array([names.index(name) if name in names else -1 for name in log.marketplaces], np.int64)
    others, replays = [order for order, _ in replayed], [each for _, each in replayed]
    moves = list(chain.from_iterable(replays))
    rows = _extended(log.rows, np.repeat(np.arange(kept, kept + len(replays)), list(map(len, replays))))
    steps = _extended(log.steps, [movements.number(Movement.of(move)) for move in moves])
    at = _extended(log.at, [move.fact.occurred_at for move in moves])
    cases = _extended(log.cases, ())
    cases = _extended(cases, _case_numbers(replays) + int(cases.max(initial=-1)) + 1)
    of_order = _extended(place[_extended(log.places, ())], [names.index(order.marketplace) for order in others])
    of_order[[dossier.row for dossier in log.late.values() if dossier.row >= 0]] = -1
    if wanted is not None:
        of_order[:kept][~wanted] = -1
    own = sequence(of_order, len(names))[np.count_nonzero(of_order < 0) :]
    rank = np.full(len(of_order), -1)
    rank[own] = np.arange(len(own))
    ranks = rank[rows]
    mine = sequence(ranks, len(own))[np.count_nonzero(ranks < 0) :]
    starts = np.concatenate(([0], np.cumsum(np.bincount(ranks[mine], minlength=len(own)))))
    bounds = tuple(np.searchsorted(of_order[own], np.arange(len(names) + 1)).tolist())
    columns = SoldOrders.of(log.orders) if sold is None else sold
    if others:
        columns = SoldOrders.joined([columns, SoldOrders.of(others)])
    return OrderPaths(
        movements,
        names,
        bounds,
        Picked((log.orders, others), own),
        columns.chosen(own),
        starts,
        steps[mine],
        _slots(cases[mine], starts),
        at[mine],
        Picked((log.facts, [move.fact for move in moves]), mine),
    )


def _extended(kept: Sequence[int] | NDArray[np.int64], more: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    """Return whole numbers as a column, and more of them at its end."""
    column = kept if isinstance(kept, np.ndarray) else np.fromiter(kept, np.int64, len(kept))
    return np.concatenate((column, more)) if len(more) else column
