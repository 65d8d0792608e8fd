"""Names: sequences of text whose items are made when they are read."""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence
from operator import eq

import numpy as np
from numpy.typing import NDArray

from aftersale_simulator.world.lazy import Lazy


class MadeNames(Lazy[str], ABC):
    """So many names, each made from its place when it is read."""

    def _some(self, places: range) -> Sequence[str]:
        return _Part(self, places)

    def at(self, places: NDArray[np.int64]) -> list[str]:
        """Return the names at these places, from 0 on: many at once take half the time."""
        return list(map(self._item, places.tolist()))


class _Part(MadeNames):
    """Some names of a sequence, by their places in it; equal to any sequence of the same names."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, names: MadeNames, places: range) -> None:
        self._items, self._places = names, places

    def __len__(self) -> int:
        return len(self._places)

    def _item(self, place: int) -> str:
        return self._items[self._places[place]]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(other) == len(self) and all(map(eq, self, other))
