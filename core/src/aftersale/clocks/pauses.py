"""Pauses: the stretches in which a clock stands still, such as while a reply of another party is awaited."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from attrs import field, frozen

from aftersale.base.errors import ClockError
from aftersale.clocks.instants import Instant

Pause = tuple[Instant, Instant | None]
"""The instants at which a clock is stopped and runs on; None while the end is not known."""


class Counting(Protocol):
    """What can be paused: a `Clock` or `OpeningHours`."""

    def due_after(self, start: Instant, amount: int) -> Instant:
        """Return when so much of the clock's time has passed since the start."""

    def elapsed(self, start: Instant, end: Instant) -> float:
        """Return how much of the clock's time lies between two instants, in the unit of `due_after`."""

    def run(self, start: Instant, end: Instant) -> int:
        """Return what the clock runs between two instants, in µs of its own time."""

    def delayed(self, start: Instant, amount: int, lost: int) -> Instant:
        """Return when the clock is due after it has stood still for `lost` µs of its own time."""


def _merge(pauses: Iterable[Pause]) -> tuple[Pause, ...]:
    """Return the pauses in order, those that touch or overlap as one; raises ClockError for all that end too early."""
    ordered = sorted(pauses, key=lambda pause: pause[0])
    ended = ((since, until) for since, until in ordered if until is not None)
    early = [f"a pause from {since} ends before, at {until}" for since, until in ended if until < since]
    if early:
        raise ClockError("; ".join(early), "name the earlier instant first")
    merged: list[Pause] = []
    for since, until in ordered:
        last = merged[-1] if merged else None
        if last and (last[1] is None or since <= last[1]):
            merged[-1] = last[0], None if until is None or last[1] is None else max(last[1], until)
        elif since != until:
            merged.append((since, until))
    return tuple(merged)


@frozen
class Paused:
    """A clock or opening hours with the stretches in which they stand still; a pause overrules a time that runs.

    Pauses may come in any order and overlap. Raises ClockError for those that end before they begin.
    """

    clock: Counting
    pauses: tuple[Pause, ...] = field(converter=_merge)

    def due_after(self, start: Instant, amount: int) -> Instant | None:
        """Return when so much of the clock's time has passed outside of pauses; None while it stands still.

        What is left when a pause begins is left when it ends; under `end_of_day` the day in which that runs out
        is filled. A pause that begins when the time is due, or later, changes nothing.
        """
        due = self.clock.due_after(start, amount)
        lost = 0
        for since, until in self._from(start):
            if since >= due:
                break
            if until is None:
                return None
            lost += self.clock.run(since, until)
            # In an hour that is repeated, the first pass may show the time before the pause is over.
            due = max(until, self.clock.delayed(start, amount, lost))
        return due

    def elapsed(self, start: Instant, end: Instant) -> float:
        """Return how much of the clock's time lies between two instants outside of pauses."""
        if end < start:
            return -self.elapsed(end, start)
        time = self.clock.elapsed(start, end)
        for since, until in self._from(start):
            if since < end:
                time -= self.clock.elapsed(since, end if until is None else min(until, end))
        return time

    def _from(self, start: Instant) -> Iterator[Pause]:
        """Yield the pauses that are not over at the start, none of them beginning before it."""
        for since, until in self.pauses:
            if until is None or until > start:
                yield max(since, start), until
