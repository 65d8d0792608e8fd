"""What-if: which variants are compared, which one is the answer, and how all of it is shown."""

import inspect
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import tomli
from attrs import evolve
from click.testing import CliRunner, Result as Ended
from hypothesis import given, strategies as st

from aftersale.base.errors import DocumentError
from aftersale.cli import cli
from aftersale.documents.scalars import PositiveCount
from aftersale.plugins.plugins import load_plugins
from aftersale.testing.factories import stores
from aftersale_simulator.desk.suspensions import ClosureLine
from aftersale_simulator.runs import pool
from aftersale_simulator.runs.failures import Stopped
from aftersale_simulator.runs.results import UNITS, LineVerdict, Result
from aftersale_simulator.runs.statistics import Estimate
from aftersale_simulator.scenario.document import ScenarioFile, load_scenario
from aftersale_simulator.scenario.model import Scenario
from aftersale_simulator.whatif import table
from aftersale_simulator.whatif.answer import answer, warnings
from aftersale_simulator.whatif.comparison import Comparison, compare_variants
from aftersale_simulator.whatif.record import as_csv, as_json, record
from aftersale_simulator.whatif.variants import Plan, plan, reproduced

# Newer releases of click keep stderr apart by themselves.
APART = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}
RUNNER = CliRunner(**APART)
SHIPPED = load_scenario()
# Ten replications make shares easy to read.
DEFAULT = evolve(
    SHIPPED,
    raw={**SHIPPED.raw, "replications": 10},
    scenario=evolve(SHIPPED.scenario, replications=PositiveCount(10)),
)
ZONES = {"US": "America/Los_Angeles", "DE": "Europe/Berlin", "JP": "Asia/Tokyo"}
Late = Callable[[Scenario, int], float]


def result(scenario: Scenario, replication: int, late: float) -> Result:
    """Return what a run would that had this share of late replies; each agent costs a thousand.

    Beside labour after-sales costs five hundred, and 20,000 are left before it.
    """
    limit, labour = scenario.targets.late_reply_rate, 1000.0 * agents(scenario)
    metrics = dict.fromkeys(UNITS, 0.0) | {
        "late_reply_rate": late,
        "claims": 10.0 * replication,
        "labour_cost": labour,
        "total_cost": labour + 500.0,
        "contribution": 20_000.0 - labour - 500.0,
    }
    targets = {} if limit is None else {"late_reply_rate": late <= limit}
    lines = () if limit is None else (LineVerdict("late_reply_rate", "US", late, limit, late <= limit),)
    return Result(metrics, {"US": {"late_reply_rate": late}}, targets, {}, lines=lines)


def faked(late: Late) -> Callable[[Sequence[tuple[str, Scenario]], int], list[list[Result]]]:
    def compare(variants: Sequence[tuple[str, Scenario]], numbers: Sequence[int]) -> list[list[Result]]:
        return [[result(scenario, n, late(scenario, n)) for n in numbers] for _, scenario in variants]

    return compare


def agents(scenario: Scenario) -> int:
    return sum(team.agents for team in scenario.team.values())


def compared(late: Late, vary: Sequence[str] = (), settings: Sequence[str] = ()) -> Comparison:
    return compare_variants(plan(DEFAULT, vary, ["targets.order_defect_rate=1", *settings]), faked(late))


STAFF = ["team.shenzhen.agents=2,3,4"]


# what is compared


def test_without_vary_the_scenario_comes_first_and_its_variants_follow() -> None:
    found = plan(DEFAULT)
    assert [one.name for one in found.variants] == [
        "Monday to Friday",
        "Monday to Saturday",
        "Seven days",
        "One person more",
        "Follow the sun",
    ]
    assert found.variants[0].changes == {}
    assert found.variants[0].scenario == DEFAULT.scenario
    assert list(found.variants[4].scenario.team) == ["shenzhen", "guadalajara"]
    assert found.runs == 50


def test_vary_makes_a_grid_whose_first_path_varies_slowest() -> None:
    found = plan(DEFAULT, ["team.shenzhen.agents=2,3", "world.lost_rate=0.01,0.02"])
    assert [(one.name, one.changes) for one in found.variants] == [
        ("agents 2, lost_rate 0.01", {"team.shenzhen.agents": 2, "world.lost_rate": 0.01}),
        ("agents 2, lost_rate 0.02", {"team.shenzhen.agents": 2, "world.lost_rate": 0.02}),
        ("agents 3, lost_rate 0.01", {"team.shenzhen.agents": 3, "world.lost_rate": 0.01}),
        ("agents 3, lost_rate 0.02", {"team.shenzhen.agents": 3, "world.lost_rate": 0.02}),
    ]


def test_paths_with_the_same_end_are_named_in_full() -> None:
    found = plan(DEFAULT, ["marketplace.US.orders_per_day=1", "marketplace.DE.orders_per_day=2"])
    assert found.variants[0].name == "marketplace.US.orders_per_day 1, marketplace.DE.orders_per_day 2"


def test_settings_hold_for_every_variant() -> None:
    found = plan(DEFAULT, settings=["marketplace.US.orders_per_day=7"], options={"seed": 9})
    assert {one.scenario.marketplace["US"].orders_per_day for one in found.variants} == {7}
    assert {one.scenario.seed for one in found.variants} == {9}
    assert found.settings == {"marketplace.US.orders_per_day": 7}


