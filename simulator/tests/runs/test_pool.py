"""Workers: whatever dies, the results are those of one process; what nobody survives is refused by name."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from importlib import import_module
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given, strategies as st

from aftersale.base.errors import HookHangs
from aftersale.base.watch import Watch, declared_limits
from aftersale.plugins.plugins import Plugins, load_plugins
from aftersale_simulator.runs.failures import WorkerDied
from aftersale_simulator.runs.job import Job, WaitingJobs
from aftersale_simulator.runs.pool import worker_pool
from aftersale_simulator.scenario.document import parse_scenario
from aftersale_simulator.scenario.model import Scenario

KILLER = """
import os, signal
from pathlib import Path
from aftersale import hookimpl

AFTERSALE_API = 1
MARKS = Path({marks!r})

@hookimpl
def aftersale_fact_recorded(case, fact):
    if {dies}:
        (MARKS / str(len(list(MARKS.iterdir())))).touch()
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    (tmp_path / "marks").mkdir()
    return tmp_path / "marks"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path of this process and of those that it starts."""
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in ("killer_once", "killer_always", "killer_never", "killer_noisy", "killer_loops"):
        sys.modules.pop(name, None)


def plugins(folder: Path, name: str, dies: str, marks: Path) -> Plugins:
    (folder / f"{name}.py").write_text(KILLER.format(marks=str(marks), dies=dies), encoding="utf-8")
    from aftersale.testing import reference

    return load_plugins((), {"reference": reference, "house": import_module(name)})


def scenario(name: str = "shop") -> Scenario:
    return parse_scenario(
        {
            "name": name,
            "currency": "EUR",
            "period": {"start": date(2026, 3, 2), "measured": "7 d"},
            "marketplace": {"REF": {"orders_per_day": 30.0, "price": {"median": "25"}}},
            "team": {
                "desk": {
                    "zone": "Atlantic/Reykjavik",
                    "agents": 2,
                    "shifts": [{"days": "Mon-Fri", "hours": "09:00-18:00"}],
                }
            },
            "handling": {},
        },
        "test",
    )


def test_a_worker_that_is_killed_costs_a_repeat_and_nothing_else(here: Path, marks: Path) -> None:
    jobs = [(scenario(), number) for number in range(1, 7)]
    with worker_pool(1, plugins(here, "killer_never", "False", marks)) as alone:
        wanted = alone.work(jobs, lambda *_: None)
    done: list[int] = []
    with worker_pool(2, plugins(here, "killer_once", "not any(MARKS.iterdir())", marks)) as pool:
        found = pool.work(jobs, lambda *_: done.append(1))
        again = pool.work(jobs[:2], lambda *_: None)
    assert found == wanted
    assert again == wanted[:2]
    assert len(done) == len(jobs)
    assert len(list(marks.iterdir())) in (1, 2)  # both may have been at it when the first was killed


def test_a_replication_that_nobody_survives_is_named(here: Path, marks: Path) -> None:
    deadly = plugins(here, "killer_always", "True", marks)
    with worker_pool(2, deadly) as pool, pytest.raises(WorkerDied) as caught:
        pool.work([(scenario("deadly"), 3), (scenario("deadly"), 4)], lambda *_: None)
    assert str(caught.value) == (
        "replication 3 of 'deadly' killed every worker that ran it "
        "(run it with --workers 1 to see why, or with fewer orders where memory is short)"
    )


def test_no_work_is_done_at_once(here: Path, marks: Path) -> None:
    with worker_pool(2, plugins(here, "killer_never", "False", marks)) as pool:
        assert pool.work([], lambda *_: None) == []


NOISY = """
from aftersale import hookimpl

AFTERSALE_API = 1

@hookimpl
def aftersale_fact_recorded(case, fact):
    print("noted", case.id)
    while {loops}:
        pass
