"""The official lists: what they say day by day, and how they stand above the library."""

from datetime import date, timedelta

import holidays
import pytest

from aftersale.base.errors import ClockError
from aftersale.clocks import Calendar, place_of
from aftersale.clocks.holiday_library import country_codes, parts_of
from aftersale.clocks.public_holidays import official_list, official_lists, public_holidays

YEARS = (2025, 2026, 2027)


def days(texts: str) -> list[date]:
    return [date.fromisoformat(text) for text in texts.split()]


def weekdays_off(country: str, part: str | None, year: int) -> str:
    """Return the days from Monday to Friday that a calendar closes in a year, as months and days."""
    calendar = Calendar("UTC", country, part)
    every = (date(year, 1, 1) + timedelta(number) for number in range(366))
    closed = [day for day in every if day.year == year and day.weekday() < 5 and calendar.is_holiday(day)]
    return " ".join(f"{day:%m-%d}" for day in closed)


@pytest.mark.parametrize(
    ("country", "part", "year", "expected"),
    [
        ("GB", None, 2025, "01-01 04-18 04-21 05-05 05-26 08-25 12-25 12-26"),
        ("GB", None, 2026, "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28"),
        ("GB", "ENG", 2027, "01-01 03-26 03-29 05-03 05-31 08-30 12-27 12-28"),
        ("GB", "SCT", 2026, "01-01 01-02 04-03 05-04 05-25 06-15 08-03 11-30 12-25 12-28"),
        ("CA", None, 2026, "01-01 04-03 05-18 07-01 09-07 09-30 10-12 11-11 12-25 12-28"),
        ("CA", "ON", 2026, "01-01 02-16 04-03 05-18 07-01 09-07 10-12 12-25 12-28"),
        ("CA", "QC", 2026, "01-01 04-03 05-18 06-24 07-01 09-07 10-12 12-25"),
        ("DE", None, 2026, "01-01 04-03 04-06 05-01 05-14 05-25 12-25"),
        ("DE", "BY", 2026, "01-01 01-06 04-03 04-06 05-01 05-14 05-25 06-04 12-25"),
        ("SE", None, 2026, "01-01 01-06 04-03 04-06 05-01 05-14 06-19 12-24 12-25 12-31"),
        ("SE", None, 2029, "01-01 03-30 04-02 05-01 05-10 06-06 06-22 12-24 12-25 12-26 12-31"),  # beyond the list
        ("NL", None, 2026, "01-01 04-03 04-06 04-27 05-05 05-14 05-25 12-25"),
        ("JP", None, 2026, "01-01 01-02 01-12 02-11 02-23 03-20 04-29 05-04 05-05 05-06 07-20 08-11 09-21 09-22 09-23 "
         "10-12 11-03 11-23 12-31"),
        ("IT", None, 2027, "01-01 01-06 03-29 06-02 10-04 11-01 12-08"),
        ("PL", None, 2025, "01-01 01-06 04-21 05-01 06-19 08-15 11-11 12-24 12-25 12-26"),
        ("US", None, 2026, "01-01 01-19 02-16 05-25 06-19 07-03 09-07 10-12 11-11 11-26 12-25"),
        ("CN", None, 2026, "01-01 01-02 02-16 02-17 02-18 02-19 02-20 02-23 04-06 05-01 05-04 05-05 06-19 09-25 "
         "10-01 10-02 10-05 10-06 10-07"),
    ],
)  # fmt: skip
def test_a_calendar_is_closed_on_the_official_days(country: str, part: str | None, year: int, expected: str) -> None:
    assert weekdays_off(country, part, year) == expected


def test_what_is_no_holiday_by_law_is_open_though_the_library_has_it() -> None:
    assert date(2027, 11, 7) in holidays.country_holidays("IT", years=2027)
    italy, rome = Calendar("Europe/Rome", "IT"), Calendar("Europe/Rome", "IT", "RM")
    assert not italy.is_holiday(date(2027, 11, 7))
    assert [rome.is_holiday(day) for day in days("2027-11-07 2027-06-29")] == [False, True]
    assert not Calendar("Europe/Brussels", "BE").is_holiday(date(2026, 4, 5))


def test_a_turkish_holiday_that_ends_on_a_friday_takes_the_saturday_with_it() -> None:
    turkey = Calendar("Europe/Istanbul", "TR")
    assert [turkey.is_holiday(day) for day in days("2026-05-01 2026-05-02 2026-05-03 2026-10-28")] == [
        True, True, False, False,
    ]  # fmt: skip


