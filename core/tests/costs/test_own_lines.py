"""Lines of costs that plugins add: what the facts of their own kinds of case cost, and how that adds up with core's."""

from decimal import Decimal

import pytest
import tomli
from hypothesis import given, strategies as st

from aftersale.base.errors import DocumentError, FactRefused
from aftersale.base.tables import show
from aftersale.cases.workflow import CaseKind, Move, State
from aftersale.clocks import DAY, HOUR
from aftersale.costs.charges import CHARGES, case_costs
from aftersale.costs.ledger import GIVEN_BACK, LINES, REFUNDS
from aftersale.costs.totals import grand_total, totals
from aftersale.engine.docket import Docket
from aftersale.journal.reading import Journal
from aftersale.journal.replay import replay
from aftersale.plugins.plugins import load_plugins
from aftersale.policies.cost_kinds import GROUPS, default_cost_kinds, parse_costs
from aftersale.testing import fact, order, orders, plugin, reference
from aftersale.testing.factories import MONDAY
from aftersale.views.money.costs import cost_accounts, cost_listing
from aftersale.worth.parameters import default_parameters

DISPUTE = CaseKind(
    "dispute",
    (State("open"), State("decided"), State("appealed"), State("closed", final=True)),
    (
        Move("dispute_opened", "open"),
        Move("dispute_lost", "decided", after=("open",)),
        Move("dispute_lost", after=("decided", "appealed", "closed"), further=True),
        Move("dispute_charged", after=("open", "decided", "appealed"), further=True),
        Move("dispute_insured", after=("decided",), further=True),
        Move("dispute_noted", after=("open", "decided"), further=True),
        Move("dispute_appealed", "appealed", after=("decided",)),
        Move("dispute_won", "closed", after=("open", "appealed")),
        Move("dispute_closed", "closed", after=("decided", "appealed")),
    ),
)
COSTS = """
[[cost]]
name = "dispute"
group = "claims"
sign = "cost"
fact = "dispute_lost"
taken_back_by = "dispute_won"
gives_back = true
en = "a dispute that is lost"
zh = "败诉的纠纷"
estimate = { share = "1", low = "0", high = "1", source = "made up", grade = "assumed" }

[[cost]]
name = "dispute_fee"
group = "fees"
sign = "cost"
fact = "dispute_charged"
en = "the fee of a dispute"
zh = "纠纷手续费"
estimate = { money = "20.00", currency = "USD", low = "0", high = "50", source = "made up", grade = "C" }

[[cost]]
name = "dispute_insurance"
group = "recovered"
sign = "back"
fact = "dispute_insured"
en = "what an insurance pays for a dispute"
zh = "纠纷保险赔付"
estimate = { share = "0.50", low = "0", high = "1", source = "made up", grade = "assumed" }
"""
KINDS = parse_costs(tomli.loads(COSTS), "costs of the test")
SHOP = load_plugins(
    (),
    {
        "reference": reference,
        "disputes": plugin(aftersale_workflow=lambda: [DISPUTE], aftersale_costs=lambda: KINDS),
    },
)
POLICY = SHOP.policy("REF")
START = MONDAY + 5 * DAY
PRICE = order().price


def lives(*kinds, case="C-1"):
    pairs = [(each, {}) if isinstance(each, str) else each for each in kinds]
    return [fact(kind, START + n * HOUR, case=case, **more) for n, (kind, more) in enumerate(pairs)]


def lines(*facts, own=(), sold=None):
    sold = sold or order()
    docket = Docket({"REF": POLICY})
    for each in sorted(facts, key=lambda each: each.known_at):
        docket.record(each, sold)
    parameters = default_parameters().with_estimates(KINDS).with_own(dict(own)) if own else None
    return case_costs(docket.dossiers[sold.id], POLICY, None, parameters)


def costs(*facts, **arguments):
    """What facts cost without the fee that comes back with refunds: (line, amount, currency, estimated)."""
    found = [each for each in lines(*facts, **arguments) if each.line != "referral_fee_returned"]
    return [(each.line, each.amount, each.currency, each.estimated) for each in found]


def amount(minor):
    return {"amount": minor}


