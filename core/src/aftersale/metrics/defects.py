"""Defects: which orders, or which cases, are defective, from the rows of what made them so and what took that back."""

from __future__ import annotations

from collections.abc import Collection

from aftersale.clocks import Instant
from aftersale.engine.columns import DefectRow
from aftersale.engine.tally import Tally

_Subject = tuple[int, Instant]
_Row = tuple[DefectRow, str]
"""A row, and its component."""


Turn = tuple[Instant, Instant, int]
"""By which instant something counts that became defective (1) or sound again (-1), and when that was known."""


class Standing:
    """Which orders of a marketplace, or which of its cases, are defective; each row of the tally is read once.

    One is defective while the steps of some component of some case do not add up to nothing. An order counts by its
    purchase, a case by its beginning: one that a late fact begins anew, at another instant, is another one from then
    on, and what it counted before is taken back there.
    """

    def __init__(
        self, marketplace: str, components: Collection[str], channels: Collection[str], *, of_cases: bool
    ) -> None:
        """Begin with nothing read; no channels are all."""
        self._marketplace, self._channels, self._of_cases = marketplace, channels, of_cases
        self._read = dict.fromkeys(sorted(components), 0)
        self._depths: dict[tuple[_Subject, int, str], int] = {}
        self._signs: dict[_Subject, int] = {}

    def turns(self, tally: Tally, before: Instant | None = None) -> list[Turn]:
        """Return what has turned since the last call, of what is known before an instant."""
        rows = [row for component in self._read for row in self._fresh(tally, component, before)]
        if len(self._read) > 1:
            rows.sort(key=_known)
        turns, depths, of_cases = [], self._depths, self._of_cases
        for (order, case, bought, opened, known, step, _), component in rows:
            subject = (case, opened) if of_cases else (order, bought)
            sign = subject, case, component
            old = depths.get(sign, 0)
            depth = depths[sign] = old + step
            # Most rows are the first sign of something, or its end.
            if bool(depth) is not bool(old) and (turn := self._turn(subject, 1 if depth else -1)):
                turns.append((subject[1], known, turn))
        return turns

    def within(self, since: Instant, before: Instant) -> int:
        """Return how many are defective that count by an instant in [since, before)."""
        return sum(since <= at < before for _, at in self._signs)

    def _fresh(self, tally: Tally, component: str, before: Instant | None) -> list[_Row]:
        first = self._read[component]
        rows = [(row, component) for row in tally.defect_rows(self._marketplace, component, first)]
        if before is not None and rows and _known(rows[-1]) >= before:
            rows = [row for row in rows if _known(row) < before]
        self._read[component] = first + len(rows)
        if not self._channels:
            return rows
        numbers = tally.channels(self._channels)
        return [row for row in rows if row[0][-1] in numbers]

    def _turn(self, subject: _Subject, change: int) -> int:
        """Count a sign more or less of a subject; return 1 when it is the first, -1 when it was the last, else 0."""
        many = self._signs.get(subject, 0) + change
        if many:
            self._signs[subject] = many
            return 1 if many == change else 0
        del self._signs[subject]
        return -1


def _known(row: _Row) -> Instant:
    return row[0][4]
