"""Names: sequences of text whose items are made when they are read, as most never are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from operator import eq
from typing import overload

import numpy as np
from numpy.typing import NDArray


class MadeNames(Sequence[str], ABC):
    """So many names, each made from its place when it is read."""

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        """Return one name, or a slice of them."""
        size = len(self)
        if isinstance(index, slice):
            return _Part(self, range(size)[index])
        return self._name(index if 0 <= index < size else range(size)[index])

    def at(self, places: NDArray[np.int64]) -> list[str]:
        """Return the names at these places, from 0 on: many at once take half the time."""
        return list(map(self._name, places.tolist()))

    @abstractmethod
    def _name(self, place: int) -> str:
        """Return the name at one place."""


class _Part(MadeNames):
    """Some names of a sequence, by their places in it; equal to any sequence of the same names."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, names: MadeNames, places: range) -> None:
        self._names, self._places = names, places

    def __len__(self) -> int:
        return len(self._places)

    def _name(self, place: int) -> str:
        return self._names[self._places[place]]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(other) == len(self) and all(map(eq, self, other))
