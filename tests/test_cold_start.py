"""What a command loads: nothing heavy that it does not need, as every command of a day begins by loading it."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from aftersale.plugins.plugins import load_plugins
from aftersale_simulator.runs.job import JobContext

pytestmark = pytest.mark.once
HEAVY = ("faker", "holidays", "numpy", "plotly", "polars", "scipy", "simpy")
"""Libraries that take longer to load than the rest of a short command; `holidays` brings all the world's countries."""
COMMAND = """
import sys
from aftersale.cli import main
try:
    main()
except SystemExit as ended:
    assert not ended.code, ended.code
"""
WORKER = """
import sys
from pathlib import Path
from aftersale_simulator.runs.processes import _begin, _take_context
print(*(name for name in {heavy} if name in sys.modules), sep=",", file=sys.stderr)
_begin()
_take_context(Path(sys.argv[1]).read_bytes())
"""
TOLD = "\nprint(*(name for name in {heavy} if name in sys.modules), sep=',', file=sys.stderr)\n"


def loaded(script: str, *arguments: str | Path) -> list[set[str]]:
    """Return the heavy libraries that a script has loaded, in a fresh interpreter, each time that it tells them."""
    command = [sys.executable, "-c", (script + TOLD).replace("{heavy}", repr(HEAVY)), *map(str, arguments)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AFTERSALE_")}
    run = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, encoding="utf-8")
    assert run.returncode == 0, run.stderr
    return [set(line.split(",")) - {""} for line in run.stderr.split("\n")[:-1]]


@pytest.mark.parametrize(
    "words",
    [
        "--version",
        "--help",
        "plugins",
        "plugins --json",
        "plugins show amazon_eu",
        "workflow",
        "rules US",
        "rules DE --on 2026-03-02 --json",
        "rules --rule late_reply_rate",
        "rules --compare US,DE,JP",
        "rules --changes-since 2026-01-01",
        "parameters",
        "whatif --help",
        "staff --help",
    ],
)
def test_a_command_that_reads_rules_alone_loads_nothing_heavy(words: str) -> None:
    assert loaded(COMMAND, *words.split()) == [set()]


@pytest.mark.parametrize("words", ["scenario", "scenario --explain", "fees US --price 20 --on 2026-03-02"])
def test_a_command_that_calculates_without_running_loads_numpy_alone(words: str) -> None:
    assert loaded(COMMAND, *words.split())[-1] == {"numpy"}


@pytest.mark.parametrize("command", ["replay", "health", "tasks", "costs", "case"])
def test_a_command_that_reads_a_journal_loads_what_reads_tables_and_no_more(command: str, shop_journal: Path) -> None:
    about = ["MESSAGE"] if command == "case" else ["--until", "2026-03-20T00:00:00Z"]
    assert loaded(COMMAND, command, shop_journal, *about)[-1] == {"numpy", "polars"}


def test_a_worker_begins_with_nothing_heavy_and_loads_what_a_run_needs(tmp_path: Path) -> None:
    context = tmp_path / "context"
    context.write_bytes(pickle.dumps(JobContext(load_plugins())))
    assert loaded(WORKER, context) == [set(), {"numpy", "simpy"}]
