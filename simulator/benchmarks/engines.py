"""The engines side by side in one run, in seconds of processor time: kernel and SimPy, and others on as many touches.

    python simulator/benchmarks/engines.py [--scale 0.1] [--repeats 5] [--shared ../shared]
    python simulator/benchmarks/engines.py --shipped [--repeats 8]
    python simulator/benchmarks/engines.py --cores [--replications 64]
    python simulator/benchmarks/engines.py --memory [--replications 64]

Without a word: the year of year.py, or a part of it. Ours is the whole model on the kernel: the world (orders,
deliveries, first steps), the desk as tables, the events, the random numbers that they ask for, and the results. The
first replication also asks the real functions what the tables do not know yet; the others find most of it there. Beside
it, with as many touches: a desk without orders and rules as bare idiomatic SimPy (year.py) and as a kernel in C
(`engine/kernel.py` of the shared folder through Cython, on the inputs of `bench/desk.py`; left out where folder, Cython
or a C compiler are absent). The events should take at most 4 times the kernel in C, and a fortieth of bare SimPy.

--shipped tells the parts of one run of the shipped scenario, with its world and for a variant that shares it, on the
kernel and on SimPy. --cores runs the shipped variants in one process and in two, which says nothing on a busy machine.
--memory tells the peak of a process after more and more replications of the shipped scenario, which should be flat.
"""

from __future__ import annotations

import argparse
import importlib.util
import resource
import shutil
import subprocess
import sys
import sysconfig
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any
from unittest import mock

import parts
import year

from aftersale.plugins.plugins import load_plugins
from aftersale_simulator.kernel import load_kernel
from aftersale_simulator.plan.asking import Asking
from aftersale_simulator.plan.plan import Plan
from aftersale_simulator.plan.runs import KernelDesk
from aftersale_simulator.resolved.scenario import ResolvedScenario, resolve
from aftersale_simulator.runs import engines, run
from aftersale_simulator.runs.pool import run_variants, worker_pool
from aftersale_simulator.scenario.document import load_scenario
from aftersale_simulator.whatif.preparation import prepare
from aftersale_simulator.world.marketplace_run import MarketplaceRuns

SHARED = Path(__file__).parents[3] / "shared"
ORDER = ("world", "tables", "events", "chances", "columns", "looks", "results", "rest", "total")
AGENTS, CASES_PER_TOUCH = 16, 0.7
"""Of the desk of the shared folder: agents a site, and cases by touches."""
Parts = dict[str, float]


@contextmanager
def timed(spent: Parts) -> Iterator[None]:
    """Add up the processor time of each part of what runs within on the kernel."""
    places: list[tuple[Any, str, str]] = [
        (run, "_marketplace_runs", "world"),
        (Plan, "__init__", "tables"),
        (KernelDesk, "__init__", "tables"),
        (KernelDesk, "run", "columns"),
        (KernelDesk, "_look", "looks"),
        (Asking, "deal", "chances"),
        (engines, "result_of", "results"),
    ]
    module = load_kernel()

    class Timed(module.Kernel):  # type: ignore[misc, name-defined]
        """The kernel, whose events are timed: a class of an extension takes no other method in its place."""

        def run(self) -> None:
            parts.timing(super().run, spent, "events")()

    with ExitStack() as stack:
        for owner, name, part in places:
            stack.enter_context(mock.patch.object(owner, name, parts.timing(getattr(owner, name), spent, part)))
        stack.enter_context(mock.patch.object(module, "Kernel", Timed))
        yield


def measured(resolved: ResolvedScenario, replication: int, marketplaces: MarketplaceRuns | None = None) -> Parts:
    """Return the seconds of the parts of one run on the kernel, each without what lies within it, and its touches."""
    spent: defaultdict[str, float] = defaultdict(float)
    began = time.process_time()
    with timed(spent):
        result = run.run(resolved, replication, marketplaces=marketplaces)
    total = time.process_time() - began
    assert result.engine != "simpy"
    spent["columns"] -= spent["events"]
    spent["events"] -= spent["looks"] + spent["chances"]
    told = {**spent, "rest": total - sum(spent.values()), "total": total}
    return {**{part: told.get(part, 0.0) for part in ORDER}, "touches": result.counts["tasks"]}


def medians(runs: list[Parts]) -> Parts:
    """Return the medians of the parts of several runs."""
    return {part: median(each[part] for each in runs) for part in runs[0]}


def compiled(shared: Path, folder: Path) -> ModuleType | None:
    """Return the shared folder's desk compiled to C, None where that cannot be done."""
    source, compiler = shared / "engine" / "kernel.py", shutil.which("cc") or shutil.which("gcc")
    if not source.exists() or compiler is None or importlib.util.find_spec("Cython") is None:
        return None
    library = folder / f"kernel{sysconfig.get_config_var('EXT_SUFFIX')}"
    code, headers = folder / "kernel.c", sysconfig.get_path("include")
    subprocess.run([sys.executable, "-m", "cython", "-3", source, "-o", code], check=True)
    options = ["-O3", "-shared", "-fPIC", "-ffp-contract=off", f"-I{headers}"]
    subprocess.run([compiler, *options, code, "-o", library, "-lm"], check=True)
    return _module("kernel", library)


