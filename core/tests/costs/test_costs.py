from collections import Counter
from decimal import Decimal

import pytest
import tomli
from attrs import evolve
from hypothesis import given, strategies as st

from aftersale.base.errors import DocumentError, FactRefused, MoneyError
from aftersale.base.tables import show
from aftersale.cases.workflow import default_workflow
from aftersale.clocks import DAY, HOUR
from aftersale.costs.charges import case_costs
from aftersale.costs.ledger import GIVEN_BACK, LINES, CostLine
from aftersale.costs.totals import GROUPINGS, grand_total, totals
from aftersale.engine.docket import Docket
from aftersale.journal.reading import Journal
from aftersale.journal.replay import replay
from aftersale.orders import OrderLine
from aftersale.plugins.plugins import load_plugins
from aftersale.policies.cost_kinds import default_cost_kinds
from aftersale.policies.handbook import Handbook, default_handbook
from aftersale.policies.policy import Policy
from aftersale.rules import RuleSet, parse_rules
from aftersale.testing import fact, order, orders, reference
from aftersale.testing.factories import MONDAY
from aftersale.views.money.costs import cost_accounts, cost_listing
from aftersale.worth.parameters import default_parameters, parse_parameters

KNOWN = load_plugins((), {"reference": reference}).policies()
RULES = """
rule = [
  { name = "return_window", clock = "calendar_days", amount = 30, starts = "delivered" },
  { name = "auto_authorise", value = true },
  { name = "silence", clock = "wall_hours", amount = 48, starts = "buyer_message", on_expiry = "grant_on_claim" },
  { name = "refund_after_receipt", clock = "calendar_days", amount = 4, starts = "return_received", on_expiry = "marketplace_refunded" },
  { name = "fault", word = "seller" },
  { name = "fault", word = "buyer", when = { reason = ["no_longer_needed"] } },
  { name = "handled_by_marketplace", value = true, when = { channel = "FBA", situation = "return" } },
  { name = "handled_by_marketplace", value = true, when = { channel = "FBA", situation = "claim" } },
  { name = "restocking_fee", share = "0" },
  { name = "restocking_fee", share = "0.20", when = { situation = "change_of_mind_late" } },
  { name = "restocking_fee", share = "0.50", when = { situation = "returned_damaged" } },
  { name = "restocking_fee", share = "1", when = { situation = "materially_different" } },
  { name = "chargeback_bearer", word = "marketplace", when = { reason = ["fraud"] } },
  { name = "chargeback_bearer", word = "seller" },
]
"""  # noqa: E501 - an inline table is one line
FEES = """
rule = [
  { name = "refund_administration_fee", share = "0.20", money = "5.00", currency = "EUR" },
  { name = "returns_processing_fee", value = true },
  { name = "returns_processing_threshold", share = "0", when = { category = ["apparel", "shoes"] } },
]
"""


def rows(marketplace, *documents):
    told = {"marketplaces": [marketplace], "source": "made up", "grade": "assumed"}
    made = [{**told, **row} for each in documents for row in tomli.loads(each)["rule"]]
    return parse_rules({"rule": made}, "rules of the test")


def policy(*documents, marketplace="REF", own=""):
    book = default_handbook().overlaid(Handbook(rows("*", f"rule = [{own}]")))
    return Policy(KNOWN[marketplace].marketplace, RuleSet(rows(marketplace, *documents)), book)


PLAIN, CHARGING = policy(RULES), policy(RULES, FEES)


def dossier(facts, sold, under=PLAIN):
    made = Docket({sold.marketplace: under})
    for each in facts:
        made.record(each, sold)
    return made.dossiers[sold.id]


SHIPPED = default_parameters().with_own({"labour_cost_per_hour": "45.00 CNY"})
AT_PRICE = evolve(
    SHIPPED,
    by_name={
        **SHIPPED.by_name,
        "landed_cost_share": evolve(SHIPPED.by_name["landed_cost_share"], default=Decimal(1), high=Decimal(1)),
    },
)
"""Goods cost what they are sold for, so that amounts are read at a glance; test_outcomes.py has the shipped numbers."""


def lines(*facts, sold=None, under=PLAIN, until=None, own=(), **arguments):
    sold = sold or order()
    parameters = AT_PRICE.with_own(dict(own))
    return case_costs(dossier(facts, sold, under), under, until, parameters, **arguments)


def costs(*facts, beside=(), **arguments):
    """What these facts cost, without work and the fee that comes back but for `beside`: (line, amount, estimated)."""
    left_out = {"labour_worked", "referral_fee_returned"} - set(beside)
    found = lines(*facts, **arguments)
    return [(each.line, each.amount, each.estimated) for each in found if each.line not in left_out]


def happens(*kinds, case="C-1", **told):
    """Facts of one case, an hour apart, from a day after delivery on; a pair of a kind and its details tells more."""
    pairs = [(each, {}) if isinstance(each, str) else each for each in kinds]
    return [fact(kind, MONDAY + 5 * DAY + n * HOUR, case=case, **told, **more) for n, (kind, more) in enumerate(pairs)]


def later(facts):
    """The same facts a day later."""
    return [each._replace(occurred_at=each.occurred_at + DAY, known_at=each.known_at + DAY) for each in facts]


def returned(*after, reason="defective", label=None, grade=None):
    """A return from the wish to the goods in the seller's hands, and what follows."""
    labelled = [] if label is None else [("label_sent", label)]
    graded = [] if grade is None else [("return_inspected", grade if isinstance(grade, dict) else {"detail": grade})]
    wish = ("return_requested", {"detail": reason})
    return happens(wish, *labelled, "return_sent", "return_received", *graded, *after)


# --- what facts tell ---


def test_a_told_refund_of_the_price_is_goods_refunded_and_less_is_a_partial_refund():
    asked = "refund_requested"
    assert costs(*happens(asked, ("refunded", {"amount": 2500}))) == [("goods_refunded", 2500, False)]
    assert costs(*happens(asked, ("refunded", {"amount": 2499}))) == [("partial_refund", 2499, False)]
    assert costs(*happens(asked, ("refunded", {"amount": 2700}))) == [("goods_refunded", 2700, False)]
    assert costs(*happens(asked, ("refunded", {"amount": 0}))) == []


def test_a_cost_line_says_what_it_is_about_and_what_it_rests_on():
    facts = happens("refund_requested", ("refunded", {"amount": 2500}))
    assert lines(*facts)[0] == CostLine(
        "goods_refunded", "C-1", "O-1", "general", "REF", "MFN", facts[1].occurred_at, 2500, "EUR", False,
        ("told by refunded",), "refunds",
    )  # fmt: skip


