"""Documents: a scenario's TOML file, read with every mistake told at once by its path."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from attrs import evolve, field, fields, frozen

from aftersale.base.errors import DocumentError, Problem
from aftersale.base.toml_files import read
from aftersale.documents.structure import structure
from aftersale.reports.orders.formats import OrderFormat
from aftersale_simulator.scenario import checks
from aftersale_simulator.scenario.model import Scenario
from aftersale_simulator.scenario.vocabulary import Vocabulary, shipped

_INSIDE = re.compile(r"^orders\.mapping\b")


@frozen
class ScenarioFile:
    """A scenario with the document that it came from and the words that it may use, so that paths in it can be set."""

    source: str
    raw: dict[str, Any]
    scenario: Scenario
    folder: Path
    words: Vocabulary = field(factory=shipped)

    @classmethod
    def of(cls, source: str, raw: dict[str, Any], folder: Path, words: Vocabulary | None = None) -> ScenarioFile:
        """Return the file of a parsed document; raises DocumentError as `parse_scenario` does."""
        known = words or shipped()
        return cls(source, raw, parse_scenario(raw, source, known), folder, known)


def default_scenario() -> Traversable:
    """Return the scenario that is shipped, which `whatif` takes when none is given."""
    return files("aftersale_simulator.scenario") / "shipped" / "default.toml"


def load_scenario(path: Path | Traversable | None = None, words: Vocabulary | None = None) -> ScenarioFile:
    """Return the scenario of a TOML file, by default the shipped one.

    It may use these words, by default those that need no plugin. Raises DocumentError with every problem of the file,
    each with its path and the allowed words.
    """
    place = default_scenario() if path is None else path
    source = str(path) if path is not None else "aftersale_simulator/scenarios/default.toml"
    folder = place.parent if isinstance(place, Path) else Path()
    return ScenarioFile.of(source, rooted(read(place), folder), folder, words)


def rooted(raw: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return the document with the files that it names made absolute, as seen from `folder`."""
    found = dict(raw)
    if isinstance(found.get("handbook"), str) and found["handbook"]:
        found["handbook"] = str((folder / found["handbook"]).absolute())
    orders = found.get("orders")
    if isinstance(orders, dict) and isinstance(orders.get("file"), str) and orders["file"]:
        found["orders"] = {**orders, "file": str((folder / orders["file"]).absolute())}
    return found


def parse_scenario(
    raw: Mapping[str, Any],
    source: str,
    words: Vocabulary | None = None,
    before: tuple[Mapping[str, Any], Scenario] | None = None,
) -> Scenario:
    """Return the scenario of a parsed document; raises DocumentError with all its problems at once.

    `before` is a document that was parsed by the same words, with its scenario: the tables that both documents share,
    the same objects, are taken from there.
    """
    known = words or shipped()
    problems = [
        *checks.world_flaws(raw.get("world"), source, known),
        *checks.handling_flaws(raw.get("handling"), source, known),
        *checks.event_flaws(raw.get("event"), source, known),
        *checks.preset_flaws(raw.get("presets"), source, known),
        *checks.category_flaws(raw.get("marketplace"), source, known),
    ]
    try:
        scenario = structure(Scenario, {**_mapping_apart(raw), **_known(raw, before)}, source)
    except DocumentError as error:
        told = [evolve(problem, path=_INSIDE.sub("orders", problem.path)) for problem in error.problems]
        raise DocumentError(source, _in_order([*told, *problems])) from None
    problems += checks.scenario_flaws(scenario, source, known)
    if problems:
        raise DocumentError(source, _in_order(problems))
    return scenario


def _known(raw: Mapping[str, Any], before: tuple[Mapping[str, Any], Scenario] | None) -> dict[str, Any]:
    """Return, by key, what is known already of a document that shares tables with one that was parsed before."""
    if before is None:
        return {}
    document, scenario = before
    return {key: getattr(scenario, key) for key, value in raw.items() if key in document and document[key] is value}


def _mapping_apart(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document with the keys of an order format that stand in `[orders]` as its `mapping`."""
    orders = raw.get("orders")
    keys = {spec.name for spec in fields(OrderFormat)}
    if not isinstance(orders, dict) or not keys & orders.keys():
        return dict(raw)
    mapping = {key: value for key, value in orders.items() if key in keys}
    given = orders.get("mapping", {})
    both = {**given, **mapping} if isinstance(given, dict) else given
    kept = {key: value for key, value in orders.items() if key not in keys}
    return {**raw, "orders": {**kept, "mapping": both}}


def _in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(set(problems), key=lambda problem: (problem.path, problem.what)))
