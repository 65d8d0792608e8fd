"""The option `--engine`: the same documents but for the key that names the engine, and who is told why SimPy ran."""

import inspect
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from aftersale.cli import cli
from aftersale.plugins.plugins import Plugins, load_plugins
from aftersale.testing import plugin, reference
from aftersale_simulator.runs import engines, run as runs
from aftersale_simulator.runs.results import Reason

APART: dict[str, Any] = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}
SHOP = """
name = "a small shop"
currency = "EUR"
replications = 2

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
PLUGINS = load_plugins(["simulator"], {"reference": reference})
COMMANDS = {
    "whatif": ["whatif"],
    "stress": ["whatif", "--stress", "flu"],
    "sensitivity": ["whatif", "--sensitivity"],
    "staff": ["staff", "--probability", "0.5", "--at-most", "20"],
}
UNCOMPILED = (
    "The kernel is not compiled here and runs as plain Python: the same figures, in many times the time. "
    "With a C compiler, install aftersale-simulator again.\n"
)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "shop.toml").write_text(SHOP, encoding="utf-8")
    return tmp_path / "shop.toml"


def ended(words: list[str], shop: Path, *options: str, plugins: Plugins = PLUGINS, code: int = 0) -> Any:
    asked = [words[0], str(shop), *words[1:], "--workers", "1", *options]
    result = CliRunner(**APART).invoke(cli, asked, obj=plugins)
    assert result.exit_code == code, result.output
    return result


def document(words: list[str], shop: Path, *options: str, plugins: Plugins = PLUGINS) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ended(words, shop, "--json", *options, plugins=plugins).stdout)
    return found


@pytest.fixture
def some(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the kernel refuse desks of two people, and changed rates of returns, and run all others."""
    own: Callable[..., Any] = runs.on_kernel

    def choosy(resolved: Any, *others: Any, plain: bool) -> Any:
        team = resolved.scenario.team["desk"]
        if sum(shift.agents or team.agents for shift in team.shifts) == 2 or "return_rate" in resolved.scenario.world:
            return Reason("engine.beyond", (("what", "two of them"),))
        return own(resolved, *others, plain=plain)

    monkeypatch.setattr(runs, "on_kernel", choosy)


@pytest.mark.parametrize(
    "asked", [pytest.param(name, marks=[pytest.mark.once] if name == "sensitivity" else []) for name in COMMANDS]
)
def test_the_documents_of_the_engines_differ_in_the_key_that_names_it_and_in_nothing_else(
    asked: str, shop: Path, tmp_path: Path
) -> None:
    words, found = COMMANDS[asked], dict[str, list[str]]()
    for engine in ("auto", "plain", "simpy"):
        out = tmp_path / engine
        told = ended(words, shop, "--json", "--engine", engine, "--out", str(out)).stdout
        ran = engines.usual_engine() if engine == "auto" else engine
        line = f'  "engine": "{ran}",\n'
        assert told.count(line) == 1
        files = {file.name: file.read_text(encoding="utf-8") for file in sorted(out.iterdir())}
        assert files.pop(f"{words[0]}.json") == told
        found[engine] = [told.replace(line, ""), *files, *files.values()]
    assert found["auto"] == found["plain"] == found["simpy"]


@pytest.mark.usefixtures("some")
def test_the_variants_that_took_simpy_are_named_with_the_reason(shop: Path) -> None:
    (warning,) = (line for line in document(["whatif"], shop)["warnings"] if "SimPy" in line)
    assert document(["whatif"], shop)["engine"] == "mixed (SimPy: two)"
    assert warning == (
        "SimPy simulated 'two', which takes many times as long and gives the same figures: "
        "the kernel cannot run this: two of them."
    )
    text = " ".join(ended(["whatif"], shop).stdout.split())
    assert text.count(f"Warning: {warning}") == 1
    chinese = ended(["whatif"], shop, "--lang", "zh").stdout.replace("\n", "")
    assert "注意：'two'由 SimPy 模拟" in chinese
    asked = document(["whatif"], shop, "--engine", "simpy")
    assert (asked["engine"], [line for line in asked["warnings"] if "SimPy" in line]) == ("simpy", [])


@pytest.mark.usefixtures("some")
def test_stressed_variants_changes_of_the_sensitivity_and_rosters_are_named_too(shop: Path) -> None:
    stressed = document(["whatif", "--stress", "flu"], shop)
    assert stressed["engine"].startswith("mixed (SimPy: two, two + ")
    options = ("--replications", "1", "--vary", "team.desk.agents=1,3")
    varied = document(["whatif", "--sensitivity"], shop, *options)["engine"]
    assert re.fullmatch(r"mixed \(SimPy: return_rate = [0-9.]+, return_rate = [0-9.]+\)", varied)
    assert document(COMMANDS["staff"], shop)["engine"] == "mixed (SimPy: 2 × week)"


def test_a_house_plugin_that_is_told_of_every_fact_takes_simpy_for_all(shop: Path) -> None:
    house = plugin("house", aftersale_fact_recorded=lambda case, fact: None)
    plugins = load_plugins(["simulator"], {"reference": reference, "house": house})
    for words in COMMANDS["whatif"], COMMANDS["staff"]:
        found = document(words, shop, plugins=plugins)
        assert found["engine"] == "simpy"
        (warning,) = (line for line in found["warnings"] if "SimPy" in line)
        assert warning == (
            "SimPy simulated everything, which takes many times as long and gives the same figures: "
            "the plugin 'house' is told of every fact (aftersale_fact_recorded)."
        )


@pytest.mark.parametrize("asked", ["whatif", "staff"])
def test_one_line_says_once_that_the_kernel_is_not_compiled_here(
    asked: str, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "kernel_is_compiled", lambda: False)
    words = COMMANDS[asked]
    assert ended(words, shop).stderr == UNCOMPILED
    result = ended(words, shop, "--json")
    assert (result.stderr, json.loads(result.stdout)["engine"]) == (UNCOMPILED, "plain")
    assert ended(words, shop, "--lang", "zh").stderr.startswith("此处的模拟内核未编译")
    for engine in ("plain", "simpy"):
        assert ended(words, shop, "--engine", engine).stderr == ""
    refused = ended(words, shop, "--engine", "compiled", code=2)
    assert (refused.stdout, refused.stderr) == (
        "",
        "Error: --engine compiled: the kernel is not compiled here (take --engine plain for the same figures, "
        "or get a C compiler and install aftersale-simulator again)\n",
    )
