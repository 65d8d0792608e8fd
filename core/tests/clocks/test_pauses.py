import pytest
from hypothesis import assume, given, settings, strategies as st

from aftersale.base.errors import ClockError
from aftersale.clocks import CLOCKS, DAY, ENDS, HOUR, SECOND, Calendar, Clock, OpeningHours, Paused, instant, moment

BERLIN = Calendar("Europe/Berlin", "DE")
TOKYO = Calendar("Asia/Tokyo", "JP")  # clocks never change
OFFICE = OpeningHours({day: [(540, 1080)] for day in range(5)}, BERLIN)
WALL, DAYS, BUSINESS = (Clock(name, BERLIN) for name in CLOCKS)
ZONES = [BERLIN, TOKYO, Calendar("America/St_Johns"), Calendar("Antarctica/Troll"), Calendar("Australia/Lord_Howe")]
# The first question about a country or a far year computes its holidays.
patient = settings(deadline=None)

BUSY = [instant(f"{day}T00:00Z") for day in ("2026-03-29", "2026-10-25", "2010-11-07", "2025-12-25", "2026-06-01")]
instants = st.builds(int.__add__, st.sampled_from(BUSY), st.integers(-5 * DAY, 5 * DAY))
lengths = st.integers(0, 3 * DAY) | st.integers(0, 72).map(HOUR.__mul__)
clocks = st.builds(Clock, st.sampled_from(CLOCKS), st.sampled_from(ZONES), st.sampled_from(ENDS))
closed_pauses = st.lists(st.builds(lambda since, length: (since, since + length), instants, lengths), max_size=5)


@st.composite
def counted(draw):
    """A clock or opening hours, and an amount of its units."""
    if draw(st.booleans()):
        return draw(clocks), draw(st.integers(0, 8))
    return OFFICE, draw(st.integers(0, 30 * HOUR))


def due(clock, start, amount, *pauses):
    given_pauses = [(instant(since), until and instant(until)) for since, until in pauses]
    found = clock.paused(given_pauses).due_after(instant(start), amount)
    return None if found is None else moment(found, "Europe/Berlin").isoformat()


# --- what a pause does


@pytest.mark.parametrize(
    ("clock", "amount", "expected"),
    [
        (WALL, 24, "2026-06-02T15:00:00+02:00"),
        (DAYS, 1, "2026-06-02T15:00:00+02:00"),
        (BUSINESS, 1, "2026-06-02T15:00:00+02:00"),
        (OFFICE, 9 * HOUR, "2026-06-02T15:00:00+02:00"),
    ],
)
def test_what_is_left_when_a_pause_begins_is_left_when_it_ends(clock, amount, expected):
    pause = ("2026-06-01T11:00+02:00", "2026-06-01T16:00+02:00")
    assert due(clock, "2026-06-01T10:00+02:00", amount, pause) == expected


def test_a_pause_while_the_clock_does_not_run_takes_nothing():
    weekend = ("2026-06-06T00:00+02:00", "2026-06-07T12:00+02:00")
    friday = "2026-06-05T17:00+02:00"
    assert due(BUSINESS, friday, 1, weekend) == due(BUSINESS, friday, 1)
    assert due(OFFICE, friday, 2 * HOUR, weekend) == due(OFFICE, friday, 2 * HOUR)


def test_a_clock_that_starts_in_a_pause_waits_until_it_is_over():
    pause = ("2026-06-01T08:00+02:00", "2026-06-01T12:00+02:00")
    assert due(WALL, "2026-06-01T10:00+02:00", 24, pause) == "2026-06-02T12:00:00+02:00"


def test_time_that_is_due_when_a_pause_begins_is_due():
    endless = ("2026-06-01T18:00+02:00", None)
    assert due(OFFICE, "2026-06-01T17:00+02:00", HOUR, endless) == "2026-06-01T18:00:00+02:00"
    assert due(WALL, "2026-06-01T17:00+02:00", 1, endless) == "2026-06-01T18:00:00+02:00"
    assert due(WALL, "2026-06-01T18:00+02:00", 0, endless) == "2026-06-01T18:00:00+02:00"


