"""Clock: one of the three ways of counting, bound to a calendar, with the methods of opening hours."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

from aftersale.clocks.calendars import Calendar
from aftersale.clocks.deadlines import CLOCKS, ENDS, argument_error, delayed, due_after, due_before, elapsed, run
from aftersale.clocks.instants import Instant
from aftersale.clocks.pauses import Pause, Paused


@frozen
class Clock:
    """One of the clocks with its calendar and its end; amounts are hours or days.

    Its methods raise ClockError as the functions of `deadlines` do.
    """

    name: str
    calendar: Calendar
    ends: str = "same_time"

    def __attrs_post_init__(self) -> None:
        """Refuse unknown words."""
        if self.name not in CLOCKS or self.ends not in ENDS:
            raise argument_error(0, self.name, self.ends)

    def due_after(self, start: Instant, amount: int) -> Instant:
        """Return the instant `amount` units after the start."""
        return due_after(start, amount, self.name, self.calendar, self.ends)

    def due_before(self, end: Instant, amount: int) -> Instant:
        """Return the latest start from which `due_after` is due at `end` or before."""
        return due_before(end, amount, self.name, self.calendar, self.ends)

    def elapsed(self, start: Instant, end: Instant) -> float:
        """Return how many units lie between two instants, negative when the end is earlier."""
        return elapsed(start, end, self.name, self.calendar)

    def run(self, start: Instant, end: Instant) -> int:
        """Return what the clock runs between two instants, in µs of its own time."""
        return run(start, end, self.name, self.calendar)

    def delayed(self, start: Instant, amount: int, lost: int) -> Instant:
        """Return when the clock is due that has stood still for `lost` µs of its own time."""
        return delayed(start, amount, lost, self.name, self.calendar, self.ends)

    def paused(self, pauses: Iterable[Pause]) -> Paused:
        """Return the clock with the pauses in which it stands still."""
        return Paused(self, pauses)
