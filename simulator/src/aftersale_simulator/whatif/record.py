"""Record: a comparison as plain data, for JSON and CSV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, time
from typing import TYPE_CHECKING, Any, TypedDict

from aftersale.base.json_documents import as_json as json_text
from aftersale_simulator.judging.choice import Swing
from aftersale_simulator.judging.outcomes import FAR, ClosureOutcome, TargetOutcome
from aftersale_simulator.runs.statistics import Estimate, wilson
from aftersale_simulator.show.effects import idle_settings
from aftersale_simulator.show.money import not_simulated
from aftersale_simulator.show.sheets import sheet
from aftersale_simulator.show.wording import engine_word, joined, text
from aftersale_simulator.stress.trials import StressResult
from aftersale_simulator.whatif.answer import answer, warnings
from aftersale_simulator.whatif.comparison import Comparison, Figure, MarketplaceResult, VariantResult

if TYPE_CHECKING:
    from aftersale_simulator.calibration.history import History
    from aftersale_simulator.sensitivity.table import SensitivityRecord


class FigureRecord(TypedDict):
    """A metric in JSON; None if there are too few replications."""

    mean: float | None
    low: float | None
    high: float | None
    difference: dict[str, float | None]


class MarketplaceRecord(TypedDict):
    """A variant on one marketplace: the means of its metrics, and the missed share of each deadline."""

    metrics: dict[str, float | None]
    missed: dict[str, float]


class ShareRecord(TypedDict):
    """A share of the replications with Wilson's 95 % interval."""

    count: int
    share: float
    low: float
    high: float


class LineRecord(TypedDict):
    """A target on one marketplace, or of the whole desk; `met` counts replications of those `judged`.

    With `at_least` the limit is one from below. `excess` is how far it is over the limit on average, as a share of it.
    """

    target: str
    marketplace: str | None
    limit: float
    at_least: bool
    mean: float | None
    met: int
    judged: int
    excess: float | None


class MissRecord(TypedDict):
    """A replication that missed a line, and the first day on which it did."""

    replication: int
    day: str


class ClosureRecord(TypedDict):
    """How near a line came to closing an account, or an option by its name; the worst days are over replications."""

    closes: str
    marketplace: str
    metric: str
    line: float
    at_least: bool
    judged: int
    missed: list[MissRecord]
    worst_day: dict[str, float | None]


class VariantRecord(TypedDict):
    """A variant in JSON; `targets_met` counts replications of those `judged`, and so does `targets` for each target.

    `unmeasured` are targets that had nothing to count, so that there is no verdict on them.
    """

    name: str
    changes: dict[str, Any]
    targets_met: int | None
    judged: int
    targets: dict[str, int]
    unmeasured: list[str]
    distance: float | None
    lines: list[LineRecord]
    metrics: dict[str, FigureRecord]
    marketplaces: dict[str, MarketplaceRecord]
    reached: dict[str, ShareRecord]
    closures: list[ClosureRecord]
    orders_lost: float


class BreakRecord(TypedDict):
    """A measure under a stress; days as text, null for what never happened."""

    measure: str
    line: float | None
    broke_on: str | None
    worst: float | None
    worst_on: str | None
    back_on: str | None
    broken: int
    calm_over: bool


class TrialRecord(TypedDict):
    """What a stress from `begins` to the day before `ends` broke in a variant, in the order of the breaks."""

    variant: str
    begins: str
    ends: str
    breaks: list[BreakRecord]


class MarginRecord(TypedDict):
    """How much better the best variant that keeps the targets is than the next, in what they are ranked by.

    `told` says whether the replications tell them apart; `enough` is how many would, null where they do or never would.
    """

    to: str
    mean: float | None
    low: float | None
    high: float | None
    told: bool
    enough: int | None


class SwingRecord(TypedDict):
    """An assumed number, half of it and its double within its range, and what the money would be with it at either."""

    name: str
    value: float
    low: float
    high: float
    at_low: float
    at_high: float


