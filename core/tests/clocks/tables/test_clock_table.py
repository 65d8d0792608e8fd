from datetime import date

import numpy as np
import pytest
from hypothesis import given, strategies as st

from aftersale.base.errors import ClockError
from aftersale.clocks import (
    CLOCKS,
    DAY,
    ENDS,
    HOUR,
    MINUTE,
    Calendar,
    Clock,
    OpeningHours,
    hours_without,
    instant,
    moment,
)
from aftersale.clocks.tables.clock_table import NEVER, clock_table, due_at

BERLIN = Calendar("Europe/Berlin", "DE")
CALENDARS = [
    BERLIN,
    Calendar("America/Los_Angeles", "US"),
    Calendar("Asia/Tokyo", "JP"),
    Calendar("Asia/Shanghai", "CN"),  # weekend days that are worked
    Calendar("UTC", weekend=frozenset({4})),
    # Offsets of half hours and of quarters, and clocks that change by half an hour and by two.
    Calendar("Asia/Kolkata", closed=[date(2026, 10, 20)]),
    Calendar("Asia/Kathmandu", closed=[date(2026, 4, 6), date(2026, 4, 11)]),
    Calendar("Australia/Lord_Howe", "AU", "NSW"),
    Calendar("Antarctica/Troll"),
    # Clocks that jump over midnight, that go back over midnight (in one zone a minute after it), and a day that never
    # was; Fridays and Saturdays off put these next to business days.
    Calendar("America/Havana"),
    Calendar("America/Havana", weekend=frozenset({4, 5})),
    Calendar("America/St_Johns"),
    Calendar("America/St_Johns", weekend=frozenset({5})),
    Calendar("Pacific/Apia"),
    Calendar("Pacific/Apia", weekend=frozenset({3})),
]
SPANS = [
    *(
        (f"{year}-{month}-{day}", days)
        for year, month, day, days in (("2026", "03", "01", 50), ("2026", "10", "12", 45))
    ),
    ("2025-12-19", 30),
    ("2010-10-28", 20),
    ("2011-12-22", 20),
    ("1969-12-20", 30),
    ("2026-06-03", 1),
]
calendars = st.sampled_from(CALENDARS)
clocks = st.builds(Clock, st.sampled_from(CLOCKS), calendars, st.sampled_from(ENDS))
# A span across midnight, one that ends at midnight, one of a whole day, and a break of an hour at which clocks change.
WEEK = {0: [(540, 1080)], 1: [(1320, 1500)], 2: [(60, 150), (180, 1440)], 3: [(0, 1440)], 5: [(1200, 1560)]}
# Each once: they keep what they know of a year.
OPENINGS = [
    hours
    for calendar in CALENDARS
    for hours in (
        OpeningHours(WEEK, calendar),
        hours_without(calendar.zone, frozenset({6})),
        hours_without(calendar.zone, frozenset({0, 1, 4})),
    )
]
openings = st.sampled_from(OPENINGS)
spans = st.builds(
    lambda span, later: (instant(f"{span[0]}T00:00Z") + later, instant(f"{span[0]}T00:00Z") + later + span[1] * DAY),
    st.sampled_from(SPANS),
    st.integers(0, DAY),
)


def longest_of(clock, units):
    """So many of the clock's units: of hours eight times as many, of opening hours in µs."""
    if isinstance(clock, Clock):
        return units * 8 if clock.name == "wall_hours" else units
    return units * 5 * HOUR


def near(table, amounts):
    """Starts at each change of what a table says, and just beside it: of its running time, and of what is due.

    Some starts are as far before a change of what is due as an amount.
    """
    knots, running = table.running.knots, table.running.values
    own = [table.dues.knots - amount * table.unit + step for amount in amounts for step in (-1, 0, 1)]
    times = np.concatenate(own)
    times = times[(times >= running[0]) & (times <= running[-1])]
    places = np.minimum(np.searchsorted(running, times, side="right") - 1, len(knots) - 2)
    before = np.minimum(knots[places] + times - running[places], knots[places + 1] - 1)
    starts = np.concatenate([knots - 1, knots, knots + 1, before - 1, before, before + 1])
    return np.unique(starts[(starts >= table.since) & (starts < table.until)])


