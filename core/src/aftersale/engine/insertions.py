"""Insertions: a late fact placed where it happened, and what hangs on it gone through again.

Gone through again are the facts of its instant, what follows on its case until that stands as it did before, and those
facts on other cases that look at it. So a late fact costs time by what it changes, and by the logarithm of how much is
known of the order.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Iterator
from heapq import heappop, heappush, merge

from attrs import Factory, define, frozen

from aftersale.cases.facts import Fact
from aftersale.cases.model import Case
from aftersale.clocks import Instant
from aftersale.engine.guards import CasesBySign, Sign, opening
from aftersale.engine.lookouts import Lookouts
from aftersale.engine.replays import Entry, OfCase, ReplayedOrder, Step, at_instant, entry_at, happened


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


def insert(replay: ReplayedOrder, fact: Fact, until: Instant) -> Change:
    """Place a fact in a replay, and return what that changed.

    All deadlines that end before `until` have ended; it never goes back.
    """
    replay.until = until
    insort(replay.facts, fact, key=happened(replay.policy))
    insertion = _Insertion(replay, replay.index())
    at: Instant | None = fact.occurred_at
    while at is not None:
        insertion.redo(at)
        at = insertion.next_turn()
    entry = next(entry for entry in insertion.new if entry.fact is fact)
    before, after = (
        [entry.step for entry in entries if entry.step is not None] for entries in (insertion.old, insertion.new)
    )
    return Change(entry, before, after, insertion.settled())


@define(eq=False)
class _Insertion:
    """An insertion under way: the entries that it took out so far, and those that it put in their place.

    `differing` are the cases that stand otherwise now than they did, with how they did. `turns` is a heap of instants
    at which something may hang on a case, with its name; those of cases that differ no more are passed over.
    """

    replay: ReplayedOrder
    of_case: OfCase
    old: list[Entry] = Factory(list)
    new: list[Entry] = Factory(list)
    differing: dict[str, Case | None] = Factory(dict)
    turns: list[tuple[Instant, str]] = Factory(list)

    def redo(self, at: Instant) -> None:
        """Go through one instant again, and bring the cases that differ to after it."""
        replay, entries = self.replay, self.replay.entries
        first, end = bisect_left(entries, at, key=entry_at), bisect_right(entries, at, key=entry_at)
        old = entries[first:end]
        expiring = {entry.case for entry in old if entry.step is not None and entry.step.deadline is not None}
        due = self._due(at)
        cases = _CasesBefore(self.of_case, at, replay.lookouts)
        new = replay.happen(at, at_instant(replay.facts, at), expiring | due, cases)
        entries[first:end] = new
        self._compare(old, new, cases)
        self._reindex(at, old, new)
        self.old += old
        self.new += new
        for name in {*due, *(entry.case for entry in (*old, *new))} & self.differing.keys():
            for turn in self._turns(name, at):
                heappush(self.turns, (turn, name))

    def _due(self, at: Instant) -> set[str]:
        """Return the cases that differ and have a turn at an instant."""
        names = set()
        while self.turns and self.turns[0][0] == at:
            names.add(heappop(self.turns)[1])
        return names & self.differing.keys()

    def _compare(self, old: list[Entry], new: list[Entry], cases: _CasesBefore) -> None:
        stood = {entry.case: entry.stands for entry in old}
        stands = {entry.case: entry.stands for entry in new}
        for name in stood.keys() | stands.keys():
            before = cases.before(name)
            was = stood[name] if name in stood else self.differing.get(name, before)
            if was == stands.get(name, before):
                self.differing.pop(name, None)
            else:
                self.differing[name] = was

    def _reindex(self, at: Instant, old: list[Entry], new: list[Entry]) -> None:
        placed: defaultdict[str, list[Entry]] = defaultdict(list)
        for entry in new:
            placed[entry.case].append(entry)
            self.replay.lookouts.note(entry.fact, entry.stands)
        for name in {entry.case for entry in old} | placed.keys():
            entries = self.of_case[name]
            first, end = bisect_left(entries, at, key=entry_at), bisect_right(entries, at, key=entry_at)
            entries[first:end] = placed[name]

    def next_turn(self) -> Instant | None:
        """Return the next instant at which anything hangs on the cases that differ; None when nothing does."""
        while self.turns and self.turns[0][1] not in self.differing:
            heappop(self.turns)
        return self.turns[0][0] if self.turns else None

    def _turns(self, name: str, at: Instant) -> Iterator[Instant]:
        """Yield instants after `at` at which something hangs on a case that stands otherwise, the next among them."""
        entries = self.of_case[name]
        index = bisect_right(entries, at, key=entry_at)
        if index < len(entries):
            yield entries[index].at
        stands = entries[index - 1].stands if index else None
        if stands is not None:
            for deadline in stands.deadlines:
                if at < deadline.expires_at < self.replay.until and deadline.name not in stands.missed:
                    yield deadline.expires_at
        stood = self.differing[name]
        yield from self.replay.lookouts.looks(name, stood, stands, at, self.of_case, self.differing)

    def settled(self) -> dict[str, Case | None]:
        """Bring the replay's cases up to date that stand otherwise now, and return them."""
        settled: dict[str, Case | None] = {}
        for name in self.differing:
            entries = self.of_case[name]
            case = settled[name] = entries[-1].stands if entries else None
            if case is not None:
                self.replay.cases[name] = case
            else:
                self.replay.cases.pop(name, None)
        return settled


class _CasesBefore(CasesBySign):
    """The cases of an order as they stood before an instant, and as they are moved from then on."""

    def __init__(self, of_case: OfCase, at: Instant, lookouts: Lookouts) -> None:
        self._of_case, self._before, self._lookouts = of_case, at, lookouts
        self._moved: dict[str, Case] = {}

    def before(self, name: str) -> Case | None:
        """Return a case as it stood before the instant, None where there was no such case."""
        entries = self._of_case.get(name, [])
        index = bisect_left(entries, self._before, key=entry_at)
        return entries[index - 1].stands if index else None

    def showing(self, sign: Sign) -> Iterator[Case]:
        """Yield the cases that show a sign, those opened first first."""
        moved = sorted((case for case in self._moved.values() if sign(case)), key=opening)
        return merge(moved, self._showing_still(sign), key=opening)

    def _showing_still(self, sign: Sign) -> Iterator[Case]:
        for _, name in self._lookouts.candidates(sign):
            case = self.before(name) if name not in self._moved else None
            if case is not None and sign(case):
                yield case

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
        return (name for name in {**self._of_case, **self._moved} if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)
