"""Metrics: dated definitions evaluated as of any day over what the tally counted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from aftersale.clocks import HOUR, Instant, local_date, start_of_day
from aftersale.docket import Docket
from aftersale.marketplaces import Marketplace
from aftersale.orders import Orders
from aftersale.policies import Policy
from aftersale.rules import Rule
from aftersale.tally import FOREVER, Blemish, Spans

Counts = NDArray[np.int64]
PERCENTILES = (50, 90, 95)


@frozen
class Reading:
    """One metric of one marketplace as of an instant, and the local day in which that lies.

    `value` is None when there is nothing to divide by. `met` says whether the target holds; `running_days` for
    how many days in a row it has not, of as many as the consequence asks for; `triggered` whether on all of
    them.
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
    components: dict[str, int] = field(factory=dict)


@frozen(eq=False)
class Days:
    """Consecutive local days of one time zone, for sorting instants into days."""

    first: date
    bounds: NDArray[np.int64]
    zone: str

    @classmethod
    def spanning(cls, first: date, last: date, zone: str) -> Days:
        """Return the days from first to last, both inside."""
        return cls(first, _starts(first, (last - first).days + 2, zone), zone)

    def up_to(self, at: Instant) -> Days:
        """Return these days without what lies after an instant of the last one."""
        return Days(self.first, np.minimum(self.bounds, at + 1), self.zone)

    def from_earlier(self, count: int) -> Days:
        """Return these days and as many before them."""
        first = self.first - timedelta(count)
        return Days(first, np.concatenate([_starts(first, count, self.zone), self.bounds]), self.zone)

    def __len__(self) -> int:
        """Return how many days there are."""
        return len(self.bounds) - 1

    def index(self, instants: Counts) -> Counts:
        """Return each instant's day; below 0 before the first, `len` or more after the last."""
        return np.searchsorted(self.bounds, instants, side="right").astype(np.int64) - 1

    def spread(
        self, begins: Counts, ends: Counts, weights: NDArray[np.float64] | None = None
    ) -> NDArray[np.float64]:
        """Return for each day how many day spans [begins, ends) cover it, or the sum of their weights."""
        size = len(self)
        begins, ends = np.clip(begins, 0, size), np.clip(np.maximum(begins, ends), 0, size)
        steps = np.bincount(begins, weights, size + 1) - np.bincount(ends, weights, size + 1)
        return np.cumsum(steps)[:size].astype(np.float64)


def _starts(first: date, count: int, zone: str) -> Counts:
    return np.array([start_of_day(first + timedelta(i), zone) for i in range(count)], np.int64)


@frozen(eq=False)
class Daily:
    """A metric on each of some days: numerator, denominator, and their quotient (NaN where nothing is counted)."""

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
    assert rule.amount is not None, "a metric has a window by construction"
    return rule.amount


def daily_defects(rule: Rule, blemishes: Iterable[Blemish], purchased: Counts, days: Days) -> Daily:
    """Return the order defect rate of each day: defective orders over orders, by the order's own date.

    An order stands in the window from `lag` days after its purchase for `amount` days. It counts once however
    many defects it has, and only on days by whose end the defect is known and not taken back.
    """
    window = window_of(rule)
    wide = days.from_earlier(window + rule.lag)
    stretches = np.array(list(_defective(rule, blemishes)), np.int64).reshape(-1, 3)
    bought, known, until = (wide.index(column) for column in stretches.T)
    enters, defective = wide.index(purchased) + rule.lag, bought + rule.lag
    begins, ends = np.maximum(defective, known), np.minimum(defective + window, until)
    return _latest(days, wide.spread(begins, ends), wide.spread(enters, enters + window))


def _latest(days: Days, numerator: NDArray[np.float64], denominator: NDArray[np.float64]) -> Daily:
    """Return what was counted from earlier days on for the days asked for: windows reach back before them."""
    return Daily(days, numerator[-len(days) :], denominator[-len(days) :])


def _defective(rule: Rule, blemishes: Iterable[Blemish]) -> Iterator[tuple[Instant, Instant, Instant]]:
    """Yield (purchased, known from, known until) for every stretch in which an order is defective."""
    by_order: defaultdict[str, list[Blemish]] = defaultdict(list)
    for blemish in blemishes:
        if _counts(rule, blemish):
            by_order[blemish.order].append(blemish)
    for found in by_order.values():
        # What takes back nothing, such as the removal of a rating that was never negative, changes nothing.
        depths, since = dict.fromkeys((blemish.component for blemish in found), 0), FOREVER
        for blemish in sorted(found, key=lambda blemish: blemish.known_at):
            depths[blemish.component] = max(depths[blemish.component] + blemish.step, 0)
            if since == FOREVER and any(depths.values()):
                since = blemish.known_at
            elif since != FOREVER and not any(depths.values()):
                yield blemish.purchased_at, since, blemish.known_at
                since = FOREVER
        if since != FOREVER:
            yield found[0].purchased_at, since, FOREVER


