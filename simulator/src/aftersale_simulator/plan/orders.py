"""Orders: what the kernel needs to know of the orders to which something happens, as columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import is_
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from aftersale.orders import NEVER

if TYPE_CHECKING:
    from aftersale_simulator.kernel.kernel import Doubles, Longs
    from aftersale_simulator.plan.plan import Plan
    from aftersale_simulator.world.marketplace_run import MarketplaceRun

Column = NDArray[np.int64]
DEALT = -1
"""Under what dealt random numbers are remembered, among the numbers of plans."""


@frozen(eq=False)
class OrderRows:
    """The orders of one marketplace to which something happens; `names` begin the names of their cases.

    `columns` are the row of random numbers, the place of the marketplace, the bits of conditions, when it was bought,
    the number of what rules may ask of it and of what narrows responses, and when its return window begins.
    """

    names: NDArray[np.str_]
    channel: Column
    columns: tuple[Column, ...]


def orders_of(plan: Plan, place: int, run: MarketplaceRun) -> OrderRows:
    """Return the rows of a marketplace's orders, remembered with its first steps for the next scenarios."""
    known = run.steps.lowered
    key = id(plan.kinds_of_orders)
    rows: Any = known.get(key)
    if rows is None or rows[0] is not plan.kinds_of_orders:
        rows = known[key] = plan.kinds_of_orders, _rows(plan, place, run)
    made: OrderRows = rows[1]
    return made


def dealt_of(plan: Plan, runs: Sequence[MarketplaceRun]) -> tuple[Doubles, Longs]:
    """Return the random numbers that were dealt to these orders so far, and where each column of them begins.

    They are remembered with the first steps for the next scenarios of a replication: their numbers are the same.
    """
    known, others = runs[0].steps.lowered, [run.steps for run in runs[1:]]  # not its own: that would be a cycle
    dealt: Any = known.get(DEALT)
    if dealt is None or dealt[0] is not plan.columns or not _are_same(dealt[1], others):
        dealt = known[DEALT] = plan.columns, others, plan.kernel.Doubles(room=1 << 16), plan.kernel.Longs()
    return dealt[2], dealt[3]


def _are_same(first: Sequence[object], second: Sequence[object]) -> bool:
    return len(first) == len(second) and all(map(is_, first, second))


def _rows(plan: Plan, place: int, run: MarketplaceRun) -> OrderRows:
    orders, rows = run.orders, run.steps.places
    delivered, promised = orders.delivered_at[rows], orders.promised_at[rows]
    begins = np.where(delivered == NEVER, promised, delivered)
    columns = (
        np.arange(len(rows)),
        np.full(len(rows), place),
        np.array(run.steps.bits, np.int64),
        orders.purchased_at[rows],
        _kinds(plan, run),
        _narrow(plan, run),
        np.where(begins == NEVER, -1, begins),
    )
    names = np.array([f"{order.id}-" for order in run.steps.orders], np.str_)
    return OrderRows(names, orders.channel[rows].astype(np.int64), tuple(c.astype(np.int64) for c in columns))


def _kinds(plan: Plan, run: MarketplaceRun) -> Column:
    """Return the number of what rules may ask of each order: of one that stands for all that are told apart so."""
    orders, rows, asked = run.orders, run.steps.places, plan.asked_of_all[run.orders.marketplaces[0]]
    buyers = [None if order.buyer not in asked.words.get("buyer", ()) else order.buyer for order in run.steps.orders]
    several = sorted({buyer for buyer in buyers if buyer is not None})
    buyer = np.array([-1 if each is None else several.index(each) for each in buyers], np.int64) if several else 0
    parts = (
        orders.channel[rows],
        orders.category[rows],
        orders.cross_border[rows],
        orders.exempt[rows],
        np.searchsorted(asked.whole_limits(orders.currencies[0]), orders.price[rows]),
        np.searchsorted(np.array(asked.turns, np.int64), orders.purchased_at[rows], side="right"),
        buyer,
    )
    return _numbered(len(rows), parts, lambda row: plan.descriptions(asked(run.steps.orders[row])))


def _narrow(plan: Plan, run: MarketplaceRun) -> Column:
    """Return the number of each order's channel, category and product."""
    orders, rows, bought = run.orders, run.steps.places, run.steps.orders
    names = sorted({order.product for order in bought}) if orders.products else []
    product = np.searchsorted(np.array(names, np.str_), [order.product for order in bought]) if names else 0
    parts = orders.channel[rows], orders.category[rows], product

    def number(row: int) -> int:
        order = bought[row]
        return plan.narrow((order.channel, order.category, order.product))

    return _numbered(len(rows), parts, number)


def _numbered(count: int, parts: Sequence[Any], number: Callable[[int], int]) -> Column:
    """Return for each row the number of the first one that is like it in all parts."""
    code = np.zeros(count, np.int64)
    for part in parts:
        column = np.asarray(part, np.int64) + np.zeros(count, np.int64)
        low = int(column.min(initial=0))
        code = code * (int(column.max(initial=0)) - low + 1) + column - low
    _, first, alike = np.unique(code, return_index=True, return_inverse=True)
    return np.array([number(row) for row in first.tolist()], np.int64)[alike] if count else code