def test_costs_are_laid_on_the_product_the_dearest_line_or_else_the_category():
    facts = happens("refund_requested", "refunded")
    two = (OrderLine("CUP", 2, 900), OrderLine("POT", 1, 1600))
    for sold, product in [
        (order(), "general"),
        (order(lines=two), "POT"),
        (order(lines=two, product="B0001"), "B0001"),
    ]:
        assert {each.product for each in lines(*facts, sold=sold)} == {product}


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        (returned(label={"amount": 480}), ("return_label", 480, False)),
        (happens(("return_requested", {"detail": "defective"}), ("return_sent", {"amount": 530})),
         ("return_shipping", 530, False)),
        (happens("claim_filed", ("claim_granted", {"amount": 1900})), ("claim", 1900, False)),
        (happens("claim_filed", ("claim_refunded", {"amount": 1800})), ("claim", 1800, False)),
        (happens("chargeback_filed", ("chargeback_lost", {"amount": 2600})), ("chargeback", 2600, False)),
        (happens("replacement_requested", ("replacement_sent", {"amount": 1400, "detail": "1Z"})),
         ("replacement", 1400, False)),
        (happens("not_received_reported", ("replaced", {"amount": 1300})), ("replacement", 1300, False)),
        (happens("return_loss_found", "safe_t_filed", ("safe_t_granted", {"amount": 700})),
         ("safe_t_recovered", -700, False)),
        (happens("fba_return_missing", "reimbursement_filed", ("reimbursement_granted", {"amount": 1200})),
         ("reimbursement_recovered", -1200, False)),
        (happens("return_requested", ("returnless_refund", {"amount": 2500}), case="R"),
         ("goods_refunded", 2500, False)),
        (happens("refund_requested", ("marketplace_refunded", {"amount": 2500})), ("goods_refunded", 2500, False)),
    ],
)  # fmt: skip
def test_each_amount_that_a_fact_tells_is_taken_as_told(facts, told):
    assert told in costs(*facts)


# --- what is estimated ---


@pytest.mark.parametrize(
    ("facts", "estimate"),
    [
        (happens("refund_requested", "refunded"), ("goods_refunded", 2500)),
        (happens("refund_requested", "partial_refund_offered", "offer_accepted", "refunded"), ("partial_refund", 750)),
        (happens("claim_filed", "claim_granted"), ("claim", 2500)),
        (happens("claim_filed", "claim_refunded"), ("claim", 2500)),
        (happens("chargeback_filed", "chargeback_lost"), ("chargeback", 2500)),
        (happens("replacement_requested", ("replacement_sent", {"detail": "1Z"})), ("replacement", 2700)),
        (happens("not_received_reported", "replaced"), ("replacement", 2700)),
        (happens("return_loss_found", "safe_t_filed", "safe_t_granted"), ("safe_t_recovered", -1000)),
        (happens("fba_return_missing", "reimbursement_filed", "reimbursement_granted"),
         ("reimbursement_recovered", -1250)),
        (happens(("return_requested", {"detail": "defective"}), "return_sent"), ("return_shipping", 500)),
        (happens(("return_requested", {"detail": "defective"}), "label_sent", "return_sent"), ("return_label", 500)),
    ],
)  # fmt: skip
def test_what_no_fact_tells_is_estimated_and_marked(facts, estimate):
    assert costs(*facts) == [(*estimate, True)]


def test_a_label_that_is_never_used_costs_nothing_unless_its_price_is_told():
    wish = ("return_requested", {"detail": "defective"})
    assert costs(*happens(wish, "label_sent", "return_abandoned")) == []
    assert costs(*happens(wish, ("label_sent", {"amount": 400}), "return_abandoned")) == [("return_label", 400, False)]


def test_a_label_that_the_marketplace_sends_of_itself_is_a_label():
    automatic = policy(RULES, 'rule = [{ name = "prepaid_label", word = "automatic" }]')
    facts = happens(("return_requested", {"detail": "defective"}), "return_sent")
    assert costs(*facts, under=automatic) == [("return_label", 500, True)]


def test_a_label_that_the_seller_lets_go_out_of_itself_is_a_label_too():
    own = policy(RULES, own='{ name = "prepaid_label", word = "automatic" }')
    facts = happens(("return_requested", {"detail": "defective"}), "return_sent")
    assert costs(*facts, under=own) == [("return_label", 500, True)]


@pytest.mark.parametrize(("own", "kept"), [("0.30", -750), ("0", 0)])
def test_a_seller_may_keep_less_of_a_refund_than_the_marketplace_allows_and_may_bear_the_fault(own, kept):
    facts = returned("refunded", reason="no_longer_needed", grade="severe_damage")
    fee = f'{{ name = "restocking_fee", share = "{own}", when = {{ situation = "returned_damaged" }} }}'
    under = policy(RULES, own=fee)
    assert sum(amount for line, amount, _ in costs(*facts, under=under) if line == "restocking_fee") == kept
    gracious = '{ name = "fault", word = "seller", when = { category = "general", reason = "no_longer_needed" } }'
    found = costs(*facts, under=policy(RULES, own=gracious))
    assert ("return_shipping", 500, True) in found
    assert "restocking_fee" not in {line for line, *_ in found}


def test_a_full_return_comes_to_the_way_back_the_packing_and_the_loss():
    assert costs(*returned("refunded", label={}, grade="minor_damage")) == [
        ("return_label", 500, True),
        ("goods_returned", -2500, True),
        ("repackaging", 125, True),
        ("loss_of_value", 625, True),
        ("goods_refunded", 2500, True),
    ]


def test_an_estimate_names_the_parameters_and_rules_that_it_rests_on():
    found = {each.line: each.basis for each in lines(*returned("refunded", label={}, grade="severe_damage"))}
    assert found == {
        "return_label": ("return_label_share", "rule: REF fault seller …–…"),
        "goods_returned": ("landed_cost_share",),
        "repackaging": ("repackaging_share",),
        "loss_of_value": ("loss_share_severe_damage",),
        "goods_refunded": ("the order's price",),
        "referral_fee_returned": ("referral_fee_share",),
        "labour_worked": ("minutes_refund", "labour_cost_per_hour"),
    }


@pytest.mark.parametrize(
    ("grade", "lost", "packed"),
    [
        ("original", 0, 125),
        ("minor_damage", 625, 125),
        ("severe_damage", 1875, 125),
        ("missing", 2500, 0),
        ("materially_different", 2500, 0),
        (None, 500, 125),
        ("scratched", 500, 125),
        ({"detail": "minor_damage", "amount": 333}, 333, 125),
    ],
)
def test_the_loss_follows_the_grade_that_the_inspection_found(grade, lost, packed):
    found = Counter({line: amount for line, amount, _ in costs(*returned("refunded", grade=grade))})
    assert (found["loss_of_value"], found["repackaging"]) == (lost, packed)


def test_goods_that_are_inspected_after_their_refund_are_graded_then():
    facts = returned("refunded", ("return_inspected", {"detail": "severe_damage"}))
    (loss,) = (each for each in lines(*facts) if each.line == "loss_of_value")
    assert (loss.amount, loss.at) == (1875, facts[-1].occurred_at)


