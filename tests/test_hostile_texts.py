"""Texts that would steer a terminal, end a comment or run in a spreadsheet are shown and written as what they are."""

from __future__ import annotations

import csv
import inspect
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import tomli
from click.testing import CliRunner, Result

from aftersale.cli import cli
from aftersale.journal.writing import write_table
from aftersale.plugins.plugins import Plugins, load_plugins

pytestmark = pytest.mark.once

# Before click 8.2 a runner mixes the two streams unless it is told not to.
APART: dict[str, Any] = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}
EVIL = "\x1b[2J\x07\x9b\u202e\u2066\u200f\u2028\x7f\r\n\tX"
"""Clears the screen, rings, turns the direction, and begins a line of its own."""
SHOWN = r"\x1b[2J\x07\x9b\u202e\u2066\u200f\u2028\x7f\r\n\tX"
STEERING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
NAME = json.dumps(EVIL).replace("\x7f", "\\u007f")
SHOP = f"""
name = {NAME}
base = {NAME}
currency = "EUR"
replications = 2
period = {{ start = 2026-03-02, measured = "14 d", warm_up = "7 d" }}
targets = {{ late_reply_rate = 0.10, share_of_replications = 0.7 }}

[marketplace.DE]
orders_per_day = 20
price = {{ median = "24.90" }}
categories = {{ {NAME} = 1.0 }}

[team.{NAME}]
zone = "Europe/Berlin"
agents = 1
cost_per_hour = "24"
shifts = [{{ days = "Mon-Fri", hours = "09:00-13:00" }}]

[staffing.{NAME}]
most = 1
pattern.{NAME} = {{ days = "Mon-Fri", hours = "09:00-13:00" }}

[handling]
reply = {{ mean = "8 min" }}

[[event]]
name = {NAME}
start = 2026-03-04
lasts = "2 d"
orders = 2.0

[[variant]]
name = "=cmd|'/c calc'!A1"
set = {{ "marketplace.DE.orders_per_day" = 22 }}
"""


@cache
def installed() -> Plugins:
    """The installed plugins, loaded once: to load them takes longer than most of these commands."""
    return load_plugins()


def run(command: str, *args: object, columns: int = 200) -> Result:
    env = {"COLUMNS": str(columns), "TERM": "dumb"}
    return CliRunner(**APART).invoke(cli, [command, *map(str, args)], obj=installed(), env=env, prog_name="aftersale")


def harmless(command: str, *args: object, code: int = 0, columns: int = 200) -> str:
    """Return what a command prints, without what it writes in a line of its own."""
    ended = run(command, *args, columns=columns)
    assert ended.exit_code == code, ended.output
    for text in (ended.stdout, ended.stderr):
        assert STEERING.findall(text) == []
        assert [line for line in text.splitlines() if line.startswith("X")] == []
    return ended.stdout + ended.stderr


