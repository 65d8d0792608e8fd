"""Fit: a scenario's numbers from a seller's own files, each with its data and the quality of its fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import exp, log, sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from attrs import define, field, frozen
from numpy.typing import NDArray
from scipy.special import ndtr
from scipy.stats import kstest

from aftersale.base.errors import DocumentError, Problem
from aftersale.base.money import decimals
from aftersale.clocks import DAY, HOUR, local_date
from aftersale.orders import Orders
from aftersale.reports.service_logs.kinds import CLAIMS, MESSAGES, RETURNS, TASKS
from aftersale.reports.service_logs.reading import TableReader
from aftersale_simulator.calibration.history import History, read_history
from aftersale_simulator.calibration.numbers import Fitted, mean as _mean, share as _share, short as _short
from aftersale_simulator.runs.statistics import estimate, wilson
from aftersale_simulator.runs.timeline import by_day
from aftersale_simulator.scenario.document import ScenarioFile
from aftersale_simulator.scenario.horizon import LocalDays
from aftersale_simulator.scenario.model import OrderSource
from aftersale_simulator.scenario.overrides import changed
from aftersale_simulator.world.orders import of_marketplace

if TYPE_CHECKING:
    from aftersale.plugins.plugins import Plugins

Floats = NDArray[np.float64]
_LEAST_DAYS = 14
"""Days that an order file must span to show a week and its scatter."""
_WEEK = 7
_LONGEST_TASK = 12 * 3600
"""In seconds: a longer task had an interruption."""


@frozen
class Observed:
    """A figure from the files that no scenario sets, to compare a simulation with."""

    name: str
    value: float
    n: int
    source: str


@define
class Calibration:
    """A scenario with the numbers from its seller's files.

    `document` has the `fitted` numbers; all others are as before. `rejected` has the reasons of the rows of each file
    that make no sense.
    """

    source: ScenarioFile
    fitted: list[Fitted] = field(factory=list)
    observed: list[Observed] = field(factory=list)
    rejected: dict[str, list[str]] = field(factory=dict)

    @property
    def document(self) -> dict[str, Any]:
        """The scenario's document with the fitted values; its orders are synthetic, without an order file."""
        raw = {key: value for key, value in self.source.raw.items() if key != "orders"}
        return changed(raw, {number.path: number.value for number in self.fitted}, "calibrate", self.source.words)

    def frame(self) -> pl.DataFrame:
        """Return the fitted numbers, one in a row, with profiles and shares as text."""
        rows = [
            (number.path, str(number.value), number.low, number.high, number.n, number.source, number.quality)
            for number in self.fitted
        ]
        names = ["path", "value", "low", "high", "n", "source", "quality"]
        types = [pl.String, pl.String, pl.Float64, pl.Float64, pl.Int64, pl.String, pl.String]
        return pl.DataFrame(rows, dict(zip(names, types, strict=True)), orient="row")

    def assumed(self) -> list[str]:
        """Return the world's parameters that neither the data nor the scenario sets."""
        fitted = {number.path.removeprefix("world.") for number in self.fitted}
        return [name for name in self.source.words.parameters if name not in fitted | set(self.source.scenario.world)]


@frozen
class Files:
    """A seller's own files, each a CSV; None for a file that there is not.

    `messages` has the columns order, sender (buyer or seller) and sent_at, as `simulate --csv` writes them; `returns`
    order and opened_at; `claims` order, state and opened_at; `tasks` kind and seconds.
    """

    orders: Path | None = None
    returns: Path | None = None
    messages: Path | None = None
    claims: Path | None = None
    tasks: Path | None = None