def test_goods_count_once_money_went_back_for_them_and_for_no_more_than_that():
    waiting = returned()
    assert costs(*waiting) == [("return_shipping", 500, True), ("repackaging", 125, True)]
    part = Counter({line: amount for line, amount, _ in costs(*returned(("refunded", {"amount": 1000})))})
    assert (part["partial_refund"], part["goods_returned"], part["loss_of_value"]) == (1000, -1000, 200)


def test_goods_of_two_returns_of_one_order_are_worth_the_order_once():
    other = [each._replace(case="C-2") for each in later(returned("refunded"))]
    found = costs(*returned("refunded"), *other)
    assert sum(amount for line, amount, _ in found if line == "goods_returned") == -2500
    assert sum(amount for line, amount, _ in found if line == "goods_refunded") == 2500


def test_a_renewed_sale_brings_back_its_share_of_what_can_be_sold_at_all():
    own = {"renewed_recovery_share": "0.4"}
    assert ("renewed_recovery", -750, True) in costs(*returned("refunded", grade="severe_damage"), own=own)
    assert "renewed_recovery" not in {row[0] for row in costs(*returned("refunded", grade="missing"), own=own)}


def test_a_partial_refund_is_what_was_offered_the_handbooks_share_or_the_parameter():
    offered = happens("refund_requested", ("partial_refund_offered", {"amount": 700}), "offer_accepted", "refunded")
    assert costs(*offered) == [("partial_refund", 700, False)]
    facts = happens("refund_requested", "partial_refund_offered", "offer_accepted", "refunded")
    ruled = policy(RULES, 'rule = [{ name = "partial_refund_offer", share = "0.15" }]')
    assert costs(*facts, under=ruled) == [("partial_refund", 375, True)]
    assert costs(*facts, own={"partial_refund_share": "0.5"}) == [("partial_refund", 1250, True)]


def test_a_refund_without_return_that_a_rule_gives_at_once_leaves_the_goods_with_the_buyer():
    returnless = policy(RULES, 'rule = [{ name = "returnless", value = true }]')
    facts = happens(("return_requested", {"detail": "defective"}))
    assert costs(*facts, under=returnless) == [("goods_refunded", 2500, True)]
    assert costs(*facts) == []


def test_a_refund_at_first_scan_pays_the_way_back_and_the_goods_follow():
    facts = happens(("return_requested", {"detail": "defective"}), "refunded_at_first_scan", "return_received")
    assert costs(*facts) == [
        ("goods_refunded", 2500, True),
        ("return_shipping", 500, True),
        ("goods_returned", -2500, True),
        ("loss_of_value", 500, True),
        ("repackaging", 125, True),
    ]


def test_what_follows_of_itself_when_a_deadline_ends_costs_what_the_fact_would():
    facts = returned()
    ends = facts[-1].occurred_at + 4 * DAY
    assert "goods_refunded" not in {row[0] for row in costs(*facts, until=ends)}
    late = [each for each in lines(*facts, until=ends + 1) if each.line == "goods_refunded"]
    assert [(each.amount, each.at, each.estimated) for each in late] == [(2500, ends, True)]


def test_facts_that_fit_nowhere_cost_nothing():
    made = Docket({"REF": PLAIN})
    with pytest.raises(FactRefused):
        made.record(fact("refunded", amount=2500), order())
    assert case_costs(made.dossiers["O-1"], PLAIN) == ()


# --- who bears it ---


@pytest.mark.parametrize(("reason", "pays"), [("no_longer_needed", 0), ("defective", 500), ("", 500), ("odd", 500)])
def test_the_way_back_is_the_sellers_where_the_seller_is_at_fault(reason, pays):
    for step in ("return_sent", "return_received"):
        facts = happens(("return_requested", {"detail": reason}), step)
        assert sum(amount for line, amount, _ in costs(*facts) if line == "return_shipping") == pays


@pytest.mark.parametrize(
    ("reason", "grade", "late", "fee"),
    [
        ("no_longer_needed", "original", False, 0),
        ("no_longer_needed", None, False, 0),
        ("no_longer_needed", "original", True, -500),
        ("no_longer_needed", "minor_damage", False, -1250),
        ("no_longer_needed", "missing", True, -1250),
        ("no_longer_needed", "materially_different", False, -2500),
        ("defective", "severe_damage", False, 0),
        ("defective", "original", True, 0),
    ],
)
def test_a_restocking_fee_follows_fault_grade_and_the_window(reason, grade, late, fee):
    sold = order(purchased_at=MONDAY - 40 * DAY) if late else order()
    authorised = ["return_authorised"] if late else []
    graded = [("return_inspected", {"detail": grade})] if grade else []
    wish = ("return_requested", {"detail": reason})
    facts = happens(wish, *authorised, "return_received", *graded, "refunded")
    assert sum(amount for line, amount, _ in costs(*facts, sold=sold) if line == "restocking_fee") == fee
    told = [each._replace(amount=1250) if each.kind == "refunded" else each for each in facts]
    assert "restocking_fee" not in {row[0] for row in costs(*told, sold=sold)}


def test_a_seller_may_keep_less_than_the_restocking_fee_that_is_allowed():
    facts = returned("refunded", reason="no_longer_needed", grade="minor_damage")
    assert ("restocking_fee", -625, True) in costs(*facts, own={"restocking_kept_share": "0.5"})
    assert "restocking_fee" not in {row[0] for row in costs(*facts, own={"restocking_kept_share": 0})}


@pytest.mark.parametrize(
    ("facts", "sold"),
    [
        (happens("claim_filed", "evidence_submitted", "claim_granted_by_marketplace"), order()),
        (happens("claim_filed", "claim_granted_by_marketplace"), order(channel="FBA")),
        (happens("claim_filed", "evidence_submitted", "claim_denied"), order()),
        (happens("claim_filed", "claim_withdrawn"), order()),
        (happens(("chargeback_filed", {"detail": "fraud"})), order()),
        (happens("chargeback_filed", "chargeback_answered", "chargeback_reversed"), order()),
        (happens("refund_requested", "refund_declined"), order()),
    ],
)
def test_what_the_marketplace_bears_and_what_is_won_costs_nothing(facts, sold):
    assert costs(*facts, sold=sold) == []


def test_a_claim_that_is_granted_unheard_costs_the_price():
    contact = fact("buyer_message", MONDAY, case="M-1")
    filed = fact("claim_filed", MONDAY + 3 * DAY, case="C-1", about="M-1")
    assert costs(contact, filed) == [("claim", 2500, True)]
    assert costs(contact, filed._replace(occurred_at=MONDAY + DAY, known_at=MONDAY + DAY)) == []


@pytest.mark.parametrize(
    ("kinds", "net"),
    [
        (["claim_filed", ("claim_granted", {"amount": 1900}), "money_reversed"], 0),
        (["claim_filed", ("claim_granted", {"amount": 1900}), ("money_reversed", {"amount": 1000})], 900),
        (["claim_filed", "claim_granted", "appeal_submitted", "appeal_granted"], 0),
        (["claim_filed", "claim_granted", "appeal_submitted", "appeal_denied"], 2500),
        (["claim_filed", "claim_granted", "defect_reversed"], 2500),
        (["chargeback_filed", "chargeback_lost", "chargeback_reversed"], 0),
    ],
)
def test_money_that_is_reversed_comes_back(kinds, net):
    assert sum(amount for _, amount, _ in costs(*happens(*kinds))) == net


