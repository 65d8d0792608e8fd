"""Products of a scenario: shares, prices, costs and defects, and what live commands make of the journal."""

from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from aftersale.base.errors import DocumentError
from aftersale.journal.reading import read_journal
from aftersale.journal.replay import replay
from aftersale.metrics.diagnosis import diagnose
from aftersale.plugins.plugins import Plugins, load_plugins
from aftersale.testing import reference
from aftersale.views.money.costs import cost_accounts
from aftersale_simulator.resolved.scenario import resolve
from aftersale_simulator.runs.recording import Recording
from aftersale_simulator.runs.run import run
from aftersale_simulator.scenario.document import parse_scenario

pytestmark = pytest.mark.once
PRODUCTS: dict[str, dict[str, Any]] = {
    "KETTLE": {"category": "home", "share": 0.5, "price": "34.90", "landed_cost": "11.20", "defect_rate": 0.2},
    "TEAPOT": {"category": "home", "share": 0.3, "price": "29.90"},
    "CABLE": {"category": "electronics", "share": 1.0, "landed_cost": "1.05"},
}


def scenario(products: dict[str, Any] | None = None, world: dict[str, float] | None = None, **changes: Any) -> Any:
    tasks = ("reply", "decide_return", "refund", "submit_evidence", "appeal", "send_label")
    sales = {
        "orders_per_day": 200.0,
        "price": {"median": "25"},
        "dispersion": 1.0,
        "categories": {"home": 0.6, "electronics": 0.4},
        "product": PRODUCTS if products is None else products,
    }
    return {
        "name": "products",
        "currency": "EUR",
        "period": {"start": date(2026, 3, 2), "measured": "42 d", "warm_up": "0 d"},
        "marketplace": {"REF": sales},
        "team": {"desk": {"zone": "UTC", "agents": 60, "shifts": [{"days": "Mon-Sun", "hours": "00:00-24:00"}]}},
        "handling": {task: {"mean": "1 min", "shape": "fixed"} for task in tasks},
        "world": {"return_lag_days": 1.0, "return_lag_sigma": 0.0, **(world or {})},
        **changes,
    }


@pytest.fixture(scope="module")
def plugins() -> Plugins:
    return load_plugins((), {"reference": reference})


Record = Callable[..., Path]


@pytest.fixture(scope="module")
def record(plugins: Plugins, tmp_path_factory: pytest.TempPathFactory) -> Record:
    def recorded(*args: Any, **changes: Any) -> Path:
        folder = tmp_path_factory.mktemp("products") / "run"
        run(resolve(parse_scenario(scenario(*args, **changes), "test"), plugins), 1, record=Recording(folder))
        return folder

    return recorded


@pytest.fixture(scope="module")
def sold(record: Record) -> Path:
    return record()


def orders(folder: Path) -> pl.DataFrame:
    return pl.read_parquet(folder / "orders.parquet")


def share(whole: int, expected: float) -> object:
    """Return the expected share of so many, to within four standard deviations."""
    assert whole > 300
    return pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / whole))


def test_orders_are_for_products_by_their_share_of_their_category(sold: Path) -> None:
    table = orders(sold)
    for category, shares in {
        "home": {"KETTLE": 0.5, "TEAPOT": 0.3, "": 0.2},
        "electronics": {"CABLE": 1.0},
    }.items():
        names = Counter(table.filter(pl.col("category") == category)["product"].to_list())
        assert names.keys() == shares.keys()
        for name, expected in shares.items():
            assert names[name] / names.total() == share(names.total(), expected)


def test_a_product_has_its_own_price_and_cost_and_what_it_does_not_say_is_as_usual(sold: Path, record: Record) -> None:
    table, without = orders(sold), orders(record({}))
    same = ["order", "purchased_at", "category", "channel", "buyer", "promised_at", "delivered_at"]
    assert table.select(same).equals(without.select(same))
    kettles = table["product"] == "KETTLE"
    assert set(table.filter(kettles)["price"]) == {3490}
    assert set(table.filter(kettles)["landed_cost"]) == {1120}
    cables = table["product"] == "CABLE"
    assert set(table.filter(cables)["landed_cost"]) == {105}
    assert table.filter(cables)["price"].equals(without.filter(cables)["price"])
    nameless = table["product"] == ""
    assert table.filter(nameless)["price"].equals(without.filter(nameless)["price"])
    assert set(without["product"]) == {""}


def test_defects_come_back_for_a_reason_of_the_goods(sold: Path, record: Record) -> None:
    requests = pl.read_parquet(sold / "facts.parquet").filter(pl.col("kind") == "return_requested")
    world = {"return_rate": 0.0, "return_rate_home": 0.0, "return_rate_electronics": 0.0}
    alone = pl.read_parquet(record(None, world) / "facts.parquet").filter(pl.col("kind") == "return_requested")
    table = orders(sold).filter(pl.col("delivered_at") < pl.datetime(2026, 4, 8, time_zone="UTC"))
    kettles = table.filter(pl.col("product") == "KETTLE")
    defects = alone.join(kettles, on="order", how="semi")
    assert len(defects) / len(kettles) == share(len(kettles), 0.2 * 0.6)
    assert set(alone["order"]) <= set(orders(sold).filter(pl.col("product") == "KETTLE")["order"])
    assert set(alone["detail"]) == {"defective", "inaccurate_description", "missing_parts"}
    # Who has a defect asks for the same reason beside all other returns.
    both = requests.join(alone, on="case", suffix="_alone")
    assert len(both) == len(alone)
    assert both["detail"].equals(both["detail_alone"])


