"""How long the program takes to start: two commands and a worker, against Python with click alone.

    python simulator/benchmarks/start.py [--rounds 9]

Each round starts all of them once, in turn; the processor time of each whole process counts, a worker's until it takes
its first job. Modules are compiled beforehand, as installers do, to a folder of their own. `aftersale --help` and
`aftersale rules` should take at most 0.3 s more than click.
"""

from __future__ import annotations

import argparse
import os
import pickle
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from statistics import median
from tempfile import TemporaryDirectory

import aftersale.cli  # noqa: F401 - as the program's own script does, which each worker runs again

COMMAND = "from aftersale.cli import main; main()"
STARTS = {
    "python with click": ["-c", "import click"],
    "aftersale --help": ["-c", COMMAND, "--help"],
    "aftersale rules US": ["-c", COMMAND, "rules", "US"],
}
WORKER = "a worker"


def seconds(words: list[str], environment: dict[str, str]) -> float:
    """Return the processor time of a process."""
    with subprocess.Popen([sys.executable, *words], env=environment, stdout=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{words} ended with {process.returncode}")
    return used.ru_utime + used.ru_stime


def worker_seconds(environment: dict[str, str]) -> float:
    """Return the processor time of a worker until its first job, started by a process that has loaded all plugins."""
    words = [sys.executable, __file__, "--worker"]
    return float(subprocess.run(words, env=environment, capture_output=True, text=True, check=True).stdout)


def tell_worker_seconds() -> None:
    """Start a worker as `ProcessPool` does, and print its processor time."""
    from aftersale.plugins.plugins import load_plugins
    from aftersale_simulator.runs.job import JobContext
    from aftersale_simulator.runs.processes import _begin, _take_context

    packed = pickle.dumps(JobContext(load_plugins(set_aside=True)))
    with ProcessPoolExecutor(1, get_context("spawn"), _begin) as pool:
        pool.submit(_take_context, packed)
        print(pool.submit(time.process_time).result())


def compare(rounds: int) -> None:
    """Start all in turn and print the least and the median of each, and how much more than click they take."""
    times: dict[str, list[float]] = {name: [] for name in (*STARTS, WORKER)}
    with TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": folder}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for number in range(rounds + 1):
            for name, words in STARTS.items():
                times[name].append(seconds(words, environment))
            times[WORKER].append(worker_seconds(environment))
            if not number:  # this round has compiled the modules
                times = {name: [] for name in times}
    base = median(times["python with click"])
    print(f"seconds of processor time, {rounds} rounds, load {os.getloadavg()[0]:.1f}, Python {sys.version.split()[0]}")
    print(f"{'':20} {'least':>6} {'median':>7} {'more than click':>16} {'times click':>12}")
    for name, values in times.items():
        middle = median(values)
        print(f"{name:20} {min(values):6.3f} {middle:7.3f} {middle - base:16.3f} {middle / base:12.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        tell_worker_seconds()
    else:
        compare(arguments.rounds)


if __name__ == "__main__":
    main()
