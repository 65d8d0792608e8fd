"""Formulas: what is computed of some amounts, noted while it is computed once, to be computed of many at once.

A `Noted` number stands in for a whole number of minor units wherever rules of money compute: it can be added,
multiplied, divided, rounded and compared as `int` and `Decimal` can, exactly. Each comparison is answered for the
amount at hand and noted as a condition: where all conditions of a computation hold, other amounts go the same way
through the rules, and the noted formulas say what they come to. What cannot be noted raises Unnoted.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from math import gcd, lcm
from typing import Any, NamedTuple, NoReturn, cast

import numpy as np
from attrs import define, field
from numpy.typing import NDArray

Column = NDArray[Any]
"""An amount of each row: int64, or Python's own whole numbers where those would not fit."""
_MOST = 2**62


class Unnoted(Exception):
    """Something was asked that is not the same for all for which a computation was to be noted."""


class Condition(NamedTuple):
    """What has to hold of a formula: that it is below 0, above 0 or 0, or that it is not."""

    formula: int
    relation: str
    holds: bool


@define(eq=False)
class Formulas:
    """All formulas by number; the same formula has one number, whoever computes it."""

    known: list[tuple[Any, ...]] = field(factory=list)
    _numbers: dict[tuple[Any, ...], int] = field(factory=dict)

    def number(self, *formula: Any) -> int:
        """Return the number of a formula: the name of an operation, numbers of formulas, and whole numbers."""
        number = self._numbers.get(formula)
        if number is None:
            number = self._numbers[formula] = len(self.known)
            self.known.append(formula)
        return number


@define(eq=False)
class Computation:
    """What is noted of one computation: the conditions of its way through the rules, in their order."""

    formulas: Formulas
    conditions: dict[Condition, None] = field(factory=dict)

    def given(self, name: Hashable, amount: int) -> int:
        """Return an amount that is given under a name, to be computed with; it is this much here."""
        return cast("int", Noted(self, self.formulas.number("given", name), amount, 1, 1))


