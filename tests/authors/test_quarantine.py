"""A broken plugin stops what needs it and nothing else, and every refusal says how to go on without it."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from aftersale.cli import TRACE, cli
from aftersale.plugins.admission import installed

pytestmark = pytest.mark.plugins
APART = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}
SCENARIO = """
name = "rest"
currency = "EUR"
replications = 1
[period]
start = 2026-03-02
measured = "7 d"
[marketplace.{place}]
orders_per_day = 5
price = {{ median = "30" }}
[team.desk]
zone = "Europe/Berlin"
agents = 1
shifts = [{{ days = "Mon-Fri", hours = "09:00-17:00" }}]
[handling]
"""
MISTAKES = {
    "a syntax error": {"__init__.py": (("AFTERSALE_API = 1", "AFTERSALE_API = = 1"),)},
    "a missing file": {"__init__.py": (("load_kinds, __name__", "load_kinds, 'no_such_package'"),)},
    "a wrong row": {"rules.toml": (('clock = "wall_hours"', 'clock = "wall_hour"'),)},
    "a hook of another name": {"__init__.py": (("aftersale_rules =", "aftersale_rule ="),)},
}
HOUSE = {
    "__init__.py": (
        ("aftersale_marketplaces = from_data(load_marketplaces, __name__)\n", ""),
        ("aftersale_rules = from_data(load_rules, __name__)\n", ""),
        ("aftersale_world = from_data(load_world, __name__)\n", ""),
        ("", "\n\n@hookimpl\ndef aftersale_classify(ordr):\n    return None\n"),
    )
}
WAY = "AFTERSALE_PLUGINS={}".format(",".join(sorted(installed())))


def run(*command: str) -> Result:
    return CliRunner(**APART).invoke(cli, command, prog_name="aftersale")


def write(folder: Path, place: str) -> str:
    (folder / f"{place}.toml").write_text(SCENARIO.format(place=place), encoding="utf-8")
    return str(folder / f"{place}.toml")


@pytest.mark.parametrize("mistake", MISTAKES)
def test_other_marketplaces_go_on_and_the_broken_one_is_refused_with_its_problems(
    corner_shop: Any, tmp_path: Path, mistake: str
) -> None:
    corner_shop.write(MISTAKES[mistake], installed=True)
    other = run("rules", "DE", "--json")
    assert other.exit_code == 0
    assert json.loads(other.stdout)
    (line,) = other.stderr.splitlines()
    assert line.startswith("Left out: plugin 'corner_shop' (aftersale-corner-shop 0.1.0) has ")
    assert line.endswith(f"{WAY} leaves it out without this line.")
    refused = run("rules", "SHOP")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "plugin 'corner_shop' (aftersale-corner-shop 0.1.0): " in refused.stderr.split("Error: ")[1]
    assert refused.stderr.splitlines()[-1] == f"To go on without it: {WAY}"
    assert run("whatif", write(tmp_path, "SHOP"), "--workers", "1").stderr.splitlines()[-1].endswith(WAY)


def test_a_simulation_of_other_marketplaces_goes_on(corner_shop: Any, tmp_path: Path) -> None:
    corner_shop.write(MISTAKES["a wrong row"], installed=True)
    ended = run("whatif", write(tmp_path, "DE"), "--workers", "1", "--json")
    assert ended.exit_code == 0
    assert json.loads(ended.stdout)


@pytest.mark.parametrize("imports", [True, False])
def test_a_broken_house_plugin_stops_every_marketplace_for_it_has_a_say_on_each(
    corner_shop: Any, imports: bool
) -> None:
    syntax = () if imports else (("AFTERSALE_API = 1", "AFTERSALE_API = = 1"),)
    corner_shop.write({"__init__.py": (*HOUSE["__init__.py"], *syntax)}, tickets=False, installed=True)
    refused = run("rules", "DE")
    assert refused.exit_code == 2
    assert refused.stderr.splitlines()[-1] == f"To go on without it: {WAY}"


def test_a_plugin_is_checked_beside_those_that_work(corner_shop: Any) -> None:
    corner_shop.write(MISTAKES["a wrong row"], installed=True)
    ended = run("plugins", "check", "amazon_jp", "--json")
    assert {made["check"]: made["problems"] for made in json.loads(ended.stdout) if made["problems"]} == {}
    assert run("plugins", "check", "corner_shop").exit_code == 1


def test_a_plugin_that_cannot_do_without_the_broken_one_says_so_and_nothing_else() -> None:
    from aftersale.plugins.plugins import load_plugins
    from aftersale.rules import load_rules
    from aftersale.testing import plugin, reference

    broken = plugin("shop", api=0, aftersale_marketplaces=reference.aftersale_marketplaces)
    house = plugin("house", aftersale_rules=lambda: load_rules("aftersale.testing.reference"))
    plugins = load_plugins((), {"house": house, "shop": broken}, set_aside=True)
    first, second = plugins.quarantine.broken
    assert [str(problem) for problem in first.problems] == [
        "plugin 'house' (not installed): cannot be used without what a broken plugin would bring (correct shop first)"
    ]
    assert len(second.problems) == 1


def test_a_hook_s_traceback_is_told_where_the_environment_asks_for_it(
    corner_shop: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = "\n\n@hookimpl\ndef aftersale_fact_recorded(case):\n    case.shelf\n"
    corner_shop.write({"__init__.py": (("", hook),)}, installed=True)
    words = ("simulate", write(tmp_path, "SHOP"), "--out")
    told = run(*words, str(tmp_path / "run"))
    assert (told.exit_code, "Traceback" in told.stderr) == (2, False)
    monkeypatch.setenv(TRACE, "1")
    told = run(*words, str(tmp_path / "traced"))
    (traceback,) = re.findall(r"Traceback \(most recent call last\):\n.*shelf'", told.stderr, re.DOTALL)
    assert "case.shelf" in traceback
