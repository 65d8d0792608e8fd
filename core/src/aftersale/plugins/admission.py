"""Admission: which plugins are installed, and whether each of them can be used.

pluggy accepts most mistakes of a plugin without a word, or fails at the first call. This module reports every mistake
of every plugin at the start, with who, where, what, and what to do next.
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from types import FunctionType, ModuleType
from typing import Any

from attrs import Factory, define

from aftersale import hookspecs
from aftersale.base.errors import DocumentError, HookHangs, PluginError, Problem, did_you_mean
from aftersale.base.watch import IMPORT, Watch, place_of, raised_at
from aftersale.hookspecs import AFTERSALE_API, PROJECT

_REFUSED_OPTIONS = ("tryfirst", "trylast", "wrapper", "hookwrapper", "optionalhook")
_MARK = f"{PROJECT}_impl"
_PUBLIC = (f"{PROJECT}.plugin", f"{PROJECT}.testing", f"{PROJECT}.errors")


def _specs() -> dict[str, tuple[str, ...]]:
    functions = inspect.getmembers(hookspecs, inspect.isfunction)
    marked = ((name, function) for name, function in functions if hasattr(function, f"{PROJECT}_spec"))
    return {name: tuple(inspect.signature(function).parameters) for name, function in marked}


HOOKS: dict[str, tuple[str, ...]] = _specs()
"""Every hook with the names of its arguments."""


@define(eq=False)
class Candidate:
    """A plugin before it is accepted: where it comes from, what it implements, and what is wrong with it."""

    name: str
    distribution: str
    version: str
    origin: str
    find: Callable[[], object]
    module: ModuleType | None = None
    implementations: dict[str, FunctionType] = Factory(dict)
    contributed: dict[str, list[Any]] = Factory(dict)
    problems: list[Problem] = Factory(list)
    causes: list[BaseException] = Factory(list)
    point: EntryPoint | None = None

    def __str__(self) -> str:
        """Return name, distribution and version, as messages begin."""
        return f"plugin '{self.name}' ({self.distribution} {self.version})".replace(" )", ")")

    def refuse(self, path: str, what: str, hint: str) -> None:
        """Note a problem that keeps the plugin out."""
        self.problems.append(Problem(str(self), path, what, hint))

    def failed(self, path: str, doing: str, error: BaseException) -> None:
        """Note an exception of the plugin; a DocumentError or PluginError is noted problem by problem."""
        self.causes.append(error)
        if isinstance(error, DocumentError | PluginError):
            for problem in error.problems:
                path = f"{problem.path} of '{problem.row}'" if problem.row else problem.path
                where = ": ".join(filter(None, (problem.place, path)))
                self.refuse(where, problem.what, problem.hint)
            return
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        remedy = f"install what provides '{missing}'" if missing else "correct it"
        private = error.name if isinstance(error, ImportError) else None
        if private and private.startswith(f"{PROJECT}.") and private not in _PUBLIC:
            remedy = f"import from {PROJECT}.plugin, or from {PROJECT}.testing in tests: other paths are private"
        if isinstance(error, HookHangs):
            self.refuse(path, f"{doing}: {error}", self._way_out())
            return
        place = raised_at(error)
        what = f"{doing}: {type(error).__name__}: {error}" + (f", at {place}" if place else "")
        self.refuse(path, what, f"{remedy}, or {self._way_out()}")

    def _way_out(self) -> str:
        return f"uninstall {self.distribution}" if self.version else "leave the plugin out"


def list_candidates(names: Collection[str] | None, extra: Mapping[str, ModuleType]) -> list[Candidate]:
    """Return the installed plugins and those of `extra`, sorted by name; none is imported yet.

    `names` keeps only these of the installed plugins; None keeps all. A name that is not installed is a candidate too,
    with that as its problem.
    """
    all_installed = [_from_entry_point(point) for point in entry_points(group=PROJECT)]
    chosen = [candidate for candidate in all_installed if names is None or candidate.name in names]
    chosen += [_from_module(name, module) for name, module in extra.items()]
    choices = sorted({*(candidate.name for candidate in all_installed), *extra})
    chosen += [_missing_candidate(name, choices) for name in names or () if name not in choices]
    chosen.sort(key=lambda candidate: (candidate.name, candidate.distribution))
    for name, count in Counter(candidate.name for candidate in chosen).items():
        if count > 1:
            _refuse_namesakes([candidate for candidate in chosen if candidate.name == name])
    return chosen


def installed() -> set[str]:
    """Return the names of all installed plugins, loaded or not."""
    return {point.name for point in entry_points(group=PROJECT)}


def _from_entry_point(point: EntryPoint) -> Candidate:
    name, version = (point.dist.name, point.dist.version) if point.dist else ("unknown distribution", "")
    origin = f"entry point {point.name} = '{point.value}'"
    return Candidate(point.name, name, version, origin, point.load, point=point)


def _from_module(name: str, module: ModuleType) -> Candidate:
    return Candidate(name, "not installed", "", getattr(module, "__name__", repr(module)), lambda: module)


def _missing_candidate(name: str, choices: list[str]) -> Candidate:
    candidate = Candidate(name, "not installed", "", "", lambda: None)
    candidate.refuse("", "no installed plugin has this name", suggestion(name, choices, "installed are"))
    return candidate


def _refuse_namesakes(namesakes: list[Candidate]) -> None:
    who = " and ".join(f"{candidate.distribution} {candidate.version}".strip() for candidate in namesakes)
    for candidate in namesakes:
        candidate.refuse("", f"stands for more than one plugin: {who}", "uninstall all but one of them")


def suggestion(word: str, choices: Iterable[str], otherwise: str) -> str:
    """Return the closest of the possible words, as a question, or all of them after `otherwise`."""
    words = sorted(choices)
    return did_you_mean(word, words) or f"{otherwise}: {', '.join(words) or 'none'}"


def admit(candidate: Candidate, watch: Watch) -> None:
    """Import a candidate, check everything that needs no call, and note its problems."""
    if candidate.problems:
        return
    try:
        plugin = watch.call(IMPORT, str(candidate), "", candidate.find, {})
    except (Exception, SystemExit) as error:
        candidate.failed(candidate.origin, "cannot be imported", error)
        return
    if not isinstance(plugin, ModuleType):
        hint = "let the entry point name the module that holds the hooks, without ':'"
        candidate.refuse(candidate.origin, f"is {_describe(plugin)}, not a module", hint)
        return
    candidate.module = plugin
    _check_api(candidate, plugin)
    for name, value in sorted(vars(plugin).items()):
        _check_name(candidate, plugin, name, value)


def _check_api(candidate: Candidate, module: ModuleType) -> None:
    number = getattr(module, "AFTERSALE_API", None)
    if number is None:
        hint = f"add AFTERSALE_API = {AFTERSALE_API} to the module"
        candidate.refuse(module.__name__, "does not say for which hook API it is built", hint)
    elif not isinstance(number, int) or isinstance(number, bool):
        what = f"states AFTERSALE_API = {number!r}, which is no whole number"
        candidate.refuse(module.__name__, what, f"write AFTERSALE_API = {AFTERSALE_API}")
    elif number != AFTERSALE_API:
        hint = f"install a release of the plugin for API {AFTERSALE_API}"
        candidate.refuse("", f"is built for hook API {number}, this is API {AFTERSALE_API}", hint)


def _check_name(candidate: Candidate, module: ModuleType, name: str, value: object) -> None:
    options = inspect.getattr_static(value, _MARK, None)
    if isinstance(options, dict):
        _check_marked(candidate, name, value, options)
    elif inspect.isfunction(value) and value.__module__ == module.__name__ and _like_a_hook(name):
        hint = "put @hookimpl above it"
        hint += "" if name in HOOKS else f", {suggestion(name, HOOKS, '')}"
        candidate.refuse(location(value, name), "is named like a hook but is not marked as one", hint)
    elif name in HOOKS and not inspect.isfunction(value):
        what = f"is named like a hook but is {_describe(value)}, so nobody asks for it"
        candidate.refuse(
            f"{module.__name__}: {name}", what, f"write {name} = from_data(load_…, __name__), or a function"
        )
    elif inspect.isclass(value) and value.__module__ == module.__name__:
        for inner, member in sorted(vars(value).items()):
            if isinstance(inspect.getattr_static(member, _MARK, None), dict):
                what = "is marked as a hook inside a class, where nobody asks for it"
                candidate.refuse(f"{module.__name__}: {name}.{inner}", what, "move the function out into the module")


def _like_a_hook(name: str) -> bool:
    return name.startswith(f"{PROJECT}_") and bool(get_close_matches(name, HOOKS, n=1, cutoff=0.8))


def _check_marked(candidate: Candidate, name: str, value: object, options: Mapping[str, Any]) -> None:
    hook = options.get("specname") or name
    if not inspect.isfunction(value):
        what = f"is marked as a hook but is {_describe(value)}, not a plain function"
        candidate.refuse(name, what, "put @hookimpl on a plain function, above all other decorators")
        return
    where = location(value, name)
    if hook not in HOOKS:
        candidate.refuse(where, f"implements unknown hook '{hook}'", suggestion(hook, HOOKS, "the hooks are"))
        return
    if hook in candidate.implementations:
        candidate.refuse(where, f"implements '{hook}' a second time", "keep one of the two")
        return
    candidate.implementations[hook] = value
    for what, hint in _function_problems(value, hook, options):
        candidate.refuse(where, what, hint)


def _describe(value: object) -> str:
    if isinstance(value, type):
        return f"the class {value.__name__}"
    return f"an object of type {type(value).__name__}"


def _function_problems(function: FunctionType, hook: str, options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    forbidden = [option for option in _REFUSED_OPTIONS if options.get(option)]
    for option in forbidden:
        yield f"asks for {option}=True", "drop it: one plugin answers for a marketplace, and no order is kept"
    inner = inspect.unwrap(function)
    if inspect.iscoroutinefunction(inner) or inspect.isasyncgenfunction(inner):
        yield "is async", "make it a plain function: hooks are called, not awaited"
    elif inspect.isgeneratorfunction(inner) and not {"wrapper", "hookwrapper"} & set(forbidden):
        yield "is a generator", "return the answer instead of yielding"
    for parameter in inspect.signature(function).parameters.values():
        yield from _parameter_problems(parameter, hook)


def _parameter_problems(parameter: inspect.Parameter, hook: str) -> Iterator[tuple[str, str]]:
    name = parameter.name
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
        stars = "*" if parameter.kind is parameter.VAR_POSITIONAL else "**"
        yield f"takes {stars}{name}, which would always be empty", f"name what you need: {_arguments(hook)}"
        return
    if name not in HOOKS[hook]:
        hint = suggestion(name, HOOKS[hook], "the hook has") if HOOKS[hook] else "the hook has no arguments"
        yield f"unknown argument '{name}'", hint
    if parameter.kind is parameter.KEYWORD_ONLY:
        yield f"argument '{name}' is keyword-only", "remove the '*' before it"
    if parameter.default is not parameter.empty:
        hint = "drop the default; leave the argument out if you do not need it"
        yield f"argument '{name}' has a default", hint


def _arguments(hook: str) -> str:
    return ", ".join(HOOKS[hook]) or "the hook has no arguments"


def location(function: FunctionType, hook: str) -> str:
    """Return file, line and name of a function: `aftersale_shop/__init__.py:12 aftersale_rules`."""
    code = inspect.unwrap(function).__code__
    return f"{place_of(code.co_filename, code.co_firstlineno)} {hook}"
