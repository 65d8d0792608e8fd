"""What follows by rule and is told afterwards: the fact confirms it, whatever came in between."""

import pytest

from aftersale.base.errors import FactRefused
from aftersale.cases.workflow import default_workflow
from aftersale.clocks import DAY, HOUR
from aftersale.engine.docket import Docket
from aftersale.engine.moves import Moved, confirmations
from aftersale.plugins.plugins import load_plugins
from aftersale.policies.handbook import Handbook
from aftersale.policies.policy import Policy
from aftersale.rules import RuleSet, parse_rules
from aftersale.testing import fact, order, reference
from aftersale.testing.factories import MONDAY

SHIPPED = default_workflow()
PLACE = load_plugins((), {"reference": reference}).marketplaces["REF"]
FOLLOWS = {
    "return_decision": "marketplace_refunded",
    "refund_after_receipt": "marketplace_refunded",
    "refund_decision": "marketplace_refunded",
    "information_request": "claim_granted",
    "claim_evidence": "claim_granted",
    "appeal": "claim_final",
    "chargeback_answer": "chargeback_lost",
    "feedback_removal": "feedback_accepted",
    "safe_t_filing": "safe_t_expired",
    "safe_t_information": "safe_t_denied",
    "safe_t_appeal": "safe_t_expired",
    "fba_reimbursement_filing": "reimbursement_expired",
}
"""What follows by rule when these deadlines end."""
SWITCHES = {"auto_authorise": True, "safe_t": True}


def policy(follows=FOLLOWS, switches=SWITCHES, silence="grant_on_claim"):
    """What binds where these deadlines are of one day each, and nothing else is said."""
    every = sorted({move.fact for kind in SHIPPED.kinds.values() for move in kind.move})
    deadline = {"clock": "wall_hours", "amount": 24, "starts": every}
    told = [
        *({**deadline, "name": name, "on_expiry": then} for name, then in follows.items()),
        {**deadline, "name": "silence", "on_expiry": silence},
        *({"name": name, "value": value} for name, value in switches.items()),
    ]
    rows = [{"marketplaces": ["REF"], "source": "made up", "grade": "assumed", **row} for row in told]
    return Policy(PLACE, RuleSet(parse_rules({"rule": rows}, "rules.toml")), Handbook(()))


MANUAL = policy(switches={**SWITCHES, "auto_authorise": False})


def docket(facts, under=MANUAL):
    made = Docket({"REF": under})
    for each in facts:
        made.record(each, order())
    return made


def path_to(kind, goal):
    """The shortest list of facts that leads a case of this kind into a state."""
    paths = [[move.fact] for move in SHIPPED.kinds[kind].opening if move.guard is None]
    while paths:
        path = paths.pop(0)
        made = docket(happens(kind, path))
        stands = made.cases["C-1"]
        if stands.state == goal:
            return path
        if len(path) < 6:
            paths += [[*path, each] for each in SHIPPED.allowed(kind, stands.state)]
    raise AssertionError(f"nothing leads to {goal}")


def happens(kind, names, at=MONDAY + 5 * DAY):
    return [
        fact(name, at + step * HOUR, detail="" if name == "feedback_left" else "T-1") for step, name in enumerate(names)
    ]


OPENED = [
    pytest.param(kind, state, deadline, id=f"{kind}.{state}-{deadline}")
    for deadline in FOLLOWS
    for kind, state in SHIPPED.opening(deadline)
]


def following(made, at, depth):
    """Every list of up to `depth` facts that the case allows, one after another, from `at` on."""
    yield []
    if depth:
        stands = made.cases["C-1"]
        for name in SHIPPED.allowed(stands.kind, stands.state):
            then = docket([*made.dossiers["O-1"].facts])
            then.advance(at)
            then.record(fact(name, at, detail="T-1"), order())
            yield from ([(name, at), *more] for more in following(then, at + HOUR, depth - 1))


@pytest.mark.parametrize(("kind", "state", "deadline"), OPENED)
def test_what_follows_by_rule_is_confirmed_by_the_fact_that_tells_it_whatever_came_between(kind, state, deadline):
    facts = happens(kind, path_to(kind, state))
    made = docket(facts)
    ends = next(each.expires_at for each in made.cases["C-1"].deadlines if each.name == deadline)
    made.advance(ends + 1)
    derived = FOLLOWS[deadline]
    assert made.cases["C-1"].derived[-1][0] == derived
    for between in following(made, ends + HOUR, 2):
        then = docket([*facts, *(fact(name, at, detail="T-1") for name, at in between)])
        told = fact(derived, ends + 12 * HOUR)
        then.advance(told.occurred_at)
        before = then.cases["C-1"]
        if derived in SHIPPED.allowed(kind, before.state) and moves(kind, before.state, derived):
            continue  # it may happen again, so that it is another one
        outcome = then.record(told, order())
        assert list(then.misfits()) == []
        if before.derived:  # else what came between has told it in other words, and this is more of the same
            assert outcome.confirms == before.derived[0]
            assert then.cases["C-1"] == before._replace(derived=before.derived[1:])


def moves(kind, state, name):
    return any(move.to != state for move in SHIPPED.moves(kind, state, name))


def test_an_event_is_confirmed_once_and_is_another_one_the_second_time():
    made = docket(happens("return", ["return_requested", "return_authorised", "return_received"]))
    end = made.cases["C-1"].deadlines[0].expires_at
    first = made.record(fact("marketplace_refunded", end + DAY, amount=800), order())
    second = made.record(fact("marketplace_refunded", end + 2 * DAY, amount=900), order())
    assert (first.confirms, second.confirms) == (("marketplace_refunded", "refunded", "returnless_refund"), ())
    replayed = made.dossiers["O-1"].replayed(MANUAL, end + 3 * DAY)
    places = {place: told.amount for place, told in confirmations([Moved.by(step) for step in replayed.steps]).items()}
    assert [(replayed.steps[place].fact.kind, amount) for place, amount in places.items()] == [
        ("marketplace_refunded", 800)
    ]


def test_what_the_engine_decided_when_a_case_was_opened_is_confirmed_too():
    made = docket(happens("return", ["return_requested"]), policy())
    assert made.cases["C-1"].state == "authorised"
    assert made.record(fact("return_authorised", MONDAY + 6 * DAY), order()).confirms == ("return_authorised",)
    with pytest.raises(FactRefused):
        made.record(fact("return_authorised", MONDAY + 7 * DAY), order())


def test_a_claim_that_was_granted_unheard_is_confirmed_by_its_grant():
    filed = fact("claim_filed", MONDAY + 7 * DAY, case="C-2", about="C-1")
    made = docket([fact("buyer_message", MONDAY + 5 * DAY), filed])
    granted = made.cases["C-2"]
    made.record(fact("claim_granted", MONDAY + 7 * DAY + HOUR, case="C-2"), order())
    assert (granted.state, made.cases["C-2"]) == ("granted", granted._replace(derived=()))


def test_a_fact_told_before_the_deadline_ends_is_the_event_itself_however_late_it_is_known():
    facts = happens("return", ["return_requested", "return_authorised", "return_received"])
    made = docket(facts)
    end = made.cases["C-1"].deadlines[0].expires_at
    made.advance(end + DAY)
    made.record(fact("marketplace_refunded", end - HOUR, known_at=end + 2 * DAY), order())
    assert (made.cases["C-1"].moved_at, made.cases["C-1"].derived) == (end - HOUR, ())
