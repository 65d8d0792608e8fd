"""Search: finds the cheapest roster that keeps every target often enough; all rosters meet the same buyers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import floor, inf

from attrs import Factory, define, field, frozen

from aftersale_simulator.resolved.scenario import ResolvedScenario
from aftersale_simulator.runs.failures import Stopped
from aftersale_simulator.runs.results import Ran, Result, verdicts
from aftersale_simulator.runs.statistics import SURE, Estimate, estimate, wilson
from aftersale_simulator.scenario.model import Scenario
from aftersale_simulator.staffing.rosters import TODAY, Roster, Staffing, staffing

Run = Callable[[Sequence[tuple[Scenario, int]]], Sequence[Result]]
"""Runs pairs of scenario and replication number, and returns their results in order."""
BUDGET = 600
"""Default for the largest number of replications of a search (assumed)."""
_SIDE_BY_SIDE = 4
"""Rosters tried at the same time; fixed, so that the search does not depend on the number of workers."""
_POINTS = 3
"""The largest number of rosters cheaper than the best on the frontier."""
_ROUNDING = 1e-9


@define
class Candidate:
    """A roster with the results of its replications, by number."""

    roster: Roster
    results: dict[int, Result] = Factory(dict)

    @property
    def kept(self) -> int:
        """In how many replications all targets held."""
        return verdicts(list(self.results.values())).count(True)

    @property
    def missed(self) -> int:
        """In how many replications some target did not hold."""
        return verdicts(list(self.results.values())).count(False)

    @property
    def judged(self) -> int:
        """In how many replications there is a verdict."""
        return self.kept + self.missed

    def share(self) -> float | None:
        """Return the share of the judged replications in which all targets held, None without any."""
        return self.kept / self.judged if self.judged else None

    def interval(self) -> tuple[float, float]:
        """Return Wilson's 95 % interval of that share."""
        return wilson(self.kept, self.judged)

    def figure(self, name: str) -> Estimate:
        """Return the estimate of a metric over the replications."""
        return estimate([result.metrics.get(name) for result in self.results.values()])

    @property
    def unmeasured(self) -> list[str]:
        """The targets that had nothing to count in any replication."""
        measured = {name for result in self.results.values() for name in result.targets}
        names = dict.fromkeys(name for result in self.results.values() for name in result.unmeasured)
        return [name for name in names if name not in measured]

    def most_missed(self) -> str | None:
        """Return the target missed most often, None if no target was missed."""
        counts: dict[str, int] = {}
        for result in self.results.values():
            for name, met in result.targets.items():
                counts[name] = counts.get(name, 0) + (not met)
        worst = max(counts, key=lambda name: counts[name], default=None)
        return worst if worst is not None and counts[worst] else None


@frozen
class SearchResult:
    """The result of a search.

    `best` is the cheapest roster that keeps the targets, on the replications of the search; `check` is the same roster
    on fresh replications, which had no part in the choice. Both are None if no allowed roster keeps the targets.
    `next_best` is the next cheapest. `one_less` are the rosters with one person less than the best, on fresh
    replications until they fail. `frontier` are the rosters that no other beats in both cost and share, the cheapest
    first. `by_luck` are those that kept the targets in the search and not in the check, on fresh replications.
    `complete` says that every cheaper roster was tried or cannot do the work; `tried` counts rosters, `replications`
    all replications. `today` is the desk as it is, on the replications of the search. `unsettled` counts the rosters
    that are cheaper than the best, or all without one, of which the search does not know whether they keep the targets.
    `stopped` says that Ctrl-C ended it: there is no best then, and the frontier is that of what was tried. `ran` says
    what ran each roster that was simulated.
    """

    staffing: Staffing
    wanted: float
    best: Candidate | None
    check: Candidate | None
    next_best: Candidate | None
    one_less: tuple[Candidate, ...]
    frontier: tuple[Candidate, ...]
    by_luck: tuple[Candidate, ...]
    complete: bool
    tried: int
    replications: int
    today: Candidate
    unsettled: int
    stopped: bool = False
    ran: Mapping[Roster, tuple[Ran, ...]] = field(factory=dict)

    @property
    def may_miss(self) -> int:
        """How many of the fresh replications a roster may miss."""
        return may_miss(0 if self.check is None else len(self.check.results), self.wanted)

    def is_given_up(self, candidate: Candidate) -> bool:
        """Whether a roster with one person less has missed more fresh replications than it may."""
        return candidate.missed > self.may_miss


