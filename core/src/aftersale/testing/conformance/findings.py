"""Findings: what a check asks for, and what it came to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from attrs import frozen

SHOWN = 5
"""How many findings of a check are told where one mistake shows on many cases."""
Find = Callable[[Any], Iterator[str]]
"""Yields what is wrong with a subject."""


@frozen
class Check:
    """Something that every plugin has to keep: its name, the demand in a sentence, and how offences are found.

    `needs` names the checks without which it says nothing: it is then not run. Of what it finds, `shown` are told, the
    rest is counted.
    """

    name: str
    demand: str
    find: Find
    needs: tuple[str, ...] = ("loads",)
    shown: int = SHOWN


@frozen
class Finding:
    """What a check came to: what is wrong, the check that failed before it could be run, or neither."""

    check: Check
    problems: tuple[str, ...] = ()
    stopped_by: str = ""

    @property
    def passed(self) -> bool:
        """Whether it was run and nothing was found."""
        return not self.problems and not self.stopped_by

    def __str__(self) -> str:
        """Return what was found in full, as a failing test says it."""
        return "\n".join([self.check.demand, *(f"  {problem}" for problem in self.problems)])
