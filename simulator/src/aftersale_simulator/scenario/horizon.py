"""Horizon: the simulated days, and which of them are measured.

Only days as columns need numpy, and load it: a scenario is read by commands that simulate nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from attrs import frozen

from aftersale.clocks import DAY, Instant, start_of_day

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Instants = NDArray[np.int64]


@frozen
class Horizon:
    """The days of a scenario's period: `warm_up` days from `first` on, then `days` from `measured_from` on."""

    first: date
    measured_from: date
    days: int
    warm_up: int

    @classmethod
    def of(cls, start: date, measured: int, warm_up: int) -> Horizon:
        """Return the horizon of a period that is measured from `start` on; both lengths in microseconds."""
        return cls(start - timedelta(warm_up // DAY), start, measured // DAY, warm_up // DAY)

    @property
    def last(self) -> date:
        """The last measured day."""
        return self.measured_from + timedelta(self.days - 1)

    def local_days(self, zone: str) -> LocalDays:
        """Return all the days that are simulated, those of the warm-up first."""
        return LocalDays.spanning(self.first, self.warm_up + self.days, zone)

    def measured(self, zones: Sequence[str]) -> tuple[Instant, Instant]:
        """Return the measured period of several marketplaces: it begins and ends at the last of their midnights."""
        since = max(start_of_day(self.measured_from, zone) for zone in zones)
        until = max(start_of_day(self.last + timedelta(1), zone) for zone in zones)
        return since, until


@frozen(eq=False)
class LocalDays:
    """Consecutive days of a marketplace as instants: where each begins, and where the last one ends."""

    first: date
    bounds: Instants

    @classmethod
    def spanning(cls, first: date, count: int, zone: str) -> LocalDays:
        """Return `count` local days from `first`."""
        return cls(first, _bounds(first, count, zone))

    @property
    def lengths(self) -> Instants:
        """Each day's length in microseconds: not all have 24 hours."""
        import numpy as np

        return np.diff(self.bounds)

    @property
    def weekdays(self) -> NDArray[np.int64]:
        """Each day's weekday, Monday 0."""
        import numpy as np

        return (np.arange(len(self.bounds) - 1) + self.first.weekday()) % 7


@lru_cache(maxsize=256)
def _bounds(first: date, count: int, zone: str) -> Instants:
    """Return where each of some local days begins, and where the last one ends; nobody can change it."""
    import numpy as np

    bounds = np.array([start_of_day(first + timedelta(i), zone) for i in range(count + 1)], np.int64)
    bounds.setflags(write=False)
    return bounds
