"""Accounts: what a replayed journal comes to: where its cases stand, what was refused, how each metric reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypedDict

from aftersale.base.tables import table
from aftersale.base.translations import core_text as text
from aftersale.base.translations import headers_of
from aftersale.metrics.readings import readings
from aftersale.metrics.replies import first_replies
from aftersale.views.readings import ReadingRecord, reading_record, told_instant

if TYPE_CHECKING:
    from rich.table import Table

    from aftersale.cases.facts import Fact
    from aftersale.journal.reading import Journal, Replay
    from aftersale.metrics.replies import ReplyFigures
    from aftersale.policies.policy import Policies

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


class RepliesRecord(TypedDict):
    """First replies of a marketplace over the window of its late reply rate, as JSON shows them.

    Rates lie between 0 and 1, and are null while no contact's outcome is known; times are wall hours, null without
    contacts. Contacts still `open` count with the hours waited so far.
    """

    marketplace: str
    contacts: int
    open: int
    late_reply_rate: float | None
    silence_48h_rate: float | None
    mean_first_reply_hours: float | None
    p50_first_reply_hours: float | None
    p90_first_reply_hours: float | None
    p95_first_reply_hours: float | None


class Accounts(TypedDict):
    """A replayed journal as JSON shows it."""

    journal: str
    until: str
    orders: int
    facts: int
    cases: list[CaseCount]
    refused: list[RefusedRecord]
    metrics: list[ReadingRecord]
    replies: list[RepliesRecord]


def accounts(journal: Journal, replayed: Replay, policies: Policies) -> Accounts:
    """Return where the cases stand, what was refused, and every metric of the marketplaces that sold something.

    `facts` counts those known by then, refused ones among them.
    """
    until, docket = replayed.until, replayed.docket
    counts = Counter((case.kind, case.state) for case in docket.cases.values())
    sold = [policies[name] for name in sorted(journal.orders.marketplaces) if name in policies]
    found = [reading for policy in sold for reading in readings(policy, docket, journal.orders, until)]
    replied = [(policy.marketplace.name, first_replies(policy, docket, until)) for policy in sold]
    return Accounts(
        journal=journal.source,
        until=told_instant(until),
        orders=len(journal.orders),
        facts=sum(fact.known_at <= until for fact in journal.facts),
        cases=[CaseCount(kind=kind, state=state, cases=n) for (kind, state), n in sorted(counts.items())],
        refused=[_refused(fact, reason) for fact, reason in replayed.refused],
        metrics=[reading_record(reading) for reading in found],
        replies=[_replies(name, figures) for name, figures in replied if figures is not None],
    )


def _refused(fact: Fact, reason: str) -> RefusedRecord:
    return RefusedRecord(
        fact=fact.kind,
        marketplace=fact.marketplace,
        order=fact.order,
        case=fact.case,
        occurred_at=told_instant(fact.occurred_at),
        known_at=told_instant(fact.known_at),
        reason=reason,
    )


def _replies(marketplace: str, figures: ReplyFigures) -> RepliesRecord:
    times = (figures.mean_hours, *figures.percentiles) if figures.contacts else (None,) * 4
    return RepliesRecord(
        marketplace=marketplace,
        contacts=figures.contacts,
        open=figures.open,
        late_reply_rate=figures.late_rate if figures.late_known else None,
        silence_48h_rate=figures.silence_rate if figures.silence_known else None,
        mean_first_reply_hours=times[0],
        p50_first_reply_hours=times[1],
        p90_first_reply_hours=times[2],
        p95_first_reply_hours=times[3],
    )


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
        *_reply_lines(found["replies"]),
        *_refused_lines(found["refused"]),
    ]


def _case_table(counts: Sequence[CaseCount]) -> Table:
    headers = headers_of("replay", "kind", "state", "cases")
    return table(headers, [(each["kind"], each["state"], str(each["cases"])) for each in counts], headers[-1:])


def _metric_table(found: Sequence[ReadingRecord]) -> Table:
    headers = headers_of("replay", "marketplace", "metric", "value", "target", "verdict")
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


def _reply_lines(found: Sequence[RepliesRecord]) -> list[Table | str]:
    if not found:
        return []
    headers = headers_of("replay", "marketplace", "contacts", "open", "late", "silent", "mean", "p50", "p90", "p95")
    rows = [
        (
            each["marketplace"],
            str(each["contacts"]),
            str(each["open"]),
            _shown(each["late_reply_rate"], 100),
            _shown(each["silence_48h_rate"], 100),
            _shown(each["mean_first_reply_hours"]),
            _shown(each["p50_first_reply_hours"]),
            _shown(each["p90_first_reply_hours"]),
            _shown(each["p95_first_reply_hours"]),
        )
        for each in found
    ]
    return ["", table(headers, rows, headers[1:])]


def _shown(value: float | None, factor: int = 1) -> str:
    return text("replay.nothing") if value is None else f"{value * factor:.1f}"


def _verdict(reading: ReadingRecord) -> str:
    days = reading["running_days"]
    if reading["value"] is None:
        return text("replay.nothing")
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
