"""Staffing: which rosters are allowed, that the cheapest one is found, and that it is checked on fresh replications."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import tomli
from attrs import evolve
from hypothesis import given, strategies as st

from aftersale.base.errors import DocumentError
from aftersale.documents.scalars import PositiveCount
from aftersale.plugins.plugins import load_plugins
from aftersale.testing.factories import stores
from aftersale_simulator.desk.shifts import Window, covered_hours, windows
from aftersale_simulator.resolved.scenario import resolve
from aftersale_simulator.runs.failures import Stopped
from aftersale_simulator.runs.results import METRICS, Result
from aftersale_simulator.scenario.document import load_scenario, parse_scenario
from aftersale_simulator.scenario.model import Scenario
from aftersale_simulator.staffing import record
from aftersale_simulator.staffing.rosters import Roster, staffing
from aftersale_simulator.staffing.search import Run, SearchResult, cheapest

DEFAULT = evolve(load_scenario().scenario, replications=PositiveCount(10))
ZONES = ("America/Los_Angeles", "Europe/Berlin", "Asia/Tokyo")
PLUGINS = load_plugins((), {"stores": stores(dict(zip(map(str, DEFAULT.marketplace), ZONES, strict=True)))})
RESOLVED = resolve(DEFAULT, PLUGINS)
Keeps = Callable[[Roster, int], bool]


def people_of(scenario: Scenario) -> Roster:
    """Return who works in a scenario that a roster was put into, by the weeks of the shipped one."""
    weeks = [shift.days for shift in DEFAULT.staffing["shenzhen"].pattern.values()]
    own = {shift.days: shift.agents or 0 for shift in scenario.team["shenzhen"].shifts}
    return tuple(own.get(week, 0) for week in weeks)


def faked(keeps: Keeps, seen: list[tuple[Roster, int]] | None = None) -> Run:
    """Return what runs jobs: targets are kept as told, ten hours of work come up, money is a thousand a person."""

    def run(jobs: Sequence[tuple[Scenario, int]]) -> list[Result]:
        results = []
        for scenario, number in jobs:
            roster = people_of(scenario)
            if seen is not None:
                seen.append((roster, number))
            metrics = dict.fromkeys(METRICS, 0.0) | {"labour_cost": 1000.0 * sum(roster)}
            kept = keeps(roster, number)
            counts = {"tasks": 60}
            results.append(Result(metrics, {}, {"late_reply_rate": kept}, counts, busy_hours=10.0))
        return results

    return run


def search_text(keeps: Keeps, seen: list[tuple[Roster, int]] | None = None, **options: Any) -> SearchResult:
    return cheapest(RESOLVED, faked(keeps, seen), "test", **options)


def test_the_shipped_scenario_allows_up_to_six_people_in_four_weeks() -> None:
    allowed = staffing(RESOLVED, "test")
    assert [(pattern.team, pattern.name) for pattern in allowed.patterns] == [
        ("shenzhen", "Mon-Fri"),
        ("shenzhen", "Tue-Sat"),
        ("shenzhen", "Wed-Sun"),
        ("shenzhen", "Sun-Thu"),
    ]
    rosters = allowed.rosters()
    assert len(rosters) == allowed.size == 209
    assert all(0 < sum(roster) <= 6 for roster in rosters)
    costs = [allowed.cost(roster) for roster in rosters]
    assert costs == sorted(costs)


def test_a_scenario_that_allows_nothing_gets_five_day_weeks_at_its_teams_own_hours() -> None:
    usual = staffing(resolve(evolve(DEFAULT, staffing={}), PLUGINS), "test")
    assert [pattern.name for pattern in usual.patterns] == ["Mon-Fri", "Tue-Sat", "Wed-Sun", "Sun-Thu"]
    assert {pattern.shift.hours for pattern in usual.patterns} == {(540, 1080)}
    assert usual.most == {"shenzhen": 6}


def test_a_roster_costs_what_a_run_of_its_scenario_costs() -> None:
    allowed = staffing(RESOLVED, "test")
    roster = (1, 0, 2, 0)
    again = staffing(resolve(evolve(allowed.staffed(roster), staffing={}), PLUGINS), "test")
    team = allowed.staffed(roster).team["shenzhen"]
    assert [(sorted(shift.days), shift.agents) for shift in team.shifts] == [([0, 1, 2, 3, 4], 1), ([2, 3, 4, 5, 6], 2)]
    assert again.hours_today == covered(team)
    # Monday to Friday, a break less, and the Saturday that is worked for a day off in May.
    assert allowed.hours(roster) == 368 - 1 + 8 + 2 * 376


def covered(team: Any) -> float:
    horizon = DEFAULT.horizon
    shifts = windows(team, horizon.first - timedelta(1), horizon.last + timedelta(1))
    return covered_hours(shifts, *horizon.measured(ZONES))


def test_hours_that_several_windows_cover_count_once() -> None:
    hour = 3_600_000_000
    windows = [Window(0, 4 * hour, 2), Window(2 * hour, 6 * hour, 1), Window(8 * hour, 9 * hour, 1)]
    assert covered_hours(windows, hour, 8 * hour + hour // 2) == 5.5


@given(
    weights=st.tuples(*[st.integers(0, 3)] * 4),
    needed=st.integers(1, 12),
)
def test_no_cheaper_roster_keeps_the_targets_than_the_one_found(weights: Roster, needed: int) -> None:
    def keeps(roster: Roster, number: int) -> bool:
        return sum(weight * people for weight, people in zip(weights, roster, strict=True)) >= needed

    found = search_text(keeps)
    allowed = staffing(RESOLVED, "test")
    good = [roster for roster in allowed.rosters() if keeps(roster, 1)]
    assert (found.best is None) == (not good)
    assert found.complete
    if found.best is not None and found.check is not None:
        assert allowed.cost(found.best.roster) == min(map(allowed.cost, good))
        assert found.check.share() == 1.0
        assert found.next_best is None or found.next_best.roster == good[1]
        assert all(candidate.kept == 0 or keeps(candidate.roster, 1) for candidate in found.one_less)


def test_what_is_found_is_checked_on_replications_that_had_no_part_in_choosing_it() -> None:
    seen: list[tuple[Roster, int]] = []
    found = search_text(lambda roster, number: sum(roster) >= 3, seen)
    assert found.best is not None
    assert found.check is not None
    assert sorted(found.best.results) == list(range(1, 11))
    assert sorted(found.check.results) == list(range(11, 46))
    assert found.check.interval()[0] >= 0.9
    assert len(set(seen)) == len(seen) == found.replications


def test_a_roster_that_was_only_lucky_gives_way_to_the_next() -> None:
    lucky = staffing(RESOLVED, "test").rosters()[0]
    found = search_text(lambda roster, number: sum(roster) >= 2 or (roster == lucky and number <= 10))
    assert [candidate.roster for candidate in found.by_luck] == [lucky]
    assert found.best is not None
    assert sum(found.best.roster) == 2
    assert record.warnings(found) == [
        "1 × Sun-Thu kept the targets in the search and not on fresh replications: it had been lucky."
    ]


def test_rosters_that_fail_are_dropped_early() -> None:
    seen: list[tuple[Roster, int]] = []
    search_text(lambda roster, number: sum(roster) >= 4, seen)
    dropped = [number for roster, number in seen if sum(roster) < 3 and number <= 10]
    assert max(dropped) <= 10
    assert sum(number <= 2 for number in dropped) > len(dropped) / 2


def test_one_person_less_is_shown_to_fail() -> None:
    found = search_text(lambda roster, number: roster[0] >= 1 and roster[2] >= 2)
    assert found.best is not None
    assert found.best.roster == (1, 0, 2, 0)
    assert [candidate.roster for candidate in found.one_less] == [(0, 0, 2, 0), (1, 0, 1, 0)]
    assert [candidate.kept for candidate in found.one_less] == [0, 0]
    assert [role for role, _ in record.roles(found)][-2:] == ["less", "less"]
    assert (
        "One person less is not enough: each of the 2 rosters was given up when it had missed more than the 3 of 35 "
        "fresh replications that it may; missed most: late replies." in record.answer(found)
    )


def test_one_person_less_that_holds_on_fresh_replications_is_not_settled() -> None:
    found = search_text(lambda roster, number: sum(roster) >= 3 or (sum(roster) == 2 and number > 10))
    assert [role for role, _ in record.roles(found)][-1] == "less_unsettled"
    assert "Whether one person less is enough is not settled: 2 × Sun-Thu " in record.answer(found)
    assert "kept all targets in 35 of 35 fresh replications, though not in the search." in record.answer(found)


def test_the_first_line_is_the_desk_as_it_is_today() -> None:
    # Nobody of the shipped desk works one of the patterns: its shift has people, the patterns have none.
    found = search_text(lambda roster, number: sum(roster) >= 3 or (not any(roster) and number > 3))
    assert record.today_text(found) == (
        "The desk as it is today: 0 CNY of labour in 70 days, all targets kept in 7 of 10 replications; missed most: "
        "late replies."
    )
    told = record.record(found)["today"]
    assert (told["cost"], told["probability"], told["replications"]) == (0.0, 0.7, 10)
    assert next(record.roles(found)) == ("as_it_is", found.today)
    assert record.roster_text(found, found.today.roster) == "the desk as it is"


def test_a_search_that_ends_early_says_how_many_rosters_are_not_settled() -> None:
    """The largest rosters miss the first replication by bad luck; the budget is too small for the others."""
    found = search_text(lambda roster, number: sum(roster) >= 3 and number > 1, budget=60)
    assert (found.best, found.complete, found.tried) == (None, False, 3)
    told = record.record(found)
    assert told["unsettled"] == 209
    assert told["answer"].startswith(
        "No roster was found that keeps the targets in 90 % of all periods, and 209 of the 209 allowed ones are not "
        "settled: 3 were simulated before the search ended."
    )
    assert "None of" not in told["answer"]


def test_rosters_that_were_only_lucky_are_named_with_what_they_missed() -> None:
    found = search_text(lambda roster, number: number <= 10, budget=420)
    assert found.best is None
    answer = record.answer(found)
    assert " × " in answer.split("Nearest came ")[1]
    assert "in 0 of 35 replications; missed most: late replies." in answer
    assert all(row["replications"] == 35 for row in record.record(found)["by_luck"])


def test_a_small_budget_goes_from_neighbour_to_neighbour_and_says_so() -> None:
    found = search_text(lambda roster, number: sum(roster) >= 3, budget=100)
    assert found.best is not None
    assert sum(found.best.roster) == 3
    assert not found.complete
    assert "may have been overlooked" in " ".join(record.warnings(found))


def test_no_roster_at_all_keeps_them_is_an_answer_too() -> None:
    found = search_text(lambda roster, number: False)
    told = record.record(found)
    assert (told["roster"], told["cost"], told["probability"]) == ([], None, None)
    assert told["answer"].startswith(
        "None of the 209 allowed rosters keeps the targets in 90 % of all periods: 209 were simulated and missed them "
        "too often, 0 have fewer paid hours than the work takes."
    )
    assert told["unsettled"] == 0


def test_what_teams_cost_that_are_not_looked_for_is_in_every_roster() -> None:
    both = parse_scenario(
        {
            **tomli.loads(Path(str(files_of_default())).read_text(encoding="utf-8")),
            "variant": [],
            "team": {
                "shenzhen": {"zone": "Asia/Shanghai", "agents": 3, "shifts": [{"days": "Mon", "hours": "09:00-18:00"}]},
                "berlin": {
                    "zone": "Europe/Berlin",
                    "agents": 1,
                    "cost_per_hour": "20",
                    "shifts": [{"days": "Mon-Fri", "hours": "10:00-18:00"}],
                },
            },
        },
        "test",
    )
    allowed = staffing(resolve(both, PLUGINS), "test")
    assert allowed.fixed == (20.0 * 400, 400.0)
    assert allowed.cost((0, 0, 0, 0)) == 8000.0
    assert set(allowed.staffed((0, 1, 0, 0)).team) == {"shenzhen", "berlin"}


def files_of_default() -> Any:
    from aftersale_simulator.scenario.document import default_scenario

    return default_scenario()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"berlin": {"most": 2, "pattern": {"week": {"days": "Mon-Fri", "hours": "09:00-18:00"}}}}, "no such team"),
        ({"shenzhen": {"most": 2, "pattern": {}}}, "allow at least one"),
        ({"shenzhen": {"most": 0, "pattern": {"w": {"days": "Mon", "hours": "09:00-18:00"}}}}, "most"),
        ({"shenzhen": {"most": 2, "pattern": {"w": {"days": "Mon", "hours": "09:00-18:00", "agents": 2}}}}, "agents"),
    ],
)
def test_a_staffing_that_makes_no_sense_is_refused(change: dict[str, Any], said: str) -> None:
    raw = tomli.loads(Path(str(files_of_default())).read_text(encoding="utf-8"))
    with pytest.raises(DocumentError, match=said):
        parse_scenario({**raw, "staffing": change}, "test")


def test_too_many_rosters_are_refused_with_a_way_out() -> None:
    patterns = {f"p{n}": {"days": "Mon-Fri", "hours": "09:00-18:00"} for n in range(12)}
    raw = tomli.loads(Path(str(files_of_default())).read_text(encoding="utf-8"))
    scenario = parse_scenario({**raw, "staffing": {"shenzhen": {"most": 20, "pattern": patterns}}}, "test")
    with pytest.raises(DocumentError, match=r"225,792,839 rosters are allowed.*fewer patterns"):
        staffing(resolve(scenario, PLUGINS), "test")


def test_all_ways_to_spread_people_are_there_once() -> None:
    allowed = staffing(RESOLVED, "test")
    everything = {roster for roster in product(range(7), repeat=4) if 0 < sum(roster) <= 6}
    assert set(allowed.rosters()) == everything


def test_a_search_that_is_stopped_tells_the_rosters_that_it_tried() -> None:
    today = int(RESOLVED.scenario.replications)
    left = 6 + today

    def run(jobs: Sequence[tuple[Scenario, int]]) -> Sequence[Result]:
        nonlocal left
        results = list(faked(lambda roster, _: sum(roster) >= 3)(jobs))
        if len(jobs) > left:
            raise Stopped([[*results[:left], *[None] * (len(jobs) - left)]])
        left -= len(jobs)
        return results

    stopped = cheapest(RESOLVED, run, "test", keep_partial=True)
    assert (stopped.replications, stopped.stopped, stopped.complete, stopped.check) == (6 + today, True, False, None)
    document = record.record(stopped)
    assert (document["partial"], document["roster"], document["cost"], document["runs"]) == (True, [], None, 6 + today)
    (three,) = [candidate for candidate in stopped.frontier if candidate.kept]
    assert document["answer"] == (
        "Partial, stopped before the end: no roster is the answer yet. The cheapest that missed nothing so far is "
        f"{record.roster_text(stopped, three.roster)}, in {three.kept} replications; it was not checked on fresh ones."
    )
    assert document["warnings"][0].startswith("this is partial, as it was stopped before the end: ")
    left = 0
    with pytest.raises(KeyboardInterrupt):
        cheapest(RESOLVED, run, "test", keep_partial=True)
