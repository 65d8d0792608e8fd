from datetime import date
from itertools import pairwise

import pytest
from attrs import evolve
from hypothesis import given, strategies as st

from aftersale.base.errors import FactRefused
from aftersale.cases.model import Case, Deadline, Task
from aftersale.cases.workflow import default_workflow
from aftersale.clocks import DAY, HOUR, Calendar, instant
from aftersale.engine.engine import Outcome, apply, expire
from aftersale.plugins.plugins import load_plugins
from aftersale.policies.policy import Policy
from aftersale.rules import RuleSet, parse_rules
from aftersale.testing import fact, order, plugin, reference
from aftersale.testing.factories import MONDAY

PLUGINS = load_plugins((), {"reference": reference})
POLICIES = PLUGINS.policies()
BULKY = order(category="bulky")
"""An order whose returns REF does not authorise by itself."""


def deciding(answer):
    """The policy of REF whose owner decides every return in the same way."""
    members = {name: getattr(reference, name) for name in ("aftersale_marketplaces", "aftersale_rules")}
    shop = plugin("shop", aftersale_decide_return=lambda order, requested_at, in_policy: answer, **members)
    return load_plugins((), {"shop": shop}).policy("REF")


def walk(path, sold=BULKY, policy=POLICIES["REF"], start=MONDAY, about=None):
    """The outcomes of a case's facts, one every hour from the start; `about` is the case it grew out of."""
    outcomes, cases = [], {about.id: about} if about else {}
    for step, kind in enumerate(path.split()):
        happened = fact(kind, start + step * HOUR, marketplace=sold.marketplace, about=about.id if about else "")
        outcome = apply(cases.get("C-1"), happened, sold, policy.at(happened.occurred_at), cases)
        outcomes.append(outcome)
        cases["C-1"] = outcome.case
    return outcomes


def stand(path, **setting):
    return walk(path, **setting)[-1].case


def hours(case):
    """The deadlines of a case, in hours from their start: (name, due, set by, expires, what follows)."""
    return [
        (name, (due - started_at) / HOUR, set_by, (expires_at - started_at) / HOUR, on_expiry)
        for name, started_at, due, set_by, expires_at, on_expiry in case.deadlines
    ]


