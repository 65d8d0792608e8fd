"""The search for the cheapest roster that keeps every target often enough, on the same buyers for all rosters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from math import floor

from attrs import Factory, define, field, frozen

from aftersale_simulator.runs.results import Result
from aftersale_simulator.runs.statistics import Estimate, estimate, wilson
from aftersale_simulator.scenario.model import Scenario
from aftersale_simulator.staffing.rosters import Roster, Staffing, staffing

Run = Callable[[Sequence[tuple[Scenario, int]]], Sequence[Result]]
"""Runs pairs of scenario and number of replication, and returns their results in that order."""
BUDGET = 600
"""Replications that a search may take when nobody says otherwise (assumed)."""
_SIDE_BY_SIDE = 4
"""Rosters that are tried at the same time; fixed, so that what is tried does not depend on the workers."""
_POINTS = 3
"""Rosters cheaper than the best that the frontier shows at most."""
_SURE = 0.99
"""No share of periods above this is checked by counting: it would take thousands of replications."""
_ROUNDING = 1e-9


@define
class Trial:
    """A roster with the replications that it has been through, by number."""

    roster: Roster
    results: dict[int, Result] = Factory(dict)

    @property
    def kept(self) -> int:
        """In how many replications all targets held."""
        return sum(all(result.targets.values()) for result in self.results.values())

    @property
    def missed(self) -> int:
        """In how many replications some target did not hold."""
        return len(self.results) - self.kept

    def share(self) -> float:
        """Return the share of the replications in which all targets held."""
        return self.kept / len(self.results)

    def interval(self) -> tuple[float, float]:
        """Return Wilson's 95 % interval of that share."""
        return wilson(self.kept, len(self.results))

    def figure(self, name: str) -> Estimate:
        """Return a metric over the replications."""
        return estimate([result.metrics.get(name) for result in self.results.values()])

    def most_missed(self) -> str | None:
        """Return the target that was missed most often, None where all always held."""
        counts: dict[str, int] = {}
        for result in self.results.values():
            for name, met in result.targets.items():
                counts[name] = counts.get(name, 0) + (not met)
        worst = max(counts, key=lambda name: counts[name], default=None)
        return worst if worst is not None and counts[worst] else None


@frozen
class Found:
    """What a search came to.

    `best` is the cheapest roster that keeps the targets, on the replications of the search, and `check` the same on
    fresh ones, which had no part in choosing it; None where no allowed roster does. `next_best` is the cheapest but
    one. `one_less` are the rosters with one person less than the best, on fresh replications until they had failed;
    `frontier` those that no other beats in both cost and share, the cheapest first. `by_luck` kept the targets in the
    search and not in the check. `complete` says that every cheaper roster was tried or cannot do the work there is;
    `tried` counts rosters, `replications` all that ran.
    """

    staffing: Staffing
    wanted: float
    best: Trial | None
    check: Trial | None
    next_best: Trial | None
    one_less: tuple[Trial, ...]
    frontier: tuple[Trial, ...]
    by_luck: tuple[Trial, ...]
    complete: bool
    tried: int
    replications: int


