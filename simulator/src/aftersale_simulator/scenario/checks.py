"""Checks: what is wrong with a scenario beyond the types of its values."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import cache
from math import fsum
from sys import float_info
from typing import TYPE_CHECKING, Any

from attrs import evolve, fields

from aftersale.base.errors import Problem, did_you_mean
from aftersale.base.toml_lines import is_written
from aftersale.clocks import DAY
from aftersale.rules import unknown_versions
from aftersale_simulator.scenario.limits import MOST_ORDERS
from aftersale_simulator.scenario.model import Goods, Period, Sales, Targets, Team
from aftersale_simulator.scenario.rates import ON
from aftersale_simulator.scenario.vocabulary import allowed_words, settable

if TYPE_CHECKING:
    from aftersale_simulator.scenario.model import Scenario
    from aftersale_simulator.scenario.vocabulary import Vocabulary


TOP = (
    "name",
    "base",
    "seed",
    "replications",
    "currency",
    "handbook",
    "work_order",
    "sale_events",
    "presets",
    "rule_versions",
    "most_failed",
    "cheapest",
)
"""The keys of a scenario that are no tables."""
_CURRENCY = re.compile("[A-Z]{3}")


def at_top(key: str) -> str:
    """Return what to do about a key of the file itself that stands in a table."""
    return f"'{key}' is a key of the file itself: put it before the first [table]"


def in_table(key: str, table: str) -> str:
    """Return what to do about a key of a table that stands among those of the file itself."""
    return f"'{key}' is a key of [{table}]: put it below that line"


def table_of(key: str, words: Vocabulary) -> str:
    """Return the table that takes a key, such as `goods` or `marketplace.NAME`; empty where none does."""
    named: dict[str, Collection[str]] = {
        **_declared(),
        "costs": settable(words.costs),
        "handling": words.tasks,
        "world": words.parameters,
        "targets": (*_declared()["targets"], *words.metrics),
    }
    if key == ON or _CURRENCY.fullmatch(key):
        return "rates"
    return next((table for table, keys in named.items() if key in keys), "")


@cache
def _declared() -> dict[str, list[str]]:
    kinds = {"period": Period, "marketplace.NAME": Sales, "team.NAME": Team, "targets": Targets, "goods": Goods}
    return {table: [str(spec.alias) for spec in fields(kind) if is_written(spec)] for table, kind in kinds.items()}


def world_problems(world: Any, source: str, words: Vocabulary) -> Iterator[Problem]:
    """Yield unknown parameters of an unchecked `[world]`, and values out of their declared range."""
    parameters = words.parameters
    for name, value in world.items() if isinstance(world, dict) else ():
        path = f"world.{name}"
        if name not in parameters:
            hint = at_top(name) if name in TOP else allowed_words(str(name), sorted(parameters))
            yield Problem(source, path, "unknown parameter", hint)
        elif _is_number(value):
            low, high = words.span(name)
            if not low <= value <= high:
                hint = f"{parameters[name][0].unit}: {low:g} to {high:g}"
                yield Problem(source, path, f"{value:g} is out of range", hint)


def _is_number(value: Any) -> bool:
    """Whether a value is a number that can be compared and shown; the types report all others."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float_info.max


def handling_problems(handling: Any, source: str, words: Vocabulary) -> Iterator[Problem]:
    """Yield the unknown kinds of task of an unchecked `[handling]`."""
    if not isinstance(handling, dict):
        return
    for name in handling:
        if name not in words.tasks:
            yield Problem(source, f"handling.{name}", "unknown kind of task", allowed_words(str(name), words.tasks))


def event_problems(events: Any, source: str, words: Vocabulary) -> Iterator[Problem]:
    """Yield the unknown parameters of unchecked `[[event]]` tables, and values out of their range."""
    for index, event in enumerate(events) if isinstance(events, list) else ():
        table = event if isinstance(event, dict) else {}
        for problem in world_problems(table.get("world"), source, words):
            yield evolve(problem, path=f"event[{index}].{problem.path}")
        factors = table.get("factors")
        for name in factors if isinstance(factors, dict) else ():
            if name not in words.parameters:
                hint = allowed_words(str(name), sorted(words.parameters))
                yield Problem(source, f"event[{index}].factors.{name}", "unknown parameter", hint)


def category_problems(marketplaces: Any, source: str, words: Vocabulary) -> Iterator[Problem]:
    """Yield the unknown parameters that categories of unchecked `[marketplace]` tables change."""
    for marketplace, sales in marketplaces.items() if isinstance(marketplaces, dict) else ():
        products = sales.get("category") if isinstance(sales, dict) else None
        for category, product in products.items() if isinstance(products, dict) else ():
            factors = product.get("factors") if isinstance(product, dict) else None
            for name in factors if isinstance(factors, dict) else ():
                if name not in words.parameters:
                    path = f"marketplace.{marketplace}.category.{category}.factors.{name}"
                    yield Problem(source, path, "unknown parameter", allowed_words(str(name), sorted(words.parameters)))


