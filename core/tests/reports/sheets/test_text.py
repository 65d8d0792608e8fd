"""Text of sheets: encodings, lines that are no rows, and cells that only quotation makes whole."""

import io

import pytest

from aftersale.reports.sheets import text
from aftersale.reports.sheets.text import LONGEST_LINE, NEVER_CLOSED, TOO_LONG, encoding_of, rows

ENCODINGS = ("utf-8-sig", "cp932", "cp1252")


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("Küche,ß".encode(), "utf-8-sig"),
        ("Küche".encode("cp1252"), "cp1252"),
        ("茶碗".encode("cp932"), "cp932"),
        ("a,b".encode("utf-16"), "utf-16"),
        ("a,b\nc,d".encode("utf-16-le"), "utf-16-le"),
        ("a,b\nc,d".encode("utf-16-be"), "utf-16-be"),
        # One bad byte in a UTF-8 file changes no other letter.
        ("Küche, Österreich".encode() + b"\xff", "utf-8-sig"),
    ],
)
def test_the_encoding_is_the_one_that_explains_the_bytes(tmp_path, content, encoding):
    path = tmp_path / "x"
    path.write_bytes(content)
    assert encoding_of(path, ENCODINGS) == encoding


def found(content, delimiter=",", quoted=True, width=0):
    return list(rows(io.StringIO(content, newline=""), delimiter, quoted, width))


def test_a_line_that_is_too_long_is_passed_over_and_counted():
    assert found(f"a,b\n{'x' * (3 * LONGEST_LINE)}\nc,d\n") == [(1, ["a", "b"]), (2, TOO_LONG), (3, ["c", "d"])]


def test_a_quotation_that_runs_into_a_line_that_is_too_long_is_never_closed():
    content = f'a,b\n"c\n{"x" * (2 * LONGEST_LINE)}\nd,e\n'
    assert found(content) == [(1, ["a", "b"]), (2, NEVER_CLOSED), (3, TOO_LONG), (4, ["d", "e"])]


def test_empty_lines_are_rows_without_cells():
    assert found("a\n\n \r\nb") == [(1, ["a"]), (2, []), (3, []), (4, ["b"])]


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ('A\t"12"" ruler"\t5', ["A", '12" ruler', "5"]),
        ('A\t"12" ruler"\t5', ["A", '"12" ruler"', "5"]),
        ('A\t12"\t5', ["A", '12"', "5"]),
        ('A\t"tea\tgreen"\t5', ["A", "tea\tgreen", "5"]),
        ('A\t"tea\ngreen"\t5', ["A", "tea\ngreen", "5"]),
        ('A\t"\t5', ["A", '"', "5"]),
    ],
)
def test_in_files_with_tabs_marks_around_a_whole_cell_are_left_out(line, cells):
    assert found(f"a\tb\tc\n{line}\n", "\t", False, 3)[1:] == [(2, cells)]


def test_in_files_with_tabs_a_mark_that_is_never_closed_swallows_nothing():
    assert found('a\tb\n"x\nc\td\n', "\t", False, 2) == [(1, ["a", "b"]), (2, ['"x']), (3, ["c", "d"])]


class Counted(io.StringIO):
    """A text that counts the lines that are asked for."""

    asked = 0

    def readline(self, size=-1):
        self.asked += 1
        return super().readline(size)


def read(content, width, delimiter=",", quoted=True):
    return list(rows(io.StringIO(content), delimiter, quoted, width))


def test_the_end_of_a_mark_is_looked_for_over_so_many_lines(monkeypatch):
    monkeypatch.setattr(text, "MOST_LINES", 4)
    assert read('a,"b\n\n\nc"\nd,e\n', 2) == [(1, ["a", "b\n\n\nc"]), (5, ["d", "e"])]
    assert read('a,"b\n\n\n\nc"\nd,e\n', 2)[0] == (1, NEVER_CLOSED)


def test_the_end_of_a_mark_is_looked_for_over_no_more_than_a_line_may_hold(monkeypatch):
    monkeypatch.setattr(text, "LONGEST_LINE", 40)
    assert read(f'a,"b\n{"x," * 15}\nc"\n', 2) == [(1, ["a", f"b\n{'x,' * 15}\nc"])]
    assert read(f'a,"b\n{"x," * 15}\n{"x," * 15}\nc"\n', 2)[0] == (1, NEVER_CLOSED)


def test_after_so_many_open_marks_none_is_looked_for_below_its_line(monkeypatch):
    monkeypatch.setattr(text, "MOST_OPEN", 3)
    # A mark in the middle of a cell means itself; the next cell is opened, and each further row opens it again.
    bad, late = 'a"b,"c\n', 'x,y\na,"c\nd"\n'
    assert read(bad * 2 + late, 2)[1:] == [(2, NEVER_CLOSED), (3, ["x", "y"]), (4, ["a", "c\nd"])]
    assert read(bad * 3 + late, 2)[2:] == [(3, NEVER_CLOSED), (4, ["x", "y"]), (5, NEVER_CLOSED), (6, ['d"'])]


@pytest.mark.parametrize(("delimiter", "quoted"), [(",", True), ("\t", False)])
def test_a_mark_in_every_row_is_no_reason_to_read_the_file_again_for_each(delimiter, quoted):
    bad = f'a"b{delimiter}"c\n'
    text = Counted(bad * 20_000)
    lines = [line for line, _ in rows(text, delimiter, quoted, 5)]
    assert lines == list(range(1, 20_001))
    assert text.asked < 21_100
