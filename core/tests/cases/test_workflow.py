import copy
from typing import get_args

import pytest
from hypothesis import given, strategies as st

from aftersale.base.errors import DocumentError
from aftersale.cases.model import Case
from aftersale.cases.workflow import GuardName, Workflow, default_workflow, parse_workflow
from aftersale.clocks import HOUR
from aftersale.engine.engine import apply, expire
from aftersale.plugins.plugins import load_plugins
from aftersale.testing import fact, order, reference
from aftersale.testing.factories import MONDAY

TICKET = {
    "name": "ticket",
    "state": [
        {"name": "open", "task": "reply", "opens": ["first_reply"]},
        {"name": "waiting"},
        {"name": "done", "final": True},
    ],
    "move": [
        {"fact": "asked", "to": "open"},
        {"after": ["open"], "fact": "answered", "to": "waiting"},
        {"after": ["waiting"], "fact": "asked", "to": "open"},
        {"after": ["open", "waiting"], "fact": "closed", "to": "done"},
    ],
}
SHIPPED = default_workflow()
GUARDS = ", ".join(repr(name) for name in get_args(GuardName))


def ticket(**changes):
    """The document of a workflow with one kind of case, in which changes replace states or moves by their place."""
    made = copy.deepcopy(TICKET)
    for key, value in changes.items():
        list_name, _, place = key.rpartition("_")
        if not list_name:
            made[key] = value
        elif int(place) == len(made[list_name]):
            made[list_name].append(value)
        else:
            made[list_name][int(place)] = {**made[list_name][int(place)], **value}
    return {"kind": [made]}


def refusal(document):
    with pytest.raises(DocumentError) as caught:
        parse_workflow(document, "workflow.toml")
    return [str(problem) for problem in caught.value.problems]


# --- the table ---


def test_a_sound_workflow_is_looked_up_by_kind_state_and_fact():
    workflow = parse_workflow(ticket(), "workflow.toml")
    assert workflow.opened_by("asked") == "ticket"
    assert workflow.opened_by("answered") is None
    assert workflow.openers() == ("asked",)
    assert [move.to for move in workflow.moves("ticket", "open", "answered")] == ["waiting"]
    assert workflow.moves("ticket", "done", "answered") == ()
    assert workflow.allowed("ticket", "open") == ("answered", "closed")
    assert list(workflow.opening("first_reply")) == [("ticket", "open")]


def test_moves_with_a_guard_are_tried_before_the_plain_one():
    guarded = {"fact": "asked", "to": "waiting", "guard": "unheard"}
    workflow = parse_workflow(ticket(move_4=guarded), "workflow.toml")
    assert [move.guard for move in workflow.moves("ticket", "", "asked")] == ["unheard", None]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"move_1": {"to": "wating"}},
            "ticket.answered: unknown state 'wating' (the states of ticket are: done, open, waiting)",
        ),
        (
            {"move_1": {"after": ["opne"]}},
            "ticket.answered: unknown state 'opne' (the states of ticket are: done, open, waiting)",
        ),
        ({"move_0": {"after": ["done"]}}, "ticket: no fact opens this kind of case (add a move without 'after')"),
        (
            {"state_3": {"name": "lost", "final": True}},
            "ticket: no move leads to state 'lost' (add a move that leads there, or remove the state)",
        ),
        (
            {"state_2": {"final": False}},
            "ticket: no move leads out of 'done' (add one, or mark the state final = true)",
        ),
        (
            {"move_4": {"after": ["open"], "fact": "answered", "to": "done"}},
            "ticket.answered: two moves from 'open' (remove one of them)",
        ),
        ({"move_4": {"fact": "asked", "to": "waiting"}}, "ticket.asked: two moves at the opening (remove one of them)"),
        (
            {"move_1": {"guard": "unheard"}},
            "ticket.answered: every move from 'open' has a guard "
            "(add one without a guard, for when none of them holds)",
        ),
        (
            {"state_3": {"name": "open"}},
            "ticket: two states are named 'open' (rename one of them)",
        ),
        (
            {"state_1": {"task": "refund"}},
            "ticket.waiting: the task 'refund' has no deadline "
            "(name the deadline that the task is to be done by, or drop the task)",
        ),
        (
            {"state_2": {"opens": ["silence"]}},
            "ticket.done: opens a deadline although the case ends there "
            "(let the case stay open until it is met, or open none)",
        ),
        (
            {"move_1": {"guard": "unherd"}},
            f"kind[0].move[1].guard: expected one of {GUARDS}, found 'unherd' (did you mean 'unheard'?)",
        ),
        ({"move_4": {"after": ["open"], "fact": "noted"}}, "ticket.noted: leads to no state (add 'to')"),
        (
            {"move_4": {"fact": "noted", "further": True}},
            "ticket.noted: a further move keeps the state, and whatever runs in it "
            "(leave out 'to', 'guard' and 'counts_as', or 'further')",
        ),
        (
            {"move_4": {"after": ["open"], "fact": "noted", "to": "waiting", "further": True}},
            "ticket.noted: a further move keeps the state, and whatever runs in it "
            "(leave out 'to', 'guard' and 'counts_as', or 'further')",
        ),
        (
            {"move_1": {"confirmed_by": ["answred"]}},
            "ticket.answered: is confirmed by the unknown fact 'answred' (did you mean 'answered'?)",
        ),
        (
            {"state_1": {"colour": "red"}},
            "kind[0].state[1].colour: unknown key (allowed here: name, task, opens, unless, final, defect)",
        ),
    ],
)
def test_each_flaw_of_a_workflow_is_refused_with_its_place(changes, problem):
    assert f"workflow.toml: {problem}" in refusal(ticket(**changes))


