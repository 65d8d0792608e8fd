"""Openings: opening hours, whose time runs only while they are open."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache, cached_property

from attrs import field, frozen

from aftersale.base.errors import ClockError
from aftersale.clocks.calendars import END_DAY, FIRST_DAY, Calendar, check_own_days, own_days, whole_years
from aftersale.clocks.instants import DAY, Instant
from aftersale.clocks.pauses import Pause, Paused
from aftersale.clocks.windows import Span, open_spans

Week = tuple[tuple[Span, ...], ...]
"""The spans of every day from Monday to Sunday."""

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WHOLE_DAY = 24 * 60
_WHOLE_WEEK = 7 * _WHOLE_DAY


def _check_week(week: Mapping[int, Iterable[Span]] | Sequence[Iterable[Span]]) -> Week:
    """Return the spans of seven days, each day's in order; raises ClockError for everything that is wrong."""
    days = dict(week) if isinstance(week, Mapping) else dict(enumerate(week))
    spans = {day: sorted(spans_of_day) for day, spans_of_day in days.items()}
    problems = [
        *((f"there is no weekday {day}", "Monday is 0 and Sunday is 6") for day in spans if day not in range(7)),
        *_impossible_spans(spans),
        *_overlaps(spans),
    ]
    if not any(spans.values()):
        problems.append(("the week has no opening", "open for a span on one day at least"))
    if problems:
        whats, hints = (dict.fromkeys(texts) for texts in zip(*problems, strict=True))
        raise ClockError("; ".join(whats), "; ".join(hints))
    return tuple(tuple((int(opens), int(closes)) for opens, closes in spans.get(day, ())) for day in range(7))


def _is_possible(span: Span) -> bool:
    opens, closes = span
    return opens in range(_WHOLE_DAY) and closes in range(opens + 1, opens + _WHOLE_DAY + 1)


def _impossible_spans(week: Mapping[int, Iterable[Span]]) -> Iterator[tuple[str, str]]:
    hint = "open at minute 0 to 1439 of the day, and close after that, within 1440 minutes"
    for day, spans in week.items():
        for opens, closes in spans:
            if not _is_possible((opens, closes)):
                yield f"{_day(day)} cannot be open from minute {opens} to {closes}", hint


def _overlaps(week: Mapping[int, Iterable[Span]]) -> Iterator[tuple[str, str]]:
    """Yield the spans that begin before an earlier one ends; Monday is in the ring twice, to follow on Sunday."""
    ring = sorted(
        (day % 7 * _WHOLE_DAY + opens + later, day % 7 * _WHOLE_DAY + closes + later, f"{_day(day)} {opens}-{closes}")
        for day, spans in week.items()
        for opens, closes in spans
        if _is_possible((opens, closes)) and day in range(7)
        for later in ((0, _WHOLE_WEEK) if day == 0 else (0,))
    )
    over, last = -1, ""
    for opens, closes, name in ring:
        if opens < over:
            yield f"{last} and {name} overlap", "join them, or let one end where the other begins"
        if closes > over:
            over, last = closes, name


def _day(day: int) -> str:
    return _DAYS[day] if day in range(7) else f"weekday {day}"


@frozen
class OpeningHours:
    """Weekly opening hours: for each weekday (Monday is 0) the minutes at which it opens and closes.

    A day may have several spans, and a span past 1440 closes on the next day. The calendar gives the zone and the
    closed days: what would open on one stays closed, what opened the evening before goes on. `closed` and `worked` are
    days of one's own beside the calendar's, and stand above them. A weekend day of the calendar that is worked (such as
    a make-up day of China) has its own spans or, where the week has none for it, those of the last weekday before its
    weekend; otherwise the calendar's weekend has no effect. Where clocks change, a span opens and closes at the first
    instant that shows its time or a later one. All amounts are open time in µs, for the years 1900 to 2199. Raises
    ClockError for all impossible minutes and overlaps at once, for a week without an opening, and for a day that is
    both closed and worked.
    """

    week: Week = field(converter=_check_week)
    calendar: Calendar
    closed: frozenset[date] = field(default=frozenset(), converter=own_days)
    worked: frozenset[date] = field(default=frozenset(), converter=own_days)

    def __attrs_post_init__(self) -> None:
        """Refuse a day that is both closed and worked."""
        check_own_days(self.closed, self.worked)

    def due_after(self, start: Instant, amount: int) -> Instant:
        """Return the first instant, not before the start, until which so much open time has passed.

        What fills the last opening ends at closing time. No time at all is over at the start, open or not. Raises
        ClockError for negative amounts and beyond the years that are known.
        """
        if amount < 0:
            raise _negative_amount(amount)
        return self._table.due_after(start, amount) if amount else start

    def due_before(self, end: Instant, amount: int) -> Instant:
        """Return the latest start from which `due_after` is due at `end` or before; a microsecond later is too late."""
        if amount < 0:
            raise _negative_amount(amount)
        return self._table.due_before(end, amount) if amount else end

    def elapsed(self, start: Instant, end: Instant) -> int:
        """Return the open time between two instants, negative when the end is earlier."""
        self._table.cover(start)
        self._table.cover(end)
        return self._table.spent(end) - self._table.spent(start)

    def is_open(self, at: Instant) -> bool:
        """Whether it is open at that instant: it is when it opens, and is not when it closes."""
        return self._table.is_open(at)

    def run(self, start: Instant, end: Instant) -> int:
        """Return the open time between two instants."""
        return self.elapsed(start, end)

    def delayed(self, start: Instant, amount: int, lost: int) -> Instant:
        """Return when so much open time has passed beside the `lost` one."""
        return self.due_after(start, amount + lost)

    def paused(self, pauses: Iterable[Pause]) -> Paused:
        """Return the opening hours with the pauses in which their time stands still."""
        return Paused(self, pauses)

    @cached_property
    def _table(self) -> _OpenTime:
        return _OpenTime(self.week, self.calendar.with_own_days(self.closed, self.worked))


