"""Records: the roster that a search found, as plain data and in words, with the risk stated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypedDict

from aftersale.clocks import DAY
from aftersale_simulator.runs.statistics import erlang_c_agents
from aftersale_simulator.scenario.model import clock_text
from aftersale_simulator.show.numbers import number
from aftersale_simulator.show.wording import amount, joined, percent, target_name, text
from aftersale_simulator.staffing.rosters import Roster
from aftersale_simulator.staffing.search import Candidate, Found

COST = "labour_cost"


class PeopleRecord(TypedDict):
    """People of one team on one pattern; `days` are numbers, Monday 0."""

    team: str
    pattern: str
    days: list[int]
    hours: str
    people: int
    cost: float


class RosterRecord(TypedDict):
    """A roster with its cost, and in which share of how many replications it kept all targets, with a 95 % interval."""

    roster: list[PeopleRecord]
    people: int
    cost: float
    probability: float
    low: float
    high: float
    replications: int
    most_missed: str | None
    late_reply_rate: float | None
    order_defect_rate: float | None


class ErlangRecord(TypedDict):
    """What Erlang C says to the same work; `hours` in which anybody works today, `offered` in agents."""

    agents: int
    offered: float
    hours: float
    mean_wait_hours: float


class StaffRecord(TypedDict):
    """A search as JSON shows it; `roster`, `cost` and `probability` are those of the answer, on fresh replications."""

    scenario: str
    seed: int
    currency: str
    wanted: float
    roster: list[PeopleRecord]
    cost: float | None
    probability: float | None
    low: float | None
    high: float | None
    replications: int
    runner_up: RosterRecord | None
    one_less: list[RosterRecord]
    frontier: list[RosterRecord]
    by_luck: list[RosterRecord]
    erlang_c: ErlangRecord | None
    allowed: int
    tried: int
    runs: int
    complete: bool
    answer: str
    warnings: list[str]


def record(found: Found) -> StaffRecord:
    """Return what a search came to as plain data."""
    scenario, check = found.staffing.scenario, found.check
    low, high = check.interval() if check is not None else (None, None)
    return StaffRecord(
        scenario=scenario.name,
        seed=scenario.seed,
        currency=scenario.currency,
        wanted=found.wanted,
        roster=_people(found, check.roster) if check is not None else [],
        cost=cost_of(check) if check is not None else None,
        probability=check.share() if check is not None else None,
        low=low,
        high=high,
        replications=len(check.results) if check is not None else 0,
        runner_up=_roster(found, found.next_best) if found.next_best is not None else None,
        one_less=[_roster(found, candidate) for candidate in found.one_less],
        frontier=[_roster(found, candidate) for candidate in found.frontier],
        by_luck=[_roster(found, candidate) for candidate in found.by_luck],
        erlang_c=_erlang(found),
        allowed=found.staffing.size,
        tried=found.tried,
        runs=found.replications,
        complete=found.complete,
        answer=answer(found),
        warnings=warnings(found),
    )


def _people(found: Found, roster: Roster) -> list[PeopleRecord]:
    return [
        PeopleRecord(
            team=place.team,
            pattern=place.pattern,
            days=sorted(place.shift.days),
            hours=f"{clock_text(place.shift.hours[0])}-{clock_text(place.shift.hours[1])}",
            people=people,
            cost=people * place.cost,
        )
        for people, place in zip(roster, found.staffing.places, strict=True)
        if people
    ]


def _roster(found: Found, candidate: Candidate) -> RosterRecord:
    low, high = candidate.interval()
    return RosterRecord(
        roster=_people(found, candidate.roster),
        people=sum(candidate.roster),
        cost=cost_of(candidate),
        probability=candidate.share(),
        low=low,
        high=high,
        replications=len(candidate.results),
        most_missed=candidate.most_missed(),
        late_reply_rate=candidate.figure("late_reply_rate").mean,
        order_defect_rate=candidate.figure("order_defect_rate").mean,
    )


def cost_of(candidate: Candidate) -> float:
    return candidate.figure(COST).mean or 0.0


def _erlang(found: Found) -> ErlangRecord | None:
    """Return what Erlang C says of the work that the best roster did, were it done in the hours of today."""
    candidate = found.check or max(found.frontier, key=cost_of, default=None)
    if candidate is None or not found.staffing.hours_today:
        return None
    results = candidate.results.values()
    busy = sum(result.busy_hours for result in results) / len(results)
    tasks = sum(result.counts["tasks"] for result in results) / len(results)
    offered = busy / found.staffing.hours_today
    agents, wait = erlang_c_agents(offered)
    handling = busy / tasks if tasks else 0.0
    hours = found.staffing.hours_today
    return ErlangRecord(agents=agents, offered=offered, hours=hours, mean_wait_hours=wait * handling)


def answer(found: Found) -> str:
    """Return the roster in words: who works when, what it costs, how sure that is, what one person less would do."""
    check = found.check
    if check is None:
        return _nothing(found)
    low, _ = check.interval()
    told = text(
        "staff.answer",
        roster=spelled(found, check.roster),
        cost=amount(cost_of(check), found.staffing.scenario.currency),
        days=found.staffing.scenario.period.measured // DAY,
        kept=check.kept,
        replications=len(check.results),
        low=percent(low),
    )
    return joined([told, *_less(found)])


def _less(found: Found) -> Iterator[str]:
    if not found.one_less:
        return
    best = max(found.one_less, key=lambda candidate: (candidate.share(), -cost_of(candidate)))
    worst = best.most_missed()
    if worst is None:
        yield text("staff.one_less_kept")
    else:
        yield text("staff.one_less", kept=best.kept, replications=len(best.results), target=target_name(worst))


def _nothing(found: Found) -> str:
    nearest = max(found.frontier, key=lambda candidate: (candidate.share(), -cost_of(candidate)), default=None)
    if nearest is None:
        return text("staff.none", allowed=found.staffing.size)
    return text(
        "staff.none_nearest",
        allowed=found.staffing.size,
        wanted=percent(found.wanted),
        roster=spelled(found, nearest.roster),
        kept=nearest.kept,
        replications=len(nearest.results),
        target=target_name(nearest.most_missed() or ""),
    )


def spelled(found: Found, roster: Roster) -> str:
    """Return who works when: people by pattern, and by team where there are several."""
    teams = dict.fromkeys(place.team for place in found.staffing.places)
    told = {team: _of_team(found, roster, team) for team in teams}
    if len(told) == 1:
        return "".join(told.values())
    return "; ".join(f"{team}: {words}" for team, words in told.items() if words)


def _of_team(found: Found, roster: Roster, team: str) -> str:
    own = [
        (number, place.pattern)
        for number, place in zip(roster, found.staffing.places, strict=True)
        if number and place.team == team
    ]
    return ", ".join(f"{number} × {pattern}" for number, pattern in own)


def warnings(found: Found) -> list[str]:
    """Return what to know before the answer is believed."""
    told = [text("staff.luck", roster=spelled(found, candidate.roster)) for candidate in found.by_luck]
    if not found.complete:
        told.append(text("staff.incomplete", allowed=found.staffing.size, runs=found.replications))
    return told


def searched(found: Found) -> str:
    """Return in words how many rosters were tried on which days."""
    scenario = found.staffing.scenario
    return text(
        "staff.searched",
        tried=found.tried,
        allowed=found.staffing.size,
        runs=found.replications,
        days=scenario.period.measured // DAY,
        start=scenario.period.start,
        seed=scenario.seed,
    )


def erlang_told(erlang: ErlangRecord) -> str:
    """Return in words what Erlang C would have said."""
    minutes = number(erlang["mean_wait_hours"] * 60, 0)
    return text("staff.erlang", agents=erlang["agents"], offered=number(erlang["offered"], 2), minutes=minutes)


def roles(found: Found) -> Iterator[tuple[str, Candidate]]:
    """Yield the rosters that are shown with what they are there for: a key of the messages, empty for the frontier."""
    for candidate in found.frontier:
        yield "", candidate
    if found.check is not None:
        yield "fresh", found.check
    if found.next_best is not None:
        yield "runner_up", found.next_best
    for candidate in found.one_less:
        yield "less", candidate
