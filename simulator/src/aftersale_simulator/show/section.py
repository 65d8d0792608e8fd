"""Sections: the parts of a page, each a sentence with plots or tables."""

from __future__ import annotations

from typing import Any

from attrs import frozen


@frozen(eq=False)
class Picture:
    """A figure of plotly with what it shows in words; a `wide` one takes the page's whole width."""

    caption: str
    figure: Any
    wide: bool = False


@frozen
class Table:
    """Rows of text under a header; those whose number is in `marked` stand out. The first `words` columns are text."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    marked: frozenset[int] = frozenset()
    words: int = 1


@frozen
class Mark:
    """What a colour of the pictures stands for; a dotted line has it too, for those who see no colours."""

    colour: str
    name: str


@frozen(eq=False)
class Section:
    """A part of the page: `name` is its anchor, a plain word; the rest is text and comes as people read it."""

    name: str
    title: str
    lead: str
    pictures: tuple[Picture, ...] = ()
    tables: tuple[Table, ...] = ()
    marks: tuple[Mark, ...] = ()
    note: str = ""
