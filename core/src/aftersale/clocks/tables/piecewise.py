"""Piecewise: a function of whole numbers that never falls, as two sorted arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

Integers = NDArray[np.int64]


@frozen(eq=False)
class Piecewise:
    """A function of whole numbers from the first knot up to the last, which is outside.

    From the value of a knot it grows by one a step, at most up to the value of the next knot, and then stands still.
    Where it stands still and then jumps, there is a knot at the last number before. The value at the last knot is the
    greatest one. Both arrays are int64 and of one length, two at least.
    """

    knots: Integers
    values: Integers

    def __call__(self, numbers: Integers) -> Integers:
        """Return the values of a column of numbers, which have to lie inside."""
        places = np.searchsorted(self.knots, numbers, side="right") - 1
        found: Integers = np.minimum(numbers - self.knots[places], np.diff(self.values)[places])
        found += self.values[places]
        return found


def identity(first: int, end: int) -> Piecewise:
    """Return the function that answers with the number itself, from `first` up to `end`."""
    return Piecewise(np.array([first, end], np.int64), np.array([first, end - 1], np.int64))


def listed(first: int, values: Iterable[int]) -> Piecewise:
    """Return the function that has these values at `first` and the numbers after it."""
    known = np.fromiter(values, np.int64)
    return Piecewise(np.arange(first, first + len(known) + 1, dtype=np.int64), np.append(known, known[-1:]))


class _Piece(NamedTuple):
    """Numbers from `first` to `last` at which a function stands still, or grows by one a step."""

    first: int
    last: int
    low: int
    high: int


def sampled(function: Callable[[int], int], first: int, end: int, breaks: Iterable[int]) -> Piecewise:
    """Return a function that never falls as it answers from `first` up to `end`.

    It is asked at both ends of what lies between two `breaks`. Where it neither stands still there nor grows by one a
    step the places at which it changes are found by halving. So between two breaks it must not both jump and stand
    still: the one could make up for the other.
    """
    edges = sorted({first, end, *(number for number in breaks if first < number < end)})
    pieces: list[_Piece] = []
    for start, stop in pairwise(edges):
        pieces.extend(_straight(function, _Piece(start, stop - 1, function(start), function(stop - 1))))
    return _joined(pieces)


def _straight(function: Callable[[int], int], whole: _Piece) -> Iterator[_Piece]:
    """Yield the straight pieces of one, in order."""
    left = [whole]
    while left:
        piece = left.pop()
        first, last, low, high = piece
        if high - low in (0, last - first):
            yield piece
        else:
            middle = (first + last) // 2
            left.append(_Piece(middle + 1, last, function(middle + 1), high))
            left.append(_Piece(first, middle, low, function(middle)))


def _joined(pieces: list[_Piece]) -> Piecewise:
    """Return pieces that follow each other as one function, with no more knots than it needs."""
    kept: list[_Piece] = []
    pieces = [part for piece, after in pairwise([*pieces, pieces[-1]]) for part in _parts(piece, after.low)]
    following = [*(piece.low for piece in pieces[1:]), pieces[-1].high]
    for piece, most in zip(pieces, following, strict=True):
        if kept and _goes_on(kept[-1], piece, most):
            kept[-1] = _Piece(kept[-1].first, piece.last, kept[-1].low, piece.high)
        else:
            kept.append(piece)
    knots = [*(piece.first for piece in kept), kept[-1].last + 1]
    values = [*(piece.low for piece in kept), kept[-1].high]
    return Piecewise(np.array(knots, np.int64), np.array(values, np.int64))


def _parts(piece: _Piece, following: int) -> tuple[_Piece, ...]:
    """Return a piece, its last number by itself where the function stands still and jumps to the `following` value."""
    first, last, low, high = piece
    if low < high or high >= following or first == last:
        return (piece,)
    return _Piece(first, last - 1, low, high), _Piece(last, last, high, high)


def _goes_on(before: _Piece, piece: _Piece, most: int) -> bool:
    """Whether growth from the knot before, up to `most`, gives the same for both pieces."""
    return all(
        value == before.low + min(number - before.first, most - before.low)
        for number, value in ((before.last, before.high), (piece.first, piece.low), (piece.last, piece.high))
    )


def value_at(knots: Integers, values: Integers, number: int) -> int:
    """Return the value of one number inside; a loop over arrays and nothing else, to be compiled as it stands."""
    low = 0
    high = len(knots) - 1
    while high - low > 1:
        middle = (low + high) // 2
        if knots[middle] <= number:
            low = middle
        else:
            high = middle
    grown = number - knots[low]
    most = values[low + 1] - values[low]
    if grown > most:
        grown = most
    return int(values[low] + grown)