def preset_problems(presets: Any, source: str, words: Vocabulary) -> Iterator[Problem]:
    """Yield the presets of an unchecked list that no plugin brings."""
    for index, name in enumerate(presets if isinstance(presets, list) else ()):
        if isinstance(name, str) and name not in words.presets:
            hint = allowed_words(name, words.presets) if words.presets else "no installed plugin brings any"
            yield Problem(source, f"presets[{index}]", f"there is no preset '{name}'", hint)


def version_problems(versions: Any, source: str, words: Vocabulary) -> Iterator[Problem]:
    """Yield the versions of rules of an unchecked list that no plugin brings."""
    names = versions if isinstance(versions, list) and all(isinstance(name, str) for name in versions) else ()
    return unknown_versions(names, words.versions, source, "rule_versions")


def _event_name_problems(scenario: Scenario, source: str) -> Iterator[Problem]:
    """Yield the marketplaces, teams and categories of events that are not in the scenario."""
    categories = [name for sales in scenario.marketplace.values() for name in sales.categories]
    names_by_key = {
        "marketplaces": list(map(str, scenario.marketplace)),
        "teams": list(map(str, scenario.team)),
        "categories": list(dict.fromkeys(map(str, categories))),
    }
    for index, event in enumerate(scenario.event):
        for key, words in names_by_key.items():
            for number, word in enumerate(getattr(event, key)):
                if word not in words:
                    what = f"there is no '{word}' in this scenario"
                    yield Problem(source, f"event[{index}].{key}[{number}]", what, allowed_words(word, words))


def _task_problems(scenario: Scenario, source: str, words: Vocabulary) -> Iterator[Problem]:
    """Yield the unknown kinds of task, and those that no shift of a marketplace's teams does."""
    for name, team in scenario.team.items():
        for index, shift in enumerate(team.shifts):
            for number, task in enumerate(shift.tasks):
                if task not in words.tasks:
                    path = f"team.{name}.shifts[{index}].tasks[{number}]"
                    yield Problem(source, path, f"unknown kind of task '{task}'", allowed_words(task, words.tasks))
    for marketplace in scenario.marketplace:
        teams = [team for team in scenario.team.values() if not team.serves or marketplace in team.serves]
        shifts = [shift for team in teams for shift in team.shifts]
        assigned = {task for shift in shifts for task in shift.tasks}
        missing = [task for task in words.tasks if task not in assigned]
        if assigned and missing and all(shift.tasks for shift in shifts):
            what = f"nobody does: {', '.join(missing)}"
            yield Problem(
                source, f"marketplace.{marketplace}", what, "add them to the tasks of a shift, or leave tasks out"
            )


def _work_order_problems(scenario: Scenario, source: str, words: Vocabulary) -> Iterator[Problem]:
    if scenario.work_order not in words.work_orders:
        expected = ", ".join(f"'{word}'" for word in words.work_orders)
        what = f"expected one of {expected}, found '{scenario.work_order}'"
        yield Problem(source, "work_order", what, did_you_mean(scenario.work_order, words.work_orders))


def scenario_problems(scenario: Scenario, source: str, words: Vocabulary) -> Iterator[Problem]:
    """Yield what does not fit together in a scenario of valid parts: who serves which marketplace, how many orders."""
    marketplaces: tuple[str, ...] = tuple(map(str, scenario.marketplace))
    for name in scenario.staffing if scenario.team else ():
        if name not in scenario.team:
            yield Problem(source, f"staffing.{name}", "there is no such team", allowed_words(name, scenario.team))
    served = {marketplace for team in scenario.team.values() for marketplace in team.serves or marketplaces}
    for name, team in scenario.team.items():
        for index, word in enumerate(team.serves):
            if word not in marketplaces:
                path = f"team.{name}.serves[{index}]"
                yield Problem(source, path, f"nothing is sold on '{word}'", allowed_words(word, marketplaces))
    for marketplace in marketplaces if scenario.team else ():
        if marketplace not in served:
            hint = f"add it to the serves of one of: {', '.join(scenario.team)}"
            yield Problem(source, f"marketplace.{marketplace}", "no team serves this marketplace", hint)
    yield from _work_order_problems(scenario, source, words)
    yield from _event_name_problems(scenario, source)
    yield from _task_problems(scenario, source, words)
    for name, what in (("marketplace", "nothing is sold"), ("team", "nobody works")):
        if not getattr(scenario, name):
            yield Problem(source, name, what, f"add a table [{name}.NAME]")
    yield from _share_problems(scenario, source)
    days = (scenario.period.measured + scenario.period.warm_up) / DAY
    if fsum(sales.orders_per_day for sales in scenario.marketplace.values()) * days > MOST_ORDERS:
        hint = f"at most {MOST_ORDERS:,} in a period with its warm-up; simulate a share of them"
        yield Problem(source, "marketplace", "too many orders", hint)


def _share_problems(scenario: Scenario, source: str) -> Iterator[Problem]:
    """Yield the products of which nobody says how much is sold, where no order file does."""
    for name, sales in scenario.marketplace.items() if scenario.orders is None else ():
        for product, sold in sales.product.items():
            if sold.share is None:
                hint = "share = 0.2 is a fifth of the orders of its category"
                yield Problem(source, f"marketplace.{name}.product.{product}", "how much of it is sold?", hint)
