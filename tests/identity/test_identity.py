"""The kernels leave what the desk leaves, to the last digit: on scenarios made at random, and on others that count."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from aftersale.plugins.plugins import load_plugins
from aftersale_simulator.resolved.scenario import resolve
from aftersale_simulator.runs.engines import why_simpy
from aftersale_simulator.scenario.document import load_scenario
from aftersale_simulator.whatif.preparation import prepare

FOLDER = Path(__file__).parent
LEAST = 2000
SEED = 20261130


@pytest.fixture(scope="module")
def found() -> Iterator[Callable[[str], ModuleType]]:
    """What compares; its modules find one another in this folder."""
    sys.path.insert(0, str(FOLDER))
    try:
        yield importlib.import_module
    finally:
        sys.path.remove(str(FOLDER))


@pytest.fixture(scope="module")
def runs(found: Callable[[str], ModuleType]) -> ModuleType:
    """What compares scenarios made at random."""
    return found("identity_runs")


def test_small_scenarios_are_the_same(runs: ModuleType) -> None:
    known, few = runs.ways(), runs.random_documents(24, SEED, 3.0, 7)
    assert [document for document in few if runs.differences(runs.resolved(document), known)] == []
    found: list[Any] = []
    runs.compare(6, SEED, 0, found.append)
    assert len(found) == 6
    assert [each.differences for each in found if each.differences] == []


def test_corners_are_the_same(runs: ModuleType, found: Callable[[str], ModuleType]) -> None:
    known, differing = runs.ways(), {}
    for what, corner in found("corners").corners():
        resolved = corner.resolved()
        assert why_simpy(resolved) == ()
        differing[what] = runs.differences(resolved, known, (1, 2), corner.orders)
    assert {what: differences for what, differences in differing.items() if differences} == {}


@pytest.mark.once
@pytest.mark.parametrize("part", range(3))
def test_thirty_scenarios_of_two_thousand_handlings_are_the_same(part: int, runs: ModuleType) -> None:
    found: list[Any] = []
    runs.compare(10, SEED + part, LEAST, found.append)
    assert len(found) == 10
    assert [each.differences for each in found if each.differences] == []
    assert min(each.handlings for each in found) >= LEAST


@pytest.mark.once
def test_the_shipped_scenario_is_the_same_under_its_variants(runs: ModuleType) -> None:
    plugins = load_plugins()
    plan, _ = prepare(load_scenario(), plugins)
    for variant in plan.variants:
        assert runs.differences(resolve(variant.scenario, plugins), runs.ways()) == []
