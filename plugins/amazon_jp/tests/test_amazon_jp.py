"""The store and dated rules of Amazon in Japan, on both sides of every change."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

import aftersale_amazon_jp as plugin
from aftersale.clocks import instant
from aftersale.marketplaces import load_marketplaces
from aftersale.orders import Order
from aftersale.policies import Policy
from aftersale.rules import Rule, RuleSet, load_rules

PACKAGE = "aftersale_amazon_jp"
RULES = RuleSet(load_rules(PACKAGE))
(STORE,) = load_marketplaces(PACKAGE)
ALWAYS = date(2010, 1, 1), date(2026, 6, 1)

EVERYWHERE = (
    "appeal", "auto_authorise", "chargeback_answer", "chargeback_bearer", "chargeback_evidence_retention",
    "claim_attachments", "claim_wait", "claim_window", "defect_reversal", "evidence", "fault",
    "fba_reimbursement_filing", "fba_reimbursement_opens", "feedback_removal", "feedback_struck_through",
    "first_reply", "handled_by_marketplace", "health_rating_critical", "health_rating_healthy",
    "information_request", "international_out_of_policy_refund", "log_retention", "message_attachment_mb",
    "negative_feedback_removal_api", "order_defect_rate", "orders_v0_api", "outbound_refund",
    "personal_data_retention", "prepaid_label", "proactive_message", "record_retention", "refund_administration_fee",
    "refund_after_receipt", "refund_at_first_scan", "replacement_return", "response_time_metric", "restocking_fee",
    "return_decision", "return_window", "returnless_cross_border", "returns_processing_fee", "safe_t",
    "safe_t_after_marketplace_refund", "safe_t_appeal", "safe_t_damage_share", "safe_t_filing", "safe_t_information",
    "silence", "unshipped_cancel",
)  # fmt: skip
"""What every store of every plugin answers for any order."""


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


ORDER = Order("1", "JP", instant("2025-08-01T12:00+09:00"), "MFN", 1000, "JPY")


@pytest.mark.parametrize("marketplace", ["JP"])
def test_every_store_answers_each_question_that_every_store_is_asked(marketplace: str) -> None:
    rulebook = RULES.rulebook(marketplace, date(2026, 6, 1))
    general = {rule.name for rule in rulebook.rows if not rule.when.weight}
    assert set(EVERYWHERE) - general == set()


@pytest.mark.parametrize(
    ("marketplace", "name", "before", "after", "turn"),
    [
        ("JP", "response_time_metric", True, False, date(2018, 10, 1)),
        ("JP", "negative_feedback_removal_api", True, False, date(2025, 8, 4)),
        ("JP", "record_retention", None, "548 calendar_days", date(2025, 11, 25)),
        ("JP", "orders_v0_api", True, False, date(2027, 3, 27)),
    ],
)
def test_an_answer_turns_on_its_day_and_not_the_day_before(
    marketplace: str, name: str, before: object, after: object, turn: date
) -> None:
    found = [_answer(marketplace, name, day) for day in (turn - timedelta(days=1), turn)]
    assert found == [before, after]


def _answer(marketplace: str, name: str, day: date) -> object:
    rule = RULES.rulebook(marketplace, day).rule(name, ORDER)
    return None if rule is None else rule.answer if rule.kind != "share" else str(rule.answer)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("claim_cover", "300000 JPY"),
        ("payment_window", "6 calendar_days"),
        ("prepaid_label", "not_prepaid"),
        ("refund_administration_fee", "0.10, at most 500 JPY"),
        ("returnless_rules_limit", 20),
        ("sfp_compensation_limit", "500000 JPY"),
        ("statutory_withdrawal", "8 calendar_days"),
    ],
)
def test_what_is_japan_s_own(name: str, expected: object) -> None:
    for day in ALWAYS:
        (rule,) = RULES.rulebook("JP", day).rules(name)
        assert rule.answer == expected


@pytest.mark.parametrize(("channel", "expected"), [("MFN", False), ("FBA", False), ("SFP", True)])
def test_only_seller_fulfilled_prime_is_made_good(channel: str, expected: bool) -> None:
    rule = RULES.rulebook("JP", date(2026, 6, 1)).rule("safe_t", ORDER._replace(channel=channel))
    assert rule is not None
    assert rule.value is expected


def test_bad_tracking_suspends_nobody_at_once_and_is_looked_at_two_weeks_later() -> None:
    (rate,) = RULES.rulebook("JP", date(2026, 6, 1)).rules("valid_tracking_rate")
    assert (rate.target, rate.direction, rate.strict, rate.lag) == (Decimal("0.95"), "above", False, 14)
    assert (rate.state, rate.consequence) == ("at_risk", "no immediate suspension")
