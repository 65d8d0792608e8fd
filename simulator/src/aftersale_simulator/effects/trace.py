"""Trace: what one run came to read, and which settings of its scenario that makes idle."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import chain
from typing import NamedTuple

import numpy as np
from attrs import frozen

from aftersale.clocks import Instant
from aftersale.engine.docket import Docket
from aftersale.order_columns import Orders
from aftersale_simulator.resolved.scenario import ResolvedScenario


class Setting(NamedTuple):
    """One setting as its path has it, or a row of the handbook, with why it changed nothing; empty where it acted."""

    path: str
    reason: str


@frozen(eq=False)
class Trace:
    """One run, after its end: its scenario, the orders that were placed by marketplace, its cases.

    `tasks` are the (marketplace, kind) pairs that came to the desk, `figures` the names of what is judged by
    marketplace, `judged` says whether any target was. `reads` are the parameters of the world that anything read,
    `order_reads` by marketplace those that were read for single orders, which alone events and categories change.
    `booked` are the currencies in which money was booked.
    """

    resolved: ResolvedScenario
    orders: Mapping[str, Orders]
    docket: Docket
    tasks: frozenset[tuple[str, str]]
    figures: Mapping[str, Collection[str]]
    judged: bool
    until: Instant
    reads: frozenset[str]
    order_reads: Mapping[str, frozenset[str]]
    booked: frozenset[str] = frozenset()

    @property
    def from_file(self) -> bool:
        """Whether the orders are those of a file."""
        return self.resolved.scenario.orders is not None

    def read_for_orders(self, marketplaces: Iterable[str]) -> frozenset[str]:
        """Return the parameters that were read for single orders of one of these marketplaces."""
        return frozenset(chain.from_iterable(self.order_reads.get(name, ()) for name in marketplaces))

    def categories(self, marketplaces: Iterable[str]) -> frozenset[str]:
        """Return the categories of which these marketplaces sold something."""
        sold = (self.orders[name] for name in marketplaces if name in self.orders)
        return frozenset(chain.from_iterable(orders.remembered("categories", _sold_of(orders)) for orders in sold))


def _sold_of(orders: Orders) -> Callable[[], frozenset[str]]:
    return lambda: frozenset(orders.categories[code] for code in np.flatnonzero(np.bincount(orders.category)).tolist())


BUYERS = frozenset({"repeat_buyer_share"})
"""The parameters that say who bought, which is drawn for every order whether or not anybody asks."""


def reads_of(resolved: ResolvedScenario) -> tuple[frozenset[str], dict[str, frozenset[str]]]:
    """Return the parameters that anything read by now, and by marketplace those that were read for single orders."""
    by_order = {name: frozenset(world.order_reads) for name, world in resolved.worlds.items()}
    worlds = (*resolved.worlds.values(), resolved.shared_world)
    reads = frozenset(chain.from_iterable((*(world.reads for world in worlds), *by_order.values())))
    return (reads if any(asked.buyers for asked in resolved.asked.values()) else reads - BUYERS), by_order


@frozen
class Effects:
    """Which settings acted in some run, and which did not, with the reason."""

    acting: frozenset[str] = frozenset()
    idle: tuple[Setting, ...] = ()

    @classmethod
    def of(cls, settings: Iterable[Setting]) -> Effects:
        """Return the effects of one run; a setting that stands there twice acts where one of them does."""
        told = list(settings)
        acting = frozenset(setting.path for setting in told if not setting.reason)
        return cls(acting, tuple(dict.fromkeys(each for each in told if each.path not in acting)))

    @classmethod
    def together(cls, effects: Iterable[Effects]) -> Effects:
        """Return the effects of several runs: what acted in one of them acted."""
        runs = list(effects)
        acting = frozenset(chain.from_iterable(run.acting for run in runs))
        idle = {each.path: each for run in runs for each in run.idle if each.path not in acting}
        return cls(acting, tuple(idle.values()))


NO_EFFECTS = Effects()
