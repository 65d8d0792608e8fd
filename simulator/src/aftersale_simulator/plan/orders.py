"""Orders: what the kernel needs to know of the orders to which something happens, as columns."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate, permutations
from operator import is_
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from aftersale.orders import NEVER
from aftersale_simulator.world.lazy import Lazy

if TYPE_CHECKING:
    from aftersale.orders import Order
    from aftersale_simulator.kernel.kernel import Doubles, Longs
    from aftersale_simulator.plan.plan import Plan
    from aftersale_simulator.world.marketplace_run import MarketplaceRun

Column = NDArray[np.int64]
DEALT, ROWS = "dealt", "rows"
"""Under what is remembered with first steps: random numbers that were dealt, and the rows of orders."""


@frozen(eq=False)
class OrderRows:
    """The orders of all marketplaces to which something happens, one marketplace after the other.

    `columns` are the place of the marketplace, the bits of conditions, when it was bought, the number of what rules may
    ask of it and of what narrows responses, and when its return window begins. `channels` are those of each marketplace
    by its own numbers, `rank` says how the names of orders stand.
    """

    channels: tuple[NDArray[np.int8], ...]
    columns: tuple[Column, ...]
    rank: Column


class OrdersOfAll(Lazy["Order"]):
    """The orders of several marketplaces, one after the other, each read when it is asked for."""

    def __init__(self, parts: Sequence[Sequence[Order]]) -> None:
        """Take the orders of each."""
        self._parts = parts
        self._begins = [0, *accumulate(map(len, parts))]

    def __len__(self) -> int:
        """Return how many there are."""
        return self._begins[-1]

    def _item(self, place: int) -> Order:
        part = bisect_right(self._begins, place) - 1
        return self._parts[part][place - self._begins[part]]


def rows_of(plan: Plan, runs: Sequence[MarketplaceRun]) -> OrderRows:
    """Return the rows of the orders of a plan's runs, for all scenarios of a replication that have these orders."""
    rows: OrderRows = _remembered(ROWS, plan.kinds_of_orders, runs, lambda: _rows(plan, runs))
    return rows


def dealt_of(plan: Plan, runs: Sequence[MarketplaceRun]) -> tuple[Doubles, Longs]:
    """Return the random numbers that were dealt to these orders so far, and where each column of them begins."""
    kernel = plan.kernel
    dealt: tuple[Doubles, Longs] = _remembered(
        DEALT, plan.columns, runs, lambda: (kernel.Doubles(room=1 << 16), kernel.Longs())
    )
    return dealt


def _remembered(what: str, owner: object, runs: Sequence[MarketplaceRun], make: Callable[[], object]) -> Any:
    """Return what was made of these orders for an owner, remembered with the first steps for the next scenarios."""
    known, others = runs[0].steps.lowered, [run.steps for run in runs[1:]]  # not its own: that would be a cycle
    key = what, id(owner)
    made: Any = known.get(key)
    if made is None or made[0] is not owner or not _are_same(made[1], others):
        made = known[key] = owner, others, make()
    return made[2]


def _are_same(first: Sequence[object], second: Sequence[object]) -> bool:
    return len(first) == len(second) and all(map(is_, first, second))


def _rows(plan: Plan, runs: Sequence[MarketplaceRun]) -> OrderRows:
    parts = zip(*(_columns(plan, place, run) for place, run in enumerate(runs)), strict=True)
    columns = tuple(np.concatenate(part).astype(np.int64) for part in parts)
    channels = tuple(run.orders.channel[run.steps.places] for run in runs)
    return OrderRows(channels, columns, _ranks(runs, plan.responses.suffixes.things))


def _columns(plan: Plan, place: int, run: MarketplaceRun) -> tuple[Column, ...]:
    orders, rows = run.orders, run.steps.places
    delivered, promised = orders.delivered_at[rows], orders.promised_at[rows]
    begins = np.where(delivered == NEVER, promised, delivered)
    return (
        np.full(len(rows), place),
        np.array(run.steps.bits, np.int64),
        orders.purchased_at[rows],
        _kinds(plan, run),
        _narrow(plan, run),
        np.where(begins == NEVER, -1, begins),
    )


