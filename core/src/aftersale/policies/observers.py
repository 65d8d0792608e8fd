"""Observers: whoever wants to learn what happens to cases, and changes nothing."""

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
"""The hooks by which plugins observe, and what they are given beside the case."""


class Observers(NamedTuple):
    """Who is told what, None for nobody; each is given the case as it stands afterwards."""

    fact_recorded: Callable[[Case, Fact], None] | None = None
    deadline_missed: Callable[[Case, Deadline], None] | None = None
    case_closed: Callable[[Case, Fact], None] | None = None
