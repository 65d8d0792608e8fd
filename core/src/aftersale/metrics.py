"""Metrics: dated definitions evaluated as of any day over what the tally counted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from aftersale.clocks import HOUR, Instant, local_date, start_of_day
from aftersale.docket import Docket
from aftersale.orders import Orders
from aftersale.policies import Policy
from aftersale.rules import Rule
from aftersale.tally import FOREVER, Blemish, Spans

Counts = NDArray[np.int64]
PERCENTILES = (50, 90, 95)


@frozen
class Reading:
    """One metric of one marketplace as of the end of a local day.

    `value` is None when there is nothing to divide by. `met` says whether the target holds; `running_days` how many
    days in a row it has not, up to this day; `triggered` whether that is long enough for the consequence.
    """

    metric: str
    marketplace: str
    set_by: str
    day: date
    value: float | None
    numerator: float
    denominator: int
    target: float
    met: bool
    running_days: int = 0
    triggered: bool = False
    components: dict[str, int] = {}  # noqa: RUF012 - attrs field, never changed


@frozen(eq=False)
class Days:
    """Consecutive local days of one time zone, for sorting instants into days."""

    first: date
    bounds: NDArray[np.int64]

    @classmethod
    def spanning(cls, first: date, last: date, zone: str) -> Days:
        """Return the days from first to last, both inside."""
        count = (last - first).days + 2
        return cls(first, np.array([start_of_day(first + timedelta(i), zone) for i in range(count)], np.int64))

    def __len__(self) -> int:
        """Return how many days there are."""
        return len(self.bounds) - 1

    def index(self, instants: Counts) -> Counts:
        """Return each instant's day; below 0 before the first, `len` or more after the last."""
        return np.searchsorted(self.bounds, instants, side="right").astype(np.int64) - 1

    def day(self, index: int) -> date:
        """Return the date of a day by its index."""
        return self.first + timedelta(index)

    def spread(self, begins: Counts, ends: Counts, weights: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """Return for each day how many half-open day spans [begins, ends) cover it, or the sum of their weights."""
        size = len(self)
        begins, ends = np.clip(begins, 0, size), np.clip(np.maximum(begins, ends), 0, size)
        steps = np.bincount(begins, weights, size + 1) - np.bincount(ends, weights, size + 1)
        return np.cumsum(steps)[:size].astype(np.float64)


@frozen(eq=False)
class Daily:
    """A metric on each of some days: numerator and denominator, and the days' values (NaN for no denominator)."""

    days: Days
    numerator: NDArray[np.float64]
    denominator: NDArray[np.float64]

    @property
    def values(self) -> NDArray[np.float64]:
        """The quotient of each day."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self.denominator > 0, self.numerator / self.denominator, np.nan)


def window_of(rule: Rule) -> int:
    """Return the length of a metric's window in days."""
    assert rule.amount is not None  # noqa: S101 - metrics have a window by construction
    return rule.amount


def daily_defects(rule: Rule, blemishes: Iterable[Blemish], purchased: Counts, days: Days) -> Daily:
    """Return the order defect rate of each day: defective orders over orders, by the order's own date.

    An order stands in the window from `lag` days after its purchase for `amount` days (domain.md §1.1). It counts
    once however many defects it has, and only on days by which the defect is known and not taken back.
    """
    window = window_of(rule)
    enters = days.index(purchased) + rule.lag
    orders = days.spread(enters, enters + window)
    begins, ends = [], []
    for bought, known, until in _defective(rule, blemishes):
        enter = int(days.index(np.array([bought]))[0]) + rule.lag
        begins.append(max(enter, int(days.index(np.array([known]))[0])))
        stop = enter + window
        ends.append(stop if until == FOREVER else min(stop, int(days.index(np.array([until]))[0])))
    return Daily(days, days.spread(np.array(begins, np.int64), np.array(ends, np.int64)), orders)


def _defective(rule: Rule, blemishes: Iterable[Blemish]) -> Iterator[tuple[Instant, Instant, Instant]]:
    """Yield (purchased, known from, known until) for every stretch in which an order is defective."""
    by_order: defaultdict[str, list[Blemish]] = defaultdict(list)
    for blemish in blemishes:
        if blemish.stars is None or (rule.negative_stars is not None and blemish.stars <= rule.negative_stars):
            by_order[blemish.order].append(blemish)
    for found in by_order.values():
        depth, since = 0, 0
        for blemish in sorted(found, key=lambda blemish: (blemish.known_at, blemish.step)):
            if depth == 0 and blemish.step > 0:
                since = blemish.known_at
            depth += blemish.step
            if depth == 0:
                yield blemish.purchased_at, since, blemish.known_at
        if depth > 0:
            yield found[0].purchased_at, since, FOREVER


def daily_late(rule: Rule, replies: Spans, days: Days) -> Daily:
    """Return the share of late first replies of each day over the window that ends with it.

    A contact counts by the day on which the buyer wrote, once it is known whether the answer came in time: when it
    is answered, or when its deadline has passed.
    """
    late = replies.ended > replies.expires
    known = days.index(np.where(late, replies.expires, replies.ended))
    leaves = days.index(replies.started) + window_of(rule)
    return Daily(days, days.spread(known, leaves, late.astype(np.float64)), days.spread(known, leaves))


def daily_mean_reply(rule: Rule, replies: Spans, days: Days) -> Daily:
    """Return the mean first reply in wall hours of each day, over the contacts answered in the window."""
    answered = replies.ended != FOREVER
    started, ended = replies.started[answered], replies.ended[answered]
    known = days.index(ended)
    return Daily(
        days,
        days.spread(known, known + window_of(rule), (ended - started) / HOUR),
        days.spread(known, known + window_of(rule)),
    )


@frozen
class ReplyFigures:
    """First replies to the contacts of one period, as known at its end.

    Rates are shares of `contacts` whose outcome is known; `open` contacts wait for their answer still, and enter
    the mean and the percentiles with the hours they have waited so far (a lower bound).
    """

    contacts: int
    open: int
    late: int
    silent: int
    silence_known: int
    late_known: int
    hours: float
    percentiles: tuple[float, ...]

    @property
    def late_rate(self) -> float:
        """Share of first replies that missed the marketplace's deadline."""
        return self.late / self.late_known if self.late_known else 0.0

    @property
    def silence_rate(self) -> float:
        """Share of contacts that stood unanswered past the marketplace's silence rule."""
        return self.silent / self.silence_known if self.silence_known else 0.0

    @property
    def mean_hours(self) -> float:
        """Mean first reply in wall hours."""
        return self.hours / self.contacts if self.contacts else 0.0


def replies_between(replies: Spans, silence: Spans, since: Instant, until: Instant) -> ReplyFigures:
    """Return the figures for contacts that began in [since, until), as known at `until`."""
    mine = (replies.started >= since) & (replies.started < until)
    started, expires, ended = replies.started[mine], replies.expires[mine], replies.ended[mine]
    waited = (np.minimum(ended, until) - started) / HOUR
    late, late_known = _missed(expires, ended, until)
    quiet = (silence.started >= since) & (silence.started < until)
    silent, silence_known = _missed(silence.expires[quiet], silence.ended[quiet], until)
    percentiles = np.percentile(waited, PERCENTILES) if len(waited) else np.zeros(len(PERCENTILES))
    return ReplyFigures(
        len(started),
        int((ended >= until).sum()),
        late,
        silent,
        silence_known,
        late_known,
        float(waited.sum()),
        tuple(float(value) for value in percentiles),
    )


def _missed(expires: Counts, ended: Counts, until: Instant) -> tuple[int, int]:
    missed = (expires < until) & (ended > expires)
    known = missed | (ended < until)
    return int(missed.sum()), int(known.sum())


def meets(rule: Rule, value: float) -> bool:
    """Whether a value keeps the metric's target: under it where strict, at or under it otherwise."""
    target = float(rule.target or Decimal(0))
    return value < target if rule.strict else value <= target


def daily(rule: Rule, docket: Docket, orders: Orders, marketplace: str, days: Days) -> Daily:
    """Return a metric of one marketplace on each of the days; raises KeyError for a metric nobody computes."""
    if rule.name == "order_defect_rate":
        place = orders.marketplaces.index(marketplace) if marketplace in orders.marketplaces else -1
        mine = [blemish for blemish in docket.tally.blemishes if blemish.marketplace == marketplace]
        return daily_defects(rule, mine, orders.purchased_at[orders.marketplace == place], days)
    replies = docket.tally.spans(marketplace, "first_reply", docket.cases.values())
    return {"late_reply_rate": daily_late, "mean_first_reply_hours": daily_mean_reply}[rule.name](rule, replies, days)


def readings(policy: Policy, docket: Docket, orders: Orders, at: Instant) -> list[Reading]:
    """Return every metric in force on one marketplace as of the end of the local day in which `at` lies."""
    name, zone = policy.marketplace.name, policy.marketplace.zone
    today = local_date(at, zone)
    return [_reading(rule, docket, orders, name, zone, today) for rule in policy.metrics(at)]


def _reading(rule: Rule, docket: Docket, orders: Orders, marketplace: str, zone: str, today: date) -> Reading:
    back = max(rule.running, 1)
    days = Days.spanning(today - timedelta(window_of(rule) + rule.lag + back), today, zone)
    series = daily(rule, docket, orders, marketplace, days)
    values = series.values
    missed = [not (np.isnan(value) or meets(rule, value)) for value in values[-back:]]
    running = next((i for i, miss in enumerate(reversed(missed)) if not miss), len(missed))
    value = None if np.isnan(values[-1]) else float(values[-1])
    return Reading(
        rule.name,
        marketplace,
        "handbook" if rule.marketplace == "*" else "rule",
        today,
        value,
        float(series.numerator[-1]),
        int(series.denominator[-1]),
        float(rule.target or 0),
        not missed[-1],
        running,
        running >= max(rule.running, 1),
        _components(rule, docket, marketplace, days) if rule.name == "order_defect_rate" else {},
    )


def _components(rule: Rule, docket: Docket, marketplace: str, days: Days) -> dict[str, int]:
    found: dict[str, int] = {}
    for component in ("claim", "negative_feedback", "chargeback"):
        mine = [
            blemish
            for blemish in docket.tally.blemishes
            if blemish.component == component and blemish.marketplace == marketplace
        ]
        found[component] = int(daily_defects(rule, mine, np.array([], np.int64), days).numerator[-1])
    return found
