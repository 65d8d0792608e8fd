"""Fit: a scenario's numbers from a seller's own files, each with its data and the quality of its fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from attrs import define, evolve, field, frozen

from aftersale.base.errors import DocumentError, Problem
from aftersale.documents.scalars import Word
from aftersale.order_columns import Orders
from aftersale.reports.orders.reading import OrderFile
from aftersale.reports.reader import RejectedRow
from aftersale.reports.service_logs.kinds import CLAIMS, MESSAGES, RETURNS, REVIEWS, TASKS
from aftersale.reports.service_logs.reading import TableReader
from aftersale_simulator.calibration.conversations import fit_messages
from aftersale_simulator.calibration.deliveries import fit_deliveries
from aftersale_simulator.calibration.history import History, order_notes, read_history
from aftersale_simulator.calibration.logs import FileAccount, ServiceLog
from aftersale_simulator.calibration.numbers import Fitted, Observed, within_range
from aftersale_simulator.calibration.return_log import fit_returns
from aftersale_simulator.calibration.reviews import fit_reviews
from aftersale_simulator.calibration.sales import LEAST_DAYS, days_spanned, fit_sales
from aftersale_simulator.calibration.service import fit_claims, fit_tasks
from aftersale_simulator.runs.statistics import wilson
from aftersale_simulator.scenario.document import ScenarioFile
from aftersale_simulator.scenario.model import OrderSource
from aftersale_simulator.scenario.overrides import changed
from aftersale_simulator.show.wording import text
from aftersale_simulator.world.orders import of_marketplace
from aftersale_simulator.world.world import World

if TYPE_CHECKING:
    from aftersale.plugins.plugins import Plugins

_STARS = 1, 5
Finding = Fitted | Observed


@define
class Calibration:
    """A scenario with the numbers from its seller's files.

    `document` has the `fitted` numbers; all others are as before. `files` say what became of the rows of each file, and
    `notes` what else a reader of the numbers has to know. `order_file` is the path of the order file, `orders_unusable`
    says that it has no order.
    """

    source: ScenarioFile
    fitted: list[Fitted] = field(factory=list)
    observed: list[Observed] = field(factory=list)
    files: list[FileAccount] = field(factory=list)
    notes: list[str] = field(factory=list)
    order_file: str = ""
    orders_unusable: bool = False

    def add(self, findings: Iterable[Finding]) -> None:
        """Keep numbers, those of the world within their declared range; a later one of a path replaces an earlier."""
        for finding in findings:
            if isinstance(finding, Observed):
                self.observed.append(finding)
                continue
            for earlier in [number for number in self.fitted if number.path == finding.path]:
                self.fitted.remove(earlier)
                self.notes.append(text("calibrate.replaced", path=finding.path, new=finding.source, old=earlier.source))
            self.fitted.append(within_range(finding) if finding.path.startswith("world.") else finding)

    @property
    def document(self) -> dict[str, Any]:
        """The scenario's document with the fitted values; its order file, where it has one, is still read."""
        raw = dict(self.source.raw)
        if "orders" in raw and self.order_file:
            raw["orders"] = {**raw["orders"], "file": self.order_file}
        values = {number.path: number.value for number in self.fitted}
        return changed(raw, values, "calibrate", self.source.words)

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
    """A seller's own files; None for a file that there is not.

    `orders` is read as the scenario says, or by its header; a marketplace's report of `returns` as it is. As CSV,
    `messages` has the columns order, sender (buyer, seller, automatic) and sent_at, as `simulate --csv` writes them;
    `returns` order and opened_at; `claims` order, state and opened_at; `tasks` kind and seconds; `reviews` order, stars
    and left_at.
    """

    orders: Path | None = None
    returns: Path | None = None
    messages: Path | None = None
    claims: Path | None = None
    tasks: Path | None = None
    reviews: Path | None = None


def calibrated(source: ScenarioFile, plugins: Plugins, files: Files) -> Calibration:
    """Return a scenario's calibration from files; raises DocumentError with the problems of all files."""
    calibration = Calibration(source)
    problems: list[Problem] = []
    history = None
    try:
        history = _history(source, plugins, files.orders)
    except DocumentError as error:
        problems += error.problems
    if history is not None:
        _fit_orders(calibration, history, plugins)
    orders = history.orders if history is not None and len(history.orders) else None
    for path, reader, fit in _steps(calibration, plugins, files, orders):
        if path is not None:
            try:
                _fit_log(calibration, _suited(reader, source, _zone(orders, plugins)), path, fit)
            except DocumentError as error:
                problems += error.problems
    if problems:
        raise DocumentError("calibrate", tuple(problems))
    return calibration


_Step = tuple[Path | None, TableReader, Callable[[ServiceLog], Iterator[Finding]]]


