"""Days off: which days a team's calendar takes or adds, and what is said of them."""

from datetime import date
from typing import Any

from aftersale_simulator.resolved.days_off import remarks, team_days
from aftersale_simulator.scenario.document import parse_scenario
from aftersale_simulator.scenario.model import Scenario

OFFICE = {"days": "Mon-Fri", "hours": "09:00-17:00"}


def scenario(start: date = date(2026, 2, 9), shifts: Any = (OFFICE,), **own: Any) -> Scenario:
    return parse_scenario(
        {
            "name": "shop",
            "currency": "EUR",
            "period": {"start": start, "measured": "14 d"},
            "marketplace": {"REF": {"orders_per_day": 5.0, "price": {"median": "25"}}},
            "team": {"desk": {"zone": "UTC", "agents": 1, "shifts": list(shifts), **own}},
            "handling": {"reply": {"mean": "5 min"}},
        },
        "shop.toml",
    )


def said(*scenarios: Scenario) -> list[tuple[str, str, str]]:
    return [(remark["kind"], remark["place"], remark["what"]) for remark in remarks(scenarios)]


def test_a_team_s_days_are_those_on_which_its_week_is_changed() -> None:
    (days,) = team_days(scenario(holidays="CN", closed=[date(2026, 2, 10), date(2026, 2, 21)]))
    assert (days["holidays"], days["worked"]) == ("CN", ["2026-02-14"])
    assert days["closed"] == [f"2026-02-{day}" for day in (10, 16, 17, 18, 19, 20)]
    assert days["source"].startswith("State Council")


def test_the_place_is_the_one_whose_days_hold() -> None:
    (days,) = team_days(scenario(date(2026, 8, 31), holidays="GB"))
    assert (days["holidays"], days["closed"]) == ("GB-ENG", ["2026-08-31"])
    assert days["source"].endswith("gov.uk/bank-holidays, England and Wales")
    assert [each["source"] for each in team_days(scenario(holidays="DE-BY"))] == [""]
    assert [(each["holidays"], each["source"]) for each in team_days(scenario())] == [("", "")]


def test_nation_wide_holidays_of_a_country_whose_parts_have_more_are_told() -> None:
    assert said(scenario(holidays="DE")) == [("nation_wide", "DE", "DE-BY")]
    assert said(scenario(holidays="CA")) == [("nation_wide", "CA", "CA-ON")]
    assert said(scenario(holidays="DE-BY"), scenario(holidays="GB"), scenario(holidays="SE"), scenario()) == []


def test_days_that_nobody_compared_are_told_once() -> None:
    assert said(scenario(holidays="PH"), scenario(holidays="PH")) == [("unchecked", "PH", "")]
    assert said(scenario(date(2026, 12, 24), holidays="CN")) == []


def test_own_days_that_change_nothing_in_any_of_the_scenarios_are_told() -> None:
    own = {"closed": [date(2026, 2, 14), date(2026, 12, 24)], "worked": [date(2026, 2, 10)]}
    assert said(scenario(**own)) == [("idle", "", "2026-02-10, 2026-02-14, 2026-12-24")]
    six = {**OFFICE, "days": "Mon-Sat"}
    assert said(scenario(**own), scenario(shifts=[six], **own)) == [("idle", "", "2026-02-10, 2026-12-24")]
    assert said(scenario(holidays="CN", closed=[date(2026, 2, 14)])) == []
    assert said(scenario(holidays="CN", worked=[date(2026, 2, 14)])) == [("idle", "", "2026-02-14")]


def test_the_evening_before_matters_to_those_who_work_nights() -> None:
    night = {"days": "Mon-Sun", "hours": "22:00-06:00"}
    own = {"closed": [date(2026, 2, 7), date(2026, 2, 8)]}
    assert said(scenario(shifts=[night], **own)) == [("idle", "", "2026-02-07")]
    assert said(scenario(shifts=[{**OFFICE, "days": "Mon-Sun"}], **own)) == [("idle", "", "2026-02-07, 2026-02-08")]


def test_a_shift_that_is_not_worked_then_has_no_days() -> None:
    later = {**OFFICE, "since": date(2026, 2, 18)}
    (days,) = team_days(scenario(shifts=[later], holidays="CN"))
    assert (days["closed"], days["worked"]) == (["2026-02-18", "2026-02-19", "2026-02-20"], [])