def test_a_further_move_keeps_each_of_its_states():
    more = {"after": ["open", "done"], "fact": "noted", "further": True}
    workflow = parse_workflow(ticket(move_4=more), "workflow.toml")
    noted = [workflow.moves("ticket", state, "noted") for state in ("open", "waiting", "done")]
    assert [[move.to for move in moves] for moves in noted] == [["open"], [], ["done"]]


def test_of_a_kind_that_nothing_opens_it_is_not_told_that_its_states_are_not_reached():
    assert refusal(ticket(move_0={"after": ["done"]})) == [
        "workflow.toml: ticket: no fact opens this kind of case (add a move without 'after')"
    ]


def test_two_kinds_may_share_neither_their_name_nor_the_fact_that_opens_them():
    document = {"kind": [*ticket()["kind"], *ticket()["kind"]]}
    assert refusal(document) == ["workflow.toml: ticket: two kinds have this name (rename one of them)"]
    document["kind"][1]["name"] = "query"
    assert refusal(document) == [
        "workflow.toml: query: 'asked' also opens a case of kind 'ticket' "
        "(give one of the two kinds an opening fact of its own)"
    ]


def test_all_flaws_are_told_at_once_but_none_that_follows_from_another():
    assert refusal(ticket(move_1={"to": "x"}, state_3={"name": "lost"})) == [
        "workflow.toml: ticket.answered: unknown state 'x' (the states of ticket are: done, lost, open, waiting)",
        "workflow.toml: ticket: no move leads out of 'lost' (add one, or mark the state final = true)",
    ]


# --- the shipped workflow ---


def test_the_shipped_workflow_knows_sixteen_kinds_of_case_and_what_opens_them():
    opened_by = {kind: {move.fact for move in SHIPPED.kinds[kind].opening} for kind in SHIPPED.kinds}
    assert opened_by == {
        "cancellation": {"cancellation_requested"},
        "chargeback": {"chargeback_filed"},
        "claim": {"claim_filed"},
        "feedback": {"feedback_left"},
        "inquiry": {"marketplace_asked"},
        "invoice": {"invoice_requested"},
        "message": {"buyer_message"},
        "not_as_described": {"not_as_described_reported"},
        "not_received": {"not_received_reported"},
        "refund": {"refund_requested"},
        "repair": {"repair_requested"},
        "reimbursement": {"fba_return_missing"},
        "replacement": {"replacement_requested"},
        "return": {"return_requested"},
        "safe_t": {"return_loss_found"},
        "withdrawal": {"withdrawal_declared"},
    }


