"""What had nothing to count is no figure and no verdict; what could not be used is told where the answer stands."""

from __future__ import annotations

import inspect
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from click.testing import CliRunner, Result as Ended

from aftersale.cli import cli
from aftersale.plugins.plugins import Plugins, load_plugins
from aftersale_simulator.runs.results import Result, verdicts

# Newer releases of click keep stderr apart by themselves.
APART: dict[str, Any] = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}
QUIET = """
name = "Quiet"
currency = "EUR"
replications = 2
period = { start = 2026-03-02, measured = "14 d" }
marketplace = { DE = { orders_per_day = 2, price = { median = "20" } } }
team = { berlin = { zone = "Europe/Berlin", agents = 1, shifts = [{ days = "Mon-Fri", hours = "09:00-17:00" }] } }
handling = { reply = { mean = "8 min" } }

[staffing.berlin]
most = 1
pattern = { day = { days = "Mon-Fri", hours = "09:00-17:00" } }
"""
SILENT = """
[world]
message_rate = 0
late_message_rate = 0
lost_message_rate = 0
cancelled_message_rate = 0
return_rate = 0
claim_rate_late = 0
claim_rate_lost = 0
denied_rate = 0
chargeback_rate = 0
negative_feedback_rate = 0
"""
ORDERS = """
[orders]
file = "orders.csv"
columns = { order = "id", purchased_at = "bought", price = "price", status = "state" }
values = { marketplace = "DE", channel = "MFN", currency = "EUR" }
known_status = ["paid"]
"""


@cache
def installed() -> Plugins:
    """The installed plugins, loaded once: to load them takes longer than most of these commands."""
    return load_plugins()


def run(*args: object) -> Ended:
    return CliRunner(**APART).invoke(cli, list(map(str, args)), obj=installed())


def document(*args: object) -> Any:
    ended = run(*args, "--json")
    assert ended.exit_code == 0, ended.output
    return json.loads(ended.stdout)


