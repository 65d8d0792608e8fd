"""Marketplace runs: made once for all scenarios that make them from the same, anew for every other, and kept by few."""

from collections.abc import Iterator, MutableSequence
from datetime import date
from typing import Any, ClassVar

import numpy as np
import pytest
from attrs import asdict, evolve
from hypothesis import given, strategies as st

from aftersale.order_columns import COLUMNS, Orders
from aftersale.orders import NOBODY, Order
from aftersale.plugins.plugins import Plugins, load_plugins
from aftersale.policies.worlds import parse_world
from aftersale.testing import plugin, reference
from aftersale_simulator.assumptions.parameters import load_parameters
from aftersale_simulator.resolved.scenario import ResolvedScenario, resolve
from aftersale_simulator.runs.job import MOST_RESOLVED, Job, JobContext
from aftersale_simulator.runs.pool import SerialPool
from aftersale_simulator.runs.results import Result
from aftersale_simulator.scenario.document import parse_scenario
from aftersale_simulator.scenario.model import Scenario
from aftersale_simulator.scenario.vocabulary import vocabulary
from aftersale_simulator.world import marketplace_run
from aftersale_simulator.world.behaviour.in_force import Behaviour
from aftersale_simulator.world.marketplace_run import MOST_KEPT, MarketplaceRun, MarketplaceRuns
from aftersale_simulator.world.orders import MadeOrders, OrderIds, kept
from aftersale_simulator.world.world import World

HOUSE = """
[[rule]]
name = "prepaid_label"
marketplaces = ["*"]
word = "automatic"
source = "ours"
grade = "C"
"""
SALES: dict[str, Any] = {
    "orders_per_day": 30.0,
    "price": {"median": "25"},
    "channels": {"MFN": 0.7, "FBA": 0.2, "SFP": 0.1},
    "categories": {"toys": 0.6, "shoes": 0.4},
    "cross_border": 0.2,
    "exempt": 0.1,
}
RAW: dict[str, Any] = {
    "name": "variants",
    "currency": "EUR",
    "period": {"start": date(2026, 3, 2), "measured": "21 d", "warm_up": "7 d"},
    "marketplace": {"REF": SALES, "ALT": {"orders_per_day": 12.0, "price": {"median": "2000"}}},
    "team": {
        "desk": {
            "zone": "UTC",
            "agents": 2,
            "cost_per_hour": "10",
            "shifts": [{"days": "Mon-Fri", "hours": "09:00-18:00"}],
        }
    },
    "handling": {"reply": {"mean": "10 min"}},
    "targets": {"late_reply_rate": 0.2},
    "rates": {"on": date(2026, 3, 2), "JPY": "0.006"},
    "world": {"return_rate": 0.2},
}
SHOP = {
    "parameter": [
        {
            "name": "return_rate_shoes",
            "marketplaces": ["REF"],
            "default": 0.3,
            "low": 0.0,
            "high": 1.0,
            "unit": "share of orders",
            "source": "ours",
            "grade": "C",
        }
    ],
    "sale": [
        {
            "name": "Spring sale",
            "marketplaces": ["REF"],
            "start": date(2026, 3, 9),
            "days": 3,
            "orders": 2.0,
            "factors": {"message_rate": 2.0},
            "source": "the shop window",
            "grade": "C",
        }
    ],
    "preset": [
        {"name": "chatty", "marketplaces": ["REF"], "values": {"message_rate": 0.3}, "source": "hearsay", "grade": "C"},
        {"name": "patient", "marketplaces": ["REF"], "values": {"reminder_rate": 0.1}, "source": "us", "grade": "C"},
    ],
}


def of_ref(**changes: Any) -> dict[str, Any]:
    return {"marketplace": {**RAW["marketplace"], "REF": {**SALES, **changes}}}


def numbers(**values: float) -> dict[str, Any]:
    return {"world": {**RAW["world"], **values}}


def event(**row: Any) -> dict[str, Any]:
    return {"event": [{"name": "odd days", "after": "5 d", "lasts": "4 d", **row}]}


