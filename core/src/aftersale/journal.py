"""The journal: all facts in order of `known_at`, and the orders they are about; everything else is derived from it.

A journal is a folder with `orders.parquet` and `facts.parquet` (or both as CSV).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from attrs import define, frozen

from aftersale.clocks import Instant
from aftersale.docket import Docket, Observer
from aftersale.errors import AftersaleError, JournalError, Problem
from aftersale.facts import Fact
from aftersale.orders import NEVER, Order, Orders
from aftersale.policies import Policies

_TIME = pl.Datetime("us", "UTC")
FACT_COLUMNS: dict[str, Any] = {
    "kind": pl.String,
    "marketplace": pl.String,
    "order": pl.String,
    "case": pl.String,
    "occurred_at": _TIME,
    "known_at": _TIME,
    "about": pl.String,
    "value": pl.Float64,
}
ORDER_COLUMNS: dict[str, Any] = {
    "order": pl.String,
    "marketplace": pl.String,
    "currency": pl.String,
    "purchased_at": _TIME,
    "channel": pl.String,
    "category": pl.String,
    "price": pl.Int64,
    "promised_at": _TIME,
    "delivered_at": _TIME,
    "cross_border": pl.Boolean,
    "exempt": pl.Boolean,
}
_MAY_BE_EMPTY = {"about", "value", "case", "category", "promised_at", "delivered_at"}
SHOWN = 20
"""How many problems of one journal are told in full; the rest are counted."""


@frozen(eq=False)
class Journal:
    """Facts sorted by `known_at` (facts of one instant keep their order) and the orders that they are about."""

    orders: Orders
    facts: Sequence[Fact]
    source: str = "journal"


@define
class Replay:
    """A journal gone through the engine: the docket, and the facts that were refused with the reason."""

    docket: Docket
    refused: list[tuple[Fact, str]]
    until: Instant


def fact_frame(facts: Iterable[Fact]) -> pl.DataFrame:
    """Return facts as a table with the columns of `facts.parquet`."""
    rows = [
        (f.kind, f.marketplace, f.order, f.case, f.occurred_at, f.known_at, f.about, f.value) for f in facts
    ]
    frame = pl.DataFrame(rows, schema=_raw(FACT_COLUMNS), orient="row")
    return frame.with_columns(pl.col(name).cast(kind) for name, kind in FACT_COLUMNS.items())


def order_frame(orders: Orders) -> pl.DataFrame:
    """Return orders as a table with the columns of `orders.parquet`."""
    places = pl.Series(orders.marketplaces, dtype=pl.String)
    frame = pl.DataFrame(
        {
            "order": list(orders.ids),
            "marketplace": places.gather(orders.marketplace),
            "currency": pl.Series(orders.currencies, dtype=pl.String).gather(orders.marketplace),
            "purchased_at": orders.purchased_at,
            "channel": pl.Series(orders.channels, dtype=pl.String).gather(orders.channel),
            "category": pl.Series(orders.categories, dtype=pl.String).gather(orders.category),
            "price": orders.price,
            "promised_at": orders.promised_at,
            "delivered_at": orders.delivered_at,
            "cross_border": orders.cross_border,
            "exempt": orders.exempt,
        },
        schema_overrides=_raw(ORDER_COLUMNS),
    )
    frame = frame.with_columns(
        pl.when(pl.col(name) == NEVER).then(None).otherwise(pl.col(name)).alias(name)
        for name in ("promised_at", "delivered_at")
    )
    return frame.with_columns(pl.col(name).cast(kind) for name, kind in ORDER_COLUMNS.items())


def _raw(columns: dict[str, Any]) -> dict[str, Any]:
    return {name: pl.Int64 if kind == _TIME else kind for name, kind in columns.items()}


def read_journal(folder: Path) -> Journal:
    """Return the journal of a folder.

    Raises JournalError with every problem found: missing files or columns, values that are not what the column
    holds, facts about orders that the journal does not have.
    """
    orders, facts = _table(folder, "orders", ORDER_COLUMNS), _table(folder, "facts", FACT_COLUMNS)
    problems = [*_orphans(folder, orders, facts), *_repeated(folder, orders)]
    if problems:
        raise JournalError(str(folder), tuple(problems[:SHOWN]))
    facts = facts.sort("known_at", maintain_order=True)
    return Journal(_orders(orders.sort("purchased_at", maintain_order=True)), _facts(facts), str(folder))


def _table(folder: Path, name: str, columns: dict[str, Any]) -> pl.DataFrame:
    parquet, text = folder / f"{name}.parquet", folder / f"{name}.csv"
    path = parquet if parquet.exists() else text
    try:
        frame = pl.read_parquet(parquet) if path is parquet else pl.read_csv(text, infer_schema=False)
    except FileNotFoundError as error:
        hint = f"a journal is a folder with {parquet.name} (or {text.name}); 'aftersale simulate' writes one"
        raise JournalError(str(folder), (Problem(str(path), "", "does not exist", hint),)) from error
    except (pl.exceptions.PolarsError, OSError, UnicodeError) as error:
        what = f"cannot be read: {str(error).splitlines()[0]}"
        raise JournalError(str(folder), (Problem(str(path), "", what, "write the file again"),)) from error
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        hint = f"the columns are: {', '.join(columns)}"
        raise JournalError(
            str(folder), tuple(Problem(str(path), column, "column is missing", hint) for column in missing)
        )
    return _cast(folder, path, frame.select(list(columns)), columns)


def _cast(folder: Path, path: Path, frame: pl.DataFrame, columns: dict[str, Any]) -> pl.DataFrame:
    casts = [_as(frame, name, kind).alias(name) for name, kind in columns.items()]
    try:
        done = frame.select(casts)
    except pl.exceptions.PolarsError as error:
        what = f"a column holds another kind of value: {str(error).splitlines()[0]}"
        hint = ", ".join(f"{name}: {kind}" for name, kind in columns.items())
        raise JournalError(str(folder), (Problem(str(path), "", what, hint),)) from error
    problems = []
    for name, kind in columns.items():
        empty = frame[name].is_null() | (frame[name] == "") if frame[name].dtype == pl.String else frame[name].is_null()
        bad = done[name].is_null() & ~empty if name in _MAY_BE_EMPTY else done[name].is_null()
        if name not in _MAY_BE_EMPTY and kind == pl.String:
            bad = bad | empty
        for row in bad.arg_true()[:3]:
            what = f"{frame[name][row]!r} is not a {kind}"
            problems.append(Problem(str(path), f"row {row + 1}, {name}", what, "correct the row, or leave it out"))
    if problems:
        raise JournalError(str(folder), tuple(problems[:SHOWN]))
    return done.with_columns(pl.col(name).fill_null("") for name in ("about", "case", "category") if name in columns)


def _as(frame: pl.DataFrame, name: str, kind: Any) -> pl.Expr:
    column = pl.col(name)
    if frame[name].dtype != pl.String or kind == pl.String:
        return column.cast(kind, strict=False)
    if kind == _TIME:
        return column.str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False)
    if kind == pl.Boolean:
        return column.replace_strict({"true": True, "false": False}, default=None, return_dtype=pl.Boolean)
    return column.cast(kind, strict=False)


def _orphans(folder: Path, orders: pl.DataFrame, facts: pl.DataFrame) -> Iterator[Problem]:
    for order, kind in facts.join(orders, on="order", how="anti").select("order", "kind").iter_rows():
        hint = "add the order to orders, or leave the fact out"
        yield Problem(str(folder), f"fact {kind}", f"is about order {order!r}, which the journal does not have", hint)


def _repeated(folder: Path, orders: pl.DataFrame) -> Iterator[Problem]:
    for name in orders.filter(orders["order"].is_duplicated())["order"].unique(maintain_order=True):
        yield Problem(str(folder), f"order {name!r}", "stands there more than once", "keep one row per order")


def _facts(frame: pl.DataFrame) -> list[Fact]:
    times = frame.with_columns(pl.col("occurred_at", "known_at").cast(pl.Int64))
    return [Fact(*row) for row in times.select(list(FACT_COLUMNS)).iter_rows()]


def _orders(frame: pl.DataFrame) -> Orders:
    pairs = frame.select("marketplace", "currency").unique(maintain_order=True)
    marketplaces = tuple(pairs["marketplace"])
    channels, categories = tuple(frame["channel"].unique()), tuple(frame["category"].unique())
    times = frame.with_columns(
        pl.col("purchased_at", "promised_at", "delivered_at").cast(pl.Int64).fill_null(NEVER)
    )
    return Orders(
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
    )


def _codes(column: pl.Series, names: tuple[str, ...]) -> np.ndarray[Any, np.dtype[np.int64]]:
    return column.replace_strict({name: i for i, name in enumerate(names)}, return_dtype=pl.Int64).to_numpy()


def replay(
    journal: Journal, policies: Policies, until: Instant | None = None, observer: Observer | None = None
) -> Replay:
    """Put the facts of a journal through the engine, and let time pass to `until` (or to the last fact).

    Facts known after `until` are left out. A fact that the workflow or the rules refuse is kept with its reason and
    stops nothing.
    """
    docket = Docket(policies, observer)
    index = {name: i for i, name in enumerate(journal.orders.ids)}
    known: dict[str, Order] = {}
    refused: list[tuple[Fact, str]] = []
    last = 0
    for fact in journal.facts:
        if until is not None and fact.known_at > until:
            break
        last = fact.known_at
        order = known.get(fact.order)
        if order is None:
            order = known[fact.order] = journal.orders.order(index[fact.order])
        try:
            docket.record(fact, order)
        except AftersaleError as error:
            refused.append((fact, str(error)))
    end = last if until is None else until
    docket.advance(end)
    return Replay(docket, refused, end)


def case_frame(docket: Docket) -> pl.DataFrame:
    """Return where each case stands, its deadlines as text, sorted by case: what two runs are compared by."""
    rows = [
        (case.id, case.kind, case.marketplace, case.order, case.state, case.opened_at, case.moved_at)
        + (" ".join(f"{d.name}:{d.due}:{d.set_by}" for d in case.deadlines), " ".join(case.missed), case.decided_by)
        for case in sorted(docket.cases.values(), key=lambda case: case.id)
    ]
    schema: dict[str, Any] = dict.fromkeys(("case", "kind", "marketplace", "order", "state"), pl.String)
    schema |= {"opened_at": pl.Int64, "moved_at": pl.Int64}
    schema |= dict.fromkeys(("deadlines", "missed", "decided_by"), pl.String)
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return frame.with_columns(pl.col("opened_at", "moved_at").cast(_TIME))


def write_table(frame: pl.DataFrame, folder: Path, name: str, csv: bool = False) -> Path:
    """Write one table as Parquet, or as CSV with ISO instants, and return its path."""
    path = folder / f"{name}.{'csv' if csv else 'parquet'}"
    if csv:
        frame.write_csv(path, datetime_format="%Y-%m-%dT%H:%M:%S%.6f%:z")
    else:
        frame.write_parquet(path)
    return path


def stamp(instant: Instant) -> datetime:
    """Return an instant as an aware datetime in UTC."""
    return pl.Series([instant]).cast(_TIME).item()
