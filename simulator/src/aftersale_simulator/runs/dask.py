"""Dask: a worker pool on an existing Dask cluster, on this machine or on others."""

from __future__ import annotations

import logging
import pickle
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from importlib import import_module
from importlib.metadata import distributions
from typing import Any, Self

from aftersale.base.watch import explained
from aftersale_simulator.runs.failures import ClusterUnusable, Stopped, WorkerDied
from aftersale_simulator.runs.job import Job, JobContext, OnDone, WaitingJobs
from aftersale_simulator.runs.results import Result

try:
    # Most of the package has no types.
    distributed: Any = import_module("distributed")
except ImportError as error:
    raise ClusterUnusable(
        "", "needs the package distributed", "python -m pip install 'aftersale-simulator[dask]'"
    ) from error

PATIENCE_SECONDS = 10
"""How long a scheduler may take to answer, and workers that died to come back (assumed)."""
MOST_LOSSES = 3
"""How often in a row all jobs may be lost without a result (assumed)."""
_OURS = "aftersale"
_COUNTS = ("numpy",)
"""Whose version may change figures, beside Python's and our own."""
_START = "start it with dask-scheduler and dask-worker, or correct the address"
_SAME = "install the same versions on every worker"


class DaskPool:
    """The workers of a Dask cluster. When one dies, another repeats its jobs, or it does when it is back.

    Every worker must have the same versions of our distributions, plugins included, of Python and of NumPy, as this
    process. The jobs of one replication are submitted together, and the scheduler gives each to whoever is free: what
    they have in common is made once on every worker that has some of them.
    """

    def __init__(self, address: str, context: JobContext) -> None:
        """Take the scheduler's address, such as tcp://10.0.0.5:8786, and the context of all jobs."""
        self._address, self._parcel = address, pickle.dumps((versions(), pickle.dumps(context)))
        self._open = ExitStack()

    def __enter__(self) -> Self:
        """Connect and compare versions; raises ClusterUnusable."""
        with self._open:
            self._open.enter_context(_library_silent())
            try:
                self._client = distributed.Client(self._address, timeout=PATIENCE_SECONDS, set_as_default=False)
            except (OSError, ValueError, TimeoutError) as error:
                raise self._unusable(f"does not answer: {error}", _START) from error
            self._open.callback(self._client.close, timeout=PATIENCE_SECONDS)
            self._repeated(self._check)
            self._open = self._open.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Disconnect and leave the cluster as it was."""
        self._open.close()

    def _unusable(self, what: str, hint: str) -> ClusterUnusable:
        return ClusterUnusable(self._address, what, hint)

    def _check(self) -> bool:
        """Refuse workers with other versions; return whether all answered, as one that is just killed does not."""
        answers = self._client.run(versions, on_error="return")
        local = versions()
        if differences := "; ".join(_differences(local, answers)):
            raise self._unusable(differences, _SAME)
        return bool(answers) and not any(isinstance(answer, Exception) for answer in answers.values())

    def work(self, jobs: Sequence[Job], on_done: OnDone) -> list[Result]:
        """Run all jobs and return their results in the same order.

        What dies with a worker, or with the scheduler, is repeated on the workers that are there. Raises WorkerDied for
        a job that no worker survives, ClusterUnusable when there is no worker any more, and Stopped with what is done
        after Ctrl-C.
        """
        results: dict[int, Result] = {}
        failures: list[BaseException] = []

        def gather() -> bool:
            before = len(results)
            for position, outcome in self._outcomes(jobs, [i for i in range(len(jobs)) if i not in results]):
                if isinstance(outcome, BaseException):
                    failures.append(outcome)
                    return True
                results[position] = outcome
                on_done(position, outcome)
            return len(results) > before

        try:
            while len(results) < len(jobs) and not failures:
                self._repeated(gather)
        except KeyboardInterrupt:
            raise Stopped([[results.get(position) for position in range(len(jobs))]]) from None
        if failures:
            raise failures[0]
        return [results[position] for position in range(len(jobs))]

    def _repeated(self, step: Callable[[], bool]) -> None:
        """Do a step until it gets somewhere; raises ClusterUnusable when it does not, again and again."""
        problem = "loses all work"
        for _ in range(MOST_LOSSES):
            self._wait_for_workers()
            try:
                if step():
                    return
            except _LOST as error:
                problem = f"loses all work: {explained(error)}"
        if not self._answers():
            raise self._unusable("has no workers that answer: none is left", _START)
        raise self._unusable(problem, "look at the logs of its workers; they may be short of memory")

    def _answers(self) -> bool:
        """Ask the workers themselves: what is known of them may be from before they went away.

        One that is gone answers with what the library raises.
        """
        try:
            self._wait_for_workers()
            answers = self._client.run(versions, on_error="return")
            return any(not isinstance(answer, BaseException) for answer in answers.values())
        except _LOST:
            return False

    def _wait_for_workers(self) -> None:
        try:
            self._client.wait_for_workers(1, timeout=PATIENCE_SECONDS)
        except _LOST as error:
            raise self._unusable(f"has no workers that answer: {explained(error)}", _START) from error

    def _outcomes(self, jobs: Sequence[Job], positions: Sequence[int]) -> Iterator[tuple[int, Result | BaseException]]:
        """Submit these jobs; yield each position with its result, or why it has none; nothing for what is lost."""
        parcel = self._client.scatter(self._parcel, broadcast=True)
        order = WaitingJobs(jobs, positions)
        futures = {self._client.submit(_do, parcel, jobs[i], pure=False): i for i in order}
        try:
            while futures:
                for future, result in self._ended(list(futures)):
                    position = futures.pop(future)
                    if future.status == "finished":
                        yield position, result
                    elif future.status == "error":
                        yield position, self._failure(result[1], jobs[position])
        finally:
            if futures:
                self._client.cancel(list(futures))

    def _ended(self, futures: list[Any]) -> Iterator[tuple[Any, Any]]:
        """Yield futures that ended with their results; stop after a while, when there still are workers."""
        try:
            with self._client.as_current():
                yield from distributed.as_completed(
                    futures, with_results=True, raise_errors=False, timeout=PATIENCE_SECONDS
                )
        except TimeoutError:
            self._wait_for_workers()

    def _failure(self, error: BaseException, job: Job) -> BaseException:
        """Return why a job has no result, in our words where they are better."""
        if isinstance(error, distributed.KilledWorker):
            scenario, replication = job
            return WorkerDied(scenario.name, replication)
        if isinstance(error, OtherVersions):
            return self._unusable(str(error), _SAME)
        return error


_LOST = (OSError, RuntimeError, ValueError, TimeoutError, distributed.CancelledError)
"""What the library raises where a worker or the scheduler is gone: of the network, and of a client that is closed."""


@contextmanager
def _library_silent() -> Iterator[None]:
    """Keep the library's own lines on lost connections away: what matters of them is told once, as an error."""
    loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


