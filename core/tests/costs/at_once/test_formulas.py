"""Formulas: what is noted of a computation gives what it gives, for all amounts of which its conditions hold."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, strategies as st

from aftersale.base.money import part, rounded
from aftersale.costs.at_once.columns import Columns
from aftersale.costs.at_once.formulas import Computation, Formulas, Noted, Unasked, Unnoted

NAMES = ("first", "second", "third")
amounts = st.integers(-50, 50) | st.integers(-(10**6), 10**6) | st.integers(-(10**11), 10**11)
rows = st.lists(st.tuples(amounts, amounts, amounts), min_size=1, max_size=8)
shares = st.decimals(-2, 2, places=3)
whole = st.integers(-3, 3)


def _over(first, second):
    return rounded(first * Decimal(1) / second) if second > 0 else first


STEPS = {
    "plus": lambda a, b, share, number: a + b,
    "plus a number": lambda a, b, share, number: number + a,
    "minus": lambda a, b, share, number: a - b,
    "from a number": lambda a, b, share, number: number - a,
    "times a number": lambda a, b, share, number: a * number,
    "a share": lambda a, b, share, number: part(a, share),
    "a sum of shares": lambda a, b, share, number: rounded(a * share + (b - number) * share / 3),
    "size": lambda a, b, share, number: abs(a),
    "the greater": lambda a, b, share, number: max(a, b, number),
    "the lesser": lambda a, b, share, number: min(number, a, b),
    "one or the other": lambda a, b, share, number: (b if a >= number else -a) if a and a != b else number,
    "over another": lambda a, b, share, number: _over(a, b),
    "a number over one": lambda a, b, share, number: rounded(Decimal(number) / a) if a > 0 else b,
    "how often": lambda a, b, share, number: (2 * abs(a) * 7 + 10) // (2 * 10),
}
programs = st.lists(st.tuples(st.sampled_from(sorted(STEPS)), whole, whole, shares, whole), min_size=1, max_size=8)


def computed(program, given):
    """What a program comes to, which takes earlier results by their places from the end."""
    results = list(given)
    for name, first, second, share, number in program:
        results.append(STEPS[name](results[first % len(results)], results[second % len(results)], share, number))
    return results


@given(programs, rows)
def test_formulas_come_to_what_was_computed_wherever_their_conditions_hold(program, given_rows):
    formulas = Formulas()
    computation = Computation(formulas)
    noted = computed(program, list(map(computation.given, NAMES, given_rows[0])))
    columns = Columns(
        formulas,
        {name: np.array(column, np.int64) for name, column in zip(NAMES, zip(*given_rows, strict=True), strict=True)},
        np.array([0]),
    )
    holds = np.ones(len(given_rows), bool)
    for number in map(formulas.condition, computation.conditions):
        holds &= columns.where(number)
        assert columns.undecided({number}, 0) == ([] if columns.where(number).all() else [number])
    assert holds[0]
    for row in np.flatnonzero(holds).tolist():
        wanted = computed(program, given_rows[row])
        found = [
            value.above * int(columns.of(value.formula)[row]) // value.below if isinstance(value, Noted) else value
            for value in noted
        ]
        assert found == wanted
    for value in noted:
        if isinstance(value, Noted):
            assert columns.sums[value.formula] == [sum(columns.of(value.formula).tolist())]


def test_what_cannot_be_noted_is_refused():
    price = Computation(Formulas()).given("price", 5)
    with pytest.raises(Unnoted):
        int(price)
    with pytest.raises(TypeError):
        Decimal(price)
    with pytest.raises(Unnoted):
        (price * Decimal("0.5")).__trunc__()
    asked = (lambda it: it == 1, lambda it: it < 1, lambda it: it in ("a",), lambda it: it + 1, lambda it: 1 - it)
    for ask in (bool, hash, len, int, *asked):
        with pytest.raises(Unnoted):
            ask(Unasked())
