"""Comparison: the variants of a scenario side by side, and the one that keeps the targets at the least cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, takewhile
from math import inf
from typing import TYPE_CHECKING

from attrs import evolve, field, fields, frozen

from aftersale.documents.scalars import PositiveCount
from aftersale_simulator.books.money import CONTRIBUTION
from aftersale_simulator.effects.trace import NO_EFFECTS, Effects, Setting
from aftersale_simulator.judging.choice import RANKED, Margin, Swing, channels_differ, margin, swings, worth
from aftersale_simulator.judging.outcomes import (
    ClosureOutcome,
    TargetOutcome,
    closure_outcomes,
    distance,
    target_outcomes,
)
from aftersale_simulator.resolved.period import PeriodReport
from aftersale_simulator.runs.failures import Stopped
from aftersale_simulator.runs.job import RunVariants
from aftersale_simulator.runs.results import REACHED, Ran, Result, Unit, verdicts
from aftersale_simulator.runs.statistics import Ends, Estimate, difference, enough, estimate, is_undecided
from aftersale_simulator.runs.timeline import Timeline
from aftersale_simulator.scenario.model import Cheapest, Scenario
from aftersale_simulator.show.numbers import Numbers
from aftersale_simulator.stress.trials import StressResult, stress_result
from aftersale_simulator.whatif.precision import Precision
from aftersale_simulator.whatif.variants import Changes, Plan, Variant

if TYPE_CHECKING:
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

    `targets` counts for each target the replications that met it, `targets_met` those that met all at once. `failed`
    counts the cases that plugins failed in all replications, by cause. `marketplaces` has the result on each
    marketplace, `timelines` the timeline of each replication, `calm` the name of the variant that this one is under
    stress. `reached` counts the replications in which an account came to each of REACHED, or lost what plugins name;
    `orders_lost` is the mean number of orders that closed accounts missed. `unmeasured` are targets that had nothing to
    count in any replication; `judged` counts the replications in which all others had something to count, None for
    all. `idle` says that its changes changed no figure of any replication. `lines` has what came of each target on each
    marketplace, `closures` how near lines came to closing accounts and options, `distance` how far the targets are
    missed (`outcomes.distance`). `effects` are those of the scenario's settings, `units` what the values of metrics are
    that have a line, `results` those of the replications.
    """

    name: str
    changes: Changes
    targets_met: int
    targets: dict[str, int]
    metrics: dict[str, Figure]
    failed: dict[str, int] = field(factory=dict)
    marketplaces: dict[str, MarketplaceResult] = field(factory=dict)
    timelines: tuple[Timeline, ...] = field(factory=tuple, eq=False)
    calm: str = ""
    reached: dict[str, int] = field(factory=dict)
    orders_lost: float = 0.0
    unmeasured: tuple[str, ...] = ()
    judged: int | None = None
    idle: bool = False
    lines: tuple[TargetOutcome, ...] = ()
    closures: tuple[ClosureOutcome, ...] = ()
    distance: float = 0.0
    effects: Effects = NO_EFFECTS
    units: dict[str, Unit] = field(factory=dict, eq=False)
    results: tuple[Result, ...] = field(factory=tuple, eq=False, repr=False)

    def values(self, name: str) -> list[float | None]:
        """Return a metric of each replication."""
        return _values(self.results, name)

    def mean(self, name: str) -> float | None:
        """Return the mean of a metric over the replications, None where it has no value."""
        figure = self.metrics.get(name)
        return None if figure is None else figure.value.mean

    def most_missed(self) -> TargetOutcome | None:
        """Return the target, on one marketplace, that the smallest share met; of equals, the one missed farthest."""
        missed = [line for line in self.lines if line.is_missed]
        return min(missed, key=lambda line: (line.met / line.judged, -(line.excess or 0.0)), default=None)

    def worst(self, target: str) -> TargetOutcome | None:
        """Return the marketplace that does worst in a target, None unless it is judged on several."""
        judged = [line for line in self.lines if line.target == target and line.marketplace and line.excess is not None]
        several = len({line.marketplace for line in judged}) > 1
        return max(judged, key=lambda line: line.excess or 0.0) if several else None


