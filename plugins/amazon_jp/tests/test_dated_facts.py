"""Facts about Amazon in Japan that were read late: each on either side of its date."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from aftersale.clocks import instant
from aftersale.orders import Order
from aftersale.rules import RuleSet, load_rules

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
