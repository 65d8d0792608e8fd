"""Documents: a scenario's TOML file, read with all its problems reported at once, each by its path."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from attrs import evolve, field, fields, frozen

from aftersale.base.errors import DocumentError, Problem, did_you_mean
from aftersale.base.toml_files import read
from aftersale.base.toml_lines import Place, TomlDocument, is_written, lines_of, located
from aftersale.channels import CHANNELS
from aftersale.documents.scalars import Rate, Share, Word
from aftersale.documents.structure import structure
from aftersale.reports.orders.formats import OrderFormat
from aftersale_simulator.scenario import checks
from aftersale_simulator.scenario.checks import TOP, at_top, in_table, table_of
from aftersale_simulator.scenario.costs import cost_problems
from aftersale_simulator.scenario.holidays import placed
from aftersale_simulator.scenario.model import SHIPPED_HANDBOOK, OrderSource, Scenario, Targets
from aftersale_simulator.scenario.rates import rate_problems
from aftersale_simulator.scenario.reactions import of_scenario
from aftersale_simulator.scenario.vocabulary import Vocabulary, shipped

_INSIDE = re.compile(r"^orders\.mapping\b")
_NAMES = ("rates", "costs", "handling")
"""Tables whose keys are names of other things, so that any key is one there."""
_LIMITS: dict[str, Any] = {"share": dict[str, Share], "hours": dict[str, Rate]}
"""What the limits of plugins' metrics may be, by the metric's unit."""


@frozen
class ScenarioFile:
    """A scenario with its document and the words that it may use, so that paths in it can be set.

    `beside` are beginnings of paths whose values no user wrote, such as those that follow an order file.
    """

    source: str
    raw: dict[str, Any]
    scenario: Scenario
    folder: Path
    words: Vocabulary = field(factory=shipped)
    beside: tuple[str, ...] = ()

    @classmethod
    def of(cls, source: str, raw: dict[str, Any], folder: Path, words: Vocabulary | None = None) -> ScenarioFile:
        """Return the file of a parsed document; raises DocumentError as `parse_scenario` does."""
        vocabulary = words or shipped()
        return cls(source, raw, parse_scenario(raw, source, vocabulary), folder, vocabulary)


def default_scenario() -> Traversable:
    """Return the scenario that is shipped, which `whatif` takes when none is given."""
    return files("aftersale_simulator.scenario") / "shipped" / "default.toml"


def load_scenario(path: Path | Traversable | None = None, words: Vocabulary | None = None) -> ScenarioFile:
    """Return the scenario of a TOML file, by default the shipped one.

    It may use these words, by default those that need no plugin. Raises DocumentError with every problem of the file,
    each with its path and the allowed words.
    """
    file = default_scenario() if path is None else path
    source = str(path) if path is not None else "aftersale_simulator/scenarios/default.toml"
    folder = file.parent if isinstance(file, Path) else Path()
    return ScenarioFile.of(source, rooted(read(file), folder), folder, words)


def found_from(folder: Path, handbook: str | None) -> Word | None:
    """Return where a handbook is that a scenario of a folder names; the shipped one is in none."""
    if handbook is None or handbook == SHIPPED_HANDBOOK:
        return None if handbook is None else Word(handbook)
    return Word(str((folder / handbook).absolute()))


def rooted(raw: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return the document with the files that it names made absolute, as seen from `folder`."""
    lines = lines_of(raw)
    document = dict(raw) if lines is None else TomlDocument(raw, lines)
    if isinstance(document.get("handbook"), str) and document["handbook"]:
        document["handbook"] = found_from(folder, document["handbook"])
    for name, key in (("orders", "file"), ("goods", "catalogue")):
        table = document.get(name)
        if isinstance(table, dict) and isinstance(table.get(key), str) and table[key]:
            document[name] = {**table, key: str((folder / table[key]).absolute())}
    return document


def parse_scenario(
    raw: Mapping[str, Any],
    source: str,
    words: Vocabulary | None = None,
    before: tuple[Mapping[str, Any], Scenario] | None = None,
) -> Scenario:
    """Return the scenario of a parsed document; raises DocumentError with all its problems at once, with their lines.

    `before` is a document that was parsed with the same words, and its scenario: values of tables that both documents
    share (the same objects) are taken from that scenario.
    """
    vocabulary = words or shipped()
    problems = [
        *checks.world_problems(raw.get("world"), source, vocabulary),
        *checks.handling_problems(raw.get("handling"), source, vocabulary),
        *checks.event_problems(raw.get("event"), source, vocabulary),
        *checks.preset_problems(raw.get("presets"), source, vocabulary),
        *checks.version_problems(raw.get("rule_versions"), source, vocabulary),
        *checks.category_problems(raw.get("marketplace"), source, vocabulary),
        *rate_problems(raw.get("rates"), raw.get("currency"), source),
    ]
    targets, of_targets = _metric_targets(raw.get("targets"), source, vocabulary)
    problems += of_targets
    written = _with_usual_targets(_with_mapping(raw), vocabulary)
    try:
        scenario = structure(Scenario, {**written, **_shared_values(raw, before)}, source)
    except DocumentError as error:
        type_problems = [_as_written(problem, vocabulary) for problem in error.problems]
        raise DocumentError(source, located(_in_order([*type_problems, *problems]), raw)) from None
    problems += checks.scenario_problems(scenario, source, vocabulary)
    problems += cost_problems(scenario, source, vocabulary)
    problems += of_scenario(scenario.reaction, source, vocabulary, _sold(scenario))
    scenario = evolve(scenario, targets=evolve(scenario.targets, metrics=targets))
    scenario, of_holidays = placed(scenario, source)
    problems += of_holidays
    if problems:
        raise DocumentError(source, located(_in_order(problems), raw))
    return _with_place(scenario, raw, source)


