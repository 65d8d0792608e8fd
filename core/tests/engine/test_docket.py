import pytest
from hypothesis import given, strategies as st

from aftersale.base.errors import FactRefused, OtherOrder, UnknownMarketplace
from aftersale.clocks import DAY, HOUR, MINUTE
from aftersale.engine.columns import FOREVER, Running
from aftersale.engine.docket import Docket
from aftersale.plugins.plugins import load_plugins
from aftersale.policies.observers import Observers
from aftersale.testing import fact, order, reference
from aftersale.testing.factories import MONDAY

POLICIES = load_plugins((), {"reference": reference}).policies()
BULKY = order(category="bulky", cross_border=True)
"""An order whose returns are decided by hand, within five days or the marketplace refunds."""


def docket(*facts, sold=BULKY, observer=None):
    """A docket in which these facts happened to one order."""
    made = Docket(POLICIES, Observers(observer))
    for each in facts:
        made.record(each, sold)
    return made


def passed(made):
    """What passed: (deadline, when, case, state after)."""
    return [(each.name, each.expires_at - MONDAY, out.case.id, out.case.state) for out, each in made.passed]


def asked(at=MONDAY, case="C-1"):
    return fact("buyer_message", at, case=case)


def wants_return(at=MONDAY, case="C-2"):
    return fact("return_requested", at, case=case)


# --- facts ---


def test_a_fact_that_is_recorded_moves_its_case():
    made = docket(asked())
    outcome = made.record(fact("seller_reply", MONDAY + HOUR), BULKY)
    assert (outcome.before, outcome.case.state, made.cases) == ("awaiting_reply", "answered", {"C-1": outcome.case})


def test_a_refused_fact_leaves_the_docket_as_it_was_but_for_time():
    made = docket(asked())
    before = dict(made.cases)
    with pytest.raises(FactRefused):
        made.record(fact("refunded", MONDAY + HOUR), BULKY)
    assert (made.cases, made.next_expiry()) == (before, MONDAY + 24 * HOUR)
    with pytest.raises(FactRefused):
        made.record(fact("refunded", MONDAY + 25 * HOUR), BULKY)
    assert passed(made) == [("first_reply", 24 * HOUR, "C-1", "awaiting_reply")]


def test_a_fact_of_an_unknown_marketplace_is_refused_with_those_that_are_known():
    with pytest.raises(UnknownMarketplace) as caught:
        docket(fact(marketplace="RFE"))
    assert str(caught.value) == caught.value.text(cells=True).replace(" 'RFE'", "")
    assert caught.value.text(cells=True) == (
        "unknown marketplace 'RFE' (did you mean 'REF'? known: ALT, REF; or install the plugin that brings it)"
    )


@pytest.mark.parametrize(
    ("facts", "defects"),
    [
        (["feedback_left"], [("negative_feedback", 1)]),
        (["feedback_left", "feedback_removed"], [("negative_feedback", 1), ("negative_feedback", -1)]),
        (["feedback_left", "feedback_struck_through"], [("negative_feedback", 1), ("negative_feedback", -1)]),
        (["chargeback_filed"], [("chargeback", 1)]),
        (["chargeback_filed", "chargeback_answered", "chargeback_reversed"], [("chargeback", 1), ("chargeback", -1)]),
        (["buyer_message", "seller_reply"], []),
    ],
)
def test_what_spoils_an_order_is_counted_and_taken_back(facts, defects):
    made = docket(*(fact(kind, MONDAY + hour * HOUR) for hour, kind in enumerate(facts)))
    assert [(each.component, each.step) for each in made.tally.defects] == defects


def test_a_claim_finds_the_case_that_it_grew_out_of():
    filed = fact("claim_filed", MONDAY + 49 * HOUR, case="C-9", about="C-1")
    assert docket(asked(), filed).cases["C-9"].state == "granted"
    replied = fact("seller_reply", MONDAY + 47 * HOUR)
    assert docket(asked(), replied, filed).cases["C-9"].state == "filed"


def test_the_observer_is_told_of_every_case_that_a_fact_or_an_expiry_moves():
    seen = []
    made = docket(wants_return(), observer=lambda case, happened: seen.append((happened.kind, case.state)))
    made.advance(MONDAY + 6 * DAY)
    assert seen == [("return_requested", "requested"), ("marketplace_refunded", "refunded_by_marketplace")]


