"""The stores and dated rules of Amazon in Europe and Turkey, on both sides of every change."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

import aftersale_amazon_eu as plugin
from aftersale.advice.advice import advice
from aftersale.cases.facts import Fact
from aftersale.clocks import HOUR, instant
from aftersale.engine.docket import Docket
from aftersale.engine.engine import apply
from aftersale.orders import Order
from aftersale.policies.marketplaces import load_marketplaces
from aftersale.policies.policy import Policy
from aftersale.rules import Rule, RuleSet, load_rules

PACKAGE = "aftersale_amazon_eu"
RULES = RuleSet(load_rules(PACKAGE))
STORES = {store.name: store for store in load_marketplaces(PACKAGE)}
LARGE = ("UK", "DE", "FR", "IT", "ES")
SMALL = ("NL", "SE", "PL", "BE", "IE")
ALL = (*LARGE, *SMALL, "TR")
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


def spoken(marketplace: str, day: date, name: str) -> list[tuple[object, ...]]:
    """Return what the rules of that name say there on that day, the most narrowed first."""
    return [said(rule) for rule in RULES.rulebook(marketplace, day).rules(name)]


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("UK", ("A1F83G8C2ARO7P", "GB", "GBP", "Europe/London", ("en",), ("Amazon.co.uk",), "GB", "ENG")),
        ("DE", ("A1PA6795UKMFR9", "DE", "EUR", "Europe/Berlin", ("de",), ("Amazon.de",), "DE", None)),
        ("FR", ("A13V1IB3VIYZZH", "FR", "EUR", "Europe/Paris", ("fr",), ("Amazon.fr",), "FR", None)),
        ("IT", ("APJ6JRA9NG5V4", "IT", "EUR", "Europe/Rome", ("it",), ("Amazon.it",), "IT", None)),
        ("ES", ("A1RKKUPIHCS9HS", "ES", "EUR", "Europe/Madrid", ("es",), ("Amazon.es",), "ES", None)),
        ("NL", ("A1805IZSGTT6HS", "NL", "EUR", "Europe/Amsterdam", ("nl",), ("Amazon.nl",), "NL", None)),
        ("SE", ("A2NODRKZP88ZB9", "SE", "SEK", "Europe/Stockholm", ("sv",), ("Amazon.se",), "SE", None)),
        ("PL", ("A1C3SOZRARQ6R3", "PL", "PLN", "Europe/Warsaw", ("pl",), ("Amazon.pl",), "PL", None)),
        (
            "BE",
            ("AMEN7PMS3EDWL", "BE", "EUR", "Europe/Brussels", ("nl", "fr"), ("Amazon.com.be",), "BE", None),
        ),
        ("IE", ("A28R8C7NBKEWEA", "IE", "EUR", "Europe/Dublin", ("en",), ("Amazon.ie",), "IE", None)),
        ("TR", ("A33AVAJ2PDY3EV", "TR", "TRY", "Europe/Istanbul", ("tr",), ("Amazon.com.tr",), "TR", None)),
    ],
)
def test_each_store_is_what_its_profile_says_and_nothing_else(name: str, row: tuple[object, ...]) -> None:
    store = STORES[name]
    where = store.id, store.country, store.currency, store.zone
    calendar = store.calendar.country, store.calendar.subdivision
    assert (*where, store.languages, store.sales_channels, *calendar) == row
    assert (store.grade, store.calendar.zone) == ("K", store.zone)


def test_there_are_eleven_stores_and_all_have_rules() -> None:
    assert tuple(STORES) == ALL
    assert RULES.marketplaces == tuple(sorted(ALL))


@pytest.mark.parametrize(
    ("marketplace", "day", "name", "expected"),
    [
        ("UK", date(2010, 1, 1), "information_request", (3, "calendar_days", "claim_granted", "A")),
        ("UK", date(2023, 1, 1), "information_request", (3, "calendar_days", "claim_granted", "A")),
        ("DE", date(2023, 1, 1), "information_request", (48, "wall_hours", "claim_granted", "A")),
        *((place, date(2021, 8, 29), "auto_authorise", (False, "assumed")) for place in ALL),
        *((place, date(2021, 8, 30), "auto_authorise", (True, "A")) for place in (*LARGE, *SMALL)),
        ("TR", date(2021, 8, 30), "auto_authorise", (True, "assumed")),
    ],
)
def test_a_dated_rule_changes_on_its_day_and_not_before(
    marketplace: str, day: date, name: str, expected: tuple[object, ...]
) -> None:
    assert spoken(marketplace, day, name) == [expected]


GRADES = {
    "first_reply": {"UK": "B"} | dict.fromkeys((*LARGE[1:], *SMALL), "S"),
    "silence": dict.fromkeys((*LARGE, "PL"), "A"),
    "appeal": {"UK": "A", "DE": "A", "FR": "A", "IT": "B", "ES": "B"},
    "refund_after_receipt": {"UK": "A", "ES": "A", "DE": "C", "FR": "C", "IT": "C"},
}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("first_reply", (24, "wall_hours", "late")),
        ("silence", (48, "wall_hours", "grant_on_claim")),
        ("appeal", (30, "calendar_days", "claim_final")),
        ("refund_after_receipt", (2, "business_days", "late")),
    ],
)
def test_a_rule_that_never_changed_is_the_same_everywhere_and_only_its_grade_differs(
    name: str, expected: tuple[object, ...]
) -> None:
    for marketplace in ALL:
        for day in ALWAYS:
            assert spoken(marketplace, day, name) == [(*expected, GRADES[name].get(marketplace, "assumed"))]


@pytest.mark.parametrize("marketplace", [place for place in ALL if place != "UK"])
def test_an_investigator_waits_forty_eight_hours_outside_the_united_kingdom(marketplace: str) -> None:
    grade = "A" if marketplace in (*LARGE, "NL") else "assumed"
    for day in ALWAYS:
        assert spoken(marketplace, day, "information_request") == [(48, "wall_hours", "claim_granted", grade)]


@pytest.mark.parametrize("marketplace", ALL)
def test_electronics_go_back_within_fourteen_days_since_march_2024_and_within_thirty_before(
    marketplace: str,
) -> None:
    read = {"UK": "A", "ES": "A", "IT": "B", "DE": "C"}
    month = 30, "calendar_days", None, read.get(marketplace, "assumed")
    fortnight = 14, "calendar_days", None, "B" if marketplace == "IT" else "assumed"
    assert spoken(marketplace, date(2024, 3, 24), "return_window") == [month]
    assert spoken(marketplace, date(2024, 3, 25), "return_window") == [fortnight, month]
    rulebook = RULES.rulebook(marketplace, date(2024, 3, 25))
    for category, expected in {"electronics": fortnight, "home": month}.items():
        found = rulebook.rule("return_window", _order(category=category))
        assert found is not None
        assert said(found) == expected


WIDENED = {"DE": ("2025-06-23", "C"), "IT": ("2025-06-23", "C")} | dict.fromkeys(
    ("UK", "FR", "ES", *SMALL), ("2025-07-23", "assumed")
)


@pytest.mark.parametrize(("marketplace", "turn", "grade"), [(place, *told) for place, told in WIDENED.items()])
def test_toys_and_other_goods_go_back_within_fourteen_days_since_the_summer_of_2025(
    marketplace: str, turn: str, grade: str
) -> None:
    first = date.fromisoformat(turn)
    books = [RULES.rulebook(marketplace, day) for day in (first - timedelta(1), first)]
    for category in ("toys", "books", "diy", "large_appliances"):
        found = [book.rule("return_window", _order(marketplace, category=category)) for book in books]
        assert [rule and rule.amount for rule in found] == [30, 14], category
        assert found[1] is not None
        assert found[1].grade == grade
    apparel = [book.rule("return_window", _order(marketplace, category="apparel")) for book in books]
    assert [rule and rule.amount for rule in apparel] == [30, 30]


@pytest.mark.parametrize(("asked", "allowed"), [("2025-07-14T23:59+02:00", True), ("2025-07-15T00:01+02:00", False)])
def test_a_toy_delivered_in_germany_can_be_returned_to_the_end_of_the_fourteenth_day(asked: str, allowed: bool) -> None:
    sold = _order(category="toys")._replace(
        purchased_at=instant("2025-06-28T12:00+02:00"), delivered_at=instant("2025-06-30T12:00+02:00")
    )
    at = instant(asked)
    fact = Fact("return_requested", "DE", sold.id, "R-1", at, at, detail="no_longer_needed")
    case = apply(None, fact, sold, _policy("DE").at(at)).case
    assert (case.state == "authorised") is allowed


HOURS = {"UK": (48, "wall_hours", "late", "A"), "DE": (48, "wall_hours", "late", "assumed")}
FOUR = (4, "calendar_days", "marketplace_refunded", "B")
THREE = (3, "calendar_days", "marketplace_refunded", "B")


@pytest.mark.parametrize("marketplace", ["UK", "DE"])
@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2024, 11, 10), []),
        (date(2024, 11, 11), [FOUR]),
        (date(2025, 8, 10), [FOUR]),
        (date(2025, 8, 11), [THREE]),
    ],
)
def test_a_return_across_the_border_is_decided_in_four_days_then_in_three(
    marketplace: str, day: date, expected: list[tuple[object, ...]]
) -> None:
    assert spoken(marketplace, day, "return_decision") == [*expected, HOURS[marketplace]]


@pytest.mark.parametrize("marketplace", [place for place in ALL if place not in ("UK", "DE")])
def test_only_germany_and_the_united_kingdom_have_a_rule_for_returns_across_the_border(
    marketplace: str,
) -> None:
    for day in ALWAYS:
        assert spoken(marketplace, day, "return_decision") == [(48, "wall_hours", "late", "assumed")]


@pytest.mark.parametrize(("marketplace", "limit"), [("UK", 2000), ("DE", 2500)])
def test_the_rule_for_returns_across_the_border_begins_above_its_price(marketplace: str, limit: int) -> None:
    rulebook = RULES.rulebook(marketplace, date(2025, 8, 11))
    prices = {limit: (HOURS[marketplace], (True, "A")), limit + 1: (THREE, (False, "B"))}
    for price, expected in prices.items():
        order = _order(marketplace, price=price, cross_border=True)
        found = rulebook.rule("return_decision", order), rulebook.rule("auto_authorise", order)
        assert tuple(said(rule) for rule in found if rule) == expected
    home = rulebook.rule("return_decision", _order(marketplace, price=limit + 1))
    assert home is not None
    assert said(home) == HOURS[marketplace]


@pytest.mark.parametrize("marketplace", ["UK", "DE"])
def test_a_dear_return_across_the_border_stays_with_the_seller_since_november_2024(marketplace: str) -> None:
    assert spoken(marketplace, date(2024, 11, 10), "auto_authorise") == [(True, "A")]
    assert spoken(marketplace, date(2024, 11, 11), "auto_authorise") == [(False, "B"), (True, "A")]


@pytest.mark.parametrize(
    ("requested", "expires"),
    [
        ("2025-08-10T23:59+02:00", "2025-08-14T23:59+02:00"),
        ("2025-08-11T00:00+02:00", "2025-08-14T00:00+02:00"),
    ],
)
def test_a_german_return_asked_for_a_minute_apart_expires_a_day_apart(requested: str, expires: str) -> None:
    at = instant(requested)
    order = _order("DE", price=2501, cross_border=True)
    asked = Fact("return_requested", "DE", order.id, "R-1", at, at)
    case = apply(None, asked, order, Policy(STORES["DE"], RULES).at(at)).case
    (deadline,) = [deadline for deadline in case.deadlines if deadline.name == "return_decision"]
    assert case.state == "requested"
    assert (deadline.expires_at, deadline.on_expiry) == (instant(expires), "marketplace_refunded")
    # The seller's own two days are tighter, so the desk works towards those.
    assert (deadline.due, deadline.set_by) == (at + 48 * HOUR, "handbook")


@pytest.mark.parametrize("marketplace", ALL)
def test_the_order_defect_rate_is_under_one_percent_of_sixty_days_that_end_fifteen_days_ago(
    marketplace: str,
) -> None:
    (rate,) = RULES.rulebook(marketplace, date(2026, 6, 1)).rules("order_defect_rate")
    assert (rate.amount, rate.clock, rate.lag, rate.negative_stars) == (60, "calendar_days", 15, 2)
    assert (rate.target, rate.strict, rate.consequence) == (Decimal("0.01"), True, "deactivation")
    read = marketplace in ("UK", "DE", "IT")
    assert rate.grade == ("A" if read else "assumed")
    assert rate.source.startswith("SC-" if read else "assumed; copied from SC-IT 200285170")


def test_a_row_is_assumed_or_unknown_where_its_source_says_so_and_no_other() -> None:
    begins = {"assumed": "assumed", "unknown": "unknown; ", "S": "seller's standard"}
    for rule in RULES.history():
        assert rule.source.startswith(begins.get(rule.grade, "")), str(rule)
        assert rule.grade in begins or not rule.source.startswith(tuple(begins.values())), str(rule)


def test_nothing_of_turkey_is_given_out_as_known_but_its_fees_and_what_holds_in_every_store() -> None:
    rows = RULES.history("TR")
    everywhere = {
        "api_fees", "claims_report_api", "evidence", "finances_invoices_api", "handled_by_marketplace", "log_retention",
        "negative_feedback_removal_api", "orders_v0_api", "personal_data_retention", "record_retention",
    }  # fmt: skip
    fees = {"digital_services_fee", "referral_fee"}
    assert {rule.name for rule in rows if rule.grade not in ("assumed", "unknown")} == everywhere | fees
    assert {rule.name for rule in rows if "Turkish law" in rule.note} == {
        "legal_guarantee",
        "refund_after_receipt",
        "return_window",
        "statutory_withdrawal",
        "withdrawal_refund",
    }


def test_what_follows_each_expiry_is_a_move_that_the_workflow_knows() -> None:
    assert tuple(Policy(store, RULES).marketplace.name for store in STORES.values()) == ALL


def test_the_plugin_hands_out_its_stores_rules_and_order_files() -> None:
    assert plugin.AFTERSALE_API == 1
    assert [store.name for store in plugin.aftersale_marketplaces()] == list(STORES)
    assert plugin.aftersale_rules() == load_rules(PACKAGE)
    assert [known.name for known in plugin.aftersale_order_formats()] == ["all_orders"]


def _order(marketplace: str = "DE", *, category: str = "home", price: int = 1000, cross_border: bool = False) -> Order:
    currency = STORES[marketplace].currency
    bought = instant("2025-08-01T12:00+02:00")
    return Order("1", marketplace, bought, "MFN", price, currency, category=category, cross_border=cross_border)


@pytest.mark.parametrize("marketplace", ALL)
def test_every_store_answers_each_question_that_every_store_is_asked(marketplace: str) -> None:
    rulebook = RULES.rulebook(marketplace, date(2026, 6, 1))
    general = {rule.name for rule in rulebook.rows if not rule.when.weight}
    assert set(EVERYWHERE) - general == set()


@pytest.mark.parametrize(
    ("marketplace", "name", "before", "after", "turn"),
    [
        ("UK", "response_time_metric", True, False, date(2018, 10, 1)),
        ("FR", "refund_at_first_scan", False, True, date(2023, 9, 30)),
        ("UK", "auto_authorise", True, False, date(2024, 11, 11)),
        ("DE", "safe_t_after_marketplace_refund", True, False, date(2024, 11, 11)),
        ("UK", "safe_t_after_marketplace_refund", True, False, date(2024, 11, 11)),
        ("DE", "prepaid_label", "seller_choice", "automatic", date(2025, 8, 11)),
        ("DE", "record_retention", None, "548 calendar_days", date(2025, 11, 25)),
        ("ES", "legal_guarantee", "730 calendar_days", "1095 calendar_days", date(2022, 1, 1)),
        ("DE", "withdrawal_button", False, False, date(2026, 6, 19)),
        ("UK", "withdrawal_button", False, False, date(2026, 6, 19)),
        ("DE", "negative_feedback_removal_api", True, False, date(2025, 8, 4)),
        ("DE", "orders_v0_api", True, False, date(2027, 3, 27)),
    ],
)
def test_an_answer_turns_on_its_day_and_not_the_day_before(
    marketplace: str, name: str, before: object, after: object, turn: date
) -> None:
    found = [_answer(marketplace, name, day) for day in (turn - timedelta(days=1), turn)]
    assert found == [before, after]


def _answer(marketplace: str, name: str, day: date) -> object:
    rule = RULES.rulebook(marketplace, day).rule(name, _order(marketplace, price=2501, cross_border=True))
    return None if rule is None else rule.answer if rule.kind != "share" else str(rule.answer)


@pytest.mark.parametrize(("marketplace", "limit"), [("UK", 2000), *((place, 2500) for place in LARGE[1:])])
def test_cheap_returns_across_the_border_are_refunded_without_return_or_go_home_since_october_2021(
    marketplace: str, limit: int
) -> None:
    found = {
        (day, price): _switch(marketplace, "returnless_cross_border", day, price)
        for day in (date(2021, 10, 4), date(2021, 10, 5))
        for price in (limit, limit + 1)
    }
    assert [key for key, value in found.items() if value] == [(date(2021, 10, 5), limit)]


def _switch(marketplace: str, name: str, day: date, price: int) -> bool | None:
    rule = RULES.rulebook(marketplace, day).rule(name, _order(marketplace, price=price, cross_border=True))
    return None if rule is None else rule.value


@pytest.mark.parametrize("category", ["cameras", "computers", "films", "games", "music", "office_products", "phones"])
def test_what_goes_with_electronics_goes_back_as_early(category: str) -> None:
    found = RULES.rulebook("IT", date(2024, 3, 25)).rule("return_window", _order("IT", category=category))
    assert found is not None
    assert found.amount == 14


def test_a_christmas_present_goes_back_until_the_end_of_january_and_electronics_too() -> None:
    for category in ("home", "electronics"):
        order = _order("DE", category=category)._replace(purchased_at=instant("2025-12-31T23:59+01:00"))
        late = order._replace(purchased_at=instant("2026-01-01T00:00+01:00"))
        book = RULES.rulebook("DE", date(2026, 1, 31), "Europe/Berlin")
        answers = [book.rule("return_window", each) for each in (order, late)]
        assert [rule and rule.until for rule in answers] == [date(2026, 1, 31), None]
        assert RULES.rulebook("DE", date(2026, 2, 1)).rule("return_window", order) not in answers[:1]


@pytest.mark.parametrize("marketplace", ALL)
def test_invoices_are_owed_and_counted_in_the_five_large_stores_alone(marketplace: str) -> None:
    rulebook = RULES.rulebook(marketplace, date(2026, 6, 1))
    owed = [(rule.amount, rule.clock, rule.ends) for rule in rulebook.rules("invoice")]
    rates = [(str(rate.target), rate.amount, rate.lag) for rate in rulebook.rules("invoice_defect_rate")]
    large = marketplace in LARGE
    assert owed == ([(1, "business_days", "end_of_day")] if large else [])
    assert rates == ([("0.05", 7, 7)] if large else [])


# --- as the desk meets them ---


def _policy(marketplace: str) -> Policy:
    return Policy(STORES[marketplace], RULES)


def _advised(marketplace: str, kind: str, at: str, sold: Order, detail: str = "") -> list[tuple[str, str]]:
    """Return what is advised on a case of the order that begins then."""
    policy, then = _policy(marketplace), instant(at)
    docket = Docket({marketplace: policy})
    docket.record(Fact(kind, marketplace, sold.id, "C", then, then, detail=detail), sold)
    return [(hint.name, hint.says) for hint in advice(docket.cases["C"], docket.dossiers[sold.id], policy)]


@pytest.mark.parametrize("marketplace", ["DE", "UK", "TR"])
def test_a_buyer_may_withdraw_for_fourteen_days_whatever_the_seller_s_policy(marketplace: str) -> None:
    """The desk is told so on returns that it decides by hand, here of a product that is exempt."""
    arrived = instant("2026-03-20T12:00+03:00")
    sold = _order(marketplace)._replace(delivered_at=arrived, exempt=True)
    times = ("2026-04-03T11:00+03:00", "2026-04-04T13:00+03:00")
    found = [_advised(marketplace, "return_requested", at, sold) for at in times]
    assert [("statutory_withdrawal", "14 calendar_days") in told for told in found] == [True, False]


def test_a_withdrawal_counts_local_days_over_a_change_of_the_clock_and_turkey_has_none() -> None:
    """Fourteen days from noon end with the day in Berlin, where spring takes an hour; at noon where no law was read."""
    ends = {}
    for marketplace, zone in (("DE", "+01:00"), ("TR", "+03:00")):
        arrived = instant(f"2026-03-20T12:00{zone}")
        sold = _order(marketplace)._replace(delivered_at=arrived)
        end = _policy(marketplace).at(arrived).window_end("statutory_withdrawal", arrived, sold)
        assert end is not None
        ends[marketplace] = (end - arrived) / HOUR
    assert ends == {"DE": 14 * 24 - 1 + 12, "TR": 14 * 24}


@pytest.mark.parametrize("marketplace", ALL)
def test_claims_are_answered_in_text_and_files_go_through_the_messages(marketplace: str) -> None:
    told = _advised(marketplace, "claim_filed", "2026-04-01T12:00Z", _order(marketplace), "not_received")
    assert ("claim_attachments", "text only; files go through the buyer's messages") in told


@pytest.mark.parametrize(
    ("marketplace", "received", "due"),
    [
        ("FR", "2026-07-13T10:00+02:00", "2026-07-16T10:00+02:00"),  # the fourteenth of July
        ("DE", "2026-07-13T10:00+02:00", "2026-07-15T10:00+02:00"),
        ("DE", "2026-09-30T10:00+02:00", "2026-10-02T10:00+02:00"),
        ("DE", "2026-10-01T10:00+02:00", "2026-10-05T10:00+02:00"),  # unity on a Saturday, which is none anyway
        ("PL", "2026-11-10T10:00+01:00", "2026-11-13T10:00+01:00"),  # independence
        ("ES", "2026-10-09T10:00+02:00", "2026-10-14T10:00+02:00"),  # the twelfth of October
        ("UK", "2026-08-28T10:00+01:00", "2026-09-02T10:00+01:00"),  # the summer bank holiday of England
        ("SE", "2026-05-12T10:00+02:00", "2026-05-15T10:00+02:00"),  # ascension
        ("SE", "2026-06-18T10:00+02:00", "2026-06-23T10:00+02:00"),  # midsummer's eve
        ("NL", "2026-05-04T10:00+02:00", "2026-05-07T10:00+02:00"),  # liberation
        ("TR", "2026-10-28T10:00+03:00", "2026-11-02T10:00+03:00"),  # the republic's day
        ("IE", "2026-10-23T10:00+01:00", "2026-10-28T10:00Z"),  # the October holiday, over the end of summer time
    ],
)
def test_business_days_leave_out_the_store_s_own_holidays(marketplace: str, received: str, due: str) -> None:
    at = instant(received)
    found = _policy(marketplace).at(at).measured("refund_after_receipt", "return_received", at, _order(marketplace))
    assert found is not None
    assert found.expires_at == instant(due)


@pytest.mark.parametrize(
    ("marketplace", "days"),
    [("DE", 730), ("FR", 730), ("ES", 1095), ("SE", 1095), ("UK", 2191)],
)
def test_the_law_s_guarantee_is_as_long_as_the_country_says(marketplace: str, days: int) -> None:
    rule = RULES.rulebook(marketplace, date(2026, 6, 1)).rule("legal_guarantee", _order(marketplace))
    assert rule is not None
    assert (rule.amount, rule.clock) == (days, "calendar_days")


@pytest.mark.parametrize(
    ("marketplace", "name", "begins", "ends"),
    [
        ("DE", "return_window", "2026-05-04T09:00+02:00", "2026-06-04T00:00+02:00"),
        ("UK", "return_window", "2026-05-04T09:00+01:00", "2026-06-04T00:00+01:00"),
        ("UK", "claim_window", "2026-05-04T09:00+01:00", "2026-08-03T00:00+01:00"),
        ("SE", "statutory_withdrawal", "2026-05-04T09:00+02:00", "2026-05-19T00:00+02:00"),
        ("UK", "statutory_withdrawal", "2026-05-04T09:00+01:00", "2026-05-19T00:00+01:00"),
        ("TR", "statutory_withdrawal", "2026-05-04T09:00+03:00", "2026-05-18T09:00+03:00"),
    ],
)
def test_a_window_stays_open_to_the_end_of_its_last_day_where_page_or_law_count_from_a_date(
    marketplace: str, name: str, begins: str, ends: str
) -> None:
    at = instant(begins)
    assert _policy(marketplace).at(at).window_end(name, at, _order(marketplace)) == instant(ends)


@pytest.mark.parametrize(
    ("marketplace", "name", "fact", "ends"),
    [
        ("IT", "chargeback_answer", "chargeback_filed", "2026-05-12T00:00+02:00"),
        ("DE", "chargeback_answer", "chargeback_filed", "2026-05-12T00:00+02:00"),
        ("DE", "appeal", "claim_granted", "2026-06-03T09:00+02:00"),
        ("DE", "safe_t_filing", "return_loss_found", "2026-07-03T09:00+02:00"),
    ],
)
def test_a_deadline_ends_with_its_last_day_where_the_page_counts_from_a_date(
    marketplace: str, name: str, fact: str, ends: str
) -> None:
    at = instant("2026-05-04T09:00+02:00")
    deadline = _policy(marketplace).at(at).measured(name, fact, at, _order(marketplace))
    assert deadline is not None
    assert deadline.expires_at == instant(ends)
