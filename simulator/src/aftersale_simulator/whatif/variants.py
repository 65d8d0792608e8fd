"""Variants: the variants of a scenario to compare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from operator import attrgetter
from pathlib import Path
from typing import Any

from attrs import evolve, field, frozen

from aftersale.base.errors import DocumentError, Problem
from aftersale.base.toml_lines import Lines, below, lines_of
from aftersale_simulator.resolved.period import PeriodReport
from aftersale_simulator.scenario.document import ScenarioFile, found_from, parse_scenario, rooted
from aftersale_simulator.scenario.model import Scenario
from aftersale_simulator.scenario.overrides import changed, parse_assignment, with_changes
from aftersale_simulator.scenario.vocabulary import Vocabulary, shipped
from aftersale_simulator.stress.trials import check_stresses, stress_names, with_stress

Changes = dict[str, Any]
_SHARED = (
    "seed",
    "replications",
    "currency",
    "orders",
    "goods.catalogue",
    "period.measured",
    "period.warm_up",
    "targets.share_of_replications",
    "cheapest",
)
"""What all variants share: they meet the same buyers, as often and as long, have one currency, and are ranked alike."""


@frozen
class Variant:
    """One variant to simulate: its name, its changes to the scenario, and the changed scenario.

    `calm` names the variant that this one is under stress; it is empty without stress. `where` is how messages name it,
    with the line of the file that declares it.
    """

    name: str
    changes: Changes
    scenario: Scenario
    calm: str = ""
    where: str = field(default="", eq=False)


@frozen
class Plan:
    """What to compare.

    `raw` is the scenario's document with all changes that every variant has; `settings` are those of the changes that
    a user set by path, `beside` the paths of those that no user wrote. `period` has what there is to say of its days,
    where plugins were asked.
    """

    raw: dict[str, Any]
    scenario: Scenario
    settings: Changes
    variants: tuple[Variant, ...]
    words: Vocabulary = field(factory=shipped)
    beside: tuple[str, ...] = ()
    period: PeriodReport | None = None

    @property
    def runs(self) -> int:
        """The number of replications to run, over all variants."""
        return len(self.variants) * self.scenario.replications


def plan(
    source: ScenarioFile,
    vary: Sequence[str] = (),
    settings: Sequence[str] = (),
    options: Mapping[str, Any] | None = None,
    stress: Sequence[str] = (),
) -> Plan:
    """Return what to compare: the grid of `vary`, or else the scenario and the variants that it declares.

    With a `stress`, or several at once, the plan has each variant twice, without and with it. `vary` and `settings` are
    assignments `PATH=VALUE…`, `options` are changes from other options. Raises DocumentError with the problems of all.
    """
    set_values, words = _settings(settings), source.words
    changes = {**set_values, **(options or {})}
    raw = changed(source.raw, changes, "--set", words) if changes else source.raw
    scenario = parse_scenario(raw, "--set" if changes else source.source, words, (source.raw, source.scenario))
    grid = list(_grid(raw, scenario, vary, words)) if vary else list(_declared(scenario))
    origin = "--vary" if vary else source.source
    if stress:  # what is wrong with it is told once, not of every variant
        check_stresses(stress, words)
        parse_scenario(with_stress(raw, stress), "--stress", words, (raw, scenario))
    pairs = list(_with_stress(raw, grid, stress, words)) if stress else [(*variant, "") for variant in grid]
    lines = None if vary else lines_of(source.raw)
    folder = None if vary else source.folder
    variants = tuple(_variants(raw, scenario, pairs, Origin(origin, lines), words, folder))
    beside = tuple(path for path in (*source.beside, *(options or {})) if path not in set_values)
    return Plan(raw, scenario, set_values, variants, words, beside)


def _with_stress(
    raw: Mapping[str, Any], grid: Iterable[tuple[str, Changes]], stress: Sequence[str], words: Vocabulary
) -> Iterator[tuple[str, Changes, str]]:
    """Yield every variant without the stress and with it."""
    stress_name = ", ".join(stress_names(stress))
    for name, changes in grid:
        yield name, changes, ""
        document = changed(raw, changes, name, words)
        yield f"{name} + {stress_name}", {**changes, "event": with_stress(document, stress)["event"]}, name


def _settings(assignments: Sequence[str]) -> Changes:
    settings: Changes = {}
    problems: list[Problem] = []
    for path, values in _parse(assignments, "--set"):
        if len(values) > 1:
            hint = "quote a value that has a comma in it; --vary takes several values"
            problems.append(Problem("--set", path, f"{len(values)} values where one is set", hint))
        settings[path] = values[0]
    if problems:
        raise DocumentError("--set", tuple(problems))
    return settings


def _parse(assignments: Sequence[str], option: str) -> list[tuple[str, list[Any]]]:
    """Return (path, values) of each assignment; raises DocumentError for wrong and repeated assignments."""
    pairs: list[tuple[str, list[Any]]] = []
    problems: list[Problem] = []
    for text in assignments:
        try:
            pairs.append(parse_assignment(text, option))
        except DocumentError as error:
            problems += error.problems
    for path, times in Counter(path for path, _ in pairs).items():
        if times > 1:
            problems.append(Problem(option, path, f"is given {times} times", "give each path once"))
    if problems:
        raise DocumentError(option, tuple(problems))
    return pairs


def _grid(
    raw: Mapping[str, Any], scenario: Scenario, vary: Sequence[str], words: Vocabulary
) -> Iterator[tuple[str, Changes]]:
    """Yield every combination of the values, named by its values; the first path varies slowest."""
    axes = _parse(vary, "--vary")
    _check_axes(raw, scenario, axes, words)
    labels = _labels([path for path, _ in axes])
    for values in product(*(values for _, values in axes)):
        name = ", ".join(f"{label} {_value_text(value)}" for label, value in zip(labels, values, strict=True))
        yield name, {path: value for (path, _), value in zip(axes, values, strict=True)}


def _check_axes(
    raw: Mapping[str, Any], scenario: Scenario, axes: Sequence[tuple[str, list[Any]]], words: Vocabulary
) -> None:
    """Refuse a value that is wrong by itself once, not in every combination that has it."""
    problems: list[Problem] = []
    for path, values in axes:
        for value in values:
            try:
                with_changes(raw, {path: value}, "--vary", words, scenario)
            except DocumentError as error:
                problems += error.problems
    if problems:
        raise DocumentError("--vary", tuple(dict.fromkeys(problems)))


def _labels(paths: Sequence[str]) -> list[str]:
    """Return the last word of each path, or the whole path if two paths end alike or the word is a number."""
    ends = [path.rpartition(".")[2] for path in paths]
    return [
        end if ends.count(end) == 1 and not end.isdecimal() else path for path, end in zip(paths, ends, strict=True)
    ]


def _value_text(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key} {_value_text(item)}' for key, item in value.items())}}}"
    return f"[{', '.join(map(_value_text, value))}]" if isinstance(value, list) else str(value)


def _declared(scenario: Scenario) -> Iterator[tuple[str, Changes]]:
    yield scenario.base, {}
    yield from ((variant.name, variant.set) for variant in scenario.variant)


@frozen
class Origin:
    """Where variants come from: a file, with its lines, or an option."""

    source: str
    lines: Lines | None = None

    def where(self, name: str, number: int | None = None, path: str = "", changes: Changes | None = None) -> str:
        """Return how messages name a variant, declared as the `number`-th, or what it sets at a path."""
        if self.lines is None or number is None:
            return f"{self.source}, variant '{name}'"
        place = f"variant[{number}]"
        for change in changes or ():
            if path.startswith(change):
                place = below(f"{place}.set", change)
        return f"{self.source}:{self.lines.of(place)}, variant '{name}'"


def _variants(
    raw: Mapping[str, Any],
    base: Scenario,
    declared: Iterable[tuple[str, Changes, str]],
    origin: Origin,
    words: Vocabulary,
    folder: Path | None = None,
) -> Iterator[Variant]:
    """Build every variant; raises DocumentError with the problems of all, each naming the variant.

    A handbook that a file's variant names is found from the file's `folder`.
    """
    problems: list[Problem] = []
    variants: dict[str, Variant] = {}
    numbers = {str(variant.name): number for number, variant in reversed(list(enumerate(base.variant)))}
    for name, changes, calm in declared:
        number = numbers.get(calm or name)
        if name in variants:
            numbers_of_name = [number for number, variant in enumerate(base.variant) if variant.name == name]
            where = origin.where(name, max(numbers_of_name, default=None))
            problems.append(Problem(where, "", "the name is taken", "give each variant a name of its own"))
        try:
            scenario = with_changes(raw, changes, "", words, base)
            if folder is not None and "handbook" in changes:
                scenario = evolve(scenario, handbook=found_from(folder, scenario.handbook))
            where = f"variant '{name}'" if number is None else origin.where(name, number)
            variants[name] = Variant(name, changes, scenario, calm, where)
        except DocumentError as error:
            problems += (
                evolve(problem, where=origin.where(name, number, problem.path, changes)) for problem in error.problems
            )
    if len(variants) and not problems:
        places = {name: origin.where(name, numbers.get(variant.calm or name)) for name, variant in variants.items()}
        problems += _differences(list(variants.values()), places)
    if problems:
        raise DocumentError(origin.source, tuple(dict.fromkeys(problems)))
    return iter(variants.values())


def _differences(variants: Sequence[Variant], places: Mapping[str, str]) -> Iterator[Problem]:
    """Yield a problem for each difference between variants in what they must share."""
    first, *rest = variants
    for path in _SHARED:
        read = attrgetter(path)
        for variant in rest:
            if read(variant.scenario) != read(first.scenario):
                hint = "set it for all, with --set or in the file"
                yield Problem(places[variant.name], path, f"is not the same as in '{first.name}'", hint)


def reproduced(plan: Plan) -> dict[str, Any]:
    """Return one scenario document that gives the same variants without options.

    Files that were set by path are named as they were found, wherever the document will stand.
    """
    first, *rest = plan.variants
    raw = rooted(changed(plan.raw, first.changes, first.name, plan.words), Path())
    document = {name: value for name, value in raw.items() if name != "variant"}
    variants = [{"name": variant.name, "set": _beside(first.changes, _as_found(variant))} for variant in rest]
    return {**document, "base": first.name, **({"variant": variants} if variants else {})}


def _as_found(variant: Variant) -> Changes:
    """Return the changes of a variant with its handbook as it was found, wherever the document will stand."""
    found = variant.scenario.handbook
    return {**variant.changes, "handbook": found} if "handbook" in variant.changes else variant.changes


def _beside(first: Changes, changes: Changes) -> Changes:
    """Return the changes relative to the first variant's."""
    return {path: value for path, value in changes.items() if first.get(path) != value or path not in first}
