"""Chances: random numbers keyed by seed, replication, purpose and order, never drawn in the order of events.

The chance that order 17 of a marketplace takes for a purpose is a fixed function of those four. A change of staffing
therefore meets the same buyers, and variants can be compared pair by pair.
"""

from __future__ import annotations

from array import array
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

# SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014): the step and the two
# multipliers of its finaliser. Library generators draw in sequence; here any item must be had without those before it.
_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX = ((np.uint64(30), np.uint64(0xBF58476D1CE4E5B9)), (np.uint64(27), np.uint64(0x94D049BB133111EB)))
_LAST = np.uint64(31)
_UNUSED_BITS = np.uint64(11)
_UNIT = 2.0**-53
_BLOCK = 1 << 15
"""Numbers mixed at a time: what the processor's cache holds."""


class Streams:
    """All random numbers of one replication."""

    def __init__(self, seed: int, replication: int) -> None:
        """Key every chance by seed and replication."""
        self._root = f"{seed}/{replication}"

    def stream(self, *purpose: object) -> np.random.Generator:
        """Return a generator of its own for a purpose that draws in sequence, such as a day's number of orders."""
        return np.random.Generator(np.random.Philox(key=self._key(16, purpose)))

    def uniform(self, items: int | NDArray[np.int64], *purpose: object) -> NDArray[np.float64]:
        """Return the numbers in (0, 1) of the given items, or of the first so many of them, for a purpose."""
        numbers = np.arange(items) if isinstance(items, int) else items
        key = np.uint64(self._key(8, purpose))
        drawn = np.empty(len(numbers))
        for begin in range(0, len(numbers), _BLOCK):
            block = slice(begin, begin + _BLOCK)
            _mixed(numbers[block].astype(np.uint64), key, drawn[block])
        return drawn

    def exponential(self, items: int | NDArray[np.int64], *purpose: object) -> NDArray[np.float64]:
        """Return numbers of mean 1, exponentially distributed."""
        return -np.log(self.uniform(items, *purpose))

    def normal(self, items: int | NDArray[np.int64], *purpose: object) -> NDArray[np.float64]:
        """Return numbers of the standard normal distribution."""
        found: NDArray[np.float64] = ndtri(self.uniform(items, *purpose))
        return found

    def _key(self, size: int, purpose: tuple[object, ...]) -> int:
        text = "/".join((self._root, *map(str, purpose)))
        return int.from_bytes(blake2b(text.encode(), digest_size=size).digest(), "little")


def _mixed(z: NDArray[np.uint64], key: np.uint64, drawn: NDArray[np.float64]) -> None:
    z += np.uint64(1)
    z *= _STEP
    z += key
    for shift, factor in _MIX:
        z ^= z >> shift
        z *= factor
    z ^= z >> _LAST
    z >>= _UNUSED_BITS
    np.add(z, 0.5, out=drawn)
    drawn *= _UNIT


class Draws:
    """The chances of those few orders of a marketplace that become cases, dealt by purpose when first asked for.

    `chosen` are the orders' numbers; a slot is a place in `chosen`. The chance depends on the order, not on the slot.
    """

    def __init__(self, streams: Streams, chosen: NDArray[np.int64], place: str) -> None:
        """Deal for the chosen orders of the marketplace `place`."""
        self._chances, self._chosen, self._place = streams, chosen, place
        self._uniform: dict[str, array[float]] = {}
        self._exponential: dict[str, array[float]] = {}
        self._normal: dict[str, array[float]] = {}

    def uniform(self, purpose: str, row: int) -> float:
        """Return a slot's number in (0, 1) for a purpose."""
        dealt = self._uniform.get(purpose)
        if dealt is None:
            dealt = self._uniform[purpose] = _listed(self._chances.uniform(self._chosen, purpose, self._place))
        return dealt[row]

    def exponential(self, purpose: str, row: int) -> float:
        """Return a slot's number of mean 1 for a purpose."""
        dealt = self._exponential.get(purpose)
        if dealt is None:
            dealt = _listed(self._chances.exponential(self._chosen, purpose, self._place))
            self._exponential[purpose] = dealt
        return dealt[row]

    def normal(self, purpose: str, row: int) -> float:
        """Return a slot's standard normal number for a purpose."""
        dealt = self._normal.get(purpose)
        if dealt is None:
            dealt = self._normal[purpose] = _listed(self._chances.normal(self._chosen, purpose, self._place))
        return dealt[row]


def _listed(numbers: NDArray[np.float64]) -> array[float]:
    # An array of doubles takes a third of a list's memory, and its items are Python floats at once.
    return array("d", numbers.tobytes())