def calibrated(source: ScenarioFile, plugins: Plugins, files: Files) -> Calibration:
    """Return a scenario's calibration from files; raises DocumentError with the problems of all files."""
    calibration = Calibration(source)
    history = _history(source, plugins, files.orders)
    if history is not None:
        _fit_orders(calibration, history, plugins)
    steps: tuple[tuple[Path | None, Callable[[Calibration, Path, Orders | None], None]], ...] = (
        (files.returns, _fit_returns),
        (files.messages, _fit_messages),
        (files.claims, _fit_claims),
        (files.tasks, _fit_tasks),
    )
    problems: list[Problem] = []
    for path, fit in steps:
        if path is not None:
            try:
                fit(calibration, path, history.orders if history else None)
            except DocumentError as error:
                problems += error.problems
    if problems:
        raise DocumentError("calibrate", tuple(problems))
    return calibration


def _history(source: ScenarioFile, plugins: Plugins, path: Path | None) -> History | None:
    orders = source.scenario.orders
    if path is None:
        return read_history(orders, plugins) if orders is not None else None
    from attrs import evolve

    from aftersale.documents.scalars import Word

    name = Word(str(path.absolute()))
    # Calibration needs the days of the purchases, not the days to which a scenario moves them.
    return read_history(OrderSource(name) if orders is None else evolve(orders, file=name, move_to=None), plugins)


def _fit_orders(calibration: Calibration, history: History, plugins: Plugins) -> None:
    name = Path(history.file.source).name
    if history.file.rejected:
        calibration.rejected[name] = [str(row) for row in history.file.rejected]
    for marketplace in history.orders.marketplaces:
        orders = of_marketplace(history.orders, marketplace)
        if marketplace in calibration.source.scenario.marketplace and len(orders):
            calibration.fitted += _marketplace_numbers(orders, plugins.marketplaces[marketplace].zone, name)
    fit = history.fit
    if fit is not None:
        low, high = wilson(fit.orders_returned, fit.orders)
        calibration.fitted.append(
            Fitted("world.return_rate", history.world["return_rate"], low, high, fit.orders, name)
        )
        quality = (
            "by median and 90th percentile of those after delivery; what comes back after the file's end is missing"
        )
        for key in sorted(history.world.keys() - {"return_rate"}):
            calibration.fitted.append(
                Fitted(f"world.{key}", history.world[key], None, None, fit.matched, name, quality)
            )


def _marketplace_numbers(orders: Orders, zone: str, name: str) -> Iterator[Fitted]:
    """Yield volume, profiles, scatter, prices and shares of one marketplace's orders."""
    marketplace, size = orders.marketplaces[0], len(orders)
    ends = [local_date(int(at), zone) for at in orders.purchased_at[[0, -1]]]
    days = LocalDays.spanning(ends[0], (ends[1] - ends[0]).days + 1, zone)
    counts = by_day(orders.purchased_at, days).astype(np.float64)
    path = f"marketplace.{marketplace}"
    if len(counts) >= _LEAST_DAYS:
        # Whole weeks only, so that all weekdays occur equally often.
        whole = len(counts) // _WEEK * _WEEK
        weekly = np.array([counts[:whole][days.weekdays[:whole] == day].mean() for day in range(_WEEK)])
        weeks = estimate(counts[:whole].reshape(-1, _WEEK).mean(axis=1).tolist())
        yield Fitted(f"{path}.orders_per_day", _short(weekly.mean()), weeks.low, weeks.high, whole, name)
        shape = (weekly / weekly.mean()).round(4).tolist()
        yield Fitted(f"{path}.weekly", shape, None, None, whole, name, "weights of the weekdays, Monday first")
        scatter = dispersion(counts[:whole], days.weekdays[:whole])
        quality = "variance over mean of a day's orders, after the pattern of the week"
        yield Fitted(f"{path}.dispersion", max(1.0, _short(scatter)), None, None, whole, name, quality)
    hours = (orders.purchased_at - days.bounds[np.searchsorted(days.bounds, orders.purchased_at, "right") - 1]) / HOUR
    hourly = np.bincount(np.minimum(hours.astype(np.int64), 23), minlength=24) / size * 24
    if len(set(hours.tolist())) > 1:
        yield Fitted(f"{path}.hourly", hourly.round(4).tolist(), None, None, size, name, "weights of the hours")
    paid = orders.price[orders.price > 0] / 10 ** decimals(orders.currencies[0])
    if len(paid) > 1:
        fit = lognormal(paid)
        price = {"median": f"{exp(fit.centre):.2f}", "sigma": _short(fit.sigma)}
        yield Fitted(f"{path}.price", price, None, None, len(paid), name, f"lognormal, KS {fit.distance:.3f}")
    for key, words, column in (
        ("channels", orders.channels, orders.channel),
        ("categories", orders.categories, orders.category),
    ):
        shares = _shares(words, column)
        if len(shares) > 1:
            yield Fitted(f"{path}.{key}", shares, None, None, size, name)


