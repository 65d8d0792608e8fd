"""The tally: what metrics count, kept as columns while facts go by.

It only ever grows. What a late fact puts right is taken back by a row of its own from the day it became known, so that
every day can be read as it was known then.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

import numpy as np
from attrs import Factory, define, frozen
from numpy.typing import NDArray

from aftersale.cases import LATE, Case, Deadline
from aftersale.clocks import Instant
from aftersale.dossiers import Step
from aftersale.engine import Outcome
from aftersale.facts import Fact
from aftersale.orders import Order

FOREVER = np.iinfo(np.int64).max
"""Stands for the end of what has not ended yet."""
NO_ANSWER_NEEDED = "no_reply_needed"


MISSED = (1, 1, 0)
MET = (0, 1, 1)
MET_LATE = (0, 0, 1)
"""What becomes known of a deadline's end: how many more were missed, have an outcome, and were answered."""
_CHANGES = (MISSED, MET, MET_LATE)
Change = tuple[int, int, int]


def _undone(change: Change) -> Change:
    late, counted, met = change
    return -late, -counted, -met


_KNOWN: tuple[Change, ...] = (*_CHANGES, *map(_undone, _CHANGES))
_CODES = {change: code for code, change in enumerate(_KNOWN)}
_DECODED = np.array(_KNOWN, np.int8)


def _column() -> array[int]:
    return array("q")


def _codes() -> array[int]:
    return array("b")


@define
class _Rows:
    started: array[int] = Factory(_column)
    known: array[int] = Factory(_column)
    ended: array[int] = Factory(_column)
    change: array[int] = Factory(_codes)


@frozen(eq=False)
class Endings:
    """How deadlines of one name on one marketplace ended, a row for each thing that became known, int64 instants.

    From `known` on, `counted` more deadlines (0, 1, or -1 where an earlier row is taken back) have an outcome, `late`
    more of them were missed, and `met` more were met or answered late at `ended`; FOREVER where nobody has acted.
    """

    started: NDArray[np.int64]
    known: NDArray[np.int64]
    ended: NDArray[np.int64]
    late: NDArray[np.int8]
    counted: NDArray[np.int8]
    met: NDArray[np.int8]

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self.started)


@frozen
class Blemish:
    """Something that spoils an order (`step` 1) or is taken back (-1), as known at an instant.

    `component` is the defect that the workflow names, such as `claim`, or `late:` with the deadline that was missed;
    `purchased_at` is its order's day, `opened_at` its case's.
    """

    order: str
    marketplace: str
    channel: str
    case: str
    purchased_at: Instant
    opened_at: Instant
    component: str
    known_at: Instant
    step: int


# Entries are what is counted, without the day it became known and whose it is. Plain tuples, told apart by their first
# item: a year makes half a million of them, and a named tuple takes four times as long to make.
_Ending = tuple[Literal["ending"], str, Instant, Instant, Change]
"""A deadline's end: its name, when it began, when it was answered, and what becomes known of it."""
_Stain = tuple[Literal["stain"], str, Instant, str, int]
"""A blemish: the case, when it was opened, the component, and 1, or -1 where it is taken back."""
_Opening = tuple[Literal["opening"], str, Instant]
"""A case's beginning: its kind, and when."""
_Entry = _Ending | _Stain | _Opening