def _counts(rule: Rule, blemish: Blemish) -> bool:
    """Whether the metric counts it: a rating does by its stars, and as negative when it comes without."""
    if blemish.component != "negative_feedback" or blemish.stars is None:
        return True
    return rule.negative_stars is not None and blemish.stars <= rule.negative_stars


def daily_late(rule: Rule, replies: Spans, days: Days) -> Daily:
    """Return the share of late first replies of each day over the window that ends with it.

    A contact counts by the day on which the buyer wrote, once it is known whether the answer came in time: when
    it is answered, or when its deadline has passed.
    """
    wide = days.from_earlier(window_of(rule))
    late = replies.ended > replies.expires
    known = wide.index(np.where(late, replies.expires, replies.ended))
    leaves = wide.index(replies.started) + window_of(rule)
    return _latest(days, wide.spread(known, leaves, late.astype(np.float64)), wide.spread(known, leaves))


def daily_mean_reply(rule: Rule, replies: Spans, days: Days) -> Daily:
    """Return the mean first reply in wall hours of each day, over the contacts answered in the window."""
    wide = days.from_earlier(window_of(rule))
    answered = replies.ended != FOREVER
    started, ended = replies.started[answered], replies.ended[answered]
    known = wide.index(ended)
    leaves = known + window_of(rule)
    # Summed in whole microseconds: hours would leave rounding errors behind when they are taken off again.
    waited = wide.spread(known, leaves, (ended - started).astype(np.float64))
    return _latest(days, waited / HOUR, wide.spread(known, leaves))


@frozen
class ReplyFigures:
    """First replies to the contacts of one period, as known at its end.

    Rates are shares of `contacts` whose outcome is known; `open` contacts wait for their answer still, and
    enter the mean and the percentiles (50, 90, 95) with the hours they have waited so far, a lower bound.
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
    compute = {"late_reply_rate": daily_late, "mean_first_reply_hours": daily_mean_reply}[rule.name]
    return compute(rule, replies, days)


def readings(policy: Policy, docket: Docket, orders: Orders, at: Instant) -> list[Reading]:
    """Return every metric in force on one marketplace as of an instant, the marketplace's own first.

    What happened after it is left out; what was answered or not by then is taken from the docket.
    """
    terms = policy.at(at)
    today = local_date(at, policy.marketplace.zone)
    return [
        _reading(rule, set_by, docket, orders, policy.marketplace, today, at)
        for set_by, book in (("rule", terms.rulebook), ("handbook", terms.handbook))
        for rule in book.rows
        if rule.kind == "metric"
    ]


def first_replies(policy: Policy, docket: Docket, at: Instant) -> ReplyFigures | None:
    """Return the first replies of one marketplace as of an instant, over the window of its late reply rate.

    The window ends with the local day in which `at` lies, cut off there. None where no metric sets a window.
    """
    rule = next((rule for rule in policy.metrics(at) if rule.name == "late_reply_rate"), None)
    if rule is None:
        return None
    name, zone = policy.marketplace.name, policy.marketplace.zone
    since = start_of_day(local_date(at, zone) - timedelta(window_of(rule) - 1), zone)
    waiting = [case for case in docket.cases.values() if case.deadlines]
    replies, silence = (docket.tally.spans(name, deadline, waiting) for deadline in ("first_reply", "silence"))
    # What is known at the instant counts, so the span reaches to just after it.
    return replies_between(replies, silence, since, at + 1)


def _reading(
    rule: Rule,
    set_by: str,
    docket: Docket,
    orders: Orders,
    marketplace: Marketplace,
    today: date,
    at: Instant,
) -> Reading:
    back = max(rule.running, 1)
    days = Days.spanning(today - timedelta(back - 1), today, marketplace.zone).up_to(at)
    series = daily(rule, docket, orders, marketplace.name, days)
    missed = [not (np.isnan(value) or meets(rule, value)) for value in series.values]
    running = next((i for i, miss in enumerate(reversed(missed)) if not miss), len(missed))
    value = None if np.isnan(series.values[-1]) else float(series.values[-1])
    return Reading(
        rule.name,
        marketplace.name,
        set_by,
        today,
        value,
        float(series.numerator[-1]),
        int(series.denominator[-1]),
        float(rule.target or 0),
        not missed[-1],
        running,
        running >= back,
        _components(rule, docket, marketplace.name, days) if rule.name == "order_defect_rate" else {},
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
