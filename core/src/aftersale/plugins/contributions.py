"""Contributions: what plugins return when they are asked at the start, and whether it fits together."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

from aftersale.base.errors import DocumentError, PluginError, Problem
from aftersale.cases.workflow import CaseKind, Workflow, default_workflow, widened
from aftersale.hookspecs import ALLOW_LIST
from aftersale.plugins.admission import Candidate, suggestion
from aftersale.policies.marketplaces import Marketplace
from aftersale.policies.metric_kinds import MetricKind, default_metrics, metrics_of
from aftersale.policies.policy import Policy
from aftersale.policies.worlds import WorldDefaults, world_problems
from aftersale.reports.health.formats import HealthFormat, merge_health_formats
from aftersale.reports.orders.formats import OrderFormat, merge_formats
from aftersale.rules import Rule, RuleSet

CORE_COMMANDS = frozenset({"case", "costs", "health", "plugins", "replay", "rules", "tasks", "workflow"})
"""Commands of the program itself, whose names no plugin may take."""
MARKETPLACES, RULES, WORKFLOW, METRICS, WORLD, FORMATS, HEALTH, COMMANDS = (
    "aftersale_marketplaces",
    "aftersale_rules",
    "aftersale_workflow",
    "aftersale_metrics",
    "aftersale_world",
    "aftersale_order_formats",
    "aftersale_health_reports",
    "aftersale_commands",
)
KINDS: dict[str, type] = {
    MARKETPLACES: Marketplace,
    RULES: Rule,
    WORKFLOW: CaseKind,
    METRICS: MetricKind,
    WORLD: WorldDefaults,
    FORMATS: OrderFormat,
    HEALTH: HealthFormat,
    COMMANDS: click.Command,
}
"""The hooks that are asked at the start, and what each of them returns a list of."""


def contributed(found: Iterable[Candidate], hook: str) -> list[tuple[Candidate, Any]]:
    """Return what these plugins returned for a hook, each item with its plugin."""
    return [(candidate, item) for candidate in found for item in candidate.contributed.get(hook, ())]


def formats(found: Iterable[Candidate]) -> list[OrderFormat]:
    """Return the order formats, one for each name; raises PluginError where plugins disagree on one."""
    return merge_formats((str(candidate), form) for candidate, form in contributed(found, FORMATS))


def health_formats(found: Iterable[Candidate]) -> list[HealthFormat]:
    """Return the health formats, one for each name; raises PluginError where plugins disagree on one."""
    return merge_health_formats((str(candidate), form) for candidate, form in contributed(found, HEALTH))


def keep(candidate: Candidate, hook: str, where: str, answer: object) -> None:
    """Keep what a plugin returned for a hook; note what is not a list of the right things."""
    kind = KINDS[hook]
    if not isinstance(answer, list | tuple):
        hint = f"return a list of {kind.__name__}, or leave the hook out"
        candidate.refuse(where, f"returned {answer!r}", hint)
        return
    for index, item in enumerate(answer):
        if not isinstance(item, kind):
            hint = f"every item of the list is a {kind.__name__}"
            candidate.refuse(where, f"returned {item!r} at [{index}]", hint)
    candidate.contributed[hook] = [item for item in answer if isinstance(item, kind)]


def check_together(found: Sequence[Candidate]) -> None:
    """Note what is wrong only between plugins: clashes, orphaned rules, rules that overlap or leave holes."""
    _check_unique(found, MARKETPLACES, "marketplace", "owned by")
    _check_unique(found, COMMANDS, "command", "added by")
    _check_commands(found)
    _check_formats(found)
    _check_workflow(found)
    _check_metrics(found)
    if all(candidate.module is not None for candidate in found):
        # Else the owner of a marketplace may be the one that could not be imported.
        _check_orphans(found)
        _check_worlds(found)
    _check_rules(found)


def _check_unique(found: Sequence[Candidate], hook: str, noun: str, verb: str) -> None:
    claimed: defaultdict[str, list[Candidate]] = defaultdict(list)
    for candidate, item in contributed(found, hook):
        claimed[str(item.name)].append(candidate)
    _refuse_twice({f"{noun} '{name}'": by for name, by in claimed.items()}, verb)


def _refuse_twice(claimed: Mapping[str, Sequence[Candidate]], verb: str) -> None:
    for what, by in claimed.items():
        if len(by) > 1:
            who = " and ".join(map(str, by))
            hint = f"uninstall one of them, or leave one out of {ALLOW_LIST}"
            problem = Problem(what, "", f"is {verb} {who}", hint)
            for candidate in dict.fromkeys(by):
                candidate.problems.append(problem)


def _check_commands(found: Sequence[Candidate]) -> None:
    for candidate, command in contributed(found, COMMANDS):
        if command.name is None or command.name in CORE_COMMANDS:
            hint = f"give it a name of its own; taken are {', '.join(sorted(CORE_COMMANDS))}"
            candidate.refuse(COMMANDS, f"the command cannot be named {command.name!r}", hint)


def _check_formats(found: Sequence[Candidate]) -> None:
    for merged in (formats, health_formats):
        try:
            merged(found)
        except PluginError as error:
            for candidate in found:
                candidate.problems += [problem for problem in error.problems if problem.where == str(candidate)]


def workflow_of(found: Iterable[Candidate]) -> Workflow:
    """Return the shipped workflow with the kinds of case of these plugins; raises DocumentError where they clash."""
    return widened(tuple(kind for _, kind in contributed(found, WORKFLOW)))


def _check_workflow(found: Sequence[Candidate]) -> None:
    """Note kinds of case that do not fit into the workflow, each at the plugin that brings it."""
    try:
        workflow_of(found)
    except DocumentError as error:
        for problem in error.problems:
            for candidate, kind in contributed(found, WORKFLOW):
                if problem.path.partition(".")[0] == kind.name:
                    candidate.refuse(f"{WORKFLOW}: {problem.path}", problem.what, problem.hint)


def metric_kinds(found: Iterable[Candidate], workflow: Workflow) -> Mapping[str, MetricKind]:
    """Return the shipped metric kinds with those of these plugins; raises DocumentError where they do not fit."""
    return metrics_of((kind for _, kind in contributed(found, METRICS)), workflow)


def _workflow(found: Sequence[Candidate]) -> Workflow:
    """Return the workflow of these plugins, or the shipped one where theirs has problems, told at their own place."""
    try:
        return workflow_of(found)
    except DocumentError:
        return default_workflow()


def _metrics(found: Sequence[Candidate]) -> Mapping[str, MetricKind]:
    """Return the metric kinds of these plugins, those with problems too: these are told at their own place."""
    return {**default_metrics(), **{kind.name: kind for _, kind in contributed(found, METRICS)}}


def _check_metrics(found: Sequence[Candidate]) -> None:
    """Note metric kinds that clash, or that count what no case has, each at the plugin that brings it."""
    try:
        metric_kinds(found, _workflow(found))
    except DocumentError as error:
        for problem in error.problems:
            for candidate, kind in contributed(found, METRICS):
                if problem.path == kind.name:
                    candidate.refuse(f"{METRICS}: {problem.path}", problem.what, problem.hint)


def _check_worlds(found: Sequence[Candidate]) -> None:
    """Note what the plugins' worlds say of things that there are not, and numbers that two of them declare."""
    known = {marketplace.name for _, marketplace in contributed(found, MARKETPLACES)}
    workflow = _workflow(found)
    claimed: defaultdict[str, list[Candidate]] = defaultdict(list)
    for candidate, world in contributed(found, WORLD):
        for problem in world_problems(world, workflow, known):
            where = ": ".join(filter(None, (problem.where or WORLD, problem.path)))
            candidate.refuse(where, problem.what, problem.hint)
        for parameter in world.parameter:
            for place in parameter.marketplaces:
                claimed[f"parameter '{parameter.name}' of {place}"].append(candidate)
        for preset in world.preset:
            for place in preset.marketplaces:
                claimed[f"preset '{preset.name}' of {place}"].append(candidate)
        for answer in world.answer:
            claimed[f"answer to task '{answer.task}'"].append(candidate)
    _refuse_twice(claimed, "declared by")


