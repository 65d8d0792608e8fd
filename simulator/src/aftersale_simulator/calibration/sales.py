"""Sales: what orders say of a marketplace's volume, its week and day, its prices and shares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import exp, fsum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aftersale.base.money import decimals
from aftersale.clocks import HOUR, local_date
from aftersale.order_columns import Orders
from aftersale_simulator.calibration.numbers import Fitted, Floats, lognormal, short
from aftersale_simulator.runs.statistics import estimate
from aftersale_simulator.runs.timeline import by_day
from aftersale_simulator.scenario.horizon import LocalDays
from aftersale_simulator.show.wording import text

LEAST_DAYS = 14
"""Days that an order file must span to show a week and its scatter."""
_WEEK = 7


def fit_sales(orders: Orders, zone: str, name: str) -> Iterator[Fitted]:
    """Yield volume, profiles, scatter, prices and shares of the orders of one marketplace in a time zone."""
    marketplace, size = orders.marketplaces[0], len(orders)
    first = local_date(int(orders.purchased_at[0]), zone)
    days = LocalDays.spanning(first, days_spanned(orders, zone), zone)
    counts = by_day(orders.purchased_at, days).astype(np.float64)
    path = f"marketplace.{marketplace}"
    if len(counts) >= LEAST_DAYS:
        # Whole weeks only, so that all weekdays occur equally often.
        whole = len(counts) // _WEEK * _WEEK
        weekly = np.array([counts[:whole][days.weekdays[:whole] == day].mean() for day in range(_WEEK)])
        weeks = estimate(counts[:whole].reshape(-1, _WEEK).mean(axis=1).tolist())
        yield Fitted(f"{path}.orders_per_day", short(weekly.mean()), weeks.low, weeks.high, whole, name)
        shape = (weekly / weekly.mean()).round(4).tolist()
        yield Fitted(f"{path}.weekly", shape, None, None, whole, name, text("fitted.weekly"))
        scatter = dispersion(counts[:whole], days.weekdays[:whole])
        yield Fitted(f"{path}.dispersion", max(1.0, short(scatter)), None, None, whole, name, text("fitted.scatter"))
    hours = (orders.purchased_at - days.bounds[np.searchsorted(days.bounds, orders.purchased_at, "right") - 1]) / HOUR
    hourly = np.bincount(np.minimum(hours.astype(np.int64), 23), minlength=24) / size * 24
    if len(set(hours.tolist())) > 1:
        yield Fitted(f"{path}.hourly", hourly.round(4).tolist(), None, None, size, name, text("fitted.hourly"))
    paid = orders.price[orders.price > 0] / 10 ** decimals(orders.currencies[0])
    if len(paid) > 1:
        fit = lognormal(paid)
        price = {"median": f"{exp(fit.centre):.2f}", "sigma": short(fit.sigma)}
        yield Fitted(
            f"{path}.price", price, None, None, len(paid), name, text("fitted.lognormal", distance=fit.distance)
        )
    yield Fitted(f"{path}.channels", _shares(orders.channels, orders.channel), None, None, size, name)
    filed = orders.category[np.array([bool(word) for word in orders.categories], bool)[orders.category]]
    if len(filed):
        quality = text("fitted.no_category", count=size - len(filed)) if len(filed) < size else ""
        yield Fitted(f"{path}.categories", _shares(orders.categories, filed), None, None, len(filed), name, quality)


def _shares(words: Sequence[str], column: NDArray[Any]) -> dict[str, float]:
    counts = np.bincount(column, minlength=len(words))
    shares = {word: round(float(count / counts.sum()), 4) for word, count in zip(words, counts, strict=True) if count}
    # Rounded shares must sum to 1: the largest takes the difference.
    most = max(shares, key=lambda word: shares[word])
    shares[most] = round(shares[most] + 1 - fsum(shares.values()), 4)
    return shares


def days_spanned(orders: Orders, zone: str) -> int:
    """Return how many local days there are from the first order to the last."""
    first, last = (local_date(int(at), zone) for at in orders.purchased_at[[0, -1]])
    return (last - first).days + 1


def dispersion(counts: Floats, weekdays: NDArray[np.int64]) -> float:
    """Return the variance of daily counts around the mean of their weekday, over the mean; 1 is Poisson."""
    means = np.array([counts[weekdays == day].mean() if (weekdays == day).any() else 0.0 for day in range(_WEEK)])
    open_ = means[weekdays] > 0
    deviations = counts[open_] - means[weekdays][open_]
    freedom = max(1, int(open_.sum()) - int((means > 0).sum()))
    return float((deviations**2).sum() / freedom / counts[open_].mean()) if open_.any() else 1.0
