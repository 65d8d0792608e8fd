"""First steps: what buyers do before they get an answer, of all orders of a marketplace at once.

They are the reactions that count `since` an instant of an order. Every random number belongs to its order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from attrs import evolve, field, frozen
from numpy.typing import NDArray

from aftersale.clocks import DAY, HOUR, Instant
from aftersale.order_columns import Orders
from aftersale.orders import NEVER
from aftersale.policies.reactions import Reaction
from aftersale_simulator.assumptions.conditions import bare
from aftersale_simulator.scenario.horizon import LocalDays
from aftersale_simulator.world.behaviour.in_force import InForce
from aftersale_simulator.world.orders import HourProfile, MadeOrders, fulfilled_by_marketplace, keys_of
from aftersale_simulator.world.products import defective
from aftersale_simulator.world.random_streams import Draws, Streams
from aftersale_simulator.world.world import World

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
Instants = NDArray[np.int64]
Steps = tuple[NDArray[np.int64], Instants]
"""Rows of orders, and when each takes a step."""


@frozen(eq=False)
class FirstSteps:
    """What buyers do by themselves, before they get an answer, sorted by time.

    `kinds` are indices into `names` and `facts`, the reactions' names and what they bring; `rows` are indices into
    `draws`, `bits`, `places` and `orders`, the few orders to which something happens, the former their rows among all.
    `lowered` is for whoever makes something of these orders that others will need again.
    """

    names: tuple[str, ...]
    facts: tuple[str, ...]
    at: Instants
    kinds: NDArray[np.int64]
    rows: NDArray[np.int64]
    orders: MadeOrders
    draws: Draws
    bits: list[int]
    places: NDArray[np.intp]
    lowered: dict[object, object] = field(factory=dict, init=False)


class _Crowd:
    """All orders of a marketplace as columns, with the conditions that reactions name, and their random numbers."""

    def __init__(
        self,
        orders: Orders,
        days: LocalDays,
        hours: HourProfile,
        streams: Streams,
        world: World,
        rates: Mapping[str, float],
    ) -> None:
        self.orders, self.days, self.world = orders, days, world
        self.keys, self.marketplace, self.size = keys_of(orders), orders.marketplaces[0], len(orders)
        self.by_marketplace: Flags = fulfilled_by_marketplace(orders)
        self.defective: Flags = defective(orders, self.keys, rates, streams, world)
        self.flags = world.behaviour.bits.columns(self)
        self.contacts: Flags = np.zeros(self.size, bool)
        self._streams, self._hours = streams, hours
        self._uniform: dict[str, Floats] = {}

    @property
    def promised_at(self) -> Instants:
        return self.orders.promised_at

    @property
    def delivered_at(self) -> Instants:
        return self.orders.delivered_at

    @property
    def cancelled_at(self) -> Instants:
        return self.orders.cancelled_at

    def began(self, since: str) -> Instants:
        """When the orders were bought, promised or delivered, NEVER where they were not."""
        if since == "purchase":
            return self.orders.purchased_at
        if since == "promise":
            return self.promised_at
        if since == "delivery":
            return self.delivered_at
        return np.where(self.delivered_at == NEVER, self.promised_at, self.delivered_at)

    def where(self, condition: str) -> Flags:
        word, wanted = bare(condition)
        return self.flags[word] if wanted else ~self.flags[word]

    def uniform(self, purpose: str) -> Floats:
        known = self._uniform.get(purpose)
        if known is None:
            known = self._uniform[purpose] = self._streams.uniform(self.keys, purpose, self.marketplace)
        return known

    def draws(self, chosen: NDArray[np.int64]) -> Draws:
        return Draws(self._streams, self.keys[chosen], self.marketplace)

    def of(self, quantity: object, rows: NDArray[np.int64]) -> Floats:
        return self.world.of_orders(quantity, self.orders)[rows]

    def delays(self, reaction: Reaction, rows: NDArray[np.int64]) -> Instants:
        """Return after how many microseconds from its beginning each of some orders takes the step."""
        waited = np.zeros(len(rows), np.int64)
        if reaction.wait_days is not None:
            waited += (self.of(reaction.wait_days, rows) * DAY).astype(np.int64)
        delay = reaction.delay_hours if reaction.delay_hours is not None else reaction.delay_days
        if delay is None or (not len(rows) and reaction.spread != "lognormal"):
            return waited
        unit = HOUR if reaction.delay_hours is not None else DAY
        purpose = reaction.delay_draw or f"{reaction.draw}.delay"
        usual, keys = self.of(delay, rows), self.keys[rows]
        if reaction.spread == "fixed":
            scattered = usual
        elif reaction.spread == "lognormal":
            spread = self._streams.normal(keys, purpose, self.marketplace)
            scattered = usual * np.exp(self.of(reaction.sigma, rows) * spread)
        else:
            scattered = self._streams.exponential(keys, purpose, self.marketplace) * usual
        return waited + (scattered * unit).astype(np.int64)

    def at_hours(self, reaction: Reaction, rows: NDArray[np.int64], moment: Instants) -> Steps:
        """Move each step to its buyer's hour of the day: on the same local day, or the next if that is over."""
        days, soon = self.days, moment < self.days.bounds[-1]
        rows, moment = rows[soon], moment[soon]
        draws = self._streams.uniform(self.keys[rows], f"{reaction.draw}.hour", self.marketplace)
        share, last = self._hours.share_of_day(draws), len(days.bounds) - 2
        day = np.clip(np.searchsorted(days.bounds, moment, side="right") - 1, 0, last)
        at = days.bounds[day] + (share * days.lengths[day]).astype(np.int64)
        over = at < moment
        following = np.minimum(day + 1, last)
        next_day = days.bounds[following] + (share * days.lengths[following]).astype(np.int64)
        beyond = over & (day == last)
        return rows, np.where(beyond, days.bounds[-1], np.where(over, next_day, at))


