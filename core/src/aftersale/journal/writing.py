"""Writing: facts, orders and cases as the tables of a journal."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from aftersale.cases.facts import Fact
from aftersale.engine.docket import Docket
from aftersale.journal.columns import FACT_COLUMNS, OPTIONAL_TIMES, ORDER_COLUMNS, TIME, raw_schema
from aftersale.journal.soundness import vouch
from aftersale.order_columns import Orders
from aftersale.orders import NEVER, UNTOLD


def fact_frame(facts: Iterable[Fact]) -> pl.DataFrame:
    """Return facts as a table with the columns of `facts.parquet`."""
    frame = pl.DataFrame(list(map(tuple, facts)), schema=raw_schema(FACT_COLUMNS), orient="row")
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
            "buyer": list(islice(orders.pseudonyms(np.arange(len(orders))), len(orders))),
            "landed_cost": orders.landed_cost,
        },
        schema_overrides={**raw_schema(ORDER_COLUMNS), "tracked": pl.Int8},
    )
    frame = frame.with_columns(
        *(pl.when(pl.col(name) == NEVER).then(None).otherwise(pl.col(name)).alias(name) for name in OPTIONAL_TIMES),
        pl.when(pl.col("tracked") < 0).then(None).otherwise(pl.col("tracked")).alias("tracked"),
        pl.when(pl.col("landed_cost") == UNTOLD).then(None).otherwise(pl.col("landed_cost")).alias("landed_cost"),
    )
    return frame.with_columns(pl.col(name).cast(column.kind) for name, column in ORDER_COLUMNS.items())


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
    """Write one table as Parquet with its sum beside it, or as CSV with ISO instants, and return its path.

    Raises OSError when it cannot.
    """
    path = folder / f"{name}.{'csv' if csv else 'parquet'}"
    if csv:
        frame.write_csv(path, datetime_format="%Y-%m-%dT%H:%M:%S%.6f%:z")
    else:
        try:
            frame.write_parquet(path)
        except pl.exceptions.ComputeError as error:  # what the system said, after what the library was doing
            raise OSError(str(error).rpartition(": ")[2]) from error
        vouch(path)
    return path
