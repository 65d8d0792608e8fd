"""Replays: everything that happened on one order, in the order in which it happened, and the cases that result.

A replay is kept from an order's first late fact on, and `insertions` places further facts in it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, MutableMapping
from heapq import heappop, heappush
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from aftersale.base.errors import FactRefused
from aftersale.cases.facts import Fact
from aftersale.cases.model import Case, Deadline
from aftersale.clocks import Instant
from aftersale.engine.engine import Outcome, apply, expire, passing
from aftersale.engine.lookouts import Lookouts
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


class Entry(NamedTuple):
    """What happened on a case at an instant: a step, or a fact that the case did not allow then, with the reason.

    `stands` is the case after it, None where there is none yet.
    """

    at: Instant
    case: str
    fact: Fact
    stands: Case | None
    step: Step | None
    refused: FactRefused | None = None


OfCase = defaultdict[str, list[Entry]]
"""The entries of each case, as they happened."""
entry_at: Callable[[Entry], Instant] = attrgetter("at")
"""The instant of an entry, to search by."""
occurred_at: Callable[[Fact], Instant] = attrgetter("occurred_at")
"""The instant of a fact, to search by."""


def happened(policy: Policy) -> Callable[[Fact], Key]:
    """Return the sort key of facts: when they happened, then the workflow's own order, then their content."""
    rank = policy.workflow.rank

    def key(fact: Fact) -> Key:
        content = (fact.case, fact.about, fact.detail, fact.value or 0.0, fact.amount or 0)
        return (fact.occurred_at, rank(fact.kind), fact.kind, *content)

    return key


def at_instant(facts: list[Fact], at: Instant) -> list[Fact]:
    """Return those of some facts, sorted by when they happened, that happened at an instant."""
    return facts[bisect_left(facts, at, key=occurred_at) : bisect_right(facts, at, key=occurred_at)]


class ReplayedOrder:
    """An order gone through from its facts, sorted by `happened`, and the deadlines that end before `until`.

    Of facts of one instant, the next is always the first that the workflow allows. A fact that it never allows is left
    out of the cases and kept with the reason. Deadlines end after the facts of their instant.

    `entries` are what happened, `cases` how the cases stand in the end; `lookouts` know who looks at whom once there is
    an `index`.
    """

    def __init__(self, facts: list[Fact], order: Order, policy: Policy, until: Instant) -> None:
        """Go through the facts; the list is kept, and grows by what is inserted."""
        self.facts, self.order, self.until = facts, order, until
        self.entries: list[Entry] = []
        self.cases: dict[str, Case] = {}
        self.policy = policy
        self._of_case: OfCase | None = None
        self.lookouts = Lookouts(policy.workflow)
        ends: list[tuple[Instant, str]] = []
        for at, simultaneous in groupby(facts, key=occurred_at):
            self._pass(at, ends)
            self._extend(at, list(simultaneous), (), ends)
        self._pass(until, ends)

    @property
    def steps(self) -> list[Step]:
        """All steps, in the order in which they happened."""
        return [entry.step for entry in self.entries if entry.step is not None]

    @property
    def refusals(self) -> Iterator[tuple[Fact, FactRefused]]:
        """The facts that no case allows, each with the reason."""
        return ((entry.fact, entry.refused) for entry in self.entries if entry.refused is not None)

    def _pass(self, until: Instant, ends: list[tuple[Instant, str]]) -> None:
        """Let the deadlines end that end before an instant; `ends` is a heap of when, and of the cases."""
        while ends and ends[0][0] < until:
            at, names = ends[0][0], set()
            while ends and ends[0][0] == at:
                names.add(heappop(ends)[1])
            self._extend(at, [], names, ends)

    def _extend(
        self, at: Instant, simultaneous: list[Fact], expiring: Collection[str], ends: list[tuple[Instant, str]]
    ) -> None:
        for entry in self.happen(at, simultaneous, expiring, self.cases):
            self.entries.append(entry)
            if entry.step is not None:
                for deadline in entry.step.outcome.opened:
                    if at < deadline.expires_at < self.until:
                        heappush(ends, (deadline.expires_at, entry.case))

    def happen(
        self, at: Instant, simultaneous: list[Fact], expiring: Collection[str], cases: MutableMapping[str, Case]
    ) -> list[Entry]:
        """Return what happens at one instant, and move the cases: by its facts, then by the deadlines that end then.

        `expiring` are the cases that may have such a deadline, beside those that the facts move.
        """
        entries = list(self._apply_simultaneous(at, simultaneous, cases))
        if at < self.until:
            names = {*expiring, *(entry.case for entry in entries if entry.step is not None)}
            while ending := min(_ending(at, names, cases), default=None):
                name, _, deadline = ending
                entries.append(self._expire(at, cases[name], deadline, cases))
        return entries

    def _expire(self, at: Instant, case: Case, deadline: Deadline, cases: MutableMapping[str, Case]) -> Entry:
        outcome = expire(case, deadline, self.order, self.policy.at(deadline.expires_at), cases)
        fact = passing(case, deadline)
        cases[case.id] = outcome.case
        return Entry(at, case.id, fact, outcome.case, Step(case, outcome, fact, deadline))

    def _apply_simultaneous(self, at: Instant, facts: list[Fact], cases: MutableMapping[str, Case]) -> Iterator[Entry]:
        terms = self.policy.at(at)
        while facts:
            refused: list[FactRefused] = []
            for index, fact in enumerate(facts):
                before = cases.get(fact.case)
                try:
                    outcome = apply(before, fact, self.order, terms, cases)
                except FactRefused as error:
                    refused.append(error)
                    continue
                cases[fact.case] = outcome.case
                del facts[index]
                yield Entry(at, fact.case, fact, outcome.case, Step(before, outcome, fact))
                break
            else:
                for fact, reason in zip(facts, refused, strict=True):
                    yield Entry(at, fact.case, fact, cases.get(fact.case), None, reason)
                return

    def append(self, step: Step, at: Instant) -> None:
        """Add a deadline that has ended after everything else that is known."""
        case = step.outcome.case
        entry = Entry(at, case.id, step.fact, case, step)
        self.entries.append(entry)
        self.cases[case.id] = case
        if self._of_case is not None:
            self._of_case[case.id].append(entry)
            self.lookouts.note(step.fact, case)

    def index(self) -> OfCase:
        """Return the entries of each case, and note who looks at whom: both only once they are needed."""
        if self._of_case is None:
            self._of_case = defaultdict(list)
            for entry in self.entries:
                self._of_case[entry.case].append(entry)
                self.lookouts.note(entry.fact, entry.stands)
        return self._of_case


def _ending(at: Instant, names: Iterable[str], cases: Mapping[str, Case]) -> Iterator[tuple[str, int, Deadline]]:
    """Yield the deadlines of some cases that end by an instant, with their case and their place in its state."""
    for name in names:
        case = cases.get(name)
        if case is not None:
            for rank, deadline in enumerate(case.deadlines):
                if deadline.expires_at <= at and deadline.name not in case.missed:
                    yield name, rank, deadline
