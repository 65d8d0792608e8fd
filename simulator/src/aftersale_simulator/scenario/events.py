"""Events: periods in which the world or the desk is not as usual, such as a sale, a strike or an illness."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import NamedTuple

from attrs import evolve, field, frozen

from aftersale.clocks import DAY, Instant, start_of_day
from aftersale.documents.scalars import Count, Day, Duration, Rate, Share, Word
from aftersale.rules import EVERYWHERE, Rule

MOST_FACTOR = 1000
"""The largest factor of an event."""


@frozen
class Event:
    """A period of whole local days in which something is not as usual.

    It begins on the day `start`, or so long `after` the start of the measured period, and `lasts` whole days. One with
    a `holiday`, such as `CN Spring Festival`, stands on the days off around it in the measured period: it lasts as long
    as these, or `lasts` whole days from so long `before` their first or `after` their last. In a period without that
    holiday it is refused, or its days off begin so long `otherwise` after the start of the measured period. What it
    does to people it does to teams that take that holiday. `sale` is a part of the name of the sale that it stands for;
    it moves nothing. Empty
    `marketplaces`, `teams` and `categories` mean all of them. `orders` is a factor on the orders of a day. `factors`
    multiply and `world` sets declared parameters, for orders bought and facts that happen during the event, within the
    parameters' declared ranges; a factor on `return_rate` also holds for categories with rates of their own. `absent`
    is the share of people who are away, each by chance; `handling` is a factor on handling times. `rules` sets the
    amounts of the marketplaces' rules, in their own clocks, and of rows of the handbook with a larger amount. `source`
    says where this comes from.
    """

    name: Word
    lasts: Duration = Duration(0)
    start: Day | None = None
    after: Duration | None = None
    holiday: Word | None = None
    before: Duration | None = None
    otherwise: Duration | None = None
    sale: Word | None = None
    marketplaces: tuple[Word, ...] = ()
    teams: tuple[Word, ...] = ()
    categories: tuple[Word, ...] = ()
    orders: Rate = Rate(1.0)
    factors: dict[str, Rate] = field(factory=dict)
    world: dict[str, Rate] = field(factory=dict)
    absent: Share = Share(0.0)
    handling: Rate = Rate(1.0)
    rules: dict[str, Count] = field(factory=dict)
    source: Word = Word("assumed")

    def __attrs_post_init__(self) -> None:
        problems = list(self._problems())
        if problems:
            raise ValueError("; ".join(problems))

    def _problems(self) -> Iterator[str]:
        yield from self._problems_of_days() if self.holiday is None else self._problems_of_holiday()
        if any((time or 0) % DAY for time in (self.lasts, self.after, self.before, self.otherwise)):
            yield "lasts, after, before and otherwise are whole days: lasts = '7 d'"
        for name, factor in (("orders", self.orders), ("handling", self.handling), *self.factors.items()):
            if factor > MOST_FACTOR:
                yield f"{name}: at most {MOST_FACTOR} times as much"

    def _problems_of_days(self) -> Iterator[str]:
        if (self.start is None) == (self.after is None):
            yield "say either start, a day, or after, a time from the start of the measured period; or name a holiday"
        if self.before is not None or self.otherwise is not None:
            yield "before and otherwise go with a holiday"
        if self.lasts < DAY:
            yield "lasts is at least one day: lasts = '7 d'"

    def _problems_of_holiday(self) -> Iterator[str]:
        if self.start is not None or (self.before is not None and self.after is not None):
            yield "with a holiday, say before its first day off, or after its last one, or neither, and no start"
        elif (self.before is None and self.after is None) != (self.lasts == 0):
            yield "lasts goes with before or after: a holiday by itself lasts as long as its days off"

    @property
    def acts_on_people(self) -> bool:
        """Whether it keeps people away, or makes them slower or faster."""
        return bool(self.absent) or float(self.handling) != 1.0

    def days(self, measured_from: date) -> tuple[date, date]:
        """Return its first day and the day after its last, for a period that is measured from that day on."""
        first = self.start or measured_from + timedelta(days=(self.after or 0) // DAY)
        return first, first + timedelta(days=self.lasts // DAY)

    def concerns(self, marketplace: str) -> bool:
        """Whether it happens on this marketplace."""
        return not self.marketplaces or marketplace in self.marketplaces

    def befalls(self, team: str) -> bool:
        """Whether it happens to this team."""
        return not self.teams or team in self.teams


@frozen
class PlacedEvent(Event):
    """An event of a `kept` holiday on the days on which that put it.

    Its days off are those from `off_from` to `off_until`; `moved_to` is where they begin instead, None where they stand
    on their own days. `nobody` says that it would act on people, and no team takes that holiday.
    """

    kept: str = ""
    off_from: date = date.min
    off_until: date = date.min
    moved_to: date | None = None
    nobody: bool = False


class ActiveEvent(NamedTuple):
    """An event on one marketplace or in one team: [begin, end) in its own local days, as dates and as instants."""

    first: date
    after_last: date
    begin: Instant
    end: Instant
    event: Event


def active_events(events: Iterable[Event], measured_from: date, zone: str) -> list[ActiveEvent]:
    """Return these events with their dates and instants in the local days of a zone."""
    stretches = []
    for event in events:
        first, after_last = event.days(measured_from)
        stretches.append(
            ActiveEvent(first, after_last, start_of_day(first, zone), start_of_day(after_last, zone), event)
        )
    return stretches


def amended(rows: Iterable[Rule], events: Iterable[Event], measured_from: date, *, tighter: bool) -> list[Rule]:
    """Return dated rows with the amounts that events set, as long as these last.

    `tighter` leaves rows unchanged whose amount is already no larger, as a seller's own may be.
    """
    amended_rows = list(rows)
    for event in events:
        first, after_last = event.days(measured_from)
        for name, amount in event.rules.items():
            amended_rows = [
                piece
                for rule in amended_rows
                for piece in (
                    _cut(rule, amount, first, after_last - timedelta(1), event)
                    if _changes(rule, name, amount, event, tighter)
                    else (rule,)
                )
            ]
    return list(_distinct(amended_rows))


def _distinct(rules: Iterable[Rule]) -> Iterator[Rule]:
    """Yield the rows without those lines of a metric that an event has given the window of another line."""
    seen = set()
    for rule in rules:
        key = (rule.marketplace, rule.name, rule.when, rule.channel, rule.line, rule.valid_from, rule.valid_until)
        if rule.kind != "metric" or key not in seen:
            yield rule
        seen.add(key)


def _changes(rule: Rule, name: str, amount: int, event: Event, tighter: bool) -> bool:
    if rule.name != name or rule.amount is None or (tighter and rule.amount <= amount):
        return False
    return rule.marketplace == EVERYWHERE or event.concerns(rule.marketplace)


def _cut(rule: Rule, amount: int, first: date, last: date, event: Event) -> Iterator[Rule]:
    """Yield a row before an event, with another amount during it, and after it."""
    begins, ends = rule.valid_from or date.min, rule.valid_until or date.max
    if ends < first or begins > last:
        yield rule
        return
    if begins < first:
        yield evolve(rule, valid_until=first - timedelta(1))
    source = f"event '{event.name}': {event.source}"
    during = evolve(rule, amount=amount, source=source, grade="assumed")
    yield evolve(during, valid_from=max(begins, first), valid_until=min(ends, last))
    if ends > last:
        yield evolve(rule, valid_from=last + timedelta(1))
