"""Costs: the numbers with which a scenario's cases and sales are booked, the seller's own in place of the declared."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from itertools import chain

from attrs import evolve

from aftersale.base.errors import DocumentError, Problem
from aftersale.base.money import decimals
from aftersale.clocks import MINUTE
from aftersale.policies.policy import Policies
from aftersale.worth.parameters import OTHER_TASK, WAGE, Parameters, default_parameters
from aftersale_simulator.desk.shifts import Window, paid_hours
from aftersale_simulator.scenario.horizon import Horizon
from aftersale_simulator.scenario.model import Scenario
from aftersale_simulator.scenario.vocabulary import task_kinds
from aftersale_simulator.world.world import World

LANDED, VAT = "landed_cost_share", "vat_share"
_ELSEWHERE = {
    WAGE: "it is the teams' cost_per_hour",
    LANDED: "it is [goods] landed_cost_share, or the one of a category or a product there",
    VAT: "it is the vat_share of each marketplace, beside prices_with_vat",
}
"""Numbers that a scenario states elsewhere, and where."""
_FINEST = Decimal("1e-9")
"""Of a number that a file of numbers can hold."""


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
    measured days costs on average. Raises DocumentError with every number that is unknown, out of its range or stated
    at the wrong place.
    """
    declared = declared_numbers(policies).with_tasks(dict.fromkeys(_tasks(policies)))
    costs = {str(name): str(value) for name, value in scenario.costs.items()}
    misplaced = {name: problem for name in costs for problem in _misplaced(name, source)}
    problems = [
        *misplaced.values(),
        *_refused(declared, _of_costs, {name: value for name, value in costs.items() if name not in misplaced}, source),
        *_refused(declared, partial(_of_goods, scenario), _goods(scenario), source),
        *_refused(declared, _of_marketplace, _vat(scenario), source),
        *_refused(declared, _of_handling, _minutes(scenario, declared, world), source),
    ]
    if problems:
        raise DocumentError(source, tuple(problems))
    own = {**costs, **_goods(scenario), **_vat(scenario)}
    numbers = declared.with_own({**_minutes(scenario, declared, world), **_wage(scenario, windows, horizon)}, source)
    return evolve(numbers.with_own(own, source), own=frozenset(own))


def declared_numbers(policies: Policies) -> Parameters:
    """Return the numbers that the project declares, with the estimates of the plugins' own lines."""
    kinds = chain.from_iterable(policy.costs.kinds for policy in policies.values())
    return default_parameters().with_estimates(kinds)


def _tasks(policies: Policies) -> Iterator[str]:
    return chain.from_iterable(task_kinds(policy.workflow) for policy in policies.values())


def _misplaced(name: str, source: str) -> Iterator[Problem]:
    known = name.partition(".")[0]
    where = _ELSEWHERE.get(known) or ("it is the mean of [handling]" if name.startswith("minutes_") else "")
    if where:
        yield Problem(source, f"costs.{name}", "stands elsewhere in a scenario", where)


def _refused(
    declared: Parameters, path: Callable[[str], str], own: Mapping[str, str], source: str
) -> Iterator[Problem]:
    """Yield what is wrong with some numbers, each with the path at which the scenario states it."""
    try:
        declared.with_own(own, source)
    except DocumentError as error:
        for problem in error.problems:
            yield evolve(problem, where=source, path=path(problem.path))


def _of_costs(name: str) -> str:
    return f"costs.{name}"


def _of_goods(scenario: Scenario, name: str) -> str:
    key = name.partition(".")[2]
    if not key:
        return f"goods.{name}"
    return f"goods.{'product' if key in scenario.goods.product else 'category'}.{key}"


def _of_marketplace(name: str) -> str:
    return f"marketplace.{name.partition('.')[2]}.{VAT}"


def _of_handling(name: str) -> str:
    return f"handling.{name.removeprefix('minutes_')}"


def _goods(scenario: Scenario) -> dict[str, str]:
    goods = scenario.goods
    by_key = {**goods.category, **goods.product}
    own = {f"{LANDED}.{key}": f"{share:f}" for key, share in by_key.items()}
    return own if goods.landed_cost_share is None else {LANDED: f"{goods.landed_cost_share:f}", **own}


def _vat(scenario: Scenario) -> dict[str, str]:
    return {
        f"{VAT}.{name}": f"{sales.vat_share if sales.prices_with_vat else Decimal(0):f}"
        for name, sales in scenario.marketplace.items()
        if sales.prices_with_vat is not None
    }


def _minutes(scenario: Scenario, declared: Parameters, world: World) -> dict[str, str]:
    """Return the minutes of each kind of task: its mean, without what languages and paces make of it."""
    other = _number(Decimal(repr(float(world["other_task_minutes"]))))
    means = {str(kind): _number(Decimal(spec.mean) / MINUTE) for kind, spec in scenario.handling.items()}
    kinds = (name.removeprefix("minutes_") for name in declared.by_name if name.startswith("minutes_"))
    return {f"minutes_{kind}": means.get(kind, other) for kind in kinds} | {f"minutes_{OTHER_TASK}": other}


def _number(exact: Decimal) -> str:
    return f"{exact.quantize(_FINEST, ROUND_HALF_UP).normalize():f}"


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
