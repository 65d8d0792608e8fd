"""Entities: the few orders to which something happens, as they pass through the simulation."""

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
"""Scheduled events that become a fact, or none, at their time: that depends on the case's state then."""
CASE_OF = {fact: suffix for suffix, facts in _FACTS.items() for fact in facts}
CASE_OF |= {REMINDER: "M", CLAIM_IN_SILENCE: "C", RULING: "C"}
"""Which of an order's cases a fact of the world is about: its message, return, claim, rating or chargeback."""


@define(eq=False)
class OrderState:
    """The state of one order in a run: its row of the draws, and what its buyer has been through.

    `behind` is the contact that a claim would follow; `touches` counts the replies to its messages, `reminders` the
    buyer's reminders since the last reply, `turns` the requests for each reaction that a plugin declares.
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
        """Return how often this reaction was requested before, and count this request."""
        if self.turns is None:
            self.turns = {}
        turn = self.turns.get(reaction, 0)
        self.turns[reaction] = turn + 1
        return turn

    @classmethod
    def begin(cls, order: Order, draws: Draws, row: int, cancelled: bool = False) -> OrderState:
        """Return the first state of an order that has this row of the draws; one that was cancelled is not late."""
        promised, arrived = order.promised_at, order.delivered_at
        late = not cancelled if arrived is None else promised is not None and arrived > promised
        return cls(order, draws, row, late)

    def case(self, event: str) -> str:
        """Return the name of the case that an event of CASE_OF is about."""
        return f"{self.order.id}-{CASE_OF[event]}"

    def fact(self, kind: str, at: Instant, case: str) -> Fact:
        """Return the fact that this happened to a case of the order at this instant, known at once."""
        order, about = self.order, self.behind if kind == "claim_filed" else ""
        # Spelled out: a named tuple's own constructor takes twice the time, and every fact of a run is made here.
        return tuple.__new__(Fact, (kind, order.marketplace, order.id, case, at, at, about, None, "", None))


ScheduledEvent = tuple[Instant, str, OrderState]
"""What the world will do: when, which fact, to which order."""
