"""Costs at once: what orders cost by their classes is what each costs that is booked by itself, line by line.

`COST_DOCKETS=2000 pytest core/tests/costs/at_once` tries as many made dockets.
"""

import os
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
import tomli
from attrs import evolve
from hypothesis import HealthCheck, given, settings, strategies as st

from aftersale.base.errors import FactRefused
from aftersale.cases.workflow import CaseKind, Move, State
from aftersale.channels import WORD_OF
from aftersale.clocks import DAY, HOUR
from aftersale.costs.at_once.classes import CostClasses
from aftersale.costs.at_once.formulas import Unnoted
from aftersale.costs.at_once.noting import OTHER, _OtherState, state_asked
from aftersale.costs.at_once.paths import OrderPaths, kept_paths
from aftersale.costs.charges import moving_kinds, order_costs
from aftersale.engine.docket import Docket
from aftersale.engine.moves import Moved, MoveLog, Movements
from aftersale.plugins.plugins import load_plugins
from aftersale.policies.cost_kinds import parse_costs
from aftersale.policies.handbook import default_handbook
from aftersale.policies.policy import Policy
from aftersale.rules import RuleSet, parse_rules
from aftersale.testing import fact, order, plugin, reference
from aftersale.testing.factories import MONDAY
from aftersale.worth.parameters import default_parameters

