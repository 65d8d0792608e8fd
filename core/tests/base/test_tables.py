import re

import pytest
from hypothesis import given, settings, strategies as st

from aftersale.base import tables
from aftersale.base.visible import lines as lines_of

WIDTHS = (40, 60, 80, 100, 140)
_cells = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs"), max_codepoint=0x2FFF), max_size=40)
_words = st.from_regex(
    r"[a-z_]{1,24}|-?[0-9]{1,3}(,[0-9]{3}){0,3}(\.[0-9]{1,4})?|[0-9]{1,6}/[0-9]{1,6}", fullmatch=True
)
_texts = st.lists(_words, max_size=6).map(" ".join)
_tables = st.integers(1, 8).flatmap(
    lambda columns: st.tuples(
        st.lists(_texts, min_size=columns, max_size=columns),
        st.lists(st.lists(_texts, min_size=columns, max_size=columns), max_size=4),
        st.sets(st.integers(0, columns - 1)),
        st.sets(st.integers(0, columns - 1)),
        st.integers(1, columns),
    )
)


def lines(headers, rows, width, numbers=(), **options):
    return [line.text for line in tables.table(headers, rows, numbers, **options).lines(width)]


def test_a_table_that_fits_is_as_wide_as_its_cells():
    assert lines(["Team", "Late"], [("Shenzhen", "3"), ("Warsaw", "12")], 60, ["Late"]) == [
        "Team      Late",
        "Shenzhen     3",
        "Warsaw      12",
    ]


def test_a_table_that_does_not_fit_folds_between_words():
    assert lines(["Rule", "Why"], [("first_reply", "because a buyer waits")], 25) == [
        "Rule         Why",
        "first_reply  because a",
        "             buyer waits",
    ]


def test_a_table_that_cannot_fold_is_split_and_each_part_names_its_rows():
    rows = [("shenzhen", "1,078/539,000", "12.5 %", "0.005 (handbook)"), ("warsaw", "3/4", "9.1 %", "0.1 (rule)")]
    assert lines(["Team", "Late of all", "Share", "Target"], rows, 34, ["Late of all", "Share"]) == [
        "Team        Late of all   Share",
        "shenzhen  1,078/539,000  12.5 %",
        "warsaw              3/4   9.1 %",
        "",
        "Team      Target",
        "shenzhen  0.005 (handbook)",
        "warsaw    0.1 (rule)",
    ]


def test_where_no_column_fits_beside_the_first_each_row_is_a_block():
    rows = [("refund_after_receipt", "reports/accountHealth.json", "2"), ("reply", "", "10,000 EUR")]
    assert lines(["Rule", "Source", "Cost"], rows, 30, ["Cost"]) == [
        "Rule: refund_after_receipt",
        "  Source:",
        "  reports/accountHealth.json",
        "  Cost: 2",
        "",
        "Rule: reply",
        "  Cost: 10,000 EUR",
    ]


def test_a_word_that_is_wider_than_everything_stands_alone_and_whole():
    assert lines(["Path"], [("see reports/accountHealth.json now",)], 12) == [
        "Path: see",
        "reports/accountHealth.json",
        "now",
    ]


def test_a_number_keeps_its_sign_unit_digits_and_grade():
    texts = ("12 345 parts", "± 0.5 %", "1078 / 539 of all", "3 h late", "10 EUR each", "0.1 (rule) then", "≤ 4 days")
    assert [[part.text for part in tables._pieces(text)] for text in texts] == [
        ["12 345", "parts"],
        ["± 0.5 %"],
        ["1078 / 539", "of", "all"],
        ["3 h", "late"],
        ["10 EUR", "each"],
        ["0.1 (rule)", "then"],
        ["≤ 4", "days"],
    ]


def test_a_script_without_blanks_folds_between_its_signs_and_keeps_its_numbers():
    (_, *told) = lines(["指标"], [("迟回复率:未按时回复的1,078条消息占比。",)], 16)
    assert told == ["迟回复率:未按时", "回复的1,078条消", "息占比。"]


def test_a_part_leaves_out_the_rows_that_it_says_nothing_of():
    rows = [("late_reply_rate", "12 / 133", ""), ("order_defect_rate", "1 / 850", "MFN 1/850")]
    assert lines(["Metric", "Counted", "By who ships"], rows, 36) == [
        "Metric             Counted",
        "late_reply_rate    12 / 133",
        "order_defect_rate  1 / 850",
        "",
        "Metric             By who ships",
        "order_defect_rate  MFN 1/850",
    ]


def test_headers_of_several_lines_and_a_line_below_them():
    headers = [tables.heading("Variant"), tables.heading("Late\n%")]
    assert lines(headers, [("base", lines_of("1.5", "± 0.2"))], 40, headers[1:], ruled=True) == [
        "Variant   Late",
        "             %",
        "──────────────",
        "base       1.5",
        "         ± 0.2",
    ]


def test_markup_is_shown_as_it_is():
    assert lines(["Rule"], [("auto [channel=SFP] [red]x[/red] :smile:",)], 60) == [
        "Rule",
        "auto [channel=SFP] [red]x[/red] :smile:",
    ]


@pytest.mark.parametrize(
    ("told", "columns"), [("60", 60), ("", tables.PLAIN_WIDTH), ("0", tables.PLAIN_WIDTH), ("x", tables.PLAIN_WIDTH)]
)
def test_in_a_pipe_columns_decides_the_width(told, columns, monkeypatch):
    def no_terminal(descriptor):
        raise OSError

    monkeypatch.setenv("COLUMNS", told)
    monkeypatch.setattr(tables.os, "get_terminal_size", no_terminal)
    assert tables.width() == columns


def test_behind_a_pipe_the_terminal_decides_the_width(monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr(tables.os, "get_terminal_size", lambda descriptor: tables.os.terminal_size((72, 24)))
    assert tables.width() == 72


@settings(max_examples=50)
@given(st.lists(st.tuples(_cells, _cells, _cells), max_size=4), st.integers(20, 100))
def test_no_table_is_wider_than_the_terminal_but_for_one_word(rows, width):
    for line in lines(["One", "Two", "Three"], rows, width):
        assert tables.cell_len(line) <= width or len(list(tables._pieces(line))) == 1


@pytest.mark.once
@settings(max_examples=25)
@given(_tables, st.sampled_from(WIDTHS))
def test_no_word_is_lost_and_no_number_is_broken(drawn, width):
    headers, rows, numbers, whole, keys = drawn
    table = tables.Table(tuple(headers), tuple(map(tuple, rows)), frozenset(numbers), frozenset(whole), keys)
    printed = [line.text for line in table.lines(width)]
    words = {word for line in printed for word in re.split(r"[\s:]+", line)}
    assert {word for row in rows for cell in row for word in cell.split()} <= words
    for column, header in enumerate(headers):
        assert not any(row[column] for row in rows) or set(header.split()) <= words
    for line in printed:
        assert tables.cell_len(line) <= width or len(list(tables._pieces(line))) == 1
