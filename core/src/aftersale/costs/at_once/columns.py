"""Columns: what formulas come to for many orders."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Set
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aftersale.costs.at_once.formulas import HOLDS, Condition, Formulas, rounded_quotient

Column = NDArray[Any]
"""An amount of each row: int64, or Python's own whole numbers where those would not fit."""
_MOST = 2**62


class _Sized(NamedTuple):
    """A column, and between which amounts it lies."""

    column: Column
    least: int
    most: int

    @property
    def size(self) -> int:
        """What no amount exceeds, whatever its sign; at least 1."""
        return max(abs(self.least), abs(self.most), 1)


class Columns:
    """What formulas come to in many rows at once, each worked out when it is first asked for.

    The rows are in groups that follow each other, and `starts` says where each begins; `sums` has by formula those of
    these groups, or of the parts into which rows were `split`. Columns are exact: where int64 could overflow they are
    Python's own whole numbers. In rows for which a formula was not noted it means nothing.
    """

    def __init__(
        self, formulas: Formulas, given: Mapping[Hashable, NDArray[np.int64]], starts: NDArray[np.intp]
    ) -> None:
        """Begin with the amounts that are given, by their names."""
        self._formulas, self._given, self._starts = formulas, given, starts
        self._known: dict[int, _Sized] = {}
        self._sequence: NDArray[np.intp] | None = None
        self._parts = starts
        self.sums = _Sums(self)
        self._everywhere: set[int] = set()
        self._groups: dict[int, list[bool]] = {}
        self._where: dict[int, NDArray[np.bool_]] = {}

    def of(self, formula: int) -> Column:
        """Return what a formula comes to in each row."""
        return self._sized(formula).column

    def split(self, rows: NDArray[np.intp], starts: NDArray[np.intp]) -> None:
        """Let sums be those of some parts of one row or more each: of `rows`, parts begin where `starts` say."""
        self.sums.clear()
        self._sequence, self._parts = rows, starts

    def summed(self, formula: int) -> list[int]:
        """Return what a formula comes to in each group or part."""
        known = self._sized(formula)
        column = _fitting(known.column, known.size * len(known.column))
        rows = column if self._sequence is None else column[self._sequence]
        sums: list[int] = np.add.reduceat(rows, self._parts).tolist()
        return sums

    def undecided(self, conditions: Set[int], group: int) -> list[int]:
        """Return which of some conditions, by their numbers, do not hold in all rows of a group."""
        left = conditions - self._everywhere
        return [number for number in left if not self._hold(number)[group]] if left else []

    def _hold(self, number: int) -> list[bool]:
        """Return for each group whether a condition holds in all of its rows."""
        holds = self._groups.get(number)
        if holds is None:
            condition = self._formulas.conditions[number]
            everywhere = _decided(condition, self._sized(condition.formula))
            if everywhere is None:
                holds = np.logical_and.reduceat(self.where(number), self._starts).tolist()
            else:
                holds = [everywhere] * len(self._starts)
            self._groups[number] = holds
            if all(holds):
                self._everywhere.add(number)
        return holds

    def where(self, number: int) -> NDArray[np.bool_]:
        """Return in which rows a condition holds, by its number."""
        holds = self._where.get(number)
        if holds is None:
            condition = self._formulas.conditions[number]
            holds = HOLDS[condition.relation](self.of(condition.formula)) == condition.holds
            self._where[number] = holds
        return holds

    def _sized(self, formula: int) -> _Sized:
        known = self._known.get(formula)
        if known is None:
            operation, *terms = self._formulas.known[formula]
            known = self._known[formula] = self._worked_out(operation, terms)
        return known

    def _worked_out(self, operation: str, terms: list[Any]) -> _Sized:
        if operation == "given":
            column = self._given[terms[0]]
            return _Sized(column, int(column.min()), int(column.max()))
        if operation == "one":
            return _Sized(np.ones(len(next(iter(self._given.values()))), np.int64), 1, 1)
        first, *numbers = self._sized(terms[0]), *terms[1:]
        match operation:
            case "more":
                return _more(first, *numbers)
            case "sum":
                times, second, others = numbers
                return _sum(first, times, self._sized(second), others)
            case "product":
                return _product(first, self._sized(numbers[0]))
            case "floor":
                return _floor(first, *numbers)
            case "round":
                return _round(first, *numbers)
            case _:
                second, *numbers = numbers
                return _ratio(first, self._sized(second), *numbers)