@frozen
class Comparison:
    """All variants side by side, in order; the differences are to the first one.

    `widest` is half of the widest interval that `precision` limits. `trials` are the results of a stress; with a stress
    the answer is about the variants under it. `sensitivity` says how much the answer depends on assumed numbers.
    `scenarios` are those of the variants; `period` is what there is to say of their days. `finished` is None, or says
    how many replications of each variant of the plan were done when Ctrl-C stopped it; a partial comparison has those
    that all its variants finished. `without_effect` are the settings that changed nothing in
    any of them.
    """

    scenario: Scenario
    settings: Changes
    variant_results: tuple[VariantResult, ...]
    precision: Precision | None = None
    widest: float | None = None
    trials: tuple[StressResult, ...] = ()
    sensitivity: Sensitivity | None = None
    scenarios: tuple[Scenario, ...] = ()
    finished: dict[str, int] | None = None
    period: PeriodReport | None = None
    without_effect: tuple[Setting, ...] = ()

    @property
    def numbers(self) -> Numbers:
        """How its metrics are written."""
        units = {name: unit for variant in self.variant_results for name, unit in variant.units.items()}
        return Numbers(self.scenario.currency, units)

    @property
    def ran(self) -> dict[str, tuple[Ran, ...]]:
        """What ran each variant, and each change of the sensitivity, by their names."""
        found = {
            variant.name: tuple(dict.fromkeys(result.ran for result in variant.results))
            for variant in self.variant_results
        }
        swings = {} if self.sensitivity is None else self.sensitivity.ran
        return found | {name: tuple(dict.fromkeys((*found.get(name, ()), *ran))) for name, ran in swings.items()}

    @property
    def replications(self) -> int:
        """How often each variant was simulated."""
        return self.scenario.replications

    def keeps(self, variant: VariantResult) -> bool:
        """Whether all targets held in a large enough share of the judged replications; not without any verdict."""
        judged = self.judged(variant)
        wanted = self.scenario.targets.share_of_replications * judged
        return judged > 0 and variant.targets_met >= wanted - _TOLERANCE

    def judged(self, variant: VariantResult) -> int:
        """Return in how many replications there is a verdict on a variant."""
        return self.replications if variant.judged is None else variant.judged

    def share(self, variant: VariantResult) -> float | None:
        """Return the share of the judged replications in which a variant met all targets, None without any."""
        size = self.judged(variant)
        return variant.targets_met / size if size else None

    @property
    def by(self) -> Cheapest:
        """By what variants are ranked: what the scenario asks for, or labour where other money is not known."""
        wanted = self.scenario.cheapest
        known = all(variant.mean(RANKED[wanted][0]) is not None for variant in self.contenders)
        return wanted if known else "labour"

    @property
    def unrated(self) -> tuple[str, ...]:
        """The currencies without a rate, which leave all money but labour unknown."""
        results = (result for variant in self.variant_results for result in variant.results)
        return tuple(sorted({currency for result in results for currency in result.unrated}))

    @property
    def has_other_channels(self) -> bool:
        """Whether variants sell through other channels, so that their money cannot be compared.

        Returns of what a marketplace ships are not simulated: a variant that sells more of it would seem to save them.
        """
        return channels_differ(self.scenarios)

    @property
    def keeping(self) -> list[VariantResult]:
        """The contenders that keep the targets, the best first; in their order where they cannot be compared."""
        keeping = list(filter(self.keeps, self.contenders))
        return keeping if self.has_other_channels else sorted(keeping, key=self.worth, reverse=True)

    def worth(self, variant: VariantResult) -> float:
        """Return what a variant is ranked by: more is better."""
        name, sign = RANKED[self.by]
        return worth(variant.values(name), sign)

    @property
    def cheapest(self) -> VariantResult | None:
        """The best variant that keeps the targets, the first of equals; None if none does, or none can be named."""
        return None if self.has_other_channels else next(iter(self.keeping), None)

    @property
    def margin(self) -> Margin | None:
        """How much better the best variant that keeps the targets is than the next; None where there are not two."""
        best = self.keeping[:2]
        if len(best) < 2 or self.has_other_channels:
            return None
        name, sign = RANKED[self.by]
        return margin(best[0].values(name), best[1].values(name), sign)

    @property
    def named(self) -> list[VariantResult]:
        """The variants that the answer names: the best, and the next where the replications do not tell them apart."""
        if self.cheapest is None:
            return []
        margin = self.margin
        return self.keeping[: 1 if margin is None or margin.is_told else 2]

    @property
    def swings(self) -> list[Swing]:
        """The assumed numbers that the difference to the named variant hangs most on, or its contribution alone."""
        chosen, beside = self.cheapest or self.nearest, self.beside
        money = chosen.mean(CONTRIBUTION)
        if money is None or self.has_other_channels:
            return []
        if beside is None:
            return swings(money, chosen.results)
        return swings(money - (beside.mean(CONTRIBUTION) or 0.0), chosen.results, beside.results)

    @property
    def beside(self) -> VariantResult | None:
        """The variant that the named one is compared to: the first, or the best other where it is the first itself."""
        chosen, first = self.cheapest or self.nearest, self.contenders[0]
        others = [variant for variant in self.contenders if variant is not chosen]
        return first if chosen is not first else max(others, key=self.worth, default=None)

    @property
    def contenders(self) -> tuple[VariantResult, ...]:
        """The variants that the answer is about: those under stress if there is one, else all."""
        return tuple(variant for variant in self.variant_results if variant.calm) or self.variant_results

    @property
    def nearest(self) -> VariantResult:
        """The variant that met all targets most often; of equals, the one that misses them by least, then the best.

        Without any verdict it is the best by what variants are ranked by.
        """

        def rank(variant: VariantResult) -> tuple[float, float, float]:
            share = self.share(variant)
            return -1.0 if share is None else share, -variant.distance, self.worth(variant)

        return max(self.contenders, key=rank)

    @property
    def has_verdict(self) -> bool:
        """Whether any variant that the answer is about could be judged."""
        return any(map(self.judged, self.contenders))

    @property
    def unsure(self) -> list[VariantResult]:
        """The variants that decide the answer and have too few replications to be sure."""
        best = next(iter(self.keeping), None)
        least = -inf if best is None else self.worth(best)
        return [
            variant
            for variant in self.contenders
            if (variant is best or (self.worth(variant) >= least and not self.keeps(variant))) and self._open(variant)
        ]

    def _open(self, variant: VariantResult) -> bool:
        judged, wanted = self.judged(variant), float(self.scenario.targets.share_of_replications)
        return bool(variant.targets) and judged > 0 and is_undecided(variant.targets_met, judged, wanted)

    @property
    def enough(self) -> int:
        """How many replications would be enough, if all of them met the targets."""
        return enough(self.replications, float(self.scenario.targets.share_of_replications))


