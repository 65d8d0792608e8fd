"""Health: the state of an account as of a day, the metrics that lead to it, and where after-sales goes wrong."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypedDict

from aftersale.base.money import from_minor
from aftersale.base.tables import Table, table
from aftersale.base.translations import core_text as text, headers_of
from aftersale.metrics.diagnosis import diagnose
from aftersale.metrics.readings import lines_of, readings, standing
from aftersale.views.instants import instant_text
from aftersale.views.journal_notes import JournalNotes, journal_notes, noted
from aftersale.views.readings import (
    ReadingRecord,
    metric_notes,
    reading_records,
    target_text,
    unjudged,
    value_text,
)

if TYPE_CHECKING:
    from aftersale.journal.reading import Journal
    from aftersale.journal.replay import Replay
    from aftersale.metrics.diagnosis import BadFeedback, Cause, Product
    from aftersale.metrics.readings import Reading
    from aftersale.policies.policy import Policies

STATES = {
    "healthy": ("health.healthy", "health.is_healthy"),
    "at_risk": ("health.at_risk", "health.is_at_risk"),
    "review": ("health.review", "health.is_review"),
    "deactivated": ("health.deactivated", "health.is_deactivated"),
}
"""The messages for each state of the account, and for the verdict on a metric that leads to it."""
CAUSES = {
    "late_reply": "health.cause_late_reply",
    "refused_return": "health.cause_refused_return",
    "refund_not_given": "health.cause_refund_not_given",
    "evidence_missing": "health.cause_evidence_missing",
    "late_delivery": "health.cause_late_delivery",
    "product": "health.cause_product",
}
"""The message for each cause."""
SHOWN = 10
"""How many products and bad ratings a listing shows; the JSON holds all of them."""


class StandingRecord(TypedDict):
    """The state of one account, and the metrics that lead to it.

    `unjudged` are the metrics that would do something to the account, are over their line, and count too few to be
    judged.
    `bearable` is how many more defective orders the marketplace's target allows, None where there are no orders to
    judge it by.
    """

    marketplace: str
    state: str
    because: list[str]
    unjudged: list[str]
    bearable: int | None
    metrics: list[ReadingRecord]


class CauseRecord(TypedDict):
    """One cause: its cases and orders, how many of the orders are defective, and their prices by currency, as text."""

    cause: str
    cases: int
    orders: int
    defects: int
    money: dict[str, str]


class ProductRecord(TypedDict):
    """A product (its category where no product is known) that came back or was complained about."""

    product: str
    marketplace: str
    returns: int
    complaints: int
    reasons: dict[str, int]


class FeedbackRecord(TypedDict):
    """An order that was rated badly, and what went wrong with it."""

    order: str
    marketplace: str
    stars: float | None
    left_at: str
    causes: list[str]


class Health(JournalNotes):
    """The health of all accounts of a journal, as JSON shows it; the last three lists are empty without `why`."""

    journal: str
    until: str
    accounts: list[StandingRecord]
    causes: list[CauseRecord]
    products: list[ProductRecord]
    feedback: list[FeedbackRecord]


def health(journal: Journal, replayed: Replay, policies: Policies, why: bool = False) -> Health:
    """Return the state of each account of a journal; with `why` also what went wrong, with orders and money."""
    at, docket = replayed.until, replayed.docket
    sold = [policies[name] for name in sorted(journal.orders.marketplaces) if name in policies]
    accounts = [_standing(policy.marketplace.name, readings(policy, docket, journal.orders, at)) for policy in sold]
    diagnosis = diagnose(docket, policies) if why else None
    return Health(
        journal=journal.source,
        until=instant_text(at),
        accounts=accounts,
        causes=[_cause(cause) for cause in diagnosis.causes] if diagnosis else [],
        products=[_product(product) for product in diagnosis.products] if diagnosis else [],
        feedback=[_feedback(rating) for rating in diagnosis.feedback] if diagnosis else [],
        **journal_notes(journal, replayed, policies),
    )


def _standing(marketplace: str, metrics: list[Reading]) -> StandingRecord:
    state, because = standing(metrics)
    names = {id(reading): name for reading, name in zip(metrics, lines_of(metrics), strict=True)}
    rates = [reading for reading in metrics if reading.components and reading.set_by == "rule"]
    return StandingRecord(
        marketplace=marketplace,
        state=state,
        because=[f"{names[id(reading)]} ({reading.set_by})" for reading in because],
        unjudged=[
            f"{names[id(reading)]} ({reading.set_by})"
            for reading in metrics
            if reading.over and reading.met is None and (reading.floor_orders or reading.floor_cases)
        ],
        bearable=min((reading.bearable for reading in rates if reading.bearable is not None), default=None),
        metrics=reading_records(metrics),
    )


def _cause(cause: Cause) -> CauseRecord:
    money = {name: str(from_minor(amount, name).amount) for name, amount in sorted(cause.money.items())}
    return CauseRecord(
        cause=cause.name, cases=cause.cases, orders=len(cause.orders), defects=len(cause.defects), money=money
    )


def _product(product: Product) -> ProductRecord:
    return ProductRecord(
        product=product.name,
        marketplace=product.marketplace,
        returns=product.returns,
        complaints=product.complaints,
        reasons=dict(product.reasons),
    )


def _feedback(rating: BadFeedback) -> FeedbackRecord:
    return FeedbackRecord(
        order=rating.order,
        marketplace=rating.marketplace,
        stars=rating.stars,
        left_at=instant_text(rating.left_at),
        causes=list(rating.causes),
    )


def health_listing(record: Health, why: bool = False) -> list[Table | str]:
    """Return the health as tables: each account's state, its metrics, and what went wrong."""
    parts: list[Table | str] = [text("health.title", journal=record["journal"], until=record["until"]), ""]
    for account in record["accounts"]:
        parts.append(_state(account))
        if account["unjudged"]:
            parts.append(text("health.unjudged", metrics=", ".join(account["unjudged"])))
        if account["bearable"] is not None:
            parts.append(_room(account["bearable"]))
        parts += [_metrics(account["metrics"]), *metric_notes(account["metrics"]), ""]
    return noted(parts + (_why(record) if why else []), record)


