"""Plans: which variants of a scenario are to be compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from operator import attrgetter
from typing import Any

from attrs import field, frozen

from aftersale.base.errors import DocumentError, Problem
from aftersale_simulator.scenario.document import ScenarioFile, parse_scenario
from aftersale_simulator.scenario.events import Event
from aftersale_simulator.scenario.model import Scenario
from aftersale_simulator.scenario.overrides import changed, parse_assignment, with_changes
from aftersale_simulator.scenario.vocabulary import Vocabulary, shipped
from aftersale_simulator.stress.trials import stress_events, stress_names, stressed

Changes = dict[str, Any]
_SHARED = (
    "seed",
    "replications",
    "currency",
    "orders",
    "period.measured",
    "period.warm_up",
    "targets.share_of_replications",
)
"""What holds for all variants: they meet the same buyers, as often and as long, and cost the same money."""


@frozen
class Variant:
    """One variant to simulate: its name, what it changes in the scenario, and the scenario that results.

    `calm` names the variant that it is under stress; it is empty without stress.
    """

    name: str
    changes: Changes
    scenario: Scenario
    calm: str = ""


@frozen
class Plan:
    """What to compare.

    `raw` is the scenario with everything made in it that holds for every variant; `settings` are those of it
    that were asked for by path.
    """

    raw: dict[str, Any]
    scenario: Scenario
    settings: Changes
    variants: tuple[Variant, ...]
    words: Vocabulary = field(factory=shipped)
    stress: tuple[Event, ...] = ()

    @property
    def runs(self) -> int:
        """How many replications there are to run, over all variants."""
        return len(self.variants) * self.scenario.replications


def plan(
    source: ScenarioFile,
    vary: Sequence[str] = (),
    settings: Sequence[str] = (),
    options: Mapping[str, Any] | None = None,
    stress: Sequence[str] = (),
) -> Plan:
    """Return what is to be compared: the grid of `vary`, or else the scenario and the variants it names.

    With a `stress`, or several at once, each variant stands there twice, without and with it. `vary` and `settings` are
    assignments `PATH=VALUE…`, `options` changes made by other means. Raises DocumentError with the problems of all.
    """
    own, words = _settings(settings), source.words
    chosen = {**own, **(options or {})}
    raw = changed(source.raw, chosen, "--set", words) if chosen else source.raw
    scenario = parse_scenario(raw, "--set" if chosen else source.source, words, (source.raw, source.scenario))
    grid = list(_grid(raw, scenario, vary, words)) if vary else list(_named(scenario))
    origin = "--vary" if vary else source.source
    pairs = list(_stressed(raw, grid, stress, words)) if stress else [(*one, "") for one in grid]
    events = stress_events(stress)
    return Plan(raw, scenario, own, tuple(_variants(raw, scenario, pairs, origin, words)), words, events)


def _stressed(
    raw: Mapping[str, Any], grid: Iterable[tuple[str, Changes]], stress: Sequence[str], words: Vocabulary
) -> Iterator[tuple[str, Changes, str]]:
    """Yield every variant without the stress and with it."""
    added = ", ".join(stress_names(stress))
    for name, changes in grid:
        yield name, changes, ""
        own = changed(raw, changes, name, words)
        yield f"{name} + {added}", {**changes, "event": stressed(own, stress)["event"]}, name


def _settings(assignments: Sequence[str]) -> Changes:
    found: Changes = {}
    problems: list[Problem] = []
    for path, values in _parsed(assignments, "--set"):
        if len(values) > 1:
            hint = "quote a value that has a comma in it; --vary takes several values"
            problems.append(Problem("--set", path, f"{len(values)} values where one is set", hint))
        found[path] = values[0]
    if problems:
        raise DocumentError("--set", tuple(problems))
    return found


def _parsed(assignments: Sequence[str], option: str) -> list[tuple[str, list[Any]]]:
    """Return (path, values) of each assignment; raises DocumentError for wrong and repeated ones."""
    found: list[tuple[str, list[Any]]] = []
    problems: list[Problem] = []
    for text in assignments:
        try:
            found.append(parse_assignment(text, option))
        except DocumentError as error:
            problems += error.problems
    for path, times in Counter(path for path, _ in found).items():
        if times > 1:
            problems.append(Problem(option, path, f"is given {times} times", "give each path once"))
    if problems:
        raise DocumentError(option, tuple(problems))
    return found


def _grid(
    raw: Mapping[str, Any], scenario: Scenario, vary: Sequence[str], words: Vocabulary
) -> Iterator[tuple[str, Changes]]:
    """Yield every combination of the values, named by them; the first path varies slowest."""
    axes = _parsed(vary, "--vary")
    _check_axes(raw, scenario, axes, words)
    labels = _labels([path for path, _ in axes])
    for values in product(*(values for _, values in axes)):
        name = ", ".join(f"{label} {_shown(value)}" for label, value in zip(labels, values, strict=True))
        yield name, {path: value for (path, _), value in zip(axes, values, strict=True)}


def _check_axes(
    raw: Mapping[str, Any], scenario: Scenario, axes: Sequence[tuple[str, list[Any]]], words: Vocabulary
) -> None:
    """Refuse a value that is wrong by itself, once, rather than in every combination that has it."""
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
    """Return the last word of each path, or all of it where two paths end alike."""
    ends = [path.rpartition(".")[2] for path in paths]
    return [
        end if ends.count(end) == 1 and not end.isdecimal() else path for path, end in zip(paths, ends, strict=True)
    ]


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key} {_shown(item)}' for key, item in value.items())}}}"
    return f"[{', '.join(map(_shown, value))}]" if isinstance(value, list) else str(value)


def _named(scenario: Scenario) -> Iterator[tuple[str, Changes]]:
    yield scenario.base, {}
    yield from ((variant.name, variant.set) for variant in scenario.variant)


def _variants(
    raw: Mapping[str, Any],
    base: Scenario,
    named: Iterable[tuple[str, Changes, str]],
    origin: str,
    words: Vocabulary,
) -> Iterator[Variant]:
    """Build every variant; raises DocumentError with the problems of all, each naming the variant."""
    problems: list[Problem] = []
    found: dict[str, Variant] = {}
    for name, changes, calm in named:
        where = f"{origin}, variant '{name}'"
        if name in found:
            problems.append(Problem(where, "", "the name is taken", "give each variant a name of its own"))
        try:
            scenario = with_changes(raw, changes, where, words, base)
            found[name] = Variant(name, changes, scenario, calm)
        except DocumentError as error:
            problems += error.problems
    if len(found) and not problems:
        problems += _unshared(list(found.values()), origin)
    if problems:
        raise DocumentError(origin, tuple(dict.fromkeys(problems)))
    return iter(found.values())


def _unshared(variants: Sequence[Variant], origin: str) -> Iterator[Problem]:
    """Yield what differs between variants although it must not."""
    first, *others = variants
    for path in _SHARED:
        read = attrgetter(path)
        for one in others:
            if read(one.scenario) != read(first.scenario):
                where = f"{origin}, variant '{one.name}'"
                hint = "set it for all, with --set or in the file"
                yield Problem(where, path, f"is not the same as in '{first.name}'", hint)


def reproduced(plan: Plan) -> dict[str, Any]:
    """Return one scenario document that gives the same variants again, without options."""
    first, *others = plan.variants
    raw = changed(plan.raw, first.changes, first.name, plan.words)
    own = {name: value for name, value in raw.items() if name != "variant"}
    variants = [{"name": one.name, "set": _beside(first.changes, one.changes)} for one in others]
    return {**own, "base": first.name, **({"variant": variants} if variants else {})}


def _beside(first: Changes, changes: Changes) -> Changes:
    """Return the changes as they stand on top of the first variant's."""
    return {path: value for path, value in changes.items() if first.get(path) != value or path not in first}