def _module(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def in_c(kernel: ModuleType, shared: Path, touches: int, seed: int) -> float:
    """Run the shared folder's desk with about so many touches and return the seconds that as many would take."""
    desk = _module("desk", shared / "bench" / "desk.py")
    scale = touches * CASES_PER_TOUCH / desk.CASES
    drawn = desk.inputs(seed, scale=scale)
    agents = max(1, round(AGENTS * scale))
    changes = desk.cap_events(desk.capacity_week((agents,) * 3), desk.WEEKS)
    columns = [drawn[name] for name in ("arr", "sla", "off", "ht", "delay")]
    began = time.process_time()
    kernel.desk(*columns, *changes)
    return (time.process_time() - began) * touches / len(drawn["ht"])


def of_a_year(scale: float, repeats: int, shared: Path) -> None:
    """Print the parts of a year beside the others, by turns, and the ratios of the medians."""
    resolved = resolve(year.scenario(scale), load_plugins())
    first = measured(resolved, 1)
    opened, touches = year.ours(scale)[2:]
    runs: list[Parts] = []
    others: defaultdict[str, list[float]] = defaultdict(list)
    with TemporaryDirectory() as folder:
        kernel = compiled(shared, Path(folder))
        for repeat in range(repeats):
            runs.append(measured(resolved, repeat + 2))
            others["bare SimPy"].append(year.bare(opened, touches, scale))
            if kernel is not None:
                others["kernel in C"].append(in_c(kernel, shared, touches, repeat + 1))
    whole_on_simpy = year.ours(scale, "simpy").seconds
    found = medians(runs)
    print(f"a year, scale {scale:g}: {touches:,} touches; seconds of processor time, medians of {repeats} by turns")
    for part in ORDER:
        print(f"  ours, {part:<8} {found[part]:8.3f}   first run {first[part]:8.3f}")
    print(f"  ours on SimPy  {whole_on_simpy:8.3f}   {whole_on_simpy / found['total']:.1f} times the kernel's")
    for name, seconds in others.items():
        ratio = found["events"] / median(seconds)
        print(f"  {name:<14} {median(seconds):8.4f}   our events take {ratio:.3g} times that, 1 / {1 / ratio:.3g}")
    per_touch = {name: f"{1e6 * median(seconds) / touches:.2f}" for name, seconds in others.items()}
    print(f"  µs a touch: our events {1e6 * found['events'] / touches:.2f}, {per_touch}")


def of_the_shipped(repeats: int) -> None:
    """Print the parts of one run of the shipped scenario: with its world, sharing it, and on SimPy."""
    resolved = parts.resolved_of(None)
    first = measured(resolved, 1)
    parts.measured(resolved, 1)
    own, sharing, simpy = [], [], []
    for repeat in range(2, repeats + 2):
        world = MarketplaceRuns()
        own.append(measured(resolved, repeat, world))
        sharing.append(measured(resolved, repeat, world))
        simpy.append(parts.measured(resolved, repeat))
    columns = (first, medians(own), medians(sharing))
    print(f"one run of the shipped scenario, ms of processor time, medians of {repeats} replications by turns")
    print(f"{'':10}{'first':>10}{'own world':>12}{'shared world':>14}")
    for part in ORDER:
        cells = [1000 * column[part] for column in columns]
        print(f"{part:10}{cells[0]:10.1f}{cells[1]:12.1f}{cells[2]:14.1f}")
    on_simpy = medians(simpy)
    print(f"on SimPy: total {on_simpy['total']:.1f}, loop {on_simpy['loop']:.1f}, with its own world")


def on_cores(replications: int) -> None:
    """Print the seconds of the shipped variants in one process and in two, by turns, and their ratio."""
    plugins = load_plugins()
    plan, _ = prepare(load_scenario(), plugins)
    variants = [(variant.name, variant.scenario) for variant in plan.variants]
    numbers = range(1, replications + 1)
    spent: dict[int, float] = {}
    for workers in (1, 2):
        with worker_pool(workers, plugins) as pool:
            run_variants(variants, (1, 2), pool, lambda *_: None)
            began = time.perf_counter()
            run_variants(variants, numbers, pool, lambda *_: None)
            spent[workers] = time.perf_counter() - began
    runs = len(variants) * replications
    print(f"{runs} runs: one process {spent[1]:.2f} s, two {spent[2]:.2f} s, {spent[1] / spent[2]:.2f} times as fast")


def memory(replications: int) -> None:
    """Print the peak memory of this process after 1, 2, 4, … replications of the shipped scenario."""
    resolved = parts.resolved_of(None)
    told = []
    for replication in range(1, replications + 1):
        run.run(resolved, replication)
        if not replication & (replication - 1):
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
            told.append(f"{replication}: {peak:.0f}")
    print("peak memory in MiB by replications:", ", ".join(told))


def main() -> None:
    """Measure what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=0.1, help="share of the year's orders and agents")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--replications", type=int, default=64)
    parser.add_argument(
        "--shared", type=Path, default=SHARED, help="the folder with bench/desk.py and engine/kernel.py"
    )
    for name in ("shipped", "cores", "memory"):
        parser.add_argument(f"--{name}", action="store_true")
    words = parser.parse_args()
    tasks: dict[str, Callable[[], None]] = {
        "shipped": lambda: of_the_shipped(words.repeats),
        "cores": lambda: on_cores(words.replications),
        "memory": lambda: memory(words.replications),
    }
    chosen = [task for name, task in tasks.items() if getattr(words, name)]
    for task in chosen or [lambda: of_a_year(words.scale, words.repeats, words.shared)]:
        task()


if __name__ == "__main__":
    main()
