"""What orders bring, all worked out at once: of each the same as its fees, goods and parcel by themselves."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pytest
import tomli
from attrs import evolve
from hypothesis import given, settings, strategies as st

from aftersale.channels import FULFILLED_BY_MARKETPLACE
from aftersale.clocks import DAY, local_date
from aftersale.orders import CANCELLED, DELIVERED, LOST, NEVER, SHIPPED, UNKNOWN, WAITING
from aftersale.plugins.plugins import load_plugins
from aftersale.policies.handbook import Handbook, default_handbook
from aftersale.policies.policy import Policy
from aftersale.rules import RuleSet, parse_rules
from aftersale.testing import order, orders, reference
from aftersale.testing.factories import MONDAY
from aftersale.worth.fees import Fees
from aftersale.worth.goods import landed_cost, net
from aftersale.worth.parameters import default_parameters
from aftersale.worth.sales import FeeClasses, sales

PLUGINS = load_plugins((), {"reference": reference})
REF = PLUGINS.policies()["REF"]
ROWS = """
rule = [
  { name = "referral_fee", share = "0.17", when = { category = "apparel" } },
  { name = "referral_fee", share = "0.05", when = { category = "apparel", price_up_to = "15.00" } },
  { name = "referral_fee", share = "0.1", when = { category = "apparel", price_above = "15.00", price_up_to = "20" } },
  { name = "referral_fee", share = "0.20", when = { category = "jewellery" } },
  { name = "referral_fee_above", share = "0.05", when = { category = "jewellery", price_above = "250.00" } },
  { name = "referral_fee", share = "0.15", valid_until = 2026-03-14, when = { category = ["books", "home"] } },
  { name = "referral_fee", share = "0.123456789", valid_from = 2026-03-15, when = { category = ["books", "home"] } },
  { name = "referral_fee_minimum", money = "0.30", currency = "EUR" },
  { name = "referral_fee_minimum", money = "0.45", currency = "EUR", when = { cross_border = true } },
  { name = "closing_fee", money = "1.80", currency = "EUR", when = { category = "books" } },
  { name = "closing_fee", money = "0.75", currency = "EUR", when = { category = "glass", channel = "FBA" } },
  { name = "digital_services_fee", share = "0.02", valid_from = 2026-03-10 },
  { name = "digital_services_fee", share = "0.03", when = { situation = "HERE" } },
]
"""
BY_BUYER = 'rule = [{ name = "referral_fee", share = "0.01", when = { buyer = ["7"] } }]'
ESTABLISHED = 'rule = [{ name = "seller_established_in", word = "HERE" }]'
TOLD = {"marketplaces": ["REF"], "source": "made up", "grade": "K"}


def parsed(*documents):
    rows = [{**TOLD, **row} for each in documents for row in tomli.loads(each)["rule"]]
    return parse_rules({"rule": rows}, "rules of the test")


def policy(*documents, handbook=""):
    own = default_handbook().overlaid(Handbook(parsed(handbook))) if handbook else default_handbook()
    return Policy(REF.marketplace, RuleSet(parsed(*documents)), own)


POLICIES = [policy(ROWS), policy(ROWS, handbook=ESTABLISHED), policy(ROWS, BY_BUYER), policy()]


def share(amount, of):
    return int((Decimal(amount) * of).quantize(Decimal(1), ROUND_HALF_UP))


def alone(sold, outcome, cancelled, terms_of, numbers):
    """What one order brings, by its own fees."""
    if outcome == CANCELLED or cancelled:
        return dict.fromkeys(NAMES, 0) | {"placed": False}
    terms = terms_of.at(sold.purchased_at)
    where = terms.handbook.rule("seller_established_in", sold)
    fees = Fees(terms.rulebook, sold, numbers, "" if where is None else where.word)
    referral = fees.referral()
    others = [fee.amount for fee in (fees.closing(), fees.digital_services()) if fee is not None]
    shipped, by_marketplace = outcome != WAITING, sold.channel in FULFILLED_BY_MARKETPLACE
    parcel = share(sold.price, numbers.value("fulfilment_fee_share")) if by_marketplace else 0
    goods, basis = landed_cost(sold, numbers)
    out = share(sold.price, numbers.value("outbound_cost_share")) if shipped and not by_marketplace else 0
    return {
        "placed": True,
        "revenue": net(sold.price, numbers, "REF"),
        "selling_fees": referral.amount + sum(others) + parcel,
        "landed_cost": goods if shipped else 0,
        "outbound_cost": out,
        "parcels": parcel,
        "assumed_fees": referral.amount if referral.basis == ("referral_fee_share",) else 0,
        "assumed_goods": goods if shipped and "landed_cost_share" in basis else 0,
    }


NAMES = ("revenue", "selling_fees", "landed_cost", "outbound_cost", "parcels", "assumed_fees", "assumed_goods")
# Few days, categories and prices around the steps: most classes have several orders, which the rows must tell apart.
STEPS = (0, 1, 30, 199, 200, 201, 1499, 1500, 1501, 2000, 2001, 25_000, 25_001)
DAYS = (MONDAY, MONDAY + 8 * DAY, MONDAY + 13 * DAY)
CATEGORIES = ("apparel", "jewellery", "books", "glass")
prices = st.sampled_from(STEPS) | st.integers(0, 60_000) | st.integers(0, 10**13)
sold = st.builds(
    order,
    id=st.uuids().map(str),
    price=prices,
    purchased_at=st.sampled_from(DAYS),
    category=st.sampled_from(CATEGORIES),
    channel=st.sampled_from(["MFN", "FBA"]),
    cross_border=st.booleans(),
    exempt=st.booleans(),
    product=st.sampled_from(["", "SKU-1", "SKU-2"]),
    buyer=st.sampled_from(["", "7", "8"]),
    landed_cost=st.none() | st.integers(0, 10**6),
)
outcomes = st.sampled_from([UNKNOWN, SHIPPED, DELIVERED, CANCELLED, LOST, WAITING])
shares = st.decimals("0", "0.27", places=9) | st.sampled_from([Decimal("0.19"), Decimal("0.10"), Decimal(0)])


@settings(deadline=None)
@given(
    st.lists(st.tuples(sold, outcomes, st.booleans(), st.booleans()), max_size=24, unique_by=lambda row: row[0].id),
    st.sampled_from(POLICIES),
    shares,
    st.decimals("0", "0.40", places=9) | st.just(Decimal("0.05")),
    st.sets(st.sampled_from(["books", "glass", "SKU-1"])),
)
def test_all_orders_at_once_bring_what_each_brings_by_itself(rows, seller, vat, out, own):
    goods = {f"landed_cost_share.{key}": "0.25" for key in own}
    numbers = default_parameters().with_own({"vat_share.REF": vat, "outbound_cost_share": out, **goods})
    check(rows, seller, numbers)


KNOWN = [FeeClasses() for _ in POLICIES]


@settings(deadline=None)
@given(st.lists(sold, max_size=12, unique_by=lambda row: row.id), st.integers(0, len(POLICIES) - 1))
def test_classes_that_other_orders_were_of_change_nothing(rows, number):
    made, first, second = orders(*rows), default_parameters().watched(), default_parameters().watched()
    found = sales(made, POLICIES[number], first, known=KNOWN[number])
    fresh = sales(made, POLICIES[number], second)
    for name in ("placed", *NAMES):
        assert getattr(found, name).tolist() == getattr(fresh, name).tolist()
    assert first.reads == second.reads


def check(rows, seller, numbers):
    """Compare what orders bring with what each does alone: how each ended, and who says that it was cancelled."""
    made = orders(*(row[0] for row in rows))
    by_id = {row[0].id: row for row in rows}
    rows = [by_id[name] for name in made.ids]
    at = np.array([MONDAY if by_source else NEVER for _, _, by_source, _ in rows], np.int64)
    made = evolve(
        made,
        products=[row[0].product for row in rows],
        outcome=np.array([row[1] for row in rows], np.int8),
        cancelled_at=at,
    )
    by_case = np.array([row[3] for row in rows], bool)
    found = sales(made, seller, numbers, by_case)
    wanted = [alone(one, outcome, source or case, seller, numbers) for one, outcome, source, case in rows]
    for name in ("placed", *NAMES):
        assert getattr(found, name).tolist() == [each[name] for each in wanted], name


@pytest.mark.parametrize("seller", POLICIES)
def test_prices_on_and_beside_the_steps_of_rows_have_each_their_own_fee(seller):
    rows = [
        order(f"{price} {category} {channel} {day}", price=price, category=category, channel=channel, purchased_at=day)
        for price in STEPS
        for category in CATEGORIES
        for channel in ("MFN", "FBA")
        for day in DAYS
    ]
    check([(row, UNKNOWN, False, False) for row in rows], seller, default_parameters())


def test_of_no_orders_nothing_comes():
    found = sales(orders(order()).between(0, 0), policy(ROWS), default_parameters())
    assert [len(getattr(found, name)) for name in ("placed", *NAMES)] == [0] * 8


def test_halves_of_a_cent_are_rounded_up_and_large_amounts_stay_exact():
    numbers = default_parameters().with_own({"outbound_cost_share": "0.05", "vat_share.REF": "0.199999999"})
    found = sales(orders(order(price=10), order("O-2", price=30), order("O-3", price=10**13)), policy(), numbers)
    assert found.outbound_cost.tolist() == [1, 2, 5 * 10**11]
    assert found.revenue.tolist() == [8, 25, 8333333340278]


def test_fees_go_by_the_day_of_the_order_in_the_marketplace_s_own_days():
    days = [date(2026, 3, 14), date(2026, 3, 15)]
    made = orders(
        *(order(str(day), purchased_at=MONDAY + (12 + n) * DAY, category="home") for n, day in enumerate(days))
    )
    assert [local_date(at, REF.marketplace.zone) for at in made.purchased_at.tolist()] == days
    found = sales(made, policy(ROWS), default_parameters())
    assert found.selling_fees.tolist() == [375 + 8, 309 + 6]  # 15 % and 12.3456789 % of 25.00, and 2 % of either
