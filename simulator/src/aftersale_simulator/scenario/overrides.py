"""Overrides: values set at paths of a scenario, as variants, `--vary` and `--set` do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from copy import copy, deepcopy
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import tomli
from attrs import fields, has

from aftersale.base.errors import DocumentError, Problem
from aftersale.base.toml_lines import is_written
from aftersale.documents.scalars import DayOrAmount, ExactShare, MoneyAmount, OwnNumber, Share
from aftersale.reports.orders.formats import OrderFormat
from aftersale_simulator.scenario.checks import table_of
from aftersale_simulator.scenario.document import parse_scenario
from aftersale_simulator.scenario.model import OrderSource, Scenario
from aftersale_simulator.scenario.vocabulary import Vocabulary, allowed_words, shipped

Path = tuple[str, ...]
_FIXED = ("name", "base", "variant")
"""What a variant cannot change: which variants there are."""


def with_changes(
    raw: Mapping[str, Any],
    changes: Mapping[str, Any],
    source: str,
    words: Vocabulary | None = None,
    scenario: Scenario | None = None,
) -> Scenario:
    """Return the scenario with values set at paths such as `team.NAME.shifts.0.days`.

    `scenario` is the document's scenario, where it was parsed before: only the tables that change are parsed again.
    Raises DocumentError naming each unknown path with the words allowed there, or the problems of the changed document;
    `source` says there who asked for the changes.
    """
    before = None if scenario is None else (raw, scenario)
    return parse_scenario(changed(raw, changes, source, words), source, words, before)


def changed(
    raw: Mapping[str, Any], changes: Mapping[str, Any], source: str, words: Vocabulary | None = None
) -> dict[str, Any]:
    """Return the document with the values set; tables are merged, lists and shares replaced.

    Tables that no path leads to are shared with `raw`, which is not changed. Raises DocumentError naming each unknown
    path with the words allowed there.
    """
    document, vocabulary = dict(raw), words or shipped()
    problems = [
        problem for path, value in changes.items() for problem in _set(document, path, value, source, vocabulary)
    ]
    if problems:
        raise DocumentError(source, tuple(problems))
    return document


def parse_assignment(text: str, source: str) -> tuple[str, list[Any]]:
    """Split `PATH=VALUE,VALUE` into the path and its values, which are TOML or else plain text.

    Quote a value that has a comma in it. Raises DocumentError; `source` names the option.
    """
    path, equals, rest = text.partition("=")
    path = path.strip()
    if not equals or not path or not rest.strip():
        hint = "write PATH=VALUE, for example team.NAME.agents=4,6,8"
        raise DocumentError(source, (Problem(source, "", f"'{text}' is not an assignment", hint),))
    values = _values(rest, str if _kind_at(path) in (MoneyAmount, ExactShare, DayOrAmount, OwnNumber) else float)
    if "" in values:
        hint = "remove the comma too many, or quote a value that has a comma"
        raise DocumentError(source, (Problem(source, path, f"an empty value in '{rest}'", hint),))
    return path, values


def _values(text: str, number: Callable[[str], object]) -> list[Any]:
    values = _toml(f"[{text}]", number)
    if isinstance(values, list) and values:
        return values
    return [_value(part.strip(), number) for part in _split(text)]


def _value(text: str, number: Callable[[str], object]) -> Any:
    value = _toml(text, number)
    return text if value is None else value


def _toml(text: str, number: Callable[[str], object]) -> Any:
    try:
        document = tomli.loads(f"value = {text}", parse_float=number)
    except (tomli.TOMLDecodeError, ValueError, RecursionError):
        return None
    return document["value"] if len(document) == 1 else None


def _split(text: str) -> list[str]:
    """Split at the commas outside quotes and brackets."""
    parts, depth, quote, begin = [], 0, "", 0
    for index, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character in "[{":
            depth += 1
        elif character in "]}":
            depth -= 1
        elif character == "," and depth <= 0:
            parts.append(text[begin:index])
            begin = index + 1
    return [*parts, text[begin:]]


def _steps(path: str) -> Path:
    """Return the words of a path; `shifts[0].days`, as messages write it, is `shifts.0.days`."""
    return tuple(re.sub(r"\[(\d+)\]", r".\1", path).split("."))


def _kind_at(path: str) -> Any:
    """Return the type that a scenario has at this path, or None where it has none."""
    kind: Any = Scenario
    for step in _steps(path):
        kind = _inner_kind(kind, step)
    return kind


def _inner_kind(kind: Any, step: str) -> Any:
    if has(kind):
        return _without_none(_hints(kind).get(step))
    if get_origin(kind) is dict:
        return _without_none(get_args(kind)[1])
    if get_origin(kind) is tuple and step.isdecimal():
        return _without_none(get_args(kind)[0])
    return None


def _hints(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    by_key = {str(spec.alias): hints[spec.name] for spec in fields(kind) if is_written(spec)}
    return {**_hints(OrderFormat), **by_key} if kind is OrderSource else by_key


def _without_none(kind: Any) -> Any:
    """Return the type without `| None`."""
    if get_origin(kind) in (Union, UnionType):
        return next(part for part in get_args(kind) if part is not NoneType)
    return kind


def _set(document: dict[str, Any], path: str, value: Any, source: str, vocabulary: Vocabulary) -> Iterator[Problem]:
    node: Any = document
    kind: Any = Scenario
    steps = _steps(path)
    for depth, step in enumerate(steps):
        last = depth == len(steps) - 1
        problem = _step_problem(node, kind, steps[: depth + 1], value if last else None, vocabulary)
        if problem is not None:
            yield Problem(source, path, *problem)
            return
        kind = _inner_kind(kind, step)
        key: Any = int(step) if isinstance(node, list) else step
        if last:
            node[key] = _merge(node[key] if _has_key(node, key) else None, value, kind)
        else:
            # Tables on the path are copied, so that the original document is not changed.
            node[key] = copy(node[key]) if _has_key(node, key) else {}
            node = node[key]


def _has_key(node: Any, key: Any) -> bool:
    return isinstance(node, list) or key in node


def _step_problem(node: Any, kind: Any, steps: Path, value: Any, vocabulary: Vocabulary) -> tuple[str, str] | None:
    """Return what is wrong with the last of these steps, and a hint; None where the path exists."""
    step = steps[-1]
    if isinstance(node, list):
        if step.isdecimal() and int(step) < len(node):
            return None
        numbers = f"a number from 0 to {len(node) - 1} is allowed here" if node else "the list is empty"
        return f"'{step}' is not in the list", numbers
    words = _allowed_names(node, kind, steps, vocabulary)
    if words is None:
        return f"'{'.'.join(steps[:-1])}' has nothing inside", "set the whole value"
    if step in words or (_takes_tables(kind) and isinstance(value, dict)):
        return None
    belongs = table_of(step, vocabulary) if len(steps) == 1 else ""
    hint = f"did you mean '{belongs}.{step}'?" if belongs else allowed_words(step, words)
    return f"unknown word '{step}'", hint


def _takes_tables(kind: Any) -> bool:
    """Whether a new table may be added here under a new name: a team, say."""
    return get_origin(kind) is dict and has(get_args(kind)[1])


def _allowed_names(node: Any, kind: Any, steps: Path, vocabulary: Vocabulary) -> list[str] | None:
    if not isinstance(node, dict):
        return None
    parent = steps[:-1]
    if parent == ("world",):
        return sorted(vocabulary.parameters)
    if parent == ("handling",):
        return list(vocabulary.tasks)
    if has(kind):
        more = vocabulary.metrics if parent == ("targets",) else ()
        return [*(name for name in _hints(kind) if parent or name not in _FIXED), *more]
    if get_origin(kind) is dict:
        return [steps[-1], *map(str, node)] if not _takes_tables(kind) else [str(name) for name in node]
    return None


def _merge(old: Any, new: Any, kind: Any) -> Any:
    """Return the new value, or two tables as one; shares of a whole are replaced together."""
    is_shares = get_origin(kind) is dict and get_args(kind)[1] is Share
    if not isinstance(old, dict) or not isinstance(new, dict) or is_shares:
        return deepcopy(new)
    return old | {key: _merge(old.get(key), value, _inner_kind(kind, str(key))) for key, value in new.items()}
