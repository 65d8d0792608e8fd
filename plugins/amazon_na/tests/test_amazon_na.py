"""The stores and dated rules of Amazon in North America, on both sides of every change."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

import aftersale_amazon_na as plugin
from aftersale.clocks import instant
from aftersale.docket import Docket
from aftersale.facts import Fact
from aftersale.marketplaces import load_marketplaces
from aftersale.orders import Order
from aftersale.policies import Policy
from aftersale.rules import Rule, RuleSet, load_rules

PACKAGE = "aftersale_amazon_na"
RULES = RuleSet(load_rules(PACKAGE))
STORES = {store.name: store for store in load_marketplaces(PACKAGE)}
ALWAYS = date(2010, 1, 1), date(2026, 6, 1)


def said(rule: Rule) -> tuple[object, ...]:
    """Return what a row says: (value, grade) of a switch, else (amount, clock, on_expiry or None, grade)."""
    if rule.kind == "switch":
        return rule.value, rule.grade
    return rule.amount, rule.clock, rule.on_expiry if rule.kind == "deadline" else None, rule.grade


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("US", ("ATVPDKIKX0DER", "US", "USD", "America/Los_Angeles", ("en", "es"), ("Amazon.com",), "K")),
        ("CA", ("A2EUQ1WTGCTBG2", "CA", "CAD", "America/Los_Angeles", ("en", "fr"), ("Amazon.ca",), "K")),
        ("MX", ("A1AM78C64UM0Y8", "MX", "MXN", "America/Los_Angeles", ("es",), ("Amazon.com.mx",), "K")),
    ],
)
def test_each_store_is_what_its_profile_says_and_nothing_else(name: str, row: tuple[object, ...]) -> None:
    store = STORES[name]
    where = store.id, store.country, store.currency, store.zone
    assert (*where, store.languages, store.sales_channels, store.grade) == row
    assert (store.calendar.zone, store.calendar.country) == (store.zone, store.country)


def test_there_are_three_stores_and_all_have_rules() -> None:
    assert tuple(STORES) == ("US", "CA", "MX")
    assert RULES.marketplaces == ("CA", "MX", "US")


@pytest.mark.parametrize(
    ("marketplace", "day", "name", "expected"),
    [
        ("US", date(2018, 9, 30), "first_reply", (24, "wall_hours", "late", "A")),
        ("US", date(2018, 10, 1), "first_reply", (24, "wall_hours", "late", "A")),
        ("US", date(2020, 7, 26), "silence", (48, "wall_hours", "late", "unknown")),
        ("US", date(2020, 7, 27), "silence", (48, "wall_hours", "grant_on_claim", "B")),
        ("US", date(2022, 12, 31), "information_request", (48, "wall_hours", "claim_granted", "A")),
        ("US", date(2023, 1, 1), "information_request", (72, "wall_hours", "claim_granted", "A")),
        ("US", date(2021, 8, 15), "auto_authorise", (False, "unknown")),
        ("US", date(2021, 8, 16), "auto_authorise", (True, "A")),
        ("MX", date(2021, 8, 15), "auto_authorise", (False, "unknown")),
        ("MX", date(2021, 8, 16), "auto_authorise", (True, "A")),
        ("CA", date(2021, 8, 15), "auto_authorise", (False, "A")),
        ("CA", date(2021, 8, 16), "auto_authorise", (False, "A")),
        ("US", date(2026, 1, 25), "refund_after_receipt", (2, "business_days", "late", "A")),
        ("US", date(2026, 1, 26), "refund_after_receipt", (4, "calendar_days", "marketplace_refunded", "B")),
        ("CA", date(2026, 1, 26), "refund_after_receipt", (2, "business_days", "late", "unknown")),
        ("MX", date(2026, 1, 26), "refund_after_receipt", (2, "business_days", "late", "unknown")),
    ],
)
def test_a_dated_rule_changes_on_its_day_and_not_before(
    marketplace: str, day: date, name: str, expected: tuple[object, ...]
) -> None:
    assert [said(rule) for rule in RULES.rulebook(marketplace, day).rules(name)] == [expected]


@pytest.mark.parametrize(
    ("marketplace", "name", "expected"),
    [
        ("US", "appeal", (30, "calendar_days", "claim_final", "A")),
        ("US", "return_window", (30, "calendar_days", None, "A")),
        ("US", "return_decision", (48, "wall_hours", "late", "A")),
        ("CA", "first_reply", (24, "wall_hours", "late", "S")),
        ("CA", "silence", (48, "wall_hours", "grant_on_claim", "A")),
        ("CA", "information_request", (48, "wall_hours", "claim_granted", "unknown")),
        ("CA", "appeal", (30, "calendar_days", "claim_final", "B")),
        ("CA", "return_window", (30, "calendar_days", None, "A")),
        ("CA", "return_decision", (48, "wall_hours", "late", "unknown")),
        ("MX", "first_reply", (24, "wall_hours", "late", "S")),
        ("MX", "silence", (48, "wall_hours", "grant_on_claim", "A")),
        ("MX", "information_request", (48, "wall_hours", "claim_granted", "A")),
        ("MX", "appeal", (30, "calendar_days", "claim_final", "unknown")),
        ("MX", "return_window", (30, "calendar_days", None, "A")),
        ("MX", "return_decision", (48, "wall_hours", "late", "A")),
    ],
)
def test_an_undated_rule_holds_at_all_times(
    marketplace: str, name: str, expected: tuple[object, ...]
) -> None:
    for day in ALWAYS:
        assert [said(rule) for rule in RULES.rulebook(marketplace, day).rules(name)] == [expected]


@pytest.mark.parametrize("marketplace", ["US", "CA", "MX"])
def test_the_order_defect_rate_is_under_one_percent_of_sixty_days_that_end_fifteen_days_ago(
    marketplace: str,
) -> None:
    (rate,) = RULES.rulebook(marketplace, date(2026, 6, 1)).rules("order_defect_rate")
    assert (rate.amount, rate.clock, rate.lag, rate.negative_stars) == (60, "calendar_days", 15, 2)
    assert (rate.target, rate.strict, rate.consequence) == (Decimal("0.01"), True, "deactivation")


def test_every_row_names_its_source_and_an_assumed_one_says_so() -> None:
    for rule in RULES.history():
        assert rule.source.strip(), str(rule)
        assert rule.grade, str(rule)
        if rule.grade == "unknown":
            assert rule.note.startswith("assumed"), str(rule)


def test_what_follows_each_expiry_is_a_move_that_the_workflow_knows() -> None:
    assert [Policy(store, RULES).marketplace.name for store in STORES.values()] == ["US", "CA", "MX"]


@pytest.mark.parametrize(
    ("received", "expires", "on_expiry"),
    [
        ("2026-01-23T15:00-08:00", "2026-01-27T15:00-08:00", "late"),
        ("2026-01-25T23:59-08:00", "2026-01-28T00:00-08:00", "late"),
        ("2026-01-26T00:00-08:00", "2026-01-30T00:00-08:00", "marketplace_refunded"),
        ("2026-01-26T15:00-08:00", "2026-01-30T15:00-08:00", "marketplace_refunded"),
    ],
)
def test_a_return_received_on_either_side_of_the_change_of_2026_is_due_by_the_rule_of_its_day(
    received: str, expires: str, on_expiry: str
) -> None:
    order = Order("1", "US", instant("2026-01-05T12:00-08:00"), "MFN", 2490, "USD")
    docket = Docket({"US": Policy(STORES["US"], RULES)})
    for kind, when in (("return_requested", "2026-01-12T12:00-08:00"), ("return_received", received)):
        at = instant(when)
        docket.record(Fact(kind, "US", order.id, "R-1", at, at), order)
    (deadline,) = docket.cases["R-1"].deadlines
    assert (deadline.name, deadline.set_by) == ("refund_after_receipt", "rule")
    assert (deadline.expires_at, deadline.on_expiry) == (instant(expires), on_expiry)


def test_the_plugin_hands_out_its_stores_rules_and_order_files() -> None:
    assert plugin.AFTERSALE_API == 1
    assert [store.name for store in plugin.aftersale_marketplaces()] == list(STORES)
    assert plugin.aftersale_rules() == load_rules(PACKAGE)
    assert [known.name for known in plugin.aftersale_order_formats()] == ["all_orders"]
