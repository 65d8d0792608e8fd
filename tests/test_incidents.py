"""A real help desk's log, replayed as message cases: every event is accepted, or refused with a reason.

The log has the states of incidents, not who wrote what, so each event becomes the one fact that its change of state
tells: an incident that is opened, or reopened, or comes back from waiting for its user, is a message of the buyer's;
one that is resolved, or begins to wait for its user, is a reply; one that is closed is closed; any other entry (it was
assigned, moved, noted) answers nobody and is an automatic reply. Events of one minute stand in the order in which the
log numbers them, a microsecond apart each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from aftersale.clocks import DAY, Instant, instant
from aftersale.docket import Docket
from aftersale.errors import FactRefused
from aftersale.facts import Fact
from aftersale.orders import Order
from aftersale.plugins import load_plugins

LOG = Path(__file__).parents[2] / "shared/data/incidents/servicenow_incident_events_2016-02_2016-04.csv.gz"
ASKING = ("Awaiting User Info", "Awaiting Evidence")
pytestmark = pytest.mark.skipif(not LOG.is_file(), reason="the log of incidents is no part of the repository")


def _told(before: str, after: str, reopened: bool) -> str:
    """Return the fact that an event tells, by the states around it; there is none before the first."""
    if not before or reopened or (before in ASKING and after in ("New", "Active")):
        return "buyer_message"
    if after == before:
        return "automatic_reply"
    if after == "Resolved" or after in ASKING:
        return "seller_reply"
    return "case_closed" if after == "Closed" else "automatic_reply"


def _facts() -> Iterator[tuple[Fact, bool]]:
    """Yield every event as a fact, and whether the log calls it a reopening."""
    rows = pl.read_csv(LOG, infer_schema_length=0).with_columns(pl.col("sys_mod_count", "reopen_count").cast(pl.Int64))
    rows = rows.with_row_index("line").sort("number", "sys_mod_count", "line")
    columns = ("number", "incident_state", "reopen_count", "opened_at", "sys_updated_at", "line")
    last, before, count, step = "", "", 0, 0
    for number, state, reopened, opened, updated, _ in rows.select(columns).iter_rows():
        if number != last:
            last, before, count, step = number, "", reopened, 0
        at = instant(f"{(updated if before else opened)}:00Z") + step
        again = reopened > count
        yield Fact(_told(before, state, again), "US", number, f"{number}-M", at, at), again
        before, count, step = state, reopened, step + 1


def _breaches(facts: list[Fact], until: Instant) -> int:
    """Count the waits of more than a day for a first answer, straight from one incident's facts."""
    waiting, found = None, 0
    for fact in sorted(facts, key=lambda each: each.occurred_at):
        if fact.kind == "buyer_message" and waiting is None:
            waiting = fact.occurred_at
        elif fact.kind == "seller_reply" and waiting is not None:
            found += fact.occurred_at > waiting + DAY
            waiting = None
    return found + (waiting is not None and until > waiting + DAY)


def test_every_event_is_accepted_or_refused_and_reopenings_and_breaches_are_counted() -> None:
    docket = Docket(load_plugins().policies(("US",)))
    told = sorted(_facts(), key=lambda each: each[0].known_at)
    outcomes, reasons, reopened = Counter[str](), Counter[tuple[str, str]](), 0
    accepted: dict[str, list[Fact]] = {}
    for fact, again in told:
        order = Order(fact.order, "US", fact.occurred_at, "MFN", 100, "USD")
        try:
            outcome = docket.record(fact, order)
        except FactRefused as error:
            outcomes["refused"] += 1
            reasons[error.state, error.fact] += 1
            continue
        assert outcome is not None, "no event is a repetition of another"
        outcomes["accepted"] += 1
        reopened += again and outcome.case.state == "awaiting_reply"
        accepted.setdefault(fact.order, []).append(fact)
    until = told[-1][0].known_at + 30 * DAY
    docket.advance(until)
    late = int(docket.tally.endings("US", "first_reply").late.sum())
    assert outcomes == {"accepted": 99_519, "refused": 1_526}
    assert outcomes.total() == 101_045
    # Closed without an answer, noted after the end, and entries that the log dates before the opening.
    assert reasons == {
        ("awaiting_reply", "case_closed"): 1_481,
        ("closed", "automatic_reply"): 41,
        ("", "automatic_reply"): 4,
    }
    assert len(docket.cases) == 17_136
    assert reopened == sum(again for _, again in told) == 243
    assert late == sum(_breaches(facts, until) for facts in accepted.values()) == 8_919
