"""What the outcomes of one order cost: a worked table, whose amounts were worked out by hand."""

from decimal import Decimal

import pytest

from aftersale.clocks import DAY, HOUR
from aftersale.costs.account import SALE, accounts_of, sold
from aftersale.costs.charges import case_costs, moving_kinds
from aftersale.engine.docket import Docket
from aftersale.engine.moves import MoveLog
from aftersale.plugins.plugins import load_plugins
from aftersale.policies.handbook import Handbook, default_handbook
from aftersale.policies.policy import Policy
from aftersale.rules import RuleSet, parse_rules
from aftersale.testing import fact, order, orders, reference
from aftersale.testing.factories import MONDAY
from aftersale.worth.parameters import default_parameters

REF = load_plugins((), {"reference": reference}).policies()["REF"]
TOLD = {"marketplaces": ["REF"], "source": "made up", "grade": "assumed"}
ROWS = (
    {"name": "referral_fee", "share": "0.15"},
    {"name": "refund_administration_fee", "share": "0.20", "money": "5.00", "currency": "EUR"},
    {"name": "return_window", "clock": "calendar_days", "amount": 30, "starts": "delivered"},
    {"name": "auto_authorise", "value": True},
    {"name": "fault", "word": "seller"},
    {"name": "prepaid_label", "word": "automatic"},
)
SELLER = Policy(
    REF.marketplace,
    RuleSet(parse_rules({"rule": [{**TOLD, **row} for row in ROWS]}, "rules of the test")),
    default_handbook(),
)
SOLD = order(price=10000)
WISH = ("return_requested", "R", {"detail": "defective"})
BACK = (WISH, ("label_sent", "R"), ("return_sent", "R"), ("return_received", "R"))
REPLACED = (("replacement_requested", "P"), ("replacement_sent", "P", {"detail": "1Z"}))
REFUNDED = {"goods_refunded": 10000, "referral_fee_returned": -1500, "refund_administration_fee": 300}
PARCEL_BACK = {"return_label": 2000, "repackaging": 500}


def docket_of(facts, movements=None):
    """The docket after one order's facts, an hour apart; of one that asks to be cancelled nothing was delivered yet."""
    docket = Docket({"REF": SELLER}, moves=MoveLog(moving_kinds(SELLER), 0, movements))
    sold = SOLD if facts[0][0] != "cancellation_requested" else SOLD._replace(delivered_at=None)
    for number, (kind, case, *more) in enumerate(facts):
        docket.record(fact(kind, MONDAY + 5 * DAY + number * HOUR, case=case, **(more[0] if more else {})), sold)
    return docket


def costs(facts, own=()):
    """What the cases of one order cost by line, in cents."""
    sums: dict[str, int] = {}
    for line in lines_of(docket_of(facts), own):
        sums[line.line] = sums.get(line.line, 0) + line.amount
    return {line: amount for line, amount in sums.items() if amount}


def lines_of(docket, own=()):
    return case_costs(docket.dossiers[SOLD.id], SELLER, None, default_parameters().with_own(dict(own)))


OUTCOMES = {
    "kept": ((("buyer_message", "M"), ("seller_reply", "M")), {}, 0, 4200),
    "cancelled before dispatch": (
        (("cancellation_requested", "X"), ("order_cancelled", "X")),
        {"refund_administration_fee": 300},
        300,
        -300,
    ),
    "returned as new": (
        (*BACK, ("return_inspected", "R", {"detail": "original"}), ("refunded", "R")),
        {**REFUNDED, "goods_returned": -3500, **PARCEL_BACK},
        7800,
        -3600,
    ),
    "returned, severely damaged": (
        (*BACK, ("return_inspected", "R", {"detail": "severe_damage"}), ("refunded", "R")),
        {**REFUNDED, "goods_returned": -3500, **PARCEL_BACK, "loss_of_value": 2625},
        10425,
        -6225,
    ),
    "refunded without return": ((("refund_requested", "R"), ("refunded", "R")), REFUNDED, 8800, -4600),
    "partial refund of 30 %": (
        (("refund_requested", "R"), ("refunded", "R", {"amount": 3000})),
        {"partial_refund": 3000, "referral_fee_returned": -450, "refund_administration_fee": 90},
        2640,
        1560,
    ),
    "replaced, the first one kept": (REPLACED, {"replacement": 4300}, 4300, -100),
    "replaced, the first one back as new": (
        (*REPLACED, *BACK, ("return_inspected", "R", {"detail": "original"})),
        {"replacement": 4300, "goods_returned": -3500, **PARCEL_BACK},
        3300,
        900,
    ),
    "claim lost": (
        (("claim_filed", "C"), ("claim_granted", "C")),
        {"claim": 10000, "referral_fee_returned": -1500, "refund_administration_fee": 300},
        8800,
        -4600,
    ),
    "chargeback lost": ((("chargeback_filed", "B"), ("chargeback_lost", "B")), {"chargeback": 10000}, 10000, -5800),
}
"""By outcome: the facts, the lines, the total cost and the contribution, in cents."""


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_an_outcome_costs_what_it_costs_by_hand(outcome):
    facts, wanted, total, _ = OUTCOMES[outcome]
    found = costs(facts)
    assert (found, sum(found.values())) == (wanted, total)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_an_outcome_leaves_of_the_sale_what_it_leaves_by_hand(outcome):
    facts, _, total, contribution = OUTCOMES[outcome]
    docket, policies = docket_of(facts), {"REF": SELLER}
    brought = sold(orders(SOLD), docket, policies, default_parameters())
    account = accounts_of(lines_of(docket), brought, "EUR", {})["REF"]
    assert (account.total_cost, account.contribution) == (total, contribution)
    revenue, *spent = (account.sale.get(name, 0) for name in SALE)
    assert account.contribution == revenue - sum(spent) - account.total_cost


