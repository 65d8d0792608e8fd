"""Orders of the simulated world: synthetic streams of each marketplace, or real ones from a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, overload

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from aftersale.clocks import start_of_day
from aftersale.marketplaces import Marketplace
from aftersale.money import decimals
from aftersale.orders import COLUMNS, NEVER, Orders
from aftersale_simulator.chances import Chances
from aftersale_simulator.parameters import default_profile
from aftersale_simulator.world import World

if TYPE_CHECKING:
    from aftersale_simulator.scenario import Sales

Instants = NDArray[np.int64]


@frozen
class OrderIds(Sequence[str]):
    """Names of synthetic orders, made when asked for: most are never looked at."""

    prefix: str
    size: int

    def __len__(self) -> int:
        """Return how many names there are."""
        return self.size

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        """Return the name of one order, or of a slice of them."""
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(self.size))]
        if not -self.size <= index < self.size:
            raise IndexError(index)
        return f"{self.prefix}-{index % self.size:08d}"


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
    declared dispersion; within a day they fall by the hourly profile of the marketplace's own time.
    """
    place = marketplace.name
    calendar = LocalDays.spanning(first, days, marketplace.zone)
    counts = _daily_counts(sales, calendar, chances, place, world)
    day = np.repeat(np.arange(days), counts)
    size = len(day)
    share = hours_of(sales).share_of_day(chances.uniform(size, "order.time", place))
    purchased = calendar.bounds[day] + (share * calendar.lengths[day]).astype(np.int64)
    purchased.sort()
    return _dressed(sales, marketplace, purchased, chances)


def _daily_counts(
    sales: Sales, calendar: LocalDays, chances: Chances, place: str, world: World
) -> NDArray[np.int64]:
    weekly = np.asarray(sales.weekly or default_profile().weekly, float)
    means = sales.orders_per_day * weekly[calendar.weekdays] * 7 / weekly.sum()
    dispersion = world["dispersion"] if sales.dispersion is None else sales.dispersion
    spread = chances.stream("order.day", place)
    if dispersion > 1:
        scale = dispersion - 1
        means = spread.gamma(np.maximum(means, 1e-12) / scale, scale)
    counts: NDArray[np.int64] = spread.poisson(means).astype(np.int64)
    return counts


def _dressed(sales: Sales, marketplace: Marketplace, purchased: Instants, chances: Chances) -> Orders:
    size, place = len(purchased), marketplace.name
    unit = 10 ** decimals(marketplace.currency)
    spread = np.exp(sales.price.sigma * chances.normal(size, "order.price", place))
    never = np.full(size, NEVER, np.int64)
    return Orders(
        (place,),
        (marketplace.currency,),
        tuple(sales.channels),
        tuple(sales.categories),
        OrderIds(place, size),
        np.zeros(size, np.int16),
        purchased,
        _picked(sales.channels.values(), size, chances, "order.channel", place).astype(np.int8),
        _picked(sales.categories.values(), size, chances, "order.category", place).astype(np.int16),
        np.maximum(1, np.rint(float(sales.price.median) * unit * spread)).astype(np.int64),
        never,
        never,
        _marked(sales.cross_border, size, chances, "order.cross_border", place),
        _marked(sales.exempt, size, chances, "order.exempt", place),
    )


def _picked(shares: Iterable[float], size: int, chances: Chances, *purpose: str) -> NDArray[np.int64]:
    edges = np.cumsum(list(shares))
    if len(edges) == 1:
        return np.zeros(size, np.int64)
    picked = np.searchsorted(edges, chances.uniform(size, *purpose), side="right")
    return np.minimum(picked, len(edges) - 1).astype(np.int64)


def _marked(share: float, size: int, chances: Chances, *purpose: str) -> NDArray[np.bool_]:
    return chances.uniform(size, *purpose) < share if share else np.zeros(size, bool)


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
