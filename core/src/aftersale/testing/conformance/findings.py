"""Findings: a check, its demand, and its result."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from attrs import frozen

SHOWN = 5
"""How many problems of a check are listed where one mistake shows on many cases."""
Find = Callable[[Any], Iterator[str]]
"""Yields what is wrong with a subject; raises NotMade where it cannot be looked for here."""


class NotMade(Exception):
    """A check cannot be made in this installation; its text says what is missing, and what to install."""


@frozen
class Check:
    """A demand on every plugin: its name, the demand in a sentence, and the function that finds offences.

    `needs` names checks: where one of them fails, this check says nothing and is not run. `shown` of its problems are
    listed, the rest is counted. `tell` yields what is no offence, and is told all the same.
    """

    name: str
    demand: str
    find: Find
    needs: tuple[str, ...] = ("loads",)
    shown: int = SHOWN
    tell: Find | None = None


@frozen
class Finding:
    """The result of a check: its problems, or the failed check that kept it from running, or neither.

    `not_made` says why it could not be made in this installation, through no fault of the plugin. `notes` are told, and
    are no problems.
    """

    check: Check
    problems: tuple[str, ...] = ()
    stopped_by: str = ""
    not_made: str = ""
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether it was run and found no problem."""
        return not self.problems and not self.stopped_by and not self.not_made

    def __str__(self) -> str:
        """Return demand and problems in full, as a failing test shows them."""
        return "\n".join([self.check.demand, *(f"  {problem}" for problem in self.problems)])
