"""Deadline functions: what plugins contribute where no clock says when a deadline ends, each with a name for rows.

A function is pure: it gets the start, the row's amount, the order and the marketplace's calendar, and answers with the
instant at which the deadline ends. Nothing else asks for it: it cannot be asked backwards, and it has no pauses.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from types import CodeType, FunctionType, MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, cast

from attrs import frozen

from aftersale.base.errors import HookHangs, Problem, did_you_mean
from aftersale.base.watch import Watch, place_of
from aftersale.clocks import CLOCKS, DAY, Calendar, Instant

if TYPE_CHECKING:
    from aftersale.orders import Order
    from aftersale.rules import Rule

ARGUMENTS: Mapping[str, str] = MappingProxyType(
    {"start": "Instant", "amount": "int", "order": "Order", "calendar": "Calendar"}
)
"""What a function may take, each with its type; it names those that it needs."""
LONGEST = 100 * 366 * DAY
"""The longest time until a deadline ends, as in rows: a hundred years."""


@frozen
class DeadlineFunction:
    """A function with its name, by which rows ask for it (`due = "NAME"`), and its meaning in English and Chinese."""

    name: str
    function: Callable[..., Instant]
    en: str
    zh: str

    @cached_property
    def takes(self) -> tuple[str, ...]:
        """The arguments that it names."""
        return tuple(inspect.signature(self.function).parameters)

    @property
    def code(self) -> CodeType:
        """Its code."""
        return cast(FunctionType, inspect.unwrap(self.function)).__code__

    @property
    def place(self) -> str:
        """File and line of its code."""
        return place_of(self.code.co_filename, self.code.co_firstlineno)

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield what is wrong with it, and what to do."""
        if not str(self.name).isidentifier() or self.name in CLOCKS:
            yield f"cannot be named {self.name!r}", "write a word such as second_tuesday, none of the clocks"
        if not str(self.en).strip() or not str(self.zh).strip():
            yield "does not say what it is in English and Chinese", "add en and zh"
        inner = inspect.unwrap(self.function)
        if not isinstance(inner, FunctionType):
            yield f"is {self.function!r}, not a plain function", "give it a function that is defined by def"
            return
        odd = (inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction)
        if any(is_odd(inner) for is_odd in odd):
            yield "is async or a generator", "return the instant"
        for parameter in inspect.signature(self.function).parameters.values():
            yield from _problems_of(parameter)


def _problems_of(parameter: inspect.Parameter) -> Iterator[tuple[str, str]]:
    known = ", ".join(ARGUMENTS)
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
        yield f"takes '{parameter}', which gets nothing by name", f"name what you need: {known}"
    elif parameter.name not in ARGUMENTS:
        hint = did_you_mean(parameter.name, ARGUMENTS) or f"it may take {known}"
        yield f"unknown argument '{parameter.name}'", hint
    elif parameter.default is not parameter.empty:
        yield f"argument '{parameter.name}' has a default", "drop it; leave the argument out if you do not need it"


class Contributed(NamedTuple):
    """A function, and how messages name the plugin that contributes it."""

    plugin: str
    function: DeadlineFunction


class DeadlineFunctions:
    """The deadline functions of all plugins, by name.

    One that raises, or gives an answer that is no instant from the start on, fails that case alone: the watch keeps
    function, plugin and case, and the row sets no deadline there.
    """

    def __init__(self, contributed: Iterable[tuple[str, DeadlineFunction]] = (), watch: Watch | None = None) -> None:
        """Take the functions, each after its plugin."""
        self._by_name = {function.name: Contributed(plugin, function) for plugin, function in contributed}
        self.watch = watch if watch is not None else Watch()

    def names(self) -> tuple[str, ...]:
        """Return the names of the functions."""
        return tuple(self._by_name)

    def __getitem__(self, name: str) -> DeadlineFunction:
        """Return a function by its name; raises KeyError."""
        return self._by_name[name].function

    def watched(self, watch: Watch) -> DeadlineFunctions:
        """Return the same functions, with another watch that keeps their failures."""
        return DeadlineFunctions(self._by_name.values(), watch)

    def due_after(self, rule: Rule, start: Instant, order: Order, calendar: Calendar, case: str) -> Instant | None:
        """Return when a row's deadline ends by its function, None where that fails; `case` names it in the failure."""
        plugin, function = self._by_name[rule.due]
        known = {"start": start, "amount": rule.amount, "order": order, "calendar": calendar}
        hook, arguments = f"deadline function {function.name}", {name: known[name] for name in function.takes}
        try:
            answer = self.watch.call(hook, plugin, f"case {case}", function.function, arguments)
        except HookHangs:
            raise
        except (Exception, SystemExit) as error:
            self.watch.raised(hook, plugin, case, error)
            return None
        if hint := _broken(answer, start):
            self.watch.failed(hook, plugin, case, f"{hint}, by {function.place}")
            return None
        return int(answer)


def _broken(answer: object, start: Instant) -> str:
    """Return what is wrong with an answer, the same for all cases; empty for one that is right."""
    if not isinstance(answer, int) or isinstance(answer, bool):
        return f"answered a {type(answer).__name__} (return an instant: whole microseconds since 1970)"
    if answer < start:
        return "answered an instant before the start (return the start or a later one)"
    if answer > start + LONGEST:
        return "answered an instant more than a hundred years later (an instant counts microseconds)"
    return ""


def function_problems(rule: Rule, functions: DeadlineFunctions) -> Iterator[Problem]:
    """Yield why a row cannot ask for its function: there is none of that name, or it needs an amount or takes none."""
    name, names = rule.due, functions.names()
    if name not in names:
        known = f"known: {', '.join(sorted(names))}" if names else "a plugin adds them by aftersale_deadlines"
        what, hint = f"no plugin has a deadline function '{name}'", did_you_mean(name, names) or known
    elif rule.amount is None and "amount" in functions[name].takes:
        what, hint = f"'{name}' takes an amount, and the row has none", "add one: amount = 2"
    elif rule.amount is not None and "amount" not in functions[name].takes:
        what, hint = f"'{name}' takes no amount, so that of the row has no effect", "leave it out"
    else:
        return
    yield Problem(rule.origin, str(rule), what, hint, line=rule.place.line)
