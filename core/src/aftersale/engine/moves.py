"""Moves: what the steps of an order did, without its cases: light enough to keep of a whole run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from aftersale.cases.facts import Fact
from aftersale.clocks import Instant
from aftersale.engine.replays import Step

if TYPE_CHECKING:
    from aftersale.engine.dossiers import Dossier
    from aftersale.orders import Order

_Thing = TypeVar("_Thing", bound=Hashable)


class Moved(NamedTuple):
    """What a step did to its case, without the case: what costs are booked from, and light enough to keep of each step.

    `before` and `state` are the case's states, the first empty for a case that the fact opened. `task` is the kind of
    the task that stood before, empty for none. `confirms` and `derived` are those of the outcome and its case;
    `by_deadline` says that a deadline ended, and no fact was recorded.
    """

    fact: Fact
    before: str
    state: str
    task: str
    by_deadline: bool
    confirms: tuple[str, ...]
    derived: tuple[tuple[str, ...], ...]

    @classmethod
    def by(cls, step: Step) -> Moved:
        """Return what a step did."""
        case, outcome = step.before, step.outcome
        task = case.task.kind if case is not None and case.task is not None else ""
        after = outcome.case
        by_deadline = step.deadline is not None
        return cls(step.fact, outcome.before, after.state, task, by_deadline, outcome.confirms, after.derived)


class Movement(NamedTuple):
    """What a step did, but for the fact itself: the same of many orders.

    `kind` is the fact's, `tells` whether it has an amount, and `detail` is the fact's where it opened a case or an
    inspection says what came back; a word of any other fact, such as a tracking number, is none. The rest is as in
    `Moved`.
    """

    kind: str
    detail: str
    tells: bool
    before: str
    state: str
    task: str
    by_deadline: bool
    confirms: tuple[str, ...]
    derived: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, move: Moved) -> Movement:
        """Return what a step did, without its fact."""
        fact = move.fact
        detail = fact.detail if not move.before or fact.kind in DESCRIBED else ""
        return cls(fact.kind, detail, fact.amount is not None, *move[1:])

    def by(self, fact: Fact) -> Moved:
        """Return what a step did by a fact."""
        return Moved(fact, *self[3:])


DESCRIBED = frozenset({"return_inspected"})
"""The facts whose detail counts for what follows, beside those that open a case."""


class Movements:
    """All movements that were met, by numbers: a run meets some hundred, many thousand times."""

    def __init__(self) -> None:
        """Begin with none."""
        self.known: list[Movement] = []
        self.numbers: dict[tuple[object, ...], int] = {}

    def number(self, movement: Movement) -> int:
        """Return the number of a movement, a new one where it was never met."""
        number = self.numbers.get(movement)
        if number is None:
            number = self.numbers[movement] = len(self.known)
            self.known.append(movement)
        return number


class Numbers(dict[_Thing, int]):
    """Numbers of things in the order in which they were first asked for."""

    def __missing__(self, thing: _Thing) -> int:
        """Return the next number."""
        self[thing] = number = len(self)
        return number


Worked = tuple[str, str, str, bool]
"""What a fact may have been the work of: marketplace, kind of the task that stood, kind of the fact, and whether the
case came to another state."""


class WorkLog:
    """Facts that came while a task stood, on cases of which nothing else is kept, as columns.

    `work` has for each the number of what it may have done, as of `numbers`, `opened` when its case was opened, and
    `orders` its order.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self.numbers: Numbers[Worked] = Numbers()
        self.work: list[int] = []
        self.opened: list[Instant] = []
        self.orders: list[str] = []


class MoveLog:
    """What is kept of a run's steps: all that cases of some `kinds` did, as columns, and of others the `work`.

    `orders` are those of which a step is kept, each by its row, as they were known at their first one, and `places` the
    numbers of their marketplaces, as of `marketplaces`. Where it is known beforehand to which orders something may
    happen, `numbers` say which of these each one is.
    `rows`, `steps`, `at` and `facts` have for each step, as they were known, the row of its order, the number of its
    movement, its instant, and its fact. Of orders of which something was known before `since` nothing is kept: what is
    asked of them is replayed. `early` are the dossiers of these, and `late` by order those that got a replay, which
    goes before what was kept of them.
    """

    def __init__(self, kinds: Collection[str], since: Instant, movements: Movements | None = None) -> None:
        """Begin with nothing; `movements` are those that are known already, such as from other runs."""
        self.kinds, self.since = frozenset(kinds), since
        self.movements = Movements() if movements is None else movements
        self.work = WorkLog()
        self.marketplaces: Numbers[str] = Numbers()
        self.orders: list[Order] = []
        self.places: list[int] = []
        self.numbers: NDArray[np.int64] | None = None
        self.rows: list[int] = []
        self.steps: list[int] = []
        self.at: list[Instant] = []
        self.facts: list[Fact] = []
        self.early: list[Dossier] = []
        self.late: dict[str, Dossier] = {}

    def case_opened(self, dossier: Dossier, marketplace: str) -> None:
        """Take in that a case of an order was opened, of which the next step is the first."""
        if dossier.row < 0:
            dossier.row = len(self.orders)
            self.orders.append(dossier.order)
            self.places.append(self.marketplaces[marketplace])

    def add(self, dossier: Dossier, fact: Fact, number: int) -> None:
        """Keep what a step of an order did, by the number of its movement."""
        self.rows.append(dossier.row)
        self.steps.append(number)
        self.at.append(fact.occurred_at)
        self.facts.append(fact)

    @property
    def cases(self) -> NDArray[np.int64]:
        """A number for the case of each step."""
        numbers = Numbers[str]()
        return np.array([numbers[fact.case] for fact in self.facts], np.int64)


def confirmations(steps: Sequence[Moved]) -> dict[int, Fact]:
    """Return the facts that tell what had followed by rule, by the places among the steps of what they tell."""
    untold: defaultdict[str, list[tuple[tuple[str, ...], int]]] = defaultdict(list)
    confirmed: dict[int, Fact] = {}
    for place, step in enumerate(steps):
        events = untold[step.fact.case]
        if step.confirms:
            event = next(event for event in events if event[0] == step.confirms)
            events.remove(event)
            confirmed[event[1]] = step.fact
        elif len(step.derived) > len(events):
            events.append((step.derived[-1], place))
    return confirmed
