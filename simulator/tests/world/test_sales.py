"""Sales, presets, free labels and closed accounts: what plugins and handbooks do to the orders of a run."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import polars as pl
import pytest
from attrs import evolve

from aftersale.base.errors import DocumentError
from aftersale.clocks import DAY, start_of_day
from aftersale.order_columns import Orders
from aftersale.orders import NEVER, UNTOLD
from aftersale.plugins.plugins import Plugins, load_plugins
from aftersale.policies.handbook import load_handbook
from aftersale.policies.marketplaces import load_marketplaces
from aftersale.policies.worlds import WorldDefaults, parse_world
from aftersale.rules import Rule, load_rules, parse_rules
from aftersale.testing import plugin, reference
from aftersale_simulator.resolved.explain import dated, explained
from aftersale_simulator.resolved.scenario import resolve
from aftersale_simulator.runs.recording import Recording
from aftersale_simulator.runs.results import Result
from aftersale_simulator.runs.run import run
from aftersale_simulator.scenario.document import parse_scenario
from aftersale_simulator.scenario.horizon import LocalDays
from aftersale_simulator.scenario.model import Scenario
from aftersale_simulator.scenario.vocabulary import vocabulary
from aftersale_simulator.world.orders import CopyIds, OrderIds, copied, kept, keys_of, of_marketplace
from aftersale_simulator.world.random_streams import Streams
from aftersale_simulator.world.sales import free_labels, sales_in_run
from aftersale_simulator.world.world import World

SALE = {
    "name": "Spring sale",
    "marketplaces": ["REF"],
    "start": date(2026, 3, 16),
    "days": 7,
    "orders": 3.0,
    "factors": {"message_rate": 2.0},
    "source": "the shop window",
    "grade": "C",
}
DATED = {"source": "the calendar", "grade": "B"}
PRESET = {"name": "chatty", "marketplaces": ["REF"], "values": {"message_rate": 0.5}, "source": "hearsay", "grade": "C"}
RAW: dict[str, Any] = {
    "name": "sales",
    "currency": "EUR",
    "period": {"start": date(2026, 3, 2), "measured": "28 d", "warm_up": "14 d"},
    "marketplace": {"REF": {"orders_per_day": 200.0, "price": {"median": "25"}, "dispersion": 1.0}},
    "team": {
        "desk": {"zone": "UTC", "agents": 40, "shifts": [{"days": "Mon-Sun", "hours": "00:00-24:00"}]},
    },
    "handling": {"reply": {"mean": "1 min"}},
}


def world(**rows: Any) -> WorldDefaults:
    return parse_world(rows, "shop/world.toml")


def house(*worlds: WorldDefaults) -> Plugins:
    told: ModuleType = plugin("house", aftersale_world=lambda: list(worlds))
    return load_plugins((), {"reference": reference, "house": told})


def scenario(plugins: Plugins, **changes: Any) -> Scenario:
    return parse_scenario({**RAW, **changes}, "sales.toml", vocabulary(plugins))


def contacts(result: Result) -> float:
    found = result.metrics["contacts"]
    assert found is not None
    return found


def test_a_sale_brings_more_orders_on_its_days_and_what_follows_them() -> None:
    plain, sale = house(), house(world(sale=[SALE]))
    usual, more = run(resolve(scenario(plain), plain), 1), run(resolve(scenario(sale), sale), 1)
    extra = more.counts["orders"] - usual.counts["orders"]
    assert extra == pytest.approx(2 * 7 * 200, rel=0.1)
    # Of each of those days three times as many buy, and twice the share of them write.
    assert contacts(more) / contacts(usual) == pytest.approx((21 + 7 * 6) / 28, rel=0.2)


def test_a_scenario_may_leave_sales_out() -> None:
    plain, sale = house(), house(world(sale=[SALE]))
    assert run(resolve(scenario(sale, sale_events=False), sale), 1) == run(resolve(scenario(plain), plain), 1)


@pytest.mark.parametrize(("start", "days", "found"), [
    (date(2026, 2, 1), 15, 0),
    (date(2026, 2, 1), 16, 1),
    (date(2026, 3, 29), 1, 1),
    (date(2026, 3, 30), 1, 0),
])  # fmt: skip
def test_only_sales_with_a_day_in_the_run_are_told(start: date, days: int, found: int) -> None:
    plugins = house(world(sale=[{**SALE, "start": start, "days": days}]))
    events = [sale.event for sale in sales_in_run(scenario(plugins), plugins)]
    assert [event.name for event in events] == ["Spring sale"] * found
    assert all(event.source == "the shop window (C)" for event in events)


def test_a_sale_of_every_year_is_rolled_into_the_run_and_told_to_be_assumed() -> None:
    rolled = {**SALE, "rule": "third Monday of March", "dated": [{**DATED, "start": date(2025, 3, 10)}]}
    del rolled["start"]
    plugins = house(world(sale=[rolled]))
    changes = list(dated(resolve(scenario(plugins), plugins)))
    told = [(change["name"], change["start"], change["assumed"], change["rule"]) for change in changes]
    assert told == [("Spring sale 2026", "2026-03-16", True, "third Monday of March")]
    (last_year,) = sales_in_run(scenario(plugins, period={**RAW["period"], "start": date(2025, 3, 1)}), plugins)
    days = (last_year.event.name, last_year.event.start, last_year.event.source, last_year.rule)
    assert days == ("Spring sale 2025", date(2025, 3, 10), "the calendar (B)", "")


def test_sales_and_presets_that_change_unknown_parameters_are_refused_together() -> None:
    wrong = world(sale=[{**SALE, "factors": {"mesage_rate": 2.0}}], preset=[{**PRESET, "values": {"retrun_rate": 0.1}}])
    plugins = house(wrong)
    with pytest.raises(DocumentError) as caught:
        run(resolve(scenario(plugins), plugins), 1)
    assert str(caught.value) == (
        "shop/world.toml cannot be used, 2 problems:\n"
        "  shop/world.toml: sale[0].factors.mesage_rate: unknown parameter (did you mean 'message_rate'?)\n"
        "  shop/world.toml: preset[0].values.retrun_rate: unknown parameter (did you mean 'return_rate'?)"
    )


def test_sales_and_presets_beyond_all_bounds_are_refused_with_these() -> None:
    wrong = world(sale=[{**SALE, "orders": 5000.0}], preset=[{**PRESET, "values": {"message_rate": 1.5}}])
    plugins = house(wrong)
    with pytest.raises(DocumentError) as caught:
        run(resolve(scenario(plugins), plugins), 1)
    assert [str(problem) for problem in caught.value.problems] == [
        "shop/world.toml: sale[0].orders: 5000 is out of range (at most 1000 times as much)",
        "shop/world.toml: preset[0].values.message_rate: 1.5 is out of range "
        "(share of orders whose delivery goes well: 0 to 1)",
    ]


def test_a_preset_goes_over_the_declared_values_and_under_those_of_the_scenario() -> None:
    plugins = house(world(preset=[PRESET]))
    raw = {**RAW, "presets": ["chatty"]}
    asked = parse_scenario(raw, "sales.toml", vocabulary(plugins))
    numbers = explained(resolve(asked, plugins), vocabulary(plugins))
    told = {one["parameter"]: (one["value"], one["set_by"], one["source"]) for one in numbers}
    assert told["message_rate"] == (0.5, "preset", "hearsay")
    assert World({"message_rate": 0.2}, "REF", plugins.worlds, presets=["chatty"])["message_rate"] == 0.2
    assert contacts(run(resolve(asked, plugins), 1)) > 4 * contacts(run(resolve(scenario(plugins), plugins), 1))


@pytest.mark.parametrize(
    ("worlds", "problem"),
    [
        ([{"preset": [PRESET]}], "there is no preset 'chaty' (did you mean 'chatty'? allowed: chatty)"),
        ([], "there is no preset 'chaty' (no installed plugin brings any)"),
    ],
)
def test_a_preset_that_no_plugin_brings_is_refused(worlds: list[dict[str, Any]], problem: str) -> None:
    plugins = house(*(world(**rows) for rows in worlds))
    with pytest.raises(DocumentError) as caught:
        scenario(plugins, presets=["chaty"])
    assert str(caught.value) == f"sales.toml: presets[0]: {problem}"


LABELS = """
[[rule]]
name = "prepaid_label"
marketplaces = ["REF"]
word = "automatic"
source = "the seller"
grade = "assumed"
"""


def test_labels_given_away_bring_orders_and_returns(tmp_path: Path) -> None:
    plugins = house()
    (tmp_path / "handbook.toml").write_text(LABELS, encoding="utf-8")
    made = scenario(plugins)
    plain = plugins.policies(("REF",))["REF"]
    numbers = World({"free_return_preference": 0.5, "free_return_switch": 0.2, "free_return_returns": 1.3})
    assert free_labels(made, plain, numbers) == ()
    book = load_handbook(tmp_path / "handbook.toml", plugins.workflow, plugins.metrics)
    generous = plugins.policies(("REF",), book)["REF"]
    (event,) = free_labels(made, generous, numbers)
    assert (event.orders, event.factors) == (1.1, {"return_rate": 1.3})
    assert event.days(date(2026, 3, 2)) == (date(2026, 2, 16), date(2026, 3, 30))


def bad(**changes: float) -> dict[str, float]:
    """Return a world in which every third buyer rates badly soon after delivery."""
    soon = {"early_days": 0.0, "promise_days": 1.0, "feedback_delay_days": 0.1}
    return {**soon, "negative_feedback_rate": 0.3, **changes}


def strict(floor: int = 0, **line: Any) -> list[Rule]:
    """Return the reference plugin's rules, where an order defect rate missed by so many orders closes accounts."""
    rules = load_rules("aftersale.testing.reference")
    more = {"state": "deactivated", "floor_orders": floor, **line}
    return [evolve(rule, **more) if rule.name == "order_defect_rate" else rule for rule in rules]