@pytest.mark.parametrize(
    ("vary", "settings", "problems"),
    [
        (
            ["team.shenzhen.agents=2,x", "world.lost_rate=0.1,2"],
            [],
            [
                "--vary: team.shenzhen.agents: expected a whole number of 0 or more, found 'x'",
                "--vary: world.lost_rate: 2 is out of range (share of orders that never arrive: 0 to 1)",
            ],
        ),
        (
            ["team.shenzhen.agents=2", "team.shenzhen.agents=3"],
            [],
            ["--vary: team.shenzhen.agents: is given 2 times (give each path once)"],
        ),
        (
            ["team.shenzhen.agents=2,2"],
            [],
            ["--vary, variant 'agents 2': the name is taken (give each variant a name of its own)"],
        ),
        (
            ["seed=1,2"],
            [],
            ["--vary, variant 'seed 2': seed: is not the same as in 'seed 1' "
             "(set it for all, with --set or in the file)"],
        ),
        (
            [],
            ["team.shenzhen.agents=2,3", "seed=x"],
            ["--set: team.shenzhen.agents: 2 values where one is set "
             "(quote a value that has a comma in it; --vary takes several values)"],
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_told_at_once(vary: list[str], settings: list[str], problems: list[str]) -> None:
    with pytest.raises(DocumentError) as caught:
        plan(DEFAULT, vary, settings)
    assert [str(problem) for problem in caught.value.problems] == problems


def test_mistakes_in_variants_name_the_variant() -> None:
    variants = [{"name": "more", "set": {"team.shenzhen.agnets": 4}}, {"name": "Monday to Friday", "set": {}}]
    source = ScenarioFile.of("s.toml", {**DEFAULT.raw, "variant": variants}, DEFAULT.folder)
    with pytest.raises(DocumentError) as caught:
        plan(source)
    assert [str(problem) for problem in caught.value.problems] == [
        "s.toml, variant 'more': team.shenzhen.agnets: unknown word 'agnets' (did you mean 'agents'? "
        "allowed: zone, agents, shifts, holidays, closed, worked, cost_per_hour, serves, absence, other_work, "
        "finishes, overtime)",
        "s.toml, variant 'Monday to Friday': the name is taken (give each variant a name of its own)",
    ]


@pytest.mark.parametrize("vary", [[], ["team.shenzhen.agents=2,4", "world.lost_rate=0.01,0.02"]])
def test_the_scenario_that_is_written_gives_the_same_variants_again(vary: list[str]) -> None:
    first = plan(DEFAULT, vary, ["team.shenzhen.cost_per_hour=50.5"], {"seed": 7, "replications": 3})
    raw = reproduced(first)
    again = plan(ScenarioFile.of("again.toml", raw, DEFAULT.folder))
    assert [one.name for one in again.variants] == [one.name for one in first.variants]
    assert [_without_names(one.scenario) for one in again.variants] == [
        _without_names(one.scenario) for one in first.variants
    ]


def _without_names(scenario: Scenario) -> dict[str, Any]:
    return {name: getattr(scenario, name) for name in ("team", "world", "marketplace", "seed", "replications")}


# which one is the answer


def test_the_variant_with_the_highest_contribution_that_keeps_the_targets_is_the_answer() -> None:
    found = compared(lambda scenario, _: 0.3 if agents(scenario) < 3 else 0.05, STAFF)
    assert answer(found) == (
        "Of the variants that keep the targets 'agents 3' has the highest contribution: 16,500 CNY in 70 days, "
        "after 3,500 CNY for after-sales, 3,000 CNY of that for labour. All targets are met in 10 of 10 replications. "
        "That is 1,000 CNY less than 'agents 2', which meets all targets in 0 of 10. 'agents 2' misses most: late "
        "replies on US, 30.0 % on average where 10 % is the most, met in 0 of 10."
    )


@pytest.mark.parametrize(
    ("by", "told"),
    [
        (
            "labour",
            "The cheapest variant that keeps the targets is 'agents 3': 3,000 CNY of labour in 70 days, all targets "
            "met in 10 of 10 replications. That is 1,000 CNY more than 'agents 2', which meets all targets in 0 of 10.",
        ),
        (
            "total",
            "The variant that keeps the targets at the lowest total cost is 'agents 3': 3,500 CNY in 70 days, 3,000 "
            "CNY of it labour; all targets met in 10 of 10 replications. That is 1,000 CNY more than 'agents 2', which "
            "meets all targets in 0 of 10.",
        ),
    ],
)
def test_an_answer_goes_by_total_cost_or_by_labour_where_the_scenario_says_so(by: str, told: str) -> None:
    late: Late = lambda scenario, _: 0.3 if agents(scenario) < 3 else 0.05  # noqa: E731 - a table of one line
    found = compared(late, STAFF, [f"cheapest={by}"])
    assert answer(found).startswith(told)
    assert record(found)["cheapest_by"] == by
    free = {name: value for name, value in DEFAULT.raw.items() if name != "targets"}
    source = ScenarioFile.of("s.toml", {**free, "cheapest": by}, DEFAULT.folder)
    best = {
        "labour": "The cheapest variant is 'agents 2': 2,000 CNY of labour in 70 days.",
        "total": "'agents 2' has the lowest total cost: 2,500 CNY in 70 days, 2,000 CNY of it labour.",
    }
    assert best[by] in answer(compare_variants(plan(source, STAFF), faked(late)))


def test_of_equal_money_the_earlier_variant_is_the_answer_and_the_other_is_named_too() -> None:
    found = compared(lambda *_: 0.05, ["world.lost_rate=0.01,0.02"])
    assert answer(found) == (
        "Of the variants that keep the targets 'lost_rate 0.01' has the highest contribution: 16,500 CNY in 70 days, "
        "after 3,500 CNY for after-sales, 3,000 CNY of that for labour. All targets are met in 10 of 10 replications. "
        "'lost_rate 0.02' comes to the same contribution, and keeps the targets, too."
    )


def test_an_answer_that_brings_more_or_the_same_says_so() -> None:
    cheaper = compared(lambda *_: 0.05, ["team.shenzhen.agents=4,3"])
    assert answer(cheaper).endswith("That is 1,000 CNY more than 'agents 4', which meets all targets in 10 of 10.")
    labour = compared(lambda *_: 0.05, ["team.shenzhen.agents=4,3"], ["cheapest=labour"])
    assert answer(labour).endswith("That is 1,000 CNY less than 'agents 4', which meets all targets in 10 of 10.")
    same = compared(lambda scenario, _: scenario.world["lost_rate"], ["world.lost_rate=0.2,0.05"])
    assert "'lost_rate 0.2' comes to the same and meets all targets in 0 of 10." in answer(same)


def test_when_none_keeps_the_targets_the_nearest_is_named_with_what_it_misses() -> None:
    found = compared(lambda scenario, n: 0.05 if n <= 2 * agents(scenario) - 4 else 0.2, STAFF)
    assert answer(found) == (
        "No variant keeps the targets. 'agents 4' comes nearest, with all of them met in 4 of 10 replications. "
        "'agents 4' misses most: late replies on US, 14.0 % on average where 10 % is the most, met in 4 of 10."
    )


def test_when_nobody_meets_them_the_one_that_misses_by_least_comes_nearest() -> None:
    found = compared(lambda scenario, n: {2: 0.3, 3: 0.11, 4: 0.12}[agents(scenario)] + 0.001 * n, STAFF)
    assert [variant.targets_met for variant in found.variant_results] == [0, 0, 0]
    assert found.nearest.name == "agents 3"
    assert found.nearest.distance == pytest.approx(0.155)
    assert record(found)["variants"][1]["lines"] == [
        {
            "target": "late_reply_rate",
            "marketplace": "US",
            "limit": 0.1,
            "at_least": False,
            "mean": pytest.approx(0.1155),
            "met": 0,
            "judged": 10,
            "excess": pytest.approx(0.155),
        }
    ]


def test_a_variant_without_a_verdict_is_no_answer_beside_one_that_has_one() -> None:
    def unmeasured(scenario: Scenario, n: int) -> Result:
        made = result(scenario, n, 0.05)
        return made if agents(scenario) > 2 else evolve(made, targets={}, unmeasured=("late_reply_rate",), lines=())

    def run(variants: Sequence[tuple[str, Scenario]], numbers: Sequence[int]) -> list[list[Result]]:
        return [[unmeasured(scenario, n) for n in numbers] for _, scenario in variants]

    found = compare_variants(plan(DEFAULT, STAFF, ["targets.order_defect_rate=1"]), run)
    assert record(found)["cheapest"] == "agents 3"
    assert found.variant_results[0].judged == 0
    none = compare_variants(plan(DEFAULT, ["team.shenzhen.agents=1,2"], ["targets.order_defect_rate=1"]), run)
    assert (record(none)["cheapest"], record(none)["variants"][0]["distance"]) == (None, None)
    assert answer(none).startswith("No target had anything to count, so there is no verdict.")


DEFECTS = ClosureLine("account", "US", "order_defect_rate", 0.01)


def closing(scenario: Scenario, n: int) -> Result:
    """Return a run whose worst day of order defects is at so many thousandths as its number, over the line from 10."""
    missed = date(2026, 4, 20 - n) if n >= 9 else None
    line = evolve(DEFECTS, worst=0.001 * n, worst_on=date(2026, 4, 1), missed_on=missed)
    reached = {"review": False, "deactivated": n >= 9}
    return evolve(result(scenario, n, 0.05), closures=(line,), reached=reached)


def test_an_answer_that_closes_an_account_says_so_with_metric_marketplace_and_day() -> None:
    def run(variants: Sequence[tuple[str, Scenario]], numbers: Sequence[int]) -> list[list[Result]]:
        return [[closing(scenario, n) for n in numbers] for _, scenario in variants]

    found = compare_variants(plan(DEFAULT, ["team.shenzhen.agents=3"], ["targets.order_defect_rate=1"]), run)
    assert answer(found).endswith(
        "'agents 3' misses a line for which accounts are deactivated in 2 of 10 replications: order defects on US "
        "(line 1 %), first on 2026-04-10."
    )
    assert record(found)["variants"][0]["closures"] == [
        {
            "closes": "account",
            "marketplace": "US",
            "metric": "order_defect_rate",
            "line": 0.01,
            "at_least": False,
            "judged": 10,
            "missed": [{"replication": 9, "day": "2026-04-11"}, {"replication": 10, "day": "2026-04-10"}],
            "worst_day": {"median": pytest.approx(0.0055), "p95": pytest.approx(0.00955)},
        }
    ]
    assert table.closure_rows(found) == [
        ("agents 3", "account", "2/10 (6–51 %)", "order defects, US", "0.55 %", "0.95 %", "1 %")
    ]


def test_the_table_has_the_marketplace_that_does_worst_where_targets_hold_on_each() -> None:
    def two(scenario: Scenario, n: int) -> Result:
        made = result(scenario, n, 0.06)
        return evolve(made, lines=(*made.lines, LineVerdict("late_reply_rate", "JP", 0.123, 0.1, False)))

    def run(variants: Sequence[tuple[str, Scenario]], numbers: Sequence[int]) -> list[list[Result]]:
        return [[two(scenario, n) for n in numbers] for _, scenario in variants]

    found = compare_variants(plan(DEFAULT, ["team.shenzhen.agents=3"], ["targets.order_defect_rate=1"]), run)
    assert table.value_text(found.variant_results[0], "late_reply_rate", found.numbers) == "6.0\nJP 12.3"
    assert table.value_text(found.variant_results[0], "claims", found.numbers).startswith("55.0\n±")
    assert table.about(found).endswith(
        "; below, the marketplace that does worst; money of cases opened and orders bought on these days"
    )


def test_without_targets_the_best_is_named_and_how_to_set_some() -> None:
    scenario = {name: value for name, value in DEFAULT.raw.items() if name != "targets"}
    source = ScenarioFile.of("s.toml", scenario, DEFAULT.folder)
    found = compare_variants(plan(source, STAFF), faked(lambda *_: 0.5))
    assert answer(found) == (
        "No target is set, so none can be missed. 'agents 2' has the highest contribution: 17,500 CNY in 70 days, "
        "after 2,500 CNY of after-sales. Set limits under [targets] to get an answer."
    )


def test_a_variant_keeps_the_targets_in_the_share_of_replications_that_is_asked_for() -> None:
    late: Late = lambda _, n: 0.2 if n == 1 else 0.05  # noqa: E731 - a table of one line
    assert compared(late, STAFF).cheapest is not None
    assert compared(late, STAFF, ["targets.share_of_replications=0.95"]).cheapest is None


# whether that is sure


def test_one_replication_is_warned_of() -> None:
    found = compared(lambda *_: 0.05, STAFF, ["replications=1"])
    assert warnings(found) == ["one replication says nothing about chance; take --replications 10 or more."]


def test_changes_that_change_nothing_are_told() -> None:
    found = compared(lambda scenario, _: 0.05 + 0.01 * scenario.world.get("lost_rate", 0), ["seed=1"])
    assert not [warning for warning in warnings(found) if "no effect" in warning]
    found = compared(lambda *_: 0.05, ["world.lost_rate=0,0.5", "world.return_rate=0.1"])
    assert warnings(found)[0] == (
        "in every replication 'lost_rate 0.5, return_rate 0.1' came out exactly as 'lost_rate 0, return_rate 0.1': "
        "these changes have no effect here."
    )


def test_few_replications_near_the_limit_are_warned_of() -> None:
    found = compared(lambda _, n: 0.09 + 0.001 * (n % 2) * 10, ["team.shenzhen.agents=2"])
    assert warnings(found) == [
        "10 replications are too few to tell whether 'agents 2' keeps the targets in 90 % of all periods: it "
        "did in 10, which fits anything from 72 % to 100 %. Try --replications 35."
    ]


def test_the_rule_is_the_same_far_from_the_limit_and_for_those_that_miss() -> None:
    """Replications are too few as long as Wilson's interval holds the wanted share, whatever the figures."""
    share = "targets.share_of_replications"
    for late, wanted, few in ((0.01, 0.9, True), (0.01, 0.7, False), (0.5, 0.7, False), (0.5, 0.2, True)):
        found = compared(lambda _, n, late=late: late, ["team.shenzhen.agents=2"], [f"{share}={wanted}"])
        assert [warning[:31] for warning in warnings(found)] == ["10 replications are too few to t"[:31]] * few
    sure = compared(lambda *_: 0.01, ["team.shenzhen.agents=2"], ["replications=35"])
    assert warnings(sure) == []


def test_a_cheaper_variant_that_was_rejected_narrowly_is_warned_of() -> None:
    found = compared(lambda scenario, n: 0.2 if agents(scenario) < 4 and n < 3 else 0.05, STAFF)
    assert found.cheapest is not None
    assert found.cheapest.name == "agents 4"
    assert [warning.split("'")[1] for warning in warnings(found)] == ["agents 2", "agents 3", "agents 4"]


def test_a_dearer_variant_that_was_rejected_narrowly_does_not_matter() -> None:
    found = compared(lambda scenario, n: 0.2 if agents(scenario) > 2 and n < 3 else 0.05, STAFF)
    assert [warning.split("'")[1] for warning in warnings(found)] == ["agents 2"]


# the document


def test_the_document_has_the_words_that_others_build_on() -> None:
    found = record(compared(lambda scenario, n: 0.01 * agents(scenario) + 0.01 * n, STAFF, ["replications=3"]))
    assert list(found) == [
        "scenario",
        "seed",
        "replications",
        "engine",
        "partial",
        "finished",
        "currency",
        "settings",
        "variants",
        "answer",
        "cheapest",
        "cheapest_by",
        "named",
        "margin",
        "money_rests_on",
        "unrated",
        "returns_not_simulated",
        "warnings",
        "without_effect",
        "stress",
        "sensitivity",
        "orders",
    ]
    variant = found["variants"][1]
    assert (variant["name"], variant["changes"]) == ("agents 3", {"team.shenzhen.agents": 3})
    assert (variant["targets_met"], variant["targets"]) == (3, {"late_reply_rate": 3})
    assert tuple(variant["metrics"]) == tuple(UNITS)
    late = variant["metrics"]["late_reply_rate"]
    assert late["mean"] == pytest.approx(0.05)
    assert late["difference"] == {
        "mean": pytest.approx(0.01),
        "low": pytest.approx(0.01),
        "high": pytest.approx(0.01),
    }


def test_one_replication_has_no_interval_and_nothing_is_nan() -> None:
    found = record(compared(lambda *_: 0.05, STAFF, ["replications=1"]))
    text = as_json(found)
    assert "NaN" not in text
    late = json.loads(text)["variants"][0]["metrics"]["late_reply_rate"]
    assert late == {
        "mean": 0.05,
        "low": None,
        "high": None,
        "difference": {"mean": 0.0, "low": None, "high": None},
    }


@given(st.lists(st.floats(0, 1), min_size=4, max_size=4))
def test_variants_that_change_nothing_differ_in_nothing(late: list[float]) -> None:
    found = compared(lambda _, n: late[n - 1], ["team.shenzhen.agents=3,4"], ["replications=4"])
    difference = found.variant_results[1].metrics["late_reply_rate"].difference
    assert difference == Estimate(0.0, 0.0, 0.0)


def test_the_csv_has_a_row_for_each_variant_and_metric() -> None:
    lines = as_csv(compared(lambda *_: 0.05, STAFF, ["replications=2"])).splitlines()
    assert lines[:2] == [
        "variant,metric,mean,low,high,difference_mean,difference_low,difference_high",
        "agents 2,late_reply_rate,0.05,0.05,0.05,0.0,0.0,0.0",
    ]
    assert len(lines) == 1 + 3 * (len(UNITS) + 1)


# what people see


Shown = Callable[..., list[str]]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shown:
    def lines(
        width: int, vary: Sequence[str] = STAFF, late: Late | None = None, size: int = 0, wanted: Sequence[str] = ()
    ) -> list[str]:
        found = compared(
            late or (lambda scenario, n: 0.02 * agents(scenario) + 0.01 * (n % 3)),
            vary,
            ["team.shenzhen.cost_per_hour=50", *([f"replications={size}"] if size else [])],
        )
        monkeypatch.setenv("COLUMNS", str(width))
        table.show(found, record(found), wanted=wanted)
        return capsys.readouterr().out.splitlines()

    return lines


def test_a_wide_terminal_shows_what_decides_with_the_difference_in_money_to_the_first_variant(shown: Shown) -> None:
    assert shown(100) == WIDE.splitlines()


def test_other_metrics_are_shown_where_they_are_asked_for_with_their_differences(shown: Shown) -> None:
    lines = shown(100, wanted=["silence_48h_rate", "occupancy", "labour_cost"])
    assert "\n".join(lines).startswith(OTHERS)


def test_a_narrow_terminal_splits_the_tables_and_each_part_names_the_variants(shown: Shown) -> None:
    lines = shown(60, ["team.shenzhen.agents=2,3"])
    assert lines == NARROW.splitlines()
    assert max(map(len, lines)) <= 60


def test_a_share_is_shown_with_both_ends_where_its_interval_meets_a_bound(shown: Shown) -> None:
    lines = shown(100, ["team.shenzhen.agents=2"], lambda _, n: 0.5 if n == 1 else 0.0)
    assert lines[1:3] == [
        "70 days from 2026-03-02, 10 replications, seed 1; mean ± half of the 95 % interval; money of cases",
        "opened and orders bought on these days; both ends where one meets a bound, such as 0",
    ]
    assert [line.split()[:3] for line in lines[9:11]] == [["agents", "2", "5.0"], ["0.0–16.3", "±", "21.7"]]


def test_two_replications_that_lie_far_apart_tell_no_interval(shown: Shown) -> None:
    far = lambda scenario, n: 0.01 * (n * n - 1) * agents(scenario)  # noqa: E731
    lines = shown(100, ["team.shenzhen.agents=2,3"], far, 2, ["late_reply_rate", "claims"])
    assert lines[1:3] == [
        "70 days from 2026-03-02, 2 replications, seed 1; mean ± half of the 95 % interval; money of cases",
        "opened and orders bought on these days; '?': two replications, which lie too far apart to tell",
    ]
    assert [line.split() for line in lines if line.lstrip().startswith("± ?")] == [
        ["±", "?", "±", "?"],
        ["±", "?", "±", "?"],
        ["±", "?"],
    ]


def test_what_a_mark_means_is_told_where_it_stands_in_the_table_and_only_there(shown: Shown) -> None:
    apart = lambda scenario, n: 0.2 if agents(scenario) == 2 else 0.2 + 0.01 * (n - 1)  # noqa: E731
    usual, late, occupancy = (
        shown(100, ["team.shenzhen.agents=2,3"], apart, 2, wanted)
        for wanted in ([], ["late_reply_rate"], ["occupancy"])
    )
    # Claims differ by replication, in the usual table; late replies of 'agents 3' by what its difference shows alone.
    assert ["'?':" in " ".join(lines) for lines in (usual, late, occupancy)] == [True, True, False]
    assert [any("± ?" in line for line in lines) for lines in (usual, late, occupancy)] == [True, True, False]


WIDE = """\
Three marketplaces, one team in Shenzhen
70 days from 2026-03-02, 10 replications, seed 1; mean ± half of the 95 % interval; money of cases
opened and orders bought on these days
set for all: targets.order_defect_rate = 1, team.shenzhen.cost_per_hour = 50

variant      late    order  claims   mean  total  contri-   difference,  targets
          replies  defects          reply   cost   bution  contribution      met
                %        %              h    CNY      CNY           CNY
────────────────────────────────────────────────────────────────────────────────
agents 2      5.0     0.00    55.0    0.0  2,500   17,500             –    10/10
            ± 0.6           ± 21.7
agents 3      7.0     0.00    55.0    0.0  3,500   16,500        -1,000    10/10
            ± 0.6           ± 21.7
agents 4      9.0     0.00    55.0    0.0  4,500   15,500        -2,000    10/10
            ± 0.6           ± 21.7

The difference is to 'agents 2', replication by replication; --columns shows other metrics.

The money is without returns of what the marketplace ships (US, DE): they are not simulated.

Of the variants that keep the targets 'agents 2' has the highest contribution: 17,500 CNY in 70
days, after 2,500 CNY for after-sales, 2,000 CNY of that for labour. All targets are met in 10 of 10
replications.
Warning: 10 replications are too few to tell whether 'agents 2' keeps the targets in 90 % of all
periods: it did in 10, which fits anything from 72 % to 100 %. Try --replications 35.
"""
NARROW = """\
Three marketplaces, one team in Shenzhen
70 days from 2026-03-02, 10 replications, seed 1; mean ±
half of the 95 % interval; money of cases opened and orders
bought on these days
set for all: targets.order_defect_rate = 1,
team.shenzhen.cost_per_hour = 50

variant      late    order  claims   mean  total  contri-
          replies  defects          reply   cost   bution
                %        %              h    CNY      CNY
─────────────────────────────────────────────────────────
agents 2      5.0     0.00    55.0    0.0  2,500   17,500
            ± 0.6           ± 21.7
agents 3      7.0     0.00    55.0    0.0  3,500   16,500
            ± 0.6           ± 21.7

variant    difference,  targets
          contribution      met
                   CNY
───────────────────────────────
agents 2             –    10/10
agents 3        -1,000    10/10

The difference is to 'agents 2', replication by replication;
--columns shows other metrics.

The money is without returns of what the marketplace ships
(US, DE): they are not simulated.

Of the variants that keep the targets 'agents 2' has the
highest contribution: 17,500 CNY in 70 days, after 2,500 CNY
for after-sales, 2,000 CNY of that for labour. All targets
are met in 10 of 10 replications.
Warning: 10 replications are too few to tell whether 'agents
2' keeps the targets in 90 % of all periods: it did in 10,
which fits anything from 72 % to 100 %. Try --replications
35.
"""
OTHERS = """\
Three marketplaces, one team in Shenzhen
70 days from 2026-03-02, 10 replications, seed 1; mean ± half of the 95 % interval; money of cases
opened and orders bought on these days
set for all: targets.order_defect_rate = 1, team.shenzhen.cost_per_hour = 50

variant    silent  occu-  labour  targets
          at 48 h  pancy     CNY      met
                %      %
─────────────────────────────────────────
agents 2      0.0    0.0   2,000    10/10
agents 3      0.0    0.0   3,000    10/10
agents 4      0.0    0.0   4,000    10/10

Difference to 'agents 2', replication by replication; the intervals of a column hold all at once

variant    silent  occu-  labour  targets
          at 48 h  pancy     CNY      met
                %      %
─────────────────────────────────────────
agents 3      0.0    0.0  +1,000        0
agents 4      0.0    0.0  +2,000        0
"""


# the commands


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ended]:
    """Run the program with plugins and runs that are faked; `late` is what the runs find."""

    def type_(*words: str, late: Late = lambda *_: 0.05, run: Callable[..., list[list[Result]]] | None = None) -> Ended:
        def compare(
            variants: Any, replications: Sequence[int], workers: int, on_done: Callable[[], None], *others: Any
        ) -> list[list[Result]]:
            return (run or faked(late))(variants, replications)

        monkeypatch.setattr(pool, "run_variants", compare)
        plugins = load_plugins(["simulator"], {"stores": stores(ZONES)})
        return RUNNER.invoke(cli, words, obj=plugins)

    return type_


def test_whatif_prints_tables_and_the_answer(typed: Callable[..., Ended]) -> None:
    ended = typed("whatif", "--replications", "2")
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert ended.stdout.splitlines()[:3] == [
        "Three marketplaces, one team in Shenzhen",
        "70 days from 2026-03-02, 2 replications, seed 1; mean ± half of the 95 % interval; money of cases",
        "opened and orders bought on these days; '?': two replications, which lie too far apart to tell",
    ]
    assert "Of the variants that keep the targets 'Monday to Friday' has the highest" in ended.stdout
    assert max(map(len, ended.stdout.splitlines())) <= 100


def test_columns_of_no_metric_are_refused_all_at_once_before_anything_runs(typed: Callable[..., Ended]) -> None:
    def late(*_: Any) -> float:
        raise AssertionError("ran")

    names = "claim, late_reply_rate_foo,claims,order_defect_rate_0d,cost_line_labor,cost_line_claim,claim"
    ended = typed("whatif", "--columns", names, late=late)
    assert (ended.exit_code, ended.stdout) == (2, "")
    found = [line.partition(" (allowed: ")[0] for line in ended.stderr.splitlines()]
    assert found == [
        "Error: --columns cannot be used, 4 problems:",
        "  --columns: no metric is called 'claim' (did you mean 'claims'?)",
        "  --columns: no metric is called 'late_reply_rate_foo' (did you mean 'late_reply_rate'?)",
        "  --columns: no metric is called 'order_defect_rate_0d' (did you mean 'order_defect_rate'?)",
        "  --columns: no metric is called 'cost_line_labor' (did you mean 'cost_line_labour_idle'?)",
    ]


def test_columns_that_no_marketplace_judges_are_told_and_all_shows_every_metric(
    typed: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "1000")
    words = ("whatif", "--vary", "team.shenzhen.agents=2", "--columns")
    ended = typed(*words, "claims,on_time_delivery_rate,late_ticket_rate_7d,order_defect_rate_28d,claims")
    assert ended.stderr.startswith("Error: --columns: no metric is called 'late_ticket_rate_7d'")
    ended = typed(*words, "claims,on_time_delivery_rate,order_defect_rate_28d,claims")
    assert (ended.exit_code, ended.stderr) == (0, "")
    heads = [line.split() for line in ended.stdout.splitlines() if line.startswith("variant ")]
    assert heads == [["variant", "claims", "targets"]]
    assert "Judged on no marketplace here: on_time_delivery_rate, order_defect_rate_28d." in ended.stdout
    every = next(line for line in typed(*words, "all").stdout.splitlines() if line.startswith("agents 2 "))
    assert len(every.split()) == 2 + len(UNITS) + 1


def test_the_option_says_by_what_variants_are_ranked_and_is_written_with_them(
    typed: Callable[..., Ended], tmp_path: Path
) -> None:
    words = ("whatif", "--json", "--vary", "team.shenzhen.agents=2,3")
    by = {kind: json.loads(typed(*words, "--cheapest", kind).stdout) for kind in ("contribution", "total", "labour")}
    assert {kind: found["cheapest_by"] for kind, found in by.items()} == {kind: kind for kind in by}
    assert json.loads(typed(*words).stdout) == by["contribution"]
    typed(*words, "--cheapest", "total", "--out", str(tmp_path / "out"))
    assert tomli.loads((tmp_path / "out" / "scenario.toml").read_text(encoding="utf-8"))["cheapest"] == "total"


def test_whatif_json_is_one_document_and_nothing_else(typed: Callable[..., Ended]) -> None:
    words = ("whatif", "--json", "--seed", "4", "--vary", "team.shenzhen.agents=2,3")
    ended = typed(*words)
    found = json.loads(ended.stdout)
    assert (found["seed"], found["replications"], found["settings"]) == (4, SHIPPED.scenario.replications, {})
    assert ended.stderr == ""
    assert typed(*words, "--workers", "3").stdout == ended.stdout


SMALL = """
name = "Small"
currency = "EUR"
replications = 2
period = { start = 2026-03-02, measured = "5 d", warm_up = "3 d" }
marketplace = { REF = { orders_per_day = 40, price = { median = "20" } } }
team = { desk = { zone = "Asia/Tokyo", agents = 1, shifts = [{ days = "Mon-Fri", hours = "09:00-17:00" }] } }
targets = { late_reply_rate = 0.1 }

[handling]
reply = { mean = "8 min" }
decide_return = { mean = "8 min" }
refund = { mean = "5 min" }
submit_evidence = { mean = "40 min" }
appeal = { mean = "60 min" }
"""
PROGRAM = """
import aftersale_simulator, sys
from aftersale.cli import cli
from aftersale.plugins.plugins import load_plugins
from aftersale.testing import reference
cli(sys.argv[1:], obj=load_plugins((), {"reference": reference, "simulator": aftersale_simulator}))
"""


@pytest.mark.once
def test_the_document_depends_on_neither_workers_nor_hash_seed(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(SMALL, encoding="utf-8")
    words = ["whatif", str(tmp_path / "s.toml"), "--json", "--vary", "team.desk.agents=1,2"]

    def printed(hash_seed: str, workers: str) -> bytes:
        program = [sys.executable, "-c", PROGRAM, *words, "--workers", workers]
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        return subprocess.run(program, env=environment, capture_output=True, check=True).stdout

    first = printed("1", "1")
    assert len(json.loads(first)["variants"]) == 2
    assert printed("2", "3") == first


def test_whatif_writes_its_folder(typed: Callable[..., Ended], tmp_path: Path) -> None:
    out = tmp_path / "a" / "b"
    ended = typed("whatif", "--out", str(out), "--json")
    assert sorted(path.name for path in out.iterdir()) == ["scenario.toml", "whatif.csv", "whatif.json"]
    assert (out / "whatif.json").read_text(encoding="utf-8") == ended.stdout
    assert tomli.loads((out / "scenario.toml").read_text(encoding="utf-8")) == SHIPPED.raw
    assert [path.name for path in out.parent.iterdir()] == ["b"]


def test_a_folder_that_holds_something_is_refused_before_anything_runs(
    typed: Callable[..., Ended], tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").touch()

    def late(*_: Any) -> float:
        raise AssertionError("ran")

    ended = typed("whatif", "--out", str(tmp_path), late=late)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert ended.stderr == (
        f"Error: {tmp_path}: is there already (name a folder that is new or empty; nothing was written)\n"
    )


def test_ctrl_c_is_one_line_and_leaves_nothing_behind(typed: Callable[..., Ended], tmp_path: Path) -> None:
    def late(*_: Any) -> float:
        raise KeyboardInterrupt

    ended = typed("whatif", "--out", str(tmp_path / "out"), late=late)
    assert (ended.exit_code, ended.stdout, len(ended.stderr.splitlines())) == (130, "", 1)
    assert list(tmp_path.iterdir()) == []


def stopped(*finished: int) -> Callable[..., list[list[Result]]]:
    """Return runs that Ctrl-C stops when so many replications of each variant are done."""

    def run(variants: Sequence[tuple[str, Scenario]], numbers: Sequence[int], *_: Any) -> list[list[Result]]:
        raise Stopped(
            [
                [result(scenario, n, 0.05) if n <= done else None for n in numbers]
                for (_, scenario), done in zip(variants, finished, strict=True)
            ]
        )

    return run


def test_a_comparison_that_is_stopped_has_the_replications_of_all_its_variants() -> None:
    planned = plan(DEFAULT, STAFF)
    partial = compare_variants(planned, stopped(3, 2, 0), keep_partial=True)
    whole = compare_variants(plan(DEFAULT, ["team.shenzhen.agents=2,3"], ["replications=2"]), faked(lambda *_: 0.05))
    assert partial.finished == {"agents 2": 3, "agents 3": 2, "agents 4": 0}
    assert partial.variant_results == whole.variant_results
    assert (partial.replications, partial.cheapest) == (2, whole.cheapest)
    with pytest.raises(KeyboardInterrupt):
        compare_variants(planned, stopped(0, 0, 0), keep_partial=True)
    with pytest.raises(KeyboardInterrupt):  # a notebook's
        compare_variants(planned, stopped(3, 2, 0))


def test_ctrl_c_prints_and_writes_what_is_done_as_partial(typed: Callable[..., Ended], tmp_path: Path) -> None:
    ended = typed("whatif", "--json", "--out", str(tmp_path / "out"), run=stopped(2, 1, 1, 1, 1))
    assert (ended.exit_code, len(ended.stderr.splitlines())) == (130, 1)
    document = json.loads(ended.stdout)
    names = ["Monday to Friday", "Monday to Saturday", "Seven days", "One person more", "Follow the sun"]
    assert (document["partial"], document["replications"]) == (True, 1)
    assert document["finished"] == dict(zip(names, (2, 1, 1, 1, 1), strict=True))
    assert document["answer"].startswith("Partial, stopped before the end: Of the variants that keep")
    assert document["warnings"][0] == (
        "this is partial, as it was stopped before the end. Replications that were finished: 'Monday to Friday' 2, "
        "'Monday to Saturday' 1, 'Seven days' 1, 'One person more' 1, 'Follow the sun' 1. The figures rest on 1 of "
        "each variant that is shown."
    )
    assert (tmp_path / "out" / "whatif.json").read_text(encoding="utf-8") == ended.stdout
    assert tomli.loads((tmp_path / "out" / "scenario.toml").read_text(encoding="utf-8"))["replications"] == 1


def test_the_answer_is_told_when_it_cannot_be_written(typed: Callable[..., Ended], tmp_path: Path) -> None:
    out, page = tmp_path / "out", tmp_path / "page.html"

    def late(*_: Any) -> float:
        for path in (out, page):  # somebody takes both names meanwhile
            path.mkdir(exist_ok=True)
            (path / "a.txt").touch()
        return 0.05

    whole = typed("whatif", "--json", "--replications", "2")
    ended = typed("whatif", "--json", "--replications", "2", "--out", str(out), "--report", str(page), late=late)
    assert (ended.exit_code, ended.stdout) == (2, whole.stdout)
    assert ended.stderr.splitlines() == [
        "Error: the output cannot be used, 2 problems:",
        f"  {out}: is there already (name a folder that is new or empty; nothing was written)",
        f"  {page}: is a folder (name a file; nothing was written)",
    ]


def test_a_scenario_with_mistakes_is_refused_with_all_of_them(typed: Callable[..., Ended], tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_text('name = "x"\ncurrency = "CNY"\nmarketplace = 3\nperiod = 4\n', encoding="utf-8")
    ended = typed("whatif", str(path))
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert ended.stderr.splitlines() == [
        f"Error: {path} cannot be used, 4 problems:",
        f"  {path}:1: handling: missing (add it: a table)",
        f"  {path}:3: marketplace: expected a table, found 3",
        f"  {path}:4: period: expected a table, found 4",
        f"  {path}:1: team: missing (add it: a table)",
    ]


def test_a_marketplace_that_a_variant_adds_needs_its_plugin(typed: Callable[..., Ended]) -> None:
    ended = typed("whatif", "--set", "marketplace.FR={orders_per_day=1, price={median='9'}}")
    assert ended.stderr == (
        "Error: variant 'Monday to Friday': marketplace.FR: no installed plugin brings this marketplace "
        "(allowed: DE, JP, US; or make one of your own: aftersale plugins new NAME)\n"
    )


def test_parameters_lists_what_the_world_assumes(typed: Callable[..., Ended]) -> None:
    found = json.loads(typed("parameters", "--json").stdout)
    assert set(found[0]) == {"name", "default", "low", "high", "unit", "source", "grade", "note", "marketplaces"}
    plain = typed("parameters").stdout
    assert all(parameter["name"][:20] in plain for parameter in found)


def test_the_commands_are_documented(typed: Callable[..., Ended]) -> None:
    for name in ("whatif", "simulate", "parameters"):
        ended = typed(name, "--help")
        assert ended.exit_code == 0
        assert ended.stdout.startswith(f"Usage: cli {name} ")


def test_a_plan_knows_how_many_runs_there_are() -> None:
    found: Plan = plan(DEFAULT, ["team.shenzhen.agents=2,3,4"], options={"replications": 7})
    assert found.runs == 21


def test_variants_share_the_tables_that_they_do_not_change() -> None:
    before = deepcopy(DEFAULT)
    found = plan(DEFAULT, ["team.shenzhen.agents=2,3,4"])
    assert [one.scenario.team["shenzhen"].agents for one in found.variants] == [2, 3, 4]
    for one in found.variants:
        assert one.scenario.marketplace["US"] is DEFAULT.scenario.marketplace["US"]
        assert one.scenario.period is DEFAULT.scenario.period
    assert before == DEFAULT
