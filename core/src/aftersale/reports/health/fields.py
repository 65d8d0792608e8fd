"""Health fields: the tables of a JSON report, which note what was read of them and what was wrong in them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from attrs import Factory, define, frozen

from aftersale.base.errors import ClockError, DocumentError, Problem
from aftersale.base.files import check_depth, read_bounded
from aftersale.clocks import Instant, instant, moment

Meaning = TypeVar("Meaning", bound=str)
_LARGEST = 2**63
_FINEST = 30  # digits after the point; past it a number is a slip, and exact fractions of it cost memory
_MOST_TABLES = 1000  # marketplaces, warnings: of each table all that is missing is told
_SHOWN = 40
_AGAIN = "download the report again"


@frozen
class Disagreement:
    """Two statements of a report that cannot both be true: `told` there, and `counted` from the rest of the report.

    `where` is the place in the file, such as `metrics[0].lateRate.rate`; `what` is the sort of disagreement, a key of
    the messages; `marketplace` is the marketplace of the account, empty where it is not known.
    """

    where: str
    told: str
    counted: str
    what: str
    marketplace: str = ""


@define
class Notes:
    """What is noted while a report is read; `unknown` are (place, word) that the format does not explain."""

    source: str
    problems: list[Problem] = Factory(list)
    disagreements: list[Disagreement] = Factory(list)
    missing: list[str] = Factory(list)
    unknown: list[tuple[str, str]] = Factory(list)

    def refuse(self, path: str, expected: str, value: object) -> None:
        """Note a value that is not what it should be: its kind is told, a cell is kept for who asks for it."""
        kind = _kind(value)
        what = f"expected {expected}, found {kind}" if kind else f"expected {expected}"
        self.problems.append(Problem(self.source, path, what, _AGAIN, "" if kind else shown(value)))


class Node:
    """One table of a report, with its path from the top; fields are read by lists of spellings.

    A field that is null counts as missing. Several spellings of one field with different values are noted as a
    disagreement, and the first spelling counts.
    """

    def __init__(self, table: Mapping[str, Any], path: str, notes: Notes) -> None:
        """Start with nothing read."""
        self.path, self.marketplace = path, ""
        self._table, self._notes = table, notes
        self._keys_read: set[str] = set()
        self._inner_nodes: dict[str, Node] = {}

    def at(self, spellings: Iterable[str]) -> str:
        """Return the path of a field as it is spelt in the report, or by its first spelling where it is missing."""
        spellings = list(spellings)
        values = self._values(spellings)
        return values[0][0] if values else self._path_to(spellings[0] if spellings else "")

    def place(self, spellings: Iterable[str], needed: bool = True) -> Node | None:
        """Return a table inside this one, or None."""
        field = self._value(spellings, needed)
        if field is None:
            return None
        path, value = field
        if not isinstance(value, Mapping):
            self._notes.refuse(path, "a table", value)
            return None
        return self._inner(path, value)

    def places(self, spellings: Iterable[str], needed: bool = True) -> list[Node]:
        """Return the tables of a list inside this one."""
        field = self._value(spellings, needed)
        if field is None:
            return []
        path, items = field
        if not isinstance(items, list):
            self._notes.refuse(path, "a list", items)
            return []
        if len(items) > _MOST_TABLES:
            self._notes.refuse(path, f"a list of {_MOST_TABLES:,} tables at most", items)
            return []
        inner = []
        for index, item in enumerate(items):
            if isinstance(item, Mapping):
                inner.append(self._inner(f"{path}[{index}]", item))
            else:
                self._notes.refuse(f"{path}[{index}]", "a table", item)
        return inner

    def text(self, spellings: Iterable[str], needed: bool = True) -> str | None:
        """Return a text, or None."""
        field = self._value(spellings, needed)
        if field is None:
            return None
        if isinstance(field[1], str) and field[1].strip():
            return field[1]
        self._notes.refuse(field[0], "a text that is not empty", field[1])
        return None

    def word(
        self, spellings: Iterable[str], meanings: Mapping[str, Meaning], needed: bool = True
    ) -> tuple[str, Meaning | None] | None:
        """Return a word of the report and what it means; a word without meaning is noted as unknown."""
        word = self.text(spellings, needed)
        if word is None:
            return None
        if word not in meanings:
            self._notes.unknown.append((self.at(spellings), word))
        return word, meanings.get(word)

    def count(self, spellings: Iterable[str], needed: bool = True) -> int | None:
        """Return a whole number of 0 or more, or None."""
        field = self._value(spellings, needed)
        if field is None:
            return None
        path, value = field
        if not _is_number(value) or not 0 <= value < _LARGEST or value != int(value):
            self._notes.refuse(path, "a whole number of 0 or more", value)
            return None
        return int(value)

    def number(self, spellings: Iterable[str], needed: bool = True) -> Decimal | None:
        """Return a number with the digits that the report gives, or None."""
        field = self._value(spellings, needed)
        if field is None:
            return None
        if not _is_number(field[1]):
            self._notes.refuse(field[0], "a number", field[1])
            return None
        return Decimal(field[1])

    def instant(self, spellings: Iterable[str], zone: str, needed: bool = True) -> Instant | None:
        """Return a date and time, in that zone where it has no offset, or None."""
        text = self.text(spellings, needed)
        if text is None:
            return None
        try:
            parsed = datetime.fromisoformat(text)
            at = instant(parsed if parsed.tzinfo else parsed.replace(tzinfo=ZoneInfo(zone)))
            moment(at, "UTC")  # refuses what only its offset brings past the years that can be shown
        except (ValueError, OverflowError, ClockError):
            self._notes.refuse(self.at(spellings), "a date and time such as 2020-11-19T23:59Z", text)
            return None
        return at

    def disagree(self, where: str, told: str, counted: str, what: str) -> None:
        """Note two statements that cannot both be true."""
        self._notes.disagreements.append(Disagreement(where, told, counted, what, self.marketplace))

    def ignored(self) -> Iterator[str]:
        """Yield the path of every field that was not read, in this table and inside it."""
        yield from (below(self.path, key) for key in self._table if key not in self._keys_read)
        for inner in self._inner_nodes.values():
            yield from inner.ignored()

    def _path_to(self, spelling: str) -> str:
        return f"{self.path}.{spelling}".lstrip(".")

    def _inner(self, path: str, table: Mapping[str, Any]) -> Node:
        if path not in self._inner_nodes:
            self._inner_nodes[path] = Node(table, path, self._notes)
            self._inner_nodes[path].marketplace = self.marketplace
        return self._inner_nodes[path]

    def _value(self, spellings: Iterable[str], needed: bool) -> tuple[str, Any] | None:
        spellings = list(spellings)
        values = self._values(spellings)
        if not values:
            if needed and spellings:
                self._notes.missing.append(self._path_to(spellings[0]))
            return None
        first, *repeats = values
        for path, value in repeats:
            if value != first[1]:
                self.disagree(path, shown(value), f"{shown(first[1])} ({first[0]})", "twice")
        return first

    def _values(self, spellings: Iterable[str]) -> list[tuple[str, Any]]:
        return [value for spelling in spellings if (value := self._at(spelling)) is not None]

    def _at(self, spelling: str) -> tuple[str, Any] | None:
        key, _, rest = spelling.partition(".")
        first = key not in self._keys_read
        self._keys_read.add(key)
        value, path = self._table.get(key), below(self.path, key)
        if value is None:
            return None
        if not rest:
            return path, value
        if isinstance(value, Mapping):
            return self._inner(path, value)._at(rest)
        if first:
            self._notes.refuse(path, "a table", value)
        return None


def read_top(path: Path) -> tuple[dict[str, Any], Notes]:
    """Return the table at the top of a JSON file, its numbers exact; raises DocumentError when there is none."""
    source, notes = str(path), Notes(str(path))

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        table = dict(pairs)
        if len(table) < len(pairs):
            ((doubled, _),) = Counter(key for key, _ in pairs).most_common(1)
            raise ValueError(f"the key {shown(doubled)} stands twice in one table")
        return table

    try:
        top = json.loads(
            read_bounded(path).decode("utf-8-sig"),
            parse_int=_whole,
            parse_float=_exact,
            parse_constant=_no_number,
            object_pairs_hook=unique,
        )
        check_depth(top)
    except (OSError, ValueError, RecursionError) as error:
        problem = Problem(source, *_unreadable(error), error.cell if isinstance(error, _OutOfReach) else "")
        raise DocumentError(source, (problem,)) from error
    if not isinstance(top, dict):
        notes.refuse("", "a table", top)
        raise DocumentError(source, tuple(notes.problems))
    return top, notes


def below(path: str, key: str) -> str:
    """Return the path of a key in the table at a path."""
    step = key if re.fullmatch(r"[\w-]+", key) else shown(key)
    return f"{path}.{step}" if path else step


def shown(value: object) -> str:
    """Return a value as messages show it."""
    if kind := _kind(value):
        return kind
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, str | bool | None) else str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _kind(value: object) -> str:
    """Return what a value is that is no cell, empty for a cell."""
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list):
        return "a list"
    return "nothing" if value is None or (isinstance(value, str) and not value.strip()) else ""


class _OutOfReach(ValueError):
    """A number that no report can mean."""

    def __init__(self, text: str) -> None:
        super().__init__("a number is out of reach")
        self.cell = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _is_number(value: object) -> bool:
    if isinstance(value, Decimal):
        return True
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST


def _exact(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except ArithmeticError:
        number = Decimal("NaN")
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -_FINEST or number.adjusted() > _FINEST:
        raise _OutOfReach(text)
    return number


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:  # Python converts no text of more than some thousand digits
        raise _OutOfReach(text) from error


def _no_number(text: str) -> Decimal:
    raise ValueError(f"{text} is no number")


def _unreadable(error: Exception) -> tuple[str, str, str]:
    """Return (path, what, hint) of a file that cannot be read."""
    if isinstance(error, FileNotFoundError):
        return "", "does not exist", "check the name"
    if isinstance(error, OSError):
        return "", f"cannot be read: {error.strerror or error}", "name a file that you may read"
    if isinstance(error, UnicodeDecodeError):
        return "", "is not UTF-8 text", "download the report again, and unpack it if it is packed"
    hint = "download the report again; it is one JSON table"
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno}", f"is no valid JSON: {error.msg[:1].lower()}{error.msg[1:]}", hint
    return "", f"is no valid JSON: {'nested too deeply' if isinstance(error, RecursionError) else error}", hint
