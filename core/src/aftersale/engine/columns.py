"""Columns: what the tally leaves, arrays of one length with a row for each thing that became known.

Whoever reads a run or a journal reads these, and no case: a metric is a function of columns.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from enum import IntEnum
from typing import Self

import numpy as np
from attrs import astuple, frozen
from numpy.typing import NDArray

from aftersale.cases.model import Case
from aftersale.clocks import Instant

FOREVER = np.iinfo(np.int64).max
"""The end of what has not ended yet."""


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


CHANGES = np.array([(1, 1, 0), (0, 1, 1), (0, 0, 1), (-1, -1, 0), (0, -1, -1), (0, 0, -1)], np.int8)
"""By ending: how many more deadlines were missed, have an outcome, and were answered (late, counted, met)."""


@frozen(eq=False)
class Columns:
    """Arrays of one length, one for each field."""

    def where(self, mask: NDArray[np.bool_]) -> Self:
        """Return the rows where the mask is true."""
        return type(self)(*(column[mask] for column in astuple(self, recurse=False)))

    def joined(self, other: Self) -> Self:
        """Return these rows and then others."""
        columns = zip(astuple(self, recurse=False), astuple(other, recurse=False), strict=True)
        return type(self)(*(np.concatenate(pair) for pair in columns))


@frozen(eq=False)
class Endings(Columns):
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

    def began_in(self, since: Instant, until: Instant) -> NDArray[np.bool_]:
        """Return which rows are of deadlines that began in [since, until)."""
        began: NDArray[np.bool_] = (self.started >= since) & (self.started < until)
        return began


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


DefectRow = tuple[int, int, Instant, Instant, Instant, int, int]
"""A defect as numbers: order, case, when the order was bought, when the case was opened, when that was known, step, and
channel. An order that turned out to have been bought at another instant has another number from then on."""


@frozen(eq=False)
class Running:
    """The deadlines that cases have now: when each began, by its marketplace and its name.

    `cases` says by marketplace how many cases have any.
    """

    began: dict[tuple[str, str], NDArray[np.int64]]
    cases: dict[str, int]

    @classmethod
    def of(cls, cases: Iterable[Case]) -> Running:
        """Return what runs in some cases."""
        began: defaultdict[tuple[str, str], list[Instant]] = defaultdict(list)
        counts: Counter[str] = Counter()
        for case in cases:
            if case.deadlines:
                counts[case.marketplace] += 1
                for deadline in case.deadlines:
                    began[case.marketplace, deadline.name].append(deadline.started_at)
        return cls({key: np.array(starts, np.int64) for key, starts in began.items()}, dict(counts))

    def starts(self, marketplace: str, name: str) -> NDArray[np.int64]:
        """Return when the deadlines of a name on a marketplace began."""
        return self.began.get((marketplace, name), np.zeros(0, np.int64))
