import pytest
from hypothesis import given, strategies as st

from aftersale.base import tables

_cells = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs"), max_codepoint=0x2FFF), max_size=40)


def lines(headers, rows, width, numbers=()):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(width))
        out = tables.console()
        with out.capture() as captured:
            out.print(tables.table(headers, rows, numbers))
    return [line.rstrip() for line in captured.get().splitlines()]


def test_a_table_that_fits_is_as_wide_as_its_cells():
    assert lines(["Team", "Late"], [("Shenzhen", "3"), ("Warsaw", "12")], 60, ["Late"]) == [
        "Team      Late",
        "Shenzhen     3",
        "Warsaw      12",
    ]


def test_a_table_that_does_not_fit_folds_between_words():
    assert lines(["Rule", "Why"], [("first_reply", "because a buyer waits")], 24) == [
        "Rule         Why",
        "first_reply  because a",
        "             buyer waits",
    ]


def test_the_first_column_is_the_last_whose_words_are_broken():
    assert lines(["Rule", "Source"], [("refund_after_receipt", "reports/accountHealth.json")], 34) == [
        "Rule                  Source",
        "refund_after_receipt  reports/acco",
        "                      untHealth.js",
        "                      on",
    ]


def test_markup_is_shown_as_it_is():
    assert lines(["Rule"], [("auto [channel=SFP] [red]x[/red] :smile:",)], 60) == [
        "Rule",
        "auto [channel=SFP] [red]x[/red] :smile:",
    ]


@given(st.lists(st.tuples(_cells, _cells, _cells), max_size=4), st.integers(20, 100))
def test_no_table_is_wider_than_the_terminal(rows, width):
    assert max(map(tables.cell_len, lines(["One", "Two", "Three"], rows, width))) <= width


@given(st.lists(st.tuples(st.from_regex(r"[a-z]{1,30}( [a-z0-9]{1,30}){0,3}", fullmatch=True)), max_size=4))
def test_no_letter_is_lost_in_folding(rows):
    told = "".join("".join(lines(["X"], rows, 20)[1:]).split())
    assert told == "".join("".join(cell for (cell,) in rows).split())