def test_the_shipped_tasks_and_deadlines():
    assert {
        (kind.name, state.name): (state.task, state.opens)
        for kind in SHIPPED.kinds.values()
        for state in kind.state
        if state.task or state.opens
    } == {
        ("cancellation", "requested"): ("cancel_order", ("cancellation_answer",)),
        ("chargeback", "filed"): ("answer_chargeback", ("chargeback_answer",)),
        ("claim", "filed"): ("submit_evidence", ("claim_evidence",)),
        ("claim", "information_requested"): ("submit_evidence", ("information_request",)),
        ("claim", "granted"): ("appeal", ("appeal",)),
        ("feedback", "negative"): ("review_feedback", ("feedback_removal",)),
        ("inquiry", "asked"): ("answer_inquiry", ("inquiry_answer",)),
        ("invoice", "due"): ("send_invoice", ("invoice",)),
        ("message", "awaiting_reply"): ("reply", ("first_reply", "silence")),
        ("not_as_described", "reported"): ("offer_solution", ("solution", "silence")),
        ("not_as_described", "approved"): ("refund", ("refund_after_approval",)),
        ("not_received", "delivered_they_say"): ("ask_carrier", ("carrier_confirmation", "silence")),
        ("not_received", "confirmed"): ("answer_not_received", ("not_received_answer",)),
        ("not_received", "came_back"): ("decide_not_received", ("not_received_decision", "silence")),
        ("not_received", "never_sent"): ("decide_not_received", ("not_received_decision", "silence")),
        ("not_received", "not_delivered"): ("decide_not_received", ("not_received_decision", "silence")),
        ("refund", "requested"): ("decide_refund", ("refund_decision", "silence")),
        ("refund", "approved"): ("refund", ("refund_after_approval",)),
        ("repair", "requested"): ("decide_repair", ("repair_answer",)),
        ("repair", "agreed"): ("repair", ("repair_done",)),
        ("reimbursement", "due"): ("file_reimbursement", ("fba_reimbursement_filing",)),
        ("replacement", "requested"): ("send_replacement", ("replacement_sent", "silence")),
        ("replacement", "sent_untracked"): ("note_tracking", ("replacement_tracking",)),
        ("return", "requested"): ("decide_return", ("return_decision", "silence")),
        ("return", "approved"): ("refund", ("refund_after_approval",)),
        ("return", "authorised"): ("send_label", ("return_label",)),
        ("return", "received"): ("refund", ("refund_after_receipt",)),
        ("safe_t", "loss_found"): ("file_safe_t", ("safe_t_filing",)),
        ("safe_t", "information_requested"): ("answer_safe_t", ("safe_t_information",)),
        ("safe_t", "denied"): ("appeal_safe_t", ("safe_t_appeal",)),
        ("withdrawal", "declared"): ("refund", ("withdrawal_refund",)),
    }


def test_what_spoils_an_order_and_by_which_name():
    assert {
        (kind.name, state.name): state.defect for kind in SHIPPED.kinds.values() for state in kind.state if state.defect
    } == {
        **{("claim", name): "claim" for name in ("granted", "appealed", "lost", "refunded_after_filing")},
        ("claim", "money_reversed"): "claim",
        **{("chargeback", name): "chargeback" for name in ("filed", "answered", "lost")},
        **{("feedback", name): "negative_feedback" for name in ("negative", "removal_requested", "stands")},
        ("return", "declined_in_policy"): "return_declined_in_policy",
        ("return", "unresolved"): "return_unresolved",
    }


def test_every_state_of_the_shipped_workflow_can_come_to_an_end():
    for kind in SHIPPED.kinds.values():
        ends = {state.name for state in kind.state if state.final}
        while more := {state for move in kind.move if move.to in ends for state in move.after} - ends:
            ends |= more
        assert ends == {state.name for state in kind.state}


TERMS = load_plugins((), {"reference": reference}).policy("REF").at(MONDAY)


@given(st.data())
def test_no_walk_of_allowed_facts_and_passing_time_leaves_the_shipped_workflow(data):
    at, sold, case = MONDAY, order(), None
    known = {(kind.name, state.name) for kind in SHIPPED.kinds.values() for state in kind.state}
    for _ in range(data.draw(st.integers(1, 12))):
        at += data.draw(st.integers(0, 100)) * HOUR
        allowed = SHIPPED.openers() if case is None else SHIPPED.allowed(case.kind, case.state)
        choices = [*allowed, *(() if case is None else case.deadlines)]
        if not choices:
            break
        chosen = data.draw(st.sampled_from(choices))
        happened = isinstance(chosen, str)
        case = (apply(case, fact(chosen, at), sold, TERMS) if happened else expire(case, chosen, sold, TERMS)).case
        assert isinstance(case, Case)
        assert (case.kind, case.state) in known
        assert {deadline.name for deadline in case.deadlines} <= set(SHIPPED.state(case.kind, case.state).opens)


_words = st.sampled_from(["open", "waiting", "done", "asked", "answered", "unheard", "", "x"])
_tables = st.dictionaries(
    st.sampled_from(
        [
            "name",
            "fact",
            "to",
            "after",
            "guard",
            "opens",
            "task",
            "final",
            "defect",
            "counts_as",
            "confirmed_by",
            "further",
            "y",
        ]
    ),
    _words | st.booleans() | st.lists(_words, max_size=2) | st.none(),
    max_size=4,
)


@given(
    st.sampled_from(["state_0", "state_1", "state_3", "move_0", "move_1", "move_4"]),
    _tables,
    st.sampled_from(["state_2", "move_2", "move_3"]),
    _tables,
)
def test_a_workflow_of_any_shape_is_taken_or_refused_with_problems(key, table, other, more):
    try:
        assert isinstance(parse_workflow(ticket(**{key: table, other: more}), "workflow.toml"), Workflow)
    except DocumentError as error:
        problems = error.problems
        assert problems
