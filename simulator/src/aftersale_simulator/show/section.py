"""Section: a part of a page, a sentence with plots or tables."""

from __future__ import annotations

from typing import Any

from attrs import frozen


@frozen(eq=False)
class Picture:
    """A plotly figure with its caption; a `wide` one takes the page's whole width."""

    caption: str
    figure: Any
    wide: bool = False


@frozen
class Table:
    """Rows of text under a header; rows numbered in `marked` are highlighted. The first `words` columns are words.

    Rows numbered in `sums` add up others. A table with a `folded` line shows this alone until a reader opens it,
    and is left out on paper.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    marked: frozenset[int] = frozenset()
    words: int = 1
    sums: frozenset[int] = frozenset()
    folded: str = ""


@frozen
class Mark:
    """The meaning of a colour in the pictures; lines differ by dots as well, for readers who see no colours."""

    colour: str
    name: str


@frozen(eq=False)
class Section:
    """A part of the page: `name` is its anchor, a plain word; all other text is ready to read.

    `tables` stand above the pictures, those `below` under them.
    """

    name: str
    title: str
    lead: str
    pictures: tuple[Picture, ...] = ()
    tables: tuple[Table, ...] = ()
    marks: tuple[Mark, ...] = ()
    note: str = ""
    below: tuple[Table, ...] = ()
