"""Docket: all cases and what is due on them, moved by facts and by the passing of time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from heapq import heappop, heappush
from typing import Any

from aftersale.base.errors import FactRefused, OtherOrder, UnknownMarketplace
from aftersale.cases.facts import Fact
from aftersale.cases.model import Case, Deadline
from aftersale.clocks import Instant
from aftersale.engine.columns import Running
from aftersale.engine.dossiers import NO_STEP, UNKEPT, Dossier
from aftersale.engine.engine import Outcome, apply, expire, passing
from aftersale.engine.insertions import insert
from aftersale.engine.moves import DESCRIBED, Moved, MoveLog, Movement
from aftersale.engine.replays import ReplayedOrder, Step
from aftersale.engine.tally import Tally
from aftersale.orders import Order
from aftersale.policies.observers import Observers
from aftersale.policies.policy import Policies, Policy

Expiry = tuple[Outcome, Deadline]
_Wait = list[Any]
"""A deadline's end, its case's name, its number, the case, the deadline and the dossier; the last three are None when
it is moot. Deadlines of one instant end by the names of their cases, as in a replay."""
_CASE = 3
# As in the engine: a named tuple's own constructor takes twice the time.
_new = tuple.__new__
BEGINNING = -(2**63)
"""Before all instants."""


class Docket:
    """Keeps the cases, applies each fact to its case, and expires deadlines in between.

    Facts are recorded in order of `known_at`. A fact that happened after everything known of its order moves its case
    at once, in time that does not grow with the history. A fact that happened earlier is inserted where it belongs, and
    what hangs on it is gone through again: the cases are then as if the fact had been known all along, while the tally
    keeps what was known until then. Before a fact is applied, all deadlines that ended earlier expire; a deadline that
    ends at the very instant of the fact is still met.
    """

    def __init__(self, policies: Policies, observers: Observers | None = None, moves: MoveLog | None = None) -> None:
        """Start empty; `policies` holds the policy of each marketplace, `observers` are called with what happens.

        With a log of `moves` dossiers keep what the steps of their orders did, so that nobody has to replay them.
        """
        self.cases: dict[str, Case] = {}
        self.dossiers: dict[str, Dossier] = {}
        self.tally = Tally()
        self.passed: list[Expiry] = []
        self._policies = policies
        self._observers = observers
        self.moves = moves
        self._kept: frozenset[str] = frozenset() if moves is None else moves.kinds
        self._numbers: dict[tuple[object, ...], int] = {} if moves is None else moves.movements.numbers
        self._now: Instant = BEGINNING
        # A heap by instant: the next deadline to end of each case that has one. Entries of cases that have moved on
        # stay in it until their time, without their case: to look the case up then would cost more than all the rest.
        self._expiries: list[_Wait] = []
        self._waiting: dict[str, _Wait] = {}
        self._pushed = 0
        # Cases all of whose deadlines were missed: nothing ends any more, and yet they run until they are answered.
        self._overdue: list[str] = []

    @property
    def now(self) -> Instant:
        """The instant to which everything is known: the last fact's, or that to which it was advanced."""
        return self._now

    def policy(self, marketplace: str) -> Policy:
        """Return the policy of a marketplace; raises UnknownMarketplace, which lists the known marketplaces."""
        policy = self._policies.get(marketplace)
        if policy is None:
            raise UnknownMarketplace(marketplace, tuple(sorted(self._policies)), cell=True)
        return policy

    def record(self, fact: Fact, order: Order) -> Outcome | None:
        """Apply one fact about this order and return its outcome; None for a fact that is known already.

        Raises FactRefused when the workflow does not allow the fact at the instant at which it happened; the fact is
        kept all the same, and is tried again when an earlier fact becomes known. Raises OtherOrder when its case, or
        the case that it is about, belongs to another order; such a fact is not kept.
        """
        at, known_at = fact.occurred_at, fact.known_at
        if self._expiries and self._expiries[0][0] < known_at:
            self.advance(known_at)
        elif known_at > self._now:
            self._now = known_at
        policy = self._policies.get(fact.marketplace) or self.policy(fact.marketplace)
        dossier = self.dossiers.get(order.id)
        if dossier is None or fact.about or fact.case not in dossier.cases:
            dossier = self._open_dossier(dossier, fact, order, policy)
        dossier.order = order
        if at <= dossier.last or dossier.replay is not None:
            return self._record_late(dossier, fact, policy)
        case = dossier.cases.get(fact.case)
        try:
            outcome = apply(case, fact, order, policy.at(at), dossier.cases)
        except FactRefused:
            return self._record_late(dossier, fact, policy)
        if known_at > at and any(deadline.expires_at < self._now for deadline in outcome.opened):
            # A deadline that the fact opened has ended meanwhile, and is known to have ended from now on.
            return self._record_late(dossier, fact, policy)
        dossier.facts.append(fact)
        dossier.last = at
        if dossier.row != UNKEPT:
            self._note(case, outcome, fact, dossier)
        self._keep(case, outcome, fact, dossier)
        return outcome

    def _note(self, case: Case | None, outcome: Outcome, fact: Fact, dossier: Dossier) -> None:
        """Keep what a fact did to a case, None where it opened one, in what is kept of its order."""
        after, before, log = outcome.case, outcome.before, self.moves
        if after.kind in self._kept:
            assert log is not None
            task = case.task.kind if case is not None and case.task is not None else ""
            kind = fact.kind
            detail = fact.detail if not before or kind in DESCRIBED else ""
            tells = fact.amount is not None
            key = (kind, detail, tells, before, after.state, task, False, outcome.confirms, after.derived)
            number = self._numbers.get(key)
            if number is None:
                number = log.movements.number(_new(Movement, key))
            if case is None:
                log.case_opened(dossier, fact.marketplace)
            log.rows.append(dossier.row)
            log.steps.append(number)
            log.at.append(fact.occurred_at)
            log.facts.append(fact)
        elif case is not None and case.task is not None:
            assert log is not None
            work = log.work
            work.work.append(work.numbers[fact.marketplace, case.task.kind, fact.kind, before != after.state])
            work.opened.append(after.opened_at)
            work.orders.append(fact.order)

    def _open_dossier(self, dossier: Dossier | None, fact: Fact, order: Order, policy: Policy) -> Dossier:
        """Return the dossier in which a fact opens a case, a new dossier for an order's first; raises OtherOrder."""
        for name in (fact.case, fact.about):
            case = self.cases.get(name)
            if case is not None and case.order != order.id:
                unknown = not policy.workflow.knows(fact.kind)
                raise OtherOrder(fact.kind, order.id, case.id, case.order, cell=unknown)
        if dossier is None:
            log = self.moves
            dossier = self.dossiers[order.id] = Dossier(order, [], {}, BEGINNING)
            if log is not None and fact.known_at >= log.since:
                dossier.row = NO_STEP
            elif log is not None:
                log.early.append(dossier)
        return dossier

    def advance(self, until: Instant) -> None:
        """Expire every deadline that ends before this instant, and append it to `passed`.

        A caller that reacts to expiries empties that list.
        """
        while self._expiries and self._expiries[0][0] < until:
            *_, case, deadline, dossier = heappop(self._expiries)
            if case is not None:
                del self._waiting[case.id]
                self._expire(case, deadline, dossier)
        if until > self._now:
            self._now = until

    def next_expiry(self) -> Instant | None:
        """Return when the next running deadline ends, or None when nothing runs."""
        while self._expiries and self._expiries[0][_CASE] is None:
            heappop(self._expiries)
        return int(self._expiries[0][0]) if self._expiries else None

    def running(self) -> Running:
        """Return the deadlines that cases have now, missed ones among them."""
        names = dict.fromkeys((*self._waiting, *self._overdue))
        return Running.of(self.cases[name] for name in names if name in self.cases)

    def misfits(self) -> Iterator[tuple[Fact, FactRefused]]:
        """Yield the facts that no case allows as of now, each with the reason."""
        for dossier in self.dossiers.values():
            yield from dossier.refusals

    def _expire(self, case: Case, deadline: Deadline, dossier: Dossier) -> None:
        at = deadline.expires_at
        outcome = expire(case, deadline, dossier.order, self.policy(case.marketplace).at(at), dossier.cases)
        dossier.last = max(dossier.last, at)
        if dossier.replay is not None:
            dossier.replay.append(Step(case, outcome, passing(case, deadline), deadline), at)
        elif dossier.row != UNKEPT and case.kind in self._kept:
            assert self.moves is not None
            move = Moved.by(Step(case, outcome, passing(case, deadline), deadline))
            self.moves.add(dossier, move.fact, self.moves.movements.number(Movement.of(move)))
        if self._observers is not None and self._observers.deadline_missed is not None:
            self._observers.deadline_missed(outcome.case, deadline)
        if outcome.case.state == case.state:
            self.cases[case.id] = dossier.cases[case.id] = outcome.case
            self.tally.missed(case, deadline, dossier.order)
            self._expect(outcome.case, dossier)
        else:
            self._keep(case, outcome, passing(case, deadline), dossier)
        self.passed.append((outcome, deadline))

    def _keep(self, before: Case | None, outcome: Outcome, fact: Fact, dossier: Dossier) -> None:
        case = outcome.case
        self.cases[case.id] = dossier.cases[case.id] = case
        if outcome.opened or outcome.closed or outcome.confirms:
            self._expect(case, dossier)
        if outcome.closed or outcome.opened or outcome.defect or before is None:
            self.tally.moved(before, outcome, fact, dossier.order)
        if self._observers is not None:
            self._notify_observers(before, case, fact)

    def _notify_observers(self, before: Case | None, case: Case, fact: Fact) -> None:
        assert self._observers is not None
        fact_recorded, case_closed = self._observers.fact_recorded, self._observers.case_closed
        if fact_recorded is not None:
            fact_recorded(case, fact)
        if case_closed is not None and self._is_final(case) and (before is None or not self._is_final(before)):
            case_closed(case, fact)

    def _is_final(self, case: Case) -> bool:
        return self.policy(case.marketplace).workflow.state(case.kind, case.state).final

    def _record_late(self, dossier: Dossier, fact: Fact, policy: Policy) -> Outcome | None:
        """Insert a fact that happened before others, or that no case allows yet, where it happened."""
        if dossier.holds(fact):
            return None
        replay = self._replay_of(dossier, policy)
        before = dossier.cases.get(fact.case)
        change = insert(replay, fact, self._now)
        self.tally.corrected(change.before, change.after, dossier.order, fact.known_at)
        self._replace(dossier, change.cases)
        if change.entry.refused is not None:
            raise change.entry.refused
        dossier.last = max(dossier.last, change.entry.at)
        after = dossier.cases[fact.case]
        if self._observers is not None:
            self._notify_observers(before, after, fact)
        assert change.entry.step is not None
        return _difference(before, after, change.entry.step)

    def _replay_of(self, dossier: Dossier, policy: Policy) -> ReplayedOrder:
        """Return the replay of an order; made when it is first needed, and anew when the order itself is another."""
        replay = dossier.replay
        if self.moves is not None:
            self.moves.late[dossier.order.id] = dossier
        if replay is None or replay.order != dossier.order:
            replay = dossier.replay = ReplayedOrder(dossier.facts, dossier.order, policy, self._now)
            otherwise: dict[str, Case | None] = dict.fromkeys(dossier.cases.keys() - replay.cases.keys())
            changed = {name: case for name, case in replay.cases.items() if dossier.cases.get(name) != case}
            self._replace(dossier, {**otherwise, **changed})
        return replay

    def _replace(self, dossier: Dossier, cases: Mapping[str, Case | None]) -> None:
        """Let cases stand as they stand now, None where there is no such case any more."""
        for name, case in cases.items():
            if case is None:
                del self.cases[name], dossier.cases[name]
                self._forget(name)
            else:
                self.cases[name] = dossier.cases[name] = case
                self._expect(case, dossier)

    def _expect(self, case: Case, dossier: Dossier) -> None:
        """Wait for the case's next deadline that has not been missed yet, and for no other deadline of the case."""
        self._forget(case.id)
        first: Deadline | None = None
        for deadline in case.deadlines:
            if (first is None or deadline.expires_at < first.expires_at) and deadline.name not in case.missed:
                first = deadline
        if first is None:
            if case.deadlines:
                self._overdue.append(case.id)
        else:
            self._pushed += 1
            wait = self._waiting[case.id] = [first.expires_at, case.id, self._pushed, case, first, dossier]
            heappush(self._expiries, wait)

    def _forget(self, case: str) -> None:
        wait = self._waiting.pop(case, None)
        if wait is not None:
            wait[_CASE] = wait[_CASE + 1] = wait[_CASE + 2] = None


def _difference(before: Case | None, after: Case, step: Step) -> Outcome:
    """Return what a late fact changed: the case as it is now against the case as it was known until then."""
    deadlines_before = before.deadlines if before else ()
    opened = tuple(deadline for deadline in after.deadlines if deadline not in deadlines_before)
    closed = tuple(deadline for deadline in deadlines_before if deadline not in after.deadlines)
    return step.outcome._replace(case=after, before=before.state if before else "", opened=opened, closed=closed)
