"""Runs: the same in every process, fair between variants, and equal to the replay of their own journal."""

import json
import os
import pickle
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from aftersale.clocks import start_of_day
from aftersale.journal.reading import read_journal
from aftersale.journal.replay import replay
from aftersale.journal.writing import case_frame
from aftersale.metrics.readings import readings
from aftersale.plugins.plugins import Plugins, load_plugins
from aftersale_simulator.resolved.scenario import resolve
from aftersale_simulator.runs.failures import CasesFailed
from aftersale_simulator.runs.recording import Recording
from aftersale_simulator.runs.results import Result, account, pool_accounts
from aftersale_simulator.runs.run import run
from aftersale_simulator.scenario.document import parse_scenario
from aftersale_simulator.scenario.model import Scenario
from aftersale_simulator.world.orders import of_marketplace

TASKS = ("reply", "decide_return", "refund", "submit_evidence", "appeal")
PLACES = {
    "REF": {
        "orders_per_day": 40.0,
        "price": {"median": "25"},
        "cross_border": 0.3,
        "exempt": 0.2,
        "channels": {"MFN": 0.7, "FBA": 0.2, "SFP": 0.1},
    },
    "ALT": {"orders_per_day": 20.0, "price": {"median": "20000"}},
}
RAW: dict[str, Any] = {
    "name": "two marketplaces that do not exist",
    "currency": "EUR",
    "period": {"start": date(2025, 12, 15), "measured": "42 d", "warm_up": "28 d"},
    "marketplace": PLACES,
    "team": {
        "day": {
            "zone": "Asia/Shanghai",
            "agents": 2,
            "cost_per_hour": "10",
            "shifts": [{"days": "Mon-Fri", "hours": "09:00-18:00", "breaks": ["12:00-13:00"]}],
        }
    },
    "handling": {task: {"mean": "15 min"} for task in TASKS},
    "world": {"claim_rate_silence": 0.4, "claim_rate_answered": 0.05, "return_rate": 0.2, "claim_win_rate": 0.4},
}


@pytest.fixture(scope="module")
def plugins() -> Plugins:
    from aftersale.testing import reference

    return load_plugins((), {"reference": reference})


def scenario(**changes: Any) -> Scenario:
    return parse_scenario({**RAW, **changes}, "test")


def staffed(agents: int) -> dict[str, Any]:
    return {"day": {**RAW["team"]["day"], "agents": agents}}


@pytest.fixture(scope="module")
def first(plugins: Plugins, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """The first replication: the folder of its journal, and its result."""
    folder = tmp_path_factory.mktemp("first") / "run"
    return folder, run(resolve(scenario(), plugins), 1, record=Recording(folder))


def test_the_same_seed_and_replication_give_the_same_result(plugins: Plugins) -> None:
    assert run(resolve(scenario(), plugins), 1) == run(resolve(scenario(), plugins), 1)


def test_another_replication_meets_other_buyers(plugins: Plugins) -> None:
    assert run(resolve(scenario(), plugins), 1) != run(resolve(scenario(), plugins), 2)


def test_a_replay_of_the_journal_gives_the_same_states_deadlines_and_metrics(
    plugins: Plugins, first: tuple[Path, Result]
) -> None:
    folder, result = first
    policies = plugins.policies(("REF", "ALT"))
    end = max(start_of_day(date(2026, 1, 26), policy.marketplace.zone) for policy in policies.values())
    replayed = replay(read_journal(folder), policies, until=end - 1)
    assert replayed.refused == []
    assert_frame_equal(case_frame(replayed.docket), pl.read_parquet(folder / "cases.parquet"))
    journal = read_journal(folder)
    assert journal.doubts == ()
    horizon = scenario().horizon
    since, until = horizon.measured([policy.marketplace.zone for policy in policies.values()])
    for name, policy in policies.items():
        orders = of_marketplace(journal.orders, name)
        found = account(orders, policies, replayed.docket, horizon, since, until)
        judged = pool_accounts([found])
        assert judged == {figure: result.by_marketplace[name][figure] for figure in judged}
        assert readings(policy, replayed.docket, journal.orders, end - 1)


def test_a_run_writes_the_same_files_as_csv(plugins: Plugins, first: tuple[Path, Result], tmp_path: Path) -> None:
    run(resolve(scenario(), plugins), 1, record=Recording(tmp_path / "csv", csv=True))
    names = {"orders", "facts", "cases", "returns", "claims", "messages"}
    assert {path.stem for path in (tmp_path / "csv").glob("*.csv")} == names
    policies = plugins.policies(("REF", "ALT"))
    by_kind = [replay(read_journal(folder), policies).docket for folder in (first[0], tmp_path / "csv")]
    assert_frame_equal(case_frame(by_kind[0]), case_frame(by_kind[1]))


def test_staff_without_limit_makes_two_variants_equal_in_everything_but_cost(plugins: Plugins) -> None:
    many, more = (run(resolve(scenario(team=staffed(agents)), plugins), 1) for agents in (2000, 3000))
    # Another currency has no rate here, so that of money labour alone is known.
    paid = {"labour_cost", "occupancy", "cost_labour", "cost_line_labour_idle"}

    def unpaid(figures: dict[str, float | None]) -> dict[str, float | None]:
        return {name: value for name, value in figures.items() if name not in paid}

    assert unpaid(many.metrics) == unpaid(more.metrics)
    for name, figures in many.by_marketplace.items():
        assert unpaid(figures) == unpaid(more.by_marketplace[name])
    assert many.counts == more.counts
    for result, agents in ((many, 2000), (more, 3000)):
        idle = result.metrics["cost_line_labour_idle"]
        assert idle is not None
        assert result.metrics["labour_cost"] == result.metrics["cost_labour"] == agents * 8 * 10 * 30
        assert result.metrics["cost_line_labour_worked"] == pytest.approx(agents * 8 * 10 * 30 - idle)


def test_more_staff_meets_the_same_orders_and_first_messages(plugins: Plugins, tmp_path: Path) -> None:
    for agents in (1, 6):
        run(resolve(scenario(team=staffed(agents)), plugins), 1, record=Recording(tmp_path / str(agents)))
    few, many = (pl.read_parquet(tmp_path / agents / "orders.parquet") for agents in ("1", "6"))
    assert_frame_equal(few, many)
    first = [
        pl.read_parquet(tmp_path / agents / "facts.parquet")
        .filter(pl.col("kind").is_in(["buyer_message", "return_requested"]))
        .group_by("case", maintain_order=True)
        .first()
        for agents in ("1", "6")
    ]
    assert_frame_equal(first[0], first[1])


def test_orders_that_the_marketplace_ships_have_no_return_case(first: tuple[Path, Result]) -> None:
    folder, _ = first
    orders = pl.read_parquet(folder / "orders.parquet").filter(pl.col("channel") == "FBA")
    returns = pl.read_parquet(folder / "returns.parquet")
    assert returns.height > 0
    assert returns.join(orders, on="order").height == 0


def test_every_order_is_bought_before_it_arrives(first: tuple[Path, Result]) -> None:
    orders = pl.read_parquet(first[0] / "orders.parquet")
    arrived = orders.drop_nulls("delivered_at")
    assert 0 < arrived.height <= orders.height
    assert (arrived["delivered_at"] >= arrived["purchased_at"]).all()


def test_a_folder_that_holds_something_is_not_written_over(plugins: Plugins, tmp_path: Path) -> None:
    from aftersale.base.errors import DocumentError

    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "precious.txt").write_text("keep me", encoding="utf-8")
    with pytest.raises(DocumentError, match="is there already"):
        run(resolve(scenario(), plugins), 1, record=Recording(tmp_path / "run"))
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert (tmp_path / "run" / "precious.txt").read_text(encoding="utf-8") == "keep me"


