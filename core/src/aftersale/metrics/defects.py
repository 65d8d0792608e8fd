"""Defects: which orders, or which cases, are defective, by the columns of what made them so and what took that back."""

from __future__ import annotations

import numpy as np
from attrs import evolve, frozen
from numpy.typing import NDArray

Numbers = NDArray[np.int64]


@frozen(eq=False)
class Marks:
    """What makes subjects defective, a row each, in the order in which it became known.

    A subject is an order or a case, at the instant by which it counts, both as numbers. It is defective while the steps
    of any of its `signs` do not add up to nothing.
    """

    subject: Numbers
    at: Numbers
    sign: Numbers
    known: Numbers
    step: Numbers

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self.step)

    def where(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> Marks:
        """Return some of the rows."""
        columns = (self.subject, self.at, self.sign, self.known, self.step)
        return Marks(*(column[rows] for column in columns))

    def after(self, earlier: Marks) -> Marks:
        """Return these rows behind earlier ones."""
        pairs = zip(_columns(earlier), _columns(self), strict=True)
        return Marks(*(np.concatenate(pair) for pair in pairs))

    def turns(self) -> Numbers:
        """Return by row 1 where its subject became defective by it, -1 where it became sound, else 0."""
        subjects, signs = self._groups()
        depth = _running(signs, self.step)
        came = (depth != 0).astype(np.int64) - (depth != self.step)
        many = _running(subjects, came)
        turns: Numbers = (many > 0).astype(np.int64) - (many > came)
        return turns

    def standing(self) -> Marks:
        """Return a row for each sign whose steps do not add up to nothing, with their sum."""
        _, signs = self._groups()
        _, first, places = np.unique(signs, return_index=True, return_inverse=True)
        depth = np.zeros(len(first), np.int64)
        np.add.at(depth, places, self.step)
        stands = depth != 0
        return evolve(self.where(first[stands]), step=depth[stands])

    def count(self) -> int:
        """Return how many subjects are defective."""
        rows = self if (self.step > 0).all() else self.standing()
        subjects, _ = rows._groups()
        return len(np.unique(subjects))

    def _groups(self) -> tuple[Numbers, Numbers]:
        """Return for each row the numbers of its subject, and of that subject's sign."""
        subjects = _paired(self.subject, self.at)
        return subjects, _paired(subjects, self.sign)


def _columns(marks: Marks) -> tuple[Numbers, ...]:
    return marks.subject, marks.at, marks.sign, marks.known, marks.step


def _paired(first: Numbers, second: Numbers) -> Numbers:
    """Return a number for each pair that differs from the others, from 0."""
    order = np.lexsort((second, first))
    begins = np.ones(len(order), np.int64)
    begins[1:] = (np.diff(first[order]) != 0) | (np.diff(second[order]) != 0)
    numbers = np.empty(len(order), np.int64)
    numbers[order] = np.cumsum(begins) - 1
    return numbers


def _running(groups: Numbers, steps: Numbers) -> Numbers:
    """Return by row the sum of the steps of its group up to that row."""
    order = np.argsort(groups, kind="stable")
    ordered, sums = groups[order], np.cumsum(steps[order])
    begins = np.flatnonzero(np.diff(ordered, prepend=-1))
    before = np.concatenate([np.zeros(1, np.int64), sums[begins[1:] - 1]])[: len(begins)]
    running = np.empty(len(order), np.int64)
    running[order] = sums - np.repeat(before, np.diff(begins, append=len(order)))
    return running
