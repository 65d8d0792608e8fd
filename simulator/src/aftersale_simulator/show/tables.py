"""Tables: plain tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from aftersale.base.visible import visible
from aftersale_simulator.show.numbers import label, number, scale
from aftersale_simulator.show.wording import text

PLAIN_WIDTH = 100
"""Columns of text that goes to a file or another program."""


def metric_table(metrics: Mapping[str, float | None], currency: str) -> Table:
    """Return the metrics of one replication, one in each line."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column()
    table.add_column(justify="right")
    for name, value in metrics.items():
        factor, decimals = scale(name)
        cell = text("report.none") if value is None else number(value * factor, decimals)
        table.add_row(label(name, currency), cell)
    return table


def rows(header: Sequence[str], lines: Iterable[Sequence[str]]) -> Table:
    """Return a plain table of text, every cell visible; the first column, of names, does not wrap."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False)
    for column, word in enumerate(header):
        table.add_column(word, overflow="fold", no_wrap=column == 0)
    for line in lines:
        table.add_row(*(Text(visible(cell)) for cell in line))
    return table
