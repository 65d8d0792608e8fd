"""Health report: an account health report as plain data, and as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from attrs import asdict

from aftersale.base.tables import Table, table
from aftersale.base.translations import core_text as text, headers_of
from aftersale.base.visible import lines
from aftersale.clocks import Instant, moment
from aftersale.reports.health.checks import SIGNS
from aftersale.reports.health.figures import HealthMetric, HealthRating, HealthReport

if TYPE_CHECKING:
    from aftersale.reports.health.fields import Disagreement

_INSTANTS = ("since", "until")
_WHAT = {
    "rate": "health_report.rate",
    "more_than_all": "health_report.more_than_all",
    "part": "health_report.part",
    "parts": "health_report.parts",
    "status": "health_report.status_of",
    "statuses": "health_report.statuses",
    "window": "health_report.window",
    "channel": "health_report.channel",
    "twice": "health_report.twice",
    "listed_twice": "health_report.listed_twice",
    "base": "health_report.base",
}


def record(report: HealthReport) -> dict[str, Any]:
    """Return a report as plain data for JSON; instants are ISO text in UTC, what the report leaves out is null."""
    return asdict(report, value_serializer=_plain)


def _plain(_: object, place: Any, value: Any) -> Any:
    if place is not None and place.name in _INSTANTS and value is not None:
        return moment(value, "UTC").isoformat()
    return list(value) if isinstance(value, tuple) else value


def listing(report: HealthReport) -> list[Table | str]:
    """Return a report as tables: accounts, metrics and warnings, then everything that does not fit together."""
    title = text("health_report.title", source=report.source, format=report.format)
    parts: list[Table | str] = [title, "", _accounts(report), *_metrics(report.metrics)]
    warnings = [(warning.marketplace, warning.kind, warning.status) for warning in report.warnings]
    if warnings:
        parts += ["", table(headers_of("health_report", "marketplace", "warning", "status"), warnings)]
    disagreements = [_disagreement(disagreement) for disagreement in report.disagreements]
    parts += _lines(text("health_report.disagreements", count=len(disagreements)), disagreements)
    parts += _lines(text("health_report.missing", count=len(report.missing)), report.missing)
    parts += _lines(text("health_report.ignored", count=len(report.ignored)), report.ignored)
    unknown = [f"{where}: {word}" for where, word in report.unknown]
    return parts + _lines(text("health_report.unknown", count=len(unknown)), unknown)


def _accounts(report: HealthReport) -> Table | str:
    nothing = text("health_report.nothing")
    rows = [
        (account.marketplace, text("health_report.account"), account.status, account.state or nothing, nothing)
        for account in report.accounts
    ]
    rows += [
        (rating.marketplace, _rating(rating), rating.status or nothing, rating.state or nothing, _number(rating.score))
        for rating in report.ratings
    ]
    if not rows:
        return text("health_report.no_accounts")
    headers = headers_of("health_report", "marketplace", "of", "status", "state", "score")
    return table(headers, rows, headers[-1:], keys=2)


def _rating(rating: HealthRating) -> str:
    return text("health_report.rating", days=_days(rating.since, rating.until))


def _metrics(metrics: Iterable[HealthMetric]) -> list[Table | str]:
    """Return a table for each marketplace: one table for all would be too wide for a terminal."""
    headers = headers_of("health_report", "metric", "counts", "told", "counted", "target", "status", "verdict")
    parts: list[Table | str] = []
    for name, group in groupby(metrics, key=lambda metric: metric.marketplace):
        parts += ["", text("health_report.of_marketplace", marketplace=name)]
        parts.append(table(headers, [_row(metric) for metric in group], headers[2:4]))
    return parts or ["", text("health_report.no_metrics")]


def _row(metric: HealthMetric) -> tuple[str, ...]:
    nothing = text("health_report.nothing")
    verdicts = {True: text("health_report.met"), False: text("health_report.missed"), None: nothing}
    counts = nothing if metric.numerator is None else str(metric.numerator)
    if metric.denominator is not None:
        counts += f"/{metric.denominator}"
    sign = SIGNS[metric.condition] if metric.condition else ""
    return (
        lines(f"{metric.metric} {metric.channel}".rstrip(), _days(metric.since, metric.until)),
        counts,
        _number(metric.told_rate),
        _number(metric.counted),
        nothing if metric.target is None else f"{sign} {metric.target:g}".lstrip(),
        metric.status or nothing,
        verdicts[metric.met],
    )


def _number(value: float | None) -> str:
    if value is None:
        return text("health_report.nothing")
    return f"{value:.0f}" if value == int(value) and value > 1 else f"{value:.4f}"


def _days(since: Instant | None, until: Instant | None) -> str:
    first, last = (
        text("health_report.nothing") if at is None else moment(at, "UTC").date().isoformat() for at in (since, until)
    )
    return f"{first} – {last}"


def _disagreement(disagreement: Disagreement) -> str:
    what = text(_WHAT[disagreement.what], told=disagreement.told, counted=disagreement.counted)
    return f"{disagreement.marketplace} {disagreement.where}: {what}".lstrip()


def _lines(title: str, lines: Sequence[str]) -> list[Table | str]:
    return ["", title, *(f"  {line}" for line in lines)] if lines else []
