"""The world of one marketplace: its numbers, and what happens there beside the steps that buyers take everywhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from math import inf
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aftersale.clocks import Instant
from aftersale.documents.scalars import Word
from aftersale.orders import Order, Orders
from aftersale.policies.worlds import Closure, Contact, Preset, Reaction, WorldDefaults
from aftersale_simulator.scenario.events import ActiveEvent
from aftersale_simulator.scenario.parameters import load_parameters

Floats = NDArray[np.float64]
DECISION = "decide_return"
"""The task that becomes one of two facts, by chance."""
DONE_BY = {"reply": "seller_reply", "refund": "refunded", "submit_evidence": "evidence_submitted"}
DONE_BY |= {"appeal": "appeal_submitted", "send_label": "label_sent", "answer_chargeback": "chargeback_answered"}
DONE_BY |= {"review_feedback": "feedback_accepted"}
"""The fact that a finished task becomes, where no plugin says it."""


class Override(NamedTuple):
    """What an event makes of a parameter in [begin, end): its value times `factor` plus `value`; no category is all."""

    begin: Instant
    end: Instant
    categories: frozenset[str]
    factor: float
    value: float


class World:
    """The parameters of one marketplace: the declared defaults, its plugin's over them, presets, and the scenario's.

    `contacts`, `closures` and `reactions`, by (kind, state), are those that its plugin adds, `absent` the facts that
    never happen there, `answers` the facts that finished tasks become. In `spells` some of the numbers are others.
    """

    def __init__(
        self,
        overrides: Mapping[str, float] | None = None,
        place: str = "",
        plugged: Iterable[WorldDefaults] = (),
        active_events: Iterable[ActiveEvent] = (),
        presets: Iterable[str] = (),
    ) -> None:
        """Take the scenario's overrides, as checked there, what plugins say of the marketplace `place`, and events.

        Of the plugins' `presets` those asked for go over their parameters, a later one over an earlier.
        """
        self._values: dict[str, float] = {one.name: float(one.default) for one in load_parameters()}
        self._ranges: dict[str, tuple[float, float]] = {one.name: (one.low, one.high) for one in load_parameters()}
        self.contacts: list[Contact] = []
        self.closures: list[Closure] = []
        self.reactions: defaultdict[tuple[str, str], list[Reaction]] = defaultdict(list)
        self.answers = dict(DONE_BY)
        absent: set[str] = set()
        for world in plugged:
            own = [parameter for parameter in world.parameter if place in parameter.marketplaces]
            self._values.update((parameter.name, float(parameter.default)) for parameter in own)
            self._ranges.update((parameter.name, (parameter.low, parameter.high)) for parameter in own)
            self.closures += (closure for closure in world.closure if place in closure.marketplaces)
            self.contacts += (contact for contact in world.contact if place in contact.marketplaces)
            for reaction in world.reaction:
                if place in reaction.marketplaces:
                    self.reactions[reaction.kind, reaction.state].append(reaction)
            absent.update(fact for row in world.absent if place in row.marketplaces for fact in row.facts)
            self.answers.update((answer.task, answer.fact) for answer in world.answer)
        self.absent = frozenset(absent)
        self.presets = {preset.name: preset for preset in _presets(plugged, place) if preset.name in set(presets)}
        for name in presets:
            if preset := self.presets.get(Word(name)):
                self._values.update((key, float(value)) for key, value in preset.values.items())
        self._values.update((name, float(value)) for name, value in (overrides or {}).items())
        self._place = place
        self._happens(active_events)

    def _happens(self, active_events: Iterable[ActiveEvent]) -> None:
        self.active_events = [active for active in active_events if active.event.concerns(self._place)]
        self._overrides: defaultdict[str, list[Override]] = defaultdict(list)
        for active in self.active_events:
            self._override(active)

    def _override(self, active: ActiveEvent) -> None:
        event, categories = active.event, frozenset(active.event.categories)
        for name, value in event.world.items():
            self._overrides[name].append(Override(active.begin, active.end, categories, 0.0, float(value)))
        for name, factor in event.factors.items():
            self._overrides[name].append(Override(active.begin, active.end, categories, float(factor), 0.0))

    def under(self, active_events: Iterable[ActiveEvent]) -> World:
        """Return this world with other events: the same numbers, which differ while these last."""
        world = copy(self)
        world._happens(active_events)
        return world

    def __getitem__(self, name: str) -> float:
        """Return the value of a declared parameter."""
        return self._values[name]

    def on(self, name: str, order: Order, at: Instant) -> float:
        """Return what a parameter is worth for an order at an instant."""
        value = self._values[name]
        if name not in self._overrides:
            return value
        for override in self._overrides[name]:
            if override.begin <= at < override.end and (
                not override.categories or order.category in override.categories
            ):
                value = value * override.factor + override.value
        return self._within(name, value)

    def for_orders(self, name: str, orders: Orders, base: Floats | None = None) -> Floats:
        """Return what a parameter is worth for each order, as of its purchase; `base` replaces its usual value."""
        values = np.full(len(orders), self._values[name]) if base is None else base
        for override in self._overrides.get(name, ()):
            inside = (orders.purchased_at >= override.begin) & (orders.purchased_at < override.end)
            if override.categories:
                chosen = np.array([category in override.categories for category in orders.categories], bool)
                inside &= chosen[orders.category]
            values = np.where(inside, values * override.factor + override.value, values)
        return np.clip(values, *self._span(name)) if name in self._overrides else values

    def _within(self, name: str, value: float) -> float:
        low, high = self._span(name)
        return min(max(value, low), high)

    def _span(self, name: str) -> tuple[float, float]:
        return self._ranges.get(name, (0.0, inf))

    def get(self, name: str, otherwise: str) -> float:
        """Return a parameter, or another where the first is not declared: a rate by category, say."""
        return self._values.get(name, self._values[otherwise])


def _presets(plugged: Iterable[WorldDefaults], place: str) -> Iterator[Preset]:
    return (preset for world in plugged for preset in world.preset if place in preset.marketplaces)
