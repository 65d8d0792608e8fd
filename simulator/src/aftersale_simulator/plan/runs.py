"""Runs: one replication on the kernel, in the place of a desk."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from aftersale.clocks import start_of_day
from aftersale_simulator.desk.crews import crews
from aftersale_simulator.desk.effort import Effort
from aftersale_simulator.desk.suspensions import Suspensions
from aftersale_simulator.desk.work_order import sort_key
from aftersale_simulator.plan.asking import Asking
from aftersale_simulator.plan.crews import CrewTable, queues_served, work_of
from aftersale_simulator.plan.left import LeftDocket
from aftersale_simulator.plan.orders import dealt_of, rows_of
from aftersale_simulator.plan.steps import KernelSteps
from aftersale_simulator.plan.tables.cases import bounds_of
from aftersale_simulator.world.marketplace_run import MarketplaceRun, first_steps_columns
from aftersale_simulator.world.random_streams import Streams

if TYPE_CHECKING:
    from aftersale.clocks import Instant
    from aftersale.policies.policy import Policy
    from aftersale_simulator.kernel.kernel import Kernel, Longs
    from aftersale_simulator.plan.plan import Plan
    from aftersale_simulator.resolved.scenario import ResolvedScenario


def _spans(bounds: Sequence[tuple[int, list[Instant]]]) -> tuple[array[int], array[int], array[int]]:
    """Return by marketplace the number of the first terms, where its turns begin, and all turns."""
    first, begins, turns = array("q"), array("q", [0]), array("q")
    for number, within in bounds:
        first.append(number)
        turns.extend(within)
        begins.append(len(turns))
    return first, begins, turns or array("q", [0])


class KernelDesk:
    """A desk whose run the kernel is: it leaves what `Desk` leaves."""

    def __init__(
        self,
        plan: Plan,
        resolved: ResolvedScenario,
        policies: Mapping[str, Policy],
        streams: Streams,
        runs: Sequence[MarketplaceRun],
    ) -> None:
        scenario, horizon, zones = resolved.scenario, resolved.horizon, resolved.zones
        since, until = resolved.measured
        start = min(start_of_day(horizon.first, zone) for zone in zones)
        bounds = horizon.local_days(zones[0]).bounds.tolist()
        self.plan, self.runs, self.until, self.resolved = plan, runs, until, resolved
        self.docket = LeftDocket(policies)
        self.effort = Effort(since, until, bounds)
        self.suspensions = Suspensions(runs, policies, horizon, until, streams)
        plans = crews(scenario, resolved.windows_by_shift, resolved.shared_world, streams)
        added = {str(each.name): each.key for world in resolved.plugins.worlds for each in world.work_orders}
        keys = {
            run.orders.marketplaces[0]: sort_key(
                scenario.work_order, policies[run.orders.marketplaces[0]], run.world, added
            )
            for run in runs
        }
        queues, served = queues_served(plan, plans)
        self.crews = plans
        tables = [CrewTable.of(crew, own, start, until) for crew, own in zip(plans, served, strict=True)]
        self.asking = Asking(plan, runs, policies, keys, 1 + max(queues, default=-1), self._look)
        self.docket.asking = self.asking
        steps = self._steps()
        spans = _spans([bounds_of(policies[name].changes, start, until) for name in plan.cases.places])
        self.kernel = plan.kernel.Kernel(
            plan.tables, self.asking, self._orders(), steps, (start, since, until, *plan.span), tables,
            work_of(plan, str(scenario.work_order), queues, served, keys), bounds,
            self.suspensions.looks(), spans, dealt_of(plan, runs),
        )  # fmt: skip
        self._missing = 0
        self.docket.kernel = self.kernel
        self.docket.tally.follow(plan, self.kernel)

    def _orders(self) -> tuple[NDArray[np.int64], ...]:
        """Return the columns of all orders to which something happens, the marketplaces one after the other."""
        channel = self.docket.tally.channel
        channels = [np.array([channel(name) for name in run.orders.channels], np.int64) for run in self.runs]
        known = rows_of(self.plan, self.runs)
        numbers = [of[each] for of, each in zip(channels, known.channels, strict=True)]
        place, bits, bought, kind, narrow, begins = known.columns
        every = place, bits, bought, np.concatenate(numbers), kind, narrow, begins, known.rank
        return tuple(column if len(column) else np.zeros(1, np.int64) for column in every)

    def _steps(self) -> tuple[NDArray[np.int64], ...]:
        """Return the first steps in order of time: when, the item of the response, and the order."""
        names = list(dict.fromkeys(name for run in self.runs for name in run.steps.names))
        at, kind, number, row = first_steps_columns(self.runs, names)
        starts = np.cumsum([0, *(len(run.steps.orders) for run in self.runs)])[:-1]
        items = np.zeros((len(self.runs), len(names)), np.int64)
        for place, run in enumerate(self.runs):
            for name in run.steps.names:
                items[place, names.index(name)] = self.plan.responses.first(run.orders.marketplaces[0], name)
        return at, items[number, kind], starts[number] + row

    def _look(self, kernel: Kernel, name: str, day: int, at: Instant) -> None:
        self.docket.now = kernel.now
        self.suspensions.look(name, day, at, self.docket)  # type: ignore[arg-type]
        if len(self.suspensions.missing) > self._missing:
            self._missing = len(self.suspensions.missing)
            for number, order in enumerate(self.asking.orders):
                if self.suspensions.misses(order):
                    kernel.missing[number] = 1

    def run(self) -> None:
        """Run to the end of the period, and take in what that leaves."""
        kernel, effort = self.kernel, self.effort
        kernel.run()
        self.docket.now = self.until
        movements = self.resolved.classes.movements
        self.docket.moves = KernelSteps.of(self.asking, kernel, movements, self.asking.late_orders.dossiers)
        handled = np.frombuffer(kernel.handled.column(), np.int64).reshape(-1, 4)
        for column, values in zip((effort.opened, None, effort.starts, effort.ends), handled.T, strict=True):
            if column is not None:
                column.frombytes(np.ascontiguousarray(values).tobytes())
        teams = [crew.team for crew in self.crews]
        effort.teams.extend(map(teams.__getitem__, handled[:, 1].tolist()))
        overtime = np.frombuffer(kernel.overtime.column(), np.int64).reshape(-1, 2)
        for crew, duration in overtime.tolist():
            effort.overtime[teams[crew]] = effort.overtime.get(teams[crew], 0) + duration
        effort.wasted, effort.backlog = kernel.wasted, list(kernel.backlog)
        for number, (place, drawn) in enumerate(self.plan.responses.responses):
            if drawn.numbers and number < len(kernel.applied) and kernel.applied[number]:
                self.resolved.worlds[place].applied.update(drawn.numbers)
        for place, kind in self._kinds(kernel.timed):
            if kind not in self.resolved.scenario.handling:
                self.resolved.worlds[place].reads.add("other_task_minutes")

    @property
    def tasks(self) -> set[tuple[str, str]]:
        """The (marketplace, kind) pairs of tasks that came up."""
        return set(self._kinds(self.kernel.seen))

    def _kinds(self, flags: Longs) -> Iterator[tuple[str, str]]:
        """Yield the (marketplace, kind) pairs of the kinds of task that are marked."""
        for number in range(len(flags)):
            if flags[number]:
                place, kind = self.plan.cases.tasks[number]
                yield self.plan.cases.places[place], kind

    def leave(self) -> None:
        """Give back what serves the next run, and drop all attributes: they refer to each other in cycles."""
        self.kernel.leave()
        for each in (self.asking.late_orders, self.asking, self.docket, self):
            vars(each).clear()

    def placed(self) -> list[MarketplaceRun]:
        """Return the marketplaces with the orders that were placed."""
        return list(self.suspensions.placed(self.runs))
