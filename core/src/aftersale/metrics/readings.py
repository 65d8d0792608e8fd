"""Readings: the metrics in force read as of any day, and the state of an account that follows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from math import isnan, nan

import numpy as np
from attrs import define, evolve, field, frozen
from numpy.typing import NDArray

from aftersale.channels import FULFILLED_BY_MARKETPLACE, WORD_OF
from aftersale.clocks import Instant, local_date
from aftersale.engine.docket import Docket
from aftersale.metrics.days import Daily, Days, day_number, day_of
from aftersale.metrics.measures import Figure, Measure, OfOrders, measure
from aftersale.order_columns import Orders
from aftersale.policies.marketplaces import Marketplace
from aftersale.policies.metric_kinds import MetricKind, Unit
from aftersale.policies.policy import Policy
from aftersale.rules import Rule

STATES = ("healthy", "at_risk", "review", "deactivated")
"""The states of an account, from good to bad."""


@frozen
class Volume:
    """Why a line `holds` or not: so many orders were bought in so many days, and it is for `at_least`, or `below`."""

    orders: int
    in_days: int
    at_least: int | None
    below: int | None
    holds: bool


@frozen
class Evaluation:
    """The last day on which a line was judged that is not judged on every day, what it read then, and the next day.

    `day` is None where the line is younger than its last day.
    """

    day: date | None
    value: float | None
    numerator: float
    denominator: int
    next_day: date


@frozen
class Reading:
    """One metric of one marketplace as of an instant, and the local day in which that lies.

    `value` is None when the denominator is 0. `met` is whether the target is met, None where there is nothing to judge:
    no denominator, or one below the floor, from which on the metric is judged. `running_days` is for how many days in a
    row it has been missed, at most as many as the consequence requires; `triggered` is whether it was missed on all of
    those. `components` are the defective orders by component, `fulfilment` the (numerator, denominator) of what the
    seller ships and of what the marketplace ships, by the words of their channels. `bearable` is by how many the
    numerator can grow today before the target is missed, below 0 when it is missed already; None where the numerator
    counts nothing bad, or nothing is judged. `window_days` tells the lines of one metric apart. `left_out` counts the
    orders of the window that do not count because the journal does not say what the metric asks for. `over` is whether
    the value is on the wrong side of its line, be it judged or not. `unit` says what value and target are. A metric
    that is told without a line has no `target`, and nothing follows from it. A line of the handbook counts deadlines as
    late from their due time on; `by_marketplace` is the (numerator, denominator) from the marketplace's own end on,
    None where it is the same. `volume` says why this line holds and no other of the metric;
    where none does, all are read and none is judged. Of a line that is judged on one day of each month, `met`,
    `triggered` and `state` are those of the last such day, `evaluation`; value and bearable are today's.
    """

    metric: str
    marketplace: str
    set_by: str
    day: date
    value: float | None
    numerator: float
    denominator: int
    target: float | None
    met: bool | None
    running_days: int = 0
    triggered: bool = False
    components: dict[str, int] = field(factory=dict)
    fulfilment: dict[str, tuple[int, int]] = field(factory=dict)
    bearable: int | None = None
    state: str = "healthy"
    consequence: str = ""
    window_days: int = 0
    floor_orders: int = 0
    left_out: int = 0
    over: bool = False
    unit: Unit = "share"
    by_marketplace: tuple[int, int] | None = None
    volume: Volume | None = None
    evaluation: Evaluation | None = None
    floor_cases: int = 0


def meets(rule: Rule, value: float) -> bool:
    """Whether a value meets the metric's target: beyond it on the right side, or equal to it where it is not strict."""
    return _is_within(rule, rule.target, value)


def _is_within(rule: Rule, limit: Decimal | None, value: float) -> bool:
    target = float(limit or 0)
    if value == target:
        return not rule.strict
    return value > target if rule.direction == "above" else value < target


def verdict(rule: Rule, value: float, counted: float) -> bool | None:
    """Whether a value of so many counted things meets the target; None where there is nothing to judge.

    What misses it with fewer cases than the line asks for is not judged.
    """
    if isnan(value) or counted < rule.floor_orders or rule.target is None:
        return None
    met = meets(rule, value)
    # Half a case off, against what dividing and multiplying leaves.
    return None if not met and value * counted < rule.floor_cases - 0.5 else met


def verdict_on(rule: Rule, day: date, figure: Figure) -> bool | None:
    """Return the verdict of a day from what was counted on it, None where the line is not judged then."""
    if not _binds(rule, day, figure.orders):
        return None
    value = figure.numerator / figure.denominator if figure.denominator > 0 else nan
    return verdict(rule, value, figure.denominator)


def _binds(rule: Rule, day: date, orders: float | None) -> bool:
    return (rule.judged_on is None or day.day == rule.judged_on) and (orders is None or rule.is_for(orders))


def binds(rule: Rule, series: Daily) -> list[bool]:
    """Return for each day whether the line is judged then: on a day of evaluation, with orders for which it holds."""
    if rule.judged_on is None and series.orders is None:
        return [True] * len(series.days)
    orders = [None] * len(series.days) if series.orders is None else series.orders.tolist()
    return [_binds(rule, day, sold) for day, sold in zip(series.days.dates(), orders, strict=True)]


