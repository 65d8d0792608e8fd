"""Readings: inputs read as the commands read them, and what has to hold of every answer.

A reading returns, or raises an AftersaleError, which refuses the input; any other exception is a finding.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import numpy as np
from attrs import frozen

from aftersale.base.errors import AftersaleError
from aftersale.base.toml_files import read
from aftersale.cases.workflow import parse_workflow
from aftersale.cli import cli
from aftersale.journal.reading import read_journal
from aftersale.order_columns import Orders
from aftersale.orders import NEVER
from aftersale.plugins.plugins import Plugins
from aftersale.policies.marketplaces import parse_marketplaces
from aftersale.policies.metric_kinds import parse_metrics
from aftersale.policies.worlds import parse_world
from aftersale.reports.health.formats import parse_health_formats
from aftersale.reports.health.reading import HealthReader
from aftersale.reports.orders.formats import parse_formats
from aftersale.reports.orders.reading import OrderFile, OrderReader
from aftersale.reports.service_logs.formats import parse_return_formats
from aftersale.rules import parse_rules
from aftersale_simulator.calibration.history import follow_orders, read_history
from aftersale_simulator.cli.session import load
from aftersale_simulator.whatif.preparation import prepare


class Finding(Exception):
    """An answer of which something does not hold."""


@frozen
class Reading:
    """What is there to read with: the plugins, the folder of the input, and its number, which varies the commands."""

    plugins: Plugins
    folder: Path
    number: int

    def run(self, *words: object) -> str:
        """Return what a command prints; raises the error of the project that ends it."""
        out = io.TextIOWrapper(io.BytesIO(), "utf-8", newline="\n")
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
                cli.main([str(word) for word in words], "aftersale", standalone_mode=False, obj=self.plugins)
        except click.ClickException as refusal:
            if isinstance(refusal.__cause__, AftersaleError):
                check(bool(refusal.message.strip()), "a refusal without text")
                raise refusal.__cause__ from None
            raise
        out.flush()
        return out.buffer.getvalue().decode("utf-8")

    def record(self, *words: object) -> Any:
        """Return the JSON that a command prints."""
        text = self.run(*words, "--json")
        if "{" not in text and "[" not in text:
            raise Finding(f"no JSON: {text[:200]!r}")
        return json.JSONDecoder(parse_constant=_no_number).raw_decode(text)[0]


def check(holds: bool, what: str) -> None:
    """Raise a finding where something does not hold."""
    if not holds:
        raise Finding(what)


def _no_number(word: str) -> float:
    raise Finding(f"{word} in JSON")


# Orders


def orders_by_header(reading: Reading) -> None:
    path = next(path for path in reading.folder.iterdir() if path.name.startswith("orders"))
    order_file(OrderReader(reading.plugins.marketplaces, reading.plugins.order_formats).read(path))
    if reading.number % 3:
        calibration(reading, "--orders", path)
        return
    source = follow_orders(load(None, reading.plugins), path, reading.plugins)
    prepare(source, reading.plugins, options={"orders.file": str(path)})


def orders_by_mapping(reading: Reading) -> None:
    path = reading.folder / "shop.toml"
    source = load(path, reading.plugins).scenario.orders
    assert source is not None
    order_file(read_history(source, reading.plugins).file)
    if reading.number % 3:
        calibration(reading, path)
    else:
        _scenario(reading, path)


def order_file(file: OrderFile) -> None:
    """Check the account of an order file's rows, and its columns."""
    counts = file.rows_used + file.rows_cancelled + file.rows_skipped + file.rows_rejected
    check(file.rows_read == counts, f"{file.rows_read} rows read, {counts} accounted for")
    check(sum(file.rejected_by_reason.values()) == file.rows_rejected, "the reasons do not add up to the rejected rows")
    check(all(row.line > 1 and row.reason for row in file.rejected), "a rejected row without line or reason")
    columns(file.orders)
    lines, orders = file.lines, file.orders
    check(bool((lines["quantity"] > 0).all()), "a quantity of nothing")
    check(bool(lines["order"].is_between(0, len(orders) - 1).all()), "a line of no order")
    check(lines["order"].n_unique() == len(orders), "an order without a line")
    check(bool((file.cancellations["quantity"] > 0).all()), "a cancelled quantity of nothing")


