"""A real help desk's log, replayed as message cases: every event is accepted, or refused with a reason.

The log has the states of incidents, not who wrote what, so an event is told by who is to move next. While an incident
is new, active, or with a vendor or another problem, that is the desk; while it waits for its user or for evidence, is
resolved or closed, it is the user. An incident's opening is the buyer's first message: it has an instant of its own
and is no event of the log, whose first entry on an incident may come later and may be its answer already. From there
an event that hands the move to the user is a reply, one that hands it back to the desk, or reopens the incident, is a
message, and the entry that closes it is its close. All others (assigned, regrouped, noted) leave the move where it
was: they answer nobody, as an automatic reply does, and change nothing. That a person took the work up is no answer.

Events of one minute stand in the order in which the log numbers them. Each is a microsecond later for every event of
its incident before it, so that no two are the same instant: an answer in the very minute in which a day is over, as the
log has one, is late by as much. The log's local time is taken for UTC.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from aftersale.base.errors import FactRefused
from aftersale.cases.facts import Fact
from aftersale.clocks import DAY, Instant
from aftersale.engine.docket import Docket
from aftersale.orders import Order
from aftersale.plugins.plugins import load_plugins

LOG = Path(__file__).parents[2] / "shared/data/incidents/servicenow_incident_events_2016-02_2016-04.csv.gz"
TO_USER = ("Awaiting User Info", "Awaiting Evidence", "Resolved", "Closed")
pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(not LOG.is_file(), reason="the log of incidents is no part of the repository"),
]


def _log() -> pl.DataFrame:
    """Return the log in its own order: instants in microseconds, `again` where an incident is reopened."""
    rows = pl.read_csv(LOG, infer_schema_length=0).with_row_index("line")
    rows = rows.with_columns(pl.col("sys_mod_count", "reopen_count").cast(pl.Int64))
    rows = rows.sort("number", "sys_mod_count", "line")
    step = pl.int_range(1, pl.len() + 1).over("number")
    return rows.select(
        "number",
        "incident_state",
        "reopen_count",
        again=(pl.col("reopen_count").diff() > 0).over("number").fill_null(False),
        opened_at=_instants("opened_at"),
        at=_instants("sys_updated_at") + step,
    )


def _instants(column: str) -> pl.Expr:
    return pl.col(column).str.to_datetime("%Y-%m-%dT%H:%M", time_unit="us").cast(pl.Int64)


def _facts(log: pl.DataFrame) -> Iterator[tuple[Fact, bool]]:
    """Yield every opening and every event as a fact, and whether the log calls it a reopening."""
    last, before, desk = "", "", True
    for number, state, _, again, opened, at in log.iter_rows():
        if number != last:
            last, before, desk = number, "", True
            yield _fact("buyer_message", number, opened), False
        to_desk = again or state not in TO_USER
        if state == "Closed" != before:
            kind = "case_closed"
        elif again or (to_desk and not desk):
            kind = "buyer_message"
        else:
            kind = "seller_reply" if desk and not to_desk else "automatic_reply"
        yield _fact(kind, number, at), again
        before, desk = state, to_desk


def _fact(kind: str, number: str, at: Instant) -> Fact:
    return Fact(kind, "US", number, f"{number}-M", at, at)


def _waits(log: pl.DataFrame) -> pl.DataFrame:
    """Return when each wait for an answer began and ended, null for never, straight from the states of the log.

    A close answers nobody, so it leaves the move where it was. A turn that the log dates before the last one is none.
    """
    opened = log.group_by("number").agg(at=pl.col("opened_at").first(), desk=pl.lit(True))
    to_desk = ~pl.col("incident_state").is_in(TO_USER) | pl.col("again")
    closed = (pl.col("incident_state") == "Closed") & ~pl.col("again")
    desk = pl.when(~closed).then(to_desk)
    sides = pl.concat([opened, log.select("number", "at", desk=desk)]).sort("number", maintain_order=True)
    sides = sides.with_columns(pl.col("desk").forward_fill().over("number"))
    runs = sides.group_by("number", run=pl.col("desk").rle_id().over("number"), maintain_order=True)
    turns = runs.agg(pl.col("at").first(), pl.col("desk").first())
    turns = turns.filter((pl.col("at").diff() > 0).over("number").fill_null(True))
    return turns.with_columns(until=pl.col("at").shift(-1).over("number")).filter("desk")


def _reopenings(log: pl.DataFrame) -> int:
    """Return how often the log's own counter says that incidents were reopened."""
    return int(log.group_by("number").agg(pl.col("reopen_count").max())["reopen_count"].sum())


def test_every_event_is_accepted_or_refused_and_reopenings_and_breaches_are_counted() -> None:
    log = _log()
    docket = Docket(load_plugins().policies(("US",)))
    told = sorted(_facts(log), key=lambda each: each[0].known_at)
    results, reasons, reopened = Counter[str](), Counter[tuple[str, str]](), 0
    for fact, again in told:
        order = Order(fact.order, "US", fact.occurred_at, "MFN", 100, "USD")
        try:
            outcome = docket.record(fact, order)
        except FactRefused as error:
            results["refused"] += 1
            reasons[error.state, error.fact] += 1
            continue
        assert outcome is not None, "no event is a repetition of another"
        moved = outcome.before != outcome.case.state
        results["opened" if not outcome.before else "moved" if moved else "unchanged"] += 1
        reopened += again and moved and outcome.case.state == "awaiting_reply"
    until = told[-1][0].known_at + 30 * DAY
    docket.advance(until)
    endings = docket.tally.endings("US", "first_reply")
    waits = _waits(log)
    tardy = pl.col("until").fill_null(until) - pl.col("at") > DAY
    assert results == {"opened": 17_136, "moved": 36_709, "unchanged": 64_287, "refused": 49}
    assert results.total() == len(told) == 17_136 + log.height == 17_136 + 101_045
    # Noted after the close, dated before the opening, closed without an answer.
    assert reasons == {
        ("closed", "automatic_reply"): 42,
        ("", "automatic_reply"): 4,
        ("awaiting_reply", "case_closed"): 3,
    }
    assert sum(1 for _ in docket.misfits()) == 49
    assert len(docket.cases) == log["number"].n_unique() == 17_136
    assert reopened == _reopenings(log) == 243
    assert len(waits) == int(endings.counted.sum()) == 18_354
    assert waits["until"].null_count() == 3
    assert waits.filter(tardy).height == int(endings.late.sum()) == 7_341
