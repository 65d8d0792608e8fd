"""Costs: the numbers with which a scenario's cases and sales are booked, the seller's own in place of the declared."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from itertools import chain

from attrs import evolve

from aftersale.base.errors import DocumentError
from aftersale.base.money import decimals
from aftersale.policies.policy import Policies
from aftersale.worth.parameters import OTHER_TASK, WAGE, Parameters, default_parameters
from aftersale_simulator.desk.shifts import Window, paid_hours
from aftersale_simulator.scenario.costs import (
    exact_number,
    path_of_minutes,
    refused,
    stated_costs,
    stated_goods,
    stated_minutes,
    stated_vat,
)
from aftersale_simulator.scenario.horizon import Horizon
from aftersale_simulator.scenario.model import Scenario
from aftersale_simulator.scenario.vocabulary import task_kinds
from aftersale_simulator.world.world import World


def cost_numbers(
    scenario: Scenario,
    policies: Policies,
    windows: Mapping[str, Sequence[Sequence[Window]]],
    horizon: Horizon,
    world: World,
    source: str,
) -> Parameters:
    """Return the numbers of costs; `source` names the scenario in messages.

    Wages and minutes are those of the teams and of the handling times: an hour costs what an hour of the rosters of the
    measured days costs on average. Raises DocumentError with every number that is unknown or out of its range.
    """
    declared = declared_numbers(policies).with_tasks(dict.fromkeys(_tasks(policies)))
    minutes = _minutes(scenario, declared, world)
    problems = tuple(refused(declared, path_of_minutes, minutes, source))
    if problems:
        raise DocumentError(source, problems)
    own = {**stated_costs(scenario), **stated_goods(scenario), **stated_vat(scenario)}
    numbers = declared.with_own({**minutes, **_wage(scenario, windows, horizon)}, source)
    return evolve(numbers.with_own(own, source), own=frozenset(own))


def declared_numbers(policies: Policies) -> Parameters:
    """Return the numbers that the project declares, with the estimates of the plugins' own lines."""
    kinds = chain.from_iterable(policy.costs.kinds for policy in policies.values())
    return default_parameters().with_estimates(kinds)


def _tasks(policies: Policies) -> Iterator[str]:
    return chain.from_iterable(task_kinds(policy.workflow) for policy in policies.values())


def _minutes(scenario: Scenario, declared: Parameters, world: World) -> dict[str, str]:
    """Return the minutes of each kind of task: its mean, without what languages and paces make of it."""
    other = exact_number(Decimal(repr(float(world["other_task_minutes"]))))
    means = stated_minutes(scenario)
    kinds = (name.removeprefix("minutes_") for name in declared.by_name if name.startswith("minutes_"))
    return {f"minutes_{kind}": means.get(f"minutes_{kind}", other) for kind in kinds} | {f"minutes_{OTHER_TASK}": other}


def _wage(scenario: Scenario, windows: Mapping[str, Sequence[Sequence[Window]]], horizon: Horizon) -> dict[str, str]:
    """Return the mean wage of the rosters' hours on the measured days, to the currency's smallest unit."""
    hours = {
        name: paid_hours(chain.from_iterable(windows[name]), *horizon.measured([team.zone]))
        for name, team in scenario.team.items()
    }
    paid = sum(team.cost_per_hour * Decimal(hours[name]) for name, team in scenario.team.items())
    total = Decimal(sum(hours.values()))
    unit = Decimal(1).scaleb(-decimals(scenario.currency))
    wage = (Decimal(paid) / total if total else Decimal(0)).quantize(unit, ROUND_HALF_UP)
    return {WAGE: f"{wage:f} {scenario.currency}"}


def undeclared_vat(scenario: Scenario) -> Collection[str]:
    """Return the marketplaces of which nobody says whether prices contain VAT: nothing is taken out there."""
    return tuple(str(name) for name, sales in scenario.marketplace.items() if sales.prices_with_vat is None)
