"""Accounts: what a replayed journal comes to: where its cases stand, what was refused, how each metric reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypedDict

from aftersale.clocks import Instant, moment
from aftersale.messages import core_text as text
from aftersale.metrics import readings
from aftersale.tables import table

if TYPE_CHECKING:
    from rich.table import Table

    from aftersale.facts import Fact
    from aftersale.journal import Journal, Replay
    from aftersale.metrics import Reading
    from aftersale.policies import Policies

SHOWN = 20
"""How many refused facts a listing shows; the JSON holds all of them."""


class CaseCount(TypedDict):
    """How many cases of a kind are in a state."""

    kind: str
    state: str
    cases: int


class RefusedRecord(TypedDict):
    """A refused fact as JSON shows it; instants are ISO text in UTC."""

    fact: str
    marketplace: str
    order: str
    case: str
    occurred_at: str
    known_at: str
    reason: str


class ReadingRecord(TypedDict):
    """A reading of a metric as JSON shows it; the day is ISO text, `value` null where there is nothing to count."""

    metric: str
    marketplace: str
    set_by: str
    day: str
    value: float | None
    numerator: float
    denominator: int
    target: float
    met: bool
    running_days: int
    triggered: bool
    components: dict[str, int]


class Accounts(TypedDict):
    """A replayed journal as JSON shows it."""

    journal: str
    until: str
    orders: int
    facts: int
    cases: list[CaseCount]
    refused: list[RefusedRecord]
    metrics: list[ReadingRecord]


def accounts(journal: Journal, replayed: Replay, policies: Policies) -> Accounts:
    """Return where the cases stand, what was refused, and every metric of the marketplaces that sold something.

    `facts` counts those known by then, refused ones among them.
    """
    until, docket = replayed.until, replayed.docket
    counts = Counter((case.kind, case.state) for case in docket.cases.values())
    sold = [policies[name] for name in sorted(journal.orders.marketplaces) if name in policies]
    found = [reading for policy in sold for reading in readings(policy, docket, journal.orders, until)]
    return Accounts(
        journal=journal.source,
        until=_told(until),
        orders=len(journal.orders),
        facts=sum(fact.known_at <= until for fact in journal.facts),
        cases=[CaseCount(kind=kind, state=state, cases=n) for (kind, state), n in sorted(counts.items())],
        refused=[_refused(fact, reason) for fact, reason in replayed.refused],
        metrics=[_reading(reading) for reading in found],
    )


def _refused(fact: Fact, reason: str) -> RefusedRecord:
    return RefusedRecord(
        fact=fact.kind,
        marketplace=fact.marketplace,
        order=fact.order,
        case=fact.case,
        occurred_at=_told(fact.occurred_at),
        known_at=_told(fact.known_at),
        reason=reason,
    )


def _reading(reading: Reading) -> ReadingRecord:
    return ReadingRecord(
        metric=reading.metric,
        marketplace=reading.marketplace,
        set_by=reading.set_by,
        day=reading.day.isoformat(),
        value=reading.value,
        numerator=reading.numerator,
        denominator=reading.denominator,
        target=reading.target,
        met=reading.met,
        running_days=reading.running_days,
        triggered=reading.triggered,
        components=reading.components,
    )


def _told(instant: Instant) -> str:
    return moment(instant, "UTC").isoformat()


def account_listing(found: Accounts) -> list[Table | str]:
    """Return the accounts as tables: cases by kind and state, then metrics, then what was refused."""
    return [
        text(
            "replay.title",
            journal=found["journal"],
            until=found["until"],
            orders=found["orders"],
            facts=found["facts"],
        ),
        "",
        _case_table(found["cases"]) if found["cases"] else text("replay.no_cases"),
        "",
        _metric_table(found["metrics"]) if found["metrics"] else text("replay.no_metrics"),
        *_refused_lines(found["refused"]),
    ]


def _case_table(counts: Sequence[CaseCount]) -> Table:
    headers = _headers("replay", "kind", "state", "cases")
    return table(headers, [(each["kind"], each["state"], str(each["cases"])) for each in counts], headers[-1:])


def _metric_table(found: Sequence[ReadingRecord]) -> Table:
    headers = _headers("replay", "marketplace", "metric", "value", "target", "verdict")
    rows = [
        (
            each["marketplace"],
            each["metric"],
            text("replay.nothing") if each["value"] is None else f"{each['value']:.4f}",
            f"{each['target']:g} ({each['set_by']})",
            _verdict(each),
        )
        for each in found
    ]
    return table(headers, rows, headers[2:3])


def _headers(section: str, *keys: str) -> list[str]:
    return [text(f"{section}.{key}") for key in keys]


def _verdict(reading: ReadingRecord) -> str:
    days = reading["running_days"]
    if reading["met"]:
        return text("replay.met")
    if days == 1:
        return text("replay.missed")
    return text("replay.triggered" if reading["triggered"] else "replay.running", days=days)


def _refused_lines(refused: Sequence[RefusedRecord]) -> list[Table | str]:
    if not refused:
        return []
    title = text("replay.refused", count=len(refused))
    shown = [f"{each['known_at']} {each['fact']}: {each['reason']}" for each in refused[:SHOWN]]
    more = [text("replay.more", count=len(refused) - SHOWN)] if len(refused) > SHOWN else []
    return ["", title, *shown, *more]
