"""Journal: all facts in order of `known_at`, and the orders they are about; all else is derived from it.

A journal is a folder with `orders.parquet` and `facts.parquet` (or both as CSV). What it was written with may stand
beside them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from attrs import evolve, frozen

from aftersale.base.collector import without_collector
from aftersale.base.errors import DocumentError, JournalError, Problem
from aftersale.base.files import LIMIT, MEGABYTE, check, most, open_bounded
from aftersale.cases.facts import Fact
from aftersale.journal.columns import FACT_COLUMNS, OPTIONAL_TIMES, ORDER_COLUMNS, Column, checked
from aftersale.journal.consistency import inconsistencies
from aftersale.journal.own_numbers import OwnNumbers, read_own_numbers
from aftersale.journal.plausibility import Doubt, doubts
from aftersale.journal.provenance import HANDBOOK, Provenance, read_provenance
from aftersale.journal.soundness import damages
from aftersale.order_columns import Orders
from aftersale.orders import NEVER, NOBODY, UNTOLD

_PARQUET = ".parquet"
_PACKED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
"""How texts begin that are packed by gzip, zstd and zlib."""

MOST_COLUMNS, MOST_CELLS = 1000, 64_000_000
"""How many columns and cells a CSV may have: more of them in a file within the limit of its size hold next to nothing,
and would take many times as much memory as it is large."""
_CELL = 8
"""In bytes, what a cell takes about: where a file may be larger, it may have more cells."""

_NONE: frozenset[str] = frozenset()
# As in the engine: a named tuple's own constructor takes several times as long.
_new = tuple.__new__


@frozen(eq=False)
class Journal:
    """Facts sorted by `known_at` (facts of one instant keep their order) and the orders that they are about.

    `doubts` are about its rows, whenever they became known. `provenance` is what it was written with: None where nobody
    says, the problem where it cannot be read. `handbook` is the file with a handbook of its own, if it has one, or why
    that cannot be taken. `own_numbers` are those with which its costs were booked, or why they cannot be read.
    """

    orders: Orders
    facts: Sequence[Fact]
    source: str = "journal"
    doubts: tuple[Doubt, ...] = ()
    provenance: Provenance | Problem | None = None
    handbook: Path | Problem | None = None
    own_numbers: OwnNumbers | Problem | None = None


def read_journal(folder: Path) -> Journal:
    """Return the journal of a folder.

    Raises JournalError with every problem: missing files or columns, values that do not fit their column, facts about
    orders that the journal does not have, orders and cases that contradict themselves.
    """
    where, paths = str(folder), _paths(folder)
    unsound = _unsound(paths.values())
    (orders, order_problems, absent), (facts, fact_problems, _) = (
        (pl.DataFrame(), unsound[paths[name]], _NONE) if paths[name] in unsound else _table(paths[name], columns)
        for name, columns in (("orders", ORDER_COLUMNS), ("facts", FACT_COLUMNS))
    )
    problems = [*order_problems, *fact_problems] or list(inconsistencies(where, orders, facts))
    if problems:
        raise JournalError(where, tuple(problems))
    orders, facts = _sorted(orders, "purchased_at"), _sorted(facts, "known_at")
    told = tuple(doubts(orders, facts))
    written = read_provenance(folder)
    handbook = folder / HANDBOOK if (folder / HANDBOOK).is_file() else None
    numbers = read_own_numbers(folder)
    with without_collector():
        sold = _orders(orders, absent)
        del orders  # millions of facts need the room
        return Journal(sold, _facts(facts), where, told, written, handbook, numbers)


def _sorted(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    """Return a table sorted by a column, rows of one value in their order; most are sorted already."""
    return frame if frame[column].is_sorted() else frame.sort(column, maintain_order=True)


def _paths(folder: Path) -> dict[str, Path]:
    """Return the files of a folder by table; raises JournalError where there is no folder that may be read."""
    what, hint = "is no folder", "name the folder that 'aftersale simulate --out FOLDER' wrote, or one like it"
    try:
        if folder.is_dir():
            return {name: _path(folder, name) for name in ("orders", "facts")}
    except OSError as error:
        what = f"cannot be read: {error.strerror or error}"
    raise JournalError(str(folder), (Problem(str(folder), "", what, hint),))


def _path(folder: Path, name: str) -> Path:
    """Return the file of a table; the name of a Parquet file where there is none."""
    text = folder / f"{name}.csv"
    return text if text.exists() and not text.with_suffix(_PARQUET).exists() else text.with_suffix(_PARQUET)


def _unsound(paths: Iterable[Path]) -> dict[Path, list[Problem]]:
    """Return by file why it cannot be read, found out without reading it here."""
    problems: dict[Path, list[Problem]] = {}
    sound = []
    for path in paths:
        try:
            check(path)
        except DocumentError as error:
            problems[path] = list(error.problems)
        except OSError as error:
            problems[path] = [_unread(path, error)]
        else:
            sound.append(path)
    hint = "get the file once more from where it came, or write the journal again"
    for path, what in damages([path for path in sound if path.suffix == _PARQUET]).items():
        problems[path] = [Problem(str(path), "", what, hint)]
    return problems


def _table(path: Path, columns: dict[str, Column]) -> tuple[pl.DataFrame, list[Problem], frozenset[str]]:
    """Return the columns of a file, what is wrong with them, and which of them it does not have."""
    try:
        frame = pl.read_parquet(path, glob=False) if path.suffix == _PARQUET else _csv(path)
    except DocumentError as error:
        return pl.DataFrame(), list(error.problems), _NONE
    # A file that is no table can make the reader fail in any way, even by a panic of its compiled code.
    except (Exception, pl.exceptions.PanicException) as error:
        return pl.DataFrame(), [_unread(path, error)], _NONE
    return *checked(frame, columns, str(path)), frozenset(columns.keys() - set(frame.columns))


def _unread(path: Path, error: BaseException) -> Problem:
    """Return the problem of a file that is not there, or that its reader gives up."""
    if isinstance(error, FileNotFoundError):
        hint = f"a journal is a folder with {path.name} (or {path.stem}.csv); 'aftersale simulate' writes one"
        return Problem(str(path), "", "does not exist", hint)
    lines = str(error).strip().splitlines() or [type(error).__name__]
    hint = f"write it again as {'Parquet' if path.suffix == _PARQUET else 'CSV in UTF-8'}"
    return Problem(str(path), "", f"cannot be read: {lines[0]}", hint)


def _csv(path: Path) -> pl.DataFrame:
    """Return a CSV with its cells as text; its bytes are counted before polars sees them, which unpacks by itself.

    Raises DocumentError when there are too many bytes, columns or cells.
    """
    with open_bounded(path) as content:
        text = content.read()
    if text.startswith(_PACKED):
        raise ValueError("it is packed")
    _check_cells(path, text)
    return pl.read_csv(text, infer_schema_length=0)


def _check_cells(path: Path, text: bytes) -> None:
    header, rows = text[:MEGABYTE].partition(b"\n")[0], text.count(b"\n")
    columns, limit = header.count(b",") + 1, max(MOST_CELLS, most() // _CELL)
    what = hint = ""
    if len(header) == MEGABYTE:
        what, hint = "has no first line with the names of its columns", "'aftersale simulate --csv' writes such a file"
    elif columns > MOST_COLUMNS:
        what, hint = f"has more than {MOST_COLUMNS:,} columns", "leave out those that a journal does not have"
    elif columns * rows > limit:
        what = f"has more than {limit:,} cells"
        hint = f"leave out empty rows and other columns, or write it as Parquet; {LIMIT} sets another limit"
    if what:
        raise DocumentError(str(path), (Problem(str(path), "", what, hint),))


def _facts(frame: pl.DataFrame) -> list[Fact]:
    """Return the facts, of which those that say the same share their texts and instants: most of a journal's memory."""
    times = frame.select(pl.col("occurred_at", "known_at").cast(pl.Int64))
    happened = times["occurred_at"].to_list()
    known = [at if at == then else then for at, then in zip(happened, times["known_at"].to_list(), strict=True)]
    instants = {"occurred_at": happened, "known_at": known}
    columns = [instants.get(name) or _values(frame[name]) for name in FACT_COLUMNS]
    return [_new(Fact, row) for row in zip(*columns, strict=True)]