EXAMPLES = int(os.environ.get("COST_DOCKETS", "60"))
DISPUTE = CaseKind(
    "dispute",
    (State("open"), State("decided"), State("appealed"), State("closed", final=True)),
    (
        Move("dispute_opened", "open"),
        Move("dispute_lost", "decided", after=("open",)),
        Move("dispute_lost", after=("decided", "appealed", "closed"), further=True),
        Move("dispute_charged", after=("open", "decided", "appealed"), further=True),
        Move("dispute_insured", after=("decided",), further=True),
        Move("dispute_appealed", "appealed", after=("decided",)),
        Move("dispute_won", "closed", after=("open", "appealed")),
    ),
)
OWN_LINES = """
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
OWN = parse_costs(tomli.loads(OWN_LINES), "costs of the test")
SHOP = load_plugins(
    (),
    {
        "reference": reference,
        "disputes": plugin(aftersale_workflow=lambda: [DISPUTE], aftersale_costs=lambda: OWN),
    },
)
REF = SHOP.policy("REF")
RULE = '[[rule]]\nname = "{name}"\nmarketplaces = ["REF"]\n{says}\nsource = "made up"\ngrade = "assumed"\n'
USUAL = (("return_window", 'clock = "calendar_days"\namount = 30\nstarts = "delivered"'),)
RULEBOOKS = {
    "steps of prices, a floor and limits": (
        ("referral_fee", 'share = "0.15"'),
        ("referral_fee", 'share = "0.08"\nwhen = { category = "electronics" }'),
        ("referral_fee", 'share = "0.05"\nwhen = { category = "apparel", price_up_to = "15.00", currency = "EUR" }'),
        ("referral_fee", 'share = "0.17"\nwhen = { category = "apparel", price_above = "15.00", currency = "EUR" }'),
        (
            "referral_fee_above",
            'share = "0.03"\nwhen = { category = "electronics", price_above = "100.00", currency = "EUR" }',
        ),
        ("referral_fee_minimum", 'money = "0.30"\ncurrency = "EUR"'),
        ("refund_administration_fee", 'share = "0.20"\nmoney = "5.00"\ncurrency = "EUR"'),
        ("fault", 'word = "buyer"\nwhen = { reason = ["unwanted", "no_longer_needed"] }'),
        ("fault", 'word = "seller"'),
        ("prepaid_label", 'word = "automatic"\nvalid_from = 2026-03-08'),
        ("restocking_fee", 'share = "0.20"\nwhen = { situation = "change_of_mind_late" }'),
        ("restocking_fee", 'share = "0.50"\nwhen = { situation = "returned_damaged" }'),
        ("safe_t_damage_share", 'share = "0.60"'),
        ("safe_t_limit", 'money = "40.00"\ncurrency = "EUR"'),
    ),
    "what hangs on buyers, days and borders": (
        ("referral_fee", 'share = "0.12"\nvalid_until = 2026-03-09'),
        ("referral_fee", 'share = "0.125"\nvalid_from = 2026-03-10'),
        ("refund_administration_fee", 'share = "0.333"'),
        ("fault", 'word = "buyer"\nwhen = { reason = "unwanted" }'),
        ("prepaid_label", 'word = "automatic"\nwhen = { buyer = ["B-1"] }'),
        ("partial_refund_offer", 'share = "0.30"\nmoney = "9.00"\ncurrency = "EUR"'),
        ("restocking_fee", 'share = "0.10"\nwhen = { cross_border = true }'),
        ("returns_processing_fee", "value = true"),
        ("returns_processing_threshold", 'share = "0"'),
        ("auto_authorise", "value = true"),
    ),
    "no fee at all": (),
}


def policy(rows):
    """The reference marketplace with these rules, and with the lines of the disputes."""
    text = "\n".join(RULE.format(name=name, says=says) for name, says in (*USUAL, *rows))
    rules = RuleSet(parse_rules(tomli.loads(text), "rules of the test"))
    return Policy(REF.marketplace, rules, default_handbook(), REF.workflow, costs=REF.costs)


POLICIES = {name: policy(rows) for name, rows in RULEBOOKS.items()}
PARAMETERS = default_parameters().with_estimates(OWN)
NUMBERS = {
    "the declared": PARAMETERS,
    "VAT and a wage": PARAMETERS.with_own({"vat_share.REF": "0.19", "labour_cost_per_hour": "17.30 EUR"}),
    "odd shares": PARAMETERS.with_own(
        {
            "vat_share": "0.077", "landed_cost_share": "0.333", "landed_cost_share.apparel": "0.5",
            "landed_cost_share.P-1": "0.41", "fee_returned_after_claim": "0.5", "chargeback_fee": "19.99 USD",
            "renewed_recovery_share": "0.37", "restocking_kept_share": "0.71",
        }
    ),
}  # fmt: skip
KINDS = ("return", "replacement", "refund", "claim", "chargeback", "cancellation", "not_received", "message", "dispute")
OPENERS = tuple(
    sorted(
        str(move.fact)
        for kind in REF.workflow.kinds.values()
        for move in kind.move
        if not move.after and str(kind.name) in KINDS
    )
)
DETAILS = ("", "unwanted", "defective", "damaged", "original")
amounts = st.none() | st.integers(0, 30) | st.integers(0, 20_000)
steps = st.tuples(
    st.integers(0, 1), st.integers(0, 40), amounts, st.sampled_from(DETAILS), st.sampled_from([1, 30, 400])
)
lives = st.lists(steps, min_size=1, max_size=9)
prices = (
    st.sampled_from([0, 1, 2, 3, 199, 200, 201, 333, 1499, 1500, 1501, 2500, 9999, 10_000, 10_001])
    | st.integers(1, 50_000)
    | st.integers(1_000_000, 10**9)
)
sales = st.fixed_dictionaries(
    {"price": prices},
    optional={
        "channel": st.sampled_from(sorted(WORD_OF.values())),
        "category": st.sampled_from(["general", "electronics", "apparel", "toys"]),
        "cross_border": st.booleans(),
        "buyer": st.sampled_from(["B-1", "B-2"]),
        "landed_cost": st.none() | st.integers(0, 3_000),
        "product": st.sampled_from(["P-1", "P-2"]),
        "delivered_at": st.sampled_from([MONDAY + DAY, None]),
    },
)


def dossier_of(under, sold, life, tells, log=None):
    """What is known of an order to which a life happens: each step is one that its case allows, or opens the case."""
    docket, at = Docket({"REF": under}, moves=log), sold.purchased_at + DAY
    for slot, choice, amount, detail, hours in life:
        case = f"{sold.id}-{slot}"
        at += hours * HOUR
        known = docket.cases.get(case)
        allowed = OPENERS if known is None else REF.workflow.allowed(known.kind, known.state)
        if allowed:
            told = {"detail": detail, "amount": amount if tells else None}
            try:
                docket.record(fact(allowed[choice % len(allowed)], at, order=sold.id, case=case, **told), sold)
            except FactRefused:
                continue
    return docket.dossiers.get(sold.id)


def docket_of(under, some_lives, some_sales, tells):
    """Stands in for a docket: all that is known of an order of each sale for each life."""
    dossiers = [
        dossier_of(under, order(f"O-{number}-{place}", **sale), life, tells)
        for number, life in enumerate(some_lives)
        for place, sale in enumerate(some_sales)
    ]
    return SimpleNamespace(dossiers={each.order.id: each for each in dossiers if each is not None})


shops = st.tuples(st.sampled_from(sorted(POLICIES)), st.sampled_from(sorted(NUMBERS)))
some_lives = st.lists(lives, min_size=1, max_size=3)
some_sales = st.lists(sales, min_size=1, max_size=6)
UNTIL = MONDAY + 400 * DAY
MANY = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=EXAMPLES)


def taken_in(classes, docket, under):
    """The paths of a docket's orders, each after the lines that it costs by itself."""
    known = [(dossier.order, dossier.moves(under, UNTIL)) for dossier in docket.dossiers.values()]
    moved = [(bought, moves) for bought, moves in known if moves]
    return OrderPaths.of(classes.movements, known), moved


