"""Rows of rules have a digest of what they demand, and a document that reads back as the same rows."""

from datetime import date
from decimal import Decimal

import pytest
from attrs import evolve

from aftersale.policies.handbook import default_handbook
from aftersale.rules import Condition, Rule, as_document, digest_of, parse_rules
from aftersale.testing import reference

SHIPPED = default_handbook().rules.history()
REPLY = Rule("first_reply", "*", "deadline", "us", "S", "wall_hours", 24, starts=("buyer_message",))
SUNDAYS_OFF = evolve(REPLY, name="silence", without="Fri,Sun")
ROWS = (*SHIPPED, *reference.aftersale_rules(), SUNDAYS_OFF)
SHARE = Rule("restocking_fee", "*", "share", "us", "S", share=Decimal("0.20"))


def test_every_row_is_written_as_a_document_that_reads_back_as_it_was():
    read = parse_rules(as_document(ROWS), "again")
    assert sorted(map(repr, (evolve(row, origin="") for row in read))) == sorted(
        map(repr, (evolve(row, origin="") for row in ROWS))
    )
    assert digest_of(read) == digest_of(ROWS)


@pytest.mark.parametrize(
    ("row", "same"),
    [
        (REPLY, {"source": "another page"}),
        (REPLY, {"grade": "A"}),
        (REPLY, {"note": "weekends count"}),
        (REPLY, {"origin": "mine.toml"}),
        (REPLY, {"marketplace": "US"}),
        (SHARE, {"share": Decimal("0.2")}),
    ],
)
def test_who_says_it_and_how_a_number_is_written_makes_no_other_digest(row, same):
    assert digest_of([evolve(row, **same)]) == digest_of([row])


@pytest.mark.parametrize(
    ("row", "other"),
    [
        (REPLY, {"amount": 12}),
        (REPLY, {"without": "Sun"}),
        (REPLY, {"clock": "business_days"}),
        (REPLY, {"valid_from": date(2026, 1, 1)}),
        (REPLY, {"when": Condition(channel="SFP")}),
        (REPLY, {"on_expiry": "grant_on_claim"}),
        (REPLY, {"kind": "window"}),
        (SHARE, {"share": Decimal("0.21")}),
        (SHARE, {"when": Condition(price_up_to=Decimal("20"))}),
    ],
)
def test_what_is_demanded_and_when_makes_another_digest(row, other):
    assert digest_of([evolve(row, **other)]) != digest_of([row])


def test_the_order_of_rows_makes_no_other_digest_and_a_row_more_does():
    assert digest_of(reversed(ROWS)) == digest_of(ROWS)
    assert digest_of([*ROWS, SHARE]) != digest_of(ROWS)
