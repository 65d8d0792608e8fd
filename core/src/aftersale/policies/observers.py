"""Observers: callables that learn what happens to cases and change nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from aftersale.cases.facts import Fact
from aftersale.cases.model import Case, Deadline

OBSERVING = {
    "aftersale_fact_recorded": "fact",
    "aftersale_deadline_missed": "deadline",
    "aftersale_case_closed": "fact",
}
"""The hooks by which plugins observe, and the argument that each gets beside the case."""


class Observers(NamedTuple):
    """A callable for each event, None for no observer; each gets the case as it is after the event."""

    fact_recorded: Callable[[Case, Fact], None] | None = None
    deadline_missed: Callable[[Case, Deadline], None] | None = None
    case_closed: Callable[[Case, Fact], None] | None = None