def _later(move):
    """The same step 20 days later, with another name of its case."""
    fact = move.fact
    return move._replace(fact=fact._replace(occurred_at=fact.occurred_at + 20 * DAY, case=f"{fact.case}-later"))


@MANY
@given(shops, some_lives, some_sales, st.booleans(), st.sampled_from([(), ("P-1", "toys")]))
def test_orders_cost_at_once_what_each_costs_by_itself_in_every_line(shop, lived, sold, tells, high_return):
    under, numbers = POLICIES[shop[0]], NUMBERS[shop[1]]
    classes = CostClasses(Movements(), high_return)
    paths, moved = taken_in(classes, docket_of(under, lived, sold, tells), under)
    later = [(bought, [_later(move) for move in moves]) for bought, moves in moved]
    known = [(paths, moved), (paths, moved), (OrderPaths.of(classes.movements, later), later), (paths, moved)]
    for some, steps_of in known:  # with what was booked of these orders before, and of others of the same classes
        assert classes.booked({"REF": under}, numbers, some).lines() == {
            place: order_costs(bought, moves, under, numbers, high_return, labour=False).lines
            for place, (bought, moves) in enumerate(steps_of)
        }


@MANY
@given(shops, some_lives, some_sales, st.booleans(), st.data())
def test_sums_are_those_of_the_lines_of_all_cases_but_those_left_out(shop, lived, sold, tells, data):
    under, numbers = POLICIES[shop[0]], NUMBERS[shop[1]]
    classes = CostClasses(Movements())
    for _ in range(2):  # with what was booked of other orders before
        docket = docket_of(under, lived, data.draw(some_sales), tells)
        left_out, wanted = {}, Counter()
        at_once, alone = numbers.watched(), numbers.watched()
        paths, moved = taken_in(classes, docket, under)
        for place, (bought, moves) in enumerate(moved):
            names = sorted({move.fact.case for move in moves})
            left_out[place] = data.draw(st.sets(st.sampled_from(names)))
            for line in order_costs(bought, moves, under, alone, labour=False).lines:
                if line.case not in left_out[place]:
                    wanted[line.line, line.currency, line.basis] += line.amount
        booked = classes.booked({"REF": under}, at_once, paths)
        sums = booked.sums({place: names for place, names in left_out.items() if names}).get("REF", {})
        assert {key: amount for key, amount in sums.items() if amount} == {k: v for k, v in wanted.items() if v}
        assert at_once.reads == alone.reads


