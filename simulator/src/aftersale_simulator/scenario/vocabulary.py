"""The vocabulary: what a scenario may name that is not its own, shipped with the simulator or brought by plugins."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING

from attrs import frozen

from aftersale.cases.workflow import Workflow, default_workflow
from aftersale.policies.worlds import Parameter
from aftersale_simulator.scenario.parameters import load_parameters

if TYPE_CHECKING:
    from aftersale.plugins.plugins import Plugins


@frozen
class Vocabulary:
    """Parameters of the world by name, each as often as declared; kinds of task in the workflow's order; presets."""

    parameters: dict[str, tuple[Parameter, ...]]
    tasks: tuple[str, ...]
    presets: tuple[str, ...] = ()

    def span(self, name: str) -> tuple[float, float]:
        """Return between what a parameter may lie on one marketplace or another."""
        declared = self.parameters[name]
        return min(one.low for one in declared), max(one.high for one in declared)


@cache
def shipped() -> Vocabulary:
    """Return what can be named without any plugin."""
    return _vocabulary(load_parameters(), default_workflow())


def vocabulary(plugins: Plugins) -> Vocabulary:
    """Return what can be named with these plugins."""
    own = (parameter for world in plugins.worlds for parameter in world.parameter)
    presets = dict.fromkeys(str(preset.name) for world in plugins.worlds for preset in world.preset)
    return _vocabulary((*load_parameters(), *own), plugins.workflow, tuple(presets))


def _vocabulary(parameters: tuple[Parameter, ...], workflow: Workflow, presets: tuple[str, ...] = ()) -> Vocabulary:
    named: defaultdict[str, tuple[Parameter, ...]] = defaultdict(tuple)
    for parameter in parameters:
        named[parameter.name] = (*named[parameter.name], parameter)
    return Vocabulary(dict(named), task_kinds(workflow), presets)


def task_kinds(workflow: Workflow) -> tuple[str, ...]:
    """Return the kinds of task that a workflow puts on the desk, in its own order."""
    return tuple(dict.fromkeys(task for _, _, task in workflow.tasks()))


_MANY_WORDS = 20


def allowed_words(word: str, words: Iterable[str]) -> str:
    """Return a hint that names the allowed words, the nearest first when one is near."""
    known = list(words)
    near = get_close_matches(word, known, n=1)
    guess = f"did you mean '{near[0]}'? " if near else ""
    if near and len(known) > _MANY_WORDS:
        return guess.strip()
    return f"{guess}allowed: {', '.join(known)}" if known else "none are allowed here"
