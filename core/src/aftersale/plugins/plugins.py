"""Plugins: what the installed plugins contribute, and the one door through which they are asked.

Nobody else calls a hook. `load_plugins` refuses an installation with any mistake in it and tells all of them
at once; what it returns has plain typed methods, routes decisions to the plugin that owns the marketplace,
and checks answers.
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
from aftersale.base.errors import PluginError, UnknownMarketplace
from aftersale.base.watch import Watch, explained
from aftersale.hookspecs import ALLOW_LIST, PROJECT
from aftersale.plugins.admission import Candidate, admit, candidates, installed, location
from aftersale.plugins.contributions import (
    COMMANDS,
    KINDS,
    MARKETPLACES,
    METRICS,
    RULES,
    WORKFLOW,
    WORLD,
    check_together,
    contributed,
    formats,
    health_formats,
    keep,
    metric_kinds,
    workflow_of,
)
from aftersale.policies.decisions import DECIDING, Asked, Decisions
from aftersale.policies.observers import OBSERVING, Observers
from aftersale.policies.policy import Policy
from aftersale.rules import RuleSet, rule_names

if TYPE_CHECKING:
    import click

    from aftersale.cases.model import Case
    from aftersale.cases.workflow import Workflow
    from aftersale.policies.handbook import Handbook
    from aftersale.policies.marketplaces import Marketplace
    from aftersale.policies.metric_kinds import MetricKind
    from aftersale.policies.worlds import WorldDefaults
    from aftersale.reports.health.formats import HealthFormat
    from aftersale.reports.orders.formats import OrderFormat
    from aftersale.rules import Rule

_SHORT = Repr()
_SHORT.maxlist, _SHORT.maxother = 3, 200


class PluginRecord(TypedDict):
    """A plugin as JSON shows it; `problems` is empty for one that works."""

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
) -> Plugins:
    """Return the installed plugins, ready to be asked.

    `names` keeps only these of the installed ones; None keeps all, an empty collection none. `extra` adds
    modules that are not installed, by name. `trace` writes every call of a hook to stderr; `watch` tells which take too
    long. Raises PluginError with every problem of every plugin.
    """
    kept = watch if watch is not None else Watch()
    found, manager = _loaded(names, extra or {}, trace, kept)
    problems = dict.fromkeys(problem for candidate in found for problem in candidate.problems)
    if problems:
        causes = [cause for candidate in found for cause in candidate.causes]
        raise PluginError(tuple(problems)) from _joined(causes)
    modules = {name: module.__name__ for name, module in (extra or {}).items()}
    return Plugins(found, manager, (names, modules, trace), kept)


def survey(names: Collection[str] | None = None, extra: Mapping[str, ModuleType] | None = None) -> list[PluginRecord]:
    """Return a record of every plugin that `load_plugins` would load; broken ones have their problems."""
    return [_record(candidate) for candidate in _loaded(names, extra or {}, False, Watch())[0]]


def _joined(causes: Sequence[BaseException]) -> BaseException | None:
    if len(causes) > 1:
        return BaseExceptionGroup("what the plugins raised", causes)
    return causes[0] if causes else None


class Plugins:
    """The plugins of an installation, asked through typed methods.

    `marketplaces` by name, `rules` of all of them, `workflow` with the kinds of case that plugins add, `metrics` by
    name, `worlds` for simulations, `order_formats` with one entry per name. `watch` keeps what went wrong with plugins
    while cases went by. Pickles by loading the same plugins again.
    """

    def __init__(
        self,
        found: Sequence[Candidate],
        manager: pluggy.PluginManager,
        recipe: tuple[Collection[str] | None, dict[str, str], bool] = (None, {}, False),
        watch: Watch | None = None,
    ) -> None:
        """Gather what flawless candidates contributed; `load_plugins` makes them."""
        owned = contributed(found, MARKETPLACES)
        self._manager, self._recipe = manager, recipe
        self._candidates = {candidate.name: candidate for candidate in found}
        self._owners = {marketplace.name: candidate.name for candidate, marketplace in owned}
        self._commands = {str(command.name): command for _, command in contributed(found, COMMANDS)}
        self.marketplaces: dict[str, Marketplace] = {place.name: place for _, place in owned}
        self.rules = RuleSet(rule for _, rule in contributed(found, RULES))
        self.workflow: Workflow = workflow_of(found)
        self.metrics: Mapping[str, MetricKind] = metric_kinds(found, self.workflow)
        self.worlds: list[WorldDefaults] = [world for _, world in contributed(found, WORLD)]
        self.order_formats: list[OrderFormat] = formats(found)
        self._health_formats = health_formats(found)
        self.watch = watch if watch is not None else Watch()

    def __reduce__(self) -> tuple[Callable[..., Plugins], tuple[object, ...]]:
        """Return how another process loads the same plugins."""
        return _again, (*self._recipe, self.watch)

    def owner(self, marketplace: str) -> str:
        """Return the name of the plugin that owns a marketplace; raises UnknownMarketplace."""
        self._known(marketplace)
        return self._owners[marketplace]

    def commands(self) -> dict[str, click.Command]:
        """Return the commands that plugins add to the program, by name."""
        return dict(self._commands)

    def health_reports(self) -> list[HealthFormat]:
        """Return how the marketplaces' own account health reports are read, one format per name."""
        return list(self._health_formats)

    def policy(
        self,
        marketplace: str,
        handbook: Handbook | None = None,
        watch: Watch | None = None,
        rules: RuleSet | None = None,
    ) -> Policy:
        """Return all that is consulted for one marketplace; its owner and house plugins decide what they want to.

        `watch` keeps what goes wrong with them, else the one of these plugins does. `rules` stand in for those that the
        plugins state: what would be, if a marketplace changed them.
        Raises UnknownMarketplace, and DocumentError when rules or handbook do not fit the workflow.
        """
        known = self._known(marketplace)
        asked = {hook: self._asked(hook, self._owners[marketplace]) for hook in DECIDING}
        decisions = Decisions(asked, watch if watch is not None else self.watch)
        stated = self.rules if rules is None else rules
        return Policy(known, stated, handbook, self.workflow, decisions, self.metrics)

    def policies(
        self,
        names: Iterable[str] | None = None,
        handbook: Handbook | None = None,
        watch: Watch | None = None,
        rules: RuleSet | None = None,
    ) -> dict[str, Policy]:
        """Return the policies of these marketplaces, or of all, as `policy` does; raises as it does."""
        asked = self.marketplaces if names is None else names
        return {name: self.policy(name, handbook, watch, rules) for name in asked}

    def stated(self, name: str) -> tuple[Rule, ...]:
        """Return the rules that a plugin states, whatever their dates; raises KeyError for one that is not loaded."""
        return tuple(rule for _, rule in contributed([self._candidates[name]], RULES))

    def kinds(self, name: str) -> list[str]:
        """Return the names of the kinds of case that a plugin adds; raises KeyError for one that is not loaded."""
        return [kind.name for _, kind in contributed([self._candidates[name]], WORKFLOW)]

    def implementations(self, name: str) -> dict[str, FunctionType]:
        """Return the functions by which a plugin implements hooks; raises KeyError for one that is not loaded."""
        return dict(self._candidates[name].implementations)

    def worlds_of(self, name: str) -> list[WorldDefaults]:
        """Return what a plugin says of the simulated world; raises KeyError for one that is not loaded."""
        return [world for _, world in contributed([self._candidates[name]], WORLD)]

    def metrics_of(self, name: str) -> list[str]:
        """Return the names of the metrics that a plugin adds; raises KeyError for one that is not loaded."""
        return [kind.name for _, kind in contributed([self._candidates[name]], METRICS)]

    def parameters_of(self, name: str) -> list[str]:
        """Return the parameters of the simulated world that a plugin declares; raises KeyError likewise."""
        worlds = self.worlds_of(name)
        return list(dict.fromkeys(parameter.name for world in worlds for parameter in world.parameter))

    def meaning(self, name: str) -> str:
        """Return what a rule or metric of that name is about, in English; empty where nobody says it."""
        metric, rule = self.metrics.get(name), rule_names().get(name)
        return metric.en if metric else rule.en if rule else ""

    def about(self) -> list[PluginRecord]:
        """Return a record of each plugin, sorted by name."""
        return [_record(candidate) for candidate in self._candidates.values()]

    def _known(self, marketplace: str) -> Marketplace:
        found = self.marketplaces.get(marketplace)
        if found is None:
            error = UnknownMarketplace(marketplace, tuple(sorted(self.marketplaces)))
            if left_out := sorted(installed() - set(self._candidates)):
                error.add_note(f"installed but left out by {ALLOW_LIST}: {', '.join(left_out)}")
            raise error
        return found

    def _asked(self, hook: str, owner: str) -> list[Asked]:
        """Return who has a say: the owner, then by name the house plugins, those that own no marketplace."""
        owners = set(self._owners.values())
        names = [owner, *sorted(name for name in self._candidates if name not in owners)]
        chosen = (self._candidates[name] for name in names)
        return [
            Asked(candidate.name, str(candidate), candidate.name == owner, _only(self._manager, candidate, hook))
            for candidate in chosen
            if hook in candidate.implementations
        ]

    def observers(self, watch: Watch | None = None) -> Observers | None:
        """Return who is told of what happens to cases; None when no plugin observes.

        An observer that raises or answers fails that case alone: `watch` keeps hook, plugin and case, as the watch of
        these plugins does where none is given.
        """
        kept = watch if watch is not None else self.watch
        told = {hook.removeprefix(f"{PROJECT}_"): self._telling(hook, kept) for hook in OBSERVING}
        return Observers(**told) if any(told.values()) else None

    def _telling(self, hook: str, watch: Watch) -> Callable[[Case, Any], None] | None:
        watching = [one for one in self._candidates.values() if hook in one.implementations]
        asked = [(str(one), _only(self._manager, one, hook)) for one in watching]
        if not asked:
            return None
        about = OBSERVING[hook]

        def tell(case: Case, what: Any) -> None:
            for plugin, ask in asked:
                try:
                    answers = watch.call(hook, plugin, f"case {case.id}", ask, {"case": case, about: what})
                except Exception as error:
                    watch.failed(hook, plugin, case.id, explained(error))
                else:
                    if answers:
                        watch.failed(hook, plugin, case.id, f"answered {answers[0]!r} (return nothing)")

        return tell


