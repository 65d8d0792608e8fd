"""Dossiers: all facts about one order, in the order in which they happened, and the cases that they come to.

Facts may become known late, twice, or out of order. What they come to depends on when they happened alone, so the same
facts lead to the same cases however they arrive.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from attrs import define

from aftersale.base.errors import FactRefused
from aftersale.cases.facts import Fact
from aftersale.cases.model import Case, Deadline
from aftersale.clocks import Instant
from aftersale.engine.engine import Outcome, apply, expire, passing
from aftersale.orders import Order
from aftersale.policies.policy import Policy

Key = tuple[object, ...]


class Step(NamedTuple):
    """One thing that a dossier went through: the case before it, what it did, and the fact, or the deadline that ended.

    `deadline` is None for a fact that was recorded; for an end that moved its case `fact` is what followed.
    """

    before: Case | None
    outcome: Outcome
    fact: Fact
    deadline: Deadline | None = None


@define(eq=False)
class Dossier:
    """All that is known of one order: its facts as they happened, its cases by id, and the facts that fit nowhere.

    `last` is the latest instant that its cases have been through; a fact from before it is a late one.
    """

    order: Order
    facts: list[Fact]
    cases: dict[str, Case]
    last: Instant
    refused: tuple[FactRefused, ...] = ()
    misfits: tuple[Fact, ...] = ()

    def opening(self, case: Case) -> Fact:
        """Return the fact that opened one of its cases."""
        return next(fact for fact in self.facts if fact.case == case.id)

    def holds(self, fact: Fact) -> bool:
        """Whether the same thing was recorded before; when it became known makes no difference."""
        return any(fact[:5] == known[:5] and fact[6:] == known[6:] for known in self.facts)

    def place(self, fact: Fact, policy: Policy) -> None:
        """Put a fact among the others where it happened, whatever came to be known before it."""
        insort(self.facts, fact, key=happened(policy))


def happened(policy: Policy) -> Callable[[Fact], Key]:
    """Return by what facts are sorted: when they happened, then the workflow's own order, then what they say."""
    rank = policy.workflow.rank

    def key(fact: Fact) -> Key:
        told = (fact.case, fact.about, fact.detail, fact.value or 0.0, fact.amount or 0)
        return (fact.occurred_at, rank(fact.kind), fact.kind, *told)

    return key


@define(eq=False)
class ReplayedOrder:
    """What facts came to by an instant: every step on the way, the cases at its end, and the facts that fit nowhere."""

    steps: list[Step]
    cases: dict[str, Case]
    last: Instant
    refused: list[FactRefused]
    misfits: list[Fact]


def replay_order(facts: Sequence[Fact], order: Order, policy: Policy, until: Instant) -> ReplayedOrder:
    """Return what these facts come to, deadlines that end before `until` among it; facts sorted by when they happened.

    Of facts of one instant, each in turn is the first that the workflow allows. One that it never allows is left out
    and kept among the misfits.
    """
    found = ReplayedOrder([], {}, 0, [], [])
    for at, together in groupby(facts, key=_when):
        _pass(found, order, policy, at)
        _happen(found, list(together), order, policy)
    _pass(found, order, policy, until)
    return found


def _when(fact: Fact) -> Instant:
    return fact.occurred_at


def _happen(found: ReplayedOrder, together: list[Fact], order: Order, policy: Policy) -> None:
    while together:
        refused: list[FactRefused] = []
        for fact in together:
            before = found.cases.get(fact.case)
            try:
                outcome = apply(before, fact, order, policy.at(fact.occurred_at), found.cases)
            except FactRefused as error:
                refused.append(error)
                continue
            _keep(found, Step(before, outcome, fact), fact.occurred_at)
            together.remove(fact)
            break
        else:
            found.refused += refused
            found.misfits += together
            return


def _pass(found: ReplayedOrder, order: Order, policy: Policy, until: Instant) -> None:
    """Let every deadline that ends before this instant take its course, the earliest first."""
    while running := [each for each in _running(found.cases) if each[0] < until]:
        at, name, _, deadline = min(running)
        case = found.cases[name]
        outcome = expire(case, deadline, order, policy.at(at), found.cases)
        _keep(found, Step(case, outcome, passing(case, deadline), deadline), at)


def _running(cases: dict[str, Case]) -> Iterator[tuple[Instant, str, int, Deadline]]:
    for case in cases.values():
        for rank, deadline in enumerate(case.deadlines):
            if deadline.name not in case.missed:
                yield deadline.expires_at, case.id, rank, deadline


def _keep(found: ReplayedOrder, step: Step, at: Instant) -> None:
    found.cases[step.outcome.case.id] = step.outcome.case
    found.steps.append(step)
    found.last = max(found.last, at)
