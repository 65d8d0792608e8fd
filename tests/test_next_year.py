"""Next year: November has its peak, Spring Festival stands on its days, for a seller with teams in two countries."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import tomli

from aftersale.plugins.plugins import load_plugins
from aftersale_simulator.resolved.scenario import resolve
from aftersale_simulator.runs.run import run
from aftersale_simulator.scenario.document import ScenarioFile
from aftersale_simulator.scenario.vocabulary import vocabulary
from aftersale_simulator.show.period import period_notes
from aftersale_simulator.whatif.preparation import prepare

SELLER = """
name = "Teams in China and the Philippines"
currency = "USD"
[period]
start = 2027-11-01
measured = "30 d"
[marketplace.US]
orders_per_day = 40
price = { median = "24.90" }
[team.shenzhen]
zone = "Asia/Shanghai"
holidays = "CN"
agents = 1
shifts = [{ days = "Mon-Fri", hours = "09:00-18:00" }]
[team.manila]
zone = "Asia/Manila"
holidays = "PH"
agents = 1
shifts = [{ days = "Mon-Fri", hours = "09:00-11:00" }]
[handling]
reply = { mean = "8 min" }
"""
PLUGINS = load_plugins()


def compared(stress: tuple[str, ...] = (), vary: tuple[str, ...] = (), **period: Any) -> tuple[list[Any], list[str]]:
    """Return the result of each variant, and what is said of the period."""
    raw = tomli.loads(SELLER)
    raw["period"] |= period
    source = ScenarioFile.of("seller.toml", raw, Path(), vocabulary(PLUGINS))
    plan, _ = prepare(source, PLUGINS, vary, (), {}, stress)
    assert plan.period is not None
    return [run(resolve(variant.scenario, PLUGINS), 1) for variant in plan.variants], period_notes(plan.period)


def test_november_of_next_year_has_its_peak() -> None:
    (without, with_sales), said = compared(vary=("sale_events=false,true",))
    assert with_sales.counts["orders"] / without.counts["orders"] == pytest.approx((30 + 12) / 30, rel=0.1)
    assert said == [
        "not all of these days was known when this version was made: the rules of US are those that were read by "
        "2026-11-29, with what was announced until then; the days of sales are assumed by rule: Black Friday week "
        "2027 (US); holidays are calculated, without days that are moved (name these in closed and worked): CN 2027."
    ]


def test_spring_festival_of_next_year_takes_only_what_the_holidays_of_the_team_that_keeps_it_left() -> None:
    (without, under), said = compared(("spring_festival",), start=date(2027, 1, 25))
    assert under.counts["orders"] == without.counts["orders"]
    assert under.metrics["mean_first_reply_hours"] > without.metrics["mean_first_reply_hours"] + 1
    assert said[1:] == [
        "'the way home', 'Spring Festival', 'the way back': only teams that take the holidays of CN are away; not so "
        "manila.",
        "'Spring Festival' takes nobody away from shenzhen, who are off on these days anyway.",
    ]
