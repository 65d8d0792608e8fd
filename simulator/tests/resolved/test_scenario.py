"""The resolved scenario: what a scenario means with the installed plugins, worked out once."""

from datetime import date
from itertools import pairwise
from typing import Any

import pytest

from aftersale.base.errors import DocumentError, UnknownMarketplace
from aftersale.clocks import DAY, HOUR, instant
from aftersale.orders import Order
from aftersale.plugins.plugins import Plugins, load_plugins
from aftersale.testing import reference
from aftersale_simulator.desk.shifts import labour_cost
from aftersale_simulator.resolved import scenario as resolved_scenario
from aftersale_simulator.resolved.explain import versions
from aftersale_simulator.resolved.scenario import ResolvedScenario, resolve
from aftersale_simulator.runs import job
from aftersale_simulator.runs.job import JobContext
from aftersale_simulator.scenario.document import parse_scenario
from aftersale_simulator.scenario.model import Scenario
from aftersale_simulator.scenario.vocabulary import vocabulary

START = date(2026, 3, 2)
RAW: dict[str, Any] = {
    "name": "shop",
    "currency": "EUR",
    "period": {"start": START, "measured": "14 d", "warm_up": "7 d"},
    "marketplace": {
        "REF": {"orders_per_day": 5.0, "price": {"median": "25"}},
        "ALT": {"orders_per_day": 5.0, "price": {"median": "25000"}},
    },
    "team": {
        "desk": {
            "zone": "Atlantic/Reykjavik",
            "agents": 2,
            "shifts": [
                {"days": "Mon-Fri", "hours": "09:00-17:00"},
                {"days": "Sat", "hours": "10:00-12:00", "agents": 1},
            ],
        }
    },
    "handling": {"reply": {"mean": "5 min"}},
}


@pytest.fixture(scope="module")
def plugins() -> Plugins:
    return load_plugins((), {"reference": reference})


def scenario(**changes: Any) -> Scenario:
    return parse_scenario({**RAW, **changes}, "shop.toml")


def test_its_days_end_at_the_last_midnight_of_its_marketplaces(plugins: Plugins) -> None:
    resolved = resolve(scenario(), plugins)
    assert resolved.zones == ["Atlantic/Reykjavik", "America/Santiago"]
    # Santiago is three hours behind Reykjavik in March 2026.
    assert resolved.measured == (instant("2026-03-02T03:00:00Z"), instant("2026-03-16T03:00:00Z"))
    assert (resolved.horizon.first, resolved.horizon.last) == (date(2026, 2, 23), date(2026, 3, 15))


