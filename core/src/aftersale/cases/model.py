"""Model: the case, one buyer problem on one order, with its state and what is due on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from aftersale.clocks import Instant

LATE = "late:"
"""The prefix of those defects that are missed deadlines."""


class Deadline(NamedTuple):
    """A rule or a handbook target bound to a case.

    `due` is what the desk works towards: the tighter of the marketplace's rule and the seller's handbook, and
    `set_by` says which one (`rule` or `handbook`). `expires_at` is when the marketplace acts: its own rule's
    end, or the handbook's where the marketplace is silent; then `on_expiry` follows.
    """

    name: str
    started_at: Instant
    due: Instant
    set_by: str
    expires_at: Instant
    on_expiry: str


class Task(NamedTuple):
    """Something the seller must do on a case by an instant; `deadline` names what sets it."""

    kind: str
    case: str
    marketplace: str
    due: Instant
    deadline: str
    set_by: str
    opened_at: Instant


class Case(NamedTuple):
    """One buyer problem on one order.

    `deadlines` are those that its present state opened, `missed` the names of those among them that have
    passed. `decided_by` names who made the last decision: a rule, a plugin, or nobody. `derived` are the events that
    followed by rule and that nobody has told yet, each as the facts that would tell it.
    """

    id: str
    kind: str
    marketplace: str
    order: str
    state: str
    opened_at: Instant
    moved_at: Instant
    deadlines: tuple[Deadline, ...] = ()
    missed: tuple[str, ...] = ()
    task: Task | None = None
    decided_by: str = ""
    derived: tuple[tuple[str, ...], ...] = ()


# A named tuple's own constructor is a Python function that takes its arguments twice, and takes twice the time. Cases,
# deadlines and tasks are made by the hundred thousand: the engine makes them here, in the order of their fields.
_new = tuple.__new__


def new_deadline(
    name: str, started_at: Instant, due: Instant, set_by: str, expires_at: Instant, on_expiry: str
) -> Deadline:
    """Return a deadline, as `Deadline` does in twice the time."""
    return _new(Deadline, (name, started_at, due, set_by, expires_at, on_expiry))


def new_task(
    kind: str, case: str, marketplace: str, due: Instant, deadline: str, set_by: str, opened_at: Instant
) -> Task:
    """Return a task, as `Task` does in twice the time."""
    return _new(Task, (kind, case, marketplace, due, deadline, set_by, opened_at))


def new_case(
    id: str,
    kind: str,
    marketplace: str,
    order: str,
    state: str,
    opened_at: Instant,
    moved_at: Instant,
    deadlines: tuple[Deadline, ...],
    missed: tuple[str, ...],
    task: Task | None,
    decided_by: str,
    derived: tuple[tuple[str, ...], ...],
) -> Case:
    """Return a case, as `Case` does in twice the time."""
    where = id, kind, marketplace, order, state, opened_at, moved_at
    return _new(Case, (*where, deadlines, missed, task, decided_by, derived))
