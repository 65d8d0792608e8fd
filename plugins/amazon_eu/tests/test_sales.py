"""The days of sales, dated where a source has them and rolled by rule in every other year."""

from datetime import date

import pytest

from aftersale.policies.worlds import load_world

(WORLD,) = load_world("aftersale_amazon_eu")


@pytest.mark.parametrize(
    ("year", "days"),
    [
        (
            2025,
            [
                "Prime Day 2025 07-08 4 C",
                "Singles' Day 2025 11-11 1 assumed",
                "Black Friday week 2025 11-20 12 C",
                "Christmas trade 2025 12-02 23 assumed",
            ],
        ),
        (
            2026,
            [
                "Prime Day 2026 06-23 4 C",
                "Singles' Day 2026 11-11 1 assumed",
                "Black Friday week 2026 11-19 12 assumed",
                "Christmas trade 2026 12-02 23 assumed",
            ],
        ),
        (
            2027,
            [
                "Prime Day 2027 07-13 4 assumed",
                "Singles' Day 2027 11-11 1 assumed",
                "Black Friday week 2027 11-18 12 assumed",
                "Christmas trade 2027 12-02 23 assumed",
            ],
        ),
        (
            2028,
            [
                "Prime Day 2028 07-11 4 assumed",
                "Singles' Day 2028 11-11 1 assumed",
                "Black Friday week 2028 11-16 12 assumed",
                "Christmas trade 2028 12-02 23 assumed",
            ],
        ),
    ],
)
def test_sales_have_their_days_in_any_year(year: int, days: list[str]) -> None:
    found = [
        f"{each.name} {each.start:%m-%d} {each.days} {'assumed' if each.rule else each.grade}"
        for sale in WORLD.sale
        for each in sale.between(date(year, 1, 1), date(year, 12, 31))
    ]
    assert found == days


def test_a_rolled_sale_is_graded_as_assumed() -> None:
    assert {sale.grade for sale in WORLD.sale if sale.rule} == {"assumed"}
