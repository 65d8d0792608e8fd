"""A catalogue of what goods cost beside an order file: what a run costs by it, and what is told of it."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner, Result

from aftersale.cli import cli

APART: dict[str, Any] = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}
SCENARIO = """
name = "shop"
currency = "EUR"
replications = 1

[period]
start = 2026-03-02
measured = "3 d"

[marketplace.DE]
orders_per_day = 1
price = { median = "24.90" }
prices_with_vat = false

[team.desk]
zone = "Europe/Berlin"
agents = 1
cost_per_hour = "20"
shifts = [{ days = "Mon-Sun", hours = "09:00-17:00" }]

[handling]
reply = { mean = "8 min" }

[goods]
catalogue = "products.csv"
"""
ORDERS = """
[orders]
file = "orders.csv"
columns = { order = "id", purchased_at = "at", price = "price", sku = "sku", quantity = "units" }
values = { marketplace = "DE", channel = "MFN", currency = "EUR" }
"""
ROWS = """id,at,sku,units,price
A,2026-03-02T10:00:00Z,cup,2,30.00
A,2026-03-02T10:00:00Z,pot,1,20.00
B,2026-03-03T10:00:00Z,cup,3,45.00
C,2026-03-04T10:00:00Z,kettle,1,100.00
"""
PRODUCTS = "product,landed_cost,currency\ncup,8.75,EUR\npot,6.10,EUR\nvase,3,EUR\njar,2,EUR\nlid,1,EUR\ntin,1,EUR\n"
TOLD = "What goods cost is from products.csv in 2 of 3 orders."
NOTES = [
    "1 of 3 orders have a line whose cost neither the order file nor products.csv tells: the share of [goods] "
    "counts for them.",
    "4 of 6 products of products.csv are in no order of their currency, such as 'vase', 'jar', 'lid'.",
]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "shop.toml").write_text(SCENARIO + ORDERS, encoding="utf-8")
    (tmp_path / "orders.csv").write_text(ROWS, encoding="utf-8")
    (tmp_path / "products.csv").write_text(PRODUCTS, encoding="utf-8")
    return tmp_path / "shop.toml"


def ran(command: str, scenario: Path, *options: str) -> Result:
    return CliRunner(**APART).invoke(cli, [command, str(scenario), *options], env={"COLUMNS": "400"})


def document(command: str, scenario: Path, *options: str) -> dict[str, Any]:
    ended = ran(command, scenario, *options, "--json")
    assert ended.exit_code == 0, ended.stderr
    answer: dict[str, Any] = json.loads(ended.stdout)
    return answer


def landed_costs(scenario: Path, *options: str) -> dict[str, int]:
    """Return what the orders of a run cost by its journal."""
    folder = scenario.parent / "run"
    ended = ran("simulate", scenario, "--out", str(folder), *options)
    assert ended.exit_code == 0, ended.stderr
    assert all(note in ended.stdout for note in NOTES)
    return dict(pl.read_parquet(folder / "orders.parquet").select("order", "landed_cost").iter_rows())


def test_a_run_costs_what_the_catalogue_says_and_the_share_where_it_says_nothing(shop: Path) -> None:
    assert landed_costs(shop) == {"A": 1750 + 610, "B": 2625, "C": 3500}
    record = json.loads((shop.parent / "run" / "order_file.json").read_text("utf-8"))
    assert record["catalogue"] == {
        "file": "products.csv", "orders": 2, "orders_missing": 1, "products": 6, "products_unsold": 4,
    }  # fmt: skip


def test_an_answer_tells_what_came_of_the_catalogue(shop: Path) -> None:
    answer = document("whatif", shop, "--workers", "1")
    assert [note for note in answer["warnings"] if "products.csv" in note] == NOTES
    assert [text for text in answer["without_effect"] if "goods" in text] == []
    (variant,) = answer["variants"]
    assert variant["metrics"]["landed_cost"]["mean"] == 84.85
    assert TOLD in " ".join(ran("whatif", shop, "--workers", "1").stdout.split())
    checked = ran("scenario", shop).stdout
    assert all(sentence in checked for sentence in (TOLD, *NOTES))


def test_a_catalogue_is_set_by_its_path(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.write_text((SCENARIO + ORDERS).replace('catalogue = "products.csv"', ""), encoding="utf-8")
    monkeypatch.chdir(shop.parent)
    assert landed_costs(shop, "--set", "goods.catalogue=products.csv") == {"A": 2360, "B": 2625, "C": 3500}
    assert document("whatif", shop, "--workers", "1")["orders"]["catalogue"] is None


def test_the_written_scenario_finds_a_catalogue_that_was_set(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.write_text((SCENARIO + ORDERS).replace('catalogue = "products.csv"', ""), encoding="utf-8")
    monkeypatch.chdir(shop.parent)
    first = document("whatif", shop, "--workers", "1", "--set", "goods.catalogue=products.csv", "--out", "answer")
    (shop.parent / "elsewhere").mkdir()
    monkeypatch.chdir(shop.parent / "elsewhere")
    again = document("whatif", shop.parent / "answer" / "scenario.toml", "--workers", "1")
    assert again["orders"] == first["orders"]
    assert again["variants"] == first["variants"]


def test_variants_share_the_catalogue(shop: Path) -> None:
    (shop.parent / "dearer.csv").write_text("product,landed_cost\ncup,9\n", encoding="utf-8")
    ended = ran("whatif", shop, "--vary", "goods.catalogue=products.csv,dearer.csv")
    assert ended.exit_code == 2
    assert "goods.catalogue: is not the same as in 'catalogue products.csv'" in " ".join(ended.stderr.split())


def test_without_an_order_file_it_is_told_as_without_effect(shop: Path) -> None:
    shop.write_text(SCENARIO, encoding="utf-8")
    assert "goods.catalogue (no order file is read)" in document("whatif", shop, "--workers", "1")["without_effect"]


def test_a_catalogue_of_other_products_is_told_as_without_effect(shop: Path) -> None:
    (shop.parent / "products.csv").write_text("product,landed_cost\nvase,3\n", encoding="utf-8")
    answer = document("whatif", shop, "--workers", "1")
    assert "goods.catalogue (no such order)" in answer["without_effect"]
    assert answer["orders"]["catalogue"] == {
        "file": "products.csv", "orders": 0, "orders_missing": 3, "products": 1, "products_unsold": 1,
    }  # fmt: skip


@pytest.mark.parametrize("command", ["whatif", "scenario"])
def test_its_mistakes_are_told_at_once_before_anything_runs(shop: Path, command: str) -> None:
    (shop.parent / "products.csv").write_text("product,landed_cost\ncup,x\npot,-1\ncup,2\n", encoding="utf-8")
    ended = ran(command, shop)
    assert ended.exit_code == 2
    text = " ".join(ended.stderr.split())
    assert "products.csv cannot be used, 3 problems:" in text
    assert all(place in text for place in ("line 2, landed_cost:", "line 3, landed_cost:", "line 4, product:"))


def test_amounts_without_a_currency_that_count_in_several_are_told(shop: Path) -> None:
    american = SCENARIO + '[marketplace.US]\norders_per_day = 1\nprice = { median = "20" }\n'
    words = ORDERS.replace('sku = "sku"', 'sku = "sku", marketplace = "site"').replace('marketplace = "DE", ', "")
    shop.write_text(american + words.replace(', currency = "EUR"', ""), encoding="utf-8")
    rows = ROWS.replace("id,", "id,site,").replace("A,", "A,DE,").replace("B,", "B,US,").replace("C,", "C,DE,")
    (shop.parent / "orders.csv").write_text(rows, encoding="utf-8")
    (shop.parent / "products.csv").write_text("product,landed_cost\ncup,8.75\npot,1\nkettle,1\n", encoding="utf-8")
    assert [note for note in document("scenario", shop)["order_file"]["notes"] if "products.csv" in note] == [
        "amounts of products.csv without a currency were taken as EUR, USD alike, by the marketplace of the order. "
        "A column currency says which they are."
    ]
