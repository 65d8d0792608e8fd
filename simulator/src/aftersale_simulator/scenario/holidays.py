"""Holidays: on which days of a scenario the events stand that name one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from attrs import evolve, fields

from aftersale.base.errors import ClockError, Problem
from aftersale.clocks import DAY, Break, breaks, place_of
from aftersale.documents.scalars import Day, Duration, Rate, Share, Word
from aftersale_simulator.scenario.events import Event, PlacedEvent
from aftersale_simulator.scenario.model import Scenario, Team


class _Stand(NamedTuple):
    """Days off on which an event stands; `moved_to` is where they begin instead, None for their own days."""

    off: Break
    moved_to: date | None = None


def placed(scenario: Scenario, source: str) -> tuple[Scenario, list[Problem]]:
    """Return a scenario whose events stand on the days of their holidays, and what keeps some from that."""
    events: list[Event] = []
    problems: list[Problem] = []
    for index, event in enumerate(scenario.event):
        if event.holiday is None:
            events.append(event)
            continue
        try:
            events += [_placed(event, stand, scenario) for stand in _stands(event, scenario)]
        except ClockError as error:
            problems.append(Problem(source, f"event[{index}].holiday", error.what, error.hint))
    return (evolve(scenario, event=tuple(events)) if not problems else scenario), problems


def _stands(event: Event, scenario: Scenario) -> list[_Stand]:
    """Return where the event stands; raises ClockError where it stands nowhere."""
    holiday, horizon = str(event.holiday), scenario.horizon
    first, last = horizon.measured_from, horizon.last
    near = breaks(holiday, first.year - 1, last.year + 1)
    within = [_Stand(off) for off in near if off.first <= last and off.last >= first]
    if within:
        return within
    if event.otherwise is None:
        what = f"the measured days from {first} to {last} have no {holiday}"
        raise ClockError(what, f"{_others(near, last)}; or say otherwise = '14 d' to put it elsewhere")
    nearest = min(near, key=lambda off: abs((off.first - first).days))
    return [_Stand(nearest, first + timedelta(event.otherwise // DAY))]


def _others(near: Sequence[Break], last: date) -> str:
    later = [off for off in near if off.first > last]
    off = later[0] if later else near[-1]
    return f"measure days from {off.first} to {off.last}"


def _placed(event: Event, stand: _Stand, scenario: Scenario) -> PlacedEvent:
    moved = timedelta(0) if stand.moved_to is None else stand.moved_to - stand.off.first
    first, after_last = stand.off.first + moved, stand.off.last + moved + timedelta(1)
    start, lasts = first, int(event.lasts)
    if event.before is not None:
        start = first - timedelta(event.before // DAY)
    elif event.after is not None:
        start = after_last + timedelta(event.after // DAY)
    else:
        lasts = (after_last - first).days * DAY
    values = {spec.name: getattr(event, spec.name) for spec in fields(Event)}
    values |= {"start": Day(start), "lasts": Duration(lasts), **_WITHOUT, **_on_keepers(event, scenario)}
    return PlacedEvent(
        **values,
        kept=str(event.holiday),
        off_from=stand.off.first,
        off_until=stand.off.last,
        moved_to=stand.moved_to,
        nobody=event.acts_on_people and not values["teams"],
    )


_WITHOUT = dict.fromkeys(("holiday", "before", "after", "otherwise"))


def _on_keepers(event: Event, scenario: Scenario) -> dict[str, object]:
    """Return what the event does to people, and to which: to those alone whose teams take the holiday."""
    if not event.acts_on_people:
        return {}
    teams = tuple(Word(name) for name in keepers(str(event.holiday), scenario) if event.befalls(name))
    return {"teams": teams} if teams else {"teams": (), "absent": Share(0.0), "handling": Rate(1.0)}


def keepers(holiday: str, scenario: Scenario) -> Iterator[str]:
    """Yield the teams that take the holidays of the place of a holiday such as `CN Spring Festival`."""
    country, part = place_of(holiday.partition(" ")[0])
    for name, team in scenario.team.items():
        if _takes(team, country, part):
            yield str(name)


def _takes(team: Team, country: str, part: str | None) -> bool:
    calendar = team.calendar
    return calendar.country == country and part in (None, calendar.part)
