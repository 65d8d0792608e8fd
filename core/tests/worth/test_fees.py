"""The fees of a sale, a refund and a return, by rows made for these tests."""

from datetime import date

import pytest
import tomli
from hypothesis import given, strategies as st

from aftersale.base.errors import MoneyError
from aftersale.orders import OrderLine
from aftersale.rules import RuleSet, parse_rules
from aftersale.testing import order
from aftersale.worth.fees import Fee, Fees, split
from aftersale.worth.parameters import default_parameters

STEPS = """
rule = [
  { name = "referral_fee", share = "0.17", when = { category = "apparel" } },
  { name = "referral_fee", share = "0.05", when = { category = "apparel", price_up_to = "15.00" } },
  { name = "referral_fee", share = "0.20", when = { category = "jewellery" } },
  { name = "referral_fee_above", share = "0.05", when = { category = "jewellery", price_above = "250.00" } },
  { name = "referral_fee", share = "0.15", when = { category = ["books", "home"] } },
  { name = "referral_fee_minimum", money = "0.30", currency = "EUR" },
  { name = "closing_fee", money = "1.80", currency = "EUR", when = { category = "books" } },
  { name = "digital_services_fee", share = "0.02" },
  { name = "digital_services_fee", share = "0.03", when = { situation = "here" } },
  { name = "refund_administration_fee", share = "0.20", money = "5.00", currency = "EUR" },
  { name = "refund_administration_fee", share = "0", when = { category = "books" } },
  { name = "returns_processing_fee", value = true },
  { name = "returns_processing_threshold", share = "0", when = { category = "apparel" } },
  { name = "returns_processing_threshold", share = "0.05", when = { category = "home" } },
  { name = "returns_processing_amount", money = "2.22", currency = "EUR", when = { situation = "small" } },
]
"""
BY_UNIT = 'rule = [{ name = "refund_administration_counts", word = "unit" }]'
UNREAD = 'rule = [{ name = "refund_administration_fee", share = "0.20", grade = "unknown" }]'


def book(*documents):
    told = {"marketplaces": ["REF"], "source": "made up", "grade": "K"}
    rows = [{**told, **row} for each in documents for row in tomli.loads(each)["rule"]]
    return RuleSet(parse_rules({"rule": rows}, "rules of the test")).rulebook("REF", date(2026, 6, 1))


def fees(price=2500, category="home", *, rules=(STEPS,), own=(), established="", **changes):
    sold = order(price=price, category=category, **changes)
    return Fees(book(*rules), sold, default_parameters().with_own(dict(own)), established)


@pytest.mark.parametrize(
    ("category", "price", "fee"),
    [
        ("apparel", 1499, 75),  # 74.95: the whole price has the lower rate
        ("apparel", 1500, 75),
        ("apparel", 1501, 255),  # 255.17: the whole price has the higher one
        ("jewellery", 25_000, 5000),
        ("jewellery", 30_000, 5250),  # 20 % of 250 and 5 % of the 50 above
        ("home", 199, 30),  # 29.85: less than the minimum
        ("home", 210, 32),  # 31.5
        ("home", 0, 0),
        ("made_of_glass", 2500, 375),
    ],
)
def test_a_referral_fee_has_steps_of_the_whole_price_and_steps_of_a_part_of_it(category, price, fee):
    assert fees(price, category).referral()[:2] == (fee, "EUR")


def test_a_referral_fee_names_the_rows_that_it_rests_on_or_the_parameter():
    dear = fees(30_000, "jewellery").referral()
    assert dear.basis == (
        "rule: REF referral_fee [category=jewellery] 0.20 …–…",
        "rule: REF referral_fee_above [category=jewellery, price_above=250.00] 0.05 …–…",
    )
    cheap = fees(100).referral()
    assert cheap.basis[-1] == "rule: REF referral_fee_minimum 0.30 EUR …–…"
    assert fees(category="glass").referral() == Fee(375, "EUR", ("referral_fee_share",))
    assert fees(category="glass", own={"referral_fee_share": "0.08"}).referral().amount == 200


def test_steps_and_minimum_are_read_for_each_unit_and_lines_share_the_shipping():
    two = (OrderLine("S", 2, 2000), OrderLine("T", 1, 1000))
    # 33.00 for 30.00 of goods: two units at 11.00, each at 5 %, and one more.
    assert fees(3300, "apparel", lines=two).referral().amount == 165
    # As one item of 33.00 it would be 17 %.
    assert fees(3300, "apparel").referral().amount == 561
    # Three units of 3.33 and 3.34 together pay three times the minimum.
    assert fees(100, lines=(OrderLine("S", 3, 100),)).referral().amount == 90


