"""Numbers: what a file says of one number of a scenario, how surely, and from how many data."""

from __future__ import annotations

from typing import Any

import numpy as np
from attrs import evolve, frozen
from numpy.typing import NDArray
from scipy.special import ndtr
from scipy.stats import kstest

from aftersale_simulator.assumptions.parameters import load_parameters
from aftersale_simulator.runs.statistics import estimate, wilson
from aftersale_simulator.show.wording import text

Floats = NDArray[np.float64]
_ROUNDING = 1e-12
"""Deviations below it are rounding errors of equal values."""


@frozen
class Fitted:
    """One fitted number: its path in a scenario, its value, its 95 % interval, and the quality of the fit.

    `low` and `high` are None if there is no interval; `n` counts the data, `source` names the file. `quality` says how
    good the fit is: for a distribution the Kolmogorov-Smirnov distance, the largest difference between the shares of
    data and fit up to any value.
    """

    path: str
    value: Any
    low: float | None
    high: float | None
    n: int
    source: str
    quality: str = ""


@frozen
class Observed:
    """A figure from the files that no scenario sets, to compare a simulation with."""

    name: str
    value: float
    n: int
    source: str


def share(path: str, count: int, size: int, name: str, quality: str = "") -> Fitted:
    """Return `count` of `size` data from the file `name`, with Wilson's interval."""
    low, high = wilson(count, size)
    return Fitted(path, short(count / size), low, high, size, name, quality)


def mean(path: str, values: Floats, name: str, scale: float = 1.0) -> Fitted:
    """Return the mean of times that the world draws from an exponential, with the distance of that fit."""
    interval = estimate((values / scale).tolist())
    distance = float(kstest(values / values.mean(), "expon").statistic) if values.mean() else 1.0
    quality = text("fitted.exponential", distance=distance)
    return Fitted(path, short(interval.mean or 0.0), interval.low, interval.high, len(values), name, quality)


@frozen
class Lognormal:
    """A lognormal by maximum likelihood: mean and standard deviation of the logarithm, and its KS distance."""

    centre: float
    sigma: float
    distance: float


def lognormal(values: Floats) -> Lognormal:
    """Return the lognormal that fits positive values best, by maximum likelihood."""
    logs = np.log(values)
    centre, sigma = float(logs.mean()), float(logs.std())
    if sigma < _ROUNDING:
        return Lognormal(centre, 0.0, 0.0)
    distance = float(kstest((logs - centre) / sigma, ndtr).statistic)
    return Lognormal(centre, sigma, distance)


def within_range(number: Fitted) -> Fitted:
    """Return a number of the world within its declared range; its quality then says what the data say."""
    declared = {f"world.{parameter.name}": parameter for parameter in load_parameters()}[number.path]
    low, high = float(declared.low), float(declared.high)
    if low <= number.value <= high:
        return number
    quality = qualities(number.quality, text("fitted.beyond", value=number.value, low=low, high=high))
    return evolve(number, value=min(max(number.value, low), high), quality=quality)


def qualities(*remarks: str) -> str:
    """Return several remarks on a fit as one; empty ones are left out."""
    return "; ".join(remark for remark in remarks if remark)


def short(value: float) -> float:
    """Return a value with the four digits that are worth showing."""
    return float(f"{value:.4g}")
