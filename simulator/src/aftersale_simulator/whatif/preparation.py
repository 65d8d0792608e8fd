"""Preparation: a plan checked against plugins and other files, with the order history that it runs on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import evolve

from aftersale.base.errors import DocumentError, Problem
from aftersale.plugins.plugins import Plugins
from aftersale_simulator.resolved.period import period_report
from aftersale_simulator.resolved.scenario import resolve
from aftersale_simulator.scenario.document import ScenarioFile
from aftersale_simulator.whatif.variants import Plan, plan

if TYPE_CHECKING:
    from aftersale_simulator.calibration.history import History


def prepare(
    source: ScenarioFile,
    plugins: Plugins,
    vary: Sequence[str] = (),
    settings: Sequence[str] = (),
    options: Mapping[str, Any] | None = None,
    stress: Sequence[str] = (),
    salt: str | None = None,
) -> tuple[Plan, History | None]:
    """Return what to simulate and the order history; the plan's world has the returns fitted to the orders.

    With a `salt` the buyers of the order file are known by keyed hashes, else by numbers. A blank salt is refused, and
    so is one without an order file.
    Raises DocumentError with the mistakes, also those that only plugins and the order file show, before anything runs.
    """
    planned = plan(source, vary, settings, options, stress)
    _check_salt(salt, planned)
    resolved = [resolve(variant.scenario, plugins, checked_as=variant.where) for variant in planned.variants]
    report = period_report(resolved)
    if planned.scenario.orders is None:
        return evolve(planned, period=report), None
    from aftersale_simulator.calibration.history import check_overlap, read_history  # loads the table library

    catalogue = planned.variants[0].scenario.goods.catalogue  # all variants share it
    history = read_history(planned.scenario.orders, plugins, salt or "", catalogue)
    check_overlap(history, planned.scenario, plugins)
    learnt = {f"world.{name}": value for name, value in history.world.items() if name not in planned.scenario.world}
    learned = plan(source, vary, settings, {**(options or {}), **learnt}, stress)
    return evolve(learned, period=report), history


def _check_salt(salt: str | None, planned: Plan) -> None:
    if salt is not None and not salt.strip():
        hint = "choose one that nobody guesses: who knows it can find out which pseudonym a name has"
        raise DocumentError("salt", (Problem("salt", "", "is blank", hint),))
    if salt is not None and planned.scenario.orders is None:
        hint = "name the file, --orders FILE, or leave the salt out: a simulation numbers its own buyers"
        raise DocumentError("salt", (Problem("salt", "", "there is no order file with buyers to name", hint),))
