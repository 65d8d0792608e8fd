"""Replays: everything that happened on one order, in the order in which it happened, and the cases that result.

A fact that becomes known late is inserted where it belongs, and only what hangs on it is gone through again: the facts
of its instant, what follows on its case until that stands as it did before, and those facts on other cases that look
at it. So a late fact costs time by what it changes, and by the logarithm of how much is known of the order.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, MutableMapping, ValuesView
from heapq import heappop, heappush
from itertools import chain, groupby
from operator import attrgetter
from typing import NamedTuple

from attrs import frozen

from aftersale.base.errors import FactRefused
from aftersale.cases.facts import Fact
from aftersale.cases.model import Case, Deadline
from aftersale.clocks import Instant
from aftersale.engine.engine import Outcome, apply, expire, passing
from aftersale.engine.guards import ABOUT, BESIDE
from aftersale.orders import Order
from aftersale.policies.policy import Policy

Key = tuple[object, ...]
BEGINNING = -(2**63)
"""Before all instants."""


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


@frozen
class Change:
    """What an inserted fact changed: its own entry, the steps that it replaced, those that stand in their place.

    `cases` are the cases that stand otherwise than before, with how they stand now, None where there is no such case
    any more.
    """

    entry: Entry
    before: list[Step]
    after: list[Step]
    cases: dict[str, Case | None]


_OfCase = defaultdict[str, list[Entry]]
_at: Callable[[Entry], Instant] = attrgetter("at")
_occurred_at: Callable[[Fact], Instant] = attrgetter("occurred_at")


def happened(policy: Policy) -> Callable[[Fact], Key]:
    """Return the sort key of facts: when they happened, then the workflow's own order, then their content."""
    rank = policy.workflow.rank

    def key(fact: Fact) -> Key:
        content = (fact.case, fact.about, fact.detail, fact.value or 0.0, fact.amount or 0)
        return (fact.occurred_at, rank(fact.kind), fact.kind, *content)

    return key


def at_instant(facts: list[Fact], at: Instant) -> list[Fact]:
    """Return those of some facts, sorted by when they happened, that happened at an instant."""
    return facts[bisect_left(facts, at, key=_occurred_at) : bisect_right(facts, at, key=_occurred_at)]


