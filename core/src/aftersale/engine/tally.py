"""The tally: what metrics count, kept as columns while facts go by.

It only ever grows. What a late fact puts right is taken back by a row of its own from the day it became known, so that
every day can be read as it was known then.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

import numpy as np
from attrs import Factory, define, frozen
from numpy.typing import NDArray

from aftersale.cases.facts import Fact
from aftersale.cases.model import LATE, Case, Deadline
from aftersale.clocks import Instant
from aftersale.engine.dossiers import Step
from aftersale.engine.engine import Outcome
from aftersale.orders import Order

FOREVER = np.iinfo(np.int64).max
"""Stands for the end of what has not ended yet."""
NO_ANSWER_NEEDED = "no_reply_needed"


MISSED, MET, MET_LATE = 0, 1, 2
"""What becomes known of a deadline's end, in short."""
_SHORT = ((1, 1, 0), (0, 1, 1), (0, 0, 1))
"""How many more were missed, have an outcome, and were answered."""
_LONG = np.array((*_SHORT, *((-late, -counted, -met) for late, counted, met in _SHORT)), np.int8)
_UNDONE = (3, 4, 5, 0, 1, 2)
"""What takes each of them back, and is taken back by each of them."""
_LATE: list[int] = _LONG[:, 0].tolist()


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
class Defect:
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


# What is counted, without the day it became known and whose it is. Plain tuples: a year makes half a million of them.
_Ending = tuple[str, Instant, str, Instant, Instant, int]
"""A deadline's end: the case, when it was opened, the deadline, when it began, when it was answered, what is known."""
_Stain = tuple[str, Instant, str, int]
"""A blemish: the case, when it was opened, the component, and 1, or -1 where it is taken back."""
_Opening = tuple[str, Instant]
"""A case's beginning: its kind, and when."""
_Entry = tuple[Literal["ending"], _Ending] | tuple[Literal["stain"], _Stain] | tuple[Literal["opening"], _Opening]


class Tally:
    """Counts as facts go by: every case's beginning, every deadline's end, every blemish on an order."""

    def __init__(self) -> None:
        """Begin with nothing counted."""
        self.defects: list[Defect] = []
        self._rows: defaultdict[tuple[str, str], _Rows] = defaultdict(_Rows)
        self._openings: defaultdict[tuple[str, str], _Rows] = defaultdict(_Rows)

    def missed(self, case: Case, deadline: Deadline, order: Order) -> None:
        """Count a deadline that ended before anybody acted."""
        self._end(order, deadline.expires_at, *_missed(case, deadline))

    def moved(self, before: Case | None, outcome: Outcome, fact: Fact, order: Order) -> None:
        """Count what this fact did to a case."""
        case, known_at = outcome.case, fact.known_at
        if before is None:
            self._open(order, known_at, case.kind, case.opened_at, 1)
        else:
            for deadline in outcome.closed:
                ending = _ended(before, deadline, fact)
                if ending is not None:
                    self._end(order, known_at, *ending)
        if outcome.defect:
            self._stain(order, known_at, case.id, case.opened_at, outcome.component, outcome.defect)

    def corrected(self, before: Sequence[Step], after: Sequence[Step], order: Order, known_at: Instant) -> None:
        """Take back what was counted on the way to `before`, and count the way to `after`, from `known_at` on."""
        change = Counter(_entries(after))
        change.subtract(_entries(before))
        for entry, times in change.items():
            for _ in range(abs(times)):
                self._add(entry, order, known_at, times > 0)

    def _add(self, entry: _Entry, order: Order, known_at: Instant, counts: bool) -> None:
        """Count an entry, or take it back."""
        if entry[0] == "ending":
            case, opened_at, deadline, started_at, ended_at, change = entry[1]
            change = change if counts else _UNDONE[change]
            self._end(order, known_at, case, opened_at, deadline, started_at, ended_at, change)
        elif entry[0] == "stain":
            case, opened_at, component, step = entry[1]
            self._stain(order, known_at, case, opened_at, component, step if counts else -step)
        else:
            self._open(order, known_at, *entry[1], 1 if counts else -1)

    def _open(self, order: Order, known_at: Instant, kind: str, opened_at: Instant, step: int) -> None:
        rows = self._openings[order.marketplace, kind]
        rows.started.append(opened_at)
        rows.known.append(known_at)
        rows.change.append(step)

    def _end(
        self,
        order: Order,
        known_at: Instant,
        case: str,
        opened_at: Instant,
        deadline: str,
        started_at: Instant,
        ended_at: Instant,
        change: int,
    ) -> None:
        rows = self._rows[order.marketplace, deadline]
        rows.started.append(started_at)
        rows.known.append(known_at)
        rows.ended.append(ended_at)
        rows.change.append(change)
        if _LATE[change]:
            self._stain(order, known_at, case, opened_at, LATE + deadline, _LATE[change])

    def _stain(self, order: Order, known_at: Instant, case: str, opened_at: Instant, component: str, step: int) -> None:
        where = (order.id, order.marketplace, order.channel, case)
        self.defects.append(Defect(*where, order.purchased_at, opened_at, component, known_at, step))

    def endings(self, marketplace: str, name: str, first: int = 0) -> Endings:
        """Return how the deadlines of that name ended, from row `first` on: rows are only ever added."""
        rows = self._rows.get((marketplace, name), _Rows())
        late, counted, met = _LONG[np.array(rows.change[first:], np.int8)].T
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


def _entries(steps: Iterable[Step]) -> Iterator[_Entry]:
    for before, outcome, fact, deadline in steps:
        case = outcome.case
        if deadline is not None and before is not None and case.state == before.state:
            yield "ending", _missed(before, deadline)
            continue
        if before is None:
            yield "opening", (case.kind, case.opened_at)
        else:
            for closed in outcome.closed:
                ending = _ended(before, closed, fact)
                if ending is not None:
                    yield "ending", ending
        if outcome.defect:
            yield "stain", (case.id, case.opened_at, outcome.component, outcome.defect)


def _missed(case: Case, deadline: Deadline, change: int = MISSED) -> _Ending:
    return case.id, case.opened_at, deadline.name, deadline.started_at, FOREVER, change


def _ended(case: Case, deadline: Deadline, fact: Fact) -> _Ending | None:
    """Return how a deadline counts that this fact has ended: its answer, or the end that its rule gives it."""
    missed = deadline.name in case.missed
    if fact.kind == NO_ANSWER_NEEDED:
        return _missed(case, deadline, _UNDONE[MISSED]) if missed else None
    if fact.kind == deadline.on_expiry and fact.occurred_at == deadline.expires_at:
        return _missed(case, deadline)
    known = MET_LATE if missed else MET
    return case.id, case.opened_at, deadline.name, deadline.started_at, fact.occurred_at, known


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
