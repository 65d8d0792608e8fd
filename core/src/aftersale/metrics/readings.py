"""Readings: the metrics in force read as of any day, and the state of an account that follows."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from math import isnan

from attrs import define, field, frozen

from aftersale.channels import FULFILLED_BY_MARKETPLACE, WORD_OF
from aftersale.clocks import Instant, local_date
from aftersale.engine.docket import Docket
from aftersale.metrics.days import Daily, Days, day_number
from aftersale.metrics.measures import Measure, OfOrders, measure
from aftersale.orders import Orders
from aftersale.policies.marketplaces import Marketplace
from aftersale.policies.metric_kinds import MetricKind
from aftersale.policies.policy import Policy
from aftersale.rules import Rule

STATES = ("healthy", "at_risk", "review", "deactivated")
"""The states of an account, from good to bad."""


@frozen
class Reading:
    """One metric of one marketplace as of an instant, and the local day in which that lies.

    `value` is None when the denominator is 0. `met` is whether the target is met; `running_days` is for how many days
    in a row it has been missed, at most as many as the consequence requires; `triggered` is whether it was missed on
    all of those. `components` are the defective orders by component, `fulfilment` the (numerator, denominator) of what
    the seller ships and of what the marketplace ships, by the words of their channels. `bearable` is by how many the
    numerator can grow today before the target is missed, below 0 when it is missed already; None where the numerator
    counts nothing bad, or the denominator is 0.
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
    fulfilment: dict[str, tuple[int, int]] = field(factory=dict)
    bearable: int | None = None
    state: str = "healthy"
    consequence: str = ""


def meets(rule: Rule, value: float) -> bool:
    """Whether a value meets the metric's target: beyond it on the right side, or equal to it where it is not strict."""
    target = float(rule.target or 0)
    if value == target:
        return not rule.strict
    return value > target if rule.direction == "above" else value < target


def bearable(rule: Rule, kind: MetricKind, numerator: int, denominator: int) -> int | None:
    """Return how many more defects the target allows, with the denominator as it is; None where it is 0.

    Under a strict target of 1 %, 100 orders bear no defect, 200 one, 500 four, 1,000 nine.
    """
    if not denominator or rule.direction == "above" or not kind.is_share:
        return None
    line = (rule.target or Decimal(0)) * denominator
    most = line.to_integral_value(ROUND_CEILING) - 1 if rule.strict else line.to_integral_value(ROUND_FLOOR)
    return int(most) - numerator


def daily(rule: Rule, policy: Policy, docket: Docket, orders: Orders, days: Days) -> Daily:
    """Return a metric of one marketplace on each of the days, as it was known at their ends."""
    kind = policy.metric_kinds[rule.name]
    return measure(rule, kind, policy.marketplace).read(docket.tally, orders, days)


@define(eq=False)
class _Watch:
    """One metric read day by day: its measures, whole and in parts, and for how many days its target was missed."""

    rule: Rule
    kind: MetricKind
    set_by: str
    whole: Measure
    parts: dict[str, Measure]
    groups: dict[str, Measure]
    day: int | None = None
    missed: int = 0
    missed_before: int = 0


class Account:
    """The metrics of one marketplace, read day by day: a reading costs time by what has happened since the last."""

    def __init__(self, policy: Policy) -> None:
        """Begin with nothing read."""
        self._policy = policy
        self._watches: dict[Rule, _Watch] = {}

    def readings(self, docket: Docket, orders: Orders, at: Instant) -> list[Reading]:
        """Return every metric in force as of an instant, the marketplace's own first; instants never go back.

        The docket has recorded all facts known by then, and has advanced to it.
        """
        terms, place = self._policy.at(at), self._policy.marketplace
        day = day_number(local_date(at, place.zone))
        sold = orders.until(at)
        watched = [
            self._watches.setdefault(rule, self._watches.get(rule) or self._watch(rule, set_by, sold.channels))
            for set_by, book in (("rule", terms.rulebook), ("handbook", terms.handbook))
            for rule in book.rows
            if rule.kind == "metric"
        ]
        return [_read(watch, docket, sold, place, day) for watch in watched]

    def _watch(self, rule: Rule, set_by: str, channels: Collection[str]) -> _Watch:
        kind, place = self._policy.metric_kinds[rule.name], self._policy.marketplace
        whole = measure(rule, kind, place)
        if kind.counts != "orders" or len(kind.defects) == 1:
            return _Watch(rule, kind, set_by, whole, {}, {})
        parts: dict[str, Measure] = {name: OfOrders(rule, place, components={name}) for name in sorted(kind.defects)}
        shipped = {
            WORD_OF["seller"]: set(channels) - FULFILLED_BY_MARKETPLACE,
            WORD_OF["marketplace"]: set(channels) & FULFILLED_BY_MARKETPLACE,
        }
        groups: dict[str, Measure] = {
            name: OfOrders(rule, place, group, kind.defects) for name, group in shipped.items() if group
        }
        return _Watch(rule, kind, set_by, whole, parts, groups)


def readings(policy: Policy, docket: Docket, orders: Orders, at: Instant) -> list[Reading]:
    """Return every metric in force on one marketplace as of an instant, the marketplace's own first."""
    return Account(policy).readings(docket, orders, at)


def _read(watch: _Watch, docket: Docket, orders: Orders, place: Marketplace, day: int) -> Reading:
    rule, back = watch.rule, max(watch.rule.running, 1)
    first = day - back + 1 if watch.day is None else watch.day
    whole = watch.whole.read(docket.tally, orders, Days(first, day, place.zone))
    _follow(watch, whole, day)
    today = Days(day, day, place.zone)
    parts = {name: int(part.read(docket.tally, orders, today).numerator[0]) for name, part in watch.parts.items()}
    groups = {name: part.read(docket.tally, orders, today) for name, part in watch.groups.items()}
    value, numerator = float(whole.values[-1]), float(whole.numerator[-1])
    denominator = round(float(whole.denominator[-1]))
    met, triggered = watch.missed == 0, watch.missed >= back
    return Reading(
        rule.name,
        place.name,
        watch.set_by,
        date(1970, 1, 1) + timedelta(day),
        None if isnan(value) else value,
        numerator,
        denominator,
        float(rule.target or 0),
        met,
        min(watch.missed, back),
        triggered,
        parts,
        {name: (int(group.numerator[0]), int(group.denominator[0])) for name, group in groups.items()},
        bearable(rule, watch.kind, round(numerator), denominator),
        (rule.state or "healthy") if triggered else "healthy",
        rule.consequence,
    )


def _follow(watch: _Watch, series: Daily, day: int) -> None:
    """Count for how many days in a row the target was missed; the last day may be read again."""
    values = series.values.tolist()
    missed = watch.missed_before if watch.day is not None else 0
    for index, value in enumerate(values):
        if index == len(values) - 1:
            watch.missed_before = missed
        missed = 0 if isnan(value) or meets(watch.rule, value) else missed + 1
    watch.day, watch.missed = day, missed


def standing(metrics: Collection[Reading]) -> tuple[str, list[Reading]]:
    """Return the state of the account, and the metrics that lead to it."""
    worst = max((STATES.index(reading.state) for reading in metrics), default=0)
    return STATES[worst], [reading for reading in metrics if worst and reading.state == STATES[worst]]