def judgements(rule: Rule, series: Daily) -> NDArray[np.int8]:
    """Return the verdict of each day: 1 where the target is met, 0 where it is not, -1 where nothing is judged."""
    values, counted = series.values, series.denominator
    if rule.target is None:
        return np.full(len(values), -1, np.int8)
    target = float(rule.target)
    met = values > target if rule.direction == "above" else values < target
    if not rule.strict:
        met |= values == target
    judged = counted >= max(rule.floor_orders, 1)  # less than one is nothing
    if rule.floor_cases:
        judged &= met | ~(values * counted < rule.floor_cases - 0.5)
    if rule.judged_on is not None or series.orders is not None:
        judged &= np.array(binds(rule, series), bool)
    return np.where(judged, met, -1).astype(np.int8)


_WORDS = (False, True, None)


def verdicts(rule: Rule, series: Daily) -> list[bool | None]:
    """Return the verdict of each day, None on days on which the line is not judged."""
    return [_WORDS[number] for number in judgements(rule, series).tolist()]


def last_evaluation(rule: Rule, day: date) -> date:
    """Return the last day on which a line is judged, up to a day."""
    if rule.judged_on is None or rule.judged_on == day.day:
        return day
    month = day if day.day > rule.judged_on else day.replace(day=1) - timedelta(1)
    return month.replace(day=rule.judged_on)


def _next_evaluation(rule: Rule, day: date) -> date:
    """Return the first day on which a line is judged after a day."""
    if rule.judged_on is None:
        return day + timedelta(1)
    month = day if day.day < rule.judged_on else day.replace(day=28) + timedelta(4)
    return month.replace(day=rule.judged_on)


def lines_of(metrics: Collection[Reading]) -> list[str]:
    """Return the names of readings: a metric with several lines of one book is told apart by its window in days."""
    times = Counter((reading.marketplace, reading.set_by, reading.metric) for reading in metrics)
    return [
        f"{reading.metric}, {reading.window_days} d"
        if times[reading.marketplace, reading.set_by, reading.metric] > 1
        else reading.metric
        for reading in metrics
    ]


def bearable(rule: Rule, kind: MetricKind, numerator: int, denominator: int) -> int | None:
    """Return how many more defects the target allows, with the denominator as it is; None where it is 0.

    Under a strict target of 1 %, 100 orders bear no defect, 200 one, 500 four, 1,000 nine.
    """
    if not denominator or rule.direction == "above" or not kind.is_share:
        return None
    line = (rule.target or Decimal(0)) * denominator
    most = line.to_integral_value(ROUND_CEILING) - 1 if rule.strict else line.to_integral_value(ROUND_FLOOR)
    return max(int(most), rule.floor_cases - 1) - numerator


def daily(rule: Rule, policy: Policy, docket: Docket, orders: Orders, days: Days) -> Daily:
    """Return a metric of one marketplace on each of the days, as it was known at their ends."""
    kind = policy.metric_kinds[rule.name]
    return measure(rule, kind, policy.marketplace).series(docket, orders, days)


@define(eq=False)
class _Watch:
    """One metric read day by day: its measures, whole and in parts, and for how many days its target was missed."""

    rule: Rule
    kind: MetricKind
    set_by: str
    whole: Measure
    parts: dict[str, Measure]
    groups: dict[str, Measure]
    by_marketplace: Measure | None = None
    evaluated: tuple[int, float, float, int] | None = None
    orders: int = 0
    day: int | None = None
    missed: int = 0
    missed_before: int = 0


class Account:
    """The metrics of one marketplace, read day by day: a reading costs time by what has happened since the last."""

    def __init__(self, policy: Policy) -> None:
        """Begin with nothing read."""
        self._policy = policy
        self._watches: dict[tuple[str, Rule], _Watch] = {}

    def readings(self, docket: Docket, orders: Orders, at: Instant) -> list[Reading]:
        """Return every metric in force as of an instant, the marketplace's own first; instants never go back.

        The docket has recorded all facts known by then, and has advanced to it. `orders` are all of the source; those
        that were bought later do not count.
        """
        place = self._policy.marketplace
        watched = []
        for set_by, rule in self._policy.at(at).lines:
            if (set_by, rule) not in self._watches:
                self._watches[set_by, rule] = self._watch(rule, set_by, orders.channels)
            watched.append(self._watches[set_by, rule])
        return list(_held([(watch.rule, _read(watch, docket, orders, place, at)) for watch in watched]))

    def _watch(self, rule: Rule, set_by: str, channels: Collection[str]) -> _Watch:
        kind, place = self._policy.metric_kinds[rule.name], self._policy.marketplace
        whole = measure(rule, kind, place)
        if kind.counts == "deadlines" and set_by == "handbook":
            own = measure(evolve(rule, set_by="rule"), kind, place)
            return _Watch(rule, kind, set_by, whole, {}, {}, own)
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


