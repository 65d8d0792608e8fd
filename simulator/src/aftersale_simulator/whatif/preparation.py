"""Preparation: a plan checked against plugins and other files, with the order history that it runs on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import evolve

from aftersale.plugins.plugins import Plugins
from aftersale_simulator.calibration.history import History, check_overlap, read_history
from aftersale_simulator.resolved.period import period_report
from aftersale_simulator.resolved.scenario import resolve
from aftersale_simulator.scenario.document import ScenarioFile
from aftersale_simulator.whatif.variants import Plan, plan


def prepare(
    source: ScenarioFile,
    plugins: Plugins,
    vary: Sequence[str] = (),
    settings: Sequence[str] = (),
    options: Mapping[str, Any] | None = None,
    stress: Sequence[str] = (),
) -> tuple[Plan, History | None]:
    """Return what to simulate and the order history; the plan's world has the returns fitted to the orders.

    Raises DocumentError with the mistakes, also those that only plugins and the order file show, before anything runs.
    """
    planned = plan(source, vary, settings, options, stress)
    resolved = [resolve(variant.scenario, plugins, checked_as=variant.where) for variant in planned.variants]
    report = period_report(resolved)
    if planned.scenario.orders is None:
        return evolve(planned, period=report), None
    history = read_history(planned.scenario.orders, plugins)
    check_overlap(history, planned.scenario, plugins)
    learnt = {f"world.{name}": value for name, value in history.world.items() if name not in planned.scenario.world}
    learned = plan(source, vary, settings, {**(options or {}), **learnt}, stress)
    return evolve(learned, period=report), history
