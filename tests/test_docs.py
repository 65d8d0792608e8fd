"""The documents and the program cannot disagree: sessions are run, tables parsed, keys and options compared."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import click
import pytest
import tomli

from aftersale.cli import cli
from aftersale.journal import FACT_COLUMNS, ORDER_COLUMNS
from aftersale.marketplaces import parse_marketplaces
from aftersale.plugins import load_plugins
from aftersale.rules import parse_rules
from aftersale_simulator import scenario as scenarios
from aftersale_simulator.results import METRICS

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    page for pattern in ("*.md", "*/*.md", "*/docs/*.md", "plugins/*/*.md") for page in ROOT.glob(pattern)
)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(page: Path, language: str) -> list[str]:
    found = BLOCK.findall(page.read_text(encoding="utf-8"))
    return [body for kind, body in found if kind == language]


def sessions() -> Iterator[Any]:
    for page in PAGES:
        for number, block in enumerate(blocks(page, "console")):
            yield pytest.param(block, id=f"{page.relative_to(ROOT)}-{number}")


@pytest.mark.parametrize("session", list(sessions()))
def test_a_session_prints_what_its_page_shows(session: str) -> None:
    for step in re.split(r"^\$ ", session, flags=re.MULTILINE)[1:]:
        command, _, expected = step.partition("\n")
        assert printed(command) == expected.rstrip("\n")


def printed(command: str) -> str:
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    env = {**os.environ, "PATH": path, "COLUMNS": "80"}
    ended = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=env, cwd=ROOT, check=False)
    assert ended.stderr == ""
    return "\n".join(line.rstrip() for line in ended.stdout.rstrip("\n").split("\n"))


def test_there_is_a_session_to_check() -> None:
    assert blocks(ROOT / "README.md", "console")


def test_the_shown_scenario_is_one_and_its_keys_are_all_described() -> None:
    page = ROOT / "simulator/docs/scenario.md"
    shown, mapping = (tomli.loads(block) for block in blocks(page, "toml"))
    made = scenarios.parse_scenario(shown, "scenario.md")
    scenarios.check_marketplaces(made, load_plugins(), "scenario.md")
    scenarios.parse_scenario({**shown, "orders": mapping}, "scenario.md")
    classes = ("Scenario", "Period", "Price", "Sales", "Shift", "Team", "Handling", "OrderSource", "Targets", "Variant")
    described = page.read_text(encoding="utf-8")
    keys = {field.name for name in classes for field in attrs.fields(getattr(scenarios, name))}
    assert sorted(key for key in keys if not re.search(rf"\b{key}\b", described)) == []


def test_the_shown_rules_and_profile_are_read() -> None:
    rules, profile = (tomli.loads(block) for block in blocks(ROOT / "core/docs/rules.md", "toml"))
    assert [rule.name for rule in parse_rules(rules, "rules.md")] == [
        "refund_after_receipt",
        "auto_authorise",
        "order_defect_rate",
    ]
    assert [store.name for store in parse_marketplaces(profile, "rules.md")] == ["US"]


def test_every_column_of_a_journal_is_described() -> None:
    described = text("core/docs/journal.md")
    assert [name for name in (*FACT_COLUMNS, *ORDER_COLUMNS) if f"`{name}`" not in described] == []


def test_every_metric_of_whatif_is_described() -> None:
    described = text("simulator/docs/whatif-json.md")
    assert [name for name in METRICS if f"`{name}`" not in described] == []


def test_every_command_is_shown_somewhere() -> None:
    everything = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    names = [*cli.commands, *load_plugins().commands()]
    assert [name for name in names if f"aftersale {name}" not in everything] == []
    assert isinstance(cli, click.Group)


def test_every_option_is_named_somewhere() -> None:
    everything = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    commands = {**cli.commands, **load_plugins().commands()}
    options = {word for command in commands.values() for option in command.params for word in option.opts}
    assert sorted(word for word in options if word.startswith("--") and word not in everything) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not (page.parent / link).exists()] == []
