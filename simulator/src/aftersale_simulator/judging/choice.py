"""Choice: by which money variants are ranked, and whether the replications tell the best from the next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import ceil, fsum, inf
from typing import TYPE_CHECKING

from attrs import frozen

from aftersale_simulator.books.money import CONTRIBUTION, TOTAL, Rest
from aftersale_simulator.runs.results import COST
from aftersale_simulator.runs.statistics import Estimate, estimate

if TYPE_CHECKING:
    from aftersale_simulator.runs.results import Result
    from aftersale_simulator.scenario.model import Cheapest, Scenario

RANKED: Mapping[Cheapest, tuple[str, int]] = {
    "contribution": (CONTRIBUTION, 1),
    "total": (TOTAL, -1),
    "labour": (COST, -1),
}
"""The metric that variants are ranked by, and whether more of it is better (1) or worse (-1)."""
TOLD = 3
"""How many of the numbers that money rests on an answer names."""
_DUST = 1e-9

Values = Sequence[float | None]


@frozen
class Margin:
    """How much better one variant is than another in what they are ranked by, replication by replication.

    `enough` is about how many replications would tell them apart, None where they are equal or it is told already.
    """

    difference: Estimate
    enough: int | None

    @property
    def is_told(self) -> bool:
        """Whether the interval of the difference lies on one side of zero."""
        low, high = self.difference.low, self.difference.high
        return low is not None and high is not None and (low > _DUST or high < -_DUST)

    @property
    def is_none(self) -> bool:
        """Whether both came out the same."""
        return not self.difference.mean and not self.difference.half_width


def margin(best: Values, other: Values, sign: int) -> Margin:
    """Return how much better the first values are; both have the same replications."""
    pairs = zip(best, other, strict=True)
    difference = estimate([None if a is None or b is None else sign * (a - b) for a, b in pairs])
    half, mean = difference.half_width, difference.mean
    enough = ceil(difference.size * (half / mean) ** 2) + 1 if half and mean and half >= abs(mean) else None
    return Margin(difference, enough)


def channels_differ(scenarios: Iterable[Scenario]) -> bool:
    """Whether a marketplace's orders go through other channels in one scenario than in another."""
    by_marketplace: dict[str, dict[str, float]] = {}
    for scenario in scenarios:
        for name, sales in scenario.marketplace.items():
            shares = {channel: float(share) for channel, share in sales.channels.items() if share}
            if by_marketplace.setdefault(str(name), shares) != shares:
                return True
    return False


@frozen
class Swing:
    """An assumed number, and what the money would be with it at two ends: half of it and its double, in its range."""

    name: str
    value: float
    low: float
    high: float
    at_low: float
    at_high: float

    @property
    def width(self) -> float:
        """How far the money moves over the range."""
        return abs(self.at_high - self.at_low)


def swings(money: float, results: Sequence[Result], against: Sequence[Result] = ()) -> list[Swing]:
    """Return the assumed numbers on which an amount of money hangs most, by a straight line through what was booked.

    The money is the mean contribution of some results, or with `against` what it is beside that of others. Each number
    is halved and doubled, within its declared range: some may be anything from nothing to the whole price.
    """
    ours, others = _rests(results), _rests(against)
    found = []
    for name in dict.fromkeys((*ours, *others)):
        rest = ours.get(name) or others[name]
        slope = (ours[name].slope if name in ours else 0.0) - (others[name].slope if name in others else 0.0)
        low, high = max(rest.low, rest.value / 2), min(rest.high, 2 * rest.value)
        ends = (money + slope * (end - rest.value) for end in (low, high))
        found.append(Swing(name, rest.value, low, high, *ends))
    moving = (swing for swing in found if swing.width > _DUST)
    return sorted(moving, key=lambda swing: (-swing.width, swing.name))[:TOLD]


def _rests(results: Sequence[Result]) -> dict[str, Rest]:
    """Return the numbers that the mean of some results rests on."""
    names = dict.fromkeys(name for result in results for name in result.rests)
    rests = {}
    for name in names:
        known = [result.rests[name] for result in results if name in result.rests]
        first = known[0]
        rests[name] = Rest(first.value, first.low, first.high, fsum(rest.slope for rest in known) / len(results))
    return rests


def worth(values: Values, sign: int) -> float:
    """Return a mean by which variants are ranked: more is better; minus infinity where it is not known."""
    known = [value for value in values if value is not None]
    return sign * fsum(known) / len(known) if known and len(known) == len(values) else -inf
