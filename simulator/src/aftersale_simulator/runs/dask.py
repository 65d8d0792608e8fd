"""Clusters: a pool that is an existing Dask cluster, on this machine or on others."""

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
    # Some of it is typed, most is not.
    distributed: Any = import_module("distributed")
except ImportError as error:
    raise ClusterUnusable(
        "", "needs the package distributed", "python -m pip install 'aftersale-simulator[dask]'"
    ) from error

PATIENCE_SECONDS = 10
"""For how long a scheduler may take to answer (assumed)."""
_OURS = "aftersale"


class Cluster:
    """The workers of a Dask cluster; one that dies costs its jobs a repeat on another.

    They must have the same versions of everything of ours, plugins included, as this process.
    """

    def __init__(self, address: str, shop: JobContext) -> None:
        """Take the scheduler's address, such as tcp://10.0.0.5:8786, and what every worker needs."""
        self._address, self._shop = address, shop

    def __enter__(self) -> Self:
        """Connect, compare versions, and hand over what every worker needs; raises ClusterUnusable."""
        try:
            self._client = distributed.Client(self._address, timeout=PATIENCE_SECONDS, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            hint = "start it with dask-scheduler and dask-worker, or correct the address"
            raise ClusterUnusable(self._address, f"does not answer: {error}", hint) from error
        try:
            self._check()
            self._packed = self._client.scatter(pickle.dumps(self._shop), broadcast=True)
        except BaseException:
            self._client.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the cluster as it was."""
        self._client.close()

    def _check(self) -> None:
        theirs = self._client.run(versions)
        if not theirs:
            raise ClusterUnusable(self._address, "has no workers", f"dask-worker {self._address}")
        mine = versions()
        if told := "; ".join(_differences(mine, theirs)):
            raise ClusterUnusable(self._address, told, "install the same versions on every worker")

    def work(self, jobs: Sequence[Job], on_done: Callable[[], None]) -> list[Result]:
        """Run all jobs and return their results in the same order; what a dead worker was at is run by another."""
        futures = [self._client.submit(_do, self._packed, job, pure=False) for job in jobs]
        places = {future.key: place for place, future in enumerate(futures)}
        results: dict[int, Result] = {}
        try:
            with self._client.as_current():
                for future, result in distributed.as_completed(futures, with_results=True):
                    results[places[future.key]] = result
                    on_done()
        except BaseException:
            self._client.cancel(futures)
            raise
        return [results[place] for place in range(len(jobs))]


def versions() -> dict[str, str]:
    """Return the versions of the distributions here that are ours, or are plugins of ours."""
    found = {}
    for one in distributions():
        if one.name.startswith(_OURS) or any(entry.group == _OURS for entry in one.entry_points):
            found[one.name] = one.version
    return dict(sorted(found.items()))


def _differences(mine: dict[str, str], theirs: dict[str, dict[str, str]]) -> Iterator[str]:
    for worker in sorted(theirs):
        own = theirs[worker]
        for name in sorted(mine.keys() | own.keys()):
            if mine.get(name) != own.get(name):
                yield f"{worker} has {name} {own.get(name, 'not at all')}, here it is {mine.get(name, 'not at all')}"


@lru_cache(maxsize=1)
def _unpacked(packed: bytes) -> JobContext:
    found: JobContext = pickle.loads(packed)
    return found


def _do(packed: bytes, job: Job) -> Result:
    return _unpacked(packed).work(job)
