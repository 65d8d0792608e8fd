"""Crews: who is there, how fast they are, what they can do, and what they do when their shift ends."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from aftersale.base.errors import DocumentError
from aftersale.clocks import DAY, HOUR
from aftersale.plugins.plugins import Plugins, load_plugins
from aftersale_simulator.desk.crews import CrewPlan, Pace, crews
from aftersale_simulator.desk.shifts import windows_by_shift
from aftersale_simulator.resolved.scenario import resolve
from aftersale_simulator.runs.results import Result
from aftersale_simulator.runs.run import run as run_once
from aftersale_simulator.scenario.document import parse_scenario
from aftersale_simulator.scenario.model import Scenario
from aftersale_simulator.scenario.vocabulary import task_kinds
from aftersale_simulator.world.checks import check_marketplaces
from aftersale_simulator.world.random_streams import Streams
from aftersale_simulator.world.world import World

ALL_DAY = {"days": "Mon-Sun", "hours": "00:00-24:00"}
QUIET = {
    "message_rate": 1.0,
    "message_delay_days": 0.0,
    "late_delivery_rate": 0.0,
    "lost_rate": 0.0,
    "late_dispatch_rate": 0.0,
    "seller_cancel_rate": 0.0,
    "denied_rate": 0.0,
    "follow_up_rate": 0.0,
    "return_rate": 0.0,
    "claim_rate_answered": 0.0,
    "claim_rate_silence": 0.0,
    "reminder_rate": 0.0,
    "negative_feedback_rate": 0.0,
    "negative_feedback_rate_unheard": 0.0,
    "chargeback_rate": 0.0,
}


@pytest.fixture(scope="module")
def plugins() -> Plugins:
    from aftersale.testing import reference

    return load_plugins((), {"reference": reference})


def scenario(team: dict[str, Any], mean: str = "10 min", **changes: Any) -> Scenario:
    usual = {
        "name": "crews",
        "currency": "EUR",
        "period": {"start": date(2026, 3, 2), "measured": "28 d", "warm_up": "7 d"},
        "marketplace": {"REF": {"orders_per_day": 20.0, "price": {"median": "25"}, "dispersion": 1.0}},
        "team": {"desk": {"zone": "Atlantic/Reykjavik", "agents": 4, "cost_per_hour": "10", **team}},
        "handling": {"reply": {"mean": mean, "shape": "fixed"}},
        "world": dict(QUIET),
    }
    return parse_scenario({**usual, **changes}, "test")


def planned(made: Scenario) -> list[CrewPlan]:
    shifts = {str(name): windows_by_shift(team, made.horizon) for name, team in made.team.items()}
    return crews(made, shifts, World(made.world), Streams(1, 1))


@pytest.fixture
def run(plugins: Plugins) -> Callable[..., Result]:
    return lambda *given, **changes: run_once(resolve(scenario(*given, **changes), plugins), 1)


def hours(result: Result) -> float:
    return round(result.busy_hours, 6)


def test_people_are_absent_as_often_as_told_and_those_who_are_there_come_in_any_variant() -> None:
    here = {
        absence: planned(scenario({"agents": 50, "shifts": [ALL_DAY], "absence": absence}))[0].windows
        for absence in (0.0, 0.1, 0.3)
    }
    assert {window.agents for window in here[0.0]} == {50}
    mean = {absence: sum(window.agents for window in windows) / len(windows) for absence, windows in here.items()}
    assert mean[0.1] == pytest.approx(45, abs=1)
    assert mean[0.3] == pytest.approx(35, abs=1.5)
    assert all(some.agents <= more.agents for some, more in zip(here[0.3], here[0.1], strict=True))


def test_leave_takes_people_away_on_its_days_and_a_shift_ends_when_it_is_said_to() -> None:
    leave = [{"start": date(2026, 3, 3), "until": date(2026, 3, 4), "agents": 3}]
    shift = {**ALL_DAY, "leave": leave, "since": date(2026, 3, 2), "until": date(2026, 3, 5)}
    (crew,) = planned(scenario({"shifts": [shift]}))
    assert [window.agents for window in crew.windows] == [4, 1, 1, 4]


def test_somebody_new_gets_faster_day_by_day() -> None:
    pace = Pace(usual=1.5, hired=100 * DAY, newcomer=2.0, learning=10 * DAY)
    assert [pace.at(day * DAY) for day in (100, 105, 110, 200)] == [3.0, 2.25, 1.5, 1.5]
    assert not pace.is_usual
    assert Pace().is_usual


def test_a_shift_of_newcomers_takes_longer_than_one_of_old_hands(run: Callable[..., Result]) -> None:
    old = run({"shifts": [ALL_DAY]})
    new = run({"shifts": [{**ALL_DAY, "hired": date(2026, 3, 2)}]}, world={**QUIET, "new_hire_days": 28.0})
    assert 1.3 < hours(new) / hours(old) < 1.7


@pytest.mark.parametrize(
    ("team", "handling", "factor"),
    [
        ({"other_work": 0.5}, {}, 2.0),
        ({"shifts": [{**ALL_DAY, "pace": 3.0}]}, {}, 3.0),
        ({}, {"language": {"is": 2.0}}, 1.0),
        ({}, {"language": {"en": 2.0}}, 2.0),
        ({}, {"automatic": 1.0}, 0.0),
    ],
)
def test_what_makes_work_longer_or_shorter_does_so_exactly(
    run: Callable[..., Result], team: dict[str, Any], handling: dict[str, Any], factor: float
) -> None:
    usual = run({"shifts": [ALL_DAY]})
    other = run({"shifts": [ALL_DAY], **team}, handling={"reply": {"mean": "10 min", "shape": "fixed", **handling}})
    assert hours(other) == pytest.approx(factor * hours(usual), rel=0.02)
    assert other.counts["tasks"] == (usual.counts["tasks"] if factor else 0)


def test_what_a_machine_does_is_done_at_once(run: Callable[..., Result]) -> None:
    result = run({"shifts": [ALL_DAY]}, handling={"reply": {"mean": "10 min", "automatic": 1.0}})
    assert result.metrics["mean_first_reply_hours"] == 0.0
    assert result.metrics["late_reply_rate"] == 0.0


def test_a_task_that_is_put_down_is_taken_up_again_and_takes_as_long_in_all(run: Callable[..., Result]) -> None:
    shift = {"days": "Mon-Sun", "hours": "09:00-13:00"}
    by_night = {"hourly": [1.0] * 8 + [0.0] * 16, "orders_per_day": 20.0, "price": {"median": "25"}}
    finished = run({"agents": 80, "shifts": [shift]}, "6 h", marketplace={"REF": by_night})
    put_down = run({"agents": 80, "shifts": [shift], "finishes": False}, "6 h", marketplace={"REF": by_night})
    first, second = finished.metrics["mean_first_reply_hours"], put_down.metrics["mean_first_reply_hours"]
    assert first is not None
    assert second is not None
    # Six hours of work begun within a shift of four are finished on the next day, twenty hours of pause later; those
    # of the last day have waited for less when the period ends.
    assert second - first == pytest.approx(20, abs=0.4)
    assert hours(put_down) == pytest.approx(hours(finished), rel=0.05)


def test_overtime_is_worked_for_what_is_due_before_the_next_shift_and_is_paid_for(run: Callable[..., Result]) -> None:
    shift = {"days": "Mon-Sun", "hours": "09:00-13:00"}
    without = run({"agents": 1, "shifts": [shift]}, "14 min")
    some = run({"agents": 1, "shifts": [shift], "overtime": "4 h"}, "14 min")
    assert some.metrics["late_reply_rate"] is not None
    assert some.metrics["late_reply_rate"] < (without.metrics["late_reply_rate"] or 0) / 2
    more = (some.metrics["labour_cost"] or 0) - (without.metrics["labour_cost"] or 0)
    assert more > 0
    dearer = run({"agents": 1, "shifts": [shift], "overtime": "4 h"}, "14 min", world={**QUIET, "overtime_pay": 3.0})
    assert (dearer.metrics["labour_cost"] or 0) - (without.metrics["labour_cost"] or 0) == pytest.approx(2 * more)


def test_nobody_stays_when_nothing_is_due_before_the_next_shift(run: Callable[..., Result]) -> None:
    without = run({"agents": 40, "shifts": [ALL_DAY]})
    assert run({"agents": 40, "shifts": [ALL_DAY], "overtime": "4 h"}) == without


def test_each_does_what_they_can_do() -> None:
    tasks = ("reply", "refund")
    shifts = [{**ALL_DAY, "tasks": list(tasks)}, ALL_DAY]
    some, everything = planned(scenario({"shifts": shifts}))
    assert [some.works_on("REF", task, "en") for task in ("reply", "refund", "appeal")] == [True, True, False]
    assert everything.works_on("REF", "appeal", "en")


def test_people_without_the_skill_leave_the_task_to_those_who_have_it(run: Callable[..., Result]) -> None:
    others = {**ALL_DAY, "tasks": ["refund", "submit_evidence"], "agents": 10}
    alone = run({"shifts": [{**ALL_DAY, "agents": 1}]}, "40 min")
    beside = run({"shifts": [{**ALL_DAY, "agents": 1}, others]}, "40 min")
    assert beside.metrics["mean_first_reply_hours"] == alone.metrics["mean_first_reply_hours"]


def test_each_works_where_they_speak_the_language() -> None:
    shifts = [{**ALL_DAY, "languages": ["ja", "de"]}, ALL_DAY]
    some, everywhere = planned(scenario({"shifts": shifts}))
    assert [some.works_on("REF", "reply", language) for language in ("ja", "de", "en")] == [True, True, False]
    assert everywhere.works_on("REF", "reply", "en")


def test_people_without_the_language_leave_the_marketplace_to_those_who_have_it(run: Callable[..., Result]) -> None:
    others = {**ALL_DAY, "languages": ["ja"], "agents": 10}
    alone = run({"shifts": [{**ALL_DAY, "agents": 1}]}, "40 min")
    beside = run({"shifts": [{**ALL_DAY, "agents": 1}, others]}, "40 min")
    assert beside.metrics["mean_first_reply_hours"] == alone.metrics["mean_first_reply_hours"]


def test_a_marketplace_with_which_nobody_speaks_is_refused(plugins: Plugins) -> None:
    japanese = {**ALL_DAY, "languages": ["ja"], "tasks": ["reply"]}
    others = {**ALL_DAY, "tasks": [task for task in task_kinds(plugins.workflow) if task != "reply"]}
    with pytest.raises(DocumentError) as caught:
        check_marketplaces(scenario({"shifts": [japanese, others]}), plugins, "s.toml")
    assert str(caught.value) == (
        "s.toml: marketplace.REF: nobody speaks 'en' who does: reply "
        "(add it to the languages of a shift, or leave languages out)"
    )


def test_a_task_that_nobody_does_is_refused_with_its_name() -> None:
    with pytest.raises(DocumentError, match=r"marketplace\.REF: nobody does: .*appeal"):
        scenario({"shifts": [{**ALL_DAY, "tasks": ["reply"]}]})
    with pytest.raises(DocumentError, match=r"unknown kind of task 'repyl' \(did you mean 'reply'"):
        scenario({"shifts": [{**ALL_DAY, "tasks": ["repyl"]}]})


def test_the_oldest_first_leaves_what_is_urgent_behind(run: Callable[..., Result]) -> None:
    world = {**QUIET, "return_rate": 0.5, "return_lag_days": 1.0, "return_lag_sigma": 0.0, "claim_rate_declined": 0.0}
    handling = {task: {"mean": "70 min", "shape": "fixed"} for task in ("reply", "decide_return")}
    team = {"agents": 4, "shifts": [{"days": "Mon-Fri", "hours": "08:00-20:00"}]}
    by_deadline = run(team, world=world, handling=handling)
    by_age = run(team, world=world, handling=handling, work_order="arrival")
    assert (by_deadline.metrics["late_reply_rate"] or 0) < (by_age.metrics["late_reply_rate"] or 0)
    assert by_age.timeline is not None
    assert max(by_age.timeline.backlog) > 0


def test_work_by_risk_takes_claims_first(run: Callable[..., Result]) -> None:
    world = {**QUIET, "claim_rate_answered": 0.3, "information_request_rate": 1.0, "risk_head_start_hours": 240.0}
    handling = {task: {"mean": "1 h", "shape": "fixed"} for task in ("reply", "submit_evidence")}
    team = {"agents": 3, "shifts": [{"days": "Mon-Fri", "hours": "08:00-18:00"}]}
    usual = run(team, world=world, handling=handling)
    by_risk = run(team, world=world, handling=handling, work_order="risk")
    missed = [result.missed["REF"]["information_request"][0] for result in (usual, by_risk)]
    assert missed[1] < missed[0]


def test_an_hour_is_an_hour(run: Callable[..., Result]) -> None:
    result = run({"shifts": [ALL_DAY]})
    assert result.timeline is not None
    assert sum(result.timeline.paid[7:]) == 4 * 24 * 28
    assert sum(result.timeline.busy[7:]) == pytest.approx(hours(result), abs=1)
    assert HOUR * 24 == DAY