def strict_plugins(floor: int = 0, **line: Any) -> Plugins:
    owner = plugin(
        "strict",
        aftersale_marketplaces=lambda: load_marketplaces("aftersale.testing.reference"),
        aftersale_rules=lambda: strict(floor, **line),
    )
    return load_plugins((), {"strict": owner})


@pytest.fixture(scope="module")
def played() -> Callable[..., Result]:
    plugins = strict_plugins()
    period = {"start": date(2026, 3, 2), "measured": "70 d", "warm_up": "75 d"}
    sales = {"orders_per_day": 60.0, "price": {"median": "25"}, "dispersion": 1.0, "channels": {"MFN": 0.5, "FBA": 0.5}}

    def result(**changes: float) -> Result:
        made = scenario(plugins, period=period, marketplace={"REF": sales}, world=bad(**changes))
        return run(resolve(made, plugins), 1)

    return result


def test_a_closed_account_misses_the_orders_that_the_seller_would_fulfil(played: Callable[..., Result]) -> None:
    open_, closed = played(suspension_days=0.0), played(suspension_days=20.0)
    assert open_.counts["orders_lost"] == 0
    assert open_.reached["deactivated"]
    assert closed.reached["deactivated"]
    assert closed.counts["orders_lost"] == pytest.approx(20 * 60 * 0.5, rel=0.1)
    assert closed.counts["orders"] + closed.counts["orders_lost"] == open_.counts["orders"]
    assert played(suspension_days=20.0) == closed


