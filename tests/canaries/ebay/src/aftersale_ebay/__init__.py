"""A marketplace like eBay: its stores, its rules and its kind of case, all of it data beside this file."""

from aftersale.plugin import (
    from_data,
    load_costs,
    load_kinds,
    load_marketplaces,
    load_metrics,
    load_rules,
    load_world,
)

AFTERSALE_API = 1

aftersale_marketplaces = from_data(load_marketplaces, __name__)
aftersale_rules = from_data(load_rules, __name__)
aftersale_workflow = from_data(load_kinds, __name__)
aftersale_metrics = from_data(load_metrics, __name__)
aftersale_costs = from_data(load_costs, __name__)
aftersale_world = from_data(load_world, __name__)
