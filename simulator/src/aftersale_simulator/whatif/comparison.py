"""What-if: variants of a scenario side by side, and which of them keeps the targets at the least cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from math import ceil, sqrt
from typing import TYPE_CHECKING

from attrs import evolve, field, frozen
from scipy.special import stdtrit

from aftersale.documents.scalars import PositiveCount
from aftersale_simulator.runs.job import Compare
from aftersale_simulator.runs.results import REACHED
from aftersale_simulator.runs.statistics import Estimate, difference, estimate, wilson
from aftersale_simulator.runs.timeline import Timeline
from aftersale_simulator.scenario.model import Scenario
from aftersale_simulator.stress.trials import StressResult, stress_result
from aftersale_simulator.whatif.precision import Precision
from aftersale_simulator.whatif.variants import Changes, Plan, Variant

if TYPE_CHECKING:
    from aftersale_simulator.runs.results import Result
    from aftersale_simulator.runs.timeline import Timeline
    from aftersale_simulator.sensitivity.swings import Sensitivity

COST = "labour_cost"
_TOLERANCE = 1e-9


@frozen
class Figure:
    """One metric of one variant: its estimate, and its paired difference to the first variant.

    The intervals of the differences of all variants in this metric hold together (Bonferroni).
    """

    value: Estimate
    difference: Estimate


@frozen
class PlaceResult:
    """How a variant did on one marketplace.

    `missed` says of each deadline which share of those that ended nobody met, over all replications; those of which
    none ended are left out.
    """

    metrics: dict[str, Estimate]
    missed: dict[str, float]

    def most_missed(self) -> str | None:
        """Return the deadline of which the largest share was missed, None where none was."""
        worst = max(self.missed, key=lambda name: self.missed[name], default=None)
        return worst if worst is not None and self.missed[worst] else None


@frozen
class VariantResult:
    """How one variant did.

    `targets` says of each in how many replications it was met, `targets_met` of all at once; `secure` that
    they were met with so much room that few replications tell enough. `failed` are the cases that plugins failed in
    all replications, by cause; `places` says how it did on each marketplace, `timelines` how each replication went, and
    `calm` which variant it is under stress; `reached` counts the replications in which an account came to each of
    REACHED, or lost what plugins name, `orders_lost` how many orders closed accounts missed on average.
    """

    name: str
    changes: Changes
    targets_met: int
    targets: dict[str, int]
    metrics: dict[str, Figure]
    secure: bool = False
    failed: dict[str, int] = field(factory=dict)
    places: dict[str, PlaceResult] = field(factory=dict)
    timelines: tuple[Timeline, ...] = field(factory=tuple, eq=False)
    calm: str = ""
    reached: dict[str, int] = field(factory=dict)
    orders_lost: float = 0.0

    def cost(self) -> float:
        """Return the mean labour cost, which variants are ranked by."""
        return self.metrics[COST].value.mean or 0.0

    def most_missed(self) -> str | None:
        """Return the target that was met in the fewest replications, None without targets."""
        return min(self.targets, key=lambda name: self.targets[name], default=None)


@frozen
class Comparison:
    """All variants side by side, in order; the differences are to the first one.

    `widest` is half of the widest interval that a `precision` was asked for, `sensitivity` how much the answer hangs on
    what is assumed. `trials` tell what a stress broke; with
    one, the answer is about the variants under stress.
    """

    scenario: Scenario
    settings: Changes
    variant_results: tuple[VariantResult, ...]
    precision: Precision | None = None
    widest: float | None = None
    trials: tuple[StressResult, ...] = ()
    sensitivity: Sensitivity | None = None

    @property
    def replications(self) -> int:
        """How often each variant was simulated."""
        return self.scenario.replications

    def keeps(self, variant: VariantResult) -> bool:
        """Whether all targets held in a large enough share of the replications."""
        wanted = self.scenario.targets.share_of_replications * self.replications
        return variant.targets_met >= wanted - _TOLERANCE

    @property
    def cheapest(self) -> VariantResult | None:
        """The variant that keeps the targets at the least mean cost, the first of equals; None for none."""
        return min(filter(self.keeps, self.contenders), key=VariantResult.cost, default=None)

    @property
    def contenders(self) -> tuple[VariantResult, ...]:
        """The variants that the answer is about: those under stress where there is one, else all."""
        return tuple(variant for variant in self.variant_results if variant.calm) or self.variant_results

    @property
    def nearest(self) -> VariantResult:
        """The variant that met all targets most often; of equals, the one that met single ones most often."""
        return max(self.contenders, key=lambda variant: (variant.targets_met, sum(variant.targets.values())))

    @property
    def unsure(self) -> list[VariantResult]:
        """The variants on which the answer hangs and of which there are too few replications to tell."""
        cheapest = self.cheapest
        limit = float("inf") if cheapest is None else cheapest.cost()
        return [
            variant
            for variant in self.contenders
            if (variant is cheapest or (variant.cost() <= limit and not self.keeps(variant))) and self._open(variant)
        ]

    def _open(self, variant: VariantResult) -> bool:
        low, high = wilson(variant.targets_met, self.replications)
        return low < self.scenario.targets.share_of_replications < high and not variant.secure

    @property
    def enough(self) -> int:
        """How many replications would tell for certain, if all of them met the targets."""
        share = min(self.scenario.targets.share_of_replications, 0.99)
        runs = self.replications
        while wilson(runs, runs)[0] < share:
            runs += ceil(runs / 4)
        return runs


def simulate(plan: Plan, compare: Compare, precision: Precision | None = None) -> Comparison:
    """Run every variant of a plan by `compare` and put the results side by side.

    With a `precision`, the plan's replications are the beginning: more follow until it is reached or its budget used
    up.
    Sums are taken in the order of the replications, so that the figures depend on nothing but the plan.
    """
    variants = [(one.name, one.scenario) for one in plan.variants]
    done = int(plan.scenario.replications)
    runs = compare(variants, range(1, done + 1))
    while precision is not None and (more := precision.more(runs)):
        added = compare(variants, range(done + 1, done + more + 1))
        runs = [[*before, *new] for before, new in zip(runs, added, strict=True)]
        done += more
    variant_results = tuple(
        _standing(one, results, runs[0], len(runs) - 1) for one, results in zip(plan.variants, runs, strict=True)
    )
    scenario = evolve(plan.variants[0].scenario, replications=PositiveCount(done))
    widest = precision.widest(runs) if precision is not None else None
    return Comparison(
        scenario, plan.settings, variant_results, precision, widest, tuple(_trials(plan, variant_results))
    )


def _trials(plan: Plan, variant_results: Sequence[VariantResult]) -> Iterator[StressResult]:
    """Yield what the stress broke in each variant, beside the same variant without it."""
    by_name = {variant.name: variant for variant in variant_results}
    for one in plan.variants:
        if one.calm:
            calm, under = by_name[one.calm].timelines, by_name[one.name].timelines
            yield stress_result(one.name, one.scenario, plan.stress, calm, under)


def _standing(one: Variant, results: Sequence[Result], first: Sequence[Result], others: int) -> VariantResult:
    names = dict.fromkeys(name for result in results for name in result.metrics)
    targets = dict.fromkeys(name for result in results for name in result.targets)
    return VariantResult(
        one.name,
        one.changes,
        sum(all(result.targets.values()) for result in results),
        {name: sum(result.targets.get(name, True) for result in results) for name in targets},
        {name: _figure(_values(results, name), _values(first, name), others) for name in names},
        _secure(one.scenario, results),
        _failed(results),
        {place: _at(place, results) for place in results[0].by_marketplace} if results else {},
        tuple(result.timeline for result in results if result.timeline is not None),
        one.calm,
        {name: sum(result.reached.get(name, False) for result in results) for name in _reached(results)},
        sum(result.counts.get("orders_lost", 0) for result in results) / max(1, len(results)),
    )


def _reached(results: Sequence[Result]) -> Iterable[str]:
    """Return what accounts may come to, also where no account has."""
    return dict.fromkeys(chain(REACHED, *(result.reached for result in results)))


def _at(place: str, results: Sequence[Result]) -> PlaceResult:
    names = dict.fromkeys(name for result in results for name in result.by_marketplace[place])
    metrics = {name: estimate([result.by_marketplace[place].get(name) for result in results]) for name in names}
    sums: defaultdict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for result in results:
        for name, (late, counted) in result.missed.get(place, {}).items():
            sums[name] = sums[name][0] + late, sums[name][1] + counted
    return PlaceResult(metrics, {name: late / counted for name, (late, counted) in sorted(sums.items()) if counted})


def _failed(results: Sequence[Result]) -> dict[str, int]:
    causes = dict.fromkeys(cause for result in results for cause in result.failed)
    return {cause: sum(result.failed.get(cause, 0) for result in results) for cause in causes}


def _values(results: Sequence[Result], name: str) -> list[float | None]:
    return [result.metrics.get(name) for result in results]


def _figure(values: Sequence[float | None], reference: Sequence[float | None], others: int) -> Figure:
    return Figure(estimate(values), difference(values, reference, others))


def _secure(scenario: Scenario, results: Sequence[Result]) -> bool:
    """Whether every target was met with so much room that the next replication would meet it too.

    A few replications that all met a target say little when they are only counted, but much when the figures
    lie far from the limit: the limit must lie beyond the prediction bound of the wanted share, on every
    marketplace.
    """
    if len(results) < 2 or not all(all(result.targets.values()) for result in results):
        return False
    share = scenario.targets.share_of_replications
    met = {name for result in results for name in result.targets}
    return all(
        limit is not None and _bound(values, share) <= limit
        for name in met
        for limit, values in _against(name, scenario, results)
    )


def _against(name: str, scenario: Scenario, results: Sequence[Result]) -> Iterator[tuple[float | None, list[float]]]:
    limit = getattr(scenario.targets, name, None)
    places = [place for place, own in results[0].by_marketplace.items() if own.get(name) is not None]
    for place in places:
        yield limit, [value for result in results if (value := result.by_marketplace[place][name]) is not None]
    if not places:
        yield limit, [value for result in results if (value := result.metrics[name]) is not None]


def _bound(values: Sequence[float], share: float) -> float:
    """Return what the next value stays under with a chance of `share`, as far as the values are normal."""
    size, mean = len(values), sum(values) / len(values)
    deviation = sqrt(sum((value - mean) ** 2 for value in values) / (size - 1))
    return mean + float(stdtrit(size - 1, min(share, 1.0))) * deviation * sqrt(1 + 1 / size) if deviation else mean