def _sold(scenario: Scenario) -> dict[str, Sequence[str]]:
    """Return what reactions may be narrowed to, by the keys of their rows; an order file may have any category.

    So may it any product, and a scenario that names none has none.
    """
    categories = [str(name) for sales in scenario.marketplace.values() for name in sales.categories]
    products = [str(name) for sales in scenario.marketplace.values() for name in sales.product]
    return {
        "marketplaces": list(map(str, scenario.marketplace)),
        "channels": list(CHANNELS),
        "categories": [] if scenario.orders is not None else list(dict.fromkeys(categories)),
        "products": [] if scenario.orders is not None else list(dict.fromkeys(products)),
    }


def _with_usual_targets(document: dict[str, Any], words: Vocabulary) -> dict[str, Any]:
    """Return the document without the targets on plugins' metrics."""
    targets = document.get("targets")
    if not isinstance(targets, dict):
        return document
    return {**document, "targets": {name: limit for name, limit in targets.items() if name not in words.metrics}}


def _metric_targets(targets: Any, source: str, words: Vocabulary) -> tuple[dict[str, float], list[Problem]]:
    """Return the limits of an unchecked `[targets]` on plugins' metrics, and what is wrong with them."""
    limits, problems = dict[str, float](), list[Problem]()
    for unit, kind in _LIMITS.items():
        written = {
            name: limit
            for name, limit in (targets.items() if isinstance(targets, dict) else ())
            if words.metrics.get(name) == unit
        }
        try:
            limits |= {name: float(limit) for name, limit in structure(kind, written, source).items()}
        except DocumentError as error:
            problems += [evolve(problem, path=f"targets.{problem.path}") for problem in error.problems]
    return limits, problems


def _with_place(scenario: Scenario, raw: Mapping[str, Any], source: str) -> Scenario:
    """Return the scenario with the place of its order format, which only the order file proves right or wrong."""
    lines, orders = lines_of(raw), scenario.orders
    if lines is None or orders is None or orders.mapping is None:
        return scenario
    path = "orders.mapping" if "mapping" in raw["orders"] else "orders"
    mapping = evolve(orders.mapping, place=Place(lines, path, source))
    return evolve(scenario, orders=evolve(orders, mapping=mapping))


def _as_written(problem: Problem, words: Vocabulary) -> Problem:
    """Return a problem as of the file.

    There the keys of an order format may stand in `[orders]` itself, and targets on plugins' metrics in `[targets]`.
    """
    path = _INSIDE.sub("orders", problem.path)
    table, _, key = path.rpartition(".")
    if table and key in TOP and problem.what == "unknown key":
        return evolve(problem, path=path, hint=at_top(key))
    if not table and problem.what == "unknown key" and (belongs := table_of(key, words)):
        return evolve(problem, path=path, hint=in_table(key, belongs))
    if table not in ("orders", "targets") or problem.what != "unknown key":
        return evolve(problem, path=path)
    specs = (*fields(OrderSource), *fields(OrderFormat)) if table == "orders" else fields(Targets)
    more = words.metrics if table == "targets" else ()
    keys = dict.fromkeys([*(spec.name for spec in specs if is_written(spec)), *more])
    hint = did_you_mean(key, keys) or f"allowed here: {', '.join(keys)}"
    return evolve(problem, path=path, hint=hint)


def _shared_values(raw: Mapping[str, Any], before: tuple[Mapping[str, Any], Scenario] | None) -> dict[str, Any]:
    """Return by key the parsed values of the tables that a document shares with one that was parsed before.

    Events are no such values: where they stand hangs on the period and the teams.
    """
    if before is None:
        return {}
    document, scenario = before
    shared = [key for key, value in raw.items() if key != "event" and key in document and document[key] is value]
    return {key: getattr(scenario, key) for key in shared}


def _with_mapping(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document with the keys of an order format in `[orders]` moved into its `mapping`."""
    orders = raw.get("orders")
    keys = {spec.name for spec in fields(OrderFormat) if is_written(spec)}
    if not isinstance(orders, dict) or not keys & orders.keys():
        return dict(raw)
    mapping = {key: value for key, value in orders.items() if key in keys}
    table = orders.get("mapping", {})
    merged = {**table, **mapping} if isinstance(table, dict) else table
    rest = {key: value for key, value in orders.items() if key not in keys}
    return {**raw, "orders": {**rest, "mapping": merged}}


def _in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(set(map(_hinted, problems)), key=lambda problem: (problem.path, problem.what)))


def _hinted(problem: Problem) -> Problem:
    """Return a problem of a table of names with the place of its key, where that is one of the file itself."""
    table, _, key = problem.path.rpartition(".")
    return evolve(problem, hint=at_top(key)) if table in _NAMES and key in TOP else problem
