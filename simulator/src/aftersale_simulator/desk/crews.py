"""Crews: agents of a team who work alike, when they are on duty, how fast they are, and what they can do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from math import fsum

import numpy as np
from attrs import evolve, frozen
from numpy.typing import NDArray

from aftersale.clocks import DAY, HOUR, Instant, local_date, start_of_day
from aftersale.documents.scalars import Word
from aftersale.metrics.days import day_number
from aftersale_simulator.desk.shifts import Window
from aftersale_simulator.scenario.events import ActiveEvent, Event, active_events
from aftersale_simulator.scenario.horizon import Horizon
from aftersale_simulator.scenario.model import Scenario, Shift, Team
from aftersale_simulator.world.random_streams import Streams
from aftersale_simulator.world.world import World

WindowsByShift = Mapping[str, Sequence[Sequence[Window]]]
_MOST_PER_SHIFT = 100_000


@frozen(eq=False)
class Pace:
    """How much longer than usual a task takes these agents.

    `usual` is a factor on handling times. Newcomers since `hired` take `newcomer` times as long at first, and this
    factor falls evenly to 1 over `learning` microseconds. `active_events` make all agents slower or faster.
    """

    usual: float = 1.0
    hired: Instant | None = None
    newcomer: float = 1.0
    learning: int = 1
    active_events: tuple[ActiveEvent, ...] = ()

    def at(self, now: Instant) -> float:
        """Return the factor on handling times at an instant."""
        factor = self.usual
        if self.hired is not None and now < self.hired + self.learning:
            remaining = 1 - max(0, now - self.hired) / self.learning
            factor *= 1 + (self.newcomer - 1) * remaining
        for active_event in self.active_events:
            if active_event.begin <= now < active_event.end:
                factor *= active_event.event.handling
        return factor

    @property
    def is_usual(self) -> bool:
        """Whether tasks always take their usual handling times."""
        return self.usual == 1.0 and self.hired is None and not self.active_events


@frozen(eq=False)
class CrewPlan:
    """Agents of one team who work alike.

    `windows` say how many of them are on duty when, without those absent; `serves`, `tasks` and `languages` say what
    they work on, empty for everything. Without `finishes` they put their task down when the shift ends, and the rest of
    it is done later. `overtime` is how long they stay after a shift for tasks that are due before the next one begins.
    """

    team: str
    serves: tuple[str, ...]
    tasks: tuple[str, ...]
    windows: tuple[Window, ...]
    pace: Pace
    finishes: bool = True
    overtime: int = 0
    languages: tuple[str, ...] = ()

    def works_on(self, marketplace: str, task: str, language: str) -> bool:
        """Whether these agents do that kind of task on a marketplace of that language."""
        skilled = (not self.tasks or task in self.tasks) and (not self.languages or language in self.languages)
        return skilled and (not self.serves or marketplace in self.serves)


def crews(scenario: Scenario, shifts: WindowsByShift, world: World, streams: Streams) -> list[CrewPlan]:
    """Return all the crews of a scenario, with the absences of one replication.

    `shifts` are the windows of work by team and shift, `world` the numbers that belong to no marketplace.
    """
    horizon = scenario.horizon
    plans = []
    for name, team in scenario.team.items():
        groups: dict[tuple[object, ...], list[int]] = {}
        for index, shift in enumerate(team.shifts):
            groups.setdefault((shift.tasks, shift.languages, shift.pace, shift.hired), []).append(index)
        events = [event for event in scenario.event if event.befalls(name)]
        for indices in groups.values():
            present = [
                window
                for index in indices
                for window in _present_windows(name, team, index, shifts[name][index], events, horizon, streams, world)
            ]
            plans.append(_crew(name, team, team.shifts[indices[0]], present, events, horizon, world))
    return plans


def _crew(
    name: str,
    team: Team,
    shift: Shift,
    present: Iterable[Window],
    events: Iterable[Event],
    horizon: Horizon,
    world: World,
) -> CrewPlan:
    changes = tuple(
        active_event
        for active_event in active_events(events, horizon.measured_from, team.zone)
        if active_event.event.handling != 1.0
    )
    pace = Pace(
        shift.pace / (1 - team.other_work),
        active_events=changes,
    )
    if shift.hired is not None:
        hired, learning = start_of_day(shift.hired, team.zone), max(1, int(world["new_hire_days"] * DAY))
        pace = evolve(pace, hired=hired, newcomer=world["new_hire_pace"], learning=learning)
    windows = tuple(sorted(window for window in present if window.agents))
    overtime = int(team.overtime)
    return CrewPlan(name, team.serves, shift.tasks, windows, pace, team.finishes, overtime, shift.languages)


def _present_windows(
    name: str,
    team: Team,
    index: int,
    planned: Sequence[Window],
    events: Sequence[Event],
    horizon: Horizon,
    streams: Streams,
    world: World,
) -> Sequence[Window]:
    """Return the windows of one shift with the agents who are present: not on leave, not absent by chance."""
    shift = team.shifts[index]
    usual_absence = world["absence_rate"] if team.absence is None else float(team.absence)
    absence_events = active_events([event for event in events if event.absent], horizon.measured_from, team.zone)
    if not usual_absence and not absence_events and not shift.leave:
        return planned
    present = []
    for window in planned:
        # A window after midnight belongs to the day on which its shift began.
        day = local_date(window.start - max(0, shift.hours[0]) * (HOUR // 60), team.zone)
        share = max(
            [
                usual_absence,
                *(
                    float(active_event.event.absent)
                    for active_event in absence_events
                    if active_event.first <= day < active_event.after_last
                ),
            ]
        )
        agents = window.agents - _on_leave(shift, day)
        present.append(window._replace(agents=_present_agents(agents, share, streams, name, index, day)))
    return present


def _on_leave(shift: Shift, day: date) -> int:
    return sum(leave.agents for leave in shift.leave if leave.start <= day <= leave.until)


def _present_agents(agents: int, absent: float, streams: Streams, team: str, shift: int, day: date) -> int:
    if agents <= 0:
        return 0
    if not absent:
        return agents
    keys: NDArray[np.int64] = day_number(day) * _MOST_PER_SHIFT + np.arange(agents)
    return int((streams.uniform(keys, "absence", team, shift) >= absent).sum())


def overtime_cost(scenario: Scenario, world: World, hours: Mapping[str, float]) -> float:
    """Return what the overtime `hours` of the teams cost, in the scenario's currency."""
    pay = world["overtime_pay"] if hours else 1.0
    wages = {name: float(team.cost_per_hour) for name, team in scenario.team.items()}
    return fsum(wages[Word(name)] * worked * pay for name, worked in hours.items())
