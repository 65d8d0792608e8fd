"""The desk: agents on shifts under SimPy, working the most urgent task first, on cases that the real engine keeps.

This is the only module that yields. One order's way through it: `_begin` and `_happen` let something happen to it,
`_record` puts the fact through the docket, `_follow` lets buyers and marketplace react and the task join the queue, an
agent of `_work` takes the task and records its outcome.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from heapq import heappop, heappush
from itertools import chain
from math import exp, inf, log, sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import simpy
from attrs import Factory, define, frozen
from numpy.typing import NDArray

from aftersale.cases.facts import Fact
from aftersale.cases.model import Case, Deadline, Task
from aftersale.clocks import HOUR, MINUTE, Instant
from aftersale.documents.scalars import Duration, Word
from aftersale.engine.docket import Docket
from aftersale.engine.engine import Outcome
from aftersale.orders import Orders
from aftersale.policies.policy import Policy
from aftersale_simulator.desk.crews import Crew, Pace
from aftersale_simulator.desk.scheduler import Agenda
from aftersale_simulator.desk.shifts import Window
from aftersale_simulator.scenario.model import Handling
from aftersale_simulator.scenario.vocabulary import task_kinds
from aftersale_simulator.world.buyers import SILENCE, Buyers, FirstSteps, Reactions
from aftersale_simulator.world.entities import CASE_OF, CLAIM_IN_SILENCE, REMINDER, RULING, Happening, Life
from aftersale_simulator.world.investigators import Investigators
from aftersale_simulator.world.world import DECISION, World

if TYPE_CHECKING:
    from aftersale_simulator.desk.suspensions import Closures

Steps = Generator[simpy.Event, Any, None]
Queue = list[tuple[Instant, int, Task, Life]]
FAR: Instant = 2**62
"""After all instants of a run."""
CONTACTS = ("message", "return")
"""The kinds of case by which simulated buyers turn to the seller, and which a claim may grow out of."""


@define(eq=False)
class Team:
    """A crew at work: how many are on duty, how many busy, who waits for a task, and which queues it serves.

    `closes` is when the next of them go home, `overtime_until` until when those may stay whose shift has ended, for
    what is due before `reopens`.
    """

    crew: Crew
    queues: list[Queue]
    on_duty: int = 0
    busy: int = 0
    idle: list[simpy.Event] = Factory(list)
    closes: Instant = FAR
    overtime_until: Instant = -FAR
    reopens: Instant = FAR

    def serves(self, queue: Queue) -> bool:
        """Whether its agents take tasks from this very queue."""
        return any(own is queue for own in self.queues)


class Inbox(NamedTuple):
    """Where one kind of task of one marketplace is brought: by what it is sorted, its queue, and who serves it."""

    order: Callable[[Task], Instant]
    queue: Queue
    teams: Sequence[Team]


@frozen(eq=False)
class Place:
    """One marketplace's orders with what their buyers begin."""

    orders: Orders
    steps: FirstSteps
    world: World


Follow = Callable[[Life, Instant], Iterable[Happening]]
Resolve = Callable[[Life, Mapping[str, Case], Instant], str]
"""The fact that something becomes when its time has come, as the cases then stand; empty for none."""
OVERTAKEN = frozenset({"marketplace_refunded", "refunded_at_first_scan"})
"""What does not happen to a case that has moved to where it cannot: the seller was faster."""


