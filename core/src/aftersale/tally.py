"""The tally: what metrics count, kept as columns while facts go by."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator

import numpy as np
from attrs import Factory, define, frozen
from numpy.typing import NDArray

from aftersale.cases import Case, Deadline
from aftersale.clocks import Instant
from aftersale.engine import Outcome
from aftersale.facts import Fact
from aftersale.orders import Order

FOREVER = np.iinfo(np.int64).max
"""Stands for the end of what has not ended yet."""
NO_ANSWER_NEEDED = "no_reply_needed"
ORDER_FACTS = {
    "feedback_left": ("negative_feedback", 1),
    "feedback_removed": ("negative_feedback", -1),
    "chargeback_filed": ("chargeback", 1),
    "chargeback_reversed": ("chargeback", -1),
}
"""Facts about an order alone that make it defective, or no longer so: component, and one more or one less."""


def _column() -> array[int]:
    return array("q")


@define
class _Spans:
    started: array[int] = Factory(_column)
    expires: array[int] = Factory(_column)
    ended: array[int] = Factory(_column)

    def add(self, deadline: Deadline, ended: Instant) -> None:
        self.started.append(deadline.started_at)
        self.expires.append(deadline.expires_at)
        self.ended.append(ended)


@frozen(eq=False)
class Spans:
    """Deadlines of one name on one marketplace, as int64 instants: `ended` is FOREVER while nobody has acted."""

    started: NDArray[np.int64]
    expires: NDArray[np.int64]
    ended: NDArray[np.int64]


@frozen
class Blemish:
    """Something that makes an order a defect (`step` 1) or takes that back (-1), as known at an instant.

    `component` is `claim`, `negative_feedback` or `chargeback`; `stars` belongs to feedback.
    """

    order: str
    marketplace: str
    purchased_at: Instant
    component: str
    known_at: Instant
    step: int
    stars: float | None = None


class Tally:
    """Counts as facts go by: every deadline's begin and end, every blemish on an order."""

    def __init__(self) -> None:
        """Begin with nothing counted."""
        self.blemishes: list[Blemish] = []
        self._spans: dict[tuple[str, str], _Spans] = {}

    def moved(self, outcome: Outcome, fact: Fact, order: Order) -> None:
        """Count what this fact did to a case."""
        case = outcome.case
        if outcome.closed and fact.kind != NO_ANSWER_NEEDED:
            for deadline in outcome.closed:
                self._columns(case.marketplace, deadline.name).add(deadline, fact.occurred_at)
        if outcome.defect:
            self._blemish(order, "claim", fact, outcome.defect)

    def rated(self, fact: Fact, order: Order) -> None:
        """Count a fact about an order alone: a rating or a chargeback; other facts leave no trace here."""
        if fact.kind in ORDER_FACTS:
            component, step = ORDER_FACTS[fact.kind]
            self._blemish(order, component, fact, step)

    def _blemish(self, order: Order, component: str, fact: Fact, step: int) -> None:
        where = (order.id, order.marketplace, order.purchased_at)
        self.blemishes.append(Blemish(*where, component, fact.known_at, step, fact.value))

    def _columns(self, marketplace: str, name: str) -> _Spans:
        key = (marketplace, name)
        found = self._spans.get(key)
        if found is None:
            found = self._spans[key] = _Spans()
        return found

    def spans(self, marketplace: str, name: str, open_cases: Iterable[Case] = ()) -> Spans:
        """Return the deadlines of that name, the running ones of the open cases among them."""
        done = self._spans.get((marketplace, name), _Spans())
        running = [deadline for deadline in _running(open_cases, marketplace) if deadline.name == name]
        columns = (
            (done.started, [deadline.started_at for deadline in running]),
            (done.expires, [deadline.expires_at for deadline in running]),
            (done.ended, [FOREVER] * len(running)),
        )
        return Spans(*(np.concatenate([np.array(a, np.int64), np.array(b, np.int64)]) for a, b in columns))


def _running(cases: Iterable[Case], marketplace: str) -> Iterator[Deadline]:
    for case in cases:
        if case.marketplace == marketplace:
            yield from case.deadlines
