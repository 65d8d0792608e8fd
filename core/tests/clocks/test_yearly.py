"""Days that come every year by a rule, in any year, and rules that are none."""

from datetime import date

import pytest

from aftersale.base.errors import ClockError
from aftersale.clocks.yearly import yearly_day


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        ("fourth Thursday of November + 1", [date(2024, 11, 29), date(2027, 11, 26), date(2028, 11, 24)]),
        ("fourth Thursday of November - 7", [date(2024, 11, 21), date(2027, 11, 18), date(2028, 11, 16)]),
        ("first Monday of May", [date(2024, 5, 6), date(2027, 5, 3), date(2028, 5, 1)]),
        ("last Monday of May", [date(2024, 5, 27), date(2027, 5, 31), date(2028, 5, 29)]),
        ("last Friday of December + 7", [date(2025, 1, 3), date(2028, 1, 7), date(2029, 1, 5)]),
        ("11-11", [date(2024, 11, 11), date(2027, 11, 11), date(2028, 11, 11)]),
    ],
)
def test_a_rule_gives_its_day_of_any_year(rule: str, days: list[date]) -> None:
    assert [yearly_day(rule).in_year(year) for year in (2024, 2027, 2028)] == days


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("fifth Monday of May", "'fifth' in 'fifth Monday of May' is none of: first, second, third, fourth, last"),
        ("first Mon of May", "'Mon' in 'first Mon of May' is none of: Monday"),
        ("first Monday of mai", "'mai' in 'first Monday of mai' is none of: January"),
        ("02-29", "not every year has the day '02-29'"),
        ("13-01", "not every year has the day '13-01'"),
        ("in spring", "'in spring' is no rule for a day of every year"),
    ],
)
def test_what_is_no_rule_is_refused_with_one_that_is(rule: str, said: str) -> None:
    with pytest.raises(ClockError, match=said) as caught:
        yearly_day(rule)
    assert "fourth Thursday of November" in str(caught.value)
