"""Plan: a scenario as tables, filled by what its runs ask for."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from functools import cached_property
from math import floor
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import define, field
from numpy.typing import NDArray

from aftersale.base.money import decimals
from aftersale.clocks import DAY, MINUTE, Instant, start_of_day
from aftersale.costs.charges import moving_kinds
from aftersale.documents.scalars import Duration, Word
from aftersale_simulator.desk.handling import shape_of
from aftersale_simulator.kernel import load_kernel
from aftersale_simulator.plan.tables.cases import EXEMPT, LoweredCases, Symbol
from aftersale_simulator.plan.tables.clocks import LoweredClocks
from aftersale_simulator.plan.tables.names import Names
from aftersale_simulator.plan.tables.responses import LoweredResponses
from aftersale_simulator.plan.tables.rows import add
from aftersale_simulator.scenario.model import Handling
from aftersale_simulator.scenario.vocabulary import task_kinds

if TYPE_CHECKING:
    from collections.abc import Callable

    from aftersale.orders import Order
    from aftersale.policies.policy import Policy, Way
    from aftersale_simulator.resolved.scenario import ResolvedScenario

BEFORE, AFTER = 120 * DAY, 120 * DAY
"""How far tables of clocks reach beyond the days of a run: windows of returns begin with deliveries."""
REPLY = "reply"
"""The kind of task of which every answer of a conversation takes a time of its own."""
SHAPES = ("fixed", "exponential", "lognormal")
WORDS = frozenset({"channel", "category", "buyer", "cross_border"})
"""What rules ask of an order by its values, beside prices and days."""


class Plan:
    """All that is known of a resolved scenario for the kernel: one for all of its runs in a process."""

    def __init__(self, resolved: ResolvedScenario, *, plain: bool = False) -> None:
        """Begin with what can be asked for at all; the rest is asked for when a run comes to it.

        Its kernel is the compiled one where there is one, or else, and for `plain`, the same as plain Python.
        """
        self.kernel = load_kernel(plain=plain)
        self.tables, self.policies = self.kernel.Tables(), resolved.policies
        kept = frozenset().union(*map(moving_kinds, resolved.policies.values()))
        self.responses = LoweredResponses(self.tables, resolved.worlds, resolved.policies)
        horizon = resolved.horizon
        start = min(start_of_day(horizon.first, zone) for zone in resolved.zones)
        self.span = start - BEFORE, resolved.measured[1] + AFTER
        self.clocks = [LoweredClocks(self.tables, policy, *self.span) for policy in resolved.policies.values()]
        contacts = [world.behaviour.contacts for world in resolved.worlds.values()]
        self.cases = LoweredCases(self.tables, resolved.policies, kept, self.clocks, contacts)
        self.columns: Names[tuple[str, str, str]] = Names(1 << 40, "random numbers")
        self.kinds: Names[tuple[Any, ...]] = Names(1 << 16, "classes of orders")
        self.narrow: Names[tuple[Any, ...]] = Names(1 << 20, "classes of orders")
        self.descriptions: Names[tuple[Any, ...]] = Names(1 << 40, "descriptions of orders")
        self._described: dict[tuple[Any, ...], int] = {}
        self._asked: dict[tuple[str, int], _Asked] = {}
        self.beside: dict[tuple[int, ...], int] = {}
        self._standings = 0
        self._moves: dict[tuple[int, ...], int] = {}
        self.ways: list[Way | None] = []
        self._resolved = resolved
        self._rank_suffixes()
        for place, name in enumerate(resolved.policies):
            for kind in task_kinds(resolved.policies[name].workflow):
                self._add_task(place, name, kind)
        self.tables.suffixes = 1 << 10

    def description(self, known: tuple[Any, ...], asked: Callable[[], tuple[Any, ...]]) -> int:
        """Return the number of what all rules ask of orders, which is asked for once by all that is known of them."""
        number = self._described.get(known)
        if number is None:
            number = self._described[known] = self.descriptions(asked())
        return number

    @property
    def kinds_of_orders(self) -> Names[tuple[Any, ...]]:
        """By what it numbers orders: rows made for another plan are not its own."""
        return self.descriptions

    @cached_property
    def asked_of_all(self) -> dict[str, _Asked]:
        """What all rules together ask of an order, by marketplace."""
        return {name: _Asked.of(policy, None) for name, policy in self.policies.items()}

    def kind(self, scheme: int, order: Order) -> int:
        """Return the class of an order by what some rules ask of it."""
        place = order.marketplace
        asked = self._asked.get((place, scheme))
        if asked is None:
            asked = self._asked[place, scheme] = _Asked.of(self.policies[place], self.cases.schemes[scheme])
        return self.kinds((scheme, asked(order)))

    def add_standings(self) -> None:
        """Write the rows of how cases stand that are new."""
        while self._standings < len(self.cases.standings):
            stands = self.cases.standings[self._standings]
            self._standings += 1
            place = self.cases.places[stands.place]
            task = self.cases.tasks((stands.place, stands.task)) if stands.task else -1
            course = self.responses.course(place, "states", (stands.kind, stands.state))
            add(self.tables, "standings", [task, course])

    def _rank_suffixes(self) -> None:
        """Number the ends of all cases' names, and rank them: deadlines of one instant end by the names of cases."""
        for name, policy in self.policies.items():
            for kind in policy.workflow.kinds:
                self.responses.suffixes(str(self._resolved.worlds[name].behaviour.case(str(kind)).suffix))
        suffixes = self.responses.suffixes.things
        ranks = {name: rank for rank, name in enumerate(sorted(suffixes))}
        self.tables.suffix_rank.extend(ranks[name] for name in suffixes)

    def add_move(self, row: list[int], place: str) -> int:
        """Write the row of what a fact does where there is none like it yet, and return its number."""
        self.add_standings()
        number = self._moves.get(key := (*row, id(self.cases.way)))
        if number is None:
            number = self._moves[key] = add(self.tables, "moves", row)
            self.ways.append(self.cases.way)
        return number

    def _add_task(self, place: int, name: str, kind: str) -> None:
        number = self.cases.tasks((place, kind))
        resolved, world = self._resolved, self._resolved.worlds[name]
        course = self.responses.course(name, "done", kind)
        answer = world.behaviour.answers.get(kind)
        symbol = self.cases.symbols(Symbol(answer)) if answer is not None and course < 0 else -1
        spec = resolved.scenario.handling.get(Word(kind))
        automatic = float(spec.automatic) if spec is not None and spec.automatic else 0.0
        if spec is None:
            spec = Handling(Duration(round(world.peek("other_task_minutes") * MINUTE)))
        shape, mean, sigma = shape_of(spec, resolved.policies[name].marketplace.languages[0])
        assert add(self.tables, "tasks", [int(kind == REPLY), course, symbol, SHAPES.index(shape)]) == number
        self.tables.automatic.append(automatic)
        self.tables.mean.append(mean)
        self.tables.sigma.append(sigma)


