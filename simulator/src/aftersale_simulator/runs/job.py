"""Jobs: what a worker runs, and the context of all jobs."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from attrs import define, evolve, field

from aftersale.order_columns import Orders
from aftersale_simulator.plan.basis import PlanBasis
from aftersale_simulator.resolved.scenario import ResolvedScenario, resolve
from aftersale_simulator.runs.engines import Engine
from aftersale_simulator.runs.results import Result
from aftersale_simulator.runs.run import run
from aftersale_simulator.scenario.model import Scenario
from aftersale_simulator.world.marketplace_run import MarketplaceRuns

if TYPE_CHECKING:
    from aftersale.plugins.plugins import Plugins

Job = tuple[Scenario, int]
"""A scenario and the number of a replication."""


MOST_RESOLVED = 16
"""How many scenarios stay resolved for their next replications (assumed)."""
MOST_PLANS = 8
"""How many plans stay for scenarios that they fit (assumed)."""


@define
class JobContext:
    """What a worker needs for every job: the plugins, the orders of a file if there is one, and what runs it.

    It keeps what the next jobs are likely to need again: the scenarios that were resolved last, and what scenarios have
    in common in the replication of the last job.
    """

    plugins: Plugins
    orders: Orders | None = None
    engine: Engine = "auto"
    marketplaces: MarketplaceRuns = field(factory=MarketplaceRuns, init=False, eq=False, repr=False)
    _resolved: tuple[ResolvedScenario, ...] = field(default=(), init=False, eq=False, repr=False)
    _plans: tuple[tuple[PlanBasis, dict[bool, list[Any]]], ...] = field(default=(), init=False, eq=False, repr=False)

    def work(self, job: Job) -> Result:
        """Run one job."""
        scenario, replication = job
        resolved = self._resolve(scenario)
        return run(resolved, replication, orders=self.orders, marketplaces=self.marketplaces, engine=self.engine)

    def _plans_of(self, resolved: ResolvedScenario) -> dict[bool, list[Any]]:
        """Return where the plans are kept that a scenario shares with those of the same basis."""
        basis = PlanBasis.of(resolved)
        known = next((plans for other, plans in self._plans if other == basis), {})
        others = [each for each in self._plans if each[1] is not known]
        self._plans = (*others[max(0, len(others) - MOST_PLANS + 1) :], (basis, known))
        return known

    def _resolve(self, scenario: Scenario) -> ResolvedScenario:
        resolved = next((known for known in self._resolved if _is_same(known.scenario, scenario)), None)
        if resolved is None:
            resolved = resolve(scenario, self.plugins)
            basis = resolved.cost_basis
            twin = next((known for known in self._resolved if known.cost_basis == basis), None)
            resolved = resolved if twin is None else resolved.sharing(twin)
            resolved = evolve(resolved, plans=self._plans_of(resolved))
        others = [known for known in self._resolved if known is not resolved]
        # A whole tuple at once: threads of a cluster's worker may share this context.
        self._resolved = (*others[max(0, len(others) - MOST_RESOLVED + 1) :], resolved)
        return resolved


def _is_same(first: Scenario, second: Scenario) -> bool:
    """Whether two scenarios say the same in the same order: shares add up in the order in which they are named."""
    return first == second and repr(first) == repr(second)


class WaitingJobs:
    """Jobs that wait for workers, by their positions in a sequence of jobs.

    Those of one replication go to one worker, one after the other, as it has made what they have in common. Only those
    of the first go to whoever asks: the sooner all scenarios have one replication, the sooner they can be compared.
    """

    def __init__(self, jobs: Sequence[Job], positions: Iterable[int]) -> None:
        """Take the jobs at these positions; their replications keep the order in which they first come."""
        self._waiting: dict[tuple[int, int], deque[int]] = {}
        self._current: dict[int, tuple[int, int]] = {}
        for position in positions:
            scenario, replication = jobs[position]
            self._waiting.setdefault((scenario.seed, replication), deque()).append(position)
        self._first = next(iter(self._waiting), None)

    def take(self, worker: int = 0) -> int | None:
        """Return the next job of a worker, and None where none waits.

        It is one of its current replication, or else of one that no worker has begun, or else of that of which most
        wait: nobody is idle while there is work.
        """
        if not self._waiting:
            return None
        current = self._first if self._first in self._waiting else self._current.get(worker)
        if current is None or current not in self._waiting:
            begun = self._current.values()
            most = max(self._waiting, key=lambda replication: len(self._waiting[replication]))
            current = next((replication for replication in self._waiting if replication not in begun), most)
        self._current[worker] = current
        positions = self._waiting[current]
        position = positions.popleft()
        if not positions:
            del self._waiting[current]
        return position

    def __len__(self) -> int:
        """Return how many wait."""
        return sum(map(len, self._waiting.values()))

    def __iter__(self) -> Iterator[int]:
        """Take all that wait, as one worker does."""
        return iter(self.take, None)


OnDone = Callable[[int, Result], None]
"""Is told of each job that is done: its position among the jobs, and its result."""
RunVariants = Callable[[Sequence[tuple[str, Scenario]], Sequence[int]], list[list[Result]]]
"""Runs variants: takes (name, scenario) pairs and replication numbers, returns results as [variant][replication]."""
