"""Documents: TOML files turned into frozen attrs classes, with every mistake reported at once by its path.

A class says by its annotations what each key holds. The scalar types below check more than a bare `str` or
`int` does; `registry.hook` adds others. A field without default is a key that must be there, and keys that
belong to no field are refused. A field `from_` is the key `from`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from importlib.resources.abc import Traversable
from keyword import iskeyword
from math import isfinite
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, NewType, TypeVar, Union, get_args, get_origin

import attrs
import tomli
from cattrs import Converter
from cattrs.errors import (
    ClassValidationError,
    ForbiddenExtraKeysError,
    IterableValidationError,
    IterableValidationNote,
)
from cattrs.gen import make_dict_structure_fn, override
from holidays import list_supported_countries

from aftersale.base.errors import AftersaleError, DocumentError, Problem, meant
from aftersale.base.money import decimals
from aftersale.clocks import DAY, HOUR, MINUTE, SECOND, zone_info

Share = NewType("Share", float)
"""A float from 0 to 1."""
Rate = NewType("Rate", float)
"""A float of 0 or more."""
Count = NewType("Count", int)
"""An int of 0 or more."""
PositiveCount = NewType("PositiveCount", int)
"""An int of 1 or more."""
Word = NewType("Word", str)
"""A text that is not empty and not blank."""
ZoneName = NewType("ZoneName", str)
"""An IANA time zone."""
Day = NewType("Day", date)
"""A date without a time."""
Duration = NewType("Duration", int)
"""Microseconds, from a text such as `12 min`."""
TimeRange = NewType("TimeRange", tuple[int, int])
"""Minutes of the day at which something opens and closes; past 1440 when it closes after midnight."""
Weekdays = NewType("Weekdays", frozenset[int])
"""Days of the week, Monday is 0, from a text such as `Mon-Fri`."""
CurrencyCode = NewType("CurrencyCode", str)
"""An ISO 4217 code."""
CountryCode = NewType("CountryCode", str)
"""An ISO 3166 code of two letters, of a country whose holidays are known."""
MoneyAmount = NewType("MoneyAmount", Decimal)
"""An exact amount of 0 or more, from a text such as `24.90` or a whole number."""

T = TypeVar("T")
DURATION_UNITS = {"s": SECOND, "min": MINUTE, "h": HOUR, "d": DAY, "wk": 7 * DAY}
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_LONGEST = 100 * 366 * DAY
_WHOLE_DAY = 24 * 60
_SHOWN = 40


class _Mistake(ValueError):
    """What is wrong with one value, and what to do about it."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what, hint)
        self.what = what
        self.hint = hint


