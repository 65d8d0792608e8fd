"""The engine: a fact goes in; the case's new state, its deadlines and its task come out.

Pure: no clock, no chance, no input or output of its own. Simulated and real cases go through the same functions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from aftersale.cases import Case, Deadline, Task
from aftersale.errors import FactRefused
from aftersale.facts import Fact
from aftersale.orders import Order
from aftersale.policies import Terms, Way
from aftersale.workflow import MARKS


class Outcome(NamedTuple):
    """What a fact did: the case after it, the deadlines that began, and those that ended.

    `before` is the state that the case was in, empty for a new one; `defect` is 1 when the fact made the order a
    defect, -1 when it took that back.
    """

    case: Case
    before: str
    opened: tuple[Deadline, ...]
    closed: tuple[Deadline, ...]
    defect: int


def apply(case: Case | None, fact: Fact, order: Order, terms: Terms, about: Case | None = None) -> Outcome:
    """Return what this fact does to the case, or the case it opens when `case` is None.

    `about` is the case that a new one grew out of. A state that is entered closes the deadlines of the one that
    was left and opens its own; a fact that keeps the state keeps its deadlines running. Raises FactRefused, which
    lists what would have been allowed, when the workflow does not know the fact in the case's state.
    """
    if case is None:
        kind, before = terms.workflow.opened_by(fact.kind), ""
        if kind is None:
            raise FactRefused(fact.case, "new case", "", fact.kind, terms.workflow.openers())
    else:
        kind, before = case.kind, case.state
    way, decided_by = _chosen(kind, before, fact, order, terms, about)
    if way.stays and case is not None:
        return Outcome(case, before, (), (), 0)
    return _entered(case, kind, way, fact, order, terms, decided_by)


def expire(case: Case, deadline: Deadline, order: Order, terms: Terms) -> Outcome:
    """Return what follows when nobody acted before `deadline.expires_at`.

    Either the deadline is marked as missed and the case stands, or the rule's `on_expiry` fact moves the case.
    A missed deadline stays with the case until somebody acts, for how late the answer was is still to be told.
    """
    if deadline.on_expiry not in MARKS:
        at = deadline.expires_at
        return apply(case, Fact(deadline.on_expiry, case.marketplace, case.order, case.id, at, at), order, terms)
    return Outcome(case._replace(missed=(*case.missed, deadline.name)), case.state, (), (), 0)


def _chosen(
    kind: str, state: str, fact: Fact, order: Order, terms: Terms, about: Case | None
) -> tuple[Way, str]:
    answers: dict[Question, tuple[str, str]] = {}
    for way in terms.ways(kind, state, fact.kind):
        if way.move.guard is None:
            return way, ""
        question, wanted = GUARDS[way.move.guard]
        if question not in answers:
            answers[question] = question(fact, order, terms, about)
        answer, decided_by = answers[question]
        if answer == wanted:
            return way, decided_by
    raise FactRefused(fact.case, kind, state, fact.kind, terms.workflow.allowed(kind, state))


def _entered(
    case: Case | None, kind: str, way: Way, fact: Fact, order: Order, terms: Terms, decided_by: str
) -> Outcome:
    at, name = fact.occurred_at, fact.case
    opened = terms.deadlines(way, at, order) if way.state.opens else ()
    task = _task(way.state.task, fact, opened) if opened and way.state.task else None
    if case is None:
        after = Case(
            name, kind, fact.marketplace, fact.order, way.state.name, at, at, opened, (), task, decided_by
        )
        return Outcome(after, "", opened, (), way.defect)
    decided_by = decided_by or case.decided_by
    after = Case(
        name, kind, case.marketplace, case.order, way.state.name, case.opened_at, at, opened, (), task, decided_by
    )
    return Outcome(after, case.state, opened, case.deadlines, way.defect)


def _task(kind: str, fact: Fact, opened: tuple[Deadline, ...]) -> Task:
    """Return the task of a state, bound to the tightest of its deadlines."""
    first = opened[0]
    for deadline in opened:
        if deadline.due < first.due:
            first = deadline
    return Task(kind, fact.case, fact.marketplace, first.due, first.name, first.set_by, fact.occurred_at)


Question = Callable[[Fact, Order, Terms, "Case | None"], tuple[str, str]]
"""Asked of a fact before it moves a case; returns the answer and who gave it."""


def _return_decision(fact: Fact, order: Order, terms: Terms, about: Case | None) -> tuple[str, str]:
    """Decide a return: the owner plugin first, then the dated rules, else a person (`manual`)."""
    in_policy = _in_policy(fact, order, terms)
    decision, decided_by = terms.decide_return(order, fact.occurred_at, in_policy)
    if decision is not None:
        return decision, decided_by
    rule = terms.switch("auto_authorise", order)
    if in_policy and not order.exempt and rule is not None and rule.value:
        return "return_authorised", rule.told
    return "manual", ""


def _in_policy(fact: Fact, order: Order, terms: Terms) -> bool:
    """Whether the return was asked for inside the window; it counts from delivery, or from the promise before that."""
    start = order.delivered_at if order.delivered_at is not None else order.promised_at
    if start is None:
        return True
    end = terms.window_end("return_window", start, order)
    return end is None or fact.occurred_at <= end


def _hearing(fact: Fact, order: Order, terms: Terms, about: Case | None) -> tuple[str, str]:
    """Tell whether the contact behind a claim stands unanswered past the marketplace's silence rule."""
    rule = terms.rulebook.rule("silence", order)
    if rule is None or rule.on_expiry != "grant_on_claim" or about is None or "silence" not in about.missed:
        return "heard", ""
    return "unheard", rule.told


GUARDS: dict[str, tuple[Question, str]] = {
    "authorised_at_once": (_return_decision, "return_authorised"),
    "declined_at_once": (_return_decision, "return_declined"),
    "unheard": (_hearing, "unheard"),
}
"""The guards that a workflow may name: the question each asks, and the answer that lets the move through."""
