import doctest
import pickle
import re
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings, strategies as st

from aftersale.base.errors import ClockError
from aftersale.clocks import (
    CLOCKS,
    DAY,
    ENDS,
    HOUR,
    MINUTE,
    SECOND,
    Calendar,
    Clock,
    due_after,
    due_before,
    elapsed,
    instant,
    local_date,
    moment,
    start_of_day,
    windows,
    zone_info,
)

PACIFIC = Calendar("America/Los_Angeles", "US")
BERLIN = Calendar("Europe/Berlin", "DE")
CALENDARS = {
    "Europe/Berlin": BERLIN,
    "America/Los_Angeles": PACIFIC,
    "Asia/Tokyo": Calendar("Asia/Tokyo", "JP"),
    "Europe/Istanbul": Calendar("Europe/Istanbul", "TR"),
    "Australia/Lord_Howe": Calendar("Australia/Lord_Howe", "AU", "NSW"),
    # Clocks that jump over midnight, that go back over midnight, and a day that never was.
    "America/Havana": Calendar("America/Havana"),
    "America/St_Johns": Calendar("America/St_Johns"),
    "Pacific/Apia": Calendar("Pacific/Apia"),
    # Clocks that go back by two hours, beginning before midnight in UTC.
    "Antarctica/Troll": Calendar("Antarctica/Troll"),
    "UTC": Calendar("UTC", weekend=frozenset({4})),
}
# Days on which clocks change in one of the zones above, or near holidays and the turn of a year.
BUSY_DAYS = ["2026-03-29", "2026-10-25", "2026-03-08", "2026-11-01", "2016-03-27", "2026-04-05", "2026-10-04"]
BUSY_DAYS += ["2010-03-14", "2010-11-07", "2011-12-30", "2026-05-04", "2025-12-31"]
busy_dates = st.builds(
    lambda day, ahead: date.fromisoformat(day) + timedelta(ahead),
    st.sampled_from(BUSY_DAYS),
    st.integers(-2, 2),
)
busy_instants = st.builds(
    lambda day, ahead: instant(f"{day}T00:00Z") + ahead,
    st.sampled_from(BUSY_DAYS),
    st.integers(-3 * DAY, 3 * DAY) | st.integers(-6 * 24, 6 * 24).map(lambda halves: halves * 30 * MINUTE),
)
any_instants = st.integers(instant("2000-01-01T00:00Z"), instant("2040-01-01T00:00Z"))
instants = busy_instants | any_instants
calendars = st.sampled_from(list(CALENDARS.values()))
amounts = st.integers(0, 40)
# In a part of Canada, clocks went back a minute after midnight until 2010: one midnight, then another.
TWO_MIDNIGHTS = [Calendar("America/St_Johns"), Calendar("America/St_Johns", weekend=frozenset({5}))]
# The first question about a country or a far year computes its holidays.
patient = settings(deadline=None)


def due(start, amount, clock, calendar=PACIFIC, ends="same_time"):
    return moment(due_after(instant(start), amount, clock, calendar, ends), calendar.zone).isoformat()


def begun(end, amount, clock, calendar=PACIFIC, ends="same_time"):
    return moment(due_before(instant(end), amount, clock, calendar, ends), calendar.zone).isoformat()


def refusal(call, *args):
    with pytest.raises(ClockError) as caught:
        call(*args)
    return str(caught.value)


# --- instants and local days


def test_units_count_microseconds():
    assert (SECOND, MINUTE, HOUR, DAY) == (10**6, 60 * 10**6, 3600 * 10**6, 86400 * 10**6)