REF, ALT = frozenset({"REF"}), frozenset({"ALT"})
NONE: frozenset[str] = frozenset()
PRODUCTS = {
    "BALL": {"category": "toys", "share": 0.5, "price": "9.90"},
    "KITE": {"category": "toys", "share": 0.3, "landed_cost": "4.00"},
}
CHANGES: dict[str, tuple[dict[str, Any], frozenset[str]]] = {
    "another name": ({"name": "other"}, NONE),
    "more people": ({"team": {"desk": {**RAW["team"]["desk"], "agents": 3}}}, NONE),
    "slower replies": ({"handling": {"reply": {"mean": "20 min"}}}, NONE),
    "another order of work": ({"work_order": "arrival"}, NONE),
    "a tighter target": ({"targets": {"late_reply_rate": 0.1}}, NONE),
    "another currency of costs": ({"currency": "JPY", "rates": {"on": date(2026, 3, 2), "EUR": "160"}}, NONE),
    "what happens later": (numbers(reminder_rate=0.9, claim_rate_silence=0.4), NONE),
    "a preset of what happens later": ({"presets": ["patient"]}, NONE),
    "a later event": (event(factors={"reminder_rate": 2.0}), NONE),
    "an event of people": (event(absent=0.5), NONE),
    "no reminders": ({"reaction": [{"overrides": ["reminder"], "share": 0.0}]}, NONE),
    "more messages by a row": (
        {"reaction": [{"overrides": ["message"], "marketplaces": ["REF"], "factor": 3.0}]},
        REF,
    ),
    "more returns of a product by a row": (
        {
            "reaction": [
                {"overrides": ["return_request"], "marketplaces": ["REF"], "categories": ["toys"], "delay_days": 3}
            ]
        },
        REF,
    ),
    "prices with VAT": (of_ref(prices_with_vat=True, vat_share="0.2"), NONE),
    "a category that claims": (of_ref(category={"toys": {"factors": {"claim_rate_answered": 3.0}}}), NONE),
    "promised sooner": (numbers(promise_days=1.0), REF | ALT),
    "more returns": (numbers(return_rate=0.4), REF | ALT),
    "returns of a category": (numbers(return_rate_shoes=0.6), REF),
    "regular buyers": (numbers(repeat_buyer_share=0.6), REF | ALT),
    "steadier days": (numbers(dispersion=1.0), REF | ALT),
    "days of its own": (of_ref(dispersion=1.0), REF),
    "a preset of first steps": ({"presets": ["chatty"]}, REF),
    "no sales": ({"sale_events": False}, REF),
    "more orders for some days": (event(orders=3.0), REF | ALT),
    "more orders on one marketplace": (event(orders=3.0, marketplaces=["ALT"]), ALT),
    "more messages for some days": (event(factors={"message_rate": 3.0}), REF | ALT),
    "more returns of a category for some days": (
        event(categories=["toys"], factors={"return_rate": 3.0}, marketplaces=["REF"]),
        REF,
    ),
    "a category that returns": (of_ref(category={"toys": {"factors": {"return_rate": 3.0}}}), REF),
    "a dear category": (of_ref(category={"toys": {"price": {"median": "90"}}}), REF),
    "products": (of_ref(product=PRODUCTS), REF),
    "the products the other way round": (of_ref(product=dict(reversed(PRODUCTS.items()))), REF),
    "a product that is defective": (of_ref(product={"BALL": {**PRODUCTS["BALL"], "defect_rate": 0.5}}), REF),
    "defects": (numbers(defect_rate=0.5), REF | ALT),
    "dearer": (of_ref(price={"median": "90"}), REF),
    "more orders": (of_ref(orders_per_day=40.0), REF),
    "growth": (of_ref(growth=2.0), REF),
    "other channels": (of_ref(channels={"MFN": 0.5, "FBA": 0.4, "SFP": 0.1}), REF),
    "the channels the other way round": (of_ref(channels={"SFP": 0.1, "FBA": 0.2, "MFN": 0.7}), REF),
    "the categories the other way round": (of_ref(categories={"shoes": 0.4, "toys": 0.6}), REF),
    "abroad": (of_ref(cross_border=0.6), REF),
    "by night": (of_ref(hourly=[1.0] * 6 + [0.0] * 18), REF),
    "another seed": ({"seed": 7}, REF | ALT),
    "a longer period": ({"period": {**RAW["period"], "measured": "28 d"}}, REF | ALT),
    "a longer warm-up": ({"period": {**RAW["period"], "warm_up": "14 d"}}, REF | ALT),
    "a later start": ({"period": {**RAW["period"], "start": date(2026, 3, 3)}}, REF | ALT),
}
"""What is changed, and on which marketplaces orders and first steps depend on it."""


