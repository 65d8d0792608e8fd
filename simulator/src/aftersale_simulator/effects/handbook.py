"""Handbook: rows of the seller's own that changed nothing in a run."""

from __future__ import annotations

from collections.abc import Iterator

from aftersale.journal.effects import idle_rows
from aftersale.policies.handbook import SHIPPED
from aftersale.policies.policy import FLOOR, Policy
from aftersale.rules import EVERYWHERE, Rule
from aftersale_simulator.effects.trace import Setting, Trace
from aftersale_simulator.resolved.asked import acting_names

_UNTOLD = frozenset({"reason", "claim", "grade", "program", "rate_above", "rate_up_to", "situation"})
"""What simulated cases do not tell; the situation of a floor is its metric."""
_ESTABLISHED, _OFFER = "seller_established_in", "partial_refund_offer"
_BOOKED = frozenset({_ESTABLISHED, _OFFER, "fault", "restocking_fee"})
"""By what money is booked beside what happens: they say nothing to the cases."""


def of_handbook(trace: Trace) -> Iterator[Setting]:
    """Yield the seller's own rows, each as it stands in the handbook, whatever events made of it."""
    policies = {name: trace.docket.policy(name) for name in trace.orders}
    rows = [row for row in trace.resolved.handbook.rules.history() if row.origin != SHIPPED]
    idle = (
        {
            name: {
                id(row.rule): row.reason
                for row in idle_rows(trace.orders[name], trace.docket, {name: policy}, trace.until)
            }
            for name, policy in policies.items()
        }
        if rows
        else {}
    )
    for row in rows:
        reasons = [unasked(trace, row, policy) or idle[name].get(id(row), "") for name, policy in policies.items()]
        # Of several marketplaces, what keeps a row from acting where it is meant says more than where it is not.
        reason = "" if "" in reasons else next((reason for reason in reasons if reason != "place"), "place")
        yield Setting(_label(row), reason)


def _label(row: Rule) -> str:
    about = row.when.asks
    name = f"{row.name} of {about['situation']}s" if "situation" in about and row.name != FLOOR else row.name
    others = [] if row.marketplace == EVERYWHERE else [row.marketplace]
    told = {key: value for key, value in about.items() if key != "situation" or row.name == FLOOR}
    others += [f"{key}={'|'.join(value) if isinstance(value, tuple) else value}" for key, value in told.items()]
    return f"{name} [{', '.join(others)}]" if others else name


def unasked(trace: Trace, row: Rule, policy: Policy) -> str:
    """Return why nothing in a simulation asks for a row; empty where something may."""
    place = policy.marketplace.name
    if row.marketplace not in (EVERYWHERE, place):
        return "place"
    if row.name in _BOOKED and (reason := _unbooked(trace, row.name, policy)):
        return reason
    if row.name not in acting_names(policy) | _BOOKED:
        return "advice"
    if row.when.asks.keys() & (_UNTOLD - _told(row, policy)):
        return "untold"
    if row.kind == "metric" and not (row.running or row.state == "deactivated"):
        return _reason_of_line(trace, row, place)
    if row.name == FLOOR and row.when.situation is not None and row.when.situation not in trace.figures[place]:
        return "unjudged"
    return ""


def _unbooked(trace: Trace, name: str, policy: Policy) -> str:
    """Return why no money is booked by a row of that name; empty where some is, or may be."""
    place, rows = policy.marketplace.name, policy.rules.history(policy.marketplace.name)
    if name == _ESTABLISHED:
        asked = any(row.name == "digital_services_fee" and row.when.situation for row in rows)
        return "" if asked else "unread"
    if name == _OFFER:
        return "" if "offer_accepted_rate" in trace.order_reads[place] else "case"
    if name == "restocking_fee" and not any(row.name == name for row in rows):
        return "unread"
    returns = trace.docket.tally.openings(place, "return")
    return "" if returns.counted.sum(dtype=int) > 0 else "case"


def _told(row: Rule, policy: Policy) -> frozenset[str]:
    """Return what simulated cases do tell to rows of that name: a deadline is asked for by the kind of case."""
    by_kind = row.kind == "deadline" and row.when.situation in policy.workflow.kinds
    return frozenset({"situation"} if by_kind or row.name == FLOOR else ())


def _reason_of_line(trace: Trace, row: Rule, place: str) -> str:
    if row.name not in trace.figures[place]:
        return "unjudged"
    return "targets" if trace.resolved.scenario.targets.limits and row.marketplace == EVERYWHERE else ""