# --- time ---


def test_deadlines_pass_in_order_of_time_whatever_the_order_of_the_cases():
    made = docket(asked(MONDAY, "C-1"), asked(MONDAY + HOUR, "C-2"), wants_return(MONDAY + 2 * HOUR, "C-3"))
    made.advance(MONDAY + 365 * DAY)
    assert passed(made) == [
        ("first_reply", 24 * HOUR, "C-1", "awaiting_reply"),
        ("first_reply", 25 * HOUR, "C-2", "awaiting_reply"),
        ("silence", 48 * HOUR, "C-1", "awaiting_reply"),
        ("silence", 49 * HOUR, "C-2", "awaiting_reply"),
        ("silence", 50 * HOUR, "C-3", "requested"),
        ("return_decision", 122 * HOUR, "C-3", "refunded_by_marketplace"),
    ]


@pytest.mark.parametrize("names", [("C-1", "C-2"), ("C-2", "C-1")])
def test_deadlines_of_one_instant_pass_by_the_names_of_their_cases_however_these_became_known(names):
    made = docket(*(asked(MONDAY, name) for name in names))
    made.advance(MONDAY + DAY + 1)
    assert [case for _, _, case, _ in passed(made)] == ["C-1", "C-2"]


@pytest.mark.parametrize(("late", "missed"), [(0, ()), (1, ("first_reply",))])
def test_a_fact_at_the_very_instant_of_a_deadline_is_in_time_and_one_after_it_is_not(late, missed):
    made = docket(asked())
    made.advance(MONDAY + 24 * HOUR + late)
    assert made.cases["C-1"].missed == missed


def test_a_decision_at_the_very_end_of_its_deadline_still_moves_the_case():
    decided = fact("return_authorised", MONDAY + 5 * DAY, case="C-2")
    assert docket(wants_return(), decided).cases["C-2"].state == "authorised"
    assert docket(wants_return(), decided._replace(known_at=MONDAY + 9 * DAY)).cases["C-2"].state == "authorised"
    with pytest.raises(FactRefused):
        docket(wants_return(), decided._replace(occurred_at=MONDAY + 5 * DAY + 1, known_at=MONDAY + 5 * DAY + 1))


def test_a_case_that_moved_on_leaves_its_old_deadlines_behind():
    made = docket(asked(), fact("seller_reply", MONDAY + HOUR))
    assert made.next_expiry() is None
    made.advance(MONDAY + 365 * DAY)
    assert made.passed == []


def test_a_second_message_does_not_start_the_clock_again():
    made = docket(asked(), asked(MONDAY + 20 * HOUR))
    made.advance(MONDAY + 30 * HOUR)
    assert passed(made) == [("first_reply", 24 * HOUR, "C-1", "awaiting_reply")]


def test_a_message_after_the_answer_does():
    made = docket(asked(), fact("seller_reply", MONDAY + HOUR), asked(MONDAY + 20 * HOUR))
    made.advance(MONDAY + 45 * HOUR)
    assert passed(made) == [("first_reply", 44 * HOUR, "C-1", "awaiting_reply")]


def test_all_deadlines_of_a_case_are_watched_the_next_one_first():
    made, nexts = docket(wants_return()), []
    while (following := made.next_expiry()) is not None:
        nexts.append(following - MONDAY)
        made.advance(following + 1)
    assert nexts == [2 * DAY, 5 * DAY]
    assert made.cases["C-2"].state == "refunded_by_marketplace"


def test_what_an_expiry_opens_can_expire_in_the_same_breath():
    made = docket(fact("claim_filed", MONDAY), fact("information_requested", MONDAY))
    made.advance(MONDAY + 365 * DAY)
    assert passed(made) == [
        ("information_request", 3 * DAY, "C-1", "granted"),
        ("appeal", 33 * DAY, "C-1", "lost"),
    ]


def test_a_fact_finds_the_case_after_whatever_expired_before_it():
    filed = fact("claim_filed", MONDAY)
    requested = fact("information_requested", MONDAY)
    appealed = fact("appeal_submitted", MONDAY + 4 * DAY)
    assert docket(filed, requested, appealed).cases["C-1"].state == "appealed"


