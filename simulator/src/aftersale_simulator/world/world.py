"""World of one marketplace: its numbers, and what happens there besides the steps that buyers take everywhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from math import inf
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aftersale.clocks import Instant
from aftersale.documents.scalars import Word
from aftersale.order_columns import Orders
from aftersale.orders import Order
from aftersale.policies.reactions import Reaction
from aftersale.policies.worlds import Closure, Preset, WorldDefaults
from aftersale_simulator.assumptions.parameters import load_parameters
from aftersale_simulator.scenario.events import ActiveEvent
from aftersale_simulator.world.behaviour.in_force import behaviour

Floats = NDArray[np.float64]


class Override(NamedTuple):
    """What an event makes of a parameter in [begin, end): its value times `factor` plus `value`.

    Empty `categories` mean all.
    """

    begin: Instant
    end: Instant
    categories: frozenset[str]
    factor: float
    value: float


Said = tuple[float | None, tuple[Override, ...], tuple[float, float]]
"""A parameter's value, None where it is not declared, what events make of it, and its range."""


class World:
    """The parameters of one marketplace: declared defaults, overridden by its plugin, by presets, and by the scenario.

    `behaviour` is what happens there of itself, `closures` what may be closed. `active_events` change some numbers for
    a while. `reads` are the parameters that were read so far as they are, `order_reads` those that were read for an
    order, `applied` the rows of the scenario's reactions that held for one, by their places.
    `order_factors` are (begin, end, factor) of events that change how many orders there are, of whatever category.
    """

    def __init__(
        self,
        overrides: Mapping[str, float] | None = None,
        marketplace: str = "",
        defaults: Iterable[WorldDefaults] = (),
        active_events: Iterable[ActiveEvent] = (),
        presets: Iterable[str] = (),
        reactions: Sequence[Reaction] = (),
    ) -> None:
        """Take the scenario's checked overrides, the plugins' `defaults` for the marketplace, and events.

        `presets` names presets of the plugins that override their parameters, a later preset an earlier one;
        `reactions` are the scenario's rows that override reactions.
        """
        self._values: dict[str, float] = {parameter.name: float(parameter.default) for parameter in load_parameters()}
        self._ranges: dict[str, tuple[float, float]] = {
            parameter.name: (parameter.low, parameter.high) for parameter in load_parameters()
        }
        self.closures: list[Closure] = []
        worlds = list(defaults)
        for world in worlds:
            declared = [parameter for parameter in world.parameter if marketplace in parameter.marketplaces]
            self._values.update((parameter.name, float(parameter.default)) for parameter in declared)
            self._ranges.update((parameter.name, (parameter.low, parameter.high)) for parameter in declared)
            self.closures += (closure for closure in world.closure if marketplace in closure.marketplaces)
        self.behaviour = behaviour(marketplace, worlds, reactions)
        self.presets = {preset.name: preset for preset in _presets(worlds, marketplace) if preset.name in set(presets)}
        for name in presets:
            if preset := self.presets.get(Word(name)):
                self._values.update((key, float(value)) for key, value in preset.values.items())
        self._values.update((name, float(value)) for name, value in (overrides or {}).items())
        self._marketplace = marketplace
        self.reads: set[str] = set()
        self.order_reads: set[str] = set()
        self.applied: set[int] = set()
        self._asked: set[str] = set()
        self._set_events(active_events)

    def _set_events(self, active_events: Iterable[ActiveEvent]) -> None:
        self.active_events = [active for active in active_events if active.event.concerns(self._marketplace)]
        self.order_factors = tuple(
            (active.begin, active.end, float(active.event.orders))
            for active in self.active_events
            if not active.event.categories and float(active.event.orders) != 1.0
        )
        self._overrides: defaultdict[str, list[Override]] = defaultdict(list)
        for active in self.active_events:
            self._add_overrides(active)

    def _add_overrides(self, active: ActiveEvent) -> None:
        event, categories = active.event, frozenset(active.event.categories)
        for name, value in event.world.items():
            self._overrides[name].append(Override(active.begin, active.end, categories, 0.0, float(value)))
        for name, factor in event.factors.items():
            self._overrides[name].append(Override(active.begin, active.end, categories, float(factor), 0.0))

    def under(self, active_events: Iterable[ActiveEvent]) -> World:
        """Return this world with other events, which change its numbers while they last."""
        world = copy(self)
        world._set_events(active_events)
        return world

    def watched(self) -> World:
        """Return this world with reads of its own, such as those of one run, which follow those until now."""
        world = copy(self)
        world.reads, world.order_reads = set(self.reads), set(self.order_reads)
        world._asked, world.applied = set(self._asked), set(self.applied)
        return world

    def unread(self) -> World:
        """Return this world with reads of its own, none yet."""
        world = copy(self)
        world.reads, world.order_reads, world._asked, world.applied = set(), set(), set(), set()
        return world

    def count_reads(self, other: World) -> None:
        """Count what was read of another world as read here, too."""
        self.reads |= other.reads
        self.order_reads |= other.order_reads
        self.applied |= other.applied

    def asked(self) -> frozenset[str]:
        """Return every name whose number anything came to depend on so far, be it that it has none or no event."""
        return frozenset(self.reads | self.order_reads | self._asked)

    def said(self, name: str) -> Said:
        """Return all that a parameter can be read as: equal for equal readings, at any instant and for any order."""
        return self._values.get(name), tuple(self._overrides.get(name, ())), self._range(name)

    def __getitem__(self, name: str) -> float:
        """Return the value of a declared parameter."""
        self.reads.add(name)
        return self._values[name]

    def on(self, name: str, order: Order, at: Instant) -> float:
        """Return the value of a parameter for an order at an instant."""
        value = self._values[name]
        self.order_reads.add(name)
        if name not in self._overrides:
            return value
        for override in self._overrides[name]:
            if override.begin <= at < override.end and (
                not override.categories or order.category in override.categories
            ):
                value = value * override.factor + override.value
        return self._clip(name, value)

    @property
    def varying(self) -> frozenset[str]:
        """The parameters that events change."""
        return frozenset(name for name, overrides in self._overrides.items() if overrides)

    def varies(self, name: str) -> bool:
        """Whether events make a parameter another one on some days or for some categories."""
        return name in self._overrides

    def peek(self, quantity: object) -> float:
        """Return a quantity of a reaction as it is without events; it does not count as read."""
        if isinstance(quantity, str):
            return self._values[quantity]
        assert isinstance(quantity, float)
        return quantity

    def of(self, quantity: object, order: Order, at: Instant) -> float:
        """Return a quantity of a reaction for an order at an instant: a number, or the value of a parameter."""
        if isinstance(quantity, str):
            return self.on(quantity, order, at)
        assert isinstance(quantity, float)
        return quantity

    def of_orders(self, quantity: object, orders: Orders, *, by_category: bool = False) -> Floats:
        """Return a quantity of a reaction for each order, as of its purchase.

        With `by_category` a parameter of its name with the category's behind it takes its place, where one is declared.
        """
        if not isinstance(quantity, str):
            assert isinstance(quantity, float)
            return np.full(len(orders), quantity)
        if not by_category:
            return self.for_orders(quantity, orders)
        usual = np.array([self.get(f"{quantity}_{name}", quantity) for name in orders.categories])
        return self.for_orders(quantity, orders, usual[orders.category])

    def for_orders(self, name: str, orders: Orders, base: Floats | None = None) -> Floats:
        """Return the value of a parameter for each order, as of its purchase; `base` replaces its usual value."""
        self._asked.add(name)
        if len(orders) and (base is None or name in self._overrides):
            self.order_reads.add(name)
        values = np.full(len(orders), self._values[name]) if base is None else base
        for override in self._overrides.get(name, ()):
            inside = (orders.purchased_at >= override.begin) & (orders.purchased_at < override.end)
            if override.categories:
                chosen = np.array([category in override.categories for category in orders.categories], bool)
                inside &= chosen[orders.category]
            values = np.where(inside, values * override.factor + override.value, values)
        return np.clip(values, *self._range(name)) if name in self._overrides else values

    def _clip(self, name: str, value: float) -> float:
        low, high = self._range(name)
        return min(max(value, low), high)

    def _range(self, name: str) -> tuple[float, float]:
        return self._ranges.get(name, (0.0, inf))

    def get(self, name: str, fallback: str) -> float:
        """Return a parameter, or the `fallback` where it is not declared: a rate by category, say."""
        self._asked.add(name)
        self.order_reads.add(name if name in self._values else fallback)
        return self._values.get(name, self._values[fallback])


def _presets(defaults: Iterable[WorldDefaults], marketplace: str) -> Iterator[Preset]:
    return (preset for world in defaults for preset in world.preset if marketplace in preset.marketplaces)