def _again(names: Collection[str] | None, extra: dict[str, str], trace: bool, watch: Watch) -> Plugins:
    return load_plugins(names, {name: import_module(module) for name, module in extra.items()}, trace, watch)


def _record(candidate: Candidate) -> PluginRecord:
    return PluginRecord(
        name=candidate.name,
        distribution=candidate.distribution,
        version=candidate.version,
        marketplaces=[marketplace.name for _, marketplace in contributed([candidate], MARKETPLACES)],
        hooks=sorted(candidate.implementations),
        problems=[str(problem) for problem in candidate.problems],
    )


def _loaded(
    names: Collection[str] | None, extra: Mapping[str, ModuleType], trace: bool, watch: Watch
) -> tuple[list[Candidate], pluggy.PluginManager]:
    """Bring in every plugin that can be, ask for contributions, and note all problems on the candidates."""
    found = candidates(names, extra)
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    for candidate in found:
        admit(candidate)
        _register(manager, candidate)
    if trace:
        manager.add_hookcall_monitoring(_before_call, _after_call)
    for candidate in found:
        if candidate.module is not None and manager.has_plugin(candidate.name):
            _contribute(manager, candidate, watch)
    check_together(found)
    return found, manager


def _register(manager: pluggy.PluginManager, candidate: Candidate) -> None:
    """Register a candidate without problems; what pluggy still finds becomes one."""
    if candidate.problems:
        return
    try:
        manager.register(candidate.module, name=candidate.name)
    except (ValueError, pluggy.PluginValidationError) as error:
        what = f"cannot be registered: {' '.join(str(error).split())}"
        candidate.refuse(candidate.origin, what, "name each module in one entry point only")


