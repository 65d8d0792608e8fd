"""Dask: a worker pool on an existing Dask cluster, on this machine or on others."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from importlib import import_module
from importlib.metadata import distributions
from typing import Any, Self

from aftersale_simulator.runs.failures import ClusterUnusable
from aftersale_simulator.runs.job import Job, JobContext
from aftersale_simulator.runs.results import Result

try:
    # Most of the package has no types.
    distributed: Any = import_module("distributed")
except ImportError as error:
    raise ClusterUnusable(
        "", "needs the package distributed", "python -m pip install 'aftersale-simulator[dask]'"
    ) from error

PATIENCE_SECONDS = 10
"""How long a scheduler may take to answer (assumed)."""
_OURS = "aftersale"


class DaskPool:
    """The workers of a Dask cluster. When one dies, another repeats its jobs.

    Every worker must have the same versions of our distributions, plugins included, as this process.
    """

    def __init__(self, address: str, context: JobContext) -> None:
        """Take the scheduler's address, such as tcp://10.0.0.5:8786, and the context of all jobs."""
        self._address, self._context = address, context

    def __enter__(self) -> Self:
        """Connect, compare versions, and send the context to every worker; raises ClusterUnusable."""
        try:
            self._client = distributed.Client(self._address, timeout=PATIENCE_SECONDS, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            hint = "start it with dask-scheduler and dask-worker, or correct the address"
            raise ClusterUnusable(self._address, f"does not answer: {error}", hint) from error
        try:
            self._check()
            self._packed = self._client.scatter(pickle.dumps(self._context), broadcast=True)
        except BaseException:
            self._client.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Disconnect and leave the cluster as it was."""
        self._client.close()

    def _check(self) -> None:
        workers = self._client.run(versions)
        if not workers:
            raise ClusterUnusable(self._address, "has no workers", f"dask-worker {self._address}")
        local = versions()
        if differences := "; ".join(_differences(local, workers)):
            raise ClusterUnusable(self._address, differences, "install the same versions on every worker")

    def work(self, jobs: Sequence[Job], on_done: Callable[[], None]) -> list[Result]:
        """Run all jobs and return their results in the same order; another worker repeats the jobs of a dead one."""
        futures = [self._client.submit(_do, self._packed, job, pure=False) for job in jobs]
        positions = {future.key: position for position, future in enumerate(futures)}
        results: dict[int, Result] = {}
        try:
            with self._client.as_current():
                for future, result in distributed.as_completed(futures, with_results=True):
                    results[positions[future.key]] = result
                    on_done()
        except BaseException:
            self._client.cancel(futures)
            raise
        return [results[position] for position in range(len(jobs))]


def versions() -> dict[str, str]:
    """Return the versions of our distributions in this process, and of plugins for them."""
    by_name = {}
    for distribution in distributions():
        if distribution.name.startswith(_OURS) or any(entry.group == _OURS for entry in distribution.entry_points):
            by_name[distribution.name] = distribution.version
    return dict(sorted(by_name.items()))


def _differences(local: dict[str, str], workers: dict[str, dict[str, str]]) -> Iterator[str]:
    for worker in sorted(workers):
        remote = workers[worker]
        for name in sorted(local.keys() | remote.keys()):
            there, here = remote.get(name, "not at all"), local.get(name, "not at all")
            if there != here:
                yield f"{worker} has {name} {there}, here it is {here}"


@lru_cache(maxsize=1)
def _unpack(packed: bytes) -> JobContext:
    context: JobContext = pickle.loads(packed)
    return context


def _do(packed: bytes, job: Job) -> Result:
    return _unpack(packed).work(job)
