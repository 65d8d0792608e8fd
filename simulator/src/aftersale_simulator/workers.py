"""Workers: the replications of several variants spread over processes, with the same results however many."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.pool import Pool
from typing import TYPE_CHECKING

from attrs import define

from aftersale.orders import Orders
from aftersale_simulator.results import Result
from aftersale_simulator.runs import run
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


def compare(
    variants: Sequence[tuple[str, Scenario]],
    replications: Sequence[int],
    workers: int,
    on_done: Callable[[], None],
    plugins: Plugins,
    orders: Orders | None = None,
) -> list[list[Result]]:
    """Run these replications, by number, of every variant and return the results as [variant][replication].

    The work is spread over processes, which load the same plugins again; one worker runs in this process. The results
    do not depend on how many there are.
    """
    jobs = [(scenario, replication) for _, scenario in variants for replication in replications]
    shop = _Shop(plugins, orders)
    if workers <= 1 or len(jobs) <= 1:
        results = [_told(on_done, run(*job, plugins, orders=orders)) for job in jobs]
    else:
        results = _spread(jobs, min(workers, len(jobs)), on_done, shop)
    size = len(replications)
    return [results[i * size : (i + 1) * size] for i in range(len(variants))]


def _told(on_done: Callable[[], None], result: Result) -> Result:
    on_done()
    return result


def _spread(jobs: Sequence[Job], workers: int, on_done: Callable[[], None], shop: _Shop) -> list[Result]:
    results: dict[int, Result] = {}
    with _pool(workers, shop) as pool:
        for place, result in pool.imap_unordered(_do, enumerate(jobs)):
            results[place] = result
            on_done()
    return [results[place] for place in range(len(jobs))]


@contextmanager
def _pool(workers: int, shop: _Shop) -> Iterator[Pool]:
    """Start processes that leave Ctrl-C to this one, from their first moment on; stop them whatever happens."""
    heard = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        # Spawned, not forked: the threads of the table library do not survive a fork.
        pool = get_context("spawn").Pool(workers, _begin, (shop,))
    finally:
        signal.signal(signal.SIGINT, heard)
    with pool:
        yield pool


def _begin(shop: _Shop) -> None:
    _shop[:] = [shop]


def _do(job: tuple[int, Job]) -> tuple[int, Result]:
    place, (scenario, replication) = job
    shop = _shop[0]
    return place, run(scenario, replication, shop.plugins, orders=shop.orders)


@contextmanager
def crew(
    workers: int, on_done: Callable[[], None], plugins: Plugins, orders: Orders | None = None
) -> Iterator[Callable[[Sequence[Job]], list[Result]]]:
    """Give a function that runs jobs, on processes that stay from one call to the next."""
    if workers <= 1:
        yield lambda jobs: [_told(on_done, run(*job, plugins, orders=orders)) for job in jobs]
        return
    with _pool(workers, _Shop(plugins, orders)) as pool:

        def spread(jobs: Sequence[Job]) -> list[Result]:
            results: dict[int, Result] = {}
            for place, result in pool.imap_unordered(_do, enumerate(jobs)):
                results[place] = result
                on_done()
            return [results[place] for place in range(len(jobs))]

        yield spread
