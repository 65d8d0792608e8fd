"""Lazy: sequences whose items are made when they are read, as most never are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TypeVar, overload

_Item = TypeVar("_Item", covariant=True)


class Lazy(Sequence[_Item], ABC):
    """So many items, each made from its place when it is read."""

    @overload
    def __getitem__(self, index: int) -> _Item: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[_Item]: ...
    def __getitem__(self, index: int | slice) -> _Item | Sequence[_Item]:
        """Return one item, or some of them."""
        size = len(self)
        if isinstance(index, slice):
            return self._some(range(size)[index])
        return self._item(index if 0 <= index < size else range(size)[index])

    def _some(self, places: range) -> Sequence[_Item]:
        """Return the items at some places."""
        return [self._item(place) for place in places]

    @abstractmethod
    def _item(self, place: int) -> _Item:
        """Return the item at a place, from 0 on."""
