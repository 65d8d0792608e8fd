"""Structure: TOML documents turned into frozen attrs classes, with every mistake reported at once by its path.

A class says by its annotations what each key holds. The types of `documents.scalars` check more than a bare `str` or
`int` does; `registry.hook` adds others. A field without default is a key that must be there, and keys that belong to no
field are refused. A field `from_` is the key `from`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, time
from enum import Enum
from keyword import iskeyword
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

import attrs
from cattrs import Converter
from cattrs.errors import (
    AttributeValidationNote,
    ClassValidationError,
    ForbiddenExtraKeysError,
    IterableValidationError,
    IterableValidationNote,
)

from aftersale.base.errors import AftersaleError, DocumentError, Problem, did_you_mean
from aftersale.base.toml_lines import below, is_written, located, quoted
from aftersale.documents.scalars import SCALARS

T = TypeVar("T")


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
        for matches, reader in (
            (_is_class, self._table),
            (_is_list, self._list),
            (_is_free_table, self._free_table),
            (_is_literal, self._words),
        ):
            self._converter.register_structure_hook_factory(matches, reader)
        self._converter.register_structure_hook(Enum, lambda value, target: _member(target, value))

    def hook(self, kind: Any, parse: Callable[[Any], object], expected: str) -> None:
        """Let `parse` read every field of that type, a NewType or a class.

        `parse` gets the TOML value and raises ValueError or KeyError when it is wrong; the text of a
        ValueError, if any, becomes the hint. `expected` ends the sentence "expected …", such as "a share from
        0 to 1".
        """

        def read_value(value: Any, target: Any) -> object:
            if target is not kind and _is_enum(target):  # such as a StrEnum, which is a str as well
                return _member(target, value)
            try:
                return parse(value)
            except AftersaleError as error:
                raise _mistake(expected, value, getattr(error, "hint", "")) from error
            except (ValueError, KeyError) as error:
                raise _mistake(expected, value, str(error) if isinstance(error, ValueError) else "") from error

        self._expected[kind] = expected
        self._converter.register_structure_hook(kind, read_value)

    def structure(self, cls: type[T], data: Any, source: str) -> T:
        """Return the data as an instance of the class; raises DocumentError with every problem, and its line in a file.

        A table may already be an instance of its class, such as one from an earlier reading; it is kept as it is.
        """
        try:
            return self._converter.structure(data, cls)
        except (ClassValidationError, IterableValidationError, _Mistake) as error:
            problems = tuple(Problem(source, *problem) for problem in self._problems(error, "", None))
            raise DocumentError(source, located(problems, data)) from error

    def expected(self, kind: Any) -> str:
        """Return how messages describe the values of a type."""
        if kind in self._expected:
            return self._expected[kind]
        if _origin(kind) in (Union, UnionType):
            return " or ".join(self.expected(member) for member in get_args(kind) if member is not NoneType)
        if _is_literal(kind) or _is_enum(kind):
            return _one_of(_allowed(kind))
        if _is_list(kind):
            return "a list"
        return "a table" if _is_class(kind) or _is_free_table(kind) else "a value"

    def _table(self, cls: Any) -> Callable[[Any, Any], Any]:
        fill = _filler(cls, self._converter)

        def read_table(value: Any, _: Any) -> Any:
            if isinstance(value, cls):
                return value
            if not isinstance(value, Mapping):
                raise _mistake("a table", value)
            return fill(value)

        return read_table

    def _free_table(self, kind: Any) -> Callable[[Any, Any], Any]:
        key_type, value_type = get_args(kind)

        def read_free_table(value: Any, _: Any) -> Any:
            if not isinstance(value, Mapping):
                raise _mistake("a table", value)
            keys = [(key, key, key_type) for key in value]
            values = [(key, item, value_type) for key, item in value.items()]
            results = _structure_items(kind, [*keys, *values], self._converter)
            return dict(zip(results[: len(keys)], results[len(keys) :], strict=True))

        return read_free_table

    def _list(self, kind: Any) -> Callable[[Any, Any], Any]:
        build, types = _LISTS[_origin(kind)], get_args(kind)
        fixed = _origin(kind) is tuple and types[-1] is not Ellipsis

        def read_list(value: Any, _: Any) -> Any:
            if not isinstance(value, list | tuple):
                raise _mistake("a list", value, "put it in brackets" if isinstance(value, str) else "")
            if fixed and len(value) != len(types):
                raise _Mistake(f"expected a list of {len(types)}, found a list of {len(value)}")
            items = ((index, item, types[index if fixed else 0]) for index, item in enumerate(value))
            return build(_structure_items(kind, items, self._converter))

        return read_list

    def _words(self, kind: Any) -> Callable[[Any, Any], Any]:
        return lambda value, _: _member(kind, value)

    def _problems(self, error: Exception, path: str, kind: Any) -> Iterator[tuple[str, str, str]]:
        """Yield (path, what, hint) of all that is wrong from a path down; re-raises faults of the code."""
        if isinstance(error, ClassValidationError):
            yield from self._problems_of_table(error, path)
        elif isinstance(error, IterableValidationError):
            for cause, note in error.group_exceptions()[0]:
                yield from self._problems(cause, below(path, note.index), note.type)
        elif isinstance(error, KeyError) and kind is not None:
            yield path, "missing", f"add it: {self.expected(kind)}"
        else:
            yield path, *_what_and_hint(error)

    def _problems_of_table(self, error: ClassValidationError, path: str) -> Iterator[tuple[str, str, str]]:
        keys = _keys(error.cl)
        of_fields, of_table = error.group_exceptions()
        for cause, note in of_fields:
            yield from self._problems(cause, below(path, keys[note.name]), note.type)
        for cause in of_table:
            if isinstance(cause, ForbiddenExtraKeysError):
                for key in sorted(cause.extra_fields):
                    hint = did_you_mean(key, keys.values()) or f"allowed here: {', '.join(keys.values())}"
                    yield below(path, key), "unknown key", hint
            else:
                yield from self._problems(cause, path, None)


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
    return {field.name: _key(field.alias or field.name) for field in attrs.fields(cls) if is_written(field)}


def _key(alias: str) -> str:
    return alias[:-1] if alias.endswith("_") and iskeyword(alias[:-1]) else alias


def _filler(cls: Any, converter: Converter) -> Callable[[Mapping[str, Any]], Any]:
    """Return what makes an instance of a class of a table; it raises one ClassValidationError, as cattrs itself does.

    The function of cattrs is written and compiled for each class, which takes longer than to read most documents.
    """
    attrs.resolve_types(cls)
    keys, readers = _keys(cls), dict[str, Callable[[Any, Any], Any]]()
    fields = [field for field in attrs.fields(cls) if field.init and field.name in keys]
    slots = [
        (keys[field.name], field.name, field.alias, field.type, field.default is attrs.NOTHING) for field in fields
    ]
    allowed = {slot[0] for slot in slots}

    def fill(table: Mapping[str, Any]) -> Any:
        values: dict[str, Any] = {}
        errors: list[Exception] = []
        for key, name, alias, kind, needed in slots:
            if not needed and key not in table:
                continue
            try:
                value = table[key]
                reader = readers.get(key)
                if reader is None:
                    reader = readers[key] = converter.get_structure_hook(kind)
                values[alias] = reader(value, kind)
            except Exception as error:
                error.add_note(AttributeValidationNote("while structuring", name, kind))
                errors.append(error)
        if unknown := table.keys() - allowed:
            errors.append(ForbiddenExtraKeysError("", cls, unknown))
        if errors:
            raise ClassValidationError("while structuring", errors, cls)
        try:
            return cls(**values)
        except Exception as error:
            raise ClassValidationError("while structuring", [error], cls) from error

    return fill


def _structure_items(kind: Any, items: Iterable[tuple[int | str, Any, Any]], converter: Converter) -> list[Any]:
    """Structure every item; raises one IterableValidationError for all that fail, as cattrs itself does."""
    results: list[Any] = []
    errors: list[Exception] = []
    for index, value, item_type in items:
        try:
            results.append(converter.structure(value, item_type))
        except Exception as error:
            error.add_note(IterableValidationNote("while structuring", index, item_type))
            errors.append(error)
    if errors:
        raise IterableValidationError("while structuring", errors, kind)
    return results


def _what_and_hint(error: Exception) -> tuple[str, str]:
    if isinstance(error, _Mistake):
        return error.what, error.hint
    if isinstance(error, AftersaleError):
        return getattr(error, "what", str(error)), getattr(error, "hint", "")
    if isinstance(error, ValueError | TypeError):
        # The validators of attrs put their sentence first and objects after it.
        return str(error.args[0]) if error.args else "not allowed", ""
    raise error


def _mistake(expected: str, value: object, hint: str = "") -> _Mistake:
    return _Mistake(f"expected {expected}, found {_format_value(value)}", hint)


def _format_value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, int) and value.bit_length() > 63:
        return "a whole number beyond 64 bits"
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return "a table"
    return "a list" if isinstance(value, list | tuple) else repr(value)


def _allowed(kind: Any) -> list[Any]:
    if _is_enum(kind):
        return [member.value for member in kind]
    return list(get_args(kind))


def _one_of(allowed: Iterable[object]) -> str:
    return f"one of {', '.join(map(_format_value, allowed))}"


def _member(kind: Any, value: Any) -> Any:
    allowed = _allowed(kind)
    if not any(type(value) is type(member) and value == member for member in allowed):
        words = [member for member in allowed if isinstance(member, str)]
        raise _mistake(_one_of(allowed), value, did_you_mean(value, words) if isinstance(value, str) else "")
    return kind(value) if isinstance(kind, type) else value


registry = Registry()
"""The types that `structure` knows; a distribution adds its own with `registry.hook`."""

for _kind, _parse, _expected in SCALARS:
    registry.hook(_kind, _parse, _expected)


def structure(cls: type[T], data: Any, source: str) -> T:
    """Return the data of a document as an instance of the class.

    Raises DocumentError with every problem and its path, such as `rule[3].clock`; `source` names the
    document there.
    """
    return registry.structure(cls, data, source)
