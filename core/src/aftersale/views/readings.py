"""Readings: the metrics of an account as plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from aftersale.clocks import Instant, moment

if TYPE_CHECKING:
    from aftersale.metrics.readings import Reading


class PartRecord(TypedDict):
    """What the seller ships, or what the marketplace ships: defective orders and all orders."""

    defects: int
    orders: int


class ReadingRecord(TypedDict):
    """A reading of a metric as JSON shows it; the day is ISO text, `value` is null where there is nothing to count."""

    metric: str
    marketplace: str
    set_by: str
    day: str
    value: float | None
    numerator: float
    denominator: int
    target: float
    met: bool
    running_days: int
    triggered: bool
    components: dict[str, int]
    fulfilment: dict[str, PartRecord]
    bearable: int | None
    state: str
    consequence: str


def reading_record(reading: Reading) -> ReadingRecord:
    """Return a reading as plain data for JSON."""
    return ReadingRecord(
        metric=reading.metric,
        marketplace=reading.marketplace,
        set_by=reading.set_by,
        day=reading.day.isoformat(),
        value=reading.value,
        numerator=reading.numerator,
        denominator=reading.denominator,
        target=reading.target,
        met=reading.met,
        running_days=reading.running_days,
        triggered=reading.triggered,
        components=reading.components,
        fulfilment={name: PartRecord(defects=bad, orders=all_) for name, (bad, all_) in reading.fulfilment.items()},
        bearable=reading.bearable,
        state=reading.state,
        consequence=reading.consequence,
    )


def instant_text(instant: Instant) -> str:
    """Return an instant as ISO text in UTC."""
    return moment(instant, "UTC").isoformat()
