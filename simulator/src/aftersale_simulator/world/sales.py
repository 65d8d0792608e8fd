"""Sales: how plugins, categories and the handbook change a run's orders, as events."""

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
from aftersale_simulator.scenario.checks import world_problems
from aftersale_simulator.scenario.events import MOST_FACTOR, Event
from aftersale_simulator.scenario.model import Scenario
from aftersale_simulator.scenario.vocabulary import allowed_words, vocabulary
from aftersale_simulator.world.world import World

if TYPE_CHECKING:
    from aftersale.plugins.plugins import Plugins


def sale_events(scenario: Scenario, plugins: Plugins) -> tuple[Event, ...]:
    """Return the sale events that plugins date into the days of a run, unless the scenario leaves them out.

    Raises DocumentError where plugins' sales or presets change undeclared parameters.
    """
    problems = tuple(_parameter_problems(plugins))
    if problems:
        raise DocumentError(problems[0].where, problems)
    return tuple(_event(sale) for sale in sales_in_run(scenario, plugins)) if scenario.sale_events else ()


def _parameter_problems(plugins: Plugins) -> Iterator[Problem]:
    """Yield undeclared parameters of sales and presets, and values beyond the range of a parameter or an event."""
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
            for problem in world_problems(dict(preset.values), world.origin, words):
                yield evolve(problem, path=f"preset[{index}].values.{problem.path.removeprefix('world.')}")


def sales_in_run(scenario: Scenario, plugins: Plugins) -> Iterator[Sale]:
    """Yield the sales on the scenario's marketplaces that share a day with the run."""
    horizon = scenario.horizon
    for world in plugins.worlds:
        for sale in world.sale:
            end = sale.start + timedelta(int(sale.days))
            if (
                sale.start <= horizon.last
                and end > horizon.first
                and set(sale.marketplaces) & set(scenario.marketplace)
            ):
                yield sale


def _event(sale: Sale) -> Event:
    source = sale.source if sale.grade == "assumed" else f"{sale.source} ({sale.grade})"
    return Event(
        sale.name,
        Duration(sale.days * DAY),
        start=sale.start,
        marketplaces=sale.marketplaces,
        orders=sale.orders,
        factors={str(name): factor for name, factor in sale.factors.items()},
        source=Word(source),
    )


def categories(scenario: Scenario, marketplace: str) -> tuple[Event, ...]:
    """Return how categories of a marketplace differ, as events that last as long as the run."""
    return tuple(
        _lasting_event(scenario, marketplace, str(name), Word("the scenario's categories"), (name,), product.factors)
        for name, product in scenario.marketplace[marketplace].category.items()
        if product.factors
    )


def _lasting_event(
    scenario: Scenario,
    marketplace: str,
    name: str,
    source: Word,
    category_names: tuple[Word, ...],
    factors: Mapping[Word, Rate],
    orders: float = 1.0,
) -> Event:
    horizon = scenario.horizon
    return Event(
        Word(name),
        Duration((horizon.warm_up + horizon.days) * DAY),
        start=Day(horizon.first),
        marketplaces=(Word(marketplace),),
        categories=category_names,
        orders=Rate(orders),
        factors={str(parameter): factor for parameter, factor in factors.items()},
        source=source,
    )


def free_labels(scenario: Scenario, policy: Policy, world: World) -> tuple[Event, ...]:
    """Return how free labels change orders and returns, where the handbook gives them and the marketplace does not.

    The handbook gives them when its rule says `automatic` for an order of the usual price.
    """
    horizon, marketplace = scenario.horizon, policy.marketplace
    sales = scenario.marketplace[marketplace.name]
    price = round(float(sales.price.median) * 10 ** decimals(marketplace.currency))
    at = start_of_day(horizon.measured_from, marketplace.zone)
    channel, category = next(iter(sales.channels)), next(iter(sales.categories))
    order = Order("", marketplace.name, at, channel, price, marketplace.currency, category)
    terms = policy.at(at)
    marketplace_rule, seller_rule = terms.rulebook.rule("prepaid_label", order), label(terms, order)
    if (
        seller_rule is None
        or seller_rule.word != "automatic"
        or (marketplace_rule is not None and marketplace_rule.word == "automatic")
    ):
        return ()
    factor = 1 + world["free_return_preference"] * world["free_return_switch"]
    source = Word("the declared free_return_preference, _switch and _returns")
    factors = {Word("return_rate"): Rate(world["free_return_returns"])}
    return (_lasting_event(scenario, marketplace.name, "free labels", source, (), factors, factor),)
