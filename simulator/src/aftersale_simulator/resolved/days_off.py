"""Days off: the days on which a team's calendar keeps it from shifts or adds some, and what is not known of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import TypedDict

from attrs import evolve

from aftersale.clocks import Calendar, official_list, place_of
from aftersale_simulator.scenario.model import Scenario, Shift, Team

_MINUTES_PER_DAY = 24 * 60

NATION_WIDE, UNCHECKED, IDLE = "nation_wide", "unchecked", "idle"
"""What there is to say: only nation-wide holidays are kept, the library was compared with no official list,
days of the team's own change nothing."""


class TeamDays(TypedDict):
    """Whose holidays a team takes, and on which of the simulated days that matters; places and days as ISO texts.

    `closed` are the days on which a shift of its week is not worked, `worked` those on which one is that it does not
    have. `holidays` is the place whose days hold, empty for none; `source` is
    the official list that was looked at, empty where the days are a library's.
    """

    team: str
    holidays: str
    closed: list[str]
    worked: list[str]
    source: str


class Remark(TypedDict):
    """Something to know of a team's days: its `kind`, the place, and the example or days that go with it.

    `place` and `what` are empty where the kind has none.
    """

    kind: str
    team: str
    place: str
    what: str


def team_days(scenario: Scenario) -> Iterator[TeamDays]:
    """Yield the days of each team of a scenario."""
    for name, team in scenario.team.items():
        calendar, days = team.calendar, list(_days(scenario))
        official = official_list(calendar.country)
        yield TeamDays(
            team=str(name),
            holidays=calendar.place,
            closed=[str(day) for day in days if _in_week(team, day) and not works(team, calendar, day)],
            worked=[str(day) for day in days if not _in_week(team, day) and works(team, calendar, day)],
            source=official.source if official and calendar.part == official.part else "",
        )


def remarks(scenarios: Sequence[Scenario]) -> list[Remark]:
    """Return what there is to say of the days of all teams, each thing once.

    A day of a team's own is idle where it changes nothing in any of the scenarios.
    """
    teams = [(str(name), team, scenario) for scenario in scenarios for name, team in scenario.team.items()]
    said = [remark for name, team, _ in teams for remark in _of_holidays(name, team)]
    for name in dict.fromkeys(name for name, _, _ in teams):
        uses = [(team, scenario) for other, team, scenario in teams if other == name]
        own = sorted({day for team, _ in uses for day in (*team.closed, *team.worked)})
        if idle := [str(day) for day in own if not any(_matters(team, day, scenario) for team, scenario in uses)]:
            said.append(Remark(kind=IDLE, team=name, place="", what=", ".join(idle)))
    return [remark for index, remark in enumerate(said) if remark not in said[:index]]


def _of_holidays(name: str, team: Team) -> Iterator[Remark]:
    return _of_place(name, team.holidays) if team.holidays else iter(())


def _of_place(team: str, place: str) -> Iterator[Remark]:
    country, part = place_of(place)
    official = official_list(country)
    if official is None:
        yield Remark(kind=UNCHECKED, team=team, place=place, what="")
        return
    if official.covers == "some" and part is None:
        yield Remark(kind=NATION_WIDE, team=team, place=place, what=official.example)


def _days(scenario: Scenario) -> Iterator[date]:
    day = scenario.horizon.first
    while day <= scenario.horizon.last:
        yield day
        day += timedelta(1)


def _in_week(team: Team, day: date) -> bool:
    """Whether a shift of the team has that weekday, whatever the calendar says."""
    return any(day.weekday() in shift.days for shift in _shifts(team, day))


def works(team: Team, calendar: Calendar, day: date) -> bool:
    """Whether a shift begins on that day."""
    weekdays = calendar.timetable(day)
    return any(weekday in shift.days for shift in _shifts(team, day) for weekday in weekdays)


def _shifts(team: Team, day: date) -> Iterator[Shift]:
    return (shift for shift in team.shifts if (shift.since or day) <= day <= (shift.until or day))


def _matters(team: Team, day: date, scenario: Scenario) -> bool:
    """Whether that simulated day would be another one for the team, had it not named the day itself.

    A holiday that is an ordinary day again is another day for the team whether or not its week has that weekday.
    """
    own = frozenset((day,))
    without = evolve(team.calendar, closed=team.calendar.closed - own, worked=team.calendar.worked - own)
    # A night of the evening before the first day is worked on that day.
    reach = timedelta(1) if day < scenario.horizon.first else timedelta(0)
    shifts = [shift for shift in _shifts(team, day) if not reach or shift.hours[1] > _MINUTES_PER_DAY]
    before, after = (
        [shift for shift in shifts if any(weekday in shift.days for weekday in calendar.timetable(day))]
        for calendar in (without, team.calendar)
    )
    opened = not reach and without.is_holiday(day) and not team.calendar.is_holiday(day)
    return scenario.horizon.first <= day + reach <= scenario.horizon.last and (opened or before != after)
