"""Clocks: how is time counted, from which instant to which?

Every package but the base may import it; it imports base.

`wall_hours` run always. `calendar_days` keep the local time of day. `business_days` run from local midnight
to local midnight of business days only and stand still on all others. `OpeningHours` run while they are open.
Each counts forward (`due_after`), backward (`due_before`) and between (`elapsed`), and each can be `Paused`.
An instant is an int: microseconds since 1970 in UTC.

Local time is read so that later starts never lead to earlier deadlines: the first pass of an hour that is
repeated when clocks go back counts as the hour's beginning, which is the stricter reading. A deadline that
falls on a local time which clocks jump over is due at the end of the gap, and one that falls into a repeated
hour is due in its first pass.
"""

from aftersale.clocks.breaks import Break, breaks
from aftersale.clocks.calendars import Calendar
from aftersale.clocks.clock import Clock
from aftersale.clocks.deadlines import CLOCKS, ENDS, due_after, due_before, elapsed
from aftersale.clocks.instants import DAY, HOUR, MINUTE, SECOND, Instant, instant
from aftersale.clocks.openings import OpeningHours, hours_without
from aftersale.clocks.pauses import Pause, Paused
from aftersale.clocks.public_holidays import is_country, official_list, place_of
from aftersale.clocks.windows import Span, windows
from aftersale.clocks.zones import local_date, moment, start_of_day, zone_info

__all__ = [
    "CLOCKS",
    "DAY",
    "ENDS",
    "HOUR",
    "MINUTE",
    "SECOND",
    "Break",
    "Calendar",
    "Clock",
    "Instant",
    "OpeningHours",
    "Pause",
    "Paused",
    "Span",
    "breaks",
    "due_after",
    "due_before",
    "elapsed",
    "hours_without",
    "instant",
    "is_country",
    "local_date",
    "moment",
    "official_list",
    "place_of",
    "start_of_day",
    "windows",
    "zone_info",
]
