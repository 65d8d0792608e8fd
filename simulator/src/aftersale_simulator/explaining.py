"""Explanations: every number that a scenario's world runs on, with where it comes from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypedDict

from aftersale_simulator.parameters import default_profile
from aftersale_simulator.scenario import Scenario, ScenarioFile
from aftersale_simulator.world import World

if TYPE_CHECKING:
    from aftersale.plugins import Plugins
    from aftersale.worlds import Parameter

SCENARIO, PRESET, PLUGIN, SIMULATOR = "scenario", "preset", "plugin", "simulator"
"""Who sets a value: `[world]` of the scenario, a preset that it asks for, a marketplace's plugin, or the simulator."""


class Explained(TypedDict):
    """One number of one marketplace's world; what has no range has none."""

    parameter: str
    marketplace: str
    value: float
    set_by: str
    default: float
    low: float
    high: float
    unit: str
    source: str
    grade: str


class Shape(TypedDict):
    """The weights of the hours of a marketplace's day and of the days of its week."""

    marketplace: str
    hourly: list[float]
    weekly: list[float]
    source: str


def explained(source: ScenarioFile, plugins: Plugins) -> list[Explained]:
    """Return every declared parameter for every marketplace of the scenario, in the order of their declaration."""
    scenario = source.scenario
    worlds = {
        place: World(scenario.world, place, plugins.worlds, presets=scenario.presets) for place in scenario.marketplace
    }
    found = []
    for name, declared in source.words.parameters.items():
        for place in scenario.marketplace:
            own = _declared(declared, place)
            if own is not None:
                found.append(_explained(name, place, worlds[place], own, scenario))
    return found


def _declared(declared: Sequence[Parameter], place: str) -> Parameter | None:
    """Return the declaration that holds on a marketplace: its plugin's, or else the simulator's."""
    own = next((one for one in declared if place in one.marketplaces), None)
    return own or next((one for one in declared if not one.marketplaces), None)


def _explained(name: str, place: str, world: World, declared: Parameter, scenario: Scenario) -> Explained:
    preset = next((preset for preset in reversed(world.presets.values()) if name in preset.values), None)
    by_plugin = PLUGIN if declared.marketplaces else SIMULATOR
    source, grade = (declared.source, declared.grade) if preset is None else (preset.source, preset.grade)
    return Explained(
        parameter=name,
        marketplace=place,
        value=world[name],
        set_by=SCENARIO if name in scenario.world else by_plugin if preset is None else PRESET,
        default=float(declared.default),
        low=float(declared.low),
        high=float(declared.high),
        unit=declared.unit,
        source=source,
        grade=grade,
    )


def shapes(scenario: Scenario) -> Iterator[Shape]:
    """Yield the shape of each marketplace's day and week: the scenario's own, or the declared one."""
    usual = default_profile()
    for place, sales in scenario.marketplace.items():
        own = [name for name in ("hourly", "weekly") if getattr(sales, name) is not None]
        yield Shape(
            marketplace=place,
            hourly=list(map(float, sales.hourly or usual.hourly)),
            weekly=list(map(float, sales.weekly or usual.weekly)),
            source="scenario" if len(own) == 2 else usual.source,
        )
