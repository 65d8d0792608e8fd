"""The program as its users type it, with every distribution installed."""

import inspect
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from aftersale.cli import cli
from aftersale.plugins.plugins import Plugins, load_plugins

REAL = Path(__file__).parents[2] / "shared/data/online_retail/online_retail_2010-12_2011-08.csv.gz"
# Newer releases of click keep stderr apart by themselves.
APART: dict[str, Any] = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}
GIFT_SHOP = Path(__file__).parents[1] / "simulator/examples/gift_shop.toml"
METRICS = {
    "late_reply_rate",
    "silence_48h_rate",
    "mean_first_reply_hours",
    "order_defect_rate",
    "claims",
    "occupancy",
    "labour_cost",
}


def typed(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the program in a process of its own."""
    command = [sys.executable, "-m", "aftersale", *words]
    env = {**os.environ, "COLUMNS": "100", **environment}
    return subprocess.run(command, capture_output=True, text=True, env=env, check=False)


@cache
def installed() -> Plugins:
    return load_plugins()


def answered(*words: str) -> Result:
    """Run the program in this process, which starts nothing and loads the plugins once for all."""
    return CliRunner(**APART).invoke(cli, words, obj=installed(), env={"COLUMNS": "100"}, catch_exceptions=False)


def document(*words: str) -> Any:
    ended = answered(*words, "--json")
    assert (ended.exit_code, ended.stderr) == (0, "")
    return json.loads(ended.stdout)


@pytest.mark.once
def test_whatif_without_arguments_compares_the_shipped_variants() -> None:
    found = document("whatif", "--replications", "2", "--workers", "1")
    assert {"scenario", "seed", "replications", "variants", "answer"} <= set(found)
    assert [variant["name"] for variant in found["variants"]] == [
        "Monday to Friday",
        "Monday to Saturday",
        "Seven days",
        "One person more",
        "Follow the sun",
    ]
    for variant in found["variants"]:
        assert set(variant["metrics"]) >= METRICS
        for figure in variant["metrics"].values():
            assert set(figure) == {"mean", "low", "high", "difference"}
            assert set(figure["difference"]) == {"mean", "low", "high"}
        assert 0 <= variant["metrics"]["late_reply_rate"]["mean"] <= 1
        assert variant["targets_met"] in (0, 1, 2)
    weekdays, saturdays, daily = (found["variants"][i]["metrics"]["late_reply_rate"]["mean"] for i in range(3))
    assert weekdays > saturdays > daily


@pytest.mark.once
def test_whatif_prints_the_same_document_whatever_the_processes() -> None:
    words = ("whatif", "--replications", "2", "--vary", "team.shenzhen.agents=2,4", "--set", "period.measured=14 d")
    one = typed(*words, "--json", "--workers", "1", PYTHONHASHSEED="1")
    two = typed(*words, "--json", "--workers", "2", PYTHONHASHSEED="2")
    assert one.returncode == 0
    assert one.stdout == two.stdout


def test_rules_tell_what_is_in_force_on_either_side_of_a_change() -> None:
    def refund(day: str) -> tuple[int, str]:
        rows = [row for row in document("rules", "US", "--on", day) if row["name"] == "refund_after_receipt"]
        (row,) = [row for row in rows if row["marketplace"] == "US"]
        assert {"name", "marketplace", "clock", "amount", "valid_from", "valid_until", "source", "grade"} <= set(row)
        return row["amount"], row["clock"]

    assert refund("2026-01-25") == (2, "business_days")
    assert refund("2026-01-26") == (4, "calendar_days")


def test_plugins_are_listed_with_their_marketplaces() -> None:
    ended = typed("plugins", "--json")
    assert (ended.returncode, ended.stderr) == (0, "")
    found = {row["name"]: row for row in json.loads(ended.stdout)}
    assert {name: row["marketplaces"] for name, row in found.items() if row["marketplaces"]} == {
        "amazon_eu": ["UK", "DE", "FR", "IT", "ES", "NL", "SE", "PL", "BE", "IE", "TR"],
        "amazon_jp": ["JP"],
        "amazon_na": ["US", "CA", "MX"],
    }
    assert all(row["problems"] == [] and row["version"] for row in found.values())


HEADER = (
    "amazon-order-id\tpurchase-date\tlast-updated-date\torder-status\tfulfillment-channel\tsales-channel\t"
    "ship-service-level\tproduct-name\tsku\tasin\titem-status\tquantity\tcurrency\titem-price"
)


def all_orders(path: Path, days: int) -> Path:
    """Write a made-up report of every order: 20 a day in the US, and a row a week that makes no sense."""
    rows = [HEADER]
    for number in range(days * 20):
        at = datetime(2026, 1, 5, 9, tzinfo=UTC) + timedelta(hours=1.2 * number)
        bought = "soon" if number % 140 == 0 else at.isoformat()
        rows.append(
            f"114-{number:07d}\t{bought}\t{at.isoformat()}\tShipped\tMerchant\tAmazon.com\t"
            "Standard\tA cup\tCUP\tB000000000\tShipped\t1\tUSD\t12.50"
        )
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_a_report_of_all_orders_is_replayed_on_its_own_days(tmp_path: Path) -> None:
    report = all_orders(tmp_path / "all_orders.txt", days=28)
    found = document("whatif", "--orders", str(report), "--replications", "1", "--workers", "1")
    read = found["orders"]
    assert (read["rows_read"], read["rows_used"], read["rows_rejected"]) == (560, 556, 4)
    assert [row["line"] for row in read["rejected"]] == [2, 142, 282, 422]
    assert all("not a date" in row["reason"] for row in read["rejected"])
    assert len(found["variants"]) == 5


def test_an_order_file_of_no_known_form_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    ended = typed("whatif", "--orders", str(path))
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "Traceback" not in ended.stderr
    assert "orders.csv" in ended.stderr


def test_a_simulated_journal_is_replayed_by_the_live_command(tmp_path: Path) -> None:
    default = Path(__file__).parents[1] / "simulator/src/aftersale_simulator/scenario/shipped/default.toml"
    words = ("simulate", str(default), "--set", "period.measured=14 d", "--set", "period.warm_up=14 d")
    assert answered(*words, "--out", str(tmp_path / "run")).exit_code == 0
    found = document("replay", str(tmp_path / "run"))
    assert found["refused"] == []
    assert {row["kind"] for row in found["cases"]} >= {"message", "return", "claim", "feedback"}


@pytest.mark.once
def test_a_real_shops_orders_are_replayed_and_its_returns_fitted() -> None:
    if not REAL.is_file():
        pytest.skip("the real order lines (UCI Online Retail) are no part of the repository")
    found = document("whatif", str(GIFT_SHOP), "--orders", str(REAL), "--replications", "1", "--workers", "1")
    read = found["orders"]
    assert read["rows_read"] == 320_705
    rows = ("rows_used", "rows_cancelled", "rows_skipped", "rows_rejected")
    assert sum(read[name] for name in rows) == read["rows_read"]
    assert 0.15 < read["fitted"]["return_rate"] < 0.20
    assert found["variants"][0]["metrics"]["contacts"]["mean"] > 500


def test_the_sales_of_a_period_are_named_and_a_preset_says_what_it_sets(tmp_path: Path) -> None:
    shipped = (files("aftersale_simulator.scenario") / "shipped" / "default.toml").read_text(encoding="utf-8")
    summer = shipped.replace("start = 2026-03-02", "start = 2026-06-15").replace('warm_up = "75 d"', 'warm_up = "0 d"')
    path = tmp_path / "summer.toml"
    path.write_text(summer.replace("seed = 1\n", 'seed = 1\npresets = ["seed_all_sellers"]\n'), encoding="utf-8")
    told = " ".join(answered("scenario", str(path)).stdout.split())
    assert "sale events of the marketplaces: Prime Day 2026 (DE), Prime Day 2026 (JP, assumed), Prime Day 2026" in told
    assert "the days of sales are assumed by rule: Prime Day 2026 (JP)." in told
    assert "presets: seed_all_sellers" in told
    numbers = document("scenario", str(path))["parameters"]
    won = [(one["marketplace"], one["value"], one["set_by"]) for one in numbers if one["parameter"] == "claim_win_rate"]
    assert won == [(place, 0.73, "preset") for place in ("US", "DE", "JP")]
    path.write_text(summer.replace("seed = 1\n", "seed = 1\nsale_events = false\n"), encoding="utf-8")
    ended = answered("scenario", str(path))
    assert ended.exit_code == 0
    assert "sale events" not in ended.stdout
