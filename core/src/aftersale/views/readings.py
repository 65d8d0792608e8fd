"""Readings: the metrics of an account as plain data."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, TypedDict

from aftersale.base.translations import core_text as text
from aftersale.metrics.readings import lines_of

if TYPE_CHECKING:
    from aftersale.metrics.readings import Evaluation, Reading, Volume


class PartRecord(TypedDict):
    """What the seller ships, or what the marketplace ships: defective orders and all orders."""

    defects: int
    orders: int


class LateRecord(TypedDict):
    """How many deadlines were missed, and how many have an outcome."""

    late: int
    counted: int


class VolumeRecord(TypedDict):
    """Why a line holds: orders of the last days, and from how many on, or below how many, it does."""

    orders: int
    in_days: int
    at_least: int | None
    below: int | None
    holds: bool


class EvaluationRecord(TypedDict):
    """The last day on which a line was judged, null where it is younger, what it read then, and the next such day."""

    day: str | None
    value: float | None
    numerator: float
    denominator: int
    next_day: str


class ReadingRecord(TypedDict):
    """A reading of a metric as JSON shows it; the day is ISO text.

    `value` is null where there is nothing to count, `met` also where fewer than `floor_orders` were counted. A metric
    may have several lines, told apart by `window_days`; tables then name the line as `line` does. `left_out` counts
    orders of which the journal does not say what the metric asks for; `over` tells whether the value is on the wrong
    side of the target, judged or not; a metric without a line has no `target`. `unit` is `share`, for values between 0
    and 1, or `hours`. `by_marketplace` is what a handbook's line counts from the marketplace's own end on, null where
    that is the same. `volume` is null for lines that hold whatever the number of orders, `evaluation` for those judged
    on every day; else `met`, `triggered` and `state` are those of the last day of evaluation.
    """

    metric: str
    line: str
    unit: str
    marketplace: str
    set_by: str
    day: str
    value: float | None
    numerator: float
    denominator: int
    target: float | None
    window_days: int
    floor_orders: int
    floor_cases: int
    left_out: int
    over: bool
    met: bool | None
    running_days: int
    triggered: bool
    components: dict[str, int]
    fulfilment: dict[str, PartRecord]
    bearable: int | None
    state: str
    consequence: str
    by_marketplace: LateRecord | None
    volume: VolumeRecord | None
    evaluation: EvaluationRecord | None


def reading_records(readings: Collection[Reading]) -> list[ReadingRecord]:
    """Return the readings of one or more marketplaces as plain data for JSON."""
    return [_record(line, reading) for line, reading in zip(lines_of(readings), readings, strict=True)]


def _record(line: str, reading: Reading) -> ReadingRecord:
    own = reading.by_marketplace
    return ReadingRecord(
        metric=reading.metric,
        line=line,
        unit=reading.unit,
        marketplace=reading.marketplace,
        set_by=reading.set_by,
        day=reading.day.isoformat(),
        value=reading.value,
        numerator=reading.numerator,
        denominator=reading.denominator,
        target=reading.target,
        window_days=reading.window_days,
        floor_orders=reading.floor_orders,
        floor_cases=reading.floor_cases,
        left_out=reading.left_out,
        over=reading.over,
        met=reading.met,
        running_days=reading.running_days,
        triggered=reading.triggered,
        components=reading.components,
        fulfilment={name: PartRecord(defects=bad, orders=all_) for name, (bad, all_) in reading.fulfilment.items()},
        bearable=reading.bearable,
        state=reading.state,
        consequence=reading.consequence,
        by_marketplace=None if own is None else LateRecord(late=own[0], counted=own[1]),
        volume=None if reading.volume is None else _volume(reading.volume),
        evaluation=None if reading.evaluation is None else _evaluation(reading.evaluation),
    )


def _volume(volume: Volume) -> VolumeRecord:
    return VolumeRecord(
        orders=volume.orders,
        in_days=volume.in_days,
        at_least=volume.at_least,
        below=volume.below,
        holds=volume.holds,
    )


def _evaluation(evaluation: Evaluation) -> EvaluationRecord:
    return EvaluationRecord(
        day=None if evaluation.day is None else evaluation.day.isoformat(),
        value=evaluation.value,
        numerator=evaluation.numerator,
        denominator=evaluation.denominator,
        next_day=evaluation.next_day.isoformat(),
    )


def value_text(reading: ReadingRecord) -> str:
    """Return the value of a metric with its unit, "–" where there is nothing to count."""
    value = reading["value"]
    if value is None:
        return text("replay.nothing")
    if reading["unit"] == "hours":
        return text("replay.hours", value=f"{value:.1f}")
    return text("replay.percent", value=f"{100 * value:.2f}")


def target_text(reading: ReadingRecord) -> str:
    """Return the target of a metric with its unit, and what set it; "–" where it is told without a line."""
    if reading["target"] is None:
        return text("replay.nothing")
    if reading["unit"] == "hours":
        target = text("replay.hours", value=f"{reading['target']:g}")
    else:
        target = text("replay.percent", value=f"{100 * reading['target']:g}")
    return f"{target} ({reading['set_by']})"


def unjudged(reading: ReadingRecord) -> str:
    """Return why there is no verdict on a metric: nothing to count, or too few; empty where there is one."""
    if reading["value"] is None:
        return text("replay.nothing")
    if reading["target"] is None:
        return text("replay.no_line")
    if reading["volume"] is not None and not reading["volume"]["holds"]:
        return text("replay.other_volume", orders=reading["volume"]["orders"], days=reading["volume"]["in_days"])
    if reading["evaluation"] is not None and reading["evaluation"]["day"] is None:
        return text("replay.first_judged", day=reading["evaluation"]["next_day"])
    return _too_few(reading["evaluation"] or reading, reading) if reading["met"] is None else ""


def _too_few(judged: ReadingRecord | EvaluationRecord, reading: ReadingRecord) -> str:
    """Return why what was judged has no verdict: nothing was counted then, or too little."""
    if judged["value"] is None:
        return text("replay.nothing")
    if judged["denominator"] < reading["floor_orders"]:
        return text("replay.few", counted=judged["denominator"], floor=reading["floor_orders"])
    return text("replay.few_cases", counted=f"{judged['numerator']:.0f}", floor=reading["floor_cases"])


def metric_notes(readings: Collection[ReadingRecord]) -> list[str]:
    """Return what a table of metrics cannot say: orders that one leaves out, and whose end another counts from."""
    left_out = [
        text("replay.left_out", marketplace=reading["marketplace"], metric=reading["line"], count=reading["left_out"])
        for reading in readings
        if reading["left_out"]
    ]
    windows = [
        text("replay.volume", **_named(reading), window=reading["window_days"], why=_why(volume))
        for reading in readings
        if (volume := reading["volume"]) is not None and volume["holds"]
    ]
    return [*left_out, *windows, *_evaluations(readings)] + [
        text("replay.own_end", marketplace=reading["marketplace"], metric=reading["line"], **reading["by_marketplace"])
        for reading in readings
        if reading["by_marketplace"] is not None
    ]


def _why(volume: VolumeRecord) -> str:
    """Return for which number of orders a line holds, and how many there were."""
    counted = {"orders": volume["orders"], "days": volume["in_days"]}
    if volume["at_least"] is None:
        return text("replay.volume_below", **counted, below=volume["below"])
    if volume["below"] is None:
        return text("replay.volume_at_least", **counted, least=volume["at_least"])
    return text("replay.volume_between", **counted, least=volume["at_least"], below=volume["below"])


def _named(reading: ReadingRecord) -> dict[str, str]:
    return {"marketplace": reading["marketplace"], "metric": reading["line"]}


def _evaluations(readings: Iterable[ReadingRecord]) -> Iterator[str]:
    """Yield when each line was judged that is not judged on every day, at what, and when it will be."""
    for reading in readings:
        evaluation = reading["evaluation"]
        if evaluation is not None and evaluation["day"] is not None:
            value = value_text({**reading, "value": evaluation["value"]})
            counted = f"{evaluation['numerator']:.0f} / {evaluation['denominator']}"
            days = {"day": evaluation["day"], "next_day": evaluation["next_day"]}
            yield text("replay.judged", **_named(reading), **days, value=value, counted=counted)