def _shares(words: Sequence[str], column: NDArray[Any]) -> dict[str, float]:
    counts = np.bincount(column, minlength=len(words))
    shares = {word: round(float(count / counts.sum()), 4) for word, count in zip(words, counts, strict=True) if count}
    # Rounded shares must sum to 1: the largest takes the difference.
    most = max(shares, key=lambda word: shares[word])
    shares[most] = round(shares[most] + 1 - sum(shares.values()), 4)
    return shares


def dispersion(counts: Floats, weekdays: NDArray[np.int64]) -> float:
    """Return the variance of daily counts around the mean of their weekday, over the mean; 1 is Poisson."""
    means = np.array([counts[weekdays == day].mean() if (weekdays == day).any() else 0.0 for day in range(_WEEK)])
    open_ = means[weekdays] > 0
    deviations = counts[open_] - means[weekdays][open_]
    freedom = max(1, int(open_.sum()) - int((means > 0).sum()))
    return float((deviations**2).sum() / freedom / counts[open_].mean()) if open_.any() else 1.0


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
    if sigma == 0:
        return Lognormal(centre, sigma, 0.0)
    distance = float(kstest((logs - centre) / sigma, ndtr).statistic)
    return Lognormal(centre, sigma, distance)


def _rows(calibration: Calibration, reader: TableReader, path: Path) -> pl.DataFrame:
    """Return the rows of a table that make sense; keep the reasons of the others in `calibration`."""
    report = reader.read(path)
    if report.rejected:
        calibration.rejected[report.source] = list(map(str, report.rejected))
    return report.rows


def _purchase_times(orders: Orders | None, column: str = "purchased_at") -> pl.DataFrame | None:
    if orders is None:
        return None
    times = pl.Series("bought", getattr(orders, column), pl.Int64)
    return pl.DataFrame({"order": list(orders.ids[:])}).with_columns(times)


def _fit_returns(calibration: Calibration, path: Path, orders: Orders | None) -> None:
    rows = _rows(calibration, RETURNS, path)
    bought = _purchase_times(orders, "delivered_at") if orders is not None else None
    if bought is None:
        return
    joined = rows.unique("order", keep="first").join(bought.filter(pl.col("bought") > 0), on="order")
    calibration.fitted.append(_share("world.return_rate", joined.height, len(bought), path.name))
    lags = (joined["opened_at"].dt.timestamp("us") - joined["bought"]).to_numpy() / DAY
    lags = lags[lags > 0]
    if len(lags) > 1:
        fit = lognormal(lags)
        quality = f"lognormal, KS {fit.distance:.3f}; counted from delivery"
        margin = sqrt(fit.sigma**2 / len(lags)) * 1.96
        span = exp(fit.centre - margin), exp(fit.centre + margin)
        calibration.fitted.append(
            Fitted("world.return_lag_days", _short(exp(fit.centre)), *span, len(lags), path.name, quality)
        )
        calibration.fitted.append(
            Fitted("world.return_lag_sigma", _short(fit.sigma), None, None, len(lags), path.name, quality)
        )


