"""Moves: what the steps of an order did, without its cases: light enough to keep of a whole run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple

from attrs import define, field

from aftersale.cases.facts import Fact
from aftersale.clocks import Instant
from aftersale.engine.replays import Step

if TYPE_CHECKING:
    from aftersale.engine.dossiers import Dossier


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

    def taken(self, moves: Sequence[Moved]) -> Taken:
        """Return moves as facts and numbers."""
        return Taken(self, [move.fact for move in moves], [self.number(Movement.of(move)) for move in moves])


@define(eq=False)
class Taken:
    """What the steps of one order did, as they happened: each one's fact, and the number of its movement."""

    movements: Movements
    facts: list[Fact] = field(factory=list)
    steps: list[int] = field(factory=list)

    def add(self, move: Moved) -> None:
        """Append what a step did."""
        self.facts.append(move.fact)
        self.steps.append(self.movements.number(Movement.of(move)))

    def moves(self) -> list[Moved]:
        """Return what each step did, with its fact."""
        known = self.movements.known
        return [known[step].by(fact) for fact, step in zip(self.facts, self.steps, strict=True)]


Worked = tuple[str, str, str, str, bool, Instant]
"""A fact that came while a task stood, on a case of which nothing else is kept: what may have been its work.

Marketplace, order, kind of task, kind of fact, whether the case came to another state, when the case was opened."""


class MoveLog:
    """What is kept of a run's steps: all that cases of some `kinds` did, in their dossiers, and of others the work.

    Of orders of which something was known before `since` nothing is kept: what is asked of them is replayed. `kept` are
    by marketplace the dossiers of orders of which a move is, `early` those of which none was to be, and `late` by order
    those that got a replay, which goes before what was kept of them.
    """

    def __init__(self, kinds: Collection[str], since: Instant, movements: Movements | None = None) -> None:
        """Begin with nothing; `movements` are those that are known already, such as from other runs."""
        self.kinds, self.since = frozenset(kinds), since
        self.movements = Movements() if movements is None else movements
        self.work: list[Worked] = []
        self.kept: defaultdict[str, list[Dossier]] = defaultdict(list)
        self.early: list[Dossier] = []
        self.late: dict[str, Dossier] = {}


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