def first_steps(
    orders: Orders,
    days: LocalDays,
    hours: HourProfile,
    streams: Streams,
    world: World,
    defect_rates: Mapping[str, float] | None = None,
) -> FirstSteps:
    """Return the first steps of the buyers of one marketplace, within these days.

    `defect_rates` say how often the goods of some products are defective.
    """
    crowd = _Crowd(orders, days, hours, streams, world, defect_rates or {})
    names, steps = list[tuple[str, str]](), list[Steps]()
    taken: dict[tuple[str, str], Flags] = {}
    for reaction in world.behaviour.on("since"):
        done = taken.setdefault(reaction.group, np.zeros(crowd.size, bool))
        for rows, at in _steps_of(crowd, reaction, done):
            if reaction.stated.row.fact not in world.behaviour.absent:
                names.append((reaction.name, str(reaction.stated.row.fact)))
                steps.append((rows, at))
    return _sorted(crowd, names, steps, int(days.bounds[-1]))


def _sorted(crowd: _Crowd, names: list[tuple[str, str]], steps: list[Steps], end: Instant) -> FirstSteps:
    nothing = np.zeros(0, np.int64)
    buyers = np.concatenate([nothing, *(rows for rows, _ in steps)])
    at = np.concatenate([nothing, *(times for _, times in steps)])
    kinds = np.repeat(np.arange(len(steps)), [len(rows) for rows, _ in steps])
    inside = np.flatnonzero(at < end)
    order = inside[np.lexsort((kinds[inside], buyers[inside], at[inside]))]
    chosen, rows = np.unique(buyers[order], return_inverse=True)
    bits = crowd.world.behaviour.bits.packed(crowd.flags, chosen)
    called, facts = tuple(name for name, _ in names), tuple(fact for _, fact in names)
    picked, draws = MadeOrders(crowd.orders, chosen), crowd.draws(chosen)
    return FirstSteps(called, facts, at[order], kinds[order], rows, picked, draws, bits, chosen)