def _state(account: StandingRecord) -> str:
    words = {"marketplace": account["marketplace"], "state": text(STATES[account["state"]][0])}
    if not account["because"]:
        return text("health.state", **words)
    return text("health.state_because", **words, because=", ".join(account["because"]))


def _room(bearable: int) -> str:
    if bearable < 0:
        return text("health.over", count=-bearable)
    return text("health.bearable", count=bearable)


def _metrics(metrics: Iterable[ReadingRecord]) -> Table:
    headers = headers_of("health", "metric", "value", "counted", "target", "verdict", "fulfilment")
    rows = [
        (
            metric["line"],
            value_text(metric),
            f"{metric['numerator']:.0f} / {metric['denominator']}",
            target_text(metric),
            _verdict(metric),
            ", ".join(f"{name} {part['defects']}/{part['orders']}" for name, part in metric["fulfilment"].items()),
        )
        for metric in metrics
    ]
    return table(headers, rows, headers[1:2])


def _verdict(reading: ReadingRecord) -> str:
    if reading["met"] is None:
        return unjudged(reading)
    if reading["met"]:
        return text("health.near" if reading["state"] == "review" else "health.met")
    return text(STATES[reading["state"]][1])


def _why(record: Health) -> list[Table | str]:
    headers = headers_of("health", "cause", "cases", "orders", "defects", "money")
    rows = [
        (
            text(CAUSES[cause["cause"]]),
            str(cause["cases"]),
            str(cause["orders"]),
            str(cause["defects"]),
            ", ".join(f"{amount} {name}" for name, amount in cause["money"].items()),
        )
        for cause in record["causes"]
    ]
    return [text("health.why"), table(headers, rows, headers[1:4]), "", *_worst(record), *_ratings(record)]


def _worst(record: Health) -> list[Table | str]:
    if not record["products"]:
        return []
    headers = headers_of("health", "product", "marketplace", "returns", "complaints", "reasons")
    rows = [
        (
            product["product"],
            product["marketplace"],
            str(product["returns"]),
            str(product["complaints"]),
            ", ".join(f"{reason} {count}" for reason, count in list(product["reasons"].items())[:3]),
        )
        for product in record["products"][:SHOWN]
    ]
    title = text("health.products", count=len(record["products"]))
    return [title, table(headers, rows, headers[2:4], keys=2), ""]


def _ratings(record: Health) -> list[Table | str]:
    if not record["feedback"]:
        return []
    headers = headers_of("health", "order", "marketplace", "stars", "left_at", "causes")
    rows = [
        (
            rating["order"],
            rating["marketplace"],
            text("replay.nothing") if rating["stars"] is None else f"{rating['stars']:g}",
            rating["left_at"][:16].replace("T", " "),
            ", ".join(text(CAUSES[cause]) for cause in rating["causes"]) or text("health.no_cause"),
        )
        for rating in record["feedback"][-SHOWN:]
    ]
    title = text("health.feedback", count=len(record["feedback"]), shown=len(rows))
    return [title, table(headers, rows, headers[2:3])]
