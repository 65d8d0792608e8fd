"""The figures of each day and of the whole, against going through the cases of a run one by one."""

from collections.abc import Callable
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, strategies as st

from aftersale.clocks import HOUR, instant
from aftersale.order_columns import Orders
from aftersale.plugins.plugins import Plugins, load_plugins
from aftersale.testing import order, orders, reference
from aftersale_simulator.desk.desk import Desk
from aftersale_simulator.plan.runs import KernelDesk
from aftersale_simulator.resolved.scenario import resolve
from aftersale_simulator.runs.engines import Engine
from aftersale_simulator.runs.run import run
from aftersale_simulator.runs.timeline import by_day, sold_by_day
from aftersale_simulator.scenario.document import parse_scenario
from aftersale_simulator.scenario.horizon import LocalDays

RAW: dict[str, Any] = {
    "name": "shop",
    "currency": "EUR",
    "period": {"start": date(2026, 3, 2), "measured": "14 d", "warm_up": "14 d"},
    "marketplace": {
        "REF": {"orders_per_day": 25.0, "price": {"median": "25"}},
        "ALT": {"orders_per_day": 15.0, "price": {"median": "25000"}},
    },
    "team": {
        "desk": {
            "zone": "Atlantic/Reykjavik",
            "agents": 1,
            "shifts": [{"days": "Mon-Fri", "hours": "09:00-12:00"}],
        }
    },
    "handling": {kind: {"mean": "8 min"} for kind in ("reply", "decide_return", "refund", "submit_evidence")},
    "world": {"message_rate": 0.4, "claim_rate_silence": 0.5, "claim_rate_answered": 0.2},
}


@pytest.fixture(scope="module")
def plugins() -> Plugins:
    return load_plugins((), {"reference": reference})


def _noting(desks: list[Any], placed: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def noted(desk: Any) -> Any:
        desks.append(desk)
        return placed(desk)

    return noted


@pytest.mark.parametrize("engine", ["auto", "simpy"])
def test_claims_open_cases_and_waits_are_those_of_the_cases(
    plugins: Plugins, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    desks: list[Any] = []
    for kind in (Desk, KernelDesk):
        monkeypatch.setattr(kind, "placed", _noting(desks, kind.placed))
        monkeypatch.setattr(kind, "leave", lambda desk: None)
    resolved = resolve(parse_scenario(RAW, "test"), plugins)
    result = run(resolved, 1, engine=engine)
    assert (result.engine == "simpy") == (engine == "simpy")
    (desk,) = desks
    by_days: list[list[int]] = []
    since, until = resolved.measured
    for name, policy in resolved.policies.items():
        cases = [case for case in desk.docket.cases.values() if case.marketplace == name]
        claimed = [case.opened_at for case in cases if case.kind == "claim"]
        figures = result.by_marketplace[name]
        assert figures["claims"] == sum(since <= at < until for at in claimed)
        assert figures["open_at_end"] == sum(bool(case.deadlines) for case in cases)
        bounds = resolved.horizon.local_days(policy.marketplace.zone).bounds.tolist()
        by_days.append([sum(begin <= at < end for at in claimed) for begin, end in pairwise(bounds)])
    assert result.timeline is not None
    assert result.timeline.claims == tuple(map(sum, zip(*by_days, strict=True)))
    effort = desk.effort
    handled = list(zip(effort.opened, effort.starts, effort.ends, effort.teams, strict=True))
    assert handled
    assert all(opened <= start <= end and team == "desk" for opened, start, end, team in handled)
    waits = [start - opened for opened, start, _, _ in handled if since <= opened < until]
    assert effort.waits.tolist() == waits
    assert result.metrics["mean_wait_hours"] == pytest.approx(sum(waits) / len(waits) / HOUR)


_at = st.integers(-30, 60).map(lambda hour: instant("2026-03-28T00:00:00Z") + hour * HOUR)


def sold(instants: list[int]) -> Orders:
    if not instants:
        return orders(order()).between(0, 0)
    return orders(*(order(f"O-{number}", purchased_at=at) for number, at in enumerate(sorted(instants))))


@given(st.lists(_at, max_size=30), st.sampled_from(["UTC", "Europe/Berlin", "Asia/Tokyo"]))
def test_orders_by_the_beginnings_of_days_are_those_counted_one_by_one(instants: list[int], zone: str) -> None:
    days, placed = LocalDays.spanning(date(2026, 3, 28), 2, zone), sold(instants)
    assert sold_by_day(placed, days).tolist() == by_day(placed.purchased_at, days).tolist()
