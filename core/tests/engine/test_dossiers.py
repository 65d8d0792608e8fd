from random import Random  # noqa: TID251  an instance, of which a seed decides everything

import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from aftersale.base.errors import FactRefused
from aftersale.cases.workflow import default_workflow
from aftersale.clocks import DAY, HOUR
from aftersale.engine import replays
from aftersale.engine.columns import FOREVER
from aftersale.engine.docket import Docket
from aftersale.engine.engine import apply
from aftersale.engine.insertions import insert
from aftersale.engine.replays import ReplayedOrder
from aftersale.metrics.readings import readings
from aftersale.plugins.plugins import load_plugins
from aftersale.policies.observers import Observers
from aftersale.testing import fact, order, orders, reference
from aftersale.testing.factories import MONDAY

POLICIES = load_plugins((), {"reference": reference}).policies()
REF = POLICIES["REF"]
SHIPPED = default_workflow()
SOLD = order(category="bulky")
CASES = {
    "C-1": "message",
    "C-2": "return",
    "C-3": "claim",
    "C-4": "replacement",
    "C-5": "refund",
    "C-6": "safe_t",
    "C-7": "chargeback",
    "C-8": "replacement",
    "C-9": "replacement",
    "R-1": "not_received",
}
"""Cases of one order; the claim grows out of the message."""


def happened(kind, at, case="C-1", **changes):
    return fact(kind, at, case=case, about="C-1" if case == "C-3" else "", **changes)


def recorded(facts, until=MONDAY + 200 * DAY):
    """A docket in which these facts became known one after another, and the refusals on the way."""
    made, refused = Docket(POLICIES), []
    for each in facts:
        try:
            made.record(each, SOLD)
        except FactRefused as error:
            refused.append(error)
    made.advance(until)
    return made, refused


def same(kept, went):
    """Whether a replay that was kept up to date is what going through the order at once gives, step by step."""
    refusals = [[(each, str(why)) for each, why in replay.refusals] for replay in (kept, went)]
    return kept.steps == went.steps and kept.cases == went.cases and refusals[0] == refusals[1]


def defects_of(made):
    """What spoils the order as things stand: (component, case)."""
    found = {}
    for each in made.tally.defects:
        found[each.component, each.case] = found.get((each.component, each.case), 0) + each.step
    return {key for key, depth in found.items() if depth}


# --- any order of arrival ---


@st.composite
def lives(draw):
    """Facts of one order in the order in which they happened: walks over several cases, and some senseless facts."""
    facts, made, at = [], Docket(POLICIES), MONDAY + 5 * DAY
    for _ in range(draw(st.integers(1, 10))):
        at += draw(st.sampled_from([0, 1, HOUR, 7 * HOUR, 30 * HOUR, 3 * DAY]))
        case = draw(st.sampled_from(sorted(CASES)))
        stands = made.cases.get(case)
        allowed = SHIPPED.allowed(CASES[case], stands.state if stands else "")
        senseless = sorted({move.fact for move in SHIPPED.kinds[CASES[case]].move})
        kind = draw(st.sampled_from(senseless if draw(st.integers(0, 9)) == 0 or not allowed else list(allowed)))
        facts.append(happened(kind, at, case))
        try:
            made.record(facts[-1], SOLD)
        except FactRefused:
            continue
    return facts


@pytest.mark.once
@settings(deadline=None)
@given(lives(), st.randoms(use_true_random=False), st.integers(0, 3))
def test_any_order_of_arrival_and_any_repetition_ends_in_the_same(facts, random, repeated):
    last = facts[-1].occurred_at
    arrived = [*facts, *random.choices(facts, k=repeated)]
    random.shuffle(arrived)
    told = [each._replace(known_at=last + step * 5 * HOUR) for step, each in enumerate(arrived)]
    end = last + 200 * DAY
    (one, _), (other, _) = recorded(facts, end), recorded(told, end)
    assert other.cases == one.cases
    assert defects_of(other) == defects_of(one)
    rates = [
        {
            (each.metric, each.set_by): (each.value, each.numerator, each.denominator)
            for each in readings(REF, made, orders(SOLD), end)
        }
        for made in (one, other)
    ]
    assert rates[0] == rates[1]
    misfits = [sorted((each.kind, each.case, each.occurred_at) for each, _ in made.misfits()) for made in (one, other)]
    assert misfits[0] == misfits[1]


@settings(deadline=None)
@given(lives())
def test_what_a_docket_keeps_is_what_going_through_the_dossier_at_once_gives(facts):
    made, _ = recorded(facts)
    dossier = made.dossiers["O-1"]
    went = ReplayedOrder(list(dossier.facts), SOLD, REF, MONDAY + 200 * DAY)
    assert went.cases == dossier.cases == made.cases
    assert [(each, str(why)) for each, why in went.refusals] == [(each, str(why)) for each, why in made.misfits()]