class Registry:
    """What a document's values may be: how each type is read, and how messages describe it."""

    def __init__(self) -> None:
        """Start with the plain types of TOML, tables, lists and Literal words."""
        self._converter = Converter(detailed_validation=True, forbid_extra_keys=True)
        self._expected: dict[Any, str] = {}
        for belongs, reader in (
            (_is_class, self._table),
            (_is_list, self._list),
            (_is_free_table, self._free_table),
            (_is_literal, self._words),
        ):
            self._converter.register_structure_hook_factory(belongs, reader)
        self._converter.register_structure_hook(Enum, lambda value, asked: _member(asked, value))

    def hook(self, kind: Any, parse: Callable[[Any], object], expected: str) -> None:
        """Let `parse` read every field of that type, a NewType or a class.

        `parse` gets the TOML value and raises ValueError or KeyError when it is wrong; the text of a
        ValueError, if any, becomes the hint. `expected` ends the sentence "expected …", such as "a share from
        0 to 1".
        """

        def read_value(value: Any, asked: Any) -> object:
            if asked is not kind and _is_enum(asked):  # such as a StrEnum, which is a str as well
                return _member(asked, value)
            try:
                return parse(value)
            except AftersaleError as error:
                raise _wrong(expected, value, getattr(error, "hint", "")) from error
            except (ValueError, KeyError) as error:
                raise _wrong(expected, value, str(error) if isinstance(error, ValueError) else "") from error

        self._expected[kind] = expected
        self._converter.register_structure_hook(kind, read_value)

    def structure(self, cls: type[T], data: Any, source: str) -> T:
        """Return the data as an instance of the class; raises DocumentError with every problem."""
        try:
            return self._converter.structure(data, cls)
        except (ClassValidationError, IterableValidationError, _Mistake) as error:
            found = self._problems(error, "", None)
            raise DocumentError(source, tuple(Problem(source, *each) for each in found)) from error

    def expected(self, kind: Any) -> str:
        """Return how messages describe the values of a type."""
        if kind in self._expected:
            return self._expected[kind]
        if _origin(kind) in (Union, UnionType):
            return " or ".join(self.expected(each) for each in get_args(kind) if each is not NoneType)
        if _is_literal(kind) or _is_enum(kind):
            return _one_of(_allowed(kind))
        if _is_list(kind):
            return "a list"
        return "a table" if _is_class(kind) or _is_free_table(kind) else "a value"

    def _table(self, cls: Any) -> Callable[[Any, Any], Any]:
        renamed: dict[str, Any] = {name: override(rename=key) for name, key in _keys(cls).items()}
        fill = make_dict_structure_fn(cls, self._converter, **renamed, _cattrs_forbid_extra_keys=True)

        def read_table(value: Any, _: Any) -> Any:
            if not isinstance(value, Mapping):
                raise _wrong("a table", value)
            return fill(value, cls)

        return read_table

    def _free_table(self, kind: Any) -> Callable[[Any, Any], Any]:
        of_key, of_value = get_args(kind)

        def read_free_table(value: Any, _: Any) -> Any:
            if not isinstance(value, Mapping):
                raise _wrong("a table", value)
            keys = [(key, key, of_key) for key in value]
            values = [(key, each, of_value) for key, each in value.items()]
            done = _gathered(kind, [*keys, *values], self._converter)
            return dict(zip(done[: len(keys)], done[len(keys) :], strict=True))

        return read_free_table

    def _list(self, kind: Any) -> Callable[[Any, Any], Any]:
        build, types = _LISTS[_origin(kind)], get_args(kind)
        fixed = _origin(kind) is tuple and types[-1] is not Ellipsis

        def read_list(value: Any, _: Any) -> Any:
            if not isinstance(value, list | tuple):
                raise _wrong("a list", value, "put it in brackets" if isinstance(value, str) else "")
            if fixed and len(value) != len(types):
                raise _Mistake(f"expected a list of {len(types)}, found a list of {len(value)}")
            items = ((index, each, types[index if fixed else 0]) for index, each in enumerate(value))
            return build(_gathered(kind, items, self._converter))

        return read_list

    def _words(self, kind: Any) -> Callable[[Any, Any], Any]:
        return lambda value, _: _member(kind, value)

    def _problems(self, error: Exception, path: str, kind: Any) -> Iterator[tuple[str, str, str]]:
        """Yield (path, what, hint) of all that is wrong from a path down; re-raises faults of the code."""
        if isinstance(error, ClassValidationError):
            yield from self._problems_of_table(error, path)
        elif isinstance(error, IterableValidationError):
            for each, note in error.group_exceptions()[0]:
                yield from self._problems(each, _below(path, note.index), note.type)
        elif isinstance(error, KeyError) and kind is not None:
            yield path, "missing", f"add it: {self.expected(kind)}"
        else:
            yield path, *_told(error)

    def _problems_of_table(self, error: ClassValidationError, path: str) -> Iterator[tuple[str, str, str]]:
        keys = _keys(error.cl)
        noted, others = error.group_exceptions()
        for each, note in noted:
            yield from self._problems(each, _below(path, keys[note.name]), note.type)
        for each in others:
            if isinstance(each, ForbiddenExtraKeysError):
                for key in sorted(each.extra_fields):
                    hint = meant(key, keys.values()) or f"allowed here: {', '.join(keys.values())}"
                    yield _below(path, key), "unknown key", hint
            else:
                yield from self._problems(each, path, None)


_LISTS: dict[Any, Callable[[Iterable[Any]], Any]] = {
    tuple: tuple,
    list: list,
    set: set,
    frozenset: frozenset,
    Sequence: tuple,
}


def _is_class(kind: Any) -> bool:
    return isinstance(kind, type) and attrs.has(kind)


def _is_list(kind: Any) -> bool:
    return _origin(kind) in _LISTS


def _is_free_table(kind: Any) -> bool:
    return _origin(kind) in (dict, Mapping)


def _is_literal(kind: Any) -> bool:
    return _origin(kind) is Literal


def _is_enum(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Enum)


def _origin(kind: Any) -> Any:
    return get_origin(kind)


def _keys(cls: Any) -> dict[str, str]:
    """Return the key of each field: its alias, without the underscore that sets `from_` off the keyword."""
    return {field.name: _key(field.alias or field.name) for field in attrs.fields(cls)}


