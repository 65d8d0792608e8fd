"""Handbook of a scenario: the seller's rules beside the marketplaces' rules, with what events change."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from aftersale.base.errors import DocumentError, Problem
from aftersale.policies.handbook import Handbook, default_handbook, load_handbook
from aftersale.rules import RuleSet
from aftersale_simulator.scenario.events import amended
from aftersale_simulator.scenario.model import SHIPPED_HANDBOOK, Scenario
from aftersale_simulator.scenario.vocabulary import allowed_words

if TYPE_CHECKING:
    from aftersale.plugins.plugins import Plugins


def seller_handbook(scenario: Scenario, plugins: Plugins) -> Handbook:
    """Return the scenario's own handbook over the default one, with what its events change for a while.

    Raises DocumentError when its file is unusable, and for events that change rules that do not exist.
    """
    handbook = default_handbook()
    if scenario.handbook and scenario.handbook != SHIPPED_HANDBOOK:
        handbook = load_handbook(Path(scenario.handbook), plugins.workflow, plugins.metrics)
    if not any(event.rules for event in scenario.event):
        return handbook
    rules = (*handbook.rules.history(), *plugins.rules.history())
    names = sorted({rule.name for rule in rules if rule.amount is not None})
    problems = tuple(
        Problem("event", f"event[{index}].rules.{name}", "no rule with an amount is called that", hint)
        for index, event in enumerate(scenario.event)
        for name in event.rules
        if name not in names and (hint := allowed_words(name, names))
    )
    if problems:
        raise DocumentError("event", problems)
    rows = amended(handbook.rules.history(), scenario.event, scenario.period.start, tighter=True)
    return Handbook(rows, handbook.source)


def rules_in_force(scenario: Scenario, plugins: Plugins) -> RuleSet | None:
    """Return the marketplaces' rules with the versions that the scenario names, and what events change for a while.

    None where it names none and no event changes any. Raises DocumentError for versions that no rule has, and for two
    that answer the same question.
    """
    if not scenario.rule_versions and not any(event.rules for event in scenario.event):
        return None
    rules = plugins.rules.with_versions(scenario.rule_versions)
    rows = amended(rules.history(), scenario.event, scenario.period.start, tighter=False)
    return RuleSet(rows, scenario.rule_versions) if any(event.rules for event in scenario.event) else rules
