"""Facts: those that a simulation makes in the short way are those that anybody makes."""

from aftersale.cases.facts import Fact, happened


def test_a_fact_made_in_the_short_way_has_every_field_of_one_made_by_name() -> None:
    made = happened("claim_filed", "REF", "O-1", "O-1-C", 7, "O-1-M")
    assert made == Fact("claim_filed", "REF", "O-1", "O-1-C", occurred_at=7, known_at=7, about="O-1-M")
    assert len(made) == len(Fact._fields)
    assert happened("buyer_message", "REF", "O-1", "O-1-M", 7) == Fact("buyer_message", "REF", "O-1", "O-1-M", 7, 7)
