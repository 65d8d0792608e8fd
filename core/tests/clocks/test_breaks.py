"""The days off around a holiday that is known by its name: official where they are listed, calculated elsewhere."""

from datetime import date

import pytest

from aftersale.base.errors import ClockError
from aftersale.clocks import Break, breaks


def test_a_break_is_the_run_of_days_off_with_those_that_are_moved() -> None:
    assert breaks("CN Spring Festival", 2025, 2028) == (
        Break(date(2025, 1, 28), date(2025, 2, 4)),
        Break(date(2026, 2, 15), date(2026, 2, 23)),
        Break(date(2027, 2, 5), date(2027, 2, 10)),
        Break(date(2028, 1, 25), date(2028, 1, 30)),
    )


def test_a_holiday_is_known_by_a_part_of_its_english_name_in_a_part_of_its_country_too() -> None:
    assert breaks("CN spring festival", 2026, 2026) == breaks("CN Chinese New Year", 2026, 2026)
    assert breaks("JP Showa Day", 2027, 2027) == (Break(date(2027, 4, 29), date(2027, 4, 29)),)
    assert breaks("GB-SCT Saint Andrew", 2026, 2026) == (Break(date(2026, 11, 28), date(2026, 11, 30)),)


def test_what_is_no_holiday_is_refused_with_those_that_are() -> None:
    with pytest.raises(ClockError, match=r"'CN' has no holiday 'Sprung Festival' \(did you mean 'Mid-Autumn"):
        breaks("CN Sprung Festival", 2026, 2026)
    with pytest.raises(ClockError, match="no holidays are known for 'China'"):
        breaks("China Spring Festival", 2026, 2026)
    with pytest.raises(ClockError, match=r"'CN' has no holiday ''.*National Day"):
        breaks("CN", 2026, 2026)
