"""Statistics: means of replications with their intervals, and queueing theory to check them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import ceil, fsum, inf, isfinite, sqrt

from attrs import field, frozen

CONFIDENCE = 0.95
"""Of every interval here."""
_UPPER = (1 + CONFIDENCE) / 2

Ends = tuple[float, float]
"""The least and the greatest value that a quantity can have."""
UNBOUNDED: Ends = (-inf, inf)
_FEW = 3
"""Values below which an interval is wild where it is wider than the value itself: of two, it is 13 of their errors."""
_DUST = 1e-12
_ULPS = 100
"""Roundings of the last digit that a mean and its ends may differ by: of large amounts these are more than dust."""


@cache
def normal_margin() -> float:
    """Return the standard deviations on either side of a normal's mean within which it lies with that confidence."""
    from scipy.special import ndtri  # slow to load: what tells no interval does without

    return float(ndtri(_UPPER))


@frozen
class Estimate:
    """A mean with its confidence interval, from `size` values.

    `low` and `high` are None if there are too few values for an interval; `mean` is None if there is no value.
    `half_width` is half of the interval before its ends were drawn in to what the quantity can be.
    """

    mean: float | None
    low: float | None
    high: float | None
    half_width: float | None = field(default=None, eq=False)
    size: int = field(default=0, eq=False)

    @property
    def is_wild(self) -> bool:
        """Whether two values alone span more than their mean is from 0: such an interval tells nothing."""
        return self.half_width is not None and self.size < _FEW and self.half_width > abs(self.mean or 0.0) + _DUST

    @property
    def is_cut(self) -> bool:
        """Whether an end was drawn in, so that the mean is not in the middle."""
        if self.mean is None or self.low is None or self.high is None or self.half_width is None:
            return False
        rounding = _DUST + _DUST * abs(self.mean) * _ULPS
        return min(self.mean - self.low, self.high - self.mean) < self.half_width - rounding


def estimate(values: Sequence[float | None], together: int = 1, within: Ends = UNBOUNDED) -> Estimate:
    """Return the mean and its Student-t interval; values that are None, NaN or infinite do not count.

    `together` such intervals hold jointly with the same confidence (Bonferroni), so each is wider. No end lies outside
    of what the values can be, `within`.
    """
    numbers = [float(value) for value in values if value is not None and isfinite(value)]
    if not numbers:
        return Estimate(None, None, None)
    mean = _mean(numbers)
    if len(numbers) < 2:
        return Estimate(mean, None, None)
    from scipy.special import stdtrit

    variance = fsum((value - mean) ** 2 for value in numbers) / (len(numbers) - 1)
    upper = 1 - (1 - _UPPER) / max(1, together)
    half = float(stdtrit(len(numbers) - 1, upper)) * sqrt(variance / len(numbers))
    least, most = within
    return Estimate(mean, max(least, mean - half), min(most, mean + half), half, len(numbers))


def _mean(values: Sequence[float]) -> float:
    # The mean of equal values is exactly that value; a sum of tenths would not be exact.
    low, high = min(values), max(values)
    return low if low == high else fsum(values) / len(values)


def difference(
    values: Sequence[float | None], reference: Sequence[float | None], together: int = 1, within: Ends = UNBOUNDED
) -> Estimate:
    """Return the mean paired difference to the reference, one of `together`; both have the same replications.

    Both lie `within` the same ends, so that their difference cannot be larger than these are apart.
    """
    pairs = zip(values, reference, strict=True)
    least, most = within
    apart = most - least
    return estimate([None if a is None or b is None else a - b for a, b in pairs], together, (-apart, apart))


def wilson(successes: int, size: int) -> tuple[float, float]:
    """Return Wilson's interval of a share; (0, 1) for no trials."""
    if not size:
        return 0.0, 1.0
    z = normal_margin()
    share, scale = successes / size, 1 + z * z / size
    centre = (share + z * z / (2 * size)) / scale
    half = z * sqrt(share * (1 - share) / size + z * z / (4 * size * size)) / scale
    return max(0.0, centre - half), min(1.0, centre + half)


SURE = 0.99
"""The largest share of periods that is told by counting: more would take thousands of replications."""


def is_undecided(successes: int, size: int, share: float) -> bool:
    """Whether so many replications are too few to tell if something happens in a `share` of all periods.

    They are when Wilson's interval holds the share, and a single one always is.
    """
    low, high = wilson(successes, size)
    return size < 2 or low < min(share, SURE) <= high


def enough(size: int, share: float) -> int:
    """Return how many replications tell a share, if all of them succeed; twice as many where that is not more."""
    more = size
    while wilson(more, more)[0] < min(share, SURE):
        more += ceil(more / 4)
    return more if more > size else 2 * size


def erlang_c(servers: int, offered: float) -> tuple[float, float]:
    """Return the chance to wait and the mean wait of M/M/c, the wait in mean handling times.

    `offered` is the load in agents: arrivals per handling time. If the servers cannot keep up, everybody waits
    for ever: (1, inf).
    """
    if offered >= servers:
        return 1.0, float("inf")
    blocked = 1.0
    # Erlang's B, server by server: factorials would overflow.
    for server in range(1, servers + 1):
        blocked = offered * blocked / (server + offered * blocked)
    waits = blocked / (1 - offered / servers * (1 - blocked))
    return waits, waits / (servers - offered)


def erlang_c_agents(offered: float) -> tuple[int, float]:
    """Return the fewest agents that keep up with a load by Erlang C, and their mean wait in mean handling times."""
    agents = int(offered) + 1
    return agents, erlang_c(agents, offered)[1]
