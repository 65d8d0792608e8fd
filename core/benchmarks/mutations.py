"""Every reader against mutated files: each is read, or refused in words; no traceback, hang or abort, memory bounded.

    python core/benchmarks/mutations.py [--files 1000] [--seed 1] [--processes 2] [--keep FOLDER]
    python core/benchmarks/mutations.py --seed 1 --only claims --number 17     # one file again, with its traceback
    python core/benchmarks/mutations.py --big                                  # inputs of hundreds of megabytes

`samples.py` has a good input of each kind, `mutants.py` damages it, and `readings.py` reads it as the commands do and
says what has to hold of the answer. Processes of their own do that, each with an end to its memory; this one watches
them. An exception that is none of the project's, an answer in which something does not hold, a process that ends and
one that takes too long are findings: each is printed, and its files are kept. Prints for each kind how many files were
read and refused, the findings, the slowest file and the most memory. With any finding the exit code is 1.
"""

from __future__ import annotations

import argparse
import multiprocessing
import multiprocessing.connection
import os
import shutil
import sys
import tempfile
import traceback
import warnings
from collections.abc import Iterable, Iterator, Mapping
from itertools import cycle, islice
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random  # noqa: TID251  an instance, of which a seed decides everything
from time import perf_counter
from typing import Any

import click
from attrs import define, field, frozen
from floods import FLOODS
from mutants import mutated
from readings import READINGS, Finding, Reading
from samples import Sample, samples

from aftersale.base.errors import AftersaleError
from aftersale.plugins.plugins import Plugins, load_plugins

ROOM = 4 << 30
"""How much memory a process may claim, in bytes."""
SECONDS, SECONDS_OF_A_FLOOD = 60.0, 600.0
"""How long a file may take before its process is brought to an end; order files are read twice."""
START = 300.0
"""How long a process may take to be ready."""
TURNS = (*READINGS, *(kind for kind in READINGS if kind != "journal_parquet"))
"""The kinds in turn; a Parquet file is read by a process of its own, so that there are half as many."""


@frozen
class Task:
    """A file to make and read: its kind and its number, or the flood of that name."""

    kind: str
    number: int = 0
    flood: str = ""


@frozen
class Answer:
    """What became of a file: "read", "refused" or a finding, in what time and with how much memory in all."""

    outcome: str
    what: str = ""
    seconds: float = 0.0
    peak: int = 0


def chance_of(seed: int, task: Task) -> Random:
    """Return what decides everything of a file."""
    return Random(f"{seed} {task.kind} {task.number}")


def write(sample: Sample, seed: int, task: Task, folder: Path) -> None:
    """Write the input of a sample with one file mutated, or all of them."""
    chance = chance_of(seed, task)
    names = list(sample.forms)
    if chance.random() < 0.8:
        names = [chance.choice(names)]
    folder.mkdir()
    for name, content in sample.files.items():
        damaged = mutated(content, sample.forms[name], chance) if name in names else content
        (folder / name).write_bytes(damaged)


def attempt(reading: Reading, kind: str) -> Answer:
    """Return what becomes of an input that is read as that kind."""
    start = perf_counter()
    _forget_peak()
    try:
        outcome, what = _outcome(reading, kind)
    except BaseException as error:  # a panic of compiled code is no Exception
        if isinstance(error, KeyboardInterrupt):
            raise
        outcome, what = "finding", "".join(traceback.format_exception(error))
    return Answer(outcome, what, perf_counter() - start, _peak())


def _outcome(reading: Reading, kind: str) -> tuple[str, str]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            READINGS[kind](reading)
        except AftersaleError as error:
            _check_refusal(error)
            return "refused", str(error)
        except click.UsageError as error:
            return "refused", error.message
    return "read", ""


def _check_refusal(error: AftersaleError) -> None:
    text = error.text(cells=True)
    text.encode()
    if not str(error).strip() or not text.strip():
        raise Finding("a refusal without text") from error
    for problem in getattr(error, "problems", ()):
        if not problem.what.strip():
            raise Finding(f"a problem without text: {problem!r}") from error


def _forget_peak() -> None:
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return


