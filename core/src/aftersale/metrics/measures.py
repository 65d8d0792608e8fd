"""Measures: how each metric turns what is known into entries that count from one day to another.

A measure reads only what is new since its last reading, so that a day's update costs time by the day's facts. What a
metric counts is its published definition; the window and the target are in the dated rules.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from attrs import evolve
from numpy.typing import NDArray

from aftersale.clocks import HOUR, Instant
from aftersale.engine.columns import Endings
from aftersale.engine.docket import Docket
from aftersale.engine.tally import Tally
from aftersale.metrics.days import (
    Counts,
    Daily,
    Days,
    Entries,
    Floats,
    RunningSums,
    SumsByDay,
    counts_by_day,
    day_numbers,
    start_of,
)
from aftersale.metrics.defects import Standing, Turn
from aftersale.metrics.shipping import (
    CANCELLATION,
    SELECTIONS,
    DayCounts,
    Parcels,
    Selection,
    Wish,
    buyers_cancellations,
)
from aftersale.order_columns import Orders
from aftersale.policies.marketplaces import Marketplace
from aftersale.policies.metric_kinds import MetricKind
from aftersale.rules import Rule

Flags = NDArray[np.bool_]


class Figure(NamedTuple):
    """A metric on one day: what `Daily` has of many, `orders` None for a line that always holds."""

    numerator: float
    denominator: float
    orders: float | None = None


class _Span(NamedTuple):
    """When that has to happen which counts on a day, [since, before), and before when that has to be known."""

    since: Instant
    before: Instant
    known: Instant

    def holds(self, instants: Counts, known: Counts) -> Flags:
        """Return which rows count by their instants, of those that are known."""
        flags: Flags = (instants >= self.since) & (instants < self.before) & (known < self.known)
        return flags


class Measure(ABC):
    """One metric of one marketplace; `channels` narrows it to some channels, `components` to some sorts of defect.

    `left_out` is how many orders of the last day that was read do not count because something is not known of them.
    `of_cases` says that its defects count by the case, and not by the order.
    """

    of_cases = False

    def __init__(
        self,
        rule: Rule,
        marketplace: Marketplace,
        channels: Collection[str] | None = None,
        components: Collection[str] = (),
    ) -> None:
        """Begin with nothing read."""
        self.rule, self.zone, self.name = rule, marketplace.zone, marketplace.name
        self._marketplace = marketplace
        self.channels = channels if channels is not None else rule.channel
        self.components = frozenset(components)
        self.window = rule.amount or 0
        self.left_out = 0
        self._orders_in_days: OfOrders | None = None
        self._sums_so_far = RunningSums()
        self._standing: Standing | None = None
        self._turns_read = 0

    def read(self, docket: Docket, orders: Orders, days: Days, at: Instant | None = None) -> Daily:
        """Return the metric on each of these days, from all that the docket knows; days never go back.

        `orders` are all of the source, of which those count that were bought by `at`; without it, all of them.
        """
        self._sums_so_far.add(self.new(docket, orders, len(orders) if at is None else orders.count_until(at)))
        sums = self._shown(self._sums_so_far.read(days))
        if self._orders_in_days is None:
            return sums
        return evolve(sums, orders=self._orders_in_days.read(docket, orders, days, at).denominator)

    def series(self, docket: Docket, orders: Orders, days: Days) -> Daily:
        """Return what the first `read` would, of a measure that is read only once."""
        sums = self._shown(self._sums(docket, orders, days))
        if self._orders_in_days is None:
            return sums
        return evolve(sums, orders=self._orders_in_days.sold(orders, days))

    def on(self, docket: Docket, orders: Orders, day: int) -> Figure:
        """Return the metric on the day at whose end the docket stands, read from the day's window alone.

        It is what `read` returns for that day, with all orders.
        """
        figure = self._figure(docket, orders, day)
        if self._orders_in_days is None:
            return figure
        return figure._replace(orders=self._orders_in_days.on(docket, orders, day).denominator)

    @abstractmethod
    def _figure(self, docket: Docket, orders: Orders, day: int) -> Figure:
        """Return numerator and denominator on a day."""

    def _span(self, day: int) -> _Span:
        """Return when that has to happen which counts on a day."""
        last, zone = day - self.rule.lag, self.zone
        return _Span(start_of(last - self.window + 1, zone), start_of(last + 1, zone), start_of(day + 1, zone))

    def prepare(self, orders: Orders) -> None:
        """Work out what the orders alone say of each day; it is kept with them, for all who count the same of them."""
        if self._orders_in_days is not None:
            self._orders_in_days.prepare(orders)

    def _sums(self, docket: Docket, orders: Orders, days: Days) -> Daily:
        return self.new(docket, orders, len(orders)).sums(days)

    def foretold(self, orders: Orders, days: Days) -> Daily | None:
        """Return what `series` says as long as it `is_foretold`; None for what hangs on cases anyway."""
        return None

    def is_foretold(self, tally: Tally) -> bool:
        """Whether the orders alone still say what the metric is, whatever has happened to them so far."""
        return False

    def _shown(self, sums: Daily) -> Daily:
        """Return sums in the unit of the metric."""
        return sums

    def by_volume(self) -> Measure:
        """Count beside it the orders by whose number it is settled whether the line holds; return the measure."""
        if self.rule.in_days:
            volume = evolve(self.rule, amount=self.rule.in_days, lag=0, in_days=0)
            self._orders_in_days = OfOrders(volume, self._marketplace)
        return self

    @abstractmethod
    def new(self, docket: Docket, orders: Orders, end: int) -> Entries:
        """Return the entries that have become known since the last call; of the orders, rows up to `end` count."""

    def _days(self, instants: Counts) -> Counts:
        return day_numbers(instants, self.zone)

    def _counted(self, instants: Counts, known: Counts, numerator: NDArray[Any], denominator: NDArray[Any]) -> Entries:
        """Return what counts by the day of an instant, from the day on which it is known.

        What takes an entry back has the same instant, so that it ends with it however late it becomes known.
        """
        begins, told = self._days(np.array((instants, known)))
        enters = begins + self.rule.lag
        begins = np.maximum(enters, told)
        return Entries.of(begins, enters + self.window, numerator, denominator)

    def _rows(self, orders: Orders, first: int, end: int) -> Counts:
        """Return the rows from `first` up to `end` whose orders belong to this marketplace and these channels."""
        if not self.channels and orders.marketplaces == (self.name,):
            return np.arange(first, end)
        mask: Flags = orders.marketplace[first:end] == self._place(orders)
        if self.channels:
            codes = [code for code, channel in enumerate(orders.channels) if channel in self.channels]
            mask &= np.isin(orders.channel[first:end], codes)
        return np.flatnonzero(mask) + first

    def _spread(self, days: Counts, counts: Counts) -> Entries:
        """Return the entries of what counts in the denominator, so many by each of these days."""
        begins = days + self.rule.lag
        return Entries.of(begins, begins + self.window, np.zeros(len(counts)), counts)

    def _key(self, what: Hashable) -> Hashable:
        """Return the key of what is worked out of all orders, alike for all lines that count the same of them."""
        return what, self.name, self.zone, tuple(sorted(self.channels))

    def _place(self, orders: Orders) -> int:
        return orders.marketplaces.index(self.name) if self.name in orders.marketplaces else -1

    def _turns(self, tally: Tally) -> list[Turn]:
        """Return which orders or cases have turned defective or sound so far."""
        if self._standing is None:
            about = self.name, self.components, self.channels
            self._standing = Standing.kept(tally, *about, of_cases=self.of_cases)
        return self._standing.turns(tally)

    def _defective_on(self, tally: Tally, day: int) -> int:
        """Return how many are defective by the end of a day, of what counts on it."""
        since, before, limit = self._span(day)
        return sum([turn for at, known, turn in self._turns(tally) if since <= at < before and known < limit])

    def _changes(self, tally: Tally) -> Entries:
        """Return an entry for each order or case that became defective or sound since the last call."""
        turns = self._turns(tally)[self._turns_read :]
        self._turns_read += len(turns)
        at, known, steps = np.array(turns, np.int64).reshape(-1, 3).T
        return self._counted(at, known, steps, np.zeros(len(steps)))


class OfOrders(Measure):
    """Share of orders that have something, by the order's own day: the order defect rate and its parts.

    An order is in the window from `lag` days after its purchase for `amount` days. It counts once however many
    defects it has, and only on days by whose end a defect is known and not taken back.
    """

    def __init__(
        self,
        rule: Rule,
        marketplace: Marketplace,
        channels: Collection[str] | None = None,
        components: Collection[str] = (),
    ) -> None:
        """Begin with nothing read."""
        super().__init__(rule, marketplace, channels, components)
        self._orders_read = 0

    def new(self, docket: Docket, orders: Orders, end: int) -> Entries:
        """Return the new orders, and the orders that became defective or sound."""
        return Entries.joined(self._new_orders(orders, end), self._subjects(docket))

    def _figure(self, docket: Docket, orders: Orders, day: int) -> Figure:
        defective = self._defective_on(docket.tally, day)
        return Figure(float(defective), self._sold_on(orders, day))

    def _new_orders(self, orders: Orders, end: int) -> Entries:
        first, self._orders_read = self._orders_read, end
        # Millions of orders share a few hundred days.
        return self._spread(*self._bought(orders, first, end))

    def prepare(self, orders: Orders) -> None:
        """Count the orders by the days on which they count."""
        super().prepare(orders)
        self._sold(orders)

    def _sums(self, docket: Docket, orders: Orders, days: Days) -> Daily:
        return Daily(days, self._subjects(docket).numerators(days), self.sold(orders, days))

    def _subjects(self, docket: Docket) -> Entries:
        """Return what counts in the numerator."""
        return self._changes(docket.tally)

    def _sold_on(self, orders: Orders, day: int) -> float:
        """Return how many orders count on a day."""
        return self._sold(orders).on(day)[1]

    def sold(self, orders: Orders, days: Days) -> Floats:
        """Return how many orders count on each of these days; it is kept with them."""
        key = self._key(("sold", self.rule.lag, self.window, days))
        return orders.remembered(key, lambda: self._sold(orders).of(days).denominator)

    def _sold(self, orders: Orders) -> SumsByDay:
        """Return the orders that count on each day."""
        key = self._key(("sold", self.rule.lag, self.window))
        return orders.remembered(key, lambda: self._spread(*self._bought(orders, 0, len(orders))).by_day())

    def _bought(self, orders: Orders, first: int, end: int) -> tuple[Counts, Counts]:
        """Return how many of the rows were bought on which days; of all rows it is kept with the orders."""
        if first == 0 and end == len(orders):
            return orders.remembered(self._key("bought"), lambda: self._bought_rows(orders, first, end))
        return self._bought_rows(orders, first, end)

    def _bought_rows(self, orders: Orders, first: int, end: int) -> tuple[Counts, Counts]:
        return counts_by_day(orders.purchased_at[self._rows(orders, first, end)], self.zone)


class OfContacts(OfOrders):
    """Cases of some kinds per order, a unit each: cases by the day on which they were opened, orders by their own."""

    def __init__(self, rule: Rule, marketplace: Marketplace, kinds: Sequence[str]) -> None:
        """Begin with nothing read."""
        super().__init__(rule, marketplace)
        self._cases_read = dict.fromkeys(kinds, 0)

    def _subjects(self, docket: Docket) -> Entries:
        entries = []
        for kind, first in self._cases_read.items():
            opened = docket.tally.openings(self.name, kind, first)
            self._cases_read[kind] = first + len(opened)
            opened = docket.tally.of_channels(opened, self.channels)
            entries.append(self._counted(opened.started, opened.known, opened.counted, np.zeros(len(opened))))
        return Entries.joined(*entries, _NONE)

    def _figure(self, docket: Docket, orders: Orders, day: int) -> Figure:
        span = self._span(day)
        cases = sum(_opened_within(docket.tally, self.name, kind, self.channels, span) for kind in self._cases_read)
        return Figure(float(cases), self._sold_on(orders, day))


def _opened_within(tally: Tally, marketplace: str, kind: str, channels: Collection[str], span: _Span) -> int:
    opened = tally.of_channels(tally.openings(marketplace, kind), channels)
    return int(opened.counted[span.holds(opened.started, opened.known)].sum(dtype=np.int64))


class OfDeadlines(Measure):
    """Share of deadlines that were missed, by the day on which they began, once it is known how they ended.

    A line of the marketplace counts what passed the marketplace's own end, one of the handbook what passed the time
    that was due on the desk; the two differ where the handbook leaves less time.
    """

    def __init__(self, rule: Rule, marketplace: Marketplace, deadline: str) -> None:
        """Begin with nothing read."""
        super().__init__(rule, marketplace)
        self._deadline = deadline
        self._rows_read = 0
        self._dues_read = 0
        # Rows of the tally that were not due yet when they were read.
        self._ahead: tuple[Endings, Counts] | None = None

    def new(self, docket: Docket, orders: Orders, end: int) -> Entries:
        """Return the deadlines whose outcome has become known, or has been corrected."""
        ended = docket.tally.endings(self.name, self._deadline, self._rows_read)
        self._rows_read += len(ended)
        if self.rule.set_by == "handbook":
            ended = ended.joined(self._new_dues(docket))
        ended = docket.tally.of_channels(ended, self.channels)
        return self._counted(ended.started, ended.known, ended.late, ended.counted)

    def _figure(self, docket: Docket, orders: Orders, day: int) -> Figure:
        tally = docket.tally
        by_handbook = self.rule.set_by == "handbook"
        ended = (
            tally.by_due(self.name, self._deadline, docket.now)
            if by_handbook
            else tally.endings(self.name, self._deadline)
        )
        ended = tally.of_channels(ended, self.channels)
        counts = self._span(day).holds(ended.started, ended.known)
        late, counted = (int(column[counts].sum(dtype=np.int64)) for column in (ended.late, ended.counted))
        return Figure(float(late), float(counted))

    def _new_dues(self, docket: Docket) -> Endings:
        """Return what changes by the due times that have passed since the last call."""
        changes, due = docket.tally.dues(self.name, self._deadline, self._dues_read)
        self._dues_read += len(changes)
        if self._ahead is not None:
            changes, due = self._ahead[0].joined(changes), np.concatenate([self._ahead[1], due])
        passed = due < docket.now
        self._ahead = changes.where(~passed), due[~passed]
        return changes.where(passed)


class MeanHours(Measure):
    """Mean wall hours from the beginning of a deadline to the answer, over those answered in the window.

    An answer is in the window by its own day, from the day on which it is known.
    """

    def __init__(self, rule: Rule, marketplace: Marketplace, deadline: str) -> None:
        """Begin with nothing read."""
        super().__init__(rule, marketplace)
        self._deadline = deadline
        self._rows_read = 0

    def new(self, docket: Docket, orders: Orders, end: int) -> Entries:
        """Return the answers that have become known, or have been corrected."""
        ended = docket.tally.endings(self.name, self._deadline, self._rows_read)
        self._rows_read += len(ended)
        ended = docket.tally.of_channels(ended, self.channels)
        met = ended.met != 0
        waited = _waited(ended, met)
        return self._counted(ended.ended[met], ended.known[met], waited, ended.met[met])

    def _figure(self, docket: Docket, orders: Orders, day: int) -> Figure:
        ended = docket.tally.of_channels(docket.tally.endings(self.name, self._deadline), self.channels)
        met = (ended.met != 0) & self._span(day).holds(ended.ended, ended.known)
        return Figure(int(_waited(ended, met).sum()) / HOUR, float(ended.met[met].sum(dtype=np.int64)))

    def _shown(self, sums: Daily) -> Daily:
        """Return the mean of each day, in hours."""
        return evolve(sums, numerator=sums.numerator / HOUR)


def _waited(ended: Endings, met: Flags) -> Counts:
    """Return how long the answered ones waited, or below 0 what takes that back.

    In whole microseconds: hours would leave rounding errors when they are subtracted again.
    """
    waited: Counts = (ended.ended[met] - ended.started[met]) * ended.met[met]
    return waited


class OfCases(Measure):
    """Share of the cases of a kind that have a defect, by the day on which each was opened; each counts once."""

    of_cases = True

    def __init__(self, rule: Rule, marketplace: Marketplace, kind: str, components: Collection[str]) -> None:
        """Begin with nothing read."""
        super().__init__(rule, marketplace, components=components)
        self._kind = kind
        self._cases_read = 0

    def new(self, docket: Docket, orders: Orders, end: int) -> Entries:
        """Return the new cases and what went wrong with them."""
        opened = docket.tally.openings(self.name, self._kind, self._cases_read)
        self._cases_read += len(opened)
        opened = docket.tally.of_channels(opened, self.channels)
        cases = self._counted(opened.started, opened.known, np.zeros(len(opened)), opened.counted)
        return Entries.joined(cases, self._changes(docket.tally))

    def _figure(self, docket: Docket, orders: Orders, day: int) -> Figure:
        cases = _opened_within(docket.tally, self.name, self._kind, self.channels, self._span(day))
        return Figure(float(self._defective_on(docket.tally, day)), float(cases))


class OfColumns(Measure):
    """Share of orders by what their columns say of shipping: late, cancelled by the seller, tracked, on time.

    An order counts from the day of its own date on: the promise to ship, the purchase, the shipment, or the promise to
    deliver. Orders of which that date is not known, or what the metric asks for, are left out and counted apart.
    """

    def __init__(self, rule: Rule, marketplace: Marketplace, select: Callable[[Parcels], Selection]) -> None:
        """Begin with nothing read."""
        super().__init__(rule, marketplace)
        self._select = select
        self._orders_read = 0
        self._open = RunningSums()
        self._open_orders: Entries | None = None
        self._excused: dict[str, tuple[Wish, Entries]] = {}

    def read(self, docket: Docket, orders: Orders, days: Days, at: Instant | None = None) -> Daily:
        """Return the metric on each of these days, and count what is left out on the last of them."""
        counted = super().read(docket, orders, days, at)
        if self._open_orders is not None:
            self._open.add(self._open_orders)
        self.left_out = round(float(self._open.read(days).denominator[-1]))
        return counted

    def new(self, docket: Docket, orders: Orders, end: int) -> Entries:
        """Return the new orders, and those that turned out to be cancelled because the buyer wanted it."""
        first, self._orders_read = self._orders_read, end
        counts = self._day_counts(orders, first, end)
        self._open_orders = None if counts is None else self._spread(*counts.open)
        parts = [] if counts is None else self._entries(counts)
        return Entries.joined(*parts, *self._excuses(docket, orders, end), _NONE)

    def _figure(self, docket: Docket, orders: Orders, day: int) -> Figure:
        if self.is_foretold(docket.tally):
            return Figure(*self._by_day(orders).on(day))
        today = self.read(docket, orders, Days(day, day, self.zone))
        return Figure(float(today.numerator[0]), float(today.denominator[0]))

    def series(self, docket: Docket, orders: Orders, days: Days) -> Daily:
        """Return what the first `read` would; where the orders alone say that, it is kept with them."""
        return self.foretold(orders, days) if self.is_foretold(docket.tally) else super().series(docket, orders, days)

    def foretold(self, orders: Orders, days: Days) -> Daily:
        """Return the metric on each of these days as long as no buyer wants an order cancelled."""
        key = self._key((self._select, self.rule.lag, self.window, self.rule.in_days, days))
        return orders.remembered(key, lambda: self._foretold(orders, days))

    def _foretold(self, orders: Orders, days: Days) -> Daily:
        sums = self._by_day(orders).of(days)
        return sums if self._orders_in_days is None else evolve(sums, orders=self._orders_in_days.sold(orders, days))

    def is_foretold(self, tally: Tally) -> bool:
        """Whether no buyer has wanted an order cancelled."""
        return not tally.has_opened(self.name, CANCELLATION)

    def prepare(self, orders: Orders) -> None:
        """Count the orders by what their columns say."""
        super().prepare(orders)
        self._by_day(orders)

    def _by_day(self, orders: Orders) -> SumsByDay:
        """Return what the orders alone say of each day on which any of them counts."""
        key = self._key((self._select, self.rule.lag, self.window))
        return orders.remembered(key, lambda: self._counted_by_day(orders))

    def _counted_by_day(self, orders: Orders) -> SumsByDay:
        counts = self._day_counts(orders, 0, len(orders))
        return (_NONE if counts is None else Entries.joined(*self._entries(counts))).by_day()

    def _day_counts(self, orders: Orders, first: int, end: int) -> DayCounts | None:
        """Return what the rows say by day, None where there are none; of all rows it is kept with the orders."""
        if first == 0 and end == len(orders):
            return orders.remembered(self._key(self._select), lambda: self._counted_rows(orders, first, end))
        return self._counted_rows(orders, first, end)

    def _counted_rows(self, orders: Orders, first: int, end: int) -> DayCounts | None:
        rows = self._rows(orders, first, end)
        if not len(rows):
            return None
        chosen = self._select(Parcels.of(orders, self._place(orders), rows, self.zone))
        return DayCounts.of(chosen, self.zone)

    def _entries(self, counts: DayCounts) -> list[Entries]:
        known, days, hits = counts.hits
        enters = days + self.rule.lag
        bad = Entries.of(np.maximum(enters, known), enters + self.window, hits, np.zeros(len(hits)))
        return [self._spread(*counts.counted), bad]

    def _excuses(self, docket: Docket, orders: Orders, end: int) -> Iterator[Entries]:
        """Yield what takes orders out that were cancelled for the buyer, or back in where that was corrected."""
        wishes = {wish.case: wish for wish in buyers_cancellations(docket, self.name)}
        for name in [name for name, (wish, _) in self._excused.items() if wishes.get(name) != wish]:
            yield self._excused.pop(name)[1].negated()
        for name, wish in wishes.items():
            row = None if name in self._excused else orders.row(wish.order, wish.purchased_at)
            if row is not None and row < end and len(self._rows(orders, row, row + 1)):
                excuse = self._excuse(wish, orders, row)
                self._excused[name] = wish, excuse
                yield excuse

    def _excuse(self, wish: Wish, orders: Orders, row: int) -> Entries:
        chosen = self._select(Parcels.of(orders, self._place(orders), np.array([row]), self.zone))
        none = np.zeros(0, np.int64)
        if wish.at > chosen.excused_by[0]:
            return Entries.of(none, none, none, none)
        enters = self._days(chosen.dates) + self.rule.lag
        known = np.maximum(enters, self._days(np.array([wish.known_at])))
        hit_known = np.maximum(known, self._days(chosen.known))
        one, zero = np.ones(1), np.zeros(1)
        hit = Entries.of(hit_known, enters + self.window, -one, zero)
        order = Entries.of(known, enters + self.window, zero, -one if chosen.drops else zero)
        return Entries.joined(hit, order)


_NONE = Entries.of(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0), np.zeros(0))


def measure(rule: Rule, kind: MetricKind, marketplace: Marketplace) -> Measure:
    """Return the measure of a metric of that kind on a marketplace, with nothing read yet."""
    return _measure(rule, kind, marketplace).by_volume()


def _measure(rule: Rule, kind: MetricKind, marketplace: Marketplace) -> Measure:
    if kind.counts == "orders":
        return OfOrders(rule, marketplace, components=kind.defects)
    if kind.counts == "cases":
        return OfCases(rule, marketplace, str(kind.case), kind.defects)
    if kind.counts == "contacts":
        return OfContacts(rule, marketplace, kind.cases)
    if kind.counts == "deadlines":
        return OfDeadlines(rule, marketplace, str(kind.deadline))
    if kind.counts == "hours":
        return MeanHours(rule, marketplace, str(kind.deadline))
    return OfColumns(rule, marketplace, SELECTIONS[kind.counts])
