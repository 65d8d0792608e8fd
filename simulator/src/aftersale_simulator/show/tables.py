"""Tables: plain tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from aftersale.base.tables import Table, heading, table
from aftersale_simulator.show.numbers import Numbers
from aftersale_simulator.show.wording import text


def metric_table(metrics: Mapping[str, float | None], numbers: Numbers) -> Table:
    """Return the metrics of one replication, one in each line."""
    header = text("column.metric"), text("column.value")
    lines = [(numbers.label(name), numbers.bare(value, name)) for name, value in metrics.items()]
    return table(header, lines, numbers=header[1:], whole=header[:1])


def rows(header: Sequence[str], lines: Iterable[Sequence[str]], numbers: Iterable[int] = ()) -> Table:
    """Return a ruled table of text with the lines of its headers; the first column, of names, is not folded.

    `numbers` are the positions of columns of numbers.
    """
    heads = [heading(name) for name in header]
    return table(heads, lines, numbers=[heads[place] for place in numbers], whole=heads[:1], ruled=True)
