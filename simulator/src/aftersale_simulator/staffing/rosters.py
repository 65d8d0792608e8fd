"""Rosters: which rosters a scenario allows, what each costs, and the scenario in which it works."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, product
from math import comb, fsum, prod
from typing import Any, NamedTuple

from attrs import evolve, frozen

from aftersale.base.errors import DocumentError, Problem
from aftersale.documents.scalars import WEEKDAYS, Count, PositiveCount, Weekdays, Word
from aftersale_simulator.desk.shifts import Window, covered_hours, labour_cost, paid_hours, windows_by_shift
from aftersale_simulator.resolved.period import PeriodReport, period_report
from aftersale_simulator.resolved.scenario import ResolvedScenario
from aftersale_simulator.scenario.model import Allowed, Scenario, Shift, Team, clock_text

Roster = tuple[int, ...]
"""People by pattern, in the order of the patterns."""
TODAY: Roster = ()
"""Stands for the desk as it is in the scenario, which is no roster of the patterns."""
MOST_ROSTERS = 200_000
"""The largest number of rosters to list and sort by cost; a scenario that allows more is refused."""
WEEKS = {"Mon-Fri": range(5), "Tue-Sat": range(1, 6), "Wed-Sun": range(2, 7), "Sun-Thu": (6, 0, 1, 2, 3)}
"""The working weeks of a team without allowed patterns (assumed: five days, two days running off)."""


class Pattern(NamedTuple):
    """A pattern of a team: one person's cost, in the scenario's currency, and hours in the measured period."""

    team: str
    name: str
    shift: Shift
    cost: float
    hours: float


@frozen
class Staffing:
    """The rosters that a scenario allows: up to `most` people of each team, spread over its patterns.

    `fixed` is the cost and the hours of all teams whose shifts stay as they are. `hours_today` are the hours of the
    measured period with somebody on duty in the scenario as it is. `period` is what there is to say of its days.
    """

    scenario: Scenario
    patterns: tuple[Pattern, ...]
    most: dict[str, int]
    fixed: tuple[float, float] = (0.0, 0.0)
    hours_today: float = 0.0
    period: PeriodReport | None = None

    @property
    def size(self) -> int:
        """The number of allowed rosters, without the empty one."""
        return prod(comb(most + len(self._team_patterns(team)), most) for team, most in self.most.items()) - 1

    def _team_patterns(self, team: str) -> list[Pattern]:
        return [pattern for pattern in self.patterns if pattern.team == team]

    def rosters(self) -> list[Roster]:
        """Return all allowed rosters but the empty one, the cheapest first."""
        parts = [list(_spread(len(self._team_patterns(team)), most)) for team, most in self.most.items()]
        rosters = (tuple(number for part in parts_ for number in part) for parts_ in product(*parts))
        return sorted((roster for roster in rosters if any(roster)), key=lambda roster: (self.cost(roster), roster))

    def even(self, people: int) -> Roster:
        """Return a roster of so many people, as evenly over the patterns as the teams allow."""
        roster = [0] * len(self.patterns)
        left = dict(self.most)
        while people > 0:
            for index, pattern in enumerate(self.patterns):
                if people and left[pattern.team]:
                    roster[index] += 1
                    left[pattern.team] -= 1
                    people -= 1
        return tuple(roster)

    def cost(self, roster: Roster) -> float:
        """Return the cost of these people in the measured period, fixed teams included."""
        costs = (people * pattern.cost for people, pattern in zip(roster, self.patterns, strict=True))
        return fsum(costs) + self.fixed[0]

    def hours(self, roster: Roster) -> float:
        """Return the paid hours of the measured period, fixed teams included."""
        hours = (people * pattern.hours for people, pattern in zip(roster, self.patterns, strict=True))
        return fsum(hours) + self.fixed[1]

    def staffed(self, roster: Roster) -> Scenario:
        """Return the scenario in which these people work, and nobody else of their teams; TODAY changes nothing."""
        if roster == TODAY:
            return self.scenario
        teams = dict(self.scenario.team)
        for name in self.most:
            shifts = [
                evolve(pattern.shift, agents=Count(number))
                for number, pattern in zip(roster, self.patterns, strict=True)
                if pattern.team == name and number
            ]
            teams[Word(name)] = evolve(teams[Word(name)], agents=Count(0), shifts=tuple(shifts))
        return evolve(self.scenario, team=teams)

    def document(self, roster: Roster) -> dict[str, Any]:
        """Return the settings, by the paths of a scenario, with which these people work."""
        changes: dict[str, Any] = {}
        for name in self.most:
            groups = [pair for pair in zip(roster, self.patterns, strict=True) if pair[0] and pair[1].team == name]
            changes[f"team.{name}.agents"] = 0
            changes[f"team.{name}.shifts"] = [_as_document(pattern.shift, people) for people, pattern in groups]
        return changes

    def one_less(self, roster: Roster) -> Iterator[Roster]:
        """Yield the rosters with one person less."""
        for index, number in enumerate(roster):
            if number:
                yield (*roster[:index], number - 1, *roster[index + 1 :])

    def one_more(self, roster: Roster) -> Iterator[Roster]:
        """Yield the allowed rosters with one person more."""
        for index, pattern in enumerate(self.patterns):
            people = sum(
                n for n, neighbour in zip(roster, self.patterns, strict=True) if neighbour.team == pattern.team
            )
            if people < self.most[pattern.team]:
                yield (*roster[:index], roster[index] + 1, *roster[index + 1 :])


def staffing(resolved: ResolvedScenario, source: str) -> Staffing:
    """Return what a scenario allows under `[staffing]`; without it, five-day weeks at each team's own hours.

    Raises DocumentError for more than MOST_ROSTERS.
    """
    scenario = resolved.scenario
    allowed = scenario.staffing or {name: _usual(team) for name, team in scenario.team.items()}
    patterns = tuple(
        Pattern(name, pattern, shift, *_paid_alone(resolved, scenario.team[name], shift))
        for name, allowance in allowed.items()
        for pattern, shift in allowance.pattern.items()
    )
    fixed_teams = [
        _paid(resolved, team, resolved.windows(name)) for name, team in scenario.team.items() if name not in allowed
    ]
    fixed = fsum(cost for cost, _ in fixed_teams), fsum(hours for _, hours in fixed_teams)
    shifts = chain.from_iterable(resolved.windows(name) for name in scenario.team)
    today = covered_hours(shifts, *resolved.measured)
    most = {name: int(allowance.most) for name, allowance in allowed.items()}
    result = Staffing(scenario, patterns, most, fixed, today, period_report([resolved]))
    if result.size > MOST_ROSTERS:
        what = f"{result.size:,} rosters are allowed, more than the {MOST_ROSTERS:,} that can be looked at"
        raise DocumentError(source, (Problem(source, "staffing", what, "allow fewer patterns, or fewer people"),))
    return result


def _as_document(shift: Shift, people: int) -> dict[str, Any]:
    breaks = [_range_text(span) for span in shift.breaks]
    days = ",".join(WEEKDAYS[day] for day in sorted(shift.days))
    document = {"days": days, "hours": _range_text(shift.hours), "breaks": breaks, "agents": people}
    return document if breaks else {key: value for key, value in document.items() if key != "breaks"}


def _range_text(minutes: tuple[int, int]) -> str:
    return f"{clock_text(minutes[0])}-{clock_text(minutes[1])}"


def _paid_alone(resolved: ResolvedScenario, team: Team, shift: Shift) -> tuple[float, float]:
    """Return the cost and the hours of one person alone on this shift of the team."""
    single = evolve(team, shifts=(evolve(shift, agents=Count(1)),))
    (windows,) = windows_by_shift(single, resolved.horizon)
    return _paid(resolved, single, windows)


def _paid(resolved: ResolvedScenario, team: Team, windows: Sequence[Window]) -> tuple[float, float]:
    """Return a team's cost and hours in the measured period."""
    since, until = resolved.measured
    cost = labour_cost(team, windows, since, until, resolved.scenario.currency)
    return float(cost.amount), paid_hours(windows, since, until)


def _usual(team: Team) -> Allowed:
    """Return the default for a team: its own hours in every usual week."""
    hours = {(shift.hours, shift.breaks): shift for shift in team.shifts}
    people = sum(team.agents if shift.agents is None else shift.agents for shift in team.shifts)
    patterns = {
        Word(week if len(hours) == 1 else f"{week} {_range_text(shift.hours)}"): _in_week(shift, days)
        for shift in hours.values()
        for week, days in WEEKS.items()
    }
    return Allowed(patterns, PositiveCount(max(2 * people, people + 3)))


def _in_week(shift: Shift, days: Iterable[int]) -> Shift:
    return evolve(shift, days=Weekdays(frozenset(days)), agents=None)


def _spread(patterns: int, most: int) -> Iterator[Roster]:
    """Yield every way to put up to `most` people on so many patterns."""
    if not patterns:
        yield ()
        return
    for first in range(most + 1):
        for rest in _spread(patterns - 1, most - first):
            yield (first, *rest)