def test_a_closing_fee_is_for_each_unit_and_the_digital_fee_takes_both():
    books = (OrderLine("S", 2, 2000),)
    made = fees(2000, "books", lines=books)
    assert made.closing() == Fee(360, "EUR", ("rule: REF closing_fee [category=books] 1.80 EUR …–…",))
    assert fees(2000).closing() is None
    assert fees(2000, "books", lines=books, established="here").digital_services().amount == 20  # 3 % of 6.60: 19.8
    assert fees(2000, "books", lines=books, established="there").digital_services().amount == 13  # 2 %: 13.2
    assert fees(rules=("rule = []",)).digital_services() is None


def test_a_seller_who_does_not_say_where_he_is_counts_as_elsewhere_and_is_told():
    fee = fees().digital_services()
    assert fee == Fee(
        8,  # 2 % of 3.75: 7.5
        "EUR",
        (
            "rule: REF digital_services_fee 0.02 …–…",
            "no rule seller_established_in: as a seller established elsewhere",
            "rule: REF referral_fee [category=books|home] 0.15 …–…",
        ),
    )


@pytest.mark.parametrize(
    ("price", "refunded", "kept"),
    [
        (34_500, 34_500, 500),  # 15 % are 51.75, 20 % of it 10.35
        (2500, 2500, 75),
        (2500, 1000, 30),
        (2500, 0, 0),
        (30_000, 10_000, 300),
        (0, 1000, 30),
    ],
)
def test_of_a_refund_a_share_of_its_part_of_the_referral_fee_is_kept_and_a_sum_at_most(price, refunded, kept):
    fee = fees(price).refund_administration(refunded)
    assert (0 if fee is None else fee.amount) == kept


def test_the_sum_at_most_is_for_each_line_or_for_each_unit():
    lines = (OrderLine("S", 2, 40_000), OrderLine("T", 1, 20_000))
    sold = {"price": 60_000, "lines": lines}
    assert fees(**sold).refund_administration(60_000).amount == 1000
    assert fees(**sold, rules=(STEPS, BY_UNIT)).refund_administration(60_000).amount == 1500
    assert fees(60_000).refund_administration(60_000).amount == 500
    # A part of the price is a part of each line: 12 of 1,200 and 6 of 600 cents.
    assert fees(**sold).refund_administration(600).amount == 18


def test_books_keep_nothing_and_what_is_not_known_is_a_parameter():
    assert fees(category="books").refund_administration(2500).amount == 0
    assert fees(rules=("rule = []",)).refund_administration(2500) is None
    unread = fees(rules=(UNREAD,), own={"refund_administration_share": "0.10"}).refund_administration(2500)
    assert unread == Fee(
        38,  # 10 % of 15 %: 37.5
        "EUR",
        ("rule: REF refund_administration_fee 0.20 …–…", "refund_administration_share", "referral_fee_share"),
    )


def test_a_row_in_another_money_than_the_orders_is_refused():
    with pytest.raises(MoneyError, match=r"the order is in JPY, and REF referral_fee_minimum 0\.30 EUR"):
        fees(100, currency="JPY").referral()


@pytest.mark.parametrize(
    ("category", "often", "size", "fee"),
    [
        ("apparel", False, "small", (222, "EUR")),
        ("apparel", False, "", (434, "USD")),
        ("apparel", False, "huge", (434, "USD")),
        ("home", False, "small", None),
        ("home", True, "small", (222, "EUR")),
        ("glass", True, "", (434, "USD")),
    ],
)
def test_a_return_is_charged_each_time_or_where_it_is_frequent_by_the_size_of_the_unit(category, often, size, fee):
    found = fees(category=category).returns_processing(often, size)
    assert (found and found[:2]) == fee
    assert fees(category=category, rules=("rule = []",)).returns_processing(often, size) is None


def test_two_units_that_come_back_are_charged_twice():
    lines = (OrderLine("S", 2, 2500),)
    assert fees(category="apparel", lines=lines).returns_processing(size="small").amount == 444


AMOUNTS = st.integers(0, 10**12)


@given(AMOUNTS, st.lists(st.integers(0, 10**9), min_size=1, max_size=6).filter(any))
def test_parts_of_an_amount_add_up_to_it(amount, weights):
    parts = split(amount, weights)
    assert sum(parts) == amount
    assert all(part >= 0 for part in parts)
    assert all(part == 0 for part, weight in zip(parts, weights, strict=True) if weight == 0)


LINES = st.lists(st.builds(OrderLine, st.just("S"), st.integers(1, 9), st.integers(0, 10**7)), max_size=4).map(tuple)


@given(st.integers(0, 10**8), LINES, st.integers(0, 10**8), st.sampled_from(("apparel", "jewellery", "books", "x")))
def test_fees_are_whole_never_negative_and_never_above_the_price_but_for_a_minimum(price, lines, refunded, category):
    made = fees(price, category, lines=lines)
    units = sum(line.quantity for line in lines) or 1
    assert 0 <= made.referral().amount <= price // 5 + 1 + 30 * units
    kept = made.refund_administration(refunded)
    assert kept is None or 0 <= kept.amount <= 500 * max(1, len(lines))
