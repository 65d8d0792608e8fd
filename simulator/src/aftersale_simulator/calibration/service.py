"""Service: how many claims are won, and how long tasks take."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from math import log as ln, sqrt

import numpy as np
import polars as pl
from scipy.special import ndtr
from scipy.stats import kstest

from aftersale.order_columns import Orders
from aftersale_simulator.calibration.logs import ServiceLog
from aftersale_simulator.calibration.numbers import Fitted, Floats, Observed, share, short
from aftersale_simulator.runs.statistics import estimate
from aftersale_simulator.show.wording import text

WON, LOST = ("denied", "won"), ("granted", "lost")
_LONGEST_TASK = 12 * 3600
"""In seconds: a longer task had an interruption."""


def fit_claims(log: ServiceLog, orders: Orders | None) -> Iterator[Fitted | Observed]:
    """Yield how many of the decided claims the seller wins, and how many claims there are for an order."""
    if orders is not None:
        log.join_orders(orders, "opened_at")
    log.skip(~pl.struct("order", "opened_at").is_first_distinct(), "the same claim again", "order")
    state = pl.col("state").str.to_lowercase()
    if orders is None:
        log.skip(~state.is_in([*WON, *LOST]), "neither won nor lost", "state")
    undecided = log.rows.filter(~state.is_in([*WON, *LOST])).height
    if orders is not None and undecided:
        log.notes.append(text("calibrate.undecided", name=log.name, count=undecided, states=", ".join([*WON, *LOST])))
    won = log.rows.filter(state.is_in(WON)).height
    decided = won + log.rows.filter(state.is_in(LOST)).height
    if decided:
        quality = text("fitted.claims", won=", ".join(WON), lost=", ".join(LOST))
        yield share("world.claim_win_rate", won, decided, log.name, quality)
    if orders is not None and len(orders) and len(log.rows):
        yield Observed("claims_per_order", log.rows.height / len(orders), log.rows.height, log.name)


def fit_tasks(log: ServiceLog, kinds: Collection[str]) -> Iterator[Fitted]:
    """Yield how long each kind of task takes, of those allowed."""
    log.rows = log.rows.with_columns(pl.col("kind").str.to_lowercase())
    log.reject(~pl.col("kind").is_in(list(kinds)), text("calibrate.no_task", kinds=", ".join(kinds)), "kind")
    log.reject(pl.col("seconds") <= 0, "no time at all", "seconds")
    log.reject(pl.col("seconds") < 1, "less than a second: is it another unit?", "seconds")
    log.reject(pl.col("seconds") > _LONGEST_TASK, "longer than half a day: an interruption", "seconds")
    log.skip(pl.len().over("kind") == 1, "the only one of its kind: one shows no spread", "kind")
    for kind in kinds:
        seconds = log.rows.filter(pl.col("kind") == kind)["seconds"].to_numpy()
        if len(seconds):
            yield handling(kind, seconds, log.name)


def handling(kind: str, seconds: Floats, name: str) -> Fitted:
    """Return mean, spread and the better shape, lognormal or exponential, of a kind of task."""
    mean, cv = float(seconds.mean()), float(seconds.std() / seconds.mean())
    by_moments = sqrt(ln(1 + cv**2)) if cv else 0.0
    centre = ln(mean) - by_moments**2 / 2
    distances = {
        "lognormal": float(kstest((np.log(seconds) - centre) / by_moments, ndtr).statistic) if by_moments else 0.0,
        "exponential": float(kstest(seconds / mean, "expon").statistic),
    }
    shape = min(distances, key=lambda family: distances[family])
    interval = estimate(seconds.tolist())
    value = {"mean": f"{short(mean):g} s", "cv": short(cv), "shape": shape}
    quality = ", ".join(f"{family} KS {distance:.3f}" for family, distance in distances.items())
    return Fitted(f"handling.{kind}", value, interval.low, interval.high, len(seconds), name, quality)
