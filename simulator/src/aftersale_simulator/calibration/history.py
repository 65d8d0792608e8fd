"""Order history: the real orders behind a scenario, and what they say about returns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from math import log
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import evolve, frozen

from aftersale.base.errors import DocumentError, Problem
from aftersale.clocks import DAY, local_date
from aftersale.documents.scalars import Word
from aftersale.order_columns import Orders
from aftersale.orders import CANCELLED, DELIVERED, LOST, SHIPPED, UNKNOWN, WAITING
from aftersale.reports.orders.catalogue import CatalogueUse, read_catalogue
from aftersale.reports.orders.formats import OrderFormat
from aftersale.reports.orders.headers import format_words
from aftersale.reports.orders.reading import OrderFile, OrderReader
from aftersale.reports.orders.table import shifted
from aftersale_simulator.assumptions.parameters import load_parameters
from aftersale_simulator.calibration.logs import date_hint
from aftersale_simulator.calibration.returns import NORMAL_P90, ReturnFit, fit_returns
from aftersale_simulator.scenario.document import ScenarioFile, parse_scenario
from aftersale_simulator.scenario.model import OrderSource, Scenario
from aftersale_simulator.scenario.vocabulary import allowed_words
from aftersale_simulator.show.wording import text
from aftersale_simulator.world.orders import of_marketplace
from aftersale_simulator.world.world import World

if TYPE_CHECKING:
    from aftersale.plugins.plugins import Plugins

_SHOWN = 3
_ENDINGS = {
    "delivered": (DELIVERED,),
    "cancelled": (CANCELLED,),
    "lost": (LOST,),
    "undelivered": (SHIPPED, WAITING),
    "open": (UNKNOWN,),
}
_SOLD = {"orders_per_day": 1, "price": {"median": "1"}}
"""A marketplace with orders from a file: the file has volume and price."""


@frozen(eq=False)
class History:
    """The orders of a file, moved into the scenario's time, and the returns fitted to them.

    `fit` is None if the file has no cancellation of one of its purchases.
    """

    file: OrderFile
    orders: Orders
    fit: ReturnFit | None

    @property
    def world(self) -> dict[str, float]:
        """The world's parameters from the file, by name, within their declared ranges.

        The file counts the lag from the purchase, the world from the delivery: the default days of a delivery are
        subtracted. Lags within these days are corrections, not returns, and do not count. The lognormal of the others
        has their own median and 90th percentile.
        """
        if self.fit is None:
            return {}
        defaults = World()
        transit = defaults["promise_days"] - defaults["early_days"] / 2
        values = {"return_rate": self.fit.rate}
        since_delivery = self.fit.lags[self.fit.lags > transit] - transit
        if len(since_delivery):
            middle, most = np.percentile(since_delivery, [50, 90])
            values |= {"return_lag_days": float(middle), "return_lag_sigma": log(most / middle) / NORMAL_P90}
        parameters = {str(parameter.name): parameter for parameter in load_parameters()}
        return {name: min(max(value, parameters[name].low), parameters[name].high) for name, value in values.items()}


def read_history(source: OrderSource, plugins: Plugins, salt: str = "", catalogue: str | None = None) -> History:
    """Return the orders of a scenario's file; raises DocumentError if it or the catalogue cannot be read.

    With a `salt` buyers are known by keyed hashes of the file's own names, else by numbers in order of appearance. The
    `catalogue` is the file in which is looked up what goods cost where the order file does not tell it.
    """
    costs = None if catalogue is None else read_catalogue(catalogue)
    reader = OrderReader(plugins.marketplaces, plugins.order_formats, _format(source, plugins), salt, costs)
    order_file = reader.read(Path(source.file))
    return History(order_file, _move(order_file.orders, source.move_to, plugins), fit_returns(order_file))


def follow_orders(source: ScenarioFile, path: Path, plugins: Plugins) -> ScenarioFile:
    """Return a scenario with the marketplaces and the days of an order file, the first days as warm-up.

    Marketplaces that the scenario does not have get a placeholder price: the file has the prices. Raises DocumentError
    if the file cannot be read or has no order.
    """
    history = read_history(OrderSource(Word(str(path.absolute()))), plugins)
    _check_any(history)
    first, last = _span(history.orders, plugins)
    days = (last - first).days + 1
    warm_up = min(source.scenario.period.warm_up // DAY, days // 2)
    marketplaces = source.raw["marketplace"]
    sold = {name: marketplaces.get(name, _SOLD) for name in sorted(set(history.orders.marketplaces))}
    period = {
        "start": first + timedelta(warm_up),
        "measured": f"{days - warm_up} d",
        "warm_up": f"{warm_up} d",
    }
    raw = {**source.raw, "marketplace": sold, "period": period}
    scenario = parse_scenario(raw, source.source, source.words)
    return evolve(source, raw=raw, scenario=scenario, beside=("marketplace.", "handling.", "team."))


def _format(source: OrderSource, plugins: Plugins) -> OrderFormat | None:
    """Return the format that a scenario chooses; None if the file's header decides."""
    if source.mapping is not None or source.format is None:
        return source.mapping
    formats = {str(form.name): form for form in plugins.order_formats}
    if source.format not in formats:
        hint = allowed_words(source.format, sorted(formats))
        problem = Problem(source.file, "orders.format", f"unknown order format '{source.format}'", hint)
        raise DocumentError(source.file, (problem,))
    return formats[source.format]


