"""Cells: texts without what spreadsheets put around them, words and statuses in any spelling, and times."""

import polars as pl
import pytest

from aftersale.reports.sheets import cells


def values(expression, *texts):
    return pl.DataFrame({"cell": texts}).select(expression.alias("value"))["value"].to_list()


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("  a b ", "a b"),
        ("\u00a0a\u202f", "a"),
        ("\ufeffa\u200b", "a"),
        ('="0012"', "0012"),
        ("'0012", "0012"),
        ("'=SUM(1)", "=SUM(1)"),
        ("'tis", "'tis"),
        ("NULL", ""),
        ("nan", ""),
        ("N/A", ""),
        ("#N/A", ""),
        (r"\N", ""),
        ("Nana", "Nana"),
        ("#1001", "#1001"),
        ("", ""),
    ],
)
def test_a_text_loses_what_a_spreadsheet_puts_around_it(text, bare):
    assert values(cells.stripped(pl.col("cell")), text) == [bare]
    assert cells.tidy(pl.Series("cell", [text, "x"])).to_list() == [bare, "x"]


def test_a_column_that_needs_nothing_stays_as_it_is():
    column = pl.Series("cell", ["a", "b c", "1'2", "3 NULL"])
    assert cells.tidy(column) is column


def test_a_status_is_the_same_in_every_spelling():
    spellings = ["PendingAvailability", "PENDING_AVAILABILITY", "pending availability", "Pending-Availability"]
    assert values(cells.is_status(pl.col("cell"), "PendingAvailability"), *spellings, "Pending", "") == [
        True,
        True,
        True,
        True,
        False,
        False,
    ]
    assert values(cells.is_status(pl.col("cell"), "Shipped - *"), "Shipped - Lost in Transit", "Ship") == [True, False]


def test_a_word_may_have_anything_for_a_star():
    texts = ["SI CA Prod Marketplace", "si  ca\u00a0prod marketplace", "SI Prod", "XSI CA Prod Marketplace"]
    assert values(cells.is_word(pl.col("cell"), "SI * Prod Marketplace"), *texts) == [True, True, False, False]


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-02T10:00:00Z",
        "2026-03-02 10:00:00 UTC",
        "2026-03-02 11:00:00 +0100",
        "2026-03-02 11:00:00+01",
        "2026-03-02 11:00:00.5+01",
    ],
)
def test_an_instant_may_name_its_offset(text):
    utc, naive = cells.times(pl.col("cell"), (), day_end=False)
    assert values(utc.dt.strftime("%H:%M"), text) == ["10:00"]
    assert values(naive, text) == [None]


def test_truths_are_words_and_digits():
    assert values(cells.truth(pl.col("cell")), "TRUE", "no", "1", "0", "Y", "maybe", "") == [
        True,
        False,
        True,
        False,
        True,
        None,
        None,
    ]
