"""Desk: settings of teams, shifts and handling times that changed nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from attrs import fields

from aftersale.clocks import DAY, start_of_day
from aftersale_simulator.effects.trace import Setting, Trace
from aftersale_simulator.scenario.model import Handling, Shift, Team

_USUAL_CV = fields(Handling).cv.default


def of_teams(trace: Trace) -> Iterator[Setting]:
    """Yield the settings of the teams."""
    for name, team in trace.resolved.scenario.team.items():
        path = f"team.{name}"
        shifts = trace.resolved.paid_time.dates[name]
        if team.agents and any(shift.agents is not None for shift in team.shifts):
            own = all(shift.agents is not None for shift in team.shifts)
            yield Setting(f"{path}.agents", "replaced" if own else "")
        for index, (shift, days) in enumerate(zip(team.shifts, shifts, strict=True)):
            yield from _of_shift(trace, team, shift, f"{path}.shifts[{index}]", days)


def _of_shift(trace: Trace, team: Team, shift: Shift, path: str, days: frozenset[date]) -> Iterator[Setting]:
    first, last = trace.resolved.horizon.first, trace.resolved.horizon.last
    agents = team.agents if shift.agents is None else shift.agents
    worked = {day for day in days if first <= day <= last}
    if agents and not worked:
        yield Setting(path, "outside")
        return
    for index, leave in enumerate(shift.leave):
        # A window after midnight belongs to the day before.
        away = any(leave.start <= day <= leave.until + timedelta(1) for day in worked)
        yield Setting(f"{path}.leave[{index}]", "" if away else "outside")
    if shift.hired is not None:
        learning = trace.resolved.shared_world["new_hire_days"]
        learnt = start_of_day(shift.hired, team.zone) + int(learning * DAY)
        begin = start_of_day(first, team.zone)
        yield Setting(f"{path}.hired", "" if learnt > begin else "outside")
    served = [name for name in trace.resolved.policies if not team.serves or name in team.serves]
    spoken = {trace.resolved.policies[name].marketplace.languages[0] for name in served}
    for language in shift.languages:
        yield Setting(f"{path}.languages '{language}'", "" if language in spoken else "language")
    tasks = {task for place, task in trace.tasks if place in served}
    for task in shift.tasks:
        yield Setting(f"{path}.tasks '{task}'", "" if task in tasks else "task")


def of_handling(trace: Trace) -> Iterator[Setting]:
    """Yield the settings of the handling times."""
    for task, handling in trace.resolved.scenario.handling.items():
        places = {place for place, kind in trace.tasks if kind == task}
        path = f"handling.{task}"
        yield Setting(path, "" if places else "task")
        if not places:
            continue
        spoken = {trace.resolved.policies[place].marketplace.languages[0] for place in places}
        for language in handling.language:
            yield Setting(f"{path}.language.{language}", "" if language in spoken else "language")
        if handling.cv != _USUAL_CV:
            yield Setting(f"{path}.cv", "" if handling.shape == "lognormal" else "shape")