def columns(orders: Orders) -> None:
    """Check the columns of orders."""
    check(len(set(orders.ids)) == len(orders.ids), "two orders of one number")
    check(bool((orders.price > 0).all()), "an order without a price")
    check(bool(np.all(np.diff(orders.purchased_at) >= 0)), "orders out of order")
    for name in ("promised_at", "delivered_at", "ship_by", "shipped_at", "cancelled_at"):
        known = getattr(orders, name)
        check(bool(np.all((known == NEVER) | (known >= orders.purchased_at))), f"{name} before the purchase")
    for codes, words in ((orders.marketplace, orders.marketplaces), (orders.channel, orders.channels)):
        check(bool(np.all((codes >= 0) & (codes < len(words)))), "a code of no word")
    check(bool(np.all((orders.category >= 0) & (orders.category < len(orders.categories)))), "a code of no category")


# Logs


def log(option: str) -> Callable[[Reading], None]:
    """Return the reading of a log that calibrate takes as this option, beside orders where there are any."""

    def fit(reading: Reading) -> None:
        files = sorted(reading.folder.iterdir())
        orders = [word for path in files if path.stem == "orders" for word in ("--orders", path)]
        logs = [path for path in files if path.stem != "orders"]
        calibration(reading, *orders, option, *logs)

    return fit


def calibration(reading: Reading, *words: object) -> None:
    """Check what calibrate tells as JSON; one input in five is also told as text, one in seven written."""
    record = reading.record("calibrate", *words)
    for account in record["files"]:
        _account(account)
    for number in record["fitted"]:
        _fitted(number)
    for figure in record["observed"]:
        check(figure["value"] >= 0 and math.isfinite(figure["value"]), f"{figure['name']} is {figure['value']}")
    check(all(note.strip() for note in record["notes"]), "a note without text")
    if reading.number % 5 == 0:
        reading.run("calibrate", *words)
    if reading.number % 7 == 0 and record["fitted"]:
        out = reading.folder / "fitted.toml"
        reading.run("calibrate", *words, "--out", out)
        load(out, reading.plugins)


def _account(account: Mapping[str, Any]) -> None:
    parts = [account[f"rows_{name}"] for name in ("used", "cancelled", "skipped", "rejected")]
    check(account["rows_read"] == sum(parts), f"{account['rows_read']} rows read, {parts} accounted for")
    check(min(parts) >= 0, f"a count below zero in {parts}")
    for outcome in ("skipped", "rejected"):
        check(sum(account[outcome].values()) == account[f"rows_{outcome}"], f"the reasons of {outcome} do not add up")
        check(all(map(str.strip, account[outcome])), f"{outcome} without a reason")
    check(all(row["reason"] and row["line"] > 1 for row in account["left_out"]), "a row left out without a reason")


def _fitted(number: Mapping[str, Any]) -> None:
    path, value, low, high = number["path"], number["value"], number["low"], number["high"]
    check(number["n"] >= 0, f"{path}: n is {number['n']}")
    check(low is None or high is None or low <= high, f"{path}: its interval is {low} to {high}")
    check(all(map(math.isfinite, _numbers(value))), f"{path} is {value}")
    if path.endswith(("_rate", ".channels", ".categories")):
        check(all(0 <= share <= 1 for share in _numbers(value)), f"{path} is {value}")
    if path.endswith("_rate"):
        check(all(end is None or 0 <= end <= 1 for end in (low, high)), f"{path}: its interval is {low} to {high}")
    if path.endswith((".weekly", ".hourly")):
        check(min(value) >= 0 and abs(sum(value) / len(value) - 1) < 0.01, f"{path} is {value}")


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, Mapping):
        for part in value.values():
            yield from _numbers(part)
    elif isinstance(value, list):
        for part in value:
            yield from _numbers(part)
    elif isinstance(value, int | float):
        yield value


