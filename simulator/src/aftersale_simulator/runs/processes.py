"""Processes: a worker pool on this machine; any worker may die.

It imports nothing heavy: a worker begins here, and ends with its parent from then on, also while it loads the rest.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from importlib import import_module
from multiprocessing import get_context, parent_process, resource_tracker
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Self, TypeVar

from aftersale_simulator.runs.failures import Stopped, WorkerDied

if TYPE_CHECKING:
    from aftersale.base.watch import Note
    from aftersale_simulator.runs.job import Job, JobContext, OnDone
    from aftersale_simulator.runs.results import Result

    _Answer = Future[tuple[Result, list[Note]]]

MOST_DEATHS = 3
"""How often workers may die in a row before each job runs alone, to find the one that kills them (assumed)."""
_TICK_SECONDS = 0.2
T = TypeVar("T")
_context: list[JobContext] = []


class EarlyWorkers:
    """Worker processes that load what any job needs while this process still finds out what there is to do."""

    def __init__(self, workers: int) -> None:
        """Take how many there should be."""
        self._workers = workers
        self._pools: list[ProcessPoolExecutor] = []

    def __enter__(self) -> Self:
        """Start them."""
        try:
            with _interrupts_kept_away():
                for _ in range(self._workers):
                    self._pools.append(_one_worker())
                    self._pools[-1].submit(_load)
        except BaseException:
            _kill(self._pools)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Kill those that nobody has taken."""
        _kill(self._pools)

    def take(self) -> ProcessPoolExecutor | None:
        """Return one for somebody else to keep, None where none is left."""
        return self._pools.pop() if self._pools else None


class ProcessPool:
    """Worker processes that load the same plugins once and serve every call of `work`.

    Each has the jobs of a replication one after the other, and shares what they have in common between them.
    When one dies, the jobs that were running are repeated. A job that kills its worker even alone is refused. When this
    process ends, however it does, they end too.
    """

    def __init__(self, workers: int, context: JobContext, early: EarlyWorkers | None = None) -> None:
        """Take the largest number of workers and the context of all jobs; workers start with the first jobs.

        Those that have started `early` become its own.
        """
        self._workers, self._packed = workers, pickle.dumps(context)
        self._early = early
        self._watch = context.plugins.watch
        self._pools: list[ProcessPoolExecutor] = []

    def __enter__(self) -> Self:
        """Start nothing yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """Kill all workers, whatever they are doing."""
        self._dismiss()

    def work(self, jobs: Sequence[Job], on_done: OnDone) -> list[Result]:
        """Run all jobs and return their results in the same order.

        Raises WorkerDied for a job that no worker survives, and Stopped with what is done after Ctrl-C.
        """
        results: dict[int, Result] = {}
        deaths = 0
        while len(results) < len(jobs):
            remaining = [position for position in range(len(jobs)) if position not in results]
            alone = deaths >= MOST_DEATHS
            finished = len(results)
            try:
                for position, result in self._results(jobs, remaining[:1] if alone else remaining):
                    results[position] = result
                    on_done(position, result)
            except BrokenProcessPool:
                self._dismiss()
                if alone:
                    scenario, replication = jobs[remaining[0]]
                    raise WorkerDied(scenario.name, replication) from None
                deaths = deaths + 1 if len(results) == finished else 1
            except KeyboardInterrupt:
                self._dismiss()
                raise Stopped([[results.get(position) for position in range(len(jobs))]]) from None
        return [results[position] for position in range(len(jobs))]

    def _results(self, jobs: Sequence[Job], positions: Sequence[int]) -> Iterator[tuple[int, Result]]:
        """Give these jobs to workers and yield each position and result when done.

        Raises BrokenProcessPool if a worker died, after what the others were at.
        """
        from aftersale_simulator.runs.job import WaitingJobs  # loads all that runs, and a worker begins in this module

        waiting = WaitingJobs(jobs, positions)
        ended: SimpleQueue[_Answer] = SimpleQueue()
        running: dict[_Answer, tuple[int, int]] = {}

        def employ(worker: int) -> None:
            """Give a worker its next job, and one ahead while there are enough for all: it waits for none then."""
            has = sum(1 for each, _ in running.values() if each == worker)
            most = 2 if len(waiting) > 2 * self._workers else 1
            position = waiting.take(worker) if has < most else None
            if position is not None:
                future = self._worker(worker).submit(_do, jobs[position])
                running[future] = worker, position
                future.add_done_callback(ended.put)

        with _interrupts_kept_away():
            for worker in (*range(self._workers), *range(self._workers)):
                employ(worker)
        broken = False
        while running:
            future = _next(ended)
            worker, position = running.pop(future)
            try:
                result, notes = future.result()
                self._tell(notes)
                yield position, result
                if not broken:
                    employ(worker)
            except BrokenProcessPool:
                broken = True
        if broken:
            raise BrokenProcessPool

    def _worker(self, number: int) -> ProcessPoolExecutor:
        """Return a worker by its number; those before it are there, and it starts when it is first asked for."""
        if number == len(self._pools):
            early = None if self._early is None else self._early.take()
            self._pools.append(early or _one_worker())
            self._pools[number].submit(_take_context, self._packed)
        return self._pools[number]

    def _tell(self, notes: list[Note]) -> None:
        """Tell what the plugins of a worker did, unless another worker's did the same before."""
        for key, line in notes:
            self._watch.note(key, line)

    def _dismiss(self) -> None:
        pools, self._pools = self._pools, []
        _kill(pools)


