"""Work orders: by which key tasks are taken, the least first; a scenario chooses one by its word."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aftersale.cases.model import Task
from aftersale.clocks import HOUR
from aftersale.orders import Order
from aftersale.policies.policy import Policy
from aftersale.policies.worlds import SortKey
from aftersale_simulator.world.world import World


def nearest_deadline(policy: Policy, world: World) -> SortKey:
    """Take first what is due first."""
    return lambda task, order: task.due


def oldest(policy: Policy, world: World) -> SortKey:
    """Take first what came first."""
    return lambda task, order: task.opened_at


def risk(policy: Policy, world: World) -> SortKey:
    """Take first what is due first, with a head start for tasks of cases that may make an order defective."""
    kinds = policy.workflow.kinds.values()
    risky = {
        state.task for kind in kinds if any(case_state.defect for case_state in kind.state) for state in kind.state
    }
    head_start = int(world["risk_head_start_hours"] * HOUR)

    def due(task: Task, order: Order) -> int:
        return task.due - head_start if task.kind in risky else task.due

    return due


WORK_ORDERS: dict[str, Callable[[Policy, World], SortKey]] = {
    "deadline": nearest_deadline,
    "arrival": oldest,
    "risk": risk,
}
"""The work orders that the simulator has itself, by the words of a scenario."""


def sort_key(word: str, policy: Policy, world: World, added: Mapping[str, SortKey]) -> SortKey:
    """Return the key of a work order on a marketplace: one of WORK_ORDERS, or one that a plugin `added`."""
    return WORK_ORDERS[word](policy, world) if word in WORK_ORDERS else added[word]
