"""Contributions: what plugins return at the start, and whether it fits together."""

from __future__ import annotations

import inspect
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from reprlib import Repr
from types import FunctionType
from typing import Any

import click

from aftersale.base.errors import DocumentError, PluginError, Problem
from aftersale.cases.workflow import CaseKind, Workflow, extended_workflow
from aftersale.hookspecs import ALLOW_LIST
from aftersale.plugins.admission import Candidate, location, suggestion
from aftersale.policies.cost_kinds import CostKind, CostKinds, cost_kinds_of
from aftersale.policies.deadline_functions import DeadlineFunction, DeadlineFunctions
from aftersale.policies.marketplaces import Marketplace
from aftersale.policies.metric_kinds import MetricKind, metrics_of
from aftersale.policies.policy import Policy
from aftersale.policies.worlds import WorldDefaults, world_problems
from aftersale.reports.health.formats import HealthFormat, merge_health_formats
from aftersale.reports.orders.formats import OrderFormat, merge_formats, own_formats
from aftersale.reports.service_logs.formats import ReturnFormat, merge_return_formats
from aftersale.rules import Rule, RuleSet

_SHORT = Repr()
_SHORT.maxother = 60
CORE_COMMANDS = frozenset({"case", "costs", "fees", "health", "plugins", "replay", "rules", "tasks", "workflow"})
"""Commands of the program itself, whose names no plugin may take."""
MARKETPLACES, RULES, DEADLINES, WORKFLOW, METRICS, COSTS, WORLD, FORMATS, RETURNS, HEALTH, COMMANDS = (
    "aftersale_marketplaces",
    "aftersale_rules",
    "aftersale_deadlines",
    "aftersale_workflow",
    "aftersale_metrics",
    "aftersale_costs",
    "aftersale_world",
    "aftersale_order_formats",
    "aftersale_return_reports",
    "aftersale_health_reports",
    "aftersale_commands",
)
KINDS: dict[str, type] = {
    MARKETPLACES: Marketplace,
    RULES: Rule,
    DEADLINES: DeadlineFunction,
    WORKFLOW: CaseKind,
    METRICS: MetricKind,
    COSTS: CostKind,
    WORLD: WorldDefaults,
    FORMATS: OrderFormat,
    RETURNS: ReturnFormat,
    HEALTH: HealthFormat,
    COMMANDS: click.Command,
}
"""The hooks that are called at the start, each with the class of the items that it returns."""


def contributed(candidates: Iterable[Candidate], hook: str) -> list[tuple[Candidate, Any]]:
    """Return the items that these plugins returned for a hook, each with its plugin."""
    return [(candidate, item) for candidate in candidates for item in candidate.contributed.get(hook, ())]


def formats(candidates: Iterable[Candidate]) -> list[OrderFormat]:
    """Return the program's own order formats and the plugins', one for each name.

    Raises PluginError where two disagree on one.
    """
    plugins_formats = ((str(candidate), form) for candidate, form in contributed(candidates, FORMATS))
    return merge_formats(chain((("aftersale", form) for form in own_formats()), plugins_formats))


def return_formats(candidates: Iterable[Candidate]) -> list[ReturnFormat]:
    """Return the formats of reports of returns, one for each name; raises PluginError where plugins disagree on one."""
    return merge_return_formats((str(candidate), form) for candidate, form in contributed(candidates, RETURNS))


def health_formats(candidates: Iterable[Candidate]) -> list[HealthFormat]:
    """Return the health formats, one for each name; raises PluginError where plugins disagree on one."""
    return merge_health_formats((str(candidate), form) for candidate, form in contributed(candidates, HEALTH))


def keep(candidate: Candidate, hook: str, where: str, answer: object) -> None:
    """Keep what a plugin returned for a hook; note a problem where it is not a list of the right class."""
    kind = KINDS[hook]
    if not isinstance(answer, list | tuple):
        hint = f"return a list of {kind.__name__}, or leave the hook out"
        candidate.refuse(where, f"returned {_SHORT.repr(answer)}", hint)
        return
    for index, item in enumerate(answer):
        if not isinstance(item, kind):
            hint = f"every item of the list is a {kind.__name__}"
            candidate.refuse(where, f"returned {_SHORT.repr(item)} at [{index}]", hint)
    candidate.contributed[hook] = [item for item in answer if isinstance(item, kind)]


