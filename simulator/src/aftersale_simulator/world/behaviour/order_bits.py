"""Order bits: which of a marketplace's conditions of orders hold for an order, a bit for each."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from aftersale_simulator.assumptions.conditions import Fates, bare, order_word

Flags = NDArray[np.bool_]


@frozen
class OrderBits:
    """The conditions of orders that some reactions name: the place of a word is its bit."""

    words: tuple[str, ...]

    @classmethod
    def of(cls, conditions: Iterable[str]) -> OrderBits:
        """Return the bits of those words that are conditions of orders, each once."""
        words = (bare(condition)[0] for condition in conditions)
        return cls(tuple(dict.fromkeys(word for word in words if order_word(word) is not None)))

    def columns(self, orders: Fates) -> dict[str, Flags]:
        """Return for each word on which orders it holds."""
        return {word: holds(orders) for word in self.words if (holds := order_word(word)) is not None}

    def packed(self, columns: dict[str, Flags], rows: NDArray[np.int64]) -> list[int]:
        """Return the bits of some orders."""
        bits = np.zeros(len(rows), np.int64)
        for place, word in enumerate(self.words):
            bits |= columns[word][rows].astype(np.int64) << place
        packed: list[int] = bits.tolist()
        return packed

    def needed(self, conditions: Iterable[str]) -> tuple[int, int]:
        """Return (bits that are looked at, what they must be) for conditions; words of other things do not count."""
        mask = value = 0
        for condition in conditions:
            word, wanted = bare(condition)
            if word in self.words:
                bit = 1 << self.words.index(word)
                mask |= bit
                value |= bit if wanted else 0
        return mask, value
