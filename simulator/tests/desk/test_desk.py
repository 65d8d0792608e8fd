"""The desk against theory: closed forms for a closed office, Erlang C for a queue that never closes."""

import csv
from collections.abc import Callable
from datetime import date, time
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from aftersale.plugins.plugins import Plugins, load_plugins
from aftersale_simulator.resolved.scenario import resolve
from aftersale_simulator.runs.recording import Recording
from aftersale_simulator.runs.run import run
from aftersale_simulator.runs.statistics import erlang_c, estimate
from aftersale_simulator.scenario.document import parse_scenario
from aftersale_simulator.scenario.model import Scenario

QUEUE_REFS = Path(__file__).parents[4] / "shared" / "data" / "queue_refs" / "erlang_c_a_table.csv"
TASKS = ("reply", "decide_return", "refund", "submit_evidence", "appeal")
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
"""A world in which every buyer writes once, and nothing else happens."""


@pytest.fixture(scope="module")
def plugins() -> Plugins:
    from aftersale.testing import reference

    return load_plugins((), {"reference": reference})


def scenario(**changes: object) -> Scenario:
    """Return a scenario of uniform arrivals at an office without clock changes or holidays."""
    usual = {
        "name": "theory",
        "currency": "EUR",
        "period": {"start": date(2026, 3, 2), "measured": "182 d", "warm_up": "28 d"},
        "marketplace": {
            "REF": {
                "orders_per_day": 60.0,
                "price": {"median": "25"},
                "hourly": [1.0] * 24,
                "weekly": [1.0] * 7,
                "dispersion": 1.0,
            }
        },
        "team": {
            "office": {
                "zone": "Atlantic/Reykjavik",
                "agents": 100,
                "shifts": [{"days": "Mon-Fri", "hours": "09:00-18:00"}],
            }
        },
        "handling": {task: {"mean": "0 min", "shape": "fixed"} for task in TASKS},
        "world": dict(QUIET),
    }
    return parse_scenario({**usual, **changes}, "test")


def office(days: str) -> dict[str, dict[str, object]]:
    return {
        "office": {
            "zone": "Atlantic/Reykjavik",
            "agents": 100,
            "shifts": [{"days": days, "hours": "09:00-18:00"}],
        }
    }


Played = Callable[[str, int], dict[str, float | None]]


@pytest.fixture(scope="module")
def played(plugins: Plugins) -> Played:
    """What a replication of an office found that works on these days; each is run once."""

    @cache
    def found(days: str, replication: int) -> dict[str, float | None]:
        return run(resolve(scenario(team=office(days)), plugins), replication).metrics

    return found


@pytest.mark.parametrize(
    ("days", "late", "silent"),
    [("Mon-Fri", 39 / 168, 15 / 168), ("Mon-Sat", 15 / 168, 0.0), ("Mon-Sun", 0.0, 0.0)],
)
def test_an_office_that_answers_everything_at_opening_is_late_for_the_closed_hours_beyond_the_deadline(
    played: Played, days: str, late: float, silent: float
) -> None:
    metrics = played(days, 1)
    contacts = metrics["contacts"]
    assert contacts > 10_000
    assert metrics["late_reply_rate"] == pytest.approx(late, abs=4 * np.sqrt(late * (1 - late) / contacts))
    assert metrics["silence_48h_rate"] == pytest.approx(silent, abs=4 * np.sqrt(silent * (1 - silent) / contacts))


@pytest.mark.once
def test_an_office_that_answers_everything_at_opening_has_the_mean_reply_of_its_closed_hours(
    played: Played,
) -> None:
    # Closed stretches of 15 h on four nights and of 63 h over the weekend: mean wait = sum of squares / (2 * 168).
    expected = (4 * 15**2 + 63**2) / (2 * 168)
    found = [played("Mon-Fri", replication)["mean_first_reply_hours"] for replication in (1, 2, 3)]
    assert np.mean(found) == pytest.approx(expected, rel=0.02)


QUEUES = [(1, 3.0, 15, 112), (2, 5.0, 15, 70), (3, 12.0, 10, 28), (5, 20.0, 12, 21)]
"""Agents, contacts an hour, mean minutes of handling, days: rows of the published table of Erlang C values."""


