"""What goods cost the seller, and what VAT in prices does to costs."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, strategies as st

from aftersale.base.errors import DocumentError
from aftersale.clocks import DAY, HOUR
from aftersale.costs.charges import case_costs
from aftersale.engine.docket import Docket
from aftersale.journal.reading import Journal
from aftersale.journal.replay import replay
from aftersale.plugins.plugins import load_plugins
from aftersale.policies.handbook import default_handbook
from aftersale.policies.policy import Policy
from aftersale.rules import RuleSet, parse_rules
from aftersale.testing import fact, order, orders, reference
from aftersale.testing.factories import MONDAY
from aftersale.views.money.costs import cost_accounts
from aftersale.worth.goods import goes_by_share, landed_cost, landed_costs, net
from aftersale.worth.parameters import default_parameters
from aftersale.worth.sales import sales

REF = load_plugins((), {"reference": reference}).policies()["REF"]
TOLD = {"marketplaces": ["REF"], "source": "made up", "grade": "assumed"}
ROWS = (
    {"name": "referral_fee", "share": "0.15"},
    {"name": "return_window", "clock": "calendar_days", "amount": 30, "starts": "delivered"},
    {"name": "auto_authorise", "value": True},
    {"name": "fault", "word": "buyer"},
    {"name": "restocking_fee", "share": "0"},
    {"name": "restocking_fee", "share": "0.50", "when": {"situation": "returned_damaged"}},
)
SELLER = Policy(
    REF.marketplace,
    RuleSet(parse_rules({"rule": [{**TOLD, **row} for row in ROWS]}, "rules of the test")),
    default_handbook(),
)
SOLD = order(price=11900)
REFUNDED = (("refund_requested", "R"), ("refunded", "R"))
BACK = (("return_requested", "R", {"detail": "defective"}), ("return_sent", "R"), ("return_received", "R"))
LOST = (("claim_filed", "C"), ("claim_granted", "C"), ("appeal_submitted", "C"))
VAT = {"vat_share.REF": "0.19"}


def recorded(facts, sold=SOLD):
    docket = Docket({"REF": SELLER})
    told = [
        fact(kind, MONDAY + 5 * DAY + number * HOUR, case=case, **(more[0] if more else {}))
        for number, (kind, case, *more) in enumerate(facts)
    ]
    for each in told:
        docket.record(each, sold)
    return docket.dossiers[sold.id], told


def lines(facts, own=(), sold=SOLD):
    dossier, _ = recorded(facts, sold)
    return case_costs(dossier, SELLER, None, default_parameters().with_own(dict(own)))


def costs(facts, own=VAT, sold=SOLD):
    """What the cases of one order cost by line, in cents."""
    sums: dict[str, int] = {}
    for line in lines(facts, own, sold):
        sums[line.line] = sums.get(line.line, 0) + line.amount
    return sums


# --- what goods cost ---


def test_goods_cost_what_the_order_tells_else_a_share_of_the_price_without_vat():
    shipped = default_parameters()
    assert landed_cost(SOLD, shipped) == (4165, ("landed_cost_share",))
    assert landed_cost(SOLD, shipped.with_own(VAT)) == (3500, ("landed_cost_share", "vat_share.REF"))
    assert landed_cost(SOLD._replace(landed_cost=0), shipped.with_own(VAT)) == (0, ("the order's landed cost",))
    assert landed_cost(SOLD._replace(landed_cost=12345), shipped) == (12345, ("the order's landed cost",))


def test_a_share_of_the_product_counts_before_that_of_its_category_and_that_before_the_plain_one():
    own = default_parameters().with_own(
        {"landed_cost_share.general": "0.45", "landed_cost_share.SKU-1": "0.4", "landed_cost_share": "0.2"}
    )
    plain = order(price=1000)
    assert landed_cost(plain, own) == (450, ("landed_cost_share.general",))
    assert landed_cost(plain._replace(product="SKU-1"), own) == (400, ("landed_cost_share.SKU-1",))
    assert landed_cost(plain._replace(product="SKU-2", category="toys"), own) == (200, ("landed_cost_share",))
    assert own.by_name["landed_cost_share.SKU-1"].grade == "own"
    assert own.own == {"landed_cost_share", "landed_cost_share.general", "landed_cost_share.SKU-1"}


def test_halves_of_a_cent_are_rounded_away_from_zero_and_nothing_else_is():
    half = default_parameters().with_own({"landed_cost_share": "0.5"})
    assert [landed_cost(order(price=price), half)[0] for price in (1, 3, 4, -1, 0)] == [1, 2, 2, -1, 0]
    quarter = default_parameters().with_own({"vat_share": "0.25"})
    assert [net(amount, quarter, "REF") for amount in (119, 1, -1, 0)] == [95, 1, -1, 0]
    assert net(119, default_parameters(), "REF") == 119


shares = st.decimals("0.15", "0.65", places=9) | st.decimals("0.15", "0.65", places=2)
rates = st.decimals("0", "0.27", places=9) | st.sampled_from([Decimal("0.19"), Decimal("0.25"), Decimal(0)])
sold = st.builds(
    order,
    id=st.uuids().map(str),
    marketplace=st.sampled_from(["REF", "ALT"]),
    price=st.integers(-(10**13), 10**13) | st.integers(0, 20000),
    category=st.sampled_from(["", "general", "toys"]),
    product=st.sampled_from(["", "SKU-1", "SKU-2", "general"]),
    landed_cost=st.none() | st.integers(0, 10**9),
)
numbers = st.fixed_dictionaries(
    {},
    optional={
        **{f"landed_cost_share{key}": shares for key in ("", ".general", ".toys", ".SKU-1", ".SKU-9")},
        **{f"vat_share{key}": rates for key in ("", ".REF", ".ALT")},
    },
)


@given(st.lists(sold, min_size=1, max_size=8), numbers, st.booleans())
def test_all_orders_at_once_cost_what_each_costs_by_itself(some, own, named):
    parameters = default_parameters().with_own(own)
    rows = [each._replace(product=each.product if named else "") for each in some]
    table = evolve(orders(*rows), products=[each.product for each in rows] if named else ())
    found = landed_costs(table, parameters)
    assert found.dtype == np.int64
    assert found.tolist() == [landed_cost(table.order(row), parameters)[0] for row in range(len(table))]
    for row, each in enumerate(rows):
        if each.landed_cost is None:
            share, name = parameters.keyed("landed_cost_share", each.product, each.category)
            exact = each.price * Fraction(share) / (1 + Fraction(parameters.keyed("vat_share", each.marketplace)[0]))
            assert abs(exact - int(found[row])) <= Fraction(1, 2), name


def test_no_orders_cost_nothing():
    none = orders(order()).between(0, 0)
    assert landed_costs(none, default_parameters()).tolist() == []


# --- numbers by key ---


def test_a_number_for_one_of_many_is_in_the_range_of_the_number_for_all_and_only_where_there_may_be_one():
    with pytest.raises(DocumentError) as caught:
        default_parameters().with_own(
            {
                "vat_share.DE": "0.9",
                "landed_cost_share.shoes": "0.7",
                "outbound_cost_share.x": "0.1",
                "landed_cost_share.": "0.4",
                "vat_shares.DE": "0.1",
            },
            "own",
        )
    assert [(problem.path, problem.what) for problem in caught.value.problems] == [
        ("vat_share.DE", "0.9 lies outside its range"),
        ("landed_cost_share.shoes", "0.7 lies outside its range"),
        ("outbound_cost_share.x", "no such parameter"),
        ("landed_cost_share.", "no such parameter"),
        ("vat_shares.DE", "no such parameter"),
    ]


def test_a_parameter_for_a_key_falls_back_on_the_one_for_all():
    own = default_parameters().with_own({"vat_share.DE": "0.19", "vat_share.ES": "0.21"})
    assert own.keyed("vat_share", "DE") == (Decimal("0.19"), "vat_share.DE")
    assert own.keyed("vat_share", "", "ES", "DE") == (Decimal("0.21"), "vat_share.ES")
    assert own.keyed("vat_share", "US") == (Decimal(0), "vat_share")
    again = own.with_own({"vat_share.DE": "0.20"})
    assert again.keyed("vat_share", "DE")[0] == Decimal("0.20")


# --- costs without VAT ---


@pytest.mark.parametrize(
    ("facts", "wanted", "total"),
    [
        (REFUNDED, {"goods_refunded": 10000, "referral_fee_returned": -1785}, 8215),
        (
            (REFUNDED[0], ("refunded", "R", {"amount": 3570})),
            {"partial_refund": 3000, "referral_fee_returned": -536},
            2464,
        ),
        (
            (*BACK, ("return_inspected", "R", {"detail": "original"}), ("refunded", "R")),
            {"repackaging": 595, "goods_returned": -3500, "goods_refunded": 10000, "referral_fee_returned": -1785},
            5310,
        ),
        (
            (*BACK, ("return_inspected", "R", {"detail": "severe_damage"}), ("refunded", "R")),
            {
                "repackaging": 595, "goods_returned": -3500, "loss_of_value": 2625, "goods_refunded": 10000,
                "restocking_fee": -5000, "referral_fee_returned": -1785,
            },
            2935,
        ),
        (LOST[:2], {"claim": 10000, "referral_fee_returned": -1785}, 8215),
        ((*LOST, ("appeal_granted", "C")), {"claim": 0, "referral_fee_returned": 0}, 0),
        ((("chargeback_filed", "B"), ("chargeback_lost", "B")), {"chargeback": 10000}, 10000),
        (
            (("replacement_requested", "P"), ("replacement_sent", "P", {"detail": "1Z"})),
            {"replacement": 3500 + 952},
            4452,
        ),
    ],
    ids=[
        "refunded without return", "partial refund of 30 %", "returned as new", "returned, severely damaged",
        "claim lost", "claim lost and won again", "chargeback lost", "replaced",
    ],
)  # fmt: skip
def test_an_outcome_with_vat_costs_what_it_costs_by_hand(facts, wanted, total):
    found = costs(facts)
    assert (found, sum(found.values())) == (wanted, total)


def test_goods_are_worth_no_more_than_what_was_given_back_for_them_without_vat():
    part = (*BACK, ("return_inspected", "R", {"detail": "original"}), ("refunded", "R", {"amount": 1190}))
    assert costs(part)["goods_returned"] == -1000
    assert costs(part, own={})["goods_returned"] == -1190


def test_what_buyers_get_back_says_on_which_vat_it_rests_and_stays_told():
    (refund, fee) = lines(REFUNDED, VAT)
    assert (refund.basis, refund.estimated) == (("the order's price", "vat_share.REF"), True)
    assert "vat_share.REF" not in fee.basis
    told = lines((REFUNDED[0], ("refunded", "R", {"amount": 1190})), VAT)[0]
    assert (told.amount, told.estimated, told.basis) == (1000, False, ("told by refunded", "vat_share.REF"))


@given(st.lists(st.integers(1, 4000), min_size=1, max_size=5), rates)
def test_refunds_add_up_to_what_all_of_them_are_without_vat(amounts, rate):
    facts = [("refund_requested", "R"), *(("refunded", "R", {"amount": amount}) for amount in amounts)]
    own = {"vat_share.REF": rate}
    found = costs(facts, own)
    wanted = net(sum(amounts), default_parameters().with_own(own), "REF")
    assert found.get("partial_refund", 0) + found.get("goods_refunded", 0) == wanted


@pytest.mark.parametrize("facts", [REFUNDED, (*BACK, ("refunded", "R")), LOST])
def test_where_prices_contain_no_vat_nothing_changes(facts):
    assert lines(facts, {"vat_share.REF": "0", "vat_share.ALT": "0.19"}) == lines(facts)


def test_an_orders_own_landed_cost_is_what_comes_back_and_goes_out_again():
    costly = SOLD._replace(landed_cost=2000)
    back = (*BACK, ("return_inspected", "R", {"detail": "original"}), ("refunded", "R"))
    (returned,) = (line for line in lines(back, (), costly) if line.line == "goods_returned")
    assert (returned.amount, returned.basis) == (-2000, ("the order's landed cost",))
    replaced = (("replacement_requested", "P"), ("replacement_sent", "P", {"detail": "1Z"}))
    (sent,) = lines(replaced, (), costly)
    assert (sent.amount, sent.basis) == (2952, ("the order's landed cost", "outbound_cost_share"))


# --- what is shown ---


def accounts(own=(), facts=REFUNDED):
    _, told = recorded(facts)
    policies = {"REF": SELLER}
    journal = Journal(orders(SOLD), told, "shop")
    parameters = default_parameters().with_own(dict(own))
    return cost_accounts(journal, replay(journal, policies), policies, parameters=parameters)


def test_where_nobody_declares_vat_that_is_told_and_where_somebody_does_it_is_an_assumption():
    plain = accounts()
    assert plain["vat_undeclared"] == ["REF"]
    assert "vat_share" not in [row["name"] for row in plain["assumptions"]]
    found = accounts({"vat_share.REF": "0.19", "landed_cost_share.toys": "0.5"})
    assert found["vat_undeclared"] == []
    used = {row["name"]: (row["value"], row["grade"]) for row in found["assumptions"]}
    assert used["vat_share.REF"] == ("0.19", "own")
    assert found["without_effect"] == [
        "Numbers of your own without effect: landed_cost_share.toys; no cost rests on them."
    ]
    assert [row["amount"] for row in found["rows"] if row["name"] == "goods_refunded"] == ["100.00"]


def test_to_declare_that_there_is_no_vat_has_an_effect():
    found = accounts({"vat_share.REF": "0"})
    assert (found["vat_undeclared"], found["without_effect"]) == ([], [])
    assert accounts({"vat_share": "0"})["vat_undeclared"] == []
    assert accounts(facts=(("buyer_message", "M"),))["vat_undeclared"] == ["REF"]  # revenue rests on it


@pytest.mark.parametrize(
    ("own", "named"),
    [
        ({}, ["PLAIN", "SHOE", "CUP"]),
        ({"landed_cost_share.shoes": "0.4"}, ["PLAIN", "CUP"]),
        ({"landed_cost_share.cup": "0.4"}, ["PLAIN", "SHOE"]),
        ({"landed_cost_share.shoes": "0.4", "landed_cost_share.cup": "0.4"}, ["PLAIN"]),
    ],
)
def test_the_share_for_all_counts_for_goods_of_which_nothing_nearer_is_told(own, named):
    some = (
        order("PLAIN", price=1000),
        order("SHOE", price=1000, category="shoes"),
        order("CUP", price=1000, product="cup"),
        order("TOLD", price=1000, landed_cost=300),
    )
    sold = evolve(orders(*some), products=[each.product for each in some])
    rows = goes_by_share(sold, default_parameters().with_own(own))
    assert [name for name, goes in zip(sold.ids, rows.tolist(), strict=True) if goes] == named


def test_sales_read_the_shares_of_parcels_only_where_there_are_such_orders():
    for channel, read, unread in (
        ("MFN", "outbound_cost_share", "fulfilment_fee_share"),
        ("FBA", "fulfilment_fee_share", "outbound_cost_share"),
    ):
        numbers = default_parameters().watched()
        sold = sales(orders(order("A", price=1000, channel=channel)), SELLER, numbers)
        assert (read in numbers.reads, unread in numbers.reads) == (True, False)
        assert int(sold.outbound_cost[0] + sold.parcels[0]) > 0
        assert sold.assumed_goods.tolist() == sold.landed_cost.tolist() == [350]
