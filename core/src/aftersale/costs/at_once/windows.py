"""Windows: which of many returns were requested in time."""

from __future__ import annotations

from collections import defaultdict
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from aftersale.clocks import DAY, Instant
from aftersale.costs.at_once.paths import OrderPaths
from aftersale.engine.moves import Numbers
from aftersale.engine.return_terms import RETURN_WINDOW, inside_window
from aftersale.orders import NEVER, Order
from aftersale.policies.policy import Policy, Terms


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
        self._ends: defaultdict[tuple[int, object], _Ends] = defaultdict(_Ends)

    def inside(
        self, policy: Policy, paths: OrderPaths, rows: NDArray[np.intp], at: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Return for some orders, by their rows, whether a return that was requested at an instant was in time."""
        kinds, starts, inside = paths.sold.kinds, paths.sold.arrives_at[rows], np.ones(len(rows), bool)
        known = starts != NEVER  # where the window does not begin yet, all are in time
        terms = np.searchsorted(self._turns, at, "right")
        for number in np.flatnonzero(np.bincount(terms[known])).tolist():
            binding, numbers = policy.terms_after(number), Numbers[object]()
            asked = self._asked_by(binding, number)
            own = np.flatnonzero(known & (terms == number))
            some_kinds, of_kinds = np.unique(paths.sold.kind[rows[own]], return_inverse=True)
            asks = attrgetter(*asked) if asked else lambda kind: ()
            classes = np.array([numbers[asks(kinds[kind])] for kind in some_kinds.tolist()])[of_kinds]
            for of_class, each in numbers.items():
                some = own[classes == each]
                ends = None if asked is None else self._ends[number, of_class]
                inside[some] = _inside(binding, ends, paths, rows[some], at[some])
        return inside

    def _asked_by(self, terms: Terms, number: int) -> tuple[str, ...] | None:
        """Return what return windows ask of orders, None where that is more than their kind."""
        if number not in self._asked:
            self._asked[number] = terms.asked_by_window(RETURN_WINDOW)
        return self._asked[number]


class _Ends:
    """When windows of one kind end that begin with the days, the first of which has the number `first`.

    Of those that begin at other instants the last ones that were asked for are known too, MOST_KEPT at most: runs that
    have orders in common ask for the same.
    """

    def __init__(self) -> None:
        self._exactly: dict[Instant, Instant] = {}
        self._first = 0
        self._ends = np.zeros(0, np.int64)

    def around(
        self, terms: Terms, order: Order, starts: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return of windows that begin at some instants the earliest and the latest at which each may end."""
        days = starts // DAY
        first, end = int(days.min()), int(days.max()) + 2
        if first < self._first or end > self._first + len(self._ends):
            known = range(self._first, self._first + len(self._ends)) if len(self._ends) else range(first, first)
            first, end = min(first, known.start), max(end, known.stop)
            before, after = (
                [_end(terms, order, day * DAY) for day in days]
                for days in (range(first, known.start), range(known.stop, end))
            )
            self._ends = np.array([*before, *self._ends.tolist(), *after], np.int64)
            self._first = first
        places = days - self._first
        return self._ends[places], self._ends[places + 1]


    def exactly(self, terms: Terms, order: Order, start: Instant) -> Instant:
        """Return when a window ends that begins at an instant."""
        end = self._exactly.get(start)
        if end is None:
            if len(self._exactly) >= MOST_KEPT:
                self._exactly.clear()
            end = self._exactly[start] = _end(terms, order, start)
        return end


def _end(terms: Terms, order: Order, start: Instant) -> Instant:
    """Return when a window ends that begins at an instant."""
    end = terms.window_end(RETURN_WINDOW, start, order)
    return _LAST if end is None else end


def _inside(
    terms: Terms, ends: _Ends | None, paths: OrderPaths, rows: NDArray[np.intp], at: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return whether requests were in time; without `ends` each is looked at by itself."""
    if ends is None:
        return np.array(
            [inside_window(terms, paths.orders[row], when) for row, when in zip(rows.tolist(), at.tolist(), strict=True)],
            bool,
        )
    order, starts = paths.orders[int(rows[0])], paths.sold.arrives_at[rows]
    least, most = ends.around(terms, order, starts)
    inside: NDArray[np.bool_] = at <= least
    for place in np.flatnonzero(~inside & (at <= most)).tolist():
        inside[place] = at[place] <= ends.exactly(terms, order, int(starts[place]))
    return inside


_LAST = int(np.iinfo(np.int64).max)
"""The end of a window that no rule sets."""
