"""Floods: inputs of hundreds of megabytes, or that never end, each made where it is read."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Iterable, Iterator
from itertools import islice, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen
from readings import Reading

if TYPE_CHECKING:
    from aftersale.plugins.plugins import Plugins

MEGABYTE = 1 << 20
NAMES = {
    "orders_tsv": ("orders.csv",),
    "messages": ("messages.csv",),
    "tasks": ("tasks.csv",),
    "health": ("health.json",),
    "journal_csv": ("orders.csv", "facts.csv"),
    "journal_parquet": ("orders.parquet", "facts.parquet"),
    "handbook": ("handbook.toml",),
    "scenario": ("shop.toml",),
}
"""The files of each kind; a flood stands in for every one of them."""
TABLES = ("orders_tsv", "messages", "tasks", "journal_csv")
DOCUMENTS = ("health", "handbook", "scenario")
ALL = (*TABLES, "journal_parquet", *DOCUMENTS)
HEADERS = {
    "orders_tsv": b"order,marketplace,currency,purchased_at,channel,category,price,cross_border,exempt,product\n",
    "messages": b"order,sender,sent_at\n",
    "tasks": b"kind,seconds\n",
}
ROWS = {
    "orders_tsv": b"%d,US,USD,2026-01-01T10:00:00Z,MFN,general,2000,false,false,mug\n",
    "messages": b"A%d,buyer,2026-01-01T10:00:00Z\n",
    "tasks": b"reply,%d.5\n",
}
LOGS = tuple(HEADERS)


@frozen
class Flood:
    """An input: which kinds meet it, and what makes a file of it at a path, for a kind."""

    name: str
    kinds: tuple[str, ...]
    make: Callable[[Path, str], object]
    posix: bool = False

    def fits_here(self) -> bool:
        """Whether this system has what it is made of."""
        return not self.posix or os.name == "posix"

    def read(self, folder: Path, plugins: Plugins, attempt: Callable[[Reading, str], Any], kind: str) -> Any:
        """Return what becomes of the flood where it is read as that kind."""
        folder.mkdir()
        for name in NAMES[kind]:
            self.make(folder / name, kind)
        return attempt(Reading(plugins, folder, 1 if kind == "orders_tsv" else 0), kind)


def _written(pieces: Callable[[str], Iterable[bytes]]) -> Callable[[Path, str], None]:
    def make(path: Path, kind: str) -> None:
        with path.open("wb") as file:
            file.writelines(pieces(kind))

    return make


def _packed(piece: bytes, times: int) -> Callable[[Path, str], None]:
    def make(path: Path, kind: str) -> None:
        with gzip.open(path, "wb", compresslevel=1) as file:
            for _ in range(times):
                file.write(piece)

    return make


def _same(piece: bytes, megabytes: int) -> Callable[[str], Iterator[bytes]]:
    """Return what yields so many megabytes of a piece, over and over."""
    block = piece * (MEGABYTE // len(piece))
    return lambda kind: repeat(block, megabytes)


def _below_header(piece: bytes, megabytes: int) -> Callable[[str], Iterator[bytes]]:
    def pieces(kind: str) -> Iterator[bytes]:
        yield HEADERS[kind]
        yield from _same(piece, megabytes)(kind)

    return pieces


def _rows(row: Callable[[str], bytes], count: int) -> Callable[[str], Iterator[bytes]]:
    """Return what yields a header and so many rows with a number of their own."""

    def pieces(kind: str) -> Iterator[bytes]:
        yield HEADERS[kind]
        form = row(kind)
        yield from (form % number for number in range(count))

    return pieces


def _wider_and_wider(kind: str) -> Iterator[bytes]:
    yield HEADERS[kind]
    yield from (b"," * width + b"\n" for width in range(20_000))


def _open_mark(kind: str) -> Iterator[bytes]:
    yield HEADERS[kind]
    yield b'"' + ROWS[kind] % 0
    yield from islice(_rows(ROWS.__getitem__, 1_000_000)(kind), 1, None)


def _nested(opening: bytes, times: int) -> Callable[[str], Iterator[bytes]]:
    return lambda kind: iter((b'{"performanceMetrics":' if kind == "health" else b"a=", opening * times))


def _listed(item: bytes, times: int) -> Callable[[str], Iterator[bytes]]:
    """Return what yields one list of so many items, where a document may have one."""
    begins = {"health": b'{"performanceMetrics":[', "handbook": b"rule=[", "scenario": b"variant=["}
    ends = {"health": b"]}", "handbook": b"]\n", "scenario": b"]\n"}
    return lambda kind: iter((begins[kind], item * (times - 1), item.rstrip(b","), ends[kind]))


def _spoilt(kind: str) -> bytes:
    """Return a row without a date or a number."""
    return ROWS[kind].replace(b"2026", b"x").replace(b".5", b"x")


FLOODS = {
    flood.name: flood
    for flood in (
        Flood("600 MB of blanks", ALL, _written(_same(b" ", 600))),
        Flood("400 MB of blanks", TABLES, _written(_same(b" ", 400))),
        Flood("60 MB of blanks", DOCUMENTS, _written(_same(b" ", 60))),
        Flood("1 GB of zeros, packed", ALL, _packed(bytes(MEGABYTE), 1024)),
        Flood("500 MB of zeros, packed", TABLES, _packed(bytes(MEGABYTE), 500)),
        Flood("500 MB of short lines, packed", TABLES, _packed(b"a,b\n" * (MEGABYTE // 4), 500)),
        Flood("a line of 300 MB", TABLES, _written(_same(b"a,", 300))),
        Flood("a line of 60 MB", DOCUMENTS, _written(_same(b"a.", 60))),
        Flood("20 million empty lines", ALL, _written(_same(b"\n", 20))),
        Flood("500 million empty lines", TABLES, _written(_same(b"\n", 500))),
        Flood("20 million empty rows", LOGS, _written(_below_header(b"\n", 20))),
        Flood("500 million empty rows", LOGS, _written(_below_header(b"\n", 500))),
        Flood("150 million short rows", LOGS, _written(_below_header(b"x\n", 300))),
        Flood("a mark that is never closed", LOGS, _written(_open_mark)),
        Flood("a mark in each row", LOGS, _written(_below_header(b'a"b,"c\n', 300))),
        Flood("two marks in each row", LOGS, _written(_below_header(b'a"b,"c,d"e,"f\n', 300))),
        Flood("rows of every width", LOGS, _written(_wider_and_wider)),
        Flood("3 million rows without a date", LOGS, _written(_rows(_spoilt, 3_000_000))),
        Flood("3 million good rows", LOGS, _written(_rows(ROWS.__getitem__, 3_000_000))),
        Flood("7 million good rows", LOGS, _written(_rows(ROWS.__getitem__, 7_000_000))),
        Flood("brackets", DOCUMENTS, _written(_nested(b"[", 60 * MEGABYTE))),
        Flood("a few brackets", DOCUMENTS, _written(_nested(b"[", 5000))),
        Flood("a list of lists", DOCUMENTS, _written(_listed(b"[],", 20 * MEGABYTE))),
        Flood("a list of tables", DOCUMENTS, _written(_listed(b"{},", 20 * MEGABYTE))),
        Flood("a list of numbers", DOCUMENTS, _written(_listed(b"1,", 30 * MEGABYTE))),
        Flood("90,000 lists", DOCUMENTS, _written(_listed(b"[],", 90_000))),
        Flood("90,000 tables", DOCUMENTS, _written(_listed(b"{},", 90_000))),
        Flood("90,000 numbers", DOCUMENTS, _written(_listed(b"1,", 90_000))),
        Flood("a key of 100,000 parts", DOCUMENTS, _written(lambda kind: iter((b"a." * 100_000, b"a=1\n")))),
        Flood("10 million keys", DOCUMENTS, _written(lambda kind: (b"a%d=1\n" % n for n in range(6_000_000)))),
        Flood("a device", ALL, lambda path, kind: path.symlink_to("/dev/zero"), posix=True),
        Flood("a pipe", ALL, lambda path, kind: os.mkfifo(path), posix=True),
        Flood("a folder", ALL, lambda path, kind: path.mkdir()),
        Flood("memory of the process", ALL, lambda path, kind: path.symlink_to("/proc/self/mem"), posix=True),
        Flood("nothing at all", ALL, lambda path, kind: path.touch()),
        Flood("a link to itself", ALL, lambda path, kind: path.symlink_to(path), posix=True),
    )
}