@frozen(eq=False)
class _Local:
    """What holds on one marketplace: who reacts how, how long tasks take and become what, what a fact is about."""

    world: World
    language: str
    unsure: dict[str, Resolve]
    reactions: dict[tuple[str, str], Follow]
    misses: dict[str, Follow]
    times: dict[str, Callable[[Life, str], int]]
    automatic: dict[str, float]
    answers: dict[str, str]
    case_of: dict[str, str]
    absent: frozenset[str]
    fleeting: frozenset[str]

    @classmethod
    def of(cls, world: World, handling: Mapping[str, Handling], policy: Policy) -> _Local:
        buyers, investigators = Buyers(world), Investigators(world)
        otherwise = Handling(Duration(round(world["other_task_minutes"] * MINUTE)))
        opens, language = policy.workflow.opened_by, policy.marketplace.languages[0]
        opened: dict[str, str] = {contact.fact: opens(contact.fact) or "" for contact in world.contacts}
        reactions = chain.from_iterable(world.reactions.values())
        suffixes = {opens(fact): suffix for fact, suffix in CASE_OF.items()}
        followed: dict[str, str] = {each.fact: suffixes.get(each.kind, each.kind) for each in reactions}
        return cls(
            world,
            language,
            {
                "claim_filed": buyers.claims,
                CLAIM_IN_SILENCE: buyers.claims_in_silence,
                REMINDER: buyers.reminds,
                "feedback_left": buyers.rates,
                RULING: investigators.ruled,
            },
            _reactions(buyers, investigators, world),
            {SILENCE: buyers.unheard, "refund_after_receipt": buyers.unpaid},
            {kind: _times(handling.get(kind, otherwise), language) for kind in task_kinds(policy.workflow)},
            {kind: float(own.automatic) for kind, own in handling.items() if own.automatic},
            world.answers,
            followed | opened | CASE_OF,
            world.absent,
            OVERTAKEN.union(followed),
        )


