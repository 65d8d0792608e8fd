import pickle
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import accumulate
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings, strategies as st

from aftersale.base.errors import ClockError
from aftersale.clocks import DAY, HOUR, MINUTE, Calendar, OpeningHours, instant, moment

BERLIN = Calendar("Europe/Berlin", "DE")
NEW_YORK = Calendar("America/New_York", "US")
OFFICE = OpeningHours({day: [(540, 1080)] for day in range(5)}, BERLIN)
SPLIT = OpeningHours({day: [(840, 1080), (480, 720)] for day in range(5)}, BERLIN)
NIGHT = OpeningHours({6: [(1320, 1800)], 3: [(1320, 1800)]}, BERLIN)
ALWAYS = OpeningHours({day: [(0, 1440)] for day in range(7)}, Calendar("Europe/Berlin"))
# The first question about a country or a far year computes its holidays.
patient = settings(deadline=None)

# --- an oracle that steps through minutes

FORTNIGHTS = {
    ("Europe/Berlin", date(2026, 3, 22)): BERLIN,  # clocks go forward on the 29th; Good Friday
    ("Europe/Berlin", date(2026, 10, 18)): BERLIN,  # clocks go back on the 25th
    ("America/New_York", date(2026, 3, 1)): NEW_YORK,  # clocks go forward on the 8th
    ("America/New_York", date(2026, 10, 29)): NEW_YORK,  # clocks go back on November 1st; Veterans Day
}
BEFORE, AFTER = 2, 20  # days around the first one of which the oracle knows every minute
WHOLE_DAY = 1440


@cache
def walls(zone, first):
    """The first UTC minute, and the latest local time that was shown up to each minute."""
    begin = datetime(first.year, first.month, first.day, tzinfo=UTC) - timedelta(BEFORE)
    minutes = ((begin + timedelta(minutes=ahead)) for ahead in range((BEFORE + AFTER) * WHOLE_DAY))
    shown = [minute.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for minute in minutes]
    return instant(begin), list(accumulate(shown, max))


def open_minutes(week, zone, first):
    """The first UTC minute, and whether each minute from there is open."""
    begin, shown = walls(zone, first)
    calendar = FORTNIGHTS[zone, first]
    is_open = [False] * len(shown)
    for ahead in range(-BEFORE - 2, AFTER + 2):
        day = first + timedelta(ahead)
        if calendar.is_holiday(day):
            continue
        midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - local
        for opens, closes in week.get(day.weekday(), ()):
            start, stop = (reached(shown, midnight + timedelta(minutes=minute)) for minute in (opens, closes))
            is_open[start:stop] = [True] * (stop - start)
    return begin, is_open


def reached(shown, local):
    low, high = 0, len(shown)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if shown[middle] >= local else (middle + 1, high)
    return low


def stepped(is_open, minutes, amount):
    """The first minute after which so many of these were open, as steps; None where they do not suffice."""
    for steps, minute in enumerate(minutes, 1):
        amount -= is_open[minute]
        if not amount:
            return steps
    return None