def test_estimates_never_give_a_buyer_more_back_than_the_price():
    first = happens("refund_requested", ("refunded", {"amount": 1000}))
    then = later(happens("chargeback_filed", "chargeback_lost", case="C-2"))
    assert costs(*first, *then) == [("partial_refund", 1000, False), ("chargeback", 1500, True)]


def test_a_replacement_counts_once_when_it_is_promised_and_sent():
    promised = happens("not_received_reported", "replaced")
    sent = happens("replacement_requested", ("replacement_sent", {"amount": 900, "detail": "1Z"}), case="C-2")
    assert costs(*sorted([*promised, *sent], key=lambda each: each.occurred_at)) == [("replacement", 900, False)]


def test_safe_t_makes_good_the_share_that_the_rule_allows_and_its_limit_at_most():
    facts = happens("return_loss_found", "safe_t_filed", "safe_t_granted")
    rows = '{ name = "safe_t_damage_share", share = "0.40" }'
    assert costs(*facts, under=policy(RULES, f"rule = [{rows}]")) == [("safe_t_recovered", -1000, True)]
    rows += ', { name = "safe_t_limit", money = "6.50", currency = "EUR" }'
    assert costs(*facts, under=policy(RULES, f"rule = [{rows}]")) == [("safe_t_recovered", -650, True)]


# --- fees, FBA and MFN ---


@pytest.mark.parametrize(
    ("price", "fee"),
    [(2500, 75), (1, 0), (16, 0), (17, 1), (16_666, 500), (16_667, 500), (100_000, 500)],
)
def test_the_refund_administration_fee_is_the_lesser_of_a_share_of_the_referral_fee_and_its_cap(price, fee):
    # 20 % of 15 % is 3 %: 16.5 cents round up at a price of 17, the cap of 5.00 is met at 166.67.
    facts = happens("refund_requested", "refunded")
    found = costs(*facts, sold=order(price=price), under=CHARGING)
    assert sum(amount for line, amount, _ in found if line == "refund_administration_fee") == fee


def test_each_refund_to_a_buyer_and_each_claim_for_which_the_referral_fee_comes_back_pays_the_fee():
    def fees(*kinds, own=()):
        found = costs(*happens(*kinds), under=CHARGING, own=own)
        return [row for row in found if row[0] == "refund_administration_fee"]

    assert fees("refund_requested", ("refunded", {"amount": 1000})) == [("refund_administration_fee", 30, True)]
    assert fees("claim_filed", "claim_refunded") == [("refund_administration_fee", 75, True)]
    assert fees("claim_filed", "claim_granted") == [("refund_administration_fee", 75, True)]
    assert fees("claim_filed", "claim_granted", own={"fee_returned_after_claim": "0"}) == []


FBA_RETURN = ["return_requested", "marketplace_refunded", "return_received"]


def test_what_the_marketplace_ships_costs_fees_and_the_loss_of_goods_alone():
    sold = order(channel="FBA", category="apparel")
    found = lines(*happens(*FBA_RETURN), sold=sold, under=CHARGING)
    assert [(each.line, each.amount, each.currency) for each in found] == [
        ("goods_refunded", 2500, "EUR"),
        ("refund_administration_fee", 75, "EUR"),
        ("referral_fee_returned", -375, "EUR"),
        ("goods_returned", -2500, "EUR"),
        ("loss_of_value", 500, "EUR"),
        ("returns_processing_fee", 434, "USD"),
    ]
    assert {each.fulfilment for each in found} == {"FBA"}


def test_goods_that_never_come_back_to_the_marketplace_are_lost_until_it_pays_for_them():
    gone = happens("return_requested", "marketplace_refunded")
    granted = ("reimbursement_granted", {"amount": 1100})
    paid = later(happens("fba_return_missing", "reimbursement_filed", granted, case="C-2"))
    sold = order(channel="FBA")
    assert costs(*gone, sold=sold) == [("goods_refunded", 2500, True)]
    assert sum(amount for _, amount, _ in costs(*gone, *paid, sold=sold)) == 1400


@pytest.mark.parametrize(
    ("sold", "high", "fee"),
    [
        (order(channel="FBA", category="shoes"), (), 434),
        (order(channel="FBA", product="B0001"), (), 0),
        (order(channel="FBA", product="B0001"), ("B0001",), 434),
        (order(channel="FBA", category="shoes", lines=(OrderLine("S", 2, 2500),)), (), 868),
        (order(category="shoes"), (), 0),
    ],
)
def test_a_returns_processing_fee_is_for_what_comes_back_to_the_marketplace_unusually_often(sold, high, fee):
    kinds = FBA_RETURN if sold.channel == "FBA" else ["return_requested", "return_received"]
    found = costs(*happens(*kinds), sold=sold, under=CHARGING, high_return=high)
    assert sum(amount for line, amount, _ in found if line == "returns_processing_fee") == fee
    assert "returns_processing_fee" not in {row[0] for row in costs(*happens(*kinds), sold=sold, high_return=high)}


def test_in_a_currency_without_decimals_every_amount_is_whole():
    capped = policy(
        RULES,
        'rule = [{ name = "refund_administration_fee", share = "0.10", money = "500", currency = "CLP" }]',
        marketplace="ALT",
    )
    dear = order(marketplace="ALT", currency="CLP", price=2990)
    facts = [each._replace(marketplace="ALT") for each in returned("refunded", grade="minor_damage")]
    assert costs(*facts, sold=dear, under=capped) == [
        ("return_shipping", 598, True),
        ("goods_returned", -2990, True),
        ("repackaging", 150, True),  # 149.5
        ("loss_of_value", 748, True),  # 747.5
        ("goods_refunded", 2990, True),
        ("refund_administration_fee", 45, True),  # 44.85
    ]
    fees = costs(*facts, sold=dear._replace(price=100_000), under=capped)
    assert ("refund_administration_fee", 500, True) in fees


def test_yen_are_whole_and_rules_in_another_money_than_the_orders_are_refused():
    facts = happens("refund_requested", "partial_refund_offered", "offer_accepted", "refunded")
    yen = order(currency="JPY", price=2985)
    assert costs(*facts, sold=yen) == [("partial_refund", 896, True)]  # 895.5
    with pytest.raises(MoneyError) as caught:
        costs(*facts, sold=yen, under=CHARGING)
    assert str(caught.value) == (
        "the order is in JPY, and REF refund_administration_fee 0.20, at most 5.00 EUR …–… in EUR "
        "(give the rule a row in the order's currency)"
    )


# --- labour ---