def test_china_s_make_up_days_are_business_days_and_its_plain_weekends_are_not() -> None:
    china = Calendar("Asia/Shanghai", "CN")
    made_up = [day for day in (date(2026, 1, 1) + timedelta(n) for n in range(365)) if china.is_made_up(day)]
    assert made_up == days("2026-01-04 2026-02-14 2026-02-28 2026-05-09 2026-09-20 2026-10-10")
    assert all(china.is_business_day(day) for day in made_up)
    assert not any(china.is_business_day(day) for day in days("2026-02-15 2026-02-21 2026-02-22"))


def test_a_year_without_a_list_is_the_library_s() -> None:
    assert 2027 not in official_lists()["CN"].days
    assert public_holidays("CN", None, 2027).closed == frozenset(holidays.country_holidays("CN", years=2027))
    assert [official_lists()["CN"].published(year) for year in (2026, 2027, 2028)] == [True, False, False]
    assert official_lists()["SE"].published(2029)


def test_a_country_without_a_row_is_the_library_s() -> None:
    assert official_list("PH") is None
    assert official_list(None) is None
    assert public_holidays("PH", None, 2026).closed == frozenset(holidays.country_holidays("PH", years=2026))
    assert public_holidays(None, None, 2026).closed == frozenset()


@pytest.mark.parametrize("name", ["UK", "GBR", "GB"])
def test_other_names_of_a_country_have_its_official_days(name: str) -> None:
    calendar = Calendar("Europe/London", name)
    assert calendar.place == "GB-ENG"
    assert calendar.is_holiday(date(2026, 8, 31))


@pytest.mark.parametrize("code", official_lists())
def test_every_row_is_whole(code: str) -> None:
    official = official_lists()[code]
    assert set(official.days) | official.unpublished >= set(YEARS)
    assert all(day.year == year for year, listed in official.days.items() for day in listed.closed | listed.worked)
    assert all(not listed.closed & listed.worked for listed in official.days.values())
    assert official.covers in ("all", "most", "some")
    assert official.grade in ("A", "B", "C", "K")
    assert official.source
    assert official.done
    if official.covers != "all":
        country, part = place_of(official.example)
        assert country == code
        assert part
    assert holidays.list_supported_countries(include_aliases=False).get(code) is not None
    if official.part:
        assert official.part in holidays.list_supported_countries()[code]
        assert place_of(f"{code}-{official.part}") == (code, official.part)


def test_countries_and_parts_are_those_of_the_library() -> None:
    assert set(country_codes()) == set(holidays.list_supported_countries(include_aliases=False))
    known = holidays.list_supported_countries()
    assert set(country_codes(aliases=True)) == set(known)
    assert {country: list(parts_of(country)) for country in known} == known
    assert parts_of("XX") == ()


@pytest.mark.parametrize(("text", "place"), [("DE", ("DE", None)), ("GB-ENG", ("GB", "ENG")), ("FR-57", ("FR", "57"))])
def test_a_place_is_a_country_or_a_part_of_it(text: str, place: tuple[str, str | None]) -> None:
    assert place_of(text) == place


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("UK", "no holidays are known for 'UK' (did you mean 'GB'?)"),
        ("gb-eng", "no holidays are known for 'gb' (did you mean 'GB-ENG'?)"),
        ("DE_BY", "no holidays are known for 'DE_BY' (did you mean 'DE-BY'?)"),
        ("DEU-BY", "no holidays are known for 'DEU' (did you mean 'DE-BY'?)"),
        ("GB-LDN", "country 'GB' has no subdivision 'LDN' (known: ENG, NIR, SCT, WLS)"),
        ("GB-", "country 'GB' has no subdivision '' (known: ENG, NIR, SCT, WLS)"),
        ("JP-13", "country 'JP' has no subdivision '13' (leave it out)"),
        ("XX", "no holidays are known for 'XX' (write two capital letters of ISO 3166 such as DE, or a part of a "
         "country such as GB-ENG)"),
    ],
)  # fmt: skip
def test_a_place_that_nobody_knows_is_refused_with_the_one_that_is_meant(text: str, message: str) -> None:
    with pytest.raises(ClockError) as caught:
        place_of(text)
    assert str(caught.value) == message