def _steps(calibration: Calibration, plugins: Plugins, files: Files, orders: Orders | None) -> tuple[_Step, ...]:
    kinds = calibration.source.words.tasks

    def returns(log: ServiceLog) -> Iterator[Finding]:
        values: dict[str, float] = {str(name): value for name, value in calibration.source.scenario.world.items()}
        for number in calibration.fitted:
            if number.path in ("world.promise_days", "world.early_days"):
                values[number.path.removeprefix("world.")] = number.value
        yield from fit_returns(log, orders, World(values))

    return (
        (files.returns, evolve(RETURNS, formats=tuple(plugins.return_formats)), returns),
        (files.messages, MESSAGES, lambda log: fit_messages(log, orders)),
        (files.claims, CLAIMS, lambda log: fit_claims(log, orders)),
        (files.tasks, TASKS, lambda log: fit_tasks(log, kinds)),
        (files.reviews, REVIEWS, lambda log: _reviews(log, orders)),
    )


def _reviews(log: ServiceLog, orders: Orders | None) -> Iterator[Finding]:
    low, high = _STARS
    log.reject(~pl.col("stars").is_between(low, high), f"not {low} to {high} stars", "stars")
    log.join_orders(orders, "left_at")
    if orders is not None:
        yield from fit_reviews(log.rows.select("order", "stars", "left_at"), orders, log.name)


def _zone(orders: Orders | None, plugins: Plugins) -> str:
    """Return the zone of the order file's marketplaces, UTC where they have several or there is no file."""
    zones = {plugins.marketplaces[name].zone for name in orders.marketplaces} if orders is not None else set()
    return zones.pop() if len(zones) == 1 else "UTC"


def _suited(reader: TableReader, source: ScenarioFile, zone: str) -> TableReader:
    """Return the reader with the date formats and the zone of the seller's order files: who writes both is the same."""
    orders = source.scenario.orders
    if orders is None or orders.mapping is None:
        return evolve(reader, zone=zone)
    mapped = orders.mapping.values.zone
    return evolve(reader, date_formats=orders.mapping.date_formats, zone=str(mapped) if mapped else zone)


def _fit_log(
    calibration: Calibration, reader: TableReader, path: Path, fit: Callable[[ServiceLog], Iterator[Finding]]
) -> None:
    log = ServiceLog(reader.read(path))
    calibration.add(list(fit(log)))
    calibration.files.append(log.account())
    calibration.notes += filter(None, [*log.notes, log.emptiness()])


def _history(source: ScenarioFile, plugins: Plugins, path: Path | None) -> History | None:
    orders = source.scenario.orders
    if path is None and orders is None:
        return None
    name = Word(str(path.absolute())) if path is not None else orders.file if orders is not None else Word("")
    # Calibration needs the days of the purchases, not the days to which a scenario moves them.
    return read_history(OrderSource(name) if orders is None else evolve(orders, file=name, move_to=None), plugins)


def _fit_orders(calibration: Calibration, history: History, plugins: Plugins) -> None:
    name = Path(history.file.source).name
    calibration.order_file = str(Path(history.file.source).absolute())
    calibration.files.append(_order_account(history.file, name))
    calibration.notes += order_notes(history)
    if not len(history.orders):
        calibration.orders_unusable = True
        return
    for marketplace in history.orders.marketplaces:
        orders = of_marketplace(history.orders, marketplace)
        zone = plugins.marketplaces[marketplace].zone
        if marketplace not in calibration.source.scenario.marketplace:
            calibration.notes.append(text("calibrate.elsewhere", name=name, place=marketplace, count=len(orders)))
        elif len(orders):
            calibration.add(fit_sales(orders, zone, name))
            if (days := days_spanned(orders, zone)) < LEAST_DAYS:
                calibration.notes.append(text("calibrate.few_days", place=marketplace, days=days, least=LEAST_DAYS))
    calibration.add(fit_deliveries(history.orders, name))
    calibration.add(_cancellations(history, name))


def _cancellations(history: History, name: str) -> Iterator[Fitted]:
    fit = history.fit
    if fit is None:
        return
    low, high = wilson(fit.orders_returned, fit.orders)
    yield Fitted("world.return_rate", history.world["return_rate"], low, high, fit.orders, name)
    quality = text("fitted.percentiles")
    for key in sorted(history.world.keys() - {"return_rate"}):
        yield Fitted(f"world.{key}", history.world[key], None, None, fit.matched, name, quality)


def _order_account(file: OrderFile, name: str) -> FileAccount:
    left_out: list[tuple[str, RejectedRow]] = [("rejected", row) for row in file.rejected]
    return FileAccount(
        name,
        file.rows_read,
        file.rows_used,
        file.rows_cancelled,
        dict(Counter(file.skipped).most_common()),
        dict(file.rejected_by_reason),
        tuple(left_out),
    )
