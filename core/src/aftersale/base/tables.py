"""Tables for the terminal: text without lines around it, folded where it is too wide."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import click
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from aftersale.base.visible import visible

_GAP = 2
_NARROW = 8


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], numbers: Collection[str] = ()) -> Table:
    """Return a table as wide as the terminal at most, every cell visible.

    Words stay whole while there is room for them. Columns whose header is one of `numbers` are aligned to
    the right and never folded.
    """
    headers, rows = list(map(visible, headers)), [list(map(visible, row)) for row in rows]
    grid = Table(box=None, padding=0, header_style="bold")
    for header, width in zip(headers, _widths(headers, rows, console().width), strict=True):
        if grid.columns:
            grid.add_column(width=_GAP)  # releases of rich disagree on how wide padding makes a column
        number = header in numbers
        grid.add_column(header, width=width, overflow="fold", no_wrap=number, justify="right" if number else "left")
    for row in rows:
        grid.add_row(*[part for cell in row for part in ("", cell)][1:])
    return grid


def show(*parts: Table | str) -> None:
    """Print tables and lines, visible: headers in bold on a terminal, plain text without trailing blanks elsewhere."""
    out = console()
    with out.capture() as captured:
        for part in parts:
            out.print(visible(part) if isinstance(part, str) else part)
    for line in captured.get().splitlines():
        click.echo(line.rstrip())


def console() -> Console:
    """Return the console for tables: standard output, text as it is (no markup, no added colours)."""
    return Console(markup=False, highlight=False, emoji=False)


def _widths(headers: Sequence[str], rows: Sequence[Sequence[str]], total: int) -> list[int]:
    """Return the width of each column: its longest word, less where room is short, more where there is room.

    `total` is the width of all columns with their gaps. Spare room goes first to the columns that need least of it
    for none of their cells to fold.
    """
    columns = list(zip(headers, *rows, strict=True))
    natural = [_longest(line for cell in column for line in cell.split("\n")) for column in columns]
    words = ([header, *(word for cell in cells for word in cell.split())] for header, *cells in columns)
    widths = [_longest(column) for column in words]
    spare = total - _GAP * (len(columns) - 1) - sum(widths)
    for _ in range(-spare):
        _narrow(widths)
    for missing, i in sorted((natural[i] - widths[i], i) for i in range(len(columns))):
        if missing <= spare:
            widths[i] += missing
            spare -= missing
    for _ in range(min(spare, sum(natural) - sum(widths))):
        neediest = max(range(len(columns)), key=lambda i: natural[i] / max(widths[i], 1))
        widths[neediest] += 1
    return [max(width, 1) for width in widths]


def _narrow(widths: list[int]) -> None:
    """Make the widest column one narrower; the first column names the row and gives way last."""
    first = 1 if max(widths[1:], default=0) > _NARROW else 0
    widest = max(range(first, len(widths)), key=widths.__getitem__)
    widths[widest] -= 1


def _longest(texts: Iterable[str]) -> int:
    return max(map(cell_len, texts), default=0)
