"""`aftersale staff` on all plugins: what it prints, what it writes, and that whatif says the same of the roster."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import tomli
from click.testing import CliRunner, Result

from aftersale.cli import cli
from aftersale.plugins.plugins import Plugins, load_plugins

Ended = tuple[Path, dict[str, Any], str]
SHOP = """
name = "Corner shop"
currency = "EUR"
replications = 4
period = { start = 2026-03-02, measured = "28 d", warm_up = "14 d" }
targets = { late_reply_rate = 0.10, share_of_replications = 0.7 }

[marketplace.DE]
orders_per_day = 60
price = { median = "24.90" }

[team.berlin]
zone = "Europe/Berlin"
agents = 1
cost_per_hour = "24"
shifts = [{ days = "Mon-Fri", hours = "09:00-13:00" }]

[staffing.berlin]
most = 2
pattern.week = { days = "Mon-Fri", hours = "09:00-13:00" }
pattern.weekend = { days = "Sat-Sun", hours = "09:00-13:00" }

[handling]
reply = { mean = "8 min" }
"""


@cache
def installed() -> Plugins:
    """The installed plugins, loaded once: to load them takes longer than most of these commands."""
    return load_plugins()


def said(words: list[str]) -> Result:
    return CliRunner().invoke(cli, words, obj=installed())


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    folder = tmp_path_factory.mktemp("staff")
    (folder / "shop.toml").write_text(SHOP, encoding="utf-8")
    asked = ["staff", str(folder / "shop.toml"), "--workers", "1"]
    text = said(asked)
    told = said([*asked, "--json", "--out", str(folder / "out")])
    assert (text.exit_code, told.exit_code) == (0, 0), (text.output, told.output)
    return folder, json.loads(told.output), text.output


def test_the_cheapest_roster_has_somebody_on_weekends(ended: Ended) -> None:
    _, told, text = ended
    assert [(row["pattern"], row["people"]) for row in told["roster"]] == [("week", 1), ("weekend", 1)]
    assert told["roster"][0]["hours"] == "09:00-13:00"
    assert told["probability"] >= 0.7
    assert told["complete"] is True
    assert told["answer"] in " ".join(text.split())
    assert "Erlang C" in text


def test_whatif_says_the_same_of_the_roster_that_was_written(ended: Ended) -> None:
    folder, told, _ = ended
    written = tomli.loads((folder / "out/scenario.toml").read_text(encoding="utf-8"))
    assert [shift["agents"] for shift in written["team"]["berlin"]["shifts"]] == [1, 1]
    compared = said(["whatif", str(folder / "out/scenario.toml"), "--workers", "1", "--json"])
    (variant,) = json.loads(compared.output)["variants"]
    assert variant["metrics"]["labour_cost"]["mean"] == told["cost"]
    best = next(row for row in told["frontier"] if row["cost"] == told["cost"])
    assert variant["metrics"]["late_reply_rate"]["mean"] == best["late_reply_rate"]
    assert json.loads((folder / "out/staff.json").read_text(encoding="utf-8")) == told


def test_every_number_of_the_world_is_explained_with_its_range_its_source_and_who_set_it(tmp_path: Path) -> None:
    (tmp_path / "shop.toml").write_text(f"{SHOP}\n[world]\nclaim_win_rate = 0.73\n", encoding="utf-8")
    asked = ["scenario", str(tmp_path / "shop.toml"), "--explain"]
    told = json.loads(said([*asked, "--json"]).output)
    numbers = {one["parameter"]: one for one in told["parameters"]}
    assert numbers["claim_win_rate"] == {
        "parameter": "claim_win_rate",
        "marketplace": "DE",
        "value": 0.73,
        "set_by": "scenario",
        "default": 0.68,
        "low": 0.0,
        "high": 1.0,
        "unit": "share of investigated claims that the seller wins",
        "source": "seller's figure: 68 % for Chinese sellers, 73 % on average; no public trace",
        "grade": "S",
    }
    declared = json.loads(said(["parameters", "--json"]).output)
    assert set(numbers) == {one["name"] for one in declared if not one["marketplaces"] or "DE" in one["marketplaces"]}
    assert all(one["low"] <= one["value"] <= one["high"] and one["source"] for one in numbers.values())
    text = said(asked).output
    assert all(name in text for name in numbers)
    assert "[world]" in text
    assert "--explain" in said(asked[:2]).output


SUMMER = """
name = "summer"
currency = "EUR"
handbook = "handbook.toml"
period = { start = 2026-06-15, measured = "28 d" }

