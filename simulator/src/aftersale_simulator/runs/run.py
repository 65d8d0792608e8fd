"""Runs: one replication of a scenario, from its orders to what it came to."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from attrs import evolve

from aftersale.base.watch import Watch
from aftersale.clocks import start_of_day
from aftersale.engine.docket import Docket
from aftersale.orders import Orders
from aftersale.policies.policy import Policy
from aftersale_simulator.desk.crews import crews
from aftersale_simulator.desk.desk import Desk
from aftersale_simulator.desk.suspensions import ACCOUNT, Suspensions, orders_lost
from aftersale_simulator.resolved.handbook import rules_in_force, seller_handbook
from aftersale_simulator.runs.failures import CasesFailed
from aftersale_simulator.runs.recording import Recording
from aftersale_simulator.runs.results import Result, result_of
from aftersale_simulator.scenario.events import active_events
from aftersale_simulator.scenario.horizon import Horizon
from aftersale_simulator.scenario.model import Scenario
from aftersale_simulator.world.buyers import first_steps
from aftersale_simulator.world.carriers import delivered
from aftersale_simulator.world.marketplace_run import MarketplaceRun
from aftersale_simulator.world.orders import copied, hours_of, of_marketplace, synthetic, within
from aftersale_simulator.world.random_streams import Streams
from aftersale_simulator.world.sales import categories, free_labels, sale_events
from aftersale_simulator.world.world import World

if TYPE_CHECKING:
    from aftersale.plugins.plugins import Plugins


def run(
    scenario: Scenario,
    replication: int,
    plugins: Plugins,
    *,
    orders: Orders | None = None,
    record: Recording | None = None,
) -> Result:
    """Simulate one replication and return what it came to.

    `orders` replaces the synthetic streams by real ones; `record` says where the run is written to, and how. The same
    arguments give the same result, in any process.
    """
    with _uncollected():
        return _run(scenario, replication, plugins, orders, record)


def _run(
    scenario: Scenario, replication: int, plugins: Plugins, orders: Orders | None, record: Recording | None
) -> Result:
    horizon = Horizon.of(scenario)
    watch = plugins.watch.another()
    handbook, rules = seller_handbook(scenario, plugins), rules_in_force(scenario, plugins)
    policies = plugins.policies(tuple(scenario.marketplace), handbook, watch, rules)
    streams = Streams(scenario.seed, replication)
    asked = [
        _place(scenario, policy, horizon, streams, _world(scenario, policy, horizon, plugins), orders)
        for policy in policies.values()
    ]
    docket = Docket(policies, plugins.observers(watch))
    desk = _desk(scenario, horizon, docket, asked, streams)
    desk.closures = Suspensions(asked, policies, horizon, desk.until, streams)
    if record is not None:
        desk.facts = []
    desk.run()
    places = list(desk.closures.placed(asked))
    by_place = {place.orders.marketplaces[0]: place.orders for place in places}
    _check_failures(scenario, watch, docket)
    result = result_of(scenario, by_place, docket, desk.effort, policies)
    counts = {**result.counts, "orders_lost": orders_lost(asked, places)}
    closed = {what: bool(where) for what, where in desk.closures.closed.items()}
    suspended = closed.pop(ACCOUNT)
    reached = {**result.reached, "deactivated": result.reached["deactivated"] or suspended, **closed}
    result = evolve(result, failed=watch.causes(), counts=counts, reached=reached)
    if record is not None and desk.facts is not None:
        record.write(scenario, replication, places, desk.facts, docket, result)
    desk.leave()
    return result


def _check_failures(scenario: Scenario, watch: Watch, docket: Docket) -> None:
    """Refuse a run of whose cases plugins failed more than the scenario allows."""
    failed, cases = len(watch.failed_cases()), len(docket.cases)
    if failed > scenario.most_failed * cases:
        raise CasesFailed(failed, cases, scenario.most_failed, tuple(watch.told()))


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the garbage collector still: its search through millions of records grows dear, and frees next to none."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _world(scenario: Scenario, policy: Policy, horizon: Horizon, plugins: Plugins) -> World:
    place = policy.marketplace
    plain = World(scenario.world, place.name, plugins.worlds, presets=scenario.presets)
    usual = (*categories(scenario, place.name), *free_labels(scenario, policy, plain))
    events = (*scenario.event, *sale_events(scenario, plugins), *usual)
    dated = active_events(events, horizon.measured_from, place.zone)
    return World(scenario.world, place.name, plugins.worlds, dated, scenario.presets)


def _place(
    scenario: Scenario,
    policy: Policy,
    horizon: Horizon,
    streams: Streams,
    world: World,
    real: Orders | None,
) -> MarketplaceRun:
    marketplace = policy.marketplace
    sales = scenario.marketplace[marketplace.name]
    days = horizon.local_days(marketplace.zone)
    if real is None:
        count = horizon.warm_up + horizon.days
        orders = synthetic(sales, marketplace, horizon.first, count, streams, world, horizon.measured_from)
    else:
        orders = of_marketplace(real, marketplace.name)
        source = scenario.orders
        if source is not None and (source.resample or source.scale != 1.0):
            orders = copied(orders, days, streams, float(source.scale), source.resample)
        else:
            orders = within(orders, int(days.bounds[0]), int(days.bounds[-1]))
    orders = delivered(orders, streams, world)
    return MarketplaceRun(orders, first_steps(orders, days, hours_of(sales), streams, world), world)


def _desk(
    scenario: Scenario, horizon: Horizon, docket: Docket, places: Sequence[MarketplaceRun], streams: Streams
) -> Desk:
    zones = [docket.policy(place.orders.marketplaces[0]).marketplace.zone for place in places]
    zones = zones or [team.zone for team in scenario.team.values()]
    start = min(start_of_day(horizon.first, zone) for zone in zones)
    span = start, *horizon.measured(zones)
    bounds = horizon.local_days(zones[0]).bounds.tolist()
    return Desk(docket, places, crews(scenario, streams), scenario.handling, span, bounds, scenario.work_order)