@settings(deadline=None)
@given(lives(), st.randoms(use_true_random=False))
def test_what_late_facts_leave_behind_is_what_going_through_the_order_at_once_gives(facts, random):
    random.shuffle(facts)
    last = max(each.occurred_at for each in facts)
    made, _ = recorded([each._replace(known_at=last + step * 5 * HOUR) for step, each in enumerate(facts)])
    went = ReplayedOrder(list(made.dossiers["O-1"].facts), SOLD, REF, MONDAY + 200 * DAY)
    kept = made.dossiers["O-1"].replay
    assert kept is None or same(kept, went)


@pytest.mark.parametrize("cases", [1, 250])
def test_a_late_fact_goes_again_through_what_hangs_on_it_only(monkeypatch, cases):
    calls = []
    monkeypatch.setattr(replays, "apply", lambda *given: calls.append(1) or apply(*given))
    turns = [(step, kind) for step in range(500) for kind in ("buyer_message", "seller_reply")]
    facts = [
        happened(kind, MONDAY + (2 * step + rank) * HOUR, f"M-{step % cases}")
        for rank, (step, kind) in enumerate(turns)
    ]
    last = max(each.occurred_at for each in facts)
    Random(1).shuffle(facts)
    made, refused = recorded([each._replace(known_at=last + place) for place, each in enumerate(facts)], last + DAY)
    assert {case.state for case in made.cases.values()} == {"answered"}
    assert list(made.misfits()) == []
    assert refused != []
    # Gone through from its beginning for each of them, an order takes half a million.
    assert len(calls) < 10 * len(facts)


def test_an_order_that_is_known_better_is_gone_through_as_it_is_known_now():
    made = Docket(POLICIES)
    made.record(happened("not_received_reported", MONDAY + DAY), SOLD)
    made.record(happened("buyer_message", MONDAY, "C-2", known_at=MONDAY + DAY), SOLD)
    assert made.cases["C-1"].state == "not_delivered"
    delivered = SOLD._replace(delivered_at=MONDAY)
    made.record(happened("seller_reply", MONDAY + HOUR, "C-2", known_at=MONDAY + DAY), delivered)
    assert made.cases["C-1"].state == made.dossiers["O-1"].cases["C-1"].state == "delivered_they_say"


def test_a_fact_known_twice_changes_nothing():
    asked, answered = happened("buyer_message", MONDAY), happened("seller_reply", MONDAY + HOUR)
    made, _ = recorded([asked, answered], MONDAY + 2 * HOUR)
    before = (dict(made.cases), list(made.tally.defects), len(made.tally.endings("REF", "first_reply")))
    assert made.record(asked._replace(known_at=MONDAY + 3 * HOUR), SOLD) is None
    assert made.record(answered._replace(known_at=MONDAY + 3 * HOUR), SOLD) is None
    assert (made.cases, made.tally.defects, len(made.tally.endings("REF", "first_reply"))) == before


def test_a_fact_that_comes_before_what_it_needs_is_refused_and_takes_its_place_later():
    made = Docket(POLICIES)
    with pytest.raises(FactRefused):
        made.record(happened("seller_reply", MONDAY + HOUR, known_at=MONDAY + HOUR), SOLD)
    assert [each.kind for each, _ in made.misfits()] == ["seller_reply"]
    outcome = made.record(happened("buyer_message", MONDAY, known_at=MONDAY + 2 * HOUR), SOLD)
    assert (outcome.case.state, list(made.misfits())) == ("answered", [])


def test_of_facts_of_one_instant_each_in_turn_is_the_first_that_is_allowed():
    at_once = [happened(kind, MONDAY, "C-2") for kind in ("refunded", "return_received", "return_authorised")]
    made, refused = recorded([happened("return_requested", MONDAY, "C-2"), *at_once], MONDAY)
    assert made.cases["C-2"].state == "refunded"
    assert refused == []
    assert list(made.misfits()) == []


# --- as known then ---


def test_evidence_that_was_in_time_and_became_known_late_undoes_the_grant():
    facts = [
        happened("claim_filed", MONDAY, "C-9"),
        happened("information_requested", MONDAY + HOUR, "C-9"),
        happened("evidence_submitted", MONDAY + DAY, "C-9", known_at=MONDAY + 10 * DAY),
    ]
    made, _ = recorded(facts[:2], MONDAY + 9 * DAY)
    assert made.cases["C-9"].state == "granted"
    made.record(facts[2], SOLD)
    assert made.cases["C-9"].state == "under_review"
    claimed = [each for each in made.tally.defects if each.component == "claim"]
    assert [((each.known_at - MONDAY) / DAY, each.step) for each in claimed] == [(3 + 1 / 24, 1), (10, -1)]


