"""Rehearsal: a short run on one marketplace, by which the conformance suite of core tries a plugin.

Core finds `rehearse` by the entry point group `aftersale.rehearsals` and imports nothing of the simulator itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from aftersale.base.errors import AftersaleError, HookHangs, did_you_mean
from aftersale.base.toml_files import read
from aftersale.base.watch import explained
from aftersale_simulator.assumptions.parameters import load_parameters
from aftersale_simulator.resolved.scenario import ResolvedScenario, resolve
from aftersale_simulator.runs.run import run
from aftersale_simulator.scenario.document import parse_scenario
from aftersale_simulator.scenario.vocabulary import vocabulary

if TYPE_CHECKING:
    from aftersale.plugins.plugins import Plugins

_TEAM = "desk"
_NOBODY = {"agents": 0}


def rehearse(plugins: Plugins, marketplace: str) -> Iterator[str]:
    """Yield what goes wrong when a short period of this marketplace is simulated, with a desk and without.

    With a desk, tasks are done and buyers react to it; without one, every deadline passes. What the marketplace's own
    contacts bring is made frequent, so that few days show every kind of case. The same plugins give the same answer.
    """
    yield from _unread(plugins, marketplace)
    told: set[str] = set()
    for desk, team in (("", {}), (" with nobody at the desk", _NOBODY)):
        try:
            result = run(_resolved(plugins, marketplace, team), 1)
        except HookHangs:
            raise
        except Exception as error:
            what = str(error) if isinstance(error, AftersaleError) else explained(error)
            if what not in told:
                yield f"{marketplace}{desk}: {what}"
            told.add(what)
        else:
            yield from (f"{marketplace}{desk}: {cause}, on {count} cases" for cause, count in result.failed.items())


def _unread(plugins: Plugins, name: str) -> Iterator[str]:
    """Yield the parameters declared here that no stream of the plugins reads, nor the simulator itself."""
    own = {parameter.name for parameter in load_parameters()}
    for world in plugins.worlds:
        read: set[str] = {word for contact in world.contact for word in (contact.rate, contact.delay_days)}
        read |= {word for row in world.reaction for word in row.quantities().values() if isinstance(word, str)}
        read |= {word for closure in world.closure for word in (closure.share, closure.lasts_days)}
        for parameter in world.parameter:
            if (
                name in parameter.marketplaces
                and parameter.name not in own | read
                and not _by_category(parameter.name, own)
            ):
                hint = did_you_mean(parameter.name, own) or "a contact, a reaction or a closure reads what names it"
                yield f"{name}: nothing reads the parameter '{parameter.name}' ({hint})"


def _by_category(name: str, own: Collection[str]) -> bool:
    """Whether a parameter is that of a category, such as a rate with the category behind its name."""
    return any(name.startswith(f"{other}_") or name.startswith(f"{other}.") for other in own)


def _resolved(plugins: Plugins, marketplace: str, team: dict[str, Any]) -> ResolvedScenario:
    document = _document(plugins, marketplace, team)
    scenario = parse_scenario(document, f"the rehearsal of {marketplace}", vocabulary(plugins))
    return resolve(scenario, plugins, str(scenario.name))


@cache
def _shipped() -> dict[str, Any]:
    return dict(read(files("aftersale_simulator.scenario") / "shipped" / "rehearsal.toml"))


def _document(plugins: Plugins, name: str, team: dict[str, Any]) -> dict[str, Any]:
    """Return the shipped rehearsal as a scenario of one marketplace."""
    document = {key: value for key, value in _shipped().items() if key not in ("sales", "team", "contacts")}
    place = plugins.marketplaces[name]
    return {
        **document,
        "currency": str(place.currency),
        "period": {**document["period"], "start": _start(plugins, name, document["period"]["start"])},
        "marketplace": {name: _shipped()["sales"]},
        "team": {_TEAM: {"zone": str(place.zone), **_shipped()["team"], **team}},
        "handling": {},
        "world": _frequent(plugins, name),
    }


def _start(plugins: Plugins, name: str, usual: date) -> date:
    """Return the last day near the usual one on which rules of the marketplace change, or the usual one."""
    turns = [turn for turn in plugins.rules.turns(name) if abs(turn.year - usual.year) <= 1]
    return max(turns, default=usual)


def _frequent(plugins: Plugins, name: str) -> dict[str, float]:
    """Return the rates of the contacts that plugins add here, so high that a few days have cases of each."""
    least = float(_shipped()["contacts"]["least_rate"])
    known = vocabulary(plugins).parameters
    rates = {contact.rate for world in plugins.worlds for contact in world.contact if name in contact.marketplaces}
    declared = {rate: [row for row in known[rate] if name in row.marketplaces] for rate in rates}
    return {
        str(rate): min(float(row.high), max(float(row.default), least))
        for rate, rows in declared.items()
        for row in rows
    }
