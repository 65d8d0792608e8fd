"""Sensitivity: how much the answer hangs on each number that the world assumes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from aftersale.documents.scalars import Rate, Word
from aftersale_simulator.runs.results import RATE
from aftersale_simulator.runs.statistics import Estimate, difference, estimate
from aftersale_simulator.scenario.model import Scenario
from aftersale_simulator.scenario.vocabulary import Vocabulary

if TYPE_CHECKING:
    from aftersale_simulator.runs.job import Compare
    from aftersale_simulator.runs.results import Result

LATE = "late_reply_rate"
MEASURES = (LATE, RATE)
"""What is looked at: the two metrics that decide."""
SWING = 2.0
"""By what each number is divided and multiplied when nobody says otherwise (assumed)."""
REPLICATIONS = 3
"""Of each change, at most: the buyers are the same, so that few tell."""


@frozen
class End:
    """A number at one end of its swing: its value, how far that moves each of MEASURES, and how often all was kept."""

    value: float
    moved: dict[str, Estimate]
    kept: int


@frozen
class Swing:
    """What happens when one number of the world is smaller or larger; an end is None that is the number itself."""

    name: str
    value: float
    low: End | None
    high: End | None

    def weight(self, limits: dict[str, float]) -> float:
        """Return how far it moves what is judged, against the limits: by this the numbers are put in order."""
        ends = [end for end in (self.low, self.high) if end is not None]
        moved = [abs(end.moved[name].mean or 0.0) / limits[name] for end in ends for name in MEASURES]
        return max(moved, default=0.0)


@frozen
class Sensitivity:
    """The swings of all numbers of a variant's world, the heaviest first, beside the figures of the variant itself."""

    variant: str
    factor: float
    replications: int
    usual: dict[str, Estimate]
    kept: int
    swings: tuple[Swing, ...]


def sensitivity(
    name: str, scenario: Scenario, words: Vocabulary, compare: Compare, factor: float = SWING
) -> Sensitivity:
    """Return how much each number of the world matters: it is divided and multiplied by `factor`, within its range.

    The same buyers are met each time, one number is changed at a time, on all marketplaces alike.
    """
    numbers = range(1, min(int(scenario.replications), REPLICATIONS) + 1)
    plan = [(declared, _ends(declared, scenario, words, factor)) for declared in words.parameters]
    variants = [(name, scenario)]
    changes = [(one, value) for one, ends in plan for value in ends if value is not None]
    variants += [(f"{one} = {value:g}", _with(scenario, one, value)) for one, value in changes]
    usual, *others = compare(variants, numbers)
    left = iter(others)
    swings = []
    for one, ends in plan:
        low, high = (None if value is None else _end(value, next(left), usual) for value in ends)
        swings.append(Swing(one, _value(one, scenario, words), low, high))
    limits = {each: float(getattr(scenario.targets, each) or 1.0) for each in MEASURES}
    swings.sort(key=lambda swing: -swing.weight(limits))
    figures = {each: estimate(_values(usual, each)) for each in MEASURES}
    return Sensitivity(name, factor, len(numbers), figures, _kept(usual), tuple(swings))


def _value(name: str, scenario: Scenario, words: Vocabulary) -> float:
    return float(scenario.world.get(name, words.parameters[name][0].default))


def _ends(name: str, scenario: Scenario, words: Vocabulary, factor: float) -> tuple[float | None, float | None]:
    """Return the two values that a number is set to, None where its range ends at the number itself."""
    value, (low, high) = _value(name, scenario, words), words.span(name)
    smaller, larger = max(low, value / factor), min(high, value * factor)
    return (smaller if smaller < value else None, larger if larger > value else None)


def _with(scenario: Scenario, name: str, value: float) -> Scenario:
    return evolve(scenario, world={**scenario.world, Word(name): Rate(value)})


def _end(value: float, results: Sequence[Result], usual: Sequence[Result]) -> End:
    moved = {each: difference(_values(results, each), _values(usual, each)) for each in MEASURES}
    return End(value, moved, _kept(results))


def _values(results: Sequence[Result], name: str) -> list[float | None]:
    return [result.metrics.get(name) for result in results]


def _kept(results: Sequence[Result]) -> int:
    return sum(all(result.targets.values()) for result in results)
