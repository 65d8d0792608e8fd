"""Tables for the terminal: text without lines around it, split where it is too wide, and never with a broken word."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

import click
from attrs import frozen
from rich.cells import cell_len

from aftersale.base.visible import lines as lines_of, visible

PLAIN_WIDTH = 100
"""Columns where neither COLUMNS nor a terminal tells any: text that goes to a file, or to another program."""
_GAP = 2
_READABLE = 12
"""Columns below which a text that could be folded further is not: its table is split instead."""
_HANGING = "  "
_CODE = 3  # letters of a currency, digits of a group
_UNITS = ("h", "d", "min", "%", "‰")
_BETWEEN = ("/", "×", "±", "–")
_BEFORE = ("±", "≤", "≥", "<", ">", "=", "×", "/", "+/-")
_CLOSING = frozenset(",.;:!?)]%、，。；：！？）」』】")


class Line(NamedTuple):
    """A line of a table, and whether it is of the header."""

    text: str
    head: bool = False


class _Piece(NamedTuple):
    """What is never broken: a word, or a sign of a script without blanks; `apart` tells that a blank comes before."""

    text: str
    apart: bool


@frozen
class Table:
    """A table: its header, and its rows of cells, both of one line or more.

    The first `keys` columns name the row. The `numbers` are aligned to the right; they and the `whole` columns never
    fold. With `ruled` a line is drawn under the header.
    """

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[int] = frozenset()
    whole: frozenset[int] = frozenset()
    keys: int = 1
    ruled: bool = False

    def lines(self, width: int) -> list[Line]:
        """Return the lines of the table, none wider than `width` unless it is a single word.

        A table that does not fit is split into several with the same first columns; where even one column beside them
        does not fit, each row is a block of lines instead. A part leaves out the rows that it says nothing of.
        """
        parts = self._split(width)
        if parts is None:
            return list(self._blocks(width))
        printed: list[Line] = []
        for columns in parts:
            printed += [Line("")] if printed else []
            printed += self._grid(columns, width, self.rows if len(parts) == 1 else self._rows(columns))
        return printed

    def _split(self, width: int) -> list[list[int]] | None:
        """Return the columns of each part, None where no part can have any beside the first columns."""
        keys, others = list(range(self.keys)), range(self.keys, len(self.headers))
        least = [self._least(column) for column in range(len(self.headers))]
        beside = sum(least[key] + _GAP for key in keys)
        if any(beside + least[column] > width for column in others) or beside - _GAP > width:
            return None
        parts = [list(keys)]
        used = beside
        for column in others:
            if used + least[column] > width:
                parts.append(list(keys))
                used = beside
            parts[-1].append(column)
            used += least[column] + _GAP
        return parts

    def _least(self, column: int) -> int:
        """Return the least width of a column: its longest word, or what is readable where its words are short."""
        cells = [row[column] for row in self.rows]
        if column in self.numbers or column in self.whole:
            return max(_widest(cells), _longest_word([self.headers[column]]))
        texts = [self.headers[column], *cells]
        return max(_longest_word(texts), min(_widest(texts), _READABLE))

    def _grid(self, columns: Sequence[int], width: int, rows: Iterable[Sequence[str]]) -> Iterator[Line]:
        widths = self._widths(columns, width)
        yield from (Line(text, True) for text in self._row(self.headers, columns, widths))
        if self.ruled:
            yield Line("─" * (sum(widths) + _GAP * (len(widths) - 1)))
        for row in rows:
            yield from map(Line, self._row(row, columns, widths))

    def _rows(self, columns: Sequence[int]) -> Sequence[tuple[str, ...]]:
        """Return the rows of which these columns say something; all rows, where they say nothing of any."""
        others = columns[self.keys :]
        return [row for row in self.rows if any(row[column] for column in others)] or self.rows

    def _widths(self, columns: Sequence[int], width: int) -> list[int]:
        """Return the width of each column: the least, and more where there is room.

        Spare room goes first to the columns that need least of it for none of their cells to fold.
        """
        widths = [self._least(column) for column in columns]
        natural = [_widest([self.headers[column], *(row[column] for row in self.rows)]) for column in columns]
        spare = width - _GAP * (len(columns) - 1) - sum(widths)
        for missing, i in sorted((natural[i] - widths[i], i) for i in range(len(columns))):
            if missing <= spare:
                widths[i] += missing
                spare -= missing
        for _ in range(min(spare, sum(natural) - sum(widths))):
            neediest = max(range(len(columns)), key=lambda i: natural[i] / max(widths[i], 1))
            widths[neediest] += 1
        return widths

    def _row(self, cells: Sequence[str], columns: Sequence[int], widths: Sequence[int]) -> Iterator[str]:
        """Yield the lines of a row, without blanks at their ends."""
        folded = [folds(cells[column], width) for column, width in zip(columns, widths, strict=True)]
        for number in range(max(map(len, folded))):
            texts = [column[number] if number < len(column) else "" for column in folded]
            padded = (
                _padded(text, width, column in self.numbers)
                for text, column, width in zip(texts, columns, widths, strict=True)
            )
            yield (" " * _GAP).join(padded).rstrip()

    def _blocks(self, width: int) -> Iterator[Line]:
        """Yield each row as a block: what names it, and below it what else it has, each with its header."""
        for number, row in enumerate(self.rows):
            if number:
                yield Line("")
            for column, (header, cell) in enumerate(zip(self.headers, row, strict=True)):
                text = f"{_in_line(header)}: {_in_line(cell)}".removeprefix(": ")
                if column < self.keys:
                    yield from (Line(line, True) for line in folds(text, width))
                elif cell:
                    yield from map(Line, _hanging(text, width))


def table(
    headers: Sequence[str],
    rows: Iterable[Sequence[str]],
    numbers: Collection[str] = (),
    keys: int = 1,
    whole: Collection[str] = (),
    ruled: bool = False,
) -> Table:
    """Return a table, every cell visible; `numbers` and `whole` are the headers of such columns."""
    shown = tuple(map(visible, headers))
    return Table(
        shown,
        tuple(tuple(map(visible, row)) for row in rows),
        frozenset(column for column, header in enumerate(headers) if header in numbers),
        frozenset(column for column, header in enumerate(headers) if header in whole),
        keys,
        ruled,
    )


def heading(text: str) -> str:
    """Return the text of a message as a header, which has the lines of the message."""
    return lines_of(*text.split("\n"))


def show(*parts: Table | str, bold: bool = False, fg: str | None = None) -> None:
    """Print tables and lines, visible: headers in bold on a terminal, plain text without trailing blanks elsewhere.

    Lines may be `bold` or have a colour `fg` there.
    """
    columns = width()
    for part in parts:
        if isinstance(part, Table):
            for text, head in part.lines(columns):
                click.echo(click.style(text, bold=True) if head else text)
        else:
            for line in folds(visible(part), columns):
                click.echo(click.style(line.rstrip(), bold=bold or None, fg=fg) if bold or fg else line.rstrip())


def width() -> int:
    """Return how many columns there are: those of COLUMNS, of the terminal, also behind a pipe, or PLAIN_WIDTH."""
    told = os.environ.get("COLUMNS", "")
    if told.isdecimal() and int(told):
        return int(told)
    for stream in (sys.__stdout__, sys.__stderr__, sys.__stdin__):
        try:
            columns = os.get_terminal_size(stream.fileno()).columns if stream is not None else 0
        except (OSError, ValueError):  # no terminal, or a stream that was closed
            continue
        if columns:
            return columns
    return PLAIN_WIDTH


def folds(text: str, width: int) -> list[str]:
    """Return the lines of a text, folded between words; a word that is wider stands alone."""
    return [line for whole in text.split("\n") for line in _folds(whole, width)]


def _folds(line: str, width: int) -> list[str]:
    if cell_len(line) <= width:
        return [line]
    indent = line[: len(line) - len(line.lstrip(" "))]
    lines, used = [indent], cell_len(indent)
    begun = False
    for piece in _pieces(line.strip(" ")):
        blank = " " if piece.apart and begun else ""
        size = cell_len(piece.text) + len(blank)
        if begun and used + size > width:
            lines.append("")
            used, blank, size = 0, "", cell_len(piece.text)
        lines[-1] += blank + piece.text
        used += size
        begun = True
    return lines


def _pieces(line: str) -> Iterator[_Piece]:
    """Yield what is never broken of a line: words, and the signs of scripts that have no blanks between words."""
    words: list[str] = []
    for word in line.split():
        if words and _belong_together(words[-1].rpartition(" ")[2], word):
            words[-1] += f" {word}"
        else:
            words.append(word)
    for word in words:
        for number, part in enumerate(_signs(word)):
            yield _Piece(part, number == 0)


def _belong_together(word: str, following: str) -> bool:
    """Whether two words are one number: with its sign, its unit, the rest of its digits, or its grade behind it."""
    if word in _BEFORE:
        return following[:1].isdigit() or following[:1] in "+-."
    if not word.rstrip("%")[-1:].isdigit():
        return False
    bare = following.rstrip(",.;:)")
    is_unit = bare in _UNITS or (len(bare) == _CODE and bare.isascii() and (bare.isupper() or bare.isdigit()))
    return is_unit or following in _BETWEEN or following.startswith("(")


def _signs(word: str) -> Iterator[str]:
    """Yield a word in parts: each wide sign alone, with the marks that close it, all between them together."""
    if word.isascii():
        yield word
        return
    part = ""
    for sign in word:
        size = cell_len(sign)
        if part and size and (size > 1 or _is_wide(part[-1])) and sign not in _CLOSING:
            yield part
            part = ""
        part += sign
    if part:
        yield part


def _is_wide(sign: str) -> bool:
    return cell_len(sign) > 1


def _hanging(text: str, width: int) -> Iterator[str]:
    """Yield the lines of a text below what names it; a word that leaves no room for the indent has none."""
    room = width - len(_HANGING)
    for line in folds(text, room):
        yield (_HANGING + line if cell_len(line) <= room else line).rstrip()


def _in_line(text: str) -> str:
    return " ".join(text.split("\n"))


def _padded(text: str, width: int, is_number: bool) -> str:
    blanks = " " * (width - cell_len(text))
    return blanks + text if is_number else text + blanks


def _widest(texts: Iterable[str]) -> int:
    return max((cell_len(line) for text in texts for line in text.split("\n")), default=0)


def _longest_word(texts: Iterable[str]) -> int:
    lines = (line for text in texts for line in text.split("\n"))
    return max((cell_len(piece.text) for line in lines for piece in _pieces(line)), default=0)
