from collections import Counter

import pytest

from aftersale.advice.advice import advice, classified, priority
from aftersale.advice.evidence import evidence_for, keep_until
from aftersale.clocks import DAY, HOUR
from aftersale.engine.docket import Docket
from aftersale.metrics.diagnosis import CAUSES, diagnose
from aftersale.plugins.plugins import load_plugins
from aftersale.policies.handbook import Handbook, default_handbook
from aftersale.policies.policy import Policy
from aftersale.rules import RuleSet, parse_rules
from aftersale.testing import fact, order, reference
from aftersale.testing.factories import MONDAY

PLACE = load_plugins((), {"reference": reference}).marketplaces["REF"]
RULES = [rule for rule in reference.aftersale_rules() if rule.marketplace == "REF"]
ASKED = {"name": "evidence", "words": ["carrier_confirmation", "messages"], "when": {"claim": ["not_received"]}}
FAULT = {"name": "fault", "word": "seller", "when": {"reason": ["CR-DEFECTIVE"]}}


def rows(*told, place="*"):
    made = [{"marketplaces": [place], "source": "made up", "grade": "assumed", **row} for row in told]
    return parse_rules({"rule": made}, "own.toml")


def policy(*told, own=()):
    rules = RuleSet([*RULES, *rows(*told, place="REF")])
    return Policy(PLACE, rules, default_handbook().overlaid(Handbook(rows(*own), "own.toml")))


def docket(bound, *facts, sold=None, until=MONDAY + 20 * DAY):
    made = Docket({"REF": bound})
    for each in facts:
        made.record(each, sold or order())
    made.advance(until)
    return made


def hints(bound, *facts, case="C-1", sold=None, until=MONDAY + 6 * DAY):
    made = docket(bound, *facts, sold=sold, until=until)
    return {hint.name: hint.says for hint in advice(made.cases[case], made.dossiers["O-1"], bound)}


def test_the_seller_s_own_class_and_priority_follow_reason_price_and_kind():
    own = [
        {"name": "classification", "word": "broken", "when": {"reason": ["CR-DEFECTIVE"]}},
        {"name": "priority", "count": 3, "when": {"price_above": "20", "currency": "EUR"}},
    ]
    bound = policy(own=own)
    made = docket(bound, fact("return_requested", detail="CR-DEFECTIVE"))
    case, dossier = made.cases["C-1"], made.dossiers["O-1"]
    assert (classified(case, dossier, bound), priority(case, dossier, bound)) == ("broken", 3)
    cheap = docket(bound, fact("return_requested"), sold=order(price=1000))
    case, dossier = cheap.cases["C-1"], cheap.dossiers["O-1"]
    assert (classified(case, dossier, bound), priority(case, dossier, bound)) == ("return", 0)


def test_a_return_by_hand_comes_with_who_is_at_fault_and_what_to_offer():
    own = [{"name": "partial_refund_offer", "share": "0.3", "when": {"category": "bulky"}}]
    sold = order(category="bulky")
    found = hints(policy(FAULT, own=own), fact("return_requested", detail="CR-DEFECTIVE"), sold=sold)
    assert found == {"fault": "seller", "partial_refund_offer": "0.3"}


FEES = (
    {"name": "fault", "word": "buyer", "when": {"reason": ["CR-UNWANTED_ITEM"]}},
    {"name": "restocking_fee", "share": "0.5", "when": {"situation": "returned_damaged"}},
    {"name": "restocking_fee", "share": "0.2", "when": {"situation": "change_of_mind_late"}},
    {"name": "restocking_fee", "share": "0"},
)


@pytest.mark.parametrize(
    ("reason", "grade", "delivered", "fee"),
    [
        ("CR-UNWANTED_ITEM", "severe_damage", 4, "0.5"),
        ("CR-UNWANTED_ITEM", "original", 4, "0"),
        ("CR-UNWANTED_ITEM", "original", -40, "0.2"),
        ("CR-DEFECTIVE", "severe_damage", 4, "0"),
        ("CR-UNWANTED_ITEM", None, 4, None),
    ],
)
def test_what_may_be_kept_of_a_refund_is_advised_once_the_goods_are_graded(reason, grade, delivered, fee):
    bound, sold = policy(FAULT, *FEES), order(delivered_at=MONDAY + delivered * DAY)
    told = ["return_requested", "return_authorised", "return_received"]
    at = MONDAY + 5 * DAY
    facts = [fact(kind, at + place * HOUR, detail="" if place else reason) for place, kind in enumerate(told)]
    if delivered > 0:
        facts.pop(1)
    if grade is not None:
        facts.append(fact("return_inspected", at + 4 * HOUR, detail=grade))
    assert hints(bound, *facts, sold=sold).get("restocking_fee") == fee


def test_who_sends_the_label_is_advised_while_it_is_due():
    bound = policy({"name": "prepaid_label", "word": "seller_choice"})
    own = policy(own=[{"name": "prepaid_label", "word": "not_prepaid"}])
    wish = fact("return_requested")
    assert hints(bound, wish) == {"prepaid_label": "seller_choice"}
    assert hints(own, wish) == {"prepaid_label": "not_prepaid"}


