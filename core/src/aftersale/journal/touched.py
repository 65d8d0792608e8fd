"""Touched: which open cases of a journal a change of rules concerns, now or further on their way."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Literal

from attrs import frozen

from aftersale.cases.model import Case
from aftersale.cases.workflow import Workflow
from aftersale.clocks import Instant, start_of_day
from aftersale.engine.docket import Docket
from aftersale.engine.guards import ASKED_BY
from aftersale.policies.policy import Policies, Policy
from aftersale.rules import EVERYWHERE, Change, Rule, Rulebook

How = Literal["runs", "kept", "ahead"]
"""How a change meets a case: a deadline that runs began under the new row; one that runs began before the change and
keeps the old row; or the case may still come to where the rule is asked for."""


@frozen
class TouchedCase:
    """An open case that a change meets, and how."""

    case: Case
    how: How


def open_cases(docket: Docket, marketplaces: Collection[str] | None = None) -> list[Case]:
    """Return the cases that have not ended, of some marketplaces or of all, by when they were opened."""
    cases = [
        case
        for case in docket.cases.values()
        if not docket.policy(case.marketplace).workflow.state(case.kind, case.state).final
        and (marketplaces is None or case.marketplace in marketplaces)
    ]
    return sorted(cases, key=lambda case: (case.opened_at, case.id))


def touched(change: Change, cases: Iterable[Case], docket: Docket, policies: Policies) -> Iterator[TouchedCase]:
    """Yield the cases that a change of a dated row meets, in the order of the cases.

    A rule binds by the day on which its deadline begins, so a deadline that runs keeps what it began with. A row counts
    only for the orders that fall under it on the day of the change: a general row changes nothing where a narrower one
    holds. What only costs and advice ask for, and the lines of metrics, meet no case.
    """
    place = change.rule.marketplace
    for case in cases:
        if place in (EVERYWHERE, case.marketplace):
            policy = policies[case.marketplace]
            if (how := _how(change, case, policy)) is not None and _decides(change, case, docket, policy):
                yield TouchedCase(case, how)


def _how(change: Change, case: Case, policy: Policy) -> How | None:
    name, begins = change.rule.name, _begin(change, policy)
    running = [deadline.started_at for deadline in case.deadlines if deadline.name == name]
    if running:
        return "runs" if any(started >= begins for started in running) else "kept"
    return "ahead" if name in _asked_ahead(policy.workflow, case) else None


def _begin(change: Change, policy: Policy) -> Instant:
    return start_of_day(change.day, policy.marketplace.zone)


def _asked_ahead(workflow: Workflow, case: Case) -> frozenset[str]:
    """Return the rules that a case may still ask for: on its moves from here, and in the states where they lead."""
    kind = workflow.kinds[case.kind]
    reached, names, fresh = {case.state}, set[str](), [case.state]
    while fresh:
        state = fresh.pop()
        for move in (move for move in kind.move if state in move.after and not move.further):
            names.update(ASKED_BY.get(str(move.guard), ()))
            if move.to == state:
                continue
            after = workflow.state(case.kind, move.to)
            names.update(map(str, after.opens), ASKED_BY.get(str(after.unless), ()))
            if move.to not in reached:
                reached.add(move.to)
                fresh.append(move.to)
    return frozenset(names)


def _decides(change: Change, case: Case, docket: Docket, policy: Policy) -> bool:
    """Whether the case's order falls under another demand from the day of the change on, and by that change."""
    begins, dossier = _begin(change, policy), docket.dossiers[case.order]
    told = dossier.opening(case).detail
    about = {"situation": case.kind} | ({"reason": told, "claim": told} if told else {})
    before, after = policy.at(begins - 1), policy.at(begins)
    for old_book, new_book in ((before.rulebook, after.rulebook), (before.handbook, after.handbook)):
        old, new = (_chosen(book, change.rule.name, case, docket, about) for book in (old_book, new_book))
        by_this = (change.old is not None and old == change.old) or (change.new is not None and new == change.new)
        if by_this and not _alike(old, new):
            return True
    return False


def _chosen(book: Rulebook, name: str, case: Case, docket: Docket, about: dict[str, str]) -> Rule | None:
    return book.rule(name, docket.dossiers[case.order].order, about)


def _alike(old: Rule | None, new: Rule | None) -> bool:
    return old is new or (old is not None and new is not None and old.same_demand(new))
