"""Work order: by what tasks are taken, the least first."""

from __future__ import annotations

from collections.abc import Callable

from aftersale.cases.model import Task
from aftersale.clocks import HOUR, Instant
from aftersale.policies.policy import Policy
from aftersale_simulator.world.world import World


def order_of(work_order: str, policy: Policy, world: World) -> Callable[[Task], Instant]:
    """Return by what tasks are taken, the least first."""
    if work_order == "arrival":
        return _opened
    if work_order == "deadline":
        return _due
    kinds = policy.workflow.kinds.values()
    risky = {state.task for kind in kinds if any(each.defect for each in kind.state) for state in kind.state}
    ahead = int(world["risk_head_start_hours"] * HOUR)
    return lambda task: task.due - ahead if task.kind in risky else task.due


def _due(task: Task) -> Instant:
    return task.due


def _opened(task: Task) -> Instant:
    return task.opened_at