class ReplayedOrder:
    """An order gone through from its facts, sorted by `happened`, and the deadlines that end before `until`.

    Of facts of one instant, the next is always the first that the workflow allows. A fact that it never allows is left
    out of the cases and kept with the reason. Deadlines end after the facts of their instant.
    """

    def __init__(self, facts: list[Fact], order: Order, policy: Policy, until: Instant) -> None:
        """Go through the facts; the list is kept, and grows by what is inserted."""
        self.facts, self.order, self.until = facts, order, until
        self.entries: list[Entry] = []
        self.cases: dict[str, Case] = {}
        self._policy = policy
        self._of_case: _OfCase | None = None
        self._looking: dict[tuple[str, str], list[Instant]] = {}
        ends: list[tuple[Instant, str]] = []
        for at, simultaneous in groupby(facts, key=_occurred_at):
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

    def confirmations(self) -> dict[int, Fact]:
        """Return the facts that tell what had followed by rule, by the places among the steps of what they tell."""
        untold: defaultdict[str, list[tuple[tuple[str, ...], int]]] = defaultdict(list)
        confirmed: dict[int, Fact] = {}
        for place, step in enumerate(self.steps):
            events = untold[step.outcome.case.id]
            if step.outcome.confirms:
                event = next(event for event in events if event[0] == step.outcome.confirms)
                events.remove(event)
                confirmed[event[1]] = step.fact
            elif len(step.outcome.case.derived) > len(events):
                events.append((step.outcome.case.derived[-1], place))
        return confirmed

    @property
    def last(self) -> Instant:
        """The instant of the last step; before all instants where there is none."""
        return next((entry.at for entry in reversed(self.entries) if entry.step is not None), BEGINNING)

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
        for entry in self._happen(at, simultaneous, expiring, self.cases):
            self.entries.append(entry)
            if entry.step is not None:
                for deadline in entry.step.outcome.opened:
                    if at < deadline.expires_at < self.until:
                        heappush(ends, (deadline.expires_at, entry.case))

    def _happen(
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
        outcome = expire(case, deadline, self.order, self._policy.at(deadline.expires_at), cases)
        fact = passing(case, deadline)
        cases[case.id] = outcome.case
        return Entry(at, case.id, fact, outcome.case, Step(case, outcome, fact, deadline))

    def _apply_simultaneous(self, at: Instant, facts: list[Fact], cases: MutableMapping[str, Case]) -> Iterator[Entry]:
        terms = self._policy.at(at)
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
            self._note_looking(step.fact)

    def insert(self, fact: Fact, until: Instant) -> Change:
        """Insert a fact where it happened, and go again through what hangs on it.

        All deadlines that end before `until` have ended; it never goes back.
        """
        self.until = until
        insort(self.facts, fact, key=happened(self._policy))
        of_case = self._index()
        before: list[Step] = []
        after: list[Step] = []
        entry: Entry | None = None
        differing: dict[str, Case | None] = {}
        at: Instant | None = fact.occurred_at
        while at is not None:
            old, new = self._redo(at, differing, of_case)
            before += (old_entry.step for old_entry in old if old_entry.step is not None)
            after += (new_entry.step for new_entry in new if new_entry.step is not None)
            entry = entry or next(new_entry for new_entry in new if new_entry.fact is fact)
            at = self._next(at, differing, of_case)
        assert entry is not None
        return Change(entry, before, after, self._settle(differing, of_case))

    def _index(self) -> _OfCase:
        """Return the entries of each case, and note which facts look at other cases: both only once they are needed."""
        if self._of_case is None:
            self._of_case = defaultdict(list)
            for entry in self.entries:
                self._of_case[entry.case].append(entry)
                self._note_looking(entry.fact)
        return self._of_case

    def _note_looking(self, fact: Fact) -> None:
        """Note when a fact happened that may lead elsewhere where another case stands otherwise."""
        for guard in self._policy.workflow.guards(fact.kind) & BESIDE.keys():
            times = self._looking.setdefault((guard, fact.about if guard == ABOUT else ""), [])
            place = bisect_left(times, fact.occurred_at)
            if times[place : place + 1] != [fact.occurred_at]:
                times.insert(place, fact.occurred_at)

    def _redo(
        self, at: Instant, differing: dict[str, Case | None], of_case: _OfCase
    ) -> tuple[list[Entry], list[Entry]]:
        """Go through one instant again; return what stood there, and what stands there now.

        `differing` are the cases that stand otherwise before this instant than they did, with how they did; it is
        brought to after the instant.
        """
        first, end = bisect_left(self.entries, at, key=_at), bisect_right(self.entries, at, key=_at)
        old = self.entries[first:end]
        expiring = {entry.case for entry in old if entry.step is not None and entry.step.deadline is not None}
        cases = _CasesBefore(of_case, at)
        new = self._happen(at, at_instant(self.facts, at), expiring | differing.keys(), cases)
        stood = {entry.case: entry.stands for entry in old}
        stands = {entry.case: entry.stands for entry in new}
        for name in stood.keys() | stands.keys():
            before = cases.before(name)
            was = stood[name] if name in stood else differing.get(name, before)
            if was == stands.get(name, before):
                differing.pop(name, None)
            else:
                differing[name] = was
        self.entries[first:end] = new
        for name in stood.keys() | stands.keys():
            entries = of_case[name]
            begin, stop = bisect_left(entries, at, key=_at), bisect_right(entries, at, key=_at)
            entries[begin:stop] = [entry for entry in new if entry.case == name]
        for entry in new:
            self._note_looking(entry.fact)
        return old, new

    def _next(self, at: Instant, differing: Mapping[str, Case | None], of_case: _OfCase) -> Instant | None:
        """Return the next instant at which anything hangs on the cases that differ; None when nothing does."""
        turns = (self._turns(name, stood, of_case[name], at) for name, stood in differing.items())
        return min(chain.from_iterable(turns), default=None)

    def _turns(self, name: str, stood: Case | None, entries: list[Entry], at: Instant) -> Iterator[Instant]:
        """Yield instants after `at` at which something hangs on a case that stands otherwise, the next among them."""
        index = bisect_right(entries, at, key=_at)
        if index < len(entries):
            yield entries[index].at
        stands = entries[index - 1].stands if index else None
        if stands is not None:
            for deadline in stands.deadlines:
                if at < deadline.expires_at < self.until and deadline.name not in stands.missed:
                    yield deadline.expires_at
        for (guard, about), times in self._looking.items():
            if (guard != ABOUT or name == about) and _seen(guard, stood) != _seen(guard, stands):
                following = bisect_right(times, at)
                yield from times[following : following + 1]

    def _settle(self, differing: Iterable[str], of_case: _OfCase) -> dict[str, Case | None]:
        """Bring the cases up to date that stand otherwise now, and return them."""
        settled: dict[str, Case | None] = {}
        for name in differing:
            entries = of_case[name]
            case = settled[name] = entries[-1].stands if entries else None
            if case is not None:
                self.cases[name] = case
            else:
                self.cases.pop(name, None)
        return settled


class _CasesBefore(MutableMapping[str, Case]):
    """The cases of an order as they stood before an instant, and as they are moved from then on."""

    def __init__(self, of_case: _OfCase, at: Instant) -> None:
        self._of_case, self._before = of_case, at
        self._moved: dict[str, Case] = {}

    def before(self, name: str) -> Case | None:
        """Return a case as it stood before the instant, None where there was no such case."""
        entries = self._of_case.get(name, [])
        index = bisect_left(entries, self._before, key=_at)
        return entries[index - 1].stands if index else None

    def __getitem__(self, name: str) -> Case:
        case = self._moved.get(name) or self.before(name)
        if case is None:
            raise KeyError(name)
        return case

    def __setitem__(self, name: str, case: Case) -> None:
        self._moved[name] = case

    def __delitem__(self, name: str) -> None:
        raise TypeError("a case does not go away")

    def __iter__(self) -> Iterator[str]:
        return (case.id for case in self.in_turn())

    def __len__(self) -> int:
        return sum(1 for _ in self.in_turn())

    def values(self) -> ValuesView[Case]:
        """Return the cases, each found once: by way of their names each would be looked up again."""
        return _CasesInTurn(self)

    def in_turn(self) -> Iterator[Case]:
        """Yield the cases as they stand, those that were moved first."""
        yield from self._moved.values()
        before, moved = self._before, self._moved
        for name, entries in self._of_case.items():
            if entries and entries[0].at < before and name not in moved:
                stands = entries[bisect_left(entries, before, key=_at) - 1].stands
                if stands is not None:
                    yield stands


class _CasesInTurn(ValuesView[Case]):
    _mapping: _CasesBefore

    def __iter__(self) -> Iterator[Case]:
        return self._mapping.in_turn()


def _seen(guard: str, case: Case | None) -> object:
    """Return what a guard sees of a case beside its own; of none what it sees of one that does not matter to it."""
    return (BESIDE[guard](case) or None) if case is not None else None


def _ending(at: Instant, names: Iterable[str], cases: Mapping[str, Case]) -> Iterator[tuple[str, int, Deadline]]:
    """Yield the deadlines of some cases that end by an instant, with their case and their place in its state."""
    for name in names:
        case = cases.get(name)
        if case is not None:
            for rank, deadline in enumerate(case.deadlines):
                if deadline.expires_at <= at and deadline.name not in case.missed:
                    yield name, rank, deadline
