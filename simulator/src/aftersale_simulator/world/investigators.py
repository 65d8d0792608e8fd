"""The marketplace of the simulated world: it asks for information on claims, decides them, and hears appeals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aftersale.cases.model import Case
from aftersale.clocks import DAY, HOUR, Instant
from aftersale_simulator.world.entities import RULING, Happening, Life
from aftersale_simulator.world.world import World

DOCUMENTED = frozenset({"documented", "under_review"})
"""Where a claim stands that the seller's evidence is in for."""


class Investigators:
    """What the marketplace does next about a claim; what it must do by rule, the engine does."""

    def __init__(self, world: World) -> None:
        """Take the declared parameters of the scenario."""
        self._on = world.on

    def filed(self, life: Life, at: Instant) -> Sequence[Happening]:
        """After a claim was filed: information is requested, or it is decided without."""
        if life.hand.uniform("claim.information", life.slot) < self._on("information_request_rate", life.order, at):
            mean = self._on("information_request_delay_hours", life.order, at)
            delay = life.hand.exponential("claim.information_delay", life.slot) * mean
            return ((at + int(delay * HOUR), "information_requested", life),)
        return self.reviewed(life, at)

    def reviewed(self, life: Life, at: Instant) -> Sequence[Happening]:
        """After the evidence, or without: the claim comes up for its ruling."""
        mean = self._on("claim_decision_days", life.order, at)
        delay = life.hand.exponential("claim.decision_delay", life.slot) * mean
        return ((at + int(delay * DAY), RULING, life),)

    def ruled(self, life: Life, cases: Mapping[str, Case], at: Instant) -> str:
        """Return the ruling: denied, or granted at the seller's or the marketplace's expense.

        Less is won without evidence, or with an incomplete one.
        """
        claim = cases[life.case(RULING)]
        complete = life.hand.uniform("claim.evidence", life.slot) < self._on("evidence_complete_rate", life.order, at)
        documented = complete and claim.state in DOCUMENTED
        rate = self._on("claim_win_rate" if documented else "claim_win_rate_undocumented", life.order, at)
        if life.hand.uniform("claim.won", life.slot) < rate:
            return "claim_denied"
        if life.hand.uniform("claim.funded", life.slot) < self._on("marketplace_funded_share", life.order, at):
            return "claim_granted_by_marketplace"
        return "claim_granted"

    def appealed(self, life: Life, at: Instant) -> Sequence[Happening]:
        """After an appeal: it is granted or denied."""
        won = life.hand.uniform("appeal.won", life.slot) < self._on("appeal_success_rate", life.order, at)
        delay = life.hand.exponential("appeal.delay", life.slot) * self._on("appeal_decision_days", life.order, at)
        return ((at + int(delay * DAY), "appeal_granted" if won else "appeal_denied", life),)