def test_under_a_pause_that_has_not_ended_nothing_is_due():
    endless = ("2026-06-01T17:59+02:00", None)
    assert due(OFFICE, "2026-06-01T17:00+02:00", HOUR, endless) is None
    assert due(BUSINESS, "2026-06-01T17:00+02:00", 2, endless) is None


def test_a_pause_that_the_shift_reaches_counts_too():
    first = ("2026-06-01T11:00+02:00", "2026-06-01T13:00+02:00")
    second = ("2026-06-01T15:00+02:00", "2026-06-01T16:00+02:00")
    assert due(WALL, "2026-06-01T10:00+02:00", 4, second) == "2026-06-01T14:00:00+02:00"
    assert due(WALL, "2026-06-01T10:00+02:00", 4, second, first) == "2026-06-01T17:00:00+02:00"
    assert due(WALL, "2026-06-01T10:00+02:00", 4, first, (second[0], None)) is None


@pytest.mark.parametrize(
    ("name", "pauses", "end"),
    [
        ("calendar_days", [], "2026-06-06T00:00:00+02:00"),
        ("calendar_days", [("2026-06-05T23:00+02:00", "2026-06-06T02:00+02:00")], "2026-06-07T00:00:00+02:00"),
        ("calendar_days", [("2026-06-04T12:00+02:00", "2026-06-05T12:00+02:00")], "2026-06-07T00:00:00+02:00"),
        ("business_days", [("2026-06-05T23:00+02:00", "2026-06-06T02:00+02:00")], "2026-06-09T00:00:00+02:00"),
        ("wall_hours", [("2026-06-05T23:00+02:00", "2026-06-06T02:00+02:00")], "2026-06-07T00:00:00+02:00"),
        (
            "calendar_days",  # two hours in all are made up for by one day
            [
                ("2026-06-04T12:00+02:00", "2026-06-04T13:00+02:00"),
                ("2026-06-05T12:00+02:00", "2026-06-05T13:00+02:00"),
            ],
            "2026-06-07T00:00:00+02:00",
        ),
    ],
)
def test_to_the_end_of_day_the_day_in_which_paused_time_runs_out_is_filled(name, pauses, end):
    amount = 24 if name == "wall_hours" else 1
    assert due(Clock(name, BERLIN, "end_of_day"), "2026-06-04T10:00+02:00", amount, *pauses) == end


def test_a_pause_in_the_first_pass_of_a_repeated_hour_is_over_before_anything_is_due():
    pause = ("2026-10-25T02:05+02:00", "2026-10-25T02:50+02:00")
    assert due(DAYS, "2026-10-24T02:10+02:00", 1) == "2026-10-25T02:10:00+02:00"
    assert due(DAYS, "2026-10-24T02:10+02:00", 1, pause) == "2026-10-25T02:50:00+02:00"


def test_paused_hours_to_the_end_of_day_last_where_midnight_comes_twice():
    clock = Clock("wall_hours", Calendar("America/St_Johns"), "end_of_day")
    since = instant("2010-11-05T20:00-02:30")
    paused = clock.paused([(since, since + DAY + 30 * SECOND)])
    assert paused.due_after(instant("2010-11-05T10:00-02:30"), 1) == instant("2010-11-07T00:00:30-02:30")


def test_elapsed_leaves_pauses_out():
    start, end = instant("2026-06-01T10:00+02:00"), instant("2026-06-02T10:00+02:00")
    pauses = [(start + 2 * HOUR, start + 5 * HOUR), (start + 20 * HOUR, None)]
    assert WALL.paused(pauses).elapsed(start, end) == 17
    assert WALL.paused(pauses).elapsed(end, start) == -17
    assert DAYS.paused(pauses).elapsed(start, end) == pytest.approx(17 / 24)
    assert OFFICE.paused(pauses).elapsed(start, end) == 5 * HOUR


# --- laws


@patient
@given(counted(), instants, instants)
def test_no_pauses_change_nothing(clock_and_amount, start, end):
    clock, amount = clock_and_amount
    for pauses in ([], [(start, start)]):
        assert clock.paused(pauses).due_after(start, amount) == clock.due_after(start, amount)
        assert clock.paused(pauses).elapsed(start, end) == clock.elapsed(start, end)


