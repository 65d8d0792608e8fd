"""Paid time: what the rosters of a scenario come to in hours and money, the same in all its runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cached_property
from itertools import chain

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from aftersale.clocks import HOUR, Instant, local_date
from aftersale_simulator.desk.shifts import Window, labour_cost, paid_hours
from aftersale_simulator.scenario.model import Scenario


@frozen(eq=False)
class PaidTime:
    """The agents' hours on duty, absences not taken out, of each team's `shifts`, within `measured` and by the days.

    `bounds` are the instants that bound the days of the first marketplace.
    """

    scenario: Scenario
    shifts: Mapping[str, Sequence[Sequence[Window]]]
    measured: tuple[Instant, Instant]
    bounds: NDArray[np.int64]

    @cached_property
    def windows(self) -> dict[str, list[Window]]:
        """The windows of all shifts of each team, sorted; shifts may overlap, each brings its own agents."""
        return {name: sorted(chain.from_iterable(shifts)) for name, shifts in self.shifts.items()}

    @cached_property
    def hours(self) -> float:
        """The hours of the measured period."""
        return sum((paid_hours(self.windows[name], *self.measured) for name in self.scenario.team), start=0.0)

    @cached_property
    def cost(self) -> Decimal:
        """What the hours of the measured period cost, in the scenario's currency, each team's to its smallest unit."""
        currency = self.scenario.currency
        costs = (
            labour_cost(team, self.windows[name], *self.measured, currency).amount
            for name, team in self.scenario.team.items()
        )
        return sum(costs, start=Decimal(0))

    @cached_property
    def dates(self) -> dict[str, tuple[frozenset[date], ...]]:
        """The local days on which each shift of each team has windows that begin."""
        return {
            name: tuple(
                frozenset(local_date(window.start, team.zone) for window in shift) for shift in self.shifts[name]
            )
            for name, team in self.scenario.team.items()
        }

    @cached_property
    def by_day(self) -> tuple[float, ...]:
        """The hours between each pair of neighbouring bounds."""
        paid = np.zeros(len(self.bounds) - 1)
        for window in chain.from_iterable(self.windows.values()):
            inside = np.minimum(self.bounds[1:], window.end) - np.maximum(self.bounds[:-1], window.start)
            paid += np.maximum(inside, 0) * window.agents / HOUR
        return tuple(paid.tolist())