def _key(alias: str) -> str:
    return alias[:-1] if alias.endswith("_") and iskeyword(alias[:-1]) else alias


def _gathered(kind: Any, items: Iterable[tuple[int | str, Any, Any]], converter: Converter) -> list[Any]:
    """Structure every item; raises one IterableValidationError for all that fail, as cattrs itself does."""
    done: list[Any] = []
    errors: list[Exception] = []
    for index, value, of in items:
        try:
            done.append(converter.structure(value, of))
        except Exception as error:
            error.add_note(IterableValidationNote("while structuring", index, of))
            errors.append(error)
    if errors:
        raise IterableValidationError("while structuring", errors, kind)
    return done


def _told(error: Exception) -> tuple[str, str]:
    if isinstance(error, _Mistake):
        return error.what, error.hint
    if isinstance(error, AftersaleError):
        return getattr(error, "what", str(error)), getattr(error, "hint", "")
    if isinstance(error, ValueError | TypeError):
        # The validators of attrs put their sentence first and objects after it.
        return str(error.args[0]) if error.args else "not allowed", ""
    raise error


def _below(path: str, step: int | str) -> str:
    if isinstance(step, int):
        return f"{path}[{step}]"
    key = step if re.fullmatch(r"[A-Za-z0-9_-]+", step) else _shown(step)
    return f"{path}.{key}" if path else key


def _wrong(expected: str, value: object, hint: str = "") -> _Mistake:
    return _Mistake(f"expected {expected}, found {_shown(value)}", hint)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return repr(value) if len(value) <= _SHOWN else f"{value[:_SHOWN]!r}…"
    if isinstance(value, int) and value.bit_length() > 63:
        return "a whole number beyond 64 bits"
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return "a table"
    return "a list" if isinstance(value, list | tuple) else repr(value)


def _allowed(kind: Any) -> list[Any]:
    if _is_enum(kind):
        return [each.value for each in kind]
    return list(get_args(kind))


def _one_of(allowed: Iterable[object]) -> str:
    return f"one of {', '.join(map(_shown, allowed))}"


def _member(kind: Any, value: Any) -> Any:
    allowed = _allowed(kind)
    if not any(type(value) is type(each) and value == each for each in allowed):
        words = [each for each in allowed if isinstance(each, str)]
        raise _wrong(_one_of(allowed), value, meant(value, words) if isinstance(value, str) else "")
    return kind(value) if isinstance(kind, type) else value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("put it in quotes" if isinstance(value, int | float) else "")
    return value


def _word(value: Any) -> str:
    if not _text(value).strip():
        raise ValueError
    return str(value)


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("without quotes" if value in ("true", "false") else "")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -(2.0**1023) < value < 2.0**1023:
        raise ValueError(_unquote(value))
    return float(value)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value.bit_length() > 63:
        raise ValueError(_unquote(value))
    return value


def _unquote(value: Any) -> str:
    return "remove the quotes" if isinstance(value, str) and re.fullmatch(r"[0-9]+(\.[0-9]+)?", value) else ""


def _between(parse: Callable[[Any], float], low: float, high: float) -> Callable[[Any], float]:
    def bounded(value: Any) -> float:
        number = parse(value)
        if not low <= number <= high:
            raise ValueError
        return number

    return bounded


def _zone_name(value: Any) -> str:
    zone_info(_text(value))
    return str(value)


def _day(value: Any) -> date:
    if isinstance(value, datetime) or not isinstance(value, date):
        raise ValueError("remove the quotes" if isinstance(value, str) else "")
    return value


def _moment(value: Any) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError("add an offset from UTC" if isinstance(value, datetime) else "")
    return value


def _duration(value: Any) -> int:
    match = re.fullmatch(r"([0-9]{1,12}(?:\.[0-9]{1,9})?) ?([A-Za-z]*)", _text(value))
    units = f"units: {', '.join(DURATION_UNITS)}"
    if not match or match[2] not in DURATION_UNITS:
        raise ValueError(units)
    length = Decimal(match[1]) * DURATION_UNITS[match[2]]
    if length > _LONGEST:
        raise ValueError("at most 100 years")
    return int(length)


