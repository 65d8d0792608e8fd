"""Hostile plugin: a help desk that is legal in every respect, and extreme in everything that the rules leave open.

Its cases are tickets. Its seller is judged by tickets that stay unsolved. Its clock changes by half an hour. Its
currency has three decimals. Its names have spaces and letters beyond ASCII. One of its deadlines is over when it
begins. A ticket may cost more than its order. It decides everything that can be decided.
"""

from aftersale.plugin import (
    Case,
    Deadline,
    Fact,
    Order,
    from_data,
    hookimpl,
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


@hookimpl
def aftersale_decide_return(order: Order, in_policy: bool) -> str:
    """Leave nothing to a person, and no goods to cross a border."""
    if not in_policy:
        return "return_declined"
    return "returnless" if order.cross_border else "return_authorised"


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
