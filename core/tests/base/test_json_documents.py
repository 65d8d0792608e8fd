import json
from datetime import date

import pytest
from hypothesis import given, strategies as st

from aftersale.base.json_documents import DIGITS, as_json, significant


def test_numbers_are_written_with_twelve_digits_and_nothing_else_changes():
    data = {
        "sum": 0.1 + 0.2,
        "count": 12345678901234567,
        "day": date(2026, 3, 2),
        "more": [(1.0, None, "0.3000000000004")],
    }
    assert json.loads(as_json(data)) == {
        "sum": 0.3,
        "count": 12345678901234567,
        "day": "2026-03-02",
        "more": [[1.0, None, "0.3000000000004"]],
    }
    assert data["sum"] != 0.3, "nothing is rounded inside"


def test_what_is_no_number_is_refused():
    with pytest.raises(ValueError, match="JSON compliant"):
        as_json({"share": float("nan")})


@given(st.floats(allow_nan=False, allow_infinity=False, max_value=1e300, min_value=-1e300))
def test_a_written_number_is_near_and_is_written_once(value):
    written = significant(value)
    assert written == pytest.approx(value, rel=10 ** (1 - DIGITS))
    assert significant(written) == written
