"""Costs: the numbers with which a run is booked, where a scenario states them, and every mistake in them."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from aftersale.base.errors import DocumentError
from aftersale.plugins.plugins import Plugins, load_plugins
from aftersale.testing import reference
from aftersale.worth.parameters import Parameters, default_parameters
from aftersale_simulator.resolved.costs import undeclared_vat
from aftersale_simulator.resolved.scenario import resolve
from aftersale_simulator.scenario.document import parse_scenario

REF = {"orders_per_day": 5.0, "price": {"median": "25"}}
ALT = {"orders_per_day": 5.0, "price": {"median": "25000"}}
WEEK = {"days": "Mon-Fri", "hours": "09:00-17:00"}
RAW: dict[str, Any] = {
    "name": "shop",
    "currency": "EUR",
    "period": {"start": date(2026, 3, 2), "measured": "14 d", "warm_up": "7 d"},
    "marketplace": {"REF": REF, "ALT": ALT},
    "team": {"desk": {"zone": "Atlantic/Reykjavik", "agents": 2, "cost_per_hour": "12.50", "shifts": [WEEK]}},
    "handling": {"reply": {"mean": "320 s"}},
}


@pytest.fixture(scope="module")
def plugins() -> Plugins:
    return load_plugins((), {"reference": reference})


def numbers(plugins: Plugins, **changes: Any) -> Parameters:
    return resolve(parse_scenario({**RAW, **changes}, "shop.toml"), plugins, "shop.toml").numbers


def told(plugins: Plugins, **changes: Any) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        numbers(plugins, **changes)
    return [str(problem) for problem in caught.value.problems]


def test_wages_are_those_of_the_teams_by_the_hours_of_their_rosters(plugins: Plugins) -> None:
    assert numbers(plugins).wage() == (Decimal("12.50"), "EUR")
    # 2 × 80 hours at 12.50 and 16 at 20: 2,320 in 176 hours.
    second = {"zone": "Atlantic/Reykjavik", "agents": 1, "cost_per_hour": "20", "shifts": [{**WEEK, "days": "Sat"}]}
    assert numbers(plugins, team={**RAW["team"], "second": second}).wage() == (Decimal("13.18"), "EUR")
    idle = {"desk": {**RAW["team"]["desk"], "agents": 0}}
    assert numbers(plugins, team=idle).wage() == (Decimal("0.00"), "EUR")


def test_minutes_are_the_means_of_handling_and_of_other_tasks_the_declared_one(plugins: Plugins) -> None:
    found = numbers(plugins, world={"other_task_minutes": 7.5})
    assert found.value("minutes_reply") == Decimal("5.333333333")
    assert {found.value(found.minutes(task)) for task in ("appeal", "decide_return", "no_such_task")} == {
        Decimal("7.5")
    }


def test_goods_have_the_share_of_their_product_their_category_or_all(plugins: Plugins) -> None:
    goods = {"landed_cost_share": "0.3", "category": {"shoes": "0.4"}, "product": {"SKU-1": "0.5"}}
    found = numbers(plugins, goods=goods)
    shares = [found.keyed("landed_cost_share", *keys)[0] for keys in (("SKU-1", "shoes"), ("SKU-2", "shoes"), ("x",))]
    assert shares == [Decimal("0.5"), Decimal("0.4"), Decimal("0.3")]
    assert found.own == {"landed_cost_share", "landed_cost_share.shoes", "landed_cost_share.SKU-1"}
    assert numbers(plugins).keyed("landed_cost_share", "shoes") == default_parameters().keyed("landed_cost_share")


def test_vat_is_that_of_each_marketplace_and_what_nobody_declares_is_told(plugins: Plugins) -> None:
    with_vat = {**REF, "prices_with_vat": True, "vat_share": "0.19"}
    without = {**ALT, "prices_with_vat": False, "vat_share": "0.10"}
    found = numbers(plugins, marketplace={"REF": with_vat, "ALT": without})
    assert [found.keyed("vat_share", name)[0] for name in ("REF", "ALT")] == [Decimal("0.19"), Decimal(0)]
    assert found.own == {"vat_share.REF", "vat_share.ALT"}
    undeclared = numbers(plugins)
    assert (undeclared.keyed("vat_share", "REF"), undeclared.own) == ((Decimal(0), "vat_share"), frozenset())
    scenario = parse_scenario({**RAW, "marketplace": {"REF": with_vat, "ALT": ALT}}, "shop.toml")
    assert tuple(undeclared_vat(scenario)) == ("ALT",)


def test_numbers_of_costs_take_the_place_of_the_declared_ones(plugins: Plugins) -> None:
    found = numbers(plugins, costs={"outbound_cost_share": "0.20", "returns_processing_fee": "3.00 EUR"})
    assert found.value("outbound_cost_share") == Decimal("0.20")
    assert found.money("returns_processing_fee") == (Decimal("3.00"), "EUR")
    assert found.own == {"outbound_cost_share", "returns_processing_fee"}


def test_what_a_scenario_states_elsewhere_is_told_with_the_place_and_once(plugins: Plugins) -> None:
    costs = {
        "labour_cost_per_hour": "15.00 EUR",
        "minutes_reply": "3",
        "landed_cost_share.shoes": "0.3",
        "vat_share": "7",  # out of its range, which does not matter here
    }
    assert told(plugins, costs=costs) == [
        "shop.toml: costs.labour_cost_per_hour: stands elsewhere in a scenario (it is the teams' cost_per_hour)",
        "shop.toml: costs.landed_cost_share.shoes: stands elsewhere in a scenario (it is [goods] landed_cost_share, or "
        "the one of a category or a product there)",
        "shop.toml: costs.minutes_reply: stands elsewhere in a scenario (it is the mean of [handling])",
        "shop.toml: costs.vat_share: stands elsewhere in a scenario (it is the vat_share of each marketplace, beside "
        "prices_with_vat)",
    ]


def test_numbers_that_are_unknown_or_out_of_range_are_told_at_once_where_they_stand(plugins: Plugins) -> None:
    problems = told(
        plugins,
        costs={
            "minutes_reply": "3",
            "return_label_shar": "0.1",
            "outbound_cost_share": "7",
            "goods_value_share": "0.5",
            "repackaging_share": "0.10 EUR",
        },
        goods={"landed_cost_share": "0.99", "category": {"shoes": "0.01"}, "product": {"SKU-1": "1"}},
        marketplace={"REF": {**REF, "prices_with_vat": True, "vat_share": "0.9"}, "ALT": ALT},
        handling={"reply": {"mean": "200 h"}},
    )
    hints = {problem.partition(" (")[0]: problem.partition(" (")[2] for problem in problems}
    assert list(hints) == [
        "shop.toml: costs.goods_value_share: is no more",
        "shop.toml: costs.minutes_reply: stands elsewhere in a scenario",
        "shop.toml: costs.outbound_cost_share: 7 lies outside its range",
        "shop.toml: costs.repackaging_share: is no money, and '0.10 EUR' names a currency",
        "shop.toml: costs.return_label_shar: no such number",
        "shop.toml: goods.category.shoes: 0.01 lies outside its range",
        "shop.toml: goods.landed_cost_share: 0.99 lies outside its range",
        "shop.toml: goods.product.SKU-1: 1 lies outside its range",
        "shop.toml: handling.reply: 12000 lies outside its range",
        "shop.toml: marketplace.REF.vat_share: 0.9 lies outside its range",
    ]
    assert hints["shop.toml: costs.return_label_shar: no such number"] == "did you mean 'return_label_share'?)"
    assert hints["shop.toml: costs.outbound_cost_share: 7 lies outside its range"].endswith(
        "where the seller ships: 0 to 0.40)"
    )
    assert hints["shop.toml: costs.goods_value_share: is no more"].startswith("set landed_cost_share: it is [goods]")
