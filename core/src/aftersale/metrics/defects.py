"""Defects: which orders, or which cases, are defective, from the rows of what made them so and what took that back."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from aftersale.clocks import Instant
from aftersale.engine.columns import DefectRow
from aftersale.engine.tally import Tally

_Subject = tuple[int, Instant]
_Row = tuple[DefectRow, str]
"""A row, and its component."""


class Turn(NamedTuple):
    """What became defective (`step` 1) or sound again (-1): by which instant it counts, and when that was known."""

    at: Instant
    known: Instant
    step: int


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
        turns = []
        for (order, case, bought, opened, known, step, _), component in rows:
            subject = (case, opened) if self._of_cases else (order, bought)
            turn = self._turn(subject, (subject, case, component), step)
            if turn:
                turns.append(Turn(subject[1], known, turn))
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

    def _turn(self, subject: _Subject, sign: tuple[_Subject, int, str], step: int) -> int:
        """Return 1 when this step is the first sign of its subject, -1 when it takes back the last, else 0."""
        old = self._depths.get(sign, 0)
        depth = self._depths[sign] = old + step
        change = (depth != 0) - (old != 0)
        if not change:
            return 0
        many = self._signs.get(subject, 0)
        if many + change:
            self._signs[subject] = many + change
        else:
            del self._signs[subject]
        return bool(many + change) - bool(many)


def _known(row: _Row) -> Instant:
    return row[0][4]
