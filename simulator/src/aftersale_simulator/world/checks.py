"""Checks: what only the installed plugins tell to be wrong with a scenario's marketplaces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from aftersale.base.errors import DocumentError, Problem
from aftersale.cases.workflow import Workflow
from aftersale.policies.worlds import WorldDefaults
from aftersale_simulator.scenario.model import Scenario
from aftersale_simulator.scenario.vocabulary import allowed_words, task_kinds
from aftersale_simulator.world.world import DECISION, World

if TYPE_CHECKING:
    from aftersale.plugins.plugins import Plugins


def check_marketplaces(scenario: Scenario, plugins: Plugins, source: str) -> None:
    """Raise DocumentError for marketplaces that no plugin brings, and for those whose work nobody could do."""
    known = sorted(plugins.marketplaces)
    problems = [
        Problem(
            source,
            f"marketplace.{name}",
            "no installed plugin brings this marketplace",
            allowed_words(name, known),
        )
        for name in scenario.marketplace
        if name not in known
    ]
    for name in scenario.marketplace:
        for kind, task in unanswered(name, plugins.worlds, plugins.workflow):
            what = f"buyers there open cases of kind '{kind}', and no plugin says what its task '{task}' becomes"
            hint = f"its plugin adds to world.toml: [[answer]] task = '{task}', fact = …"
            problems.append(Problem(source, f"marketplace.{name}", what, hint))
        if name in known:
            problems += _unspoken(scenario, name, plugins, source)
    if problems:
        raise DocumentError(source, tuple(problems))


def _unspoken(scenario: Scenario, place: str, plugins: Plugins, source: str) -> Iterator[Problem]:
    """Yield the tasks that nobody does who speaks a marketplace's language, where shifts say what they speak."""
    teams = [team for team in scenario.team.values() if not team.serves or place in team.serves]
    shifts = [shift for team in teams for shift in team.shifts]
    if not any(shift.languages for shift in shifts):
        return
    language = plugins.marketplaces[place].languages[0]
    able = [shift for shift in shifts if not shift.languages or language in map(str, shift.languages)]
    done = {task for shift in able for task in shift.tasks or task_kinds(plugins.workflow)}
    left = [task for task in task_kinds(plugins.workflow) if task not in done]
    if left and len(able) < len(shifts):
        what = f"nobody speaks '{language}' who does: {', '.join(left)}"
        hint = "add it to the languages of a shift, or leave languages out"
        yield Problem(source, f"marketplace.{place}", what, hint)


def unanswered(place: str, plugged: Iterable[WorldDefaults], workflow: Workflow) -> list[tuple[str, str]]:
    """Return the (kind, task) pairs that contacts lead to on a marketplace, and that nobody says the end of."""
    world = World(None, place, plugged)
    kinds = {workflow.opened_by(contact.fact) for contact in world.contacts}
    ends = {*world.answers, DECISION}
    found = ((kind, task) for kind, _, task in workflow.tasks() if kind in kinds and task not in ends)
    return list(dict.fromkeys(found))
