"""Tally: what metrics count, kept as columns, a row for each thing that became known.

A deadline has two ends: when the desk had to be ready (`due`), and when the marketplace acts (`expires_at`). Where the
handbook asks for less time than the marketplace leaves, further rows say what is late from the due time on.

Rows are only ever added. What a late fact corrects is taken back by a row of its own from the day on which it became
known, so that every day can be read as it was known then.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from enum import IntEnum
from typing import Literal

import numpy as np
from attrs import Factory, astuple, define, frozen
from numpy.typing import NDArray

from aftersale.cases.facts import Fact
from aftersale.cases.model import LATE, Case, Deadline
from aftersale.clocks import Instant
from aftersale.engine.engine import Outcome
from aftersale.engine.replays import Step
from aftersale.orders import Order

FOREVER = np.iinfo(np.int64).max
"""The end of what has not ended yet."""
NO_ANSWER_NEEDED = "no_reply_needed"


class Ending(IntEnum):
    """What becomes known of a deadline's end, as the code in a row; the last three take back the first three."""

    MISSED = 0
    MET = 1
    MET_LATE = 2
    MISSED_UNDONE = 3
    MET_UNDONE = 4
    MET_LATE_UNDONE = 5

    @property
    def undone(self) -> Ending:
        """The ending that takes this one back, and is taken back by it."""
        return Ending((self + 3) % 6)


# A global costs the loop less than an attribute of the class.
MISSED, MET, MET_LATE = Ending.MISSED, Ending.MET, Ending.MET_LATE
_CHANGES = np.array([(1, 1, 0), (0, 1, 1), (0, 0, 1), (-1, -1, 0), (0, -1, -1), (0, 0, -1)], np.int8)
"""By ending: how many more deadlines were missed, have an outcome, and were answered (late, counted, met)."""
_LATE_CHANGE: list[int] = _CHANGES[:, 0].tolist()
"""By ending: how many more deadlines were missed, as plain ints for the loop."""


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
    channel: array[int] = Factory(_codes)


@define
class _DueRows(_Rows):
    """Rows about deadlines that the desk has to meet before the marketplace's end, each with when."""

    due: array[int] = Factory(_column)


@frozen(eq=False)
class Endings:
    """How deadlines of one name on one marketplace ended, a row for each thing that became known, int64 instants.

    From `known` on, `counted` more deadlines (0, 1, or -1 where an earlier row is taken back) have an outcome, `late`
    more of them were missed, and `met` more were met or answered late at `ended`; FOREVER where none was answered.
    `channel` is that of the order, as the tally's number.
    """

    started: NDArray[np.int64]
    known: NDArray[np.int64]
    ended: NDArray[np.int64]
    late: NDArray[np.int8]
    counted: NDArray[np.int8]
    met: NDArray[np.int8]
    channel: NDArray[np.int8]

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self.started)

    def where(self, mask: NDArray[np.bool_]) -> Endings:
        """Return the rows where the mask is true."""
        return Endings(*(column[mask] for column in astuple(self, recurse=False)))

    def joined(self, other: Endings) -> Endings:
        """Return these rows and then others."""
        columns = zip(astuple(self, recurse=False), astuple(other, recurse=False), strict=True)
        return Endings(*(np.concatenate(pair) for pair in columns))


@frozen
class Defect:
    """A defect of an order (`step` 1), or a defect taken back (`step` -1), as known at an instant.

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


# What is counted, without its order and the instant at which it became known. Plain tuples: half a million a year.
_EndingEntry = tuple[str, Instant, str, Instant, Instant, Ending]
"""A deadline's end: the case, when it was opened, the deadline, when it began, when it was answered, how it ended."""
_DefectEntry = tuple[str, Instant, str, int]
"""A defect: the case, when it was opened, the component, and 1, or -1 where it is taken back."""
_OpeningEntry = tuple[str, Instant]
"""A case's beginning: its kind, and when."""
_DueEntry = tuple[str, str, Instant, Instant, Instant, Ending]
"""What a due time changes: the case, the deadline, when it began, when it was answered, when it was due, and how."""
_Entry = (
    tuple[Literal["ending"], _EndingEntry]
    | tuple[Literal["due"], _DueEntry]
    | tuple[Literal["defect"], _DefectEntry]
    | tuple[Literal["opening"], _OpeningEntry]
)


