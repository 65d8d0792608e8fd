"""A book looks rules up by classes of orders: whatever was asked before, it is the rule that holds."""

from datetime import date
from decimal import Decimal

from hypothesis import given, strategies as st

from aftersale.rules import RuleSet, parse_rules
from aftersale.testing import order

PRICES = ("9.99", "10.00", "10.01", "0", "150.00")
WHEN = st.fixed_dictionaries(
    {},
    optional={
        "channel": st.sampled_from(["MFN", "FBA"]),
        "category": st.sampled_from(["books", "toys"]),
        "cross_border": st.booleans(),
        "price_above": st.sampled_from(["0", "10.00"]),
        "price_up_to": st.sampled_from(["10.01", "150.00"]),
        "buyer": st.just("B-1"),
        "reason": st.sampled_from(["defective", "unwanted"]),
        "purchased_from": st.just(date(2026, 3, 2)),
    },
)
ORDERS = st.builds(
    order,
    channel=st.sampled_from(["MFN", "FBA"]),
    category=st.sampled_from(["books", "toys", ""]),
    cross_border=st.booleans(),
    price=st.sampled_from([int(Decimal(price) * 100) for price in PRICES]),
    buyer=st.sampled_from(["", "B-1"]),
)
ABOUT = st.sampled_from([{}, {"reason": "defective"}, {"reason": "unwanted"}, {"reason": "unwanted", "rate": "0.5"}])


@given(
    st.lists(WHEN, min_size=1, max_size=6, unique_by=lambda when: str(sorted(when.items()))),
    st.lists(st.tuples(ORDERS, ABOUT), max_size=12),
)
def test_what_was_asked_before_changes_no_answer(conditions, questions):
    rows = [
        {"name": "returnless", "marketplaces": ["REF"], "value": True, "when": when, "source": "made up", "grade": "K"}
        for when in conditions
    ]
    rules = RuleSet(parse_rules({"rule": rows}, "made up"))
    day = date(2026, 6, 1)
    asked = rules.rulebook("REF", day)
    for sold, about in questions:
        fresh = RuleSet(rules.history()).rulebook("REF", day)
        wanted = next((row for row in fresh.rules("returnless") if row.when.holds(sold, about)), None)
        assert asked.rule("returnless", sold, about) == wanted
        assert asked.rule("returnless", sold, about) == wanted
