"""Facts, cases, deadlines and tasks: those that are made in the short way are those that anybody makes."""

from aftersale.cases.facts import Fact, happened
from aftersale.cases.model import Case, Deadline, Task, new_case, new_deadline, new_task


def test_a_fact_made_in_the_short_way_has_every_field_of_one_made_by_name() -> None:
    made = happened("claim_filed", "REF", "O-1", "O-1-C", 7, "O-1-M")
    assert made == Fact("claim_filed", "REF", "O-1", "O-1-C", occurred_at=7, known_at=7, about="O-1-M")
    assert len(made) == len(Fact._fields)
    telling = happened("feedback_left", "REF", "O-1", "O-1-F", 7, value=2.0, detail="late", amount=5)
    assert telling == Fact("feedback_left", "REF", "O-1", "O-1-F", 7, 7, value=2.0, detail="late", amount=5)
    assert happened("buyer_message", "REF", "O-1", "O-1-M", 7) == Fact("buyer_message", "REF", "O-1", "O-1-M", 7, 7)


def test_what_the_engine_makes_in_the_short_way_has_every_field() -> None:
    deadline = new_deadline("first_reply", 1, 2, "rule", 3, "missed")
    assert deadline == Deadline(
        name="first_reply", started_at=1, due=2, set_by="rule", expires_at=3, on_expiry="missed"
    )
    task = new_task("reply", "C", "REF", 2, "first_reply", "rule", 1)
    assert task == Task(
        kind="reply", case="C", marketplace="REF", due=2, deadline="first_reply", set_by="rule", opened_at=1
    )
    case = new_case("C", "message", "REF", "O", "open", 1, 2, (deadline,), ("silence",), task, "rule", (("x",),))
    assert case == Case(
        id="C",
        kind="message",
        marketplace="REF",
        order="O",
        state="open",
        opened_at=1,
        moved_at=2,
        deadlines=(deadline,),
        missed=("silence",),
        task=task,
        decided_by="rule",
        derived=(("x",),),
    )
    made = ((deadline, Deadline), (task, Task), (case, Case))
    assert all(len(record) == len(kind._fields) for record, kind in made)
