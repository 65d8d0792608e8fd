"""Pools: replications of variants given out to workers, with the same results however many they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from aftersale.orders import Orders
from aftersale_simulator.runs.job import Job, JobContext
from aftersale_simulator.runs.results import Result
from aftersale_simulator.scenario.model import Scenario

if TYPE_CHECKING:
    from aftersale.plugins.plugins import Plugins


class WorkerPool(Protocol):
    """Somebody who runs jobs."""

    def work(self, jobs: Sequence[Job], on_done: Callable[[], None]) -> list[Result]:
        """Run all jobs and return their results in the same order; `on_done` is called after each."""


class SerialPool:
    """A pool of one: this process."""

    def __init__(self, shop: JobContext) -> None:
        """Work in this shop."""
        self._shop = shop

    def work(self, jobs: Sequence[Job], on_done: Callable[[], None]) -> list[Result]:
        """Run one job after the other."""
        results = []
        for job in jobs:
            results.append(self._shop.work(job))
            on_done()
        return results


@contextmanager
def worker_pool(
    workers: int, plugins: Plugins, orders: Orders | None = None, cluster: str | None = None
) -> Iterator[WorkerPool]:
    """Give a pool for as long as it is needed: this process, so many of them, or the `cluster` at an address.

    What it finds does not depend on which. Raises ClusterUnusable where the cluster cannot be worked with.
    """
    shop = JobContext(plugins, orders)
    if cluster is not None:
        from aftersale_simulator.runs.dask import Cluster  # needs what only the extra `dask` installs

        with Cluster(cluster, shop) as pool:
            yield pool
    elif workers > 1:
        from aftersale_simulator.runs.processes import Processes

        with Processes(workers, shop) as processes:
            yield processes
    else:
        yield SerialPool(shop)


def compare(
    variants: Sequence[tuple[str, Scenario]], replications: Sequence[int], pool: WorkerPool, on_done: Callable[[], None]
) -> list[list[Result]]:
    """Run these replications, by number, of every variant and return the results as [variant][replication]."""
    jobs = [(scenario, replication) for _, scenario in variants for replication in replications]
    results, size = pool.work(jobs, on_done), len(replications)
    return [results[i * size : (i + 1) * size] for i in range(len(variants))]
