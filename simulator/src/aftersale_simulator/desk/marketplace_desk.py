"""Marketplace desks: what is particular to one marketplace at the desk."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from attrs import frozen

from aftersale.policies.policy import Policy
from aftersale_simulator.desk.handling import handling_times, other_times
from aftersale_simulator.scenario.model import Handling
from aftersale_simulator.scenario.vocabulary import task_kinds
from aftersale_simulator.world.behaviour.responses import Responses
from aftersale_simulator.world.entities import OrderState
from aftersale_simulator.world.world import World


@frozen(eq=False)
class MarketplaceDesk:
    """One marketplace at the desk: what follows of itself, handling times, and the facts that finished tasks become.

    `contacts` are the kinds of case by which buyers turn to the seller, `automatic` the shares of tasks that nobody has
    to work on.
    """

    world: World
    language: str
    responses: Responses
    times: dict[str, Callable[[OrderState, str], int]]
    automatic: dict[str, float]
    answers: dict[str, str]
    contacts: frozenset[str]

    @classmethod
    def of(cls, world: World, handling: Mapping[str, Handling], policy: Policy) -> MarketplaceDesk:
        """Return the desk of the marketplace of this world and policy."""
        language = policy.marketplace.languages[0]
        return cls(
            world,
            language,
            Responses(world, policy.workflow),
            {
                kind: handling_times(handling[kind], language) if kind in handling else other_times(world, language)
                for kind in task_kinds(policy.workflow)
            },
            {kind: float(spec.automatic) for kind, spec in handling.items() if spec.automatic},
            world.behaviour.answers,
            world.behaviour.contacts,
        )
