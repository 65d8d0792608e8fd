"""A Dask cluster: the same bytes as one process, a worker killed in the middle, and what is refused."""

import inspect
import json
import platform
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from aftersale.cli import cli

distributed = pytest.importorskip("distributed", reason="the extra 'dask' is not installed")
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning"),
]
# Newer releases of click keep stderr apart by themselves.
APART: dict[str, Any] = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}

KILLER = """
import os, signal
from pathlib import Path
from aftersale import hookimpl

AFTERSALE_API = 1
MARKS = Path({marks!r})

@hookimpl
def aftersale_fact_recorded(case, fact):
    if len(list(MARKS.iterdir())) < 2:
        (MARKS / str(os.getpid())).touch()
        os.kill(os.getpid(), signal.SIGKILL)
"""
SHORT = ["--replications", "2", "--set", "period.measured=14 d", "--set", "period.warm_up=7 d"]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder on the path of this process and of the cluster's workers."""
    return tmp_path_factory.mktemp("house")


@pytest.fixture(scope="module")
def cluster(house: Path) -> Iterator[Any]:
    """A cluster for all these tests: starting its workers takes longer than what they do."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PYTHONPATH", str(house))
        patched.syspath_prepend(str(house))
        with distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
        ) as made:
            yield made


def test_a_cluster_gives_the_same_bytes_as_one_process(cluster: Any) -> None:
    asked = ["whatif", *SHORT, "--json"]
    here = CliRunner(**APART).invoke(cli, [*asked, "--workers", "1"])
    there = CliRunner(**APART).invoke(cli, [*asked, "--dask", cluster.scheduler_address])
    assert (here.exit_code, there.exit_code) == (0, 0), there.output
    assert there.stdout == here.stdout
    assert len(json.loads(there.stdout)["variants"]) == 5


@pytest.mark.once
def test_workers_that_are_killed_with_all_that_they_hold_cost_a_repeat_and_nothing_else(
    cluster: Any, house: Path
) -> None:
    from importlib import import_module

    from aftersale.plugins.plugins import load_plugins
    from aftersale_simulator.runs.pool import worker_pool
    from aftersale_simulator.scenario.document import load_scenario
    from aftersale_simulator.whatif.variants import plan

    (house / "marks").mkdir()
    (house / "killer.py").write_text(KILLER.format(marks=str(house / "marks")), encoding="utf-8")
    killer = import_module("killer")
    try:
        plugins = load_plugins(None, {"house": killer})
        scenario = plan(load_scenario(), settings=SHORT[3::2]).scenario
        jobs = [(scenario, number) for number in (1, 2, 3)]
        done: list[int] = []
        with worker_pool(1, plugins, cluster=cluster.scheduler_address) as pool:
            found = pool.work(jobs, lambda *_: done.append(1))
        assert len(list((house / "marks").iterdir())) == 2
        with worker_pool(1, plugins) as alone:
            assert alone.work(jobs, lambda *_: None) == found
        assert len(done) == 3
    finally:
        sys.modules.pop("killer", None)


def test_a_cluster_that_goes_away_is_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    from aftersale.plugins.plugins import load_plugins
    from aftersale_simulator.runs import dask as clusters
    from aftersale_simulator.runs.failures import ClusterUnusable
    from aftersale_simulator.runs.job import JobContext
    from aftersale_simulator.scenario.document import load_scenario

    monkeypatch.setattr(clusters, "PATIENCE_SECONDS", 1.5)
    jobs = [(load_scenario().scenario, number) for number in (1, 2)]
    with distributed.LocalCluster(
        n_workers=1, processes=False, protocol="tcp://", dashboard_address=None, silence_logs=50
    ) as here:
        address = here.scheduler_address
        monkeypatch.setattr(JobContext, "work", lambda context, job: job[1])
        with clusters.DaskPool(address, JobContext(load_plugins(None))) as pool:
            assert pool.work(jobs, lambda *_: None) == [1, 2]
            with pytest.raises(ClusterUnusable) as caught:
                pool.work(jobs, lambda *_: here.close())
    # While it goes away its worker may still answer, and no more work comes back.
    words = ("has no workers that answer: ", "loses all work")
    assert str(caught.value).startswith(tuple(f"--dask {address}: {each}" for each in words))


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ({}, "has no workers that answer: none is left (start it with dask-scheduler and dask-worker, or correct"),
        ({"tcp://w:1": {}}, "loses all work (look at the logs of its workers; they may be short of memory)"),
    ],
)
def test_work_that_is_lost_again_and_again_is_laid_on_memory_only_where_workers_answer(
    answers: dict[str, Any], told: str
) -> None:
    from aftersale_simulator.runs.dask import DaskPool
    from aftersale_simulator.runs.failures import ClusterUnusable

    pool = DaskPool.__new__(DaskPool)
    pool._address = "tcp://s:1"
    # What the client knows of its workers may be older than their end.
    pool._client = SimpleNamespace(wait_for_workers=lambda *_, **__: None, run=lambda *_, **__: answers)
    with pytest.raises(ClusterUnusable) as caught:
        pool._repeated(lambda: False)
    assert str(caught.value).startswith(f"--dask tcp://s:1: {told}")


def test_workers_with_other_versions_are_refused_with_the_difference(cluster: Any) -> None:
    from aftersale_simulator.runs import dask as clusters

    own = clusters.versions()
    assert (own["Python"], own["numpy"]) == (platform.python_version(), version("numpy"))
    others = {**own, "aftersale": "9.9", "Python": "3.0", "numpy": "1.0"}
    missing = ModuleNotFoundError("No module named 'aftersale'")
    told = list(clusters._differences(others, {"tcp://w:1": own, "tcp://w:2": missing, "tcp://w:3": OSError()}))
    assert told == [
        f"tcp://w:1 has Python {own['Python']}, here it is 3.0",
        f"tcp://w:1 has aftersale {own['aftersale']}, here it is 9.9",
        f"tcp://w:1 has numpy {own['numpy']}, here it is 1.0",
        "tcp://w:2 cannot load the simulator: ModuleNotFoundError: No module named 'aftersale'",
    ]
    assert list(clusters._differences(own, cluster.get_client().run(clusters.versions))) == []


def test_a_cluster_that_does_not_answer_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    from aftersale_simulator.runs import dask as clusters

    monkeypatch.setattr(clusters, "PATIENCE_SECONDS", 0.2)
    ended = CliRunner(**APART).invoke(cli, ["whatif", *SHORT, "--dask", "tcp://127.0.0.1:1"])
    assert ended.exit_code == 2
    assert ended.stderr.startswith("Error: --dask tcp://127.0.0.1:1: does not answer:")
    assert ended.stderr.endswith("(start it with dask-scheduler and dask-worker, or correct the address)\n")
