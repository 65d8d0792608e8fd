"""Rates: what one unit of each currency is worth in a scenario's own, and what is wrong with such a table."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from aftersale.base.errors import MoneyError, Problem
from aftersale.base.money import decimals

if TYPE_CHECKING:
    from aftersale_simulator.scenario.model import Scenario

ON = "on"
"""The key of `[rates]` that says of which day they are."""


def rate_problems(scenario: Scenario, source: str) -> Iterator[Problem]:
    """Yield what is wrong with the rates of a scenario."""
    if scenario.rates and ON not in map(str, scenario.rates):
        yield Problem(source, f"rates.{ON}", "missing", "say of which day the rates are, such as on = 2026-03-02")
    for name, worth in scenario.rates.items():
        path = f"rates.{name}"
        if str(name) == ON:
            if not isinstance(worth, date):
                yield Problem(source, path, "is no day", "write on = 2026-03-02")
            continue
        try:
            decimals(str(name))
        except MoneyError as error:
            yield Problem(source, path, error.what, error.hint)
            continue
        if str(name) == scenario.currency:
            yield Problem(source, path, "is the scenario's own currency", "leave it out: one is worth one")
        elif not isinstance(worth, Decimal) or worth <= 0:
            hint = f"write what one {name} is worth in {scenario.currency}, such as {name} = '7.10'"
            yield Problem(source, path, "is no rate above 0", hint)