def test_money_that_comes_back_to_the_seller_is_charged_its_fee_again():
    lost = (("claim_filed", "C"), ("claim_granted", "C"), ("appeal_submitted", "C"))
    assert costs((*lost, ("appeal_granted", "C"))) == {}
    half = costs((*lost, ("appeal_granted", "C", {"amount": 5000})))
    assert half == {"claim": 5000, "referral_fee_returned": -750, "refund_administration_fee": 150}


def test_several_refunds_bring_back_the_fee_once():
    facts = [("refund_requested", "R"), *(("refunded", "R", {"amount": amount}) for amount in (3333, 3333, 3334))]
    found = costs(facts)
    assert found["referral_fee_returned"] == -1500
    assert costs([*facts, ("refunded", "R", {"amount": 2000})])["referral_fee_returned"] == -1500


def test_whether_the_fee_comes_back_after_a_dispute_is_declared():
    claim = (("claim_filed", "C"), ("claim_granted", "C"))
    assert costs(claim, {"fee_returned_after_claim": "0"}) == {"claim": 10000}
    assert costs(claim, {"fee_returned_after_claim": "0.5"}) == {
        "claim": 10000, "referral_fee_returned": -750, "refund_administration_fee": 150,
    }  # fmt: skip
    lost = (("chargeback_filed", "B"), ("chargeback_lost", "B"))
    found = costs(lost, {"fee_returned_after_chargeback": "1", "chargeback_fee": "20.00 USD"})
    assert found == {
        "chargeback": 10000, "referral_fee_returned": -1500, "refund_administration_fee": 300, "chargeback_fee": 2000,
    }  # fmt: skip


SHARES = [Decimal(share) / 100 for share in (15, 20, 35, 50, 65)]


def test_dearer_goods_make_a_replacement_dearer_and_a_return_cheaper_and_leave_a_gift_as_it_is():
    """What is given away was in what was sold: the refund costs the same, whatever the goods cost."""
    back = (*BACK, ("return_inspected", "R", {"detail": "minor_damage"}), ("refunded", "R"))
    gift = (("refund_requested", "R"), ("refunded", "R"))

    def totals(facts):
        return [sum(costs(facts, {"landed_cost_share": str(share)}).values()) for share in SHARES]

    assert totals(REPLACED) == [int(10000 * share) + 800 for share in SHARES]
    returned, given = totals(back), totals(gift)
    assert given == [8800] * len(SHARES)
    assert returned == [8800 + 2500 - int(7500 * share) for share in SHARES]


def test_a_dearer_label_moves_its_own_line_only():
    back = (*BACK, ("return_inspected", "R", {"detail": "original"}), ("refunded", "R"))
    cheap, dear = (costs(back, {"return_label_share": share}) for share in ("0.10", "0.30"))
    assert (cheap.pop("return_label"), dear.pop("return_label")) == (1000, 3000)
    assert cheap == dear


def test_a_buyer_who_takes_an_offer_of_nothing_gets_nothing():
    """A handbook may offer 0 %: the refund of that offer is none, and one after it is of the whole price."""
    rows = [{**TOLD, "marketplaces": ["*"], "name": "partial_refund_offer", "share": "0", "grade": "S"}]
    seller = Policy(REF.marketplace, SELLER.rules, Handbook(parse_rules({"rule": rows}, "own"), "own"))
    facts = ["return_requested", "partial_refund_offered", "offer_accepted", "refunded"]

    def given(*more):
        docket = Docket({"REF": seller})
        for number, kind in enumerate([*facts, *more]):
            docket.record(fact(kind, MONDAY + 5 * DAY + number * HOUR, case="R"), SOLD._replace(exempt=True))
        lines = case_costs(docket.dossiers[SOLD.id], seller)
        return sum(line.amount for line in lines if line.group == "refunds")

    assert (given(), given("refunded")) == (0, 10000)
