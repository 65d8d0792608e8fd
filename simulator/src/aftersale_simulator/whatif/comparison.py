"""Comparison: the variants of a scenario side by side, and the one that keeps the targets at the least cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from math import ceil, inf, sqrt
from typing import TYPE_CHECKING

from attrs import evolve, field, frozen
from scipy.special import stdtrit

from aftersale.documents.scalars import PositiveCount
from aftersale_simulator.effects.trace import NO_EFFECTS, Effects, Setting
from aftersale_simulator.runs.job import RunVariants
from aftersale_simulator.runs.results import COST, REACHED, verdicts
from aftersale_simulator.runs.statistics import Estimate, difference, estimate, wilson
from aftersale_simulator.runs.timeline import Timeline
from aftersale_simulator.scenario.model import Scenario
from aftersale_simulator.stress.trials import StressResult, stress_result
from aftersale_simulator.whatif.precision import Precision
from aftersale_simulator.whatif.variants import Changes, Plan, Variant

if TYPE_CHECKING:
    from aftersale_simulator.runs.results import Result
    from aftersale_simulator.sensitivity.swings import Sensitivity

_TOLERANCE = 1e-9


@frozen
class Figure:
    """One metric of one variant: its estimate, and its paired difference to the first variant.

    The intervals of the differences of all variants in this metric hold together (Bonferroni).
    """

    value: Estimate
    difference: Estimate


@frozen
class MarketplaceResult:
    """The result of a variant on one marketplace.

    `missed` has for each deadline the missed share of those that ended, over all replications; deadlines of which none
    ended are left out.
    """

    metrics: dict[str, Estimate]
    missed: dict[str, float]

    def most_missed(self) -> str | None:
        """Return the deadline with the largest missed share, None if none was missed."""
        worst = max(self.missed, key=lambda name: self.missed[name], default=None)
        return worst if worst is not None and self.missed[worst] else None


@frozen
class VariantResult:
    """The result of one variant.

    `targets` counts for each target the replications that met it, `targets_met` those that met all at once. `secure`
    says that all were met with so much room that few replications are enough. `failed` counts the cases that plugins
    failed in all replications, by cause. `marketplaces` has the result on each marketplace, `timelines` the timeline of
    each replication, `calm` the name of the variant that this one is under stress. `reached` counts the replications
    in which an account came to each of REACHED, or lost what plugins name; `orders_lost` is the mean number of orders
    that closed accounts missed. `unmeasured` are targets that had nothing to count in any replication; `judged`
    counts the replications in which all others had something to count, None for all. `idle` says that its changes
    changed no figure of any replication. `effects` are those of the scenario's settings.
    """

    name: str
    changes: Changes
    targets_met: int
    targets: dict[str, int]
    metrics: dict[str, Figure]
    secure: bool = False
    failed: dict[str, int] = field(factory=dict)
    marketplaces: dict[str, MarketplaceResult] = field(factory=dict)
    timelines: tuple[Timeline, ...] = field(factory=tuple, eq=False)
    calm: str = ""
    reached: dict[str, int] = field(factory=dict)
    orders_lost: float = 0.0
    unmeasured: tuple[str, ...] = ()
    judged: int | None = None
    idle: bool = False
    effects: Effects = NO_EFFECTS

    def cost(self) -> float:
        """Return the mean labour cost; variants are ranked by it."""
        return self.metrics[COST].value.mean or 0.0

    def most_missed(self) -> str | None:
        """Return the target that was met in the fewest replications, None without targets."""
        return min(self.targets, key=lambda name: self.targets[name], default=None)


@frozen
class Comparison:
    """All variants side by side, in order; the differences are to the first one.

    `widest` is half of the widest interval that `precision` limits. `trials` are the results of a stress; with a stress
    the answer is about the variants under it. `sensitivity` says how much the answer depends on assumed numbers.
    `scenarios` are those of the variants, `without_effect` the settings that changed nothing in any of them.
    """

    scenario: Scenario
    settings: Changes
    variant_results: tuple[VariantResult, ...]
    precision: Precision | None = None
    widest: float | None = None
    trials: tuple[StressResult, ...] = ()
    sensitivity: Sensitivity | None = None
    scenarios: tuple[Scenario, ...] = ()
    without_effect: tuple[Setting, ...] = ()

    @property
    def replications(self) -> int:
        """How often each variant was simulated."""
        return self.scenario.replications

    def keeps(self, variant: VariantResult) -> bool:
        """Whether all targets held in a large enough share of the replications that can be judged, if there are any."""
        wanted = self.scenario.targets.share_of_replications * self.judged(variant)
        return variant.targets_met >= wanted - _TOLERANCE

    def judged(self, variant: VariantResult) -> int:
        """Return in how many replications there is a verdict on a variant."""
        return self.replications if variant.judged is None else variant.judged

    def share(self, variant: VariantResult) -> float | None:
        """Return the share of the judged replications in which a variant met all targets, None without any."""
        size = self.judged(variant)
        return variant.targets_met / size if size else None

    @property
    def cheapest(self) -> VariantResult | None:
        """The variant that keeps the targets at the least mean cost, the first of equals; None if none keeps them."""
        return min(filter(self.keeps, self.contenders), key=VariantResult.cost, default=None)

    @property
    def contenders(self) -> tuple[VariantResult, ...]:
        """The variants that the answer is about: those under stress if there is one, else all."""
        return tuple(variant for variant in self.variant_results if variant.calm) or self.variant_results

    @property
    def nearest(self) -> VariantResult:
        """The variant that met all targets most often; of equals, the one that met single ones most often."""
        return max(self.contenders, key=lambda variant: (self.share(variant) or 0.0, sum(variant.targets.values())))

    @property
    def unsure(self) -> list[VariantResult]:
        """The variants that decide the answer and have too few replications to be sure."""
        cheapest = self.cheapest
        limit = float("inf") if cheapest is None else cheapest.cost()
        return [
            variant
            for variant in self.contenders
            if (variant is cheapest or (variant.cost() <= limit and not self.keeps(variant))) and self._open(variant)
        ]

    def _open(self, variant: VariantResult) -> bool:
        if not self.judged(variant):
            return False
        low, high = wilson(variant.targets_met, self.judged(variant))
        return bool(variant.targets) and low < self.scenario.targets.share_of_replications < high and not variant.secure

    @property
    def enough(self) -> int:
        """How many replications would be enough, if all of them met the targets."""
        share = min(self.scenario.targets.share_of_replications, 0.99)
        size = self.replications
        while wilson(size, size)[0] < share:
            size += ceil(size / 4)
        return size


def compare_variants(plan: Plan, run_variants: RunVariants, precision: Precision | None = None) -> Comparison:
    """Run every variant of a plan by `run_variants` and return the results side by side.

    With a `precision`, more replications follow those of the plan until the precision or its budget is reached. Sums
    are taken in the order of the replications, so the figures depend on the plan only.
    """
    variants = [(variant.name, variant.scenario) for variant in plan.variants]
    done = int(plan.scenario.replications)
    matrix = run_variants(variants, range(1, done + 1))
    while precision is not None and (more := precision.more(matrix)):
        added = run_variants(variants, range(done + 1, done + more + 1))
        matrix = [[*results, *new] for results, new in zip(matrix, added, strict=True)]
        done += more
    variant_results = tuple(
        _variant_result(variant, results, matrix[0], len(matrix) - 1)
        for variant, results in zip(plan.variants, matrix, strict=True)
    )
    scenario = evolve(plan.variants[0].scenario, replications=PositiveCount(done))
    widest = precision.widest(matrix) if precision is not None else None
    return Comparison(
        scenario,
        plan.settings,
        variant_results,
        precision,
        widest,
        tuple(_trials(plan, variant_results)),
        scenarios=tuple(variant.scenario for variant in plan.variants),
        without_effect=_without_effect(plan, variant_results),
    )


def _without_effect(plan: Plan, variant_results: Sequence[VariantResult]) -> tuple[Setting, ...]:
    """Return the settings of a user's that changed nothing in any variant."""
    idle = Effects.together(variant.effects for variant in variant_results).idle
    return tuple(setting for setting in idle if not setting.path.startswith(plan.beside))


