"""Marketplace runs: one marketplace's orders in a run, with what their buyers begin."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from aftersale.clocks import Instant
from aftersale.orders import Orders
from aftersale.policies.marketplaces import Marketplace
from aftersale_simulator.scenario.horizon import LocalDays
from aftersale_simulator.scenario.model import OrderSource, Scenario
from aftersale_simulator.world.buyers import FirstSteps, first_steps
from aftersale_simulator.world.carriers import delivered
from aftersale_simulator.world.orders import copied, hours_of, of_marketplace, synthetic, within
from aftersale_simulator.world.random_streams import Streams
from aftersale_simulator.world.world import World


@frozen(eq=False)
class MarketplaceRun:
    """One marketplace's orders with what their buyers begin."""

    orders: Orders
    steps: FirstSteps
    world: World


def marketplace_run(
    scenario: Scenario, marketplace: Marketplace, world: World, streams: Streams, orders: Orders | None
) -> MarketplaceRun:
    """Return one marketplace's part of a run: its synthetic orders, or its own of a file's `orders`."""
    sales, horizon = scenario.marketplace[marketplace.name], scenario.horizon
    days = horizon.local_days(marketplace.zone)
    if orders is None:
        count = horizon.warm_up + horizon.days
        asked = synthetic(sales, marketplace, horizon.first, count, streams, world, horizon.measured_from)
    else:
        asked = _of_file(orders, marketplace.name, days, streams, scenario.orders)
    asked = delivered(asked, streams, world)
    return MarketplaceRun(asked, first_steps(asked, days, hours_of(sales), streams, world), world)


def _of_file(orders: Orders, place: str, days: LocalDays, streams: Streams, source: OrderSource | None) -> Orders:
    asked = of_marketplace(orders, place)
    if source is not None and (source.resample or source.scale != 1.0):
        return copied(asked, days, streams, float(source.scale), source.resample)
    return within(asked, int(days.bounds[0]), int(days.bounds[-1]))


def first_steps_in_order(places: Sequence[MarketplaceRun]) -> Iterator[tuple[Instant, str, int, int]]:
    """Yield (when, what, place, row) over all marketplaces in order of time."""
    names = list(dict.fromkeys(name for place in places for name in place.steps.names))
    at = np.concatenate([place.steps.at for place in places])
    where = np.repeat(np.arange(len(places)), [len(place.steps.at) for place in places])
    kinds = np.concatenate([_renumbered(place.steps, names) for place in places])
    rows = np.concatenate([place.steps.rows for place in places])
    sequence = np.lexsort((where, at))
    columns = (column[sequence].tolist() for column in (at, kinds, where, rows))
    for when, kind, place, row in zip(*columns, strict=True):
        yield when, names[kind], place, row


def _renumbered(steps: FirstSteps, names: Sequence[str]) -> NDArray[np.int64]:
    """Return the kinds of these steps as indices into `names`."""
    found: NDArray[np.int64] = np.array([names.index(name) for name in steps.names], np.int64)[steps.kinds]
    return found
