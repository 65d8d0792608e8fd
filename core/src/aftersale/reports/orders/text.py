"""Text: files with columns, their encoding, and their rows with the line on which each begins."""

from __future__ import annotations

import csv
import io
import zlib
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from aftersale.base.errors import DocumentError, Problem
from aftersale.base.files import open_bounded

GARBAGE = "\ufffd"
"""The character in place of bytes that are no text in the file's encoding."""

_CHUNK = 1 << 20


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
    """Return the encoding that reads the file with the fewest bad bytes, the first among equals."""
    with opened(path, "latin-1") as text:
        mark = text.read(2).encode("latin-1")
    if mark in (BOM_UTF16_BE, BOM_UTF16_LE):
        return "utf-16"
    best, least = encodings[0], -1
    for encoding in encodings:
        damage = _damage(path, encoding)
        if damage == 0:
            return encoding
        if least < 0 or damage < least:
            best, least = encoding, damage
    return best


def _damage(path: Path, encoding: str) -> int:
    with opened(path, encoding) as text:
        return sum(chunk.count(GARBAGE) for chunk in iter(lambda: text.read(_CHUNK), ""))


def rows(text: TextIO, delimiter: str, quoted: bool) -> Iterator[tuple[int, list[str] | None]]:
    """Yield each row that is not blank with the line on which it begins, 1 for the file's first.

    A row with a quotation mark that is never closed is None; the lines that it would swallow are read as rows
    of their own.
    """
    lines = _Lines(text)
    width = 0
    for line in lines:
        number = lines.number
        if quoted and '"' in line:
            fields = _quoted_row(lines, line, delimiter, width)
        elif line.isspace():
            continue
        else:
            fields = line.rstrip("\r\n").split(delimiter)
        width = width or len(fields or ())
        yield number, fields


class _Lines(Iterator[str]):
    """Lines of a text; lines that were read too far can be put back."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._again: deque[str] = deque()
        self.number = 0

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._text)
        self.number += 1
        return line

    def give_back(self, lines: Sequence[str]) -> None:
        self._again.extendleft(reversed(lines))
        self.number -= len(lines)


def _quoted_row(lines: _Lines, first: str, delimiter: str, width: int) -> list[str] | None:
    lines_read = [first]
    try:
        fields = next(csv.reader(_record_lines(lines, lines_read), delimiter=delimiter))
        swallowed = any(_is_row(line, delimiter, width) for line in lines_read[1:])
    except csv.Error:  # a field longer than the module's limit
        swallowed = True
    if not swallowed:
        return fields
    lines.give_back(lines_read[1:])
    return None


def _record_lines(lines: _Lines, lines_read: list[str]) -> Iterator[str]:
    yield lines_read[0]
    for line in lines:
        lines_read.append(line)
        yield line


def _is_row(line: str, delimiter: str, width: int) -> bool:
    """Whether a line that continues a quoted field is more likely a row that the field has swallowed."""
    if not width or line.count('"') % 2 or line.count(delimiter) + 1 < width:
        return False
    return len(next(csv.reader([line], delimiter=delimiter), [])) == width
