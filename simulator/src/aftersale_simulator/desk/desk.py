"""Desk: agents on shifts under SimPy, who take the most urgent task first, on cases that the real engine keeps.

Only this module yields to SimPy. The way of an order through it: `_begin` and `_happen` let an event happen to it,
`_record` puts the fact through the docket, `_follow` lets buyers and marketplace react and puts the task into its
queue, an agent of `_work` takes the task and records its outcome.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

import simpy

from aftersale.cases.facts import Fact
from aftersale.cases.model import Case, Deadline, Task
from aftersale.clocks import Instant
from aftersale.engine.docket import Docket
from aftersale.engine.engine import Outcome
from aftersale_simulator.desk.crews import CrewPlan, Pace
from aftersale_simulator.desk.effort import Effort
from aftersale_simulator.desk.marketplace_desk import MarketplaceDesk
from aftersale_simulator.desk.queues import EMPTY, Inbox, Servers, changes_of, first_after, head_of, queues_of
from aftersale_simulator.desk.scheduler import Scheduler
from aftersale_simulator.desk.work_order import task_key
from aftersale_simulator.scenario.model import Handling
from aftersale_simulator.world.buyers import FirstSteps
from aftersale_simulator.world.entities import OrderState, ScheduledEvent
from aftersale_simulator.world.marketplace_run import MarketplaceRun, first_steps_in_order
from aftersale_simulator.world.world import DECISION, World

if TYPE_CHECKING:
    from aftersale_simulator.desk.suspensions import Suspensions

Steps = Generator[simpy.Event, Any, None]
CONTACTS = ("message", "return")
"""The kinds of case by which simulated buyers contact the seller, and which a claim may follow."""


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
    ) -> None:
        """Prepare a run: `span` is when the run starts, and when the measured period begins and ends.

        `bounds` are the instants that bound the days by which effort is counted. `suspensions` are what marketplaces
        may close during the run, `facts` is a list to which every fact is added, if given. `tasks` will be the
        (marketplace, kind) pairs of tasks that came up.
        """
        start, since, until = span
        self.docket, self.until = docket, until
        self.facts, self.suspensions = facts, suspensions
        self.effort = Effort(since, until, bounds)
        self.env = Scheduler(start)
        self._states: dict[str, OrderState] = {}
        self._open: set[str] = set()
        self._pushed = 0
        self._watched: Instant = until + 1
        self._marketplaces = {
            name: MarketplaceDesk.of(run.world, handling, docket.policy(name))
            for run in runs
            for name in [run.orders.marketplaces[0]]
        }
        self._queues = queues_of(self._marketplaces, crews)
        groups = [self._servers(crew) for crew in crews]
        sort_keys = {
            name: task_key(work_order, docket.policy(name), marketplace.world)
            for name, marketplace in self._marketplaces.items()
        }
        self._inboxes = {
            (name, task): Inbox(sort_keys[name], queue, [servers for servers in groups if servers.serves(queue)])
            for (name, task), queue in self._queues.items()
        }
        self._rest: dict[str, tuple[Task, int]] = {}
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
            self._happen(kind, state, at)
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
            state = self._states[order.id] = OrderState.begin(order, steps.draws, row)
        return state

    def _happen(self, event: str, state: OrderState, at: Instant) -> None:
        marketplace = self._marketplaces[state.order.marketplace]
        resolve = marketplace.unsure.get(event)
        kind = event if resolve is None else resolve(state, self.docket.cases, at)
        if not kind or kind in marketplace.absent:
            return
        fact = state.fact(kind, at, f"{state.order.id}-{marketplace.case_of[event]}")
        if kind not in marketplace.fleeting or self._is_possible(fact):
            self._record(fact, state)

    def _is_possible(self, fact: Fact) -> bool:
        """Whether a case is still in a state in which this happens, and does not only add to what has happened."""
        case = self.docket.cases.get(fact.case)
        workflow = self.docket.policy(fact.marketplace).workflow
        return case is None or any(not move.further for move in workflow.moves(case.kind, case.state, fact.kind))

    def _schedule(self, events: Iterable[ScheduledEvent]) -> None:
        call, happen, until = self.env.call, self._happen, self.until
        for at, kind, state in events:
            if at < until:
                call(at, happen, kind, state)

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
            state = self._states[outcome.case.order]
            if outcome.case.state != outcome.before:
                self._follow(outcome, state)
            elif reaction := self._marketplaces[state.order.marketplace].misses.get(deadline.name):
                self._schedule(reaction(state, deadline.expires_at))

    def _follow(self, outcome: Outcome, state: OrderState) -> None:
        case = outcome.case
        if outcome.before == case.state:
            return
        if case.task is None:
            self._open.discard(case.id)
        else:
            self._open.add(case.id)
        if not outcome.before and case.kind in CONTACTS:
            state.behind = case.id
        reaction = self._marketplaces[case.marketplace].reactions.get((case.kind, case.state))
        # A buyer who waits for the seller's label sends nothing yet.
        if reaction is not None and (case.task is None or case.kind != "return"):
            self._schedule(reaction(state, case.moved_at))
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

    def _servers(self, crew: CrewPlan) -> Servers:
        languages = {name: marketplace.language for name, marketplace in self._marketplaces.items()}
        queues = [queue for (name, task), queue in self._queues.items() if crew.works_on(name, task, languages[name])]
        servers = Servers(crew, list({id(queue): queue for queue in queues}.values()))
        changes = changes_of(crew.windows, self.now, self.until)
        on_duty = most = 0
        for _, change in changes:
            on_duty += change
            most = max(most, on_duty)
        for _ in range(most):
            self.env.process(self._work(servers))
        self.env.process(self._change_shifts(servers, changes))
        return servers

    def _change_shifts(self, servers: Servers, changes: Sequence[tuple[Instant, int]]) -> Steps:
        leaving = [at for at, change in changes if change < 0]
        coming = [at for at, change in changes if change > 0]
        for at, change in changes:
            servers.closes = first_after(leaving, self.now)
            if at > self.env.now:
                yield self.env.timeout(at - self.env.now)
            servers.on_duty += change
            servers.closes = first_after(leaving, at)
            if change < 0:
                servers.overtime_until, servers.reopens = at + servers.crew.overtime, first_after(coming, at)
            while servers.busy < servers.on_duty and self._assign(servers):
                pass

    def _enqueue(self, task: Task, state: OrderState) -> None:
        marketplace = self._marketplaces[task.marketplace]
        self.tasks.add((task.marketplace, task.kind))
        if marketplace.automatic and self._is_automatic(task, state, marketplace.automatic.get(task.kind, 0.0)):
            self.env.call(self.now, self._finish, task, state)
            return
        self._offer(task, state)

    def _is_automatic(self, task: Task, state: OrderState, share: float) -> bool:
        turn = state.touches if task.kind == "reply" else 0
        return bool(share) and state.draws.uniform(f"automatic.{task.kind}.{turn}", state.row) < share

    def _offer(self, task: Task, state: OrderState) -> None:
        """Put a task into its queue, and wake an idle agent who can do it."""
        self._pushed += 1
        sort_key, queue, groups = self._inboxes[task.marketplace, task.kind]
        heappush(queue, (sort_key(task), self._pushed, task, state))
        for servers in groups:
            if servers.busy < servers.on_duty:
                self._assign(servers)
                return

    def _assign(self, servers: Servers) -> bool:
        """Give the most urgent task to an idle agent; False when there is none."""
        job = self._most_urgent_job(servers)
        if job is None:
            return False
        servers.busy += 1
        servers.idle.pop().succeed(job)
        return True

    def _most_urgent_job(self, servers: Servers) -> tuple[Task, OrderState] | None:
        cases = self.docket.cases
        while True:
            queue = servers.queues[0] if len(servers.queues) == 1 else min(servers.queues, key=head_of, default=EMPTY)
            if not queue:
                return None
            _, _, task, state = heappop(queue)
            if cases[task.case].task is task:
                return task, state

    def _next_job(self, servers: Servers, now: Instant) -> tuple[Task, OrderState] | None:
        """Return the next task of an agent who has just finished one; None when it is time to go home."""
        if servers.busy <= servers.on_duty:
            return self._most_urgent_job(servers)
        if now < servers.overtime_until and (job := self._most_urgent_job(servers)) is not None:
            if job[0].due < servers.reopens:
                return job
            self._offer(*job)
        return None

    def _work(self, servers: Servers) -> Steps:
        """One agent, who finishes a task even after hours, or else puts it down for others."""
        event, timeout = self.env.event, self.env.timeout
        while True:
            call = event()
            servers.idle.append(call)
            job = yield call
            now = self.now
            while job is not None:
                task, state = job
                late = servers.busy > servers.on_duty
                duration = self._duration(task, state, servers.crew.pace, now)
                rest = 0 if servers.crew.finishes or late else max(0, now + duration - servers.closes)
                self._count(task, servers.crew.team, now, now + duration - rest)
                if late:
                    self._count_overtime(servers.crew.team, now, duration)
                now += duration - rest
                yield timeout(duration - rest)
                if rest:
                    self._put_down(task, state, rest)
                else:
                    self._finish(task, state, now)
                job = self._next_job(servers, now)
            servers.busy -= 1

    def _duration(self, task: Task, state: OrderState, pace: Pace, now: Instant) -> int:
        if self._rest and (rest := self._rest.pop(task.case, None)) is not None and rest[0] is task:
            return rest[1]
        turn = state.touches if task.kind == "reply" else 0
        marketplace = self._marketplaces[task.marketplace]
        duration = marketplace.times[task.kind](state, f"handling.{task.kind}.{turn}")
        if state.reminders and task.kind == "reply":
            duration = round(duration * (1 + marketplace.world["reminder_handling"] * state.reminders))
        return duration if pace.is_usual else round(duration * pace.at(now))

    def _put_down(self, task: Task, state: OrderState, rest: int) -> None:
        if self.docket.cases[task.case].task is task:
            self._rest[task.case] = task, rest
            self._offer(task, state)

    def _count(self, task: Task, team: str, start: Instant, end: Instant) -> None:
        effort = self.effort
        effort.opened.append(task.opened_at)
        effort.teams.append(team)
        effort.starts.append(start)
        effort.ends.append(end)

    def _count_overtime(self, team: str, start: Instant, duration: int) -> None:
        if self.effort.since <= start < self.effort.until:
            self.effort.overtime[team] = self.effort.overtime.get(team, 0) + duration

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
        kind = self._decision(state, marketplace.world) if task.kind == DECISION else marketplace.answers[task.kind]
        self._record(state.fact(kind, at, task.case), state)

    def _decision(self, state: OrderState, world: World) -> str:
        if not state.offered and state.draws.uniform("return.offer", state.row) < world["partial_offer_rate"]:
            state.offered = True
            return "partial_refund_offered"
        authorised = state.draws.uniform("return.decision", state.row) < world["return_authorised_rate"]
        return "return_authorised" if authorised else "return_declined"
