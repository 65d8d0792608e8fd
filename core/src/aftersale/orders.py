"""Orders: what was sold, where, for how much, and when it was promised and delivered.

An order is an object here when its first case opens. Most never become a case: many orders are columns, in
`order_columns`, which needs numpy; what asks about one order does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from attrs import frozen

from aftersale.base.money import from_minor

if TYPE_CHECKING:
    from moneyed import Money

    from aftersale.clocks import Instant

NEVER = -(2**63)
"""The value in a column of instants where there is none."""
NOBODY = 0
"""The number of a buyer of whom nothing is known; buyers are numbered from 1."""
UNKNOWN = 0
"""An outcome: the source says nothing of how the order ended; in a simulation the world decides."""
SHIPPED = 1
"""An outcome: the order has left, and was not delivered as far as the source knows."""
DELIVERED = 2
"""An outcome: the order arrived, be it known when or not."""
CANCELLED = 3
"""An outcome: the order was cancelled before it left."""
LOST = 4
"""An outcome: the order left and will never arrive."""
WAITING = 5
"""An outcome: the order has not left, as far as the source knows."""
UNTOLD = -1
"""A landed cost that nobody told."""


@frozen
class OrderLine:
    """One product of an order; `price` is the line's total in minor units of the order's currency."""

    sku: str
    quantity: int
    price: int


class Order(NamedTuple):
    """One sale on one marketplace.

    `price` counts minor units (cents, yen) of `currency`; `total` is the same as money. `exempt` marks
    products that the marketplace lets the seller decide on by hand; `cross_border` orders whose return leaves
    the country. `product` is the dearest of its lines, empty where it is not known. `buyer` is a pseudonym: the same
    for all orders of one buyer, and never a name. Instants are microseconds since 1970 in UTC; None where nothing was
    promised, arrived, or is known to have left. `landed_cost` is what the goods of the whole order cost the seller,
    landed in the warehouse, in minor units too; None where nobody told it.
    """

    id: str
    marketplace: str
    purchased_at: Instant
    channel: str
    price: int
    currency: str
    category: str = ""
    cross_border: bool = False
    exempt: bool = False
    promised_at: Instant | None = None
    delivered_at: Instant | None = None
    lines: tuple[OrderLine, ...] = ()
    product: str = ""
    shipped_at: Instant | None = None
    buyer: str = ""
    landed_cost: int | None = None

    @property
    def total(self) -> Money:
        """What the buyer paid, exact."""
        return from_minor(self.price, self.currency)
