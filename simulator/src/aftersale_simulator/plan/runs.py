"""Runs: one replication on the kernel, and what it leaves in the form in which a desk leaves it."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from aftersale.cases.model import Case, Task
from aftersale.clocks import start_of_day
from aftersale.engine.columns import Running
from aftersale.engine.tally import Key, Tally
from aftersale_simulator.desk.crews import CrewPlan, crews
from aftersale_simulator.desk.effort import Effort
from aftersale_simulator.desk.queues import FAR, changes_of, queues_of
from aftersale_simulator.desk.suspensions import Suspensions
from aftersale_simulator.desk.work_order import WORK_ORDERS, sort_key
from aftersale_simulator.plan.asking import Asking
from aftersale_simulator.plan.cases import bounds_of
from aftersale_simulator.plan.orders import dealt_of, rows_of
from aftersale_simulator.plan.rows import count
from aftersale_simulator.plan.steps import KernelSteps
from aftersale_simulator.scenario.vocabulary import task_kinds
from aftersale_simulator.world.marketplace_run import MarketplaceRun, first_steps_columns
from aftersale_simulator.world.random_streams import Streams

if TYPE_CHECKING:
    from aftersale.clocks import Instant
    from aftersale.policies.policy import Policy
    from aftersale.policies.worlds import SortKey
    from aftersale_simulator.kernel.kernel import Kernel, Longs
    from aftersale_simulator.plan.names import Names
    from aftersale_simulator.plan.plan import Plan
    from aftersale_simulator.resolved.scenario import ResolvedScenario

BY_DUE, BY_ARRIVAL, BY_PLUGIN = 0, 1, 2
"""By what the kernel sorts tasks: when they are due, when they came, or what a plugin's work order says of each."""
_Work = tuple["array[int]", "array[int]", "array[int]", "array[int]", "array[int]"]


@frozen(eq=False)
class _Place:
    """A marketplace as queues need it: its kinds of tasks and its language."""

    times: dict[str, None]
    language: str


@frozen(eq=False)
class CrewTable:
    """A crew for the kernel: when how many agents come and go, and how they work."""

    most: int
    at: list[int]
    changes: list[int]
    closes: int
    closing: list[int]
    reopening: list[int]
    overtime: int
    finishes: bool
    usual: bool
    pace: Any
    queues: list[int]

    @classmethod
    def of(cls, crew: CrewPlan, queues: list[int], start: Instant, until: Instant) -> CrewTable:
        """Return a crew that serves these queues, for a run between two instants."""
        at, change = np.array(changes_of(crew.windows, start, until), np.int64).reshape(-1, 2).T
        leaving, coming = at[change < 0], at[change > 0]
        return cls(
            int(np.cumsum(change).max(initial=0)),
            at.tolist(),
            change.tolist(),
            int(_first_after(leaving, np.array([start]))[0]),
            _first_after(leaving, at).tolist(),
            _first_after(coming, at).tolist(),
            crew.overtime,
            crew.finishes,
            crew.pace.is_usual,
            crew.pace.at,
            queues,
        )


