"""Orders of the simulated world: synthetic streams of each marketplace, or real ones from a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
from attrs import evolve, frozen
from numpy.typing import NDArray

from aftersale.base.money import decimals
from aftersale.channels import FULFILLED_BY_MARKETPLACE
from aftersale.clocks import DAY
from aftersale.metrics.days import day_number
from aftersale.order_columns import COLUMNS, Orders
from aftersale.orders import NEVER, Order
from aftersale.policies.marketplaces import Marketplace
from aftersale_simulator.assumptions.parameters import default_profile
from aftersale_simulator.scenario.horizon import LocalDays
from aftersale_simulator.world.customers import BuyerNames, buyer_numbers, copied_buyers
from aftersale_simulator.world.lazy import Lazy
from aftersale_simulator.world.names import MadeNames
from aftersale_simulator.world.products import of_products, product_names, product_numbers, told_costs
from aftersale_simulator.world.random_streams import Streams
from aftersale_simulator.world.world import World

if TYPE_CHECKING:
    from aftersale_simulator.scenario.model import Sales

Instants = NDArray[np.int64]
Floats = NDArray[np.float64]
_DAYS_PER_YEAR = 365.25
_LEAST = 1e-12
"""Replaces a mean of 0 where a distribution needs one above 0."""


_SOURCE_BITS = 32
_MOST_COPIES = 128
_PER_DAY = 1 << 24
"""How many orders of one day can have different keys."""
_NAME = "%s-%05d-%05d"
"""The name of a synthetic order: marketplace, day, number."""
_PADDED = 10**5
"""Days and numbers below this have as many digits."""


class KeyedIds(MadeNames):
    """Names of orders, each made from its key when it is needed; the keys are those of the orders' random numbers."""

    keys: Instants

    def __len__(self) -> int:
        """Return how many names there are."""
        return len(self.keys)


@frozen(eq=False)
class OrderIds(KeyedIds):
    """Names of synthetic orders, made when needed: most never are.

    An order's key is its day and its number on that day, so that more orders on one day leave all others unchanged.
    """

    prefix: str
    keys: Instants

    def at(self, places: NDArray[np.int64]) -> list[str]:
        """Return the names at these places."""
        prefix, keys = self.prefix, self.keys[places]
        days, numbers = (keys // _PER_DAY).tolist(), (keys % _PER_DAY).tolist()
        return [_NAME % (prefix, day, number) for day, number in zip(days, numbers, strict=True)]

    def in_order(self, places: NDArray[np.int64]) -> tuple[str, Instants] | None:
        """Return what all names begin with, and the keys at some places, which stand in the order of the names.

        None where they do not, as a day or a number has more digits than others.
        """
        keys = self.keys[places]
        last, most = int(keys.max(initial=0)) // _PER_DAY, int((keys % _PER_DAY).max(initial=0))
        padded = keys.min(initial=0) >= 0 and max(last, most) < _PADDED
        return (self.prefix, keys) if padded else None

    def _item(self, place: int) -> str:
        return _NAME % (self.prefix, *divmod(int(self.keys[place]), _PER_DAY))


@frozen(eq=False)
class CopyIds(KeyedIds):
    """Names of orders that are copies of a file's orders: the original's, with the week and the number of the copy."""

    originals: Sequence[str]
    sources: Instants
    keys: Instants

    def _item(self, place: int) -> str:
        week, copy = divmod(int(self.keys[place]) >> _SOURCE_BITS, _MOST_COPIES)
        return f"{self.originals[int(self.sources[place])]}-{week}-{copy}"


@frozen(eq=False)
class FileIds(KeyedIds):
    """Names of orders of a file of which some were left out; the keys are their positions in the whole file."""

    names: Sequence[str]
    keys: Instants

    def _item(self, place: int) -> str:
        return self.names[place]


def fulfilled_by_marketplace(orders: Orders) -> NDArray[np.bool_]:
    """Return for each order whether the marketplace ships it and takes it back."""
    by_marketplace = np.array([channel in FULFILLED_BY_MARKETPLACE for channel in orders.channels], bool)
    return by_marketplace[orders.channel]


def keys_of(orders: Orders) -> Instants:
    """Return the keys of these orders' random numbers: their own, or else their positions in the file."""
    return orders.ids.keys if isinstance(orders.ids, KeyedIds) else np.arange(len(orders))


def kept(orders: Orders, where: NDArray[np.bool_]) -> Orders:
    """Return some of the orders, each with the random numbers that it has among all of them."""
    rows, ids = np.flatnonzero(where), orders.ids
    keys = keys_of(orders)[rows]
    names: Sequence[str]
    if isinstance(ids, OrderIds):
        names = OrderIds(ids.prefix, keys)
    elif isinstance(ids, CopyIds):
        names = CopyIds(ids.originals, ids.sources[rows], keys)
    else:
        names = FileIds([ids[row] for row in rows.tolist()], keys)
    columns = {name: getattr(orders, name)[rows] for name in COLUMNS}
    products = [orders.products[row] for row in rows.tolist()] if orders.products else []
    selected: Orders = evolve(orders, ids=names, products=products, **columns)
    return selected


class MadeOrders(Lazy[Order]):
    """Some of many orders as objects, each made when it is read for the first time: a kernel reads few of them."""

    def __init__(self, orders: Orders, rows: Instants) -> None:
        """Take the rows of the orders."""
        self._orders, self._rows = orders, rows
        self._made: dict[int, Order] = {}

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._rows)

    def _item(self, place: int) -> Order:
        """Return the order at a place, always the same object."""
        made = self._made.get(place)
        if made is None:
            # Whoever reads it at the same time, in another thread, has the same one.
            made = self._made.setdefault(place, self._orders.order(int(self._rows[place])))
        return made

    def names(self) -> list[str]:
        """Return the names of all, which takes less time than one by one."""
        ids = self._orders.ids
        return ids.at(self._rows) if isinstance(ids, MadeNames) else [ids[row] for row in self._rows.tolist()]

    def in_order_of_names(self) -> tuple[str, Instants] | None:
        """Return what all names begin with, and numbers that stand in the order of the names; None where none do."""
        ids = self._orders.ids
        return ids.in_order(self._rows) if isinstance(ids, OrderIds) else None


