"""Marketplace desks: what holds at the desk for one marketplace."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import chain

from attrs import frozen

from aftersale.cases.model import Case
from aftersale.clocks import MINUTE, Instant
from aftersale.documents.scalars import Duration
from aftersale.policies.policy import Policy
from aftersale_simulator.desk.handling import handling_times
from aftersale_simulator.desk.reactions import Follow, reactions_of
from aftersale_simulator.scenario.model import Handling
from aftersale_simulator.scenario.vocabulary import task_kinds
from aftersale_simulator.world.buyers import SILENCE, Buyers
from aftersale_simulator.world.entities import CASE_OF, CLAIM_IN_SILENCE, REMINDER, RULING, OrderState
from aftersale_simulator.world.investigators import Investigators
from aftersale_simulator.world.world import World

Resolve = Callable[[OrderState, Mapping[str, Case], Instant], str]
"""The fact that something becomes when its time has come, as the cases then stand; empty for none."""
OVERTAKEN = frozenset({"marketplace_refunded", "refunded_at_first_scan"})
"""What does not happen to a case that has moved to where it cannot: the seller was faster."""


@frozen(eq=False)
class MarketplaceDesk:
    """What holds on one marketplace: who reacts how, how long tasks take and become what, what a fact is about."""

    world: World
    language: str
    unsure: dict[str, Resolve]
    reactions: dict[tuple[str, str], Follow]
    misses: dict[str, Follow]
    times: dict[str, Callable[[OrderState, str], int]]
    automatic: dict[str, float]
    answers: dict[str, str]
    case_of: dict[str, str]
    absent: frozenset[str]
    fleeting: frozenset[str]

    @classmethod
    def of(cls, world: World, handling: Mapping[str, Handling], policy: Policy) -> MarketplaceDesk:
        buyers, investigators = Buyers(world), Investigators(world)
        otherwise = Handling(Duration(round(world["other_task_minutes"] * MINUTE)))
        opens, language = policy.workflow.opened_by, policy.marketplace.languages[0]
        opened: dict[str, str] = {contact.fact: opens(contact.fact) or "" for contact in world.contacts}
        reactions = chain.from_iterable(world.reactions.values())
        suffixes = {opens(fact): suffix for fact, suffix in CASE_OF.items()}
        followed: dict[str, str] = {each.fact: suffixes.get(each.kind, each.kind) for each in reactions}
        return cls(
            world,
            language,
            {
                "claim_filed": buyers.claims,
                CLAIM_IN_SILENCE: buyers.claims_in_silence,
                REMINDER: buyers.reminds,
                "feedback_left": buyers.rates,
                RULING: investigators.ruled,
            },
            reactions_of(buyers, investigators, world),
            {SILENCE: buyers.unheard, "refund_after_receipt": buyers.unpaid},
            {kind: handling_times(handling.get(kind, otherwise), language) for kind in task_kinds(policy.workflow)},
            {kind: float(own.automatic) for kind, own in handling.items() if own.automatic},
            world.answers,
            followed | opened | CASE_OF,
            world.absent,
            OVERTAKEN.union(followed),
        )
