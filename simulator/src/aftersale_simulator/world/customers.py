"""Customers: which orders of the simulated world belong to one buyer, and the pseudonyms of these buyers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from aftersale.order_columns import Orders
from aftersale.orders import NOBODY
from aftersale_simulator.world.names import MadeNames
from aftersale_simulator.world.random_streams import Streams

Numbers = NDArray[np.int64]


@frozen(eq=False)
class BuyerNames(MadeNames):
    """Pseudonyms of synthetic buyers by their numbers, from 1 on: the marketplace, and the number there."""

    marketplace: str
    size: int

    def __len__(self) -> int:
        """Return how many buyers there are."""
        return self.size

    def _item(self, place: int) -> str:
        return f"{self.marketplace}-{place + 1}"


@frozen(eq=False)
class CopyNames(MadeNames):
    """Pseudonyms of the buyers of copied orders: those of the originals, with the number of each further copy."""

    originals: Sequence[str]
    people: int
    size: int

    def __len__(self) -> int:
        """Return how many buyers there are."""
        return self.size

    def _item(self, place: int) -> str:
        copy, original = divmod(place, self.people)
        name = self.originals[original] if self.originals else str(original + 1)
        return f"{name}-{copy}" if copy else name


def buyer_numbers(repeat_share: float, keys: Numbers, streams: Streams, marketplace: str) -> Numbers:
    """Return the number of each order's buyer, from 1 in order of first appearance; the orders come in order of time.

    Of all orders but the first, `repeat_share` are by somebody who ordered before, each earlier buyer as likely as any
    other. Whether an order is one of them hangs on its key alone; whose it is, also on how many buyers came before.
    """
    draws = streams.uniform(keys, "order.buyer", marketplace)
    again = draws < repeat_share
    again[:1] = False
    numbers: Numbers = np.cumsum(~again)
    # Below the share a draw is uniform up to it: it also says who.
    who = (draws[again] / repeat_share * numbers[again]).astype(np.int64)
    numbers[again] = np.minimum(who + 1, numbers[again])
    return numbers


def copied_buyers(orders: Orders, buyer: Numbers, copy: Numbers) -> tuple[Numbers, Sequence[str]]:
    """Return the buyers of copies of orders by number, and their names: each further copy is by other people.

    So twice as many orders have twice as many buyers, who order again as often as those of the file.
    """
    people = int(orders.buyer.max(initial=NOBODY))
    if not people or not copy.any():
        return buyer, orders.buyers
    numbers = np.where(buyer == NOBODY, NOBODY, buyer + copy * people)
    return numbers, CopyNames(orders.buyers, people, people * (int(copy.max()) + 1))
