"""Telling: what the fact of a reaction says, drawn for its order."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Generic, NamedTuple, TypeVar

from aftersale.documents.scalars import Rate, Word
from aftersale.policies.reactions import Reaction
from aftersale_simulator.assumptions.conditions import bare
from aftersale_simulator.world.behaviour.order_bits import OrderBits
from aftersale_simulator.world.entities import OrderState

Called = Callable[[str], str]
"""How a marketplace calls a word of the simulator's."""
Said = tuple[float | None, str]
"""What a fact says: a number, None for none, and a word, empty for none."""
Item = TypeVar("Item")


class Weighted(Generic[Item]):
    """Items of which one is drawn, each by its weight among all."""

    __slots__ = ("_edges", "_items")

    def __init__(self, items: Iterable[tuple[Item, float]]) -> None:
        """Take the items with their weights, not all of which are 0."""
        weighted = [(item, weight) for item, weight in items if weight > 0]
        self._items = [item for item, _ in weighted]
        *sums, whole = accumulate(weight for _, weight in weighted)
        self._edges = [edge / whole for edge in sums]

    @property
    def certain(self) -> Item | None:
        """The item that is drawn whatever the number is, None where there are several."""
        return None if self._edges else self._items[0]

    def at(self, draw: float) -> Item:
        """Return the item of a number in (0, 1)."""
        return self._items[bisect_right(self._edges, draw)]

    def drawn(self, purpose: str, state: OrderState) -> Item:
        """Return an order's item, by its random number for a purpose."""
        edges = self._edges
        return self._items[bisect_right(edges, state.draws.uniform(purpose, state.row)) if edges else 0]


class Condition(NamedTuple):
    """A condition of orders, as bits that are looked at and what they must be, or else the name of a mark."""

    mask: int
    value: int
    mark: str
    wanted: bool

    @classmethod
    def of(cls, word: str, bits: OrderBits) -> Condition:
        """Return what a word means among a marketplace's conditions of orders."""
        mark, wanted = bare(word)
        return cls(*bits.needed([word]), mark, wanted)

    def holds(self, state: OrderState) -> bool:
        """Whether it holds for an order."""
        if self.mask:
            return state.bits & self.mask == self.value
        return bool(state.marks.get(self.mark)) is self.wanted


class Telling:
    """What the fact of one reaction says: a word, by the first condition that holds or else the usual one, a number.

    `always` is what it says whatever the order, None where that hangs on it. Random numbers are keyed by the
    reaction's `draw`, with `.detail` or `.value` behind it.
    """

    __slots__ = ("_by_condition", "_detail_draw", "_details", "_value_draw", "_values", "always")

    def __init__(self, reaction: Reaction, draw: str, bits: OrderBits, called: Called) -> None:
        """Take a reaction that says something."""
        self._detail_draw, self._value_draw = f"{draw}.detail", f"{draw}.value"
        self._details = _words(reaction.details, called)
        self._by_condition: Sequence[tuple[Condition, Weighted[str]]] = [
            (Condition.of(word, bits), words)
            for word, weights in (reaction.details_when or {}).items()
            if (words := _words(weights, called)) is not None
        ]
        values = reaction.values
        self._values = None if values is None else Weighted((float(key), weight) for key, weight in values.items())
        word = "" if self._details is None else self._details.certain
        hangs = self._by_condition or values is not None or word is None
        self.always: Said | None = None if hangs else (None, str(word))

    def of(self, state: OrderState) -> Said:
        """Return (value, detail) of the fact for an order."""
        value = None if self._values is None else self._values.drawn(self._value_draw, state)
        words = self._details
        for condition, others in self._by_condition:
            if condition.holds(state):
                words = others
                break
        return value, "" if words is None else words.drawn(self._detail_draw, state)


def _words(weights: Mapping[Word, Rate] | None, called: Called) -> Weighted[str] | None:
    if weights is None:
        return None
    return Weighted((called(str(word)), weight) for word, weight in weights.items())
