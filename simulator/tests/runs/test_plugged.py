"""The world of a marketplace whose plugin brings its own cases, metrics and numbers."""

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from aftersale.base.errors import DocumentError
from aftersale.plugins.plugins import Plugins, load_plugins
from aftersale.policies.worlds import load_world
from aftersale.testing import hostile, plugin, reference
from aftersale_simulator.resolved.scenario import resolve
from aftersale_simulator.runs.job import JobContext
from aftersale_simulator.runs.pool import SerialPool, run_variants
from aftersale_simulator.runs.results import METRICS
from aftersale_simulator.runs.run import run
from aftersale_simulator.scenario.document import ScenarioFile, parse_scenario
from aftersale_simulator.scenario.model import Scenario
from aftersale_simulator.scenario.vocabulary import vocabulary
from aftersale_simulator.whatif import table
from aftersale_simulator.whatif.comparison import compare_variants
from aftersale_simulator.whatif.record import record
from aftersale_simulator.whatif.variants import plan
from aftersale_simulator.world.checks import check_marketplaces
from aftersale_simulator.world.world import World

DESK = "Ørsted 24/7"
SHIFT = {"days": "Mon-Sun", "hours": "00:00-24:00"}
RAW: dict[str, Any] = {
    "name": "A help desk",
    "currency": "EUR",
    "period": {"start": date(2026, 3, 2), "measured": "56 d", "warm_up": "28 d"},
    "marketplace": {DESK: {"orders_per_day": 40.0, "price": {"median": "25"}}},
    "team": {"desk": {"zone": "Asia/Shanghai", "agents": 2, "shifts": [SHIFT]}},
    "handling": {"answer_ticket": {"mean": "10 min"}},
    "replications": 2,
}


@pytest.fixture(scope="module")
def plugins() -> Plugins:
    return load_plugins((), {"hostile": hostile, "reference": reference})


def scenario(plugins: Plugins, **changes: Any) -> Scenario:
    return parse_scenario({**RAW, **changes}, "desk.toml", vocabulary(plugins))


def test_its_cases_are_opened_answered_and_end_as_its_world_says(plugins: Plugins) -> None:
    # Its account would be closed for so many unsolved tickets.
    found = run(resolve(scenario(plugins, world={"suspension_days": 0.0}), plugins), 1)
    assert found.counts["cases"] > 0.1 * found.counts["orders"]
    assert (found.metrics["contacts"], found.metrics["claims"]) == (0, 0)
    # One answered ticket in ten is given up, and one in ten of those that are opened again.
    rate = found.metrics["unsolved_ticket_rate"]
    assert rate is not None
    assert rate == pytest.approx(0.1 / (1 - 0.9 * 0.3), rel=0.25)
    assert found.by_marketplace[DESK]["mean_first_response_hours"] == found.metrics["mean_first_response_hours"]
    assert found.targets["unsolved_ticket_rate"] is False


def test_a_scenario_sets_the_numbers_that_a_plugin_declares(plugins: Plugins) -> None:
    found = run(resolve(scenario(plugins, world={"ticket_rate": 0.0}), plugins), 1)
    assert found.counts["cases"] == 0
    with pytest.raises(DocumentError) as caught:
        scenario(plugins, world={"ticket_rate": 1.5, "ticket_raet": 0.1}, handling={"answer_tikcet": {"mean": "1 min"}})
    assert [str(problem) for problem in caught.value.problems] == [
        "desk.toml: handling.answer_tikcet: unknown kind of task (did you mean 'answer_ticket'?)",
        "desk.toml: world.ticket_raet: unknown parameter (did you mean 'ticket_rate'?)",
        "desk.toml: world.ticket_rate: 1.5 is out of range (share of orders: 0 to 1)",
    ]
    with pytest.raises(DocumentError, match=r"world\.ticket_rate: unknown parameter"):
        parse_scenario({**RAW, "world": {"ticket_rate": 0.1}}, "desk.toml")


def test_a_scenario_sets_targets_on_the_metrics_of_plugins(plugins: Plugins) -> None:
    targets = {"unsolved_ticket_rate": 0.9, "mean_first_response_hours": 1000, "late_reply_rate": 0.5}
    simulated = scenario(plugins, targets=targets)
    assert simulated.targets.limits == {"late_reply_rate": 0.5, **targets}
    found = run(resolve(simulated, plugins), 1)
    lines = {(line.target, line.limit): line.met for line in found.lines}
    assert lines[("unsolved_ticket_rate", 0.9)] is True
    assert lines[("mean_first_response_hours", 1000.0)] is True
    # The marketplace's own line holds in any case.
    assert [met for (name, limit), met in lines.items() if name == "unsolved_ticket_rate" and limit != 0.9] == [False]
    source = ScenarioFile.of("desk.toml", RAW, Path(), vocabulary(plugins))
    planned = plan(source, ["targets.unsolved_ticket_rate=0.1,0.2"])
    assert [variant.scenario.targets.metrics for variant in planned.variants] == [
        {"unsolved_ticket_rate": 0.1},
        {"unsolved_ticket_rate": 0.2},
    ]
    with pytest.raises(DocumentError) as caught:
        scenario(
            plugins, targets={"unsolved_ticket_rate": 1.5, "mean_first_response_hours": "4 h", "unsolved_tickets": 0.1}
        )
    assert [str(problem) for problem in caught.value.problems] == [
        "desk.toml: targets.mean_first_response_hours: expected a number of 0 or more, found '4 h'",
        "desk.toml: targets.unsolved_ticket_rate: expected a share from 0 to 1, found 1.5",
        "desk.toml: targets.unsolved_tickets: unknown key (did you mean 'unsolved_ticket_rate'?)",
    ]