UNHEARD = Case("M-1", "message", "REF", "O-1", "awaiting_reply", MONDAY, MONDAY, missed=("first_reply", "silence"))
REPLY = [("first_reply", 24, "rule", 24, "late"), ("silence", 48, "rule", 48, "grant_on_claim")]
DECISION = [("return_decision", 48, "handbook", 72, "late"), ("silence", 48, "rule", 48, "grant_on_claim")]
REFUND = [("refund_after_receipt", 96, "rule", 96, "marketplace_refunded")]
LABEL = [("return_label", 48, "handbook", 48, "late")]
EVIDENCE = [("claim_evidence", 72, "handbook", 72, "late")]
INFORMATION = [("information_request", 72, "rule", 72, "claim_granted")]
APPEAL = [("appeal", 720, "rule", 720, "claim_final")]
FILED, ASKED = "claim_filed", "claim_filed information_requested"
REVIEWED, APPEALED = f"{ASKED} evidence_submitted", "claim_filed claim_granted appeal_submitted"
DECLINING = {"policy": deciding("return_declined")}
RETURNLESS = {"policy": deciding("returnless")}
AT_ONCE = {"sold": order()}
LATE = {"sold": BULKY, "start": MONDAY + 60 * DAY}
WALKS = [
    ("buyer_message", {}, "awaiting_reply", REPLY, "reply"),
    ("buyer_message seller_reply", {}, "answered", [], None),
    ("buyer_message no_reply_needed", {}, "answered", [], None),
    ("buyer_message seller_reply buyer_message", {}, "awaiting_reply", REPLY, "reply"),
    ("buyer_message seller_reply case_closed", {}, "closed", [], None),
    ("buyer_message seller_reply case_closed buyer_message", {}, "awaiting_reply", REPLY, "reply"),
    ("return_requested", {}, "requested", DECISION, "decide_return"),
    ("return_requested", AT_ONCE, "authorised", LABEL, "send_label"),
    ("return_requested", DECLINING, "declined", [], None),
    ("return_requested", RETURNLESS, "refunded", [], None),
    ("return_requested", {**RETURNLESS, "start": MONDAY + 60 * DAY}, "refunded", [], None),
    ("return_requested return_authorised", {}, "authorised", LABEL, "send_label"),
    ("return_requested return_declined", {}, "declined_in_policy", [], None),
    ("return_requested return_declined", LATE, "declined", [], None),
    ("return_requested label_sent", AT_ONCE, "labelled", [], None),
    ("return_requested returnless_refund", {}, "refunded", [], None),
    ("return_requested marketplace_refunded", {}, "refunded_by_marketplace", [], None),
    ("return_requested return_sent", AT_ONCE, "sent", [], None),
    ("return_requested return_abandoned", AT_ONCE, "abandoned", [], None),
    ("return_requested return_received", AT_ONCE, "received", REFUND, "refund"),
    ("return_requested return_sent return_received", AT_ONCE, "received", REFUND, "refund"),
    ("return_requested return_received refunded", AT_ONCE, "refunded", [], None),
    ("return_requested return_received marketplace_refunded", AT_ONCE, "refunded_by_marketplace", [], None),
    (FILED, {}, "filed", EVIDENCE, "submit_evidence"),
    (f"{FILED} evidence_submitted", {}, "documented", [], None),
    (FILED, {"about": UNHEARD}, "granted", APPEAL, "appeal"),
    (ASKED, {}, "information_requested", INFORMATION, "submit_evidence"),
    (REVIEWED, {}, "under_review", [], None),
    *((f"{path} claim_granted", {}, "granted", APPEAL, "appeal") for path in (FILED, ASKED, REVIEWED)),
    *((f"{path} claim_withdrawn", {}, "withdrawn", [], None) for path in (FILED, ASKED, REVIEWED)),
    *((f"{path} claim_refunded", {}, "refunded_after_filing", [], None) for path in (FILED, ASKED)),
    *((f"{path} claim_denied", {}, "denied", [], None) for path in (FILED, REVIEWED)),
    *((f"{path} claim_granted_by_marketplace", {}, "granted_by_marketplace", [], None) for path in (FILED, REVIEWED)),
    (f"{FILED} claim_granted claim_final", {}, "lost", [], None),
    (APPEALED, {}, "appealed", [], None),
    (f"{APPEALED} appeal_granted", {}, "reversed", [], None),
    (f"{APPEALED} appeal_denied", {}, "lost", [], None),
]


# --- the moves of the shipped workflow ---


@pytest.mark.parametrize(("path", "setting", "state", "deadlines", "task"), WALKS)
def test_a_fact_moves_the_case_opens_its_deadlines_and_asks_for_its_task(path, setting, state, deadlines, task):
    case = stand(path, **setting)
    assert (case.state, hours(case), case.missed) == (state, deadlines, ())
    start = setting.get("start", MONDAY)
    assert (case.opened_at, case.moved_at) == (start, start + (len(path.split()) - 1) * HOUR)
    first = min(case.deadlines, key=lambda each: each.due, default=None)
    assert case.task == (first and Task(task, "C-1", "REF", first.due, first.name, first.set_by, case.moved_at))


def test_a_fact_that_keeps_the_state_keeps_the_deadlines_and_the_task():
    first, again = walk("buyer_message buyer_message")
    assert again == Outcome(first.case, "awaiting_reply", (), (), 0)
    assert again.case is first.case


