"""Measures: how each metric turns what is known into entries that count from one day to another.

A measure reads only what is new since its last reading, so that a day's update costs time by the day's facts. What a
metric counts is its published definition; the window and the target are in the dated rules.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Callable, Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aftersale.clocks import HOUR, Instant
from aftersale.engine.tally import Defect, Tally
from aftersale.metrics.days import Counts, Daily, Days, Entries, RunningSums, day_numbers
from aftersale.orders import NEVER, Orders
from aftersale.policies.marketplaces import Marketplace
from aftersale.policies.metric_kinds import MetricKind
from aftersale.rules import Rule

_Selection = Callable[[Orders, Counts], tuple[Counts, Counts, NDArray[np.bool_]]]
"""From rows of orders: the instant by which each counts (NEVER: not at all), when the numerator is known, and whether
the order counts in it."""


class Measure(ABC):
    """One metric of one marketplace; `channels` narrows it to some channels, `components` to some sorts of defect."""

    def __init__(
        self,
        rule: Rule,
        marketplace: Marketplace,
        channels: Collection[str] | None = None,
        components: Collection[str] = (),
    ) -> None:
        """Begin with nothing read."""
        self.rule, self.zone, self.name = rule, marketplace.zone, marketplace.name
        self.channels = channels if channels is not None else rule.channel
        self.components = frozenset(components)
        self.window = rule.amount or 0
        self._sums_so_far = RunningSums()
        self._defects_read = 0
        self._depths: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def read(self, tally: Tally, orders: Orders, days: Days) -> Daily:
        """Return the metric on each of these days, from all that is known; days never go back."""
        self._sums_so_far.add(self.new(tally, orders))
        return self._sums_so_far.read(days)

    @abstractmethod
    def new(self, tally: Tally, orders: Orders) -> Entries:
        """Return the entries that have become known since the last call."""

    def _days(self, instants: Counts) -> Counts:
        return day_numbers(instants, self.zone)

    def _counted(self, instants: Counts, known: Counts, numerator: NDArray[Any], denominator: NDArray[Any]) -> Entries:
        """Return what counts by the day of an instant, from the day on which it is known.

        What takes an entry back has the same instant, so that it ends with it however late it becomes known.
        """
        enters = self._days(instants) + self.rule.lag
        begins = np.maximum(enters, self._days(known))
        return Entries.of(begins, enters + self.window, numerator, denominator)

    def _order_mask(self, orders: Orders, first: int) -> NDArray[np.bool_]:
        """Return for each order from row `first` on whether it belongs to this marketplace and these channels."""
        place = orders.marketplaces.index(self.name) if self.name in orders.marketplaces else -1
        mask: NDArray[np.bool_] = orders.marketplace[first:] == place
        if self.channels:
            codes = [code for code, channel in enumerate(orders.channels) if channel in self.channels]
            mask &= np.isin(orders.channel[first:], codes)
        return mask

    def _changes(self, tally: Tally, subject: Callable[[Defect], tuple[str, Instant]]) -> Entries:
        """Return an entry for each subject that became defective or sound.

        `subject` gives what a defect is of, an order or a case, and the instant by which that counts. A case that a
        late fact begins anew, at another instant, is another subject: what it counted before is taken back there.
        """
        first, self._defects_read = self._defects_read, len(tally.defects)
        changes = []
        for defect in tally.defects[first:]:
            if self._counts(defect):
                name, at = subject(defect)
                if step := self._change(f"{name} {at}", defect):
                    changes.append((at, defect.known_at, step))
        dates, known_at, steps = np.array(changes, np.int64).reshape(-1, 3).T
        return self._counted(dates, known_at, steps, np.zeros(len(steps)))

    def _counts(self, defect: Defect) -> bool:
        return (
            defect.marketplace == self.name
            and defect.component in self.components
            and (not self.channels or defect.channel in self.channels)
        )

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

    def new(self, tally: Tally, orders: Orders) -> Entries:
        """Return the new orders, and the orders that became defective or sound."""
        return Entries.joined(self._new_orders(orders), self._changes(tally, _order_of))

    def _new_orders(self, orders: Orders) -> Entries:
        first, self._orders_read = self._orders_read, len(orders)
        bought = self._days(orders.purchased_at[first:][self._order_mask(orders, first)])
        # Millions of orders share a few hundred days.
        base = int(bought.min()) if len(bought) else 0
        counts = np.bincount(bought - base)
        begins = np.flatnonzero(counts) + base + self.rule.lag
        return Entries.of(begins, begins + self.window, np.zeros(len(begins)), counts[np.flatnonzero(counts)])


def _order_of(defect: Defect) -> tuple[str, Instant]:
    return defect.order, defect.purchased_at


def _case_of(defect: Defect) -> tuple[str, Instant]:
    return defect.case, defect.opened_at


class OfDeadlines(Measure):
    """Share of deadlines that were missed, by the day on which they began, once it is known how they ended."""

    def __init__(self, rule: Rule, marketplace: Marketplace, deadline: str) -> None:
        """Begin with nothing read."""
        super().__init__(rule, marketplace)
        self._deadline = deadline
        self._rows_read = 0

    def new(self, tally: Tally, orders: Orders) -> Entries:
        """Return the deadlines whose outcome has become known, or has been corrected."""
        ended = tally.endings(self.name, self._deadline, self._rows_read)
        self._rows_read += len(ended)
        return self._counted(ended.started, ended.known, ended.late, ended.counted)


class MeanHours(Measure):
    """Mean wall hours from the beginning of a deadline to the answer, over those answered in the window.

    An answer is in the window by its own day, from the day on which it is known.
    """

    def __init__(self, rule: Rule, marketplace: Marketplace, deadline: str) -> None:
        """Begin with nothing read."""
        super().__init__(rule, marketplace)
        self._deadline = deadline
        self._rows_read = 0

    def new(self, tally: Tally, orders: Orders) -> Entries:
        """Return the answers that have become known, or have been corrected."""
        ended = tally.endings(self.name, self._deadline, self._rows_read)
        self._rows_read += len(ended)
        met = ended.met != 0
        # Summed in whole microseconds: hours would leave rounding errors when they are subtracted again.
        waited = (ended.ended[met] - ended.started[met]) * ended.met[met]
        return self._counted(ended.ended[met], ended.known[met], waited, ended.met[met])

    def read(self, tally: Tally, orders: Orders, days: Days) -> Daily:
        """Return the mean of each day, in hours."""
        sums = super().read(tally, orders, days)
        return Daily(sums.days, sums.numerator / HOUR, sums.denominator)


class OfCases(Measure):
    """Share of the cases of a kind that have a defect, by the day on which each was opened; each counts once."""

    def __init__(self, rule: Rule, marketplace: Marketplace, kind: str, components: Collection[str]) -> None:
        """Begin with nothing read."""
        super().__init__(rule, marketplace, components=components)
        self._kind = kind
        self._cases_read = 0

    def new(self, tally: Tally, orders: Orders) -> Entries:
        """Return the new cases and what went wrong with them."""
        opened = tally.openings(self.name, self._kind, self._cases_read)
        self._cases_read += len(opened)
        cases = self._counted(opened.started, opened.known, np.zeros(len(opened)), opened.counted)
        return Entries.joined(cases, self._changes(tally, _case_of))


class OfColumns(Measure):
    """Share of orders by what their columns say of shipping: late, cancelled by the seller, tracked, on time.

    An order counts from the day of its own date on: the promise to ship, the purchase, the shipment, or the promise to
    deliver. Orders without that date are left out.
    """

    def __init__(self, rule: Rule, marketplace: Marketplace, select: _Selection) -> None:
        """Begin with nothing read."""
        super().__init__(rule, marketplace)
        self._select = select
        self._orders_read = 0

    def new(self, tally: Tally, orders: Orders) -> Entries:
        """Return the new orders."""
        first, self._orders_read = self._orders_read, len(orders)
        rows = np.flatnonzero(self._order_mask(orders, first)) + first
        dates, known, bad = self._select(orders, rows)
        counted = dates != NEVER
        days = self._days(dates[counted]) + self.rule.lag
        bad = bad[counted]
        since = np.maximum(days[bad], self._days(known[counted][bad]))
        return Entries.joined(
            _many(days, days + self.window, bad=False), _many(since, days[bad] + self.window, bad=True)
        )


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


def shipped_late(orders: Orders, rows: Counts) -> tuple[Counts, Counts, NDArray[np.bool_]]:
    """Orders whose shipment was confirmed after the date by which they had to be shipped."""
    due, shipped = orders.ship_by[rows], orders.shipped_at[rows]
    return due, due, (shipped == NEVER) | (shipped > due)


def cancelled(orders: Orders, rows: Counts) -> tuple[Counts, Counts, NDArray[np.bool_]]:
    """Orders that the seller cancelled; those that the buyer wanted cancelled do not count."""
    bought, at = orders.purchased_at[rows], orders.cancelled_at[rows]
    return bought, np.where(at == NEVER, bought, at), at != NEVER


def tracked(orders: Orders, rows: Counts) -> tuple[Counts, Counts, NDArray[np.bool_]]:
    """Shipments that have a valid tracking number."""
    shipped = np.where(orders.tracked[rows] < 0, NEVER, orders.shipped_at[rows])
    return shipped, shipped, orders.tracked[rows] == 1


def on_time(orders: Orders, rows: Counts) -> tuple[Counts, Counts, NDArray[np.bool_]]:
    """Tracked shipments that were delivered by the promise."""
    promised, arrived = orders.promised_at[rows], orders.delivered_at[rows]
    due = np.where((orders.tracked[rows] == 1) & (promised != NEVER), promised, NEVER)
    return due, due, (arrived != NEVER) & (arrived <= promised)


_COLUMNS: dict[str, _Selection] = {
    "late_shipments": shipped_late,
    "cancellations": cancelled,
    "tracked_shipments": tracked,
    "deliveries_on_time": on_time,
}


def measure(rule: Rule, kind: MetricKind, marketplace: Marketplace) -> Measure:
    """Return the measure of a metric of that kind on a marketplace, with nothing read yet."""
    if kind.counts == "orders":
        return OfOrders(rule, marketplace, components=kind.defects)
    if kind.counts == "cases":
        return OfCases(rule, marketplace, str(kind.case), kind.defects)
    if kind.counts == "deadlines":
        return OfDeadlines(rule, marketplace, str(kind.deadline))
    if kind.counts == "hours":
        return MeanHours(rule, marketplace, str(kind.deadline))
    return OfColumns(rule, marketplace, _COLUMNS[kind.counts])
