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