@define
class Search:
    """Looks for the cheapest roster that keeps all targets in a share `wanted` of all periods.

    Every roster meets the same buyers, replications 1 to `size`, and is dropped as soon as it has missed more of them
    than it may. Rosters are tried from the cheapest on; those that are paid for fewer hours than the work takes that a
    larger roster did cannot keep up and are not tried. Where even so there are more than the `budget` of replications
    can tell apart, the search begins at a roster that keeps the targets and goes down from neighbour to neighbour. What
    it finds is run again on replications that it was not chosen by.
    """

    staffing: Staffing
    run: Run
    size: int
    wanted: float
    budget: int = BUDGET
    trials: dict[Roster, Trial] = field(factory=dict)
    replications: int = 0

    def found(self) -> Found:
        """Search, check, and return what came out."""
        start = self._start()
        rosters = self._worth_trying()
        complete = len(rosters) * 2 <= self.budget
        kept = self._kept(rosters) if complete else self._descent(start)
        by_luck: list[Trial] = []
        best = check = None
        for trial in kept:
            fresh = self._run_on(Trial(trial.roster), self.fresh)
            if fresh.share() >= self.wanted - _ROUNDING:
                best, check = trial, fresh
                break
            by_luck.append(trial)
        next_best = next(kept, None) if best is not None else None
        one_less = self._one_less(best.roster) if best is not None else ()
        complete = complete and (best is not None or all(self._decided(roster) for roster in rosters))
        frontier = self._frontier(best)
        luck = tuple(by_luck)
        told = (best, check, next_best, one_less, frontier, luck, complete, len(self.trials), self.replications)
        return Found(self.staffing, self.wanted, *told)

    @property
    def fresh(self) -> range:
        """The numbers of the replications of the check: as many as tell, if all of them keep the targets."""
        runs = self.size
        while wilson(runs, runs)[0] < min(self.wanted, _SURE):
            runs += 1
        return range(self.size + 1, self.size + runs + 1)

    def _start(self) -> Trial | None:
        """Return the smallest evenly spread roster that keeps the targets in the first replication, if one does."""
        low, high = 1, sum(self.staffing.most.values())
        found: Trial | None = None
        while low <= high:
            middle = (low + high) // 2
            trial = self._run_on(self._trial(self.staffing.even(middle)), range(1, 2))
            if trial.missed:
                low = middle + 1
            else:
                found, high = trial, middle - 1
        return found

    def _worth_trying(self) -> list[Roster]:
        """Return the rosters that are paid for enough hours, the cheapest first."""
        work = [_work(trial.results[1]) for trial in self.trials.values() if not trial.missed]
        least = min(work, default=0.0)
        return [roster for roster in self.staffing.rosters() if self.staffing.hours(roster) >= least]

    def _trial(self, roster: Roster) -> Trial:
        return self.trials.setdefault(roster, Trial(roster))

    def _decided(self, roster: Roster) -> bool:
        trial = self.trials.get(roster)
        return trial is not None and (len(trial.results) >= self.size or trial.missed > self._may_miss(self.size))

    def _may_miss(self, size: int) -> int:
        return floor(size * (1 - self.wanted) + _ROUNDING)

    def _run_on(self, trial: Trial, numbers: Iterable[int]) -> Trial:
        self._run_all([(trial, number) for number in numbers])
        return trial

    def _run_all(self, wanted: Iterable[tuple[Trial, int]]) -> None:
        jobs = [(trial, number) for trial, number in wanted if number not in trial.results]
        if not jobs:
            return
        results = self.run([(self.staffing.staffed(trial.roster), number) for trial, number in jobs])
        self.replications += len(jobs)
        for (trial, number), result in zip(jobs, results, strict=True):
            trial.results[number] = result

    def _kept(self, rosters: Sequence[Roster]) -> Iterator[Trial]:
        """Yield the rosters that keep the targets, in their order, while the budget lasts."""
        for begin in range(0, len(rosters), _SIDE_BY_SIDE):
            trials = [self._trial(roster) for roster in rosters[begin : begin + _SIDE_BY_SIDE]]
            probes = range(1, self._may_miss(self.size) + 2)
            self._run_all((trial, number) for trial in trials for number in probes)
            for trial in trials:
                if self._hopeful(trial):
                    self._run_on(trial, range(1, self.size + 1))
                if self._hopeful(trial):
                    yield trial
                if self.replications >= self.budget:
                    return

    def _hopeful(self, trial: Trial) -> bool:
        return trial.missed <= self._may_miss(self.size)

    def _descent(self, start: Trial | None) -> Iterator[Trial]:
        """Yield a roster that keeps the targets, of whose cheaper neighbours none does, then those on the way to it."""
        path: list[Trial] = []
        following = start
        while following is not None:
            path.append(following)
            following = next(self._kept(self._cheaper(following.roster)), None)
        kept = (trial for trial in reversed(path) if self._hopeful(self._run_on(trial, range(1, self.size + 1))))
        yield from kept

    def _cheaper(self, roster: Roster) -> list[Roster]:
        """Return the cheaper neighbours: one person less, or one on another place."""
        less = list(self.staffing.one_less(roster))
        moved = [other for one in less for other in self.staffing.one_more(one)]
        cost = self.staffing.cost
        found = {one for one in (*less, *moved) if any(one) and cost(one) < cost(roster) and not self._dropped(one)}
        return sorted(found, key=lambda one: (cost(one), one))

    def _dropped(self, roster: Roster) -> bool:
        return roster in self.trials and not self._hopeful(self.trials[roster])

    def _one_less(self, roster: Roster) -> tuple[Trial, ...]:
        """Return the rosters with one person less, each run until it has failed the check or passed it."""
        fresh = list(self.fresh)
        trials = [Trial(one) for one in self.staffing.one_less(roster) if any(one)]
        for begin in range(0, len(fresh), 2):
            going = [trial for trial in trials if trial.missed <= self._may_miss(len(fresh))]
            self._run_all((trial, number) for trial in going for number in fresh[begin : begin + 2])
        return tuple(trials)

    def _frontier(self, best: Trial | None) -> tuple[Trial, ...]:
        """Return what one gets for less money and for more: those that beat everything cheaper, at full length."""
        tried = [trial for trial in self.trials.values() if 1 in trial.results]
        first = self._unbeaten(tried, lambda trial: _merit(trial.results[1]))
        below = [trial for trial in first if best is None or self._cost(trial) < self._cost(best)]
        chosen = [*below[-_POINTS:], *([best] if best is not None else [])]
        chosen += [trial for trial in first if len(trial.results) >= self.size and trial not in chosen]
        self._run_all((trial, number) for trial in chosen for number in range(1, self.size + 1))
        return tuple(self._unbeaten(chosen, lambda trial: (trial.share(), -_late(trial))))

    def _unbeaten(self, trials: Iterable[Trial], merit: Callable[[Trial], tuple[float, float]]) -> list[Trial]:
        found: list[Trial] = []
        for trial in sorted(trials, key=lambda trial: (self._cost(trial), trial.roster)):
            if not found or merit(trial) > merit(found[-1]):
                found.append(trial)
        return found

    def _cost(self, trial: Trial) -> float:
        return self.staffing.cost(trial.roster)


def _work(result: Result) -> float:
    """Return the agents' hours of work of the measured period."""
    return result.busy_hours


def _late(trial: Trial) -> float:
    return trial.figure("late_reply_rate").mean or 0.0


def _merit(result: Result) -> tuple[float, float]:
    return float(all(result.targets.values())), -(result.metrics["late_reply_rate"] or 0.0)


def cheapest(
    scenario: Scenario, zones: Sequence[str], run: Run, source: str, wanted: float | None = None, budget: int = BUDGET
) -> Found:
    """Return the cheapest roster of a scenario that keeps every target in a share `wanted` of all periods.

    `zones` are those of its marketplaces; without a wish the scenario's own share_of_replications holds. Raises
    DocumentError where more rosters are allowed than can be looked at.
    """
    share = float(scenario.targets.share_of_replications) if wanted is None else wanted
    return Search(staffing(scenario, zones, source), run, int(scenario.replications), share, budget).found()