def test_leaving_a_state_closes_its_deadlines():
    asked, answered = walk("buyer_message seller_reply")
    assert (asked.before, asked.closed, asked.opened) == ("", (), asked.case.deadlines)
    assert (answered.before, answered.closed, answered.opened) == ("awaiting_reply", asked.case.deadlines, ())


def test_a_whole_case_says_what_it_is_and_what_is_due():
    assert stand("buyer_message") == Case(
        "C-1",
        "message",
        "REF",
        "O-1",
        "awaiting_reply",
        MONDAY,
        MONDAY,
        (
            Deadline("first_reply", MONDAY, MONDAY + 24 * HOUR, "rule", MONDAY + 24 * HOUR, "late"),
            Deadline("silence", MONDAY, MONDAY + 48 * HOUR, "rule", MONDAY + 48 * HOUR, "grant_on_claim"),
        ),
        (),
        Task("reply", "C-1", "REF", MONDAY + 24 * HOUR, "first_reply", "rule", MONDAY),
        "",
    )


def test_a_case_becomes_a_defect_of_its_order_and_stops_being_one():
    granted = walk(f"{APPEALED} appeal_granted")
    assert [(each.defect, each.component) for each in granted] == [(0, ""), (1, "claim"), (0, "claim"), (-1, "claim")]
    assert [each.defect for each in walk(f"{APPEALED} appeal_denied")] == [0, 1, 0, 0]
    assert [each.defect for each in walk(f"{FILED} claim_refunded")] == [0, 1]
    assert [each.defect for each in walk(f"{REVIEWED} claim_denied")] == [0, 0, 0, 0]


# --- rule and handbook ---


def test_of_rule_and_handbook_the_tighter_is_due_and_the_marketplace_s_own_end_expires():
    due = instant("2026-03-04T09:00:00Z")
    (decision, _) = stand("return_requested").deadlines
    assert decision == Deadline("return_decision", MONDAY, due, "handbook", MONDAY + 3 * DAY, "late")


@pytest.mark.parametrize(
    ("received", "due", "set_by"),
    [
        ("2026-03-02T09:00:00Z", "2026-03-04T09:00:00Z", "handbook"),  # Monday: 2 business days before 4 days
        ("2026-03-06T09:00:00Z", "2026-03-10T09:00:00Z", "rule"),  # Friday: both end on Tuesday, the rule is named
        ("2026-04-01T09:00:00Z", "2026-04-05T09:00:00Z", "rule"),  # Easter: 4 days before 2 business days
    ],
)
def test_which_one_is_tighter_can_depend_on_the_day(received, due, set_by):
    start = instant(received) - HOUR
    case = stand("return_requested return_received", sold=order(channel="SFP", purchased_at=start), start=start)
    (refund,) = case.deadlines
    assert (refund.due, refund.set_by) == (instant(due), set_by)
    assert (refund.expires_at, refund.on_expiry) == (instant(received) + 4 * DAY, "marketplace_refunded")


def test_where_the_marketplace_is_silent_the_handbook_sets_due_and_end():
    silent = Policy(PLUGINS.marketplaces["REF"], RuleSet(()))
    case = stand("buyer_message", policy=silent)
    assert hours(case) == [("first_reply", 24, "handbook", 24, "late")]


@pytest.mark.parametrize(
    ("asked", "expired"),
    [
        ("2026-03-02T09:00:00Z", "2026-03-03T09:00:00Z"),
        ("2026-03-07T09:00:00Z", "2026-03-09T09:00:00Z"),  # Saturday: Sunday does not count
        ("2026-03-08T09:00:00Z", "2026-03-09T23:00:00Z"),
        ("2026-03-28T09:00:00Z", "2026-03-30T08:00:00Z"),  # the Sunday that has an hour less
    ],
)
def test_hours_that_do_not_count_sundays_set_when_the_marketplace_acts(asked, expired):
    row = {"name": "first_reply", "marketplaces": ["REF"], "clock": "wall_hours", "amount": 24, "without": "Sun"}
    row |= {"starts": "buyer_message", "on_expiry": "late", "source": "made up", "grade": "assumed"}
    berlin = evolve(PLUGINS.marketplaces["REF"], zone="Europe/Berlin", calendar=Calendar("Europe/Berlin"))
    policy = Policy(berlin, RuleSet(parse_rules({"rule": [row]}, "rules.toml")))
    (reply,) = stand("buyer_message", policy=policy, start=instant(asked)).deadlines
    assert (reply.due, reply.expires_at) == (instant(asked) + 24 * HOUR, instant(expired))
    assert reply.set_by == ("handbook" if reply.due < reply.expires_at else "rule")