LOST = ("dispute_opened", "dispute_lost")


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (("dispute_opened", ("dispute_lost", amount(700))), [("dispute", 700, "EUR", False)]),
        (LOST, [("dispute", PRICE, "EUR", True)]),
        (("dispute_opened", ("dispute_lost", amount(0))), []),
        (("dispute_opened", "dispute_charged"), [("dispute_fee", 2000, "USD", True)]),
        (("dispute_opened", ("dispute_charged", amount(350))), [("dispute_fee", 350, "EUR", False)]),
        (
            (*LOST, ("dispute_insured", amount(123))),
            [("dispute", PRICE, "EUR", True), ("dispute_insurance", -123, "EUR", False)],
        ),
        (
            (*LOST, "dispute_insured"),
            [("dispute", PRICE, "EUR", True), ("dispute_insurance", -PRICE // 2, "EUR", True)],
        ),
        # What comes back of a line is what the case cost on it, and no more.
        (
            (*LOST, "dispute_appealed", "dispute_won"),
            [("dispute", PRICE, "EUR", True), ("dispute", -PRICE, "EUR", True)],
        ),
        (
            ("dispute_opened", ("dispute_lost", amount(700)), "dispute_appealed", ("dispute_won", amount(900))),
            [("dispute", 700, "EUR", False), ("dispute", -700, "EUR", False)],
        ),
        (("dispute_opened", ("dispute_won", amount(900))), []),
        # An estimate leaves what later facts of the case tell.
        (
            (*LOST, ("dispute_lost", amount(600))),
            [("dispute", PRICE - 600, "EUR", True), ("dispute", 600, "EUR", False)],
        ),
        ((*LOST, "dispute_noted"), [("dispute", PRICE, "EUR", True)]),
    ],
)
def test_a_fact_books_its_amount_or_the_declared_estimate(facts, expected):
    assert costs(*lives(*facts)) == expected


def test_a_line_says_its_group_and_what_it_rests_on():
    (dispute, fee) = lines(*lives(*LOST, "dispute_charged"))
    assert (dispute.group, dispute.basis) == ("claims", ("dispute_estimate",))
    assert (fee.group, fee.basis) == ("fees", ("dispute_fee_estimate",))


def test_what_a_dispute_gave_back_is_owed_no_more_by_a_refund():
    refund = lives("refund_requested", "refunded", case="C-2")
    late = [each._replace(occurred_at=each.occurred_at + DAY, known_at=each.known_at + DAY) for each in refund]
    whole = lives(*LOST)
    assert costs(*whole, *late) == [("dispute", PRICE, "EUR", True)]
    part = lives("dispute_opened", ("dispute_lost", amount(700)))
    assert costs(*part, *late) == [("dispute", 700, "EUR", False), ("goods_refunded", PRICE - 700, "EUR", True)]
    told = [late[0], late[1]._replace(amount=PRICE - 300)]
    assert costs(*whole, *told)[0] == ("dispute", 300, "EUR", True)
    won = lives(*LOST, "dispute_appealed", "dispute_won")
    assert costs(*won, *late)[-1] == ("goods_refunded", PRICE, "EUR", True)


def test_a_seller_sets_the_estimates():
    own = {"dispute_estimate": "0.5", "dispute_fee_estimate": "30.00 EUR"}
    assert costs(*lives(*LOST, "dispute_charged"), own=own) == [
        ("dispute", PRICE // 2, "EUR", True),
        ("dispute_fee", 3000, "EUR", True),
    ]


def test_a_fee_in_another_currency_comes_back_whole_with_its_line():
    row = {**tomli.loads(COSTS)["cost"][1], "taken_back_by": "dispute_won"}
    (kind,) = parse_costs({"cost": [row]}, "costs of the test")
    shop = load_plugins(
        (), {"reference": reference, "d": plugin(aftersale_workflow=lambda: [DISPUTE], aftersale_costs=lambda: [kind])}
    )
    docket = Docket({"REF": shop.policy("REF")})
    for each in lives("dispute_opened", "dispute_charged", "dispute_lost", "dispute_appealed", "dispute_won"):
        docket.record(each, order())
    found = case_costs(docket.dossiers["O-1"], shop.policy("REF"))
    assert [(each.amount, each.currency) for each in found] == [(2000, "USD"), (-2000, "USD")]


_lives = st.lists(
    st.tuples(
        st.sampled_from(sorted({*(move.fact for move in DISPUTE.move), "refund_requested", "refunded", "claim_filed"})),
        st.none() | st.integers(0, 6000),
        st.sampled_from(["C-1", "C-2"]),
    ),
    max_size=12,
)


@given(_lives, st.integers(0, 10_000))
def test_whatever_happens_no_order_gives_back_more_than_its_price_by_estimate(life, price):
    facts = [fact(kind, START + n * HOUR, case=case, amount=told) for n, (kind, told, case) in enumerate(life)]
    sold, docket = order(price=price), Docket({"REF": POLICY})
    for each in facts:
        try:
            docket.record(each, sold)
        except FactRefused:
            continue
    found = case_costs(docket.dossiers["O-1"], POLICY) if docket.dossiers else ()
    given_back = (*GIVEN_BACK, "dispute")
    assert sum(each.amount for each in found if each.estimated and each.line in given_back) <= price
    for case in {each.case for each in found}:
        assert sum(each.amount for each in found if (each.line, each.case) == ("dispute", case)) >= 0
    for currency in {each.currency for each in found}:
        whole = grand_total(each for each in found if each.currency == currency).amount
        for by in ("group", "line"):
            assert sum(each.amount for each in totals(found, by) if each.currency == currency) == whole


# --- listings ---

FACTS = [
    *lives(*LOST, "dispute_charged", ("dispute_noted", amount(5)), ("dispute_noted", amount(6))),
    *[
        each._replace(occurred_at=each.occurred_at + DAY, known_at=each.known_at + DAY, order="O-2")
        for each in lives("refund_requested", ("refunded", amount(PRICE)), case="C-2")
    ],
]


def accounted(**arguments):
    found = Journal(orders(order(), order("O-2")), FACTS, "shop")
    return cost_accounts(found, replay(found, SHOP.policies()), SHOP.policies(), **arguments)


def test_lines_add_up_to_groups_and_groups_to_the_total():
    found = accounted(by="group")
    rows = [
        (row["name"], row["currency"], row["amount"], [line["name"] for line in row["lines"]]) for row in found["rows"]
    ]
    euros = f"{PRICE / 100:.2f}"
    assert rows == [
        ("refunds", "EUR", euros, ["goods_refunded"]),
        ("claims", "EUR", euros, ["dispute"]),
        ("fees", "EUR", "-3.75", ["referral_fee_returned"]),
        ("fees", "USD", "20.00", ["dispute_fee"]),
    ]
    for row in found["rows"]:
        assert sum(Decimal(line["amount"]) for line in row["lines"]) == Decimal(row["amount"])
        assert sum(line["amounts"] for line in row["lines"]) == row["amounts"]
    for total in found["sums"]:
        parts = [Decimal(row["amount"]) for row in found["rows"] if row["currency"] == total["currency"]]
        assert sum(parts) == Decimal(total["amount"])
    assert [row["name"] for row in accounted(by="line")["rows"]] == [
        "goods_refunded",
        "referral_fee_returned",
        "dispute",
        "dispute_fee",
    ]
    assert all("lines" not in row for row in accounted(by="line")["rows"])


def test_the_groups_of_a_journal_as_a_table(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "150")
    show(*cost_listing(accounted(by="group")))
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].endswith("what after-sales cost, by group")
    assert [line.split() for line in printed[3:12]] == [
        ["refunds", "MFN", "EUR", "25.00", "0.00", "1"],
        ["goods_refunded", "MFN", "EUR", "25.00", "0.00", "1"],
        ["claims", "MFN", "EUR", "25.00", "25.00", "1"],
        ["dispute", "MFN", "EUR", "25.00", "25.00", "1"],
        ["fees", "MFN", "EUR", "-3.75", "-3.75", "1"],
        ["referral_fee_returned", "MFN", "EUR", "-3.75", "-3.75", "1"],
        ["fees", "MFN", "USD", "20.00", "20.00", "1"],
        ["dispute_fee", "MFN", "USD", "20.00", "20.00", "1"],
        ["labour", "–", "–", "–", "1"],
    ]
    assert printed[4].startswith("  goods_refunded ")
    assert any(line.startswith("dispute_estimate ") and line.endswith(" made up") for line in printed)
    assert any(line.startswith("dispute_fee_estimate ") and line.endswith("made up (C)") for line in printed)


