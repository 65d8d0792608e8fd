"""Text: files with columns, their encoding, and their rows with the line on which each begins."""

from __future__ import annotations

import csv
import io
import zlib
from codecs import BOM_UTF16_BE, BOM_UTF16_LE, lookup
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from aftersale.base.errors import DocumentError, Problem
from aftersale.base.files import open_bounded

GARBAGE = "\ufffd"
"""The character in place of bytes that are no text in the file's encoding."""

LONGEST_LINE = 1 << 20
"""In characters: a longer line is no row of a table; it is passed over piece by piece and never held as a whole."""

MOST_LINES = 1000
"""Over how many lines the end of a quoted cell is looked for, and over no more characters than a line may have."""
MOST_OPEN = 1000
"""After so many marks that are never closed the end of no further one is looked for on other lines than its own: where
each row has such a mark, each would be read as often as there are lines to look at."""

_CHUNK = 1 << 20
_TOP = 4096
"""In bytes: how much of a file's top shows whether it is UTF-16 without a mark."""


@contextmanager
def opened(path: Path, encoding: str) -> Iterator[TextIO]:
    """Open a text file, gzipped or not, with its line ends as they are; bad bytes become `GARBAGE`.

    Raises DocumentError when the file cannot be read or is too large, then or while reading on.
    """
    try:
        with open_bounded(path) as content:
            yield io.TextIOWrapper(content, encoding, errors="replace", newline="")
    except (OSError, EOFError, zlib.error, UnicodeError) as exc:
        raise _unreadable(path, exc) from exc


def _unreadable(path: Path, exc: Exception) -> DocumentError:
    why = exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)
    hint = "check the path and your right to read it; get the file once more if it is cut short"
    return DocumentError(str(path), (Problem(str(path), "", f"cannot be read: {why}", hint),))


def encoding_of(path: Path, encodings: Sequence[str]) -> str:
    """Return the encoding that reads the file with the fewest bad bytes, the first among equals.

    A file whose bytes are UTF-8 but for fewer than those that only UTF-8 explains is UTF-8, though other encodings
    take every byte: one bad byte changes no other letter.
    """
    with opened(path, "latin-1") as text:
        top = text.read(_TOP).encode("latin-1")
    if top[:2] in (BOM_UTF16_BE, BOM_UTF16_LE):
        return "utf-16"
    if unmarked := _unmarked_utf16(top):
        return unmarked
    best, least = encodings[0], -1
    for encoding in encodings:
        damage = _damage(path, encoding)
        if damage == 0:
            return encoding
        if least < 0 or damage < least:
            best, least = encoding, damage
    return best


def _unmarked_utf16(top: bytes) -> str:
    """Return the encoding of a text of which every other byte is zero, or an empty text."""
    half = len(top) // 2
    odd, even = top[1::2].count(0), top[::2].count(0)
    if half and odd > half // 2 and not even:
        return "utf-16-le"
    return "utf-16-be" if half and even > half // 2 and not odd else ""


def _damage(path: Path, encoding: str) -> int:
    """Return how many characters could not be read; for UTF-8 fewer than letters beyond ASCII that it explains is 0."""
    with opened(path, encoding) as text:
        damage = sum(chunk.count(GARBAGE) for chunk in iter(lambda: text.read(_CHUNK), ""))
    return 0 if damage and _is_utf8(encoding) and damage < _explained(path, encoding) else damage


def _explained(path: Path, encoding: str) -> int:
    """Return how many letters beyond ASCII the encoding reads."""
    with opened(path, encoding) as text:
        chunks = iter(lambda: text.read(_CHUNK), "")
        return sum(len(chunk) - len(chunk.encode("ascii", "ignore")) - chunk.count(GARBAGE) for chunk in chunks)


def _is_utf8(encoding: str) -> bool:
    return lookup(encoding).name.replace("_", "-") in ("utf-8", "utf-8-sig")


class Unreadable(str):
    """The reason for which a line is no row."""

    __slots__ = ()


NEVER_CLOSED = Unreadable("a quotation mark is never closed")
TOO_LONG = Unreadable(f"a line of more than {LONGEST_LINE:,} characters")
Cells = list[str] | Unreadable
"""The cells of a row, none for an empty line, or why it has none."""


