import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftersale.cases import Case
from aftersale.clocks import HOUR
from aftersale.engine import apply, expire
from aftersale.errors import DocumentError
from aftersale.plugins import load_plugins
from aftersale.testing import fact, order, reference
from aftersale.testing.factories import MONDAY
from aftersale.workflow import Workflow, default_workflow, parse_workflow

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
            "kind[0].move[1].guard: expected one of 'authorised_at_once', 'declined_at_once', 'unheard', "
            "found 'unherd' (did you mean 'unheard'?)",
        ),
        (
            {"state_1": {"colour": "red"}},
            "kind[0].state[1].colour: unknown key (allowed here: name, task, opens, final, defect)",
        ),
    ],
)
def test_each_flaw_of_a_workflow_is_refused_with_its_place(changes, problem):
    assert f"workflow.toml: {problem}" in refusal(ticket(**changes))


def test_a_kind_that_nothing_opens_has_no_state_that_is_reached():
    assert refusal(ticket(move_0={"after": ["done"]})) == [
        "workflow.toml: ticket: no fact opens this kind of case (add a move without 'after')",
        *(
            f"workflow.toml: ticket: no move leads to state '{state}' "
            "(add a move that leads there, or remove the state)"
            for state in ("open", "waiting", "done")
        ),
    ]


def test_two_kinds_may_share_neither_their_name_nor_the_fact_that_opens_them():
    document = {"kind": [*ticket()["kind"], *ticket()["kind"]]}
    assert refusal(document) == ["workflow.toml: ticket: two kinds have this name (rename one of them)"]
    document["kind"][1]["name"] = "query"
    assert refusal(document) == [
        "workflow.toml: query: 'asked' also opens a case of kind 'ticket' "
        "(give one of the two kinds an opening fact of its own)"
    ]


def test_all_flaws_are_told_at_once():
    assert refusal(ticket(move_1={"to": "x"}, state_3={"name": "lost"})) == [
        "workflow.toml: ticket.answered: unknown state 'x' (the states of ticket are: done, lost, open, waiting)",
        "workflow.toml: ticket: no move leads to state 'waiting' (add a move that leads there, or remove the state)",
        "workflow.toml: ticket: no move leads to state 'lost' (add a move that leads there, or remove the state)",
        "workflow.toml: ticket: no move leads out of 'lost' (add one, or mark the state final = true)",
    ]


# --- the shipped workflow ---


def test_the_shipped_workflow_knows_three_kinds_of_case_and_what_opens_them():
    assert {kind: [move.fact for move in SHIPPED.kinds[kind].opening] for kind in SHIPPED.kinds} == {
        "message": ["buyer_message"],
        "return": ["return_requested"] * 3,
        "claim": ["claim_filed"] * 2,
    }


def test_the_shipped_tasks_and_deadlines():
    assert {
        (kind.name, state.name): (state.task, state.opens)
        for kind in SHIPPED.kinds.values()
        for state in kind.state
        if state.task or state.opens
    } == {
        ("message", "awaiting_reply"): ("reply", ("first_reply", "silence")),
        ("return", "requested"): ("decide_return", ("return_decision", "silence")),
        ("return", "received"): ("refund", ("refund_after_receipt",)),
        ("claim", "information_requested"): ("submit_evidence", ("information_request",)),
        ("claim", "granted"): ("appeal", ("appeal",)),
    }


def test_claims_that_count_as_defects_are_those_granted_or_refunded_by_the_seller():
    defects = {state.name for kind in SHIPPED.kinds.values() for state in kind.state if state.defect}
    assert defects == {"granted", "appealed", "lost", "refunded_after_filing"}


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
    st.sampled_from(["name", "fact", "to", "after", "guard", "opens", "task", "final", "defect", "counts_as", "y"]),
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