@pytest.mark.once
@pytest.mark.parametrize(("agents", "rate", "minutes", "days"), QUEUES)
def test_waits_at_a_desk_that_never_closes_agree_with_erlang_c(
    plugins: Plugins, agents: int, rate: float, minutes: float, days: int
) -> None:
    always = {
        "zone": "Atlantic/Reykjavik",
        "agents": agents,
        "shifts": [{"days": "Mon-Sun", "hours": "00:00-24:00"}],
    }
    sales = {
        "orders_per_day": rate * 24,
        "price": {"median": "25"},
        "hourly": [1.0] * 24,
        "weekly": [1.0] * 7,
        "dispersion": 1.0,
    }
    handling = {task: {"mean": f"{minutes} min", "shape": "exponential"} for task in TASKS}
    period = {"start": date(2026, 3, 2), "measured": f"{days} d", "warm_up": "14 d"}
    made = scenario(marketplace={"REF": sales}, team={"always": always}, handling=handling, period=period)
    results = [run(resolve(made, plugins), replication).metrics for replication in range(1, 11)]
    occupancy = np.mean([metrics["occupancy"] for metrics in results])
    assert occupancy == pytest.approx(rate * minutes / 60 / agents, rel=0.03)
    found = estimate([metrics["mean_wait_hours"] for metrics in results])
    expected = erlang_c(agents, rate * minutes / 60)[1] * minutes / 60
    assert found.low is not None
    assert found.high is not None
    # Ten replications: the 95 % interval is widened by half, for ten such tests would else fail now and then.
    margin = (found.high - found.low) / 4
    assert found.low - margin <= expected <= found.high + margin


def test_erlang_c_equals_the_published_values() -> None:
    if not QUEUE_REFS.exists():
        pytest.skip(f"the published table is not here: {QUEUE_REFS.name}")
    with QUEUE_REFS.open(encoding="utf-8") as table:
        rows = [row for row in csv.DictReader(table) if row["C_pwait"] != "unstable"]
    for row in rows:
        hours = float(row["mean_service_min"]) / 60
        wait, mean = erlang_c(int(row["n"]), float(row["lam_per_h"]) * hours)
        assert wait == pytest.approx(float(row["C_pwait"]), abs=1e-9)
        assert mean * hours * 60 == pytest.approx(float(row["C_asa_min"]), abs=1e-8)


def test_the_most_urgent_task_goes_first_whatever_came_first(plugins: Plugins) -> None:
    # One agent, an hour a task: replies (24 h) overtake return decisions (48 h) that wait longer.
    made = scenario(
        team={"one": {"zone": "UTC", "agents": 1, "shifts": [{"days": "Mon-Sun", "hours": "00:00-24:00"}]}},
        handling={task: {"mean": "50 min", "shape": "fixed"} for task in TASKS},
        world={**QUIET, "message_rate": 0.5, "return_rate": 0.5},
        marketplace={
            "REF": {
                "orders_per_day": 24.0,
                "price": {"median": "25"},
                "exempt": 1.0,
                "hourly": [1.0] * 24,
                "weekly": [1.0] * 7,
                "dispersion": 1.0,
            }
        },
        period={"start": date(2026, 3, 2), "measured": "90 d", "warm_up": "0 d"},
    )
    metrics = run(resolve(made, plugins), 1).metrics
    assert metrics["late_reply_rate"] < 0.05


def test_agents_stop_taking_tasks_at_the_end_of_the_shift_but_finish_the_one_at_hand(
    plugins: Plugins, tmp_path: Path
) -> None:
    hour = {"zone": "UTC", "agents": 1, "shifts": [{"days": "Mon-Sun", "hours": "09:00-10:00"}]}
    made = scenario(team={"one": hour}, handling={task: {"mean": "50 min", "shape": "fixed"} for task in TASKS})
    replies = happened(made, plugins, tmp_path, "seller_reply")
    a_day = replies.dt.date().value_counts(sort=False)["count"]
    # One at 09:00 and one at 09:50, which ends after hours; the queue is never empty.
    assert set(replies.dt.time()[2:]) == {time(9, 50), time(10, 40)}
    assert sorted(set(a_day)) == [2]


