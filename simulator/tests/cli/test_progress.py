"""Progress on a terminal: how many, how fast, the first figures, and nothing of it beside the answer."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from rich.cells import cell_len

from aftersale.cli import cli
from aftersale.plugins.plugins import load_plugins
from aftersale.testing import reference

termios = pytest.importorskip("termios", reason="the system has no terminals of this kind")

SHOP = """
name = "a small shop"
currency = "EUR"
replications = 12

[period]
start = 2026-03-02
measured = "7 d"
warm_up = "7 d"

[marketplace.REF]
orders_per_day = 8
price = { median = "25" }

[team.desk]
zone = "UTC"
agents = 1
cost_per_hour = "20"
shifts = [{ days = "Mon-Fri", hours = "09:00-12:00" }]

[handling]
reply = { mean = "8 min" }

[staffing.desk]
most = 2
pattern.week = { days = "Mon-Fri", hours = "09:00-12:00" }

[[variant]]
name = "two"
set = { "team.desk.agents" = 2 }

[[variant]]
name = "three"
set = { "team.desk.agents" = 3 }
"""
PROGRAM = """
import sys
from aftersale.cli import cli
from aftersale.plugins.plugins import load_plugins
from aftersale.testing import reference

cli(sys.argv[1:], obj=load_plugins(["simulator"], {"reference": reference}))
"""
PLUGINS = load_plugins(["simulator"], {"reference": reference})
FINAL = re.compile(r"\x1b\[([0-9;?]*)([a-zA-Z])")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "shop.toml").write_text(SHOP, encoding="utf-8")
    return tmp_path / "shop.toml"


class Screen:
    """What a terminal shows, as far as the program moves about on it; `seen` has every state that was erased."""

    def __init__(self, told: str) -> None:
        self.lines, self.row, self.seen = [""], 0, list[str]()
        erasing = False
        for part in re.split(r"(\x1b\[[0-9;?]*[a-zA-Z]|\r|\n)", told):
            code = FINAL.fullmatch(part)
            if code is None and part not in ("", "\r"):
                self._write(part)
                erasing = False
            elif code is not None and code[2] == "A":
                self.row -= int(code[1] or 1)
                assert self.row >= 0
            elif code is not None and code[2] == "K":
                if not erasing:
                    self.seen.append("\n".join(self.lines).rstrip("\n"))
                self.lines[self.row], erasing = "", True

    def _write(self, part: str) -> None:
        if part == "\n":
            self.row += 1
            self.lines += [""] * (self.row + 1 - len(self.lines))
        else:
            self.lines[self.row] += part

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.lines).strip("\n")


def on_terminal(words: list[str], columns: int, rows: int = 60) -> Screen:
    """Run the program on a terminal of that size, and return what it showed."""
    ours, its = os.openpty()
    termios.tcsetwinsize(its, (rows, columns))
    env = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *words], stdin=its, stdout=its, stderr=its, env={**env, "TERM": "xterm"}
    )
    os.close(its)
    told = b""
    while True:
        try:
            more = os.read(ours, 1 << 16)
        except OSError:  # the other end is closed
            break
        if not more:
            break
        told += more
    os.close(ours)
    assert program.wait() == 0, told.decode()
    return Screen(told.decode().replace("\r\n", "\n"))


def printed(words: list[str], columns: int = 100) -> str:
    """Return what a run without a terminal prints."""
    ended = CliRunner().invoke(cli, words, obj=PLUGINS, env={"COLUMNS": str(columns)})
    assert ended.exit_code == 0, ended.output
    return ended.stdout.strip("\n")


def test_a_terminal_shows_how_far_it_is_then_the_first_figures_and_at_last_the_answer_alone(shop: Path) -> None:
    words = ["whatif", str(shop), "--workers", "1"]
    screen = on_terminal(words, 100)
    begins = "0 of 36 replications, 0 of every variant (their figures follow from 10 on)"
    assert screen.seen[0].splitlines()[1:] == [begins]
    first = next(frame for frame in screen.seen if "As far as" in frame)
    head, count, _, told, _, *table = first.splitlines()
    assert head.startswith("simulating ━")
    assert re.fullmatch(r"30 of 36 replications, [0-9,.]+ a second, 0:[0-9]{2} left", count)
    assert told == "As far as 10 replications of every variant tell:"
    ten = json.loads(printed([*words, "--replications", "10", "--json"]))
    means = [
        [variant["metrics"][name]["mean"] for name in ("late_reply_rate", "contribution")]
        for variant in ten["variants"]
    ]
    rows = [line.split() for line in table if line.split()[:1] and line.split()[0] in ("two", "three")]
    assert [(row[0], row[1], row[-1]) for row in rows] == [
        (variant["name"], f"{100 * late:.1f}", f"{money:,.0f}")
        for variant, (late, money) in zip(ten["variants"][1:], means[1:], strict=True)
    ]
    assert screen.text == printed(words)


@pytest.mark.parametrize(("columns", "rows", "language"), [(24, 12, "en"), (30, 8, "zh"), (250, 60, "zh")])
def test_a_narrow_or_low_terminal_shows_what_it_has_room_for(
    columns: int, rows: int, language: str, shop: Path
) -> None:
    words = ["whatif", str(shop), "--workers", "1", "--lang", language]
    screen = on_terminal(words, columns, rows)
    assert any(
        ("As far as" if language == "en" else "每个方案 10 次") in frame.replace("\n", " ") for frame in screen.seen
    )
    assert max(len(frame.splitlines()) for frame in screen.seen) <= rows
    assert max(cell_len(line) for frame in screen.seen for line in frame.splitlines()) <= columns
    assert screen.text == printed(words, columns)


def test_a_search_whose_end_nobody_knows_says_at_most(shop: Path) -> None:
    words = ["staff", str(shop), "--workers", "1", "--probability", "0.5", "--at-most", "50"]
    screen = on_terminal(words, 100)
    assert screen.seen[0].splitlines()[1:] == ["0 of at most 50 replications"]
    assert not any("As far as" in frame or "of every variant" in frame for frame in screen.seen)
    assert screen.text == printed(words)


def test_a_precision_says_at_most_too(shop: Path) -> None:
    words = ["whatif", str(shop), "--workers", "1", "--precision", "0.5", "--at-most", "20"]
    screen = on_terminal(words, 100)
    assert "0 of at most 60 replications" in screen.seen[0]
    assert any(re.search(r"a second, at most 0:[0-9]{2} left", frame) for frame in screen.seen)
    assert screen.text == printed(words)


def test_fewer_than_ten_replications_promise_no_figures(shop: Path) -> None:
    words: list[Any] = ["whatif", str(shop), "--workers", "1", "--replications", "4"]
    screen = on_terminal(words, 100)
    assert screen.seen[0].splitlines()[1:] == ["0 of 12 replications"]
    assert not any("every variant" in frame for frame in screen.seen)


def test_json_shows_none_of_it_on_a_terminal(shop: Path) -> None:
    words = ["whatif", str(shop), "--workers", "1", "--replications", "2", "--json"]
    screen = on_terminal(words, 100)
    assert (screen.seen, screen.text) == ([], printed(words))
