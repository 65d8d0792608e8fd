"""Workflow: the table (case kind, state, fact) → state, as data that is checked when built."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from functools import cache, cached_property
from importlib.resources import files
from typing import Any, Literal, TypeVar, get_args

from attrs import evolve, field, frozen

from aftersale.base.errors import DocumentError, Problem, did_you_mean
from aftersale.base.toml_files import read
from aftersale.base.toml_lines import NOWHERE, UNWRITTEN, Place, placed
from aftersale.documents.scalars import Word
from aftersale.documents.structure import structure

GuardName = Literal[
    "authorised_at_once",
    "borne_by_marketplace",
    "declined_at_once",
    "delivered",
    "in_policy",
    "label_not_due",
    "negative_rating",
    "no_safe_t",
    "refunded_without_return",
    "replacement_under_way",
    "sent_already",
    "unheard",
    "untracked",
    "verified",
    "verified_without_defect",
    "with_marketplace",
]
"""The questions that a move or a state may depend on; `aftersale.engine.guards` answers them."""
_Named = TypeVar("_Named", bound=Hashable)
ASKED_BESIDE = frozenset({"return_window", "auto_authorise"})
"""Rules that the engine asks for in addition to the deadlines that states open."""
MARKS = ("late", "grant_on_claim")
"""What may follow a deadline without moving the case: the deadline is only marked as missed."""


@frozen
class State:
    """A state of a case kind: the deadlines it opens, the task it asks for, whether the case ends there.

    `unless` names the guard under which there is neither. `defect` names the way in which a case in this state
    spoils its order, such as `claim`: metrics count by that name. A final state ends the case, though later facts may
    still lead out of it.
    """

    name: Word
    task: Word | None = None
    opens: tuple[Word, ...] = ()
    unless: GuardName | None = None
    final: bool = False
    defect: Word | None = None


@frozen
class Move:
    """One line of the table; `after` is empty for the move that opens a case.

    `counts_as` is the fact that the new state's deadlines count from when it is not the fact itself. `confirmed_by` are
    the facts that tell of a move afterwards which nobody told: one that a deadline's end or a guard decided. Told then,
    they move nothing, and what they say of it counts. A move that is `further` keeps each state, names none to
    go to, and tells more of what has happened already, such as the second part of a refund.
    """

    fact: Word
    to: str = ""
    after: tuple[Word, ...] = ()
    guard: GuardName | None = None
    counts_as: Word | None = None
    confirmed_by: tuple[Word, ...] = ()
    further: bool = False


def _from_each_state(moves: tuple[Move, ...]) -> tuple[Move, ...]:
    """Return the moves with a row of its own, back into it, for each state that a further one keeps."""
    rows: list[Move] = []
    for move in moves:
        keeps = move.further and move.after and not move.to
        rows += (evolve(move, to=str(state), after=(state,)) for state in move.after) if keeps else (move,)
    return tuple(rows)


@frozen
class CaseKind:
    """A kind of case with its states and moves."""

    name: Word
    state: tuple[State, ...]
    move: tuple[Move, ...] = field(converter=_from_each_state)
    place: Place = field(default=NOWHERE, eq=False, repr=False, metadata=UNWRITTEN)

    @property
    def opening(self) -> tuple[Move, ...]:
        """The moves that open a case of this kind."""
        return tuple(move for move in self.move if not move.after)


@frozen
class _WorkflowDocument:
    kind: tuple[CaseKind, ...]


@frozen
class _KindsDocument:
    kind: tuple[CaseKind, ...] = ()


class Workflow:
    """The table of all case kinds, looked up by kind, state and fact."""

    def __init__(self, kinds: Iterable[CaseKind], source: str = "workflow") -> None:
        """Check and index the table; raises DocumentError with every problem, such as a state without a way out."""
        kinds = tuple(kinds)
        if problems := list(_problems(kinds, source)):
            raise DocumentError(source, tuple(problems))
        self.kinds: dict[str, CaseKind] = {kind.name: kind for kind in kinds}
        self._states: dict[tuple[str, str], State] = {
            (kind.name, state.name): state for kind in kinds for state in kind.state
        }
        self._opening: dict[str, tuple[tuple[str, str], ...]] = {}
        for place, opener in self._states.items():
            for deadline in dict.fromkeys(opener.opens):
                self._opening[deadline] = (*self._opening.get(deadline, ()), place)
        self._moves: dict[tuple[str, str, str], tuple[Move, ...]] = {}
        for kind in kinds:
            for move in sorted(kind.move, key=lambda move: move.guard is None):
                for state in move.after or ("",):
                    key = (kind.name, state, move.fact)
                    self._moves[key] = (*self._moves.get(key, ()), move)
        self._opens: dict[str, str] = {move.fact: kind.name for kind in kinds for move in kind.opening}
        self._allowed: dict[tuple[str, str], tuple[str, ...]] = {}
        self._guards: dict[str, frozenset[str]] = {}
        for kind in kinds:
            for move in kind.move:
                guards = {move.guard, self._states[kind.name, move.to].unless} - {None}
                self._guards[move.fact] = self._guards.get(move.fact, frozenset()).union(map(str, guards))
        self._ranks: dict[str, int] = {}
        for kind in kinds:
            for fact, rank in _first_places(kind).items():
                self._ranks[fact] = max(rank, self._ranks.get(fact, 0))

    def opened_by(self, fact: str) -> str | None:
        """Return the kind of case that this fact opens, or None."""
        return self._opens.get(fact)

    def openers(self) -> tuple[str, ...]:
        """Return the facts that open a case, sorted."""
        return tuple(sorted(self._opens))

    def rank(self, fact: str) -> int:
        """Return the place of a fact: of two that happened at one instant the lower came first.

        It is where the fact stands first in the table of its kind, the last of these where several kinds name it.
        """
        return self._ranks.get(fact, len(self._ranks))

    def asked_for(self) -> frozenset[str]:
        """Return the names of all rules that cases can ask for, deadlines, windows and switches."""
        return self._asked_for

    @cached_property
    def _asked_for(self) -> frozenset[str]:
        return ASKED_BESIDE.union(*(state.opens for state in self._states.values()))

    @cached_property
    def worked_towards(self) -> frozenset[str]:
        """The deadlines that states open which put a task on the desk; others end by themselves as they should."""
        return frozenset(name for state in self._states.values() if state.task for name in map(str, state.opens))

    def tasks(self) -> Iterator[tuple[str, str, str]]:
        """Yield (kind, state, task) for every state that puts a task on the desk, in the order of the table."""
        for (kind, name), state in self._states.items():
            if state.task:
                yield kind, name, state.task

    def defects(self) -> frozenset[str]:
        """Return the names of all ways in which a case can spoil its order."""
        return frozenset(state.defect for state in self._states.values() if state.defect)

    def state(self, kind: str, name: str) -> State:
        """Return a state of a kind."""
        return self._states[kind, name]

    def moves(self, kind: str, state: str, fact: str) -> tuple[Move, ...]:
        """Return the moves that this fact allows there, guarded ones first; empty when it allows none."""
        return self._moves.get((kind, state, fact), ())

    def allowed(self, kind: str, state: str) -> tuple[str, ...]:
        """Return the facts that a case may meet in this state, sorted."""
        allowed = self._allowed.get((kind, state))
        if allowed is None:
            facts = {fact for case_kind, before, fact in self._moves if (case_kind, before) == (kind, state)}
            allowed = self._allowed[kind, state] = tuple(sorted(facts))
        return allowed

    def guards(self, fact: str) -> frozenset[str]:
        """Return the guards that may have a say when a fact of that kind happens."""
        return self._guards.get(fact, frozenset())

    def knows(self, fact: str) -> bool:
        """Whether any case may ever meet a fact of that kind."""
        return fact in self._guards

    def opening(self, deadline: str) -> tuple[tuple[str, str], ...]:
        """Return the (kind, state) pairs that open a deadline of that name."""
        return self._opening.get(deadline, ())


def _first_places(kind: CaseKind) -> dict[str, int]:
    return {str(move.fact): place for place, move in reversed(list(enumerate(kind.move)))}


def _problems(kinds: tuple[CaseKind, ...], source: str) -> Iterator[Problem]:
    """Yield all that is wrong, each with the line of its kind in the file that has it."""
    places = {kind.name: kind.place for kind in kinds}  # of two of one name, the later one is the author's
    for problem in _problems_of_kinds(kinds, source):
        place = places[Word(problem.path.partition(".")[0])]
        yield evolve(problem, where=place.source or problem.where, line=place.line)


def _problems_of_kinds(kinds: tuple[CaseKind, ...], source: str) -> Iterator[Problem]:
    openers: dict[str, str] = {}
    for name in _duplicates(kind.name for kind in kinds):
        yield Problem(source, name, "two kinds have this name", "rename one of them")
    for kind in kinds:
        yield from _problems_of_kind(kind, source)
        for fact in dict.fromkeys(move.fact for move in kind.opening):
            if openers.setdefault(fact, kind.name) != kind.name:
                what = f"'{fact}' also opens a case of kind '{openers[fact]}'"
                hint = "give one of the two kinds an opening fact of its own"
                yield Problem(source, kind.name, what, hint)


def _problems_of_kind(kind: CaseKind, source: str) -> Iterator[Problem]:
    states = {state.name for state in kind.state}
    hint = f"the states of {kind.name} are: {', '.join(sorted(states))}"
    if twice := _duplicates(state.name for state in kind.state):
        for name in twice:
            yield Problem(source, kind.name, f"two states are named '{name}'", "rename one of them")
        return
    for guard in dict.fromkeys([*(move.guard for move in kind.move), *(state.unless for state in kind.state)]):
        if guard is not None and guard not in get_args(GuardName):
            guard_hint = did_you_mean(guard, get_args(GuardName)) or f"the guards are: {', '.join(get_args(GuardName))}"
            yield Problem(source, kind.name, f"unknown guard '{guard}'", guard_hint)
    for move in kind.move:
        for goal in dict.fromkeys((*map(str, move.after), move.to)):
            if not goal:
                yield Problem(source, f"{kind.name}.{move.fact}", "leads to no state", "add 'to'")
            elif goal not in states:
                yield Problem(source, f"{kind.name}.{move.fact}", f"unknown state '{goal}'", hint)
        yield from _problems_of_move(move, kind, source)
    if not kind.opening:
        yield Problem(source, kind.name, "no fact opens this kind of case", "add a move without 'after'")
    yield from _undecided_facts(kind, source)
    if kind.opening and all(goal in states for move in kind.move for goal in (*move.after, move.to)):
        yield from _unreachable_states(kind, source)
    for state in kind.state:
        yield from _problems_of_state(state, kind, source)


def _problems_of_move(move: Move, kind: CaseKind, source: str) -> Iterator[Problem]:
    path = f"{kind.name}.{move.fact}"
    facts = sorted({other_move.fact for other_move in kind.move})
    for fact in dict.fromkeys(move.confirmed_by):
        if fact not in facts:
            hint = did_you_mean(fact, facts) or f"the facts of {kind.name} are: {', '.join(facts)}"
            yield Problem(source, path, f"is confirmed by the unknown fact '{fact}'", hint)
    if move.counts_as and move.counts_as not in facts:
        hint = did_you_mean(move.counts_as, facts) or f"the facts of {kind.name} are: {', '.join(facts)}"
        yield Problem(source, path, f"counts as the unknown fact '{move.counts_as}'", hint)
    if move.further and (move.after != (move.to,) or move.guard or move.counts_as):
        hint = "leave out 'to', 'guard' and 'counts_as', or 'further'"
        yield Problem(source, path, "a further move keeps the state, and whatever runs in it", hint)


def _problems_of_state(state: State, kind: CaseKind, source: str) -> Iterator[Problem]:
    path = f"{kind.name}.{state.name}"
    if state.task and not state.opens:
        hint = "name the deadline that the task is to be done by, or drop the task"
        yield Problem(source, path, f"the task '{state.task}' has no deadline", hint)
    if state.final and state.opens:
        hint = "let the case stay open until it is met, or open none"
        yield Problem(source, path, "opens a deadline although the case ends there", hint)
    if not state.final and not any(state.name in move.after and move.to != state.name for move in kind.move):
        hint = "add one, or mark the state final = true"
        yield Problem(source, kind.name, f"no move leads out of '{state.name}'", hint)


def _undecided_facts(kind: CaseKind, source: str) -> Iterator[Problem]:
    """Yield the facts that lead from one state in two ways, or in none when no guard lets them through."""
    guards: dict[tuple[str, str], list[GuardName | None]] = {}
    for move in kind.move:
        for start in move.after or ("",):
            guards.setdefault((move.fact, start), []).append(move.guard)
    for (fact, start), names in guards.items():
        where = f"from '{start}'" if start else "at the opening"
        if _duplicates(names):
            yield Problem(source, f"{kind.name}.{fact}", f"two moves {where}", "remove one of them")
        if None not in names:
            hint = "add one without a guard, for when none of them holds"
            yield Problem(source, f"{kind.name}.{fact}", f"every move {where} has a guard", hint)


def _duplicates(names: Iterable[_Named]) -> list[_Named]:
    return [name for name, count in Counter(names).items() if count > 1]


def _unreachable_states(kind: CaseKind, source: str) -> Iterator[Problem]:
    reached = {move.to for move in kind.opening}
    while more := {move.to for move in kind.move if reached & set(move.after)} - reached:
        reached |= more
    for state in kind.state:
        if state.name not in reached:
            hint = "add a move that leads there, or remove the state"
            yield Problem(source, kind.name, f"no move leads to state '{state.name}'", hint)


def parse_workflow(data: dict[str, Any], source: str) -> Workflow:
    """Return the workflow of a parsed TOML document; raises DocumentError with all its problems."""
    return Workflow(placed(structure(_WorkflowDocument, data, source).kind, "kind", data, source), source)


def load_kinds(package: str, name: str = "kinds.toml") -> list[CaseKind]:
    """Return the kinds of case that an installed package carries in `kinds.toml`, each under `[[kind]]`."""
    source = f"{package}/{name}"
    data = read(files(package) / name)
    return list(placed(structure(_KindsDocument, data, source).kind, "kind", data, source))


def extended_workflow(more: tuple[CaseKind, ...]) -> Workflow:
    """Return the shipped workflow with further kinds of case; raises DocumentError where they do not fit into it."""
    return Workflow((*default_workflow().kinds.values(), *more), "the workflow") if more else default_workflow()


@cache
def default_workflow() -> Workflow:
    """Return the workflow that core ships: one document for each kind of case, sorted by name."""
    folder = files("aftersale.cases") / "kinds"
    documents = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
    kinds = [structure(CaseKind, read(file), f"aftersale/kinds/{file.name}") for file in documents]
    return Workflow(kinds, "aftersale/kinds")