@st.composite
def weeks(draw):
    """Spans that never overlap: every second stretch between minutes of a week, turned by some minutes."""
    unit = draw(st.sampled_from([1, 15, 60]))
    edges = sorted(draw(st.sets(st.integers(0, 7 * WHOLE_DAY // unit - 1), min_size=2, max_size=16)))
    turn = draw(st.integers(0, 7 * WHOLE_DAY // unit))
    week = {}
    for opens, closes in zip(edges[::2], edges[1::2], strict=False):
        begin = (opens + turn) * unit % (7 * WHOLE_DAY)
        day, minute = divmod(begin, WHOLE_DAY)
        week.setdefault(day, []).append((minute, minute + min((closes - opens) * unit, WHOLE_DAY)))
    return week


plain_weeks = st.sampled_from([dict(enumerate(each.week)) for each in (OFFICE, SPLIT, NIGHT, ALWAYS)])
some_weeks = plain_weeks | weeks()
fortnights = st.sampled_from(list(FORTNIGHTS))
minutes_in = st.integers(0, 14 * WHOLE_DAY - 1)
minutes_of_time = st.integers(0, 600) | st.integers(0, 4000)


@pytest.mark.once
@patient
@given(some_weeks, fortnights, minutes_in, minutes_of_time)
def test_due_is_the_minute_that_stepping_finds(week, fortnight, ahead, amount):
    hours = OpeningHours(week, FORTNIGHTS[fortnight])
    begin, is_open = open_minutes(week, *fortnight)
    first = BEFORE * WHOLE_DAY + ahead
    start = begin + first * MINUTE
    steps = stepped(is_open, range(first, len(is_open)), amount) if amount else 0
    due = hours.due_after(start, amount * MINUTE)
    if steps is None:
        assert due > begin + len(is_open) * MINUTE
    else:
        assert due == start + steps * MINUTE


@pytest.mark.once
@patient
@given(some_weeks, fortnights, minutes_in, minutes_of_time)
def test_latest_start_is_the_minute_that_stepping_back_finds(week, fortnight, ahead, amount):
    hours = OpeningHours(week, FORTNIGHTS[fortnight])
    begin, is_open = open_minutes(week, *fortnight)
    last = BEFORE * WHOLE_DAY + ahead
    end = begin + last * MINUTE
    steps = stepped(is_open, range(last - 1, -1, -1), amount) if amount else 0
    start = hours.due_before(end, amount * MINUTE)
    if steps is None:
        assert start < begin
    else:
        assert start == end - steps * MINUTE


@pytest.mark.once
@patient
@given(some_weeks, fortnights, minutes_in, minutes_in)
def test_elapsed_is_what_stepping_counts(week, fortnight, one, other):
    hours = OpeningHours(week, FORTNIGHTS[fortnight])
    begin, is_open = open_minutes(week, *fortnight)
    first, last = (BEFORE * WHOLE_DAY + ahead for ahead in sorted([one, other]))
    counted = sum(is_open[first:last]) * MINUTE
    assert hours.elapsed(begin + first * MINUTE, begin + last * MINUTE) == counted
    assert hours.elapsed(begin + last * MINUTE, begin + first * MINUTE) == -counted
    assert hours.is_open(begin + first * MINUTE) == is_open[first]


@pytest.mark.once
@patient
@given(some_weeks, fortnights, minutes_in, minutes_of_time, minutes_in, st.integers(0, 3000))
def test_due_under_a_pause_is_the_minute_that_stepping_finds(week, fortnight, ahead, amount, since, length):
    hours = OpeningHours(week, FORTNIGHTS[fortnight])
    begin, is_open = open_minutes(week, *fortnight)
    first, since = BEFORE * WHOLE_DAY + ahead, BEFORE * WHOLE_DAY + since
    runs = [each and not since <= minute < since + length for minute, each in enumerate(is_open)]
    start = begin + first * MINUTE
    steps = stepped(runs, range(first, len(runs)), amount) if amount else 0
    paused = hours.paused([(begin + since * MINUTE, begin + (since + length) * MINUTE)])
    due = paused.due_after(start, amount * MINUTE)
    if steps is None:
        assert due > begin + len(runs) * MINUTE
    else:
        assert due == start + steps * MINUTE
        assert paused.elapsed(start, due) == amount * MINUTE


# --- laws

instants = st.integers(instant("2000-01-01T00:00Z"), instant("2040-01-01T00:00Z"))
# At a minute a week, sixty hours take seventy years: no further than the years that are known.
times = st.integers(0, 3) | st.integers(0, 60 * HOUR)
some_hours = st.sampled_from([OFFICE, SPLIT, NIGHT, ALWAYS]) | st.builds(
    OpeningHours,
    weeks(),
    st.sampled_from([BERLIN, NEW_YORK, Calendar("Pacific/Apia"), Calendar("Antarctica/Troll")]),
)


@pytest.mark.once
@patient
@given(some_hours, instants, times)
def test_due_is_the_first_instant_until_which_so_much_time_has_passed(hours, start, amount):
    due = hours.due_after(start, amount)
    assert hours.elapsed(start, due) == amount
    assert due == start or hours.elapsed(start, due - 1) == amount - 1


@pytest.mark.once
@patient
@given(some_hours, instants, times)
def test_latest_start_is_due_in_time_and_a_microsecond_later_is_not(hours, end, amount):
    start = hours.due_before(end, amount)
    assert hours.due_after(start, amount) <= end
    assert hours.due_after(start + 1, amount) > end


@pytest.mark.once
@patient
@given(some_hours, instants, st.integers(0, 5 * DAY))
def test_it_is_open_just_when_time_runs(hours, at, later):
    assert hours.is_open(at) == (hours.elapsed(at, at + 1) == 1)
    assert hours.elapsed(at, at + later) + hours.elapsed(at + later, at + 2 * later) == hours.elapsed(
        at, at + 2 * later
    )


@patient
@given(instants, times)
def test_hours_that_never_close_are_wall_time(start, amount):
    assert ALWAYS.due_after(start, amount) == start + amount
    assert ALWAYS.due_before(start, amount) == start - amount


# --- boundaries


def due(hours, start, time):
    return moment(hours.due_after(instant(start), time), hours.calendar.zone).strftime("%a %H:%M:%S.%f")


def begun(hours, end, time):
    return moment(hours.due_before(instant(end), time), hours.calendar.zone).strftime("%a %H:%M:%S.%f")


@pytest.mark.parametrize(
    ("start", "time", "end"),
    [
        ("2026-06-01T17:00+02:00", HOUR, "Mon 18:00:00.000000"),  # closing time, not the next opening
        ("2026-06-01T17:00+02:00", HOUR + 1, "Tue 09:00:00.000001"),
        ("2026-06-01T18:00+02:00", 9 * HOUR, "Tue 18:00:00.000000"),
        ("2026-06-06T12:00+02:00", HOUR, "Mon 10:00:00.000000"),
        ("2026-06-06T12:00+02:00", 0, "Sat 12:00:00.000000"),  # nothing to wait for, open or not
        ("2026-06-01T18:00+02:00", 0, "Mon 18:00:00.000000"),
        ("2026-12-24T17:00+01:00", 2 * HOUR, "Mon 10:00:00.000000"),  # Christmas, then a weekend
    ],
)
def test_time_runs_from_opening_to_closing(start, time, end):
    assert due(OFFICE, start, time) == end


@pytest.mark.parametrize(
    ("end", "time", "start"),
    [
        ("2026-06-01T18:00+02:00", HOUR, "Mon 17:00:00.000000"),
        ("2026-06-02T10:00+02:00", HOUR, "Tue 09:00:00.000000"),
        ("2026-06-02T10:00+02:00", HOUR + 1, "Mon 17:59:59.999999"),
        ("2026-06-07T12:00+02:00", HOUR, "Fri 17:00:00.000000"),
        ("2026-06-07T12:00+02:00", 0, "Sun 12:00:00.000000"),
    ],
)
def test_latest_start_lies_in_an_opening(end, time, start):
    assert begun(OFFICE, end, time) == start


def test_a_day_of_two_spans_stands_still_between_them():
    assert due(SPLIT, "2026-06-01T11:00+02:00", HOUR) == "Mon 12:00:00.000000"
    assert due(SPLIT, "2026-06-01T11:00+02:00", 2 * HOUR) == "Mon 15:00:00.000000"
    assert [SPLIT.is_open(instant(f"2026-06-01T{at}+02:00")) for at in ("07:59", "08:00", "11:59", "12:00")] == [
        False,
        True,
        True,
        False,
    ]


def test_spans_that_touch_are_one_opening():
    joined = OpeningHours({0: [(540, 720), (720, 1080)]}, BERLIN)
    whole = OpeningHours({0: [(540, 1080)]}, BERLIN)
    start = instant("2026-06-01T11:30+02:00")
    assert joined.due_after(start, HOUR) == whole.due_after(start, HOUR)
    assert joined.is_open(instant("2026-06-01T12:00+02:00"))


def test_a_night_goes_on_into_the_next_day_and_the_next_week():
    sunday = instant("2026-05-31T23:00+02:00")
    assert due(NIGHT, "2026-05-31T23:00+02:00", 3 * HOUR) == "Mon 02:00:00.000000"
    assert NIGHT.elapsed(sunday, sunday + DAY) == 7 * HOUR


def test_a_night_lasts_shorter_or_longer_when_clocks_change():
    saturday = OpeningHours({5: [(1320, 1800)]}, BERLIN)
    for start, length in (("2026-03-28T20:00+01:00", 7), ("2026-10-24T20:00+02:00", 9)):
        assert saturday.elapsed(instant(start), instant(start) + DAY) == length * HOUR


def test_what_opened_the_evening_before_goes_on_into_a_holiday_and_a_holiday_opens_nothing():
    eve = instant("2026-12-24T22:00+01:00")  # a Thursday
    assert NIGHT.is_open(eve + 3 * HOUR)
    assert not OFFICE.is_open(instant("2026-12-25T12:00+01:00"))
    assert OFFICE.is_open(instant("2026-12-28T12:00+01:00"))


def test_the_calendars_weekend_plays_no_part():
    sunday = OpeningHours({6: [(600, 960)]}, BERLIN)
    assert sunday.is_open(instant("2026-05-31T12:00+02:00"))


def test_an_opening_that_clocks_jump_over_is_none():
    hours = OpeningHours({6: [(120, 180)]}, BERLIN)
    assert due(hours, "2026-03-29T00:00+01:00", HOUR) == "Sun 03:00:00.000000"
    assert hours.due_after(instant("2026-03-29T00:00+01:00"), HOUR) == instant("2026-04-05T03:00+02:00")


# --- what is refused

MINUTES = "open at minute 0 to 1439 of the day, and close after that, within 1440 minutes"
JOIN = "join them, or let one end where the other begins"


@pytest.mark.parametrize(
    ("week", "message"),
    [
        ({}, "the week has no opening (open for a span on one day at least)"),
        ({0: []}, "the week has no opening (open for a span on one day at least)"),
        ({0: [(540, 540)]}, f"Mon cannot be open from minute 540 to 540 ({MINUTES})"),
        ({0: [(1440, 1500)]}, f"Mon cannot be open from minute 1440 to 1500 ({MINUTES})"),
        ({0: [(540, 1981)]}, f"Mon cannot be open from minute 540 to 1981 ({MINUTES})"),
        ({0: [(540, 720.5)]}, f"Mon cannot be open from minute 540 to 720.5 ({MINUTES})"),
        ({0: [(540, 780), (720, 1080)]}, f"Mon 540-780 and Mon 720-1080 overlap ({JOIN})"),
        ({1: [(1320, 1800)], 2: [(300, 600)]}, f"Tue 1320-1800 and Wed 300-600 overlap ({JOIN})"),
        ({6: [(1320, 1800)], 0: [(300, 600)]}, f"Sun 1320-1800 and Mon 300-600 overlap ({JOIN})"),
        (
            {0: [(0, 1000), (100, 200), (300, 400)]},
            f"Mon 0-1000 and Mon 100-200 overlap; Mon 0-1000 and Mon 300-400 overlap ({JOIN})",
        ),
        (
            {0: [(60, 2000), (540, 780), (720, 1080)], 7: [(-1, 60)]},
            "there is no weekday 7; Mon cannot be open from minute 60 to 2000; "
            "weekday 7 cannot be open from minute -1 to 60; Mon 540-780 and Mon 720-1080 overlap "
            f"(Monday is 0 and Sunday is 6; {MINUTES}; {JOIN})",
        ),
    ],
)
def test_a_week_that_cannot_be_is_refused_with_all_that_is_wrong(week, message):
    with pytest.raises(ClockError) as caught:
        OpeningHours(week, BERLIN)
    assert str(caught.value) == message


def test_openings_may_follow_each_other_round_the_whole_week():
    whole = OpeningHours({day: [(360, 1800)] for day in range(7)}, Calendar("UTC"))
    assert whole.elapsed(0, 7 * DAY) == 7 * DAY


KNOWN = "opening hours are known from 1900 to 2199 only (check the dates and the amount)"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: OFFICE.due_after(0, -1), "the amount -1 is negative (count forward from the start)"),
        (lambda: OFFICE.due_before(0, -1), "the amount -1 is negative (count forward from the start)"),
        (lambda: OFFICE.due_after(0, 10**30), KNOWN),
        (lambda: OFFICE.due_before(0, 10**30), KNOWN),
        (lambda: OFFICE.is_open(instant("1899-06-01T00:00Z")), KNOWN),
        (lambda: OFFICE.elapsed(0, instant("2200-06-01T00:00Z")), KNOWN),
    ],
)
def test_time_that_nobody_knows_is_refused(call, message):
    with pytest.raises(ClockError) as caught:
        call()
    assert str(caught.value) == message


def test_holidays_that_never_end_are_refused_rather_than_waited_for(monkeypatch):
    monkeypatch.setattr(Calendar, "is_holiday", lambda calendar, day: True)
    hours = OpeningHours({0: [(540, 1080)]}, Calendar("Europe/Berlin"))
    for asked in (hours.due_after, hours.due_before):
        with pytest.raises(ClockError, match="known from 1900 to 2199 only"):
            asked(0, 1)
    assert hours.elapsed(0, 70 * DAY) == 0


def test_opening_hours_can_be_pickled_after_use_and_do_not_depend_on_what_was_asked_before():
    used, fresh = (OpeningHours({0: [(540, 1080)]}, BERLIN) for _ in range(2))
    start = instant("2026-06-01T00:00Z")
    for year in ("1960", "1969", "2035", "1999"):
        used.due_after(instant(f"{year}-12-31T00:00Z"), 3 * HOUR)
    again = pickle.loads(pickle.dumps(used))
    assert again == used == fresh
    assert hash(again) == hash(used)
    for hours in (used, again):
        assert hours.due_after(start, 500 * HOUR) == fresh.due_after(start, 500 * HOUR)
        assert hours.due_before(start, 500 * HOUR) == fresh.due_before(start, 500 * HOUR)


def test_the_turn_of_a_year_is_known_after_questions_about_one_year_only():
    plain = Calendar("Europe/Berlin")
    night = OpeningHours({3: [(1320, 1800)]}, plain)  # from Thursday, December 31st 2026
    night.is_open(instant("2027-06-01T00:00Z"))
    assert night.is_open(instant("2027-01-01T03:00+01:00"))
    friday = OpeningHours({4: [(0, 360)]}, plain)
    friday.is_open(instant("2026-06-01T00:00Z"))
    assert friday.is_open(instant("2027-01-01T00:30+01:00"))
    late, early = instant("1969-06-01T00:00Z"), instant("1960-06-01T00:00Z")
    backward = OpeningHours({4: [(0, 360)]}, plain).elapsed(late, early)
    assert backward == -OpeningHours({4: [(0, 360)]}, plain).elapsed(early, late) != 0


def test_a_week_is_read_back_from_what_it_holds():
    assert OpeningHours(OFFICE.week, BERLIN) == OFFICE
    assert SPLIT.week[0] == ((480, 720), (840, 1080))