def test_defects_of_all_goods_are_a_number_of_the_world_and_of_events(record: Record) -> None:
    world = {"return_rate": 0.0, "return_rate_home": 0.0, "return_rate_electronics": 0.0, "defect_rate": 0.1}
    event = {"name": "bad batch", "start": date(2026, 3, 16), "lasts": "7 d", "factors": {"defect_rate": 3.0}}
    folder = record({}, world, event=[event])
    requests = pl.read_parquet(folder / "facts.parquet").filter(pl.col("kind") == "return_requested")
    table = orders(folder).filter(pl.col("delivered_at") < pl.datetime(2026, 4, 8, time_zone="UTC"))
    inside = pl.col("purchased_at").is_between(
        pl.datetime(2026, 3, 16, time_zone="UTC"), pl.datetime(2026, 3, 23, time_zone="UTC"), closed="left"
    )
    for chosen, rate in ((table.filter(inside), 0.3), (table.filter(~inside), 0.1)):
        returned = chosen.join(requests, on="order", how="semi")
        assert len(returned) / len(chosen) == share(len(chosen), rate * 0.6)


def test_live_commands_tell_the_products_of_a_simulated_journal_apart(plugins: Plugins, sold: Path) -> None:
    journal, policies = read_journal(sold), plugins.policies()
    replayed = replay(journal, policies)
    table, requests = orders(sold), pl.read_parquet(sold / "facts.parquet").filter(pl.col("kind") == "return_requested")
    told = diagnose(replayed.docket, policies).products
    assert {product.name for product in told} == {"KETTLE", "TEAPOT", "CABLE", "home"}
    for product in told:
        named = pl.col("product") == ("" if product.name == "home" else product.name)
        own = requests.join(table.filter(named), on="order", how="semi")
        assert product.returns == len(own)
        assert product.reasons
    kettle, teapot = (next(each for each in told if each.name == name) for name in ("KETTLE", "TEAPOT"))
    assert kettle.reasons[0][0] == "defective"
    assert kettle.returns > 2 * teapot.returns
    rows = {row["name"]: row for row in cost_accounts(journal, replayed, policies, by="product")["rows"]}
    assert {"KETTLE", "TEAPOT", "CABLE"} <= rows.keys()
    assert float(rows["KETTLE"]["amount"]) > 2 * float(rows["TEAPOT"]["amount"])


def test_a_reaction_may_be_another_one_for_a_product(record: Record, sold: Path) -> None:
    row = {"overrides": ["return_request", "return_when_defective"], "products": ["KETTLE"], "share": 0.0}
    requests = pl.read_parquet(record(reaction=[row]) / "facts.parquet").filter(pl.col("kind") == "return_requested")
    of_product = requests.join(orders(sold), on="order")["product"].to_list()
    assert "KETTLE" not in of_product
    assert {"TEAPOT", "CABLE"} <= set(of_product)


def test_settings_of_products_that_changed_nothing_are_told(plugins: Plugins) -> None:
    products = {**PRODUCTS, "NEVER": {"category": "home", "share": 0.0, "price": "5.00"}}
    effects = run(resolve(parse_scenario(scenario(products), "test"), plugins), 1).effects
    idle = {each.path: each.reason for each in effects.idle}
    assert {path: why for path, why in idle.items() if ".product." in path} == {
        "marketplace.REF.product.NEVER": "order"
    }


@pytest.mark.parametrize(
    ("products", "problem"),
    [
        (
            {"KETTLE": {"share": 0.5}},
            "marketplace.REF: product.KETTLE.category: which one is it? home, electronics",
        ),
        (
            {"KETTLE": {"category": "hom", "share": 0.5}},
            "product.KETTLE.category: nothing of 'hom' is sold: did you mean 'home'?",
        ),
        (
            {"A": {"category": "home", "share": 0.6}, "B": {"category": "home", "share": 0.5}},
            "product: the shares of the products of 'home' sum to 1.1, more than 1",
        ),
        (
            {"A": {"category": "home"}},
            "marketplace.REF.product.A: how much of it is sold? (share = 0.2 is a fifth of the orders of its category)",
        ),
        ({"A": {"category": "home", "share": 1.5}}, "marketplace.REF.product.A.share: expected a share from 0 to 1"),
        ({"A": {"category": "home", "share": 1, "price": 0}}, "marketplace.REF.product.A: price: above 0"),
        ({"A": {"category": "home", "share": 1, "price": 9.9}}, "product.A.price: expected"),
        ({"A": {"category": "home", "share": 1, "defect_rate": 2}}, "product.A.defect_rate: expected a share"),
        ({"A": {"category": "home", "share": 1, "weight": 2}}, "product.A.weight: unknown key"),
    ],
)
def test_what_is_wrong_with_products_is_told_at_its_place(products: dict[str, Any], problem: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parse_scenario(scenario(products), "test")
    assert problem in str(caught.value)


def test_a_reaction_for_a_product_that_nobody_sells_is_refused() -> None:
    row = {"overrides": ["return_request"], "products": ["KETLE"], "share": 0.0}
    with pytest.raises(
        DocumentError, match=r"reaction\[0\].products\[0\]: there is no 'KETLE' in this scenario .*KETTLE"
    ):
        parse_scenario(scenario(reaction=[row]), "test")
