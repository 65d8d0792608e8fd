"""Rates: what is wrong with a table of what one unit of each currency is worth in a scenario's own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from aftersale.base.errors import DocumentError, MoneyError, Problem
from aftersale.base.money import decimals
from aftersale.documents.scalars import DayOrAmount, Word
from aftersale.documents.structure import structure

ON = "on"
"""The key of `[rates]` that says of which day they are."""


def rate_problems(rates: Any, currency: Any, source: str) -> Iterator[Problem]:
    """Yield what is wrong with an unchecked `[rates]` of a scenario in a currency, beside the types of its values."""
    if not isinstance(rates, dict) or not rates:
        return
    if ON not in rates:
        yield Problem(source, f"rates.{ON}", "missing", "say of which day the rates are, such as on = 2026-03-02")
    for name, value in rates.items():
        known = _known(value, source)
        if name != ON:
            yield from _of_currency(str(name), known, currency, source)
        elif isinstance(known, Decimal):
            yield Problem(source, f"rates.{ON}", "is no day", "write on = 2026-03-02")


def _of_currency(name: str, worth: date | Decimal | None, currency: Any, source: str) -> Iterator[Problem]:
    """Yield what is wrong with the rate of one currency; `worth` is None where the types say what is wrong with it."""
    path = f"rates.{name}"
    try:
        decimals(name)
    except MoneyError as error:
        yield Problem(source, path, error.what, error.hint)
        return
    if name == currency:
        yield Problem(source, path, "is the scenario's own currency", "leave it out: one is worth one")
    elif worth is not None and (not isinstance(worth, Decimal) or worth <= 0):
        hint = f"write what one {name} is worth in {currency}, such as {name} = '7.10'"
        yield Problem(source, path, "is no rate above 0", hint)


def _known(value: Any, source: str) -> date | Decimal | None:
    """Return a day or an amount, None for what is neither."""
    try:
        known = structure(dict[Word, DayOrAmount], {ON: value}, source)[Word(ON)]
    except DocumentError:
        return None
    return known if isinstance(known, date | Decimal) else None
