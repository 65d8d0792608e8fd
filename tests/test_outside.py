"""Two plugins from elsewhere, begun with the scaffold, built as wheels and installed beside everything else.

A help desk that is no marketplace of the usual kind (cases, metric and calendar of its own), and a seller's house
plugin. Nothing in core, simulator or the other plugins knows of either.
"""

from __future__ import annotations

import ensurepip
import json
import os
import re
import subprocess
import sys
import venv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import polars as pl
import pytest
from click.testing import CliRunner

from aftersale.cli import cli
from aftersale.testing.conformance import CHECKS

HOUSE = '''
"""Our own habits, on every marketplace that we sell on."""

from aftersale import hookimpl

AFTERSALE_API = 1


@hookimpl
def aftersale_decide_return(order, proposed):
    """Approve cheap things at once."""
    return "return_authorised" if order.category == "accessories" else None


@hookimpl
def aftersale_classify(case, order):
    """Sort tickets by our own shelves."""
    return f"shelf {order.category}" if case.kind in ("ticket", "return") else None
'''
SCENARIO = """
name = "A desk for two"
currency = "EUR"
replications = 2

[period]
start = 2026-03-02
measured = "28 d"
warm_up = "14 d"

[marketplace.DESK]
orders_per_day = 50
price = { median = "3000" }

[marketplace.US]
orders_per_day = 50
price = { median = "30" }
categories = { accessories = 0.5, general = 0.5 }

[team.desk]
zone = "Asia/Tokyo"
agents = 3
shifts = [{ days = "Mon-Sun", hours = "09:00-18:00" }]

[handling]
answer_ticket = { mean = "8 min" }

[world]
ticket_rate = 0.1
"""


def build(folder: Path) -> Path:
    """Return the wheel of a folder, built as pip would."""
    pytest.importorskip("hatchling", reason="hatchling builds the wheels: python -m pip install hatchling")
    program = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
    command = [sys.executable, "-c", program, str(folder.parent)]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return folder.parent / run.stdout.split()[-1]


def uncommented(text: str) -> str:
    """Return a file of the scaffold with its examples in use: lines whose '#' has no space behind it."""
    return re.sub(r"^#(?=\S)", "", text, flags=re.MULTILINE)


def help_desk(folder: Path) -> Path:
    options = ["--marketplace", "DESK", "--country", "JP", "--currency", "JPY", "--zone", "Asia/Tokyo"]
    ended = CliRunner().invoke(cli, ["plugins", "new", "help_desk", "--folder", str(folder), *options])
    assert ended.exit_code == 0, ended.output
    for file in folder.rglob("*.toml"):
        file.write_text(uncommented(file.read_text(encoding="utf-8")), encoding="utf-8")
    rules = folder / "src/aftersale_help_desk/rules.toml"
    text = rules.read_text(encoding="utf-8")
    begin, end = text.index('[[metric]]\nname = "order_defect_rate"'), text.index("# The deadline of a ticket")
    rules.write_text(text[:begin] + text[end:], encoding="utf-8")
    return folder


def house(folder: Path) -> Path:
    ended = CliRunner().invoke(cli, ["plugins", "new", "house", "--house", "--folder", str(folder)])
    assert ended.exit_code == 0, ended.output
    (folder / "src/aftersale_house/__init__.py").write_text(HOUSE, encoding="utf-8")
    return folder