def test_each_shift_has_its_own_windows_and_a_team_has_those_of_all(plugins: Plugins) -> None:
    resolved = resolve(scenario(), plugins)
    weekdays, saturdays = resolved.windows_by_shift["desk"]
    assert {window.agents for window in weekdays} == {2}
    assert {(window.end - window.start, window.agents) for window in saturdays} == {(DAY // 12, 1)}
    assert resolved.windows("desk") == sorted((*weekdays, *saturdays))


def test_an_event_changes_the_world_of_its_marketplace_while_it_lasts(plugins: Plugins) -> None:
    event = {"name": "strike", "start": START, "lasts": "2 d", "marketplaces": ["REF"], "world": {"lost_rate": 0.5}}
    worlds = resolve(scenario(event=[event]), plugins).worlds
    at = instant("2026-03-02T12:00:00Z")
    order = Order("O-1", "REF", at, "MFN", 2500, "EUR", "general")
    assert worlds["REF"].on("lost_rate", order, at) == 0.5
    assert worlds["REF"].on("lost_rate", order, at + 3 * DAY) == worlds["REF"]["lost_rate"] < 0.5
    assert worlds["ALT"].on("lost_rate", order, at) == worlds["ALT"]["lost_rate"]


def test_what_plugins_tell_to_be_wrong_is_refused_under_the_name_that_is_given(plugins: Plugins) -> None:
    unknown = {"SHOP": RAW["marketplace"]["REF"]}
    with pytest.raises(DocumentError, match=r"variant 'more': marketplace\.SHOP"):
        resolve(scenario(marketplace=unknown), plugins, checked_as="variant 'more'")
    with pytest.raises(UnknownMarketplace):
        resolve(scenario(marketplace=unknown), plugins)


def test_a_worker_resolves_a_scenario_once_for_replications_in_a_row(
    plugins: Plugins, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Scenario] = []

    def counted(made: Scenario, plugins: Plugins) -> Any:
        asked.append(made)
        return resolved_scenario.resolve(made, plugins)

    monkeypatch.setattr(job, "resolve", counted)
    context, first, second = JobContext(plugins), scenario(), scenario(name="other")
    results = [context.work((made, number)) for made in (first, second) for number in (1, 2)]
    assert asked == [first, second]
    assert results[0] == JobContext(plugins).work((first, 1))


# --- versions of rules ---


def versioned(*names: str, **more: Any) -> Scenario:
    return parse_scenario(
        {**RAW, "rule_versions": list(names), **more},
        "shop.toml",
        vocabulary(load_plugins((), {"reference": reference})),
    )


def appeals(resolved: ResolvedScenario) -> list[int | None]:
    terms = resolved.policies["REF"].at(resolved.horizon.measured(resolved.zones)[0])
    return [rule.amount for rule in terms.rulebook.rules("appeal")]


def test_a_version_is_taken_by_the_scenario_that_names_it_and_stays_beside_what_events_change(plugins: Plugins) -> None:
    assert appeals(resolve(versioned(), plugins)) == [30]
    assert appeals(resolve(versioned("longer_appeal"), plugins)) == [60]
    event = {"name": "x", "after": "0 d", "lasts": "5 d", "rules": {"refund_after_receipt": 9}}
    resolved = resolve(versioned("longer_appeal", event=[event]), plugins)
    terms = resolved.policies["REF"].at(resolved.horizon.measured(resolved.zones)[0])
    assert (appeals(resolved), [rule.amount for rule in terms.rulebook.rules("refund_after_receipt")]) == ([60], [9])


def test_what_a_version_takes_the_place_of_is_explained(plugins: Plugins) -> None:
    assert list(versions(resolve(versioned("longer_appeal"), plugins))) == [
        {
            "version": "longer_appeal",
            "marketplace": "REF",
            "rule": "appeal",
            "demand": "60 calendar_days",
            "instead_of": ["30 calendar_days …–…"],
            "source": "made up",
            "grade": "assumed",
        }
    ]
    assert list(versions(resolve(versioned(), plugins))) == []


def test_a_version_that_no_rule_has_is_refused_with_its_place_and_those_that_there_are() -> None:
    with pytest.raises(DocumentError) as caught:
        versioned("longer_apeal")
    hint = "did you mean 'longer_appeal'? known: longer_appeal"
    assert str(caught.value) == f"shop.toml: rule_versions[0]: no rule has a version 'longer_apeal' ({hint})"


def test_what_rosters_come_to_is_summed_window_by_window(plugins: Plugins) -> None:
    resolved = resolve(scenario(), plugins)
    paid, (since, until) = resolved.paid_time, resolved.measured
    inside = [
        max(0, min(window.end, until) - max(window.start, since)) * window.agents for window in resolved.windows("desk")
    ]
    assert paid.hours == sum(inside) / HOUR > 0
    (team,) = resolved.scenario.team.values()
    assert paid.cost == labour_cost(team, resolved.windows("desk"), since, until, "EUR").amount
    bounds = resolved.horizon.local_days(resolved.zones[0]).bounds.tolist()
    by_day = [
        sum(
            max(0, min(window.end, end) - max(window.start, begin)) * window.agents
            for window in resolved.windows("desk")
        )
        / HOUR
        for begin, end in pairwise(bounds)
    ]
    assert paid.by_day == pytest.approx(by_day)


def test_two_runs_at_once_have_no_classes_of_orders_in_common(plugins: Plugins) -> None:
    resolved = resolve(scenario(), plugins)
    first, second = resolved.for_run(), resolved.for_run()
    assert first.classes is not second.classes
    resolved.give_back(first)
    assert resolved.for_run().classes is first.classes
    assert resolved.for_run().classes is not first.classes
