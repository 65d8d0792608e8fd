"""Orders of the simulated world: synthetic streams of each marketplace, or real ones from a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, overload

import numpy as np
from attrs import frozen
from numpy.typing import NDArray
from scipy.special import betainc, nbdtrik, pdtr, pdtrik

from aftersale.clocks import start_of_day
from aftersale.days import day_number
from aftersale.marketplaces import Marketplace
from aftersale.money import decimals
from aftersale.orders import COLUMNS, NEVER, Orders
from aftersale_simulator.chances import Chances
from aftersale_simulator.parameters import default_profile
from aftersale_simulator.world import World

if TYPE_CHECKING:
    from aftersale_simulator.scenario import Sales

Instants = NDArray[np.int64]
Floats = NDArray[np.float64]
_LEAST = 1e-12
"""Stands for a mean of 0 where a distribution must have one."""


_PER_DAY = 1 << 24
"""Orders that have keys of their own on one day."""


@frozen(eq=False)
class OrderIds(Sequence[str]):
    """Names of synthetic orders, made when asked for: most are never looked at.

    An order's key is its day and its number on that day, so that more orders on one day leave all others what they are.
    """

    prefix: str
    keys: Instants

    def __len__(self) -> int:
        """Return how many names there are."""
        return len(self.keys)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        """Return the name of one order, or of a slice of them."""
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        day, number = divmod(int(self.keys[index]), _PER_DAY)
        return f"{self.prefix}-{day:05d}-{number:05d}"


def keys_of(orders: Orders) -> Instants:
    """Return by what numbers the chances of these orders are known: their own, or else their places in the file."""
    return orders.ids.keys if isinstance(orders.ids, OrderIds) else np.arange(len(orders))


@frozen(eq=False)
class LocalDays:
    """Consecutive days of a marketplace as instants: where each begins, and where the last one ends."""

    first: date
    bounds: Instants

    @classmethod
    def spanning(cls, first: date, count: int, zone: str) -> LocalDays:
        """Return `count` local days from `first`."""
        return cls(first, np.array([start_of_day(first + timedelta(i), zone) for i in range(count + 1)], np.int64))

    @property
    def lengths(self) -> Instants:
        """Each day's length in microseconds: not all have 24 hours."""
        return np.diff(self.bounds)

    @property
    def weekdays(self) -> NDArray[np.int64]:
        """Each day's weekday, Monday 0."""
        return (np.arange(len(self.bounds) - 1) + self.first.weekday()) % 7


