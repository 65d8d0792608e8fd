"""Pool: gives the replications of variants to workers; the results do not depend on their number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TypeVar

from aftersale.order_columns import Orders
from aftersale_simulator.runs.failures import Stopped
from aftersale_simulator.runs.job import Job, JobContext, OnDone, WaitingJobs
from aftersale_simulator.runs.results import Result
from aftersale_simulator.scenario.model import Scenario

if TYPE_CHECKING:
    from aftersale.plugins.plugins import Plugins
    from aftersale_simulator.runs.engines import Engine
    from aftersale_simulator.runs.processes import EarlyWorkers

T = TypeVar("T")


class WorkerPool(Protocol):
    """What runs jobs, in an order of its own: jobs of one replication share what their scenarios have in common."""

    def work(self, jobs: Sequence[Job], on_done: OnDone) -> list[Result]:
        """Run all jobs and return their results in the same order; `on_done` is told of each when it is done.

        Raises Stopped with what is done after Ctrl-C.
        """


class SerialPool:
    """A pool of one worker: this process."""

    def __init__(self, context: JobContext) -> None:
        """Take the context of all jobs."""
        self._context = context

    def work(self, jobs: Sequence[Job], on_done: OnDone) -> list[Result]:
        """Run one job after the other, replication by replication."""
        results: dict[int, Result] = {}
        try:
            for position in WaitingJobs(jobs, range(len(jobs))):
                results[position] = self._context.work(jobs[position])
                on_done(position, results[position])
        except KeyboardInterrupt:
            raise Stopped([[results.get(position) for position in range(len(jobs))]]) from None
        return [results[position] for position in range(len(jobs))]


@contextmanager
def worker_pool(
    workers: int,
    plugins: Plugins,
    orders: Orders | None = None,
    cluster: str | None = None,
    engine: Engine = "auto",
    early: EarlyWorkers | None = None,
) -> Iterator[WorkerPool]:
    """Open a pool: this process, so many processes, or the Dask `cluster` at an address; close it afterwards.

    The results depend neither on the pool nor on the `engine` that runs them. Processes that have started `early` are
    taken before others start. Raises ClusterUnusable if the cluster cannot be used.
    """
    context = JobContext(plugins, orders, engine)
    if cluster is not None:
        from aftersale_simulator.runs.dask import DaskPool  # needs what only the extra `dask` installs

        with DaskPool(cluster, context) as pool:
            yield pool
    elif workers > 1:
        from aftersale_simulator.runs.processes import ProcessPool

        with ProcessPool(workers, context, early) as processes:
            yield processes
    else:
        yield SerialPool(context)


def run_variants(
    variants: Sequence[tuple[str, Scenario]], replications: Sequence[int], pool: WorkerPool, on_done: OnDone
) -> list[list[Result]]:
    """Run the numbered replications of every variant and return the results as [variant][replication].

    All variants have their first replication before any has its second: what is done after Ctrl-C can be compared.
    Raises Stopped with that.
    """
    jobs = [(scenario, replication) for replication in replications for _, scenario in variants]
    try:
        results = pool.work(jobs, on_done)
    except Stopped as stopped:
        raise Stopped(_by_variant(stopped.rows[0], len(variants))) from None
    return _by_variant(results, len(variants))


def _by_variant(results: Sequence[T], size: int) -> list[list[T]]:
    return [list(results[variant::size]) for variant in range(size)]
