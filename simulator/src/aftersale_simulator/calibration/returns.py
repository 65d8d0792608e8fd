"""Returns: how often and how late buyers send goods back, by an order file's cancellations."""

from __future__ import annotations

from collections import defaultdict
from math import exp
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import define, field, frozen
from numpy.typing import NDArray

from aftersale.clocks import DAY, HOUR, MINUTE, SECOND

if TYPE_CHECKING:
    from aftersale.reports.orders.reading import OrderFile

NORMAL_P90 = NormalDist().inv_cdf(0.9)
"""Standard deviations from the median of a normal to its 90th percentile."""


@frozen
class ReturnFit:
    """What the cancellations of an order file say about returns.

    `orders` counts the orders with a known buyer: no other can match. `orders_returned` of them have one
    cancellation or more; their share is the `rate`. Lags run from purchase to cancellation, in days, one for each
    of the `matched` cancellations; `unmatched` ones have no purchase in the file.

    `lognormal_median_days` and `lognormal_sigma` (of the natural logarithm) are the maximum-likelihood fit. Lags of
    minutes are corrections, not returns; they weigh heavily in this fit and make it far too wide. If there are many
    of them, draw from the lognormal with the median `lag_median_days` and `quantile_sigma`, which has the lags' own
    median and 90th percentile. `lags` are the lags in days.
    """

    orders: int
    orders_returned: int
    rate: float
    matched: int
    unmatched: int
    lag_median_days: float
    lag_mean_days: float
    lag_p90_days: float
    lognormal_median_days: float
    lognormal_sigma: float
    quantile_sigma: float
    lags: NDArray[np.float64] = field(eq=False, repr=False)


def fit_returns(order_file: OrderFile) -> ReturnFit | None:
    """Return the rate and lag of returns, or None if no cancellation belongs to a purchase in the file.

    A cancellation belongs to the latest purchase of the same product by the same buyer, not after it, of which enough
    is left; earlier cancellations choose first. The lognormal of maximum likelihood has the mean and standard deviation
    (over n) of the logarithms. A lag of zero has no logarithm, so it counts as half of the finest unit of time in the
    file.

    The file's ends censor: purchases shortly before the end are sent back after it, unseen, and cancellations of
    purchases before the beginning are unmatched. So the rate and the lags are both too small, the more so the shorter
    the file is against the lag. Nothing is corrected here.
    """
    lines = order_file.lines.filter(pl.col("buyer").is_not_null() & pl.col("sku").is_not_null())
    hits = _matches(lines, order_file.cancellations)
    if not hits:
        return None
    orders, returned = lines["order"].n_unique(), len({order for order, _ in hits})
    lags = np.array([lag for _, lag in hits], np.float64)
    logs = np.log(np.where(lags == 0, _finest_unit(order_file) / 2, lags) / DAY)
    middle, high = np.percentile(logs, [50, 90])
    return ReturnFit(
        orders=orders,
        orders_returned=returned,
        rate=returned / orders,
        matched=len(hits),
        unmatched=len(order_file.cancellations) - len(hits),
        lag_median_days=float(np.median(lags)) / DAY,
        lag_mean_days=float(lags.mean()) / DAY,
        lag_p90_days=float(np.percentile(lags, 90)) / DAY,
        lognormal_median_days=exp(float(logs.mean())),
        lognormal_sigma=float(logs.std()),
        quantile_sigma=float(high - middle) / NORMAL_P90,
        lags=lags / DAY,
    )


@define
class _Purchase:
    order: int
    bought_at: int
    left: int


def _matches(lines: pl.DataFrame, cancellations: pl.DataFrame) -> list[tuple[int, int]]:
    """Return the order and the lag in microseconds of each matched cancellation."""
    purchases = _purchases(lines, cancellations)
    hits = []
    for buyer, sku, quantity, cancelled_at in cancellations.select(
        "buyer", "sku", "quantity", "cancelled_at"
    ).iter_rows():
        for purchase in purchases.get((buyer, sku), ()):
            if purchase.bought_at <= cancelled_at and purchase.left >= quantity:
                purchase.left -= quantity
                hits.append((purchase.order, cancelled_at - purchase.bought_at))
                break
    return hits


def _purchases(lines: pl.DataFrame, cancellations: pl.DataFrame) -> dict[tuple[str, str], list[_Purchase]]:
    """Return the purchases of the products with any cancellation, the latest first.

    Several rows of one product in one order are one purchase.
    """
    concerned = lines.join(cancellations, on=["buyer", "sku"], how="semi")
    bought = concerned.group_by("buyer", "sku", "order").agg(pl.col("purchased_at").min(), pl.col("quantity").sum())
    purchases = defaultdict(list)
    ordered = bought.sort("purchased_at", "order", descending=True)
    for buyer, sku, order, bought_at, quantity in ordered.iter_rows():
        purchases[buyer, sku].append(_Purchase(order, bought_at, quantity))
    return purchases


def _finest_unit(order_file: OrderFile) -> int:
    times = np.concatenate(
        [order_file.lines["purchased_at"].to_numpy(), order_file.cancellations["cancelled_at"].to_numpy()]
    )
    if _are_days(times):
        return DAY
    return next((unit for unit in (HOUR, MINUTE) if not (times % unit).any()), SECOND)


def _are_days(times: NDArray[np.int64]) -> bool:
    """Whether the instants are local midnights: an hour apart at most, as clocks change."""
    past = (times - times[0]) % DAY
    return bool((np.minimum(past, DAY - past) <= HOUR).all())
