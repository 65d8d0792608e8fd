"""Marketplace desks: what is particular to one marketplace at the desk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import chain

from attrs import frozen

from aftersale.cases.model import Case
from aftersale.clocks import Instant
from aftersale.policies.policy import Policy
from aftersale_simulator.desk.handling import handling_times, other_times
from aftersale_simulator.desk.reactions import Follow, reactions_of
from aftersale_simulator.scenario.model import Handling
from aftersale_simulator.scenario.vocabulary import task_kinds
from aftersale_simulator.world.buyers import SILENCE, Buyers
from aftersale_simulator.world.entities import CASE_OF, CLAIM_IN_SILENCE, REMINDER, RULING, OrderState
from aftersale_simulator.world.investigators import Investigators
from aftersale_simulator.world.world import World

Resolve = Callable[[OrderState, Mapping[str, Case], Instant], str]
"""The fact that a scheduled event becomes at its time, by the state of the cases then; empty for none."""
OVERTAKEN = frozenset({"marketplace_refunded", "refunded_at_first_scan"})
"""Facts that do not happen to a case whose state no longer allows them: the seller was faster."""


@frozen(eq=False)
class MarketplaceDesk:
    """One marketplace at the desk: its reactions, handling times, the facts that tasks become, the cases of facts."""

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
        """Return the desk of the marketplace of this world and policy."""
        buyers, investigators = Buyers(world), Investigators(world)
        opened_by, language = policy.workflow.opened_by, policy.marketplace.languages[0]
        contact_cases: dict[str, str] = {contact.fact: opened_by(contact.fact) or "" for contact in world.contacts}
        suffixes = {opened_by(fact): suffix for fact, suffix in CASE_OF.items()}
        of_kind: dict[tuple[str, str], str] = {
            (reaction.kind, reaction.fact): suffixes.get(reaction.kind, reaction.kind)
            for reaction in chain.from_iterable(world.reactions.values())
        }
        reaction_cases = {fact: suffix for (_, fact), suffix in of_kind.items()}
        case_of = reaction_cases | contact_cases | CASE_OF
        # A fact that several kinds of case share is an event of its own for all but the one that is looked up.
        events = {key: ": ".join(key) for key, suffix in of_kind.items() if case_of[key[1]] != suffix}
        return cls(
            world,
            language,
            {
                "claim_filed": buyers.claims,
                CLAIM_IN_SILENCE: buyers.claims_in_silence,
                REMINDER: buyers.reminds,
                "feedback_left": buyers.rates,
                RULING: investigators.ruled,
                **{event: _always(fact) for (_, fact), event in events.items()},
            },
            reactions_of(buyers, investigators, world, events),
            {SILENCE: buyers.unheard, "refund_after_receipt": buyers.unpaid},
            {
                kind: handling_times(handling[kind], language) if kind in handling else other_times(world, language)
                for kind in task_kinds(policy.workflow)
            },
            {kind: float(spec.automatic) for kind, spec in handling.items() if spec.automatic},
            world.answers,
            case_of | {event: of_kind[key] for key, event in events.items()},
            world.absent,
            OVERTAKEN.union(reaction_cases),
        )


def _always(fact: str) -> Resolve:
    """Return that an event becomes this fact, whatever the state of the cases."""
    return lambda state, cases, at: fact
