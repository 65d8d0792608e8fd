"""Late: facts of one instant on one order, which the engine puts into the workflow's own order.

Mostly that changes nothing: the order in which they were told is the workflow's, or they are of cases that do not look
at one another. Where it may, the order is handed over to the real docket, from its first fact on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from attrs import define

from aftersale.base.errors import FactRefused
from aftersale.cases.facts import Fact, happened as told
from aftersale.cases.model import Case, Task
from aftersale.engine.docket import Docket
from aftersale.engine.dossiers import Dossier
from aftersale.engine.guards import BESIDE
from aftersale.engine.replays import ReplayedOrder, happened
from aftersale.engine.tally import Tally
from aftersale_simulator.plan.tables.names import Unplanned

if TYPE_CHECKING:
    from aftersale.clocks import Instant
    from aftersale.policies.policy import Policy
    from aftersale_simulator.kernel.kernel import Kernel
    from aftersale_simulator.plan.asking import Asking

Followed = tuple[int, bool, bool, bool]
"""What a fact did: to which case, whether its state changed, whether it is a new contact, whether deadlines began."""
WIDTHS = {"endings": 5, "dues": 6, "openings": 4, "defects": 7}


@define(eq=False)
class _Handed:
    """An order that was handed over: its docket, and how each of its cases was written into the kernel last."""

    docket: Docket
    dossier: Dossier
    cases: dict[str, int]
    written: dict[str, Case]
    tasks: dict[int, tuple[Task, int]]


class LateOrders:
    """The orders of a run on which several things happened at one instant."""

    def __init__(self, asking: Asking) -> None:
        """Begin with none."""
        self._asking, self._plan = asking, asking.plan
        self._handed: dict[int, _Handed] = {}
        self._replayed: set[int] = set()

    @property
    def dossiers(self) -> dict[str, Dossier]:
        """The dossiers of the orders that were handed over, by order: what is kept of their steps beside is none."""
        return {handed.dossier.order.id: handed.dossier for handed in self._handed.values()}

    def task(self, number: int) -> Task:
        """Return a task of a case of an order that was handed over."""
        return next(
            task for handed in self._handed.values() for task, known in handed.tasks.values() if known == number
        )

    def record(self, kernel: Kernel, order: int, suffix: int, symbol: int, at: Instant) -> Followed | None:
        """Record a fact at an instant at which something happened already; None where it may go on as usual."""
        fact = self._fact(kernel, order, suffix, symbol, at, kernel.behind[order])
        handed = self._handed.get(order)
        if handed is None:
            before = [self._fact(kernel, order, *row) for row in kernel.facts_of(order)]
            simultaneous = [each for each in before if each.occurred_at == at]
            if any(each == fact for each in simultaneous):
                return kernel.case_at(order, suffix), False, False, False
            if self._keeps_order(simultaneous, fact):
                self._split(kernel, order, simultaneous)
                return None
            handed = self._hand_over(kernel, order, before, at)
        return self._recorded(kernel, order, handed, fact)

    def expire(self, kernel: Kernel, order: int, case: int, at: Instant) -> tuple[bool, bool]:
        """End a deadline of a case of an order that was handed over; whether the state changed, and deadlines began."""
        handed = self._handed[order]
        name = self._asking.name(kernel, case)
        before = handed.docket.cases[name]
        waiting = [each for each in before.deadlines if each.name not in before.missed]
        deadline = min(waiting, key=lambda each: each.expires_at)
        handed.docket._now = at
        handed.docket._forget(name)
        handed.docket._expire(before, deadline, handed.dossier)
        ((outcome, _),) = handed.docket.passed
        handed.docket.passed.clear()
        self._write(kernel, order, handed)
        return outcome.case.state != outcome.before, bool(outcome.opened)

    def _fact(self, kernel: Kernel, order: int, suffix: int, symbol: int, at: Instant, behind: int) -> Fact:
        said, bought = self._plan.cases.symbols[symbol], self._asking.orders[order]
        about = self._asking.name(kernel, behind) if said.about and behind >= 0 else ""
        case = f"{bought.id}-{self._plan.responses.suffixes[suffix]}"
        return told(said.kind, bought.marketplace, bought.id, case, at, about, said.value, said.detail)

    def _policy(self, order: int) -> Policy:
        return self._asking.policies[self._asking.orders[order].marketplace]

    def _keeps_order(self, before: list[Fact], fact: Fact) -> bool:
        """Whether a fact does the same as if it had been told after those of its instant that go after it."""
        policy = self._asking.policies[fact.marketplace]
        key, guards = happened(policy), policy.workflow.guards
        looks = bool(guards(fact.kind) & BESIDE.keys())
        after = [each for each in before if key(each) > key(fact)]
        return not any(each.case == fact.case or looks or guards(each.kind) & BESIDE.keys() for each in after)

    def _split(self, kernel: Kernel, order: int, simultaneous: list[Fact]) -> None:
        """Note of which cases the docket's replay has another copy: a task that comes from there is in no queue."""
        names = {fact.case for fact in simultaneous}
        first = order not in self._replayed
        self._replayed.add(order)
        for case in kernel.cases_of(order):
            if first or self._asking.name(kernel, case) in names:
                kernel.c_split[case] = 1

    def _hand_over(self, kernel: Kernel, order: int, facts: list[Fact], at: Instant) -> _Handed:
        policy, bought = self._policy(order), self._asking.orders[order]
        replay = ReplayedOrder(sorted(facts, key=happened(policy)), bought, policy, at)
        first, numbers, tasks, cases = order not in self._replayed, {}, {}, {}
        for number in kernel.cases_of(order):
            name = self._asking.name(kernel, number)
            case = replay.cases[name]
            if case.task is not None and (first or kernel.c_split[number]):
                case = case._replace(task=Task(*case.task))
            if case.task is not None:
                tasks[id(case.task)] = case.task, kernel.c_task[number]
            numbers[name], cases[name] = number, case
        docket = Docket(self._asking.policies)
        dossier = Dossier(bought, replay.facts, dict(cases), at, replay)
        docket.dossiers[bought.id] = dossier
        docket.cases.update(cases)
        handed = self._handed[order] = _Handed(docket, dossier, numbers, dict(cases), tasks)
        kernel.hand_over(order)
        return handed

    def _recorded(self, kernel: Kernel, order: int, handed: _Handed, fact: Fact) -> Followed:
        docket = handed.docket
        docket._now = max(docket._now, fact.known_at)
        try:
            outcome = docket._record_late(handed.dossier, fact, self._policy(order))
        except FactRefused as error:
            raise Unplanned(str(error)) from error
        self._write(kernel, order, handed)
        case = handed.cases[fact.case]
        if outcome is None:
            return case, False, False, False
        contacts = self._plan.responses.worlds[fact.marketplace].behaviour.contacts
        changed = outcome.before != outcome.case.state
        contact = not outcome.before and outcome.case.kind in contacts
        return case, changed, contact, bool(outcome.opened)

    # --- what the docket did, as rows of the kernel -------------------------------------------------------------------

    def _write(self, kernel: Kernel, order: int, handed: _Handed) -> None:
        for name, case in handed.docket.cases.items():
            if handed.written.get(name) is not case:
                self._write_case(kernel, order, handed, case)
                handed.written[name] = case
        self._write_tally(kernel, order, handed)

    def _write_case(self, kernel: Kernel, order: int, handed: _Handed, case: Case) -> None:
        cases = self._plan.cases
        number = handed.cases.get(case.id)
        if number is None:
            suffix = self._plan.responses.suffixes(case.id.removeprefix(f"{case.order}-"))
            number = handed.cases[case.id] = kernel.begin_case(order, suffix, case.opened_at)
        standing = cases.standing(cases.places.index(case.marketplace), case)
        self._plan.add_standings()
        rows = [
            (
                each.started_at,
                each.due,
                each.expires_at,
                cases.place_of_ending(case.marketplace, each.name),
                cases.then(each.on_expiry),
                int(each.name in case.missed),
            )
            for each in case.deadlines
        ]
        kernel.let_stand(number, standing, case.moved_at, rows)
        kernel.c_task[number] = self._task(kernel, handed, number, case)

    def _task(self, kernel: Kernel, handed: _Handed, number: int, case: Case) -> int:
        if case.task is None:
            return -1
        known = handed.tasks.get(id(case.task))
        if known is None:
            kind = self._plan.cases.tasks((self._plan.cases.places.index(case.marketplace), case.task.kind))
            known = case.task, kernel.begin_task(number, kind, case.task.opened_at, case.task.due)
            handed.tasks[id(case.task)] = known
        return known[1]

    def _write_tally(self, kernel: Kernel, order: int, handed: _Handed) -> None:
        tally, handed.docket.tally = handed.docket.tally, Tally()
        names = list(tally._cases)
        for what, place, name, row in _rows(tally):
            key = self._key(what, place, name)
            channel = kernel.channel_of(order)
            if what == "defects":
                _, case, *rest, _ = row
                row = (order, handed.cases[names[case]], *rest, channel)
            elif what == "dues":
                *rest, _, due = row
                row = (*rest, channel, due)
            else:
                row = (*row[:-1], channel)
            kernel.add_row(getattr(kernel, what), key, row)

    def _key(self, what: str, place: str, name: str) -> int:
        cases = self._plan.cases
        if what in ("endings", "dues"):
            return cases.place_of_ending(place, name)
        return (cases.components if what == "defects" else cases.openings)((place, name))


def _rows(tally: Tally) -> Iterator[tuple[str, str, str, tuple[int, ...]]]:
    """Yield the rows of a tally: what they are, marketplace, name, and the row."""
    for what, width in WIDTHS.items():
        kept: Mapping[tuple[str, str], Any] = getattr(tally, f"_{what}")
        for (place, name), flat in kept.items():
            for begin in range(0, len(flat), width):
                yield what, place, name, tuple(flat[begin : begin + width])