def _first_after(instants: NDArray[np.int64], at: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the first of some sorted instants after each of others, FAR where there is none; see `first_after`."""
    after: NDArray[np.int64] = np.append(instants, FAR)[np.searchsorted(instants, at, side="right")]
    return after


def _spans(bounds: Sequence[tuple[int, list[Instant]]]) -> tuple[array[int], array[int], array[int]]:
    """Return by marketplace the number of the first terms, where its turns begin, and all turns."""
    first, begins, turns = array("q"), array("q", [0]), array("q")
    for number, within in bounds:
        first.append(number)
        turns.extend(within)
        begins.append(len(turns))
    return first, begins, turns or array("q", [0])


_NO_NUMBERS = np.zeros(0, np.int64)


class _KernelRows(Mapping[Key, "array[int]"]):
    """Rows that the kernel adds to, by marketplace and name; they are read where it keeps them."""

    def __init__(self) -> None:
        self._columns: list[Longs] = []
        self._names: Names[Key] | None = None

    def follow(self, columns: list[Longs], names: Names[Key]) -> None:
        """Begin with what the kernel keeps; `names` are those of its keys."""
        self._columns, self._names = columns, names

    def size(self, key: Key) -> int:
        column = self._column(key)
        return 0 if column is None else len(column)

    def numbers(self, key: Key, first: int = 0) -> NDArray[np.int64]:
        column = self._column(key)
        if column is None or len(column) <= first:
            return _NO_NUMBERS
        return np.frombuffer(column.column(first), np.int64)

    def _column(self, key: Key) -> Longs | None:
        number = None if self._names is None else self._names.known(key)
        return self._columns[number] if number is not None and number < len(self._columns) else None

    def __getitem__(self, key: Key) -> array[int]:
        column = self._column(key)
        if not column:
            raise KeyError(key)
        return array("q", column.column())

    def __iter__(self) -> Iterator[Key]:
        for number, column in enumerate(self._columns):
            if len(column) and self._names is not None:
                yield self._names[number]

    def __len__(self) -> int:
        return sum(1 for _ in self)


class KernelTally(Tally):
    """A tally whose rows the kernel adds."""

    def __init__(self) -> None:
        self.kept: dict[str, _KernelRows] = {}
        super().__init__()

    def _rows(self, what: str) -> _KernelRows:
        rows = self.kept[what] = _KernelRows()
        return rows

    def follow(self, plan: Plan, kernel: Kernel) -> None:
        """Begin with the rows that a kernel keeps."""
        cases = plan.cases
        self.kept["endings"].follow(kernel.endings, cases.endings)
        self.kept["dues"].follow(kernel.dues, cases.endings)
        self.kept["openings"].follow(kernel.openings, cases.openings)
        self.kept["defects"].follow(kernel.defects, cases.components)


class LeftCases(Mapping[str, Case]):
    """The cases of a run by their names, made when one of them is asked for: how many there are is known."""

    def __init__(self, asking: Asking, kernel: Kernel) -> None:
        self._asking, self._kernel = asking, kernel

    def __len__(self) -> int:
        return len(self._kernel.c_order)

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __getitem__(self, name: str) -> Case:
        return self._made[name]

    @cached_property
    def _made(self) -> dict[str, Case]:
        made = (self._asking._case(self._kernel, number) for number in range(len(self)))
        return {case.id: case for case in made}


class LeftDocket:
    """What a docket would say after the run."""

    asking: Asking
    moves: KernelSteps

    def __init__(self, policies: Mapping[str, Policy]) -> None:
        self.tally, self._policies = KernelTally(), policies
        self.now = 0
        self.kernel: Kernel | None = None

    def policy(self, marketplace: str) -> Policy:
        """Return the policy of a marketplace."""
        return self._policies[marketplace]

    @property
    def cases(self) -> Mapping[str, Case]:
        """The cases, made when one of them is asked for."""
        assert self.kernel is not None
        return LeftCases(self.asking, self.kernel)

    def running(self) -> Running:
        """Return the deadlines that cases have at the end."""
        assert self.kernel is not None
        kernel, plan = self.kernel, self.asking.plan
        counts = np.frombuffer(kernel.c_deadlines.column(), np.int64)
        began: defaultdict[Key, list[Instant]] = defaultdict(list)
        cases: Counter[str] = Counter()
        # Few cases of a run are open at its end, so that these are read one by one.
        having = np.flatnonzero(counts)
        for case, running in zip(having.tolist(), counts[having].tolist(), strict=True):
            cases[plan.cases.places[self.asking.place[kernel.c_order[case]]]] += 1
            first = case * plan.tables.slots
            for slot in range(first, first + running):
                began[plan.cases.endings[kernel.d_name[slot]]].append(kernel.d_began[slot])
        return Running({key: np.array(starts, np.int64) for key, starts in began.items()}, dict(cases))


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
        queues, served = self._queues(plans)
        self.crews = plans
        tables = [CrewTable.of(crew, own, start, until) for crew, own in zip(plans, served, strict=True)]
        self.asking = Asking(plan, runs, policies, keys, 1 + max(queues, default=-1), self._look)
        self.docket.asking = self.asking
        steps = self._steps()
        spans = _spans([bounds_of(policies[name].changes, start, until) for name in plan.cases.places])
        self.kernel = plan.kernel.Kernel(
            plan.tables, self.asking, self._orders(), steps, (start, since, until, *plan.span), tables,
            self._work(queues, served, keys), bounds,
            self.suspensions.looks(), spans, dealt_of(plan, runs),
        )  # fmt: skip
        self._missing = 0
        self.docket.kernel = self.kernel
        self.docket.tally.follow(plan, self.kernel)

    def _queues(self, plans: Sequence[CrewPlan]) -> tuple[list[int], list[list[int]]]:
        """Number the queues; return which one each kind of task has, and which ones each crew serves."""
        plan = self.plan
        places = {
            name: _Place(
                dict.fromkeys(task_kinds(plan.policies[name].workflow)), plan.policies[name].marketplace.languages[0]
            )
            for name in plan.cases.places
        }
        queues = queues_of(places, plans)  # type: ignore[arg-type]
        numbers: dict[int, int] = {}
        for queue in queues.values():
            numbers.setdefault(id(queue), len(numbers))
        served = []
        for crew in plans:
            own = [
                numbers[id(queue)]
                for (name, task), queue in queues.items()
                if crew.works_on(name, task, places[name].language)
            ]
            served.append(list(dict.fromkeys(own)))
        return [numbers[id(queues[plan.cases.places[place], kind])] for place, kind in self._tasks()], served

    def _tasks(self) -> list[tuple[int, str]]:
        """Return the kinds of tasks, each of a marketplace by its place, as the plan numbers them."""
        return self.plan.cases.tasks.things[: count(self.plan.tables, "tasks")]

    def _work(self, queues: Sequence[int], served: Sequence[Sequence[int]], keys: Mapping[str, SortKey]) -> _Work:
        """Return by kind of task by what it is sorted, its head start and its queue, and which crews serve that."""
        places, order, head, begins, crews = self.plan.cases.places, array("q"), array("q"), array("q", [0]), array("q")
        for (place, kind), queue in zip(self._tasks(), queues, strict=True):
            by, ahead = self._sorted_by(keys[places[place]], kind)
            order.append(by)
            head.append(ahead)
            crews.extend([crew for crew, own in enumerate(served) if queue in own])
            begins.append(len(crews))
        return order, head, array("q", queues), begins, crews or array("q", [0])

    def _sorted_by(self, key: SortKey, kind: str) -> tuple[int, int]:
        """Return by what a work order of ours sorts a kind of task, BY_DUE with the head start or BY_ARRIVAL.

        The order itself is asked: of these it looks at nothing but when the task is due and when it came.
        """
        if self.resolved.scenario.work_order not in WORK_ORDERS:
            return BY_PLUGIN, 0
        probes = Task(kind, "", "", 0, "", "", 0), Task(kind, "", "", 1, "", "", 0), Task(kind, "", "", 0, "", "", 1)
        nothing, due, came = (int(key(probe, None)) for probe in probes)  # type: ignore[arg-type]
        assert (due - nothing, came - nothing) in ((1, 0), (0, 1))
        return (BY_DUE, -nothing) if due > nothing else (BY_ARRIVAL, 0)

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
