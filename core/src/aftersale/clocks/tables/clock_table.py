"""Clock tables: the answers of a clock between two instants, in four sorted arrays."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from attrs import frozen
from numpy.typing import ArrayLike, NDArray

from aftersale.base.errors import ClockError
from aftersale.clocks.clock import Clock
from aftersale.clocks.instants import DAY, HOUR, Instant
from aftersale.clocks.openings import OpeningHours
from aftersale.clocks.pauses import Counting, Paused
from aftersale.clocks.tables.piecewise import Integers, Piecewise, identity, listed, sampled, value_at
from aftersale.clocks.zones import zone_table

Tabled = Clock | OpeningHours | Paused
"""What can be put into a table; `clock_table` says which paused clocks."""
NEVER: Instant = 2**62
"""When a clock is due that stands still for ever; `Paused` answers None."""
_UNITS = {"wall_hours": HOUR, "calendar_days": DAY, "business_days": DAY}


@frozen(eq=False)
class ClockTable:
    """What a clock answers to starts from `since` up to `until`, and amounts from `least` to `longest`.

    `running` leads from an instant to the clock's own time, `dues` from its own time to the instant at which it is
    reached: due is `dues(running(start) + amount * unit)`. These are two functions and not one and its inverse. In an
    hour that is repeated own time is read in the second pass and reached in the first, and what fills an opening is due
    when it closes, where a start counts as the beginning of the next. Of days that end with the day, own time is the
    number of days that have begun, and `unit` is 1; of hours that do, it is the instant itself.

    No time at all is another function of the start. To the end of one business day, a start on a Friday and one on the
    Saturday after it are both due when Monday ends; to the end of none, when Friday ends and when Monday begins. So its
    table has no other amount in it (`longest` is 0), and every other table begins with the amount 1.
    """

    running: Piecewise
    dues: Piecewise
    unit: int
    longest: int

    @property
    def since(self) -> Instant:
        """The first instant that it knows as a start."""
        return int(self.running.knots[0])

    @property
    def until(self) -> Instant:
        """The first instant after those that it knows as starts."""
        return int(self.running.knots[-1])

    @property
    def least(self) -> int:
        """The least amount that it knows."""
        return min(1, self.longest)

    @property
    def arrays(self) -> tuple[Integers, Integers, Integers, Integers]:
        """The first four arguments of `due_at`, whose amounts are in own time: multiplied by `unit`."""
        return self.running.knots, self.running.values, self.dues.knots, self.dues.values

    def due(self, starts: ArrayLike, amounts: ArrayLike) -> NDArray[np.int64]:
        """Return when the clock is due, int64, for starts and amounts that broadcast; NEVER where it stands still.

        Raises ClockError for starts and amounts outside those that it knows.
        """
        begun, asked = np.asarray(starts, np.int64), np.asarray(amounts, np.int64)
        for kind, given, least, end in (
            ("start", begun, self.since, self.until),
            ("amount", asked, self.least, self.longest + 1),
        ):
            outside = (given < least) | (given >= end)
            if outside.any():
                raise _outside(kind, int(np.atleast_1d(given)[np.atleast_1d(outside)][0]), least, end)
        return self.dues(np.asarray(self.running(begun) + asked * self.unit, np.int64))

    def due_after(self, start: Instant, amount: int) -> Instant:
        """Return when the clock is due for one start and amount; raises ClockError as `due` does."""
        if not self.since <= start < self.until:
            raise _outside("start", start, self.since, self.until)
        if not self.least <= amount <= self.longest:
            raise _outside("amount", amount, self.least, self.longest + 1)
        return due_at(*self.arrays, start, amount * self.unit)


def due_at(
    instants: Integers, running: Integers, times: Integers, dues: Integers, start: Instant, amount: int
) -> Instant:
    """Return when a clock is due, from the `arrays` of its table and an amount of its own time; checks nothing."""
    return value_at(times, dues, value_at(instants, running, start) + amount)


def _outside(kind: str, given: int, least: int, end: int) -> ClockError:
    return ClockError(f"the {kind} {given} is not in the table", f"it has those from {least} to {end - 1}")


def clock_table(clock: Tabled, since: Instant, until: Instant, longest: int) -> ClockTable:
    """Ask a clock what it answers to starts from `since` up to `until`, and amounts from 1 to `longest` of its unit.

    With `longest` 0 the table has the amount 0 and no other. Opening hours count microseconds, other clocks hours or
    days. Raises ClockError for an empty span, and for dates and amounts that the clock does not know. Also for a paused
    clock that ends with the day, or that is asked for no time at all: the one fills up a day for pauses that were not
    over at the start, and in the other a pause without an end may let a later start be due and an earlier one not.
    """
    if since >= until or longest < 0:
        raise ClockError(f"no starts from {since} up to {until}, or no amounts up to {longest}", "name a span")
    inner = clock.clock if isinstance(clock, Paused) else clock
    to_end_of_day = isinstance(inner, Clock) and inner.ends == "end_of_day"
    if isinstance(clock, Paused) and (to_end_of_day or longest == 0):
        what = "a paused clock has a table only of amounts from 1 that end at the same time"
        raise ClockError(what, "ask it for each start")
    if longest == 0 and not isinstance(clock, Paused):
        return _at_once(clock, since, until)
    if isinstance(clock, Clock) and to_end_of_day:
        return (_whole_hours if clock.name == "wall_hours" else _whole_days)(clock, since, until, longest)
    return _same_time(clock, since, until, longest)


def _at_once(clock: Clock | OpeningHours, since: Instant, until: Instant) -> ClockTable:
    turns, midnights = _breaks(clock, since, until)
    running = sampled(lambda at: clock.due_after(at, 0), since, until, (*turns, *midnights))
    return ClockTable(running, identity(int(running.values[0]), int(running.values[-1]) + 1), 1, 0)


def _same_time(clock: Tabled, since: Instant, until: Instant, longest: int) -> ClockTable:
    """Return the table of a clock that ends at the same time: `running` as it runs, `dues` as it is delayed."""
    inner, pauses = (clock.clock, clock.pauses) if isinstance(clock, Paused) else (clock, ())
    own_time = Paused(_OwnTime(inner), pauses)
    unit = _UNITS[inner.name] if isinstance(inner, Clock) else 1

    def run(at: Instant) -> int:
        return int(own_time.elapsed(since, at))

    def reach(time: int) -> Instant:
        due = own_time.due_after(since, time)
        return NEVER if due is None else due

    end = run(until - 1) + longest * unit + 1
    last = reach(end - 1)
    if last == NEVER:
        last = max(until, *(begun for begun, ended in pauses if ended is None))
    turns, midnights = _breaks(clock, since, last)
    zone = zone_table(_zone(clock))
    times = [run(at) + number for at in (*turns, *midnights) for number in (0, 1)]
    times += [run(at - 1) + number for at in turns for number in (0, 1)]
    # Clocks that go back have shown more than they show from then on: that is where `dues` jumps over the first pass.
    times += [run(at) + zone.shown(at) - zone.read(at) + number for at in turns for number in (0, 1)]
    running = sampled(run, since, until, (*turns, *midnights))
    return ClockTable(running, sampled(reach, 1, end, times), unit, longest)


def _whole_hours(clock: Clock, since: Instant, until: Instant, longest: int) -> ClockTable:
    """Return the table of hours that fill the day in which they are over."""
    first, end = since + HOUR, until + longest * HOUR
    dues = sampled(lambda at: clock.due_after(at, 0), first, end, _midnights(_zone(clock), first, end))
    return ClockTable(identity(since, until), dues, HOUR, longest)


def _whole_days(clock: Clock, since: Instant, until: Instant, longest: int) -> ClockTable:
    """Return the table of days that end with the day: which day a start lies in is told by the next two ends.

    By two, because one may be that of two days: of one that clocks jump over, and of the day before.
    """
    days = (until - since) // DAY + 5  # local days that lie in the span, those ahead that are asked for among them
    ends = [clock.due_after(since, day) for day in range(1, days + longest + 1)]
    numbers = {pair: number for number, pair in enumerate(pairwise(ends[:days]))}
    turns, midnights = _breaks(clock, since, until)

    def number(at: Instant) -> int:
        return numbers[clock.due_after(at, 1), clock.due_after(at, 2)]

    running = sampled(number, since, until, (*turns, *midnights))
    return ClockTable(running, listed(1, ends[: int(running.values[-1]) + longest]), 1, longest)


@frozen
class _OwnTime:
    """A clock whose amounts are µs of its own time, as what is lost in pauses is: those of `Clock` are whole units."""

    clock: Counting

    def due_after(self, start: Instant, amount: int) -> Instant:
        return self.clock.delayed(start, 0, amount)

    def elapsed(self, start: Instant, end: Instant) -> float:
        return self.clock.run(start, end)

    def run(self, start: Instant, end: Instant) -> int:
        return self.clock.run(start, end)

    def delayed(self, start: Instant, amount: int, lost: int) -> Instant:
        return self.clock.delayed(start, 0, amount + lost)


def _zone(clock: Tabled) -> str:
    inner = clock.clock if isinstance(clock, Paused) else clock
    assert isinstance(inner, Clock | OpeningHours)
    return inner.calendar.zone


def _breaks(clock: Tabled, since: Instant, until: Instant) -> tuple[list[Instant], list[Instant]]:
    """Return where clocks change and pauses begin and end, and where local days do that the clock tells apart."""
    inner, pauses = (clock.clock, clock.pauses) if isinstance(clock, Paused) else (clock, ())
    turns = [at for pause in pauses for at in pause if at is not None and since <= at <= until]
    if isinstance(inner, Clock) and inner.ends == "same_time" and inner.name == "wall_hours":
        return turns, []
    turns += zone_table(_zone(clock)).changes(since, until)
    if isinstance(inner, Clock) and inner.ends == "same_time" and inner.name == "calendar_days":
        return turns, []
    return turns, list(_midnights(_zone(clock), since, until))


def _midnights(name: str, since: Instant, until: Instant) -> Iterator[Instant]:
    """Yield when local days begin: where clocks go back over midnight also when the day before is over at last."""
    zone = zone_table(name)
    for day in range(since // DAY - 1, until // DAY + 2):
        midnight = zone.place(day * DAY)
        yield midnight
        if zone.read(midnight) < day * DAY:
            yield zone.leave(day * DAY - 1) + 1
