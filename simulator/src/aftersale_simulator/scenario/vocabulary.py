"""Vocabulary: the names that a scenario may use, shipped with the simulator or brought by plugins."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING

from attrs import evolve, field, frozen

from aftersale.cases.workflow import Workflow, default_workflow
from aftersale.policies.metric_kinds import Unit, default_metrics
from aftersale.policies.reactions import Reaction
from aftersale.policies.worlds import Parameter
from aftersale.worth.parameters import LANDED, VAT, WAGE, Parameters, default_parameters
from aftersale_simulator.assumptions.parameters import load_parameters
from aftersale_simulator.assumptions.reactions import load_reactions

if TYPE_CHECKING:
    from aftersale.plugins.plugins import Plugins


WORK_ORDERS = ("deadline", "arrival", "risk")
"""The orders in which tasks may be taken, without any plugin."""


@frozen
class Vocabulary:
    """The names that a scenario may use.

    Parameters of the world by name, with all their declarations; kinds of task in the workflow's order; presets;
    versions of rules. `metrics` are those that plugins add, with what their values are, `costs` the numbers of costs.
    `reactions` are what happens of itself, by name, and `marks` what an order may have been through.
    """

    parameters: dict[str, tuple[Parameter, ...]]
    tasks: tuple[str, ...]
    presets: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    metrics: dict[str, Unit] = field(factory=dict)
    costs: Parameters = field(factory=default_parameters)
    reactions: dict[str, Reaction] = field(factory=dict)
    marks: tuple[str, ...] = ()
    work_orders: tuple[str, ...] = WORK_ORDERS
    workflow: Workflow = field(factory=default_workflow, eq=False, repr=False)

    def span(self, name: str) -> tuple[float, float]:
        """Return the lowest and the highest value that a parameter may have on any marketplace."""
        declared = self.parameters[name]
        return min(parameter.low for parameter in declared), max(parameter.high for parameter in declared)


@cache
def shipped() -> Vocabulary:
    """Return the vocabulary without any plugin."""
    return _vocabulary(load_parameters(), default_workflow())


def vocabulary(plugins: Plugins) -> Vocabulary:
    """Return the vocabulary with these plugins."""
    plugin_parameters = (parameter for world in plugins.worlds for parameter in world.parameter)
    presets = dict.fromkeys(str(preset.name) for world in plugins.worlds for preset in world.preset)
    metrics = {name: kind.unit for name, kind in plugins.metrics.items() if name not in default_metrics()}
    parameters, names = (*load_parameters(), *plugin_parameters), (tuple(presets), plugins.rules.versions)
    words = _vocabulary(parameters, plugins.workflow, *names, metrics)
    worlds = plugins.worlds
    return evolve(
        words,
        costs=default_parameters().with_estimates(plugins.costs.kinds),
        reactions={**words.reactions, **_named(row for world in worlds for row in world.reaction)},
        work_orders=(*WORK_ORDERS, *(str(each.name) for world in worlds for each in world.work_orders)),
        marks=(*words.marks, *(str(mark.name) for world in worlds for mark in world.mark)),
    )


def _vocabulary(
    parameters: tuple[Parameter, ...],
    workflow: Workflow,
    presets: tuple[str, ...] = (),
    versions: tuple[str, ...] = (),
    metrics: Mapping[str, Unit] | None = None,
) -> Vocabulary:
    by_name: defaultdict[str, tuple[Parameter, ...]] = defaultdict(tuple)
    for parameter in parameters:
        by_name[parameter.name] = (*by_name[parameter.name], parameter)
    reactions, marks = load_reactions().reaction, load_reactions().mark
    return Vocabulary(
        dict(by_name),
        task_kinds(workflow),
        presets,
        versions,
        dict(metrics or {}),
        reactions=_named(reactions),
        marks=tuple(str(mark.name) for mark in marks),
        workflow=workflow,
    )


def _named(rows: Iterable[Reaction]) -> dict[str, Reaction]:
    """Return the rows that others may override, by name."""
    return {row.called: row for row in rows if not row.overrides}


def task_kinds(workflow: Workflow) -> tuple[str, ...]:
    """Return the kinds of task that a workflow puts on the desk, in its own order."""
    return tuple(dict.fromkeys(task for _, _, task in workflow.tasks()))


def settable(numbers: Parameters) -> list[str]:
    """Return the names of costs that a scenario states under `[costs]`, and nowhere else."""
    elsewhere = {WAGE, LANDED, VAT}
    return sorted(name for name in numbers.by_name if name not in elsewhere and not name.startswith("minutes_"))


_MANY_WORDS = 20


def allowed_words(word: str, words: Iterable[str]) -> str:
    """Return a hint that names the allowed words, the nearest first when one is near."""
    allowed = list(words)
    matches = get_close_matches(word, allowed, n=1)
    guess = f"did you mean '{matches[0]}'? " if matches else ""
    if matches and len(allowed) > _MANY_WORDS:
        return guess.strip()
    return f"{guess}allowed: {', '.join(allowed)}" if allowed else "none are allowed here"
