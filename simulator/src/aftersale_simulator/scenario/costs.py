"""Costs: what a scenario states in money: rates, what things cost where no fact tells it, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from attrs import evolve

from aftersale.base.errors import DocumentError, MoneyError, Problem
from aftersale.base.money import decimals
from aftersale.worth.goods import LANDED, VAT
from aftersale.worth.parameters import WAGE, Parameters
from aftersale_simulator.scenario.tables import ON, TOP, at_top
from aftersale_simulator.scenario.vocabulary import Vocabulary, allowed_words, settable

if TYPE_CHECKING:
    from aftersale_simulator.scenario.model import Scenario

_ELSEWHERE = {
    WAGE: "it is the teams' cost_per_hour",
    LANDED: "it is [goods] landed_cost_share, or the one of a category or a product there",
    VAT: "it is the vat_share of each marketplace, beside prices_with_vat",
}
"""Numbers that a scenario states elsewhere, and where."""
_MINUTES = "minutes_"


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
            yield Problem(source, path, error.what, at_top(str(name)) if str(name) in TOP else error.hint)
            continue
        if str(name) == scenario.currency:
            yield Problem(source, path, "is the scenario's own currency", "leave it out: one is worth one")
        elif not isinstance(worth, Decimal) or worth <= 0:
            hint = f"write what one {name} is worth in {scenario.currency}, such as {name} = '7.10'"
            yield Problem(source, path, "is no rate above 0", hint)


def cost_problems(scenario: Scenario, source: str, words: Vocabulary) -> Iterator[Problem]:
    """Yield what is wrong with rates, with the numbers of `[costs]` and of `[goods]`, and with VAT."""
    yield from rate_problems(scenario, source)
    unknown = {str(name) for name in scenario.costs if _unknown(str(name), words)}
    for name in sorted(unknown):
        yield Problem(source, f"costs.{name}", *_unknown(name, words))
    stated = {name: value for name, value in stated_costs(scenario).items() if name not in unknown}
    yield from refused(words.costs, "costs", stated, source)
    yield from refused(words.costs, "goods", stated_goods(scenario), source)
    yield from refused(words.costs, "marketplace", stated_vat(scenario), source)


def _unknown(name: str, words: Vocabulary) -> tuple[str, str] | tuple[()]:
    """Return what is wrong with a name in `[costs]`, and a hint; nothing where it is one."""
    known = name.partition(".")[0]
    where = _ELSEWHERE.get(known) or ("it is the mean of [handling]" if name.startswith(_MINUTES) else "")
    if where:
        return "stands elsewhere in a scenario", where
    now = words.costs.gone.get(name)
    if name in words.costs.by_name or now is not None:
        return () if now is None else ("is no more", f"set {now}: {_ELSEWHERE.get(now, 'it stands here')}")
    if name in TOP:
        return "no such number", at_top(name)
    if name in words.parameters:
        return "no such number", f"'{name}' is a key of [world]"
    return "no such number", allowed_words(name, settable(words.costs))


def stated_costs(scenario: Scenario) -> dict[str, str]:
    """Return the numbers of `[costs]` by the names of parameters."""
    return {str(name): str(value) for name, value in scenario.costs.items()}


def stated_goods(scenario: Scenario) -> dict[str, str]:
    """Return what goods cost by the names of parameters: the share for all, and those of categories and products."""
    goods = scenario.goods
    by_key = {**goods.category, **goods.product}
    own = {f"{LANDED}.{key}": f"{share:f}" for key, share in by_key.items()}
    return own if goods.landed_cost_share is None else {LANDED: f"{goods.landed_cost_share:f}", **own}


def stated_vat(scenario: Scenario) -> dict[str, str]:
    """Return the declared VAT of marketplaces by the names of parameters, 0 where prices contain none."""
    return {
        f"{VAT}.{name}": f"{sales.vat_share if sales.prices_with_vat else Decimal(0):f}"
        for name, sales in scenario.marketplace.items()
        if sales.prices_with_vat is not None
    }


def refused(numbers: Parameters, table: str, own: Mapping[str, str], source: str) -> Iterable[Problem]:
    """Yield what is wrong with the numbers of a table, each with the path of the table's key."""
    try:
        numbers.with_own(own, source)
    except DocumentError as error:
        for problem in error.problems:
            yield evolve(problem, where=source, path=_path(table, problem.path))


def _path(table: str, name: str) -> str:
    known, _, key = name.partition(".")
    if table == "costs" or not key:
        return f"{table}.{name.removeprefix(_MINUTES) if table == 'handling' else name}"
    return f"{table}.{key}.{known}"
