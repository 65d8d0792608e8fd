"""The kernels leave what the desk leaves, to the last digit: on scenarios made at random, and on others that count."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from aftersale.plugins.plugins import load_plugins
from aftersale.testing import hostile, plugin, reference
from aftersale_simulator.resolved.scenario import resolve
from aftersale_simulator.runs.engines import why_simpy
from aftersale_simulator.scenario.document import load_scenario, parse_scenario
from aftersale_simulator.scenario.vocabulary import vocabulary
from aftersale_simulator.whatif.preparation import prepare

FOLDER = Path(__file__).parent
LEAST = 2000
SEED = 20261130
LOOKING_ON = ("aftersale_fact_recorded", "aftersale_deadline_missed", "aftersale_case_closed")
DESK: dict[str, Any] = {
    "name": "a help desk beside a store",
    "currency": "EUR",
    "period": {"start": date(2026, 3, 9), "measured": "28 d", "warm_up": "7 d"},
    "marketplace": {
        "Ørsted 24/7": {"orders_per_day": 20.0, "price": {"median": "25"}},
        "kiribati": {"orders_per_day": 20.0, "price": {"median": "2500"}},
        "REF": {"orders_per_day": 20.0, "price": {"median": "25"}, "cross_border": 0.3},
    },
    "team": {"desk": {"zone": "Asia/Shanghai", "agents": 2, "shifts": [{"days": "Mon-Sun", "hours": "09:00-13:00"}]}},
    "handling": {"answer_ticket": {"mean": "10 min"}},
    "world": {"message_rate": 0.3, "return_rate": 0.3},
}


@pytest.fixture(scope="module")
def runs() -> Iterator[ModuleType]:
    """What compares; its modules find one another in this folder."""
    sys.path.insert(0, str(FOLDER))
    try:
        yield importlib.import_module("identity_runs")
    finally:
        sys.path.remove(str(FOLDER))


def differing(runs: ModuleType, document: dict[str, Any], plugins: Any) -> list[str]:
    resolved = resolve(parse_scenario(document, "test", vocabulary(plugins)), plugins)
    assert why_simpy(resolved) == ()
    found: list[str] = runs.differences(resolved, runs.ways(), (1, 2))
    return found


def test_small_scenarios_are_the_same(runs: ModuleType) -> None:
    found: list[Any] = []
    runs.compare(8, SEED, 0, found.append)
    assert len(found) == 8
    assert [each.differences for each in found if each.differences] == []


@pytest.mark.once
def test_thirty_scenarios_of_two_thousand_handlings_are_the_same(runs: ModuleType) -> None:
    found: list[Any] = []
    runs.compare(30, SEED, LEAST, found.append)
    assert len(found) == 30
    assert [each.differences for each in found if each.differences] == []
    assert sum(each.handlings >= LEAST for each in found) >= 28  # some have nobody at work


@pytest.mark.once
def test_the_shipped_scenario_is_the_same_under_its_variants(runs: ModuleType) -> None:
    plugins = load_plugins()
    plan, _ = prepare(load_scenario(), plugins)
    for variant in plan.variants:
        assert runs.differences(resolve(variant.scenario, plugins), runs.ways()) == []


def test_plugins_that_decide_on_returns_are_asked_by_the_kernel_too(runs: ModuleType) -> None:
    hooks = {name: hook for name, hook in vars(hostile).items() if name.startswith("aftersale_")}
    deciding = plugin(**{name: hook for name, hook in hooks.items() if name not in LOOKING_ON})
    assert differing(runs, DESK, load_plugins((), {"hostile": deciding, "reference": reference})) == []


def test_a_plugin_that_fails_on_returns_fails_the_same_cases(runs: ModuleType) -> None:
    from aftersale.plugin import hookimpl

    @hookimpl
    def aftersale_decide_return(order: Any, requested_at: int) -> str | None:
        if order.price % 3 == 0:
            raise ValueError(f"no {order.category}")
        return "returnless" if requested_at % 2 else None

    hooks = {name: hook for name, hook in vars(reference).items() if name.startswith("aftersale_")}
    failing = plugin(**hooks, aftersale_decide_return=aftersale_decide_return)
    document = {**DESK, "marketplace": {"REF": DESK["marketplace"]["REF"]}, "most_failed": 1.0, "handling": {}}
    assert differing(runs, document, load_plugins((), {"reference": failing})) == []
