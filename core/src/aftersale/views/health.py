"""Health: how an account stands as of a day, which metric put it there, and where after-sales goes wrong."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypedDict

from aftersale.base.money import from_minor
from aftersale.base.tables import table
from aftersale.base.translations import core_text as text
from aftersale.base.translations import headers_of
from aftersale.metrics.diagnosis import diagnose
from aftersale.metrics.readings import readings, standing
from aftersale.views.readings import ReadingRecord, reading_record, told_instant

if TYPE_CHECKING:
    from rich.table import Table

    from aftersale.journal.reading import Journal, Replay
    from aftersale.metrics.diagnosis import BadFeedback, Cause, Product
    from aftersale.metrics.readings import Reading
    from aftersale.policies.policy import Policies

STATES = {
    "healthy": ("health.healthy", "health.is_healthy"),
    "at_risk": ("health.at_risk", "health.is_at_risk"),
    "review": ("health.review", "health.is_review"),
    "deactivated": ("health.deactivated", "health.is_deactivated"),
}
"""How a state of the account is told, and how the verdict on a metric that leads to it."""
CAUSES = {
    "late_reply": "health.cause_late_reply",
    "refused_return": "health.cause_refused_return",
    "refund_not_given": "health.cause_refund_not_given",
    "evidence_missing": "health.cause_evidence_missing",
    "late_delivery": "health.cause_late_delivery",
    "product": "health.cause_product",
}
"""How each cause is told."""
SHOWN = 10
"""How many products and bad ratings a listing shows; the JSON holds all of them."""


class StandingRecord(TypedDict):
    """How one account stands, and by which metrics; `bearable` more defective orders keep the marketplace's line.

    `bearable` is None where there are no orders to measure it by.
    """

    marketplace: str
    state: str
    because: list[str]
    bearable: int | None
    metrics: list[ReadingRecord]


class CauseRecord(TypedDict):
    """One cause: cases and orders behind it, orders that are defective too, and their worth by currency, as text."""

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


class Health(TypedDict):
    """The health of all accounts of a journal, as JSON shows it; the last three only where they were asked for."""

    journal: str
    until: str
    accounts: list[StandingRecord]
    causes: list[CauseRecord]
    products: list[ProductRecord]
    feedback: list[FeedbackRecord]


def health(journal: Journal, replayed: Replay, policies: Policies, why: bool = False) -> Health:
    """Return how each account of a journal stands; with `why` also what went wrong, with orders and money behind it."""
    at, docket = replayed.until, replayed.docket
    sold = [policies[name] for name in sorted(journal.orders.marketplaces) if name in policies]
    accounts = [_standing(policy.marketplace.name, readings(policy, docket, journal.orders, at)) for policy in sold]
    found = diagnose(docket, policies) if why else None
    return Health(
        journal=journal.source,
        until=told_instant(at),
        accounts=accounts,
        causes=[_cause(each) for each in found.causes] if found else [],
        products=[_product(each) for each in found.products] if found else [],
        feedback=[_feedback(each) for each in found.feedback] if found else [],
    )


def _standing(marketplace: str, found: list[Reading]) -> StandingRecord:
    state, because = standing(found)
    rates = [each for each in found if each.components and each.set_by == "rule"]
    return StandingRecord(
        marketplace=marketplace,
        state=state,
        because=[f"{each.metric} ({each.set_by})" for each in because],
        bearable=min((each.bearable for each in rates if each.bearable is not None), default=None),
        metrics=[reading_record(each) for each in found],
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


def _feedback(each: BadFeedback) -> FeedbackRecord:
    return FeedbackRecord(
        order=each.order,
        marketplace=each.marketplace,
        stars=each.stars,
        left_at=told_instant(each.left_at),
        causes=list(each.causes),
    )


def health_listing(found: Health, why: bool = False) -> list[Table | str]:
    """Return the health as tables: each account's state, its metrics, and what went wrong."""
    shown: list[Table | str] = [text("health.title", journal=found["journal"], until=found["until"]), ""]
    for account in found["accounts"]:
        shown.append(_state(account))
        if account["bearable"] is not None:
            shown.append(_room(account["bearable"]))
        shown += [_metrics(account["metrics"]), ""]
    return shown + (_why(found) if why else [])


def _state(account: StandingRecord) -> str:
    told = {"marketplace": account["marketplace"], "state": text(STATES[account["state"]][0])}
    if not account["because"]:
        return text("health.state", **told)
    return text("health.state_because", **told, because=", ".join(account["because"]))


def _room(bearable: int) -> str:
    if bearable < 0:
        return text("health.over", count=-bearable)
    return text("health.bearable", count=bearable)


def _metrics(found: Iterable[ReadingRecord]) -> Table:
    headers = headers_of("health", "metric", "value", "counted", "target", "verdict", "fulfilment")
    rows = [
        (
            each["metric"],
            text("replay.nothing") if each["value"] is None else f"{each['value']:.4f}",
            f"{each['numerator']:.0f} / {each['denominator']}",
            f"{each['target']:g} ({each['set_by']})",
            _verdict(each),
            ", ".join(f"{name} {part['defects']}/{part['orders']}" for name, part in each["fulfilment"].items()),
        )
        for each in found
    ]
    return table(headers, rows, headers[1:2])


def _verdict(reading: ReadingRecord) -> str:
    if reading["value"] is None:
        return text("replay.nothing")
    return text("health.met" if reading["met"] else STATES[reading["state"]][1])


def _why(found: Health) -> list[Table | str]:
    headers = headers_of("health", "cause", "cases", "orders", "defects", "money")
    rows = [
        (
            text(CAUSES[each["cause"]]),
            str(each["cases"]),
            str(each["orders"]),
            str(each["defects"]),
            ", ".join(f"{amount} {name}" for name, amount in each["money"].items()),
        )
        for each in found["causes"]
    ]
    return [text("health.why"), table(headers, rows, headers[1:4]), "", *_worst(found), *_ratings(found)]


def _worst(found: Health) -> list[Table | str]:
    if not found["products"]:
        return []
    headers = headers_of("health", "product", "marketplace", "returns", "complaints", "reasons")
    rows = [
        (
            each["product"],
            each["marketplace"],
            str(each["returns"]),
            str(each["complaints"]),
            ", ".join(f"{reason} {count}" for reason, count in list(each["reasons"].items())[:3]),
        )
        for each in found["products"][:SHOWN]
    ]
    title = text("health.products", count=len(found["products"]))
    return [title, table(headers, rows, headers[2:4]), ""]


def _ratings(found: Health) -> list[Table | str]:
    if not found["feedback"]:
        return []
    headers = headers_of("health", "order", "marketplace", "stars", "left_at", "causes")
    rows = [
        (
            each["order"],
            each["marketplace"],
            text("replay.nothing") if each["stars"] is None else f"{each['stars']:g}",
            each["left_at"][:16].replace("T", " "),
            ", ".join(text(CAUSES[cause]) for cause in each["causes"]) or text("health.no_cause"),
        )
        for each in found["feedback"][-SHOWN:]
    ]
    title = text("health.feedback", count=len(found["feedback"]), shown=len(rows))
    return [title, table(headers, rows, headers[2:3])]