def _held(readings: Sequence[tuple[Rule, Reading]]) -> Iterator[Reading]:
    """Yield the readings without those of lines for other numbers of orders, where a line of the metric holds."""
    held = {(each.set_by, rule.name, rule.channel) for rule, each in readings if each.volume and each.volume.holds}
    for rule, each in readings:
        if each.volume is None or each.volume.holds or (each.set_by, rule.name, rule.channel) not in held:
            yield each


def _read(watch: _Watch, docket: Docket, orders: Orders, place: Marketplace, at: Instant) -> Reading:
    rule, back, day = watch.rule, max(watch.rule.running, 1), day_number(local_date(at, place.zone))
    evaluation = day_number(last_evaluation(rule, day_of(day)))
    first = min(day - back + 1, evaluation) if watch.day is None else watch.day
    whole = watch.whole.read(docket, orders, Days(first, day, place.zone), at)
    _follow(watch, whole, day)
    _evaluate(watch, whole, evaluation)
    today = Days(day, day, place.zone)
    parts = {name: int(part.read(docket, orders, today, at).numerator[0]) for name, part in watch.parts.items()}
    groups = {name: part.read(docket, orders, today, at) for name, part in watch.groups.items()}
    value, numerator = float(whole.values[-1]), float(whole.numerator[-1])
    denominator = round(float(whole.denominator[-1]))
    by_marketplace = None
    if watch.by_marketplace is not None:
        own = watch.by_marketplace.read(docket, orders, today, at)
        by_marketplace = round(float(own.numerator[0])), round(float(own.denominator[0]))
    told = (evaluation, value, numerator, denominator) if rule.judged_on is None else watch.evaluated
    volume = _volume(rule, watch.orders) if rule.in_days else None
    met = None
    if told is not None and (volume is None or volume.holds):
        met = verdict(rule, told[1], told[3])
    triggered = watch.missed >= back if rule.judged_on is None else met is False
    return Reading(
        rule.name,
        place.name,
        watch.set_by,
        day_of(day),
        None if isnan(value) else value,
        numerator,
        denominator,
        None if rule.target is None else float(rule.target),
        met,
        min(watch.missed, back) if rule.judged_on is None else int(triggered),
        triggered,
        parts,
        {name: (int(group.numerator[0]), int(group.denominator[0])) for name, group in groups.items()},
        None if met is None else bearable(rule, watch.kind, round(numerator), denominator),
        _state(rule, value if told is None else told[1], met, triggered),
        rule.consequence,
        watch.whole.window,
        rule.floor_orders,
        watch.whole.left_out,
        rule.target is not None and not isnan(value) and not meets(rule, value),
        watch.kind.unit,
        by_marketplace if by_marketplace != (round(numerator), denominator) else None,
        volume,
        _evaluation(rule, watch.evaluated, day_of(day)),
        rule.floor_cases,
    )


def _volume(rule: Rule, orders: int) -> Volume:
    return Volume(orders, rule.in_days, rule.if_orders_at_least, rule.if_orders_below, rule.is_for(orders))


def _evaluate(watch: _Watch, series: Daily, evaluation: int) -> None:
    """Keep what was read on the last day on which the line was judged, if that is among these days."""
    index = evaluation - series.days.first
    if index < 0:
        return
    if series.orders is not None:
        watch.orders = round(float(series.orders[index]))
    if watch.rule.judged_on is not None and day_of(evaluation) >= (watch.rule.valid_from or date.min):
        counted = round(float(series.denominator[index]))
        watch.evaluated = evaluation, float(series.values[index]), float(series.numerator[index]), counted


def _evaluation(rule: Rule, evaluated: tuple[int, float, float, int] | None, day: date) -> Evaluation | None:
    if rule.judged_on is None:
        return None
    if evaluated is None:
        return Evaluation(None, None, 0.0, 0, _next_evaluation(rule, day))
    number, value, numerator, denominator = evaluated
    told = None if isnan(value) else value
    return Evaluation(day_of(number), told, numerator, denominator, _next_evaluation(rule, day))


def _state(rule: Rule, value: float, met: bool | None, triggered: bool) -> str:
    """Return what a metric does to its account: what its line says, or a review where that begins before the line."""
    if triggered:
        return rule.state or "healthy"
    near = met is not None and rule.review_target is not None and not _is_within(rule, rule.review_target, value)
    return "review" if near else "healthy"


def _follow(watch: _Watch, series: Daily, day: int) -> None:
    """Count for how many days in a row the target was missed; the last day may be read again."""
    days = verdicts(watch.rule, series)
    missed = watch.missed_before if watch.day is not None else 0
    for index, met in enumerate(days):
        if index == len(days) - 1:
            watch.missed_before = missed
        missed = missed + 1 if met is False else 0
    watch.day, watch.missed = day, missed


def standing(metrics: Collection[Reading]) -> tuple[str, list[Reading]]:
    """Return the state of the account, and the metrics that lead to it."""
    worst = max((STATES.index(reading.state) for reading in metrics), default=0)
    return STATES[worst], [reading for reading in metrics if worst and reading.state == STATES[worst]]