@pytest.mark.parametrize(
    ("given_moment", "expected"),
    [
        ("1970-01-01T00:00Z", 0),
        ("1970-01-01T01:00:00.000001+01:00", 1),
        (datetime(1970, 1, 2, tzinfo=ZoneInfo("UTC")), DAY),
        (datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin")), instant("2026-10-25T00:30Z")),
        (
            datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Berlin")),
            instant("2026-10-25T01:30Z"),
        ),
    ],
)
def test_instant_counts_microseconds_since_1970_in_utc(given_moment, expected):
    assert instant(given_moment) == expected


@patient
@given(instants, calendars)
def test_instant_and_moment_are_inverse(at, calendar):
    assert instant(moment(at, calendar.zone)) == at
    assert instant(moment(at, calendar.zone).isoformat()) == at


def test_instant_refuses_what_has_no_offset_or_is_no_time():
    hint = "(add one, such as Z or +01:00)"
    assert refusal(instant, "2026-03-29T15:00") == f"'2026-03-29T15:00:00' has no offset from UTC {hint}"
    naive = datetime(2026, 3, 29)  # noqa: DTZ001 - what is refused here
    assert refusal(instant, naive) == f"'2026-03-29T00:00:00' has no offset from UTC {hint}"
    assert refusal(instant, "soon") == "'soon' is no ISO date and time (write it like 2026-03-29T15:00:00+02:00)"


@pytest.mark.parametrize("at", [10**30, -(10**30), 253402300799 * SECOND])
def test_instant_beyond_the_calendar_is_refused(at):
    message = f"the instant {at} lies outside the years 1 to 9999 (it counts µs)"
    assert refusal(moment, at, "Asia/Tokyo") == message


@pytest.mark.parametrize("name", ["", ".", "../x", "America", "Mars/Base", "\0", "/etc/passwd", "x" * 300])
def test_unknown_zone_is_refused(name):
    assert refusal(zone_info, name).startswith(f"unknown time zone {name[:60]!r} (")


def test_unknown_zone_comes_with_the_closest_name():
    assert refusal(zone_info, "Europe/Berln") == "unknown time zone 'Europe/Berln' (did you mean 'Europe/Berlin'?)"


@patient
@given(instants, calendars)
def test_local_date_is_what_zoneinfo_shows(at, calendar):
    assert local_date(at, calendar.zone) == moment(at, calendar.zone).date()
    assert local_date(at, ZoneInfo(calendar.zone)) == local_date(at, calendar.zone)


@patient
@given(busy_dates | st.dates(date(2000, 1, 1), date(2040, 1, 1)), calendars)
def test_day_begins_at_its_first_instant(day, calendar):
    first = start_of_day(day, calendar.zone)
    if (calendar.zone, day) == ("Pacific/Apia", date(2011, 12, 30)):
        assert first == start_of_day(date(2011, 12, 31), calendar.zone)
    else:
        assert local_date(first, calendar.zone) == day
    assert local_date(first - 1, calendar.zone) < day


def test_day_begins_at_one_where_clocks_jump_over_midnight():
    first = start_of_day(date(2026, 3, 8), "America/Havana")
    assert moment(first, "America/Havana").isoformat() == "2026-03-08T01:00:00-04:00"


# --- deadlines


@pytest.mark.parametrize(
    ("start", "amount", "end"),
    [
        ("2026-03-06T15:00-08:00", 2, "2026-03-10T15:00:00-07:00"),  # Friday, over a weekend with a change
        ("2026-03-07T15:00-08:00", 2, "2026-03-11T00:00:00-07:00"),  # Saturday: the end of Tuesday
        ("2026-03-07T15:00-08:00", 0, "2026-03-09T00:00:00-07:00"),
        ("2026-03-06T15:00-08:00", 0, "2026-03-06T15:00:00-08:00"),
        ("2026-03-06T00:00-08:00", 1, "2026-03-09T00:00:00-07:00"),
        ("2026-07-02T10:00-07:00", 1, "2026-07-06T10:00:00-07:00"),  # Independence Day is kept on Friday
    ],
)
def test_business_time_runs_only_on_business_days(start, amount, end):
    assert due(start, amount, "business_days") == end


@pytest.mark.parametrize(
    ("start", "amount", "end"),
    [
        ("2026-03-06T15:00-08:00", 2, "2026-03-11T00:00:00-07:00"),
        ("2026-03-07T15:00-08:00", 2, "2026-03-11T00:00:00-07:00"),
        ("2026-03-06T15:00-08:00", 0, "2026-03-07T00:00:00-08:00"),
        ("2026-03-07T15:00-08:00", 0, "2026-03-09T00:00:00-07:00"),
    ],
)
def test_whole_business_days_are_counted_from_the_day_after_the_start(start, amount, end):
    assert due(start, amount, "business_days", ends="end_of_day") == end


@pytest.mark.parametrize(
    ("start", "amount", "end"),
    [
        ("2026-03-07T15:00-08:00", 1, "2026-03-08T15:00:00-07:00"),
        ("2026-03-07T02:30-08:00", 1, "2026-03-08T03:00:00-07:00"),  # 02:30 never is: the end of the gap
        ("2026-10-31T01:30-07:00", 1, "2026-11-01T01:30:00-07:00"),  # 01:30 is twice: the first
        ("2026-11-01T01:30-07:00", 1, "2026-11-02T01:00:00-08:00"),  # the first pass counts as 01:00
        ("2026-11-01T01:30-08:00", 1, "2026-11-02T01:30:00-08:00"),
        ("2026-11-01T01:30-07:00", 0, "2026-11-01T01:30:00-07:00"),
    ],
)
def test_calendar_days_keep_the_local_time_of_day(start, amount, end):
    assert due(start, amount, "calendar_days") == end


@patient
@given(instants, amounts, calendars)
def test_calendar_days_agree_with_zoneinfo_where_both_local_times_are_plain(start, amount, calendar):
    zone = ZoneInfo(calendar.zone)
    begun = moment(start, zone)
    assume(begun.replace(fold=0).utcoffset() == begun.replace(fold=1).utcoffset())
    ended = begun + timedelta(amount)  # in local time, as datetime adds
    assume(ended.replace(fold=0).utcoffset() == ended.replace(fold=1).utcoffset())
    assert due_after(start, amount, "calendar_days", calendar) == instant(ended)


def test_first_pass_of_repeated_hours_counts_as_their_beginning_over_midnight_in_utc_too():
    troll = CALENDARS["Antarctica/Troll"]
    for start in ("2026-10-25T01:30+02:00", "2026-10-25T02:30+02:00", "2026-10-25T01:00+00:00"):
        assert due(start, 1, "calendar_days", troll) == "2026-10-26T01:00:00+00:00"


def test_no_business_days_at_all_end_where_they_start_even_in_a_repeated_hour():
    open_on_sunday = Calendar("Europe/Berlin", weekend=frozenset({4}))
    start = "2026-10-25T02:30:00+02:00"
    assert due(start, 0, "business_days", open_on_sunday) == start
    assert due(start, 1, "business_days", open_on_sunday) == "2026-10-26T02:00:00+01:00"


def test_calendar_days_to_the_end_of_day_are_counted_from_the_day_after_the_start():
    assert due("2026-03-06T15:00-08:00", 2, "calendar_days", ends="end_of_day") == "2026-03-09T00:00:00-07:00"
    assert due("2026-03-06T15:00-08:00", 0, "calendar_days", ends="end_of_day") == "2026-03-07T00:00:00-08:00"


def test_wall_hours_run_through_weekends_and_changes_of_clocks():
    assert due("2026-03-07T15:00-08:00", 24, "wall_hours") == "2026-03-08T16:00:00-07:00"
    assert due("2026-03-07T15:00-08:00", 24, "wall_hours", ends="end_of_day") == "2026-03-09T00:00:00-07:00"


def test_work_that_china_moves_to_a_weekend_counts_as_business_days():
    shenzhen = Calendar("Asia/Shanghai", "CN")
    days = [date(2024, 2, 1) + timedelta(ahead) for ahead in range(20)]
    worked = [day.day for day in days if shenzhen.is_business_day(day)]
    assert worked == [1, 2, 4, 5, 6, 7, 8, 9, 18, 19, 20]


def test_a_holiday_that_one_works_on_is_an_ordinary_day_of_its_weekday_and_a_plain_weekend_day_is_made_up():
    friday, off, plain = date(2026, 5, 1), date(2026, 5, 3), date(2026, 5, 16)
    desk = Calendar("Asia/Shanghai", "CN", worked=[friday, off, plain])
    assert [desk.is_holiday(day) for day in (friday, off, plain)] == [False] * 3
    assert [desk.is_business_day(day) for day in (friday, off, plain)] == [True, False, True]
    assert [desk.timetable(day) for day in (friday, off, plain)] == [(4,), (6,), (5, 4)]
    assert Calendar("Asia/Shanghai", "CN").timetable(off) == ()


@patient
@given(instants, instants, amounts, st.sampled_from(CLOCKS), st.sampled_from(ENDS), calendars)
def test_later_start_is_never_due_earlier(one, other, amount, clock, ends, calendar):
    first, second = sorted([one, other])
    assert due_after(first, amount, clock, calendar, ends) <= due_after(second, amount, clock, calendar, ends)


@patient
@given(busy_instants, st.integers(0, 3 * HOUR), st.integers(0, 3), st.sampled_from(ENDS), calendars)
def test_slightly_later_start_is_never_due_earlier(start, later, amount, ends, calendar):
    for clock in CLOCKS:
        before = due_after(start, amount, clock, calendar, ends)
        assert before <= due_after(start + later, amount, clock, calendar, ends)


@patient
@given(instants, amounts, st.sampled_from(CLOCKS), st.sampled_from(ENDS), calendars)
def test_deadline_never_lies_before_its_start_and_grows_with_the_amount(start, amount, clock, ends, calendar):
    dues = [due_after(start, each, clock, calendar, ends) for each in (amount, amount + 1)]
    assert start <= dues[0] <= dues[1]


@patient
@given(instants, amounts, st.sampled_from(CLOCKS))
def test_elapsed_gives_the_amount_back_where_clocks_never_change(start, amount, clock):
    calendar = CALENDARS["Asia/Tokyo"]
    assert elapsed(start, due_after(start, amount, clock, calendar), clock, calendar) == pytest.approx(amount)


@patient
@given(instants, amounts, st.sampled_from(CLOCKS), calendars)
def test_elapsed_gives_the_amount_back_but_for_the_hours_that_clocks_change(start, amount, clock, calendar):
    assume(calendar.zone != "Pacific/Apia")  # it skipped a whole day
    back = elapsed(start, due_after(start, amount, clock, calendar), clock, calendar)
    assert abs(back - amount) <= 2 / 24 + 1e-9


@patient
@given(instants, instants, st.sampled_from(CLOCKS), calendars)
def test_elapsed_backward_is_the_negative_of_forward(one, other, clock, calendar):
    assert elapsed(one, other, clock, calendar) == -elapsed(other, one, clock, calendar)


def naive_business_end(start, amount, calendar):
    """The last day of so many business days, found by walking the calendar."""
    day = start
    while amount:
        day += timedelta(1)
        amount -= calendar.is_business_day(day)
    return day


@patient
@given(
    st.dates(date(2001, 1, 1), date(2039, 1, 1)),
    st.integers(1, 30),
    st.sampled_from(["DE", "US", "JP", "TR"]),
)
def test_business_days_agree_with_walking_the_calendar(day, amount, country):
    calendar = Calendar("Europe/Berlin", country)
    start = start_of_day(day, calendar.zone) + 15 * HOUR
    last = naive_business_end(day, amount, calendar)
    end = due_after(start, amount, "business_days", calendar, "end_of_day")
    assert end == start_of_day(last + timedelta(1), calendar.zone)
    if calendar.is_business_day(day):
        assert local_date(due_after(start, amount, "business_days", calendar), calendar.zone) == last


@pytest.mark.parametrize(
    ("amount", "clock", "ends", "message"),
    [
        (
            1,
            "hours",
            "same_time",
            "unknown clock 'hours' (allowed: wall_hours, calendar_days, business_days)",
        ),
        (1, "wall_hours", "noon", "unknown end 'noon' (allowed: same_time, end_of_day)"),
        (-1, "wall_hours", "same_time", "the amount -1 is negative (count forward from the start)"),
        (
            10**6,
            "business_days",
            "same_time",
            "business days are known from 1900 to 2199 only (check the dates and the amount)",
        ),
    ],
)
def test_deadline_that_makes_no_sense_is_refused(amount, clock, ends, message):
    assert refusal(due_after, 0, amount, clock, BERLIN, ends) == message


def test_elapsed_refuses_an_unknown_clock():
    message = "unknown clock 'hours' (allowed: wall_hours, calendar_days, business_days)"
    assert refusal(elapsed, 0, 1, "hours", BERLIN) == message


@pytest.mark.parametrize("start", ["2010-11-07T00:00:30-02:30", "2010-11-06T23:30-03:30"])
def test_no_deadline_lies_before_its_start_where_midnight_comes_twice(start):
    for calendar in TWO_MIDNIGHTS:
        for clock in CLOCKS:
            for ends in ENDS:
                assert due_after(instant(start), 0, clock, calendar, ends) >= instant(start)


# --- starts


@pytest.mark.parametrize(
    ("end", "amount", "start"),
    [
        ("2026-03-10T15:00-07:00", 2, "2026-03-06T15:00:00-08:00"),
        ("2026-03-11T00:00-07:00", 2, "2026-03-09T00:00:00-07:00"),  # what begins at the weekend ends then too
        ("2026-03-08T12:00-07:00", 1, "2026-03-05T23:59:59.999999-08:00"),  # nothing is due on a Sunday
        ("2026-03-09T00:00-07:00", 1, "2026-03-06T00:00:00-08:00"),
        ("2026-03-08T12:00-07:00", 0, "2026-03-06T23:59:59.999999-08:00"),
        ("2026-03-10T15:00-07:00", 0, "2026-03-10T15:00:00-07:00"),
        ("2026-07-06T10:00-07:00", 1, "2026-07-02T10:00:00-07:00"),
    ],
)
def test_latest_start_of_business_time(end, amount, start):
    assert begun(end, amount, "business_days") == start


@pytest.mark.parametrize(
    ("end", "amount", "start"),
    [
        ("2026-03-11T00:00-07:00", 2, "2026-03-08T23:59:59.999999-07:00"),
        ("2026-03-10T23:00-07:00", 2, "2026-03-05T23:59:59.999999-08:00"),
        ("2026-03-10T23:00-07:00", 0, "2026-03-09T23:59:59.999999-07:00"),
        ("2026-03-08T23:00-07:00", 0, "2026-03-06T23:59:59.999999-08:00"),
    ],
)
def test_latest_start_of_whole_business_days(end, amount, start):
    assert begun(end, amount, "business_days", ends="end_of_day") == start


@pytest.mark.parametrize(
    ("end", "amount", "start"),
    [
        ("2026-03-09T15:00-07:00", 2, "2026-03-07T15:00:00-08:00"),
        ("2026-03-08T03:00-07:00", 1, "2026-03-07T03:00:00-08:00"),  # all that would end in the gap ends at 03:00
        ("2026-03-08T01:59-08:00", 1, "2026-03-07T01:59:00-08:00"),
        ("2026-11-01T01:30-08:00", 1, "2026-10-31T01:59:59.999999-07:00"),  # nothing is due in the second pass
        ("2026-11-02T01:00-08:00", 1, "2026-11-01T01:00:00-08:00"),  # the whole first pass counts as 01:00
    ],
)
def test_latest_start_of_calendar_days(end, amount, start):
    assert begun(end, amount, "calendar_days") == start


def test_latest_start_of_wall_hours():
    assert begun("2026-03-08T16:00-07:00", 24, "wall_hours") == "2026-03-07T15:00:00-08:00"
    end_of_day = begun("2026-03-08T16:00-07:00", 24, "wall_hours", ends="end_of_day")
    assert end_of_day == "2026-03-06T23:59:59.999999-08:00"


def test_latest_start_of_no_time_at_all_is_the_end_in_the_first_pass_of_a_repeated_hour_too():
    end = "2026-11-01T01:30:00-07:00"
    open_on_sunday = Calendar("America/Los_Angeles", weekend=frozenset({4}))
    assert begun(end, 0, "calendar_days") == begun(end, 0, "business_days", open_on_sunday) == end


def test_latest_start_lies_before_the_end_where_midnight_comes_twice():
    end = "2010-11-07T00:00:30-02:30"
    for clock in CLOCKS:
        for ends in ENDS:
            assert due_before(instant(end), 0, clock, TWO_MIDNIGHTS[1], ends) <= instant(end)


def test_latest_start_where_clocks_go_back_at_midnight_in_utc():
    chisinau = Calendar("Europe/Chisinau")
    assert begun("2010-10-31T02:30+02:00", 1, "calendar_days", chisinau) == "2010-10-30T02:59:59.999999+03:00"


every_calendar = st.sampled_from([*CALENDARS.values(), *TWO_MIDNIGHTS])


@patient
@given(instants, amounts, st.sampled_from(CLOCKS), st.sampled_from(ENDS), every_calendar)
def test_latest_start_is_due_in_time_and_a_microsecond_later_is_not(end, amount, clock, ends, calendar):
    start = due_before(end, amount, clock, calendar, ends)
    assert due_after(start, amount, clock, calendar, ends) <= end
    assert due_after(start + 1, amount, clock, calendar, ends) > end


@patient
@given(busy_instants, st.integers(0, 2), st.sampled_from(CLOCKS), st.sampled_from(ENDS), every_calendar)
def test_start_is_no_later_than_the_latest_start_of_its_deadline(start, amount, clock, ends, calendar):
    end = due_after(start, amount, clock, calendar, ends)
    latest = due_before(end, amount, clock, calendar, ends)
    assert start <= latest
    assert due_after(latest, amount, clock, calendar, ends) == end


def test_latest_start_does_not_depend_on_what_was_asked_before():
    start = due_before(instant("2026-01-02T12:00Z"), 3000, "business_days", Calendar("Europe/Berlin", "DE"))
    asked = Calendar("Europe/Berlin", "DE")
    for year in ("2035", "1999", "2026"):
        due_before(instant(f"{year}-06-01T00:00Z"), 3, "business_days", asked)
    assert due_before(instant("2026-01-02T12:00Z"), 3000, "business_days", asked) == start


@pytest.mark.parametrize(
    ("amount", "clock", "ends", "message"),
    [
        (1, "hours", "same_time", "unknown clock 'hours' (allowed: wall_hours, calendar_days, business_days)"),
        (1, "wall_hours", "noon", "unknown end 'noon' (allowed: same_time, end_of_day)"),
        (-1, "wall_hours", "same_time", "the amount -1 is negative (count forward from the start)"),
        (
            10**6,
            "business_days",
            "same_time",
            "business days are known from 1900 to 2199 only (check the dates and the amount)",
        ),
    ],
)
def test_start_that_makes_no_sense_is_refused(amount, clock, ends, message):
    assert refusal(due_before, 0, amount, clock, BERLIN, ends) == message


@patient
@given(instants, amounts, st.sampled_from(CLOCKS), st.sampled_from(ENDS), calendars)
def test_clock_answers_as_the_functions_do(at, amount, name, ends, calendar):
    clock = Clock(name, calendar, ends)
    due = due_after(at, amount, name, calendar, ends)
    assert clock.due_after(at, amount) == due
    assert clock.due_before(at, amount) == due_before(at, amount, name, calendar, ends)
    assert clock.elapsed(at, due) == elapsed(at, due, name, calendar)


def test_clock_that_makes_no_sense_is_refused():
    message = "unknown clock 'hours' (allowed: wall_hours, calendar_days, business_days)"
    assert refusal(Clock, "hours", BERLIN) == message
    assert refusal(Clock, "wall_hours", BERLIN, "noon") == "unknown end 'noon' (allowed: same_time, end_of_day)"


def test_the_document_of_the_clocks_shows_what_they_answer():
    page = (Path(__file__).parents[2] / "docs" / "clocks.md").read_text(encoding="utf-8")
    shown = "".join(re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE))
    session = doctest.DocTestParser().get_doctest(shown, {}, "clocks.md", None, 0)
    assert doctest.DocTestRunner().run(session) == (0, shown.count(">>> "))


