"""Asked: what the rows of a marketplace and of the seller's handbook ask of orders and cases in a run."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

from aftersale.policies.policy import FLOOR, Policy

_DECISIONS = frozenset({"returnless", "prepaid_label", FLOOR})
"""What the engine decides by beside the deadlines, windows and switches of the workflow."""
_FEES = frozenset({"referral_fee", "referral_fee_above", "referral_fee_minimum", "closing_fee"})
"""The rows by which the fee of a sale goes by category."""


def acting_names(policy: Policy) -> frozenset[str]:
    """Return the names of the rules that decide what happens in a run; others are advice, or costs of a journal."""
    return policy.workflow.asked_for() | _DECISIONS | policy.metric_kinds.keys()


@frozen
class Asked:
    """What rows ask for that hold on some day, of a marketplace or of the handbook.

    `names` and `fields` are those of the rows that decide what happens in a run: how they are called, and what their
    conditions look at. `fee_categories` are the words of categories that fees of sales ask for; `buyers` says whether
    any row asks who bought, or a plugin is given orders and may look at it.
    """

    names: frozenset[str]
    fields: frozenset[str]
    fee_categories: frozenset[str]
    buyers: bool

    @classmethod
    def of(cls, policy: Policy) -> Asked:
        """Return what the rows of a policy ask for."""
        own = policy.rules.history(policy.marketplace.name)
        rows, names = (*own, *policy.handbook.history()), acting_names(policy)
        acting = [row for row in rows if row.name in names]
        given = bool(policy.decisions.names() or policy.functions.names())
        return cls(
            frozenset(row.name for row in acting),
            _together(row.when.asks for row in acting),
            _together(row.when.category or () for row in own if row.name in _FEES),
            given or any(row.when.buyer is not None for row in rows),
        )


def _together(words: Iterable[Iterable[str]]) -> frozenset[str]:
    return frozenset().union(*words)