@define
class _Asked:
    """What some rules of a marketplace ask of an order, so that orders of one class are alike for them.

    `words` has the values that rules name, by what they ask for; of others they only see that these are others.
    """

    words: dict[str, frozenset[Any]]
    limits: list[Decimal]
    turns: list[Instant]
    exempt: bool
    prices: dict[str, list[Decimal]] = field(factory=dict)

    @classmethod
    def of(cls, policy: Policy, names: frozenset[str] | None) -> _Asked:
        """Return what the rules of these names ask for, or all rules."""
        place = policy.marketplace.name
        rows = [*policy.rules.history(place), *policy.rules.offered(place), *policy.handbook.history()]
        conditions = [row.when for row in rows if names is None or row.name in names]
        asked: defaultdict[str, set[Any]] = defaultdict(set)
        for when in conditions:
            for word in WORDS & when.asks.keys():
                value = when.asks[word]
                asked[word].update(value if isinstance(value, tuple) else [value])
        limits = {each for when in conditions for each in (when.price_above, when.price_up_to) if each is not None}
        days = {each for when in conditions for each in (when.purchased_from, when.purchased_until) if each is not None}
        zone = policy.marketplace.zone
        turns = sorted(start_of_day(day + timedelta(more), zone) for day in days for more in (0, 1))
        words = {word: frozenset(asked[word]) for word in sorted(asked)}
        return cls(words, sorted(limits), turns, names is None or EXEMPT in names)

    def _bracket(self, order: Order) -> int:
        """Return between which limits an order's price lies, which compare in its own currency."""
        prices = self.prices.get(order.currency)
        if prices is None:
            unit = decimals(order.currency)
            prices = self.prices[order.currency] = [limit.scaleb(unit) for limit in self.limits]
        return bisect_left(prices, order.price)

    def whole_limits(self, currency: str) -> NDArray[np.int64]:
        """Return the limits of prices in minor units: a price lies above as many as of these, and of the exact ones."""
        return np.array([floor(limit.scaleb(decimals(currency))) for limit in self.limits], np.int64)

    def __call__(self, order: Order) -> tuple[Any, ...]:
        """Return what tells an order apart from others."""
        values = ((getattr(order, word), known) for word, known in self.words.items())
        return (
            order.marketplace,
            self.exempt and order.exempt,
            order.currency,
            tuple(value if value in known else None for value, known in values),
            self._bracket(order),
            bisect_right(self.turns, order.purchased_at),
        )
