"""What an author does wrong is told with file, line and what to do: each of `mistakes.toml`, once and in full."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import tomli

from aftersale.plugins.plugins import survey
from aftersale.testing.conformance import CHECKS, Subject
from aftersale.testing.conformance.checks import examine

pytestmark = pytest.mark.plugins
MISTAKES: dict[str, list[dict[str, Any]]] = tomli.loads(
    Path(__file__).with_name("mistakes.toml").read_text(encoding="utf-8")
)
PLUGIN = "plugin 'corner_shop' (aftersale-corner-shop 0.1.0)"


def mistakes(table: str) -> Any:
    return pytest.mark.parametrize("mistake", MISTAKES[table], ids=lambda mistake: mistake["name"])


def edits(mistake: dict[str, Any]) -> dict[str, list[tuple[str, str]]]:
    """Return the edits of a mistake by file."""
    by_file: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for file, old, new in mistake["edits"]:
        by_file[file].append((old, new))
    return by_file


def problems(check: str, subject: Subject) -> list[str]:
    """Return what a check finds."""
    (made,) = (examine(each, subject) for each in CHECKS if each.name == check)
    # How many cases there are hangs on how many kinds of case are shipped.
    counts = re.compile(r"case SHOP-\d+-case and \d+ more")
    return [counts.sub("case SHOP-N-case and N more", problem.replace(PLUGIN, "PLUGIN")) for problem in made.problems]


@mistakes("load")
def test_a_mistake_is_told_when_the_plugin_is_loaded(corner_shop: Any, mistake: dict[str, Any]) -> None:
    corner_shop.write(edits(mistake), installed=True)
    (record,) = survey(["corner_shop"])
    told = [problem.removeprefix(f"{PLUGIN}: ") for problem in record["problems"]]
    assert [problem.replace(f"{corner_shop.folder}/", "") for problem in told] == mistake["told"]


@mistakes("hook")
def test_a_mistake_in_a_hook_is_told_with_its_line(corner_shop: Any, mistake: dict[str, Any]) -> None:
    corner_shop.write(edits(mistake), installed=True)
    subject = Subject("corner_shop")
    subject.__dict__["samples"] = subject.samples[::12]  # enough for mistakes that every case shows
    assert problems("is_total", subject) == mistake["told"]


@mistakes("simulation")
def test_a_mistake_that_shows_in_a_simulation_only_is_told_by_the_suite(
    corner_shop: Any, mistake: dict[str, Any]
) -> None:
    corner_shop.write(edits(mistake), installed=True)
    assert problems("simulates", Subject("corner_shop")) == mistake["told"]
