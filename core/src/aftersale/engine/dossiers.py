"""Dossiers: all facts about one order, in the order in which they happened, and the cases that result.

Facts may become known late, twice, or out of order. The cases depend only on when the facts happened: the same facts
lead to the same cases however they arrive.
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
    """One step of an order: the case before it, the outcome, and the fact, or the deadline that ended.

    `deadline` is None for a fact that was recorded. When the end of a deadline moved its case, `fact` is the fact that
    followed from it.
    """

    before: Case | None
    outcome: Outcome
    fact: Fact
    deadline: Deadline | None = None


@define(eq=False)
class Dossier:
    """All that is known of one order: its facts as they happened, its cases by id, and the facts that no case allows.

    `last` is the instant up to which its cases have been moved; a fact from before it is late.
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
        """Whether the same fact was recorded before; when it became known makes no difference."""
        return any(fact[:5] == other_fact[:5] and fact[6:] == other_fact[6:] for other_fact in self.facts)

    def place(self, fact: Fact, policy: Policy) -> None:
        """Insert a fact by when it happened, regardless of when it became known."""
        insort(self.facts, fact, key=happened(policy))


def happened(policy: Policy) -> Callable[[Fact], Key]:
    """Return the sort key of facts: when they happened, then the workflow's own order, then their content."""
    rank = policy.workflow.rank

    def key(fact: Fact) -> Key:
        content = (fact.case, fact.about, fact.detail, fact.value or 0.0, fact.amount or 0)
        return (fact.occurred_at, rank(fact.kind), fact.kind, *content)

    return key


@define(eq=False)
class ReplayedOrder:
    """An order replayed to an instant: every step, the cases at the end, and the facts that no case allows."""

    steps: list[Step]
    cases: dict[str, Case]
    last: Instant
    refused: list[FactRefused]
    misfits: list[Fact]


def replay_order(facts: Sequence[Fact], order: Order, policy: Policy, until: Instant) -> ReplayedOrder:
    """Return the order replayed from these facts, with the deadlines that end before `until`.

    Facts are sorted by when they happened. Of facts of one instant, the next is always the first that the workflow
    allows. A fact that it never allows is left out and kept among the misfits.
    """
    replayed = ReplayedOrder([], {}, 0, [], [])
    for at, simultaneous in groupby(facts, key=_occurred_at):
        _expire_until(replayed, order, policy, at)
        _apply_simultaneous(replayed, list(simultaneous), order, policy)
    _expire_until(replayed, order, policy, until)
    return replayed


def _occurred_at(fact: Fact) -> Instant:
    return fact.occurred_at


def _apply_simultaneous(replayed: ReplayedOrder, simultaneous: list[Fact], order: Order, policy: Policy) -> None:
    while simultaneous:
        refused: list[FactRefused] = []
        for fact in simultaneous:
            before = replayed.cases.get(fact.case)
            try:
                outcome = apply(before, fact, order, policy.at(fact.occurred_at), replayed.cases)
            except FactRefused as error:
                refused.append(error)
                continue
            _add_step(replayed, Step(before, outcome, fact), fact.occurred_at)
            simultaneous.remove(fact)
            break
        else:
            replayed.refused += refused
            replayed.misfits += simultaneous
            return


def _expire_until(replayed: ReplayedOrder, order: Order, policy: Policy, until: Instant) -> None:
    """Expire every deadline that ends before this instant, the earliest first."""
    while running := [ending for ending in _running_deadlines(replayed.cases) if ending[0] < until]:
        at, name, _, deadline = min(running)
        case = replayed.cases[name]
        outcome = expire(case, deadline, order, policy.at(at), replayed.cases)
        _add_step(replayed, Step(case, outcome, passing(case, deadline), deadline), at)


def _running_deadlines(cases: dict[str, Case]) -> Iterator[tuple[Instant, str, int, Deadline]]:
    for case in cases.values():
        for rank, deadline in enumerate(case.deadlines):
            if deadline.name not in case.missed:
                yield deadline.expires_at, case.id, rank, deadline


def _add_step(replayed: ReplayedOrder, step: Step, at: Instant) -> None:
    replayed.cases[step.outcome.case.id] = step.outcome.case
    replayed.steps.append(step)
    replayed.last = max(replayed.last, at)
