"""Tables: plain tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aftersale.base.tables import Table, heading, table


def rows(header: Sequence[str], lines: Iterable[Sequence[str]], numbers: Iterable[int] = ()) -> Table:
    """Return a ruled table of text with the lines of its headers; the first column, of names, is not folded.

    `numbers` are the positions of columns of numbers.
    """
    heads = [heading(name) for name in header]
    return table(heads, lines, numbers=[heads[place] for place in numbers], whole=heads[:1], ruled=True)