def _check_orphans(found: Sequence[Candidate]) -> None:
    known = {marketplace.name for _, marketplace in contributed(found, MARKETPLACES)}
    for candidate in found:
        rules = candidate.contributed.get(RULES, ())
        orphans = Counter(rule.marketplace for rule in rules if rule.marketplace not in known)
        for name, count in orphans.items():
            what = f"states {count} rules for marketplace '{name}', which no plugin owns"
            candidate.refuse(RULES, what, suggestion(name, known, "the marketplaces are"))


def _check_rules(found: Sequence[Candidate]) -> None:
    """Note overlaps and holes in the dated rules, and expiries that do not fit the workflow."""
    try:
        rules = RuleSet(rule for _, rule in contributed(found, RULES))
    except DocumentError as error:
        _blame(found, error.problems)
        return
    workflow, metrics = _workflow(found), _metrics(found)
    for candidate, marketplace in contributed(found, MARKETPLACES):
        try:
            Policy(marketplace, rules, workflow=workflow, metrics=metrics)
        except DocumentError as error:
            _blame(found, error.problems, candidate)


def _blame(found: Sequence[Candidate], problems: Iterable[Problem], owner: Candidate | None = None) -> None:
    """Put problems of rules on the plugins whose documents they stand in, or else on the owner."""
    authors = {rule.origin: candidate for candidate, rule in contributed(found, RULES)}
    for problem in problems:
        candidate = authors.get(problem.where, owner)
        if candidate is not None:
            where = ": ".join(filter(None, (problem.where, problem.path)))
            candidate.refuse(where, problem.what, problem.hint)
