"""Replay: the result of a replayed journal: the states of its cases, what was refused, and each metric."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypedDict

from aftersale.base.tables import Table, table
from aftersale.base.translations import core_text as text, headers_of
from aftersale.metrics.readings import readings
from aftersale.metrics.replies import first_replies
from aftersale.views.instants import instant_text
from aftersale.views.journal_notes import (
    DoubtRecord,
    OwnHandbook,
    WrittenWith,
    doubt_lines,
    doubt_records,
    idle_sentences,
    own_handbook,
    written_lines,
    written_with,
)
from aftersale.views.readings import (
    ReadingRecord,
    metric_notes,
    reading_records,
    target_text,
    unjudged,
    value_text,
)

if TYPE_CHECKING:
    from aftersale.base.errors import AftersaleError
    from aftersale.cases.facts import Fact
    from aftersale.journal.reading import Journal
    from aftersale.journal.replay import Replay
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
    """A refused fact as JSON shows it; instants are ISO text in UTC, unknown kinds and marketplaces left out."""

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
    """A replayed journal as JSON shows it; `implausible` is what looks wrong in all of it."""

    journal: str
    until: str
    orders: int
    facts: int
    cases: list[CaseCount]
    refused: list[RefusedRecord]
    implausible: list[DoubtRecord]
    written_with: WrittenWith | None
    own_handbook: OwnHandbook | None
    without_effect: list[str]
    metrics: list[ReadingRecord]
    replies: list[RepliesRecord]


def accounts(journal: Journal, replayed: Replay, policies: Policies, cells: bool = False) -> Accounts:
    """Return the states of the cases, what was refused, and every metric of the marketplaces with orders.

    `facts` counts the facts known by then, refused ones included. Of a refused fact, a kind that no workflow has and a
    marketplace that no plugin has are empty without `cells`.
    """
    until, docket = replayed.until, replayed.docket
    counts = Counter((case.kind, case.state) for case in docket.cases.values())
    sold = [policies[name] for name in sorted(journal.orders.marketplaces) if name in policies]
    metrics = [reading for policy in sold for reading in readings(policy, docket, journal.orders, until)]
    replies = [(policy.marketplace.name, first_replies(policy, docket, until)) for policy in sold]
    return Accounts(
        journal=journal.source,
        until=instant_text(until),
        orders=len(journal.orders),
        facts=sum(fact.known_at <= until for fact in journal.facts),
        cases=[CaseCount(kind=kind, state=state, cases=n) for (kind, state), n in sorted(counts.items())],
        refused=[_refused_record(fact, error, policies, cells) for fact, error in replayed.refused],
        implausible=doubt_records(journal, policies, cells),
        written_with=written_with(journal, policies),
        own_handbook=own_handbook(journal, policies),
        without_effect=idle_sentences(journal, replayed, policies),
        metrics=reading_records(metrics),
        replies=[_replies_record(name, figures) for name, figures in replies if figures is not None],
    )


def _refused_record(fact: Fact, error: AftersaleError, policies: Policies, cells: bool) -> RefusedRecord:
    known = cells or any(policy.workflow.knows(fact.kind) for policy in policies.values())
    return RefusedRecord(
        fact=fact.kind if known else "",
        marketplace=fact.marketplace if cells or fact.marketplace in policies else "",
        order=fact.order,
        case=fact.case,
        occurred_at=instant_text(fact.occurred_at),
        known_at=instant_text(fact.known_at),
        reason=error.text(cells),
    )


def _replies_record(marketplace: str, figures: ReplyFigures) -> RepliesRecord:
    times = (figures.mean_hours, *figures.percentiles) if figures.contacts else (None,) * 4
    return RepliesRecord(
        marketplace=marketplace,
        contacts=figures.contacts,
        open=figures.open,
        late_reply_rate=figures.late_rate,
        silence_48h_rate=figures.silence_rate,
        mean_first_reply_hours=times[0],
        p50_first_reply_hours=times[1],
        p90_first_reply_hours=times[2],
        p95_first_reply_hours=times[3],
    )


def account_listing(record: Accounts) -> list[Table | str]:
    """Return the accounts as tables: cases by kind and state, then metrics, refused facts, and what looks wrong."""
    others = [*written_lines(record["written_with"], record["own_handbook"]), *record["without_effect"]]
    return [
        text(
            "replay.title",
            journal=record["journal"],
            until=record["until"],
            orders=record["orders"],
            facts=record["facts"],
        ),
        "",
        _case_table(record["cases"]) if record["cases"] else text("replay.no_cases"),
        "",
        _metric_table(record["metrics"]) if record["metrics"] else text("replay.no_metrics"),
        *metric_notes(record["metrics"]),
        *_reply_lines(record["replies"]),
        *_refused_lines(record["refused"]),
        *doubt_lines(record["implausible"]),
        *(["", *others] if others else []),
    ]


def _case_table(counts: Sequence[CaseCount]) -> Table:
    headers = headers_of("replay", "kind", "state", "cases")
    return table(headers, [(count["kind"], count["state"], str(count["cases"])) for count in counts], headers[-1:], 2)


def _metric_table(metrics: Sequence[ReadingRecord]) -> Table:
    headers = headers_of("replay", "marketplace", "metric", "value", "target", "verdict")
    rows = [
        (
            metric["marketplace"],
            metric["line"],
            value_text(metric),
            target_text(metric),
            _verdict(metric),
        )
        for metric in metrics
    ]
    return table(headers, rows, headers[2:3], keys=2)


def _reply_lines(replies: Sequence[RepliesRecord]) -> list[Table | str]:
    if not replies:
        return []
    headers = headers_of("replay", "marketplace", "contacts", "open", "late", "silent", "mean", "p50", "p90", "p95")
    rows = [
        (
            reply["marketplace"],
            str(reply["contacts"]),
            str(reply["open"]),
            _number(reply["late_reply_rate"], 100),
            _number(reply["silence_48h_rate"], 100),
            _number(reply["mean_first_reply_hours"]),
            _number(reply["p50_first_reply_hours"]),
            _number(reply["p90_first_reply_hours"]),
            _number(reply["p95_first_reply_hours"]),
        )
        for reply in replies
    ]
    return ["", table(headers, rows, headers[1:])]


def _number(value: float | None, factor: int = 1) -> str:
    return text("replay.nothing") if value is None else f"{value * factor:.1f}"


def _verdict(reading: ReadingRecord) -> str:
    days = reading["running_days"]
    if reading["met"] is None:
        return unjudged(reading)
    if reading["met"]:
        return text("replay.met")
    if days == 1:
        return text("replay.missed")
    return text("replay.triggered" if reading["triggered"] else "replay.running", days=days)


def _refused_lines(refused: Sequence[RefusedRecord]) -> list[Table | str]:
    if not refused:
        return []
    title = text("replay.refused", count=len(refused))
    lines = [
        " ".join(filter(None, (fact["known_at"], fact["fact"]))) + f": {fact['reason']}" for fact in refused[:SHOWN]
    ]
    more = [text("replay.more", count=len(refused) - SHOWN)] if len(refused) > SHOWN else []
    left_out = any(not fact["fact"] or not fact["marketplace"] for fact in refused)
    return ["", title, *lines, *more, *([text("commands.cells")] if left_out else [])]