def check_together(candidates: Sequence[Candidate]) -> None:
    """Note problems between plugins: clashes, orphaned rules, rules that overlap or leave holes.

    What depends on contributions that are missing because of another mistake is not looked at: that mistake is told,
    and what follows from it would only hide it.
    """
    _check_unique(candidates, MARKETPLACES, "marketplace", "owned by")
    _check_unique(candidates, COMMANDS, "command", "added by")
    _check_commands(candidates)
    _check_unique(candidates, DEADLINES, "deadline function", "added by")
    _check_functions(candidates)
    _check_formats(candidates)
    workflow = _check_workflow(candidates) if _whole(candidates, WORKFLOW) else None
    metrics = _check_metrics(candidates, workflow) if workflow and _whole(candidates, METRICS) else None
    if workflow and _whole(candidates, COSTS):
        _check_costs(candidates, workflow)
    if _whole(candidates, MARKETPLACES):
        _check_orphans(candidates)
        if workflow:
            _check_worlds(candidates, workflow)
    _check_rules(candidates, workflow, metrics)


def _whole(candidates: Iterable[Candidate], hook: str) -> bool:
    """Whether every plugin that may have contributed by this hook has."""
    return all(
        candidate.module is not None and (hook not in candidate.implementations or hook in candidate.contributed)
        for candidate in candidates
    )


def _check_unique(candidates: Sequence[Candidate], hook: str, noun: str, verb: str) -> None:
    claimed: defaultdict[str, list[Candidate]] = defaultdict(list)
    for candidate, item in contributed(candidates, hook):
        claimed[str(item.name)].append(candidate)
    _refuse_twice({f"{noun} '{name}'": claimants for name, claimants in claimed.items()}, verb)


def _refuse_twice(claimed: Mapping[str, Sequence[Candidate]], verb: str) -> None:
    for what, claimants in claimed.items():
        if len(claimants) > 1:
            who = " and ".join(map(str, claimants))
            hint = f"uninstall one of them, or leave one out of {ALLOW_LIST}"
            problem = Problem(what, "", f"is {verb} {who}", hint)
            for candidate in dict.fromkeys(claimants):
                candidate.problems.append(problem)


def _check_commands(candidates: Sequence[Candidate]) -> None:
    for candidate, command in contributed(candidates, COMMANDS):
        if command.name is None or command.name in CORE_COMMANDS:
            hint = f"give it a name of its own; taken are {', '.join(sorted(CORE_COMMANDS))}"
            candidate.refuse(COMMANDS, f"the command cannot be named {command.name!r}", hint)


def deadline_functions(candidates: Iterable[Candidate]) -> DeadlineFunctions:
    """Return the deadline functions of these plugins."""
    return DeadlineFunctions((str(candidate), function) for candidate, function in contributed(candidates, DEADLINES))


def _check_functions(candidates: Sequence[Candidate]) -> None:
    for candidate, item in contributed(candidates, DEADLINES):
        plain = isinstance(inspect.unwrap(item.function), FunctionType)
        where = location(item.function, item.name) if plain else f"{DEADLINES}: {item.name}"
        for what, hint in item.problems():
            candidate.refuse(where, what, hint)


def _check_formats(candidates: Sequence[Candidate]) -> None:
    for merge in (formats, return_formats, health_formats):
        try:
            merge(candidates)
        except PluginError as error:
            for candidate in candidates:
                candidate.problems += [problem for problem in error.problems if problem.where == str(candidate)]


def workflow_of(candidates: Iterable[Candidate]) -> Workflow:
    """Return the shipped workflow with the kinds of case of these plugins; raises DocumentError where they clash."""
    return extended_workflow(tuple(kind for _, kind in contributed(candidates, WORKFLOW)))


def _check_workflow(candidates: Sequence[Candidate]) -> Workflow | None:
    """Note kinds of case that do not fit into the workflow, each at the plugin that adds it; return it where all do."""
    try:
        return workflow_of(candidates)
    except DocumentError as error:
        for problem in error.problems:
            for candidate, kind in contributed(candidates, WORKFLOW):
                if problem.path.partition(".")[0] == kind.name:
                    candidate.refuse(_where(WORKFLOW, problem), problem.what, problem.hint)
        return None


def _where(contribution: str, problem: Problem) -> str:
    """Return where a problem is: in a line of a file, or else in what was contributed."""
    return f"{problem.place if problem.line else contribution}: {problem.path}"


def metric_kinds(candidates: Iterable[Candidate], workflow: Workflow) -> Mapping[str, MetricKind]:
    """Return the shipped metric kinds with those of these plugins; raises DocumentError where they do not fit."""
    return metrics_of((kind for _, kind in contributed(candidates, METRICS)), workflow)


