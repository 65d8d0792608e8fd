"""Text: what becomes of quotation marks that are never closed, in time that grows with the file alone."""

import io

import pytest

from aftersale.reports.sheets import text
from aftersale.reports.sheets.text import NEVER_CLOSED, rows


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