def compare_variants(
    plan: Plan, run_variants: RunVariants, precision: Precision | None = None, keep_partial: bool = False
) -> Comparison:
    """Run every variant of a plan by `run_variants` and return the results side by side.

    With a `precision`, more replications follow those of the plan until the precision or its budget is reached. Sums
    are taken in the order of the replications, so the figures depend on the plan only. With `keep_partial`, Ctrl-C
    gives the comparison of what is done, if that can be compared; it is raised otherwise.
    """
    variants, matrix, finished = plan.variants, list[list[Result]](), None
    try:
        for results in _rounds(plan, run_variants, precision):
            matrix = results
    except Stopped as stopped:
        if not keep_partial:
            raise
        variants, matrix, finished = _comparable(plan.variants, matrix, stopped)
    variant_results = tuple(
        _variant_result(variant, results, matrix[0], len(matrix) - 1)
        for variant, results in zip(variants, matrix, strict=True)
    )
    scenario = evolve(variants[0].scenario, replications=PositiveCount(len(matrix[0])))
    widest = precision.widest(matrix) if precision is not None else None
    return Comparison(
        scenario,
        plan.settings,
        variant_results,
        precision,
        widest,
        tuple(_trials(plan, variants, variant_results)),
        scenarios=tuple(variant.scenario for variant in variants),
        finished=finished,
        period=plan.period,
        without_effect=_without_effect(plan, variant_results),
    )


def _without_effect(plan: Plan, variant_results: Sequence[VariantResult]) -> tuple[Setting, ...]:
    """Return the settings of a user's that changed nothing in any variant."""
    idle = Effects.together(variant.effects for variant in variant_results).idle
    settings = (*idle, *_of_choice(plan, variant_results))
    return tuple(setting for setting in settings if not setting.path.startswith(plan.beside))


def _of_choice(plan: Plan, variant_results: Sequence[VariantResult]) -> Iterator[Setting]:
    """Yield what the scenario says of how variants are ranked, where there is only one."""
    contenders = [variant for variant in variant_results if variant.calm] or variant_results
    if plan.scenario.cheapest != fields(Scenario).cheapest.default and len(contenders) == 1:
        yield Setting("cheapest", "single")


def _rounds(plan: Plan, run_variants: RunVariants, precision: Precision | None) -> Iterator[list[list[Result]]]:
    """Yield the results of all replications so far, first those of the plan, then more for the precision."""
    variants = [(variant.name, variant.scenario) for variant in plan.variants]
    done = int(plan.scenario.replications)
    matrix = run_variants(variants, range(1, done + 1))
    yield matrix
    while precision is not None and (more := precision.more(matrix)):
        added = run_variants(variants, range(done + 1, done + more + 1))
        matrix = [[*results, *new] for results, new in zip(matrix, added, strict=True)]
        done += more
        yield matrix