class Tally:
    """Counts what facts do: every case's beginning, every deadline's end, every defect of an order."""

    def __init__(self) -> None:
        """Start with nothing counted."""
        self.defects: list[Defect] = []
        self._rows: defaultdict[tuple[str, str], _Rows] = defaultdict(_Rows)
        self._openings: defaultdict[tuple[str, str], _Rows] = defaultdict(_Rows)
        self._dues: defaultdict[tuple[str, str], _DueRows] = defaultdict(_DueRows)
        self._channels: dict[str, int] = {}

    def missed(self, case: Case, deadline: Deadline, order: Order) -> None:
        """Count a deadline that ended unanswered."""
        entry = _missed_entry(case, deadline)
        self._add_ending(order, deadline.expires_at, *entry)
        for due in _due_by(case, deadline, entry):
            self._add_due(order, deadline.expires_at, *due)

    def moved(self, before: Case | None, outcome: Outcome, fact: Fact, order: Order) -> None:
        """Count what this fact did to a case."""
        case, known_at = outcome.case, fact.known_at
        if before is None:
            self._add_opening(order, known_at, case.kind, case.opened_at, 1)
        else:
            for deadline in outcome.closed:
                entry = _ending_entry(before, deadline, fact)
                if entry is not None:
                    self._add_ending(order, known_at, *entry)
                for due in _due_by(before, deadline, entry):
                    self._add_due(order, known_at, *due)
        for due in _opened_dues(outcome):
            self._add_due(order, known_at, *due)
        if outcome.defect:
            self._add_defect(order, known_at, case.id, case.opened_at, outcome.component, outcome.defect)

    def corrected(self, before: Sequence[Step], after: Sequence[Step], order: Order, known_at: Instant) -> None:
        """Take back what the steps `before` counted, and count the steps `after`, from `known_at` on."""
        change = Counter(_entries_of(after))
        change.subtract(_entries_of(before))
        for entry, times in change.items():
            for _ in range(abs(times)):
                self._add_entry(entry, order, known_at, times > 0)

    def _add_entry(self, entry: _Entry, order: Order, known_at: Instant, counts: bool) -> None:
        """Count an entry, or take it back."""
        if entry[0] == "ending":
            case, opened_at, deadline, started_at, ended_at, ending = entry[1]
            ending = ending if counts else ending.undone
            self._add_ending(order, known_at, case, opened_at, deadline, started_at, ended_at, ending)
        elif entry[0] == "due":
            case, deadline, started_at, ended_at, due, ending = entry[1]
            self._add_due(
                order, known_at, case, deadline, started_at, ended_at, due, ending if counts else ending.undone
            )
        elif entry[0] == "defect":
            case, opened_at, component, step = entry[1]
            self._add_defect(order, known_at, case, opened_at, component, step if counts else -step)
        else:
            self._add_opening(order, known_at, *entry[1], 1 if counts else -1)

    def _add_opening(self, order: Order, known_at: Instant, kind: str, opened_at: Instant, step: int) -> None:
        rows = self._openings[order.marketplace, kind]
        rows.started.append(opened_at)
        rows.known.append(known_at)
        rows.change.append(step)
        rows.channel.append(self._channel(order.channel))

    def _add_ending(
        self,
        order: Order,
        known_at: Instant,
        case: str,
        opened_at: Instant,
        deadline: str,
        started_at: Instant,
        ended_at: Instant,
        ending: int,
    ) -> None:
        rows = self._rows[order.marketplace, deadline]
        rows.started.append(started_at)
        rows.known.append(known_at)
        rows.ended.append(ended_at)
        rows.change.append(ending)
        rows.channel.append(self._channel(order.channel))
        if _LATE_CHANGE[ending]:
            self._add_defect(order, known_at, case, opened_at, LATE + deadline, _LATE_CHANGE[ending])

    def _add_due(
        self,
        order: Order,
        known_at: Instant,
        case: str,
        deadline: str,
        started_at: Instant,
        ended_at: Instant,
        due: Instant,
        ending: int,
    ) -> None:
        """Add what a due time before the marketplace's end changes; nothing of it is known before that time."""
        rows = self._dues[order.marketplace, deadline]
        rows.started.append(started_at)
        rows.known.append(max(due, known_at))
        rows.ended.append(ended_at)
        rows.change.append(ending)
        rows.channel.append(self._channel(order.channel))
        rows.due.append(due)

    def _add_defect(
        self, order: Order, known_at: Instant, case: str, opened_at: Instant, component: str, step: int
    ) -> None:
        where = (order.id, order.marketplace, order.channel, case)
        self.defects.append(Defect(*where, order.purchased_at, opened_at, component, known_at, step))

    def _channel(self, name: str) -> int:
        code = self._channels.get(name)
        return code if code is not None else self._channels.setdefault(name, len(self._channels))

    def of_channels(self, endings: Endings, channels: Collection[str]) -> Endings:
        """Return the rows of orders of some channels; all of them where none is named."""
        if not channels:
            return endings
        codes = [code for name, code in self._channels.items() if name in channels]
        return endings.where(np.isin(endings.channel, codes))

    def endings(self, marketplace: str, name: str, first: int = 0) -> Endings:
        """Return how the deadlines of that name ended, from row `first` on; rows are only ever added.

        A deadline is late from the marketplace's own end on; see `by_due` for what the desk had to meet.
        """
        return _endings(self._rows.get((marketplace, name), _Rows()), first)

    def dues(self, marketplace: str, name: str, first: int = 0) -> tuple[Endings, NDArray[np.int64]]:
        """Return what changes in `endings` where a deadline is late from its due time on, and these due times.

        There are rows for deadlines that are due before the marketplace's end, as the handbook may ask; those from row
        `first` on are returned. A deadline counts as missed until something else is known: whoever reads the rows
        leaves out those that are not due yet.
        """
        rows = self._dues.get((marketplace, name), _DueRows())
        return _endings(rows, first), np.array(rows.due[first:], np.int64)

    def by_due(self, marketplace: str, name: str, until: Instant) -> Endings:
        """Return how the deadlines of that name ended, late from their due time on, of those due before `until`."""
        changes, due = self.dues(marketplace, name)
        return self.endings(marketplace, name).joined(changes.where(due < until))

    def deadlines(self, marketplace: str) -> list[str]:
        """Return the names of the deadlines of which some have ended on a marketplace, sorted."""
        return sorted(name for place, name in self._rows if place == marketplace)

    def openings(self, marketplace: str, kind: str, first: int = 0) -> Endings:
        """Return when the cases of a kind were opened, from row `first` on; only started, known and counted matter."""
        rows = self._openings.get((marketplace, kind), _Rows())
        started, known = (np.array(column[first:], np.int64) for column in (rows.started, rows.known))
        none = np.zeros(len(started), np.int8)
        counted = np.array(rows.change[first:], np.int8)
        ended, channel = np.full(len(started), FOREVER), np.array(rows.channel[first:], np.int8)
        return Endings(started, known, ended, none, counted, none, channel)


