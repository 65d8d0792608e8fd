"""Defects: which orders, or which cases, are defective, from the rows of what made them so and what took that back."""

from __future__ import annotations

from collections.abc import Collection
from itertools import repeat

from aftersale.clocks import Instant
from aftersale.engine.columns import DefectRow
from aftersale.engine.tally import Tally

_Subject = tuple[int, Instant]
_Row = tuple[DefectRow, str]
"""A row, and its component."""


Turn = tuple[Instant, Instant, int]
"""By which instant something counts that became defective (1) or sound again (-1), and when that was known."""


class Standing:
    """Which orders of a marketplace, or which of its cases, turned defective or sound; rows are read once for all.

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
        self._turns: list[Turn] = []

    @classmethod
    def kept(
        cls, tally: Tally, marketplace: str, components: Collection[str], channels: Collection[str], *, of_cases: bool
    ) -> Standing:
        """Return the one that a tally keeps for all who ask the same of it."""
        key = "standing", marketplace, frozenset(components), frozenset(channels), of_cases
        return tally.remembered(key, lambda: cls(marketplace, components, channels, of_cases=of_cases))

    def turns(self, tally: Tally) -> list[Turn]:
        """Return what has turned so far, by when that was known; more is added when it is asked again."""
        turns, depths, of_cases = self._turns, self._depths, self._of_cases
        for (order, case, bought, opened, known, step, _), component in self._fresh(tally):
            subject = (case, opened) if of_cases else (order, bought)
            sign = subject, case, component
            old = depths.get(sign, 0)
            depth = depths[sign] = old + step
            # Most rows are the first sign of something, or its end.
            if bool(depth) is not bool(old) and (turn := self._turn(subject, 1 if depth else -1)):
                turns.append((subject[1], known, turn))
        return turns

    def _fresh(self, tally: Tally) -> list[_Row]:
        """Return the rows that were not read yet, by when they were known."""
        fresh: list[_Row] = []
        for component, first in self._read.items():
            rows = tally.defect_rows(self._marketplace, component, first)
            if rows:
                self._read[component] = first + len(rows)
                fresh += zip(rows, repeat(component))
        if len(self._read) > 1:
            fresh.sort(key=_known)
        if self._channels and fresh:
            numbers = tally.channels(self._channels)
            return [row for row in fresh if row[0][-1] in numbers]
        return fresh

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