"""


def noisy(folder: Path, name: str, loops: bool, watch: Watch) -> Plugins:
    from aftersale.testing import reference

    (folder / f"{name}.py").write_text(NOISY.format(loops=loops), encoding="utf-8")
    return load_plugins((), {"reference": reference, "house": import_module(name)}, watch=watch)


def test_what_plugins_print_in_workers_is_told_once(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    lines: list[str] = []
    with worker_pool(2, noisy(here, "killer_noisy", False, Watch(tell=lines.append))) as pool:
        pool.work([(scenario(), number) for number in range(1, 5)], lambda *_: None)
    assert len(lines) == 1
    assert lines[0].startswith("printed: aftersale_fact_recorded of plugin 'house' (not installed) on case REF-")
    assert " writes 'noted" in lines[0]
    assert capfd.readouterr() == ("", "")


def test_a_hook_that_does_not_return_in_a_worker_ends_the_run_and_is_named(here: Path) -> None:
    watch = Watch(limits=evolve(declared_limits(), hang=0.2))
    with worker_pool(2, noisy(here, "killer_loops", True, watch)) as pool, pytest.raises(HookHangs) as caught:
        pool.work([(scenario(), 1), (scenario(), 2)], lambda *_: None)
    assert (caught.value.hook, caught.value.place[:16]) == ("aftersale_fact_recorded", "killer_loops.py:")
    assert "aftersale_fact_recorded of plugin 'house' (not installed)" in caught.value.__notes__[0]


ENDLESS = """
import os
import signal
import threading
from types import SimpleNamespace
from aftersale.base.watch import Watch
from aftersale_simulator.runs.failures import Stopped
from aftersale_simulator.runs.processes import ProcessPool

class Context:
    plugins = SimpleNamespace(watch=Watch())

    def work(self, job):
        scenario, replication = job
        if replication < 2:
            return replication
        os.write(1, b"endless\\n")  # in one piece, whatever others write
        threading.Event().wait()

if __name__ == "__main__":
    # A shell that runs the tests in the background has them ignore it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with ProcessPool(2, Context()) as pool:
            pool.work([(SimpleNamespace(seed=1), number) for number in (1, 2, 3)], lambda *_: os.write(1, b"done\\n"))
    except Stopped as stopped:
        print(stopped.rows)
"""


def endless(folder: Path) -> subprocess.Popen[str]:
    """Start a program with a job that is done and two that never are; return when they all have begun."""
    (folder / "endless.py").write_text(ENDLESS, encoding="utf-8")
    run = subprocess.Popen(
        [sys.executable, str(folder / "endless.py")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert run.stdout is not None
    assert sorted(run.stdout.readline() for _ in range(3)) == ["done\n", "endless\n", "endless\n"]
    return run


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGKILL])
def test_workers_end_with_their_parent_however_it_ends(sign: signal.Signals, tmp_path: Path) -> None:
    run = endless(tmp_path)
    run.send_signal(sign)
    # Every process that it has begun holds its output open: this ends when the last one has.
    said, _ = run.communicate(timeout=60)
    assert (run.returncode, said) == (-sign, "")


def test_ctrl_c_keeps_what_is_done_and_workers_say_nothing(tmp_path: Path) -> None:
    run = endless(tmp_path)
    os.killpg(run.pid, signal.SIGINT)  # as a terminal does
    assert (run.communicate(timeout=60), run.returncode) == (("[[1, None, None]]\n", ""), 0)


@given(
    st.lists(st.tuples(st.integers(1, 2), st.integers(1, 5)), max_size=30),
    st.lists(st.integers(0, 3), min_size=1, max_size=60),
)
def test_after_the_first_the_jobs_of_a_replication_follow_each_other_on_one_worker_and_nobody_is_idle(
    numbers: list[tuple[int, int]], asking: list[int]
) -> None:
    shops = {seed: evolve(scenario(), seed=seed) for seed in (1, 2)}
    jobs: list[Job] = [(shops[seed], replication) for seed, replication in numbers]
    waiting, taken = WaitingJobs(jobs, range(len(jobs))), list[int]()
    current: dict[int, tuple[int, int]] = {}
    for worker in asking:
        left = [position for position in range(len(jobs)) if position not in taken]
        position = waiting.take(worker)
        if position is None:
            assert not left
            continue
        replications = [numbers[other] for other in left]
        replication = numbers[position]
        assert position == left[replications.index(replication)]
        if numbers[0] in replications:
            assert replication == numbers[0]
        elif replication != current.get(worker):
            assert current.get(worker) not in replications
            unbegun = [other for other in replications if other not in current.values()]
            most = max(map(replications.count, replications))
            assert replication == unbegun[0] if unbegun else replications.count(replication) == most
        current[worker] = numbers[position]
        taken.append(position)


@given(st.lists(st.integers(1, 5), max_size=20))
def test_one_worker_takes_replication_by_replication_in_the_order_in_which_they_come(numbers: list[int]) -> None:
    order = list(WaitingJobs([(scenario(), number) for number in numbers], range(len(numbers))))
    first = {number: numbers.index(number) for number in numbers}
    assert order == sorted(range(len(numbers)), key=lambda position: (first[numbers[position]], position))