def _ranks(runs: Sequence[MarketplaceRun], suffixes: Sequence[str]) -> Column:
    """Return the rank of each order's name, or of each with each end of a case's name, one order after the other.

    These are needed where the name of an order begins with that of another, as it may in a file of orders.
    """
    by_keys = [run.steps.orders.in_order_of_names() for run in runs]
    known = [each for each in by_keys if each is not None]
    first = [f"{prefix}-" for prefix, _ in known]
    if len(known) == len(runs) and not any(one.startswith(other) for one, other in permutations(first, 2)):
        of_run = np.repeat(np.argsort(np.argsort(np.array(first))), [len(keys) for _, keys in known])
        return _ranked(np.lexsort((np.concatenate([keys for _, keys in known]), of_run)))
    names = np.array([f"{name}-" for run in runs for name in run.steps.orders.names()], np.str_)
    ordered = np.argsort(names, kind="stable")
    if _begin_with_others(names[ordered]):
        names = np.char.add(np.repeat(names, len(suffixes)), np.tile(np.array(suffixes, np.str_), len(names)))
        ordered = np.argsort(names, kind="stable")
    return _ranked(ordered)


def _ranked(ordered: NDArray[np.intp]) -> Column:
    """Return the rank of each by all in their order."""
    rank = np.empty(len(ordered), np.int64)
    rank[ordered] = np.arange(len(ordered))
    return rank


def _begin_with_others(names: NDArray[np.str_]) -> bool:
    """Whether any of some sorted names begins with the one before it."""
    return len(names) > 1 and bool(np.char.startswith(names[1:], names[:-1]).any())


def _kinds(plan: Plan, run: MarketplaceRun) -> Column:
    """Return the number of what rules may ask of each order: of one that stands for all that are told apart so."""
    orders, rows, asked = run.orders, run.steps.places, plan.asked_of_all[run.orders.marketplaces[0]]
    wanted = asked.words.get("buyer", frozenset())
    buyers = [order.buyer if order.buyer in wanted else None for order in run.steps.orders] if wanted else []
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

    def number(row: int, *told: int) -> int:
        channel, category, *others, who = told
        words = orders.channels[channel], orders.categories[category]
        named = several[who] if several and who >= 0 else None
        known = orders.marketplaces[0], orders.currencies[0], *words, *others, named
        return plan.description(known, lambda: asked(run.steps.orders[row]))

    return _numbered(len(rows), parts, number)


def _narrow(plan: Plan, run: MarketplaceRun) -> Column:
    """Return the number of each order's channel, category and product."""
    orders, rows = run.orders, run.steps.places
    names = sorted({orders.products[row] for row in rows.tolist()}) if orders.products else []
    product = np.searchsorted(np.array(names, np.str_), [orders.products[row] for row in rows.tolist()]) if names else 0
    parts = orders.channel[rows], orders.category[rows], product

    def number(_: int, channel: int, category: int, product: int) -> int:
        named = names[product] if names else ""
        return plan.narrow((orders.channels[channel], orders.categories[category], named))

    return _numbered(len(rows), parts, number)


def _numbered(count: int, parts: Sequence[Any], number: Callable[..., int]) -> Column:
    """Return for each row the number of all that are like it, which is that of the first, by its row and its parts."""
    columns = [np.asarray(part, np.int64) + np.zeros(count, np.int64) for part in parts]
    code = np.zeros(count, np.int64)
    for column in columns:
        low = int(column.min(initial=0))
        code = code * (int(column.max(initial=0)) - low + 1) + column - low
    _, first, alike = np.unique(code, return_index=True, return_inverse=True)
    several = zip(first.tolist(), *(column[first].tolist() for column in columns), strict=True)
    return np.array([number(*each) for each in several], np.int64)[alike] if count else code
