"""Marketplace runs: one marketplace's orders in a run, with the first steps of their buyers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from aftersale.clocks import Instant
from aftersale.order_columns import Orders
from aftersale.policies.marketplaces import Marketplace
from aftersale_simulator.scenario.horizon import LocalDays
from aftersale_simulator.scenario.model import OrderSource, Scenario
from aftersale_simulator.world.behaviour.first_steps import FirstSteps, first_steps
from aftersale_simulator.world.carriers import delivered
from aftersale_simulator.world.orders import copied, hours_of, of_marketplace, synthetic, within
from aftersale_simulator.world.random_streams import Streams
from aftersale_simulator.world.world import World


@frozen(eq=False)
class MarketplaceRun:
    """One marketplace's orders with the first steps of their buyers."""

    orders: Orders
    steps: FirstSteps
    world: World


def marketplace_run(
    scenario: Scenario, marketplace: Marketplace, world: World, streams: Streams, orders: Orders | None
) -> MarketplaceRun:
    """Return one marketplace's part of a run: its synthetic orders, or those of a file's `orders` that are its own."""
    sales, horizon = scenario.marketplace[marketplace.name], scenario.horizon
    days = horizon.local_days(marketplace.zone)
    if orders is None:
        count = horizon.warm_up + horizon.days
        run_orders = synthetic(sales, marketplace, horizon.first, count, streams, world, horizon.measured_from)
    else:
        run_orders = _of_file(orders, marketplace.name, days, streams, scenario.orders)
    run_orders = delivered(run_orders, streams, world)
    return MarketplaceRun(run_orders, first_steps(run_orders, days, hours_of(sales), streams, world), world)


def _of_file(orders: Orders, name: str, days: LocalDays, streams: Streams, source: OrderSource | None) -> Orders:
    selected = of_marketplace(orders, name)
    if source is not None and (source.resample or source.scale != 1.0):
        return copied(selected, days, streams, float(source.scale), source.resample)
    return within(selected, int(days.bounds[0]), int(days.bounds[-1]))


def first_steps_in_order(runs: Sequence[MarketplaceRun]) -> Iterator[tuple[Instant, str, int, int]]:
    """Yield (instant, kind, index of the run, row) over all marketplaces in order of time."""
    names = list(dict.fromkeys(name for run in runs for name in run.steps.names))
    at = np.concatenate([run.steps.at for run in runs])
    numbers = np.repeat(np.arange(len(runs)), [len(run.steps.at) for run in runs])
    kinds = np.concatenate([_kind_numbers(run.steps, names) for run in runs])
    rows = np.concatenate([run.steps.rows for run in runs])
    sequence = np.lexsort((numbers, at))
    columns = (column[sequence].tolist() for column in (at, kinds, numbers, rows))
    for instant, kind, number, row in zip(*columns, strict=True):
        yield instant, names[kind], number, row


def _kind_numbers(steps: FirstSteps, names: Sequence[str]) -> NDArray[np.int64]:
    """Return the kinds of these steps as indices into `names`."""
    numbers: NDArray[np.int64] = np.array([names.index(name) for name in steps.names], np.int64)[steps.kinds]
    return numbers
