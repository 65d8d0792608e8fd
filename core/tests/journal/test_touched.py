"""Which open cases of a journal a change of rules meets."""

from datetime import date

import pytest

from aftersale.clocks import DAY, HOUR, instant
from aftersale.engine.guards import ASKED_BY, GUARDS
from aftersale.journal.reading import Journal
from aftersale.journal.replay import replay
from aftersale.journal.touched import open_cases, touched
from aftersale.plugins.plugins import load_plugins
from aftersale.rules import RuleSet, changes, parse_rules, rule_names
from aftersale.testing import fact, order, orders, reference

PLUGINS = load_plugins((), {"reference": reference})
TURN = instant("2026-01-01T00:00+00:00")
BOUGHT = TURN - 20 * DAY


def meetings(*facts, rows=(), name="refund_after_receipt", since=date(2026, 1, 1), sold=None):
    """How each change of a rule since a day meets the open cases of a journal of one order, by case."""
    kept = (rule for rule in PLUGINS.rules.history() if not rows or rule.name != name)
    rules = RuleSet([*kept, *parse_rules({"rule": list(rows)}, "rules.toml")])
    policies = PLUGINS.policies(rules=rules)
    sale = sold or order(purchased_at=BOUGHT, promised_at=BOUGHT + 3 * DAY, delivered_at=BOUGHT + 2 * DAY)
    docket = replay(Journal(orders(sale), list(facts)), policies).docket
    found = changes([rule for rule in rules.history() if rule.name == name], since)
    cases = open_cases(docket)
    return {one.case.id: one.how for change in found for one in touched(change, cases, docket, policies)}


def asked(case, at=BOUGHT + 5 * DAY):
    return fact("return_requested", at, case=case, detail="defective")


def test_a_case_that_gets_there_later_is_met_one_that_is_there_keeps_its_deadline_and_one_under_it_runs():
    assert meetings(
        asked("early"),
        fact("return_received", TURN - HOUR, case="early"),
        asked("later"),
        asked("running"),
        fact("return_received", TURN, case="running"),
    ) == {"early": "kept", "later": "ahead", "running": "runs"}


def test_cases_that_have_ended_and_kinds_that_never_ask_are_not_met():
    ended = fact("returnless_refund", BOUGHT + 6 * DAY, case="done")
    assert meetings(asked("done"), ended, fact("buyer_message", TURN, case="m")) == {}
    assert meetings(asked("done")) == {"done": "ahead"}


FIRST, LAST = {"valid_from": date(2026, 1, 1)}, {"valid_until": date(2025, 12, 31)}
SELLER, STORE = {"when": {"channel": "MFN"}}, {"when": {"channel": "FBA"}}
CLOCK = {"clock": "calendar_days", "starts": "return_received", "on_expiry": "late", "source": "x", "grade": "assumed"}


def dated(amount, **more):
    return {"name": "refund_after_receipt", "marketplaces": ["REF"], "amount": amount, **CLOCK, **more}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        # the order falls under a row that does not change
        ([dated(5, **SELLER), dated(3, **LAST), dated(4, **FIRST)], {}),
        # the row that changes is about other orders
        ([dated(5), dated(3, **STORE, **FIRST)], {}),
        # a narrower row begins, and ends
        ([dated(5), dated(3, **SELLER, **FIRST)], {"R": "ahead"}),
        ([dated(5), dated(3, **SELLER, **LAST)], {"R": "ahead"}),
        # the source alone is new
        ([dated(5, **LAST), dated(5, source="y", **FIRST)], {}),
    ],
)
def test_only_what_the_order_falls_under_counts(rows, expected):
    assert meetings(asked("R"), rows=rows) == expected


def test_a_switch_that_only_the_opening_asks_for_meets_no_open_case():
    row = {"name": "handled_by_marketplace", "marketplaces": ["REF"], "value": True, "source": "x", "grade": "assumed"}
    rows = [row | {"value": False, "valid_until": date(2025, 12, 31)}, row | {"valid_from": date(2026, 1, 1)}]
    assert meetings(asked("R"), rows=rows, name="handled_by_marketplace") == {}


def test_the_rules_that_guards_ask_for_exist_and_no_guard_that_asks_is_left_out():
    known = PLUGINS.workflow.asked_for() | rule_names().keys()
    assert {name for names in ASKED_BY.values() for name in names} <= known
    silent = {"delivered", "negative_rating", "replacement_under_way", "sent_already", "untracked"}
    assert set(GUARDS) - ASKED_BY.keys() == silent