[marketplace.DE]
orders_per_day = 60
price = { median = "24.90" }
categories = { general = 0.5, gadgets = 0.5 }
category = { gadgets = { factors = { return_rate = 1.2 } } }

[team.berlin]
zone = "Europe/Berlin"
agents = 1
shifts = [{ days = "Mon-Fri", hours = "09:00-13:00" }]

[handling]
reply = { mean = "8 min" }

[[event]]
name = "flu"
after = "7 d"
lasts = "7 d"
absent = 0.4
world = { lost_rate = 0.01 }
rules = { first_reply = 12 }
"""
LABELS = """
[[rule]]
name = "prepaid_label"
marketplaces = ["DE"]
word = "automatic"
source = "the seller"
grade = "assumed"
"""


def test_what_changes_numbers_for_a_while_is_explained_with_its_days_and_source(tmp_path: Path) -> None:
    (tmp_path / "summer.toml").write_text(SUMMER, encoding="utf-8")
    (tmp_path / "handbook.toml").write_text(LABELS, encoding="utf-8")
    asked = ["scenario", str(tmp_path / "summer.toml"), "--explain"]
    told = json.loads(said([*asked, "--json"]).output)
    flu, sale, gadgets, labels = told["dated"]
    assert flu == {
        "name": "flu",
        "kind": "event",
        "start": "2026-06-22",
        "days": 7,
        "marketplaces": ["DE"],
        "teams": ["berlin"],
        "categories": [],
        "orders": 1.0,
        "factors": {},
        "world": {"lost_rate": 0.01},
        "absent": 0.4,
        "handling": 1.0,
        "rules": {"first_reply": 12},
        "source": "assumed",
        "assumed": False,
        "rule": "",
    }
    assert (sale["name"], sale["start"], sale["days"], sale["orders"]) == ("Prime Day 2026", "2026-06-23", 4, 3.0)
    assert (gadgets["kind"], gadgets["categories"]) == ("category", ["gadgets"])
    assert gadgets["factors"] == {"return_rate": 1.2}
    assert (labels["kind"], round(labels["orders"], 3), labels["days"]) == ("handbook", 1.076, 28)
    text = " ".join(said(asked).output.split())
    assert "Event 'flu' (DE berlin), 7 days from 2026-06-22: lost_rate = 0.01, first_reply = 12, absent = 0.4" in text
    assert "Category 'gadgets' (DE gadgets), 28 days from 2026-06-15: return_rate × 1.2" in text
    assert "Orders by month, DE, January first:" in text
    assert told["closures"] == [
        {
            "name": "Prime",
            "marketplace": "DE",
            "channel": "SFP",
            "days": 7,
            "lines": {"sfp_cancellation": "0.005", "sfp_on_time_delivery": "0.97"},
            "floors": {"sfp_cancellation": 200, "sfp_on_time_delivery": 34},
            "unread": [],
            "share": "prime_lost_share",
            "lasts_days": "prime_lost_days",
            "source": "assumed; the lines are of SC-DE, SC-ES and SC-EU 202072550, the week is assumed",
            "grade": "assumed",
        }
    ]
    assert (
        "'Prime' is lost (DE) when a line is missed over 7 days of SFP: sfp_cancellation 0.005 (from 200 orders on),"
        in text
    )
