"""Table: the usable rows of an order file, grouped into orders, their lines, and cancellations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

import numpy as np
import polars as pl
from attrs import evolve
from numpy.typing import NDArray

from aftersale.base.errors import DocumentError, Problem
from aftersale.clocks import DAY
from aftersale.order_columns import Orders
from aftersale.orders import CANCELLED, DELIVERED, LOST, NEVER, NOBODY, SHIPPED, UNKNOWN, UNTOLD, WAITING
from aftersale.reports.orders.formats import State
from aftersale.reports.orders.meaning import MOMENTS, Meaning

WEEK = 7 * DAY


def usable(typed: pl.DataFrame, known_status: pl.Expr) -> pl.DataFrame:
    """Return the columns that orders are made of: exact prices in minor units, instants, null for no buyer or sku."""
    return typed.select(
        "line",
        "order",
        "cancel",
        "category",
        pl.col("place").cast(pl.Int16),
        pl.col("channel_code").cast(pl.Int8),
        pl.when(pl.col("sku") != "").then("sku").alias("sku"),
        pl.when(pl.col("buyer") != "").then("buyer").alias("buyer"),
        pl.col("units").abs().alias("quantity"),
        (pl.col("micros").abs() // pl.col("scale")).alias("price"),
        ((pl.col("landed_micros").abs() + pl.col("scale") // 2) // pl.col("scale")).alias("landed_cost"),
        "status",
        "state",
        known_status.alias("known_status"),
        pl.col("is_cross_border").fill_null(False).alias("cross_border"),
        pl.col("is_exempt").fill_null(False).alias("exempt"),
        pl.col("is_tracked").cast(pl.Int8).alias("tracked"),
        *(pl.col(name).dt.epoch("us") for name in MOMENTS.values()),
    )


def cancellations_of(cancelled: pl.DataFrame) -> pl.DataFrame:
    """Return the cancellations and returns: buyer, sku, quantity, cancelled_at and price."""
    ordered = cancelled.sort("purchased", "line")
    return ordered.select("buyer", "sku", "quantity", pl.col("purchased").alias("cancelled_at"), "price")


def contradictions_of(sales: pl.DataFrame) -> int:
    """Return how many orders have a delivery and a state that knows of none, or several states; the better counts."""
    states = list(get_args(State))
    never_arrived = pl.col("state").is_in([states.index(state) for state in _NEVER_ARRIVED])
    several = pl.col("state").drop_nulls().n_unique().over("order") > 1
    return sales.filter((never_arrived & pl.col("delivered").is_not_null()) | several)["order"].n_unique()


def orders_of(
    sales: pl.DataFrame, meaning: Meaning, source: str, pseudonyms: Sequence[str] = ()
) -> tuple[Orders, pl.DataFrame]:
    """Return the orders that the rows belong to, and the rows as lines with the index of their order.

    Buyers are known by their numbers, or by the `pseudonyms` of these where there are any.

    An order is bought with its first line, to be shipped and promised for the earliest of its dates, and shipped,
    cancelled and delivered with its last line; its channel is that of its first row, its category and product those of
    its dearest. What its goods cost is told where each line tells it. Lines have the columns order, sku, buyer,
    quantity and purchased_at.
    """
    by_order = (
        sales.group_by("order")
        .agg(
            pl.col("place", "channel_code").first(),
            pl.col("purchased", "promised", "due").min(),
            pl.col("delivered", "shipped", "cancelled").max(),
            pl.col("cross_border", "exempt").any(),
            pl.col("tracked").max(),
            pl.col("state").min(),
            pl.col("buyer").max(),
            pl.col("category").get(pl.col("price").arg_max()),
            pl.col("sku").fill_null("").get(pl.col("price").arg_max()).alias("product"),
            pl.col("price").sum(),
            pl.when(pl.col("landed_cost").is_not_null().all()).then(pl.col("landed_cost").sum()).alias("landed_cost"),
        )
        .sort("purchased", "order")
        .with_row_index("index")
    )
    indexed = sales.join(by_order.select("order", "index"), on="order").sort("index", "line")
    order, time = pl.col("index").cast(pl.Int64).alias("order"), pl.col("purchased").alias("purchased_at")
    orders = _columns(by_order, meaning, source)
    if by_order["buyer"].is_not_null().any():
        buyer = np.array(by_order["buyer"].fill_null(NOBODY).to_numpy(), np.int64)
        orders = evolve(orders, buyer=buyer, buyers=pseudonyms)
    if by_order["landed_cost"].is_not_null().any():
        orders = evolve(orders, landed_cost=np.array(by_order["landed_cost"].fill_null(UNTOLD).to_numpy(), np.int64))
    return orders, indexed.select(order, "sku", "buyer", "quantity", time)


def _columns(by_order: pl.DataFrame, meaning: Meaning, source: str) -> Orders:
    places = meaning.places
    place, marketplaces = _recode(by_order["place"], [place.name for place in places])
    currencies = {place.name: place.currency for place in places}
    channel, channel_names = _recode(by_order["channel_code"], meaning.channels)
    words = by_order["category"].unique().sort().to_list()
    if len(words) > np.iinfo(np.int16).max:
        raise _no_categories(source, len(words))
    category = by_order["category"].replace_strict(words, list(range(len(words))), return_dtype=pl.Int16)
    delivers, ships = (bool(by_order[name].is_not_null().any()) for name in ("delivered", "shipped"))
    outcome = by_order.select(_outcome(delivers, ships).alias("outcome"))["outcome"]
    ended = by_order.with_columns(outcome).with_columns(
        pl.when(pl.col("outcome") == CANCELLED).then(pl.col("cancelled")).alias("cancelled"),
        pl.when(pl.col("outcome") != CANCELLED).then(pl.col("shipped")).alias("shipped"),
    )
    return Orders(
        marketplaces,
        [currencies[name] for name in marketplaces],
        channel_names,
        words,
        by_order["order"].to_list(),
        place.astype(np.int16),
        _instants(by_order["purchased"]),
        channel.astype(np.int8),
        category.to_numpy().astype(np.int16),
        _instants(by_order["price"]),
        _instants(by_order["promised"]),
        _instants(by_order["delivered"]),
        by_order["cross_border"].to_numpy().astype(np.bool_),
        by_order["exempt"].to_numpy().astype(np.bool_),
        ship_by=_instants(by_order["due"]),
        shipped_at=_instants(ended["shipped"]),
        cancelled_at=_instants(ended["cancelled"]),
        tracked=by_order["tracked"].fill_null(-1).to_numpy().astype(np.int8),
        outcome=outcome.to_numpy().astype(np.int8),
        products=by_order["product"].to_list() if (by_order["product"] != "").any() else [],
    )


def _outcome(delivers: bool, ships: bool) -> pl.Expr:
    """Return how an order ended: a delivery speaks first, then its state, then a cancellation, then a shipment.

    Where the file has deliveries (`delivers`), an order without one is not delivered as far as it knows; where it has
    shipments (`ships`), one without has not left.
    """
    by_state = pl.col("state").replace_strict(
        list(range(len(_OUTCOMES))), list(_OUTCOMES), default=None, return_dtype=pl.Int8
    )
    undelivered = pl.when(pl.col("shipped").is_null() & ships).then(WAITING).otherwise(SHIPPED)
    return (
        pl.when(pl.col("delivered").is_not_null())
        .then(DELIVERED)
        .when(pl.col("state").is_not_null())
        .then(by_state)
        .when(pl.col("cancelled").is_not_null())
        .then(CANCELLED)
        .when(delivers)
        .then(undelivered)
        .otherwise(UNKNOWN)
        .cast(pl.Int8)
    )


_OUTCOME_OF: dict[State, int] = {"shipped": SHIPPED, "delivered": DELIVERED, "cancelled": CANCELLED, "lost": LOST}
_NEVER_ARRIVED: tuple[State, ...] = ("cancelled", "lost")
_OUTCOMES = tuple(_OUTCOME_OF[state] for state in get_args(State))
"""The outcome of each state, by its index."""


def _recode(codes: pl.Series, names: Sequence[str]) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Return codes of the names that occur, sorted, instead of codes of all names, and those names."""
    present = sorted({names[code] for code in codes.unique()})
    places = np.array([present.index(name) if name in present else 0 for name in names] or [0])
    return places[codes.to_numpy()], tuple(present)


def _instants(column: pl.Series) -> NDArray[np.int64]:
    return np.array(column.fill_null(NEVER).to_numpy(), np.int64)


def _no_categories(source: str, count: int) -> DocumentError:
    hint = "map another column, or leave columns.category out"
    problem = Problem(source, "columns.category", f"{count} different words are no categories", hint)
    return DocumentError(source, (problem,))


def shifted(orders: Orders, weeks: int) -> Orders:
    """Return the orders moved by whole weeks, such as a past season into the coming year.

    Weekdays stay, and so does the time of day in UTC: where clocks have changed on one of the two dates and
    not on the other, the local time of day is an hour off.
    """
    return evolve(
        orders,
        purchased_at=_move(orders.purchased_at, weeks),
        promised_at=_move(orders.promised_at, weeks),
        delivered_at=_move(orders.delivered_at, weeks),
        ship_by=_move(orders.ship_by, weeks),
        shipped_at=_move(orders.shipped_at, weeks),
        cancelled_at=_move(orders.cancelled_at, weeks),
    )


def _move(column: NDArray[np.int64], weeks: int) -> NDArray[np.int64]:
    return np.where(column == NEVER, NEVER, column + weeks * WEEK)
