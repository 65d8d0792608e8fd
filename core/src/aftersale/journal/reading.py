"""Journal: all facts in order of `known_at`, and the orders they are about; all else is derived from it.

A journal is a folder with `orders.parquet` and `facts.parquet` (or both as CSV).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from attrs import define, frozen

from aftersale.base.errors import AftersaleError, FactRefused, JournalError, Problem
from aftersale.cases.facts import Fact
from aftersale.clocks import Instant
from aftersale.engine.docket import Docket
from aftersale.journal.columns import TIME, Column, checked
from aftersale.journal.consistency import inconsistencies
from aftersale.orders import NEVER, Order, Orders
from aftersale.policies.observers import Observers
from aftersale.policies.policy import Policies

FACT_COLUMNS = {
    "kind": Column(pl.String),
    "marketplace": Column(pl.String),
    "order": Column(pl.String),
    "case": Column(pl.String),
    "occurred_at": Column(TIME),
    "known_at": Column(TIME),
    "about": Column(pl.String, optional=True),
    "value": Column(pl.Float64, optional=True),
    "detail": Column(pl.String, optional=True, absent=True),
    "amount": Column(pl.Int64, optional=True, absent=True),
}
ORDER_COLUMNS = {
    "order": Column(pl.String),
    "marketplace": Column(pl.String),
    "currency": Column(pl.String),
    "purchased_at": Column(TIME),
    "channel": Column(pl.String),
    "category": Column(pl.String, optional=True),
    "price": Column(pl.Int64),
    "promised_at": Column(TIME, optional=True),
    "delivered_at": Column(TIME, optional=True),
    "cross_border": Column(pl.Boolean),
    "exempt": Column(pl.Boolean),
    "ship_by": Column(TIME, optional=True, absent=True),
    "shipped_at": Column(TIME, optional=True, absent=True),
    "cancelled_at": Column(TIME, optional=True, absent=True),
    "tracked": Column(pl.Boolean, optional=True, absent=True),
    "product": Column(pl.String, optional=True, absent=True),
}
_TIMES = ("promised_at", "delivered_at", "ship_by", "shipped_at", "cancelled_at")
"""The instants of an order that may be missing."""


@frozen(eq=False)
class Journal:
    """Facts sorted by `known_at` (facts of one instant keep their order) and the orders that they are about."""

    orders: Orders
    facts: Sequence[Fact]
    source: str = "journal"


@define
class Replay:
    """A replayed journal: the docket, and the refused facts, each with the reason."""

    docket: Docket
    refused: list[tuple[Fact, str]]
    until: Instant


def fact_frame(facts: Iterable[Fact]) -> pl.DataFrame:
    """Return facts as a table with the columns of `facts.parquet`."""
    frame = pl.DataFrame(list(map(tuple, facts)), schema=_raw_schema(FACT_COLUMNS), orient="row")
    return frame.with_columns(pl.col(name).cast(column.kind) for name, column in FACT_COLUMNS.items())


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
            "ship_by": orders.ship_by,
            "shipped_at": orders.shipped_at,
            "cancelled_at": orders.cancelled_at,
            "tracked": orders.tracked,
            "product": list(orders.products) or [""] * len(orders),
        },
        schema_overrides={**_raw_schema(ORDER_COLUMNS), "tracked": pl.Int8},
    )
    frame = frame.with_columns(
        *(pl.when(pl.col(name) == NEVER).then(None).otherwise(pl.col(name)).alias(name) for name in _TIMES),
        pl.when(pl.col("tracked") < 0).then(None).otherwise(pl.col("tracked")).alias("tracked"),
    )
    return frame.with_columns(pl.col(name).cast(column.kind) for name, column in ORDER_COLUMNS.items())


def _raw_schema(columns: dict[str, Column]) -> dict[str, Any]:
    return {name: pl.Int64 if column.kind == TIME else column.kind for name, column in columns.items()}


def read_journal(folder: Path) -> Journal:
    """Return the journal of a folder.

    Raises JournalError with every problem: missing files or columns, values that do not fit their column, facts about
    orders that the journal does not have, orders and cases that contradict themselves.
    """
    where = str(folder)
    if not folder.is_dir():
        hint = "name the folder that 'aftersale simulate --out FOLDER' wrote, or one like it"
        raise JournalError(where, (Problem(where, "", "is no folder", hint),))
    (orders, order_problems), (facts, fact_problems) = (
        _table(folder, name, columns) for name, columns in (("orders", ORDER_COLUMNS), ("facts", FACT_COLUMNS))
    )
    problems = [*order_problems, *fact_problems] or list(inconsistencies(where, orders, facts))
    if problems:
        raise JournalError(where, tuple(problems))
    facts = facts.sort("known_at", maintain_order=True)
    return Journal(_orders(orders.sort("purchased_at", maintain_order=True)), _facts(facts), where)


def _table(folder: Path, name: str, columns: dict[str, Column]) -> tuple[pl.DataFrame, list[Problem]]:
    parquet, text = folder / f"{name}.parquet", folder / f"{name}.csv"
    path = parquet if parquet.exists() else text
    try:
        frame = pl.read_parquet(parquet) if path is parquet else pl.read_csv(text, infer_schema_length=0)
    except FileNotFoundError:
        hint = f"a journal is a folder with {parquet.name} (or {text.name}); 'aftersale simulate' writes one"
        return pl.DataFrame(), [Problem(str(parquet), "", "does not exist", hint)]
    # A file that is no table can make the reader fail in any way, even by a panic of its compiled code.
    except (Exception, pl.exceptions.PanicException) as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        hint = f"write it again as {'Parquet' if path is parquet else 'CSV in UTF-8'}"
        return pl.DataFrame(), [Problem(str(path), "", f"cannot be read: {reason[0]}", hint)]
    return checked(frame, columns, str(path))


def _facts(frame: pl.DataFrame) -> list[Fact]:
    times = frame.with_columns(pl.col("occurred_at", "known_at").cast(pl.Int64))
    return [Fact(*row) for row in times.select(list(FACT_COLUMNS)).iter_rows()]


def _orders(frame: pl.DataFrame) -> Orders:
    pairs = frame.select("marketplace", "currency").unique(maintain_order=True)
    marketplaces = tuple(pairs["marketplace"])
    channels, categories = tuple(frame["channel"].unique()), tuple(frame["category"].unique())
    times = frame.with_columns(
        pl.col("purchased_at", *_TIMES).cast(pl.Int64).fill_null(NEVER),
        pl.col("tracked").cast(pl.Int8).fill_null(-1),
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
        times["ship_by"].to_numpy(),
        times["shipped_at"].to_numpy(),
        times["cancelled_at"].to_numpy(),
        times["tracked"].to_numpy(),
        _products(frame["product"]),
    )


def _products(column: pl.Series) -> list[str]:
    return column.to_list() if (column != "").any() else []


def _codes(column: pl.Series, names: tuple[str, ...]) -> np.ndarray[Any, np.dtype[np.int64]]:
    return column.replace_strict({name: i for i, name in enumerate(names)}, return_dtype=pl.Int64).to_numpy()


def replay(
    journal: Journal, policies: Policies, until: Instant | None = None, observers: Observers | None = None
) -> Replay:
    """Record the facts of a journal in a docket, and advance it to `until`.

    Without `until`, it advances to the last fact, or to the last order where there is no fact. Facts known after
    `until` are left out. A fact that the workflow or the rules refuse does not stop the replay; the facts that are
    still refused at the end are returned with their reasons.
    """
    docket = Docket(policies, observers)
    orders = _orders_of_facts(journal)
    refused: list[tuple[Fact, str]] = []
    for fact in journal.facts:
        if until is not None and fact.known_at > until:
            break
        try:
            docket.record(fact, orders[fact.order])
        except FactRefused:
            pass  # the docket keeps the fact: a fact that becomes known later may make it fit
        except AftersaleError as error:
            refused.append((fact, str(error)))
    end = _end(journal) if until is None else until
    docket.advance(end)
    refused += [(fact, str(error)) for fact, error in docket.misfits()]
    places = {id(fact): place for place, fact in enumerate(journal.facts)}
    return Replay(docket, sorted(refused, key=lambda refusal: places[id(refusal[0])]), end)


def _end(journal: Journal) -> Instant:
    if journal.facts:
        return journal.facts[-1].known_at
    return int(journal.orders.purchased_at.max(initial=0))


def _orders_of_facts(journal: Journal) -> dict[str, Order]:
    """Return the orders that facts are about, by their ids; other orders never become objects."""
    names = {fact.order for fact in journal.facts}
    rows = [i for i, name in enumerate(journal.orders.ids) if name in names]
    return {order.id: order for order in journal.orders.picked(np.array(rows, np.int64))}


def case_frame(docket: Docket) -> pl.DataFrame:
    """Return the state of each case, its deadlines as text, sorted by case: two runs are compared by this table."""
    rows = [
        (
            *(case.id, case.kind, case.marketplace, case.order, case.state, case.opened_at, case.moved_at),
            " ".join(f"{deadline.name}:{deadline.due}:{deadline.set_by}" for deadline in case.deadlines),
            " ".join(case.missed),
            case.decided_by,
        )
        for case in sorted(docket.cases.values(), key=lambda case: case.id)
    ]
    schema: dict[str, Any] = dict.fromkeys(("case", "kind", "marketplace", "order", "state"), pl.String)
    schema |= {"opened_at": pl.Int64, "moved_at": pl.Int64}
    schema |= dict.fromkeys(("deadlines", "missed", "decided_by"), pl.String)
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return frame.with_columns(pl.col("opened_at", "moved_at").cast(TIME))


def write_table(frame: pl.DataFrame, folder: Path, name: str, csv: bool = False) -> Path:
    """Write one table as Parquet, or as CSV with ISO instants, and return its path."""
    path = folder / f"{name}.{'csv' if csv else 'parquet'}"
    if csv:
        frame.write_csv(path, datetime_format="%Y-%m-%dT%H:%M:%S%.6f%:z")
    else:
        frame.write_parquet(path)
    return path
