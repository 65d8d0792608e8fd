import csv

import pytest

from aftersale.base.visible import visible
from aftersale_simulator.show.sheets import sheet


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_a_text_that_a_spreadsheet_would_run_begins_with_an_apostrophe(start):
    assert list(csv.reader(sheet([(f"{start}cmd|'/c calc'!A1",)]).splitlines(keepends=True))) == [
        [f"'{visible(start)}cmd|'/c calc'!A1"]
    ]


def test_numbers_stay_numbers_and_other_texts_as_they_are():
    rows = [("variant", "a=b", "'quoted"), (-1.5, 3, None), (" =x", "–", "")]
    assert sheet(rows) == "variant,a=b,'quoted\n-1.5,3,\n =x,–,\n"
