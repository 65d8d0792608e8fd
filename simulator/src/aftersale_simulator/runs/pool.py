"""Pool: gives the replications of variants to workers; the results do not depend on their number."""

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
    """What runs jobs."""

    def work(self, jobs: Sequence[Job], on_done: Callable[[], None]) -> list[Result]:
        """Run all jobs and return their results in the same order; `on_done` is called after each."""


class SerialPool:
    """A pool of one worker: this process."""

    def __init__(self, context: JobContext) -> None:
        """Take the context of all jobs."""
        self._context = context

    def work(self, jobs: Sequence[Job], on_done: Callable[[], None]) -> list[Result]:
        """Run one job after the other."""
        results = []
        for job in jobs:
            results.append(self._context.work(job))
            on_done()
        return results


@contextmanager
def worker_pool(
    workers: int, plugins: Plugins, orders: Orders | None = None, cluster: str | None = None
) -> Iterator[WorkerPool]:
    """Open a pool: this process, so many processes, or the Dask `cluster` at an address; close it afterwards.

    The results do not depend on the pool. Raises ClusterUnusable if the cluster cannot be used.
    """
    context = JobContext(plugins, orders)
    if cluster is not None:
        from aftersale_simulator.runs.dask import DaskPool  # needs what only the extra `dask` installs

        with DaskPool(cluster, context) as pool:
            yield pool
    elif workers > 1:
        from aftersale_simulator.runs.processes import ProcessPool

        with ProcessPool(workers, context) as processes:
            yield processes
    else:
        yield SerialPool(context)


def run_variants(
    variants: Sequence[tuple[str, Scenario]], replications: Sequence[int], pool: WorkerPool, on_done: Callable[[], None]
) -> list[list[Result]]:
    """Run the numbered replications of every variant and return the results as [variant][replication]."""
    jobs = [(scenario, replication) for _, scenario in variants for replication in replications]
    results, size = pool.work(jobs, on_done), len(replications)
    return [results[i * size : (i + 1) * size] for i in range(len(variants))]
