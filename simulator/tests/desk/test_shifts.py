"""Who is on duty when: shifts in the team's own time, with breaks, holidays and clock changes."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, strategies as st

from aftersale.base.money import money
from aftersale.clocks import HOUR, instant, start_of_day
from aftersale.documents.structure import structure
from aftersale_simulator.desk.shifts import Window, labour_cost, paid_hours, windows
from aftersale_simulator.scenario.model import Team


def team(*shifts: dict[str, Any], zone: str = "Asia/Shanghai", **others: Any) -> Team:
    return structure(Team, {"zone": zone, "agents": 2, "shifts": list(shifts), **others}, "test")


def window(start: str, end: str, agents: int = 2) -> Window:
    return Window(instant(start), instant(end), agents)


OFFICE = {"days": "Mon-Fri", "hours": "09:00-18:00"}
MONDAY = date(2026, 3, 2)


def test_a_shift_is_in_the_teams_own_time() -> None:
    assert windows(team(OFFICE), MONDAY, MONDAY) == [window("2026-03-02T09:00:00+08:00", "2026-03-02T18:00:00+08:00")]


def test_breaks_are_cut_out_in_whatever_order_they_are_written() -> None:
    shift = {**OFFICE, "breaks": ["15:00-15:15", "12:00-13:00"]}
    assert windows(team(shift), MONDAY, MONDAY) == [
        window("2026-03-02T09:00:00+08:00", "2026-03-02T12:00:00+08:00"),
        window("2026-03-02T13:00:00+08:00", "2026-03-02T15:00:00+08:00"),
        window("2026-03-02T15:15:00+08:00", "2026-03-02T18:00:00+08:00"),
    ]


def test_a_break_at_the_edge_shortens_the_shift() -> None:
    shift = {**OFFICE, "breaks": ["09:00-10:00", "17:30-18:00"]}
    assert windows(team(shift), MONDAY, MONDAY) == [window("2026-03-02T10:00:00+08:00", "2026-03-02T17:30:00+08:00")]


def test_a_night_shift_ends_on_the_next_day_and_has_its_break_there() -> None:
    shift = {"days": "Mon", "hours": "22:00-06:00", "breaks": ["02:00-03:00"]}
    assert windows(team(shift), MONDAY, MONDAY + timedelta(6)) == [
        window("2026-03-02T22:00:00+08:00", "2026-03-03T02:00:00+08:00"),
        window("2026-03-03T03:00:00+08:00", "2026-03-03T06:00:00+08:00"),
    ]


def test_nobody_works_on_the_holidays_of_the_country() -> None:
    week = date(2026, 2, 16), date(2026, 2, 27)
    worked = [date(2026, 2, 24), date(2026, 2, 25), date(2026, 2, 26), date(2026, 2, 27)]
    found = windows(team(OFFICE, holidays="CN"), *week)
    assert [w.start for w in found] == [start_of_day(day, "Asia/Shanghai") + 9 * HOUR for day in worked]


def hours_in(*week: date, **own: Any) -> float:
    found = windows(team({"days": "Mon-Fri", "hours": "09:00-17:00"}, **own), *week)
    return sum((window.end - window.start) / HOUR for window in found)


@pytest.mark.parametrize(
    ("holidays", "first", "hours"),
    [
        ("GB", date(2026, 8, 31), 32),  # the summer bank holiday
        ("GB", date(2026, 4, 6), 32),  # Easter Monday
        ("GB-SCT", date(2026, 8, 31), 40),
        ("CA", date(2026, 10, 12), 32),  # Thanksgiving
        ("CA-ON", date(2026, 5, 18), 32),  # Victoria Day
        ("DE", date(2026, 6, 1), 40),
        ("DE-BY", date(2026, 6, 1), 32),  # Corpus Christi
        ("SE", date(2026, 6, 15), 32),  # Midsummer Eve
        ("CN", date(2026, 2, 9), 48),  # a Saturday that is worked
        ("CN", date(2026, 2, 16), 0),
        (None, date(2026, 8, 31), 40),
    ],
)
def test_a_team_takes_the_holidays_of_a_country_or_a_part_of_it(holidays: str | None, first: date, hours: int) -> None:
    assert hours_in(first, first + timedelta(6), holidays=holidays) == hours


def test_a_team_names_days_of_its_own() -> None:
    week = date(2026, 8, 31), date(2026, 9, 6)
    assert hours_in(*week, holidays="GB", closed=[date(2026, 9, 2)]) == 24
    assert hours_in(*week, holidays="GB", worked=[date(2026, 8, 31), date(2026, 9, 5)]) == 48
    assert hours_in(*week, closed=[date(2026, 8, 31)]) == 32
    assert hours_in(date(2026, 2, 9), date(2026, 2, 15), holidays="CN", closed=[date(2026, 2, 14)]) == 40


def test_who_has_no_friday_does_not_make_one_up() -> None:
    shift = {"days": "Mon-Thu", "hours": "09:00-17:00"}
    assert len(windows(team(shift, holidays="CN"), date(2026, 2, 9), date(2026, 2, 15))) == 4
    sunday = {"days": "Sun-Thu", "hours": "09:00-17:00"}
    assert len(windows(team(sunday, holidays="CN"), date(2026, 5, 4), date(2026, 5, 10))) == 3


@pytest.mark.parametrize(
    ("holidays", "first", "days"),
    [
        ("CN", date(2026, 2, 9), 6),  # Sunday the 15th is the first of the nine days off
        ("CN", date(2026, 2, 16), 0),
        ("CN", date(2026, 9, 28), 3),
        ("CN", date(2025, 1, 27), 1),
        ("MX", date(2027, 5, 31), 6),  # the Sunday of the federal elections
        ("IT", date(2028, 10, 30), 6),  # All Saints; National Unity Day is none, in years that are not listed too
        ("BE", date(2028, 4, 10), 7),  # Easter Sunday is no holiday
        ("GB", date(2026, 12, 21), 5),
    ],
)
def test_a_team_of_seven_days_is_off_on_the_weekend_days_of_the_official_list(
    holidays: str, first: date, days: int
) -> None:
    shift = {"days": "Mon-Sun", "hours": "09:00-17:00"}
    assert len(windows(team(shift, holidays=holidays), first, first + timedelta(6))) == days


def test_a_team_without_holidays_works_through() -> None:
    assert len(windows(team(OFFICE), date(2026, 2, 16), date(2026, 2, 27))) == 10


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 7), 7), (date(2026, 10, 31), 9), (MONDAY, 8)])
def test_the_night_of_a_clock_change_is_as_long_as_it_is(day: date, hours: int) -> None:
    found = windows(team({"days": "Mon-Sun", "hours": "22:00-06:00"}, zone="America/New_York"), day, day)
    assert [(w.end - w.start) / HOUR for w in found] == [hours]


def test_shifts_may_overlap_and_bring_their_own_agents() -> None:
    late = {"days": "Mon", "hours": "12:00-20:00", "agents": 1}
    assert windows(team(OFFICE, late), MONDAY, MONDAY) == [
        window("2026-03-02T09:00:00+08:00", "2026-03-02T18:00:00+08:00"),
        window("2026-03-02T12:00:00+08:00", "2026-03-02T20:00:00+08:00", 1),
    ]


def test_a_shift_without_agents_is_no_window() -> None:
    assert windows(team({**OFFICE, "agents": 0}), MONDAY, MONDAY) == []


def test_only_hours_inside_the_period_are_paid() -> None:
    found = windows(team(OFFICE), MONDAY, MONDAY + timedelta(1))
    since, until = instant("2026-03-02T17:00:00+08:00"), instant("2026-03-03T10:30:00+08:00")
    assert paid_hours(found, since, until) == 2 * (1 + 1.5)


def test_labour_costs_the_paid_hours_to_the_smallest_unit_of_the_currency() -> None:
    own = team({**OFFICE, "breaks": ["12:00-12:10"]}, cost_per_hour="33.33")
    found = windows(own, MONDAY, MONDAY)
    since, until = instant("2026-03-02T00:00:00+08:00"), instant("2026-03-03T00:00:00+08:00")
    assert labour_cost(own, found, since, until, "CNY") == money(Decimal("588.83"), "CNY")
    assert labour_cost(own, found, since, until, "JPY") == money(589, "JPY")


@given(
    opens=st.integers(0, 23),
    length=st.integers(1, 23),
    rest=st.integers(0, 22),
    zone=st.sampled_from(["Asia/Shanghai", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe"]),
    first=st.dates(date(2024, 1, 1), date(2027, 12, 31)),
)
def test_a_shift_without_its_break_is_never_longer_and_never_overlaps_itself(
    opens: int, length: int, rest: int, zone: str, first: date
) -> None:
    closes = (opens + length) % 24
    begin = (opens + min(rest, length - 1)) % 24
    shift = {"days": "Mon-Sun", "hours": f"{opens:02d}:00-{closes:02d}:00"}
    broken = {**shift, "breaks": [f"{begin:02d}:00-{begin:02d}:45"]}
    whole, cut = (windows(team(each, zone=zone), first, first + timedelta(8)) for each in (shift, broken))
    assert all(a.end <= b.start for a, b in pairwise(cut))
    assert sum(w.end - w.start for w in cut) <= sum(w.end - w.start for w in whole)
    assert {w.start for w in cut} | {w.end for w in cut} >= {w.end for w in whole}