def _values(column: pl.Series) -> list[Any]:
    return _shared(column) if column.dtype == pl.String else column.to_list()


def _shared(column: pl.Series) -> list[str]:
    """Return the texts of a column, equal ones as one object."""
    texts: dict[str, str] = {}
    return [texts.setdefault(text, text) for text in column.to_list()]


def _orders(frame: pl.DataFrame, absent: frozenset[str]) -> Orders:
    pairs = frame.select("marketplace", "currency").unique(maintain_order=True)
    marketplaces = tuple(pairs["marketplace"])
    channels, categories = tuple(frame["channel"].unique()), tuple(frame["category"].unique())
    times = frame.with_columns(
        pl.col("purchased_at", *OPTIONAL_TIMES).cast(pl.Int64).fill_null(NEVER),
        pl.col("tracked").cast(pl.Int8).fill_null(-1),
    )
    orders = Orders(
        marketplaces,
        tuple(pairs["currency"]),
        tuple(sorted(channels)),
        tuple(sorted(categories)),
        frame["order"].to_list(),
        _codes(frame["marketplace"], marketplaces).astype(np.int16),
        times["purchased_at"].to_numpy(),
        _codes(frame["channel"], tuple(sorted(channels))).astype(np.int8),
        _codes(frame["category"], tuple(sorted(categories))).astype(np.int16),
        frame["price"].to_numpy(),
        times["promised_at"].to_numpy(),
        times["delivered_at"].to_numpy(),
        frame["cross_border"].to_numpy(),
        frame["exempt"].to_numpy(),
        times["ship_by"].to_numpy(),
        times["shipped_at"].to_numpy(),
        times["cancelled_at"].to_numpy(),
        times["tracked"].to_numpy(),
        _products(frame["product"]),
        unknown=absent,
    )
    return _with_landed_costs(_with_buyers(orders, frame["buyer"]), frame["landed_cost"])


def _with_buyers(orders: Orders, column: pl.Series) -> Orders:
    buyers = column.filter(column != "").unique(maintain_order=True)
    if buyers.is_empty():
        return orders
    numbers = pl.int_range(NOBODY + 1, NOBODY + 1 + len(buyers), eager=True)
    buyer = column.replace_strict(buyers, numbers, default=NOBODY, return_dtype=pl.Int64).to_numpy()
    return evolve(orders, buyer=buyer, buyers=buyers.to_list())


def _with_landed_costs(orders: Orders, column: pl.Series) -> Orders:
    if column.null_count() == len(column):
        return orders
    return evolve(orders, landed_cost=column.fill_null(UNTOLD).to_numpy())


def _products(column: pl.Series) -> list[str]:
    return _shared(column) if (column != "").any() else []


def _codes(column: pl.Series, names: tuple[str, ...]) -> np.ndarray[Any, np.dtype[np.int64]]:
    return column.replace_strict({name: i for i, name in enumerate(names)}, return_dtype=pl.Int64).to_numpy()
