"""Marketplace desks: what is particular to one marketplace at the desk."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from attrs import frozen

from aftersale.cases.model import Task
from aftersale.clocks import Instant
from aftersale.policies.policy import Policy
from aftersale_simulator.desk.crews import Pace
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

    def is_automatic(self, task: Task, state: OrderState) -> bool:
        """Whether nobody has to work on a task."""
        share = self.automatic.get(task.kind, 0.0)
        return bool(share) and state.draws.uniform(f"automatic.{task.kind}.{_turn(task, state)}", state.row) < share

    def duration(self, task: Task, state: OrderState, pace: Pace, now: Instant) -> int:
        """Return how long agents of a pace take for a task that they begin now, in microseconds."""
        duration = self.times[task.kind](state, f"handling.{task.kind}.{_turn(task, state)}")
        if state.longer and (longer := state.longer.get(task.case)):
            more = sum(self.world.of(each, state.order, now) * times for each, times in longer.items())
            duration = round(duration * (1 + more))
        return duration if pace.is_usual else round(duration * pace.at(now))

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


def _turn(task: Task, state: OrderState) -> int:
    """Return which answer of a conversation a task is: every reply takes a time of its own."""
    return state.answers if task.kind == "reply" else 0
