"""Known costs: variants that say the same of costs share what was worked out of them, and all others have their own."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from aftersale.plugins.plugins import Plugins, load_plugins
from aftersale.testing import reference
from aftersale_simulator.runs.job import JobContext
from aftersale_simulator.scenario.document import parse_scenario
from aftersale_simulator.scenario.model import Scenario

SHIFT = {"days": "Mon-Fri", "hours": "09:00-18:00"}
TEAM: dict[str, Any] = {"zone": "Asia/Shanghai", "agents": 2, "cost_per_hour": "10.35", "shifts": [SHIFT]}
RAW: dict[str, Any] = {
    "name": "made",
    "currency": "EUR",
    "period": {"start": date(2026, 3, 2), "measured": "14 d", "warm_up": "7 d"},
    "marketplace": {"REF": {"orders_per_day": 40.0, "price": {"median": "25"}, "prices_with_vat": False}},
    "team": {"day": TEAM},
    "handling": {"reply": {"mean": "7.7 min"}},
    "costs": {"return_label_share": "0.3"},
    "world": {"claim_rate_answered": 0.05, "return_rate": 0.3, "seller_cancel_rate": 0.05},
}
SAME: dict[str, dict[str, Any]] = {
    "staff": {"team": {"day": {**TEAM, "agents": 5}}},
    "wage": {"team": {"day": {**TEAM, "cost_per_hour": "33.33"}}},
    "minutes": {"handling": {"reply": {"mean": "4 min"}}},
    "order of work": {"work_order": "arrival"},
    "buyers": {"world": {**RAW["world"], "return_rate": 0.1}},
}
"""Of these nothing that was booked depends on what is different."""
OTHER: dict[str, dict[str, Any]] = {
    "a number": {"costs": {"return_label_share": "0.4"}},
    "a number of the seller's own that is the declared one": {"costs": {}},
    "goods": {"goods": {"landed_cost_share": "0.6"}},
    "goods of a category": {"goods": {"category": {"general": "0.4"}}},
    "VAT": {"marketplace": {"REF": {**RAW["marketplace"]["REF"], "prices_with_vat": True, "vat_share": "0.19"}}},
    "handbook": {"handbook": "own.toml"},
}
RETURNLESS = """
[[rule]]
name = "returnless"
marketplaces = ["*"]
value = true
source = "our handbook"
grade = "S"
"""


@pytest.fixture(scope="module")
def plugins() -> Plugins:
    return load_plugins((), {"reference": reference})


def scenario(folder: Path, **changes: Any) -> Scenario:
    if "handbook" in changes:
        (folder / "own.toml").write_text(RETURNLESS, encoding="utf-8")
        changes = {**changes, "handbook": str(folder / "own.toml")}
    return parse_scenario({**RAW, **changes}, "shop.toml")


@pytest.mark.parametrize("name", [*SAME, *OTHER])
def test_variants_share_known_costs_where_they_say_the_same_of_costs(
    name: str, plugins: Plugins, tmp_path: Path
) -> None:
    context, changes = JobContext(plugins), {**SAME, **OTHER}[name]
    base, variant = scenario(tmp_path), scenario(tmp_path, **changes)
    first, second = context._resolve(base), context._resolve(variant)
    assert (first.cost_basis == second.cost_basis, first.spare is second.spare) == (name in SAME,) * 2
    assert context._resolve(base) is first


def test_variants_of_one_replication_have_the_results_that_each_has_by_itself(plugins: Plugins, tmp_path: Path) -> None:
    context = JobContext(plugins)
    variants = [scenario(tmp_path, **changes) for changes in ({}, *SAME.values(), *OTHER.values())]
    for replication in (1, 2):
        for variant in variants:
            found, alone = context.work((variant, replication)), JobContext(plugins).work((variant, replication))
            assert (found, found.effects, list(found.rests.items())) == (
                alone,
                alone.effects,
                list(alone.rests.items()),
            )
