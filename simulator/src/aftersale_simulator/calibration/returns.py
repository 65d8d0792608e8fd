"""Return fit: how often and how late buyers send goods back, learnt from an order file's cancellations."""

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
"""By how many standard deviations the 90th percentile of a normal is above its middle."""


@frozen
class ReturnFit:
    """What the cancellations of an order file say about returns.

    `orders` counts the orders whose buyer is known: no other could be matched. `orders_returned` of them were
    hit by one cancellation or more, which is the `rate`. Lags run from purchase to cancellation, in days, one
    for each of the `matched` cancellations; `unmatched` ones had no purchase in the file.

    `lognormal_median_days` and `lognormal_sigma` (of the natural logarithm) are the maximum-likelihood fit.
    Lags of minutes, which are corrections rather than returns, weigh heavily in it and make it far too wide;
    where they are many, the lognormal with the median `lag_median_days` and with `quantile_sigma`, which has
    the lags' own median and 90th percentile, is the one to draw from. `lags` are they themselves, in days.
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
    """Return the rate and lag of returns, or None when no cancellation belongs to a purchase in the file.

    A cancellation belongs to the latest purchase of the same product by the same buyer, not after it, of
    which enough is left; earlier cancellations choose first. The lognormal of maximum likelihood has the mean
    and standard deviation (over n) of the logarithms. A lag of zero has none, so there it counts as half of
    the finest unit of time that the file distinguishes.

    The file's ends censor: what was bought shortly before the end is sent back after it, unseen, and what was
    bought before the beginning is unmatched. So the rate and the lags are both too small, more so the shorter
    the file is against the lag; nothing is corrected here.
    """
    known = order_file.lines.filter(pl.col("buyer").is_not_null() & pl.col("sku").is_not_null())
    hits = _matched(known, order_file.cancellations)
    if not hits:
        return None
    orders, returned = known["order"].n_unique(), len({order for order, _ in hits})
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


def _matched(lines: pl.DataFrame, cancellations: pl.DataFrame) -> list[tuple[int, int]]:
    """Return the order that each matched cancellation hits, and its lag in microseconds."""
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
    """Return what was bought of the products that were ever sent back, the latest first.

    Several rows of one product in one order are one purchase.
    """
    concerned = lines.join(cancellations, on=["buyer", "sku"], how="semi")
    bought = concerned.group_by("buyer", "sku", "order").agg(pl.col("purchased_at").min(), pl.col("quantity").sum())
    found = defaultdict(list)
    ordered = bought.sort("purchased_at", "order", descending=True)
    for buyer, sku, order, bought_at, quantity in ordered.iter_rows():
        found[buyer, sku].append(_Purchase(order, bought_at, quantity))
    return found


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
