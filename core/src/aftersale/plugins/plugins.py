"""Plugins: what the installed plugins contribute, and the only code that calls their hooks.

`load_plugins` refuses an installation with any mistake in it and reports all mistakes at once. The `Plugins` that it
returns have plain typed methods, route decisions to the plugin that owns the marketplace, and check answers.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from importlib import import_module
from reprlib import Repr
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, TypedDict

import pluggy

from aftersale import hookspecs
from aftersale.base.errors import HookHangs, UnknownMarketplace
from aftersale.base.watch import Watch
from aftersale.hookspecs import ALLOW_LIST, PROJECT
from aftersale.plugins.admission import Candidate, admit, installed, list_candidates, location
from aftersale.plugins.contributions import (
    COMMANDS,
    COSTS,
    DEADLINES,
    KINDS,
    MARKETPLACES,
    METRICS,
    RULES,
    WORKFLOW,
    WORLD,
    check_together,
    contributed,
    cost_kinds,
    deadline_functions,
    formats,
    health_formats,
    keep,
    metric_kinds,
    return_formats,
    workflow_of,
)
from aftersale.plugins.gaps import Gap, gaps
from aftersale.plugins.quarantine import Quarantine, refusal, separate
from aftersale.policies.decisions import DECIDING, Decider, Decisions
from aftersale.policies.observers import OBSERVING, Observers
from aftersale.policies.policy import Policy
from aftersale.rules import RuleSet, rule_names

if TYPE_CHECKING:
    import click

    from aftersale.cases.model import Case
    from aftersale.cases.workflow import Workflow
    from aftersale.policies.cost_kinds import CostKind, CostKinds
    from aftersale.policies.deadline_functions import DeadlineFunction
    from aftersale.policies.handbook import Handbook
    from aftersale.policies.marketplaces import Marketplace
    from aftersale.policies.metric_kinds import MetricKind
    from aftersale.policies.worlds import WorldDefaults
    from aftersale.reports.health.formats import HealthFormat
    from aftersale.reports.orders.formats import OrderFormat
    from aftersale.reports.service_logs.formats import ReturnFormat
    from aftersale.rules import Rule

_SHORT = Repr()
_SHORT.maxlist, _SHORT.maxother = 3, 200


class PluginRecord(TypedDict):
    """A plugin as JSON shows it; `problems` is empty for a plugin that works."""

    name: str
    distribution: str
    version: str
    marketplaces: list[str]
    hooks: list[str]
    problems: list[str]


def load_plugins(
    names: Collection[str] | None = None,
    extra: Mapping[str, ModuleType] | None = None,
    trace: bool = False,
    watch: Watch | None = None,
    set_aside: bool = False,
    fit: bool = False,
) -> Plugins:
    """Return the installed plugins, ready for use.

    `names` keeps only these of the installed plugins; None keeps all, an empty collection none. `extra` adds
    modules that are not installed, by name. `trace` writes every call of a hook to stderr. `watch` reports the calls
    that take too long. Raises PluginError with every problem of every plugin. With `set_aside`, broken plugins are left
    out instead, and whatever needs one of them raises PluginError later. `fit` says that these very plugins were found
    to fit together before: unless one of them has a problem by itself, that is not looked at again.
    """
    watch = watch if watch is not None else Watch()
    candidates, manager = _load(names, extra or {}, trace, watch, fit)
    sound, broken = separate(candidates) if set_aside else (candidates, [])
    if not set_aside and any(candidate.problems for candidate in candidates):
        causes = [cause for candidate in candidates for cause in candidate.causes]
        healthy = [candidate.name for candidate in candidates if not candidate.problems]
        raise refusal(candidates, healthy) from _join(causes)
    modules = {name: module.__name__ for name, module in (extra or {}).items()}
    quarantine = Quarantine(tuple(broken), tuple(candidate.name for candidate in sound))
    return Plugins(sound, manager, (names, modules, trace, set_aside), watch, quarantine)


def survey(names: Collection[str] | None = None, extra: Mapping[str, ModuleType] | None = None) -> list[PluginRecord]:
    """Return a record of every plugin that `load_plugins` would load; broken plugins have their problems."""
    return [_record(candidate) for candidate in _load(names, extra or {}, False, Watch())[0]]


def _join(causes: Sequence[BaseException]) -> BaseException | None:
    if len(causes) > 1:
        return BaseExceptionGroup("what the plugins raised", causes)
    return causes[0] if causes else None


class Plugins:
    """The plugins of an installation, behind typed methods.

    `marketplaces` by name, `rules` of all marketplaces, `workflow` with the kinds of case that plugins add, `metrics`
    by name, `costs` with the lines that plugins add, `functions` for deadlines, `worlds` for simulations,
    `order_formats` and `return_formats` with one entry per name. `watch` keeps the plugins' failures on
    cases, `quarantine` the plugins that are set aside. Pickles by loading the same plugins again.
    """

    def __init__(
        self,
        candidates: Sequence[Candidate],
        manager: pluggy.PluginManager,
        recipe: tuple[Collection[str] | None, dict[str, str], bool, bool] = (None, {}, False, False),
        watch: Watch | None = None,
        quarantine: Quarantine | None = None,
    ) -> None:
        """Gather the contributions of candidates without problems, which `load_plugins` passes."""
        owned = contributed(candidates, MARKETPLACES)
        self._manager, self._recipe = manager, recipe
        self._candidates = {candidate.name: candidate for candidate in candidates}
        self._owners = {marketplace.name: candidate.name for candidate, marketplace in owned}
        self._commands = {str(command.name): command for _, command in contributed(candidates, COMMANDS)}
        self.marketplaces: dict[str, Marketplace] = {marketplace.name: marketplace for _, marketplace in owned}
        self.rules = RuleSet(rule for _, rule in contributed(candidates, RULES))
        self.functions = deadline_functions(candidates)
        self.workflow: Workflow = workflow_of(candidates)
        self.metrics: Mapping[str, MetricKind] = metric_kinds(candidates, self.workflow)
        self.costs: CostKinds = cost_kinds(candidates, self.workflow)
        self.worlds: list[WorldDefaults] = [world for _, world in contributed(candidates, WORLD)]
        self.order_formats: list[OrderFormat] = formats(candidates)
        self.return_formats: list[ReturnFormat] = return_formats(candidates)
        self._health_formats = health_formats(candidates)
        self.watch = watch if watch is not None else Watch()
        self.quarantine = quarantine if quarantine is not None else Quarantine()

    def __reduce__(self) -> tuple[Callable[..., Plugins], tuple[object, ...]]:
        """Return how another process loads the same plugins."""
        return _reload, (*self._recipe, self.watch, not self.quarantine.broken)

    def owner(self, marketplace: str) -> str:
        """Return the name of the plugin that owns a marketplace; raises UnknownMarketplace."""
        self._marketplace(marketplace)
        return self._owners[marketplace]

    def commands(self) -> dict[str, click.Command]:
        """Return the commands that plugins add to the program, by name."""
        return dict(self._commands)

    def health_reports(self) -> list[HealthFormat]:
        """Return the formats of the marketplaces' own account health reports, one per name."""
        return list(self._health_formats)

    def policy(
        self,
        marketplace: str,
        handbook: Handbook | None = None,
        watch: Watch | None = None,
        rules: RuleSet | None = None,
    ) -> Policy:
        """Return the policy of one marketplace, with the decisions of its owner and of the house plugins.

        `watch` keeps the plugins' failures; without it the watch of these plugins does. `rules` replace those that the
        plugins state, to see what a change of rules would do.
        Raises UnknownMarketplace, and DocumentError when rules or handbook do not fit the workflow.
        """
        place = self._marketplace(marketplace)
        deciders = {hook: self._deciders(hook, self._owners[marketplace]) for hook in DECIDING}
        watch = watch if watch is not None else self.watch
        decisions, functions = Decisions(deciders, watch), self.functions.watched(watch)
        rules = self.rules if rules is None else rules
        return Policy(place, rules, handbook, self.workflow, decisions, self.metrics, self.costs, functions)

    def policies(
        self,
        names: Iterable[str] | None = None,
        handbook: Handbook | None = None,
        watch: Watch | None = None,
        rules: RuleSet | None = None,
    ) -> dict[str, Policy]:
        """Return the policies of these marketplaces, or of all that no broken plugin stops; raises like `policy`."""
        if names is None:
            names = [name for name in self.marketplaces if self.quarantine.stopping(name, True) is None]
            if self.marketplaces and not names and (error := self.quarantine.refusal()):
                raise error
        return {name: self.policy(name, handbook, watch, rules) for name in names}

    def stated(self, name: str) -> tuple[Rule, ...]:
        """Return the rules that a plugin states, of all dates; raises KeyError for a plugin that is not loaded."""
        return tuple(rule for _, rule in contributed([self._candidates[name]], RULES))

    def kinds(self, name: str) -> list[str]:
        """Return the names of a plugin's kinds of case; raises KeyError for a plugin that is not loaded."""
        return [kind.name for _, kind in contributed([self._candidates[name]], WORKFLOW)]

    def implementations(self, name: str) -> dict[str, FunctionType]:
        """Return a plugin's functions by hook; raises KeyError for a plugin that is not loaded."""
        return dict(self._candidates[name].implementations)

    def worlds_of(self, name: str) -> list[WorldDefaults]:
        """Return what a plugin declares of the simulated world; raises KeyError for a plugin that is not loaded."""
        return [world for _, world in contributed([self._candidates[name]], WORLD)]

    def metrics_of(self, name: str) -> list[str]:
        """Return the names of the metrics that a plugin adds; raises KeyError for a plugin that is not loaded."""
        return [kind.name for _, kind in contributed([self._candidates[name]], METRICS)]

    def functions_of(self, name: str) -> list[DeadlineFunction]:
        """Return the deadline functions that a plugin adds; raises KeyError for a plugin that is not loaded."""
        return [function for _, function in contributed([self._candidates[name]], DEADLINES)]

    def costs_of(self, name: str) -> list[CostKind]:
        """Return the lines of costs that a plugin adds; raises KeyError for a plugin that is not loaded."""
        return [kind for _, kind in contributed([self._candidates[name]], COSTS)]

    def gaps_of(self, name: str) -> list[Gap]:
        """Return what a plugin's own kinds and metrics miss on its marketplaces, or on those that it states rules for.

        Raises KeyError for a plugin that is not loaded.
        """
        owned = [place for place, owner in self._owners.items() if owner == name]
        stated = sorted({rule.marketplace for rule in self.stated(name)})
        places = owned or stated or list(self.marketplaces)
        return list(gaps([self.policy(place) for place in places], self.kinds(name), self.metrics_of(name)))

    def parameters_of(self, name: str) -> list[str]:
        """Return the names of a plugin's world parameters; raises KeyError for a plugin that is not loaded."""
        worlds = self.worlds_of(name)
        return list(dict.fromkeys(parameter.name for world in worlds for parameter in world.parameter))

    def meaning(self, name: str) -> str:
        """Return the meaning of a rule or metric of that name, in English; empty where no one states it."""
        metric, rule = self.metrics.get(name), rule_names().get(name)
        return metric.en if metric else rule.en if rule else ""

    def about(self) -> list[PluginRecord]:
        """Return a record of each plugin, sorted by name."""
        return [_record(candidate) for candidate in self._candidates.values()]

    def _marketplace(self, name: str) -> Marketplace:
        place = self.marketplaces.get(name)
        if self.quarantine.broken and (broken := self.quarantine.stopping(name, place is not None)):
            raise broken
        if place is None:
            error = UnknownMarketplace(name, tuple(sorted(self.marketplaces)))
            if left_out := sorted(installed() - set(self._candidates)):
                error.add_note(f"installed but left out by {ALLOW_LIST}: {', '.join(left_out)}")
            raise error
        return place

    def _deciders(self, hook: str, owner: str) -> list[Decider]:
        """Return the plugins that decide: the owner, then by name the house plugins, which own no marketplace."""
        owners = set(self._owners.values())
        names = [owner, *sorted(name for name in self._candidates if name not in owners)]
        candidates = (self._candidates[name] for name in names)
        return [
            Decider(candidate.name, str(candidate), candidate.name == owner, _caller(self._manager, candidate, hook))
            for candidate in candidates
            if hook in candidate.implementations
        ]

    def observers(self, watch: Watch | None = None) -> Observers | None:
        """Return the observers of cases; None when no plugin observes.

        An observer that raises or answers fails that case alone. `watch` then keeps hook, plugin and case; without it
        the watch of these plugins does.
        """
        watch = watch if watch is not None else self.watch
        observers = {hook.removeprefix(f"{PROJECT}_"): self._observer(hook, watch) for hook in OBSERVING}
        return Observers(**observers) if any(observers.values()) else None

    def _observer(self, hook: str, watch: Watch) -> Callable[[Case, Any], None] | None:
        candidates = [candidate for candidate in self._candidates.values() if hook in candidate.implementations]
        callers = [(str(candidate), _caller(self._manager, candidate, hook)) for candidate in candidates]
        if not callers:
            return None
        argument = OBSERVING[hook]

        def notify(case: Case, value: Any) -> None:
            for plugin, caller in callers:
                try:
                    answers = watch.call(hook, plugin, f"case {case.id}", caller, {"case": case, argument: value})
                except HookHangs:
                    raise
                except (Exception, SystemExit) as error:
                    watch.raised(hook, plugin, case.id, error)
                else:
                    if answers:
                        watch.failed(hook, plugin, case.id, f"answered {_shown(answers[0])} (return nothing)")

        return notify