@patient
@given(counted(), instants, closed_pauses, st.integers(0, DAY), st.none() | lengths)
def test_a_pause_from_the_due_instant_on_changes_nothing(clock_and_amount, start, pauses, later, length):
    clock, amount = clock_and_amount
    end = clock.paused(pauses).due_after(start, amount)
    since = end + later
    after = (since, None if length is None else since + length)
    assert clock.paused([*pauses, after]).due_after(start, amount) == end


@patient
@given(counted(), instants, closed_pauses, st.integers(0, 10**9))
def test_a_pause_without_end_before_the_due_instant_lets_nothing_be_due(clock_and_amount, start, pauses, share):
    clock, amount = clock_and_amount
    end = clock.paused(pauses).due_after(start, amount)
    assume(start < end)
    since = start + (end - start - 1) * share // 10**9
    assert clock.paused([*pauses, (since, None)]).due_after(start, amount) is None


@patient
@given(instants, st.integers(1, 100), st.integers(0, 10**9), lengths)
def test_a_pause_inside_wall_hours_shifts_them_by_its_length(start, amount, share, length):
    since = start + (amount * HOUR - 1) * share // 10**9
    assert WALL.paused([(since, since + length)]).due_after(start, amount) == start + amount * HOUR + length


@patient
@given(instants, st.integers(0, 100), st.integers(0, 60 * HOUR), closed_pauses)
def test_time_outside_of_pauses_is_the_amount(start, amount, opened, pauses):
    for clock, asked in ((WALL, amount), (OFFICE, opened)):
        paused = clock.paused(pauses)
        assert paused.elapsed(start, paused.due_after(start, asked)) == pytest.approx(asked, abs=1e-6)


@patient
@given(clocks, instants, st.integers(1, 8), st.integers(0, 10**9), lengths)
def test_a_pause_takes_nothing_of_what_is_left(clock, start, amount, share, length):
    plain = clock.due_after(start, amount)
    since = start + (plain - start - 1) * share // 10**9
    end = clock.paused([(since, since + length)]).due_after(start, amount)
    left, still_left = clock.run(since, plain), clock.run(since + length, end)
    if clock.calendar == TOKYO and clock.ends == "same_time":
        assert still_left == left
    elif clock.calendar == TOKYO:
        assert left <= still_left < left + DAY
    else:  # but for the hours that clocks change
        assert left - 2 * HOUR <= still_left <= left + DAY + 2 * HOUR


@patient
@given(counted(), instants, closed_pauses)
def test_a_due_instant_lies_in_no_pause_and_not_before_the_plain_one(clock_and_amount, start, pauses):
    clock, amount = clock_and_amount
    end = clock.paused(pauses).due_after(start, amount)
    assert end >= clock.due_after(start, amount)
    assert not any(since < end < until for since, until in pauses if start < end)


@patient
@given(counted(), instants, closed_pauses, lengths)
def test_a_longer_pause_is_never_due_earlier(clock_and_amount, start, pauses, longer):
    assume(pauses)
    clock, amount = clock_and_amount
    since, until = pauses[0]
    end = clock.paused(pauses).due_after(start, amount)
    assert end <= clock.paused([(since, until + longer), *pauses[1:]]).due_after(start, amount)


@patient
@given(closed_pauses, st.randoms(use_true_random=False), st.integers(0, 10**9))
def test_pauses_in_any_order_and_in_pieces_are_the_same(pauses, random, share):
    pieces = []
    for since, until in pauses:
        middle = since + (until - since) * share // 10**9
        pieces += [(since, middle), (middle, until), (since, until)]
    random.shuffle(pieces)
    assert WALL.paused(pieces) == WALL.paused(pauses)


def test_pauses_that_touch_or_overlap_are_one():
    assert WALL.paused([(5, 9), (1, 3), (3, 4), (6, 7), (12, 12)]).pauses == ((1, 4), (5, 9))
    assert WALL.paused([(5, None), (6, 7), (1, 5), (9, None)]).pauses == ((1, None),)


def test_pauses_that_end_before_they_begin_are_refused_together():
    with pytest.raises(ClockError) as caught:
        Paused(WALL, [(3, 2), (5, 6), (1, 0)])
    message = "a pause from 1 ends before, at 0; a pause from 3 ends before, at 2 (name the earlier instant first)"
    assert str(caught.value) == message
