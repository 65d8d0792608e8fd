"""Order columns: many orders, as columns of numbers.

Most orders never become a case, so they stay columns; one becomes an object when its first case opens.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from itertools import islice, repeat
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from attrs import Factory, evolve, field, frozen
from numpy.typing import NDArray

from aftersale.orders import NEVER, NOBODY, UNKNOWN, UNTOLD, Order

if TYPE_CHECKING:
    from aftersale.clocks import Instant

_Answer = TypeVar("_Answer")


def _names(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(values)


def _no_instants(orders: Orders) -> NDArray[np.int64]:
    return np.broadcast_to(np.array(NEVER), orders.purchased_at.shape)


def _unknown_tracking(orders: Orders) -> NDArray[np.int8]:
    return np.broadcast_to(np.array(-1, np.int8), orders.purchased_at.shape)


def _unknown_buyers(orders: Orders) -> NDArray[np.int64]:
    return np.broadcast_to(np.array(NOBODY), orders.purchased_at.shape)


def _untold(orders: Orders) -> NDArray[np.int64]:
    return np.broadcast_to(np.array(UNTOLD), orders.purchased_at.shape)


def _unknown_outcomes(orders: Orders) -> NDArray[np.int8]:
    return np.broadcast_to(np.array(UNKNOWN, np.int8), orders.purchased_at.shape)


@frozen(eq=False)
class Orders:
    """Many orders as columns of one length, sorted by `purchased_at`.

    `marketplace`, `channel` and `category` are indices into `marketplaces`, `channels` and `categories`; `currencies`
    has the currency of each of `marketplaces`. Instants are int64 microseconds, `NEVER` for none. `ids` may be any
    sequence of text, such as one that makes its items when read. Four columns are about shipping: `ship_by` and
    `shipped_at`, `cancelled_at` for orders that the seller cancelled, and `tracked`: 1 for a valid tracking number, 0
    for none, -1 where that is not known. Left out, nothing is known of them. `products` names each order's product, and
    is empty where none is known. `outcome` is what the orders' source knows of how each ended, `UNKNOWN`, `SHIPPED`,
    `DELIVERED`, `CANCELLED`, `LOST` or `WAITING`; the instant of that may be `NEVER` even so. `buyer` has the number of
    each order's buyer, from 1, `NOBODY` where none is known; `buyers` are their pseudonyms, that of number 1 first, and
    empty where the numbers themselves are the pseudonyms. `landed_cost` is what each order's goods cost the seller in
    minor units, `UNTOLD` where nobody told it. `unknown` names the columns that the source does not have: nothing can
    be told from an empty value there.
    """

    marketplaces: tuple[str, ...] = field(converter=_names)
    currencies: tuple[str, ...] = field(converter=_names)
    channels: tuple[str, ...] = field(converter=_names)
    categories: tuple[str, ...] = field(converter=_names)
    ids: Sequence[str]
    marketplace: NDArray[np.int16]
    purchased_at: NDArray[np.int64]
    channel: NDArray[np.int8]
    category: NDArray[np.int16]
    price: NDArray[np.int64]
    promised_at: NDArray[np.int64]
    delivered_at: NDArray[np.int64]
    cross_border: NDArray[np.bool_]
    exempt: NDArray[np.bool_]
    ship_by: NDArray[np.int64] = field(default=Factory(_no_instants, takes_self=True))
    shipped_at: NDArray[np.int64] = field(default=Factory(_no_instants, takes_self=True))
    cancelled_at: NDArray[np.int64] = field(default=Factory(_no_instants, takes_self=True))
    tracked: NDArray[np.int8] = field(default=Factory(_unknown_tracking, takes_self=True))
    products: Sequence[str] = ()
    outcome: NDArray[np.int8] = field(default=Factory(_unknown_outcomes, takes_self=True))
    unknown: frozenset[str] = frozenset()
    buyer: NDArray[np.int64] = field(default=Factory(_unknown_buyers, takes_self=True))
    buyers: Sequence[str] = ()
    landed_cost: NDArray[np.int64] = field(default=Factory(_untold, takes_self=True))
    _remembered: dict[Hashable, Any] = field(factory=dict, init=False, repr=False)

    def remembered(self, key: Hashable, work_out: Callable[[], _Answer]) -> _Answer:
        """Return what was worked out under a key before, or else what is worked out now.

        It has to follow from the columns alone; other orders, made of these, remember nothing.
        """
        if key not in self._remembered:
            self._remembered[key] = work_out()
        answer: _Answer = self._remembered[key]
        return answer

    def __len__(self) -> int:
        """Return how many orders there are."""
        return len(self.purchased_at)

    def count_until(self, at: Instant) -> int:
        """Return how many were bought by an instant; they are the first rows."""
        return int(np.searchsorted(self.purchased_at, at, side="right"))

    def row(self, id: str, purchased_at: Instant) -> int | None:
        """Return the row of an order by its name and its purchase; None where there is none."""
        first, end = (int(np.searchsorted(self.purchased_at, purchased_at, side=side)) for side in ("left", "right"))
        return next((row for row in range(first, end) if self.ids[row] == id), None)

    def until(self, at: Instant) -> Orders:
        """Return those that were bought by an instant."""
        count = self.count_until(at)
        return self if count == len(self) else self.between(0, count)

    def between(self, first: int, end: int) -> Orders:
        """Return the rows from `first` up to `end`."""
        columns = {name: getattr(self, name)[first:end] for name in COLUMNS}
        return evolve(self, ids=self.ids[first:end], products=self.products[first:end], **columns)

    def chosen(self, rows: NDArray[np.int64]) -> Orders:
        """Return some of the rows, in the order in which they are named."""
        places = rows.tolist()
        columns = {name: getattr(self, name)[rows] for name in COLUMNS}
        products = [self.products[place] for place in places] if self.products else ()
        return evolve(self, ids=[self.ids[place] for place in places], products=products, **columns)

    def order(self, index: int) -> Order:
        """Return one order as an object, without its lines; see `picked`, which takes less time for many."""
        place, buyer, landed = self.marketplace.item(index), self.buyer.item(index), self.landed_cost.item(index)
        return Order(
            self.ids[index],
            self.marketplaces[place],
            self.purchased_at.item(index),
            self.channels[self.channel.item(index)],
            self.price.item(index),
            self.currencies[place],
            self.categories[self.category.item(index)],
            self.cross_border.item(index),
            self.exempt.item(index),
            _instant(self.promised_at.item(index)),
            _instant(self.delivered_at.item(index)),
            product=self.products[index] if self.products else "",
            shipped_at=_instant(self.shipped_at.item(index)),
            buyer="" if buyer == NOBODY else self.buyers[buyer - 1] if self.buyers else str(buyer),
            landed_cost=None if landed == UNTOLD else landed,
        )

    def picked(self, indices: NDArray[np.int64]) -> list[Order]:
        """Return some orders as objects, without their lines."""
        rows, ids, products = indices.tolist(), self.ids, self.products
        columns = (
            [ids[row] for row in rows],
            [self.marketplaces[code] for code in self.marketplace[indices].tolist()],
            self.purchased_at[indices].tolist(),
            [self.channels[code] for code in self.channel[indices].tolist()],
            self.price[indices].tolist(),
            [self.currencies[code] for code in self.marketplace[indices].tolist()],
            [self.categories[code] for code in self.category[indices].tolist()],
            self.cross_border[indices].tolist(),
            self.exempt[indices].tolist(),
            _instants(self.promised_at[indices]),
            _instants(self.delivered_at[indices]),
            repeat(()),
            [products[row] for row in rows] if products else repeat(""),
            _instants(self.shipped_at[indices]),
            self.pseudonyms(indices),
            _amounts(self.landed_cost[indices]),
        )
        # A column of which nothing is known repeats without end. A named tuple's own constructor takes twice the time.
        return list(map(tuple.__new__, repeat(Order), zip(*columns, strict=False)))

    def pseudonyms(self, indices: NDArray[np.int64]) -> Iterable[str]:
        """Return the buyers' pseudonyms of some orders, empty for nobody; without end where nobody is known."""
        numbers = self.buyer[indices]
        if not numbers.any():
            return repeat("")
        if not self.buyers:
            return ["" if number == NOBODY else str(number) for number in numbers.tolist()]
        return ["" if number == NOBODY else self.buyers[number - 1] for number in numbers.tolist()]

    def bought_by(self, pseudonyms: Collection[str]) -> NDArray[np.bool_]:
        """Return which orders are by buyers of these pseudonyms; those by nobody known are by none of them."""
        numbers, first = np.unique(self.buyer, return_index=True)
        named = np.array([name in pseudonyms for name in islice(self.pseudonyms(first), len(first))], bool)
        return np.isin(self.buyer, numbers[named & (numbers != NOBODY)])


COLUMNS = (
    "marketplace",
    "purchased_at",
    "channel",
    "category",
    "price",
    "promised_at",
    "delivered_at",
    "cross_border",
    "exempt",
    "ship_by",
    "shipped_at",
    "cancelled_at",
    "tracked",
    "outcome",
    "buyer",
    "landed_cost",
)
"""The columns that have a value for each order, beside `ids`."""


def _instant(value: Instant) -> Instant | None:
    return None if value == NEVER else value


def _instants(column: NDArray[np.int64]) -> list[Instant | None]:
    return list(map(_instant, column.tolist()))


def _amounts(column: NDArray[np.int64]) -> Iterable[int | None]:
    """Return the amounts of a column, None for what is not told; without end where none is."""
    if (column == UNTOLD).all():
        return repeat(None)
    return [None if value == UNTOLD else value for value in column.tolist()]