def _peak() -> int:
    """Return the most memory that this process had since it forgot, or since it began, in bytes; 0 where none says."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM")), 0)


# A process that reads


def work(pipe: Connection, seed: int, inputs: Mapping[str, Sample], folder: Path, room: int) -> None:
    """Read the inputs that the pipe names, until it names none."""
    plugins = load_plugins()
    _bound(room)
    sys.stderr.flush()
    pipe.send(None)
    while (task := pipe.recv()) is not None:
        place = folder / f"{task.kind}-{task.number}"
        shutil.rmtree(place, ignore_errors=True)  # what a process left that was ended
        if task.flood:
            answer = FLOODS[task.flood].read(place, plugins, attempt, task.kind)
        else:
            write(inputs[task.kind], seed, task, place)
            answer = attempt(Reading(plugins, place, task.number), task.kind)
        shutil.rmtree(place, ignore_errors=True)
        pipe.send(answer)


def _bound(room: int) -> None:
    try:
        import resource
    except ImportError:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (room if hard == resource.RLIM_INFINITY else min(room, hard), hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


@define
class Worker:
    """A process that reads, as it is watched from here; one that ended begins again with the next file."""

    arguments: tuple[Any, ...]
    seconds: float
    process: Any = None
    pipe: Any = None
    task: Task | None = None
    since: float = 0.0

    def begin(self) -> None:
        """Start the process and wait until it is ready."""
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=work, args=(other, *self.arguments), daemon=True)
        self.process.start()
        other.close()
        if not self.pipe.poll(START):
            raise SystemExit("a process does not begin")
        self.pipe.recv()

    def give(self, task: Task) -> None:
        """Hand a file over."""
        if self.process is None:
            self.begin()
        self.task, self.since = task, perf_counter()
        self.pipe.send(task)

    def answer(self) -> Answer | None:
        """Return what became of the file, None while it is read."""
        spent = perf_counter() - self.since
        try:
            if self.pipe.poll(0):
                answer: Answer = self.pipe.recv()
                return answer
        except EOFError:
            self.process.join()
            code = self.process.exitcode
            self.process = None
            return Answer("finding", f"the process ended with {code}", spent)
        if spent <= self.seconds:
            return None
        self.end()
        return Answer("finding", f"takes more than {self.seconds:g} s", spent)

    def end(self) -> None:
        """End the process."""
        if self.process is not None:
            self.process.kill()
            self.process.join()
            self.process = None


def answers(workers: list[Worker], tasks: Iterable[Task]) -> Iterator[tuple[Task, Answer]]:
    """Yield each file with what became of it, as they end."""
    rest = iter(tasks)
    for worker, task in zip(workers, islice(rest, len(workers)), strict=False):
        worker.give(task)
    while busy := [worker for worker in workers if worker.task is not None]:
        multiprocessing.connection.wait([worker.pipe for worker in busy], 0.5)
        for worker in busy:
            if (answer := worker.answer()) is not None:
                assert worker.task is not None
                yield worker.task, answer
                if worker.task.flood:
                    worker.end()  # so that the next one meets no memory that this one left
                worker.task = None
                if (task := next(rest, None)) is not None:
                    worker.give(task)
    for worker in workers:
        worker.end()


# The account


@define
class Count:
    """What became of the files of a kind."""

    files: int = 0
    read: int = 0
    refused: int = 0
    findings: int = 0
    slowest: float = 0.0
    peak: int = 0
    slow: str = ""

    def add(self, task: Task, answer: Answer) -> None:
        """Count one more."""
        self.files += 1
        self.read += answer.outcome == "read"
        self.refused += answer.outcome == "refused"
        self.findings += answer.outcome == "finding"
        if answer.seconds > self.slowest:
            self.slowest, self.slow = answer.seconds, f"{task.kind} {task.number}"
        self.peak = max(self.peak, answer.peak)

    def line(self, name: str) -> str:
        """Return it as a line of the table."""
        numbers = f"{self.files:>8,} {self.read:>8,} {self.refused:>8,} {self.findings:>8,}"
        return f"{name:<28} {numbers} {self.slowest:>10.2f} {self.peak / 2**20:>10,.0f}  {self.slow}"


NAMES = f"{'files':>8} {'read':>8} {'refused':>8} {'findings':>8} {'slowest, s':>10} {'most, MiB':>10}  the slowest"
HEAD = f"{'':<28} {NAMES}"


@define
class Account:
    """The counts by kind, and the findings as they come."""

    inputs: Mapping[str, Sample]
    seed: int
    keep: Path
    counts: dict[str, Count] = field(factory=dict)

    def add(self, task: Task, answer: Answer) -> None:
        """Count a file; print and keep a finding."""
        for name in (task.flood or task.kind, "all"):
            self.counts.setdefault(name, Count()).add(task, answer)
        if task.flood:
            first = answer.what.splitlines()[0][:150] if answer.what else ""
            print(f"{task.flood} as {task.kind}: {answer.outcome} in {answer.seconds:.1f} s, "
                  f"{answer.peak / 2**20:,.0f} MiB {first}", flush=True)  # fmt: skip
        if answer.outcome == "finding":
            self._keep(task, answer)

    def _keep(self, task: Task, answer: Answer) -> None:
        print(f"--- seed {self.seed}, {task.flood} {task.kind} {task.number}:\n{answer.what}", flush=True)
        if not task.flood:
            place = self.keep / f"{task.kind}-{task.number}"
            self.keep.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(place, ignore_errors=True)
            write(self.inputs[task.kind], self.seed, task, place)

    def show(self) -> None:
        """Print the table."""
        print(HEAD)
        for name in sorted(self.counts, key=lambda name: name == "all"):
            print(self.counts[name].line(name))
        if self.counts["all"].findings and self.keep.exists():
            print(f"the files of the findings are in {self.keep}")


def one(inputs: Mapping[str, Sample], plugins: Plugins, seed: int, task: Task, folder: Path) -> Answer:
    """Return what becomes of one file, read in this process."""
    place = folder / f"{task.kind}-{task.number}"
    write(inputs[task.kind], seed, task, place)
    return attempt(Reading(plugins, place, task.number), task.kind)


def plan(files: int, only: str) -> list[Task]:
    """Return so many files, of every kind in turn or of one."""
    kinds = cycle([only] if only else TURNS)
    numbers: dict[str, int] = {}
    tasks = []
    for kind in islice(kinds, files):
        numbers[kind] = numbers.get(kind, -1) + 1
        tasks.append(Task(kind, numbers[kind]))
    return tasks


def _tasks_of_floods(only: str) -> list[Task]:
    pairs = [(flood, kind) for flood in FLOODS.values() for kind in flood.kinds if flood.fits_here()]
    return [Task(kind, 0, flood.name) for flood, kind in pairs if only in ("", kind, flood.name)]


def main() -> None:
    """Make the files, have them read, and print what became of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--only", default="", metavar="KIND")
    parser.add_argument("--number", type=int)
    parser.add_argument("--big", action="store_true")
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "aftersale-mutations")
    arguments = parser.parse_args()
    os.environ["POLARS_MAX_THREADS"] = "1"  # each thread of polars claims memory, which would count
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        inputs = {} if arguments.big else samples(folder)
        if arguments.number is not None:
            task = Task(arguments.only, arguments.number)
            answer = one(inputs, load_plugins(), arguments.seed, task, folder)
            print(f"{answer.outcome} in {answer.seconds:.2f} s\n{answer.what}")
            name = f"{task.kind}-{task.number}"
            shutil.copytree(folder / name, arguments.keep / name, dirs_exist_ok=True)
            sys.exit(answer.outcome == "finding")
        account = Account(inputs, arguments.seed, arguments.keep)
        tasks = _tasks_of_floods(arguments.only) if arguments.big else plan(arguments.files, arguments.only)
        start = perf_counter()
        parts = (arguments.seed, inputs, folder, ROOM)
        seconds = SECONDS_OF_A_FLOOD if arguments.big else SECONDS
        workers = [Worker(parts, seconds) for _ in range(1 if arguments.big else arguments.processes)]
        for task, answer in answers(workers, tasks):
            account.add(task, answer)
    account.show()
    print(f"{len(tasks):,} files in {perf_counter() - start:.0f} s, seed {arguments.seed}")
    sys.exit(account.counts["all"].findings > 0)


if __name__ == "__main__":
    main()