class HourProfile:
    """The shape of a day: how much of it happens at which time."""

    def __init__(self, weights: Sequence[float]) -> None:
        """Take the relative weights of the hours of a day."""
        self._edges = np.concatenate([[0.0], np.cumsum(np.asarray(weights, float))])
        self._edges /= self._edges[-1]

    def share_of_day(self, draws: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return shares of the day gone by for uniform random numbers."""
        return np.interp(draws, self._edges, np.linspace(0.0, 1.0, len(self._edges)))


def hours_of(sales: Sales) -> HourProfile:
    """Return the shape of a marketplace's day: the scenario's, or the declared default."""
    return HourProfile(sales.hourly or default_profile().hourly)


def synthetic(
    sales: Sales,
    marketplace: Marketplace,
    first: date,
    days: int,
    streams: Streams,
    world: World,
    said_for: date | None = None,
) -> Orders:
    """Return `days` local days of orders from `first` on, sorted by time, without promise or delivery yet.

    The number of a day's orders is Poisson around a gamma-distributed mean, so that variance over mean is the
    declared dispersion; within a day they follow the hourly profile of the marketplace's own time. On a day with
    another mean there are more of the same orders, or fewer. The volume holds for the day `said_for`, by default the
    first.
    """
    name = marketplace.name
    calendar = LocalDays.spanning(first, days, marketplace.zone)
    means = _daily_means(sales, calendar, world, said_for or first)
    counts = _daily_counts(means, sales, calendar, name, streams, world)
    day = np.repeat(np.arange(days), counts)
    number = np.arange(len(day)) - np.repeat(np.cumsum(counts) - counts, counts)
    keys = (day_number(first) + day) * _PER_DAY + number
    share = hours_of(sales).share_of_day(streams.uniform(keys, "order.time", name))
    purchased = calendar.bounds[day] + (share * calendar.lengths[day]).astype(np.int64)
    sequence = np.argsort(purchased, kind="stable")
    return _new_orders(sales, marketplace, purchased[sequence], keys[sequence], streams, world)


def _daily_counts(
    means: Floats, sales: Sales, calendar: LocalDays, marketplace: str, streams: Streams, world: World
) -> NDArray[np.int64]:
    from scipy.special import betainc, nbdtrik, pdtr, pdtrik  # only for synthetic orders: see `Streams.normal`

    dispersion = world["dispersion"] if sales.dispersion is None else sales.dispersion
    draws = streams.uniform(day_number(calendar.first) + np.arange(len(means)), "order.day", marketplace)
    # Poisson around a gamma-distributed mean is negative binomial; drawn by its quantiles, a day with a larger mean has
    # more orders for the same random number.
    means = np.maximum(means, _LEAST)
    if dispersion > 1:
        size, chance = means / (dispersion - 1), 1 / dispersion
        return _quantiles(nbdtrik(draws, size, chance), lambda count: betainc(size, count + 1, chance), draws)
    return _quantiles(pdtrik(draws, means), lambda count: pdtr(count, means), draws)


def _quantiles(approximate: Floats, share_up_to: Callable[[Floats], Floats], draws: Floats) -> NDArray[np.int64]:
    """Return the least counts up to which at least the drawn shares lie, from approximate inverses."""
    counts = np.maximum(np.ceil(approximate), 0.0)
    counts = np.where((counts > 0) & (share_up_to(np.maximum(counts - 1, 0)) >= draws), counts - 1, counts)
    least: NDArray[np.int64] = counts.astype(np.int64)
    return least


def _daily_means(sales: Sales, calendar: LocalDays, world: World, said_for: date) -> Floats:
    profile = default_profile()
    weekly, season = (
        np.asarray(sales.weekly or profile.weekly, float),
        np.asarray(sales.season or profile.season, float),
    )
    dates = [calendar.first + timedelta(day) for day in range(len(calendar.weekdays))]
    months = np.array([day.month - 1 for day in dates])
    years = np.array([(day - said_for).days for day in dates]) / _DAYS_PER_YEAR
    means: Floats = sales.orders_per_day * weekly[calendar.weekdays] * 7 / weekly.sum()
    means = means * season[months] * 12 / season.sum() * np.power(float(sales.growth), years)
    begins = calendar.bounds[:-1]
    for begin, end, factor in world.order_factors:
        means = np.where((begins >= begin) & (begins < end), means * factor, means)
    return means


def _new_orders(
    sales: Sales, marketplace: Marketplace, purchased: Instants, keys: Instants, streams: Streams, world: World
) -> Orders:
    size, name = len(purchased), marketplace.name
    unit = 10 ** decimals(marketplace.currency)
    category = _pick(sales.categories.values(), keys, streams, "order.category", name).astype(np.int16)
    prices = [_price(sales, category_name) for category_name in sales.categories]
    medians, sigmas = (np.array(column, np.float64)[category] for column in zip(*prices, strict=True))
    spread = np.exp(sigmas * streams.normal(keys, "order.price", name))
    price = np.maximum(1, np.rint(medians * unit * spread)).astype(np.int64)
    product = product_numbers(sales, category, keys, streams, name)
    never = np.full(size, NEVER, np.int64)
    return Orders(
        (name,),
        (marketplace.currency,),
        tuple(sales.channels),
        tuple(sales.categories),
        OrderIds(name, keys),
        np.zeros(size, np.int16),
        purchased,
        _pick(sales.channels.values(), keys, streams, "order.channel", name).astype(np.int8),
        category,
        of_products(sales, "price", product, price, unit),
        never,
        never,
        _mark(sales.cross_border, keys, streams, "order.cross_border", name),
        _mark(sales.exempt, keys, streams, "order.exempt", name),
        buyer=buyer_numbers(world["repeat_buyer_share"], keys, streams, name),
        buyers=BuyerNames(name, size),
        products=product_names(sales, product),
        **told_costs(sales, product, unit),
    )


def _price(sales: Sales, category: str) -> tuple[float, float]:
    """Return the median and the spread of a category's prices: its own, or those of all."""
    product = {str(name): declared for name, declared in sales.category.items()}.get(category)
    price = sales.price if product is None or product.price is None else product.price
    return float(price.median), float(price.sigma)


def _pick(shares: Iterable[float], keys: Instants, streams: Streams, *purpose: str) -> NDArray[np.int64]:
    edges = np.cumsum(list(shares))
    if len(edges) == 1:
        return np.zeros(len(keys), np.int64)
    positions = np.searchsorted(edges, streams.uniform(keys, *purpose), side="right")
    return np.minimum(positions, len(edges) - 1).astype(np.int64)


def _mark(share: float, keys: Instants, streams: Streams, *purpose: str) -> NDArray[np.bool_]:
    return streams.uniform(keys, *purpose) < share if share else np.zeros(len(keys), bool)


def of_marketplace(orders: Orders, name: str) -> Orders:
    """Return the orders of one marketplace among those of a file; what the file does not say stays empty."""
    code = orders.marketplaces.index(name) if name in orders.marketplaces else -1
    rows = np.flatnonzero(orders.marketplace == code)
    columns = {column: getattr(orders, column)[rows] for column in COLUMNS} | {
        "marketplace": np.zeros(len(rows), np.int16)
    }
    return Orders(
        marketplaces=(name,),
        currencies=(orders.currencies[code],) if code >= 0 else ("",),
        channels=orders.channels,
        categories=orders.categories,
        ids=[orders.ids[index] for index in rows.tolist()],
        products=[orders.products[index] for index in rows.tolist()] if orders.products else [],
        buyers=orders.buyers,
        **columns,
    )


def within(orders: Orders, since: int, until: int) -> Orders:
    """Return the orders bought in [since, until)."""
    begin, end = np.searchsorted(orders.purchased_at, [since, until])
    return orders.between(int(begin), int(end))


def copied(orders: Orders, days: LocalDays, streams: Streams, scale: float, resample: bool) -> Orders:
    """Return a marketplace's orders of a file for the days of a run, each `scale` times on average.

    With `resample` each week of the run is a random week of the file; weeks are counted from the first order.
    """
    marketplace = orders.marketplaces[0]
    begin, end = int(days.bounds[0]), int(days.bounds[-1])
    starts = range(begin, end, 7 * DAY)
    weeks = max(1, (int(orders.purchased_at[-1]) - int(orders.purchased_at[0])) // (7 * DAY)) if len(orders) else 1
    draws = (streams.uniform(len(starts), "order.week", marketplace) * weeks).astype(np.int64)
    sources, purchased, numbers = [], [], []
    for number, start in enumerate(starts):
        # A run's week begins on the weekday and hour of its first day; the file's weeks are cut at the same instants.
        first = start
        if resample and len(orders):
            first = _same_weekday(int(orders.purchased_at[0]), start) + int(draws[number]) * 7 * DAY
        low, high = np.searchsorted(orders.purchased_at, [first, first + 7 * DAY])
        sources.append(np.arange(low, high))
        purchased.append(orders.purchased_at[low:high] + (start - first))
        numbers.append(np.full(high - low, number))
    source, at, week = (np.concatenate(column).astype(np.int64) for column in (sources, purchased, numbers))
    originals = (week << _SOURCE_BITS) + source
    repeats = np.floor(scale + streams.uniform(originals, "order.copies", marketplace)).astype(np.int64)
    copy = np.arange(int(repeats.sum())) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    source, at, week = (np.repeat(column, repeats) for column in (source, at, week))
    inside = at < end
    keys = ((week * _MOST_COPIES + copy) << _SOURCE_BITS) + source
    sequence = np.flatnonzero(inside)[np.argsort(at[inside], kind="stable")]
    return _copies(orders, source[sequence], at[sequence], keys[sequence])


def _same_weekday(at: int, start: int) -> int:
    """Return the first instant, not before `at`, that is whole weeks from `start`."""
    return start + -(-(at - start) // (7 * DAY)) * 7 * DAY


def _copies(orders: Orders, sources: Instants, purchased: Instants, keys: Instants) -> Orders:
    """Return copies of these orders, bought at other times; their other instants move along."""
    columns = {name: getattr(orders, name)[sources] for name in COLUMNS}
    shift = purchased - columns["purchased_at"]
    time_columns = ("promised_at", "delivered_at", "ship_by", "shipped_at", "cancelled_at")
    moved = {
        name: np.where(columns[name] == NEVER, NEVER, columns[name] + shift) for name in time_columns if name in columns
    }
    buyer, buyers = copied_buyers(orders, columns["buyer"], (keys >> _SOURCE_BITS) % _MOST_COPIES)
    columns.update({**moved, "purchased_at": purchased, "buyer": buyer})
    return Orders(
        marketplaces=orders.marketplaces,
        currencies=orders.currencies,
        channels=orders.channels,
        categories=orders.categories,
        ids=CopyIds(orders.ids, sources, keys),
        products=[orders.products[index] for index in sources.tolist()] if orders.products else [],
        buyers=buyers,
        **columns,
    )
