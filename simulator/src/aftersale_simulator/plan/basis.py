"""Basis: what a plan hangs on, so that scenarios for which it is the same share one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from aftersale_simulator.resolved.scenario import ResolvedScenario


class PlanBasis(NamedTuple):
    """All that a plan hangs on beside the plugins: it knows parameters by their names, and asks each run for values.

    `rules` are by marketplace what it is itself, the rows of its rulebook and those of the handbook, with their dates;
    `worlds` say how it behaves, which parameters events change, and how long a task takes that the scenario leaves out.
    """

    rules: tuple[tuple[object, ...], ...]
    worlds: tuple[tuple[object, ...], ...]
    handling: object
    days: object

    @classmethod
    def of(cls, resolved: ResolvedScenario) -> PlanBasis:
        """Return that of a scenario."""
        scenario = resolved.scenario
        rules = tuple(
            (name, policy.marketplace, policy.rules.history(name), policy.handbook.history())
            for name, policy in resolved.policies.items()
        )
        worlds = tuple(
            (world.behaviour.reactions_said, world.varying, world.peek("other_task_minutes"))
            for world in resolved.worlds.values()
        )
        return cls(rules, worlds, repr(scenario.handling), scenario.horizon)