def rows(text: TextIO, delimiter: str, quoted: bool, width: int = 0) -> Iterator[tuple[int, Cells]]:
    """Yield each row with the line on which it begins, 1 for the file's first.

    `width` is the number of columns, where it is known. The lines that a quotation mark which is never closed would
    swallow are read as rows of their own; `MOST_LINES` and `MOST_OPEN` bound how far its end is looked for. Where
    fields are not `quoted`, marks around a whole cell are left out, as spreadsheets put them there all the same; a row
    that only quotation makes whole is read as quoted.
    """
    lines = _Lines(text)
    for line in lines:
        number = lines.number
        fields: Cells
        if line is None:
            fields = TOO_LONG
        elif line.isspace():
            fields = []
        elif quoted and '"' in line:
            fields = _quoted_row(lines, line, delimiter, width)
        else:
            fields = line.rstrip("\r\n").split(delimiter)
            if '"' in line:
                fields = _unquoted_row(lines, line, fields, delimiter, width)
        yield number, fields


class _Lines(Iterator[str | None]):
    """Lines of a text, None for one that is too long; lines that were read too far can be put back.

    `open_marks` counts the quotation marks that were never closed.
    """

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._again: deque[str | None] = deque()
        self.number = self.open_marks = 0

    def __next__(self) -> str | None:
        line = self._again.popleft() if self._again else self._read()
        self.number += 1
        return line

    def _read(self) -> str | None:
        line = self._text.readline(LONGEST_LINE)
        if not line:
            raise StopIteration
        if len(line) < LONGEST_LINE or line[-1] in "\r\n":
            return line
        while line and line[-1] not in "\r\n":
            line = self._text.readline(LONGEST_LINE)
        return None

    def give_back(self, lines: Sequence[str | None]) -> None:
        self._again.extendleft(reversed(lines))
        self.number -= len(lines)


def _quoted_row(lines: _Lines, first: str, delimiter: str, width: int) -> Cells:
    fields, lines_read = _record(lines, first, delimiter, width)
    if isinstance(fields, Unreadable):
        lines.give_back(lines_read[1:])
    return fields


def _record(lines: _Lines, first: str, delimiter: str, width: int) -> tuple[Cells, list[str | None]]:
    """Return the cells of a quoted row and the lines that it takes."""
    lines_read: list[str | None] = [first]
    try:
        fields = next(csv.reader(_record_lines(lines, lines_read), delimiter=delimiter))
        swallowed = any(line is not None and _is_row(line, delimiter, width) for line in lines_read[1:])
    except csv.Error:  # a field longer than the module's limit, too many lines, or one that is too long
        swallowed = True
    lines.open_marks += swallowed
    return NEVER_CLOSED if swallowed else fields, lines_read


def _record_lines(lines: _Lines, lines_read: list[str | None]) -> Iterator[str]:
    yield str(lines_read[0])
    most, room = MOST_LINES if lines.open_marks < MOST_OPEN else 1, LONGEST_LINE
    for line in lines:
        lines_read.append(line)
        room -= len(line or "")
        if line is None or room < 0 or len(lines_read) > most:
            raise csv.Error(NEVER_CLOSED)
        yield line


def _is_row(line: str, delimiter: str, width: int) -> bool:
    """Whether a line that continues a quoted field is more likely a row that the field has swallowed."""
    if not width or line.count('"') % 2 or line.count(delimiter) + 1 < width:
        return False
    return len(next(csv.reader([line], delimiter=delimiter), [])) == width


def _unquoted_row(lines: _Lines, line: str, fields: list[str], delimiter: str, width: int) -> list[str]:
    if width and len(fields) != width and any(cell.startswith('"') for cell in fields):
        whole, lines_read = _record(lines, line, delimiter, width)
        if not isinstance(whole, Unreadable) and (len(whole) == width or len(lines_read) > 1):
            return whole
        lines.give_back(lines_read[1:])
    return [_bare(cell) for cell in fields]


def _bare(cell: str) -> str:
    """Return a cell without the quotation marks around it, where what is inside could have needed them."""
    inside = cell[1:-1]
    if len(cell) < 2 or cell[0] != '"' or cell[-1] != '"' or '"' in inside.replace('""', ""):
        return cell
    return inside.replace('""', '"')
