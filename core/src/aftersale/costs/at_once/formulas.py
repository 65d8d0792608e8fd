"""Formulas: what is computed of some amounts, noted while it is computed once, to be computed of many at once.

A `Noted` number stands in for a whole number of minor units wherever rules of money compute: it can be added,
multiplied, divided, rounded and compared as `int` and `Decimal` can, exactly. Each comparison is answered for the
amount at hand and noted as a condition: where all conditions of a computation hold, other amounts go the same way
through the rules, and the noted formulas say what they come to. What cannot be noted raises Unnoted.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from decimal import ROUND_HALF_UP, Decimal
from math import gcd, lcm
from typing import Any, NamedTuple, NoReturn, cast

from attrs import define, field


class Unnoted(Exception):
    """Something was asked that is not the same for all for which a computation was to be noted."""


class Condition(NamedTuple):
    """What has to hold of a formula: that it is below 0, above 0 or 0, or that it is not."""

    formula: int
    relation: str
    holds: bool


@define(eq=False)
class Formulas:
    """All formulas by number, and all conditions of formulas; the same one has one number, whoever computes it."""

    known: list[tuple[Any, ...]] = field(factory=list)
    conditions: list[Condition] = field(factory=list)
    _numbers: dict[tuple[Any, ...], int] = field(factory=dict)
    _condition_numbers: dict[Condition, int] = field(factory=dict)

    def number(self, *formula: Any) -> int:
        """Return the number of a formula: the name of an operation, numbers of formulas, and whole numbers."""
        number = self._numbers.get(formula)
        if number is None:
            number = self._numbers[formula] = len(self.known)
            self.known.append(formula)
        return number

    def condition(self, condition: Condition) -> int:
        """Return the number of a condition."""
        number = self._condition_numbers.get(condition)
        if number is None:
            number = self._condition_numbers[condition] = len(self.conditions)
            self.conditions.append(condition)
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
        if not other or not self.above:
            return other or self
        above, below = other.as_integer_ratio()
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

    def __rtruediv__(self, other: Any) -> Any:
        """Return a number over this one, to be rounded at once."""
        above, below = other.as_integer_ratio()
        one = Noted(self.computation, self.computation.formulas.number("one"), 1, 1, 1)
        return _Quotient(one._scaled(above, below), self)

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
        value = rounded_quotient(self.above * self.value, self.below)
        return self._of(value, 1, 1, "round", self.formula, self.above, self.below)

    def __trunc__(self) -> Noted:
        """Return a whole number as it is."""
        if self.below != 1:
            raise Unnoted("what is no whole number")
        return self

    def __int__(self) -> int:
        """Refuse to become a number that notes nothing."""
        raise Unnoted("a number that notes nothing")

    def __abs__(self) -> Any:
        """Return it without its sign, which becomes a condition."""
        return self if self >= 0 else -self

    def _is(self, relation: str, other: Any) -> bool:
        """Whether it is below (`<`), above or equal to a number, which becomes a condition."""
        difference = self - other
        if not isinstance(difference, Noted) or not difference.above:
            return bool(HOLDS[relation](0 if isinstance(difference, Noted) else difference))
        if difference.above < 0:
            relation = _TURNED[relation]
        holds = bool(HOLDS[relation](difference.value))
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


HOLDS: dict[str, Callable[[Any], Any]] = {
    "<": lambda value: value < 0,
    ">": lambda value: value > 0,
    "=": lambda value: value == 0,
}
"""What a relation to 0 says of a number, or of each of a column."""
_TURNED = {"<": ">", ">": "<", "=": "="}


class _Quotient(NamedTuple):
    """A noted number over another, not rounded yet."""

    above: Noted
    below: Noted

    def quantize(self, unit: Decimal, rounding: str) -> Noted:
        """Return it as a whole number, halves rounded away from zero; its divisor is above 0, which is a condition."""
        if unit != 1 or rounding != ROUND_HALF_UP or not self.below > 0:
            raise Unnoted("another rounding")
        if not self.above.above:
            return self.above
        above, below = self.above.above * self.below.below, self.above.below * self.below.above
        common = gcd(above, below)
        above, below = above // common, below // common
        value = rounded_quotient(above * self.above.value, below * self.below.value)
        return self.above._of(value, 1, 1, "ratio", self.above.formula, self.below.formula, above, below)


def rounded_quotient(amount: int, below: int) -> int:
    """Return an amount over what is above 0, halves rounded away from zero."""
    size = (2 * abs(amount) + below) // (2 * below)
    return size if amount >= 0 else -size


class Unasked:
    """Stands in for what is not the same for all for which a computation is noted: whatever is asked of it raises."""

    def _refuse(self, *_: object) -> NoReturn:
        raise Unnoted("what differs between orders of one class")

    __bool__ = __eq__ = __hash__ = __lt__ = __le__ = __gt__ = __ge__ = __add__ = __radd__ = __sub__ = __rsub__ = _refuse
    __mul__ = __rmul__ = __floordiv__ = __truediv__ = __int__ = __index__ = __len__ = __iter__ = __contains__ = _refuse
