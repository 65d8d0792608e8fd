"""Deadlines: the three ways in which rules count time, forward, backward, and between two instants.

`wall_hours` run always. `calendar_days` keep the local time of day. `business_days` run from local midnight
to local midnight of business days only and stand still on all others.
"""

from __future__ import annotations

from aftersale.base.errors import ClockError
from aftersale.clocks.calendars import BusinessDays, Calendar
from aftersale.clocks.instants import DAY, HOUR, Instant
from aftersale.clocks.zones import Zone, zone_table

CLOCKS = ("wall_hours", "calendar_days", "business_days")
ENDS = ("same_time", "end_of_day")


def due_after(start: Instant, amount: int, clock: str, calendar: Calendar, ends: str = "same_time") -> Instant:
    """Return the instant `amount` units of the clock after the start; later starts never end earlier.

    `end_of_day` ends at the midnight after the last day, which is counted from the day after the start. A
    business time that falls between two business days means the beginning of the later one: from Saturday, 2
    business days end at Wednesday 00:00. Raises ClockError for unknown words and negative amounts.
    """
    if clock not in CLOCKS or ends not in ENDS or amount < 0:
        raise argument_error(amount, clock, ends)
    if clock == "wall_hours":
        due = start + amount * HOUR
        return due if ends == "same_time" else _midnight(due, calendar)
    if amount == 0 and ends == "same_time" and clock == "calendar_days":
        return start
    zone = zone_table(calendar.zone)
    local = zone.read(start)
    if clock == "business_days":
        return _business(start, local, amount, calendar, ends)
    if ends == "end_of_day":
        midnight = zone.place((local // DAY + amount + 1) * DAY)
        # Where clocks go back over midnight, the first midnight may lie before the start.
        return midnight if midnight > start else start
    return zone.place(local + amount * DAY)


def _midnight(due: Instant, calendar: Calendar) -> Instant:
    zone = zone_table(calendar.zone)
    midnight = zone.place((zone.read(due) // DAY + 1) * DAY)
    return midnight if midnight > due else due


def _business(start: Instant, local: int, amount: int, calendar: Calendar, ends: str) -> Instant:
    table, zone = calendar._days, zone_table(calendar.zone)
    day = local // DAY
    index = table.count(day)
    runs = table.at(index) == day
    if amount == 0:
        if runs and ends == "same_time":
            return start
        return max(start, zone.place((day + 1 if runs else table.at(index)) * DAY))
    if ends == "end_of_day":
        return zone.place((table.at(index + runs + amount - 1) + 1) * DAY)
    within = local - day * DAY if runs else 0
    return zone.place(table.at(index + amount) * DAY + within)


def due_before(end: Instant, amount: int, clock: str, calendar: Calendar, ends: str = "same_time") -> Instant:
    """Return the latest start from which `due_after` is due at `end` or before; a microsecond later is too late.

    Nothing is due between the end of one business day and the beginning of the next, in an hour that clocks
    jump over, or within a day under `end_of_day`: there the start is the last one that is due before. Raises
    ClockError as `due_after` does.
    """
    if clock not in CLOCKS or ends not in ENDS or amount < 0:
        raise argument_error(amount, clock, ends)
    if clock == "wall_hours":
        return _wall_before(end, amount, calendar, ends)
    zone = zone_table(calendar.zone)
    most = zone.shown(end)
    if clock == "business_days":
        last = _business_before(most, amount, calendar._days, ends)
    elif ends == "end_of_day":
        last = (most // DAY - amount) * DAY - 1
    else:
        last = most - amount * DAY
    return min(end, zone.leave(last))


def _wall_before(end: Instant, amount: int, calendar: Calendar, ends: str) -> Instant:
    if ends == "end_of_day":
        zone = zone_table(calendar.zone)
        end = min(end, zone.leave(zone.shown(end) // DAY * DAY - 1))
    return end - amount * HOUR


def _business_before(most: int, amount: int, table: BusinessDays, ends: str) -> int:
    """Return the last local time of a start from which so many business days end at `most` or before."""
    day = most // DAY
    if ends == "end_of_day" and amount:
        return table.back(day, amount) * DAY - 1
    if not table.runs(day):
        return (table.back(day, amount + 1) + 1) * DAY - 1
    if ends == "end_of_day":
        return day * DAY - 1
    return table.back(day, amount) * DAY + most % DAY if amount else most


def elapsed(start: Instant, end: Instant, clock: str, calendar: Calendar) -> float:
    """Return how many units of the clock lie between two instants, negative when the end is earlier."""
    if clock not in CLOCKS:
        raise argument_error(0, clock, "same_time")
    return run(start, end, clock, calendar) / (HOUR if clock == "wall_hours" else DAY)


def run(start: Instant, end: Instant, clock: str, calendar: Calendar) -> int:
    """Return what a valid clock runs between two instants, in µs of its own time."""
    if clock == "wall_hours":
        return end - start
    zone = zone_table(calendar.zone)
    first, last = zone.read(start), zone.read(end)
    if clock == "calendar_days":
        return last - first
    table = calendar._days
    table.count(min(first, last) // DAY)
    table.count(max(first, last) // DAY)
    return table.spent(last) - table.spent(first)


def delayed(start: Instant, amount: int, lost: int, clock: str, calendar: Calendar, ends: str) -> Instant:
    """Return when a valid clock is due after it has stood still for `lost` µs of its own time.

    `end_of_day` fills the day in which that is.
    """
    if not lost:
        return due_after(start, amount, clock, calendar, ends)
    zone = zone_table(calendar.zone)
    if clock == "wall_hours":
        due = due_after(start, amount, clock, calendar, ends) + lost
        return due if ends == "same_time" else max(due, zone.place(_whole(zone.read(due)) * DAY))
    local = zone.read(start)
    if clock == "business_days":
        return _business_delayed(local, amount, lost, calendar, ends, zone)
    if ends == "same_time":
        return zone.place(local + amount * DAY + lost)
    return zone.place((local // DAY + amount + 1 + _whole(lost)) * DAY)


def _business_delayed(local: int, amount: int, lost: int, calendar: Calendar, ends: str, zone: Zone) -> Instant:
    table = calendar._days
    day = local // DAY
    index, runs = table.count(day), table.runs(day)
    if ends == "end_of_day":
        return zone.place((table.at(index + runs + amount + _whole(lost) - 1) + 1) * DAY)
    spent = table.spent(local) + amount * DAY + lost
    return zone.place(table.at(spent // DAY) * DAY + spent % DAY)


def _whole(time: int) -> int:
    """Return how many days hold that time: a part of a day counts as one."""
    return -(-time // DAY)


def argument_error(amount: int, clock: str, ends: str) -> ClockError:
    """Return the error for the first of the three arguments that is not valid."""
    if clock not in CLOCKS:
        return ClockError(f"unknown clock '{clock}'", f"allowed: {', '.join(CLOCKS)}")
    if ends not in ENDS:
        return ClockError(f"unknown end '{ends}'", f"allowed: {', '.join(ENDS)}")
    return ClockError(f"the amount {amount} is negative", "count forward from the start")