class _Sums(dict[int, list[int]]):
    """Sums of formulas, each worked out when it is first asked for."""

    def __init__(self, columns: Columns) -> None:
        super().__init__()
        self._columns = columns

    def __missing__(self, formula: int) -> list[int]:
        self[formula] = sums = self._columns.summed(formula)
        return sums


def _decided(condition: Condition, known: _Sized) -> bool | None:
    """Return whether a condition holds in all rows, None where that hangs on the row."""
    if condition.relation == "=":
        holds = False if known.least > 0 or known.most < 0 else None
    else:
        below, above = known.most < 0, known.least > 0
        never = known.least >= 0 if condition.relation == "<" else known.most <= 0
        always = below if condition.relation == "<" else above
        holds = True if always else False if never else None
    return None if holds is None else holds == condition.holds


def _fitting(column: Column, size: int) -> Column:
    """Return a column that can hold amounts of this size."""
    return column if size < _MOST or column.dtype == object else column.astype(object)


def _ends(*ends: int) -> tuple[int, int]:
    return min(ends), max(ends)


def _more(first: _Sized, times: int, more: int) -> _Sized:
    column = _fitting(first.column, abs(times) * first.size + abs(more))
    return _Sized(column * times + more, *_ends(times * first.least + more, times * first.most + more))


def _sum(first: _Sized, times: int, second: _Sized, others: int) -> _Sized:
    size = abs(times) * first.size + abs(others) * second.size
    column = _fitting(first.column, size) * times + _fitting(second.column, size) * others
    (least, most), (low, high) = (
        _ends(factor * each.least, factor * each.most) for each, factor in ((first, times), (second, others))
    )
    return _Sized(column, least + low, most + high)


def _product(first: _Sized, second: _Sized) -> _Sized:
    size = first.size * second.size
    ends = (one * other for one in (first.least, first.most) for other in (second.least, second.most))
    return _Sized(_fitting(first.column, size) * _fitting(second.column, size), *_ends(*ends))


def _floor(first: _Sized, above: int, below: int) -> _Sized:
    column = _fitting(first.column, abs(above) * first.size + below)
    return _Sized(column * above // below, *_ends(above * first.least // below, above * first.most // below))


def _round(first: _Sized, above: int, below: int) -> _Sized:
    column = _fitting(first.column, 2 * (abs(above) * first.size + below))
    ends = _ends(rounded_quotient(above * first.least, below), rounded_quotient(above * first.most, below))
    if ends[0] >= 0 and first.least * above >= 0 and first.most * above >= 0:
        return _Sized((column * (2 * above) + below) // (2 * below), *ends)
    return _Sized(_rounded_column(column * above, below), *ends)


def _rounded_column(column: Column, below: Any) -> Column:
    """Return quotients by what is above 0, halves rounded away from zero."""
    rounded: Column = np.sign(column) * ((2 * np.abs(column) + below) // (2 * below))
    return rounded


def _ratio(first: _Sized, second: _Sized, above: int, below: int) -> _Sized:
    """Return rounded quotients of columns; a divisor that is not above 0 is that of another way through the rules."""
    size = abs(above) * first.size + 1
    every = 2 * (size + abs(below) * second.size)
    divisor = np.maximum(_fitting(second.column, every) * below, 1)
    return _Sized(_rounded_column(_fitting(first.column, every) * above, divisor), -size, size)