@MANY
@given(shops, some_lives, some_sales, st.booleans())
def test_only_orders_of_which_a_rule_asks_for_the_buyer_are_booked_by_themselves(shop, lived, sold, tells):
    under, numbers = POLICIES[shop[0]], NUMBERS[shop[1]]
    classes = CostClasses(Movements())
    paths, _ = taken_in(classes, docket_of(under, lived, sold, tells), under)
    classes.booked({"REF": under}, numbers, paths)  # the first of a class is booked by itself, whatever its class says
    alone = classes.booked({"REF": under}, numbers, paths).alone
    assert alone <= (len(paths) if shop[0] == "what hangs on buyers, days and borders" else 0)


def same(paths, others):
    """Whether paths say the same in all their columns."""
    columns = ("starts", "steps", "slots", "at", "amounts")
    return (
        paths.bounds[-1] == others.bounds[-1] == len(paths)
        and list(paths.orders) == list(others.orders)
        and list(paths.facts) == list(others.facts)
        and all(np.array_equal(getattr(paths, name), getattr(others, name)) for name in columns)
    )


def worked(log):
    """What a log keeps of work, fact by fact."""
    work = log.work
    names = list(work.numbers)
    return list(zip([names[number] for number in work.work], work.opened, work.orders, strict=True))


@MANY
@given(shops, lives, sales, st.booleans())
def test_what_a_docket_keeps_of_steps_is_what_a_replay_says_of_them(shop, life, sale, tells):
    under = POLICIES[shop[0]]
    log = MoveLog(moving_kinds(under), 0)
    dossier = dossier_of(under, order(**sale), life, tells, log)
    paths = kept_paths(log, ["REF"])
    if dossier is None or dossier.replay is not None:
        assert list(log.late) == ([] if dossier is None else [dossier.order.id])
        assert (len(paths), len(paths.steps)) == (0, 0)
        return
    steps = dossier.replayed(under, dossier.last + 1).steps
    kept = [Moved.by(step) for step in steps if step.outcome.case.kind in log.kinds]
    assert same(paths, OrderPaths.of(log.movements, [(dossier.order, kept)]))
    assert [paths.movements.known[step].by(told) for step, told in zip(paths.steps, paths.facts, strict=True)] == kept
    others = [step for step in steps if step.outcome.case.kind not in log.kinds]
    assert worked(log) == [
        (("REF", step.before.task.kind, step.fact.kind, step.outcome.before != step.outcome.case.state),
         step.outcome.case.opened_at, dossier.order.id)
        for step in others if step.deadline is None and step.before is not None and step.before.task is not None
    ]  # fmt: skip


ELSEWHERE = Policy(
    evolve(REF.marketplace, name="ELSE"),
    RuleSet(
        parse_rules(
            tomli.loads(
                "\n".join(
                    RULE.format(name=name, says=says).replace("REF", "ELSE")
                    for name, says in (*USUAL, *RULEBOOKS["what hangs on buyers, days and borders"])
                )
            ),
            "rules of the test",
        )
    ),
    default_handbook(),
    REF.workflow,
    costs=REF.costs,
)


