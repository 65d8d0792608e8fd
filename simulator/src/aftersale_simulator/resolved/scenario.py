"""Resolved scenarios: what a scenario means with the installed plugins, computed once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen

from aftersale.base.watch import Watch
from aftersale.clocks import Instant
from aftersale.costs.at_once.classes import CostClasses
from aftersale.policies.handbook import Handbook
from aftersale.policies.policy import Policy
from aftersale.rules import RuleSet
from aftersale.worth.parameters import Parameters
from aftersale_simulator.desk.shifts import Window, windows_by_shift
from aftersale_simulator.resolved.asked import Asked
from aftersale_simulator.resolved.costs import cost_numbers
from aftersale_simulator.resolved.handbook import rules_in_force, seller_handbook
from aftersale_simulator.resolved.known_costs import CostBasis, KnownCosts
from aftersale_simulator.resolved.paid_time import PaidTime
from aftersale_simulator.scenario.events import Event, active_events
from aftersale_simulator.scenario.horizon import Horizon
from aftersale_simulator.scenario.model import Scenario
from aftersale_simulator.world.checks import check_marketplaces, check_reactions, check_work_orders
from aftersale_simulator.world.sales import PlacedSale, categories, free_labels, sales_in_run
from aftersale_simulator.world.world import World

if TYPE_CHECKING:
    from aftersale.plugins.plugins import Plugins


@frozen(eq=False)
class ResolvedScenario:
    """A scenario with its days, the seller's handbook, the rules in force, and a world for each marketplace.

    `rules` is None where no event changes any and no version is named. `sales` are those that plugins date or roll
    into the run, `shared_world` the numbers that belong to no marketplace. `windows_by_shift` says for each team when
    each of its shifts works, absences not taken out, `paid_time` what that comes to; `asked` says for each marketplace
    what rows ask for. `numbers` are those with which costs are booked, and `known` what was worked out by them in other
    runs, which changes no result. Its users read it and change nothing else. A run has `known` costs to itself; those
    that no run has at the moment are `spare`, as runs of one scenario may go on in several threads.
    """

    scenario: Scenario
    plugins: Plugins
    horizon: Horizon
    handbook: Handbook
    rules: RuleSet | None
    policies: Mapping[str, Policy]
    sales: tuple[PlacedSale, ...]
    worlds: Mapping[str, World]
    shared_world: World
    windows_by_shift: Mapping[str, tuple[tuple[Window, ...], ...]]
    numbers: Parameters
    paid_time: PaidTime
    asked: Mapping[str, Asked]
    known: KnownCosts = field(factory=KnownCosts)
    spare: list[KnownCosts] = field(factory=list)
    plans: dict[bool, list[Any]] = field(factory=dict)

    @property
    def classes(self) -> CostClasses:
        """The classes of orders that costs do not tell apart."""
        return self.known.classes

    @property
    def zones(self) -> list[str]:
        """The time zones of its marketplaces; where there are none, those of its teams."""
        return _zones(self.scenario, self.policies)

    @property
    def measured(self) -> tuple[Instant, Instant]:
        """The instants at which the measured period begins and ends."""
        return self.horizon.measured(self.zones)

    def for_run(self) -> ResolvedScenario:
        """Return the same with worlds that keep what one run reads in them."""
        worlds = {name: world.watched() for name, world in self.worlds.items()}
        numbers = self.numbers.watched() if self.numbers.own else self.numbers
        try:
            known = self.spare.pop()  # one step: no two threads get the same
        except IndexError:
            known = KnownCosts()
        shared = self.shared_world.watched()
        return evolve(self, worlds=worlds, shared_world=shared, numbers=numbers, known=known)

    def give_back(self, run: ResolvedScenario) -> None:
        """Keep what a run that has ended well worked out of costs, for the next one."""
        self.spare.append(run.known)

    def sharing(self, other: ResolvedScenario) -> ResolvedScenario:
        """Return the same with the spare known costs of another scenario, of the same plugins and basis."""
        return evolve(self, spare=other.spare)

    @property
    def cost_basis(self) -> CostBasis:
        """What its costs hang on beside orders, their steps and plugins: where that is the same, they can be shared."""
        return CostBasis.of(self.policies, self.numbers)

    def watched(self, watch: Watch) -> dict[str, Policy]:
        """Return the policies of one run; `watch` keeps what goes wrong with plugins."""
        return self.plugins.policies(tuple(self.scenario.marketplace), self.handbook, watch, self.rules)

    def windows(self, team: str) -> list[Window]:
        """Return when a team works, sorted; shifts may overlap, each brings its own agents."""
        return list(self.paid_time.windows[team])


def resolve(scenario: Scenario, plugins: Plugins, checked_as: str = "") -> ResolvedScenario:
    """Return what a scenario means with these plugins.

    With a name to be `checked_as` in messages, marketplaces with which the plugins find problems are refused, too.
    Raises DocumentError for a handbook that cannot be used, for events that change rules that do not exist, and for
    sales and presets of plugins that change undeclared parameters; UnknownMarketplace as `Plugins.policy`.
    """
    horizon = scenario.horizon
    handbook = seller_handbook(scenario, plugins)
    if checked_as:
        check_marketplaces(scenario, plugins, checked_as)
    check_reactions(plugins)
    check_work_orders(plugins)
    rules = rules_in_force(scenario, plugins)
    policies = plugins.policies(tuple(scenario.marketplace), handbook, rules=rules)
    sales = sales_in_run(scenario, plugins)
    events = tuple(sale.event for sale in sales)
    worlds = {name: _world(scenario, policy, plugins, events) for name, policy in policies.items()}
    shifts = {str(name): windows_by_shift(team, horizon) for name, team in scenario.team.items()}
    shared = World(scenario.world)
    numbers = cost_numbers(scenario, policies, shifts, horizon, shared, checked_as or "the scenario")
    zones = _zones(scenario, policies)
    paid = PaidTime(scenario, shifts, horizon.measured(zones), horizon.local_days(zones[0]).bounds)
    asked = {name: Asked.of(policy) for name, policy in policies.items()}
    return ResolvedScenario(
        scenario, plugins, horizon, handbook, rules, policies, sales, worlds, shared, shifts, numbers, paid, asked
    )


def _zones(scenario: Scenario, policies: Mapping[str, Policy]) -> list[str]:
    zones = [policy.marketplace.zone for policy in policies.values()]
    return zones or [team.zone for team in scenario.team.values()]


def _world(scenario: Scenario, policy: Policy, plugins: Plugins, sales: tuple[Event, ...]) -> World:
    """Return a marketplace's world; what the handbook and categories change depends on its usual numbers."""
    marketplace = policy.marketplace
    world = World(
        scenario.world,
        marketplace.name,
        plugins.worlds,
        presets=scenario.presets,
        reactions=scenario.reaction,
    )
    lasting = (*categories(scenario, marketplace.name), *free_labels(scenario, policy, world))
    return world.under(
        active_events((*scenario.event, *sales, *lasting), scenario.horizon.measured_from, marketplace.zone)
    )