def _endings(rows: _Rows, first: int) -> Endings:
    late, counted, met = _CHANGES[np.array(rows.change[first:], np.int8)].T
    return Endings(
        np.array(rows.started[first:], np.int64),
        np.array(rows.known[first:], np.int64),
        np.array(rows.ended[first:], np.int64),
        late,
        counted,
        met,
        np.array(rows.channel[first:], np.int8),
    )


def _entries_of(steps: Iterable[Step]) -> Iterator[_Entry]:
    for before, outcome, fact, deadline in steps:
        case = outcome.case
        if deadline is not None and before is not None and case.state == before.state:
            yield "ending", (missed := _missed_entry(before, deadline))
            yield from (("due", due) for due in _due_by(before, deadline, missed))
            continue
        if before is None:
            yield "opening", (case.kind, case.opened_at)
        else:
            for closed in outcome.closed:
                entry = _ending_entry(before, closed, fact)
                if entry is not None:
                    yield "ending", entry
                yield from (("due", due) for due in _due_by(before, closed, entry))
        yield from (("due", due) for due in _opened_dues(outcome))
        if outcome.defect:
            yield "defect", (case.id, case.opened_at, outcome.component, outcome.defect)


def _missed_entry(case: Case, deadline: Deadline, ending: Ending = MISSED) -> _EndingEntry:
    return case.id, case.opened_at, deadline.name, deadline.started_at, FOREVER, ending


def _ending_entry(case: Case, deadline: Deadline, fact: Fact) -> _EndingEntry | None:
    """Return how a deadline that this fact has ended counts: as answered, or as expired by its rule."""
    missed = deadline.name in case.missed
    if fact.kind == NO_ANSWER_NEEDED:
        return _missed_entry(case, deadline, MISSED.undone) if missed else None
    if fact.kind == deadline.on_expiry and fact.occurred_at == deadline.expires_at:
        return _missed_entry(case, deadline)
    ending = MET_LATE if missed else MET
    return case.id, case.opened_at, deadline.name, deadline.started_at, fact.occurred_at, ending


def _opened_dues(outcome: Outcome) -> Iterator[_DueEntry]:
    """Yield the deadlines that began and are late from a due time on, before the marketplace's own end."""
    for deadline in outcome.opened:
        if deadline.due < deadline.expires_at:
            yield _due_entry(outcome.case, deadline, FOREVER, MISSED)


def _due_by(case: Case, deadline: Deadline, entry: _EndingEntry | None) -> Iterator[_DueEntry]:
    """Yield what the end of such a deadline changes, whose `entry` says how it ended for the marketplace."""
    if deadline.due >= deadline.expires_at or deadline.name in case.missed:
        return
    if entry is not None and entry[-1] is MET and entry[4] > deadline.due:
        yield _due_entry(case, deadline, entry[4], MET.undone)
        yield _due_entry(case, deadline, entry[4], MET_LATE)
    else:
        yield _due_entry(case, deadline, FOREVER, MISSED.undone)


def _due_entry(case: Case, deadline: Deadline, ended_at: Instant, ending: Ending) -> _DueEntry:
    return case.id, deadline.name, deadline.started_at, ended_at, deadline.due, ending


def running(cases: Iterable[Case], marketplace: str, name: str) -> NDArray[np.int64]:
    """Return when the deadlines of that name began that are still running."""
    starts = [
        deadline.started_at
        for case in cases
        if case.deadlines and case.marketplace == marketplace
        for deadline in case.deadlines
        if deadline.name == name
    ]
    return np.array(starts, np.int64)
