"""Measures: how each metric turns what is known into entries that count from one day to another.

A measure reads only what is new since its last reading, so that a day's update costs time by the day's facts. What a
metric counts is its published definition; the window and the target are in the dated rules.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import numpy as np
from attrs import evolve
from numpy.typing import NDArray

from aftersale.clocks import HOUR, Instant
from aftersale.engine.docket import Docket
from aftersale.engine.tally import Defect, Endings, Tally
from aftersale.metrics.days import Counts, Daily, Days, Entries, RunningSums, day_numbers
from aftersale.metrics.shipping import SELECTIONS, Parcels, Selection, Wish, buyers_cancellations
from aftersale.order_columns import Orders
from aftersale.orders import NEVER
from aftersale.policies.marketplaces import Marketplace
from aftersale.policies.metric_kinds import MetricKind
from aftersale.rules import Rule


class Measure(ABC):
    """One metric of one marketplace; `channels` narrows it to some channels, `components` to some sorts of defect.

    `left_out` is how many orders of the last day that was read do not count because something is not known of them.
    """

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
        self._orders_in_days: Measure | None = None
        self._sums_so_far = RunningSums()
        self._defects_read = 0
        self._depths: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def read(self, docket: Docket, orders: Orders, days: Days, at: Instant | None = None) -> Daily:
        """Return the metric on each of these days, from all that the docket knows; days never go back.

        `orders` are all of the source, of which those count that were bought by `at`; without it, all of them.
        """
        self._sums_so_far.add(self.new(docket, orders, len(orders) if at is None else orders.count_until(at)))
        sums = self._sums_so_far.read(days)
        if self._orders_in_days is None:
            return sums
        return evolve(sums, orders=self._orders_in_days.read(docket, orders, days, at).denominator)

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
        enters = self._days(instants) + self.rule.lag
        begins = np.maximum(enters, self._days(known))
        return Entries.of(begins, enters + self.window, numerator, denominator)

    def _rows(self, orders: Orders, first: int, end: int) -> Counts:
        """Return the rows from `first` up to `end` whose orders belong to this marketplace and these channels."""
        mask: NDArray[np.bool_] = orders.marketplace[first:end] == self._place(orders)
        if self.channels:
            codes = [code for code, channel in enumerate(orders.channels) if channel in self.channels]
            mask &= np.isin(orders.channel[first:end], codes)
        return np.flatnonzero(mask) + first

    def _place(self, orders: Orders) -> int:
        return orders.marketplaces.index(self.name) if self.name in orders.marketplaces else -1

    def _changes(self, tally: Tally, subject: Callable[[Defect], tuple[str, Instant]]) -> Entries:
        """Return an entry for each subject that became defective or sound.

        `subject` gives what a defect is of, an order or a case, and the instant by which that counts. A case that a
        late fact begins anew, at another instant, is another subject: what it counted before is taken back there.
        """
        first, self._defects_read = self._defects_read, len(tally.defects)
        changes, place, components, channels = [], self.name, self.components, self.channels
        for defect in tally.defects[first:]:
            if defect.marketplace != place or defect.component not in components:
                continue
            if channels and defect.channel not in channels:
                continue
            name, at = subject(defect)
            if step := self._change(f"{name} {at}", defect):
                changes.append((at, defect.known_at, step))
        dates, known_at, steps = np.array(changes, np.int64).reshape(-1, 3).T
        return self._counted(dates, known_at, steps, np.zeros(len(steps)))

    def _change(self, name: str, defect: Defect) -> int:
        """Return 1 when this defect is the subject's first, -1 when it takes back the last, else 0."""
        depths = self._depths[name]
        before = any(depths.values())
        depths[defect.case + defect.component] += defect.step
        return any(depths.values()) - before


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
        return Entries.joined(self._new_orders(orders, end), self._changes(docket.tally, _order_of))

    def _new_orders(self, orders: Orders, end: int) -> Entries:
        first, self._orders_read = self._orders_read, end
        bought = self._days(orders.purchased_at[self._rows(orders, first, end)])
        # Millions of orders share a few hundred days.
        base = int(bought.min()) if len(bought) else 0
        counts = np.bincount(bought - base)
        begins = np.flatnonzero(counts) + base + self.rule.lag
        return Entries.of(begins, begins + self.window, np.zeros(len(begins)), counts[np.flatnonzero(counts)])


