"""Jobs: what a worker runs, and the context of all jobs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from attrs import define, field

from aftersale.order_columns import Orders
from aftersale_simulator.resolved.scenario import ResolvedScenario, resolve
from aftersale_simulator.runs.results import Result
from aftersale_simulator.runs.run import run
from aftersale_simulator.scenario.model import Scenario

if TYPE_CHECKING:
    from aftersale.plugins.plugins import Plugins

Job = tuple[Scenario, int]
"""A scenario and the number of a replication."""


@define
class JobContext:
    """What a worker needs for every job: the plugins, and the orders of a file if there is one."""

    plugins: Plugins
    orders: Orders | None = None
    _resolved: ResolvedScenario | None = field(default=None, init=False, eq=False, repr=False)

    def work(self, job: Job) -> Result:
        """Run one job. A scenario is resolved once for all of its replications that follow each other."""
        scenario, replication = job
        if self._resolved is None or self._resolved.scenario != scenario:
            self._resolved = resolve(scenario, self.plugins)
        return run(self._resolved, replication, orders=self.orders)


RunVariants = Callable[[Sequence[tuple[str, Scenario]], Sequence[int]], list[list[Result]]]
"""Runs variants: takes (name, scenario) pairs and replication numbers, returns results as [variant][replication]."""