class HourProfile:
    """The shape of a day: where in it things happen."""

    def __init__(self, weights: Sequence[float]) -> None:
        """Take the relative weights of the hours of a day."""
        self._edges = np.concatenate([[0.0], np.cumsum(np.asarray(weights, float))])
        self._edges /= self._edges[-1]

    def share_of_day(self, chances: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn uniform chances into shares of the day gone by."""
        return np.interp(chances, self._edges, np.linspace(0.0, 1.0, len(self._edges)))


def hours_of(sales: Sales) -> HourProfile:
    """Return the shape of a marketplace's day: the scenario's, or the declared default."""
    return HourProfile(sales.hourly or default_profile().hourly)


def synthetic(
    sales: Sales, marketplace: Marketplace, first: date, days: int, chances: Chances, world: World
) -> Orders:
    """Return `days` local days of orders from `first` on, sorted by time, nothing promised or delivered yet.

    The number of a day's orders is Poisson around a gamma-distributed mean, so that variance over mean is the
    declared dispersion; within a day they fall by the hourly profile of the marketplace's own time. On a day with other
    means there are more of the same orders, or fewer.
    """
    place = marketplace.name
    calendar = LocalDays.spanning(first, days, marketplace.zone)
    counts = _daily_counts(sales, calendar, chances, place, world)
    day = np.repeat(np.arange(days), counts)
    number = np.arange(len(day)) - np.repeat(np.cumsum(counts) - counts, counts)
    keys = (day_number(first) + day) * _PER_DAY + number
    share = hours_of(sales).share_of_day(chances.uniform(keys, "order.time", place))
    purchased = calendar.bounds[day] + (share * calendar.lengths[day]).astype(np.int64)
    sequence = np.argsort(purchased, kind="stable")
    return _dressed(sales, marketplace, purchased[sequence], keys[sequence], chances)


def _daily_counts(
    sales: Sales, calendar: LocalDays, chances: Chances, place: str, world: World
) -> NDArray[np.int64]:
    means = _daily_means(sales, calendar, world)
    dispersion = world["dispersion"] if sales.dispersion is None else sales.dispersion
    drawn = chances.uniform(day_number(calendar.first) + np.arange(len(means)), "order.day", place)
    # Poisson around a gamma-distributed mean is negative binomial; drawn by its quantiles, a day with a larger mean has
    # more orders by the same chance.
    means = np.maximum(means, _LEAST)
    if dispersion > 1:
        size, chance = means / (dispersion - 1), 1 / dispersion
        return _quantiles(nbdtrik(drawn, size, chance), lambda count: betainc(size, count + 1, chance), drawn)
    return _quantiles(pdtrik(drawn, means), lambda count: pdtr(count, means), drawn)


def _quantiles(
    near: Floats, share_up_to: Callable[[Floats], Floats], drawn: Floats
) -> NDArray[np.int64]:
    """Return the least counts up to which at least the drawn shares lie, given inverses that are nearly right."""
    counts = np.maximum(np.ceil(near), 0.0)
    counts = np.where((counts > 0) & (share_up_to(np.maximum(counts - 1, 0)) >= drawn), counts - 1, counts)
    found: NDArray[np.int64] = counts.astype(np.int64)
    return found


def _daily_means(sales: Sales, calendar: LocalDays, world: World) -> NDArray[np.float64]:
    weekly = np.asarray(sales.weekly or default_profile().weekly, float)
    means: NDArray[np.float64] = sales.orders_per_day * weekly[calendar.weekdays] * 7 / weekly.sum()
    begins = calendar.bounds[:-1]
    for spell in world.spells:
        if not spell.event.categories:
            means = np.where((begins >= spell.begin) & (begins < spell.end), means * spell.event.orders, means)
    return means


def _dressed(
    sales: Sales, marketplace: Marketplace, purchased: Instants, keys: Instants, chances: Chances
) -> Orders:
    size, place = len(purchased), marketplace.name
    unit = 10 ** decimals(marketplace.currency)
    spread = np.exp(sales.price.sigma * chances.normal(keys, "order.price", place))
    never = np.full(size, NEVER, np.int64)
    return Orders(
        (place,),
        (marketplace.currency,),
        tuple(sales.channels),
        tuple(sales.categories),
        OrderIds(place, keys),
        np.zeros(size, np.int16),
        purchased,
        _picked(sales.channels.values(), keys, chances, "order.channel", place).astype(np.int8),
        _picked(sales.categories.values(), keys, chances, "order.category", place).astype(np.int16),
        np.maximum(1, np.rint(float(sales.price.median) * unit * spread)).astype(np.int64),
        never,
        never,
        _marked(sales.cross_border, keys, chances, "order.cross_border", place),
        _marked(sales.exempt, keys, chances, "order.exempt", place),
    )


def _picked(shares: Iterable[float], keys: Instants, chances: Chances, *purpose: str) -> NDArray[np.int64]:
    edges = np.cumsum(list(shares))
    if len(edges) == 1:
        return np.zeros(len(keys), np.int64)
    picked = np.searchsorted(edges, chances.uniform(keys, *purpose), side="right")
    return np.minimum(picked, len(edges) - 1).astype(np.int64)


def _marked(share: float, keys: Instants, chances: Chances, *purpose: str) -> NDArray[np.bool_]:
    return chances.uniform(keys, *purpose) < share if share else np.zeros(len(keys), bool)


def of_marketplace(orders: Orders, place: str) -> Orders:
    """Return the orders of one marketplace among those of a file, with what the file does not say left open."""
    code = orders.marketplaces.index(place) if place in orders.marketplaces else -1
    mine = np.flatnonzero(orders.marketplace == code)
    columns = {name: getattr(orders, name)[mine] for name in COLUMNS} | {"marketplace": np.zeros(len(mine), np.int16)}
    return Orders(
        marketplaces=(place,),
        currencies=(orders.currencies[code],) if code >= 0 else ("",),
        channels=orders.channels,
        categories=orders.categories,
        ids=[orders.ids[index] for index in mine.tolist()],
        products=[orders.products[index] for index in mine.tolist()] if orders.products else [],
        **columns,
    )


def within(orders: Orders, since: int, until: int) -> Orders:
    """Return the orders bought in [since, until)."""
    begin, end = np.searchsorted(orders.purchased_at, [since, until])
    return orders.between(int(begin), int(end))
