"""Facts about Amazon in Japan that were read late: each on either side of its date."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from aftersale.clocks import instant
from aftersale.orders import Order
from aftersale.rules import RuleSet, load_rules
from aftersale.worth.fees import Fees
from aftersale.worth.parameters import default_parameters

pytestmark = pytest.mark.once

RULES = RuleSet(load_rules("aftersale_amazon_jp"))
ORDER = Order("1", "JP", instant("2026-06-01T12:00+09:00"), "MFN", 2500, "JPY")


@pytest.mark.parametrize(
    ("name", "turn", "about", "before", "after"),
    [
        ("customer_service_fee", "2021-09-06", {"rate": "0.05"}, "38 JPY", "11 JPY"),
        ("customer_service_fee", "2021-09-06", {"rate": "0.10"}, "38 JPY", "38 JPY"),
        ("customer_service_fee", "2021-09-06", {"rate": "0.20"}, "38 JPY", "76 JPY"),
        ("customer_service_fee", "2021-09-06", {"rate": "0.21"}, "38 JPY", "163 JPY"),
        ("customer_service_fee", "2021-09-06", {}, "38 JPY", "38 JPY"),
        ("inquiry_answer", "2021-09-06", {}, "24 wall_hours", "24 wall_hours"),
        ("finances_invoices_api", "2026-06-25", {}, False, True),
        ("claims_report_api", "2026-07-30", {}, False, True),
        ("api_fees", "2026-01-01", {}, False, False),
    ],
)
def test_a_fact_holds_from_its_day_on_and_not_the_day_before(
    name: str, turn: str, about: dict[str, str], before: object, after: object
) -> None:
    first = date.fromisoformat(turn)
    rows = [RULES.rulebook("JP", day).rule(name, ORDER, about) for day in (first - timedelta(1), first)]
    assert [row and row.answer for row in rows] == [before, after]


def test_contacts_per_unit_are_read_since_the_fee_goes_by_them() -> None:
    rows = [RULES.rulebook("JP", date(2021, 9, day)).rules("contacts_per_unit") for day in (5, 6)]
    assert [[(row.target, row.window, row.grade) for row in found] for found in rows] == [[], [(None, 90, "A")]]


# --- fees ---


def fees(category: str, price: int, day: str = "2026-11-29") -> Fees:
    order = ORDER._replace(category=category, price=price, channel="FBA")
    return Fees(RULES.rulebook("JP", date.fromisoformat(day)), order, default_parameters())


@pytest.mark.parametrize(
    ("category", "price", "day", "fee"),
    [
        ("electronics", 10_000, "2026-11-29", 800),
        ("toys", 10_000, "2026-11-29", 1000),
        ("garden", 700, "2025-04-14", 105),  # nothing was read: the parameter
        ("garden", 700, "2025-04-15", 35),
        ("garden", 750, "2025-04-15", 38),  # 37.5
        ("garden", 751, "2025-04-15", 113),  # 112.65
        ("health_appliances", 1500, "2025-04-14", 225),  # nothing was read: the parameter
        ("health_appliances", 1500, "2025-04-15", 120),
        ("health_appliances", 1501, "2025-10-30", 225),
        ("health_appliances", 1501, "2025-10-31", 150),
        ("health_appliances", 700, "2025-10-30", 105),
        ("health_appliances", 700, "2025-10-31", 35),
        *(("beauty", 700, day, 35) for day in ("2025-10-30", "2025-10-31")),
        *(("beauty", 1500, day, 120) for day in ("2025-10-30", "2025-10-31")),
        *(("beauty", 1501, day, 150) for day in ("2025-10-30", "2025-10-31")),
        ("apparel", 2000, "2026-11-29", 300),  # not read: the parameter
    ],
)
def test_a_referral_fee_by_category_price_and_day(category: str, price: int, day: str, fee: int) -> None:
    assert fees(category, price, day).referral().amount == fee


def test_a_tenth_of_the_referral_fee_is_kept_and_five_hundred_yen_at_most() -> None:
    # The Japanese page: 10 % are 770, charged 500.
    for price, kept in ((77_000, 500), (40_000, 400)):
        fee = fees("toys", price).refund_administration(price)
        assert fee is not None
        assert fee.amount == kept


def test_books_have_a_closing_fee_since_april_2025() -> None:
    assert fees("books", 1000, "2025-04-14").closing() is None
    fee = fees("books", 1000, "2025-04-15").closing()
    assert fee is not None
    assert fee[:2] == (140, "JPY")


def test_clothes_shoes_and_bags_are_charged_for_each_return_and_how_much_is_not_known() -> None:
    for category in ("apparel", "bags", "shoes"):
        fee = fees(category, 5000).returns_processing()
        assert fee is not None
        assert fee[:2] == (434, "USD")
        assert fee.basis[0] == "returns_processing_fee"
    assert fees("home", 5000).returns_processing(often=True) is None


def test_no_digital_services_fee_is_taken_there() -> None:
    fee = fees("toys", 10_000).digital_services()
    assert fee is not None
    assert fee.amount == 0
