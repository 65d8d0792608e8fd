"""Reactions: the form in which anybody states what happens of itself, and what does not fit together in it."""

from __future__ import annotations

from typing import Any

import pytest

from aftersale.base.errors import DocumentError
from aftersale.cases.workflow import default_workflow
from aftersale.documents.structure import structure
from aftersale.policies.reactions import Reaction, case_kind, reaction_problems

FOLLOW_UP: dict[str, Any] = {"kind": "message", "state": "answered", "fact": "buyer_message"}


def row(**keys: Any) -> Reaction:
    return structure(Reaction, keys, "world.toml")


@pytest.mark.parametrize(
    "keys",
    [
        {**FOLLOW_UP, "share": "rate", "delay_hours": "delay"},
        {"kind": "return", "state": ["declined", "declined_in_policy"], "fact": "claim_filed"},
        {"missed": "silence", "fact": "claim_filed"},
        {"kind": "claim", "state": "filed", "event": "ruling", "delay_days": 7},
        {"kind": "claim", "after": "ruling", "state": ["documented"], "event": "won"},
        {"done": "decide_return", "fact": "return_declined"},
        {"since": "purchase", "fact": "chargeback_filed", "share": 0.5},
        {**FOLLOW_UP, "delay_days": "lag", "spread": "lognormal", "sigma": "spread"},
        {"overrides": ["reminder"], "share": 0.0},
        {**FOLLOW_UP, "details": {"question": 1}, "details_when": {"late": {"late": 2, "lost": 1}}},
        {"since": "arrival", "fact": "feedback_left", "values": {"1": 2, "2.5": 1}},
    ],
)
def test_what_fits_together_is_taken(keys: dict[str, Any]) -> None:
    assert list(reaction_problems(row(**keys), default_workflow(), "world.toml", "reaction[0]")) == []


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({"fact": "claim_filed"}, "reaction[0]: follows nothing (state one of: state, missed, after, since, done; "),
        ({**FOLLOW_UP, "missed": "silence"}, "reaction[0]: follows state and missed (state one of"),
        ({"kind": "message", "state": "answered"}, "reaction[0]: brings nothing (state a fact, or an event"),
        ({**FOLLOW_UP, "event": "anger"}, "reaction[0]: brings both a fact and an event"),
        ({"since": "purchase", "event": "x"}, "reaction[0].event: the event is brought by a first step"),
        ({"missed": "silence", "event": "x"}, "reaction[0].event: the event is of no kind of case (add its kind)"),
        ({**FOLLOW_UP, "delay_hours": 1, "delay_days": 1}, "reaction[0].delay_hours: there is a delay_days too"),
        ({**FOLLOW_UP, "spread": "lognormal"}, "reaction[0].spread: a lognormal delay and a sigma go together"),
        ({**FOLLOW_UP, "sigma": 1}, "reaction[0].spread: a lognormal delay and a sigma go together"),
        (
            {**FOLLOW_UP, "kind": "mesage"},
            "reaction[0].kind: there is no kind of case 'mesage' (did you mean 'message'?)",
        ),
        ({**FOLLOW_UP, "state": "anwered"}, "reaction[0].state: there is no state of a message 'anwered' (did you"),
        ({**FOLLOW_UP, "fact": "refundd"}, "reaction[0].fact: there is no fact that a message in state 'answered'"),
        ({"state": "answered", "fact": "buyer_message"}, "reaction[0].state: states of no kind of case (add its kind)"),
        ({"missed": "silence", "fact": "claim_file"}, "there is no fact 'claim_file' (did you mean 'claim_filed'?)"),
        ({"done": "replies", "fact": "seller_reply"}, "reaction[0].done: there is no task 'replies' (did you"),
        ({"since": "purchase", "fact": "seller_reply"}, "there is no fact that opens a case 'seller_reply'"),
        (
            {**FOLLOW_UP, "details": {"x": 0}},
            "reaction[0].details: nothing has a weight (give one of them a weight above",
        ),
        (
            {**FOLLOW_UP, "values": {"one": 1}},
            "reaction[0].values.one: 'one' is no number (values are numbers: values =",
        ),
        (
            {"kind": "claim", "state": "filed", "event": "ruling", "details": {"x": 1}},
            "reaction[0].details: an event says nothing (say it in the reactions that bring facts)",
        ),
        ({"overrides": ["reminder"], "values": {"-1": 1}}, "reaction[0].values.-1: '-1' is no number"),
        ({"overrides": ["reminder"], "state": "answered"}, "reaction[0].state: 'state' is that of the reaction which"),
    ],
)
def test_what_does_not_fit_together_is_told_at_its_place(keys: dict[str, Any], problem: str) -> None:
    told = [str(each) for each in reaction_problems(row(**keys), default_workflow(), "world.toml", "reaction[0]")]
    assert any(problem in each for each in told), told


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({"share": -1}, "share: expected a number of 0 or more, or the name of a parameter, found -1"),
        ({"share": True}, "share: expected a number of 0 or more, or the name of a parameter, found true"),
        ({"share": "0.5"}, "share: expected a number of 0 or more, or the name of a parameter, found '0.5'"),
        ({"state": []}, "state: expected a word, or a list of words, found a list"),
        ({"state": [1]}, "state: expected a word, or a list of words, found a list"),
        ({"spread": "normal"}, "spread: expected one of 'exponential', 'fixed', 'lognormal', found 'normal'"),
        ({"times": {"late": "x", "": 2}}, "expected a text that is not empty"),
    ],
)
def test_what_is_of_another_kind_is_told(keys: dict[str, Any], problem: str) -> None:
    with pytest.raises(DocumentError) as caught:
        row(**keys)
    assert problem in str(caught.value)


def test_a_fact_that_its_kind_does_not_know_is_about_the_case_that_it_opens() -> None:
    workflow = default_workflow()
    assert case_kind(row(kind="message", state="answered", fact="claim_filed"), workflow) == "claim"
    assert case_kind(row(**FOLLOW_UP), workflow) == "message"
    assert case_kind(row(missed="silence", fact="claim_filed"), workflow) == "claim"


def test_what_a_fact_may_say_is_changed_table_by_table() -> None:
    usual = row(**FOLLOW_UP, details={"a": 1}, details_when={"late": {"b": 1}})
    changed = usual.overlaid(row(overrides=["follow_up"], details={"c": 1}))
    assert changed.sayings() == {"details": {"c": 1.0}, "details_when.late": {"b": 1.0}}
    assert row(**FOLLOW_UP).sayings() == {}


def test_a_row_changes_only_what_it_states_of_another() -> None:
    usual = row(**FOLLOW_UP, share="rate", delay_hours="delay", draw="follow_up", source="a study")
    above = row(overrides=["follow_up"], marketplaces=["US"], share=0.5, delay_days=2, source="ours", note="why")
    changed = usual.overlaid(above)
    assert (changed.share, changed.delay_hours, changed.delay_days) == (0.5, None, 2.0)
    assert (changed.kind, changed.state, changed.fact, changed.draw) == (
        "message",
        ("answered",),
        "buyer_message",
        "follow_up",
    )
    assert (changed.marketplaces, changed.source) == ((), "a study")
    assert usual.overlaid(row(overrides=["follow_up"])) == usual
