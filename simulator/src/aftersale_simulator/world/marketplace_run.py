"""Marketplace runs: one marketplace's orders in a run, with what their buyers begin."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from aftersale.clocks import Instant
from aftersale.orders import Orders
from aftersale_simulator.world.buyers import FirstSteps
from aftersale_simulator.world.world import World


@frozen(eq=False)
class MarketplaceRun:
    """One marketplace's orders with what their buyers begin."""

    orders: Orders
    steps: FirstSteps
    world: World


def first_steps_in_order(places: Sequence[MarketplaceRun]) -> Iterator[tuple[Instant, str, int, int]]:
    """Yield (when, what, place, slot) over all marketplaces in order of time."""
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