@cache
def hours_without(zone: str, weekdays: frozenset[int]) -> OpeningHours:
    """Return the hours of a zone that run on all days of the week but these, holidays too; Monday is 0.

    Local midnight ends and begins them: an hour that clocks skip or repeat on a day that counts is an hour less or more
    of it. What fills a Saturday where Sundays do not count is due when Saturday ends. Raises ClockError where no day is
    left.
    """
    week = [() if day in weekdays else ((0, _WHOLE_DAY),) for day in range(7)]
    return OpeningHours(week, Calendar(zone))


class _OpenTime:
    """The openings of some years, with the open time before each; doubles at least where it has to grow.

    At the last year that is known it asks for a day more, which is refused.
    """

    def __init__(self, week: Week, calendar: Calendar) -> None:
        self._week, self._calendar = week, calendar
        self.first = self.end = 0
        self.opens: list[Instant] = []
        self.closes: list[Instant] = []
        self.before: list[int] = []

    def reach(self, first: int, end: int) -> None:
        """Cover what opens on the days from `first` up to `end`; raises ClockError beyond the known years."""
        if self.before:
            first, end = min(first, self.first), max(end, self.end)
        self.first, self.end = whole_years(first, end, "opening hours")
        openings = _joined(open_spans(self._week, self.first, self.end, self._calendar))
        self.opens = [opens for opens, _ in openings]
        self.closes = [closes for _, closes in openings]
        self.before = [0]
        for opens, closes in openings:
            self.before.append(self.before[-1] + closes - opens)

    def cover(self, at: Instant) -> None:
        """Cover an instant: local days lie within one of the UTC day, and a span may have opened a day before."""
        day = at // DAY
        if not self.first + 2 <= day < self.end - 1:
            self.reach(day - 2, day + 2)

    def spent(self, at: Instant) -> int:
        """Return the open time from the table's first day up to a covered instant."""
        index = bisect_right(self.opens, at) - 1
        return self.before[index] + min(at, self.closes[index]) - self.opens[index] if index >= 0 else 0

    def is_open(self, at: Instant) -> bool:
        self.cover(at)
        index = bisect_right(self.opens, at) - 1
        return index >= 0 and at < self.closes[index]

    def due_after(self, start: Instant, amount: int) -> Instant:
        self.cover(start)
        target = self.spent(start) + amount
        while target > self.before[-1]:
            self.reach(self.first, min(2 * self.end - self.first, max(END_DAY, self.end + 1)))
        index = bisect_left(self.before, target) - 1
        return self.opens[index] + target - self.before[index]

    def due_before(self, end: Instant, amount: int) -> Instant:
        self.cover(end)
        while (target := self.spent(end) - amount) < 0:
            self.reach(max(2 * self.first - self.end, min(FIRST_DAY, self.first - 1)), self.end)
        index = bisect_right(self.before, target) - 1
        return self.opens[index] + target - self.before[index]


def _joined(openings: Iterable[tuple[Instant, Instant]]) -> list[tuple[Instant, Instant]]:
    """Return openings in order without overlaps: on a make-up day a night of Friday may reach into Sunday's hours."""
    joined: list[tuple[Instant, Instant]] = []
    for opens, closes in sorted(openings):
        if joined and opens < joined[-1][1]:
            joined[-1] = joined[-1][0], max(closes, joined[-1][1])
        else:
            joined.append((opens, closes))
    return joined


def _negative_amount(amount: int) -> ClockError:
    return ClockError(f"the amount {amount} is negative", "count forward from the start")