class OfContacts(OfOrders):
    """Cases of some kinds per order, a unit each: cases by the day on which they were opened, orders by their own."""

    def __init__(self, rule: Rule, marketplace: Marketplace, kinds: Sequence[str]) -> None:
        """Begin with nothing read."""
        super().__init__(rule, marketplace)
        self._cases_read = dict.fromkeys(kinds, 0)

    def new(self, docket: Docket, orders: Orders, end: int) -> Entries:
        """Return the new orders and the new cases."""
        entries = [self._new_orders(orders, end)]
        for kind, first in self._cases_read.items():
            opened = docket.tally.openings(self.name, kind, first)
            self._cases_read[kind] = first + len(opened)
            opened = docket.tally.of_channels(opened, self.channels)
            entries.append(self._counted(opened.started, opened.known, opened.counted, np.zeros(len(opened))))
        return Entries.joined(*entries)


def _order_of(defect: Defect) -> tuple[str, Instant]:
    return defect.order, defect.purchased_at


def _case_of(defect: Defect) -> tuple[str, Instant]:
    return defect.case, defect.opened_at


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
        # Summed in whole microseconds: hours would leave rounding errors when they are subtracted again.
        waited = (ended.ended[met] - ended.started[met]) * ended.met[met]
        return self._counted(ended.ended[met], ended.known[met], waited, ended.met[met])

    def read(self, docket: Docket, orders: Orders, days: Days, at: Instant | None = None) -> Daily:
        """Return the mean of each day, in hours."""
        sums = super().read(docket, orders, days, at)
        return evolve(sums, numerator=sums.numerator / HOUR)


class OfCases(Measure):
    """Share of the cases of a kind that have a defect, by the day on which each was opened; each counts once."""

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
        return Entries.joined(cases, self._changes(docket.tally, _case_of))


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
        self._excused: dict[str, tuple[Wish, Entries]] = {}

    def read(self, docket: Docket, orders: Orders, days: Days, at: Instant | None = None) -> Daily:
        """Return the metric on each of these days, and count what is left out on the last of them."""
        counted = super().read(docket, orders, days, at)
        self.left_out = round(float(self._open.read(days).denominator[-1]))
        return counted

    def new(self, docket: Docket, orders: Orders, end: int) -> Entries:
        """Return the new orders, and those that turned out to be cancelled because the buyer wanted it."""
        first, self._orders_read = self._orders_read, end
        rows = self._rows(orders, first, end)
        return Entries.joined(self._counted_rows(orders, rows), *self._excuses(docket, orders, end))

    def _counted_rows(self, orders: Orders, rows: Counts) -> Entries:
        if not len(rows):
            return _many(rows, rows, bad=False)
        chosen = self._select(Parcels.of(orders, self._place(orders), rows, self.zone))
        opened = self._days(chosen.open_dates[chosen.open_dates != NEVER]) + self.rule.lag
        self._open.add(_many(opened, opened + self.window, bad=False))
        counted = chosen.dates != NEVER
        days = self._days(chosen.dates[counted]) + self.rule.lag
        hits = chosen.hits[counted]
        since = np.maximum(days[hits], self._days(chosen.known[counted][hits]))
        return Entries.joined(
            _many(days, days + self.window, bad=False), _many(since, days[hits] + self.window, bad=True)
        )

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


def _many(begins: Counts, ends: Counts, *, bad: bool) -> Entries:
    """Return one entry for all the orders that count on the same days: millions share a few hundred."""
    if not len(begins):
        return Entries.of(begins, ends, np.zeros(0), np.zeros(0))
    base = int(min(begins.min(), ends.min()))
    size = int(max(begins.max(), ends.max())) - base + 1
    spans, counts = np.unique((begins - base) * size + (ends - base), return_counts=True)
    first, last = spans // size + base, spans % size + base
    none = np.zeros(len(counts))
    return Entries.of(first, last, *((counts, none) if bad else (none, counts)))


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