def body(page: Path) -> str:
    """Return the body of a page, without what libraries bring in its head."""
    return page.read_text(encoding="utf-8").partition("<body>")[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile\x1b[2J\nX")


@pytest.fixture(scope="module")
def scenario(folder: Path) -> Path:
    path = folder / "a\nb.toml"
    path.write_text(SHOP, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def journal(shop_journal: Path, folder: Path) -> Path:
    """The small shop with names that steer, and one fact that fits nowhere."""
    names = ("order", "case", "about", "product", "category")
    new = folder / "journal"
    new.mkdir()
    for table in ("orders", "facts"):
        frame = pl.read_parquet(shop_journal / f"{table}.parquet")
        evil = [
            pl.when(pl.col(name) != "").then(EVIL + pl.col(name)).otherwise(pl.col(name)).alias(name) for name in names
        ]
        frame = frame.with_columns(column for name, column in zip(names, evil, strict=True) if name in frame.columns)
        if table == "facts":
            frame = pl.concat([frame, frame.head(1).with_columns(kind=pl.lit("refunded"), detail=pl.lit(EVIL))])
        write_table(frame, new, table)
    return new


# --- what is shown ---


@pytest.mark.parametrize("columns", [60, 200])
@pytest.mark.parametrize(
    "command",
    [
        ("replay",),
        ("tasks", "--until", "2026-03-11T17:00:00Z"),
        ("health", "--why"),
        *(("costs", "--by", by) for by in ("line", "marketplace", "product", "order", "case")),
    ],
    ids=" ".join,
)
def test_a_journal_is_shown_without_what_steers(journal: Path, command: tuple[str, ...], columns: int) -> None:
    name, *options = command
    printed = harmless(name, journal, *options, columns=columns)
    if columns > 60 and options[-1:] not in (["line"], ["marketplace"]):
        assert SHOWN in printed


def test_a_case_is_shown_without_what_steers(journal: Path) -> None:
    for order in ("AUTO", "MESSAGE"):
        assert f"{SHOWN}{order}" in harmless("case", journal, f"{EVIL}{order}")
    assert SHOWN in harmless("case", journal, f"{EVIL}NONE", code=2)


def test_a_journal_that_is_refused_is_shown_without_what_steers(journal: Path, tmp_path: Path) -> None:
    folder = tmp_path / "refused\x1b[2J\nX"
    folder.mkdir()
    for name in ("orders", "facts"):
        write_table(pl.read_parquet(journal / f"{name}.parquet", glob=False), folder, name)
    frame = pl.read_parquet(folder / "facts.parquet", glob=False)
    write_table(frame.with_columns(known_at=pl.lit(EVIL)), folder, "facts")
    assert r"refused\x1b[2J\nX" in harmless("replay", folder, code=2)
    write_table(frame.with_columns(case=pl.lit(EVIL)), folder, "facts")
    assert SHOWN in harmless("replay", folder, code=2)


def test_a_scenario_is_shown_without_what_steers(scenario: Path, tmp_path: Path) -> None:
    for options in ((), ("--explain",)):
        assert SHOWN in harmless("scenario", scenario, *options)
    assert SHOWN in harmless("simulate", scenario, "--out", tmp_path / "a\nb")
    printed = harmless("staff", scenario, "--workers", 1, "--report", tmp_path / "staff.html")
    assert SHOWN in printed
    assert STEERING.findall(body(tmp_path / "staff.html")) == []
    mistake = tmp_path / "wrong\nX.toml"
    mistake.write_text(scenario.read_text(encoding="utf-8") + f"[{NAME}]\n", encoding="utf-8")
    assert r"wrong\nX.toml" in harmless("scenario", mistake, code=2)


# --- what is written ---


def test_a_comparison_is_shown_and_written_without_what_steers_or_runs(scenario: Path, tmp_path: Path) -> None:
    options = ("--workers", 1, "--out", tmp_path / "out", "--report", tmp_path / "page.html", "--by-marketplace")
    printed = harmless("whatif", scenario, *options, "--stress", "prime_day")
    assert SHOWN in printed
    assert STEERING.findall(body(tmp_path / "page.html")) == []
    with (tmp_path / "out" / "whatif.csv").open(encoding="utf-8", newline="") as lines:
        variants = {row["variant"] for row in csv.DictReader(lines)}
    assert "'=cmd|'/c calc'!A1" in variants
    written = tomli.loads((tmp_path / "out" / "scenario.toml").read_text(encoding="utf-8"))
    assert written["name"] == EVIL


def test_files_with_line_ends_in_their_names_break_no_comment(scenario: Path, tmp_path: Path) -> None:
    tasks = tmp_path / "a\nb = 1.csv"
    tasks.write_text("kind,seconds\n" + "".join(f"reply,{seconds}\n" for seconds in range(100, 200)), encoding="utf-8")
    out = tmp_path / "a\nb.toml"
    assert r"a\nb = 1.csv" in harmless("calibrate", scenario, "--tasks", tasks, "--out", out)
    written = tomli.loads(out.read_text(encoding="utf-8"))
    assert "b" not in written
    assert written["name"] == EVIL
    assert harmless("scenario", out)
