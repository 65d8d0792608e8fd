"""Who buys in the simulated world: numbers of its own that move nothing else."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from attrs import evolve

from aftersale.clocks import DAY
from aftersale.order_columns import Orders
from aftersale.plugins.plugins import load_plugins
from aftersale.testing import MONDAY, order, orders, plugin, reference
from aftersale_simulator.resolved.scenario import resolve
from aftersale_simulator.runs.recording import Recording
from aftersale_simulator.runs.run import run
from aftersale_simulator.scenario.document import parse_scenario
from aftersale_simulator.scenario.horizon import LocalDays
from aftersale_simulator.world.customers import BuyerNames, CopyNames, buyer_numbers
from aftersale_simulator.world.orders import copied, kept, of_marketplace, within
from aftersale_simulator.world.random_streams import Streams

STREAMS = Streams(5, 1)
KEYS = np.arange(20_000, dtype=np.int64) * 7


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.95])
def test_so_many_orders_are_by_somebody_who_ordered_before(share: float) -> None:
    numbers = buyer_numbers(share, KEYS, STREAMS, "REF")
    first, where = np.unique(numbers, return_index=True)
    assert first.tolist() == list(range(1, len(first) + 1))
    assert (np.diff(where) > 0).all()
    assert 1 - len(first) / len(KEYS) == pytest.approx(share, abs=0.01)


def test_every_earlier_buyer_is_as_likely_to_come_again() -> None:
    numbers = buyer_numbers(0.5, KEYS, STREAMS, "REF")
    again = np.flatnonzero(np.isin(np.arange(len(KEYS)), np.unique(numbers, return_index=True)[1], invert=True))
    known = np.maximum.accumulate(numbers)
    assert np.mean(numbers[again] / known[again]) == pytest.approx(0.5, abs=0.02)
    assert np.bincount(numbers).max() < 30


def test_whether_a_buyer_is_known_hangs_on_the_order_alone() -> None:
    whole = buyer_numbers(0.3, KEYS, STREAMS, "REF")
    fewer = buyer_numbers(0.3, KEYS[::2], STREAMS, "REF")

    def is_new(numbers: Any) -> Any:
        return np.diff(np.maximum.accumulate(numbers), prepend=0) > 0

    assert is_new(fewer).tolist() == is_new(whole)[::2].tolist()
    assert whole.tolist() == buyer_numbers(0.3, KEYS, Streams(5, 1), "REF").tolist()
    assert whole.tolist() != buyer_numbers(0.3, KEYS, Streams(5, 2), "REF").tolist()
    assert whole.tolist() != buyer_numbers(0.3, KEYS, STREAMS, "ALT").tolist()


@pytest.mark.parametrize(("share", "expected"), [(0.0, [1]), (0.95, [1])])
def test_the_first_order_is_by_a_new_buyer(share: float, expected: list[int]) -> None:
    assert buyer_numbers(share, KEYS[:1], STREAMS, "REF").tolist() == expected
    assert buyer_numbers(share, KEYS[:0], STREAMS, "REF").tolist() == []


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (BuyerNames("US", 3), ["US-1", "US-2", "US-3"]),
        (CopyNames((), 2, 6), ["1", "2", "1-1", "2-1", "1-2", "2-2"]),
        (CopyNames(["ab", "cd"], 2, 4), ["ab", "cd", "ab-1", "cd-1"]),
    ],
)
def test_pseudonyms_are_made_when_they_are_read(names: Sequence[str], expected: list[str]) -> None:
    assert (list(names), names[1:], names[-1]) == (expected, expected[1:], expected[-1])
    with pytest.raises(IndexError):
        names[len(names)]


def of_file() -> Orders:
    who = ("7", "", "9", "7")
    return orders(*(order(f"O-{row}", purchased_at=MONDAY + row * DAY, buyer=name) for row, name in enumerate(who)))


def known(sold: Orders) -> list[str]:
    return [sold.order(row).buyer for row in range(len(sold))]


def test_buyers_of_a_file_travel_with_their_orders() -> None:
    whole = of_file()
    assert known(of_marketplace(whole, "REF")) == ["7", "", "9", "7"]
    assert known(of_marketplace(whole, "ALT")) == []
    assert known(within(whole, MONDAY + DAY, MONDAY + 3 * DAY)) == ["", "9"]
    assert known(kept(whole, np.array([False, True, False, True]))) == ["", "7"]
    assert known(kept(evolve(whole, buyers=()), np.array([True, False, True, True]))) == ["1", "2", "1"]


def test_copies_are_of_other_people_who_order_again_as_often() -> None:
    days = LocalDays.spanning(date(2026, 3, 2), 5, "UTC")
    once = copied(of_file(), days, STREAMS, 1.0, resample=False)
    assert known(once) == ["7", "", "9", "7"]
    double = copied(of_file(), days, STREAMS, 2.0, resample=False)
    assert sorted(known(double)) == sorted(["7", "7", "7-1", "7-1", "9", "9-1", "", ""])
    numbered = copied(evolve(of_file(), buyers=()), days, STREAMS, 2.0, resample=False)
    assert sorted(known(numbered)) == sorted(["1", "1", "1-1", "1-1", "2", "2-1", "", ""])
    nobody = copied(orders(order()), days, STREAMS, 2.0, resample=False)
    assert known(nobody) == ["", ""]


RAW: dict[str, Any] = {
    "name": "shop",
    "currency": "EUR",
    "period": {"start": date(2026, 3, 2), "measured": "7 d", "warm_up": "3 d"},
    "marketplace": {
        "REF": {"orders_per_day": 60, "price": {"median": "25"}},
        "ALT": {"orders_per_day": 9, "price": {"median": "25"}},
    },
    "team": {"desk": {"zone": "UTC", "agents": 3, "shifts": [{"days": "Mon-Sun", "hours": "08:00-20:00"}]}},
    "handling": {"reply": {"mean": "8 min"}},
    "world": {"return_rate": 0.3, "return_lag_days": 1.0, "promise_days": 2.0},
}


def played(folder: Path, share: float, **house: Any) -> tuple[Any, pl.DataFrame, pl.DataFrame]:
    """Return the figures of a run, its orders and its facts."""
    raw = {**RAW, "world": {**RAW["world"], "repeat_buyer_share": share}}
    extra = {"reference": reference} | ({"house": plugin("house", **house)} if house else {})
    plugins = load_plugins((), extra)
    out = folder / f"{share}-{len(house)}"
    result = run(resolve(parse_scenario(raw, "s"), plugins), 1, record=Recording(out))
    return result.metrics, *(pl.read_parquet(out / f"{name}.parquet") for name in ("orders", "facts"))


def test_a_run_numbers_its_own_buyers_and_no_other_figure_moves(tmp_path: Path) -> None:
    (none, first, facts), (half, second, others) = played(tmp_path, 0.0), played(tmp_path, 0.5)
    assert none == half
    assert facts.equals(others)
    assert first.drop("buyer").equals(second.drop("buyer"))
    assert first["buyer"].n_unique() == len(first)
    assert 1 - second["buyer"].n_unique() / len(second) == pytest.approx(0.5, abs=0.06)
    for name in ("REF", "ALT"):
        there = second.filter(pl.col("marketplace") == name)["buyer"].unique(maintain_order=True).to_list()
        assert there == [f"{name}-{number}" for number in range(1, len(there) + 1)]


def test_a_house_plugin_decides_by_the_buyer_in_a_run(tmp_path: Path) -> None:
    def declines(order: Any) -> str | None:
        return "return_declined" if int(order.buyer.partition("-")[2]) % 2 else None

    _, sold, facts = played(tmp_path, 0.5, aftersale_decide_return=declines)
    asked = facts.filter(pl.col("kind") == "return_requested").join(sold.select("order", "buyer"), on="order")
    odd = pl.col("buyer").str.split("-").list.last().cast(pl.Int64) % 2 == 1
    declined = set(asked.filter(odd)["case"])
    cases = pl.read_parquet(tmp_path / "0.5-1" / "cases.parquet")
    cases = cases.filter(pl.col("decided_by").str.starts_with("plugin: house"))
    assert declined
    assert set(cases["case"]) == declined
