"""Desk: agents on shifts under SimPy, who take the most urgent task first, on cases that the real engine keeps.

The way of an order through it: `_begin` and `_happen` let something happen to it, `_record` puts the fact through the
docket, `_follow` lets buyers and marketplace react and offers the task to the agents, one of whom takes it and lets
`_finish` record its outcome.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from aftersale.cases.facts import Fact, happened
from aftersale.cases.model import Case, Deadline, Task
from aftersale.clocks import Instant
from aftersale.engine.docket import Docket
from aftersale.engine.engine import Outcome
from aftersale.policies.worlds import SortKey
from aftersale_simulator.desk.agents import Agents, Steps
from aftersale_simulator.desk.crews import CrewPlan
from aftersale_simulator.desk.effort import Effort
from aftersale_simulator.desk.marketplace_desk import MarketplaceDesk
from aftersale_simulator.desk.scheduler import Scheduler
from aftersale_simulator.desk.work_order import sort_key
from aftersale_simulator.scenario.model import Handling
from aftersale_simulator.world.behaviour.first_steps import FirstSteps
from aftersale_simulator.world.behaviour.responses import Response, Scheduled
from aftersale_simulator.world.entities import OrderState
from aftersale_simulator.world.marketplace_run import MarketplaceRun, first_steps_in_order

if TYPE_CHECKING:
    from aftersale_simulator.desk.suspensions import Suspensions


class Desk:
    """World, engine and agents of one replication."""

    def __init__(
        self,
        docket: Docket,
        runs: Sequence[MarketplaceRun],
        crews: Sequence[CrewPlan],
        handling: Mapping[str, Handling],
        span: tuple[Instant, Instant, Instant],
        bounds: Sequence[Instant] = (),
        work_order: str = "deadline",
        suspensions: Suspensions | None = None,
        facts: list[Fact] | None = None,
        work_orders: Mapping[str, SortKey] | None = None,
    ) -> None:
        """Prepare a run: `span` is when the run starts, and when the measured period begins and ends.

        `bounds` are the instants that bound the days by which effort is counted. `suspensions` are what marketplaces
        may close during the run, `facts` is a list to which every fact is added, if given; `work_orders` are
        those of plugins. `tasks` will be the
        (marketplace, kind) pairs of tasks that came up.
        """
        start, since, until = span
        self.docket, self.until = docket, until
        self.facts, self.suspensions = facts, suspensions
        self.effort = Effort(since, until, bounds)
        self.env = Scheduler(start)
        self._states: dict[str, OrderState] = {}
        self._open: set[str] = set()
        self._watched: Instant = until + 1
        self._marketplaces = {
            name: MarketplaceDesk.of(run.world, handling, docket.policy(name))
            for run in runs
            for name in [run.orders.marketplaces[0]]
        }
        sort_keys = {
            name: sort_key(work_order, docket.policy(name), marketplace.world, work_orders or {})
            for name, marketplace in self._marketplaces.items()
        }
        self._agents = Agents(
            self.env, until, docket.cases, self._marketplaces, crews, sort_keys, self.effort, self._finish
        )
        self.tasks: set[tuple[str, str]] = set()
        self._steps = first_steps_in_order(runs)
        self.runs = runs
        self._next_step()
        self.env.process(self._count_backlog())
        if suspensions is not None:
            self.env.process(self._look_at_accounts(suspensions))

    @property
    def now(self) -> Instant:
        """The instant that the simulation has reached."""
        return int(self.env.now)

    def run(self) -> None:
        """Run to the end of the period; open cases stay open."""
        self.env.run_to(self.until)
        if len(self.effort.backlog) < len(self.effort.bounds) - 1:
            self.effort.backlog.append(len(self._open))
        self.docket.advance(self.until)
        self.docket.passed.clear()

    def placed(self) -> list[MarketplaceRun]:
        """Return the marketplaces with the orders that were placed: those that no suspension prevented."""
        return list(self.runs) if self.suspensions is None else list(self.suspensions.placed(self.runs))

    def leave(self) -> None:
        """Drop all attributes: the garbage collector would otherwise search through their reference cycles."""
        vars(self).clear()

    def _next_step(self) -> None:
        """Schedule the next first step of an order: a step that does not follow from an earlier one."""
        step = next(self._steps, None)
        if step is not None:
            at, kind, number, row = step
            self.env.call(at, self._begin, kind, (number, row))

    def _begin(self, kind: str, source: tuple[int, int], at: Instant) -> None:
        number, row = source
        state = self._state(self.runs[number].steps, row)
        if self.suspensions is None or not self.suspensions.missing or not self.suspensions.misses(state.order):
            step = self._marketplaces[state.order.marketplace].responses.first[kind]
            self._happen(step.of(state), state, at)
        self._next_step()

    def _look_at_accounts(self, suspensions: Suspensions) -> Steps:
        """Let each marketplace look at the account at the end of the days that it looks on."""
        for at, name, day in suspensions.looks():
            if at > self.env.now:
                yield self.env.timeout(at - self.env.now)
            self.docket.advance(self.now)
            self._follow_passed()
            suspensions.look(name, day, at, self.docket)

    def _count_backlog(self) -> Steps:
        """Count the open tasks at the end of every day."""
        for end in self.effort.bounds[1:]:
            if end > self.env.now:
                yield self.env.timeout(end - self.env.now)
            self.effort.backlog.append(len(self._open))

    def _state(self, steps: FirstSteps, row: int) -> OrderState:
        order = steps.orders[row]
        state = self._states.get(order.id)
        if state is None:
            state = self._states[order.id] = OrderState(order, steps.draws, row, steps.bits[row])
        return state

    def _happen(self, response: Response, state: OrderState, at: Instant) -> None:
        """Let something happen to an order now that its time has come, if it still does."""
        cases = self.docket.cases
        if not (response.is_sure or response.still(state, cases)):
            return
        name = response.case_of(state)
        if response.lengthens is not None:
            longer = state.longer.setdefault(name, {})
            longer[response.lengthens] = longer.get(response.lengthens, 0) + 1
        if response.fact:
            self._record(response.fact_at(state, at, name), state)
            return
        course = self._marketplaces[state.order.marketplace].responses.events.get(response.event)
        for due, following, _ in course.begin(state, at, cases[name], cases) if course is not None else ():
            if due <= at:
                self._happen(following, state, at)
            else:
                self._schedule(((due, following, state),))

    def _schedule(self, events: Iterable[Scheduled]) -> None:
        call, happen, until = self.env.call, self._happen, self.until
        for at, response, state in events:
            if at < until:
                call(at, happen, response, state)

    def _record(self, fact: Fact, state: OrderState) -> None:
        if self.facts is not None:
            self.facts.append(fact)
        outcome = self.docket.record(fact, state.order)
        if self.docket.passed:
            self._follow_passed()
        if outcome is not None:
            self._follow(outcome, state)

    def _follow_passed(self) -> None:
        passed, self.docket.passed = self.docket.passed, []
        for outcome, deadline in passed:
            case, state = outcome.case, self._states[outcome.case.order]
            if case.state != outcome.before:
                self._follow(outcome, state)
            elif course := self._marketplaces[case.marketplace].responses.misses.get((case.kind, deadline.name)):
                self._schedule(course.begin(state, deadline.expires_at, case, self.docket.cases))

    def _follow(self, outcome: Outcome, state: OrderState) -> None:
        case = outcome.case
        if outcome.before == case.state:
            return
        if case.task is None:
            self._open.discard(case.id)
        else:
            self._open.add(case.id)
        marketplace = self._marketplaces[case.marketplace]
        if not outcome.before and case.kind in marketplace.contacts:
            state.behind = case.id
        if state.longer:
            state.longer.pop(case.id, None)
        course = marketplace.responses.states.get((case.kind, case.state))
        if course is not None:
            self._schedule(course.begin(state, case.moved_at, case, self.docket.cases))
        if outcome.opened:
            self._watch(outcome.opened)
            if case.task is not None:
                self._enqueue(case.task, state)

    def _watch(self, opened: Iterable[Deadline]) -> None:
        """Schedule the end of the next deadline; the engine says which one it is."""
        for deadline in opened:
            if deadline.expires_at < self._watched - 1:
                self._watch_at(deadline.expires_at)

    def _watch_at(self, expires: Instant) -> None:
        self._watched = expires + 1
        self.env.call(expires + 1, self._expire, expires, None)

    def _expire(self, expires: Instant, _: None, at: Instant) -> None:
        if expires + 1 != self._watched:
            return
        self.docket.advance(at)
        self._follow_passed()
        following = self.docket.next_expiry()
        self._watched = self.until + 1
        if following is not None and following + 1 < self.until:
            self._watch_at(following)

    def _enqueue(self, task: Task, state: OrderState) -> None:
        marketplace = self._marketplaces[task.marketplace]
        self.tasks.add((task.marketplace, task.kind))
        if marketplace.automatic and marketplace.is_automatic(task, state):
            self.env.call(self.now, self._finish, task, state)
            return
        self._agents.offer(task, state)

    def _finish(self, task: Task, state: OrderState, at: Instant) -> None:
        # A deadline may have ended in this same microsecond, before its own event was processed.
        self.docket.advance(at)
        if self.docket.passed:
            self._follow_passed()
        case: Case = self.docket.cases[task.case]
        if case.task is not task:
            self.effort.wasted += 1
            return
        marketplace = self._marketplaces[task.marketplace]
        course = marketplace.responses.done.get(task.kind)
        if course is None:
            self._record(happened(marketplace.answers[task.kind], case.marketplace, case.order, case.id, at), state)
            return
        for due, response, _ in course.decide(state, at, case, self.docket.cases):
            if due <= at:
                self._record(response.fact_at(state, at, case.id), state)
            else:
                self._schedule(((due, response, state),))