@pytest.fixture(scope="module")
def plugins() -> Plugins:
    shop = plugin("shop", aftersale_world=lambda: [parse_world(SHOP, "shop/world.toml")])
    return load_plugins((), {"reference": reference, "shop": shop})


def scenario(plugins: Plugins, **changes: Any) -> Scenario:
    return parse_scenario({**RAW, **changes}, "test", vocabulary(plugins))


def parts(
    resolved: ResolvedScenario, runs: MarketplaceRuns, replication: int = 1, file: Orders | None = None
) -> dict[str, MarketplaceRun]:
    return {
        name: runs.run_of(resolved.scenario, policy.marketplace, resolved.worlds[name].watched(), replication, file)
        for name, policy in resolved.policies.items()
    }


def columns(run: MarketplaceRun) -> list[Any]:
    """All that is made, as values."""
    orders, steps = run.orders, run.steps
    rows = [getattr(orders, name).tolist() for name in COLUMNS] + [list(orders.ids), orders.categories, orders.channels]
    rows += [list(orders.products), steps.bits]
    return [*rows, steps.names, steps.at.tolist(), steps.kinds.tolist(), steps.rows.tolist(), list(steps.orders)]


def facts(result: Result) -> list[Any]:
    return [result, result.effects, result.units]


@pytest.mark.parametrize("changed", CHANGES)
def test_a_scenario_has_its_own_where_orders_or_first_steps_depend_on_what_it_changes(
    changed: str, plugins: Plugins
) -> None:
    change, where = CHANGES[changed]
    runs = MarketplaceRuns()
    usual = parts(resolve(scenario(plugins), plugins), runs)
    varied = parts(resolve(scenario(plugins, **change), plugins), runs)
    assert {name for name in usual if varied[name].orders is not usual[name].orders} == where
    assert {name for name in usual if columns(varied[name]) != columns(usual[name])} == where
    assert [
        columns(run) for run in parts(resolve(scenario(plugins, **change), plugins), MarketplaceRuns()).values()
    ] == [columns(run) for run in varied.values()]


@pytest.mark.once
def test_results_do_not_depend_on_what_ran_before(plugins: Plugins) -> None:
    scenarios = [scenario(plugins), *(scenario(plugins, **change) for change, _ in CHANGES.values())]
    assert len(scenarios) > MOST_RESOLVED
    shared = JobContext(plugins)
    for replication in (1, 2):
        for varied in scenarios:
            job = varied, replication
            assert facts(shared.work(job)) == facts(JobContext(plugins).work(job))