PROGRAM = "from aftersale.cli import main\n\nif __name__ == '__main__':\n    main()\n"
PAGE = Path(__file__).parents[1] / "core/docs/writing-a-marketplace.md"
BLOCK = re.compile(r"^```(sh|text)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


class Installation:
    """A virtual environment with what is installed here, and the two plugins on top."""

    def __init__(self, folder: Path, wheels: Sequence[Path] = (), pip: bool = False) -> None:
        bundled = sorted(Path(ensurepip.__file__).parent.glob("_bundled/pip-*.whl")) if pip else []
        venv.create(folder, with_pip=pip and not bundled)
        self.python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        self.folder = folder
        (site,) = (folder / "Lib" if os.name == "nt" else folder).rglob("site-packages")
        here = {str(Path(path)) for path in sys.path if Path(path).name == "site-packages"}
        lines = [f"import site; site.addsitedir({path!r})" for path in sorted(here)]
        (site / "here.pth").write_text("\n".join(lines), encoding="utf-8")
        # pip as it comes with Python, unpacked: ensurepip would have pip install itself, which takes seconds.
        for wheel in (*wheels, *bundled):
            ZipFile(wheel).extractall(site)

    def run(self, *words: str, **environ: str) -> str:
        """Return what the program prints."""
        command = [str(self.python), "-m", "aftersale", *words]
        env = {**os.environ, "COLUMNS": "100", **environ}
        run = subprocess.run(command, cwd=self.folder, env=env, capture_output=True, text=True, check=False)
        assert (run.returncode, run.stderr) == (0, ""), run.stdout + run.stderr
        return run.stdout

    def json(self, *words: str, **environ: str) -> Any:
        """Return the document that a command prints."""
        return json.loads(self.run(*words, "--json", **environ))


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("outside")
    wheels = [build(help_desk(folder / "help_desk")), build(house(folder / "house"))]
    made = Installation(folder / "env", wheels)
    (made.folder / "scenario.toml").write_text(SCENARIO, encoding="utf-8")
    return made


def test_both_are_listed_with_what_they_bring(outside: Installation) -> None:
    found = {each["name"]: each for each in outside.json("plugins")}
    assert found["help_desk"]["marketplaces"] == ["DESK"]
    assert found["help_desk"]["distribution"] == "aftersale-help-desk"
    assert found["house"]["hooks"] == ["aftersale_classify", "aftersale_decide_return"]
    assert [each["problems"] for each in found.values()] == [[]] * len(found)
    shown = outside.json("plugins", "show", "help_desk")
    assert (shown["kinds"], shown["metrics"]) == (["ticket"], ["late_ticket_rate"])
    assert "ticket_rate" in shown["parameters"]


def test_the_help_desk_passes_the_conformance_suite(outside: Installation) -> None:
    """So does a house plugin: `test_canaries.py` has one that decides."""
    found = outside.json("plugins", "check", "help_desk")
    assert [check["check"] for check in found if not check["passed"]] == []
    assert len(found) == len(CHECKS)


def test_the_rules_of_the_help_desk_stand_beside_everybody_s(outside: Installation) -> None:
    found = outside.run("rules", "--compare", "US,DESK", "--on", "2026-03-02")
    (row,) = (line for line in found.splitlines() if "first_response" in line)
    assert row.split()[:5] == ["≠", "first_response", "–", "8", "wall"]
    (metric,) = outside.json("rules", "DESK", "--rule", "late_ticket_rate")["rows"]
    assert (metric["name"], metric["target"]) == ("late_ticket_rate", 0.05)


def test_what_if_answers_for_the_help_desk_by_its_own_metric(outside: Installation) -> None:
    (variant,) = outside.json("whatif", "scenario.toml", "--workers", "1")["variants"]
    assert variant["metrics"]["late_ticket_rate"]["mean"] > 0.05
    assert variant["targets"]["late_ticket_rate"] == 0
    lines = outside.run("whatif", "scenario.toml", "--workers", "1", COLUMNS="160").splitlines()
    head = next(number for number, line in enumerate(lines) if line.startswith("variant"))
    heading = [line.split() for line in lines[head : head + 4]]
    assert [heading[0][-2], heading[1][-2], heading[2][-1], heading[3][-1]] == ["late", "ticket", "rate", "%"]


def test_the_house_plugin_decides_on_other_people_s_marketplaces(outside: Installation) -> None:
    """Where it says something, the record names it, and whom it overruled."""
    outside.run("simulate", "scenario.toml", "--out", "run", "--set", "marketplace.US.exempt=1.0")
    returns = pl.read_parquet(outside.folder / "run/returns.parquet")
    categories = pl.read_parquet(outside.folder / "run/orders.parquet").select("order", "category")
    decided = returns.filter(pl.col("marketplace") == "US").join(categories, on="order")
    by = {
        category: set(group["decided_by"].str.split(":").list.first())
        for (category,), group in decided.group_by("category")
    }
    assert by["accessories"] == {"plugin"}
    assert "plugin" not in by["general"]
    tasks = outside.json("tasks", "run")
    classes = {task["class"].split()[0] for task in tasks["tasks"] if task["task"] == "answer_ticket"}
    assert classes <= {"shelf"}
    alone = outside.json("plugins", AFTERSALE_PLUGINS="house,amazon_na,simulator")
    assert [each["name"] for each in alone] == ["amazon_na", "house", "simulator"]


@pytest.mark.once
@pytest.mark.skipif(os.name == "nt", reason="the page is written for a POSIX shell")
def test_the_page_about_writing_a_marketplace_is_followed_to_the_letter(tmp_path: Path) -> None:
    """Every block of commands is run as it stands; each line shown under it is printed."""
    pytest.importorskip("hatchling", reason="hatchling builds the plugins: python -m pip install hatchling")
    made = Installation(tmp_path / "env", pip=True)
    program = made.python.parent / "aftersale"
    program.write_text(f"#!{made.python}\n{PROGRAM}", encoding="utf-8")
    program.chmod(0o755)
    # pip takes hatchling and what the plugins need from this environment, not from an index.
    offline = {"PIP_NO_BUILD_ISOLATION": "0", "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    path = os.pathsep.join((str(made.python.parent), os.environ["PATH"]))
    env = {**os.environ, **offline, "PATH": path, "COLUMNS": "120"}
    (tmp_path / "work").mkdir()
    printed = ""
    for kind, block in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if kind == "text":
            assert [line for line in block.splitlines() if line not in printed] == [], printed
            continue
        command = ["bash", "-euo", "pipefail", "-c", block]
        run = subprocess.run(command, cwd=tmp_path / "work", env=env, capture_output=True, text=True, check=False)
        printed = run.stdout + run.stderr
        assert run.returncode == 0, block + printed