def _time_range(value: Any) -> tuple[int, int]:
    match = re.fullmatch(r"([0-9]{2}):([0-5][0-9])-([0-9]{2}):([0-5][0-9])", _text(value))
    if not match:
        raise ValueError("two times of the day, 00:00 to 24:00, with a hyphen between them")
    opens, closes = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
    if opens >= _WHOLE_DAY or closes > _WHOLE_DAY:
        raise ValueError("a day begins at 00:00 and ends at 24:00")
    if opens == closes:
        raise ValueError("for the whole day write '00:00-24:00'")
    return opens, closes if closes > opens else closes + _WHOLE_DAY


def _weekdays(value: Any) -> frozenset[int]:
    days: set[int] = set()
    for part in _text(value).split(","):
        first, *rest = [name.strip() for name in part.split("-")]
        if len(rest) > 1 or not {first, *rest} <= set(WEEKDAYS):
            raise ValueError(f"days: {', '.join(WEEKDAYS)}")
        start, end = WEEKDAYS.index(first), WEEKDAYS.index(rest[0] if rest else first)
        days |= {(start + ahead) % 7 for ahead in range((end - start) % 7 + 1)}
    return frozenset(days)


def _currency(value: Any) -> str:
    decimals(_text(value))
    return str(value)


def _country(value: Any) -> str:
    known = list_supported_countries(include_aliases=False)
    if _text(value) not in known:
        raise ValueError(
            meant(value.upper(), known) if value.upper() in known else "two capital letters of ISO 3166"
        )
    return str(value)


def _amount(value: Any) -> Decimal:
    if isinstance(value, float) and isfinite(value):
        raise ValueError("put it in quotes, to keep it exact")
    text = value if isinstance(value, str) else str(_whole(value))
    if not re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,9})?", text):
        raise ValueError
    return Decimal(text)


registry = Registry()
"""The types that `structure` knows; a distribution adds its own with `registry.hook`."""

for _kind, _parse, _expected in (
    (str, _text, "a text"),
    (bool, _truth, "true or false"),
    (float, _number, "a number"),
    (int, _whole, "a whole number"),
    (date, _day, "a date such as 2026-03-29"),
    (datetime, _moment, "a date and time such as 2026-03-29T15:00:00+02:00"),
    (Share, _between(_number, 0, 1), "a share from 0 to 1"),
    (Rate, _between(_number, 0, 2.0**1023), "a number of 0 or more"),
    (Count, _between(_whole, 0, 2**63), "a whole number of 0 or more"),
    (PositiveCount, _between(_whole, 1, 2**63), "a whole number of 1 or more"),
    (Word, _word, "a text that is not empty"),
    (ZoneName, _zone_name, "a time zone such as 'Europe/Berlin'"),
    (Day, _day, "a date such as 2026-03-29"),
    (Duration, _duration, "a duration such as '12 min'"),
    (TimeRange, _time_range, "opening hours such as '09:00-18:00'"),
    (Weekdays, _weekdays, "days such as 'Mon-Fri' or 'Mon,Wed'"),
    (CurrencyCode, _currency, "a currency such as 'EUR'"),
    (CountryCode, _country, "a country such as 'DE'"),
    (MoneyAmount, _amount, "an amount such as '24.90'"),
):
    registry.hook(_kind, _parse, _expected)


def structure(cls: type[T], data: Any, source: str) -> T:
    """Return the data of a document as an instance of the class.

    Raises DocumentError with every problem and its path, such as `rule[3].clock`; `source` names the
    document there.
    """
    return registry.structure(cls, data, source)


def read(path: Path | Traversable) -> dict[str, Any]:
    """Return what a TOML file holds; raises DocumentError when it is missing, no UTF-8 text or no TOML."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
        return tomli.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise DocumentError(str(path), (Problem(str(path), *_unreadable(error)),)) from error


def _unreadable(error: Exception) -> tuple[str, str, str]:
    """Return (path, what, hint) of a file that cannot be read."""
    if isinstance(error, FileNotFoundError):
        return "", "does not exist", "check the name, or create the file"
    if isinstance(error, OSError):
        return "", f"cannot be read: {error.strerror or error}", "name a file that you may read"
    if isinstance(error, UnicodeDecodeError):
        line = error.object[: error.start].count(b"\n") + 1
        return f"line {line}", "is not UTF-8 text", "save the file as UTF-8"
    match = re.fullmatch(r"(.*) \(at (.*)\)", str(error), re.DOTALL)
    what, place = (match[1], match[2]) if match else (str(error) or "nested too deeply", "")
    return (
        place,
        f"is no valid TOML: {what[:1].lower()}{what[1:]}",
        "correct it there; https://toml.io shows the format",
    )