PROGRAM = """
import json, sys
from datetime import date
from attrs import asdict
from aftersale.base.json_documents import as_json
from aftersale.plugins.plugins import load_plugins
from aftersale.testing import reference
from aftersale_simulator.scenario.document import parse_scenario
from aftersale_simulator.runs.pool import run_variants, worker_pool
raw = json.loads(sys.argv[1])
raw["period"]["start"] = date.fromisoformat(raw["period"]["start"])
made = parse_scenario(raw, "test")
plugins = load_plugins((), {"reference": reference})
if __name__ == "__main__":
    with worker_pool(int(sys.argv[2]), plugins) as pool:
        found = run_variants([("a", made), ("b", made)], (1, 2), pool, lambda *_: None)
    figures = lambda attribute, _: attribute.name != "effects"
    print(as_json([[asdict(result, filter=figures) for result in row] for row in found], sort_keys=True))
"""


@pytest.mark.once
def test_processes_hash_seeds_and_workers_change_nothing(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    raw = json.dumps({**RAW, "period": {**RAW["period"], "start": "2025-12-15"}})
    outputs = {
        subprocess.run(
            [sys.executable, str(program), raw, workers],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed, workers in (("0", "1"), ("1", "2"))
    }
    assert len(outputs) == 1


# --- plugins that fail


def with_house(decide: Any) -> Plugins:
    from aftersale.testing import plugin, reference

    return load_plugins((), {"reference": reference, "house": plugin("house", aftersale_decide_return=decide)})


def test_a_house_plugin_decides_in_a_run_as_it_would_at_a_desk() -> None:
    plugins = with_house(lambda order: "return_declined" if order.price > 20_00 else None)
    result = run(resolve(scenario(), plugins), 1)
    assert result.failed == {}
    assert result.metrics != run(resolve(scenario(), with_house(lambda: None)), 1).metrics


def test_cases_that_a_plugin_fails_are_told_with_the_cause_and_too_many_of_them_end_the_run() -> None:
    def decide(order: Any) -> str | None:
        if order.price > 25_00:
            raise KeyError("shelf")
        return None

    where = f"at test_run.py:{decide.__code__.co_firstlineno + 2}"
    cause = f"aftersale_decide_return of plugin 'house' (not installed): KeyError: 'shelf', {where}"
    found = run(resolve(scenario(most_failed=1.0), with_house(decide)), 1)
    assert list(found.failed) == [cause]
    share = found.failed[cause] / found.counts["cases"]
    assert 0.01 < share < 0.5
    assert run(resolve(scenario(most_failed=share), with_house(decide)), 1).failed == found.failed
    with pytest.raises(CasesFailed) as caught:
        run(resolve(scenario(most_failed=share * 0.99), with_house(decide)), 1)
    assert (caught.value.failed, caught.value.cases) == (found.failed[cause], found.counts["cases"])
    assert str(caught.value).endswith(cause)
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)
