"""Shipping: what the columns of orders say of how each was shipped, what they leave open, and what buyers cancelled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from aftersale.clocks import Instant
from aftersale.engine.docket import Docket
from aftersale.metrics.days import Counts, counts_by_day, day_numbers
from aftersale.order_columns import Orders
from aftersale.orders import CANCELLED, DELIVERED, LOST, NEVER, SHIPPED, WAITING

Flags = NDArray[np.bool_]
CANCELLATION = "cancellation"
"""The kind of case by which a buyer wants an order cancelled."""
_EVER = np.iinfo(np.int64).max
_GONE = SHIPPED, DELIVERED, LOST
"""The outcomes of orders that have left."""


@frozen
class Wish:
    """An order that was cancelled because the buyer wanted it: by which case, when that began, when it was known."""

    case: str
    order: str
    purchased_at: Instant
    at: Instant
    known_at: Instant


def buyers_cancellations(docket: Docket, marketplace: str) -> Iterator[Wish]:
    """Yield the orders of a marketplace that were cancelled because the buyer wanted it."""
    if not docket.tally.has_opened(marketplace, CANCELLATION):
        return
    for case in docket.cases.values():
        if (case.kind, case.state, case.marketplace) == (CANCELLATION, "cancelled", marketplace):
            dossier = docket.dossiers[case.order]
            known_at = max(fact.known_at for fact in dossier.facts_of(case.id))
            yield Wish(case.id, case.order, dossier.order.purchased_at, case.opened_at, known_at)


@frozen(eq=False)
class Selection:
    """How a metric counts some orders, a row each.

    An order counts by the instant in `dates` (NEVER: not at all), in the numerator where `hits` says so, from when
    `known` says. `open_dates` are the instants by which those orders would count of which something is not known that
    the metric asks for (NEVER for all others): it leaves them out. Of an order that the buyer cancels, `excused` says
    whether it leaves the numerator, and `dropped` whether it does not count at all.
    """

    dates: Counts
    known: Counts
    hits: Flags
    open_dates: Counts
    excused_by: Counts
    drops: bool = False


@frozen(eq=False)
class Parcels:
    """Some rows of orders, all of one marketplace, with what can be believed of them.

    An instant on a day before that of the purchase is a slip, and counts as not known. `tells_shipment` and
    `tells_delivery` say whether an order without the instant was not shipped, or not delivered; where no order of the
    marketplace has that instant, nothing is known of any.
    """

    orders: Orders
    rows: Counts
    zone: str
    tells_shipment: bool
    tells_delivery: bool

    @classmethod
    def of(cls, orders: Orders, place: int, rows: Counts, zone: str) -> Parcels:
        """Return rows of the orders of one marketplace, by its index."""
        here = slice(None) if len(rows) == len(orders) else orders.marketplace == place
        shipped, delivered = (
            bool((column[here] != NEVER).any()) for column in (orders.shipped_at, orders.delivered_at)
        )
        # Where nothing was sent and nothing came, the seller has sent nothing: an empty column says so.
        idle = not delivered and not np.isin(orders.outcome[here], _GONE).any()
        tells_shipment = "shipped_at" not in orders.unknown and (shipped or idle)
        return cls(orders, rows, zone, tells_shipment, delivered)

    @cached_property
    def bought(self) -> Counts:
        """When each was bought."""
        return self.column("purchased_at")

    @cached_property
    def shipped(self) -> Counts:
        """When each was shipped; NEVER where it was not, or nobody knows when."""
        return self._sound("shipped_at")

    @cached_property
    def delivered(self) -> Counts:
        """When each was delivered; NEVER where it was not, or nobody knows when."""
        return self._sound("delivered_at")

    @cached_property
    def cancelled(self) -> Counts:
        """When the seller cancelled each; NEVER where it was not cancelled, or nobody knows when."""
        return self._sound("cancelled_at")

    @cached_property
    def outcome(self) -> NDArray[np.int8]:
        """How each ended, as its source says."""
        return self.column("outcome")

    @cached_property
    def left(self) -> Flags:
        """Whether each has left, be it known when or not."""
        instants = (self.column("shipped_at") != NEVER) | (self.column("delivered_at") != NEVER)
        gone: Flags = instants | np.isin(self.outcome, _GONE)
        return gone

    @cached_property
    def void(self) -> Flags:
        """Whether each was cancelled and never left."""
        cancelled = (self.column("cancelled_at") != NEVER) | (self.outcome == CANCELLED)
        void: Flags = cancelled & ~self.left
        return void

    @cached_property
    def unshipped(self) -> Flags:
        """Whether each is known not to have left, and was not cancelled."""
        waits: Flags = ~self.left & ~self.void & (self.tells_shipment | (self.outcome == WAITING))
        return waits

    def column(self, name: str) -> NDArray[Any]:
        """Return a column of the orders in these rows; not to be changed."""
        column: NDArray[Any] = getattr(self.orders, name)
        return column if len(self.rows) == len(column) else column[self.rows]

    def _sound(self, name: str) -> Counts:
        """Return the instants of a column without those on days before the purchase."""
        instants = self.column(name)
        early = np.flatnonzero((instants != NEVER) & (instants < self.bought))
        if not len(early):
            return instants
        days = (day_numbers(column, self.zone) for column in (instants[early], self.bought[early]))
        slips = early[np.less(*days)]
        instants = instants.copy()
        instants[slips] = NEVER
        return instants


@frozen(eq=False)
class DayCounts:
    """How many orders of a selection there are by day, without the lag and the window of a line.

    `counted` are the days by which orders count, with how many; `hits` the days from which those of the numerator are
    known, the days by which they count, and how many; `open` the days of those that are left out.
    """

    counted: tuple[Counts, Counts]
    hits: tuple[Counts, Counts, Counts]
    open: tuple[Counts, Counts]

    @classmethod
    def of(cls, chosen: Selection, zone: str) -> DayCounts:
        """Return a selection counted by the days of a zone."""
        counted = chosen.dates != NEVER
        hits = np.flatnonzero(chosen.hits & counted)
        if chosen.known is chosen.dates:
            days, counts = counts_by_day(chosen.dates[hits], zone)
            known = days
        else:
            pairs = [day_numbers(column[hits], zone) for column in (chosen.known, chosen.dates)]
            (known, days), counts = np.unique(np.stack(pairs), axis=1, return_counts=True)
        in_all = counts_by_day(chosen.dates if counted.all() else chosen.dates[counted], zone)
        is_open = np.flatnonzero(chosen.open_dates != NEVER)
        return cls(in_all, (known, days, counts), counts_by_day(chosen.open_dates[is_open], zone))


def shipped_late(parcels: Parcels) -> Selection:
    """Orders that were sent after the date by which they had to be, or not at all, of all that had to be sent.

    What was cancelled by that date, by the seller or for the buyer, did not have to be sent; what was cancelled later,
    unsent, is late.
    """
    due = parcels.column("ship_by")
    overdue = parcels.void & (parcels.cancelled > due) & parcels.tells_shipment
    idle = parcels.unshipped | overdue
    counted = (due != NEVER) & ((parcels.shipped != NEVER) | idle)
    # A cancellation of unknown time may have come before the date or after it.
    spared = parcels.void & (parcels.cancelled != NEVER) & ((parcels.cancelled <= due) | (due == NEVER))
    late = idle | (parcels.shipped > due)
    dates = np.where(counted, due, NEVER)
    missing = _open_dates(~counted & ~spared, due, parcels.bought)
    return Selection(dates, dates, late, missing, np.where(idle, dates, NEVER), drops=True)


def cancelled(parcels: Parcels) -> Selection:
    """Orders that the seller cancelled before they left; those that the buyer wanted cancelled do not count."""
    at = parcels.cancelled
    gone = _before(parcels.shipped, at) | _before(parcels.delivered, at)
    hits = (at != NEVER) & ~gone
    nameless = (at == NEVER) & parcels.void
    unknown = nameless | ((at == NEVER) & ("cancelled_at" in parcels.orders.unknown))
    dates = np.where(unknown, NEVER, parcels.bought)
    missing = _open_dates(unknown, parcels.bought, parcels.bought)
    return Selection(dates, np.where(hits, at, dates), hits, missing, np.where(hits, _EVER, NEVER))


def tracked(parcels: Parcels) -> Selection:
    """Shipments that have a valid tracking number."""
    numbers = parcels.column("tracked")
    counted = (parcels.shipped != NEVER) & (numbers >= 0)
    dates = np.where(counted, parcels.shipped, NEVER)
    missing = _open_dates(~counted & ~parcels.void & ~parcels.unshipped, parcels.shipped, parcels.bought)
    return Selection(dates, dates, numbers == 1, missing, np.full(len(dates), NEVER))


def on_time(parcels: Parcels) -> Selection:
    """Tracked shipments that were delivered by the promise."""
    numbers, due = parcels.column("tracked"), parcels.column("promised_at")
    lost = (parcels.outcome != DELIVERED) & (parcels.column("delivered_at") == NEVER)
    arrival_known = (parcels.delivered != NEVER) | (lost & (parcels.tells_delivery | (parcels.outcome == LOST)))
    parcel = ~parcels.void & ((numbers == 1) | ((numbers < 0) & ~parcels.unshipped))
    counted = parcel & (numbers == 1) & (due != NEVER) & arrival_known
    dates = np.where(counted, due, NEVER)
    hits = (parcels.delivered != NEVER) & (parcels.delivered <= due)
    missing = _open_dates(parcel & ~counted, due, parcels.bought)
    return Selection(dates, dates, hits, missing, np.full(len(dates), NEVER))


def _before(instants: Counts, at: Counts) -> Flags:
    """Return which instants are known and before others."""
    known: Flags = (instants != NEVER) & (instants < at)
    return known


def _open_dates(unknown: Flags, dates: Counts, bought: Counts) -> Counts:
    """Return the dates of the unknown ones, or their purchase where even that date is missing; NEVER for the rest."""
    return np.where(unknown, np.where(dates == NEVER, bought, dates), NEVER)


SELECTIONS: dict[str, Callable[[Parcels], Selection]] = {
    "late_shipments": shipped_late,
    "cancellations": cancelled,
    "tracked_shipments": tracked,
    "deliveries_on_time": on_time,
}
"""How orders count by what their columns say, by the word of MetricKind."""
