"""Moves: what the steps of an order did, without its cases: light enough to keep of a whole run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import NamedTuple

from aftersale.cases.facts import Fact
from aftersale.clocks import Instant
from aftersale.engine.replays import Step


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


Worked = tuple[str, str, str, str, bool, Instant]
"""A fact that came while a task stood, on a case of which nothing else is kept: what may have been its work.

Marketplace, order, kind of task, kind of fact, whether the case came to another state, when the case was opened."""


class MoveLog:
    """What is kept of a run's steps: all that cases of some `kinds` did, in their dossiers, and of others the work.

    Of orders of which something happened before `since` nothing is kept: what is asked of them is replayed.
    """

    def __init__(self, kinds: Collection[str], since: Instant) -> None:
        """Begin with nothing."""
        self.kinds, self.since = frozenset(kinds), since
        self.work: list[Worked] = []


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