def _comparable(
    variants: Sequence[Variant], matrix: Sequence[Sequence[Result]], stopped: Stopped
) -> tuple[tuple[Variant, ...], list[list[Result]], dict[str, int]]:
    """Return the variants with the first replications that all of them finished, and how many each finished.

    Variants without any are left out. Raises Stopped where none has one.
    """
    before = matrix or [[] for _ in variants]
    rows = [[*done, *new] for done, new in zip(before, stopped.rows, strict=True)]
    finished = {
        variant.name: sum(result is not None for result in row) for variant, row in zip(variants, rows, strict=True)
    }
    begun = [list(takewhile(lambda result: result is not None, row)) for row in rows]
    size = min(map(len, filter(None, begun)), default=0)
    if not size:
        raise stopped
    kept = [(variant, row[:size]) for variant, row in zip(variants, begun, strict=True) if row]
    return (
        tuple(variant for variant, _ in kept),
        [[result for result in row if result is not None] for _, row in kept],
        finished,
    )


def _trials(
    plan: Plan, variants: Sequence[Variant], variant_results: Sequence[VariantResult]
) -> Iterator[StressResult]:
    """Yield what the stress broke in each variant, against the same variant without the stress."""
    by_name = {variant.name: variant for variant in variant_results}
    own_events = {variant.name: len(variant.scenario.event) for variant in plan.variants}
    for variant in variants:
        if variant.calm in by_name:
            calm, under = by_name[variant.calm].timelines, by_name[variant.name].timelines
            yield stress_result(
                variant.name, variant.scenario, variant.scenario.event[own_events[variant.calm] :], calm, under
            )


def _variant_result(
    variant: Variant, results: Sequence[Result], first: Sequence[Result], together: int
) -> VariantResult:
    names = dict.fromkeys(name for result in results for name in result.metrics)
    targets = dict.fromkeys(name for result in results for name in result.targets)
    met = verdicts(results)
    units = {name: unit for result in results for name, unit in result.units.items()}
    numbers = Numbers(units=units)
    return VariantResult(
        variant.name,
        variant.changes,
        met.count(True),
        {name: sum(result.targets.get(name, False) for result in results) for name in targets},
        {name: _figure(_values(results, name), _values(first, name), together, numbers.ends(name)) for name in names},
        _failed(results),
        {marketplace: _marketplace_result(marketplace, results, numbers) for marketplace in results[0].by_marketplace}
        if results
        else {},
        tuple(result.timeline for result in results if result.timeline is not None),
        variant.calm,
        {name: sum(result.reached.get(name, False) for result in results) for name in _reached(results)},
        sum(result.counts.get("orders_lost", 0) for result in results) / max(1, len(results)),
        tuple(dict.fromkeys(name for result in results for name in result.unmeasured if name not in targets)),
        len(met) - met.count(None),
        bool(variant.changes) and not variant.calm and results is not first and _same(results, first),
        target_outcomes(results),
        closure_outcomes(dict(enumerate(results, 1))),
        distance(results),
        Effects.together(result.effects for result in results),
        units,
        tuple(results),
    )


def _same(results: Sequence[Result], first: Sequence[Result]) -> bool:
    """Whether nothing that is counted differs in any replication."""
    return all(_counted(result) == _counted(reference) for result, reference in zip(results, first, strict=True))


def _counted(result: Result) -> tuple[object, ...]:
    return result.metrics, result.by_marketplace, result.counts, result.missed, result.busy_hours


def _reached(results: Sequence[Result]) -> Iterable[str]:
    """Return all that may happen to accounts, even if it happened to none."""
    return dict.fromkeys(chain(REACHED, *(result.reached for result in results)))


def _marketplace_result(marketplace: str, results: Sequence[Result], numbers: Numbers) -> MarketplaceResult:
    names = dict.fromkeys(name for result in results for name in result.by_marketplace[marketplace])
    metrics = {
        name: estimate([result.by_marketplace[marketplace].get(name) for result in results], within=numbers.ends(name))
        for name in names
    }
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


def _figure(values: Sequence[float | None], reference: Sequence[float | None], together: int, within: Ends) -> Figure:
    return Figure(estimate(values, within=within), difference(values, reference, together, within))