def _trials(plan: Plan, variant_results: Sequence[VariantResult]) -> Iterator[StressResult]:
    """Yield what the stress broke in each variant, against the same variant without the stress."""
    by_name = {variant.name: variant for variant in variant_results}
    for variant in plan.variants:
        if variant.calm:
            calm, under = by_name[variant.calm].timelines, by_name[variant.name].timelines
            yield stress_result(variant.name, variant.scenario, plan.stress, calm, under)


def _variant_result(
    variant: Variant, results: Sequence[Result], first: Sequence[Result], together: int
) -> VariantResult:
    names = dict.fromkeys(name for result in results for name in result.metrics)
    targets = dict.fromkeys(name for result in results for name in result.targets)
    met = verdicts(results)
    return VariantResult(
        variant.name,
        variant.changes,
        met.count(True),
        {name: sum(result.targets.get(name, False) for result in results) for name in targets},
        {name: _figure(_values(results, name), _values(first, name), together) for name in names},
        _secure(variant.scenario, results),
        _failed(results),
        {marketplace: _marketplace_result(marketplace, results) for marketplace in results[0].by_marketplace}
        if results
        else {},
        tuple(result.timeline for result in results if result.timeline is not None),
        variant.calm,
        {name: sum(result.reached.get(name, False) for result in results) for name in _reached(results)},
        sum(result.counts.get("orders_lost", 0) for result in results) / max(1, len(results)),
        tuple(dict.fromkeys(name for result in results for name in result.unmeasured if name not in targets)),
        len(met) - met.count(None),
        bool(variant.changes) and not variant.calm and results is not first and _same(results, first),
        Effects.together(result.effects for result in results),
    )