def test_a_deadline_that_nobody_sets_does_not_begin_and_asks_for_no_task():
    silent = Policy(PLUGINS.marketplaces["REF"], RuleSet(()))
    case = stand("claim_filed claim_granted", policy=silent)
    assert (case.state, case.deadlines, case.task) == ("granted", (), None)


def test_a_narrower_rule_sets_the_deadline_of_the_orders_that_it_is_about():
    (decision, _) = stand("return_requested", sold=BULKY._replace(cross_border=True)).deadlines
    assert decision == Deadline(
        "return_decision", MONDAY, MONDAY + 48 * HOUR, "handbook", MONDAY + 5 * DAY, "marketplace_refunded"
    )


def test_deadlines_count_in_the_marketplace_s_own_clock_and_calendar():
    # Santiago: midnight is 03:00 UTC; from Thursday, 3 business days end with Tuesday.
    sold = order(marketplace="ALT", currency="CLP")
    case = stand("claim_filed information_requested", sold=sold, policy=POLICIES["ALT"], start=MONDAY + 3 * DAY)
    asked = MONDAY + 3 * DAY + HOUR
    assert case.deadlines == (
        Deadline(
            "information_request",
            asked,
            asked + 72 * HOUR,
            "handbook",
            instant("2026-03-11T00:00:00-03:00"),
            "claim_granted",
        ),
    )


def test_the_same_order_gets_other_deadlines_on_either_side_of_a_dated_change():
    found = {}
    for received in ("2025-12-31T23:59:59Z", "2026-01-01T00:00:00Z"):
        start = instant(received) - HOUR
        (refund,) = stand("return_requested return_received", sold=order(purchased_at=start), start=start).deadlines
        found[received] = (refund.due, refund.expires_at, refund.on_expiry)
    # Wednesday evening: the first business day counted is Friday, for 1 January is a holiday; then the weekend.
    before, after = instant("2026-01-05T23:59:59Z"), instant("2026-01-05T00:00:00Z")
    assert found == {
        "2025-12-31T23:59:59Z": (before, before, "late"),
        "2026-01-01T00:00:00Z": (after, after, "marketplace_refunded"),
    }


# --- time passes ---


def missed(path, name, **setting):
    """The outcome when the deadline of that name passes after these facts."""
    sold = setting.get("sold", BULKY)
    case = stand(path, **setting)
    (deadline,) = (each for each in case.deadlines if each.name == name)
    return expire(case, deadline, sold, POLICIES["REF"].at(deadline.expires_at))


def test_a_missed_mark_is_noted_and_the_case_stands():
    case = stand("buyer_message")
    outcome = missed("buyer_message", "first_reply")
    assert outcome == Outcome(case._replace(missed=("first_reply",)), "awaiting_reply", (), (), 0)


def test_several_marks_are_noted_in_the_order_in_which_they_passed():
    case = missed("buyer_message", "first_reply").case
    silence = case.deadlines[1]
    assert expire(case, silence, BULKY, POLICIES["REF"].at(MONDAY)).case.missed == ("first_reply", "silence")


def test_whoever_acts_clears_the_marks():
    case = missed("buyer_message", "first_reply").case
    after = apply(case, fact("seller_reply", MONDAY + 30 * HOUR), BULKY, POLICIES["REF"].at(MONDAY)).case
    assert (after.state, after.missed) == ("answered", ())


