"""Tally: what metrics count, kept as columns, a row for each thing that became known.

A deadline has two ends: when the desk had to be ready (`due`), and when the marketplace acts (`expires_at`). Where the
handbook asks for less time than the marketplace leaves, further rows say what is late from the due time on.

Rows are only ever added. What a late fact corrects is taken back by a row of its own from the day on which it became
known, so that every day can be read as it was known then.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, ItemsView, Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any, Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from aftersale.cases.facts import Fact
from aftersale.cases.model import LATE, Case, Deadline
from aftersale.clocks import Instant
from aftersale.engine.columns import CHANGES, FOREVER, Defect, DefectRow, Ending, Endings
from aftersale.engine.engine import Outcome
from aftersale.engine.replays import Step
from aftersale.orders import Order

NO_ANSWER_NEEDED = "no_reply_needed"

# A global costs the loop less than an attribute of the class.
MISSED, MET, MET_LATE = Ending.MISSED, Ending.MET, Ending.MET_LATE
_BY_ENDING = tuple(np.ascontiguousarray(CHANGES.T))
_LATE_CHANGE: list[int] = CHANGES[:, 0].tolist()
"""By ending: how many more deadlines were missed, as plain ints for the loop."""
_Name = TypeVar("_Name")
_Follower = TypeVar("_Follower")


class _Numbers(dict[_Name, int]):
    """Numbers of names, from 0, given in the order in which they are first asked for."""

    def __missing__(self, name: _Name) -> int:
        number = self[name] = len(self)
        return number


Key = tuple[str, str]
"""A marketplace, and what rows are of on it: a deadline, a kind of case, a component."""


class Rows(Protocol):
    """Rows of some width one after the other, as flat numbers by marketplace and name."""

    def __getitem__(self, key: Key, /) -> array[int]:
        """Return where rows of a key are added."""

    def __contains__(self, key: object, /) -> bool:
        """Whether there are rows of a key."""

    def __iter__(self) -> Iterator[Key]:
        """Yield the keys of which there are rows."""

    def items(self) -> ItemsView[Key, array[int]]:
        """Return the keys with their rows."""

    def size(self, key: Key) -> int:
        """Return how many numbers there are of a key, all its rows together."""

    def numbers(self, key: Key, first: int = 0) -> NDArray[np.int64]:
        """Return the numbers of a key from place `first` on; a copy, as rows may be added while it is read."""


class _OwnRows(defaultdict[Key, "array[int]"]):
    """Rows in arrays: one call adds a row, one copy makes columns of them."""

    def __init__(self) -> None:
        super().__init__(_flat)

    def size(self, key: Key) -> int:
        return len(self.get(key, ()))

    def numbers(self, key: Key, first: int = 0) -> NDArray[np.int64]:
        rows = self.get(key)
        return np.zeros(0, np.int64) if rows is None else np.array(memoryview(rows)[first:], np.int64)


def _flat() -> array[int]:
    return array("q")


_ENDING_WIDTH, _DUE_WIDTH, _OPENING_WIDTH, _DEFECT_WIDTH = 5, 6, 4, 7


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
        self._endings = self._rows("endings")
        self._openings = self._rows("openings")
        self._dues = self._rows("dues")
        self._defects = self._rows("defects")
        self._channels: _Numbers[str] = _Numbers()
        self._orders: _Numbers[tuple[str, Instant]] = _Numbers()
        self._cases: _Numbers[str] = _Numbers()
        self._copies: dict[Key, Endings] = {}
        self._opening_copies: dict[Key, Endings] = {}
        self._remembered: dict[Hashable, Any] = {}

    def _rows(self, what: str) -> Rows:
        """Return where rows of `endings`, `openings`, `dues` or `defects` are kept."""
        return _OwnRows()

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
                if deadline.due < deadline.expires_at:
                    for due in _due_by(before, deadline, entry):
                        self._add_due(order, known_at, *due)
        for deadline in outcome.opened:
            if deadline.due < deadline.expires_at:
                self._add_due(order, known_at, *_opened_due(case, deadline))
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
        self._openings[order.marketplace, kind].extend((opened_at, known_at, step, self._channels[order.channel]))

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
        row = started_at, known_at, ended_at, ending, self._channels[order.channel]
        self._endings[order.marketplace, deadline].extend(row)
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
        row = started_at, max(due, known_at), ended_at, ending, self._channels[order.channel], due
        self._dues[order.marketplace, deadline].extend(row)

    def _add_defect(
        self, order: Order, known_at: Instant, case: str, opened_at: Instant, component: str, step: int
    ) -> None:
        bought = order.purchased_at
        row = self._orders[order.id, bought], self._cases[case], bought, opened_at, known_at, step
        self._defects[order.marketplace, component].extend((*row, self._channels[order.channel]))

    def remembered(self, key: Hashable, begin: Callable[[], _Follower]) -> _Follower:
        """Return what follows the rows under a key, begun now where nobody asked for it before.

        It has to read rows from the first one on, and to hang on nothing else.
        """
        if key not in self._remembered:
            self._remembered[key] = begin()
        follower: _Follower = self._remembered[key]
        return follower

    def channel(self, name: str) -> int:
        """Return the number of a channel in rows."""
        return self._channels[name]

    def take(self, defects: Iterable[Defect]) -> None:
        """Add defects by their records, in the order in which they became known."""
        for each in defects:
            where = self._orders[each.order, each.purchased_at], self._cases[each.case]
            times = each.purchased_at, each.opened_at, each.known_at
            row = *where, *times, each.step, self._channels[each.channel]
            self._defects[each.marketplace, each.component].extend(row)

    def of_channels(self, endings: Endings, channels: Collection[str]) -> Endings:
        """Return the rows of orders of some channels; all of them where none is named."""
        return endings.where(np.isin(endings.channel, self.channels(channels))) if channels else endings

    def channels(self, names: Collection[str]) -> list[int]:
        """Return the numbers of those of some channels of which anything was counted."""
        return [number for name, number in self._channels.items() if name in names]

    def endings(self, marketplace: str, name: str, first: int = 0) -> Endings:
        """Return how the deadlines of that name ended, from row `first` on; rows are only ever added.

        A deadline is late from the marketplace's own end on; see `by_due` for what the desk had to meet.
        """
        key = marketplace, name
        if first:
            return _endings(_columns(self._endings, key, _ENDING_WIDTH, first))
        copy = self._copies.get(key)
        if copy is None or len(copy) * _ENDING_WIDTH != self._endings.size(key):
            copy = self._copies[key] = _endings(_columns(self._endings, key, _ENDING_WIDTH))
        return copy

    def ended_between(
        self, since: Instant, until: Instant, keys: Iterable[Key] | None = None
    ) -> dict[Key, tuple[int, int]]:
        """Count the deadlines that began in [since, until), by marketplace and name: the late ones, and all that ended.

        As in `endings`, they are late from the marketplace's own end on. Without `keys`, those are counted of which any
        has ended, in their order.
        """
        keys = sorted(self._endings) if keys is None else list(keys)
        if not keys:
            return {}
        parts = [self._endings.numbers(key) for key in keys]
        started, ending = (np.concatenate([part[place::_ENDING_WIDTH] for part in parts]) for place in (0, 3))
        codes = np.repeat(np.arange(len(keys)) * len(CHANGES), [len(part) // _ENDING_WIDTH for part in parts]) + ending
        counts = np.bincount(codes[(started >= since) & (started < until)], minlength=len(keys) * len(CHANGES))
        changes = counts.reshape(len(keys), len(CHANGES)) @ CHANGES.astype(np.int64)
        return {key: (late, counted) for key, (late, counted, _) in zip(keys, changes.tolist(), strict=True)}

    def dues(self, marketplace: str, name: str, first: int = 0) -> tuple[Endings, NDArray[np.int64]]:
        """Return what changes in `endings` where a deadline is late from its due time on, and these due times.

        There are rows for deadlines that are due before the marketplace's end, as the handbook may ask; those from row
        `first` on are returned. A deadline counts as missed until something else is known: whoever reads the rows
        leaves out those that are not due yet.
        """
        columns = _columns(self._dues, (marketplace, name), _DUE_WIDTH, first)
        return _endings(columns[:-1]), columns[-1]

    def by_due(self, marketplace: str, name: str, until: Instant) -> Endings:
        """Return how the deadlines of that name ended, late from their due time on, of those due before `until`."""
        ended = self.endings(marketplace, name)
        if not self._dues.size((marketplace, name)):
            return ended
        changes, due = self.dues(marketplace, name)
        return ended.joined(changes.where(due < until))

    def openings(self, marketplace: str, kind: str, first: int = 0) -> Endings:
        """Return when the cases of a kind were opened, from row `first` on; only started, known and counted matter."""
        key = marketplace, kind
        if first:
            return _openings(_columns(self._openings, key, _OPENING_WIDTH, first))
        copy = self._opening_copies.get(key)
        if copy is None or len(copy) * _OPENING_WIDTH != self._openings.size(key):
            copy = self._opening_copies[key] = _openings(_columns(self._openings, key, _OPENING_WIDTH))
        return copy

    def has_opened(self, marketplace: str, kind: str) -> bool:
        """Whether a case of a kind was ever opened on a marketplace."""
        return self._openings.size((marketplace, kind)) > 0

    def defect_rows(self, marketplace: str, component: str, first: int = 0) -> list[DefectRow]:
        """Return the defects of one sort of orders on a marketplace, from row `first` on, by when they were known."""
        return _defect_rows(self._defects.numbers((marketplace, component), first * _DEFECT_WIDTH).tolist())

    def depths(self) -> dict[str, dict[tuple[str, str], int]]:
        """Return by order the sum of the steps of each (component, case): above 0 where the order is defective now."""
        orders, cases = list(self._orders), list(self._cases)
        depths: defaultdict[str, dict[tuple[str, str], int]] = defaultdict(dict)
        for (_, component), rows in self._defects.items():
            for order, case, *_, step, _ in _defect_rows(rows):
                of_order, sign = depths[orders[order][0]], (component, cases[case])
                of_order[sign] = of_order.get(sign, 0) + step
        return depths

    @property
    def defects(self) -> list[Defect]:
        """All defects as records, by when they became known."""
        orders, cases, channels = list(self._orders), list(self._cases), list(self._channels)
        records = [
            Defect(orders[order][0], place, channels[channel], cases[case], bought, opened, component, known, step)
            for (place, component), rows in self._defects.items()
            for order, case, bought, opened, known, step, channel in _defect_rows(rows)
        ]
        return sorted(records, key=attrgetter("known_at"))


def _defect_rows(rows: Iterable[int]) -> list[DefectRow]:
    return list(zip(*[iter(rows)] * _DEFECT_WIDTH, strict=True))


def _columns(rows: Rows, key: Key, width: int, first: int = 0) -> NDArray[np.int64]:
    """Return the columns of flat rows from row `first` on."""
    return np.ascontiguousarray(rows.numbers(key, first * width).reshape(-1, width).T)


def _endings(columns: NDArray[np.int64]) -> Endings:
    started, known, ended, change, channel = columns
    late, counted, met = (by_ending[change] for by_ending in _BY_ENDING)
    return Endings(started, known, ended, late, counted, met, channel.astype(np.int8))


def _openings(columns: NDArray[np.int64]) -> Endings:
    started, known, counted, channel = columns
    none, ended = np.zeros(len(started), np.int8), np.full(len(started), FOREVER)
    return Endings(started, known, ended, none, counted.astype(np.int8), none, channel.astype(np.int8))


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
        for opened in outcome.opened:
            if opened.due < opened.expires_at:
                yield "due", _opened_due(case, opened)
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


def _opened_due(case: Case, deadline: Deadline) -> _DueEntry:
    """Return what the beginning of a deadline changes that is late before the marketplace's own end."""
    return _due_entry(case, deadline, FOREVER, MISSED)


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
