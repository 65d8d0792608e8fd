"""Translations: the texts for people, by key and language, kept beside the code in `messages.toml`.

    [en]
    late = "{count} of {total} replies were late."

There is a table for each language, with the same keys in each. A nested table adds its name and a dot: `title` in
`[en.rules]` is `rules.title`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from string import Formatter
from typing import Any, Self

from aftersale.base.errors import DocumentError, Problem, did_you_mean
from aftersale.base.toml_files import read
from aftersale.base.toml_lines import located
from aftersale.base.visible import visible


class Catalogue:
    """The messages of one package in one or more languages."""

    def __init__(self, data: Mapping[str, Any], source: str) -> None:
        """Check and keep parsed messages; raises DocumentError with every problem.

        Every language must have every key, with the same values to fill in.
        """
        self.source = source
        tables = {language: dict(_flat(table)) for language, table in data.items() if isinstance(table, dict)}
        problems = [
            *(Problem(source, key, "is in no language", "put it under [en]") for key in sorted(data.keys() - tables)),
            *_unreadable_messages(tables, source),
        ]
        if problems or (problems := list(_disagreements(tables, source))):
            raise DocumentError(source, located(problems, data))
        self._tables = tables

    @classmethod
    def load(cls, package: str) -> Self:
        """Return the messages that an installed package carries in `messages.toml`."""
        return cls(read(files(package) / "messages.toml"), f"{package}/messages.toml")

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that are there, sorted."""
        return tuple(sorted(self._tables))

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of all messages, sorted."""
        return tuple(sorted({key for table in self._tables.values() for key in table}))

    def text(self, key: str, language: str = "en", **values: object) -> str:
        """Return a message with its values filled in, each of them visible: line breaks are the message's own.

        Raises DocumentError for a language or a key that is not there, and for values that are not exactly
        those that the message asks for.
        """
        table = self._tables.get(language)
        if table is None:
            hint = f"the languages are: {', '.join(self.languages)}"
            raise self._error(language, "no messages in this language", hint)
        message = table.get(key)
        if message is None:
            hint = did_you_mean(key, table) or "add it in every language"
            raise self._error(f"{language}.{key}", "no such message", hint)
        fields = _fields(message)
        if fields != values.keys():
            what = f"asks for {_join_names(fields)} and is given {_join_names(values)}"
            raise self._error(f"{language}.{key}", what, "pass exactly the values that it names")
        try:
            return str(message).format(**{name: _visible(value) for name, value in values.items()})
        except (ValueError, TypeError) as error:
            what = f"cannot be filled in: {error}"
            raise self._error(f"{language}.{key}", what, "pass values of the kind that it formats") from error

    def _error(self, path: str, what: str, hint: str) -> DocumentError:
        return DocumentError(self.source, (Problem(self.source, path, what, hint),))


@cache
def _core() -> Catalogue:
    return Catalogue.load("aftersale")


def core_text(key: str, **values: object) -> str:
    """Return one of the program's own messages in English."""
    return _core().text(key, "en", **values) if values else _plain(key)


@cache
def _plain(key: str) -> str:
    """Return a message without values: costs are booked with the same few words thousands of times."""
    return _core().text(key, "en")


def headers_of(section: str, *keys: str) -> list[str]:
    """Return the headers of a table: the program's messages by these keys of a section, in English."""
    return [core_text(f"{section}.{key}") for key in keys]


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _visible(value: object) -> object:
    return visible(str(value)) if isinstance(value, str | Path) else value


def _fields(message: str) -> set[str]:
    """Return the names of the values that a message asks for; raises ValueError for braces that do not match."""
    return {name for _, name, _, _ in Formatter().parse(message) if name is not None}


def _unreadable_messages(tables: Mapping[str, Mapping[str, Any]], source: str) -> Iterator[Problem]:
    for language, table in tables.items():
        for key, message in table.items():
            if (what := _message_problem(message)) is not None:
                hint = 'write "… {count} …"; a brace itself is {{ or }}'
                yield Problem(source, f"{language}.{key}", what, hint)


def _message_problem(message: object) -> str | None:
    if not isinstance(message, str):
        return f"is {message!r}, not a text"
    try:
        parts = [(name, form) for _, name, form, _ in Formatter().parse(message) if name is not None]
    except ValueError as error:
        return f"cannot be filled in: {error}"
    unnamed = [name for name, form in parts if not name.isidentifier() or "{" in (form or "")]
    return f"'{{{unnamed[0]}}}' is more than a name and a plain format" if unnamed else None


def _disagreements(tables: Mapping[str, Mapping[str, str]], source: str) -> Iterator[Problem]:
    for key in dict.fromkeys(key for table in tables.values() for key in table):
        fields = {language: _fields(table[key]) for language, table in tables.items() if key in table}
        for language in sorted(tables.keys() - fields.keys()):
            hint = f"it stands in {', '.join(sorted(fields))}"
            yield Problem(source, f"{language}.{key}", "is missing", hint)
        if len(set(map(frozenset, fields.values()))) > 1:
            details = "; ".join(f"{language}: {_join_names(names)}" for language, names in fields.items())
            hint = "let every language ask for the same"
            yield Problem(source, key, f"asks for different values ({details})", hint)


def _join_names(names: Collection[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"