@pytest.fixture
def silent(tmp_path: Path) -> Path:
    path = tmp_path / "silent.toml"
    path.write_text(QUIET + SILENT, encoding="utf-8")
    return path


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A scenario with an order file: ten sales, one in a state that nobody knows, and one row that makes no sense."""
    rows = [f"O{n},2026-03-{2 + n:02d},{10 + n}.00,{'held' if n == 3 else 'paid'}" for n in range(10)]
    (tmp_path / "orders.csv").write_text("\n".join(["id,bought,price,state", *rows, "X,soon,1,paid", ""]), "utf-8")
    path = tmp_path / "shop.toml"
    path.write_text(QUIET + ORDERS, encoding="utf-8")
    return path


def test_a_desk_without_a_contact_has_no_rates_no_times_and_no_verdict(silent: Path, tmp_path: Path) -> None:
    (variant,) = document("whatif", silent, "--workers", "1")["variants"]
    nothing = {name for name, figure in variant["metrics"].items() if figure["mean"] is None}
    assert nothing == {
        "late_reply_rate",
        "silence_48h_rate",
        "mean_first_reply_hours",
        "mean_wait_hours",
        "order_defect_rate",
        "order_defect_rate_worst_day",
        "p50_first_reply_hours",
        "p90_first_reply_hours",
        "p95_first_reply_hours",
    }
    assert (variant["targets"], variant["unmeasured"]) == (
        {},
        ["order_defect_rate", "late_reply_rate", "mean_first_reply_hours"],
    )
    shown = run("whatif", silent, "--workers", "1").stdout
    row = next(line.split() for line in shown.splitlines() if line.startswith("base"))
    assert row[:6] + row[-1:] == ["base", "–", "–", "0.0", "–", "0", "–"]
    names = "late_reply_rate,silence_48h_rate,mean_first_reply_hours,order_defect_rate,claims,occupancy,labour_cost"
    wanted = run("whatif", silent, "--workers", "1", "--columns", names).stdout
    row = next(line.split() for line in wanted.splitlines() if line.startswith("base"))
    assert row == ["base", "–", "–", "–", "–", "0.0", "0.0", "0", "–"]
    assert "No target had anything to count, so there is no verdict." in shown
    assert run("simulate", silent, "--out", tmp_path / "run").stdout.count("–") >= len(nothing)
    for command in ("replay", "health"):
        figures = run(command, tmp_path / "run").stdout
        assert "late_reply_rate" in figures
        assert not [line for line in figures.splitlines() if "reply" in line and "met" in line]


def test_an_order_defect_rate_has_no_verdict_with_a_warm_up_too_short_for_its_window(tmp_path: Path) -> None:
    """Orders of 60 days, 15 days late: in 24 days some are in the window, and most of it lies before the first."""
    short = QUIET.replace("orders_per_day = 2", "orders_per_day = 40").replace('"14 d"', '"14 d", warm_up = "10 d"')
    path = tmp_path / "short.toml"
    path.write_text(short + SILENT, encoding="utf-8")
    (variant,) = document("whatif", path, "--replications", "1", "--workers", "1")["variants"]
    assert variant["metrics"]["order_defect_rate"]["mean"] is not None
    assert "order_defect_rate" in variant["unmeasured"]
    lines = [line for line in variant["lines"] if line["target"] == "order_defect_rate"]
    assert lines
    assert {(line["met"], line["judged"], line["excess"]) for line in lines} == {(0, 0, None)}
    closures = [line for line in variant["closures"] if line["metric"] == "order_defect_rate"]
    assert [(line["judged"], line["missed"], line["worst_day"]["median"]) for line in closures] == [(0, [], None)]


def test_a_replication_in_which_a_target_had_nothing_to_count_is_not_judged() -> None:
    result = Result({}, {}, {"late": True, "defects": True}, {})
    cases = [result, evolve(result, targets={"late": True}), evolve(result, targets={"late": False})]
    assert verdicts(cases) == [True, None, False]
    assert verdicts(cases[1:2]) == [True]
    assert verdicts([evolve(result, targets={}, unmeasured=("late",))]) == [None]
    assert verdicts([evolve(result, targets={})]) == [True]


@pytest.mark.once
def test_staff_tells_what_it_could_not_measure(silent: Path) -> None:
    found = document("staff", silent, "--replications", "2", "--workers", "1")
    assert any("nothing to count for: order defects" in warning for warning in found["warnings"])
    assert "there is no verdict on any roster" in found["answer"]
    assert (found["probability"], found["replications"]) == (None, 0)
    shown = run("staff", silent, "--replications", "2", "--workers", "1").stdout
    rows = [line.split()[3:9] for line in shown.splitlines() if line.startswith("1 × day")]
    assert [[*row[:2], *row[3:]] for row in rows] == [["0", "0", "–", "–", "–"]] * 2
    assert all(int(row[2]) > 0 for row in rows)  # what the orders bring, which there are


@pytest.mark.once
def test_every_command_that_reads_an_order_file_counts_what_it_left_out(shop: Path, tmp_path: Path) -> None:
    for args in (
        ("scenario", shop),
        ("whatif", shop, "--replications", "1", "--workers", "1"),
        ("staff", shop, "--replications", "2", "--workers", "1"),
        ("simulate", shop, "--out", tmp_path / "run"),
        ("calibrate", shop),
    ):
        words = " ".join(run(*args).stdout.split())
        assert "held (1)" in words, args
        assert "not a date" in words, args
        assert "soon" not in words, args
    assert "the cell: 'soon'" in " ".join(run("--show-cells", "scenario", shop).stdout.split())
    assert "soon" not in (tmp_path / "run" / "order_file.json").read_text("utf-8")


def test_scenario_tells_the_volume_of_the_order_file(shop: Path) -> None:
    told = " ".join(run("scenario", shop).stdout.split())
    assert "orders.csv: 10 orders from 10 of 11 rows; cancellations 0, skipped 0, rejected 1." in told
    assert "DE: 10 orders from 2026-03-02 to 2026-03-11, 1 a day, in EUR" in told
    record = document("scenario", shop)["order_file"]
    assert (record["orders"], record["unknown_states"]) == (10, {"held": 1})
    assert record["volume"] == [
        {"place": "DE", "currency": "EUR", "orders": 10, "begins": "2026-03-02", "ends": "2026-03-11", "per_day": 1.0}
    ]


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('"orders.csv"', '"order.csv"', "order.csv: cannot be read: No such file or directory"),
        ('"price", status', '"sum", status', "there is no 'sum'"),
        ('"EUR" }\nknown', '"BRL" }\nknown', "DE sells in EUR, not in BRL"),
        ('"DE", channel', '"SHOP", channel', "make one: aftersale plugins new SHOP"),
        (
            '"MFN", currency',
            '"Olist", currency',
            "values.channel has 'Olist', which is no channel: say who ships, 'MFN' the seller",
        ),
        ("2026-03-02, measured", "2027-03-02, measured", "its orders run from 2026-03-02 to 2026-03-11"),
    ],
)
def test_scenario_looks_at_the_order_file(shop: Path, before: str, after: str, message: str) -> None:
    shop.write_text(shop.read_text("utf-8").replace(before, after), encoding="utf-8")
    ended = run("scenario", shop)
    assert (ended.exit_code, message in " ".join(ended.stderr.split())) == (2, True), ended.stderr
    assert "drop" not in ended.stderr
    assert "leave it out" not in ended.stderr


@pytest.mark.once
def test_under_a_stress_a_rate_of_nothing_has_no_worst_day(silent: Path) -> None:
    silent.write_text(silent.read_text("utf-8").replace('"14 d"', '"21 d"'), encoding="utf-8")
    (trial,) = document("whatif", silent, "--stress", "prime_day", "--replications", "1", "--workers", "1")["stress"]
    breaks = {outcome["measure"]: outcome for outcome in trial["breaks"]}
    assert (breaks["late_reply_rate"]["line"], breaks["late_reply_rate"]["worst"]) == (None, None)
    assert breaks["claims"]["worst"] == 0.0