# Health reports and journals


def health_report(reading: Reading) -> None:
    path = reading.folder / "health.json"
    HealthReader(reading.plugins.marketplaces, reading.plugins.health_reports()).read(path)
    reading.record("health", path)
    reading.run("health", path)


JOURNAL_COMMANDS: tuple[tuple[str, ...], ...] = (
    *(("replay",), ("tasks",), ("health", "--why"), ("costs", "--by", "product"), ("health",), ("costs",)),
)


def journal(reading: Reading) -> None:
    content = read_journal(reading.folder)
    _journal_columns(content.orders)
    times = [fact.known_at for fact in content.facts]
    check(times == sorted(times), "facts out of order")
    command, *options = JOURNAL_COMMANDS[reading.number % len(JOURNAL_COMMANDS)]
    if reading.number % 5:
        reading.record(command, reading.folder, *options)
    else:
        reading.run(command, reading.folder, *options)
    if content.facts and reading.number % 4 == 0:
        with contextlib.suppress(AftersaleError):
            reading.record("case", reading.folder, content.facts[-1].case)


def _journal_columns(orders: Orders) -> None:
    check(len(set(orders.ids)) == len(orders.ids), "two orders of one number")
    check(bool(np.all(np.diff(orders.purchased_at) >= 0)), "orders out of order")


# Documents


def scenario(reading: Reading) -> None:
    number = reading.number % 2
    _scenario(reading, reading.folder / ("shop.toml", "default.toml")[number])


def _scenario(reading: Reading, path: Path) -> None:
    reading.record("scenario", path)
    reading.run("scenario", path, "--explain")
    prepare(load(path, reading.plugins), reading.plugins)


def handbook(reading: Reading) -> None:
    path = reading.folder / "handbook.toml"
    places = sorted(reading.plugins.marketplaces)
    reading.record("rules", places[reading.number % len(places)], "--handbook", path)
    reading.run("rules", "--compare", ",".join(places[:2]), "--handbook", path)
    reading.run("rules", "--changes-since", "2020-01-01", "--handbook", path)


def stress(reading: Reading) -> None:
    path = reading.folder / "stress.toml"
    prepare(load(None, reading.plugins), reading.plugins, stress=[str(path)])


PARSERS: dict[str, Callable[[dict[str, Any], str], object]] = {
    "rules": parse_rules,
    "formats": parse_formats,
    "returns": parse_return_formats,
    "health": parse_health_formats,
    "profile": parse_marketplaces,
    "world": parse_world,
    "metrics": parse_metrics,
    "kinds": parse_workflow,
}


def plugin(reading: Reading) -> None:
    for name, parse in PARSERS.items():
        path = reading.folder / f"{name}.toml"
        parse(read(path), str(path))


READINGS: dict[str, Callable[[Reading], None]] = {
    "orders_tsv": orders_by_header,
    "orders_csv": orders_by_mapping,
    "orders_gzip": orders_by_mapping,
    "orders_utf16": orders_by_mapping,
    "orders_two_files": orders_by_mapping,
    "orders_journal": orders_by_header,
    "returns": log("--returns"),
    "returns_seller": log("--returns"),
    "returns_fba": log("--returns"),
    "messages": log("--messages"),
    "claims": log("--claims"),
    "tasks": log("--tasks"),
    "reviews": log("--reviews"),
    "health": health_report,
    "journal_csv": journal,
    "journal_parquet": journal,
    "scenario": scenario,
    "stress": stress,
    "handbook": handbook,
    "plugin": plugin,
}
"""The reading of each kind of input; `samples.py` has a good one of each."""