def _move(orders: Orders, move_to: date | None, plugins: Plugins) -> Orders:
    if move_to is None or not len(orders):
        return orders
    days = (move_to - _span(orders, plugins)[0]).days
    return shifted(orders, -(-days // 7))


def _span(orders: Orders, plugins: Plugins) -> tuple[date, date]:
    """Return the first and the last local day with an order."""
    zones = [plugins.marketplaces[name].zone for name in orders.marketplaces]
    ends = [local_date(int(orders.purchased_at[index]), zones[orders.marketplace[index]]) for index in (0, -1)]
    return ends[0], ends[1]


def check_overlap(history: History, scenario: Scenario, plugins: Plugins) -> None:
    """Raise DocumentError, with how to move either, if no order of the file is within the scenario's days."""
    _check_any(history)
    if scenario.orders is not None and scenario.orders.resample:
        return
    begins, ends = _span(history.orders, plugins)
    first, last = scenario.horizon.first, scenario.horizon.last
    if ends < first or begins > last:
        start = begins + timedelta(microseconds=scenario.period.warm_up)
        hint = f"move the orders, --set orders.move_to={first}, or the period, --set period.start={start}"
        problem = f"its orders run from {begins} to {ends}, the scenario from {first} to {last} with its warm-up"
        raise _error(history, "", problem, hint)


def _check_any(history: History) -> None:
    if not len(history.orders):
        reasons = {**history.file.rejected_by_reason, **history.file.skipped}
        counts = [f"{count} left out: {reason}" for reason, count in reasons.items()]
        hint = "; ".join([*counts, *filter(None, [date_hint(history.file.date_formats)])])
        raise _error(history, "", f"has no order among {history.file.rows_read} rows", hint)


def _error(history: History, path: str, problem: str, hint: str) -> DocumentError:
    return DocumentError(history.file.source, (Problem(history.file.source, path, problem, hint),))


def order_notes(history: History) -> list[str]:
    """Return what an order file says that nobody knows what to do with, or that contradicts itself."""
    return list(_order_notes(history))


def _order_notes(history: History) -> Iterator[str]:
    file = history.file
    if file.strange_states:
        words = ", ".join(f"{word} ({count})" for word, count in file.strange_states.items())
        yield text("orders.strange_states", count=sum(file.strange_states.values()), words=words)
    if file.unread_currency:
        currencies = ", ".join(history.orders.currencies)
        yield text("orders.unread_currency", column=file.unread_currency, currencies=currencies)
    if file.swapped_dates:
        yield text("orders.swapped_dates", count=file.swapped_dates)
    if file.utc_days:
        yield text("orders.utc_days")
    if file.rows_repeated:
        yield text("orders.repeated", count=file.rows_repeated)
    if not len(history.orders):
        nothing = text("orders.nothing", name=Path(file.source).name, rows=file.rows_read)
        yield f"{nothing} {date_hint(file.date_formats)}".rstrip()
    elif file.date_formats:
        yield text("orders.few_dates", count=len(history.orders), hint=date_hint(file.date_formats))
    if file.catalogue is not None:
        yield from _catalogue_notes(file.catalogue, len(history.orders))
    if file.contradictions:
        yield text("orders.contradictions", count=file.contradictions)
    if file.day_formats and not file.date_formats:
        yield text("orders.midnights", formats=", ".join(f'"{form}"' for form in file.day_formats))
    undelivered = int(np.isin(history.orders.outcome, (SHIPPED, WAITING)).sum())
    if undelivered:
        yield text("orders.undelivered", count=undelivered, total=len(history.orders))


def _catalogue_notes(use: CatalogueUse, total: int) -> Iterator[str]:
    name = Path(use.source).name
    if use.missing:
        yield text("orders.catalogue_missing", name=name, count=use.missing, total=total)
    if use.unsold:
        shown = format_words(use.unsold[:_SHOWN])
        yield text("orders.catalogue_unsold", name=name, count=len(use.unsold), total=use.products, shown=shown)
    if len(use.currencies) > 1:
        yield text("orders.catalogue_currencies", name=name, currencies=", ".join(use.currencies))


def notes(history: History, scenario: Scenario, plugins: Plugins, cells: bool = False) -> list[str]:
    """Return the notes on the order file: what was left out, and what does not fit the scenario.

    With `cells` the rejected ones are shown with the cell at fault.
    """
    return list(_notes(history, scenario, plugins, cells))


def _notes(history: History, scenario: Scenario, plugins: Plugins, cells: bool) -> Iterator[str]:
    file = history.file
    if file.rows_rejected:
        rows = list(dict.fromkeys(row.text(cells) for row in file.rejected))
        shown = "; ".join(rows[:_SHOWN])
        yield text("orders.rejected", count=file.rows_rejected, total=file.rows_read, shown=shown)
    yield from _order_notes(history)
    sold, simulated = set(history.orders.marketplaces), set(map(str, scenario.marketplace))
    if sold - simulated:
        yield text("orders.elsewhere", names=", ".join(sorted(sold - simulated)))
    if simulated - sold:
        yield text("orders.nowhere", names=", ".join(sorted(simulated - sold)))
    if history.fit is None:
        yield text("orders.not_fitted")
    yield from _gaps(_span(history.orders, plugins), scenario)


def _gaps(span: tuple[date, date], scenario: Scenario) -> Iterator[str]:
    first, last = scenario.horizon.first, scenario.horizon.last
    if scenario.orders is not None and scenario.orders.resample:
        return
    if span[0] > first or span[1] < last:
        yield text("orders.outside", begins=span[0], ends=span[1], first=first, last=last)


def summary(history: History) -> str:
    """Return in words what was read and what was fitted."""
    file, fit = history.file, history.fit
    counts: Mapping[str, Any] = {
        "orders": len(history.orders),
        "rows": file.rows_read,
        "used": file.rows_used,
        "cancelled": file.rows_cancelled,
        "skipped": file.rows_skipped,
        "rejected": file.rows_rejected,
    }
    sentence = text("orders.read", name=Path(file.source).name, **counts)
    if (use := file.catalogue) is not None:
        told = text("orders.catalogue", name=Path(use.source).name, count=use.orders, total=len(history.orders))
        sentence = f"{sentence} {told}"
    if fit is None:
        return sentence
    world = World(history.world)
    fitted = text(
        "orders.fitted",
        rate=f"{100 * fit.rate:.1f} %",
        median=f"{fit.lag_median_days:.1f}",
        most=f"{fit.lag_p90_days:.0f}",
        fitted=f"{world['return_lag_days']:.1f}",
        sigma=f"{world['return_lag_sigma']:.2f}",
        matched=fit.matched,
    )
    return f"{sentence} {fitted}"


def volume(history: History, plugins: Plugins) -> list[dict[str, Any]]:
    """Return for each marketplace of the file its orders, their first and last day there, and how many a day."""
    places = []
    for name in history.orders.marketplaces:
        orders, zone = of_marketplace(history.orders, name), plugins.marketplaces[name].zone
        first, last = (local_date(int(at), zone) for at in orders.purchased_at[[0, -1]])
        days = (last - first).days + 1
        counts = {"orders": len(orders), "begins": str(first), "ends": str(last), "per_day": len(orders) / days}
        places.append({"place": name, "currency": orders.currencies[0], **counts})
    return places


def endings(history: History) -> dict[str, int]:
    """Return how many orders ended how as the file tells it; nothing where it does not tell."""
    outcome = history.orders.outcome
    counts = {name: int(np.isin(outcome, codes).sum()) for name, codes in _ENDINGS.items()}
    return counts if counts["open"] < len(history.orders) else {}


def record(history: History, cells: bool = False) -> dict[str, Any]:
    """Return what was read and fitted as plain data for JSON, with every rejected row, and its cell with `cells`."""
    file = history.file
    return {
        "file": Path(file.source).name,
        "format": str(file.format),
        "orders": len(history.orders),
        "rows_read": file.rows_read,
        "rows_used": file.rows_used,
        "rows_cancelled": file.rows_cancelled,
        "rows_skipped": file.rows_skipped,
        "skipped": dict(file.skipped),
        "rows_rejected": file.rows_rejected,
        "rejected": [{"line": row.line, "reason": row.reason, "text": row.text(cells)} for row in file.rejected],
        "unknown_states": dict(file.strange_states),
        "rows_repeated": file.rows_repeated,
        "fitted": history.world,
        "catalogue": _catalogue_record(file.catalogue),
    }


def _catalogue_record(use: CatalogueUse | None) -> dict[str, Any] | None:
    if use is None:
        return None
    counts = {"orders": use.orders, "orders_missing": use.missing, "products": use.products}
    return {"file": Path(use.source).name, **counts, "products_unsold": len(use.unsold)}
