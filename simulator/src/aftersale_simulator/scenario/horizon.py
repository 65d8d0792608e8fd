"""The stage: the days that are simulated, and which of them are measured."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from attrs import frozen

from aftersale.clocks import DAY, Instant, start_of_day
from aftersale_simulator.scenario.model import Scenario
from aftersale_simulator.world.orders import LocalDays


@frozen(eq=False)
class Stage:
    """A scenario's period as instants and dates: warm-up from `start`, measured in [since, until)."""

    first: date
    measured_from: date
    days: int
    warm_up: int

    @classmethod
    def of(cls, scenario: Scenario) -> Stage:
        """Return the period of a scenario, in whole days."""
        warm_up, measured = scenario.period.warm_up // DAY, scenario.period.measured // DAY
        begin = scenario.period.start
        return cls(begin - timedelta(warm_up), begin, measured, warm_up)

    @property
    def last(self) -> date:
        """The last measured day."""
        return self.measured_from + timedelta(self.days - 1)

    def local_days(self, zone: str) -> LocalDays:
        """Return all the days that are simulated, those of the warm-up first."""
        return LocalDays.spanning(self.first, self.warm_up + self.days, zone)

    def measured(self, zones: Sequence[str]) -> tuple[Instant, Instant]:
        """Return the measured period of several marketplaces: each of its ends is the last of their midnights."""
        since = max(start_of_day(self.measured_from, zone) for zone in zones)
        until = max(start_of_day(self.last + timedelta(1), zone) for zone in zones)
        return since, until