def check(clock, table, starts, amounts):
    """Compare a table with its clock, one by one, and its two ways of asking with each other."""
    for amount in amounts:
        expected = [clock.due_after(start, amount) for start in starts.tolist()]
        assert table.due(starts, amount).tolist() == [NEVER if due is None else due for due in expected]
    for start in starts[:: max(1, len(starts) // 20)].tolist():
        assert table.due_after(start, amounts[-1]) == table.due(start, amounts[-1])


def random_starts(table, seed, size):
    return np.random.default_rng(seed).integers(table.since, table.until, size)


@given(clocks | openings, spans, st.lists(st.integers(1, 30), min_size=1, max_size=3), st.integers(0, 2**32))
def test_a_table_answers_as_its_clock_and_just_so_on_both_sides_of_every_change(clock, span, units, seed):
    amounts = [longest_of(clock, unit) for unit in units]
    table = clock_table(clock, *span, max(amounts))
    check(clock, table, np.append(near(table, amounts)[:150], random_starts(table, seed, 50)), amounts)


@given(clocks | openings, spans, st.integers(0, 2**32))
def test_no_time_at_all_has_a_table_of_its_own(clock, span, seed):
    table = clock_table(clock, *span, 0)
    check(clock, table, np.append(near(table, [0])[:200], random_starts(table, seed, 50)), [0])


@given(openings, spans, st.lists(st.integers(1, 60 * HOUR), min_size=1, max_size=3))
def test_parts_of_an_hour_are_amounts_of_opening_hours(hours, span, amounts):
    table = clock_table(hours, *span, max(amounts))
    check(hours, table, near(table, amounts)[:200], amounts)


@st.composite
def paused(draw):
    """A clock that ends at the same time or opening hours, a span, and pauses in it, of which one may have no end."""
    clock = draw(st.builds(Clock, st.sampled_from(CLOCKS), calendars) | openings)
    since, until = draw(spans)
    begun = st.integers(since - DAY, until) | st.integers(0, (until - since) // (30 * MINUTE)).map(
        lambda halves: since // HOUR * HOUR + halves * 30 * MINUTE
    )
    closed = st.builds(lambda at, length: (at, at + length), begun, st.integers(0, 4 * DAY))
    pauses = draw(st.lists(closed, max_size=4))
    if draw(st.booleans()):
        pauses.append((draw(begun), None))
    return clock.paused(pauses), since, until


@given(paused(), st.lists(st.integers(1, 12), min_size=1, max_size=3))
def test_a_paused_clock_has_a_table_in_which_it_may_stand_still_for_ever(given_clock, units):
    clock, since, until = given_clock
    amounts = [longest_of(clock.clock, unit) for unit in units]
    table = clock_table(clock, since, until, max(amounts))
    check(clock, table, near(table, amounts)[:150], amounts)


@pytest.mark.once
@pytest.mark.parametrize("ends", ENDS)
@pytest.mark.parametrize("name", CLOCKS)
@pytest.mark.parametrize("calendar", CALENDARS, ids=lambda calendar: f"{calendar.zone}-{min(calendar.weekend)}")
def test_a_hundred_thousand_starts_are_due_as_the_clock_says(name, ends, calendar):
    clock = Clock(name, calendar, ends)
    for begun, length, count in (("2026-01-01T00:00Z", 366, 60_000), ("2010-09-01T13:17Z", 500, 40_000)):
        table = clock_table(clock, instant(begun), instant(begun) + length * DAY, 60)
        starts = random_starts(table, 1, count)
        amounts = np.random.default_rng(2).integers(1, 61, count)
        expected = map(clock.due_after, starts.tolist(), amounts.tolist())
        assert table.due(starts, amounts).tolist() == list(expected)


def test_a_hundred_years_of_days_are_counted_from_a_table_of_a_day():
    since = instant("2026-10-24T22:00Z")
    table = clock_table(Clock("calendar_days", BERLIN), since, since + DAY, 36_525)
    starts = near(table, [1, 36_525])
    check(Clock("calendar_days", BERLIN), table, starts, [1, 17, 36_525])


# --- whole values, worked out by hand


def due(clock, longest, start, amount):
    at = instant(start)
    table = clock_table(clock, at - 40 * DAY, at + 40 * DAY, longest)
    return moment(table.due_after(at, amount), clock.calendar.zone).isoformat()


@pytest.mark.parametrize(
    ("name", "ends", "start", "amount", "expected"),
    [
        ("wall_hours", "same_time", "2026-03-28T12:00+01:00", 24, "2026-03-29T13:00:00+02:00"),
        ("wall_hours", "end_of_day", "2026-03-28T12:00+01:00", 24, "2026-03-30T00:00:00+02:00"),
        ("calendar_days", "same_time", "2026-03-28T02:30+01:00", 1, "2026-03-29T03:00:00+02:00"),
        ("calendar_days", "same_time", "2026-10-25T02:30+01:00", 1, "2026-10-26T02:30:00+01:00"),
        ("calendar_days", "end_of_day", "2026-03-28T00:00+01:00", 1, "2026-03-30T00:00:00+02:00"),
        ("business_days", "same_time", "2026-04-02T15:00+02:00", 1, "2026-04-07T15:00:00+02:00"),
        ("business_days", "same_time", "2026-04-04T15:00+02:00", 1, "2026-04-08T00:00:00+02:00"),
        ("business_days", "end_of_day", "2026-04-04T15:00+02:00", 1, "2026-04-08T00:00:00+02:00"),
    ],
)
def test_what_is_due_around_changes_of_clocks_and_easter(name, ends, start, amount, expected):
    assert due(Clock(name, BERLIN, ends), 30, start, amount) == expected


def test_starts_that_are_due_together_after_one_business_day_may_be_due_apart_after_none():
    clock = Clock("business_days", BERLIN, "end_of_day")
    friday, saturday = "2026-06-05T10:00+02:00", "2026-06-06T10:00+02:00"
    assert [due(clock, 1, start, 1) for start in (friday, saturday)] == ["2026-06-09T00:00:00+02:00"] * 2
    ends = ["2026-06-06T00:00:00+02:00", "2026-06-08T00:00:00+02:00"]
    assert [due(clock, 0, start, 0) for start in (friday, saturday)] == ends


def test_what_fills_an_opening_is_due_when_it_closes_and_a_start_then_counts_from_the_next():
    office = OpeningHours({day: [(540, 1080)] for day in range(5)}, BERLIN)
    friday = "2026-06-05T18:00+02:00"
    assert due(office, 30 * HOUR, "2026-06-05T09:00+02:00", 9 * HOUR) == "2026-06-05T18:00:00+02:00"
    assert due(office, 30 * HOUR, friday, 1) == "2026-06-08T09:00:00.000001+02:00"
    assert due(office, 0, friday, 0) == "2026-06-05T18:00:00+02:00"


def test_the_arrays_alone_say_what_is_due():
    since = instant("2026-04-01T00:00Z")
    table = clock_table(Clock("business_days", BERLIN), since, since + 7 * DAY, 2)
    assert [array.dtype for array in table.arrays] == [np.dtype(np.int64)] * 4
    maundy_thursday = instant("2026-04-02T15:00+02:00")
    assert due_at(*table.arrays, maundy_thursday, 2 * table.unit) == instant("2026-04-08T15:00+02:00")


def test_starts_and_amounts_broadcast():
    table = clock_table(Clock("wall_hours", BERLIN), 0, 10 * HOUR, 5)
    assert table.due([[0], [HOUR]], [1, 5]).tolist() == [[HOUR, 5 * HOUR], [2 * HOUR, 6 * HOUR]]
    assert table.due([], 5).tolist() == []


# --- what a table does not have


@pytest.mark.parametrize(
    ("start", "amount", "message"),
    [
        (-1, 1, "the start -1 is not in the table (it has those from 0 to 9)"),
        (10, 1, "the start 10 is not in the table (it has those from 0 to 9)"),
        (0, 0, "the amount 0 is not in the table (it has those from 1 to 5)"),
        (0, 6, "the amount 6 is not in the table (it has those from 1 to 5)"),
    ],
)
def test_starts_and_amounts_outside_are_refused(start, amount, message):
    table = clock_table(Clock("calendar_days", BERLIN), 0, 10, 5)
    for ask in (table.due_after, table.due, lambda start, amount: table.due([5, start], [2, amount])):
        with pytest.raises(ClockError) as caught:
            ask(start, amount)
        assert str(caught.value) == message


def test_a_table_of_no_time_at_all_has_no_other_amount():
    table = clock_table(Clock("business_days", BERLIN), 0, 10, 0)
    with pytest.raises(ClockError, match=r"the amount 1 is not in the table \(it has those from 0 to 0\)"):
        table.due_after(0, 1)


def test_an_empty_span_has_no_table_and_so_have_paused_clocks_whose_time_is_not_the_sum_of_its_parts():
    to_end_of_day = Clock("calendar_days", BERLIN, "end_of_day")
    for since, until, longest in ((5, 5, 1), (0, 1, -1)):
        with pytest.raises(ClockError, match="name a span"):
            clock_table(to_end_of_day, since, until, longest)
    for clock, longest in ((to_end_of_day, 1), (Clock("business_days", BERLIN), 0)):
        with pytest.raises(ClockError, match="only of amounts from 1 that end at the same time"):
            clock_table(clock.paused([]), 0, DAY, longest)
