"""Workers: replications spread over processes, with results that do not depend on how many there are."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from typing import TYPE_CHECKING

from attrs import define

from aftersale.orders import Orders
from aftersale_simulator.runs import Result, run
from aftersale_simulator.scenario import Scenario

if TYPE_CHECKING:
    from aftersale.plugins import Plugins

Job = tuple[Scenario, int]


@define
class _Shop:
    """What one process needs for every job."""

    plugins: Plugins
    orders: Orders | None


_shop: list[_Shop] = []


def spread(
    jobs: Sequence[Job],
    workers: int,
    on_done: Callable[[], None],
    plugins: Plugins,
    orders: Orders | None = None,
) -> list[Result]:
    """Run every (scenario, replication) and return the results in the order of the jobs.

    Other processes load the same plugins again. One worker runs in this process.
    """
    if workers <= 1 or len(jobs) <= 1:
        _shop[:] = [_Shop(plugins, orders)]
        return [_told(on_done, _do(job)) for job in enumerate(jobs)]
    results: dict[int, Result] = {}
    # Spawned, not forked: the threads of the table library do not survive a fork.
    with get_context("spawn").Pool(min(workers, len(jobs)), _begin, (plugins, orders)) as pool:
        for place, result in pool.imap_unordered(_do, enumerate(jobs)):
            results[place] = result
            on_done()
    return [results[place] for place in range(len(jobs))]


def _told(on_done: Callable[[], None], done: tuple[int, Result]) -> Result:
    on_done()
    return done[1]


def _begin(plugins: Plugins, orders: Orders | None) -> None:
    # The parent alone hears Ctrl-C and stops its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _shop[:] = [_Shop(plugins, orders)]


def _do(job: tuple[int, Job]) -> tuple[int, Result]:
    place, (scenario, replication) = job
    shop = _shop[0]
    return place, run(scenario, replication, shop.plugins, orders=shop.orders)