def _steps_of(crowd: _Crowd, reaction: InForce, taken: Flags) -> Iterator[Steps]:
    """Yield who takes a step and when, by class of orders; `taken` is who has made the choice that it belongs to."""
    for row, numbers, where in _by_class(crowd, reaction):
        where = where & ~taken
        for condition in row.when or ():
            where &= crowd.where(condition)
        began = crowd.began(str(row.since))
        where &= began != NEVER
        if where.any():
            crowd.world.applied.update(numbers if row.fact not in crowd.world.behaviour.absent else ())
        elif any(bare(condition)[1] for condition in row.when or ()):
            continue  # its numbers are those of orders of which there are none
        rows = _takers(crowd, row, where)
        taken[rows] = True
        moment = began[rows] + crowd.delays(row, rows)
        if row.hourly:
            rows, moment = crowd.at_hours(row, rows, moment)
        if row.kind in crowd.world.behaviour.contacts:
            crowd.contacts[rows] = True
        yield rows, moment


def _by_class(crowd: _Crowd, reaction: InForce) -> Iterator[tuple[Reaction, tuple[int, ...], Flags]]:
    """Yield a reaction as it is for a class of orders, the rows of the scenario behind it, and which orders are so.

    What its fact says does not matter to who takes the step, and when.
    """
    orders = crowd.orders
    if not reaction.has_classes:
        yield reaction.usual, tuple(reaction.deciding(("", "", ""))), np.ones(crowd.size, bool)
        return
    names, product = np.unique(np.array(orders.products or [""]), return_inverse=True)
    sizes = len(orders.channels), len(orders.categories), len(names)
    members = np.ravel_multi_index((orders.channel, orders.category, product if orders.products else 0), sizes)
    alike: list[tuple[Reaction, tuple[int, ...], list[int]]] = []
    for code in np.unique(members).tolist():
        channel, category, item = np.unravel_index(code, sizes)
        named = (orders.channels[channel], orders.categories[category], str(names[item]))
        row = evolve(reaction.of(named), details=None, details_when=None, values=None)
        _join(alike, row, tuple(reaction.deciding(named)), code)
    for row, numbers, codes in alike:
        yield row, numbers, np.ones(crowd.size, bool) if len(alike) == 1 else np.isin(members, codes)


def _join(
    alike: list[tuple[Reaction, tuple[int, ...], list[int]]], row: Reaction, numbers: tuple[int, ...], code: int
) -> None:
    """Add a class of orders to those for which a reaction is the same."""
    for other, others, codes in alike:
        if (other, others) == (row, numbers):
            codes.append(code)
            return
    alike.append((row, numbers, [code]))


def _takers(crowd: _Crowd, row: Reaction, where: Flags) -> NDArray[np.int64]:
    """Return which of some orders take the step.

    Where that hangs on what a buyer will have been through, all are returned who may take it: they are drawn again when
    the time comes. Nothing is lived through without a contact.
    """
    if row.share is None:
        return np.flatnonzero(where)
    world, orders = crowd.world, crowd.orders
    rate = world.of_orders(row.share, orders, by_category=bool(row.by_category))
    if row.factor is not None:
        rate = rate * world.of_orders(row.factor, orders)
    left = where.copy()
    for condition, factor in (row.times or {}).items():
        holding = left & crowd.where(condition)
        if holding.any():
            rate = np.where(holding, rate * world.of_orders(factor, orders), rate)
            left &= ~holding
    for condition, least in (row.at_least or {}).items():
        known = bare(condition)[0] in crowd.flags
        may = where & (crowd.where(condition) if known else crowd.contacts)
        if may.any():
            rate = np.where(may, np.maximum(rate, world.of_orders(least, orders)), rate)
    return np.flatnonzero(where & (crowd.uniform(str(row.draw)) < rate))