def _same(results: Sequence[Result], first: Sequence[Result]) -> bool:
    """Whether nothing that is counted differs in any replication."""
    return all(_counted(result) == _counted(reference) for result, reference in zip(results, first, strict=True))


def _counted(result: Result) -> tuple[object, ...]:
    return result.metrics, result.by_marketplace, result.counts, result.missed, result.busy_hours


def _reached(results: Sequence[Result]) -> Iterable[str]:
    """Return all that may happen to accounts, even if it happened to none."""
    return dict.fromkeys(chain(REACHED, *(result.reached for result in results)))


def _marketplace_result(marketplace: str, results: Sequence[Result]) -> MarketplaceResult:
    names = dict.fromkeys(name for result in results for name in result.by_marketplace[marketplace])
    metrics = {name: estimate([result.by_marketplace[marketplace].get(name) for result in results]) for name in names}
    sums: defaultdict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for result in results:
        for name, (late, counted) in result.missed.get(marketplace, {}).items():
            sums[name] = sums[name][0] + late, sums[name][1] + counted
    return MarketplaceResult(
        metrics, {name: late / counted for name, (late, counted) in sorted(sums.items()) if counted}
    )


def _failed(results: Sequence[Result]) -> dict[str, int]:
    causes = dict.fromkeys(cause for result in results for cause in result.failed)
    return {cause: sum(result.failed.get(cause, 0) for result in results) for cause in causes}


def _values(results: Sequence[Result], name: str) -> list[float | None]:
    return [result.metrics.get(name) for result in results]


def _figure(values: Sequence[float | None], reference: Sequence[float | None], together: int) -> Figure:
    return Figure(estimate(values), difference(values, reference, together))


def _secure(scenario: Scenario, results: Sequence[Result]) -> bool:
    """Whether every target was met with so much room that the next replication would meet it too.

    A few replications that all met a target prove little by their count, but much if the figures are far from the
    limit: the limit must be beyond the prediction bound of the wanted share, on every marketplace.
    """
    if len(results) < 2 or not all(verdicts(results)):
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
    by_marketplace = [
        [value for result in results if (value := result.by_marketplace[marketplace].get(name)) is not None]
        for marketplace in results[0].by_marketplace
    ]
    judged = list(filter(None, by_marketplace))
    for values in judged:
        yield limit, values
    if not judged:
        yield limit, [value for result in results if (value := result.metrics[name]) is not None]


def _bound(values: Sequence[float], share: float) -> float:
    """Return the bound that the next value stays below with probability `share`, if the values are normal."""
    if len(values) < 2:
        return inf
    size, mean = len(values), sum(values) / len(values)
    deviation = sqrt(sum((value - mean) ** 2 for value in values) / (size - 1))
    return mean + float(stdtrit(size - 1, min(share, 1.0))) * deviation * sqrt(1 + 1 / size) if deviation else mean
