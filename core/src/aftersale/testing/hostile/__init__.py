"""The hostile plugin: a help desk that is legal in every respect and nasty in all that the rules leave open.

It is no store like the others: its cases are tickets, its seller is judged by tickets that nobody solved, its clock
changes by half an hour, its currency has three decimals, its names have spaces and letters beyond ASCII, one of its
deadlines is over when it begins, and it decides everything that can be decided.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aftersale import hookimpl
from aftersale.cases.workflow import load_kinds
from aftersale.policies.marketplaces import load_marketplaces
from aftersale.policies.metric_kinds import load_metrics
from aftersale.policies.worlds import load_world
from aftersale.rules import load_rules

if TYPE_CHECKING:
    from aftersale.cases.facts import Fact
    from aftersale.cases.model import Case, Deadline
    from aftersale.cases.workflow import CaseKind
    from aftersale.orders import Order
    from aftersale.policies.marketplaces import Marketplace
    from aftersale.policies.metric_kinds import MetricKind
    from aftersale.policies.worlds import WorldDefaults
    from aftersale.rules import Rule

AFTERSALE_API = 1


@hookimpl
def aftersale_marketplaces() -> list[Marketplace]:
    """Return the help desk, and its twin across the date line."""
    return load_marketplaces(__name__)


@hookimpl
def aftersale_rules() -> list[Rule]:
    """Return their rules, two of which change at midnight of a day on which the clock changes too."""
    return load_rules(__name__)


@hookimpl
def aftersale_workflow() -> list[CaseKind]:
    """Return the ticket, which can be opened again for ever."""
    return load_kinds(__name__)


@hookimpl
def aftersale_metrics() -> list[MetricKind]:
    """Return what the help desk judges by."""
    return load_metrics(__name__)


@hookimpl
def aftersale_world() -> list[WorldDefaults]:
    """Return what its customers do."""
    return load_world(__name__)


@hookimpl
def aftersale_decide_return(in_policy: bool) -> str:
    """Leave nothing to a person."""
    return "return_authorised" if in_policy else "return_declined"


@hookimpl
def aftersale_decide_refund() -> int:
    """Give nothing back, which is an amount."""
    return 0


@hookimpl
def aftersale_decide_evidence() -> list[str]:
    """Ask for no evidence, which is a list."""
    return []


@hookimpl
def aftersale_decide_claim(proposed: str) -> str:
    """Agree with whatever is proposed."""
    return proposed or "fight"


@hookimpl
def aftersale_classify(order: Order) -> str:
    """Give every category a class of its own."""
    return f"«{order.category}»"


@hookimpl
def aftersale_prioritise() -> int:
    """Call nothing urgent."""
    return -1


@hookimpl
def aftersale_fact_recorded(case: Case, fact: Fact) -> None:
    """Look on."""


@hookimpl
def aftersale_deadline_missed(case: Case, deadline: Deadline) -> None:
    """Look on."""


@hookimpl
def aftersale_case_closed(case: Case) -> None:
    """Look on."""