def test_too_few_orders_close_no_account_and_give_no_verdict() -> None:
    sales = {"orders_per_day": 4.0, "price": {"median": "25"}, "dispersion": 1.0, "channels": {"MFN": 1.0}}
    period = {"start": date(2026, 3, 2), "measured": "30 d", "warm_up": "75 d"}
    for floor, reached in ((0, True), (1000, False)):
        plugins = strict_plugins(floor)
        made = scenario(plugins, period=period, marketplace={"REF": sales}, world=bad(suspension_days=20.0))
        found = run(resolve(made, plugins), 1)
        assert (found.reached["deactivated"], found.counts["orders_lost"] > 0) == (reached, reached)
        # The rate is told either way; the handbook's own floor of 200 orders is reached.
        assert (found.metrics["order_defect_rate"] or 0) > 0.1
        assert found.targets["order_defect_rate"] is False


def test_an_account_is_closed_when_it_is_looked_at(played: Callable[..., Result]) -> None:
    # The last look is at the end of the 63rd day of 70, or of the 70th: then all that is to come is over.
    late = played(suspension_days=365.0, account_look_days=63.0)
    assert late.counts["orders_lost"] == pytest.approx(7 * 60 * 0.5, rel=0.2)
    assert played(suspension_days=365.0, account_look_days=70.0).counts["orders_lost"] == 0


