"""Scenario: all settings of a scenario, and which of them changed nothing in a run."""

from __future__ import annotations

from collections.abc import Iterator

from aftersale_simulator.effects.costs import of_costs
from aftersale_simulator.effects.desk import of_handling, of_teams
from aftersale_simulator.effects.events import of_events, of_plugins, of_reactions, of_versions
from aftersale_simulator.effects.handbook import of_handbook
from aftersale_simulator.effects.sales import of_marketplaces
from aftersale_simulator.effects.trace import Effects, Setting, Trace
from aftersale_simulator.scenario.model import Targets

_USUAL_SHARE = Targets().share_of_replications


def effects_of(trace: Trace) -> Effects:
    """Return the effects of a scenario's settings on a run; what has its default is no setting."""
    return Effects.of(_settings(trace))


def _settings(trace: Trace) -> Iterator[Setting]:
    yield from of_handbook(trace)
    yield from of_plugins(trace)
    yield from of_versions(trace)
    yield from of_marketplaces(trace)
    yield from of_teams(trace)
    yield from of_handling(trace)
    scenario = trace.resolved.scenario
    for name in scenario.world:
        yield Setting(f"world.{name}", "" if name in trace.reads else "unread")
    yield from of_reactions(trace)
    if scenario.targets.share_of_replications != _USUAL_SHARE:
        yield Setting("targets.share_of_replications", "" if trace.judged else "unjudged")
    yield from of_costs(trace)
    yield from of_events(trace)
