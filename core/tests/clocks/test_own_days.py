"""Days of one's own beside a country's: calendars, opening hours, windows. Amounts of nothing and reversed spans."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from aftersale.base.errors import ClockError
from aftersale.clocks import DAY, HOUR, Calendar, Clock, OpeningHours, due_after, due_before, elapsed, instant, windows

EVE, BRIDGE, SATURDAY, EASTER = date(2026, 12, 24), date(2026, 5, 15), date(2026, 2, 14), date(2026, 4, 6)
BERLIN = Calendar("Europe/Berlin", "DE", closed=[EVE, BRIDGE], worked=[SATURDAY, EASTER])
NOON = datetime(2026, 12, 24, 12, tzinfo=UTC)
OFFICE = {day: [(540, 1020)] for day in range(5)}
FRIDAY, MONDAY = instant("2026-06-05T15:00+02:00"), instant("2026-06-08T15:00+02:00")
WEEKEND = instant("2026-06-06T15:00+02:00")


def refusal(*arguments: object, **changes: object) -> str:
    with pytest.raises(ClockError) as caught:
        Calendar(*arguments, **changes)  # type: ignore[arg-type]
    return str(caught.value)


def test_own_days_stand_above_those_of_the_country() -> None:
    asked = [EVE, BRIDGE, SATURDAY, EASTER, date(2026, 12, 25)]
    assert [BERLIN.is_holiday(day) for day in asked] == [True, True, False, False, True]
    assert [BERLIN.is_business_day(day) for day in asked] == [False, False, True, True, False]
    assert [BERLIN.is_made_up(day) for day in asked] == [False, False, True, False, False]


def test_a_day_that_the_country_makes_up_may_be_closed() -> None:
    china = Calendar("Asia/Shanghai", "CN", closed=[SATURDAY])
    assert not china.is_business_day(SATURDAY)
    assert china.is_business_day(date(2026, 2, 28))


def test_days_need_no_country() -> None:
    own = Calendar("UTC", closed=[EVE])
    assert [own.is_business_day(day) for day in (EVE, date(2026, 12, 25))] == [False, True]


def test_business_days_count_own_days() -> None:
    start = instant("2026-12-23T10:00+01:00")
    assert due_after(start, 1, "business_days", Calendar("Europe/Berlin", "DE")) == instant("2026-12-24T10:00+01:00")
    assert due_after(start, 1, "business_days", BERLIN) == instant("2026-12-28T10:00+01:00")
    friday = instant("2026-02-13T10:00+01:00")
    assert due_after(friday, 1, "business_days", BERLIN) == instant("2026-02-14T10:00+01:00")


def test_a_calendar_stays_a_value() -> None:
    again = Calendar("Europe/Berlin", "DE", closed=(BRIDGE, EVE, EVE), worked={SATURDAY, EASTER})
    assert again == BERLIN
    assert hash(again) == hash(BERLIN)
    assert again != Calendar("Europe/Berlin", "DE", closed=[EVE])


def test_what_is_no_day_is_refused() -> None:
    both = "both closed and worked: 2026-12-24 (name each day in one of the two lists)"
    assert refusal("UTC", closed=[EVE], worked=[EVE, SATURDAY]) == both
    hint = "(give a list of dates without a time, such as date(2026, 12, 24))"
    assert refusal("UTC", closed="2026-12-24") == f"no days: '2026-12-24' {hint}"
    assert refusal("UTC", worked=[EVE, NOON, 7]) == f"no days: {repr(NOON)[:40]}, 7 {hint}"
    known = "days are known from 1900 to 2199 only, not 1026-12-24 (check the year)"
    assert refusal("UTC", closed=[date(1026, 12, 24)]) == known


def test_opening_hours_keep_the_days_of_their_calendar_and_their_own() -> None:
    hours = OpeningHours(OFFICE, BERLIN, closed=[EASTER], worked=[EVE])
    noon = {day: instant(f"{day}T12:00+01:00") for day in (EVE, SATURDAY)}
    noon |= {day: instant(f"{day}T12:00+02:00") for day in (BRIDGE, EASTER)}
    assert {day: hours.is_open(at) for day, at in noon.items()} == {
        EVE: True, SATURDAY: True, BRIDGE: False, EASTER: False,
    }  # fmt: skip
    with pytest.raises(ClockError, match="both closed and worked: 2026-12-24"):
        OpeningHours(OFFICE, BERLIN, closed=[EVE], worked=[EVE])


def test_a_make_up_day_has_its_own_hours_or_else_those_of_the_weekday_before() -> None:
    china = Calendar("Asia/Shanghai", "CN")
    start, end = instant("2026-02-14T00:00+08:00"), instant("2026-02-15T00:00+08:00")
    friday = OpeningHours({**OFFICE, 4: [(600, 720)]}, china)
    own = OpeningHours({**OFFICE, 5: [(600, 660)]}, china)
    assert [hours.elapsed(start, end) // HOUR for hours in (friday, own)] == [2, 1]


def test_a_night_that_is_made_up_joins_the_hours_of_the_next_day() -> None:
    hours = OpeningHours({4: [(1320, 1800)], 6: [(300, 600)]}, Calendar("Asia/Shanghai", "CN"))
    start, end = instant("2026-05-09T12:00+08:00"), instant("2026-05-11T00:00+08:00")
    assert hours.elapsed(start, end) == 12 * HOUR  # from Saturday 22:00 to Sunday 10:00
    assert hours.due_after(start, 12 * HOUR) == instant("2026-05-10T10:00+08:00")


def test_windows_keep_the_days_of_the_calendar() -> None:
    week = date(2026, 2, 9), date(2026, 2, 15)
    starts = [start for start, _ in windows(range(5), 540, 1020, *week, Calendar("Asia/Shanghai", "CN"))]
    assert starts == [instant(f"2026-02-{day:02}T09:00+08:00") for day in range(9, 15)]
    assert len(windows([0], 540, 1020, *week, Calendar("Asia/Shanghai", "CN"))) == 1


@pytest.mark.parametrize("name", ["wall_hours", "calendar_days"])
def test_nothing_is_over_at_once(name: str) -> None:
    clock = Clock(name, BERLIN)
    assert [clock.due_after(at, 0) for at in (FRIDAY, WEEKEND)] == [FRIDAY, WEEKEND]
    assert [clock.due_before(at, 0) for at in (FRIDAY, WEEKEND)] == [FRIDAY, WEEKEND]


def test_no_business_days_end_at_once_or_with_the_next_business_day_s_beginning() -> None:
    clock = Clock("business_days", BERLIN)
    assert [clock.due_after(at, 0) for at in (FRIDAY, WEEKEND)] == [FRIDAY, instant("2026-06-08T00:00+02:00")]
    assert [clock.due_before(at, 0) for at in (FRIDAY, WEEKEND)] == [FRIDAY, instant("2026-06-06T00:00+02:00") - 1]


@pytest.mark.parametrize(
    ("name", "weekend"),
    [("wall_hours", "2026-06-07"), ("calendar_days", "2026-06-07"), ("business_days", "2026-06-08")],
)
def test_nothing_to_the_end_of_the_day_is_the_rest_of_that_day(name: str, weekend: str) -> None:
    clock = Clock(name, BERLIN, "end_of_day")
    assert clock.due_after(FRIDAY, 0) == instant("2026-06-06T00:00+02:00")
    assert clock.due_after(WEEKEND, 0) == instant(f"{weekend}T00:00+02:00")


def test_no_open_time_is_over_at_once_open_or_not() -> None:
    hours = OpeningHours(OFFICE, BERLIN)
    assert [hours.due_after(at, 0) for at in (FRIDAY, WEEKEND)] == [FRIDAY, WEEKEND]
    assert [hours.due_before(at, 0) for at in (FRIDAY, WEEKEND)] == [FRIDAY, WEEKEND]


@pytest.mark.parametrize(("name", "between"), [("wall_hours", 72.0), ("calendar_days", 3.0), ("business_days", 1.0)])
def test_a_reversed_span_is_the_span_below_zero(name: str, between: float) -> None:
    pairs = [(FRIDAY, MONDAY), (MONDAY, FRIDAY), (FRIDAY, FRIDAY)]
    assert [elapsed(*pair, name, BERLIN) for pair in pairs] == [between, -between, 0.0]
    hours = OpeningHours(OFFICE, BERLIN)
    assert [hours.elapsed(*pair) // HOUR for pair in pairs] == [8, -8, 0]


def test_negative_amounts_and_reversed_pauses_are_refused() -> None:
    for ask in (OpeningHours(OFFICE, BERLIN), Clock("business_days", BERLIN)):
        with pytest.raises(ClockError, match="the amount -1 is negative"):
            ask.due_after(FRIDAY, -1)
        with pytest.raises(ClockError, match="the amount -1 is negative"):
            ask.due_before(FRIDAY, -1)
        with pytest.raises(ClockError, match="ends before"):
            ask.paused([(MONDAY, FRIDAY)])
        assert ask.paused([(FRIDAY, FRIDAY)]).elapsed(FRIDAY, MONDAY) == ask.elapsed(FRIDAY, MONDAY)


def test_reversed_days_and_hours_have_no_window() -> None:
    days = date(2026, 6, 1), date(2026, 6, 30)
    assert windows(range(5), 540, 540, *days, BERLIN) == []
    assert windows(range(5), 600, 540, *days, BERLIN) == []
    assert windows(range(5), 540, 600, *reversed(days), BERLIN) == []
    assert due_before(FRIDAY, 0, "calendar_days", BERLIN) == FRIDAY
    assert DAY == 24 * HOUR


@pytest.mark.parametrize(("weekend", "message"), [({7}, "no weekdays: 7"), ({"Sat"}, "no weekdays: 'Sat'")])
def test_a_weekend_has_weekdays(weekend: Any, message: str) -> None:
    with pytest.raises(ClockError, match=message):
        Calendar("UTC", weekend=weekend)
    assert Calendar("UTC", weekend=[4, 5]) == Calendar("UTC", weekend=frozenset({4, 5}))  # type: ignore[arg-type]
