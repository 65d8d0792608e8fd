"""Engine: a fact goes in; the case's new state, its deadlines and its task come out.

Pure: no clock, no random numbers, no input or output of its own. Simulated and real cases use the same functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from aftersale.base.errors import FactRefused
from aftersale.cases.facts import Fact
from aftersale.cases.model import Case, Deadline, Task, new_case, new_task
from aftersale.cases.workflow import MARKS
from aftersale.engine.guards import GUARDS, Situation
from aftersale.orders import Order
from aftersale.policies.policy import Terms, Way


class Outcome(NamedTuple):
    """What a fact did: the case after it, the deadlines that began, and those that ended.

    `before` is the state that the case was in, empty for a new case; `defect` is 1 when the fact made the order
    defective by the component `component`, -1 when it took that defect back. `confirms` is the event, as the facts that
    would tell it, which had followed by rule before and which this fact tells; empty for every other fact.
    """

    case: Case
    before: str
    opened: tuple[Deadline, ...]
    closed: tuple[Deadline, ...]
    defect: int
    component: str = ""
    confirms: tuple[str, ...] = ()


# A named tuple's own constructor is a Python function and takes twice the time; every fact makes three or four of them.
_new = tuple.__new__
ALONE: Mapping[str, Case] = MappingProxyType({})


def apply(case: Case | None, fact: Fact, order: Order, terms: Terms, others: Mapping[str, Case] = ALONE) -> Outcome:
    """Return what this fact does to the case, or the case it opens when `case` is None.

    `others` are the cases of the same order by id, this case among them: a claim is judged by the contact that it
    is about, a second dispute by the replacement that is on its way. Entering a state closes the deadlines of the
    state before and opens its own; a fact that keeps the state keeps its deadlines running. So does one that tells what
    had followed by rule already, unless the case may move by it again. Raises FactRefused, which lists the facts that
    would have been allowed, when the workflow does not know the fact in the case's state.
    """
    if case is None:
        kind, before = terms.workflow.opened_by(fact.kind), ""
        if kind is None:
            raise _refused(fact, "new case", "", terms.workflow.openers(), terms)
    else:
        kind, before = case.kind, case.state
        if case.derived and (confirmation := _confirm(case, fact, order, terms, others)) is not None:
            return confirmation
    way, decided_by = choose_way(kind, before, fact, order, terms, others)
    if way.stays and case is not None:
        return _new(Outcome, (case, before, (), (), 0, "", ()))
    return _enter_state(case, kind, way, fact, order, terms, others, decided_by)


def _confirm(case: Case, fact: Fact, order: Order, terms: Terms, others: Mapping[str, Case]) -> Outcome | None:
    """Return the outcome of a fact that tells what had followed by rule; None for any other fact."""
    event = next((event for event in case.derived if fact.kind in event), None)
    if event is None:
        return None
    key = case.kind, case.state, fact.kind
    if terms.ways[key] and not choose_way(*key[:2], fact, order, terms, others)[0].stays:
        return None
    place = case.derived.index(event)
    after = case._replace(derived=case.derived[:place] + case.derived[place + 1 :])
    return Outcome(after, case.state, (), (), 0, confirms=event)


def expire(case: Case, deadline: Deadline, order: Order, terms: Terms, others: Mapping[str, Case] = ALONE) -> Outcome:
    """Return the outcome when `deadline.expires_at` passes without an answer.

    Either the deadline is marked as missed and the case keeps its state, or the rule's `on_expiry` fact moves the case.
    A missed deadline stays with the case until it is answered: only then is it known how late the answer was.
    """
    if deadline.on_expiry not in MARKS:
        fact = passing(case, deadline)
        way, decided_by = choose_way(case.kind, case.state, fact, order, terms, others)
        return _enter_state(case, case.kind, way, fact, order, terms, others, decided_by, (fact.kind,))
    missed = (*case.missed, deadline.name)
    where = case.id, case.kind, case.marketplace, case.order, case.state
    running = case.opened_at, case.moved_at, case.deadlines
    after = new_case(*where, *running, missed, case.task, case.decided_by, case.derived)
    return Outcome(after, case.state, (), (), 0)


def passing(case: Case, deadline: Deadline) -> Fact:
    """Return the fact that happens by itself when a deadline ends whose rule has a consequence."""
    at = deadline.expires_at
    return Fact(deadline.on_expiry, case.marketplace, case.order, case.id, at, at)


def choose_way(
    kind: str, state: str, fact: Fact, order: Order, terms: Terms, others: Mapping[str, Case]
) -> tuple[Way, str]:
    """Return the way that a fact takes, by the guards of the moves that it allows there, and what decided that.

    Raises FactRefused where it allows none.
    """
    decider = ""
    situation: Situation | None = None
    for way in terms.ways[kind, state, fact.kind]:
        if way.move.guard is None:
            return way, decider
        situation = situation or Situation(kind, fact, order, terms, others)
        holds, decided_by = GUARDS[way.move.guard](situation)
        if holds:
            return way, decided_by
        decider = decided_by or decider
    raise _refused(fact, kind, state, terms.workflow.allowed(kind, state), terms)


def _refused(fact: Fact, kind: str, state: str, allowed: tuple[str, ...], terms: Terms) -> FactRefused:
    return FactRefused(fact.case, kind, state, fact.kind, allowed, cell=not terms.workflow.knows(fact.kind))


def _enter_state(
    case: Case | None,
    kind: str,
    way: Way,
    fact: Fact,
    order: Order,
    terms: Terms,
    others: Mapping[str, Case],
    decided_by: str,
    derived: tuple[str, ...] = (),
) -> Outcome:
    """Return the case in its new state; `derived` is the fact where nobody told it."""
    at, name, state = fact.occurred_at, fact.case, way.state
    opened = terms.deadlines(way, at, order, name) if state.opens else ()
    if opened and state.unless and GUARDS[state.unless](Situation(kind, fact, order, terms, others))[0]:
        opened = ()
    task = _task(state.task, fact, opened) if opened and state.task else None
    if case is None:
        where = name, kind, fact.marketplace, fact.order
        after = new_case(*where, state.name, at, at, opened, (), task, decided_by, way.untold)
        return _new(Outcome, (after, "", opened, (), way.defect, way.component, ()))
    decided_by = decided_by or case.decided_by
    untold = case.derived + way.untold if not derived else (*case.derived, (*derived, *way.move.confirmed_by))
    where = name, kind, case.marketplace, case.order
    after = new_case(*where, state.name, case.opened_at, at, opened, (), task, decided_by, untold)
    return _new(Outcome, (after, case.state, opened, case.deadlines, way.defect, way.component, ()))


def _task(kind: str, fact: Fact, opened: tuple[Deadline, ...]) -> Task:
    """Return the task of a state, bound to the tightest of its deadlines."""
    first = opened[0]
    for deadline in opened:
        if deadline.due < first.due:
            first = deadline
    return new_task(kind, fact.case, fact.marketplace, first.due, first.name, first.set_by, fact.occurred_at)
