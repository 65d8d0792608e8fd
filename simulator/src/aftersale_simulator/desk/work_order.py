"""Work order: the key by which tasks are taken, the least first."""

from __future__ import annotations

from collections.abc import Callable

from aftersale.cases.model import Task
from aftersale.clocks import HOUR, Instant
from aftersale.policies.policy import Policy
from aftersale_simulator.world.world import World


def task_key(work_order: str, policy: Policy, world: World) -> Callable[[Task], Instant]:
    """Return the key by which tasks are taken, the least first."""
    if work_order == "arrival":
        return _opening
    if work_order == "deadline":
        return _deadline
    kinds = policy.workflow.kinds.values()
    risky = {
        state.task for kind in kinds if any(case_state.defect for case_state in kind.state) for state in kind.state
    }
    head_start = int(world["risk_head_start_hours"] * HOUR)
    return lambda task: task.due - head_start if task.kind in risky else task.due


def _deadline(task: Task) -> Instant:
    return task.due


def _opening(task: Task) -> Instant:
    return task.opened_at
