"""Facts: what happened, and when it became known."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from aftersale.clocks import Instant


class Fact(NamedTuple):
    """Something that happened on a case of an order; never changed once recorded.

    `occurred_at` is when it happened in the world, `known_at` when it became known; both are instants in
    microseconds. `about` names the case that a new one grew out of (the message behind a claim). What else it says
    depends on the kind of fact: `value` is a number (the stars of a rating), `detail` a word (a reason code, a kind of
    evidence, a tracking number), `amount` money in minor units of the order's currency. A named tuple, as are cases
    and deadlines: a year has a million of them, and attrs' frozen classes take three times as long to make.
    """

    kind: str
    marketplace: str
    order: str
    case: str
    occurred_at: Instant
    known_at: Instant
    about: str = ""
    value: float | None = None
    detail: str = ""
    amount: int | None = None


_new = tuple.__new__


def happened(
    kind: str,
    marketplace: str,
    order: str,
    case: str,
    at: Instant,
    about: str = "",
    value: float | None = None,
    detail: str = "",
    amount: int | None = None,
) -> Fact:
    """Return a fact that was known as soon as it happened; what it says beside that is left out where nobody says it.

    Spelled out: a named tuple's own constructor takes twice the time, and a simulation makes all of its facts here.
    """
    return _new(Fact, (kind, marketplace, order, case, at, at, about, value, detail, amount))