def _fit_messages(calibration: Calibration, path: Path, orders: Orders | None) -> None:
    rows = _rows(calibration, MESSAGES, path)
    rows = rows.sort("order", "sent_at").with_columns(pl.col("sent_at").dt.timestamp("us").alias("at"))
    first_messages = rows.filter(pl.col("sender") == "buyer").group_by("order").agg(pl.col("at").min().alias("first"))
    bought = _purchase_times(orders)
    if bought is not None:
        joined = first_messages.join(bought, on="order")
        calibration.fitted.append(_share("world.message_rate", joined.height, len(bought), path.name))
        delays = (joined["first"] - joined["bought"]).to_numpy() / DAY
        if len(delays[delays > 0]):
            calibration.fitted.append(_mean("world.message_delay_days", delays[delays > 0], path.name))
    following = rows.with_columns(
        pl.col("sender").shift(-1).over("order").alias("next"), pl.col("at").shift(-1).over("order").alias("then")
    )
    replies = following.filter(pl.col("sender") == "seller")
    follow_ups = replies.filter(pl.col("next") == "buyer")
    if replies.height:
        quality = "buyers who write again after the file ends are missing"
        calibration.fitted.append(_share("world.follow_up_rate", follow_ups.height, replies.height, path.name, quality))
    if follow_ups.height:
        gaps = (follow_ups["then"] - follow_ups["at"]).to_numpy().astype(np.float64)
        calibration.fitted.append(_mean("world.follow_up_delay_hours", gaps, path.name, HOUR))
    answers = following.filter((pl.col("sender") == "buyer") & (pl.col("next") == "seller"))
    if answers.height:
        waits = (answers["then"] - answers["at"]).to_numpy() / HOUR
        calibration.observed.append(Observed("mean_reply_hours", float(waits.mean()), len(waits), path.name))
        calibration.observed.append(Observed("p90_reply_hours", float(np.percentile(waits, 90)), len(waits), path.name))


WON, LOST = ("denied", "won"), ("granted", "lost")


def _fit_claims(calibration: Calibration, path: Path, orders: Orders | None) -> None:
    rows = _rows(calibration, CLAIMS, path)
    won = rows.filter(pl.col("state").is_in(WON)).height
    decided = won + rows.filter(pl.col("state").is_in(LOST)).height
    if decided:
        quality = f"states {', '.join(WON)} of those and {', '.join(LOST)}"
        calibration.fitted.append(_share("world.claim_win_rate", won, decided, path.name, quality))
    if orders is not None and len(orders):
        calibration.observed.append(Observed("claims_per_order", rows.height / len(orders), rows.height, path.name))


def _fit_tasks(calibration: Calibration, path: Path, orders: Orders | None) -> None:
    rows = _rows(calibration, TASKS, path)
    kinds = calibration.source.words.tasks
    unknown = sorted(set(rows["kind"].unique()) - set(kinds))
    problems = [
        Problem(path.name, "kind", f"unknown kind of task '{kind}'", f"allowed: {', '.join(kinds)}") for kind in unknown
    ]
    if problems:
        raise DocumentError(path.name, tuple(problems))
    for kind in kinds:
        seconds = rows.filter(pl.col("kind") == kind)["seconds"].to_numpy()
        seconds = seconds[(seconds > 0) & (seconds <= _LONGEST_TASK)]
        if len(seconds) > 1:
            calibration.fitted.append(handling(kind, seconds, path.name))


def handling(kind: str, seconds: Floats, name: str) -> Fitted:
    """Return mean, spread and the better shape, lognormal or exponential, of a kind of task."""
    mean, cv = float(seconds.mean()), float(seconds.std() / seconds.mean())
    by_moments = sqrt(log(1 + cv**2)) if cv else 0.0
    centre = log(mean) - by_moments**2 / 2
    distances = {
        "lognormal": float(kstest((np.log(seconds) - centre) / by_moments, ndtr).statistic) if by_moments else 0.0,
        "exponential": float(kstest(seconds / mean, "expon").statistic),
    }
    shape = min(distances, key=lambda family: distances[family])
    interval = estimate(seconds.tolist())
    value = {"mean": f"{round(mean)} s", "cv": _short(cv), "shape": shape}
    quality = ", ".join(f"{family} KS {distance:.3f}" for family, distance in distances.items())
    return Fitted(f"handling.{kind}", value, interval.low, interval.high, len(seconds), name, quality)
