"""Windows: which of many returns were requested in time."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from aftersale.clocks import DAY, Instant
from aftersale.costs.at_once.paths import Kind, OrderPaths
from aftersale.engine.moves import Numbers
from aftersale.engine.return_terms import RETURN_WINDOW, inside_window
from aftersale.orders import NEVER, Order
from aftersale.policies.policy import Policy

MOST_KEPT = 256
"""How many ends of windows of one kind are known to the very instant (assumed)."""


class ReturnWindows:
    """Says of many orders of one marketplace whether their returns were requested in time.

    Where the window is the same for orders of a kind, when one ends that begins with a day is kept: a window that
    begins within the day ends between that and the end of one that begins with the next. Only a request between these
    two is looked at by itself.
    """

    def __init__(self, policy: Policy) -> None:
        """Begin with no window known; any policy of the same rules and handbook may ask."""
        self._turns = np.array(policy.changes, np.int64)
        self._asked: dict[int, tuple[str, ...] | None] = {}
        self._classes: Numbers[tuple[int, tuple[object, ...] | None]] = Numbers()
        self._class_of: dict[tuple[int, Kind], int] = {}
        self._windows: list[_Windows | None] = []  # None where they hang on the order itself
        self._by_order = np.zeros(0, bool)
        self._first = 0
        self._ends = np.zeros((0, 0), np.int64)

    def inside(
        self, policy: Policy, paths: OrderPaths, rows: NDArray[np.intp], at: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Return for some orders, by their rows, whether a return that was requested at an instant was in time."""
        inside = np.ones(len(rows), bool)
        known = np.flatnonzero(paths.sold.arrives_at[rows] != NEVER)  # before a window begins, all are in time
        if not len(known):
            return inside
        rows, at = rows[known], at[known]
        starts, classes = paths.sold.arrives_at[rows], self._classes_of(policy, paths, rows, at)
        days = starts // DAY
        self._know(policy, int(days.min()), int(days.max()) + 2)
        places = days - self._first
        early = at <= self._ends[classes, places]
        open_ = ~early & (at <= self._ends[classes, places + 1])
        for place in np.flatnonzero(open_ | self._by_order[classes]).tolist():
            windows, when = self._windows[classes[place]], int(at[place])
            if windows is None:
                early[place] = inside_window(policy.at(when), paths.orders[int(rows[place])], when)
            else:
                early[place] = when <= windows.end(policy, int(starts[place]))
        inside[known] = early
        return inside

    def _classes_of(
        self, policy: Policy, paths: OrderPaths, rows: NDArray[np.intp], at: NDArray[np.int64]
    ) -> NDArray[np.intp]:
        """Return of orders and instants the number of what their windows hang on."""
        kinds = paths.sold.kinds
        terms = np.searchsorted(self._turns, at, "right")
        codes = terms * len(kinds) + paths.sold.kind[rows]
        classes = np.zeros(int(codes.max()) + 1, np.intp)
        for code in np.flatnonzero(np.bincount(codes)).tolist():
            number, kind = divmod(code, len(kinds))
            found = self._class_of.get((number, kinds[kind]))
            if found is None:
                order = paths.orders[int(rows[np.argmax(codes == code)])]
                found = self._class(policy, number, kinds[kind], order)
            classes[code] = found
        of_rows: NDArray[np.intp] = classes[codes]
        return of_rows

    def _class(self, policy: Policy, number: int, kind: Kind, order: Order) -> int:
        """Return the number of what windows of a kind hang on under the terms of a number; `order` is of the kind."""
        if number not in self._asked:
            self._asked[number] = policy.terms_after(number).asked_by_window(RETURN_WINDOW)
        asked = self._asked[number]
        says = None if asked is None else tuple([getattr(kind, each) for each in asked])
        found = self._class_of[number, kind] = self._classes[number, says]
        if found == len(self._windows):
            windows = None if asked is None else _Windows(number, order)
            self._windows.append(windows)
            self._by_order = np.array([each is None for each in self._windows])
            days = range(self._first, self._first + self._ends.shape[1])
            ends = np.array([_ends(windows, policy, days)], np.int64)
            self._ends = np.concatenate((self._ends, ends))
        return found

    def _know(self, policy: Policy, first: int, end: int) -> None:
        """Let it be known when windows end that begin with some days, by their numbers."""
        size = self._ends.shape[1]
        known = range(self._first, self._first + size) if size else range(first, first)
        if first >= known.start and end <= known.stop:
            return
        before, after = range(first, known.start), range(known.stop, end)
        self._ends = np.array(
            [
                [*_ends(windows, policy, before), *ends, *_ends(windows, policy, after)]
                for windows, ends in zip(self._windows, self._ends.tolist(), strict=True)
            ],
            np.int64,
        )
        self._first = min(first, known.start)


class _Windows:
    """The windows of orders of one kind under the terms of a number.

    When those end that were asked for last is known, of MOST_KEPT at most: runs that have orders in common ask for the
    same.
    """

    def __init__(self, number: int, order: Order) -> None:
        self._number, self._order = number, order
        self._known: dict[Instant, Instant] = {}

    def end(self, policy: Policy, start: Instant) -> Instant:
        """Return when a window ends that begins at an instant."""
        end = self._known.get(start)
        if end is None:
            if len(self._known) >= MOST_KEPT:
                self._known.clear()
            end = self._known[start] = self.ends(policy, [start])[0]
        return end

    def ends(self, policy: Policy, starts: Iterable[Instant]) -> list[Instant]:
        """Return when windows end that begin at some instants; those that no rule sets end last of all."""
        terms = policy.terms_after(self._number)
        ends = [terms.window_end(RETURN_WINDOW, start, self._order) for start in starts]
        return [_LAST if end is None else end for end in ends]


def _ends(windows: _Windows | None, policy: Policy, days: range) -> list[Instant]:
    """Return when windows end that begin with some days, by their numbers."""
    return [NEVER] * len(days) if windows is None else windows.ends(policy, [day * DAY for day in days])


_LAST = int(np.iinfo(np.int64).max)
"""The end of a window that no rule sets."""
