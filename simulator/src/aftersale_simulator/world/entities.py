"""Lives: the few orders that something happens to, as they pass through the simulation."""

from __future__ import annotations

from attrs import define

from aftersale.cases.facts import Fact
from aftersale.clocks import Instant
from aftersale.orders import Order
from aftersale_simulator.world.random_streams import Draws

_FACTS = {
    "M": ("buyer_message",),
    "R": (
        "return_requested",
        "offer_accepted",
        "offer_declined",
        "return_sent",
        "refunded_at_first_scan",
        "return_received",
        "return_abandoned",
        "marketplace_refunded",
    ),
    "C": (
        "claim_filed",
        "information_requested",
        "claim_granted",
        "claim_granted_by_marketplace",
        "claim_denied",
        "appeal_granted",
        "appeal_denied",
    ),
    "F": ("feedback_left",),
    "B": ("chargeback_filed",),
}
REMINDER, CLAIM_IN_SILENCE, RULING = "reminder", "claim_in_silence", "ruling"
"""What becomes a fact, or none, when its time has come: it depends on how the case then stands."""
CASE_OF = {fact: suffix for suffix, facts in _FACTS.items() for fact in facts}
CASE_OF |= {REMINDER: "M", CLAIM_IN_SILENCE: "C", RULING: "C"}
"""Which of an order's cases a fact of the world is about: its message, return, claim, rating or chargeback."""


@define(eq=False)
class OrderState:
    """One order with a place in the hand of chances, and what its buyer has been through.

    `behind` is the contact that a claim would grow out of; `touches` counts the replies to its messages, `reminders`
    those of the buyer since the last of them, `turns` how often each reaction that a plugin declares was asked for.
    """

    order: Order
    draws: Draws
    row: int
    late: bool
    touches: int = 0
    reminders: int = 0
    unheard: bool = False
    offered: bool = False
    refused: bool = False
    claimed: bool = False
    behind: str = ""
    turns: dict[str, int] | None = None

    def turn(self, reaction: str) -> int:
        """Return how often this was asked for before, and count it."""
        if self.turns is None:
            self.turns = {}
        turn = self.turns.get(reaction, 0)
        self.turns[reaction] = turn + 1
        return turn

    @classmethod
    def begin(cls, order: Order, draws: Draws, row: int) -> OrderState:
        """Begin the life of an order with its place in the hand of chances."""
        promised, arrived = order.promised_at, order.delivered_at
        return cls(order, draws, row, arrived is None or (promised is not None and arrived > promised))

    def case(self, event: str) -> str:
        """Return the name of the case that something of CASE_OF happens to."""
        return f"{self.order.id}-{CASE_OF[event]}"

    def fact(self, kind: str, at: Instant, case: str) -> Fact:
        """Return the fact that this happened to a case of the order now, known at once."""
        order, about = self.order, self.behind if kind == "claim_filed" else ""
        # Spelled out: a named tuple's own constructor takes twice the time, and every fact of a run is made here.
        return tuple.__new__(Fact, (kind, order.marketplace, order.id, case, at, at, about, None, "", None))


ScheduledEvent = tuple[Instant, str, OrderState]
"""Something that the world will do: when, which fact, to whom."""
