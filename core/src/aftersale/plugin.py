"""Plugin: everything that the module of a plugin needs, in one place.

    from aftersale.plugin import from_data, hookimpl, load_marketplaces, load_rules

    AFTERSALE_API = 1
    aftersale_marketplaces = from_data(load_marketplaces, __name__)
    aftersale_rules = from_data(load_rules, __name__)

The names here and in `aftersale.testing` are the promise of this package to plugins. A name that is to be removed stays
for one release, with a warning that names its replacement. Every other import path is private and may change in any
release. `aftersale.hookspecs` describes the hooks.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TypeVar

from aftersale.base.errors import AftersaleError, DocumentError, Problem
from aftersale.cases.facts import Fact
from aftersale.cases.model import Case, Deadline, Task
from aftersale.cases.workflow import CaseKind, Move, State, load_kinds
from aftersale.clocks import (
    DAY,
    HOUR,
    MINUTE,
    Calendar,
    Instant,
    instant,
    local_date,
    moment,
    start_of_day,
)
from aftersale.hookspecs import AFTERSALE_API, hookimpl
from aftersale.orders import Order, OrderLine
from aftersale.plugins.plugins import Plugins
from aftersale.policies.cost_kinds import CostKind, Estimate, load_costs, parse_costs
from aftersale.policies.deadline_functions import DeadlineFunction
from aftersale.policies.marketplaces import Marketplace, load_marketplaces, parse_marketplaces
from aftersale.policies.metric_kinds import MetricKind, load_metrics, parse_metrics
from aftersale.policies.reactions import Mark, Reaction
from aftersale.policies.sales import DatedSale, Sale
from aftersale.policies.worlds import (
    Absence,
    Answer,
    Closure,
    Contact,
    Parameter,
    Preset,
    WorkOrder,
    WorldDefaults,
    load_world,
    parse_world,
)
from aftersale.reports.health.formats import HealthFormat, load_health_formats, parse_health_formats
from aftersale.reports.orders.formats import (
    CancelMark,
    Columns,
    Constants,
    OrderFormat,
    load_formats,
    parse_formats,
)
from aftersale.reports.service_logs.formats import ReturnFormat, load_return_formats, parse_return_formats
from aftersale.rules import Condition, Rule, load_rules, parse_rules

__all__ = [
    "AFTERSALE_API",
    "DAY",
    "HOUR",
    "MINUTE",
    "Absence",
    "AftersaleError",
    "Answer",
    "Calendar",
    "CancelMark",
    "Case",
    "CaseKind",
    "Closure",
    "Columns",
    "Condition",
    "Constants",
    "Contact",
    "CostKind",
    "DatedSale",
    "Deadline",
    "DeadlineFunction",
    "DocumentError",
    "Estimate",
    "Fact",
    "HealthFormat",
    "Instant",
    "Mark",
    "Marketplace",
    "MetricKind",
    "Move",
    "Order",
    "OrderFormat",
    "OrderLine",
    "Parameter",
    "Plugins",
    "Preset",
    "Problem",
    "Reaction",
    "ReturnFormat",
    "Rule",
    "Sale",
    "State",
    "Task",
    "WorkOrder",
    "WorldDefaults",
    "from_data",
    "hookimpl",
    "instant",
    "load_costs",
    "load_formats",
    "load_health_formats",
    "load_kinds",
    "load_marketplaces",
    "load_metrics",
    "load_return_formats",
    "load_rules",
    "load_world",
    "local_date",
    "moment",
    "parse_costs",
    "parse_formats",
    "parse_health_formats",
    "parse_marketplaces",
    "parse_metrics",
    "parse_return_formats",
    "parse_rules",
    "parse_world",
    "start_of_day",
]

T = TypeVar("T")


def from_data(load: Callable[[str], list[T]], package: str) -> Callable[[], list[T]]:
    """Return the implementation of a hook that contributes what `load` reads from the data files of `package`.

    Assign it to the hook's name in the plugin's module: `aftersale_rules = from_data(load_rules, __name__)`. The file
    is read when the hook is called, not before. Problems in it are reported with its path.
    """
    if package.endswith(".toml") or "/" in package:
        raise TypeError(f"from_data takes the package that holds the files, usually __name__, and not '{package}'")

    def contribution() -> list[T]:
        return load(package)

    frame = inspect.currentframe()
    if frame is not None and frame.f_back is not None:
        # Messages name the place of a hook: the line of the assignment in the plugin.
        contribution.__code__ = contribution.__code__.replace(
            co_filename=frame.f_back.f_code.co_filename, co_firstlineno=frame.f_back.f_lineno
        )
    contribution.__module__ = package
    marked: Callable[[], list[T]] = hookimpl(contribution)
    return marked