class ComparisonRecord(TypedDict):
    """A comparison in JSON; `cheapest` names the variant that the answer recommends, or is None.

    A `partial` one was stopped; `finished` has the replications that each variant of the plan finished.
    `without_effect` names each setting of the scenario that changed nothing in any variant, with the reason. `engine`
    is what ran the replications.
    """

    scenario: str
    seed: int
    replications: int
    engine: str
    partial: bool
    finished: dict[str, int]
    currency: str
    settings: dict[str, Any]
    variants: list[VariantRecord]
    answer: str
    cheapest: str | None
    cheapest_by: str
    named: list[str]
    margin: MarginRecord | None
    money_rests_on: list[SwingRecord]
    unrated: list[str]
    returns_not_simulated: list[str]
    warnings: list[str]
    without_effect: list[str]
    stress: list[TrialRecord]
    sensitivity: SensitivityRecord | None
    orders: dict[str, Any] | None


def record(
    comparison: Comparison, notes: Sequence[str] = (), history: History | None = None, cells: bool = False
) -> ComparisonRecord:
    """Return the comparison as plain data; `notes` are warnings about the order file behind it.

    With `cells` its rejected rows have the cell at fault.
    """
    scenario, cheapest = comparison.scenario, comparison.cheapest
    return ComparisonRecord(
        scenario=scenario.name,
        seed=scenario.seed,
        replications=scenario.replications,
        engine=engine_word(comparison.ran),
        partial=comparison.finished is not None,
        finished=_finished(comparison),
        currency=scenario.currency,
        settings=plain(comparison.settings),
        variants=[_variant(comparison, variant) for variant in comparison.variant_results],
        answer=joined([*_partial_words(comparison), answer(comparison)]),
        cheapest=cheapest.name if cheapest else None,
        cheapest_by=comparison.by,
        named=[variant.name for variant in comparison.named],
        margin=_margin(comparison),
        money_rests_on=[_swing(swing) for swing in comparison.swings] if comparison.by != "labour" else [],
        unrated=list(comparison.unrated),
        returns_not_simulated=not_simulated(comparison.scenarios),
        warnings=[*_partial_warnings(comparison), *notes, *warnings(comparison)],
        without_effect=idle_settings(comparison.without_effect),
        stress=[_trial(stress_result) for stress_result in comparison.trials],
        sensitivity=_sensitivity(comparison),
        orders=_history(history, cells),
    )


def _margin(comparison: Comparison) -> MarginRecord | None:
    margin = comparison.margin
    if margin is None:
        return None
    ends = _interval(margin.difference)
    to = comparison.keeping[1].name
    return MarginRecord(
        to=to, mean=ends["mean"], low=ends["low"], high=ends["high"], told=margin.is_told, enough=margin.enough
    )


def _swing(swing: Swing) -> SwingRecord:
    return SwingRecord(
        name=swing.name,
        value=swing.value,
        low=swing.low,
        high=swing.high,
        at_low=swing.at_low,
        at_high=swing.at_high,
    )


def _finished(comparison: Comparison) -> dict[str, int]:
    if comparison.finished is not None:
        return dict(comparison.finished)
    return {variant.name: int(comparison.replications) for variant in comparison.variant_results}


def _partial_words(comparison: Comparison) -> Iterator[str]:
    if comparison.finished is not None:
        yield text("answer.partial")


def _partial_warnings(comparison: Comparison) -> Iterator[str]:
    if comparison.finished is not None:
        counts = text("report.comma").join(f"'{name}' {count}" for name, count in comparison.finished.items())
        yield text("warning.partial", counts=counts, replications=comparison.replications)


def _sensitivity(comparison: Comparison) -> SensitivityRecord | None:
    if comparison.sensitivity is None:
        return None
    from aftersale_simulator.sensitivity import table

    return table.record(comparison.sensitivity)


def _history(history: History | None, cells: bool) -> dict[str, Any] | None:
    if history is None:
        return None
    from aftersale_simulator.calibration.history import record as record_history

    return record_history(history, cells)


def _share(count: int, size: int) -> ShareRecord:
    low, high = wilson(count, size)
    return ShareRecord(count=count, share=count / size, low=low, high=high)