def _only(manager: pluggy.PluginManager, candidate: Candidate, hook: str) -> pluggy.HookCaller:
    """Return a caller of the hook that reaches this one plugin."""
    others = [module for module in manager.get_plugins() if module is not candidate.module]
    return manager.subset_hook_caller(hook, remove_plugins=others)


def _contribute(manager: pluggy.PluginManager, candidate: Candidate, watch: Watch) -> None:
    for hook in KINDS:
        if hook in candidate.implementations:
            where = location(candidate.implementations[hook], hook)
            try:
                answers = watch.call(hook, str(candidate), "", _only(manager, candidate, hook), {})
            except (Exception, SystemExit) as error:  # told as a problem of the plugin, beside all others
                candidate.failed(where, "failed", error)
            else:
                keep(candidate, hook, where, answers[0] if answers else None)


def _before_call(hook: str, implementations: Sequence[pluggy.HookImpl], arguments: Mapping[str, Any]) -> None:
    asked = ", ".join(implementation.plugin_name for implementation in implementations) or "nobody"
    told = ", ".join(f"{name}={_SHORT.repr(value)}" for name, value in arguments.items())
    sys.stderr.write(f"{hook}({told}) asks {asked}\n")


def _after_call(
    outcome: pluggy.Result[Any],
    hook: str,
    implementations: Sequence[pluggy.HookImpl],
    arguments: Mapping[str, Any],
) -> None:
    error = outcome.exception
    answer = f"raised {error!r}" if error else f"answered {_SHORT.repr(outcome.get_result())}"
    sys.stderr.write(f"{hook} {answer}\n")
