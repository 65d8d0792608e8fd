"""Jobs: what a worker runs, and the context of all jobs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from attrs import define, field

from aftersale.orders import Orders
from aftersale_simulator.resolved.scenario import ResolvedScenario, resolve
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


@define
class JobContext:
    """What a worker needs for every job: the plugins, and the orders of a file if there is one.

    It keeps what the next jobs are likely to need again: the scenarios that were resolved last, and what scenarios have
    in common in the replication of the last job.
    """

    plugins: Plugins
    orders: Orders | None = None
    marketplaces: MarketplaceRuns = field(factory=MarketplaceRuns, init=False, eq=False, repr=False)
    _resolved: tuple[ResolvedScenario, ...] = field(default=(), init=False, eq=False, repr=False)

    def work(self, job: Job) -> Result:
        """Run one job."""
        scenario, replication = job
        resolved = self._resolve(scenario)
        return run(resolved, replication, orders=self.orders, marketplaces=self.marketplaces)

    def _resolve(self, scenario: Scenario) -> ResolvedScenario:
        resolved = next((known for known in self._resolved if known.scenario == scenario), None)
        if resolved is None:
            resolved = resolve(scenario, self.plugins)
        others = [known for known in self._resolved if known is not resolved]
        # A whole tuple at once: threads of a cluster's worker may share this context.
        self._resolved = (*others[max(0, len(others) - MOST_RESOLVED + 1) :], resolved)
        return resolved


RunVariants = Callable[[Sequence[tuple[str, Scenario]], Sequence[int]], list[list[Result]]]
"""Runs variants: takes (name, scenario) pairs and replication numbers, returns results as [variant][replication]."""