def _shown(answer: object) -> str:
    """Return an answer in a word: what differs from case to case is one mistake all the same."""
    return repr(answer) if isinstance(answer, str | int | float) else f"a {type(answer).__name__}"


def _reload(
    names: Collection[str] | None, extra: dict[str, str], trace: bool, set_aside: bool, watch: Watch, fit: bool
) -> Plugins:
    modules = {name: import_module(module) for name, module in extra.items()}
    return load_plugins(names, modules, trace, watch, set_aside, fit)


def _record(candidate: Candidate) -> PluginRecord:
    return PluginRecord(
        name=candidate.name,
        distribution=candidate.distribution,
        version=candidate.version,
        marketplaces=[marketplace.name for _, marketplace in contributed([candidate], MARKETPLACES)],
        hooks=sorted(candidate.implementations),
        problems=[str(problem) for problem in candidate.problems],
    )


def _load(
    names: Collection[str] | None, extra: Mapping[str, ModuleType], trace: bool, watch: Watch, fit: bool = False
) -> tuple[list[Candidate], pluggy.PluginManager]:
    """Register every plugin that can be, collect contributions, and note all problems on the candidates."""
    candidates = list_candidates(names, extra)
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    for candidate in candidates:
        admit(candidate, watch)
        _register(manager, candidate)
    if trace:
        manager.add_hookcall_monitoring(_before_call, _after_call)
    for candidate in candidates:
        if candidate.module is not None and manager.has_plugin(candidate.name):
            _contribute(manager, candidate, watch)
    if not fit or any(candidate.problems for candidate in candidates):
        check_together(candidates)
    return candidates, manager


