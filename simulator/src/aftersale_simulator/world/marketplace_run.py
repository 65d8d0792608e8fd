"""Marketplace runs: one marketplace's orders in a run with their buyers' first steps, made once for many scenarios."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

import numpy as np
from attrs import evolve, frozen
from numpy.typing import NDArray

from aftersale.clocks import Instant
from aftersale.costs.at_once.paths import SoldOrders
from aftersale.order_columns import COLUMNS, Orders
from aftersale.policies.marketplaces import Marketplace
from aftersale_simulator.scenario.horizon import Horizon, LocalDays
from aftersale_simulator.scenario.model import OrderSource, Product, Sales, Scenario
from aftersale_simulator.world.behaviour.first_steps import FirstSteps, first_steps
from aftersale_simulator.world.behaviour.in_force import Stated
from aftersale_simulator.world.carriers import delivered
from aftersale_simulator.world.orders import copied, hours_of, of_marketplace, synthetic, within
from aftersale_simulator.world.products import defect_rates
from aftersale_simulator.world.random_streams import Streams
from aftersale_simulator.world.world import Said, World

MOST_KEPT = 4
"""How many different ones of a marketplace are kept for the next scenarios of a replication (assumed)."""
_SOLD = "sold"
"""Under what the orders as columns are kept with their first steps."""


@frozen(eq=False)
class MarketplaceRun:
    """One marketplace's orders with the first steps of their buyers; `world` is that of the run."""

    orders: Orders
    steps: FirstSteps
    world: World

    @property
    def sold(self) -> SoldOrders:
        """The orders to which something happens, as columns."""
        # Kept with the steps: these know the orders, so that what orders keep must not know the steps.
        lowered = self.steps.lowered
        if _SOLD not in lowered:
            lowered[_SOLD] = SoldOrders.of_columns(self.orders, self.steps.places)
        return cast("SoldOrders", lowered[_SOLD])


@frozen
class Basis:
    """All that a marketplace's orders and first steps are made from, beside a file's orders and the world's numbers.

    Scenarios of equal bases, whose worlds say the same of every number that the making reads, have the same orders and
    first steps. Of the `sales` it has what orders are made from: their VAT is another question, and what is different
    about categories comes in by events. `names` are those of its channels, categories and products in the order in
    which shares add up. `order_factors` are those of the world, `absent`, `conditions` and `contacts` those of its
    behaviour, and `first_steps` the rows that state them, a scenario's with their places in it.
    """

    seed: int
    replication: int
    marketplace: Marketplace
    horizon: Horizon
    sales: Sales
    names: tuple[tuple[str, ...], ...]
    source: OrderSource | None
    order_factors: tuple[tuple[Instant, Instant, float], ...]
    absent: frozenset[str]
    first_steps: tuple[tuple[Stated, tuple[Stated, ...]], ...]
    conditions: tuple[str, ...]
    contacts: frozenset[str]

    @classmethod
    def of(cls, scenario: Scenario, marketplace: Marketplace, world: World, replication: int) -> Basis:
        """Return the basis of a marketplace in one replication of a scenario."""
        sales = scenario.marketplace[marketplace.name]
        prices = {name: product.price for name, product in sales.category.items() if product.price is not None}
        priced = {name: Product(price) for name, price in prices.items()}
        sold = evolve(sales, category=priced, prices_with_vat=None, vat_share=None)
        names = tuple(sales.channels), tuple(sales.categories), tuple(sales.product)
        own = scenario.seed, replication, marketplace, scenario.horizon, sold, names, scenario.orders
        behaviour = world.behaviour
        steps = tuple((reaction.stated, reaction.overrides) for reaction in behaviour.on("since"))
        return cls(*own, world.order_factors, behaviour.absent, steps, behaviour.bits.words, behaviour.contacts)


@frozen(eq=False)
class _Made:
    """Orders and first steps with all that they depend on: `world` is the one that was read, `said` what it said."""

    basis: Basis
    file: Orders | None
    said: Mapping[str, Said]
    world: World
    orders: Orders
    steps: FirstSteps

    def serves(self, basis: Basis, world: World, file: Orders | None) -> bool:
        """Whether the same would be made from these: what is read next hangs on nothing but what was read before."""
        if self.file is not file or self.basis != basis:
            return False
        return all(world.said(name) == said for name, said in self.said.items())


