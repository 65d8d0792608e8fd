"""The workflow: the table (case kind, state, fact) → state, as data that is checked when built."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from attrs import frozen

from aftersale.documents import Word, read, structure
from aftersale.errors import DocumentError, Problem

GuardName = Literal["authorised_at_once", "declined_at_once", "unheard"]
MARKS = ("late", "grant_on_claim")
"""What may follow a deadline without moving the case: it is only marked as missed."""


@frozen
class State:
    """A state of a case kind: the deadlines it opens, the task it asks for, whether the case ends there.

    `defect` says that a case standing here counts as a defect of its order.
    """

    name: Word
    task: Word | None = None
    opens: tuple[Word, ...] = ()
    final: bool = False
    defect: bool = False


@frozen
class Move:
    """One line of the table; `after` is empty for the move that opens a case.

    `counts_as` is the fact that the new state's deadlines count from when it is not the fact itself.
    """

    fact: Word
    to: Word
    after: tuple[Word, ...] = ()
    guard: GuardName | None = None
    counts_as: Word | None = None


@frozen
class CaseKind:
    """A kind of case with its states and moves."""

    name: Word
    state: tuple[State, ...]
    move: tuple[Move, ...]

    @property
    def opening(self) -> tuple[Move, ...]:
        """The moves that open a case of this kind."""
        return tuple(move for move in self.move if not move.after)


@frozen
class _WorkflowDocument:
    kind: tuple[CaseKind, ...]


class Workflow:
    """The table of all case kinds, looked up by kind, state and fact."""

    def __init__(self, kinds: Iterable[CaseKind], source: str = "workflow") -> None:
        """Check and index the table; raises DocumentError with every flaw (unknown, unreachable or dead-end state…)."""
        self.kinds = {kind.name: kind for kind in kinds}
        if problems := list(_flaws(tuple(self.kinds.values()), source)):
            raise DocumentError(source, tuple(problems))
        self._states = {(kind.name, state.name): state for kind in self.kinds.values() for state in kind.state}
        self._moves: dict[tuple[str, str, str], tuple[Move, ...]] = {}
        for kind in self.kinds.values():
            for move in sorted(kind.move, key=lambda move: move.guard is None):
                for state in move.after or ("",):
                    key = (kind.name, state, move.fact)
                    self._moves[key] = (*self._moves.get(key, ()), move)
        self._opens = {move.fact: kind.name for kind in self.kinds.values() for move in kind.opening}

    def opened_by(self, fact: str) -> str | None:
        """Return the kind of case that this fact opens, or None."""
        return self._opens.get(fact)

    def openers(self) -> tuple[str, ...]:
        """Return the facts that open a case, sorted."""
        return tuple(sorted(self._opens))

    def state(self, kind: str, name: str) -> State:
        """Return a state of a kind."""
        return self._states[kind, name]

    def moves(self, kind: str, state: str, fact: str) -> tuple[Move, ...]:
        """Return the moves that this fact allows there, guarded ones first; empty when it allows none."""
        return self._moves.get((kind, state, fact), ())

    def allowed(self, kind: str, state: str) -> tuple[str, ...]:
        """Return the facts that a case may meet in this state, sorted."""
        return tuple(sorted({fact for of, at, fact in self._moves if (of, at) == (kind, state)}))

    def opening(self, deadline: str) -> Iterator[tuple[str, str]]:
        """Yield the (kind, state) pairs that open a deadline of that name."""
        for (kind, name), state in self._states.items():
            if deadline in state.opens:
                yield kind, name


def _flaws(kinds: tuple[CaseKind, ...], source: str) -> Iterator[Problem]:
    openers: dict[str, str] = {}
    for kind in kinds:
        yield from _flaws_of(kind, source)
        for fact in {move.fact for move in kind.opening}:
            if fact in openers:
                hint = "give one of the two kinds an opening fact of its own"
                yield Problem(source, kind.name, f"'{fact}' also opens a case of kind '{openers[fact]}'", hint)
            openers[fact] = kind.name


def _flaws_of(kind: CaseKind, source: str) -> Iterator[Problem]:
    states = {state.name for state in kind.state}
    hint = f"the states of {kind.name} are: {', '.join(sorted(states))}"
    for move in kind.move:
        for name in {move.to, *move.after} - states:
            yield Problem(source, f"{kind.name}.{move.fact}", f"unknown state '{name}'", hint)
    if not kind.opening:
        yield Problem(source, kind.name, "no fact opens this kind of case", "add a move without 'after'")
    seen: set[tuple[str, str, str | None]] = set()
    for move in kind.move:
        for start in move.after or ("",):
            if (start, move.fact, move.guard) in seen:
                yield Problem(source, f"{kind.name}.{move.fact}", f"two moves from '{start}'", "remove one of them")
            seen.add((start, move.fact, move.guard))
    yield from _unreachable(kind, source)
    for state in kind.state:
        leaves = any(state.name in move.after and move.to != state.name for move in kind.move)
        if not state.final and not leaves:
            what = f"no move leads out of '{state.name}'"
            yield Problem(source, kind.name, what, "add one, or mark the state final = true")


def _unreachable(kind: CaseKind, source: str) -> Iterator[Problem]:
    reached = {move.to for move in kind.opening}
    while more := {move.to for move in kind.move if reached & set(move.after)} - reached:
        reached |= more
    for state in kind.state:
        if state.name not in reached:
            hint = "add a move that leads there, or remove the state"
            yield Problem(source, kind.name, f"no move leads to state '{state.name}'", hint)


def parse_workflow(data: dict[str, Any], source: str) -> Workflow:
    """Return the workflow of a parsed TOML document; raises DocumentError with all its problems."""
    return Workflow(structure(_WorkflowDocument, data, source).kind, source)


@cache
def default_workflow() -> Workflow:
    """Return the workflow that core ships: messages, returns and claims."""
    return parse_workflow(read(files("aftersale") / "workflow.toml"), "aftersale/workflow.toml")
