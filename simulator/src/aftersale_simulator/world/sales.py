"""Sales: what plugins, categories and the handbook make of a run's orders, told as events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from attrs import evolve

from aftersale.base.errors import DocumentError, Problem
from aftersale.base.money import decimals
from aftersale.clocks import DAY, start_of_day
from aftersale.documents.scalars import Day, Duration, Rate, Word
from aftersale.engine.return_terms import label
from aftersale.orders import Order
from aftersale.policies.policy import Policy
from aftersale.policies.worlds import Sale
from aftersale_simulator.scenario.checks import world_flaws
from aftersale_simulator.scenario.events import MOST_FACTOR, Event
from aftersale_simulator.scenario.model import Scenario
from aftersale_simulator.scenario.vocabulary import allowed_words, vocabulary
from aftersale_simulator.world.world import World

if TYPE_CHECKING:
    from aftersale.plugins.plugins import Plugins


def sale_events(scenario: Scenario, plugins: Plugins) -> tuple[Event, ...]:
    """Return the sale events that plugins date into the days of a run, unless it leaves them out.

    Raises DocumentError where plugins' sales or presets change parameters that nobody declares.
    """
    problems = tuple(_unknown(plugins))
    if problems:
        raise DocumentError(problems[0].where, problems)
    return tuple(_event(sale) for sale in _dated(scenario, plugins)) if scenario.sale_events else ()


def _unknown(plugins: Plugins) -> Iterator[Problem]:
    """Yield what sales and presets say of parameters that nobody declares, or beyond what these and events may be."""
    words = vocabulary(plugins)
    for world in plugins.worlds:
        for index, sale in enumerate(world.sale):
            for name, factor in (("orders", sale.orders), *sale.factors.items()):
                path = f"sale[{index}].{name}" if name == "orders" else f"sale[{index}].factors.{name}"
                if name != "orders" and name not in words.parameters:
                    hint = allowed_words(name, sorted(words.parameters))
                    yield Problem(world.origin, path, "unknown parameter", hint)
                elif factor > MOST_FACTOR:
                    hint = f"at most {MOST_FACTOR} times as much"
                    yield Problem(world.origin, path, f"{factor:g} is out of range", hint)
        for index, preset in enumerate(world.preset):
            for problem in world_flaws(dict(preset.values), world.origin, words):
                yield evolve(problem, path=f"preset[{index}].values.{problem.path.removeprefix('world.')}")


def _dated(scenario: Scenario, plugins: Plugins) -> Iterator[Sale]:
    """Yield the sales on the scenario's marketplaces that have a day in common with the run."""
    horizon = scenario.horizon
    for world in plugins.worlds:
        for sale in world.sale:
            over = sale.start + timedelta(int(sale.days))
            if (
                sale.start <= horizon.last
                and over > horizon.first
                and set(sale.marketplaces) & set(scenario.marketplace)
            ):
                yield sale


def _event(sale: Sale) -> Event:
    told = sale.source if sale.grade == "assumed" else f"{sale.source} ({sale.grade})"
    return Event(
        sale.name,
        Duration(sale.days * DAY),
        start=sale.start,
        marketplaces=sale.marketplaces,
        orders=sale.orders,
        factors={str(name): factor for name, factor in sale.factors.items()},
        source=Word(told),
    )


def categories(scenario: Scenario, place: str) -> tuple[Event, ...]:
    """Return what is different about categories of a marketplace, as events that last as long as the run."""
    return tuple(
        _throughout(scenario, place, str(name), Word("the scenario's categories"), (name,), product.factors)
        for name, product in scenario.marketplace[place].category.items()
        if product.factors
    )


def _throughout(
    scenario: Scenario,
    place: str,
    name: str,
    source: Word,
    of: tuple[Word, ...],
    factors: Mapping[Word, Rate],
    orders: float = 1.0,
) -> Event:
    horizon = scenario.horizon
    return Event(
        Word(name),
        Duration((horizon.warm_up + horizon.days) * DAY),
        start=Day(horizon.first),
        marketplaces=(Word(place),),
        categories=of,
        orders=Rate(orders),
        factors={str(parameter): factor for parameter, factor in factors.items()},
        source=source,
    )


def free_labels(scenario: Scenario, policy: Policy, world: World) -> tuple[Event, ...]:
    """Return what it does to orders and returns that the handbook gives labels away where the marketplace does not.

    It does when it says `automatic` for an order of the usual price.
    """
    horizon, place = scenario.horizon, policy.marketplace
    sales = scenario.marketplace[place.name]
    price = round(float(sales.price.median) * 10 ** decimals(place.currency))
    bought = start_of_day(horizon.measured_from, place.zone)
    channel, category = next(iter(sales.channels)), next(iter(sales.categories))
    usual = Order("", place.name, bought, channel, price, place.currency, category)
    terms = policy.at(bought)
    asked, own = terms.rulebook.rule("prepaid_label", usual), label(terms, usual)
    if own is None or own.word != "automatic" or (asked is not None and asked.word == "automatic"):
        return ()
    more = 1 + world["free_return_preference"] * world["free_return_switch"]
    source = Word("the declared free_return_preference, _switch and _returns")
    factors = {Word("return_rate"): Rate(world["free_return_returns"])}
    return (_throughout(scenario, place.name, "free labels", source, (), factors, more),)
