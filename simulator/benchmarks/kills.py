"""Kills: `aftersale whatif --workers 2` is killed at many moments; what is left of it, and for how long?

    python simulator/benchmarks/kills.py [KILLS [SECONDS]]

Every other run is killed by SIGTERM, the rest by SIGKILL, each at another moment between its start and SECONDS later.
Only its first process is killed. What is left is looked up by process group, and in the whole process table by a mark
in the environment, which grandchildren inherit. Files beside `--out` are counted as well. It needs Linux: /proc.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

KILLS, SECONDS = 60, 9.0
PATIENCE = 5.0
"""Seconds after which no process may be left."""
MARK = "AFTERSALE_KILLS"


def main(kills: int, seconds: float) -> None:
    """Kill so many runs and print what was left."""
    print("signal   killed at  processes then  gone after  left  files  ended  stderr")
    left, files, codes, longest = Counter(), Counter(), Counter(), Counter()
    for number in range(kills):
        sign = (signal.SIGKILL, signal.SIGTERM)[number % 2]
        delay = seconds * (number // 2 + 0.5) / ((kills + 1) // 2)
        with tempfile.TemporaryDirectory() as folder:
            then, gone, remaining, code, said = one_kill(f"{os.getpid()}-{number}", Path(folder), sign, delay)
            beside = len(list(Path(folder).iterdir()))
        print(f"{sign.name}  {delay:8.2f}  {then:14d}  {gone:10.2f}  {remaining:4d}  {beside:5d}  {code:5d}  {said}")
        left[sign.name] += remaining
        files[sign.name] += beside
        codes[sign.name, code] += 1
        longest[sign.name] = max(longest[sign.name], round(gone, 2))
    for name in left:
        ends = ", ".join(f"{code} {times} times" for (signed, code), times in codes.items() if signed == name)
        print(f"{name}: left after {PATIENCE:g} s {left[name]}, longest {longest[name]} s, files {files[name]}, {ends}")


def one_kill(mark: str, folder: Path, sign: signal.Signals, delay: float) -> tuple[int, float, int, int, str]:
    """Return how many processes a run had, how long the last lived on, how many were left, its end and its words."""
    command = [sys.executable, "-m", "aftersale", "whatif", "--workers", "2", "--out", str(folder / "out")]
    with tempfile.TemporaryFile() as errors:
        environment = {**os.environ, MARK: mark}
        run = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=errors, env=environment, start_new_session=True
        )
        with suppress(subprocess.TimeoutExpired):
            run.wait(delay)
        then = len(alive(run.pid, mark))
        began = time.monotonic()
        run.send_signal(sign)
        run.wait()
        while (remaining := alive(run.pid, mark)) and time.monotonic() < began + PATIENCE:
            time.sleep(0.02)
        gone = time.monotonic() - began
        for process in remaining:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        errors.seek(0)
        said = errors.read().decode().strip().splitlines()
    return then, gone, len(remaining), run.returncode, f"{len(said)} lines: {said[-1][:60]}" if said else "–"


def alive(group: int, mark: str) -> list[int]:
    """Return the processes of a group, and those with a mark, that have not ended."""
    wanted = f"{MARK}={mark}".encode()
    processes = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            state, _, in_group = (folder / "stat").read_text().rpartition(")")[2].split()[:3]
            marked = wanted in (folder / "environ").read_bytes().split(b"\0")
        except OSError:  # it ended meanwhile
            continue
        if state != "Z" and (marked or int(in_group) == group):
            processes.append(int(folder.name))
    return processes


if __name__ == "__main__":
    given = sys.argv[1:]
    main(int(given[0]) if given else KILLS, float(given[1]) if len(given) > 1 else SECONDS)