def test_a_task_that_the_marketplace_has_done_meanwhile_is_not_worked_on(plugins: Plugins, tmp_path: Path) -> None:
    mondays = {"zone": "UTC", "agents": 50, "shifts": [{"days": "Mon", "hours": "09:00-18:00"}]}
    sales = {**_few(), "orders_per_day": 20.0, "categories": {"bulky": 1.0}, "cross_border": 1.0, "exempt": 1.0}
    made = scenario(
        team={"mondays": mondays},
        marketplace={"REF": sales},
        world={**QUIET, "message_rate": 0.0, "return_rate": 0.5},
    )
    result = run(resolve(made, plugins), 1, record=Recording(tmp_path / "run"))
    cases = pl.read_parquet(tmp_path / "run" / "cases.parquet")
    assert cases.filter(pl.col("state") == "refunded_by_marketplace").height > 20
    assert result.counts["wasted_tasks"] == 0


def test_buyers_whom_nobody_answers_claim_when_the_silence_rule_passes_and_are_granted_unheard(
    plugins: Plugins, tmp_path: Path
) -> None:
    nobody = {"zone": "UTC", "agents": 0, "shifts": [{"days": "Mon", "hours": "09:00-10:00"}]}
    made = scenario(
        team={"nobody": nobody},
        marketplace={"REF": _few()},
        world={**QUIET, "claim_rate_silence": 1.0, "claim_delay_hours": 0.0},
    )
    run(resolve(made, plugins), 1, record=Recording(tmp_path / "run"))
    facts = pl.read_parquet(tmp_path / "run" / "facts.parquet")
    written = facts.filter(pl.col("kind") == "buyer_message").select("order", written="occurred_at")
    claims = facts.filter(pl.col("kind") == "claim_filed").join(written, on="order")
    assert claims.height > 300
    assert (claims["occurred_at"] - claims["written"]).dt.total_hours().unique().to_list() == [48]
    claimed = pl.read_parquet(tmp_path / "run" / "claims.parquet")
    assert claimed["state"].is_in(["granted", "lost"]).all()
    assert claimed["decided_by"].str.contains("silence").all()


@pytest.mark.parametrize(("days", "review"), [("Mon-Fri", 182), ("Mon-Sun", 0)])
def test_a_review_is_due_on_every_day_after_thirty_late_ones(plugins: Plugins, days: str, review: int) -> None:
    period = {"start": date(2026, 3, 2), "measured": "182 d", "warm_up": "77 d"}
    metrics = run(resolve(scenario(team=office(days), period=period), plugins), 1).metrics
    assert metrics["review_days"] == review


def test_labour_costs_what_the_hours_on_duty_cost(plugins: Plugins) -> None:
    team = {"office": {**office("Mon-Fri")["office"], "agents": 3, "cost_per_hour": "12.50"}}
    metrics = run(resolve(scenario(team=team), plugins), 1).metrics
    assert metrics["labour_cost"] == 26 * 5 * 9 * 3 * 12.5


def happened(made: Scenario, plugins: Plugins, folder: Path, kind: str) -> pl.Series:
    """When facts of a kind happened in the first replication, in order."""
    run(resolve(made, plugins), 1, record=Recording(folder / "run"))
    facts = pl.read_parquet(folder / "run" / "facts.parquet")
    return facts.filter(pl.col("kind") == kind)["occurred_at"]


def _few() -> dict[str, object]:
    return {"orders_per_day": 2.0, "price": {"median": "25"}, "dispersion": 1.0}


def test_nothing_is_dropped_at_the_end(plugins: Plugins) -> None:
    nobody = {"office": {"zone": "UTC", "agents": 0, "shifts": [{"days": "Mon-Sun", "hours": "09:00-18:00"}]}}
    made = scenario(
        team=nobody,
        period={"start": date(2026, 3, 2), "measured": "28 d", "warm_up": "0 d"},
    )
    metrics = run(resolve(made, plugins), 1).metrics
    assert metrics["open_at_end"] == metrics["contacts"] > 1000
    assert metrics["late_reply_rate"] == 1.0
