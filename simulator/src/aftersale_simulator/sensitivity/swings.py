"""Swings: how much the answer depends on each number that the world assumes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from attrs import evolve, field, frozen

from aftersale.documents.scalars import Rate, Word
from aftersale_simulator.runs.results import LATE, RATE, verdicts
from aftersale_simulator.runs.statistics import Estimate, difference, estimate
from aftersale_simulator.scenario.model import Scenario
from aftersale_simulator.scenario.vocabulary import Vocabulary

if TYPE_CHECKING:
    from aftersale_simulator.runs.job import RunVariants
    from aftersale_simulator.runs.results import Ran, Result

MEASURES = (LATE, RATE)
"""The two metrics that decide."""
SWING = 2.0
"""Default factor by which each number is divided and multiplied (assumed)."""
REPLICATIONS = 3
"""Replications of each change, at most: the buyers are the same, so few are enough."""


@frozen
class End:
    """One end of a swing: the value, how far it moves each of MEASURES, and how often all targets were kept."""

    value: float
    moved: dict[str, Estimate]
    kept: int


@frozen
class Swing:
    """The effect of a smaller and a larger value of one number; an end is None if the range ends at the number."""

    name: str
    value: float
    low: End | None
    high: End | None

    def weight(self, limits: dict[str, float]) -> float:
        """Return the largest move of MEASURES at both ends, in units of their limits; numbers are sorted by this."""
        ends = [end for end in (self.low, self.high) if end is not None]
        moved = [abs(end.moved[name].mean or 0.0) / limits[name] for end in ends for name in MEASURES]
        return max(moved, default=0.0)


@frozen
class Sensitivity:
    """The swings of all numbers of a variant's world, the heaviest first, and the variant's own figures.

    `ran` says what ran the variant and each change, by their names.
    """

    variant: str
    factor: float
    replications: int
    usual: dict[str, Estimate]
    kept: int
    swings: tuple[Swing, ...]
    ran: dict[str, tuple[Ran, ...]] = field(factory=dict)


def sensitivity(
    name: str, scenario: Scenario, words: Vocabulary, run_variants: RunVariants, factor: float = SWING
) -> Sensitivity:
    """Return how much each number of the world matters: divide and multiply it by `factor`, within its range.

    Every run has the same buyers; one number changes at a time, on all marketplaces alike.
    """
    numbers = range(1, min(int(scenario.replications), REPLICATIONS) + 1)
    plan = [(parameter, _ends(parameter, scenario, words, factor)) for parameter in words.parameters]
    variants = [(name, scenario)]
    changes = [(parameter, value) for parameter, ends in plan for value in ends if value is not None]
    variants += [(f"{parameter} = {value:g}", _with(scenario, parameter, value)) for parameter, value in changes]
    matrix = run_variants(variants, numbers)
    usual, *changed = matrix
    remaining = iter(changed)
    swings = []
    for parameter, ends in plan:
        low, high = (None if value is None else _end(value, next(remaining), usual) for value in ends)
        swings.append(Swing(parameter, _value(parameter, scenario, words), low, high))
    limits = {measure: float(getattr(scenario.targets, measure) or 1.0) for measure in MEASURES}
    swings.sort(key=lambda swing: -swing.weight(limits))
    figures = {measure: estimate(_values(usual, measure)) for measure in MEASURES}
    names = (name for name, _ in variants)
    ran = {each: tuple(dict.fromkeys(result.ran for result in row)) for each, row in zip(names, matrix, strict=True)}
    return Sensitivity(name, factor, len(numbers), figures, _times_kept(usual), tuple(swings), ran)


def _value(name: str, scenario: Scenario, words: Vocabulary) -> float:
    return float(scenario.world.get(name, words.parameters[name][0].default))


def _ends(name: str, scenario: Scenario, words: Vocabulary, factor: float) -> tuple[float | None, float | None]:
    """Return the two values to set a number to, None where its range ends at the number."""
    value, (low, high) = _value(name, scenario, words), words.span(name)
    smaller, larger = max(low, value / factor), min(high, value * factor)
    return (smaller if smaller < value else None, larger if larger > value else None)


def _with(scenario: Scenario, name: str, value: float) -> Scenario:
    return evolve(scenario, world={**scenario.world, Word(name): Rate(value)})


def _end(value: float, results: Sequence[Result], usual: Sequence[Result]) -> End:
    moved = {measure: difference(_values(results, measure), _values(usual, measure)) for measure in MEASURES}
    return End(value, moved, _times_kept(results))


def _values(results: Sequence[Result], name: str) -> list[float | None]:
    return [result.metrics.get(name) for result in results]


def _times_kept(results: Sequence[Result]) -> int:
    return verdicts(results).count(True)
