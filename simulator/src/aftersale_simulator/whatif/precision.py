"""Precision: how many replications the deciding shares need to be known well enough."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, inf
from typing import TYPE_CHECKING

from attrs import frozen

from aftersale_simulator.runs.statistics import estimate

if TYPE_CHECKING:
    from aftersale_simulator.runs.results import Result

SHARES = ("late_reply_rate", "silence_48h_rate", "order_defect_rate")
"""The metrics with a wanted precision; all are shares."""
BUDGET = 500
"""Default for the largest number of replications of each variant (assumed)."""
_FIRST = 10


@frozen
class Precision:
    """A wanted precision: half of the 95 % interval of each share of each variant at most `half_width`; in a budget.

    To stop when an interval is short enough makes it a little too short at times: below a few dozen replications the
    true share is outside it somewhat more often than once in twenty.
    """

    half_width: float
    budget: int = BUDGET

    def widest(self, runs: Sequence[Sequence[Result]]) -> float:
        """Return the largest half width of any share of any variant; infinite if there is only one replication."""
        return max((_half_width(results, name) for results in runs for name in SHARES), default=0.0)

    def more(self, runs: Sequence[Sequence[Result]]) -> int:
        """Return how many replications to add: as many as the spread so far needs, at most as many as there are."""
        done, widest = len(runs[0]), self.widest(runs)
        if widest <= self.half_width:
            return 0
        needed = _FIRST if widest == inf else ceil(done * (widest / self.half_width) ** 2) - done
        return max(0, min(max(needed, 1), max(done, _FIRST), self.budget - done))


def _half_width(results: Sequence[Result], name: str) -> float:
    share = estimate([result.metrics.get(name) for result in results])
    if share.mean is None:
        return 0.0
    return inf if share.half_width is None else share.half_width
