"""Classes: rows that are alike are those of the same numbers, also where mixing tells none apart."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from aftersale.costs.at_once import classes

rows = st.lists(st.lists(st.integers(0, 3) | st.integers(0, 2**62), min_size=1, max_size=4), min_size=1, max_size=12)


@pytest.mark.parametrize("mixing", [classes._MIXING, np.zeros(2, np.uint64)])
@given(some=rows)
def test_rows_of_other_numbers_are_never_alike(mixing, some):
    keys, starts = np.array([each for row in some for each in row], np.int64), np.cumsum([0, *map(len, some)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classes, "_MIXING", mixing)
        examples, alike = classes._alike(keys, starts)
    assert [some[examples[place]] for place in alike.tolist()] == some


@given(some=rows)
def test_equal_rows_are_alike(some):
    keys, starts = np.array([each for row in some for each in row], np.int64), np.cumsum([0, *map(len, some)])
    examples, _ = classes._alike(keys, starts)
    assert len(examples) == len(set(map(tuple, some)))