def _register(manager: pluggy.PluginManager, candidate: Candidate) -> None:
    """Register a candidate that has no problems; an error of pluggy becomes its problem."""
    if candidate.problems:
        return
    try:
        manager.register(candidate.module, name=candidate.name)
    except (ValueError, pluggy.PluginValidationError) as error:
        what = f"cannot be registered: {' '.join(str(error).split())}"
        candidate.refuse(candidate.origin, what, "name each module in one entry point only")


def _caller(manager: pluggy.PluginManager, candidate: Candidate, hook: str) -> pluggy.HookCaller:
    """Return a caller of the hook that reaches this one plugin."""
    other_modules = [module for module in manager.get_plugins() if module is not candidate.module]
    return manager.subset_hook_caller(hook, remove_plugins=other_modules)


def _contribute(manager: pluggy.PluginManager, candidate: Candidate, watch: Watch) -> None:
    for hook in KINDS:
        if hook in candidate.implementations:
            where = location(candidate.implementations[hook], hook)
            try:
                answers = watch.call(hook, str(candidate), "", _caller(manager, candidate, hook), {})
            except (Exception, SystemExit) as error:  # a problem of the plugin, reported with all others
                candidate.failed(where, "failed", error)
            else:
                keep(candidate, hook, where, answers[0] if answers else None)


def _before_call(hook: str, implementations: Sequence[pluggy.HookImpl], arguments: Mapping[str, Any]) -> None:
    names = ", ".join(implementation.plugin_name for implementation in implementations) or "nobody"
    values = ", ".join(f"{name}={_SHORT.repr(value)}" for name, value in arguments.items())
    sys.stderr.write(f"{hook}({values}) asks {names}\n")


def _after_call(
    outcome: pluggy.Result[Any],
    hook: str,
    implementations: Sequence[pluggy.HookImpl],
    arguments: Mapping[str, Any],
) -> None:
    error = outcome.exception
    answer = f"raised {error!r}" if error else f"answered {_SHORT.repr(outcome.get_result())}"
    sys.stderr.write(f"{hook} {answer}\n")
