"""The shipped variants: orders and first steps are made once per replication, and nobody can tell by the figures."""

from collections import Counter
from datetime import date
from typing import Any

import pytest

from aftersale_simulator.notebook import whatif
from aftersale_simulator.world import marketplace_run
from aftersale_simulator.world.marketplace_run import MarketplaceRun, MarketplaceRuns

pytestmark = pytest.mark.once

PLACES = ("US", "DE", "JP")
SHORT = {"replications": 2, "period.start": date(2026, 3, 2), "period.measured": "14 d", "period.warm_up": "7 d"}


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Counter[tuple[str, int]]:
    """How often each marketplace's orders of each replication were made."""
    counts: Counter[tuple[str, int]] = Counter()
    making = marketplace_run._made

    def counted(basis: Any, *others: Any) -> Any:
        counts[basis.marketplace.name, basis.replication] += 1
        return making(basis, *others)

    monkeypatch.setattr(marketplace_run, "_made", counted)
    return counts


def without_sharing(monkeypatch: pytest.MonkeyPatch) -> None:
    sharing = MarketplaceRuns.run_of

    def alone(_: MarketplaceRuns, *arguments: Any) -> MarketplaceRun:
        return sharing(MarketplaceRuns(), *arguments)

    monkeypatch.setattr(MarketplaceRuns, "run_of", alone)


@pytest.mark.parametrize(
    ("choice", "times"),
    [
        ({}, {}),
        ({"stress": ["flu"]}, {}),
        ({"stress": ["carrier_strike"]}, {"US": 2, "DE": 2, "JP": 2}),
        ({"vary": {"world.promise_days": [2, 3], "team.shenzhen.agents": [2, 3]}}, {"US": 2, "DE": 2, "JP": 2}),
        ({"vary": {"marketplace.US.orders_per_day": [100, 150], "world.reminder_rate": [0.1, 0.2]}}, {"US": 2}),
    ],
)
def test_worlds_are_made_once_for_all_variants_that_do_not_change_them(
    choice: dict[str, Any], times: dict[str, int], made: Counter[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = whatif(settings=SHORT, **choice)
    runs = len(shared.comparison.variant_results) * 2
    assert made == {(place, number): times.get(place, 1) for place in PLACES for number in (1, 2)}
    made.clear()
    without_sharing(monkeypatch)
    alone = whatif(settings=SHORT, **choice)
    assert made.total() == runs * len(PLACES)
    assert shared.comparison.variant_results == alone.comparison.variant_results
    assert shared.comparison.without_effect == alone.comparison.without_effect
    assert shared.answer == alone.answer
