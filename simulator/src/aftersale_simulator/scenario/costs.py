"""Costs: the numbers that a scenario states for what costs where no fact tells it, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import TYPE_CHECKING

from attrs import evolve

from aftersale.base.errors import DocumentError, Problem
from aftersale.clocks import MINUTE
from aftersale.worth.parameters import LANDED, VAT, WAGE, Parameters
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
_FINEST = Decimal("1e-9")
"""Of a number that a file of numbers can hold."""


def cost_problems(scenario: Scenario, source: str, words: Vocabulary) -> Iterator[Problem]:
    """Yield what is wrong with the numbers of `[costs]`, of `[goods]`, of VAT and of the means of `[handling]`."""
    unknown = {str(name) for name in scenario.costs if _unknown(str(name), words)}
    for name in sorted(unknown):
        yield Problem(source, f"costs.{name}", *_unknown(name, words))
    stated = {name: value for name, value in stated_costs(scenario).items() if name not in unknown}
    yield from refused(words.costs, lambda name: f"costs.{name}", stated, source)
    yield from refused(words.costs, partial(_path_of_goods, scenario), stated_goods(scenario), source)
    yield from refused(words.costs, _path_of_vat, stated_vat(scenario), source)
    tasks = words.costs.with_tasks(words.tasks)
    minutes = {name: mean for name, mean in stated_minutes(scenario).items() if name in tasks.by_name}
    yield from refused(tasks, path_of_minutes, minutes, source)


def _unknown(name: str, words: Vocabulary) -> tuple[str, str] | tuple[()]:
    """Return what is wrong with a name in `[costs]`, and a hint; nothing where it is one."""
    known = name.partition(".")[0]
    where = _ELSEWHERE.get(known) or ("it is the mean of [handling]" if name.startswith(_MINUTES) else "")
    if where:
        return "stands elsewhere in a scenario", where
    now = words.costs.gone.get(name)
    if name in words.costs.by_name or now is not None:
        return () if now is None else ("is no more", f"set {now}: {_ELSEWHERE.get(now, 'it stands here')}")
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


def stated_minutes(scenario: Scenario) -> dict[str, str]:
    """Return the means of handling times by the names of parameters, in minutes."""
    return {f"{_MINUTES}{kind}": exact_number(Decimal(spec.mean) / MINUTE) for kind, spec in scenario.handling.items()}


def exact_number(exact: Decimal) -> str:
    """Return a number as text, as exact as a file of numbers can hold it."""
    return f"{exact.quantize(_FINEST, ROUND_HALF_UP).normalize():f}"


def refused(numbers: Parameters, path: Callable[[str], str], own: Mapping[str, str], source: str) -> Iterator[Problem]:
    """Yield what is wrong with some numbers, each with the path at which the scenario states it."""
    try:
        numbers.with_own(own, source)
    except DocumentError as error:
        for problem in error.problems:
            yield evolve(problem, where=source, path=path(problem.path))


def _path_of_goods(scenario: Scenario, name: str) -> str:
    key = name.partition(".")[2]
    if not key:
        return f"goods.{name}"
    return f"goods.{'product' if key in scenario.goods.product else 'category'}.{key}"


def _path_of_vat(name: str) -> str:
    return f"marketplace.{name.partition('.')[2]}.{VAT}"


def path_of_minutes(name: str) -> str:
    """Return the path of the handling time that the minutes of a kind of task are."""
    return f"handling.{name.removeprefix(_MINUTES)}"
