"""Policy clocks: by what the deadlines and windows of a policy are counted between two instants."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from attrs import frozen

from aftersale.clocks import Calendar, Clock, Instant, OpeningHours
from aftersale.policies.policy import Policy
from aftersale.rules import Rule


class ClockAsked(NamedTuple):
    """A clock, and whether it is asked for no time at all: what is due at once is another function of the start."""

    clock: Clock | OpeningHours
    at_once: bool


@frozen
class PolicyClocks:
    """The clocks of a policy, and what no clock counts.

    `longest` has the greatest amount that each clock is asked for, in its unit: hours or days, and microseconds for the
    hours that stand still on some days of the week. `functions` has the names of the plugins' functions by the deadline
    that they set: they answer from all that an order says, so there is no table of them.
    """

    longest: Mapping[ClockAsked, int]
    functions: Mapping[str, tuple[str, ...]]


def policy_clocks(policy: Policy, since: Instant, until: Instant) -> PolicyClocks:
    """Return the clocks that a deadline of some state, or a window, may ask under the terms from `since` up to `until`.

    Rows of rulebook and handbook alike, for all orders that there can be: also those that a tighter row always beats.
    """
    longest: dict[ClockAsked, int] = {}
    functions: dict[str, dict[str, None]] = {}
    for row in timed_rows(policy, since, until):
        if row.due:
            functions.setdefault(row.name, {})[row.due] = None
        elif row.until is None:
            asked, amount = clock_asked(row, policy.marketplace.calendar)
            longest[asked] = max(amount, longest.get(asked, 0))
    return PolicyClocks(longest, {name: tuple(named) for name, named in functions.items()})


def clock_asked(row: Rule, calendar: Calendar) -> tuple[ClockAsked, int]:
    """Return what a row asks, of those that a clock counts, and the amount in the clock's unit."""
    clock, amount = row.counted(calendar)
    return ClockAsked(clock, amount == 0), amount


def timed_rows(policy: Policy, since: Instant, until: Instant) -> Iterator[Rule]:
    """Yield the rows of deadlines that states open and of windows in force on some day from `since` up to `until`.

    Each once, in the order of their terms, the rulebook's before the handbook's.
    """
    seen: set[int] = set()
    for changes in range(bisect_right(policy.changes, since), bisect_right(policy.changes, until - 1) + 1):
        terms = policy.terms_after(changes)
        for row in (*terms.rulebook.rows, *terms.handbook.rows):
            if id(row) not in seen and (row.kind == "window" or policy.workflow.opening(row.name)):
                seen.add(id(row))
                yield row
