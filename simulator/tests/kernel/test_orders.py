"""Orders: how their names rank, by which deadlines of one instant end, and one after the other of several parts."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from aftersale_simulator.plan.orders import OrdersOfAll, _ranks
from aftersale_simulator.world.orders import FileIds, MadeOrders, OrderIds

KEYS = st.lists(st.tuples(st.integers(0, 120_000), st.integers(0, 120_000)), min_size=1, max_size=8, unique=True)
NAMES = st.lists(st.text("A1-", min_size=1, max_size=4), min_size=1, max_size=8, unique=True)


def part(ids: Any) -> Any:
    orders: Any = SimpleNamespace(ids=ids)
    return SimpleNamespace(steps=SimpleNamespace(orders=MadeOrders(orders, np.arange(len(ids)))))


def ranked(names: list[str], suffixes: list[str]) -> list[int]:
    """Return ranks as the desk has them: by the whole names of cases, which tell all of them apart."""
    cases = [f"{name}-{suffix}" for name in names for suffix in suffixes]
    return [sorted(cases).index(case) for case in cases]


@given(st.dictionaries(st.sampled_from(["A", "AB", "A-1", "B"]), KEYS, min_size=1, max_size=3))
def test_synthetic_orders_rank_as_their_names_do(parts: dict[str, list[tuple[int, int]]]) -> None:
    ids = [OrderIds(name, np.array([day * (1 << 24) + number for day, number in keys])) for name, keys in parts.items()]
    rank = _ranks([part(each) for each in ids], ["c"]).tolist()
    names = [f"{name}-" for each in ids for name in each]
    assert rank == [sorted(names).index(name) for name in names]


@given(NAMES)
def test_orders_of_a_file_rank_with_each_end_where_a_name_begins_with_another(names: list[str]) -> None:
    suffixes = ["c", "r", "a"]
    rank = _ranks([part(FileIds(names, np.arange(len(names))))], suffixes).tolist()
    if len(rank) == len(names):
        rank = [3 * each + ["a", "c", "r"].index(suffix) for each in rank for suffix in suffixes]
    assert rank == ranked(names, suffixes)


def test_orders_of_several_marketplaces_follow_each_other() -> None:
    parts: list[Any] = [["a", "b"], [], ["c"], []]
    orders = OrdersOfAll(parts)
    assert (len(orders), list(orders), orders[2], orders[1:]) == (3, ["a", "b", "c"], "c", ["b", "c"])
    with pytest.raises(IndexError):
        orders[3]
