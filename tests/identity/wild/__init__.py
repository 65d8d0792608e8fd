"""A plugin of two stores whose every rule, case and reaction takes a form of its own: what a kernel may meet."""

from attrs import evolve

from aftersale.plugin import from_data, hookimpl, load_kinds, load_marketplaces, load_metrics, load_rules, load_world
from aftersale.policies.worlds import WorkOrder

AFTERSALE_API = 1

aftersale_marketplaces = from_data(load_marketplaces, __name__)
aftersale_rules = from_data(load_rules, __name__)
aftersale_workflow = from_data(load_kinds, __name__)
aftersale_metrics = from_data(load_metrics, __name__)


def dear_first(task, order):
    """Take the dearest orders first, of these what the marketplace asks for, and then by the deadline's name."""
    return -1000 * order.price + 100 * (task.set_by == "handbook") + len(task.deadline) + task.opened_at / 1e18


@hookimpl
def aftersale_world():
    return [evolve(world, work_orders=(WorkOrder("dear_first", dear_first),)) for world in load_world(__name__)]