class Noted:
    """A number that notes what is computed of it: `above` times a formula over `below`, exactly.

    `value` is what the formula is here.
    """

    __slots__ = ("above", "below", "computation", "formula", "value")

    def __init__(self, computation: Computation, formula: int, value: int, above: int, below: int) -> None:
        """Stand in for a number; `below` is above 0, and has nothing in common with `above`."""
        self.computation, self.formula, self.value, self.above, self.below = computation, formula, value, above, below

    def _of(self, value: int, above: int, below: int, *formula: Any) -> Noted:
        """Return `above` times a further formula over `below`."""
        return self._as(self.computation.formulas.number(*formula), value, above, below)

    def _as(self, formula: int, value: int, above: int, below: int) -> Noted:
        common = gcd(above, below) * (1 if below > 0 else -1)
        return Noted(self.computation, formula, value, above // common, below // common)

    def _scaled(self, above: int, below: int) -> Noted:
        return self._as(self.formula, self.value, self.above * above, self.below * below)

    def __add__(self, other: Any) -> Any:
        """Return the sum with a number, noted or not."""
        if isinstance(other, Noted):
            return self._sum(other)
        above, below = other.as_integer_ratio()
        if not above or not self.above:
            return other if above else self
        whole = lcm(self.below, below)
        times, more = self.above * (whole // self.below), above * (whole // below)
        common = gcd(times, more)
        times, more = times // common, more // common
        return self._of(times * self.value + more, common, whole, "more", self.formula, times, more)

    def _sum(self, other: Noted) -> Any:
        if not self.above or not other.above:
            return self if self.above else other
        whole = lcm(self.below, other.below)
        times, others = self.above * (whole // self.below), other.above * (whole // other.below)
        if self.formula == other.formula:
            return self._as(self.formula, self.value, times + others, whole)
        common = gcd(times, others)
        times, others = times // common, others // common
        value = times * self.value + others * other.value
        return self._of(value, common, whole, "sum", self.formula, times, other.formula, others)

    __radd__ = __add__

    def __neg__(self) -> Any:
        """Return the number with the other sign."""
        return self._scaled(-1, 1)

    def __sub__(self, other: Any) -> Any:
        """Return the difference."""
        return self + (-other)

    def __rsub__(self, other: Any) -> Any:
        """Return the difference."""
        return (-self) + other

    def __mul__(self, other: Any) -> Any:
        """Return the product with a number, noted or not."""
        if not isinstance(other, Noted):
            return self._scaled(*other.as_integer_ratio())
        first, second = sorted((self.formula, other.formula))
        value = self.value * other.value
        return self._of(value, self.above * other.above, self.below * other.below, "product", first, second)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        """Return the quotient, by a noted number to be rounded at once."""
        if isinstance(other, Noted):
            return _Quotient(self, other)
        above, below = other.as_integer_ratio()
        return self._scaled(below, above)

    def __floordiv__(self, other: int) -> Any:
        """Return how often a whole number above 0 is in it."""
        below = self.below * other
        return self._of(self.above * self.value // below, 1, 1, "floor", self.formula, self.above, below)

    def quantize(self, unit: Decimal, rounding: str) -> Noted:
        """Return it as a whole number, halves rounded away from zero, which is the only rounding there is."""
        if unit != 1 or rounding != ROUND_HALF_UP:
            raise Unnoted("another rounding")
        if self.below == 1:
            return self
        value = _rounded(self.above * self.value, self.below)
        return self._of(value, 1, 1, "round", self.formula, self.above, self.below)

    def __trunc__(self) -> Noted:
        """Return a whole number as it is."""
        if self.below != 1:
            raise Unnoted("what is no whole number")
        return self

    def __abs__(self) -> Any:
        """Return it without its sign, which becomes a condition."""
        return self if self >= 0 else -self

    def _is(self, relation: str, other: Any) -> bool:
        """Whether it is below (`<`), above or equal to a number, which becomes a condition."""
        difference = self - other
        if not isinstance(difference, Noted) or not difference.above:
            return bool(_HOLDS[relation](0 if isinstance(difference, Noted) else difference))
        if difference.above < 0:
            relation = _TURNED[relation]
        holds = bool(_HOLDS[relation](difference.value))
        self.computation.conditions[Condition(difference.formula, relation, holds)] = None
        return holds

    def __lt__(self, other: Any) -> bool:
        """Whether it is below another number."""
        return self._is("<", other)

    def __gt__(self, other: Any) -> bool:
        """Whether it is above another number."""
        return self._is(">", other)

    def __le__(self, other: Any) -> bool:
        """Whether it is not above another number."""
        return not self._is(">", other)

    def __ge__(self, other: Any) -> bool:
        """Whether it is not below another number."""
        return not self._is("<", other)

    def __eq__(self, other: object) -> bool:
        """Whether it is the same number as another."""
        return self._is("=", other)

    def __bool__(self) -> bool:
        """Whether it is not 0."""
        return not self._is("=", 0)

    def __hash__(self) -> int:
        """Return the same for the same formula."""
        return hash((self.formula, self.above, self.below))


_HOLDS: dict[str, Callable[[Any], Any]] = {
    "<": lambda value: value < 0,
    ">": lambda value: value > 0,
    "=": lambda value: value == 0,
}
_TURNED = {"<": ">", ">": "<", "=": "="}


class _Quotient(NamedTuple):
    """A noted number over another, not rounded yet."""

    above: Noted
    below: Noted

    def quantize(self, unit: Decimal, rounding: str) -> Noted:
        """Return it as a whole number, halves rounded away from zero; its divisor is above 0, which is a condition."""
        if unit != 1 or rounding != ROUND_HALF_UP or not self.below > 0 or self.below.above < 0:
            raise Unnoted("another rounding")
        above, below = self.above.above * self.below.below, self.above.below * self.below.above
        common = gcd(above, below)
        above, below = above // common, below // common
        value = _rounded(above * self.above.value, below * self.below.value)
        return self.above._of(value, 1, 1, "ratio", self.above.formula, self.below.formula, above, below)


def _rounded(amount: int, below: int) -> int:
    size = (2 * abs(amount) + below) // (2 * below)
    return size if amount >= 0 else -size


class Unasked:
    """Stands in for what is not the same for all for which a computation is noted: whatever is asked of it raises."""

    def _refuse(self, *_: object) -> NoReturn:
        raise Unnoted("what differs between orders of one class")

    __bool__ = __eq__ = __hash__ = __lt__ = __le__ = __gt__ = __ge__ = __add__ = __radd__ = __sub__ = __rsub__ = _refuse
    __mul__ = __rmul__ = __floordiv__ = __truediv__ = __int__ = __index__ = __len__ = __iter__ = __contains__ = _refuse


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

    The rows are in groups that follow each other, and `starts` says where each begins. Columns are exact: where int64
    could overflow they are Python's own whole numbers. In rows for which a formula was not noted it means nothing.
    """

    def __init__(
        self, formulas: Formulas, given: Mapping[Hashable, NDArray[np.int64]], starts: NDArray[np.intp]
    ) -> None:
        """Begin with the amounts that are given, by their names."""
        self._formulas, self._given, self._starts = formulas, given, starts
        self._known: dict[int, _Sized] = {}
        self._sums: dict[int, list[int]] = {}
        self._groups: dict[Condition, list[bool]] = {}

    def of(self, formula: int) -> Column:
        """Return what a formula comes to in each row."""
        return self._sized(formula).column

    def sums(self, formula: int) -> list[int]:
        """Return what a formula comes to in each group."""
        sums = self._sums.get(formula)
        if sums is None:
            known = self._sized(formula)
            column = _fitting(known.column, known.size * len(known.column))
            sums = self._sums[formula] = np.add.reduceat(column, self._starts).tolist()
        return sums

    def hold(self, condition: Condition, group: int) -> bool:
        """Whether a condition holds in all rows of a group."""
        holds = self._groups.get(condition)
        if holds is None:
            known = self._sized(condition.formula)
            everywhere = _decided(condition, known)
            if everywhere is None:
                holds = np.logical_and.reduceat(self.where(condition), self._starts).tolist()
            else:
                holds = [everywhere] * len(self._starts)
            self._groups[condition] = holds
        return holds[group]

    def where(self, condition: Condition) -> NDArray[np.bool_]:
        """Return in which rows a condition holds."""
        column = self.of(condition.formula)
        holds: NDArray[np.bool_] = _HOLDS[condition.relation](column) == condition.holds
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
    ends = _ends(_rounded(above * first.least, below), _rounded(above * first.most, below))
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
    every = 2 * (size + below * second.size)
    divisor = np.maximum(_fitting(second.column, every) * below, 1)
    return _Sized(_rounded_column(_fitting(first.column, every) * above, divisor), -size, size)