@pytest.mark.parametrize(
    ("path", "setting", "name", "state", "after", "defect"),
    [
        (
            "return_requested",
            {"sold": BULKY._replace(cross_border=True)},
            "return_decision",
            "refunded_by_marketplace",
            5 * DAY,
            0,
        ),
        (
            "return_requested return_received",
            AT_ONCE,
            "refund_after_receipt",
            "refunded_by_marketplace",
            HOUR + 4 * DAY,
            0,
        ),
        (ASKED, {}, "information_request", "granted", HOUR + 3 * DAY, 1),
        (f"{FILED} claim_granted", {}, "appeal", "lost", HOUR + 30 * DAY, 0),
    ],
)
def test_an_expiry_that_is_a_fact_moves_the_case_at_the_end_of_the_deadline(path, setting, name, state, after, defect):
    outcome = missed(path, name, **setting)
    assert (outcome.case.state, outcome.case.moved_at, outcome.defect) == (state, MONDAY + after, defect)
    assert outcome.closed == stand(path, **setting).deadlines
    assert outcome.opened == outcome.case.deadlines


def test_evidence_that_never_came_grants_the_claim_and_the_appeal_runs_from_then():
    case = missed(ASKED, "information_request").case
    assert hours(case) == APPEAL
    assert case.task == Task(
        "appeal", "C-1", "REF", case.moved_at + 30 * DAY, "appeal", "rule", MONDAY + HOUR + 3 * DAY
    )


# --- claims ---


def test_a_claim_about_a_contact_that_nobody_answered_is_granted_unheard():
    outcome = walk(FILED, about=UNHEARD)[0]
    assert (outcome.case.state, outcome.defect, outcome.before) == ("granted", 1, "")
    assert outcome.opened == (Deadline("appeal", MONDAY, MONDAY + 30 * DAY, "rule", MONDAY + 30 * DAY, "claim_final"),)
    assert outcome.case.decided_by == "rule: REF silence 48 wall_hours …–…"


@pytest.mark.parametrize(
    "about",
    [None, UNHEARD._replace(missed=()), UNHEARD._replace(missed=("first_reply",))],
    ids=["no contact", "in time", "only late"],
)
def test_a_claim_is_heard_where_no_silence_stands_behind_it(about):
    case = stand(FILED, about=about)
    assert (case.state, hours(case), case.decided_by) == ("filed", EVIDENCE, "")


def test_silence_grants_no_claim_where_the_rule_only_marks_it():
    silence = {
        "name": "silence",
        "marketplaces": ["REF"],
        "clock": "wall_hours",
        "amount": 48,
        "starts": "buyer_message",
        "on_expiry": "late",
        "source": "made up",
        "grade": "assumed",
    }
    policy = Policy(PLUGINS.marketplaces["REF"], RuleSet(parse_rules({"rule": [silence]}, "rules.toml")))
    assert stand(FILED, about=UNHEARD, policy=policy).state == "filed"


# --- decisions on returns ---


AUTHORISED = ("authorised", "rule: REF auto_authorise True …–…")
BY_HAND = ("requested", "")


