"""Record: the result of a roster search, as plain data and in words, with its risk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import fsum
from typing import Any, TypedDict

from aftersale.clocks import DAY
from aftersale_simulator.books.money import CONTRIBUTION, TOTAL
from aftersale_simulator.judging.outcomes import closure_outcomes
from aftersale_simulator.resolved.days_off import IDLE
from aftersale_simulator.resolved.period import TAKEN
from aftersale_simulator.runs.results import COST, Ran
from aftersale_simulator.runs.statistics import Estimate, difference, enough, erlang_c_agents, is_undecided
from aftersale_simulator.scenario.model import clock_text
from aftersale_simulator.show.days_off import day_notes
from aftersale_simulator.show.money import money_notes
from aftersale_simulator.show.numbers import Numbers, number
from aftersale_simulator.show.period import period_notes
from aftersale_simulator.show.wording import amount, engine_notes, engine_word, joined, percent, target_name, text
from aftersale_simulator.staffing.rosters import TODAY, Roster
from aftersale_simulator.staffing.search import Candidate, SearchResult
from aftersale_simulator.whatif.answer import closure_sentences
from aftersale_simulator.whatif.record import ClosureRecord, closure_record


class PeopleRecord(TypedDict):
    """People of one team on one pattern; `days` are numbers, Monday 0."""

    team: str
    pattern: str
    days: list[int]
    hours: str
    people: int
    cost: float


class MoneyRecord(TypedDict):
    """Money over replications with its 95 % interval, and the paired difference to the desk of today.

    The difference is null where there are no replications that both ran, as for the answer's fresh ones.
    """

    mean: float | None
    low: float | None
    high: float | None
    difference: dict[str, float | None] | None


class DeskRecord(TypedDict):
    """What a desk costs, and the share of its replications that kept all targets, with a 95 % interval.

    `cost` is that of labour, `total_cost` all of after-sales, and `contribution` what is left of the revenue, each on
    average. They are null without a replication, the last two also where a currency has no rate. `money` has all three
    with their intervals.
    """

    cost: float | None
    total_cost: float | None
    contribution: float | None
    money: dict[str, MoneyRecord]
    probability: float | None
    low: float
    high: float
    replications: int
    most_missed: str | None
    late_reply_rate: float | None
    order_defect_rate: float | None


class RosterRecord(DeskRecord):
    """A roster that was tried."""

    roster: list[PeopleRecord]
    people: int


class ErlangRecord(TypedDict):
    """Erlang C for the same work; `hours` are those with somebody on duty today, `offered` is the load in agents."""

    agents: int
    offered: float
    hours: float
    mean_wait_hours: float


class StaffRecord(TypedDict):
    """A search in JSON; `roster`, `cost` and `probability` are those of the answer, on fresh replications.

    `orders` is what was read of the order file, None without one. `engine` is what ran the replications.
    """

    scenario: str
    seed: int
    engine: str
    currency: str
    wanted: float
    today: DeskRecord
    roster: list[PeopleRecord]
    cost: float | None
    total_cost: float | None
    contribution: float | None
    money: dict[str, MoneyRecord]
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
    unsettled: int
    closures: list[ClosureRecord]
    partial: bool
    answer: str
    warnings: list[str]
    orders: dict[str, Any] | None


def record(outcome: SearchResult, notes: Sequence[str] = (), orders: dict[str, Any] | None = None) -> StaffRecord:
    """Return the result of a search as plain data."""
    scenario, check = outcome.staffing.scenario, outcome.check
    low, high = check.interval() if check is not None else (None, None)
    return StaffRecord(
        scenario=scenario.name,
        seed=scenario.seed,
        engine=engine_word(_ran(outcome)),
        currency=scenario.currency,
        wanted=outcome.wanted,
        today=_desk(outcome, outcome.today),
        roster=_people(outcome, check.roster) if check is not None else [],
        cost=cost_of(check) if check is not None else None,
        total_cost=check.figure(TOTAL).mean if check is not None else None,
        contribution=check.figure(CONTRIBUTION).mean if check is not None else None,
        money=_money(outcome, check) if check is not None else {},
        probability=check.share() if check is not None else None,
        low=low,
        high=high,
        replications=check.judged if check is not None else 0,
        runner_up=_roster(outcome, outcome.next_best) if outcome.next_best is not None else None,
        one_less=[_roster(outcome, candidate) for candidate in outcome.one_less],
        frontier=[_roster(outcome, candidate) for candidate in outcome.frontier],
        by_luck=[_roster(outcome, candidate) for candidate in outcome.by_luck],
        erlang_c=_erlang(outcome),
        allowed=outcome.staffing.size,
        tried=outcome.tried,
        runs=outcome.replications,
        complete=outcome.complete,
        unsettled=outcome.unsettled,
        closures=[closure_record(line) for line in closure_outcomes(check.results)] if check is not None else [],
        partial=outcome.stopped,
        answer=answer(outcome),
        warnings=[*notes, *warnings(outcome)],
        orders=orders,
    )


def _people(outcome: SearchResult, roster: Roster) -> list[PeopleRecord]:
    return [
        PeopleRecord(
            team=pattern.team,
            pattern=pattern.name,
            days=sorted(pattern.shift.days),
            hours=f"{clock_text(pattern.shift.hours[0])}-{clock_text(pattern.shift.hours[1])}",
            people=people,
            cost=people * pattern.cost,
        )
        for people, pattern in zip(roster, outcome.staffing.patterns, strict=True)
        if people
    ]


def _roster(outcome: SearchResult, candidate: Candidate) -> RosterRecord:
    return RosterRecord(
        roster=_people(outcome, candidate.roster), people=sum(candidate.roster), **_desk(outcome, candidate)
    )


def _desk(outcome: SearchResult, candidate: Candidate) -> DeskRecord:
    low, high = candidate.interval()
    return DeskRecord(
        cost=cost_of(candidate) if candidate.results else None,
        total_cost=candidate.figure(TOTAL).mean,
        contribution=candidate.figure(CONTRIBUTION).mean,
        money=_money(outcome, candidate),
        probability=candidate.share(),
        low=low,
        high=high,
        replications=candidate.judged,
        most_missed=candidate.most_missed(),
        late_reply_rate=candidate.figure("late_reply_rate").mean,
        order_defect_rate=candidate.figure("order_defect_rate").mean,
    )


def _money(outcome: SearchResult, candidate: Candidate) -> dict[str, MoneyRecord]:
    records = {}
    for name in (COST, TOTAL, CONTRIBUTION):
        found, beside = candidate.figure(name), beside_today(outcome, candidate, name)
        ends = None if beside is None else {"mean": beside.mean, "low": beside.low, "high": beside.high}
        records[name] = MoneyRecord(mean=found.mean, low=found.low, high=found.high, difference=ends)
    return records


def beside_today(outcome: SearchResult, candidate: Candidate, name: str) -> Estimate | None:
    """Return how much a roster differs from the desk of today in a metric, over the replications that both ran."""
    today = outcome.today.results
    both = sorted(today.keys() & candidate.results.keys())
    if not both or candidate is outcome.today:
        return None
    ours, theirs = ([results[number].metrics.get(name) for number in both] for results in (candidate.results, today))
    return difference(ours, theirs)


def cost_of(candidate: Candidate) -> float:
    """Return the mean labour cost of a roster, over its replications."""
    return candidate.figure(COST).mean or 0.0


def _erlang(outcome: SearchResult) -> ErlangRecord | None:
    """Return Erlang C for the work of the best roster in the hours of today."""
    candidate = outcome.check or max(outcome.frontier, key=cost_of, default=None)
    if candidate is None or not outcome.staffing.hours_today:
        return None
    results = candidate.results.values()
    busy = fsum(result.busy_hours for result in results) / len(results)
    tasks = sum(result.counts["tasks"] for result in results) / len(results)
    offered = busy / outcome.staffing.hours_today
    agents, wait = erlang_c_agents(offered)
    handling = busy / tasks if tasks else 0.0
    hours = outcome.staffing.hours_today
    return ErlangRecord(agents=agents, offered=offered, hours=hours, mean_wait_hours=wait * handling)


def answer(outcome: SearchResult) -> str:
    """Return the roster in words: who works when, its cost, how sure it is, and what one person less would do."""
    check = outcome.check
    if outcome.stopped:
        return joined([text("staff.stopped"), _best_so_far(outcome)])
    if check is None:
        return _nothing(outcome)
    known = {
        "roster": roster_text(outcome, check.roster),
        "cost": amount(cost_of(check), outcome.staffing.scenario.currency),
        "days": outcome.staffing.scenario.period.measured // DAY,
    }
    name, fresh = roster_text(outcome, check.roster), len(check.results)
    units = {metric: unit for result in check.results.values() for metric, unit in result.units.items()}
    numbers = Numbers(outcome.staffing.scenario.currency, units)
    closed = closure_sentences(name, closure_outcomes(check.results), fresh, numbers)
    if not check.judged:
        return joined([text("staff.no_verdict", **known), *closed])
    low, _ = check.interval()
    sentence = text("staff.answer", **known, kept=check.kept, replications=check.judged, low=percent(low))
    return joined([sentence, *_less(outcome, fresh), *closed])


def _less(outcome: SearchResult, fresh: int) -> Iterator[str]:
    """Yield whether one person less is not enough, or that the replications did not settle it."""
    if not outcome.one_less:
        return
    best = max(outcome.one_less, key=lambda candidate: (candidate.share() or 0.0, -cost_of(candidate)))
    worst = best.most_missed()
    if worst is None or not all(map(outcome.is_given_up, outcome.one_less)):
        roster = roster_text(outcome, best.roster)
        yield text("staff.one_less_unsettled", roster=roster, kept=best.kept, replications=best.judged)
    else:
        known = {"rosters": len(outcome.one_less), "allowed": outcome.may_miss, "fresh": fresh}
        yield text("staff.one_less", **known, target=target_name(worst))


def _best_so_far(outcome: SearchResult) -> str:
    keeping = (candidate for candidate in outcome.frontier if candidate.judged and not candidate.missed)
    cheapest = next(keeping, None)
    if cheapest is None:
        return text("staff.none_so_far", tried=outcome.tried)
    return text("staff.best_so_far", roster=roster_text(outcome, cheapest.roster), kept=cheapest.kept)


def _nothing(outcome: SearchResult) -> str:
    known = {"allowed": outcome.staffing.size, "tried": outcome.tried, "wanted": percent(outcome.wanted)}
    if outcome.unsettled:
        sentence = text("staff.unsettled", **known, unsettled=outcome.unsettled)
    else:
        sentence = text("staff.none", **known, idle=outcome.staffing.size - outcome.tried)
    return joined([sentence, *_nearest(outcome)])


def _nearest(outcome: SearchResult) -> Iterator[str]:
    """Yield the roster that kept the targets most often; of a lucky one what it kept on fresh replications."""
    lucky = {candidate.roster: candidate for candidate in outcome.by_luck}
    candidates = [*(candidate for candidate in outcome.frontier if candidate.roster not in lucky), *lucky.values()]
    judged = [candidate for candidate in candidates if candidate.judged]
    if not judged:
        return
    nearest = max(judged, key=lambda candidate: (candidate.share() or 0.0, -cost_of(candidate)))
    known = {
        "roster": roster_text(outcome, nearest.roster),
        "kept": nearest.kept,
        "replications": nearest.judged,
    }
    missed = nearest.most_missed()
    if missed is None:
        yield text("staff.nearest", **known)
    else:
        yield text("staff.nearest_missed", **known, target=target_name(missed))


def today_text(outcome: SearchResult) -> str:
    """Return in words what the desk as it is today costs, and in how many replications it keeps all targets."""
    today, scenario = outcome.today, outcome.staffing.scenario
    if not today.results:
        return text("staff.today_not_run")
    known = {"cost": amount(cost_of(today), scenario.currency), "days": scenario.period.measured // DAY}
    if not today.judged:
        return text("staff.today_no_verdict", **known)
    known |= {"kept": today.kept, "replications": today.judged}
    missed = today.most_missed()
    if missed is None:
        return text("staff.today_kept", **known)
    return text("staff.today_missed", **known, target=target_name(missed))


def roster_text(outcome: SearchResult, roster: Roster) -> str:
    """Return a roster in words: people by pattern, and by team if there are several teams; or the desk of today."""
    if roster == TODAY:
        return text("staff.today")
    teams = dict.fromkeys(pattern.team for pattern in outcome.staffing.patterns)
    by_team = {team: _team_words(outcome, roster, team) for team in teams}
    if len(by_team) == 1:
        return "".join(by_team.values())
    return "; ".join(f"{team}: {words}" for team, words in by_team.items() if words)


def _team_words(outcome: SearchResult, roster: Roster, team: str) -> str:
    groups = [
        (number, pattern.name)
        for number, pattern in zip(roster, outcome.staffing.patterns, strict=True)
        if number and pattern.team == team
    ]
    return ", ".join(f"{number} × {pattern}" for number, pattern in groups)


def warnings(outcome: SearchResult) -> list[str]:
    """Return the warnings on the answer."""
    lines = [text("staff.luck", roster=roster_text(outcome, candidate.roster)) for candidate in outcome.by_luck]
    if outcome.stopped:
        lines.append(text("staff.partial", tried=outcome.tried, allowed=outcome.staffing.size))
    elif not outcome.complete and outcome.best is not None:
        known = {"allowed": outcome.staffing.size, "runs": outcome.replications, "unsettled": outcome.unsettled}
        lines.append(text("staff.incomplete", **known))
    lines += _too_few(outcome)
    if outcome.check is not None and outcome.check.unmeasured:
        targets = ", ".join(map(target_name, outcome.check.unmeasured))
        lines.append(text("warning.unmeasured", name=roster_text(outcome, outcome.check.roster), targets=targets))
    # Which days matter hangs on the patterns of a roster, not on the shifts that the scenario has today.
    period = outcome.staffing.period
    lines += [] if period is None else period_notes(period, without=[TAKEN])
    unrated = sorted({name for result in outcome.today.results.values() for name in result.unrated})
    lines += money_notes([outcome.staffing.scenario], unrated)
    lines += day_notes([outcome.staffing.scenario], without=[IDLE])
    return [*lines, *engine_notes(_ran(outcome))]


def _ran(outcome: SearchResult) -> dict[str, tuple[Ran, ...]]:
    return {roster_text(outcome, roster): ran for roster, ran in outcome.ran.items()}


def _too_few(outcome: SearchResult) -> Iterator[str]:
    """Yield that the fresh replications are too few to tell, by the rule of `whatif`."""
    check = outcome.check
    if check is not None and check.judged and is_undecided(check.kept, check.judged, outcome.wanted):
        low, high = check.interval()
        yield text(
            "warning.unsure",
            name=roster_text(outcome, check.roster),
            share=percent(outcome.wanted),
            met=check.kept,
            replications=check.judged,
            low=percent(low),
            high=percent(high),
            enough=enough(check.judged, outcome.wanted),
        )


def search_text(outcome: SearchResult) -> str:
    """Return in words how many rosters the search tried, on which days."""
    scenario = outcome.staffing.scenario
    return text(
        "staff.searched",
        tried=outcome.tried,
        allowed=outcome.staffing.size,
        runs=outcome.replications,
        days=scenario.period.measured // DAY,
        start=scenario.period.start,
        seed=scenario.seed,
    )


def erlang_text(erlang: ErlangRecord) -> str:
    """Return Erlang C's answer in words."""
    minutes = number(erlang["mean_wait_hours"] * 60, 0)
    return text("staff.erlang", agents=erlang["agents"], offered=number(erlang["offered"], 2), minutes=minutes)


def roles(outcome: SearchResult) -> Iterator[tuple[str, Candidate]]:
    """Yield the rosters to show, each after its role: a key of the messages, empty for the frontier."""
    if outcome.today.results:
        yield "as_it_is", outcome.today
    for candidate in outcome.frontier:
        yield "", candidate
    if outcome.check is not None:
        yield "fresh", outcome.check
    if outcome.next_best is not None:
        yield "runner_up", outcome.next_best
    for candidate in outcome.one_less:
        yield "less" if outcome.is_given_up(candidate) else "less_unsettled", candidate