# --- calendars


def test_calendar_knows_weekends_and_holidays():
    days = [date(2026, 12, 23) + timedelta(ahead) for ahead in range(7)]
    assert [BERLIN.is_business_day(day) for day in days] == [True, True, False, False, False, True, True]
    assert [BERLIN.is_holiday(day) for day in days] == [False, False, True, True, False, False, False]


def test_calendar_without_country_knows_no_holidays():
    for country in (None, ""):
        calendar = Calendar("UTC", country, weekend=frozenset({4}))
        assert calendar.is_business_day(date(2026, 12, 26))
        assert not calendar.is_business_day(date(2026, 12, 25))


def test_subdivision_adds_its_own_holidays():
    epiphany = date(2026, 1, 6)
    assert BERLIN.is_business_day(epiphany)
    assert not Calendar("Europe/Berlin", "DE", "BY").is_business_day(epiphany)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("Europe/Berln",), "unknown time zone 'Europe/Berln' (did you mean 'Europe/Berlin'?)"),
        (
            ("UTC", "??"),
            "no holidays are known for country '??' (write an ISO code such as DE, or leave it out for no holidays)",
        ),
        (("UTC", "JP", "13"), "country 'JP' has no subdivision '13' (leave it out)"),
        (
            ("UTC", "GB", "ENGL"),
            "country 'GB' has no subdivision 'ENGL' (did you mean 'ENG'? known: ENG, NIR, SCT, WLS)",
        ),
        (("UTC", None, "ENG"), "country '' has no subdivision 'ENG' (leave it out)"),
        (
            ("UTC", None, None, frozenset(range(7))),
            "every day of the week is weekend (leave at least one business day)",
        ),
    ],
)
def test_calendar_that_nobody_knows_is_refused(arguments, message):
    assert refusal(Calendar, *arguments) == message


