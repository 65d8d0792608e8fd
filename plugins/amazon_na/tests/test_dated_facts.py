"""Facts that Amazon in North America changed from 2021 to 2026: each on either side of its date."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from aftersale.cases.facts import Fact
from aftersale.clocks import DAY, HOUR, instant
from aftersale.engine.docket import Docket
from aftersale.orders import Order, OrderLine
from aftersale.policies.marketplaces import load_marketplaces
from aftersale.policies.policy import Policy
from aftersale.rules import RuleSet, load_rules
from aftersale.worth.fees import Fees
from aftersale.worth.parameters import default_parameters

pytestmark = pytest.mark.once
PACKAGE = "aftersale_amazon_na"
RULES = RuleSet(load_rules(PACKAGE))
STORES = {store.name: store for store in load_marketplaces(PACKAGE)}


def sold(marketplace: str = "US", bought: str = "2026-06-01T12:00-07:00", category: str = "home") -> Order:
    return Order("1", marketplace, instant(bought), "MFN", 2500, STORES[marketplace].currency, category=category)


def answers(
    marketplace: str, name: str, turn: str, category: str = "home", rules: RuleSet = RULES, **about: str
) -> list[object]:
    """Return what a rule answers on the day before a date and on it, None where it says nothing."""
    last = date.fromisoformat(turn)
    order = sold(marketplace, category=category)
    rows = [rules.rulebook(marketplace, day).rule(name, order, about) for day in (last - timedelta(1), last)]
    return [None if row is None else row.answer if row.kind != "share" else str(row.share) for row in rows]


@pytest.mark.parametrize(
    ("marketplace", "name", "turn", "about", "before", "after"),
    [
        ("US", "customer_service_fee", "2026-05-22", {"rate": "0.029"}, "0.10 USD", "0.00 USD"),
        ("US", "customer_service_fee", "2026-05-22", {"rate": "0.04"}, "0.10 USD", "0.10 USD"),
        ("US", "customer_service_fee", "2026-05-22", {"rate": "0.10"}, "0.25 USD", "0.25 USD"),
        ("US", "customer_service_fee", "2026-05-22", {"rate": "0.30"}, "0.50 USD", "0.50 USD"),
        ("US", "customer_service_fee", "2026-05-22", {"rate": "0.31"}, "0.70 USD", "0.70 USD"),
        ("US", "customer_service_fee", "2026-05-22", {}, "0.25 USD", "0.00 USD"),
        ("US", "customer_service_free_orders", "2026-05-22", {}, None, 30),
        ("US", "customer_service_free_days", "2026-05-22", {}, None, "90 calendar_days"),
        ("US", "customer_service_tracking", "2026-05-22", {}, "0.95", None),
        (
            "US",
            "customer_service_returnless",
            "2026-05-22",
            {},
            None,
            "late_beyond_promise, damaged_and_not_returnable, unsafe",
        ),
        (
            "US",
            "customer_service_reimbursed",
            "2026-05-22",
            {},
            None,
            "delivery_refund_with_protected_label, goodwill_refund",
        ),
        ("US", "returns_processing_fee_units", "2024-06-01", {}, None, 25),
        ("US", "removal_fee", "2026-01-15", {"situation": "standard_to_0.5_lb"}, "1.04 USD", "0.84 USD"),
        ("US", "digital_services_fee", "2024-10-01", {"situation": "GB"}, None, "0.02"),
        ("MX", "digital_services_fee", "2024-10-01", {"situation": "FR"}, None, "0.03"),
        ("US", "digital_services_fee", "2024-10-01", {}, None, "0"),
        ("CA", "digital_services_fee", "2025-08-15", {}, "0.02", "0"),
        ("CA", "digital_services_fee", "2025-08-15", {"situation": "CA"}, "0.03", "0"),
        ("CA", "digital_services_fee", "2025-08-15", {"situation": "ES"}, "0.03", "0.03"),
        ("US", "digital_services_on_fulfilment", "2024-10-01", {"situation": "IT"}, None, False),
        ("US", "handling_time_checked", "2026-09-01", {}, False, True),
        ("US", "handling_time_checked", "2026-09-01", {"category": "handmade"}, False, False),
        ("US", "handling_time_faster", "2026-06-29", {}, None, 1),
        ("US", "handling_time_watch", "2026-06-29", {}, None, "30 calendar_days"),
        ("US", "handling_time_correction", "2026-06-29", {}, None, "30 calendar_days"),
        ("US", "handling_time_protection", "2026-06-29", {}, None, "180 calendar_days"),
        ("US", "prepaid_label", "2026-02-08", {"category": "handmade"}, "automatic", "seller_choice"),
        ("US", "label_refund_cycle", "2026-02-08", {}, "14 calendar_days", "7 calendar_days"),
        ("US", "label_message", "2026-02-08", {}, True, False),
        (
            "US",
            "automatic_verification",
            "2021-05-24",
            {"situation": "came_back", "claim": "not_received"},
            None,
            "granted_without_defect",
        ),
        (
            "US",
            "automatic_verification",
            "2021-05-24",
            {"situation": "never_sent", "claim": "not_received"},
            None,
            "granted",
        ),
        ("US", "automated_agents_identify", "2026-03-04", {}, False, True),
        ("MX", "agreement_of_its_own", "2026-03-04", {}, False, True),
        ("US", "finances_invoices_api", "2026-06-25", {}, False, True),
        ("US", "claims_report_api", "2026-07-30", {}, False, True),
    ],
)
def test_a_fact_holds_from_its_day_on_and_not_the_day_before(
    marketplace: str, name: str, turn: str, about: dict[str, str], before: object, after: object
) -> None:
    assert answers(marketplace, name, turn, **about) == [before, after]


@pytest.mark.parametrize(
    ("marketplace", "name", "expected", "grade"),
    [
        ("CA", "claims_protection", "protected_label, first_scan_in_time, refund_by_marketplace", "B"),
        ("CA", "claims_protection_answer", "48 wall_hours", "B"),
        ("US", "inquiry_answer", "24 wall_hours", "A"),
        ("US", "defect_rate_quiz", "72 wall_hours", "C"),
        ("US", "defect_rate_quiz_questions", 5, "C"),
        ("MX", "returnless_rules_limit", 20, "assumed"),
        ("MX", "api_fees", False, "A"),
    ],
)
def test_what_nobody_dates_holds_at_all_times(marketplace: str, name: str, expected: object, grade: str) -> None:
    for day in (date(2018, 1, 1), date(2026, 11, 29)):
        row = RULES.rulebook(marketplace, day).rule(name, sold(marketplace))
        assert row is not None
        assert (row.answer, row.grade) == (expected, grade)


@pytest.mark.parametrize(
    ("bought", "until"),
    [
        ("2026-10-31T23:59-07:00", None),
        ("2026-11-01T00:00-07:00", date(2027, 1, 31)),
        ("2026-12-31T23:59-08:00", date(2027, 1, 31)),
        ("2027-01-01T00:00-08:00", None),
    ],
)
def test_the_holidays_of_2026_are_assumed_to_be_as_those_of_the_year_before(bought: str, until: date | None) -> None:
    row = RULES.rulebook("US", date(2027, 1, 10), "America/Los_Angeles").rule("return_window", sold(bought=bought))
    assert row is not None
    assert (row.until, row.grade) == (until, "assumed" if until else "A")


# --- fees ---


def fees(marketplace: str, category: str, price: int, day: str = "2026-11-29", *versions: str) -> Fees:
    order = sold(marketplace, category=category)._replace(price=price, channel="FBA")
    book = RULES.with_versions(versions).rulebook(marketplace, date.fromisoformat(day))
    return Fees(book, order, default_parameters())


@pytest.mark.parametrize(
    ("marketplace", "category", "price", "day", "fee"),
    [
        ("US", "apparel", 1499, "2024-01-14", 255),  # 17 %, 254.83
        ("US", "apparel", 1499, "2024-01-15", 75),  # 5 %, 74.95
        ("US", "apparel", 1501, "2024-01-14", 255),
        ("US", "apparel", 1501, "2024-01-15", 150),  # 10 %, 150.1
        ("US", "apparel", 2000, "2026-11-29", 200),
        ("US", "apparel", 2001, "2026-11-29", 340),  # 17 %, 340.17
        ("US", "jewellery", 30_000, "2026-11-29", 5250),  # 20 % of 250 and 5 % of 50
        ("US", "watches", 160_000, "2026-11-29", 24_300),  # 16 % of 1,500 and 3 % of 100
        ("US", "electronics_accessories", 15_000, "2026-11-29", 1900),  # 15 % of 100 and 8 % of 50
        ("US", "furniture", 30_000, "2026-11-29", 4000),  # 15 % of 200 and 10 % of 100
        ("US", "beauty", 1000, "2026-11-29", 80),
        ("US", "beauty", 1001, "2026-11-29", 150),
        ("US", "electronics", 300, "2026-11-29", 30),  # 8 % would be 0.24
        ("CA", "computers", 10_000, "2026-11-29", 600),
        ("CA", "furniture", 30_000, "2026-11-29", 4250),
        ("CA", "health", 1501, "2020-08-31", 225),  # nothing was read: the parameter
        ("CA", "health", 1500, "2020-09-01", 120),
        ("MX", "electronics", 10_000, "2026-11-29", 1500),  # nothing was read: the parameter
    ],
)
def test_a_referral_fee_by_category_price_and_day(
    marketplace: str, category: str, price: int, day: str, fee: int
) -> None:
    assert fees(marketplace, category, price, day).referral().amount == fee


@pytest.mark.parametrize(
    ("category", "price", "kept"),
    [("home", 10_000, 300), ("home", 20_000, 500), ("electronics", 10_000, 160), ("books", 10_000, 0)],
)
def test_the_lesser_of_five_dollars_and_a_fifth_of_the_referral_fee_is_kept_of_a_refund(
    category: str, price: int, kept: int
) -> None:
    fee = fees("US", category, price).refund_administration(price)
    assert fee is not None
    assert fee.amount == kept


def test_the_american_page_that_counts_units_is_a_version() -> None:
    lines = (OrderLine("S", 2, 40_000),)
    for versions, kept in (((), 500), (("refund_fee_per_unit",), 1000)):
        made = fees("US", "home", 40_000, "2026-11-29", *versions)
        fee = Fees(made.book, made.order._replace(lines=lines), made.parameters).refund_administration(40_000)
        assert fee is not None
        assert fee.amount == kept


@pytest.mark.parametrize("marketplace", ["CA", "MX"])
def test_what_canada_and_mexico_keep_is_not_known_and_a_parameter(marketplace: str) -> None:
    fee = fees(marketplace, "home", 10_000).refund_administration(10_000)
    assert fee is not None
    assert "refund_administration_share" in fee.basis


@pytest.mark.parametrize(
    ("category", "day", "often", "size", "amount"),
    [
        ("apparel", "2024-05-31", False, "small_standard_to_6_oz", 212),
        ("apparel", "2024-06-01", False, "small_standard", 165),
        ("home", "2024-05-31", True, "", None),
        ("home", "2024-06-01", True, "", 434),
        ("home", "2024-06-01", False, "", None),
    ],
)
def test_a_return_to_the_marketplace_is_charged_by_category_and_day(
    category: str, day: str, often: bool, size: str, amount: int | None
) -> None:
    fee = fees("US", category, 2500, day).returns_processing(often, size)
    assert (fee and fee.amount) == amount


# --- as cases meet them ---


def docket(*versions: str) -> Docket:
    return Docket({"US": Policy(STORES["US"], RULES.with_versions(versions))})


def told(at: Docket, kind: str, when: int, case: str, about: str = "", detail: str = "") -> None:
    at.record(Fact(kind, "US", "1", case, when, when, about=about, detail=detail), sold())


START = instant("2026-06-10T09:00-07:00")


@pytest.mark.parametrize(("hours", "state"), [(24, "answered"), (25, "decided_by_marketplace")])
def test_the_marketplace_s_own_question_is_answered_within_a_day_or_it_decides(hours: int, state: str) -> None:
    cases = docket()
    told(cases, "marketplace_asked", START, "Q")
    task = cases.cases["Q"].task
    assert task is not None
    assert (task.kind, task.due, task.set_by) == ("answer_inquiry", START + 24 * HOUR, "rule")
    told(cases, "inquiry_answered", START + hours * HOUR - 1, "Q")
    cases.advance(START + 3 * DAY)
    assert cases.cases["Q"].state == state


def claimed(*versions: str, kind: str = "not_received_reported", claim: str, after: int) -> str:
    """Return where a claim stands that is filed so many hours after a contact that nobody answered."""
    cases = docket(*versions)
    told(cases, kind, START, "C")
    cases.advance(START + after * HOUR)
    told(cases, "claim_filed", START + after * HOUR, "K", "C", claim)
    return cases.cases["K"].state


@pytest.mark.parametrize(
    ("versions", "kind", "claim", "after", "state"),
    [
        ((), "not_received_reported", "not_received", 49, "granted"),
        ((), "not_as_described_reported", "not_as_described", 49, "granted"),
        (("claims_page_27951",), "not_received_reported", "not_received", 49, "filed"),
        (("claims_page_27951",), "not_as_described_reported", "not_as_described", 47, "filed"),
        (("claims_page_27951",), "not_as_described_reported", "not_as_described", 49, "granted"),
    ],
)
def test_the_page_of_today_tells_claims_of_what_did_not_come_from_others(
    versions: tuple[str, ...], kind: str, claim: str, after: int, state: str
) -> None:
    assert claimed(*versions, kind=kind, claim=claim, after=after) == state


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        ((), "72 wall_hours"),
        (("claims_page_1781",), "48 wall_hours"),
        (("claims_page_27951",), "3 calendar_days"),
    ],
)
def test_an_investigator_waits_as_long_as_the_page_that_is_followed_says(
    versions: tuple[str, ...], expected: str
) -> None:
    for day in (date(2019, 1, 1), date(2026, 11, 29)):
        rows = RULES.with_versions(versions).rulebook("US", day).rules("information_request")
        assert [row.answer for row in rows] == [expected]


@pytest.mark.parametrize(
    ("shown", "bought", "state", "defects"),
    [
        ("parcel_came_back", "2021-05-24T00:00-07:00", "granted_without_defect", 0),
        ("parcel_never_sent", "2021-05-24T00:00-07:00", "granted", 1),
        ("parcel_came_back", "2021-05-23T23:00-07:00", "filed", 0),
        ("parcel_never_sent", "2021-05-23T23:00-07:00", "filed", 0),
    ],
)
def test_tracking_decides_a_claim_by_itself_since_may_2021(shown: str, bought: str, state: str, defects: int) -> None:
    cases, at = docket(), instant(bought)
    told(cases, "not_received_reported", at - 2 * HOUR, "C")
    told(cases, shown, at - HOUR, "C")
    told(cases, "claim_filed", at, "K", "C", "not_received")
    assert cases.cases["K"].state == state
    assert sum(defect.step for defect in cases.tally.defects if defect.component == "claim") == defects


@pytest.mark.parametrize(("day", "windows"), [(date(2026, 6, 5), [90]), (date(2026, 6, 6), [90, 28])])
def test_contacts_per_unit_are_told_for_the_fee_and_over_four_weeks_since_june_2026(
    day: date, windows: list[int]
) -> None:
    rows = RULES.rulebook("US", day).rules("contacts_per_unit")
    assert [(row.target, row.state, row.window) for row in rows] == [(None, None, window) for window in windows]
    told = RULES.rulebook("US", day).rules("mean_first_reply_hours")
    assert [(row.target, row.window) for row in told] == [(None, 28)][: len(windows) - 1]
