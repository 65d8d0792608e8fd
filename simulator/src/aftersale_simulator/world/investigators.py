"""Investigators: they ask for information on claims, decide claims and hear appeals, for the marketplace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aftersale.cases.model import Case
from aftersale.clocks import DAY, HOUR, Instant
from aftersale_simulator.world.entities import RULING, OrderState, ScheduledEvent
from aftersale_simulator.world.world import World

DOCUMENTED = frozenset({"documented", "under_review"})
"""The states of a claim for which the seller's evidence has arrived."""


class Investigators:
    """What the marketplace does next about a claim; the engine does what a rule requires."""

    def __init__(self, world: World) -> None:
        """Take the marketplace's world."""
        self._on = world.on

    def filed(self, state: OrderState, at: Instant) -> Sequence[ScheduledEvent]:
        """After a claim was filed: information is requested, or the claim is decided without."""
        if state.draws.uniform("claim.information", state.row) < self._on("information_request_rate", state.order, at):
            mean = self._on("information_request_delay_hours", state.order, at)
            delay = state.draws.exponential("claim.information_delay", state.row) * mean
            return ((at + int(delay * HOUR), "information_requested", state),)
        return self.reviewed(state, at)

    def reviewed(self, state: OrderState, at: Instant) -> Sequence[ScheduledEvent]:
        """After the evidence, or without it: the claim is due for its ruling."""
        mean = self._on("claim_decision_days", state.order, at)
        delay = state.draws.exponential("claim.decision_delay", state.row) * mean
        return ((at + int(delay * DAY), RULING, state),)

    def ruled(self, state: OrderState, cases: Mapping[str, Case], at: Instant) -> str:
        """Return the ruling: denied, or granted at the seller's or the marketplace's expense.

        The seller wins less often without evidence, or with incomplete evidence.
        """
        claim = cases[state.case(RULING)]
        complete = state.draws.uniform("claim.evidence", state.row) < self._on(
            "evidence_complete_rate", state.order, at
        )
        documented = complete and claim.state in DOCUMENTED
        rate = self._on("claim_win_rate" if documented else "claim_win_rate_undocumented", state.order, at)
        if state.draws.uniform("claim.won", state.row) < rate:
            return "claim_denied"
        if state.draws.uniform("claim.funded", state.row) < self._on("marketplace_funded_share", state.order, at):
            return "claim_granted_by_marketplace"
        return "claim_granted"

    def appealed(self, state: OrderState, at: Instant) -> Sequence[ScheduledEvent]:
        """After an appeal: it is granted or denied."""
        won = state.draws.uniform("appeal.won", state.row) < self._on("appeal_success_rate", state.order, at)
        delay = state.draws.exponential("appeal.delay", state.row) * self._on("appeal_decision_days", state.order, at)
        return ((at + int(delay * DAY), "appeal_granted" if won else "appeal_denied", state),)
