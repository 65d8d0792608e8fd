"""TOML lines: on which line of a text a key or an item of a list stands.

Parsers tell no places of values. What stands here reads only texts that a parser has accepted, when something is wrong
with a value.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import count
from typing import Any, TypeVar, cast

import tomli
from attrs import Attribute, evolve, field, frozen

from aftersale.base.errors import Problem

Step = int | str
T = TypeVar("T")
_MAX_LENGTH = 40
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:[^"\\]+|\\.|"(?!""))*"""(?:"{0,2})'
    r"|'''(?:[^']+|'(?!''))*'''(?:'{0,2})"
    r'|"(?:[^"\\\n]+|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_OTHER_VALUE = re.compile(r"[^,\]}#\n]+")
_BLANK = re.compile(r"[ \t]*")
_GAP = re.compile(r"(?:[\s,]|#[^\n]*)*")
"""What may stand between statements, and between the items of a list."""
_LAST_STEP = re.compile(r"\[\d+\]$|\.?(?:'(?:[^'\\]|\\.)*'…?|\"(?:[^\"\\]|\\.)*\"…?|[^.\[\]'\"]+)$")


def below(path: str, step: Step) -> str:
    """Return the path of a key or of an item in a table or list, as messages write it: `team.desk.shifts[0].days`."""
    if isinstance(step, int):
        return f"{path}[{step}]"
    key = step if _BARE.fullmatch(step) else quoted(step)
    return f"{path}.{key}" if path else key


def quoted(text: str) -> str:
    """Return a text in quotes, cut where it is long."""
    return repr(text) if len(text) <= _MAX_LENGTH else f"{text[:_MAX_LENGTH]!r}…"


@frozen
class Lines:
    """The lines of a TOML text that a parser has accepted, looked up when asked for."""

    text: str = field(repr=False)

    def of(self, path: str) -> int:
        """Return the line at which a path begins, or what it lies in, as where a key is missing; 1 for the whole.

        A path is as `below` writes it. Names with dots may stand in it as they are.
        """
        while path:
            if path in self._lines:
                return self._lines[path]
            outer = _LAST_STEP.sub("", path)
            path = outer if outer != path else path.rpartition(".")[0]
        return 1

    def of_problem(self, problem: Problem) -> int:
        """Return the line of a problem's path, or of the key of that table with which its text begins: `agents: …`."""
        key, _, _ = problem.what.partition(": ")
        path = f"{problem.path}.{key}"
        return self._lines[path] if path in self._lines else self.of(problem.path)

    @cached_property
    def _lines(self) -> dict[str, int]:
        plain: dict[str, int] = {}
        lines: dict[str, int] = {}
        for steps, line in positions(self.text):
            path, name = "", ""
            for step in steps:
                path = below(path, step)
                name = f"{name}[{step}]" if isinstance(step, int) else f"{name}.{step}".removeprefix(".")
            lines.setdefault(path, line)
            plain.setdefault(name, line)
        return {**plain, **lines}


class TomlDocument(dict[str, Any]):
    """What a TOML file holds, with its lines."""

    def __init__(self, values: Mapping[str, Any], lines: Lines) -> None:
        """Take the values, which may differ from those of the text."""
        super().__init__(values)
        self.lines = lines

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how to make it again, in another process too."""
        return type(self), (dict(self), self.lines)


@frozen
class Place:
    """A place in a document, such as that of a row; what was read from no file has no line."""

    lines: Lines | None = field(default=None, repr=False)
    path: str = ""
    source: str = ""

    @property
    def line(self) -> int:
        """The line, 0 where there is none."""
        return self.lines.of(self.path) if self.lines else 0

    def inside(self, path: str) -> Place:
        """Return a place inside, such as that of one key of a row."""
        return evolve(self, path=f"{self.path}.{path}".removeprefix("."))


NOWHERE = Place()
UNWRITTEN = {"unwritten": True}
"""Marks a field of an attrs class that no document writes, such as its place."""


def is_written(spec: Attribute[Any]) -> bool:
    """Whether a field of an attrs class is a key of documents."""
    return "unwritten" not in spec.metadata


def placed(rows: Iterable[T], key: str, data: object, source: str) -> tuple[T, ...]:
    """Return the rows of a list of a document, such as its `[[rule]]`, each with its place if that was a file."""
    lines = lines_of(data)
    if lines is None:
        return tuple(rows)
    places = (Place(lines, f"{key}[{index}]", source) for index in count())
    return tuple(evolve(cast(Any, row), place=place) for row, place in zip(rows, places, strict=False))


def lines_of(data: object) -> Lines | None:
    """Return the lines of a document; None for what was not read from a TOML file."""
    return data.lines if isinstance(data, TomlDocument) else None


def located(problems: Iterable[Problem], data: object) -> tuple[Problem, ...]:
    """Return problems with the lines of their paths in a document; as they are where it was no file."""
    lines = lines_of(data)
    if lines is None:
        return tuple(problems)
    return tuple(
        evolve(problem, line=problem.line or lines.of_problem(problem), row=_row_name(problem.path, data))
        for problem in problems
    )


_ROW = re.compile(r"([\w-]+)\[(\d+)\]")


def _row_name(path: str, data: object) -> str:
    """Return the name of the row of a list of tables in which a path lies, empty where it has none."""
    match = _ROW.match(path)
    rows = data.get(match[1]) if match and isinstance(data, Mapping) else None
    row = rows[int(match[2])] if match and isinstance(rows, list) and int(match[2]) < len(rows) else None
    name = row.get("name") if isinstance(row, Mapping) else None
    return name if isinstance(name, str) else ""


def positions(text: str) -> Iterator[tuple[tuple[Step, ...], int]]:
    """Yield the steps to every table, key and item of a list in a text that a parser has accepted, with its line.

    What stands in several places, as a table in its own and its subtables' headers, is yielded for each.
    """
    yield from _Reader(text).statements()


class _Reader:
    """A reader of one text, from its beginning to its end."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text.replace("\r\n", "\n"), 0
        self.breaks = [match.start() for match in re.finditer("\n", self.text)]
        self.tables: dict[tuple[Step, ...], int] = {}
        """How many tables each array of tables has so far."""

    def statements(self) -> Iterator[tuple[tuple[Step, ...], int]]:
        table: tuple[Step, ...] = ()
        while self._more():
            if self.text[self.at] == "[":
                line = self._line()
                table = self._header()
                yield from ((table[:depth], line) for depth in range(1, len(table) + 1))
            else:
                yield from self._pair(table)

    def _more(self) -> bool:
        self._skip(_GAP)
        return self.at < len(self.text)

    def _skip(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        self.at = match.end() if match else self.at
        return match[0] if match else ""

    def _line(self) -> int:
        return bisect_right(self.breaks, self.at - 1) + 1

    def _header(self) -> tuple[Step, ...]:
        """Return the steps to the table that a header begins."""
        is_item = self.text.startswith("[[", self.at)
        self.at += 1 + is_item
        keys = self._keys()
        self.at += 1 + is_item
        steps: tuple[Step, ...] = ()
        for number, key in enumerate(keys):
            steps = (*steps, key)
            last = number == len(keys) - 1
            if last and is_item:
                self.tables[steps] = self.tables.get(steps, 0) + 1
            if steps in self.tables:
                steps = (*steps, self.tables[steps] - 1)
        return steps

    def _keys(self) -> list[str]:
        """Return the parts of a dotted key, and stop behind it."""
        keys = []
        while True:
            self._skip(_BLANK)
            keys.append(self._skip(_BARE) or tomli.loads(f"key = {self._skip(_STRING)}")["key"])
            self._skip(_BLANK)
            if self.text[self.at] != ".":
                return keys
            self.at += 1

    def _pair(self, table: tuple[Step, ...]) -> Iterator[tuple[tuple[Step, ...], int]]:
        line, keys = self._line(), self._keys()
        for depth in range(1, len(keys) + 1):
            yield (*table, *keys[:depth]), line
        self.at += 1
        self._skip(_BLANK)
        yield from self._value((*table, *keys))

    def _value(self, steps: tuple[Step, ...]) -> Iterator[tuple[tuple[Step, ...], int]]:
        mark = self.text[self.at]
        if mark in "\"'":
            self._skip(_STRING)
        elif mark == "[":
            yield from self._list(steps)
        elif mark == "{":
            yield from self._inline_table(steps)
        else:
            self._skip(_OTHER_VALUE)

    def _list(self, steps: tuple[Step, ...]) -> Iterator[tuple[tuple[Step, ...], int]]:
        self.at += 1
        index = 0
        while self._more() and self.text[self.at] != "]":
            yield (*steps, index), self._line()
            yield from self._value((*steps, index))
            index += 1
        self.at += 1

    def _inline_table(self, steps: tuple[Step, ...]) -> Iterator[tuple[tuple[Step, ...], int]]:
        self.at += 1
        while self._more() and self.text[self.at] != "}":
            yield from self._pair(steps)
        self.at += 1
