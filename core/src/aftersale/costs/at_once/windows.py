"""Windows: which of many returns were requested in time."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from aftersale.clocks import DAY, Instant
from aftersale.costs.at_once.paths import OrderPaths
from aftersale.engine.moves import Numbers
from aftersale.engine.return_terms import RETURN_WINDOW, inside_window
from aftersale.orders import NEVER, Order
from aftersale.policies.policy import Policy, Terms


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
        self._ends: defaultdict[tuple[object, ...], _Ends] = defaultdict(_Ends)

    def inside(
        self, policy: Policy, paths: OrderPaths, rows: NDArray[np.intp], at: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Return for some orders, by their rows, whether a return that was requested at an instant was in time."""
        kinds, starts, inside = paths.sold.kinds, paths.sold.arrives_at[rows], np.ones(len(rows), bool)
        known = starts != NEVER  # where the window does not begin yet, all are in time
        terms = np.searchsorted(self._turns, at, "right")
        for number in np.flatnonzero(np.bincount(terms[known])).tolist():
            binding, numbers = policy.terms_after(number), Numbers[tuple[object, ...]]()
            asked = self._asked_by(binding, number)
            of_kind = np.array([numbers[tuple([getattr(kind, each) for each in asked or ()])] for kind in kinds])
            own = np.where(known & (terms == number), of_kind[paths.sold.kind[rows]], -1)
            for of_class, each in numbers.items():
                some = np.flatnonzero(own == each)
                ends = None if asked is None else self._ends[number, *of_class]
                if len(some):
                    inside[some] = _inside(binding, ends, paths, rows[some], at[some])
        return inside

    def _asked_by(self, terms: Terms, number: int) -> tuple[str, ...] | None:
        """Return what return windows ask of orders, None where that is more than their kind."""
        if number not in self._asked:
            self._asked[number] = terms.asked_by_window(RETURN_WINDOW)
        return self._asked[number]


class _Ends:
    """When windows of one kind end that begin with the days, the first of which has the number `first`."""

    def __init__(self) -> None:
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
                [_end(terms, order, day) for day in days]
                for days in (range(first, known.start), range(known.stop, end))
            )
            self._ends = np.array([*before, *self._ends.tolist(), *after], np.int64)
            self._first = first
        places = days - self._first
        return self._ends[places], self._ends[places + 1]


def _end(terms: Terms, order: Order, day: int) -> Instant:
    """Return when a window ends that begins with a day, by its number."""
    end = terms.window_end(RETURN_WINDOW, day * DAY, order)
    return _LAST if end is None else end


def _inside(
    terms: Terms, ends: _Ends | None, paths: OrderPaths, rows: NDArray[np.intp], at: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return whether requests were in time; without `ends` each is looked at by itself."""
    inside, left = np.zeros(len(rows), bool), list(range(len(rows)))
    if ends is not None:
        least, most = ends.around(terms, paths.orders[int(rows[0])], paths.sold.arrives_at[rows])
        inside = at <= least
        left = np.flatnonzero(~inside & (at <= most)).tolist()
    for place in left:
        inside[place] = inside_window(terms, paths.orders[int(rows[place])], int(at[place]))
    return inside


_LAST = int(np.iinfo(np.int64).max)
"""The end of a window that no rule sets."""
