"""The store and dated rules of Amazon in Japan, on both sides of every change."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

import aftersale_amazon_jp as plugin
from aftersale.marketplaces import load_marketplaces
from aftersale.policies import Policy
from aftersale.rules import Rule, RuleSet, load_rules

PACKAGE = "aftersale_amazon_jp"
RULES = RuleSet(load_rules(PACKAGE))
(STORE,) = load_marketplaces(PACKAGE)
ALWAYS = date(2010, 1, 1), date(2026, 6, 1)


def said(rule: Rule) -> tuple[object, ...]:
    """Return what a row says: (value, grade) of a switch, else (amount, clock, on_expiry or None, grade)."""
    if rule.kind == "switch":
        return rule.value, rule.grade
    return rule.amount, rule.clock, rule.on_expiry if rule.kind == "deadline" else None, rule.grade


def test_the_store_has_its_id_country_currency_zone_language_and_channel() -> None:
    assert (STORE.name, STORE.id, STORE.country) == ("JP", "A1VC38T7YXB528", "JP")
    assert (STORE.currency, STORE.zone, STORE.languages) == ("JPY", "Asia/Tokyo", ("ja",))
    assert (STORE.sales_channels, STORE.grade) == (("Amazon.co.jp",), "K")
    assert (STORE.calendar.zone, STORE.calendar.country) == ("Asia/Tokyo", "JP")
    assert RULES.marketplaces == ("JP",)


@pytest.mark.parametrize(
    ("day", "expected"), [(date(2021, 8, 15), (False, "unknown")), (date(2021, 8, 16), (True, "A"))]
)
def test_returns_within_the_policy_are_authorised_at_once_since_the_sixteenth_of_august_2021(
    day: date, expected: tuple[object, ...]
) -> None:
    assert [said(rule) for rule in RULES.rulebook("JP", day).rules("auto_authorise")] == [expected]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("first_reply", (24, "wall_hours", "late", "S")),
        ("silence", (48, "wall_hours", "grant_on_claim", "A")),
        ("information_request", (48, "wall_hours", "claim_granted", "A")),
        ("appeal", (30, "calendar_days", "claim_final", "unknown")),
        ("return_window", (30, "calendar_days", None, "C")),
        ("return_decision", (48, "wall_hours", "late", "A")),
        ("refund_after_receipt", (2, "business_days", "late", "unknown")),
    ],
)
def test_an_undated_rule_holds_at_all_times(name: str, expected: tuple[object, ...]) -> None:
    for day in ALWAYS:
        assert [said(rule) for rule in RULES.rulebook("JP", day).rules(name)] == [expected]


def test_the_order_defect_rate_stays_under_one_percent_of_a_lagged_window() -> None:
    (rate,) = RULES.rulebook("JP", date(2026, 6, 1)).rules("order_defect_rate")
    assert (rate.amount, rate.clock, rate.lag, rate.negative_stars) == (60, "calendar_days", 15, 2)
    assert (rate.target, rate.strict, rate.consequence) == (Decimal("0.01"), True, "deactivation")


def test_every_row_names_its_source_and_an_assumed_one_says_so() -> None:
    for rule in RULES.history():
        assert rule.source.strip(), str(rule)
        assert rule.grade, str(rule)
        if rule.grade == "unknown":
            assert rule.note.startswith("assumed"), str(rule)


def test_what_follows_each_expiry_is_a_move_that_the_workflow_knows() -> None:
    assert Policy(STORE, RULES).marketplace == STORE


def test_the_plugin_hands_out_its_store_rules_and_order_files() -> None:
    assert plugin.AFTERSALE_API == 1
    assert plugin.aftersale_marketplaces() == [STORE]
    assert plugin.aftersale_rules() == load_rules(PACKAGE)
    assert [known.name for known in plugin.aftersale_order_formats()] == ["all_orders"]