class OtherVersions(Exception):
    """A worker that came later has other versions than this process."""


def versions() -> dict[str, str]:
    """Return the versions of this process: our distributions, plugins for them, Python, and what figures hang on."""
    by_name = {"Python": platform.python_version()}
    for distribution in distributions():
        name = distribution.name
        ours = name.startswith(_OURS) or any(entry.group == _OURS for entry in distribution.entry_points)
        if ours or name in _COUNTS:
            by_name[name] = distribution.version
    return dict(sorted(by_name.items()))


def _differences(local: Mapping[str, str], workers: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is different on workers by their addresses; what they raised instead of an answer may be there too."""
    for worker in sorted(workers):
        remote = workers[worker]
        if isinstance(remote, ImportError):
            yield f"{worker} cannot load the simulator: {explained(remote)}"
        elif not isinstance(remote, Exception):
            for name in sorted(local.keys() | remote.keys()):
                there, here = remote.get(name, "not at all"), local.get(name, "not at all")
                if there != here:
                    yield f"{worker} has {name} {there}, here it is {here}"


@lru_cache(maxsize=1)
def _unpack(parcel: bytes) -> JobContext:
    """Return the context of a parcel, once for all jobs; raises OtherVersions before it is opened."""
    sent, packed = pickle.loads(parcel)
    if differences := "; ".join(_differences(sent, {"a worker": versions()})):
        raise OtherVersions(differences)
    context: JobContext = pickle.loads(packed)
    return context


def _do(parcel: bytes, job: Job) -> Result:
    return _unpack(parcel).work(job)
