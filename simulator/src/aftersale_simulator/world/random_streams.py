"""Random streams: numbers keyed by seed, replication, purpose and order, never drawn in the order of events.

The number that order 17 of a marketplace gets for a purpose is a fixed function of those four. A change of staffing
therefore meets the same buyers, and variants can be compared pair by pair.
"""

from __future__ import annotations

from array import array
from hashlib import blake2b
from math import log

import numpy as np
from numpy.typing import NDArray

# SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014): the step and the two
# multipliers of its finaliser. Library generators draw in sequence; here each item is computed without those before it.
MIXING = 0x9E3779B97F4A7C15, 30, 0xBF58476D1CE4E5B9, 27, 0x94D049BB133111EB, 31, 11
"""The step, twice a shift and a multiplier, the last shift, and how many bits a number does not use."""
_UNIT = 2.0**-53
_BLOCK = 1 << 14
"""Numbers mixed at a time: as many as the processor's cache holds."""


class Streams:
    """All random numbers of one replication."""

    def __init__(self, seed: int, replication: int) -> None:
        """Key every number by seed and replication."""
        self._root = f"{seed}/{replication}"

    def uniform(self, items: int | NDArray[np.int64], *purpose: object) -> NDArray[np.float64]:
        """Return the numbers in (0, 1) of the given items, or of that many first ones, for a purpose."""
        numbers = np.arange(items) if isinstance(items, int) else items
        key = np.uint64(self.key(*purpose))
        draws = np.empty(len(numbers))
        for begin in range(0, len(numbers), _BLOCK):
            block = slice(begin, begin + _BLOCK)
            _mix(numbers[block].astype(np.uint64), key, draws[block])
        return draws

    def exponential(self, items: int | NDArray[np.int64], *purpose: object) -> NDArray[np.float64]:
        """Return numbers of mean 1, exponentially distributed."""
        return -np.log(self.uniform(items, *purpose))

    def normal(self, items: int | NDArray[np.int64], *purpose: object) -> NDArray[np.float64]:
        """Return numbers of the standard normal distribution."""
        from scipy.special import ndtri  # slow to load: what draws nothing does without

        draws: NDArray[np.float64] = ndtri(self.uniform(items, *purpose))
        return draws

    def key(self, *purpose: object) -> int:
        """Return the key that tells the numbers of a purpose from all others."""
        text = "/".join((self._root, *map(str, purpose)))
        return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


def _mix(z: NDArray[np.uint64], key: np.uint64, out: NDArray[np.float64]) -> None:
    step, shift, factor, another_shift, another_factor, last_shift, unused = map(np.uint64, MIXING)
    z += np.uint64(1)
    z *= step
    z += key
    z ^= z >> shift
    z *= factor
    z ^= z >> another_shift
    z *= another_factor
    z ^= z >> last_shift
    z >>= unused
    np.add(z, 0.5, out=out)
    out *= _UNIT


class Draws:
    """The random numbers of those few orders of a marketplace that become cases, drawn by purpose at first use.

    `chosen` are the orders' keys; a row is an index into `chosen`. The number depends on the order, not on the row.
    """

    def __init__(self, streams: Streams, chosen: NDArray[np.int64], marketplace: str) -> None:
        """Take the chosen orders of a marketplace."""
        self._streams, self._chosen, self._marketplace = streams, chosen, marketplace
        self._uniform: dict[str, array[float]] = {}
        self._exponential: dict[str, array[float]] = {}
        self._normal: dict[str, array[float]] = {}

    @property
    def items(self) -> NDArray[np.int64]:
        """The orders' keys, by row."""
        return self._chosen

    def key(self, purpose: str) -> int:
        """Return the key of the numbers of all orders for a purpose."""
        return self._streams.key(purpose, self._marketplace)

    def uniform(self, purpose: str, row: int) -> float:
        """Return a row's number in (0, 1) for a purpose."""
        column = self._uniform.get(purpose)
        if column is None:
            column = self._uniform[purpose] = _as_array(self._streams.uniform(self._chosen, purpose, self._marketplace))
        return column[row]

    def column(self, distribution: str, purpose: str) -> array[float]:
        """Return the numbers of all rows for a purpose: of `uniform`, `exponential` or `normal`; not to be changed."""
        known: dict[str, array[float]] = getattr(self, f"_{distribution}")
        if purpose not in known:
            known[purpose] = self._dealt(distribution, purpose)
        return known[purpose]

    def _dealt(self, distribution: str, purpose: str) -> array[float]:
        if distribution == "exponential":
            # The logarithm that the kernel has: that of numpy has other last bits on some processors.
            draws = self._streams.uniform(self._chosen, purpose, self._marketplace)
            return array("d", [-log(draw) for draw in draws.tolist()])
        return _as_array(getattr(self._streams, distribution)(self._chosen, purpose, self._marketplace))

    def exponential(self, purpose: str, row: int) -> float:
        """Return a row's exponential number of mean 1 for a purpose."""
        return self.column("exponential", purpose)[row]

    def normal(self, purpose: str, row: int) -> float:
        """Return a row's standard normal number for a purpose."""
        column = self._normal.get(purpose)
        if column is None:
            column = self._normal[purpose] = _as_array(self._streams.normal(self._chosen, purpose, self._marketplace))
        return column[row]


def _as_array(numbers: NDArray[np.float64]) -> array[float]:
    # An array of doubles takes a third of a list's memory, and its items are Python floats at once.
    return array("d", numbers.tobytes())