def test_a_plugin_s_number_holds_on_its_own_marketplaces_only(plugins: Plugins) -> None:
    usual = World()["lost_rate"]
    found = {place: World({}, place, plugins.worlds)["lost_rate"] for place in (DESK, "kiribati", "REF")}
    assert found == {DESK: usual, "kiribati": 0.02, "REF": usual}
    assert World({"lost_rate": 0.5}, "kiribati", plugins.worlds)["lost_rate"] == 0.5


def test_beside_a_store_of_the_usual_kind_both_meet_their_own_buyers(plugins: Plugins) -> None:
    both = {DESK: RAW["marketplace"][DESK], "REF": {"orders_per_day": 100.0, "price": {"median": "25"}}}
    many = {"desk": {**RAW["team"]["desk"], "agents": 99}}
    together = run(resolve(scenario(plugins, marketplace=both, team=many), plugins), 1)
    alone = run(resolve(scenario(plugins, team=many), plugins), 1)
    # The period of both ends at the later of two midnights, so what is open then differs; both pay for the same hours.
    other = {"open_at_end", "cases_standing", "cost_labour", "cost_line_labour_idle"}
    kept = alone.by_marketplace[DESK].keys() - other
    assert {name: together.by_marketplace[DESK][name] for name in kept} == {
        name: alone.by_marketplace[DESK][name] for name in kept
    }
    assert "unsolved_ticket_rate" not in together.by_marketplace["REF"]
    contacts = together.by_marketplace["REF"]["contacts"]
    assert contacts is not None
    assert contacts > 100


def test_a_table_shows_the_metrics_that_plugins_add(
    plugins: Plugins, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = ScenarioFile.of("desk.toml", RAW, Path(), vocabulary(plugins))
    planned = plan(source, ["world.ticket_rate=0.1,0.2"])
    found = compare_variants(
        planned, lambda variants, times: run_variants(variants, times, SerialPool(JobContext(plugins)), lambda *_: None)
    )
    metrics = list(record(found)["variants"][0]["metrics"])
    assert metrics[len(METRICS) :][:3] == ["mean_first_response_hours", "unsolved_ticket_rate", "total_cost"]
    monkeypatch.setenv("COLUMNS", "120")
    table.show(found, record(found))
    # Its currency has no rate, so that labour stands in place of other money.
    headers = [line.split()[-5:] for line in capsys.readouterr().out.splitlines() if line.startswith("variant ")]
    assert headers[0] == ["labour", "mean", "unsolved", "difference,", "targets"]
    assert found.numbers.label("mean_first_response_hours") == "mean_first_response_hours, h"
    assert found.numbers.label("unsolved_ticket_rate") == "unsolved_ticket_rate, %"
    assert found.numbers.limit(0.005, "unsolved_ticket_rate") == "0.5 %"


def test_a_world_whose_tasks_nobody_ends_is_refused_before_it_runs() -> None:
    (world,) = load_world("aftersale.testing.hostile")
    made = {name: getattr(hostile, name) for name in vars(hostile) if name.startswith("aftersale_")}
    open_ended = plugin(**{**made, "aftersale_world": lambda: [evolve(world, answer=())]})
    plugins = load_plugins((), {"hostile": open_ended})
    with pytest.raises(DocumentError) as caught:
        check_marketplaces(scenario(plugins), plugins, "desk.toml")
    assert str(caught.value) == (
        f"desk.toml: marketplace.{DESK}: buyers there open cases of kind 'ticket', and no plugin says what its task "
        "'answer_ticket' becomes (its plugin adds to world.toml: [[answer]] task = 'answer_ticket', fact = …)"
    )


def test_each_marketplace_tells_which_deadline_it_missed_most(
    plugins: Plugins, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    both = {DESK: RAW["marketplace"][DESK], "REF": {"orders_per_day": 40.0, "price": {"median": "25"}}}
    weekdays = {"desk": {**RAW["team"]["desk"], "shifts": [{"days": "Mon-Fri", "hours": "09:00-17:00"}]}}
    raw = {**RAW, "marketplace": both, "team": weekdays}
    source = ScenarioFile.of("desk.toml", raw, Path(), vocabulary(plugins))
    found = compare_variants(
        plan(source),
        lambda variants, times: run_variants(variants, times, SerialPool(JobContext(plugins)), lambda *_: None),
    )
    (variant,) = found.variant_results
    results = [run(resolve(source.scenario, plugins), number) for number in (1, 2)]
    for place in both:
        late, counted = (sum(result.missed[place][NAMES[place]][i] for result in results) for i in (0, 1))
        assert variant.marketplaces[place].missed[NAMES[place]] == late / counted
        assert variant.marketplaces[place].most_missed() == NAMES[place]
    told = record(found)["variants"][0]["marketplaces"]
    assert told["REF"]["metrics"]["late_reply_rate"] == variant.marketplaces["REF"].metrics["late_reply_rate"].mean
    assert "unsolved_ticket_rate" not in told["REF"]["metrics"]
    monkeypatch.setenv("COLUMNS", "140")
    table.show(found, record(found), by_marketplace=True)
    shown = capsys.readouterr().out
    assert "'base' by marketplace" in shown
    assert {
        line.split()[0]: line.split()[-1] for line in shown.splitlines() if re.match("(REF|Ørsted 24/7) ", line)
    } == {
        "REF": NAMES["REF"],
        "Ørsted": NAMES[DESK],
    }


NAMES = {DESK: "first_response", "REF": "first_reply"}