def test_an_account_that_is_judged_on_a_day_of_the_month_is_closed_on_that_day_whatever_the_other_looks() -> None:
    sales = {"orders_per_day": 60.0, "price": {"median": "25"}, "dispersion": 1.0, "channels": {"MFN": 1.0}}
    period = {"start": date(2026, 3, 2), "measured": "70 d", "warm_up": "75 d"}

    def played(**line: Any) -> Result:
        plugins = strict_plugins(**line)
        looks = bad(suspension_days=365.0, account_look_days=70.0)
        return run(resolve(scenario(plugins, period=period, marketplace={"REF": sales}, world=looks), plugins), 1)

    # Measured are 2 March to 10 May. From 20 March on nothing is sold: 51 days of 60 orders.
    found = played(judged_on=20)
    (closure,) = found.closures
    assert (closure.closes, closure.missed_on, closure.limit) == ("account", date(2026, 3, 20), 0.01)
    assert found.counts["orders_lost"] == pytest.approx(51 * 60, rel=0.05)
    assert found.targets["order_defect_rate"] is False
    # With more orders than ever are sold in a month it is another line's turn, and nothing is judged.
    idle = played(judged_on=20, if_orders_at_least=9000, in_days=30)
    assert (idle.counts["orders_lost"], idle.closures[0].worst_on, idle.metrics["order_defect_rate"]) == (0, None, None)
    assert "order_defect_rate" in idle.unmeasured


def test_an_account_in_order_stays_open(played: Callable[..., Result]) -> None:
    assert played(negative_feedback_rate=0.0, claim_rate_lost=0.0, denied_rate=0.0).counts["orders_lost"] == 0


def of_day(ids: Any, size: int) -> Orders:
    at = np.arange(size, dtype=np.int64) * DAY + start_of_day(date(2026, 3, 2), "UTC")
    flat = np.zeros(size, np.int8), np.zeros(size, np.int16), np.ones(size, np.int64)
    never, none = np.full(size, NEVER, np.int64), np.zeros(size, bool)
    return Orders(
        ("REF",), ("EUR",), ("MFN",), ("x",), ids, np.zeros(size, np.int16), at, *flat, never, never, none, none
    )


@pytest.mark.parametrize(
    "ids",
    [
        OrderIds("REF", np.arange(5) + 10),
        CopyIds(["a", "b", "c", "d", "e"], np.arange(5), np.arange(5) + 7),
        ["a", "b", "c", "d", "e"],
    ],
)
def test_orders_that_are_kept_keep_their_names_and_chances(ids: Any) -> None:
    whole = of_day(ids, 5)
    some = kept(whole, np.array([True, False, True, True, False]))
    assert list(some.ids) == [whole.ids[index] for index in (0, 2, 3)]
    assert list(some.ids[1:]) == [whole.ids[index] for index in (2, 3)]
    assert keys_of(some).tolist() == keys_of(whole)[[0, 2, 3]].tolist()
    again = kept(some, np.array([False, True, True]))
    assert keys_of(again).tolist() == keys_of(whole)[[2, 3]].tolist()


def test_outcomes_travel_with_orders_that_are_kept_copied_or_of_one_marketplace() -> None:
    whole = evolve(of_day(["a", "b", "c", "d", "e"], 5), outcome=np.arange(5, dtype=np.int8))
    assert kept(whole, np.array([True, False, True, True, False])).outcome.tolist() == [0, 2, 3]
    assert of_marketplace(whole, "REF").outcome.tolist() == [0, 1, 2, 3, 4]
    days = LocalDays.spanning(date(2026, 3, 2), 5, "UTC")
    double = copied(whole, days, Streams(1, 1), 2.0, resample=False)
    assert sorted(double.outcome.tolist()) == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert double.outcome.tolist() == [whole.outcome[row] for row in double.ids.sources]


def test_what_goods_cost_travels_with_orders_that_are_kept_copied_or_of_one_marketplace() -> None:
    whole = evolve(of_day(["a", "b", "c", "d", "e"], 5), landed_cost=np.array([10, UNTOLD, 0, 30, 40]))
    assert kept(whole, np.array([True, True, False, True, False])).landed_cost.tolist() == [10, UNTOLD, 30]
    assert of_marketplace(whole, "REF").landed_cost.tolist() == [10, UNTOLD, 0, 30, 40]
    double = copied(whole, LocalDays.spanning(date(2026, 3, 2), 5, "UTC"), Streams(1, 1), 2.0, resample=False)
    assert double.landed_cost.tolist() == [whole.landed_cost[row] for row in double.ids.sources]
    assert double.order(0).landed_cost == 10


EXPRESS: dict[str, Any] = {
    "parameter": [
        {
            "name": name,
            "marketplaces": ["REF"],
            "default": default,
            "low": 0.0,
            "high": high,
            "unit": "made up",
            "source": "made up",
            "grade": "assumed",
        }
        for name, default, high in (("express_lost_days", 14.0, 365.0), ("express_lost_share", 0.4, 1.0))
    ],
    "closure": [
        {
            "name": "Express",
            "marketplaces": ["REF"],
            "channel": "SFP",
            "days": 7,
            "lines": {"sfp_on_time_delivery": "deliveries_on_time"},
            "share": "express_lost_share",
            "lasts_days": "express_lost_days",
            "source": "made up",
            "grade": "assumed",
        }
    ],
}