def test_what_the_seller_wants_proved_stands_behind_what_the_marketplace_asks_for():
    more = {"name": "evidence", "words": ["messages", "photos"]}
    made = docket(policy(ASKED, own=[more]), fact("claim_filed", MONDAY, detail="not_received"))
    found = evidence_for(made.cases["C-1"], made.dossiers["O-1"], policy(ASKED, own=[more]))
    assert found.missing == ("carrier_confirmation", "messages", "photos")
    assert found.told.count("rule: ") == 2


def test_a_claim_names_the_evidence_that_is_missing_and_is_fought_once_it_is_complete():
    bound = policy(ASKED)
    told = [
        fact("not_received_reported", MONDAY + 5 * DAY, case="L-1"),
        fact("claim_filed", MONDAY + 5 * DAY + HOUR, detail="not_received"),
    ]
    assert hints(bound, *told) == {
        "evidence_missing": "carrier_confirmation, messages",
        "contest_claim": "complete the evidence",
    }
    more = [
        fact("carrier_confirmed", MONDAY + 5 * DAY + 2 * HOUR, case="L-1"),
        fact("seller_reply", MONDAY + 5 * DAY + 3 * HOUR, case="L-1"),
    ]
    assert hints(bound, *told, *more) == {"contest_claim": "fight"}


def test_evidence_is_what_facts_and_handed_in_documents_are():
    bound = policy(ASKED)
    made = docket(
        bound,
        fact("claim_filed", MONDAY, detail="not_received"),
        fact("evidence_submitted", MONDAY + HOUR, detail="carrier_confirmation"),
        fact("evidence_submitted", MONDAY + 2 * HOUR, detail="photos"),
    )
    found = evidence_for(made.cases["C-1"], made.dossiers["O-1"], bound)
    assert (found.claim, found.asked) == ("not_received", ("carrier_confirmation", "messages"))
    assert (found.at_hand, found.missing) == (("carrier_confirmation", "photos"), ("messages",))
    assert not found.complete


def test_evidence_is_kept_for_180_days_from_the_last_move():
    bound = policy()
    made = docket(bound, fact("buyer_message", MONDAY), fact("seller_reply", MONDAY + HOUR))
    assert keep_until(made.cases["C-1"], made.dossiers["O-1"], bound) == MONDAY + HOUR + 180 * DAY


def test_each_cause_is_found_with_its_cases_orders_defects_and_money():
    bound = policy(FAULT)
    made = Docket({"REF": bound})
    late = order("O-3", delivered_at=MONDAY + 9 * DAY)
    lives = {
        order("O-1"): [("buyer_message", 5, "M", ""), ("seller_reply", 7, "M", "")],
        order("O-2", exempt=True): [("return_requested", 5, "R", "CR-DEFECTIVE"), ("return_declined", 6, "R", "")],
        late: [("feedback_left", 10, "F", "")],
        order("O-4", price=700): [
            ("claim_filed", 5, "C", "returned_no_refund"),
            ("information_requested", 5.5, "C", ""),
        ],
    }
    for sold, told in lives.items():
        for kind, day, case, detail in told:
            at = MONDAY + round(day * DAY)
            made.record(fact(kind, at, order=sold.id, case=f"{sold.id}-{case}", detail=detail), sold)
    made.advance(MONDAY + 60 * DAY)
    found = diagnose(made, {"REF": bound})
    assert tuple(cause.name for cause in found.causes) == CAUSES
    told = {cause.name: (cause.cases, cause.orders, cause.defects, cause.money) for cause in found.causes}
    assert told == {
        "late_reply": (1, {"O-1"}, set(), Counter(EUR=2500)),
        "refused_return": (1, {"O-2"}, set(), Counter(EUR=2500)),
        "refund_not_given": (1, {"O-4"}, {"O-4"}, Counter(EUR=700)),
        "evidence_missing": (1, {"O-4"}, {"O-4"}, Counter(EUR=700)),
        "late_delivery": (1, {"O-3"}, {"O-3"}, Counter(EUR=2500)),
        "product": (1, {"O-2"}, set(), Counter(EUR=2500)),
    }
    assert [(each.name, each.returns, each.complaints, each.reasons) for each in found.products] == [
        ("general", 1, 1, (("CR-DEFECTIVE", 1),))
    ]
    assert [(each.order, each.stars, each.causes) for each in found.feedback] == [("O-3", None, ("late_delivery",))]


def test_what_keeps_a_claim_the_marketplace_s_is_told_while_a_parcel_is_missing():
    protection = {"name": "claims_protection", "words": ["protected_label", "refund_by_marketplace"]}
    reported = fact("not_received_reported", MONDAY + 5 * DAY)
    assert hints(policy(protection), reported)["claims_protection"] == "protected_label, refund_by_marketplace"
    assert "claims_protection" not in hints(policy(), reported)
    ended = fact("refunded", MONDAY + 5 * DAY + HOUR)
    assert "claims_protection" not in hints(policy(protection), reported, ended)
