"""The stores and dated rules of Amazon in North America, on both sides of every change."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from attrs import evolve

import aftersale_amazon_na as plugin
from aftersale.cases.facts import Fact
from aftersale.clocks import DAY, due_after, instant
from aftersale.engine.docket import Docket
from aftersale.orders import Order
from aftersale.policies.marketplaces import load_marketplaces
from aftersale.policies.policy import Policy
from aftersale.rules import Rule, RuleSet, load_rules

PACKAGE = "aftersale_amazon_na"
RULES = RuleSet(load_rules(PACKAGE))
STORES = {store.name: store for store in load_marketplaces(PACKAGE)}
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
        ("US", date(2021, 8, 15), "auto_authorise", (False, "assumed")),
        ("US", date(2021, 8, 16), "auto_authorise", (True, "A")),
        ("MX", date(2021, 8, 15), "auto_authorise", (False, "assumed")),
        ("MX", date(2021, 8, 16), "auto_authorise", (True, "A")),
        ("CA", date(2021, 8, 15), "auto_authorise", (False, "A")),
        ("CA", date(2021, 8, 16), "auto_authorise", (False, "A")),
        ("US", date(2026, 1, 25), "refund_after_receipt", (2, "business_days", "late", "A")),
        ("US", date(2026, 1, 26), "refund_after_receipt", (4, "calendar_days", "marketplace_refunded", "B")),
        ("CA", date(2026, 1, 26), "refund_after_receipt", (2, "business_days", "late", "A")),
        ("MX", date(2026, 1, 26), "refund_after_receipt", (2, "business_days", "late", "assumed")),
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
        ("US", "information_request", (72, "wall_hours", "claim_granted", "A")),
        ("US", "return_window", (30, "calendar_days", None, "A")),
        ("US", "return_decision", (48, "wall_hours", "late", "A")),
        ("CA", "first_reply", (24, "wall_hours", "late", "S")),
        ("CA", "silence", (48, "wall_hours", "grant_on_claim", "A")),
        ("CA", "information_request", (48, "wall_hours", "claim_granted", "assumed")),
        ("CA", "appeal", (30, "calendar_days", "claim_final", "B")),
        ("CA", "return_window", (30, "calendar_days", None, "A")),
        ("CA", "return_decision", (48, "wall_hours", "late", "assumed")),
        ("MX", "first_reply", (24, "wall_hours", "late", "S")),
        ("MX", "silence", (48, "wall_hours", "grant_on_claim", "A")),
        ("MX", "information_request", (48, "wall_hours", "claim_granted", "A")),
        ("MX", "appeal", (30, "calendar_days", "claim_final", "assumed")),
        ("MX", "return_window", (30, "calendar_days", None, "A")),
        ("MX", "return_decision", (48, "wall_hours", "late", "A")),
    ],
)
def test_an_undated_rule_holds_at_all_times(marketplace: str, name: str, expected: tuple[object, ...]) -> None:
    for day in ALWAYS:
        assert [said(rule) for rule in RULES.rulebook(marketplace, day).rules(name)] == [expected]


@pytest.mark.parametrize("marketplace", ["US", "CA", "MX"])
def test_the_order_defect_rate_is_under_one_percent_of_sixty_days_that_end_fifteen_days_ago(
    marketplace: str,
) -> None:
    (rate,) = RULES.rulebook(marketplace, date(2026, 6, 1)).rules("order_defect_rate")
    assert (rate.amount, rate.clock, rate.lag, rate.negative_stars) == (60, "calendar_days", 15, 2)
    assert (rate.target, rate.strict, rate.consequence) == (Decimal("0.01"), True, "deactivation")


def test_a_row_is_assumed_or_unknown_where_its_source_says_so_and_no_other() -> None:
    begins = {"assumed": "assumed", "unknown": "unknown; ", "S": "seller's standard"}
    for rule in RULES.history():
        assert rule.source.startswith(begins.get(rule.grade, "")), str(rule)
        assert rule.grade in begins or not rule.source.startswith(tuple(begins.values())), str(rule)


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


ORDER = Order("1", "US", instant("2025-08-01T12:00-07:00"), "MFN", 10001, "USD")


@pytest.mark.parametrize("marketplace", ["US", "CA", "MX"])
def test_every_store_answers_each_question_that_every_store_is_asked(marketplace: str) -> None:
    rulebook = RULES.rulebook(marketplace, date(2026, 6, 1))
    general = {rule.name for rule in rulebook.rows if not rule.when.weight}
    assert set(EVERYWHERE) - general == set()


@pytest.mark.parametrize(
    ("marketplace", "name", "before", "after", "turn"),
    [
        ("US", "response_time_metric", True, False, date(2018, 10, 1)),
        ("CA", "response_time_metric", True, False, date(2018, 10, 1)),
        ("US", "refund_at_first_scan", False, True, date(2021, 5, 4)),
        ("US", "international_out_of_policy_refund", False, True, date(2021, 8, 16)),
        ("US", "returns_processing_fee", False, True, date(2024, 6, 1)),
        ("US", "returns_processing_fee_units", None, 25, date(2024, 6, 1)),
        ("US", "premium_on_time_delivery", "0.97", "0.935", date(2025, 6, 29)),
        ("US", "sfp_on_time_delivery", "0.97", "0.935", date(2025, 6, 29)),
        ("US", "negative_feedback_removal_api", True, False, date(2025, 8, 4)),
        ("US", "record_retention", None, "548 calendar_days", date(2025, 11, 25)),
        ("US", "safe_t_after_marketplace_refund", True, False, date(2026, 1, 26)),
        ("US", "refund_after_receipt", "2 business_days", "4 calendar_days", date(2026, 1, 26)),
        ("US", "prepaid_label", "seller_choice", "automatic", date(2026, 2, 8)),
        ("US", "safe_t_filing", "60 calendar_days", "30 calendar_days", date(2026, 2, 16)),
        ("US", "sfp_one_day_share", None, "0.40", date(2026, 7, 6)),
        ("US", "sfp_two_day_share", None, "0.75", date(2026, 7, 6)),
        ("US", "sfp_five_day_share", None, "0.90", date(2026, 7, 6)),
        ("US", "orders_v0_api", True, False, date(2027, 3, 27)),
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


@pytest.mark.parametrize(("price", "expected"), [(10000, "automatic"), (10001, "seller_choice")])
def test_dear_items_were_exempt_from_the_automatic_label_until_february_2026(price: int, expected: str) -> None:
    order = ORDER._replace(price=price)
    words = [RULES.rulebook("US", date(2026, 2, day)).rule("prepaid_label", order) for day in (7, 8)]
    assert [rule and rule.word for rule in words] == [expected, "automatic"]


@pytest.mark.parametrize(
    ("situation", "share"),
    [
        ("change_of_mind", "0"),
        ("change_of_mind_late", "0.20"),
        ("refused_damaged", "0"),
        ("received_faulty", "0"),
        ("returned_damaged", "0.50"),
        ("opened_software", "1"),
        ("materially_different", "1"),
        ("anything_else", "0"),
    ],
)
def test_a_restocking_fee_goes_by_the_situation(situation: str, share: str) -> None:
    rule = RULES.rulebook("US", date(2026, 6, 1)).rule("restocking_fee", ORDER, {"situation": situation})
    assert rule is not None
    assert rule.share == Decimal(share)


@pytest.mark.parametrize(
    ("reason", "category", "pays"),
    [
        ("no_longer_needed", "home", "buyer"),
        ("CR-UNWANTED_ITEM", "home", "buyer"),
        ("no_longer_needed", "shoes", "seller"),
        ("defective", "home", "seller"),
        ("CR-SWITCHEROO", "shoes", "seller"),
        ("no_reason_that_is_listed", "home", "seller"),
    ],
)
def test_who_pays_the_return_goes_by_the_reason(reason: str, category: str, pays: str) -> None:
    order = ORDER._replace(category=category)
    rule = RULES.rulebook("US", date(2026, 6, 1)).rule("fault", order, {"reason": reason})
    assert rule is not None
    assert rule.word == pays


@pytest.mark.parametrize(
    ("bought", "category", "until"),
    [
        ("2025-10-31T23:59-07:00", "home", None),
        ("2025-11-01T00:00-07:00", "home", date(2026, 1, 31)),
        ("2025-12-31T23:59-08:00", "apple", date(2026, 1, 15)),
        ("2026-01-01T00:00-08:00", "home", None),
    ],
)
def test_what_is_bought_before_christmas_goes_back_until_the_end_of_january(
    bought: str, category: str, until: date | None
) -> None:
    rulebook = RULES.rulebook("US", date(2026, 1, 10), "America/Los_Angeles")
    rule = rulebook.rule("return_window", ORDER._replace(purchased_at=instant(bought), category=category))
    assert rule is not None
    assert rule.until == until


@pytest.mark.parametrize(
    ("found", "expires"),
    [
        ("2026-02-15T23:59-08:00", "2026-04-17T00:00-07:00"),
        ("2026-02-16T00:00-08:00", "2026-03-19T00:00-07:00"),
    ],
)
def test_a_loss_found_a_minute_apart_can_be_claimed_for_sixty_days_or_for_thirty(found: str, expires: str) -> None:
    order = ORDER._replace(purchased_at=instant("2026-01-05T12:00-08:00"))
    docket, at = Docket({"US": Policy(STORES["US"], RULES)}), instant(found)
    docket.record(Fact("return_loss_found", "US", order.id, "S-1", at, at), order)
    (deadline,) = docket.cases["S-1"].deadlines
    assert (deadline.name, deadline.expires_at) == ("safe_t_filing", instant(expires))
    assert deadline.on_expiry == "safe_t_expired"


def test_parcels_come_on_time_in_nine_of_ten_since_september_2024_and_the_account_depends_on_it() -> None:
    found = [
        (rate.amount, rate.lag, rate.target, rate.direction, rate.strict, rate.state, rate.grade)
        for day in (date(2024, 9, 24), date(2024, 9, 25))
        for rate in RULES.rulebook("US", day).rules("on_time_delivery_rate")
    ]
    assert found == [
        (30, 10, Decimal("0.97"), "above", False, None, "A"),
        (14, 7, Decimal("0.90"), "above", False, "review", "B"),
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("order_defect_rate", ("0.01", 60, (), "deactivated")),
        ("late_shipment_rate", ("0.04", 30, ("MFN", "SFP"), "deactivated")),
        ("cancellation_rate", ("0.025", 7, ("MFN", "SFP"), "deactivated")),
        ("valid_tracking_rate", ("0.95", 30, ("MFN", "SFP"), "review")),
        ("return_dissatisfaction_rate", ("0.10", 30, ("MFN", "SFP"), None)),
    ],
)
def test_what_missing_a_metric_does_to_the_account(name: str, expected: tuple[object, ...]) -> None:
    for marketplace in STORES:
        rate, *others = RULES.rulebook(marketplace, date(2026, 6, 1)).rules(name)
        assert (str(rate.target), rate.amount, rate.channel, rate.state) == expected
        # Late shipments are looked at over ten days, too, under the same line.
        assert [(other.amount, other.same_demand(evolve(rate, amount=10))) for other in others] == (
            [(10, True)] if name == "late_shipment_rate" else []
        )


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2026-10-09T10:00-07:00", "2026-10-14T10:00-07:00"),  # Thanksgiving
        ("2026-05-15T10:00-07:00", "2026-05-20T10:00-07:00"),  # Victoria Day
        ("2026-12-24T10:00-08:00", "2026-12-30T10:00-08:00"),  # Boxing Day on a Saturday
    ],
)
def test_business_days_of_the_canadian_store_leave_out_federal_holidays(received: str, due: str) -> None:
    calendar = STORES["CA"].calendar
    assert due_after(instant(received), 2, "business_days", calendar) == instant(due)


@pytest.mark.parametrize(
    ("name", "fact", "begins", "ends"),
    [
        ("chargeback_answer", "chargeback_filed", "2026-03-02T09:00-08:00", "2026-03-10T00:00-07:00"),
        ("fba_reimbursement_filing", "fba_return_missing", "2026-03-02T09:00-08:00", "2026-05-02T00:00-07:00"),
        ("appeal", "claim_granted", "2026-03-02T09:00-08:00", "2026-04-01T09:00-07:00"),
        ("refund_after_receipt", "return_received", "2026-03-02T09:00-08:00", "2026-03-06T09:00-08:00"),
    ],
)
def test_a_deadline_ends_with_its_last_day_where_the_page_counts_from_a_date(
    name: str, fact: str, begins: str, ends: str
) -> None:
    at = instant(begins)
    deadline = Policy(STORES["US"], RULES).at(at).measured(name, fact, at, ORDER)
    assert deadline is not None
    assert deadline.expires_at == instant(ends)


@pytest.mark.parametrize("marketplace", ["US", "CA", "MX"])
@pytest.mark.parametrize(("name", "days"), [("return_window", 30), ("claim_window", 90), ("claim_wait", 3)])
def test_a_window_of_the_buyer_s_stays_open_to_the_end_of_its_last_day(marketplace: str, name: str, days: int) -> None:
    at = instant("2026-05-04T09:00-07:00")
    end = Policy(STORES[marketplace], RULES).at(at).window_end(name, at, ORDER._replace(marketplace=marketplace))
    assert end == instant("2026-05-05T00:00-07:00") + days * DAY
