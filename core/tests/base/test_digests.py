"""Digests are the same wherever they are made, and differ where data do."""

from datetime import date
from decimal import Decimal

from attrs import field, frozen

from aftersale.base.digests import digest, plain


@frozen
class Row:
    name: str
    share: Decimal | None = None
    day: date | None = None
    words: tuple[str, ...] = ()
    inner: "Row | None" = None
    note: str = field(default="")


def test_a_digest_is_the_one_that_any_process_and_system_makes():
    # printf '{"a":1,"b":["\\u00e9",null,true]}' | sha256sum
    assert digest({"b": ["é", None, True], "a": 1}) == (
        "8859424733023e28d448f1dadd83844041af89eb3b8d37644bf92a7039270f28"
    )


def test_equal_numbers_are_equal_and_defaults_say_nothing():
    assert plain(Row("a", Decimal("0.10"), note="x"), leave_out=("note",)) == {"name": "a", "share": "0.1"}
    assert plain(Row("a", Decimal("100"))) == {"name": "a", "share": "100"}


def test_objects_inside_are_plain_too():
    row = Row("a", day=date(2026, 3, 2), words=("x", "y"), inner=Row("b"))
    assert plain({"rows": [row]}) == {
        "rows": [{"name": "a", "day": "2026-03-02", "words": ["x", "y"], "inner": {"name": "b"}}]
    }
