"""Shifts: who is on duty when, as windows of time, and what these cost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import NamedTuple

from moneyed import Money

from aftersale.base.money import decimals, money
from aftersale.clocks import HOUR, Instant, windows as local_windows
from aftersale_simulator.scenario.horizon import Horizon
from aftersale_simulator.scenario.model import Shift, Team


class Window(NamedTuple):
    """A window of time, end excluded, with the number of agents on duty in it."""

    start: Instant
    end: Instant
    agents: int


def windows(team: Team, first: date, last: date) -> list[Window]:
    """Return when the team works on shifts that begin on its own days `first` to `last`, sorted.

    Breaks, holidays and closed days are left out. Shifts may overlap: each has its own agents.
    """
    return sorted(window for shift in team.shifts for window in shift_windows(team, shift, first, last))


def windows_by_shift(team: Team, horizon: Horizon) -> tuple[tuple[Window, ...], ...]:
    """Return the windows of each shift of the team, with those that reach into the simulated days from outside."""
    margin = timedelta(1)
    first, last = horizon.first - margin, horizon.last + margin
    return tuple(tuple(shift_windows(team, shift, first, last)) for shift in team.shifts)


def shift_windows(team: Team, shift: Shift, first: date, last: date) -> list[Window]:
    """Return when one shift of the team works, on its days from `since` to `until`."""
    agents = team.agents if shift.agents is None else shift.agents
    if not agents:
        return []
    calendar = team.calendar
    first, last = max(first, shift.since or first), min(last, shift.until or last)
    return sorted(
        Window(start, end, agents)
        for opens, closes in _stretches(shift)
        for start, end in local_windows(shift.days, opens, closes, first, last, calendar)
        if start < end
    )


def _stretches(shift: Shift) -> Iterator[tuple[int, int]]:
    """Yield the hours of a shift without its breaks, in minutes from the local midnight it begins on."""
    opens, closes = shift.hours
    for begin, end in shift.pauses():
        if opens < begin:
            yield opens, begin
        opens = end
    if opens < closes:
        yield opens, closes


def paid_hours(windows: Iterable[Window], since: Instant, until: Instant) -> float:
    """Return the agents' hours on duty within [since, until); breaks are not paid."""
    worked = sum(max(0, min(window.end, until) - max(window.start, since)) * window.agents for window in windows)
    return worked / HOUR


def labour_cost(team: Team, windows: Iterable[Window], since: Instant, until: Instant, currency: str) -> Money:
    """Return what the team's paid hours within [since, until) cost, to the currency's smallest unit."""
    seconds = round(paid_hours(windows, since, until) * 3600)
    return money(round(team.cost_per_hour * seconds / 3600, decimals(currency)), currency)


def covered_hours(windows: Iterable[Window], since: Instant, until: Instant) -> float:
    """Return for how many hours of [since, until) at least one agent is on duty."""
    covered, last_end = 0, since
    for window in sorted(windows):
        begin, end = max(window.start, last_end), min(window.end, until)
        covered, last_end = covered + max(0, end - begin), max(last_end, end)
    return covered / HOUR
