"""Checks: problems of a scenario's marketplaces that depend on the installed plugins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from aftersale.base.errors import DocumentError, Problem
from aftersale.base.toml_lines import located
from aftersale.cases.workflow import Workflow
from aftersale.policies.worlds import WorldDefaults
from aftersale_simulator.scenario.model import Scenario
from aftersale_simulator.scenario.reactions import (
    Written,
    code_problems,
    mark_problems,
    name_problems,
    row_problems,
)
from aftersale_simulator.scenario.vocabulary import WORK_ORDERS, allowed_words, task_kinds, vocabulary
from aftersale_simulator.world.behaviour.in_force import behaviour

if TYPE_CHECKING:
    from aftersale.plugins.plugins import Plugins


def check_marketplaces(scenario: Scenario, plugins: Plugins, source: str, document: object = None) -> None:
    """Raise DocumentError for marketplaces that no plugin brings, and for those with tasks that nobody can do.

    `document` is what `source` holds, for the lines.
    """
    installed = sorted(plugins.marketplaces)
    for name in scenario.marketplace:
        if broken := plugins.quarantine.stopping(name, name in installed):
            raise broken
    problems = [
        Problem(
            source,
            f"marketplace.{name}",
            "no installed plugin brings this marketplace",
            f"{allowed_words(name, installed)}; or make one of your own: aftersale plugins new NAME",
        )
        for name in scenario.marketplace
        if name not in installed
    ]
    for name in scenario.marketplace:
        for kind, task in unanswered(name, plugins.worlds, plugins.workflow):
            what = f"buyers there open cases of kind '{kind}', and no plugin says what its task '{task}' becomes"
            hint = f"its plugin adds to world.toml: [[answer]] task = '{task}', fact = …"
            problems.append(Problem(source, f"marketplace.{name}", what, hint))
        if name in installed:
            problems += _language_problems(scenario, name, plugins, source)
    if problems:
        raise DocumentError(source, located(problems, document))


def check_reactions(plugins: Plugins) -> None:
    """Raise DocumentError for plugins' reactions and codes that name what does not exist, or say the same twice."""
    written = [
        Written(row, world.origin, f"reaction[{number}]")
        for world in plugins.worlds
        for number, row in enumerate(world.reaction)
    ]
    worlds = plugins.worlds
    if not written and not any(world.codes or world.mark for world in worlds):
        return
    words = vocabulary(plugins)
    of_rows = (*row_problems(written, words), *name_problems(written))
    problems = (*of_rows, *mark_problems(worlds, words), *code_problems(worlds, words))
    if problems:
        raise DocumentError(problems[0].where, problems)


def check_work_orders(plugins: Plugins) -> None:
    """Raise DocumentError for orders of work that plugins call as others are called."""
    seen: set[str] = set(WORK_ORDERS)
    problems = []
    for world in plugins.worlds:
        for number, order in enumerate(world.work_orders):
            if order.name in seen:
                what = f"there is a work order '{order.name}' already"
                problems.append(Problem(world.origin, f"work_orders[{number}]", what, "call it otherwise"))
            seen.add(str(order.name))
    if problems:
        raise DocumentError(problems[0].where, tuple(problems))


def _language_problems(scenario: Scenario, marketplace: str, plugins: Plugins, source: str) -> Iterator[Problem]:
    """Yield the tasks that no agent who speaks a marketplace's language does, where shifts name languages."""
    teams = [team for team in scenario.team.values() if not team.serves or marketplace in team.serves]
    shifts = [shift for team in teams for shift in team.shifts]
    if not any(shift.languages for shift in shifts):
        return
    language = plugins.marketplaces[marketplace].languages[0]
    speaking = [shift for shift in shifts if not shift.languages or language in map(str, shift.languages)]
    covered = {task for shift in speaking for task in shift.tasks or task_kinds(plugins.workflow)}
    missing = [task for task in task_kinds(plugins.workflow) if task not in covered]
    if missing and len(speaking) < len(shifts):
        what = f"nobody speaks '{language}' who does: {', '.join(missing)}"
        hint = "add it to the languages of a shift, or leave languages out"
        yield Problem(source, f"marketplace.{marketplace}", what, hint)


def unanswered(marketplace: str, defaults: Iterable[WorldDefaults], workflow: Workflow) -> list[tuple[str, str]]:
    """Return the (kind, task) pairs that contacts lead to on a marketplace, and for which no plugin names a fact."""
    happening = behaviour(marketplace, defaults)
    kinds = {workflow.opened_by(str(each.stated.row.fact)) for each in happening.on("since")}
    answered = {*happening.answers, *(str(each.stated.row.done) for each in happening.on("done"))}
    pairs = ((kind, task) for kind, _, task in workflow.tasks() if kind in kinds and task not in answered)
    return list(dict.fromkeys(pairs))
