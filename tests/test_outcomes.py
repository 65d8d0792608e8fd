"""The worked table of outcomes, booked as a run books them: from the steps that its docket kept."""

from __future__ import annotations

import importlib.util
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from aftersale.clocks import DAY
from aftersale.costs.at_once.paths import SoldOrders
from aftersale.plugins.plugins import load_plugins
from aftersale.testing import orders, reference
from aftersale_simulator.books.book import books_of
from aftersale_simulator.books.money import money_of
from aftersale_simulator.resolved.scenario import resolve
from aftersale_simulator.scenario.document import parse_scenario


def _table() -> ModuleType:
    path = Path(__file__).parent.parent / "core" / "tests" / "costs" / "test_outcomes.py"
    spec = importlib.util.spec_from_file_location("worked_table", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TABLE = _table()
RAW: dict[str, Any] = {
    "name": "one order",
    "currency": "EUR",
    "period": {"start": date(2026, 3, 1), "measured": "40 d"},
    "marketplace": {"REF": {"orders_per_day": 1.0, "price": {"median": "100"}, "prices_with_vat": False}},
    "team": {
        "day": {"zone": "UTC", "agents": 1, "shifts": [{"days": "Mon-Fri", "hours": "09:00-17:00"}]},
    },
    "handling": {"reply": {"mean": "8 min"}},
}


@pytest.mark.parametrize("outcome", TABLE.OUTCOMES)
def test_a_run_books_an_outcome_as_a_live_journal_does(outcome: str) -> None:
    facts, wanted, total, contribution = TABLE.OUTCOMES[outcome]
    resolved = resolve(parse_scenario(RAW, "test"), load_plugins((), {"reference": reference}))
    docket = TABLE.docket_of(facts, resolved.classes.movements)
    until = docket.now + DAY
    docket.advance(until)
    steps = SimpleNamespace(orders=[])
    run: Any = SimpleNamespace(orders=orders(TABLE.SOLD), sold=SoldOrders.of(()), steps=steps)
    books = books_of(resolved, docket, [run], [run], until)
    figures = money_of(resolved, books, Decimal(0)).metrics
    lines = {name.removeprefix("cost_line_"): value for name, value in figures.items() if name.startswith("cost_line_")}
    assert {line: round(100 * value) for line, value in lines.items() if value} == wanted
    assert figures["total_cost"] == total / 100
    assert figures["contribution"] == contribution / 100