def test_amounts_that_no_line_books_and_numbers_without_effect_are_told():
    told = accounted()["without_effect"]
    assert told == [
        "Amounts that cost nothing, for no line of costs books these facts: dispute_noted (2); "
        "a plugin's costs.toml may."
    ]
    own = default_parameters().with_estimates(KINDS).with_own({"dispute_insurance_estimate": "1"})
    assert accounted(parameters=own)["without_effect"] == [
        "Numbers of your own without effect: dispute_insurance_estimate; no cost rests on them.",
        *told,
    ]


# --- core's lines as data ---


def test_the_facts_of_the_lines_that_core_books_are_those_of_its_charges():
    booked = [fact for kind in default_cost_kinds().values() for fact in kind.facts]
    assert sorted(booked) == sorted({*CHARGES, "partial_refund_offered", "return_inspected"})


def test_each_line_of_core_has_its_group():
    by_group = {group: [kind.name for kind in default_cost_kinds().values() if kind.group == group] for group in GROUPS}
    assert by_group == {
        "refunds": ["goods_refunded", "partial_refund"],
        "goods": ["goods_returned", "loss_of_value", "replacement"],
        "returns": ["restocking_fee", "return_label", "return_shipping", "repackaging"],
        "claims": ["claim", "chargeback"],
        "fees": ["refund_administration_fee", "referral_fee_returned", "returns_processing_fee", "chargeback_fee"],
        "recovered": ["renewed_recovery", "safe_t_recovered", "reimbursement_recovered"],
        "labour": ["labour_worked", "labour_idle"],
    }
    assert (REFUNDS, GIVEN_BACK) == (
        ("goods_refunded", "partial_refund"),
        ("goods_refunded", "partial_refund", "claim", "chargeback"),
    )
    assert tuple(default_cost_kinds()) == LINES


def test_no_number_of_core_can_be_taken_for_the_estimate_of_a_line():
    assert [name for name in default_parameters().by_name if name.endswith("_estimate")] == []


@pytest.mark.parametrize(("value", "what"), [("1.5", "1.5 lies outside its range"), ("0.5 EUR", "is no money")])
def test_a_number_that_is_none_for_the_estimate_is_refused(value, what):
    with pytest.raises(DocumentError, match=what):
        default_parameters().with_estimates(KINDS).with_own({"dispute_estimate": value})
