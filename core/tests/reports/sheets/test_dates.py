"""Dates: the formats by which a file's dates could be read, where not one is as declared."""

import polars as pl
import pytest

from aftersale.reports.sheets.dates import likely_formats


@pytest.mark.parametrize(
    ("texts", "formats"),
    [
        ([], ()),
        (["2026-03-02"], ()),
        (["02.03.2026 10:00"], ("%d.%m.%Y %H:%M",)),
        (["03/02/2026", "03/25/2026"], ("%m/%d/%Y",)),
        (["03/02/2026"], ("%d/%m/%Y", "%m/%d/%Y")),
        (["Mar 2, 2026 10:00:05 PM"], ("%b %d, %Y %I:%M:%S %p",)),
        (["soon", "later"], ()),
        (["soon", *(f"{day}.3.2026" for day in range(1, 20))], ("%d.%m.%Y",)),
    ],
)
def test_the_likely_formats_read_nine_dates_of_ten(texts, formats):
    found = likely_formats(pl.Series(texts, dtype=pl.String), ())
    assert found[: len(formats)] == formats
    assert bool(found) == bool(formats)


def test_nothing_is_proposed_where_the_declared_formats_read_something():
    assert likely_formats(pl.Series(["02.03.2026", "2026/03/02"]), ("%d.%m.%Y",)) == ()
