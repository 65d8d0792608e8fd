"""Orders as columns: what is known of each travels along with it."""

from __future__ import annotations

import numpy as np
from attrs import evolve

from aftersale.clocks import DAY
from aftersale.order_columns import COLUMNS, Orders
from aftersale.orders import CANCELLED, DELIVERED, LOST, SHIPPED, UNKNOWN, UNTOLD
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


def test_buyers_travel_with_their_orders_and_are_told_by_their_pseudonyms() -> None:
    who = ("ann", "", "bob", "ann")
    plain = orders(*(order(f"O-{row}", purchased_at=MONDAY + row * DAY, buyer=name) for row, name in enumerate(who)))
    assert [plain.order(row).buyer for row in range(4)] == list(who)
    assert [found.buyer for found in plain.picked(np.array([3, 1, 2]))] == ["ann", "", "bob"]
    assert [plain.between(1, 3).order(row).buyer for row in range(2)] == ["", "bob"]
    assert [plain.until(MONDAY + DAY).order(row).buyer for row in range(2)] == ["ann", ""]
    numbered = evolve(plain, buyers=())
    assert [found.buyer for found in numbered.picked(np.arange(4))] == ["1", "", "2", "1"]


def test_without_buyers_nobody_is_known_and_no_memory_is_taken() -> None:
    plain = evolve(orders(order(), order("O-2")), buyers=())
    bare = Orders(*(getattr(plain, name) for name in FIRST))
    assert [bare.order(row).buyer for row in range(2)] == ["", ""]
    assert (bare.buyer.strides, bare.buyer.tolist()) == ((0,), [0, 0])
    assert [bare.order(row).landed_cost for row in range(2)] == [None, None]
    assert (bare.landed_cost.strides, bare.landed_cost.tolist()) == ((0,), [UNTOLD, UNTOLD])


def test_what_goods_cost_travels_with_their_orders_and_nothing_is_not_unknown() -> None:
    told = (700, None, 0)
    plain = orders(*(order(f"O-{row}", purchased_at=MONDAY + row * DAY, landed_cost=n) for row, n in enumerate(told)))
    assert plain.landed_cost.tolist() == [700, UNTOLD, 0]
    assert [found.landed_cost for found in plain.picked(np.array([2, 0, 1]))] == [0, 700, None]
    assert [plain.between(1, 3).order(row).landed_cost for row in range(2)] == [None, 0]
    assert [plain.until(MONDAY).order(0).landed_cost, plain.order(1).landed_cost] == [700, None]


FIRST = ("marketplaces", "currencies", "channels", "categories", "ids", "marketplace", "purchased_at", "channel")
FIRST = (*FIRST, "category", "price", "promised_at", "delivered_at", "cross_border", "exempt")


def test_orders_of_some_buyers_are_found_by_pseudonym_alone() -> None:
    plain = orders(*(order(f"O-{row}", buyer=name) for row, name in enumerate(("ann", "", "bob", "ann"))))
    assert plain.bought_by(("ann", "eve")).tolist() == [True, False, False, True]
    assert plain.bought_by(("",)).tolist() == plain.bought_by(()).tolist() == [False] * 4
    numbered = evolve(plain, buyers=())
    assert numbered.bought_by(("2", "01", "9" * 5000)).tolist() == [False, False, True, False]
