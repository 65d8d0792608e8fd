from itertools import accumulate

import numpy as np
from hypothesis import given, strategies as st

from aftersale.clocks.tables.piecewise import identity, listed, sampled, value_at

STEPS = {"grows": 1, "stands": 0}
parts = st.lists(st.tuples(st.sampled_from(list(STEPS)), st.integers(1, 9), st.integers(0, 9)), min_size=1, max_size=9)


def drawn(parts, first, low):
    """The numbers of a function from its parts (what it does, for how long, and by how much it jumps before)."""
    values = [low]
    for what, length, jump in parts:
        values.append(values[-1] + jump)
        values.extend([values[-1] + STEPS[what] * step for step in range(1, length)])
    return dict(enumerate(values, first))


def told(function):
    """All answers of a function in both ways of asking; they have to be the same."""
    numbers = np.arange(function.knots[0], function.knots[-1])
    one_by_one = [value_at(function.knots, function.values, int(number)) for number in numbers]
    assert function(numbers).tolist() == one_by_one
    return dict(zip(numbers.tolist(), one_by_one, strict=True))


@given(parts, st.integers(-50, 50), st.integers(-50, 50))
def test_a_function_answers_as_what_it_was_sampled_from(parts, first, low):
    values = drawn(parts, first, low)
    lengths = [length for _, length, _ in parts]
    breaks = accumulate(lengths, initial=first + 1)
    function = sampled(values.__getitem__, first, first + len(values), breaks)
    assert told(function) == values
    assert (np.diff(function.knots) > 0).all()
    assert (np.diff(function.values) >= 0).all()
    assert len(function.knots) <= 2 * len(parts) + 2


@given(st.lists(st.integers(0, 3), min_size=1, max_size=60), st.integers(-50, 50))
def test_places_that_nobody_names_are_found_where_it_only_jumps(jumps, first):
    values = dict(enumerate(accumulate(jump + 1 for jump in jumps), first))
    assert told(sampled(values.__getitem__, first, first + len(values), ())) == values


@given(st.lists(st.booleans(), min_size=1, max_size=60), st.integers(-50, 50))
def test_places_that_nobody_names_are_found_where_it_only_stands_still(grows, first):
    values = dict(enumerate(accumulate(map(int, grows)), first))
    assert told(sampled(values.__getitem__, first, first + len(values), ())) == values


def test_a_week_of_openings_takes_a_knot_for_each_and_one_for_its_end():
    closed, opened = 15, 9
    run = {at: sum(at_hour % 24 >= closed for at_hour in range(at)) for at in range(7 * 24)}
    function = sampled(run.__getitem__, 0, 7 * 24, range(0, 7 * 24, 24))
    assert function.knots.tolist() == [0, *(day * 24 + closed for day in range(7)), 7 * 24]
    assert function.values.tolist() == [0, *(day * opened for day in range(7)), 7 * opened - 1]


def test_the_identity_and_a_list_answer_with_the_number_and_with_what_is_listed():
    assert told(identity(-3, 4)) == {number: number for number in range(-3, 4)}
    assert told(listed(5, [2, 2, 9])) == {5: 2, 6: 2, 7: 9}