@MANY
@given(some_lives, some_sales, st.booleans())
def test_orders_of_several_marketplaces_cost_at_once_what_each_costs_by_itself(lived, sold, tells):
    policies = {"REF": POLICIES["steps of prices, a floor and limits"], "ELSE": ELSEWHERE}
    classes = CostClasses(Movements())
    here = [
        (each.order, each.moves(policies["REF"], UNTIL))
        for each in docket_of(policies["REF"], lived, sold, tells).dossiers.values()
    ]
    moved = [
        (
            bought._replace(marketplace=name),
            [move._replace(fact=move.fact._replace(marketplace=name)) for move in moves],
        )
        for bought, moves in here
        for name in policies
        if moves
    ]
    paths = OrderPaths.of(classes.movements, moved)
    alone = {
        (bought.id, bought.marketplace): order_costs(
            bought, moves, policies[bought.marketplace], PARAMETERS, labour=False
        ).lines
        for bought, moves in moved
    }
    for _ in range(2):
        booked = classes.booked(policies, PARAMETERS, paths)
        lines = booked.lines()
        assert {(paths.orders[row].id, paths.orders[row].marketplace): lines[row] for row in range(len(paths))} == alone
        for name, sums in booked.sums({}).items():
            wanted = Counter()
            for (_, place), of_order in alone.items():
                for line in of_order if place == name else ():
                    wanted[line.line, line.currency, line.basis] += line.amount
            assert {key: each for key, each in sums.items() if each} == {
                key: each for key, each in wanted.items() if each
            }


def test_of_a_state_that_charges_do_not_ask_for_no_other_is_asked_either():
    assert [state_asked(state) for state in ("", "granted", "requested")] == ["", "granted", OTHER]
    other = _OtherState()
    assert (other == "granted", other in ("lost", "refunded"), bool(other)) == (False, False, True)
    with pytest.raises(Unnoted):
        assert other == "requested"


def test_an_order_whose_label_hangs_on_its_buyer_is_booked_by_itself():
    under, steps = POLICIES["what hangs on buyers, days and borders"], ("return_requested", "return_sent")
    classes, moved = CostClasses(Movements()), []
    for buyer in ("B-1", "B-2"):
        docket, sold = Docket({"REF": under}), order(buyer, buyer=buyer, price=1000)
        for number, kind in enumerate(steps):
            at = MONDAY + (5 + number) * DAY
            docket.record(fact(kind, at, order=sold.id, case=sold.id, detail="defective"), sold)
        moved.append((sold, docket.dossiers[sold.id].moves(under, UNTIL)))
    paths = OrderPaths.of(classes.movements, moved)
    booked = classes.booked({"REF": under}, PARAMETERS, paths)
    assert booked.alone == 2
    assert [[(line.order, line.line, line.amount) for line in lines] for lines in booked.lines().values()] == [
        [("B-1", "return_label", 200)],
        [("B-2", "return_shipping", 200)],
    ]


REASONS = """
[[rule]]
name = "fault"
marketplaces = ["REF"]
word = "seller"
source = "made up"
grade = "assumed"

[[rule]]
name = "fault"
marketplaces = ["REF"]
word = "buyer"
when = { reason = ["no_longer_needed", "better_price"] }
source = "made up"
grade = "assumed"
"""


def test_orders_of_reasons_that_no_row_tells_apart_are_of_one_class():
    rows = (*reference.aftersale_rules(), *parse_rules(tomli.loads(REASONS), "reasons of the test"))
    made = {name: getattr(reference, name) for name in vars(reference) if name.startswith("aftersale_")}
    shop = load_plugins((), {"reference": plugin(**{**made, "aftersale_rules": lambda: list(rows)})})
    under, classes, moved = shop.policy("REF"), CostClasses(Movements()), []
    for reason in ("defective", "a word of nobody", "no_longer_needed", "better_price"):
        docket, sold = Docket({"REF": under}), order(reason, price=1000)
        for number, kind in enumerate(("return_requested", "return_sent")):
            docket.record(fact(kind, MONDAY + (5 + number) * DAY, order=sold.id, case=sold.id, detail=reason), sold)
        moved.append((sold, docket.dossiers[sold.id].moves(under, UNTIL)))
    booked = classes.booked({"REF": under}, PARAMETERS, OrderPaths.of(classes.movements, moved))
    alone = {
        place: order_costs(sold, moves, under, PARAMETERS, labour=False).lines
        for place, (sold, moves) in enumerate(moved)
    }
    assert booked.lines() == alone
    assert [bool(alone.get(place)) for place in range(4)] == [True, True, False, False]
    assert len(set(booked.which.tolist())) == 2