def test_each_task_that_somebody_did_costs_its_minutes():
    facts = happens("buyer_message", "seller_reply", "buyer_message", "no_reply_needed")
    found = lines(*facts)
    # 8 minutes at 45.00 an hour
    assert [(each.line, each.amount, each.currency, each.estimated) for each in found] == [
        ("labour_worked", 600, "CNY", True)
    ] * 2
    assert found[0].basis == ("minutes_reply", "labour_cost_per_hour")
    own = {"minutes_reply": "7", "labour_cost_per_hour": "20.30 EUR"}
    assert [(each.amount, each.currency) for each in lines(*facts, own=own)] == [(237, "EUR")] * 2  # 236.83


@pytest.mark.parametrize(
    "facts",
    [
        happens("buyer_message", "buyer_message", "automatic_reply"),
        happens("claim_filed", "claim_withdrawn"),
        happens("feedback_left"),
    ],
)
def test_what_the_buyer_or_a_deadline_ends_takes_no_work(facts):
    assert [each for each in lines(*facts, until=MONDAY + 200 * DAY) if each.line == "labour_worked"] == []


def test_every_task_of_the_workflow_has_its_minutes_and_facts_that_do_it():
    asked, allowed = set(), {}
    workflow = default_workflow()
    for kind in workflow.kinds.values():
        for state in kind.state:
            if state.task:
                asked.add(state.task)
                allowed.setdefault(state.task, set()).update(workflow.allowed(kind.name, state.name))
    works = default_parameters().works
    assert works.keys() == asked
    for name, work in works.items():
        assert set(work.done_by) <= allowed[name]


# --- parameters ---


def test_every_parameter_has_a_range_a_unit_and_a_source():
    found = default_parameters().by_name
    assert {"return_label_share", "loss_share_ungraded", "minutes_other"} <= found.keys()
    for each in found.values():
        assert each.low <= each.default <= each.high
        assert each.unit
        assert each.source
        assert each.grade


def test_the_sellers_own_numbers_take_the_place_of_the_defaults():
    own = default_parameters().with_own({"repackaging_share": "0.10", "minutes_reply": 12}, "sop.toml")
    assert (own.value("repackaging_share"), own.value("minutes_reply")) == (Decimal("0.10"), 12)
    assert (own.by_name["repackaging_share"].source, own.by_name["repackaging_share"].grade) == ("sop.toml", "own")
    assert own.own == {"repackaging_share", "minutes_reply"}
    assert default_parameters().value("repackaging_share") == Decimal("0.05")


def test_a_wage_is_the_sellers_alone_and_without_one_work_has_no_amount_and_is_told(monkeypatch, capsys):
    assert (default_parameters().wage(), SHIPPED.wage()) == (None, (Decimal("45.00"), "CNY"))
    with pytest.raises(DocumentError, match="expected an exact number and its currency, found '45'"):
        default_parameters().with_own({"labour_cost_per_hour": "45"})
    found = accounted(*TWO)
    why = (
        "labour_worked: –: 2 tasks were done, 16 minutes by what a task of their kind takes, and no wage is told: "
        "--set labour_cost_per_hour='15.00 EUR'"
    )
    assert found["unpaid_work"] == {"tasks": 2, "minutes": "16", "why": why}
    shown = listed(found, monkeypatch, capsys)
    assert "labour_worked                      –              –                –        2" in shown
    assert why in shown
    paid = accounted(*TWO, parameters=default_parameters().with_own({"labour_cost_per_hour": "0 EUR"}))
    assert (paid["unpaid_work"], paid["without_effect"]) == (None, [])


def test_bad_numbers_of_the_seller_are_refused_all_at_once():
    bad = {
        "repackaging_shares": "0.1",
        "repackaging_share": "1.1",
        "return_label_share": 0.2,
        "loss_share_missing": "-1",
        "landed_cost_share": "0.5 EUR",
        "goods_value_share": "1",
        "labour_cost_per_hour": "20.005 EUR",
        "returns_processing_fee": "3.00 EURO",
        "minutes_reply": True,
    }
    with pytest.raises(DocumentError) as caught:
        default_parameters().with_own(bad, "own")
    assert [(each.path, each.what) for each in caught.value.problems] == [
        ("repackaging_shares", "no such parameter"),
        ("repackaging_share", "1.1 lies outside its range"),
        ("return_label_share", "expected an exact number, found 0.2"),
        ("loss_share_missing", "expected an exact number, found '-1'"),
        ("landed_cost_share", "is no money, and '0.5 EUR' names a currency"),
        ("goods_value_share", "is no more"),
        ("labour_cost_per_hour", "20.005 has too many decimals for EUR"),
        ("returns_processing_fee", "expected an exact number, found '3.00 EURO'"),
        ("minutes_reply", "expected an exact number, found True"),
    ]
    assert caught.value.problems[5].hint == "set landed_cost_share"
    assert [each.hint for each in caught.value.problems][:2] == [
        "did you mean 'repackaging_share'?",
        "share of the order's price, for packing returned goods again: 0 to 1",
    ]


def test_an_unknown_currency_of_the_sellers_money_is_refused():
    with pytest.raises(DocumentError, match="unknown currency 'XQZ'"):
        default_parameters().with_own({"labour_cost_per_hour": "3.00 XQZ"})


def test_a_document_without_what_others_fall_back_on_or_with_two_of_a_name_is_refused():
    one = {"name": "a", "default": "1", "low": "0", "high": "2", "unit": "u", "source": "s", "grade": "assumed"}
    rest = {"grade": [], "task": []}
    with pytest.raises(DocumentError) as caught:
        parse_parameters({"parameter": [one, one], **rest}, "costs.toml")
    assert [(each.path, each.what) for each in caught.value.problems] == [
        ("a", "stands there twice"),
        ("loss_share_ungraded", "missing"),
        ("minutes_other", "missing"),
    ]
    with pytest.raises(DocumentError, match="the default 3 does not lie between 0 and 2"):
        parse_parameters({"parameter": [{**one, "default": "3"}], **rest}, "costs.toml")


# --- totals ---


def line(name="claim", amount=100, currency="EUR", estimated=False, **changes):
    usual = {"case": "C-1", "order": "O-1", "product": "P", "marketplace": "REF", "fulfilment": "MFN", "at": MONDAY}
    return CostLine(
        line=name,
        amount=amount,
        currency=currency,
        estimated=estimated,
        basis=("x",),
        group=default_cost_kinds()[name].group,
        **{**usual, **changes},
    )


def test_totals_keep_currencies_and_fulfilment_apart():
    rows = [
        line(amount=300),
        line(amount=-50, estimated=True),
        line(amount=7, currency="JPY"),
        line(amount=20, fulfilment="FBA"),
        line("goods_refunded", 1),
    ]
    assert [tuple(each) for each in totals(rows, "line")] == [
        ("goods_refunded", "MFN", "EUR", 1, 0, 1),
        ("claim", "FBA", "EUR", 20, 0, 1),
        ("claim", "MFN", "EUR", 250, -50, 2),
        ("claim", "MFN", "JPY", 7, 0, 1),
    ]
    with pytest.raises(ValueError, match="costs are not added up by 'day'"):
        totals(rows, "day")