class MarketplaceRuns:
    """Makes marketplaces' parts of runs, and what runs of one replication have in common only once.

    What was made last is kept for the scenarios of the same replication, of each marketplace MOST_KEPT at most. Memory
    therefore does not grow with replications or scenarios. What is shared cannot be written to. Of a file, each
    marketplace's orders are looked up once.
    """

    def __init__(self) -> None:
        """Keep nothing yet."""
        self._kept: tuple[_Made, ...] = ()
        self._parts: dict[str, tuple[Orders, Orders]] = {}

    def __len__(self) -> int:
        """Return how many are kept, of all marketplaces."""
        return len(self._kept)

    def run_of(
        self, scenario: Scenario, marketplace: Marketplace, world: World, replication: int, file: Orders | None = None
    ) -> MarketplaceRun:
        """Return one marketplace's part of a run: its synthetic orders, or those of a `file` that are its own.

        What its making reads of a world counts as read in every run that has it.
        """
        basis = Basis.of(scenario, marketplace, world, replication)
        made = next((made for made in self._kept if made.serves(basis, world, file)), None)
        if made is None:
            # Others go first: two replications in memory would be one too many.
            self._kept = tuple(made for made in self._kept if _is_same_replication(made.basis, basis))
            made = _made(basis, world.unread(), file, None if file is None else self._part(file, marketplace.name))
        self._keep(made)
        world.count_reads(made.world)
        return MarketplaceRun(made.orders, made.steps, world)

    def _part(self, file: Orders, marketplace: str) -> Orders:
        known = self._parts.get(marketplace)
        if known is None or known[0] is not file:
            known = self._parts[marketplace] = file, of_marketplace(file, marketplace)
        return known[1]

    def _keep(self, made: _Made) -> None:
        """Keep this as the last one used; of its marketplace, leave out those that were not used for longest."""
        others = [kept for kept in self._kept if kept is not made and _is_same_replication(kept.basis, made.basis)]
        peers = [kept for kept in others if kept.basis.marketplace == made.basis.marketplace]
        surplus = peers[: max(0, len(peers) - MOST_KEPT + 1)]
        self._kept = (*(kept for kept in others if kept not in surplus), made)


def _is_same_replication(first: Basis, second: Basis) -> bool:
    return (first.seed, first.replication) == (second.seed, second.replication)


def _made(basis: Basis, world: World, file: Orders | None = None, part: Orders | None = None) -> _Made:
    """Return what a basis and a world make of each other, or of a marketplace's `part` of a file's orders."""
    streams, sales, horizon = Streams(basis.seed, basis.replication), basis.sales, basis.horizon
    days = horizon.local_days(basis.marketplace.zone)
    if part is None:
        count = horizon.warm_up + horizon.days
        orders = synthetic(sales, basis.marketplace, horizon.first, count, streams, world, horizon.measured_from)
    else:
        orders = _of_file(part, days, streams, basis.source)
    orders = delivered(orders, streams, world)
    steps = first_steps(orders, days, hours_of(sales), streams, world, defect_rates(sales))
    _write_no_more(orders, steps)
    return _Made(basis, file, {name: world.said(name) for name in world.asked()}, world, orders, steps)


def _write_no_more(orders: Orders, steps: FirstSteps) -> None:
    """Let no run change what others have, too."""
    columns = [getattr(orders, name) for name in COLUMNS]
    for column in (*columns, steps.at, steps.kinds, steps.rows):
        column.flags.writeable = False


def _of_file(orders: Orders, days: LocalDays, streams: Streams, source: OrderSource | None) -> Orders:
    if source is not None and (source.resample or source.scale != 1.0):
        return copied(orders, days, streams, float(source.scale), source.resample)
    return within(orders, int(days.bounds[0]), int(days.bounds[-1]))


def first_steps_in_order(runs: Sequence[MarketplaceRun]) -> Iterator[tuple[Instant, str, int, int]]:
    """Yield (instant, kind, index of the run, row) over all marketplaces in order of time."""
    names = list(dict.fromkeys(name for run in runs for name in run.steps.names))
    columns = (column.tolist() for column in first_steps_columns(runs, names))
    for instant, kind, number, row in zip(*columns, strict=True):
        yield instant, names[kind], number, row


def first_steps_columns(runs: Sequence[MarketplaceRun], names: Sequence[str]) -> tuple[NDArray[np.int64], ...]:
    """Return instants, kinds as indices into `names`, indices of runs and rows over all marketplaces, by time."""
    at = np.concatenate([run.steps.at for run in runs])
    numbers = np.repeat(np.arange(len(runs)), [len(run.steps.at) for run in runs])
    kinds = np.concatenate([_kind_numbers(run.steps, names) for run in runs])
    rows = np.concatenate([run.steps.rows for run in runs])
    sequence = np.lexsort((numbers, at))
    return at[sequence], kinds[sequence], numbers[sequence], rows[sequence]


def _kind_numbers(steps: FirstSteps, names: Sequence[str]) -> NDArray[np.int64]:
    """Return the kinds of these steps as indices into `names`."""
    numbers: NDArray[np.int64] = np.array([names.index(name) for name in steps.names], np.int64)[steps.kinds]
    return numbers