@define
class Effort:
    """What the agents did, in microseconds of agents' time; the measured period is [since, until).

    `starts` and `ends` are every handling's, `waits` from task to start those of the measured period's tasks,
    `backlog` the tasks that were open as each of the days between `bounds` ended; `overtime` what teams worked after
    their shifts in the measured period, `wasted` how many tasks were worked on in vain.
    """

    since: Instant
    until: Instant
    bounds: Sequence[Instant] = ()
    wasted: int = 0
    starts: array[int] = Factory(lambda: array("q"))
    ends: array[int] = Factory(lambda: array("q"))
    waits: array[int] = Factory(lambda: array("q"))
    overtime: dict[str, int] = Factory(dict)
    backlog: list[int] = Factory(list)

    @property
    def busy(self) -> int:
        """How long agents worked in the measured period."""
        starts, ends = self._handled()
        inside = np.minimum(ends, self.until) - np.maximum(starts, self.since)
        return int(np.maximum(inside, 0).sum())

    @property
    def tasks(self) -> int:
        """How many handlings began in the measured period."""
        starts, _ = self._handled()
        return int(((starts >= self.since) & (starts < self.until)).sum())

    @property
    def daily(self) -> list[int]:
        """How long agents worked on each day; all of a handling belongs to the day on which it began."""
        starts, ends = self._handled()
        spent = np.zeros(max(0, len(self.bounds) - 1), np.int64)
        day = np.searchsorted(np.array(self.bounds, np.int64), starts, side="right") - 1
        inside = (day >= 0) & (day < len(spent))
        np.add.at(spent, day[inside], (ends - starts)[inside])
        found: list[int] = spent.tolist()
        return found

    def _handled(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        return np.array(self.starts, np.int64), np.array(self.ends, np.int64)


class Desk:
    """World, engine and agents of one replication."""

    def __init__(
        self,
        docket: Docket,
        places: Sequence[Place],
        crews: Sequence[Crew],
        handling: Mapping[str, Handling],
        span: tuple[Instant, Instant, Instant],
        bounds: Sequence[Instant] = (),
        work_order: str = "deadline",
    ) -> None:
        """Set the stage: `span` is its start, and where the measured period begins and ends.

        Between `bounds` lie the days of which the effort tells.
        """
        start, since, until = span
        self.docket, self.until = docket, until
        self.facts: list[Fact] | None = None
        self.closures: Closures | None = None
        self.effort = Effort(since, until, bounds)
        self.env = Agenda(start)
        self._lives: dict[str, Life] = {}
        self._open: set[str] = set()
        self._pushed = 0
        self._watched: Instant = until + 1
        self._local = {
            place.orders.marketplaces[0]: _Local.of(place.world, handling, docket.policy(place.orders.marketplaces[0]))
            for place in places
        }
        self._queues = _queues(self._local, crews)
        teams = [self._team(crew) for crew in crews]
        orders = {name: _order(work_order, docket.policy(name), local.world) for name, local in self._local.items()}
        self._inboxes = {
            (place, task): Inbox(orders[place], queue, [team for team in teams if team.serves(queue)])
            for (place, task), queue in self._queues.items()
        }
        self._rest: dict[str, tuple[Task, int]] = {}
        self._steps = _merged(places)
        self._places = places
        self._next_step()
        self.env.process(self._days())

    @property
    def now(self) -> Instant:
        """The instant that the simulation has reached."""
        return int(self.env.now)

    def run(self) -> None:
        """Run to the end of the period; what is open then stays open."""
        if self.closures is not None:
            self.env.process(self._looks(self.closures))
        self.env.run_to(self.until)
        if len(self.effort.backlog) < len(self.effort.bounds) - 1:
            self.effort.backlog.append(len(self._open))
        self.docket.advance(self.until)
        self.docket.passed.clear()

    def leave(self) -> None:
        """Let go of everything: what refers to itself in circles would be searched through by the garbage collector."""
        vars(self).clear()

    def _next_step(self) -> None:
        """Wait for the next thing that begins with an order, and not with what happened to it before."""
        found = next(self._steps, None)
        if found is not None:
            at, kind, place, slot = found
            self.env.call(at, self._begin, kind, (place, slot))

    def _begin(self, kind: str, whose: tuple[int, int], at: Instant) -> None:
        place, slot = whose
        life = self._life(self._places[place].steps, slot)
        if self.closures is None or not self.closures.missing or not self.closures.misses(life.order):
            self._happen(kind, life, at)
        self._next_step()

    def _looks(self, closures: Closures) -> Steps:
        """Let the marketplaces look at the account at the end of every day."""
        for at, name, day in closures.looks():
            if at > self.env.now:
                yield self.env.timeout(at - self.env.now)
            self.docket.advance(self.now)
            self._passed()
            closures.look(name, day, at, self.docket)

    def _days(self) -> Steps:
        """Count the open tasks at the end of every day."""
        for end in self.effort.bounds[1:]:
            if end > self.env.now:
                yield self.env.timeout(end - self.env.now)
            self.effort.backlog.append(len(self._open))

    def _life(self, steps: FirstSteps, slot: int) -> Life:
        order = steps.orders[slot]
        life = self._lives.get(order.id)
        if life is None:
            life = self._lives[order.id] = Life.begin(order, steps.hand, slot)
        return life

    def _happen(self, kind: str, life: Life, at: Instant) -> None:
        local = self._local[life.order.marketplace]
        resolve = local.unsure.get(kind)
        if resolve is not None:
            kind = resolve(life, self.docket.cases, at)
        if not kind or kind in local.absent:
            return
        fact = life.fact(kind, at, f"{life.order.id}-{local.case_of[kind]}")
        if kind not in local.fleeting or self._is_possible(fact):
            self._record(fact, life)

    def _is_possible(self, fact: Fact) -> bool:
        """Whether a case is still where what a plugin says may follow can happen to it."""
        case = self.docket.cases.get(fact.case)
        workflow = self.docket.policy(fact.marketplace).workflow
        return case is None or bool(workflow.moves(case.kind, case.state, fact.kind))

    def _schedule(self, happenings: Iterable[Happening]) -> None:
        call, happen, until = self.env.call, self._happen, self.until
        for at, kind, life in happenings:
            if at < until:
                call(at, happen, kind, life)

    def _record(self, fact: Fact, life: Life) -> None:
        if self.facts is not None:
            self.facts.append(fact)
        outcome = self.docket.record(fact, life.order)
        if self.docket.passed:
            self._passed()
        if outcome is not None:
            self._follow(outcome, life)

    def _passed(self) -> None:
        passed, self.docket.passed = self.docket.passed, []
        for outcome, deadline in passed:
            life = self._lives[outcome.case.order]
            if outcome.case.state != outcome.before:
                self._follow(outcome, life)
            elif missed := self._local[life.order.marketplace].misses.get(deadline.name):
                self._schedule(missed(life, deadline.expires_at))

    def _follow(self, outcome: Outcome, life: Life) -> None:
        case = outcome.case
        if outcome.before == case.state:
            return
        if case.task is None:
            self._open.discard(case.id)
        else:
            self._open.add(case.id)
        if not outcome.before and case.kind in CONTACTS:
            life.behind = case.id
        reaction = self._local[case.marketplace].reactions.get((case.kind, case.state))
        # A buyer who waits for the seller's label sends nothing yet.
        if reaction is not None and (case.task is None or case.kind != "return"):
            self._schedule(reaction(life, case.moved_at))
        if outcome.opened:
            self._watch(outcome.opened)
            if case.task is not None:
                self._enqueue(case.task, life)

    def _watch(self, opened: Iterable[Deadline]) -> None:
        """Be there when the next deadline ends; the engine says which one it is."""
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
        self._passed()
        following = self.docket.next_expiry()
        self._watched = self.until + 1
        if following is not None and following + 1 < self.until:
            self._watch_at(following)

    def _team(self, crew: Crew) -> Team:
        spoken = {place: local.language for place, local in self._local.items()}
        mine = [queue for (place, task), queue in self._queues.items() if crew.works_on(place, task, spoken[place])]
        team = Team(crew, list({id(queue): queue for queue in mine}.values()))
        changes = _changes(crew.windows, self.now, self.until)
        on_duty = most = 0
        for _, change in changes:
            on_duty += change
            most = max(most, on_duty)
        for _ in range(most):
            self.env.process(self._work(team))
        self.env.process(self._hours(team, changes))
        return team

    def _hours(self, team: Team, changes: Sequence[tuple[Instant, int]]) -> Steps:
        leaving = [at for at, change in changes if change < 0]
        coming = [at for at, change in changes if change > 0]
        for at, change in changes:
            team.closes = _after(leaving, self.now)
            if at > self.env.now:
                yield self.env.timeout(at - self.env.now)
            team.on_duty += change
            team.closes = _after(leaving, at)
            if change < 0:
                team.overtime_until, team.reopens = at + team.crew.overtime, _after(coming, at)
            while team.busy < team.on_duty and self._call(team):
                pass

    def _enqueue(self, task: Task, life: Life) -> None:
        local = self._local[task.marketplace]
        if local.automatic and self._is_automatic(task, life, local.automatic.get(task.kind, 0.0)):
            self.env.call(self.now, self._finish, task, life)
            return
        self._offer(task, life)

    def _is_automatic(self, task: Task, life: Life, share: float) -> bool:
        turn = life.touches if task.kind == "reply" else 0
        return bool(share) and life.hand.uniform(f"automatic.{task.kind}.{turn}", life.slot) < share

    def _offer(self, task: Task, life: Life) -> None:
        """Put a task into its queue, and wake somebody who can do it."""
        self._pushed += 1
        order, queue, teams = self._inboxes[task.marketplace, task.kind]
        heappush(queue, (order(task), self._pushed, task, life))
        for team in teams:
            if team.busy < team.on_duty:
                self._call(team)
                return

    def _call(self, team: Team) -> bool:
        """Give the most urgent task to an idle agent; False when there is none."""
        found = self._most_urgent(team)
        if found is None:
            return False
        team.busy += 1
        team.idle.pop().succeed(found)
        return True

    def _most_urgent(self, team: Team) -> tuple[Task, Life] | None:
        cases = self.docket.cases
        while True:
            queue = team.queues[0] if len(team.queues) == 1 else min(team.queues, key=_head, default=_EMPTY)
            if not queue:
                return None
            _, _, task, life = heappop(queue)
            if cases[task.case].task is task:
                return task, life

    def _next(self, team: Team, now: Instant) -> tuple[Task, Life] | None:
        """Return what an agent does who has just finished something; nothing when it is time to go home."""
        if team.busy <= team.on_duty:
            return self._most_urgent(team)
        if now < team.overtime_until and (found := self._most_urgent(team)) is not None:
            if found[0].due < team.reopens:
                return found
            self._offer(*found)
        return None

    def _work(self, team: Team) -> Steps:
        """One agent, who finishes what was begun even after hours, or else puts it down for others."""
        event, timeout = self.env.event, self.env.timeout
        while True:
            call = event()
            team.idle.append(call)
            found = yield call
            now = self.now
            while found is not None:
                task, life = found
                late = team.busy > team.on_duty
                duration = self._duration(task, life, team.crew.pace, now)
                rest = 0 if team.crew.finishes or late else max(0, now + duration - team.closes)
                self._count(task, now, now + duration - rest)
                if late:
                    self._count_overtime(team.crew.team, now, duration)
                now += duration - rest
                yield timeout(duration - rest)
                if rest:
                    self._put_down(task, life, rest)
                else:
                    self._finish(task, life, now)
                found = self._next(team, now)
            team.busy -= 1

    def _duration(self, task: Task, life: Life, pace: Pace, now: Instant) -> int:
        if self._rest and (left := self._rest.pop(task.case, None)) is not None and left[0] is task:
            return left[1]
        turn = life.touches if task.kind == "reply" else 0
        local = self._local[task.marketplace]
        usual = local.times[task.kind](life, f"handling.{task.kind}.{turn}")
        if life.reminders and task.kind == "reply":
            usual = round(usual * (1 + local.world["reminder_handling"] * life.reminders))
        return usual if pace.is_usual else round(usual * pace.at(now))

    def _put_down(self, task: Task, life: Life, rest: int) -> None:
        if self.docket.cases[task.case].task is task:
            self._rest[task.case] = task, rest
            self._offer(task, life)

    def _count(self, task: Task, start: Instant, end: Instant) -> None:
        effort = self.effort
        effort.starts.append(start)
        effort.ends.append(end)
        if effort.since <= task.opened_at < effort.until:
            effort.waits.append(start - task.opened_at)

    def _count_overtime(self, team: str, start: Instant, duration: int) -> None:
        if self.effort.since <= start < self.effort.until:
            self.effort.overtime[team] = self.effort.overtime.get(team, 0) + duration

    def _finish(self, task: Task, life: Life, at: Instant) -> None:
        # A deadline may have ended in this very microsecond, before its own event had its turn.
        self.docket.advance(at)
        if self.docket.passed:
            self._passed()
        case: Case = self.docket.cases[task.case]
        if case.task is not task:
            self.effort.wasted += 1
            return
        local = self._local[task.marketplace]
        kind = self._decided(life, local.world) if task.kind == DECISION else local.answers[task.kind]
        self._record(life.fact(kind, at, task.case), life)

    def _decided(self, life: Life, world: World) -> str:
        if not life.offered and life.hand.uniform("return.offer", life.slot) < world["partial_offer_rate"]:
            life.offered = True
            return "partial_refund_offered"
        authorised = life.hand.uniform("return.decision", life.slot) < world["return_authorised_rate"]
        return "return_authorised" if authorised else "return_declined"


_EMPTY: Queue = []


def _head(queue: Queue) -> tuple[float, int]:
    return queue[0][:2] if queue else (inf, 0)


def _queues(local: Mapping[str, _Local], crews: Sequence[Crew]) -> dict[tuple[str, str], Queue]:
    """Return the queue of each kind of task on each marketplace: what the same crews do shares one."""
    by_crews: dict[frozenset[int], Queue] = {}
    found = {}
    for place, own in local.items():
        for task in own.times:
            doing = frozenset(i for i, crew in enumerate(crews) if crew.works_on(place, task, own.language))
            found[place, task] = by_crews.setdefault(doing, [])
    return found


def _order(work_order: str, policy: Policy, world: World) -> Callable[[Task], Instant]:
    """Return by what tasks are taken, the least first."""
    if work_order == "arrival":
        return _opened
    if work_order == "deadline":
        return _due
    kinds = policy.workflow.kinds.values()
    risky = {state.task for kind in kinds if any(each.defect for each in kind.state) for state in kind.state}
    ahead = int(world["risk_head_start_hours"] * HOUR)
    return lambda task: task.due - ahead if task.kind in risky else task.due


def _due(task: Task) -> Instant:
    return task.due


def _opened(task: Task) -> Instant:
    return task.opened_at


def _after(instants: Sequence[Instant], at: Instant) -> Instant:
    """Return the first of these sorted instants that is after another, or one that is after all."""
    index = bisect_right(instants, at)
    return instants[index] if index < len(instants) else FAR


def _reactions(buyers: Buyers, investigators: Investigators, world: World) -> dict[tuple[str, str], Follow]:
    found: dict[tuple[str, str], Follow] = {
        ("message", "awaiting_reply"): buyers.waiting,
        ("message", "answered"): buyers.replied,
        ("return", "offered"): buyers.offered,
        ("return", "authorised"): buyers.authorised,
        ("return", "labelled"): buyers.authorised,
        ("return", "sent"): buyers.sent,
        ("return", "declined"): buyers.declined,
        ("return", "declined_in_policy"): buyers.declined,
        ("claim", "filed"): investigators.filed,
        ("claim", "under_review"): investigators.reviewed,
        ("claim", "appealed"): investigators.appealed,
    }
    for state, declared in world.reactions.items():
        found[state] = _both(found.get(state), Reactions(world, declared))
    return found


def _both(one: Follow | None, other: Follow) -> Follow:
    return other if one is None else lambda life, at: chain(one(life, at), other(life, at))


def _times(spec: Handling, language: str) -> Callable[[Life, str], int]:
    """Return how long a task takes in a language, in microseconds, by the chances of its order."""
    mean = round(spec.mean * spec.language.get(Word(language), 1.0))
    if spec.shape == "fixed" or mean == 0:
        return lambda life, purpose: mean
    if spec.shape == "exponential":
        return lambda life, purpose: round(mean * life.hand.exponential(purpose, life.slot))
    sigma = sqrt(log(1 + spec.cv**2))
    centre = log(mean) - sigma**2 / 2
    return lambda life, purpose: round(exp(centre + sigma * life.hand.normal(purpose, life.slot)))


def _merged(places: Sequence[Place]) -> Iterator[tuple[Instant, str, int, int]]:
    """Yield (when, what, place, slot) over all marketplaces in order of time."""
    names = list(dict.fromkeys(name for place in places for name in place.steps.names))
    at = np.concatenate([place.steps.at for place in places])
    where = np.repeat(np.arange(len(places)), [len(place.steps.at) for place in places])
    kinds = np.concatenate([_renumbered(place.steps, names) for place in places])
    slots = np.concatenate([place.steps.slots for place in places])
    sequence = np.lexsort((where, at))
    columns = (column[sequence].tolist() for column in (at, kinds, where, slots))
    for when, kind, place, slot in zip(*columns, strict=True):
        yield when, names[kind], place, slot


def _renumbered(steps: FirstSteps, names: Sequence[str]) -> NDArray[np.int64]:
    """Return the kinds of these steps as indices into `names`."""
    found: NDArray[np.int64] = np.array([names.index(name) for name in steps.names], np.int64)[steps.kinds]
    return found


def _changes(windows: Sequence[Window], start: Instant, until: Instant) -> list[tuple[Instant, int]]:
    """Return when how many agents come (+) or go (-), in order of time, within the run."""
    steps: dict[Instant, int] = {}
    for window in windows:
        if window.end > start and window.start < until:
            begin = max(window.start, start)
            steps[begin] = steps.get(begin, 0) + window.agents
            steps[window.end] = steps.get(window.end, 0) - window.agents
    return sorted((at, change) for at, change in steps.items() if change)