def test_two_currencies_are_never_added_without_a_rate():
    rows = [line(amount=300), line(amount=1000, currency="JPY", estimated=True)]
    assert grand_total(rows[:1]).amount == 300
    with pytest.raises(MoneyError, match=r"cannot add EUR and JPY \(add up each currency by itself, or name rates\)"):
        grand_total(rows)
    with pytest.raises(MoneyError, match="cannot add EUR and JPY: no rate for JPY"):
        grand_total(rows, "EUR", {"USD": Decimal("0.9")})
    with pytest.raises(MoneyError, match="nothing to add"):
        grand_total([])
    found = grand_total(rows, "EUR", {"JPY": Decimal("0.006125"), "USD": Decimal("0.9")})
    assert (found.amount, found.estimated, found.currency) == (300 + 613, 613, "EUR")  # 6.125 rounds up
    assert found.rates == (("JPY", Decimal("0.006125")),)
    assert grand_total([], "EUR").amount == 0
    into_yen = grand_total(rows, "JPY", {"EUR": Decimal("163.5")})
    assert into_yen.amount == 1491  # 3.00 EUR are 490.5 yen


@pytest.mark.parametrize("rate", [Decimal(0), Decimal(-1), Decimal("NaN"), Decimal("Infinity"), 0.5])
def test_a_rate_that_is_none_is_refused(rate):
    with pytest.raises(MoneyError, match="is no rate for JPY"):
        grand_total([line(currency="JPY")], "EUR", {"JPY": rate})


_lines = st.lists(
    st.builds(
        line,
        st.sampled_from(LINES),
        st.integers(-(10**9), 10**9),
        st.sampled_from(["EUR", "JPY"]),
        st.booleans(),
        case=st.sampled_from(["C-1", "C-2", "C-3"]),
        order=st.sampled_from(["O-1", "O-2"]),
        product=st.sampled_from(["", "P", "Q"]),
        marketplace=st.sampled_from(["REF", "ALT"]),
        fulfilment=st.sampled_from(["FBA", "MFN"]),
    )
)


@given(_lines, st.sampled_from(GROUPINGS))
def test_the_totals_of_any_grouping_add_up_to_the_total(rows, by):
    for currency in {each.currency for each in rows}:
        whole = grand_total(each for each in rows if each.currency == currency)
        parts = [each for each in totals(rows, by) if each.currency == currency]
        assert sum(each.amount for each in parts) == whole.amount
        assert sum(each.estimated for each in parts) == whole.estimated
    assert sum(each.amounts for each in totals(rows, by)) == len(rows)


_money = st.none() | st.integers(0, 5000)
_told = st.fixed_dictionaries({"amount": _money, "detail": st.sampled_from(["", "defective", "minor_damage", "1Z"])})
_lives = st.lists(
    st.tuples(
        st.sampled_from(sorted({move.fact for kind in default_workflow().kinds.values() for move in kind.move})),
        _told,
        st.sampled_from(["C-1", "C-2"]),
    ),
    max_size=12,
)


@given(_lives, st.integers(0, 10_000), st.sampled_from(["MFN", "FBA", "SFP"]))
def test_whatever_happens_lines_are_known_and_exact_and_the_same_however_facts_arrive(life, price, channel):
    facts = [fact(kind, MONDAY + n * DAY, case=case, **told) for n, (kind, told, case) in enumerate(life)]
    sold = order(price=price, channel=channel)
    found = []
    for arriving in (facts, facts[::-1]):
        made = Docket({"REF": CHARGING})
        for each in arriving:
            try:
                made.record(each._replace(known_at=MONDAY + 90 * DAY), sold)
            except FactRefused:
                continue
        found.append([] if not made.dossiers else case_costs(made.dossiers["O-1"], CHARGING, until=MONDAY + 100 * DAY))
    assert found[0] == found[1]
    for each in found[0]:
        assert each.line in LINES
        assert isinstance(each.amount, int)
        assert each.amount
        assert each.basis
    back = sum(each.amount for each in found[0] if each.line == "goods_returned")
    assert -price <= back <= 0
    paid = Counter()
    for each in found[0]:
        if each.line in (*GIVEN_BACK, "replacement"):
            paid[each.case, each.line] += each.amount
    assert min(paid.values(), default=0) >= 0
    assert sum(each.amount for each in found[0] if each.estimated and each.line in GIVEN_BACK) <= price


# --- what follows by rule, and is told afterwards ---


def paid(*facts, **arguments):
    """What buyers got, and what came back of it: (line, amount, estimated)."""
    return [row for row in costs(*facts, **arguments) if row[0] in GIVEN_BACK]


def told_at(kind, days, amount, case="C-1"):
    return fact(kind, MONDAY + days * DAY, case=case, amount=amount)


OVERDUE = happens("return_requested", "return_sent", "return_received")
UNHEARD = [fact("buyer_message", MONDAY + 5 * DAY), fact("claim_filed", MONDAY + 9 * DAY, case="C-2", about="C-1")]


@pytest.mark.parametrize("kind", ["marketplace_refunded", "refunded", "returnless_refund"])
@pytest.mark.parametrize("known", [20, 40])
def test_a_refund_that_the_marketplace_had_to_make_costs_what_is_told_of_it(kind, known):
    told = told_at(kind, 20, 800)._replace(known_at=MONDAY + known * DAY)
    assert paid(*OVERDUE, until=MONDAY + 12 * DAY) == [("goods_refunded", 2500, True)]
    assert paid(*OVERDUE, told, until=MONDAY + 50 * DAY) == [("partial_refund", 800, False)]
    assert paid(*OVERDUE, told._replace(amount=None), until=MONDAY + 50 * DAY) == [("goods_refunded", 2500, True)]
    assert paid(*OVERDUE, told._replace(amount=0), until=MONDAY + 50 * DAY) == []


def test_what_is_told_of_a_refund_a_second_time_is_another_refund():
    told = [told_at("marketplace_refunded", 20, 800), told_at("marketplace_refunded", 21, 700)]
    assert paid(*OVERDUE, *told) == [("partial_refund", 800, False), ("partial_refund", 700, False)]


def test_a_claim_granted_unheard_costs_what_its_grant_tells_and_gives_no_more_back():
    granted, reversed_ = told_at("claim_granted", 10, 1500, "C-2"), told_at("money_reversed", 30, 2500, "C-2")
    assert paid(*UNHEARD) == [("claim", 2500, True)]
    assert paid(*UNHEARD, granted) == [("claim", 1500, False)]
    assert paid(*UNHEARD, granted, reversed_) == [("claim", 1500, False), ("claim", -1500, False)]
    late = granted._replace(occurred_at=MONDAY + 40 * DAY, known_at=MONDAY + 40 * DAY)
    assert paid(*UNHEARD, reversed_, late) == [("claim", -1500, False), ("claim", 1500, False)]


def test_a_refund_after_an_appeal_was_granted_is_told_once():
    won = happens(
        "claim_filed", "claim_granted", "appeal_submitted", "appeal_granted", ("money_reversed", {"amount": 1800})
    )
    assert paid(*won) == [("claim", 2500, True), ("claim", -700, True), ("claim", -1800, False)]


