"""What is said of a period: in one line what is not known, and of events that do not stand or act as one thinks."""

from datetime import date
from types import ModuleType
from typing import Any

import pytest
from attrs import evolve

from aftersale.plugins.plugins import Plugins, load_plugins
from aftersale.policies.worlds import parse_world
from aftersale.testing import plugin, reference
from aftersale_simulator.resolved.period import period_report
from aftersale_simulator.resolved.scenario import resolve
from aftersale_simulator.scenario.document import parse_scenario
from aftersale_simulator.scenario.vocabulary import vocabulary
from aftersale_simulator.show.period import period_notes

ROLLED = {
    "name": "Open house",
    "marketplaces": ["REF"],
    "rule": "11-11",
    "days": 3,
    "source": "assumed",
    "grade": "assumed",
}
ONCE = {**ROLLED, "start": date(2026, 11, 11)}
del ONCE["rule"]
OFFICE = {"days": "Mon-Fri", "hours": "09:00-17:00"}
FESTIVAL = {"name": "festival", "holiday": "CN Spring Festival", "absent": 1.0}


def house(*sales: dict[str, Any]) -> Plugins:
    worlds = [parse_world({"sale": list(sales)}, "shop/world.toml")]
    told: ModuleType = plugin("house", aftersale_world=lambda: worlds)
    return load_plugins((), {"reference": reference, "house": told})


def notes(plugins: Plugins, start: date, *events: dict[str, Any], days: int = 28, **changes: Any) -> list[str]:
    raw = {
        "name": "shop",
        "currency": "EUR",
        "period": {"start": start, "measured": f"{days} d"},
        "marketplace": {"REF": {"orders_per_day": 5.0, "price": {"median": "25"}}},
        "team": {
            "shenzhen": {"zone": "UTC", "agents": 1, "holidays": "CN", "shifts": [OFFICE]},
            "manila": {"zone": "UTC", "agents": 1, "holidays": "PH", "shifts": [OFFICE]},
        },
        "handling": {"reply": {"mean": "5 min"}},
        "event": list(events),
        **changes,
    }
    return period_notes(period_report([resolve(parse_scenario(raw, "shop.toml", vocabulary(plugins)), plugins)]))


def test_one_line_says_what_is_not_known_of_a_period() -> None:
    assert notes(house(ROLLED), date(2027, 11, 1)) == [
        "not all of these days was known when this version was made: the days of sales are assumed by rule: Open house "
        "2027 (REF); holidays are calculated, without days that are moved (name these in closed and worked): CN 2027."
    ]
    assert notes(house(ROLLED), date(2026, 3, 2)) == []
    assert notes(house(ROLLED), date(2026, 11, 1), sale_events=False) == []


def test_sales_that_are_dated_once_are_not_known_after_their_years() -> None:
    assert notes(house(ONCE), date(2026, 12, 1)) == []
    (line,) = notes(house(ONCE), date(2027, 3, 1))
    assert "no sale of REF is known after 2026" in line


def test_rules_are_known_as_of_the_day_on_which_they_were_read() -> None:
    seen = date(2026, 3, 10)
    told = plugin(
        "reference",
        aftersale_marketplaces=lambda: [evolve(p, rules_seen=seen) for p in reference.aftersale_marketplaces()],
        aftersale_rules=reference.aftersale_rules,
    )
    plugins = load_plugins((), {"reference": told})
    read = "the rules of REF are those that were read by 2026-03-10, with what was announced until then"
    assert [read in line for line in notes(plugins, date(2026, 2, 12))] == [True]
    assert notes(plugins, date(2026, 2, 11)) == []


def test_a_holiday_that_is_moved_and_those_who_do_not_take_it_are_told() -> None:
    assert notes(house(), date(2026, 3, 2), {**FESTIVAL, "otherwise": "14 d"}) == [
        "'festival': the measured days have no CN Spring Festival; its days off, 2026-02-15 – 2026-02-23, are moved to "
        "2026-03-16.",
        "'festival': only teams that take the holidays of CN are away; not so manila.",
    ]


def test_an_event_that_takes_only_days_off_is_told_to_add_nothing() -> None:
    found = notes(house(), date(2026, 2, 2), FESTIVAL, {**FESTIVAL, "name": "after", "after": "0 d", "lasts": "2 d"})
    assert found[1:] == ["'festival' takes nobody away from shenzhen, who are off on these days anyway."]


def test_an_event_that_befalls_no_team_is_told() -> None:
    team = {"manila": {"zone": "UTC", "agents": 1, "shifts": [OFFICE]}}
    assert notes(house(), date(2026, 2, 2), FESTIVAL, team=team) == [
        "'festival': no team takes the holidays of CN, so nobody is away. Say holidays = \"CN\" in a team."
    ]


def test_an_event_without_a_simulated_day_is_told() -> None:
    late = {"name": "strike", "start": date(2026, 3, 30), "lasts": "2 d", "absent": 0.5}
    said = "'strike' has no day in the simulated ones: 2026-03-30 – 2026-03-31."
    assert notes(house(), date(2026, 3, 2), late) == [said]
    assert notes(house(), date(2026, 3, 2), {**late, "start": date(2026, 3, 29)}) == []


@pytest.mark.parametrize(
    ("start", "said"),
    [
        (
            date(2026, 11, 1),
            "'sale' stands on 2026-11-08 – 2026-11-10, where no 'open' falls on REF; the nearest is Open house 2026 "
            "2026-11-11 – 2026-11-13.",
        ),
        (
            date(2026, 11, 5),
            "'sale' stands on 2026-11-12 – 2026-11-14, on top of Open house 2026 in REF: both act. Leave one of them "
            "out, as with sale_events = false.",
        ),
    ],
)
def test_a_stress_of_a_sale_says_where_no_such_sale_falls_and_where_one_does_already(start: date, said: str) -> None:
    event = {"name": "sale", "after": "7 d", "lasts": "3 d", "sale": "open", "orders": 2.0}
    assert notes(house(ROLLED), start, event)[1:] == [said]


def test_a_stress_of_a_sale_takes_the_place_of_one_that_is_left_out() -> None:
    event = {"name": "sale", "start": date(2026, 11, 11), "lasts": "3 d", "sale": "Open House", "orders": 2.0}
    assert notes(house(ROLLED), date(2026, 11, 1), event, sale_events=False) == []
