"""Agents: who takes which task when, on shifts: the servers of the desk as SimPy processes."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from heapq import heappop, heappush
from typing import Any

import simpy

from aftersale.cases.model import Case, Task
from aftersale.clocks import Instant
from aftersale.policies.worlds import SortKey
from aftersale_simulator.desk.crews import CrewPlan
from aftersale_simulator.desk.effort import Effort
from aftersale_simulator.desk.marketplace_desk import MarketplaceDesk
from aftersale_simulator.desk.queues import EMPTY, Inbox, Servers, changes_of, first_after, head_of, queues_of
from aftersale_simulator.desk.scheduler import Scheduler
from aftersale_simulator.world.entities import OrderState

Steps = Generator[simpy.Event, Any, None]
Finish = Callable[[Task, OrderState, Instant], None]
"""What becomes of a task that an agent has done."""


class Agents:
    """The agents of all crews, each a process that takes the most urgent task it can do; tasks wait in queues."""

    def __init__(
        self,
        env: Scheduler,
        until: Instant,
        cases: Mapping[str, Case],
        marketplaces: Mapping[str, MarketplaceDesk],
        crews: Sequence[CrewPlan],
        sort_keys: Mapping[str, SortKey],
        effort: Effort,
        finish: Finish,
    ) -> None:
        """Begin with everybody idle; `cases` are those of the docket as they change, `sort_keys` by marketplace."""
        self._env, self._until, self._cases, self._effort, self._finish = env, until, cases, effort, finish
        self._marketplaces = marketplaces
        self._pushed = 0
        self._rest: dict[str, tuple[Task, int]] = {}
        self._queues = queues_of(marketplaces, crews)
        groups = [self._servers(crew) for crew in crews]
        self._inboxes = {
            (name, task): Inbox(sort_keys[name], queue, [servers for servers in groups if servers.serves(queue)])
            for (name, task), queue in self._queues.items()
        }

    def offer(self, task: Task, state: OrderState) -> None:
        """Put a task into its queue, and wake an idle agent who can do it."""
        self._pushed += 1
        sort_key, queue, groups = self._inboxes[task.marketplace, task.kind]
        heappush(queue, (sort_key(task, state.order), self._pushed, task, state))
        for servers in groups:
            if servers.busy < servers.on_duty:
                self._assign(servers)
                return

    def _servers(self, crew: CrewPlan) -> Servers:
        languages = {name: marketplace.language for name, marketplace in self._marketplaces.items()}
        queues = [queue for (name, task), queue in self._queues.items() if crew.works_on(name, task, languages[name])]
        servers = Servers(crew, list({id(queue): queue for queue in queues}.values()))
        changes = changes_of(crew.windows, int(self._env.now), self._until)
        on_duty = most = 0
        for _, change in changes:
            on_duty += change
            most = max(most, on_duty)
        for _ in range(most):
            self._env.process(self._work(servers))
        self._env.process(self._change_shifts(servers, changes))
        return servers

    def _change_shifts(self, servers: Servers, changes: Sequence[tuple[Instant, int]]) -> Steps:
        leaving = [at for at, change in changes if change < 0]
        coming = [at for at, change in changes if change > 0]
        for at, change in changes:
            servers.closes = first_after(leaving, int(self._env.now))
            if at > self._env.now:
                yield self._env.timeout(at - self._env.now)
            servers.on_duty += change
            servers.closes = first_after(leaving, at)
            if change < 0:
                servers.overtime_until, servers.reopens = at + servers.crew.overtime, first_after(coming, at)
            while servers.busy < servers.on_duty and self._assign(servers):
                pass

    def _assign(self, servers: Servers) -> bool:
        """Give the most urgent task to an idle agent; False when there is none."""
        job = self._most_urgent_job(servers)
        if job is None:
            return False
        servers.busy += 1
        servers.idle.pop().succeed(job)
        return True

    def _most_urgent_job(self, servers: Servers) -> tuple[Task, OrderState] | None:
        cases = self._cases
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
            self.offer(*job)
        return None

    def _work(self, servers: Servers) -> Steps:
        """One agent, who finishes a task even after hours, or else puts it down for others."""
        event, timeout = self._env.event, self._env.timeout
        while True:
            call = event()
            servers.idle.append(call)
            job = yield call
            now = int(self._env.now)
            while job is not None:
                task, state = job
                late = servers.busy > servers.on_duty
                duration = self._duration(task, state, servers.crew, now)
                rest = 0 if servers.crew.finishes or late else max(0, now + duration - servers.closes)
                self._effort.count(task, servers.crew.team, now, now + duration - rest)
                if late:
                    self._effort.count_overtime(servers.crew.team, now, duration)
                now += duration - rest
                yield timeout(duration - rest)
                if rest:
                    self._put_down(task, state, rest)
                else:
                    self._finish(task, state, now)
                job = self._next_job(servers, now)
            servers.busy -= 1

    def _duration(self, task: Task, state: OrderState, crew: CrewPlan, now: Instant) -> int:
        if self._rest and (rest := self._rest.pop(task.case, None)) is not None and rest[0] is task:
            return rest[1]
        return self._marketplaces[task.marketplace].duration(task, state, crew.pace, now)

    def _put_down(self, task: Task, state: OrderState, rest: int) -> None:
        if self._cases[task.case].task is task:
            self._rest[task.case] = task, rest
            self.offer(task, state)
