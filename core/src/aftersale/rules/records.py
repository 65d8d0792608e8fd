"""Records: rules as plain data for JSON, in the words of the project."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, TypedDict

from aftersale.rules.model import Rule


class RuleRecord(TypedDict):
    """A rule as JSON shows it; dates and money are text, shares and targets numbers."""

    name: str
    marketplace: str
    kind: str
    clock: str | None
    amount: int | None
    ends: str
    without: str | None
    due: str | None
    starts: list[str]
    on_expiry: str | None
    until: str | None
    value: bool | None
    word: str | None
    words: list[str]
    share: float | None
    money: str | None
    currency: str | None
    count: int | None
    when: dict[str, Any]
    valid_from: str | None
    valid_until: str | None
    channel: list[str]
    lag: int | None
    target: float | None
    strict: bool | None
    direction: str | None
    floor_orders: int | None
    floor_cases: int | None
    if_orders_at_least: int | None
    if_orders_below: int | None
    in_days: int | None
    judged_on: int | None
    running: int | None
    negative_stars: int | None
    review_target: float | None
    state: str | None
    consequence: str | None
    version: str | None
    source: str
    grade: str
    note: str


def record(rule: Rule) -> RuleRecord:
    """Return the rule as plain data; what does not belong to its kind is None or empty."""
    metric = rule.kind == "metric"
    return RuleRecord(
        name=rule.name,
        marketplace=rule.marketplace,
        kind=rule.kind,
        clock=rule.clock,
        amount=rule.amount,
        ends=rule.ends,
        without=rule.without or None,
        due=rule.due or None,
        starts=list(rule.starts),
        on_expiry=rule.on_expiry if rule.kind == "deadline" else None,
        until=_day(rule.until),
        value=rule.value,
        word=rule.word,
        words=list(rule.words),
        share=_number(rule.share),
        money=None if rule.money is None else str(rule.money),
        currency=rule.currency,
        count=rule.count,
        when={key: _plain(value) for key, value in rule.when.asks.items()},
        valid_from=_day(rule.valid_from),
        valid_until=_day(rule.valid_until),
        channel=list(rule.channel),
        lag=rule.lag if metric else None,
        target=_number(rule.target),
        strict=rule.strict if metric else None,
        direction=rule.direction if metric else None,
        floor_orders=rule.floor_orders if metric else None,
        floor_cases=rule.floor_cases if metric else None,
        if_orders_at_least=rule.if_orders_at_least,
        if_orders_below=rule.if_orders_below,
        in_days=rule.in_days or None,
        judged_on=rule.judged_on,
        running=rule.running if metric else None,
        negative_stars=rule.negative_stars,
        review_target=_number(rule.review_target),
        state=rule.state,
        consequence=rule.consequence if metric else None,
        version=rule.version,
        source=rule.source,
        grade=rule.grade,
        note=rule.note,
    )


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, Decimal | date) else value
