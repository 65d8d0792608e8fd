"""Processes: a pool of workers on this machine, any of which may die."""

from __future__ import annotations

import gc
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Self

from aftersale_simulator.runs.failures import WorkerDied
from aftersale_simulator.runs.job import Job, JobContext
from aftersale_simulator.runs.results import Result

MOST_DEATHS = 3
"""How often workers may die in a row before each job is tried alone, to find the one that they die of (assumed)."""
_shop: list[JobContext] = []


class Processes:
    """Worker processes that load the same plugins once, and stay from one piece of work to the next.

    One that dies costs the jobs that were being run a repeat. A job that its worker dies of even alone is refused.
    """

    def __init__(self, workers: int, shop: JobContext) -> None:
        """Take how many there are at most; they are started when there is work."""
        self._workers, self._shop = workers, shop
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let everybody go, whatever they are doing."""
        self._dismiss()

    def work(self, jobs: Sequence[Job], on_done: Callable[[], None]) -> list[Result]:
        """Run all jobs and return their results in the same order.

        Raises WorkerDied for a job that no worker survives.
        """
        results: dict[int, Result] = {}
        deaths = 0
        while len(results) < len(jobs):
            open_ = [place for place in range(len(jobs)) if place not in results]
            alone = deaths >= MOST_DEATHS
            before = len(results)
            try:
                for place, result in self._done(jobs, open_[:1] if alone else open_):
                    results[place] = result
                    on_done()
            except BrokenProcessPool:
                self._dismiss()
                if alone:
                    scenario, replication = jobs[open_[0]]
                    raise WorkerDied(scenario.name, replication) from None
                deaths = deaths + 1 if len(results) == before else 1
        return [results[place] for place in range(len(jobs))]

    def _done(self, jobs: Sequence[Job], places: Sequence[int]) -> Iterator[tuple[int, Result]]:
        """Give out these jobs, and yield each as it is done; raises BrokenProcessPool when a worker died."""
        with _deaf():
            if self._pool is None:
                # Spawned, not forked: the threads of the table library do not survive a fork.
                self._pool = ProcessPoolExecutor(self._workers, get_context("spawn"), _begin, (self._shop,))
            futures: dict[Future[Result], int] = {self._pool.submit(_do, jobs[place]): place for place in places}
        broken = False
        for future in as_completed(futures):
            try:
                yield futures[future], future.result()
            except BrokenProcessPool:
                broken = True
        if broken:
            raise BrokenProcessPool

    def _dismiss(self) -> None:
        pool, self._pool = self._pool, None
        if pool is None:
            return
        for process in list((pool._processes or {}).values()):
            process.kill()
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _deaf() -> Iterator[None]:
    """Let processes that are started meanwhile leave Ctrl-C to this one, from their first moment on."""
    heard = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, heard)


def _begin(shop: JobContext) -> None:
    _shop[:] = [shop]
    # What was loaded stays: searching it for garbage after every replication would take an eighth of its time.
    gc.collect()
    gc.freeze()


def _do(job: Job) -> Result:
    return _shop[0].work(job)
