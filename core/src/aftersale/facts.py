"""Facts: what happened, and when we came to know it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from aftersale.clocks import Instant


class Fact(NamedTuple):
    """Something that happened about an order, and maybe about a case; never changed once recorded.

    `occurred_at` is when it happened in the world, `known_at` when we learned of it; both are instants in
    microseconds. `case` is empty for facts about the order alone (a rating, a chargeback). `about` names the
    case that a new one grew out of (the message behind a claim). `value` is a number that belongs to the kind:
    the stars of a rating. A named tuple, as are cases and deadlines: a year has a million of them, and attrs'
    frozen classes take three times as long to make.
    """

    kind: str
    marketplace: str
    order: str
    case: str
    occurred_at: Instant
    known_at: Instant
    about: str = ""
    value: float | None = None