def express(on_time: str) -> Callable[..., Result]:
    """Return a run of a marketplace that asks for so much of its express parcels, and of nobody else's."""
    made = {"marketplaces": ["REF"], "source": "made up", "grade": "assumed"}
    share = {"name": "sfp_on_time_delivery", "share": on_time, **made}
    metric = {"name": "on_time_delivery_rate", "amount": 14, "target": "0.5", "direction": "above", **made}
    added = parse_rules({"rule": [share], "metric": [metric]}, "express")
    owner = plugin(
        "express",
        aftersale_world=lambda: [parse_world(EXPRESS, "express/world.toml")],
        aftersale_marketplaces=lambda: load_marketplaces("aftersale.testing.reference"),
        aftersale_rules=lambda: [*load_rules("aftersale.testing.reference"), *added],
    )
    plugins = load_plugins((), {"express": owner})
    sales = {**RAW["marketplace"]["REF"], "channels": {"MFN": 0.5, "SFP": 0.5}}

    def result(**changes: float) -> Result:
        late = {"promise_days": 1.0, "early_days": 0.0, "late_delivery_rate": 0.1, "lost_rate": 0.0}
        return run(resolve(scenario(plugins, marketplace={"REF": sales}, world={**late, **changes}), plugins), 1)

    return result


def test_an_option_is_lost_below_its_line_with_some_of_its_orders() -> None:
    lost = express("0.95")()
    assert lost.reached == {"review": False, "deactivated": False, "Express": True}
    assert lost.counts["orders_lost"] == pytest.approx(14 * 200 * 0.5 * 0.4, rel=0.15)
    whole = express("0.95")(express_lost_days=0.0)
    assert (whole.reached["Express"], whole.counts["orders_lost"]) == (False, 0)


def test_an_option_is_kept_above_its_line() -> None:
    kept_ = express("0.5")()
    assert (kept_.reached["Express"], kept_.counts["orders_lost"]) == (False, 0)


GADGETS = {
    "categories": {"gadgets": 0.5, "books": 0.5},
    "category": {"gadgets": {"price": {"median": "90", "sigma": 0.2}, "factors": {"message_rate": 3.0}}},
}


def test_a_category_has_its_own_price_and_goes_wrong_more_often(tmp_path: Path) -> None:
    plugins = house()
    sales = {**RAW["marketplace"]["REF"], **GADGETS}
    quiet = {"follow_up_rate": 0.0, "late_delivery_rate": 0.0, "lost_rate": 0.0, "late_dispatch_rate": 0.0}
    made = scenario(plugins, marketplace={"REF": sales}, world={**quiet, "seller_cancel_rate": 0.0})
    run(resolve(made, plugins), 1, record=Recording(tmp_path / "run"))
    orders, facts = (pl.read_parquet(tmp_path / "run" / f"{name}.parquet") for name in ("orders", "facts"))
    bought = orders.filter(pl.col("purchased_at") < pl.datetime(2026, 3, 1, time_zone="UTC"))
    wrote = facts.filter(pl.col("kind") == "buyer_message")["order"].to_list()
    told = bought.group_by("category").agg(pl.col("price").median(), pl.col("order").is_in(wrote).mean().alias("wrote"))
    prices, shares = (dict(told.select("category", column).iter_rows()) for column in ("price", "wrote"))
    assert prices == {"gadgets": pytest.approx(9000, rel=0.02), "books": pytest.approx(2500, rel=0.05)}
    assert shares["gadgets"] / shares["books"] == pytest.approx(3.0, rel=0.25)


def test_categories_that_are_not_sold_and_numbers_that_there_are_not_are_refused() -> None:
    plugins = house()
    wrong = {**GADGETS, "category": {"gadget": {"factors": {"mesage_rate": 2.0}}}}
    with pytest.raises(DocumentError) as caught:
        scenario(plugins, marketplace={"REF": {**RAW["marketplace"]["REF"], **wrong}})
    place = "sales.toml: marketplace.REF"
    assert [str(problem) for problem in caught.value.problems] == [
        f"{place}: category.gadget: nothing of it is sold: did you mean 'gadgets'? allowed: gadgets, books",
        f"{place}.category.gadget.factors.mesage_rate: unknown parameter (did you mean 'message_rate'?)",
    ]