def test_a_reply_known_late_takes_back_the_silence_behind_a_claim():
    facts = [happened("buyer_message", MONDAY), happened("claim_filed", MONDAY + 3 * DAY, "C-3")]
    made, _ = recorded(facts, MONDAY + 4 * DAY)
    assert made.cases["C-3"].state == "granted"
    made.record(happened("seller_reply", MONDAY + 20 * HOUR, known_at=MONDAY + 5 * DAY), SOLD)
    assert made.cases["C-3"].state == "filed"
    assert defects_of(made) == set()


def test_the_answer_that_comes_first_ends_the_deadline_whenever_it_becomes_known():
    facts = [
        happened("buyer_message", MONDAY),
        happened("seller_reply", MONDAY + 30 * HOUR),
        happened("seller_reply", MONDAY + 3 * HOUR, known_at=MONDAY + 40 * HOUR),
    ]
    made, _ = recorded(facts, MONDAY + 41 * HOUR)
    found = made.tally.endings("REF", "first_reply")
    rows = [
        (int(known - MONDAY) // HOUR, None if ended == FOREVER else int(ended - MONDAY) // HOUR, int(late), int(met))
        for known, ended, late, met in zip(found.known, found.ended, found.late, found.met, strict=True)
    ]
    assert rows[:2] == [(24, None, 1, 0), (30, 30, 0, 1)]
    assert sorted(rows[2:], key=str) == sorted([(40, None, -1, 0), (40, 30, 0, -1), (40, 3, 0, 1)], key=str)


def test_a_late_fact_is_told_to_the_observer_with_the_case_as_it_stands_now():
    seen = []
    made = Docket(POLICIES, Observers(lambda case, each: seen.append((each.kind, case.state))))
    made.record(happened("buyer_message", MONDAY), SOLD)
    made.record(happened("seller_reply", MONDAY + 5 * HOUR), SOLD)
    made.record(happened("buyer_message", MONDAY + HOUR, known_at=MONDAY + 6 * HOUR), SOLD)
    assert seen[-1] == ("buyer_message", "answered")


def test_what_a_fact_began_that_is_known_late_has_ended_by_then_and_is_known_to_have_only_then():
    made = Docket(POLICIES)
    made.advance(MONDAY + 3 * DAY)
    made.record(happened("buyer_message", MONDAY, known_at=MONDAY + 3 * DAY), SOLD)
    assert made.cases["C-1"].missed == ("first_reply", "silence")
    assert made.tally.endings("REF", "first_reply").known.tolist() == [MONDAY + 3 * DAY]


# --- a random walk ---


def test_a_fact_that_was_refused_before_a_case_began_did_not_open_it():
    early = happened("refunded", MONDAY + DAY, case="C-2", detail="none")
    made, _ = recorded([early, happened("return_requested", MONDAY + 2 * DAY, case="C-2", detail="defective")])
    dossier = made.dossiers[SOLD.id]
    assert dossier.facts_of("C-2")[0] == early
    assert dossier.opening(made.cases["C-2"]).detail == "defective"
    assert dossier.details() == {"refunded": {"none"}, "return_requested": {"defective"}}


def test_the_facts_of_a_case_are_those_that_are_known_now():
    made, _ = recorded([happened("buyer_message", MONDAY)], until=MONDAY + DAY)
    dossier = made.dossiers[SOLD.id]
    assert len(dossier.facts_of("C-1")) == 1
    made.record(happened("seller_reply", MONDAY + 2 * DAY), SOLD)
    assert (len(dossier.facts_of("C-1")), dossier.facts_of("C-9")) == (2, [])


def test_a_late_fact_asks_no_guard_again_that_sees_nothing_else():
    made, _ = recorded([happened("return_loss_found", MONDAY + n * DAY, f"S-{n}") for n in range(1, 9)])
    replay = ReplayedOrder(list(made.dossiers[SOLD.id].facts), SOLD, REF, MONDAY + 20 * DAY)
    change = insert(replay, happened("return_loss_found", MONDAY, "S-0"), MONDAY + 20 * DAY)
    assert {step.outcome.case.id for step in change.after} == {"S-0"}
    change = insert(replay, happened("claim_filed", MONDAY + HOUR, "C-3"), MONDAY + 20 * DAY)
    assert {step.outcome.case.id for step in change.after} == {"C-3", *(f"S-{n}" for n in range(1, 9))}


def test_a_case_that_turns_out_to_have_begun_before_another_is_the_one_that_is_named():
    told = [
        happened("replacement_requested", MONDAY + 2 * HOUR, "P-1", known_at=MONDAY + 2 * HOUR),
        happened("replacement_sent", MONDAY + 3 * HOUR, "P-1", known_at=MONDAY + 3 * HOUR),
        happened("replacement_requested", MONDAY + 3 * HOUR, "P-2", known_at=MONDAY + 3 * HOUR),
        happened("replacement_sent", MONDAY + 3 * HOUR, "P-2", known_at=MONDAY + 4 * HOUR),
        happened("replacement_requested", MONDAY + 5 * HOUR, "P-3", known_at=MONDAY + 5 * HOUR),
        happened("replacement_requested", MONDAY + HOUR, "P-2", known_at=MONDAY + 6 * HOUR),
    ]
    named = []
    for count in (5, 6):
        made, _ = recorded(told[:count], until=MONDAY + DAY)
        named.append(made.cases["P-3"].decided_by)
    assert named == ["replacement: P-1", "replacement: P-2"]


@pytest.mark.parametrize(
    ("kinds", "names"),
    [
        (("replacement_requested", "replacement_sent"), ("P-{0}", "P-{0}")),
        (("claim_filed", "return_loss_found"), ("C-{0}", "S-{0}")),
    ],
)
def test_what_earlier_cases_show_hides_later_ones_from_those_who_look(monkeypatch, kinds, names):
    calls = []
    monkeypatch.setattr(replays, "apply", lambda *given: calls.append(1) or apply(*given))
    facts = [
        happened(kind, MONDAY + (2 * step + rank) * HOUR, name.format(step))
        for step in range(250)
        for rank, (kind, name) in enumerate(zip(kinds, names, strict=True))
    ]
    last = facts[-1].occurred_at
    Random(1).shuffle(facts)
    made, _ = recorded([each._replace(known_at=last + place) for place, each in enumerate(facts)], last + 1)
    kept = made.dossiers["O-1"].replay
    assert same(kept, ReplayedOrder(list(made.dossiers["O-1"].facts), SOLD, REF, last + 1))
    assert len(calls) < 20 * len(facts)


class Walk(RuleBasedStateMachine):
    """Legal and senseless facts, early, late and twice, and time that passes: nothing leads out of the workflow."""

    def __init__(self):
        super().__init__()
        self.docket, self.now, self.facts = Docket(POLICIES), MONDAY, []

    def tell(self, each):
        self.facts.append(each)
        if (error := self.refusal(each)) is not None:
            assert (error.case, error.fact) == (each.case, each.kind)
            assert str(error).startswith(f"case {each.case} (")
            assert each.kind not in error.allowed
            assert error.kind in (*SHIPPED.kinds, "new case")

    def refusal(self, each):
        try:
            self.docket.record(each, SOLD)
        except FactRefused as error:
            return error
        return None

    @rule(case=st.sampled_from(sorted(CASES)), data=st.data(), hours=st.integers(0, 60))
    def something_allowed_happens(self, case, data, hours):
        self.now += hours * HOUR
        self.docket.advance(self.now)
        stands = self.docket.cases.get(case)
        allowed = SHIPPED.allowed(CASES[case], stands.state if stands else "")
        if allowed:
            self.tell(happened(data.draw(st.sampled_from(allowed)), self.now, case))

    @rule(case=st.sampled_from(sorted(CASES)), data=st.data(), ago=st.integers(0, 200))
    def something_becomes_known_late(self, case, data, ago):
        names = sorted({move.fact for move in SHIPPED.kinds[CASES[case]].move})
        then = max(MONDAY, self.now - ago * HOUR)
        self.tell(happened(data.draw(st.sampled_from(names)), then, case, known_at=self.now))

    @precondition(lambda self: self.facts)
    @rule(data=st.data())
    def something_is_told_twice(self, data):
        before = dict(self.docket.cases)
        each = data.draw(st.sampled_from(self.facts))
        assert self.docket.record(each._replace(known_at=self.now), SOLD) is None
        assert self.docket.cases == before

    @rule(days=st.integers(0, 40))
    def time_passes(self, days):
        self.now += days * DAY
        self.docket.advance(self.now)

    @invariant()
    def every_case_stands_in_a_state_of_its_kind_with_the_deadlines_of_that_state(self):
        for case in self.docket.cases.values():
            state = SHIPPED.state(case.kind, case.state)
            assert {each.name for each in case.deadlines} <= set(state.opens)
            assert case.task is None or case.task.kind == state.task

    @invariant()
    def the_docket_is_what_its_dossiers_come_to(self):
        for dossier in self.docket.dossiers.values():
            went = ReplayedOrder(list(dossier.facts), dossier.order, REF, self.now)
            assert went.cases == dossier.cases
            assert dossier.replay is None or same(dossier.replay, went)
        assert self.docket.cases == {
            name: case for dossier in self.docket.dossiers.values() for name, case in dossier.cases.items()
        }


TestWalk = Walk.TestCase
TestWalk.settings = settings(deadline=None, max_examples=40, stateful_step_count=25)