@given(
    st.lists(
        st.tuples(
            st.integers(0, 80),
            st.sampled_from(["buyer_message", "seller_reply", "return_requested", "return_authorised", "claim_filed"]),
            st.sampled_from(["C-1", "C-2"]),
        ),
        max_size=12,
    ),
    st.lists(st.integers(0, 300), max_size=8),
)
def test_looking_at_the_docket_in_between_changes_nothing(happenings, looks):
    facts = sorted(
        (fact(kind, MONDAY + at * HOUR, case=case) for at, kind, case in happenings), key=lambda f: f.known_at
    )

    def go(looks):
        made, told = Docket(POLICIES), []
        times = sorted(
            [(each.known_at, 1, each) for each in facts] + [(MONDAY + at * HOUR, 0, None) for at in looks],
            key=lambda each: each[:2],
        )
        for at, _, each in times:
            if each is None:
                made.advance(at)
                made.next_expiry()
                continue
            try:
                made.record(each, BULKY)
            except FactRefused as error:
                told.append(str(error))
        made.advance(MONDAY + 400 * HOUR)
        return made.cases, passed(made), told

    assert go(looks) == go([])


def endings(made, name):
    """How deadlines of that name ended: (hours from MONDAY of begin, known, end or None), late, counted, met."""
    found = made.tally.endings("REF", name)
    rows = zip(found.started, found.known, found.ended, found.late, found.counted, found.met, strict=True)
    return [
        (*(None if at == FOREVER else (int(at) - MONDAY) / HOUR for at in row[:3]), *map(int, row[3:])) for row in rows
    ]


def test_the_tally_counts_when_a_deadline_began_and_how_it_ended():
    made = docket(asked(), fact("seller_reply", MONDAY + 90 * MINUTE), asked(MONDAY + DAY))
    assert endings(made, "first_reply") == [(0, 1.5, 1.5, 0, 1, 1)]
    assert Running.of(made.cases.values()).starts("REF", "first_reply").tolist() == [MONDAY + DAY]
    made.record(fact("seller_reply", MONDAY + 60 * HOUR), BULKY)
    assert endings(made, "first_reply")[1:] == [(24, 48, None, 1, 1, 0), (24, 60, 60, 0, 0, 1)]


def test_the_deadlines_that_began_in_a_period_are_counted_by_name_with_what_was_taken_back():
    made = docket(asked(), fact("no_reply_needed", MONDAY + 30 * HOUR))
    made.record(fact("buyer_message", MONDAY + 31 * HOUR, case="C-2"), BULKY)
    made.advance(MONDAY + 100 * HOUR)
    answers, silences = ("REF", "first_reply"), ("REF", "silence")
    assert made.tally.ended_between(MONDAY, MONDAY + DAY) == {answers: (0, 0), silences: (0, 0)}
    assert made.tally.ended_between(MONDAY, MONDAY + 2 * DAY) == {answers: (1, 1), silences: (1, 1)}
    assert made.tally.ended_between(MONDAY, MONDAY + 2 * DAY, [silences, ("REF", "appeal")]) == {
        silences: (1, 1),
        ("REF", "appeal"): (0, 0),
    }
    assert Docket(POLICIES).tally.ended_between(MONDAY, MONDAY + DAY) == {}


def test_a_contact_that_needs_no_reply_is_not_counted_and_taken_back_if_it_was():
    made = docket(asked(), fact("no_reply_needed", MONDAY + 5 * HOUR))
    assert (endings(made, "first_reply"), endings(made, "silence")) == ([], [])
    made = docket(asked(), fact("no_reply_needed", MONDAY + 30 * HOUR))
    assert endings(made, "first_reply") == [(0, 24, None, 1, 1, 0), (0, 30, None, -1, -1, 0)]
    assert endings(made, "silence") == []


# --- other orders ---


def test_a_fact_of_another_order_does_not_move_a_case():
    made = docket(asked())
    with pytest.raises(OtherOrder, match="about order O-2, but case C-1 is about order O-1"):
        made.record(fact("seller_reply", MONDAY + HOUR, order="O-2"), order("O-2"))
    assert made.cases["C-1"].state == "awaiting_reply"


def test_a_claim_does_not_grow_out_of_a_case_of_another_order():
    made = docket(asked())
    claim = fact("claim_filed", MONDAY + 3 * DAY, order="O-2", case="C-9", about="C-1")
    with pytest.raises(OtherOrder):
        made.record(claim, order("O-2"))
    assert "C-9" not in made.cases
