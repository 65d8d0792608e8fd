"""The store and dated rules of Amazon in Japan, on both sides of every change."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

import aftersale_amazon_jp as plugin
from aftersale.advice.advice import advice
from aftersale.base.money import decimals
from aftersale.cases.facts import Fact
from aftersale.clocks import instant
from aftersale.engine.docket import Docket
from aftersale.orders import Order
from aftersale.policies.decisions import REFUND, Decider, Decisions
from aftersale.policies.marketplaces import load_marketplaces
from aftersale.policies.policy import Policy
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
    ("day", "expected"), [(date(2021, 8, 15), (False, "assumed")), (date(2021, 8, 16), (True, "A"))]
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
        ("information_request", (48, "wall_hours", "claim_granted", "assumed")),
        ("appeal", (30, "calendar_days", "claim_final", "assumed")),
        ("return_window", (30, "calendar_days", None, "C")),
        ("return_decision", (48, "wall_hours", "late", "A")),
        ("refund_after_receipt", (2, "business_days", "late", "assumed")),
    ],
)
def test_an_undated_rule_holds_at_all_times(name: str, expected: tuple[object, ...]) -> None:
    for day in ALWAYS:
        assert [said(rule) for rule in RULES.rulebook("JP", day).rules(name)] == [expected]


def test_the_order_defect_rate_stays_under_one_percent_of_a_lagged_window() -> None:
    (rate,) = RULES.rulebook("JP", date(2026, 6, 1)).rules("order_defect_rate")
    assert (rate.amount, rate.clock, rate.lag, rate.negative_stars) == (60, "calendar_days", 15, 2)
    assert (rate.target, rate.strict, rate.consequence) == (Decimal("0.01"), True, "deactivation")
    assert (rate.grade, rate.source) == ("assumed", "assumed; copied from SC-US G200285170")


def test_a_row_is_assumed_or_unknown_where_its_source_says_so_and_no_other() -> None:
    begins = {"assumed": "assumed", "unknown": "unknown; ", "S": "seller's standard"}
    for rule in RULES.history():
        assert rule.source.startswith(begins.get(rule.grade, "")), str(rule)
        assert rule.grade in begins or not rule.source.startswith(tuple(begins.values())), str(rule)


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
    rates = RULES.rulebook("JP", date(2026, 6, 1)).rules("valid_tracking_rate")
    assert [rate.amount for rate in rates] == [30, 7]
    for rate in rates:
        assert (rate.target, rate.direction, rate.strict, rate.lag) == (Decimal("0.95"), "above", False, 14)
        assert (rate.state, rate.consequence) == ("at_risk", "no immediate suspension")


# --- as the desk meets them ---

POLICY = Policy(STORE, RULES)


def _case(kind: str, at: str, sold: Order = ORDER, **more: Any) -> tuple[Docket, list[tuple[str, str]]]:
    """Return a docket with one case of the order, and what is advised on it."""
    docket, then = Docket({"JP": POLICY}), instant(at)
    docket.record(Fact(kind, "JP", sold.id, "C", then, then, **more), sold)
    return docket, [(hint.name, hint.says) for hint in advice(docket.cases["C"], docket.dossiers[sold.id], POLICY)]


def test_who_paid_in_cash_gets_a_gift_card_or_a_transfer_and_the_seller_is_not_told() -> None:
    sold = ORDER._replace(price=300_500, delivered_at=instant("2025-08-05T12:00+09:00"))
    docket, _ = _case("return_requested", "2025-08-06T12:00+09:00", sold, detail="CR-DEFECTIVE")
    for kind, at in (("return_sent", "2025-08-07T12:00+09:00"), ("return_received", "2025-08-10T12:00+09:00")):
        docket.record(Fact(kind, "JP", sold.id, "C", instant(at), instant(at)), sold)
    told = [hint for hint in advice(docket.cases["C"], docket.dossiers["1"], POLICY) if hint.name == "refund_methods"]
    assert sorted(hint.says for hint in told) == [
        "cash_on_delivery: gift_card, bank_transfer",
        "convenience_store: gift_card, bank_transfer",
    ]
    shown = RULES.rulebook("JP", date(2026, 6, 1)).rule("payment_method_shown", sold)
    assert shown is not None
    assert shown.value is False


def test_a_claim_is_covered_up_to_three_hundred_thousand_yen() -> None:
    _, told = _case("claim_filed", "2025-08-20T12:00+09:00", detail="not_received")
    assert ("claim_cover", "300000 JPY") in told


def test_a_return_is_the_buyer_s_right_within_eight_days_of_the_delivery() -> None:
    sold = ORDER._replace(delivered_at=instant("2025-08-05T12:00+09:00"), exempt=True)
    inside = _case("return_requested", "2025-08-13T12:00+09:00", sold)[1]
    late = _case("return_requested", "2025-08-13T12:01+09:00", sold)[1]
    assert [("statutory_withdrawal", "8 calendar_days") in told for told in (inside, late)] == [True, False]


def test_yen_have_no_decimals_wherever_money_is_told() -> None:
    assert decimals(STORE.currency) == 0
    assert [rule for rule in RULES.history() if rule.money is not None and rule.money != int(rule.money)] == []
    house = Decisions({REFUND: [Decider("house", "house", False, lambda order, **_: order.price // 3)]})
    policy = Policy(STORE, RULES, decisions=house)
    sold = ORDER._replace(price=1000, delivered_at=instant("2025-08-05T12:00+09:00"))
    docket = Docket({"JP": policy})
    for kind, day in (("return_requested", 6), ("return_sent", 7), ("return_received", 9)):
        then = instant(f"2025-08-{day:02}T12:00+09:00")
        docket.record(Fact(kind, "JP", "1", "C", then, then), sold)
    told = {hint.name: hint.says for hint in advice(docket.cases["C"], docket.dossiers["1"], policy)}
    assert told["refund"] == "333 JPY"


@pytest.mark.parametrize(
    ("received", "due"),
    [
        # The constitution, greenery and children have their days in a row, and the sixth stands in for the third.
        ("2026-05-01T10:00+09:00", "2026-05-08T10:00+09:00"),
        ("2026-05-07T10:00+09:00", "2026-05-11T10:00+09:00"),
        # Offices and banks are shut from the last day of the year to its third.
        ("2025-12-30T10:00+09:00", "2026-01-06T10:00+09:00"),
        # No clock is changed in spring.
        ("2026-03-27T10:00+09:00", "2026-03-31T10:00+09:00"),
    ],
)
def test_business_days_leave_out_holidays(received: str, due: str) -> None:
    found = POLICY.at(instant(received)).measured("refund_after_receipt", "return_received", instant(received), ORDER)
    assert found is not None
    assert found.expires_at == instant(due)
