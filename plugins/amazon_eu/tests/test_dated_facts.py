"""Facts that Amazon and the law in Europe changed from 2024 to 2026: each on either side of its date."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from aftersale.cases.facts import Fact
from aftersale.clocks import DAY, HOUR, instant
from aftersale.engine.docket import Docket
from aftersale.orders import Order
from aftersale.policies.marketplaces import load_marketplaces
from aftersale.policies.policy import Policy
from aftersale.rules import RuleSet, load_rules
from aftersale.worth.fees import Fees
from aftersale.worth.parameters import default_parameters

pytestmark = pytest.mark.once
PACKAGE = "aftersale_amazon_eu"
RULES = RuleSet(load_rules(PACKAGE))
STORES = {store.name: store for store in load_marketplaces(PACKAGE)}
EU = ("DE", "FR", "IT", "ES", "NL", "SE", "PL", "BE", "IE")


def sold(marketplace: str = "DE", bought: str = "2026-06-20T12:00+02:00", category: str = "home") -> Order:
    return Order("1", marketplace, instant(bought), "MFN", 2500, STORES[marketplace].currency, category=category)


def answer(marketplace: str, name: str, day: date, order: Order | None = None, **about: str) -> object:
    rulebook = RULES.rulebook(marketplace, day, STORES[marketplace].zone)
    row = rulebook.rule(name, sold(marketplace) if order is None else order, about)
    return None if row is None else row.answer


@pytest.mark.parametrize("marketplace", EU)
@pytest.mark.parametrize(
    ("name", "category", "turn", "before", "after"),
    [
        ("right_to_repair", "phones", "2026-07-31", False, True),
        ("right_to_repair", "toys", "2026-07-31", False, False),
        ("guarantee_after_repair", "phones", "2026-07-31", None, "365 calendar_days"),
        ("finances_invoices_api", "home", "2026-06-25", False, True),
        ("claims_report_api", "home", "2026-07-30", False, True),
    ],
)
def test_a_fact_holds_from_its_day_on_and_not_the_day_before(
    marketplace: str, name: str, category: str, turn: str, before: object, after: object
) -> None:
    first = date.fromisoformat(turn)
    order = sold(marketplace, category=category)
    assert [answer(marketplace, name, day, order) for day in (first - timedelta(1), first)] == [before, after]


@pytest.mark.parametrize("marketplace", EU)
@pytest.mark.parametrize("name", ["withdrawal_button", "withdrawal_receipt"])
def test_the_withdrawal_function_is_for_contracts_from_its_day_on(marketplace: str, name: str) -> None:
    zone = "+01:00" if marketplace == "IE" else "+02:00"
    bought = [sold(marketplace, f"2026-06-{time}{zone}") for time in ("18T23:59", "19T00:00")]
    assert [answer(marketplace, name, date(2026, 7, 1), order) for order in bought] == [False, True]
    assert answer(marketplace, name, date(2026, 6, 18), bought[1]) is False


def test_refunds_at_the_first_scan_were_announced_for_september_2022_and_came_to_france_a_year_later() -> None:
    days = [date(2022, 9, 29), date(2022, 9, 30), date(2023, 9, 29), date(2023, 9, 30)]
    found = {place: [answer(place, "refund_at_first_scan", day) for day in days] for place in ("DE", "UK", "FR", "SE")}
    assert found == {
        "DE": [False, True, True, True],
        "UK": [False, True, True, True],
        "FR": [False, False, False, True],
        "SE": [False] * 4,
    }


@pytest.mark.parametrize("name", ["withdrawal_receipt", "right_to_repair", "withdrawal_fine"])
def test_the_law_of_the_union_says_nothing_of_the_united_kingdom_and_turkey(name: str) -> None:
    assert [answer(place, name, date(2026, 11, 29), sold(place, category="phones")) for place in ("UK", "TR")] == [
        None,
        None,
    ]


def test_a_fine_for_no_withdrawal_button_is_known_of_germany_since_the_day_of_the_button() -> None:
    assert [answer("DE", "withdrawal_fine", date(2026, 6, day)) for day in (18, 19)] == [None, "50000.00 EUR"]


@pytest.mark.parametrize(
    ("rate", "fee"),
    [
        ("0.05", "0.09 EUR"),
        ("0.06", "0.41 EUR"),
        ("0.15", "0.41 EUR"),
        ("0.16", "1.09 EUR"),
        ("0.31", "2.55 EUR"),
        ("", "0.41 EUR"),
    ],
)
def test_the_marketplace_s_customer_service_costs_by_contacts_per_unit(rate: str, fee: str) -> None:
    about = {"rate": rate} if rate else {}
    assert answer("DE", "customer_service_fee", date(2026, 11, 29), **about) == fee


@pytest.mark.parametrize(
    ("marketplace", "name", "expected"),
    [
        ("UK", "offer_suppression", 2),
        ("UK", "offer_suppression_days", "30 calendar_days"),
        ("IT", "offer_suppression", 2),
        ("DE", "returnless_rules_limit", 20),
        ("DE", "safe_t_limit", "5000.00 EUR"),
        ("UK", "safe_t_limit", "5000.00 GBP"),
        ("SE", "safe_t_limit", None),
        ("FR", "api_fees", False),
    ],
)
def test_what_nobody_dates_holds_at_all_times(marketplace: str, name: str, expected: object) -> None:
    assert [answer(marketplace, name, day) for day in (date(2018, 1, 1), date(2026, 11, 29))] == [expected] * 2


@pytest.mark.parametrize(
    ("marketplace", "bought", "category", "until"),
    [
        ("DE", "2024-10-31T23:59+01:00", "home", None),
        ("DE", "2024-11-01T00:00+01:00", "home", date(2025, 1, 31)),
        ("DE", "2024-12-25T23:59+01:00", "home", date(2025, 1, 31)),
        ("DE", "2024-12-26T00:00+01:00", "home", None),
        ("DE", "2024-12-25T23:59+01:00", "electronics", date(2025, 1, 15)),
        ("FR", "2024-12-25T23:59+01:00", "home", date(2025, 1, 31)),
        ("FR", "2024-12-25T23:59+01:00", "electronics", date(2025, 1, 31)),
        ("DE", "2026-10-31T23:59+01:00", "home", None),
        ("DE", "2026-11-01T00:00+01:00", "home", date(2027, 1, 31)),
        ("DE", "2026-12-31T23:59+01:00", "toys", date(2027, 1, 31)),
        ("DE", "2027-01-01T00:00+01:00", "home", None),
    ],
)
def test_presents_of_2024_and_2026_go_back_in_the_new_year(
    marketplace: str, bought: str, category: str, until: date | None
) -> None:
    order = sold(marketplace, bought, category)
    day = date(2025, 1, 10) if bought < "2025" else date(2027, 1, 10)
    row = RULES.rulebook(marketplace, day, STORES[marketplace].zone).rule("return_window", order)
    assert row is not None
    assert row.until == until


@pytest.mark.parametrize(
    ("marketplace", "versions", "expected"),
    [
        ("DE", (), "48 wall_hours"),
        ("DE", ("claims_page_27951",), "3 calendar_days"),
        ("FR", ("claims_page_27951",), "72 wall_hours"),
        ("IT", ("claims_page_27951",), "48 wall_hours"),
        ("UK", (), "3 calendar_days"),
        ("UK", ("claims_page_1781",), "48 wall_hours"),
    ],
)
def test_an_investigator_waits_as_long_as_the_page_that_is_followed_says(
    marketplace: str, versions: tuple[str, ...], expected: str
) -> None:
    rows = RULES.with_versions(versions).rulebook(marketplace, date(2026, 11, 29)).rules("information_request")
    assert [row.answer for row in rows] == [expected]


# --- as cases meet them ---


def docket(marketplace: str = "DE") -> Docket:
    return Docket({marketplace: Policy(STORES[marketplace], RULES)})


def told(at: Docket, kind: str, when: int, case: str, marketplace: str = "DE") -> None:
    at.record(Fact(kind, marketplace, "1", case, when, when), sold(marketplace))


START = instant("2026-07-10T09:00+02:00")


@pytest.mark.parametrize(("marketplace", "due"), [("DE", "2026-07-25T00:00+02:00"), ("UK", "2026-07-25T00:00+01:00")])
def test_a_withdrawal_is_a_case_of_its_own_and_its_refund_is_due_in_fourteen_days(marketplace: str, due: str) -> None:
    cases = docket(marketplace)
    told(cases, "withdrawal_declared", START, "W", marketplace)
    told(cases, "return_received", START + 3 * DAY, "W", marketplace)
    case = cases.cases["W"]
    assert case.task is not None
    assert (case.kind, case.state, case.task.kind, case.task.due) == ("withdrawal", "declared", "refund", instant(due))
    told(cases, "refunded", START + 5 * DAY, "W", marketplace)
    assert cases.cases["W"].state == "refunded"


def test_a_wish_for_a_repair_is_a_task() -> None:
    cases = docket()
    told(cases, "repair_requested", START, "R")
    task = cases.cases["R"].task
    assert task is not None
    assert (task.kind, task.due, task.set_by) == ("decide_repair", START + 48 * HOUR, "handbook")
    told(cases, "repair_agreed", START + HOUR, "R")
    told(cases, "repaired", START + 9 * DAY, "R")
    assert cases.cases["R"].state == "repaired"


@pytest.mark.parametrize(("hours", "state"), [(24, "answered"), (25, "decided_by_marketplace")])
def test_the_marketplace_s_own_question_is_answered_within_a_day_or_it_decides(hours: int, state: str) -> None:
    cases = docket()
    told(cases, "marketplace_asked", START, "Q")
    told(cases, "inquiry_answered", START + hours * HOUR - 1, "Q")
    cases.advance(START + 3 * DAY)
    assert cases.cases["Q"].state == state


def test_what_the_marketplace_s_service_refunded_may_be_claimed_back() -> None:
    for marketplace in ("DE", "UK"):
        row = RULES.rulebook(marketplace, date(2026, 11, 29)).rule(
            "safe_t", sold(marketplace), {"program": "customer_service"}
        )
        assert row is not None
        assert (row.value, row.when.program) == (True, "customer_service")


# --- fees ---


def fees(marketplace: str, category: str, price: int, day: str = "2026-11-29", channel: str = "FBA") -> Fees:
    order = sold(marketplace, category=category)._replace(price=price, channel=channel)
    return Fees(RULES.rulebook(marketplace, date.fromisoformat(day)), order, default_parameters())


@pytest.mark.parametrize(
    ("marketplace", "category", "price", "day", "fee"),
    [
        *((place, "home", 2000, "2026-01-31", 300) for place in ("UK", "DE", "FR", "IT", "ES", "NL")),
        *((place, "home", 2000, "2026-02-01", 160) for place in ("UK", "DE", "FR", "IT", "ES")),
        *((place, "home", 2001, "2026-02-01", 300) for place in ("UK", "DE", "FR", "IT", "ES")),
        ("NL", "home", 2000, "2026-02-01", 300),
        ("DE", "pet_food", 1000, "2026-01-31", 150),
        ("DE", "pet_food", 1000, "2026-02-01", 50),
        ("UK", "pet_clothing", 1001, "2026-02-01", 150),
        ("UK", "grocery", 1000, "2026-01-31", 80),
        ("UK", "grocery", 1000, "2026-02-01", 50),
        ("FR", "vitamins", 1000, "2026-01-31", 80),
        ("FR", "vitamins", 1000, "2026-02-01", 50),
        ("BE", "grocery", 1000, "2026-02-01", 80),
        ("UK", "toys", 10_000, "2024-09-30", 1530),  # with 2 % of tax inside
        ("UK", "toys", 10_000, "2024-10-01", 1500),
        ("UK", "electronics", 10_000, "2024-09-30", 714),
        ("UK", "electronics", 10_000, "2024-10-01", 700),
        ("UK", "automotive", 5500, "2021-06-07", 825),  # nothing was read: the parameter
        ("UK", "automotive", 5500, "2021-06-08", 780),  # 15.3 % of 45 and 9.18 % of 10: 6.885 and 0.918
        ("UK", "jewellery", 30_000, "2026-11-29", 4500),  # its first step was not read: the parameter
        ("UK", "apparel", 5000, "2022-03-31", 683),  # 15.3 % of 40 and 7.14 % of 10: 6.12 and 0.714
        ("UK", "apparel", 5000, "2022-04-01", 765),
        ("DE", "apparel", 5000, "2022-03-31", 710),
        ("DE", "apparel", 5000, "2022-04-01", 750),
        ("DE", "jewellery", 30_000, "2026-11-29", 5250),
        ("DE", "furniture", 30_000, "2026-11-29", 4000),
        ("DE", "electronics_accessories", 15_000, "2026-11-29", 1900),
        ("DE", "automotive", 6000, "2026-11-29", 840),
        ("SE", "home", 10_000, "2026-11-29", 1500),  # nothing was read: the parameter
        ("TR", "electronics", 10_000, "2026-11-29", 600),
    ],
)
def test_a_referral_fee_by_category_price_and_day(
    marketplace: str, category: str, price: int, day: str, fee: int
) -> None:
    assert fees(marketplace, category, price, day).referral().amount == fee


def test_a_promotion_for_clothing_was_for_what_goes_with_prime() -> None:
    assert [fees("DE", "apparel", 5000, "2022-03-31", channel).referral().amount for channel in ("SFP", "MFN")] == [
        710,
        750,
    ]


@pytest.mark.parametrize("marketplace", ["UK", "IT", "ES", "NL", "DE", "FR", "BE", "IE"])
@pytest.mark.parametrize(("price", "kept"), [(34_500, 500), (10_000, 300)])
def test_a_fifth_of_the_referral_fee_is_kept_and_five_at_most(marketplace: str, price: int, kept: int) -> None:
    # The Italian page: 345 EUR at 15 % are 51.75, 20 % of it 10.35, charged 5.00.
    made = fees(marketplace, "toys", price)
    fee = made.refund_administration(price)
    assert made.referral().amount == price * 15 // 100
    assert fee is not None
    assert fee.amount == kept


@pytest.mark.parametrize("marketplace", ["SE", "PL", "TR"])
def test_what_is_kept_in_sweden_poland_and_turkey_is_not_known_and_a_parameter(marketplace: str) -> None:
    fee = fees(marketplace, "toys", 10_000).refund_administration(10_000)
    assert fee is not None
    assert "refund_administration_share" in fee.basis


@pytest.mark.parametrize("marketplace", ["UK", "IT", "ES", "NL"])
def test_nothing_is_kept_of_a_book(marketplace: str) -> None:
    fee = fees(marketplace, "books", 2000).refund_administration(2000)
    assert fee is not None
    assert fee.amount == 0


@pytest.mark.parametrize(
    ("marketplace", "situation", "rate"),
    [
        *((place, "GB", "0.02") for place in ("UK", "FR", "DE", "NL")),
        *((place, "FR", "0.03") for place in ("UK", "FR", "DE", "NL")),
        *((place, "ES", "0.03") for place in ("UK", "IT", "SE")),
        *((place, "CN", "0.02") for place in ("UK", "FR", "IT", "ES")),
        *((place, "CN", "0") for place in ("DE", "NL", "PL")),
        ("TR", "GB", "0"),
    ],
)
def test_the_digital_services_fee_goes_by_where_the_seller_is(marketplace: str, situation: str, rate: str) -> None:
    days = date(2024, 9, 30), date(2024, 10, 1)
    found = [answer(marketplace, "digital_services_fee", day, situation=situation) for day in days]
    assert [None if row is None else str(row) for row in found] == [None, rate]


def test_a_canadian_seller_paid_it_until_canada_took_its_tax_away() -> None:
    days = date(2025, 8, 14), date(2025, 8, 15)
    assert [str(answer("DE", "digital_services_fee", day, situation="CA")) for day in days] == ["0.03", "0"]


@pytest.mark.parametrize(
    ("marketplace", "category", "day", "often", "size", "fee"),
    [
        ("DE", "home", "2025-01-31", True, "", None),
        ("DE", "home", "2025-02-01", True, "", (393, "EUR")),
        ("DE", "home", "2025-02-01", True, "light_envelope_to_20_g", (222, "EUR")),
        ("UK", "home", "2025-02-01", True, "", (284, "GBP")),
        ("ES", "home", "2025-02-01", False, "", None),
        ("FR", "shoes", "2021-02-28", False, "", None),
        ("FR", "shoes", "2021-03-01", False, "", (434, "USD")),  # half an unknown fee: the parameter
        ("FR", "shoes", "2025-02-01", False, "", (393, "EUR")),
        *((place, "shoes", "2026-11-29", True, "", None) for place in ("NL", "SE", "PL", "BE", "IE", "TR")),
    ],
)
def test_a_return_to_the_marketplace_is_charged_by_store_category_and_day(
    marketplace: str, category: str, day: str, often: bool, size: str, fee: tuple[int, str] | None
) -> None:
    found = fees(marketplace, category, 2500, day).returns_processing(often, size)
    assert (found and found[:2]) == fee


@pytest.mark.parametrize(
    ("marketplace", "fee"), [("UK", "0.39 GBP"), ("ES", "0.39 EUR"), ("SE", "3.92 SEK"), ("PL", None)]
)
def test_a_removal_costs_by_weight(marketplace: str, fee: str | None) -> None:
    assert answer(marketplace, "removal_fee", date(2026, 11, 29), situation="standard_to_500_g") == fee
