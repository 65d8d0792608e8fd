"""Orders as columns: what is known of each travels along with it."""

from __future__ import annotations

import numpy as np
from attrs import evolve

from aftersale.clocks import DAY
from aftersale.orders import CANCELLED, COLUMNS, DELIVERED, LOST, SHIPPED, UNKNOWN, Orders
from aftersale.testing import MONDAY, order, orders

OUTCOMES = [UNKNOWN, SHIPPED, DELIVERED, CANCELLED, LOST]


def sold(outcomes: list[int]) -> Orders:
    plain = orders(*(order(f"O-{row}", purchased_at=MONDAY + row * DAY) for row in range(len(outcomes))))
    return evolve(plain, outcome=np.array(outcomes, np.int8))


def test_the_outcomes_are_five_and_nothing_is_known_where_nobody_says_so() -> None:
    assert len(set(OUTCOMES)) == 5
    plain = orders(order(), order("O-2"))
    assert plain.outcome.tolist() == [UNKNOWN, UNKNOWN]
    assert plain.outcome.dtype == np.int8


def test_outcomes_travel_with_their_orders() -> None:
    assert "outcome" in COLUMNS
    assert sold(OUTCOMES).between(1, 4).outcome.tolist() == OUTCOMES[1:4]
    assert sold(OUTCOMES).until(MONDAY + DAY).outcome.tolist() == OUTCOMES[:2]