def _check_metrics(candidates: Sequence[Candidate], workflow: Workflow) -> Mapping[str, MetricKind] | None:
    """Note metric kinds that clash, or count what no case has, at their plugins; return all where there are none."""
    try:
        return metric_kinds(candidates, workflow)
    except DocumentError as error:
        for problem in error.problems:
            for candidate, kind in contributed(candidates, METRICS):
                if problem.path == kind.name:
                    candidate.refuse(_where(METRICS, problem), problem.what, problem.hint)
        return None


def cost_kinds(candidates: Iterable[Candidate], workflow: Workflow) -> CostKinds:
    """Return the lines of costs that these plugins add; raises DocumentError where they do not fit."""
    return cost_kinds_of((kind for _, kind in contributed(candidates, COSTS)), workflow)


def _check_costs(candidates: Sequence[Candidate], workflow: Workflow) -> None:
    """Note lines of costs that clash, or that book what no case meets or what is booked already, at their plugins."""
    try:
        cost_kinds(candidates, workflow)
    except DocumentError as error:
        for problem in error.problems:
            for candidate, kind in contributed(candidates, COSTS):
                if (problem.path, problem.where, problem.line) == (kind.name, kind.place.source, kind.place.line):
                    candidate.refuse(_where(COSTS, problem), problem.what, problem.hint)


def _check_worlds(candidates: Sequence[Candidate], workflow: Workflow) -> None:
    """Note worlds that name what does not exist, and parameters, presets and answers that two plugins declare."""
    names = {marketplace.name for _, marketplace in contributed(candidates, MARKETPLACES)}
    claimed: defaultdict[str, list[Candidate]] = defaultdict(list)
    for candidate, world in contributed(candidates, WORLD):
        for problem in world_problems(world, workflow, names):
            candidate.refuse(": ".join((problem.place or WORLD, problem.path)), problem.what, problem.hint)
        for parameter in world.parameter:
            for marketplace in parameter.marketplaces:
                claimed[f"parameter '{parameter.name}' of {marketplace}"].append(candidate)
        for preset in world.preset:
            for marketplace in preset.marketplaces:
                claimed[f"preset '{preset.name}' of {marketplace}"].append(candidate)
        for answer in world.answer:
            claimed[f"answer to task '{answer.task}'"].append(candidate)
    _refuse_twice(claimed, "declared by")


def _check_orphans(candidates: Sequence[Candidate]) -> None:
    names = {marketplace.name for _, marketplace in contributed(candidates, MARKETPLACES)}
    for candidate in candidates:
        rules = candidate.contributed.get(RULES, ())
        orphans = Counter(rule.marketplace for rule in rules if rule.marketplace not in names)
        for marketplace, count in orphans.items():
            what = f"states {count} rules for marketplace '{marketplace}', which no plugin owns"
            first = next(rule for rule in rules if rule.marketplace == marketplace)
            where = f"{first.origin}:{first.place.line}: {first.name}" if first.place.line else RULES
            candidate.refuse(where, what, suggestion(marketplace, names, "the marketplaces are"))


def _check_rules(
    candidates: Sequence[Candidate], workflow: Workflow | None, metrics: Mapping[str, MetricKind] | None
) -> None:
    """Note overlaps and holes in the dated rules; where workflow and metrics are known, what does not fit these."""
    try:
        rules = RuleSet(rule for _, rule in contributed(candidates, RULES))
    except DocumentError as error:
        _blame(candidates, error.problems)
        return
    if workflow is None or metrics is None or not _whole(candidates, DEADLINES):
        return
    if any(True for _, function in contributed(candidates, DEADLINES) for _ in function.problems()):
        return
    functions = deadline_functions(candidates)
    for candidate, marketplace in contributed(candidates, MARKETPLACES):
        try:
            Policy(marketplace, rules, workflow=workflow, metrics=metrics, functions=functions)
        except DocumentError as error:
            _blame(candidates, error.problems, candidate)


def _blame(candidates: Sequence[Candidate], problems: Iterable[Problem], owner: Candidate | None = None) -> None:
    """Note problems of rules at the plugin whose document has them, or else at the owner."""
    authors = {rule.origin: candidate for candidate, rule in contributed(candidates, RULES)}
    for problem in problems:
        candidate = authors.get(problem.where, owner)
        if candidate is not None:
            where = ": ".join(filter(None, (problem.place, problem.path)))
            candidate.refuse(where, problem.what, problem.hint)