def test_calendar_can_be_pickled_after_use_and_means_the_same():
    calendar = Calendar("Europe/Berlin", "DE")
    before = due_after(0, 3, "business_days", calendar)
    again = pickle.loads(pickle.dumps(calendar))
    assert again == calendar
    assert due_after(0, 3, "business_days", again) == before


def test_growing_table_of_business_days_changes_no_answer():
    grown, fresh = Calendar("Europe/Berlin", "DE"), Calendar("Europe/Berlin", "DE")
    for year in ("2026", "2035", "1999"):
        due_after(instant(f"{year}-06-01T00:00Z"), 3, "business_days", grown)
    start = instant("2026-06-01T00:00Z")
    for clock in CLOCKS:
        assert due_after(start, 300, clock, grown) == due_after(start, 300, clock, fresh)


# --- windows


def shown(found, zone):
    return [tuple(moment(at, zone).strftime("%a %H:%M%z") for at in window) for window in found]


def test_windows_open_on_their_days_and_not_on_holidays():
    found = windows(frozenset({0, 3, 4}), 540, 1080, date(2026, 12, 24), date(2026, 12, 31), BERLIN)
    assert shown(found, "Europe/Berlin") == [
        ("Thu 09:00+0100", "Thu 18:00+0100"),
        ("Mon 09:00+0100", "Mon 18:00+0100"),
        ("Thu 09:00+0100", "Thu 18:00+0100"),
    ]


def test_window_over_midnight_is_shorter_when_clocks_go_forward_and_longer_when_they_go_back():
    night = (frozenset({5}), 1320, 1800)
    spring = windows(*night, date(2026, 3, 28), date(2026, 3, 29), BERLIN)
    autumn = windows(*night, date(2026, 10, 24), date(2026, 10, 24), BERLIN)
    assert [end - start for start, end in spring + autumn] == [7 * HOUR, 9 * HOUR]
    assert shown(spring, "Europe/Berlin") == [("Sat 22:00+0100", "Sun 06:00+0200")]


def test_window_that_clocks_jump_over_is_left_out():
    assert windows(frozenset({6}), 120, 180, date(2026, 3, 29), date(2026, 3, 29), BERLIN) == []


def test_whole_days_join_without_a_gap_over_changes_of_clocks():
    for zone in CALENDARS:
        calendar = Calendar(zone)
        found = windows(range(7), 0, 1440, date(2026, 1, 1), date(2026, 12, 31), calendar)
        assert len(found) == 365
        assert [end for _, end in found[:-1]] == [start for start, _ in found[1:]]
