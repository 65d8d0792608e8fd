"""Events of a holiday stand on the calendar's own days, for teams that take it, or else are moved or refused."""

from datetime import date
from typing import Any

import pytest

from aftersale.base.errors import DocumentError
from aftersale_simulator.scenario.document import parse_scenario
from aftersale_simulator.scenario.events import Event
from aftersale_simulator.scenario.model import Scenario

FESTIVAL = {"name": "festival", "holiday": "CN Spring Festival", "absent": 1.0}
OFFICE = {"days": "Mon-Sun", "hours": "09:00-17:00"}


def scenario(start: date, *events: dict[str, Any], days: int = 42, **teams: str | None) -> Scenario:
    team = {
        name: {"zone": "UTC", "agents": 1, "shifts": [OFFICE], **({"holidays": place} if place else {})}
        for name, place in (teams or {"shenzhen": "CN", "manila": "PH"}).items()
    }
    return parse_scenario(
        {
            "name": "shop",
            "currency": "EUR",
            "period": {"start": start, "measured": f"{days} d", "warm_up": "30 d"},
            "marketplace": {"REF": {"orders_per_day": 5.0, "price": {"median": "25"}}},
            "team": team,
            "handling": {"reply": {"mean": "5 min"}},
            "event": list(events),
        },
        "shop.toml",
    )


def stands(scenario: Scenario) -> list[tuple[str, str, str, tuple[str, ...]]]:
    def span(event: Event) -> tuple[str, str]:
        first, after_last = event.days(scenario.period.start)
        return str(first), str(after_last)

    return [(event.name, *span(event), event.teams) for event in scenario.event]


@pytest.mark.parametrize(
    ("year", "first", "after_last"),
    [(2026, "2026-02-15", "2026-02-24"), (2027, "2027-02-05", "2027-02-11"), (2031, "2031-01-22", "2031-01-28")],
)
def test_it_stands_on_the_days_off_of_its_year_and_befalls_the_teams_that_take_them(
    year: int, first: str, after_last: str
) -> None:
    assert stands(scenario(date(year, 1, 18), FESTIVAL)) == [("festival", first, after_last, ("shenzhen",))]


def test_it_may_begin_before_or_after_the_days_off() -> None:
    before = {**FESTIVAL, "name": "before", "before": "3 d", "lasts": "2 d"}
    after = {**FESTIVAL, "name": "after", "after": "1 d", "lasts": "5 d"}
    assert stands(scenario(date(2027, 1, 18), before, after)) == [
        ("before", "2027-02-02", "2027-02-04", ("shenzhen",)),
        ("after", "2027-02-12", "2027-02-17", ("shenzhen",)),
    ]


def test_it_happens_as_often_as_the_measured_days_have_it() -> None:
    found = stands(scenario(date(2026, 1, 1), FESTIVAL, days=500))
    assert [first for _, first, _, _ in found] == ["2026-02-15", "2027-02-05"]


def test_a_period_without_it_refuses_it_or_moves_it() -> None:
    with pytest.raises(DocumentError) as caught:
        scenario(date(2026, 3, 2), FESTIVAL)
    assert str(caught.value) == (
        "shop.toml: event[0].holiday: the measured days from 2026-03-02 to 2026-04-12 have no CN Spring Festival "
        "(measure days from 2027-02-05 to 2027-02-10; or say otherwise = '14 d' to put it elsewhere)"
    )
    moved = scenario(date(2026, 3, 2), {**FESTIVAL, "otherwise": "14 d"})
    assert stands(moved) == [("festival", "2026-03-16", "2026-03-25", ("shenzhen",))]


def test_nobody_is_away_where_no_team_takes_it_and_orders_change_all_the_same() -> None:
    (event,) = scenario(date(2027, 1, 18), {**FESTIVAL, "orders": 0.5}, manila="PH", berlin=None).event
    assert (event.absent, event.teams, event.orders) == (0, (), 0.5)


def test_a_part_of_a_country_keeps_its_own() -> None:
    saint = {**FESTIVAL, "holiday": "GB-SCT Saint Andrew"}
    found = stands(scenario(date(2026, 11, 1), saint, london="GB", glasgow="GB-SCT"))
    assert found == [("festival", "2026-11-28", "2026-12-01", ("glasgow",))]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"holiday": "CN Sprung Festival"}, r"event\[0\].holiday: 'CN' has no holiday 'Sprung Festival'"),
        ({"holiday": "China Spring Festival"}, r"event\[0\].holiday: no holidays are known for 'China'"),
        ({"lasts": "3 d"}, "lasts goes with before or after"),
        ({"before": "3 d"}, "lasts goes with before or after"),
        ({"start": date(2027, 2, 5)}, "and no start"),
        ({"before": "3 d", "after": "3 d", "lasts": "3 d"}, "or neither"),
        ({"otherwise": "36 h"}, "whole days"),
    ],
)
def test_a_holiday_that_makes_no_sense_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(DocumentError, match=said):
        scenario(date(2027, 1, 18), {**FESTIVAL, **given})


def test_before_and_otherwise_go_with_a_holiday() -> None:
    with pytest.raises(DocumentError, match="before and otherwise go with a holiday"):
        scenario(date(2027, 1, 18), {"name": "it", "after": "3 d", "lasts": "3 d", "otherwise": "14 d"})