@pytest.mark.parametrize(
    ("changes", "asked", "expected"),
    [
        ({}, 0, AUTHORISED),
        ({"exempt": True}, 0, BY_HAND),
        ({"category": "bulky"}, 0, BY_HAND),
        ({"delivered_at": MONDAY}, 31 * DAY - 9 * HOUR, AUTHORISED),
        ({"delivered_at": MONDAY}, 31 * DAY - 9 * HOUR + 1, BY_HAND),
        ({"delivered_at": None, "promised_at": MONDAY}, 31 * DAY - 9 * HOUR, AUTHORISED),
        ({"delivered_at": None, "promised_at": MONDAY}, 31 * DAY - 9 * HOUR + 1, BY_HAND),
        ({"delivered_at": None, "promised_at": None}, 400 * DAY, AUTHORISED),
    ],
)
def test_a_return_inside_the_policy_is_authorised_at_once_and_any_other_is_decided_by_hand(changes, asked, expected):
    case = stand("return_requested", sold=order(**changes), start=MONDAY + asked)
    assert (case.state, case.decided_by) == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("return_authorised", ("authorised", "plugin: shop")),
        ("return_declined", ("declined", "plugin: shop")),
        ("manual", ("requested", "plugin: shop")),
        (None, AUTHORISED),
    ],
)
def test_the_owner_decides_before_the_dated_rules(answer, expected):
    case = stand("return_requested", sold=order(), policy=deciding(answer))
    assert (case.state, case.decided_by) == expected


def test_who_decided_stays_with_the_case():
    case = stand("return_requested return_sent return_received", sold=order())
    assert case.decided_by == AUTHORISED[1]


# --- refusals ---


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (
            "seller_reply",
            "case C-1 (new case) cannot take the fact 'seller_reply' "
            f"(allowed: {', '.join(default_workflow().openers())})",
        ),
        (
            "buyer_message refunded",
            "case C-1 (message) in state 'awaiting_reply' cannot take the fact 'refunded' "
            "(allowed: automatic_reply, buyer_message, no_reply_needed, seller_reply)",
        ),
        (
            "feedback_left feedback_removed feedback_accepted",
            "case C-1 (feedback) in state 'removed' cannot take the fact 'feedback_accepted' "
            "(no fact is allowed there any more)",
        ),
    ],
)
def test_a_fact_that_the_workflow_does_not_know_there_is_refused_with_what_it_knows(path, told):
    with pytest.raises(FactRefused) as caught:
        walk(path)
    assert str(caught.value) == told


# --- purity ---


@given(
    st.lists(st.sampled_from(sorted({kind for path, *_ in WALKS for kind in path.split()})), max_size=6),
    st.sampled_from([BULKY, order(), order(channel="SFP", cross_border=True)]),
    st.sampled_from([MONDAY, instant("2025-12-31T23:30:00Z")]),
)
def test_the_same_facts_give_the_same_case_and_change_nothing_that_was_given(kinds, sold, start):
    given_order = repr(sold)

    def run():
        case, seen = None, []
        for step, kind in enumerate(kinds):
            happened = fact(kind, start + step * 7 * HOUR)
            told = repr((case, happened))
            try:
                outcome = apply(case, happened, sold, POLICIES["REF"].at(happened.occurred_at))
            except FactRefused as error:
                seen.append(str(error))
            else:
                assert outcome.opened == () or outcome.opened == outcome.case.deadlines
                seen.append(outcome)
            assert repr((case, happened)) == told
            case = next((each.case for each in reversed(seen) if isinstance(each, Outcome)), None)
        return seen

    assert run() == run()
    assert repr(sold) == given_order


@given(st.integers(0, 400 * 24 * 60), st.integers(0, 7 * 24 * 60))
def test_what_happens_later_is_never_due_earlier_under_one_rule(minute, later):
    first, second = (instant("2026-01-01T00:00:00Z") + at * 60_000_000 for at in (minute, minute + later))
    before, after = ([each.due for each in stand("return_requested", start=at).deadlines] for at in (first, second))
    assert all(earlier <= then for earlier, then in zip(before, after, strict=True))


def test_the_shipped_rules_change_only_on_their_days():
    terms = [POLICIES["REF"].at(instant(at)) for at in ("2025-12-31T23:59:59Z", "2026-01-01T00:00:00Z")]
    assert [each.rulebook.rule("refund_after_receipt", order()).valid_until for each in terms] == [
        date(2025, 12, 31),
        None,
    ]
    assert all(before is not after for before, after in pairwise(terms))
