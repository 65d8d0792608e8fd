"""Steps: what the kernel kept of the steps of cases, in the form of a docket's log of moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from aftersale.cases.facts import Fact
from aftersale.costs.at_once.paths import Picked
from aftersale.engine.dossiers import NO_STEP, Dossier
from aftersale.engine.moves import Movements, Numbers, Worked
from aftersale_simulator.world.lazy import Lazy

if TYPE_CHECKING:
    from aftersale.orders import Order
    from aftersale_simulator.kernel.kernel import Kernel
    from aftersale_simulator.plan.asking import Asking

Column = NDArray[np.int64]
_Kept = tuple[Column, NDArray[np.bool_], Numbers[Worked]]
WIDTH = 4
"""Fields of a row: order, case, what is kept, and when."""


@frozen(eq=False)
class KernelWork:
    """What facts may have been the work of, as of `WorkLog`."""

    numbers: Numbers[Worked]
    work: Column
    opened: Column
    orders: Sequence[str]


@frozen(eq=False)
class KernelSteps:
    """What is kept of a run's steps, as of `MoveLog`, and of all of them: no order is too early for the kernel."""

    movements: Movements
    work: KernelWork
    marketplaces: Numbers[str]
    orders: Sequence[Order]
    places: Column
    numbers: Column
    rows: Column
    steps: Column
    at: Column
    cases: Column
    facts: Sequence[Fact]
    early: tuple[Dossier, ...]
    late: Mapping[str, Dossier]

    @classmethod
    def of(cls, asking: Asking, kernel: Kernel, movements: Movements, late: Mapping[str, Dossier]) -> KernelSteps:
        """Return what a run left; `late` are the dossiers of orders that were handed over to the docket."""
        cases, places = asking.plan.cases, Numbers[str]()
        log = np.frombuffer(kernel.log.column(), np.int64).reshape(-1, WIDTH)
        number, is_move, worked = _kept(cases.log.things, movements)
        moving = is_move[log[:, 2]]
        moves = log.take(np.flatnonzero(moving), axis=0)
        has_steps = np.zeros(len(asking.orders), bool)
        has_steps[moves[:, 0]] = True
        known = np.flatnonzero(has_steps)
        row_of = np.full(len(has_steps), NO_STEP)
        row_of[known] = np.arange(len(known))
        of_row = Picked((asking.orders,), known)
        for name in cases.places:
            places[name]
        if late:
            names = {order.id: row for row, order in enumerate(of_row)}
            for dossier in late.values():
                dossier.row = names.get(dossier.order.id, NO_STEP)
        done = log.take(np.flatnonzero(~moving), axis=0)
        opened = np.frombuffer(kernel.c_opened.column(), np.int64)
        by_order = _Ids(asking.orders, done[:, 0])
        work = KernelWork(worked, number[done[:, 2]], opened[done[:, 1]], by_order)
        return cls(
            movements,
            work,
            places,
            of_row,
            asking.place[known],
            known,
            row_of[moves[:, 0]],
            number[moves[:, 2]],
            moves[:, 3],
            moves[:, 1],
            _Facts(asking, kernel, moves),
            (),
            late,
        )


def _kept(things: Sequence[tuple[Any, ...]], movements: Movements) -> _Kept:
    """Return for each thing that a log may hold its number, whether it is a movement, and what work has numbers."""
    worked = Numbers[Worked]()
    number = np.zeros(len(things), np.int64)
    is_move = np.zeros(len(things), bool)
    for place, (word, *rest) in enumerate(things):
        is_move[place] = word == "move"
        number[place] = movements.number(rest[0]) if word == "move" else worked[_worked(*rest)]
    return number, is_move, worked


def _worked(place: str, task: str, fact: str, changed: bool) -> Worked:
    return place, task, fact, changed


class _Ids(Lazy[str]):
    """The names of orders, read when they are asked for."""

    def __init__(self, orders: Sequence[Order], rows: Column) -> None:
        self._orders, self._rows = orders, rows

    def __len__(self) -> int:
        return len(self._rows)

    def _item(self, place: int) -> str:
        return self._orders[int(self._rows[place])].id


class _Facts(Lazy[Fact]):
    """The facts of steps, made when they are read; what they tell beside their case and instant is nothing."""

    def __init__(self, asking: Asking, kernel: Kernel, moves: Column) -> None:
        self._asking, self._kernel, self._moves = asking, kernel, moves

    def __len__(self) -> int:
        return len(self._moves)

    def _item(self, place: int) -> Fact:
        number, case, kept, at = self._moves[place].tolist()
        order, movement = self._asking.orders[number], self._asking.plan.cases.log[kept][1]
        name = self._asking.name(self._kernel, case)
        return Fact(movement.kind, order.marketplace, order.id, name, at, at, detail=movement.detail)
