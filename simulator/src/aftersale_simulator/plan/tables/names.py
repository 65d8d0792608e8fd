"""Names: numbers of things, in the order in which they are first asked for."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

Thing = TypeVar("Thing", bound=Hashable)


class Unplanned(Exception):
    """What the kernel cannot run, with the reason: SimPy runs it."""


class Names(Generic[Thing]):
    """Numbers of things from 0 on, fewer than `most`."""

    def __init__(self, most: int, what: str) -> None:
        """Begin with none; `what` they are is said where there are too many."""
        self.things: list[Thing] = []
        self._numbers: dict[Thing, int] = {}
        self._most, self._what = most, what

    def __call__(self, thing: Thing) -> int:
        """Return the number of a thing, a new one where it was never asked for; raises Unplanned beyond the most."""
        number = self._numbers.get(thing)
        if number is None:
            if len(self.things) >= self._most:
                raise Unplanned(f"more than {self._most} {self._what}")
            number = self._numbers[thing] = len(self.things)
            self.things.append(thing)
        return number

    def __getitem__(self, number: int) -> Thing:
        """Return the thing of a number."""
        return self.things[number]

    def __len__(self) -> int:
        """Return how many things have numbers."""
        return len(self.things)

    def known(self, thing: Thing) -> int | None:
        """Return the number of a thing, None where it has none."""
        return self._numbers.get(thing)