def may_miss(size: int, wanted: float) -> int:
    """Return how many of so many replications may be missed for a share `wanted` of them to be kept."""
    return floor(size * (1 - wanted) + _ROUNDING)


@define
class Search:
    """Looks for the cheapest roster that keeps all targets in a share `wanted` of all periods.

    Every roster meets the same buyers, replications 1 to `size`, and is dropped when it has missed more of them than it
    may. The search tries rosters from the cheapest on. It skips those with fewer paid hours than the work of a larger
    roster took: they cannot keep up. If there are still more rosters than the `budget` of replications can tell apart,
    the search begins at a roster that keeps the targets and goes down from neighbour to neighbour. The roster found is
    run again on fresh replications. The desk as it is today is run first.
    """

    staffing: Staffing
    run: Run
    size: int
    wanted: float
    budget: int = BUDGET
    candidates: dict[Roster, Candidate] = field(factory=dict)
    replications: int = 0
    today: Candidate = field(factory=lambda: Candidate(TODAY))
    ran: dict[Roster, dict[Ran, None]] = field(factory=dict)

    def found(self) -> SearchResult:
        """Search, check, and return the result."""
        self._run_on(self.today, range(1, self.size + 1))
        start = self._start()
        rosters = self._worth_trying()
        complete = len(rosters) * 2 <= self.budget
        candidates = self._keeping(rosters) if complete else self._descent(start)
        by_luck: list[Candidate] = []
        best = check = None
        for candidate in candidates:
            fresh = self._run_on(Candidate(candidate.roster), self.fresh)
            share = fresh.share()
            if share is None or share >= self.wanted - _ROUNDING:
                best, check = candidate, fresh
                break
            by_luck.append(fresh)
        next_best = next(candidates, None) if best is not None else None
        one_less = self._one_less(best.roster) if best is not None else ()
        complete = complete and (best is not None or all(self._is_decided(roster) for roster in rosters))
        frontier = self._frontier(best)
        luck = tuple(by_luck)
        parts = (best, check, next_best, one_less, frontier, luck, complete, len(self.candidates), self.replications)
        unsettled = self._unsettled(rosters, best, by_luck)
        return SearchResult(self.staffing, self.wanted, *parts, self.today, unsettled, ran=self._ran)

    def _unsettled(self, rosters: Sequence[Roster], best: Candidate | None, by_luck: Sequence[Candidate]) -> int:
        """Count the rosters cheaper than the best that were neither given up nor found lucky."""
        lucky = {candidate.roster for candidate in by_luck}
        limit = inf if best is None else self.cost_of(best)
        return sum(
            self.staffing.cost(roster) < limit and roster not in lucky and not self._is_dropped(roster)
            for roster in rosters
        )

    def so_far(self) -> SearchResult:
        """Return what a search that was stopped knows: the rosters that no other beats in what was run of them."""
        tried = [candidate for candidate in self.candidates.values() if candidate.results]
        frontier = self._unbeaten(tried, lambda candidate: (candidate.share() or 0.0, -_late(candidate)))
        parts = (None, None, None, (), tuple(frontier), (), False, len(tried), self.replications)
        unsettled = self.staffing.size - sum(self._is_dropped(roster) for roster in self.candidates)
        return SearchResult(self.staffing, self.wanted, *parts, self.today, unsettled, stopped=True, ran=self._ran)

    @property
    def _ran(self) -> dict[Roster, tuple[Ran, ...]]:
        return {roster: tuple(ran) for roster, ran in self.ran.items()}

    @property
    def fresh(self) -> range:
        """The numbers of the check's replications: as many as are enough if all keep the targets."""
        runs = self.size
        while wilson(runs, runs)[0] < min(self.wanted, SURE):
            runs += 1
        return range(self.size + 1, self.size + runs + 1)

    def _start(self) -> Candidate | None:
        """Return the smallest evenly spread roster that keeps the targets in the first replication, or None."""
        low, high = 1, sum(self.staffing.most.values())
        smallest: Candidate | None = None
        while low <= high:
            middle = (low + high) // 2
            candidate = self._run_on(self._trial(self.staffing.even(middle)), range(1, 2))
            if candidate.missed:
                low = middle + 1
            else:
                smallest, high = candidate, middle - 1
        return smallest

    def _worth_trying(self) -> list[Roster]:
        """Return the rosters with enough paid hours, the cheapest first."""
        work = [_work(candidate.results[1]) for candidate in self.candidates.values() if not candidate.missed]
        least = min(work, default=0.0)
        return [roster for roster in self.staffing.rosters() if self.staffing.hours(roster) >= least]

    def _trial(self, roster: Roster) -> Candidate:
        return self.candidates.setdefault(roster, Candidate(roster))

    def _is_decided(self, roster: Roster) -> bool:
        candidate = self.candidates.get(roster)
        return candidate is not None and (
            len(candidate.results) >= self.size or candidate.missed > self._may_miss(self.size)
        )

    def _may_miss(self, size: int) -> int:
        return may_miss(size, self.wanted)

    def _run_on(self, candidate: Candidate, numbers: Iterable[int]) -> Candidate:
        self._run_all([(candidate, number) for number in numbers])
        return candidate

    def _run_all(self, pairs: Iterable[tuple[Candidate, int]]) -> None:
        jobs = [(candidate, number) for candidate, number in pairs if number not in candidate.results]
        if not jobs:
            return
        try:
            results = self.run([(self.staffing.staffed(candidate.roster), number) for candidate, number in jobs])
        except Stopped as stopped:
            self._keep(jobs, stopped.rows[0])
            raise
        self._keep(jobs, results)

    def _keep(self, jobs: Sequence[tuple[Candidate, int]], results: Sequence[Result | None]) -> None:
        for (candidate, number), result in zip(jobs, results, strict=True):
            if result is not None:
                candidate.results[number] = result
                self.ran.setdefault(candidate.roster, {})[result.ran] = None
                self.replications += 1

    def _keeping(self, rosters: Sequence[Roster]) -> Iterator[Candidate]:
        """Yield the rosters that keep the targets, in their order, while the budget lasts."""
        for begin in range(0, len(rosters), _SIDE_BY_SIDE):
            candidates = [self._trial(roster) for roster in rosters[begin : begin + _SIDE_BY_SIDE]]
            probes = range(1, self._may_miss(self.size) + 2)
            self._run_all((candidate, number) for candidate in candidates for number in probes)
            for candidate in candidates:
                if self._may_keep(candidate):
                    self._run_on(candidate, range(1, self.size + 1))
                if self._may_keep(candidate):
                    yield candidate
                if self.replications >= self.budget:
                    return

    def _may_keep(self, candidate: Candidate) -> bool:
        return candidate.missed <= self._may_miss(self.size)

    def _descent(self, start: Candidate | None) -> Iterator[Candidate]:
        """Yield a roster that keeps the targets and has no cheaper neighbour that does, then those on the way to it."""
        path: list[Candidate] = []
        following = start
        while following is not None:
            path.append(following)
            following = next(self._keeping(self._cheaper(following.roster)), None)
        candidates = (
            candidate
            for candidate in reversed(path)
            if self._may_keep(self._run_on(candidate, range(1, self.size + 1)))
        )
        yield from candidates

    def _cheaper(self, roster: Roster) -> list[Roster]:
        """Return the cheaper neighbours: one person less, or one person on another pattern."""
        less = list(self.staffing.one_less(roster))
        moved = [neighbour for smaller in less for neighbour in self.staffing.one_more(smaller)]
        cost = self.staffing.cost
        neighbours = {
            neighbour
            for neighbour in (*less, *moved)
            if any(neighbour) and cost(neighbour) < cost(roster) and not self._is_dropped(neighbour)
        }
        return sorted(neighbours, key=lambda neighbour: (cost(neighbour), neighbour))

    def _is_dropped(self, roster: Roster) -> bool:
        return roster in self.candidates and not self._may_keep(self.candidates[roster])

    def _one_less(self, roster: Roster) -> tuple[Candidate, ...]:
        """Return the rosters with one person less, each run until it fails or passes the check."""
        fresh = list(self.fresh)
        candidates = [Candidate(smaller) for smaller in self.staffing.one_less(roster) if any(smaller)]
        for begin in range(0, len(fresh), 2):
            going = [candidate for candidate in candidates if candidate.missed <= self._may_miss(len(fresh))]
            self._run_all((candidate, number) for candidate in going for number in fresh[begin : begin + 2])
        return tuple(candidates)

    def _frontier(self, best: Candidate | None) -> tuple[Candidate, ...]:
        """Return the rosters that beat everything cheaper, below and above the best, each on all replications."""
        tried = [candidate for candidate in self.candidates.values() if 1 in candidate.results]
        first = self._unbeaten(tried, lambda candidate: _merit(candidate.results[1]))
        below = [candidate for candidate in first if best is None or self.cost_of(candidate) < self.cost_of(best)]
        chosen = [*below[-_POINTS:], *([best] if best is not None else [])]
        chosen += [candidate for candidate in first if len(candidate.results) >= self.size and candidate not in chosen]
        self._run_all((candidate, number) for candidate in chosen for number in range(1, self.size + 1))
        return tuple(self._unbeaten(chosen, lambda candidate: (candidate.share() or 0.0, -_late(candidate))))

    def _unbeaten(
        self, candidates: Iterable[Candidate], merit: Callable[[Candidate], tuple[float, float]]
    ) -> list[Candidate]:
        frontier: list[Candidate] = []
        for candidate in sorted(candidates, key=lambda candidate: (self.cost_of(candidate), candidate.roster)):
            if not frontier or merit(candidate) > merit(frontier[-1]):
                frontier.append(candidate)
        return frontier

    def cost_of(self, candidate: Candidate) -> float:
        """Return the cost of a roster in the measured period, without overtime."""
        return self.staffing.cost(candidate.roster)


def _work(result: Result) -> float:
    """Return the agents' hours of work in the measured period."""
    return result.busy_hours


def _late(candidate: Candidate) -> float:
    return candidate.figure("late_reply_rate").mean or 0.0


def _merit(result: Result) -> tuple[float, float]:
    return float(all(result.targets.values())), -(result.metrics["late_reply_rate"] or 0.0)


def cheapest(
    resolved: ResolvedScenario,
    run: Run,
    source: str,
    wanted: float | None = None,
    budget: int = BUDGET,
    keep_partial: bool = False,
) -> SearchResult:
    """Return the cheapest roster of a scenario that keeps every target in a share `wanted` of all periods.

    `wanted` is the scenario's share_of_replications by default. With `keep_partial`, Ctrl-C gives what was tried, if
    anything was; it is raised otherwise. Raises DocumentError if the scenario allows more than MOST_ROSTERS.
    """
    scenario = resolved.scenario
    share = float(scenario.targets.share_of_replications) if wanted is None else wanted
    search = Search(staffing(resolved, source), run, int(scenario.replications), share, budget)
    try:
        return search.found()
    except Stopped:
        if keep_partial and search.replications:
            return search.so_far()
        raise