def test_a_chargeback_that_never_took_money_gives_none_back():
    won = happens(
        ("chargeback_filed", {"amount": 2500}), "chargeback_answered", ("chargeback_reversed", {"amount": 2500})
    )
    assert costs(*won) == []
    lost = happens("chargeback_filed", ("chargeback_lost", {"amount": 900}), ("chargeback_reversed", {"amount": 2500}))
    assert paid(*lost) == [("chargeback", 900, False), ("chargeback", -900, False)]


# --- several refunds ---


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        ((1000, 1500), [("partial_refund", 1000, False), ("partial_refund", 1500, False)]),
        (
            (1000, 1500, 400),
            [("partial_refund", 1000, False), ("partial_refund", 1500, False), ("partial_refund", 400, False)],
        ),
        ((1000, None), [("partial_refund", 1000, False), ("goods_refunded", 1500, True)]),
        ((None, 1000), [("goods_refunded", 1500, True), ("partial_refund", 1000, False)]),
        ((None, None), [("goods_refunded", 2500, True)]),
    ],
)
def test_partial_refunds_add_up_and_an_estimate_is_what_they_leave_of_the_price(amounts, expected):
    refunds = [("refunded", {"amount": amount}) for amount in amounts]
    assert paid(*returned(*refunds)) == expected


@pytest.mark.parametrize(
    "before",
    [
        ["return_requested"],
        ["return_requested", "label_sent"],
        ["return_requested", "return_abandoned"],
        ["return_requested", "return_closed"],
        ["return_requested", "return_sent", "return_received", "replaced"],
        ["not_received_reported", "carrier_asked"],
        ["not_as_described_reported", "solution_declined"],
        ["refund_requested", "refund_declined"],
    ],
)
def test_money_that_left_counts_wherever_the_case_stands(before):
    assert ("partial_refund", 1999, False) in costs(*happens(*before, ("refunded", {"amount": 1999})))


@pytest.mark.parametrize(
    ("kinds", "channel"),
    [
        (["return_requested", "returnless_refund"], "FBA"),
        (["return_requested", "return_sent", "refunded_at_first_scan"], "FBA"),
        (["return_requested", "return_closed", "refunded_at_first_scan"], "MFN"),
        (["not_received_reported", "marketplace_refunded"], "MFN"),
        (["not_as_described_reported", "marketplace_refunded"], "MFN"),
        (["claim_filed", "claim_denied", "claim_granted"], "MFN"),
        (["claim_filed", "claim_granted"], "FBA"),
        (["claim_filed", "claim_refunded"], "FBA"),
        (["chargeback_filed", "chargeback_lost"], "MFN"),
    ],
)
def test_whoever_paid_the_buyer_back_what_is_told_of_it_counts(kinds, channel):
    facts = happens(*kinds[:-1], (kinds[-1], {"amount": 900}))
    assert [(amount, estimated) for _, amount, estimated in paid(*facts, sold=order(channel=channel))] == [(900, False)]


def test_a_chargeback_that_the_marketplace_bears_costs_what_was_taken_all_the_same():
    filed = ("chargeback_filed", {"detail": "fraud"})
    assert paid(*happens(filed, "chargeback_lost")) == []
    assert paid(*happens(filed, ("chargeback_lost", {"amount": 900}))) == [("chargeback", 900, False)]


@pytest.mark.parametrize("kind", ["claim_denied", "claim_withdrawn", "claim_granted_by_marketplace"])
def test_a_claim_that_the_marketplace_decides_otherwise_than_by_rule_costs_nothing(kind):
    decided = told_at(kind, 10, None, "C-2")
    assert [amount for _, amount, _ in paid(*UNHEARD, decided)] == [2500, -2500]
    granted = told_at("claim_granted", 9.5, 900, "C-2")
    assert paid(*UNHEARD, granted, decided) == [("claim", 900, False)]


def test_an_appeal_may_be_granted_of_which_nobody_told_or_after_its_time():
    granted = ("claim_granted", {"amount": 900})
    for between in ([], ["claim_final"]):
        won = happens("claim_filed", granted, *between, ("appeal_granted", {"amount": 900}))
        assert paid(*won) == [("claim", 900, False), ("claim", -900, False)]


def test_a_chargeback_may_be_lost_and_won_back_in_parts():
    kinds = [("chargeback_lost", {"amount": 900}), ("chargeback_lost", {"amount": 100})]
    kinds += [("chargeback_reversed", {"amount": 600}), ("chargeback_reversed", {"amount": 500})]
    assert [amount for _, amount, _ in paid(*happens("chargeback_filed", *kinds))] == [900, 100, -600, -400]


def test_an_estimate_leaves_room_for_what_is_told_on_the_orders_other_cases():
    bare = happens("return_requested", "refunded")
    claimed = later(happens("claim_filed", ("claim_granted", {"amount": 900}), case="C-2"))
    assert paid(*bare, *claimed) == [("goods_refunded", 1600, True), ("claim", 900, False)]
    won = later(later(happens(("money_reversed", {"amount": 900}), case="C-2")))
    assert paid(*bare, *claimed, *won)[0] == ("goods_refunded", 2500, True)


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        ((None,), [(1000, False)]),
        ((400, None), [(400, False), (600, False)]),
        ((None, 400), [(600, False), (400, False)]),
    ],
)
def test_a_refund_without_an_amount_is_what_others_leave_of_the_accepted_offer(amounts, expected):
    offer = ["refund_requested", ("partial_refund_offered", {"amount": 1000}), "offer_accepted"]
    facts = happens(*offer, *(("refunded", {"amount": amount}) for amount in amounts))
    assert [(amount, estimated) for _, amount, estimated in paid(*facts)] == expected


def test_a_refund_told_after_a_rating_was_withdrawn_is_the_one_that_followed_by_rule():
    rated = [told_at("return_rated_unresolved", 20, None), told_at("return_rating_withdrawn", 21, None)]
    assert paid(*OVERDUE, *rated, told_at("marketplace_refunded", 22, 800)) == [("partial_refund", 800, False)]


def test_goods_that_were_inspected_have_come_back_and_lost_no_more_than_they_count_for():
    facts = happens("return_requested", ("refunded", {"amount": 900}), ("return_inspected", {"amount": 2500}))
    found = costs(*facts)
    assert ("goods_returned", -900, True) in found
    assert ("loss_of_value", 900, False) in found


def test_goods_that_were_replaced_count_for_no_more_than_the_replacement_cost():
    parcel = later(happens("replacement_requested", ("replacement_sent", {"amount": 700}), case="C-2"))
    for facts in (returned(("replaced", {"amount": 700}), grade="original"), [*returned(grade="original"), *parcel]):
        assert ("goods_returned", -700, True) in costs(*facts, until=MONDAY + 7 * DAY)