def _variant(comparison: Comparison, variant: VariantResult) -> VariantRecord:
    replications, judged = comparison.replications, comparison.judged(variant)
    return VariantRecord(
        name=variant.name,
        changes=plain(variant.changes),
        targets_met=variant.targets_met if judged else None,
        judged=judged,
        targets=dict(variant.targets),
        unmeasured=list(variant.unmeasured),
        distance=variant.distance if judged else None,
        lines=[_line(outcome) for outcome in variant.lines],
        metrics={name: _figure(figure) for name, figure in variant.metrics.items()},
        marketplaces={name: _marketplace(result) for name, result in variant.marketplaces.items()},
        reached={name: _share(count, replications) for name, count in variant.reached.items()},
        closures=[closure_record(outcome) for outcome in variant.closures],
        orders_lost=variant.orders_lost,
    )


def _line(outcome: TargetOutcome) -> LineRecord:
    return LineRecord(
        target=outcome.target,
        marketplace=outcome.marketplace or None,
        limit=outcome.limit,
        at_least=outcome.above,
        mean=outcome.mean,
        met=outcome.met,
        judged=outcome.judged,
        excess=outcome.excess,
    )


def closure_record(outcome: ClosureOutcome) -> ClosureRecord:
    """Return how near a line came to closing something, as plain data."""
    return ClosureRecord(
        closes=outcome.closes,
        marketplace=outcome.marketplace,
        metric=outcome.metric,
        line=outcome.limit,
        at_least=outcome.above,
        judged=outcome.judged,
        missed=[MissRecord(replication=number, day=str(day)) for number, day in outcome.missed],
        worst_day={"median": outcome.median, f"p{FAR}": outcome.far},
    )


def _trial(stress_result: StressResult) -> TrialRecord:
    breaks = [
        BreakRecord(
            measure=outcome.measure,
            line=outcome.line if outcome.counted else None,
            broke_on=None if outcome.broke_on is None else str(outcome.broke_on),
            worst=outcome.worst if outcome.counted else None,
            worst_on=str(outcome.worst_on) if outcome.counted else None,
            back_on=None if outcome.back_on is None else str(outcome.back_on),
            broken=outcome.broken,
            calm_over=outcome.calm_over,
        )
        for outcome in stress_result.breaks
    ]
    return TrialRecord(
        variant=stress_result.name, begins=str(stress_result.begins), ends=str(stress_result.ends), breaks=breaks
    )


def _marketplace(place: MarketplaceResult) -> MarketplaceRecord:
    metrics = {name: value.mean for name, value in place.metrics.items()}
    return MarketplaceRecord(metrics=metrics, missed=dict(place.missed))


def _figure(figure: Figure) -> FigureRecord:
    value = figure.value
    return FigureRecord(mean=value.mean, low=value.low, high=value.high, difference=_interval(figure.difference))


def _interval(estimate: Estimate) -> dict[str, float | None]:
    return {"mean": estimate.mean, "low": estimate.low, "high": estimate.high}


def plain(value: Any) -> Any:
    """Return values from a TOML document for JSON, with dates and times as ISO text."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value.isoformat() if isinstance(value, date | time) else value


def as_json(document: ComparisonRecord) -> str:
    """Return the document of `--json`; the same comparison gives the same bytes."""
    return json_text(document)


def as_csv(comparison: Comparison) -> str:
    """Return a table with one row for each variant and metric, for people and their spreadsheets."""
    return sheet(_rows(comparison))


def _rows(comparison: Comparison) -> Iterator[list[str | float | None]]:
    ends = ("mean", "low", "high")
    yield ["variant", "metric", *ends, *(f"difference_{end}" for end in ends)]
    for variant in comparison.variant_results:
        for name, figure in variant.metrics.items():
            yield [variant.name, name, *_ends(figure.value), *_ends(figure.difference)]
        first, judged = comparison.variant_results[0], comparison.judged(variant)
        met = variant.targets_met if judged else None
        more = variant.targets_met - first.targets_met if judged and judged == comparison.judged(first) else None
        yield [variant.name, "targets_met", met, None, None, more, None, None]


def _ends(estimate: Estimate) -> list[float | None]:
    return [estimate.mean, estimate.low, estimate.high]