class Tally:
    """Counts as facts go by: every case's beginning, every deadline's end, every blemish on an order."""

    def __init__(self) -> None:
        """Begin with nothing counted."""
        self.blemishes: list[Blemish] = []
        self._rows: dict[tuple[str, str], _Rows] = {}
        self._openings: dict[tuple[str, str], _Rows] = {}

    def missed(self, case: Case, deadline: Deadline, order: Order) -> None:
        """Count a deadline that ended before anybody acted."""
        for entry in _missed(case, deadline, 1):
            self._add(entry, order, deadline.expires_at, 1)

    def moved(self, before: Case | None, outcome: Outcome, fact: Fact, order: Order) -> None:
        """Count what this fact did to a case."""
        for entry in _entries(before, outcome, fact):
            self._add(entry, order, fact.known_at, 1)

    def corrected(self, before: Sequence[Step], after: Sequence[Step], order: Order, known_at: Instant) -> None:
        """Take back what was counted on the way to `before`, and count the way to `after`, from `known_at` on."""
        change = Counter(_entries_of(after))
        change.subtract(_entries_of(before))
        for entry, times in change.items():
            for _ in range(abs(times)):
                self._add(entry, order, known_at, 1 if times > 0 else -1)

    def _add(self, entry: _Entry, order: Order, known_at: Instant, sign: int) -> None:
        if entry[0] == "ending":
            _, name, started, ended, change = entry
            rows = _of(self._rows, (order.marketplace, name))
            rows.started.append(started)
            rows.known.append(known_at)
            rows.ended.append(ended)
            rows.change.append(_CODES[change if sign > 0 else _undone(change)])
        elif entry[0] == "stain":
            _, case, opened_at, component, step = entry
            where = (order.id, order.marketplace, order.channel, case)
            self.blemishes.append(Blemish(*where, order.purchased_at, opened_at, component, known_at, sign * step))
        else:
            _, kind, started = entry
            rows = _of(self._openings, (order.marketplace, kind))
            rows.started.append(started)
            rows.known.append(known_at)
            rows.change.append(sign)

    def endings(self, marketplace: str, name: str, first: int = 0) -> Endings:
        """Return how the deadlines of that name ended, from row `first` on: rows are only ever added."""
        rows = self._rows.get((marketplace, name), _Rows())
        late, counted, met = _DECODED[np.array(rows.change[first:], np.int8)].T
        return Endings(
            np.array(rows.started[first:], np.int64),
            np.array(rows.known[first:], np.int64),
            np.array(rows.ended[first:], np.int64),
            late,
            counted,
            met,
        )

    def deadlines(self, marketplace: str) -> list[str]:
        """Return the names of the deadlines of which some have ended there, sorted."""
        return sorted(name for place, name in self._rows if place == marketplace)

    def openings(self, marketplace: str, kind: str, first: int = 0) -> Endings:
        """Return when the cases of a kind were opened, from row `first` on; only started, known and counted speak."""
        rows = self._openings.get((marketplace, kind), _Rows())
        started, known = (np.array(each[first:], np.int64) for each in (rows.started, rows.known))
        none = np.zeros(len(started), np.int8)
        counted = np.array(rows.change[first:], np.int8)
        return Endings(started, known, np.full(len(started), FOREVER), none, counted, none)


def _of(rows: dict[tuple[str, str], _Rows], key: tuple[str, str]) -> _Rows:
    found = rows.get(key)
    if found is None:
        found = rows[key] = _Rows()
    return found


def _entries_of(steps: Iterable[Step]) -> Iterator[_Entry]:
    for before, outcome, fact, deadline in steps:
        if deadline is not None and before is not None and outcome.case.state == before.state:
            yield from _missed(before, deadline, 1)
        else:
            yield from _entries(before, outcome, fact)


def _missed(case: Case, deadline: Deadline, step: int) -> tuple[_Entry, ...]:
    """Return that a deadline of the case was missed, or with `step` -1 that it does not count after all."""
    return (
        ("ending", deadline.name, deadline.started_at, FOREVER, MISSED if step > 0 else _undone(MISSED)),
        ("stain", case.id, case.opened_at, LATE + deadline.name, step),
    )


def _entries(before: Case | None, outcome: Outcome, fact: Fact) -> list[_Entry]:
    case = outcome.case
    found: list[_Entry] = []
    if before is None:
        found.append(("opening", case.kind, case.opened_at))
    else:
        for deadline in outcome.closed:
            found += _ended(before, deadline, fact)
    if outcome.defect:
        found.append(("stain", case.id, case.opened_at, outcome.component, outcome.defect))
    return found


def _ended(case: Case, deadline: Deadline, fact: Fact) -> tuple[_Entry, ...]:
    """Return how a deadline counts that this fact has ended: its answer, or the end that its rule gives it."""
    missed = deadline.name in case.missed
    if fact.kind == NO_ANSWER_NEEDED:
        return _missed(case, deadline, -1) if missed else ()
    if fact.kind == deadline.on_expiry and fact.occurred_at == deadline.expires_at:
        return _missed(case, deadline, 1)
    return (("ending", deadline.name, deadline.started_at, fact.occurred_at, MET_LATE if missed else MET),)


def running(cases: Iterable[Case], marketplace: str, name: str) -> NDArray[np.int64]:
    """Return when the deadlines of that name began which run still."""
    found = [
        deadline.started_at
        for case in cases
        if case.deadlines and case.marketplace == marketplace
        for deadline in case.deadlines
        if deadline.name == name
    ]
    return np.array(found, np.int64)