def test_free_labels_of_a_handbook_have_orders_of_their_own(
    plugins: Plugins, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "house.toml").write_text(HOUSE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    runs = MarketplaceRuns()
    usual = parts(resolve(scenario(plugins), plugins), runs)
    free = parts(resolve(scenario(plugins, handbook="house.toml"), plugins), runs)
    assert {name for name in usual if free[name].orders is not usual[name].orders} == REF | ALT
    assert all(len(free[name].orders) > len(usual[name].orders) for name in usual)


def _said_otherwise() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every declared number, set to one end of its range or to the other, and changed by an event in mid-run."""
    for parameter in load_parameters():
        for value in (parameter.low, parameter.high):
            if float(value) != float(parameter.default):
                yield parameter.name, numbers(**{str(parameter.name): float(value)})
        yield parameter.name, event(factors={str(parameter.name): 0.5})


@pytest.mark.once
def test_no_number_changes_what_is_made_without_being_noticed(plugins: Plugins) -> None:
    runs, usual = MarketplaceRuns(), resolve(scenario(plugins), plugins)
    noticed, matters = set(), set()
    for name, change in _said_otherwise():
        before = parts(usual, runs)
        varied = resolve(scenario(plugins, **change), plugins)
        if any(run.orders is not before[place].orders for place, run in parts(varied, runs).items()):
            noticed.add(name)
        if any(columns(run) != columns(before[place]) for place, run in parts(varied, MarketplaceRuns()).items()):
            matters.add(name)
    assert matters <= noticed
    assert {"promise_days", "lost_rate", "message_rate", "return_lag_sigma", "dispersion"} <= matters
    assert not noticed & {"reminder_rate", "follow_up_rate", "claim_rate_answered", "return_sent_rate"}


class _Spied(World):
    """A world that notes which of its attributes anything asks for."""

    names: ClassVar[set[str]] = set()

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith("_"):
            type(self).names.add(name)
        return super().__getattribute__(name)


class _SpiedBehaviour(Behaviour):
    """What happens of itself, noting which of its attributes anything asks for."""

    names: ClassVar[set[str]] = set()

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith("_"):
            type(self).names.add(name)
        return super().__getattribute__(name)


def test_of_a_world_nothing_is_read_but_its_numbers_and_what_the_basis_has(plugins: Plugins) -> None:
    resolved = resolve(scenario(plugins), plugins)
    spied = _Spied({}, "REF", plugins.worlds)
    spied.behaviour = _SpiedBehaviour(**asdict(spied.behaviour, recurse=False))
    basis = marketplace_run.Basis.of(resolved.scenario, resolved.policies["REF"].marketplace, spied, 1)
    _Spied.names, _SpiedBehaviour.names = set(), set()
    marketplace_run._made(basis, spied)
    by_basis = set(asdict(basis, recurse=False)) & set(vars(spied))
    assert by_basis == {"order_factors"}
    noted = {"reads", "order_reads", "asked", "said", "applied"}
    assert _Spied.names == {"for_orders", "of_orders", "get", "behaviour"} | by_basis | noted
    assert _SpiedBehaviour.names - {"reactions", "cases"} == {"on", "absent", "bits", "contacts"}


def test_numbers_read_in_the_making_count_as_read_in_every_run(plugins: Plugins) -> None:
    runs, resolved = MarketplaceRuns(), resolve(scenario(plugins), plugins)
    first, second = parts(resolved, runs)["REF"], parts(resolved, runs)["REF"]
    assert (first.orders, first.steps) == (second.orders, second.steps)
    assert first.world is not second.world
    assert (first.world.reads, first.world.order_reads) == (second.world.reads, second.world.order_reads)
    assert {"dispersion", "repeat_buyer_share"} <= second.world.reads
    assert {"promise_days", "message_rate"} <= second.world.order_reads


def test_what_is_shared_cannot_be_written_to(plugins: Plugins) -> None:
    run = parts(resolve(scenario(plugins), plugins), MarketplaceRuns())["REF"]
    shared = [getattr(run.orders, name) for name in COLUMNS] + [run.steps.at, run.steps.kinds, run.steps.rows]
    for column in shared:
        with pytest.raises(ValueError, match="read-only"):
            column[0] = column[1]
    assert not isinstance(run.steps.orders, MutableSequence)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """The marketplaces and replications that were made since."""
    log: list[tuple[str, int]] = []
    making = marketplace_run._made

    def noted(basis: Any, *others: Any) -> Any:
        log.append((basis.marketplace.name, basis.replication))
        return making(basis, *others)

    monkeypatch.setattr(marketplace_run, "_made", noted)
    return log


def staffed(plugins: Plugins, agents: int) -> Scenario:
    return scenario(plugins, team={"desk": {**RAW["team"]["desk"], "agents": agents}})


@pytest.mark.parametrize("by_variant", [True, False])
def test_variants_of_the_desk_have_one_of_each_replication_and_the_memory_stays_flat(
    by_variant: bool, plugins: Plugins, made: list[tuple[str, int]]
) -> None:
    context, kept = JobContext(plugins), set[int]()
    jobs: list[Job] = [(staffed(plugins, agents), number) for agents in range(1, 6) for number in range(1, 5)]
    jobs = jobs if by_variant else sorted(jobs, key=lambda job: job[1])
    results = SerialPool(context).work(jobs, lambda position, result: kept.add(len(context.marketplaces)))
    assert made == [(name, number) for number in range(1, 5) for name in ("REF", "ALT")]
    assert kept == {2}
    assert results == [JobContext(plugins).work(job) for job in jobs]


def test_of_many_different_ones_those_used_last_are_kept(plugins: Plugins, made: list[tuple[str, int]]) -> None:
    context = JobContext(plugins)
    different = [scenario(plugins, **numbers(promise_days=float(days))) for days in range(1, MOST_KEPT + 4)]
    for varied in different:
        context.work((varied, 1))
        assert len(context.marketplaces) <= 2 * MOST_KEPT
    assert len(made) == 2 * len(different)
    for varied in different[-MOST_KEPT:]:
        context.work((varied, 1))
    assert len(made) == 2 * len(different)
    context.work((different[0], 1))
    assert len(made) == 2 * len(different) + 2
    context.work((different[0], 2))
    assert len(context.marketplaces) == 2


def test_a_file_s_orders_are_shared_unless_they_are_drawn_otherwise(plugins: Plugins) -> None:
    file = parts(resolve(scenario(plugins), plugins), MarketplaceRuns())["REF"].orders
    file = evolve(file, ids=list(file.ids))

    def of_file(**source: Any) -> ResolvedScenario:
        return resolve(scenario(plugins, orders={"file": "orders.csv", **source}), plugins)

    runs = MarketplaceRuns()
    usual = parts(of_file(), runs, 1, file)["REF"]
    assert np.array_equal(usual.orders.purchased_at, file.purchased_at)
    assert parts(of_file(), runs, 1, file)["REF"].orders is usual.orders
    for source in ({"resample": True}, {"scale": 2.0}, {"resample": True, "scale": 0.5}):
        varied = parts(of_file(**source), runs, 1, file)["REF"]
        assert columns(varied) == columns(parts(of_file(**source), MarketplaceRuns(), 1, file)["REF"])
        assert columns(varied) != columns(usual)
    other = evolve(file, price=file.price * 2)
    assert columns(parts(of_file(), runs, 1, other)["REF"]) == columns(
        parts(of_file(), MarketplaceRuns(), 1, other)["REF"]
    )


def test_orders_are_the_same_objects_at_once_and_one_by_one(plugins: Plugins) -> None:
    synthetic = parts(resolve(scenario(plugins), plugins), MarketplaceRuns())["REF"].orders
    named = evolve(synthetic, ids=list(synthetic.ids), products=[f"p{row % 7}" for row in range(len(synthetic))])
    drawn = resolve(scenario(plugins, orders={"file": "orders.csv", "resample": True, "scale": 2.0}), plugins)
    copies = parts(drawn, MarketplaceRuns(), 1, named)["REF"].orders
    nobody = evolve(copies, buyer=np.where(np.arange(len(copies)) % 3, copies.buyer, NOBODY))
    unnamed = evolve(synthetic, buyers=())
    some = np.arange(len(synthetic)) % 5 == 2
    for orders in (synthetic, named, copies, nobody, unnamed, kept(synthetic, some)):
        rows = np.arange(len(orders))[::3]
        made = MadeOrders(orders, rows)
        assert list(made) == orders.picked(rows) == list(map(orders.order, rows.tolist())) == list(made[:])
        assert made.names() == [order.id for order in made]
        assert isinstance(made[0], Order)
        assert made[-1] is made[len(rows) - 1]
    assert len({order.buyer for order in MadeOrders(copies, np.arange(len(copies)))}) > 10


@given(st.lists(st.tuples(st.integers(0, 120_000), st.integers(0, 120_000)), max_size=30))
def test_keys_stand_in_the_order_of_names_or_nobody_says_so(keys: list[tuple[int, int]]) -> None:
    ids = OrderIds("REF", np.array([day * (1 << 24) + number for day, number in keys], np.int64))
    ordered = ids.in_order(np.arange(len(keys)))
    if ordered is not None:
        prefix, found = ordered
        names = list(ids)
        assert all(name.startswith(f"{prefix}-") for name in names)
        assert sorted(names) == [names[place] for place in np.argsort(found, kind="stable").tolist()]
    else:
        assert max(max(key) for key in keys) >= 100_000
