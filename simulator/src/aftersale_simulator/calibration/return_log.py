"""Return log: how often and how late buyers send goods back, by a log or a marketplace's report of returns."""

from __future__ import annotations

from collections.abc import Iterator
from math import exp, sqrt

import numpy as np
import polars as pl
from numpy.typing import NDArray

from aftersale.clocks import DAY
from aftersale.order_columns import Orders
from aftersale.orders import NEVER
from aftersale_simulator.calibration.logs import ServiceLog
from aftersale_simulator.calibration.numbers import Fitted, lognormal, share, short
from aftersale_simulator.runs.statistics import normal_margin
from aftersale_simulator.show.wording import text
from aftersale_simulator.world.orders import fulfilled_by_marketplace
from aftersale_simulator.world.world import World

_NOON = DAY // 2


def fit_returns(log: ServiceLog, orders: Orders | None, world: World) -> Iterator[Fitted]:
    """Yield the rate and the lag of returns.

    The rate is the share of the orders that the report is about: all of them, or those that the seller, or the
    marketplace, ships. It needs no delivery. The lag counts from the delivery; where no order of the file has one, from
    the purchase, less the days that the world takes for a delivery.
    """
    form = log.report.format
    log.join_orders(orders, "opened_at")
    if orders is None:
        return
    mask = np.ones(len(orders), bool)
    if form is not None:
        by_marketplace = fulfilled_by_marketplace(orders)
        mask = by_marketplace if form.ships == "marketplace" else ~by_marketplace
        other = (
            pl.Series("other", ~mask)[log.rows["index"].to_list()]
            if len(log.rows)
            else pl.Series("other", [], pl.Boolean)
        )
        log.rows = log.rows.with_columns(other.alias("other"))
        log.skip(pl.col("other"), "an order that somebody else ships than this report is about", "order")
    log.skip(~pl.col("order").is_first_distinct(), "a further return of its order", "order")
    if not len(log.rows):
        return
    if mask.any():
        quality = text(f"fitted.of_{form.ships}") if form is not None else ""
        yield share("world.return_rate", log.rows.height, int(mask.sum()), log.name, quality)
    if form is not None and form.ships == "marketplace":
        log.notes.append(text("calibrate.lag_unknown", name=log.name, what=form.counts_from))
        return
    yield from _lag(log, orders, world, _NOON if log.report.days_only else 0)


def _lag(log: ServiceLog, orders: Orders, world: World, shift: int) -> Iterator[Fitted]:
    opened = log.rows["opened_at"].dt.timestamp("us").to_numpy() + shift
    index = log.rows["index"].to_numpy()
    arrived = orders.delivered_at[index]
    known = arrived != NEVER
    if (orders.delivered_at != NEVER).any():
        since, basis = arrived, text("fitted.since_delivery")
    else:
        transit = world["promise_days"] - world["early_days"] / 2
        known = np.ones(len(index), bool)
        since = orders.purchased_at[index] + int(transit * DAY)
        basis = text("fitted.since_purchase", days=transit)
        log.notes.append(text("calibrate.no_delivery", name=log.name, days=transit))
    lags = ((opened - since) / DAY)[known]
    after = lags[lags > 0]
    if left_out := len(index) - len(after):
        log.notes.append(text("calibrate.no_lag", name=log.name, count=left_out, total=len(index)))
    if len(after) > 1:
        yield from _lognormal(after, log.name, basis)


def _lognormal(lags: NDArray[np.float64], name: str, basis: str) -> Iterator[Fitted]:
    fit = lognormal(lags)
    quality = f"{text('fitted.lognormal', distance=fit.distance)}; {basis}"
    margin = sqrt(fit.sigma**2 / len(lags)) * normal_margin()
    low, high = exp(fit.centre - margin), exp(fit.centre + margin)
    yield Fitted("world.return_lag_days", short(exp(fit.centre)), low, high, len(lags), name, quality)
    yield Fitted("world.return_lag_sigma", short(fit.sigma), None, None, len(lags), name, quality)
