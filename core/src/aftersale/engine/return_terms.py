"""Return terms: which rule holds for a return where both marketplace and seller have one.

A seller may take on more than the marketplace demands, never less.
"""

from __future__ import annotations

from collections.abc import Mapping

from aftersale.cases.facts import Fact
from aftersale.clocks import Instant
from aftersale.orders import Order
from aftersale.policies.policy import Terms
from aftersale.rules import Rule

RETURN_WINDOW = "return_window"
"""The rule that says how long a return can be requested."""


def fault(terms: Terms, order: Order, reason: str) -> Rule | None:
    """Return the rule that says who pays for a return of that reason: the seller where either side says so."""
    about = {"reason": reason}
    rule, handbook_rule = terms.rulebook.rule("fault", order, about), terms.handbook.rule("fault", order, about)
    if handbook_rule is None or (rule is not None and rule.word == "seller"):
        return rule
    return handbook_rule


def label(terms: Terms, order: Order) -> Rule | None:
    """Return the rule that says how a return gets its label.

    Where the marketplace sends labels automatically its rule holds; else the seller's own row goes first.
    """
    rule, handbook_rule = (terms.rulebook.rule("prepaid_label", order), terms.handbook.rule("prepaid_label", order))
    if handbook_rule is None or (rule is not None and rule.word == "automatic"):
        return rule
    return handbook_rule


def restocking_fee(terms: Terms, order: Order, about: Mapping[str, str]) -> Rule | None:
    """Return the rule that says how much of the price may be kept: the lesser of the marketplace's and the seller's.

    `about` holds the `situation`, the `reason` and the `grade`. Where the marketplace has no rule, nothing may be kept,
    even if the seller has a row.
    """
    rule = terms.rulebook.rule("restocking_fee", order, about)
    handbook_rule = None if rule is None else terms.handbook.rule("restocking_fee", order, about)
    if handbook_rule is None or rule is None:
        return rule
    return handbook_rule if (handbook_rule.share or 0) < (rule.share or 0) else rule


def inside_window(terms: Terms, order: Order, asked_at: Instant) -> bool:
    """Whether a return was requested in time; the window counts from delivery, or before that from the promise.

    It was in time where no rule sets a window, or where it is not known when the window begins.
    """
    end = inside_window_until(terms, order)
    return end is None or asked_at <= end


def inside_window_until(terms: Terms, order: Order) -> Instant | None:
    """Return the last instant at which a return is requested in time, None where any is; see `inside_window`."""
    return _window_end(RETURN_WINDOW, terms, order)


def withdrawal(terms: Terms, order: Order, asked_at: Instant) -> Rule | None:
    """Return the rule by which the law lets the buyer withdraw, whatever the seller's policy; None when it is too late.

    Before the goods arrive, the buyer can withdraw in any case.
    """
    rule = terms.rulebook.rule("statutory_withdrawal", order)
    end = _window_end("statutory_withdrawal", terms, order)
    return rule if end is None or asked_at <= end else None


def _window_end(name: str, terms: Terms, order: Order) -> Instant | None:
    start = order.delivered_at if order.delivered_at is not None else order.promised_at
    return None if start is None else terms.window_end(name, start, order)


def situation(terms: Terms, order: Order, request: Fact, after_inspection: str) -> str:
    """Return the situation that decides a restocking fee, from who is at fault and what came back.

    `request` is the fact that opened the return, `terms` the terms of its day; `after_inspection` is the situation that
    follows from the grade of the goods, empty for goods as new.
    """
    known = situation_at_any_time(terms, order, request.detail, after_inspection)
    return known or change_of_mind(inside_window(terms, order, request.occurred_at))


def situation_at_any_time(terms: Terms, order: Order, reason: str, after_inspection: str) -> str:
    """Return that situation where it is the same whenever the return was requested, empty where that decides it."""
    fault_rule = fault(terms, order, reason)
    if fault_rule is None or fault_rule.word != "buyer":
        return "received_faulty"
    return after_inspection


def change_of_mind(inside: bool) -> str:
    """Return the situation of a buyer who thought better of it, inside the return window or not."""
    return "change_of_mind" if inside else "change_of_mind_late"
