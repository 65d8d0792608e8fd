"""Rates: what one unit of each currency is worth, and every mistake in that table."""

from decimal import Decimal
from pathlib import Path

import pytest

from aftersale.base.errors import DocumentError
from aftersale_simulator.scenario.document import load_scenario

TEXT = """\
name = "shop"
currency = "EUR"
period = { start = 2026-03-02, measured = "5 d" }
marketplace = { REF = { orders_per_day = 40, price = { median = "20" } } }
team = { desk = { zone = "Asia/Tokyo", agents = 1, shifts = [{ days = "Mon-Fri", hours = "09:00-17:00" }] } }
handling = {}
"""


def told(folder: Path, rates: str) -> list[str]:
    """Return what is wrong with a file that ends with these rates, from line 7 on."""
    path = folder / "s.toml"
    path.write_text(TEXT + rates, encoding="utf-8")
    try:
        load_scenario(path)
    except DocumentError as error:
        return [str(problem).replace(str(path), "s.toml") for problem in error.problems]
    return []


def test_each_currency_has_what_one_unit_is_worth_on_a_day(tmp_path: Path) -> None:
    rates = '[rates]\non = 2026-03-02\nUSD = "0.92"\nJPY = "0.0061"\nCLP = 1\n'
    assert told(tmp_path, rates) == []
    scenario = load_scenario(tmp_path / "s.toml").scenario
    assert scenario.worth == {"USD": Decimal("0.92"), "JPY": Decimal("0.0061"), "CLP": Decimal(1)}
    assert (told(tmp_path, ""), told(tmp_path, "[rates]\n")) == ([], [])
    assert load_scenario(tmp_path / "s.toml").scenario.worth == {}


def test_all_mistakes_are_told_at_once_with_path_and_line(tmp_path: Path) -> None:
    rates = """\
[rates]
USD = 0
JPY = 0.0061
CLP = "-1"
QQQ = "1.2"
EUR = "1"
GBP = 2026-03-02
"""
    assert told(tmp_path, rates) == [
        "s.toml:10: rates.CLP: expected an amount such as '7.10', or a day, found '-1'",
        "s.toml:12: rates.EUR: is the scenario's own currency (leave it out: one is worth one)",
        "s.toml:13: rates.GBP: is no rate above 0 (write what one GBP is worth in EUR, such as GBP = '7.10')",
        "s.toml:9: rates.JPY: expected an amount such as '7.10', or a day, found 0.0061 "
        "(put it in quotes, to keep it exact)",
        "s.toml:11: rates.QQQ: unknown currency 'QQQ' (write an ISO 4217 code such as EUR)",
        "s.toml:8: rates.USD: is no rate above 0 (write what one USD is worth in EUR, such as USD = '7.10')",
        "s.toml:7: rates.on: missing (say of which day the rates are, such as on = 2026-03-02)",
    ]


@pytest.mark.parametrize(
    ("day", "problem"),
    [
        ('"7.10"', "is no day (write on = 2026-03-02)"),
        ('"2026-03-02"', "expected an amount such as '7.10', or a day, found '2026-03-02'"),
    ],
)
def test_the_day_of_the_rates_is_a_day(tmp_path: Path, day: str, problem: str) -> None:
    assert told(tmp_path, f"[rates]\non = {day}\n") == [f"s.toml:8: rates.on: {problem}"]


def test_a_table_that_is_none_is_told_as_that(tmp_path: Path) -> None:
    assert told(tmp_path, 'rates = "7.10"\n') == ["s.toml:7: rates: expected a table, found '7.10'"]