def _one_worker() -> ProcessPoolExecutor:
    """Return a pool of a single process, which starts with its first job: so a job goes to a certain worker.

    Spawned, not forked: the threads of the table library do not survive a fork.
    """
    return ProcessPoolExecutor(1, get_context("spawn"), _begin)


def _kill(pools: Sequence[ProcessPoolExecutor]) -> None:
    for pool in pools:
        for process in list((pool._processes or {}).values()):
            process.kill()
    for pool in pools:
        pool.shutdown(wait=True, cancel_futures=True)


def _next(ended: SimpleQueue[Future[T]]) -> Future[T]:
    """Return the next future that has ended; look up often, as the system may give Ctrl-C to a thread of a library."""
    while True:
        with suppress(Empty):
            return ended.get(timeout=_TICK_SECONDS)


@contextmanager
def _interrupts_kept_away() -> Iterator[None]:
    """Keep Ctrl-C, which reaches every process of a terminal, from those that start in this block.

    This process handles it: when it comes meanwhile, at the end of the block.
    """
    if sys.platform == "win32":
        yield
        return
    resource_tracker.ensure_running()  # its own start would end the block
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin() -> None:
    gc.disable()  # all that is loaded stays: a search for garbage meanwhile takes a tenth of the time
    _end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from aftersale.plugins.prints import hear_prints

    hear_prints()


def _load() -> None:
    """Load what any job needs: it takes as long as all that the first process does until it knows the jobs."""
    for module in ("scipy.special", "aftersale_simulator.runs.job"):
        import_module(module)
    import_module("aftersale_simulator.kernel").load_kernel()


def _take_context(packed: bytes) -> None:
    """Take what all jobs need; where that fails, nothing can be done here."""
    try:
        _context[:] = [pickle.loads(packed)]
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    _context[0].plugins.watch.relay()
    # Loaded objects stay: a garbage search through them after every replication would take an eighth of its time.
    gc.collect()
    gc.freeze()
    gc.enable()


_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of Linux


def _end_with_parent() -> None:
    """End this process as soon as its parent has ended: it would wait for work for ever."""
    Thread(target=_wait_for_parent, name="parent", daemon=True).start()
    if sys.platform == "linux":
        # The thread cannot run while a plugin's compiled code keeps all others waiting; the system can.
        import ctypes

        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL)


def _wait_for_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _do(job: Job) -> tuple[Result, list[Note]]:
    """Run a job; return its result, and what is to be told of plugins, which only the parent can tell once."""
    context = _context[0]
    try:
        return context.work(job), context.plugins.watch.taken()
    except Exception as error:
        for _, line in context.plugins.watch.taken():
            error.add_note(line)
        raise
