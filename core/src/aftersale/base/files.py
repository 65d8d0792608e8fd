"""Files: what a user names to be read, refused before it can block the program or fill its memory.

A pipe waits for a writer that may never come, and a packed file of a megabyte can hold a thousand of them. So whatever
of a user's own is read is read through here: regular files only, and no more bytes than a limit.

The limit stands in a context, as the language of messages does in the simulator: the readers lie far below the program,
which alone reads the environment, and whoever changes the limit for one command or one test leaves it as it was.
"""

from __future__ import annotations

import gzip
import io
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, BinaryIO, cast

from aftersale.base.errors import DocumentError, Problem

LIMIT = "AFTERSALE_MOST_MB"
"""The environment variable that sets how many megabytes a file may have; the program reads it."""
MEGABYTE = 2**20
MOST = 512 * MEGABYTE
"""How many bytes a table may have, unpacked, where nobody sets a limit."""
MOST_OF_DOCUMENT = 64 * MEGABYTE
"""How many bytes a TOML or JSON document may have where nobody sets a limit."""
MOST_PARTS = 100_000
"""How many lines and commas a TOML or JSON document may have: each parts values, and may part mistakes."""
DEEPEST = 100
"""How many tables and lists of a document may stand inside one another."""

_PART = 640
"""In bytes: where a document may be larger, it may have a line or a comma for each so many."""
_NESTED = (dict, list)
_GZIP = b"\x1f\x8b"
_limit: ContextVar[int | None] = ContextVar("limit", default=None)
_KINDS: tuple[tuple[Callable[[int], bool], str], ...] = (
    (stat.S_ISDIR, "is a folder"),
    (stat.S_ISFIFO, "is a pipe"),
    (stat.S_ISSOCK, "is a socket"),
)


@contextmanager
def limited(size: int | None) -> Iterator[None]:
    """Set how many bytes any file may have in this block, and thread or task, only; None leaves it as it is."""
    token = _limit.set(_limit.get() if size is None else size)
    try:
        yield
    finally:
        _limit.reset(token)


def most(otherwise: int = MOST) -> int:
    """Return how many bytes a file may have: the limit that is set, or else this number."""
    limit = _limit.get()
    return otherwise if limit is None else limit


def check(path: Path, size: int | None = None) -> None:
    """Refuse what is no regular file, or has more bytes than `size` (by default `most()`), without opening it.

    Raises DocumentError, or OSError where there is nothing to read.
    """
    try:
        status = path.stat()
    except ValueError as error:  # a zero byte in it
        raise _refusal(path, "is no name that a file can have", "name a file") from error
    if not stat.S_ISREG(status.st_mode):
        what = next((what for is_kind, what in _KINDS if is_kind(status.st_mode)), "is a device")
        raise _refusal(path, what, "name a file; what a pipe or a device yields, save to a file first")
    limit = most() if size is None else size
    if status.st_size > limit:
        raise _too_large(path, limit, "is larger")


def open_bounded(path: Path) -> BinaryIO:
    """Open a file, gzipped or not, to read its bytes as they are unpacked, `most()` of them at most.

    Raises DocumentError, then or while reading, for what is no regular file and for more bytes than that; OSError,
    EOFError and zlib.error come from below.
    """
    limit = most()
    check(path, limit)
    return cast("BinaryIO", _Bounded(path, limit))


def read_bounded(path: Path) -> bytes:
    """Return the bytes of a small document, `most(MOST_OF_DOCUMENT)` of them at most.

    Raises DocumentError for what is no regular file, for more bytes than that, and for more than `MOST_PARTS` lines and
    commas; OSError for what cannot be read.
    """
    limit = most(MOST_OF_DOCUMENT)
    check(path, limit)
    with path.open("rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise _too_large(path, limit, "is larger")
    parts = max(MOST_PARTS, limit // _PART)
    if content.count(b"\n") + content.count(b",") > parts:
        hint = f"name a smaller document; a larger {LIMIT} allows more of them too"
        raise _refusal(path, f"has more than {parts:,} lines and commas", hint)
    return content


def check_depth(document: Any) -> None:
    """Raise RecursionError for a document in which more than `DEEPEST` tables and lists stand inside one another."""
    level = [document]
    for _ in range(DEEPEST):
        level = [item for value in level for item in _items(value) if isinstance(item, _NESTED)]
        if not level:
            return
    raise RecursionError("nested too deeply")


def _items(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


class _Bounded(io.BufferedIOBase):
    """The unpacked bytes of a file, counted while they are read."""

    def __init__(self, path: Path, limit: int) -> None:
        self._path, self._limit, self._room = path, limit, limit
        self._file = path.open("rb")
        try:
            packed = self._file.read(len(_GZIP)) == _GZIP
            self._file.seek(0)
        except OSError:
            self._file.close()
            raise
        self._content = gzip.GzipFile(fileobj=self._file) if packed else self._file

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        return self._counted(self._content.read(self._size(size)))

    def read1(self, size: int = -1) -> bytes:
        return self._counted(self._content.read1(self._size(size)))

    def close(self) -> None:
        self._content.close()
        self._file.close()
        super().close()

    def _size(self, size: int | None) -> int:
        """Return how many bytes to ask for: one more than there is room for shows that there are too many."""
        return self._room + 1 if size is None or size < 0 else min(size, self._room + 1)

    def _counted(self, content: bytes) -> bytes:
        self._room -= len(content)
        if self._room < 0:
            raise _too_large(self._path, self._limit, "holds more, unpacked,")
        return content


def _too_large(path: Path, limit: int, what: str) -> DocumentError:
    megabytes = limit // MEGABYTE
    hint = f"if it is meant to be so large, set {LIMIT} to more, such as {LIMIT}={2 * max(megabytes, 1)}"
    return _refusal(path, f"{what} than the limit of {megabytes} MB", hint)


def _refusal(path: Path, what: str, hint: str) -> DocumentError:
    return DocumentError(str(path), (Problem(str(path), "", what, hint),))
