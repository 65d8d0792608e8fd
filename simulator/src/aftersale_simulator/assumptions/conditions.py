"""Conditions: the words by which reactions say on which orders and cases they hold.

Beside these words the names of marks are conditions. Any of them holds the other way round with `not` before it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple, Protocol

from aftersale.cases.model import Case
from aftersale.cases.workflow import Workflow
from aftersale.clocks import DAY
from aftersale.orders import NEVER
from aftersale.policies.reactions import Reaction

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Flags = NDArray[np.bool_]

NOT = "not "
_LATE_BY = re.compile(r"late_(\d{1,3})d")
LATE_BY = "late_Nd"
"""How messages call the family of words `late_3d`, `late_7d` and so on."""


class Fates(Protocol):
    """How orders ended, as columns: what conditions of orders look at."""

    @property
    def promised_at(self) -> NDArray[np.int64]:
        """The promised delivery."""

    @property
    def delivered_at(self) -> NDArray[np.int64]:
        """The delivery, NEVER for none."""

    @property
    def cancelled_at(self) -> NDArray[np.int64]:
        """The cancellation by the seller, NEVER for none."""

    @property
    def by_marketplace(self) -> Flags:
        """Whether the marketplace ships the order."""

    @property
    def defective(self) -> Flags:
        """Whether the goods of the order are defective."""


def cancelled(orders: Fates) -> Flags:
    """The seller cancelled the order."""
    gone: Flags = orders.cancelled_at != NEVER
    return gone


def lost(orders: Fates) -> Flags:
    """The order was not cancelled and never arrives."""
    never: Flags = (orders.delivered_at == NEVER) & ~cancelled(orders)
    return never


def late(orders: Fates) -> Flags:
    """The order is lost, or arrives after its promise."""
    return lost(orders) | (orders.delivered_at > orders.promised_at)


def shipped_by_marketplace(orders: Fates) -> Flags:
    """The marketplace ships the order and takes it back."""
    return orders.by_marketplace


def defective(orders: Fates) -> Flags:
    """The goods of the order are defective: by the rate of its product, or `defect_rate`."""
    return orders.defective


ORDER_WORDS: dict[str, Callable[[Fates], Flags]] = {
    "cancelled": cancelled,
    "lost": lost,
    "late": late,
    "shipped_by_marketplace": shipped_by_marketplace,
    "defective": defective,
}
"""Conditions of orders; beside them `late_Nd`: the order arrives, and at most N days after its promise."""


def order_word(word: str) -> Callable[[Fates], Flags] | None:
    """Return the condition of orders that a word means, without `not`; None for another word."""
    days = late_by(word)
    if days is None:
        return ORDER_WORDS.get(word)

    def late_by_days(orders: Fates) -> Flags:
        after = (orders.delivered_at - orders.promised_at) / DAY <= days
        return late(orders) & after & ~lost(orders)

    return late_by_days


def late_by(word: str) -> int | None:
    """Return the days of a word such as `late_7d`; None for any other."""
    match = _LATE_BY.fullmatch(word)
    return int(match[1]) if match else None


class Standing(NamedTuple):
    """How a case stands that something would happen to, None for one that is not there yet.

    `contact` is the last case by which the order's buyer turned to the seller.
    """

    case: Case | None
    contact: Case | None
    reaction: Reaction
    workflow: Workflow


def waiting(standing: Standing) -> bool:
    """The case waits for the seller: there is a task."""
    return standing.case is not None and standing.case.task is not None


def first(standing: Standing) -> bool:
    """There is no such case yet: a buyer claims once."""
    return standing.case is None


def unanswered(standing: Standing) -> bool:
    """The buyer's last contact has missed the reaction's deadline, and nobody has answered since."""
    return standing.contact is not None and standing.reaction.missed in standing.contact.missed


def possible(standing: Standing) -> bool:
    """The case is in a state in which this happens, and does not only add to what has happened already.

    Somebody else may have been faster, such as the seller with a refund.
    """
    case, fact = standing.case, standing.reaction.fact
    if case is None or fact is None:
        return True
    return any(not move.further for move in standing.workflow.moves(case.kind, case.state, fact))


CASE_WORDS: dict[str, Callable[[Standing], bool]] = {
    "waiting": waiting,
    "first": first,
    "unanswered": unanswered,
    "possible": possible,
}
"""Conditions of cases, as they stand when a reaction is drawn (`when`) or when its time has come (`still`)."""


def bare(word: str) -> tuple[str, bool]:
    """Return a condition without `not`, and whether it is to hold as it stands."""
    return (word.removeprefix(NOT).strip(), False) if word.startswith(NOT) else (word, True)


def condition_words(marks: Iterable[str]) -> list[str]:
    """Return all the words of conditions, with these marks."""
    return [*ORDER_WORDS, LATE_BY, *CASE_WORDS, *marks]