def test_a_parcel_that_is_sent_again_costs_again():
    sent = ("replacement_sent", {"amount": 700, "detail": "T-1"})
    facts = happens("replacement_requested", sent, "replacement_lost", sent, sent)
    assert [amount for line, amount, _ in costs(*facts) if line == "replacement"] == [700, 700, 700]


def test_goods_that_come_back_after_their_refund_count_against_it():
    facts = happens("return_requested", ("refunded", {"amount": 2500}), "return_sent", "return_received")
    assert ("goods_returned", -2500, True) in costs(*facts)


def test_a_replacement_costs_what_is_told_of_it_with_the_promise_or_with_the_parcel():
    promised, sent = (
        returned(("replaced", {"amount": 700})),
        later(happens("replacement_requested", "replacement_sent", case="C-2")),
    )
    assert [row for row in costs(*promised, *sent) if row[0] == "replacement"] == [("replacement", 700, False)]
    again = happens("not_received_reported", ("replaced", {"amount": 300}), case="C-3")
    found = [row for row in costs(*again, *promised, *sent) if row[0] == "replacement"]
    assert found == [("replacement", 700, False), ("replacement", 300, False)]


# --- listings ---


def journal(*facts, sold):
    return Journal(orders(*sold), facts, "shop")


SOLD = [order(), order("O-2", marketplace="ALT", currency="CLP", price=2990)]


def accounted(*facts, parameters=None, **arguments):
    found = journal(*facts, sold=SOLD)
    return cost_accounts(found, replay(found, KNOWN), KNOWN, parameters=parameters, **arguments)


TWO = [
    *happens("refund_requested", ("refunded", {"amount": 2500})),
    *happens("refund_requested", "refunded", case="C-2", order="O-2", marketplace="ALT"),
]
TWO.sort(key=lambda each: each.known_at)


def test_the_costs_of_a_journal_as_plain_data():
    found = accounted(*TWO, by="marketplace", parameters=SHIPPED)
    assert found["rows"] == [
        {"name": "ALT", "fulfilment": "MFN", "currency": "CLP", "amount": "2541", "estimated": "2541", "amounts": 2},
        {"name": "ALT", "fulfilment": "MFN", "currency": "CNY", "amount": "6.00", "estimated": "6.00", "amounts": 1},
        {"name": "REF", "fulfilment": "MFN", "currency": "CNY", "amount": "6.00", "estimated": "6.00", "amounts": 1},
        {"name": "REF", "fulfilment": "MFN", "currency": "EUR", "amount": "21.25", "estimated": "-3.75", "amounts": 2},
    ]
    assert found["sums"] == [
        {"currency": "CLP", "amount": "2541", "estimated": "2541"},
        {"currency": "CNY", "amount": "12.00", "estimated": "12.00"},
        {"currency": "EUR", "amount": "21.25", "estimated": "-3.75"},
    ]
    assert found["converted"] is None
    names = ["referral_fee_share", "minutes_decide_refund", "labour_cost_per_hour"]
    assert [each["name"] for each in found["assumptions"]] == names
    assert found["assumptions"][2] == {
        "name": "labour_cost_per_hour",
        "value": "45.00",
        "currency": "CNY",
        "unit": "money for an hour of work",
        "source": "the seller's own costs",
        "grade": "own",
    }


def test_rates_that_are_used_are_named():
    rates = {"CLP": Decimal("0.001"), "CNY": Decimal("0.125"), "USD": Decimal("0.9")}
    assert accounted(*TWO, into="EUR", rates=rates, parameters=SHIPPED)["converted"] == {
        "currency": "EUR",
        "amount": "25.29",  # 21.25 + 2.54 + 1.50
        "estimated": "0.29",
        "rates": {"CLP": "0.001", "CNY": "0.125"},
    }
    with pytest.raises(MoneyError, match="no rate for CLP, CNY"):
        accounted(*TWO, into="EUR", parameters=SHIPPED)


def listed(found, monkeypatch, capsys, width="150"):
    monkeypatch.setenv("COLUMNS", width)
    show(*cost_listing(found))
    return capsys.readouterr().out.splitlines()


def test_the_costs_of_a_journal_as_tables(monkeypatch, capsys):
    own = default_parameters().with_own({"labour_cost_per_hour": "6.00 EUR"}, "own.toml")
    rates = {"CLP": Decimal("0.001")}
    assert listed(accounted(*TWO, parameters=own, into="EUR", rates=rates), monkeypatch, capsys, "104") == [
        "shop as of 2026-03-07T10:00:00+00:00: what after-sales cost, by line",
        "",
        "Cost of                Shipped by  Currency  Amount  Of it estimated  Amounts",
        "goods_refunded         MFN         CLP         2990             2990        1",
        "goods_refunded         MFN         EUR        25.00             0.00        1",
        "referral_fee_returned  MFN         CLP         -449             -449        1",
        "referral_fee_returned  MFN         EUR        -3.75            -3.75        1",
        "labour_worked          MFN         EUR         1.60             1.60        2",
        "all                                CLP         2541             2541        2",
        "all                                EUR        22.85            -2.15        4",
        "",
        "Together 25.39 EUR, at 1 CLP = 0.001 EUR",
        "",
        "The 2 orders of these days in this journal that were not cancelled: revenue 27.99, less selling fees",
        "4.20, goods 9.80, parcels out 2.24 and after-sales 25.39: contribution -13.64 EUR",
        "",
        "Labour is the work on tasks alone: the journal tells no rosters' hours beside it.",
        "",
        "The estimates rest on",
        "Number                    Value  Unit                                Source (grade)",
        "landed_cost_share          0.35  share of the price without VAT      assumed",
        "                                 that the goods cost the seller,",
        "                                 landed in the warehouse",
        "referral_fee_share         0.15  share of what is refunded that was  the rate of most categories in the",
        "                                 the marketplace's referral fee      rules of stores that have them; the",
        "                                                                     highest is 45 % (D)",
        "outbound_cost_share        0.08  share of the order's price that     assumed",
        "                                 the parcel to the buyer costs",
        "                                 where the seller ships",
        "minutes_decide_refund         8  minutes for a task decide_refund    assumed",
        "labour_cost_per_hour   6.00 EUR  money for an hour of work           own.toml",
        "",
        "No VAT is taken out of prices of ALT, REF; where they contain 19 %, say --set vat_share.ALT=0.19",
    ]


def test_a_journal_without_costs_says_so_and_a_long_one_is_cut(monkeypatch, capsys):
    assert listed(accounted(fact("feedback_left", value=5.0)), monkeypatch, capsys)[1:] == [
        "",
        "Nothing cost anything.",
        "",
        "Contribution is not told: the money is in CLP, EUR. Give --into and a --rate for each other currency.",
    ]
    paid = "refund_requested", ("refunded", {"amount": 10})
    many = [each for n in range(45) for each in happens(*paid, case=f"C-{n}")]
    found = accounted(*sorted(many, key=lambda each: each.known_at), by="case")
    shown = listed(found, monkeypatch, capsys)
    assert len(found["rows"]) == 45
    assert "… and 5 more; --json lists all." in shown
