"""Formats of marketplaces' own reports of returns; plugins carry them in `returns.toml`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import Any, Literal

from attrs import frozen

from aftersale.base.errors import PluginError, Problem
from aftersale.base.toml_files import read
from aftersale.documents.scalars import Word, ZoneName
from aftersale.documents.structure import structure
from aftersale.reports.sheets.declared import bad_date_formats, bad_encodings

_UTC = ZoneName("UTC")


@frozen
class ReturnColumns:
    """The report's own header for the order, and for the instant at which its return began."""

    order: Word
    opened_at: Word

    @property
    def headers(self) -> dict[str, str]:
        """Our words, each with its header."""
        return {"order": self.order, "opened_at": self.opened_at}


@frozen
class ReturnFormat:
    """How to read a marketplace's report of returns: text with a header, one row per returned line.

    A file is of this format when it has every header of `required`, with any delimiter. `ships` says whose orders it
    is about: those that the seller ships, or the marketplace. Dates are ISO 8601 or of `date_formats`, those without
    offset of `zone`; `counts_from` says in words what `opened_at` is.
    """

    name: Word
    columns: ReturnColumns
    required: tuple[Word, ...]
    ships: Literal["seller", "marketplace"]
    counts_from: Word
    source: Word
    grade: Word
    delimiter: str = "\t"
    encodings: tuple[Word, ...] = (Word("utf-8-sig"), Word("cp932"), Word("cp1252"))
    date_formats: tuple[Word, ...] = ()
    zone: ZoneName = _UTC

    def __attrs_post_init__(self) -> None:
        if faults := [*bad_encodings(self.encodings), *bad_date_formats(self.date_formats)]:
            raise ValueError("; ".join(faults))

    @property
    def needed(self) -> tuple[str, ...]:
        """The headers that a file of this format must have."""
        return tuple(dict.fromkeys((*self.required, self.columns.order, self.columns.opened_at)))


@frozen
class _ReturnDocument:
    returns: tuple[ReturnFormat, ...]


def parse_return_formats(data: Mapping[str, Any], source: str) -> list[ReturnFormat]:
    """Return the `[[returns]]` tables of a parsed document; raises DocumentError with all its problems."""
    return list(structure(_ReturnDocument, data, source).returns)


def load_return_formats(package: str, name: str = "returns.toml") -> list[ReturnFormat]:
    """Return the formats of reports of returns that an installed package carries in `returns.toml`."""
    return parse_return_formats(read(files(package) / name), f"{package}/{name}")


def merge_return_formats(formats: Iterable[tuple[str, ReturnFormat]]) -> list[ReturnFormat]:
    """Return one format per name; takes pairs of a plugin's name and a format.

    Raises PluginError that names every format on which two plugins do not agree.
    """
    merged: dict[str, tuple[str, ReturnFormat]] = {}
    problems = []
    for plugin, form in formats:
        first, earlier = merged.setdefault(form.name, (plugin, form))
        if form != earlier:
            hint = f"let {plugin} and {first} agree, or give the format of {plugin} a name of its own"
            problems.append(Problem(plugin, f"report of returns {form.name}", "is another one in another plugin", hint))
    if problems:
        raise PluginError(tuple(problems))
    return [form for _, form in merged.values()]
