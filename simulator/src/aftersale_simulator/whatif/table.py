"""Table: a comparison in a terminal, with the answer in words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from aftersale.base.errors import DocumentError, Problem
from aftersale.base.tables import Table, show as show_parts
from aftersale.base.visible import lines
from aftersale.clocks import DAY
from aftersale.costs.ledger import LINES, line_place
from aftersale_simulator.books.money import CONTRIBUTION, LINE, TOTAL
from aftersale_simulator.desk.suspensions import ACCOUNT
from aftersale_simulator.judging.choice import RANKED
from aftersale_simulator.judging.outcomes import ClosureOutcome, nearest_lines
from aftersale_simulator.runs.results import COST, DEACTIVATED, LATE, LATE_BY_MARKETPLACE, RATE, REVIEW, UNITS, Result
from aftersale_simulator.runs.statistics import Estimate, estimate
from aftersale_simulator.scenario.model import Scenario
from aftersale_simulator.scenario.vocabulary import allowed_words
from aftersale_simulator.show.effects import idle_sentence
from aftersale_simulator.show.money import not_simulated
from aftersale_simulator.show.numbers import Numbers, count_text, number
from aftersale_simulator.show.tables import rows
from aftersale_simulator.show.wording import amount, target_name, text
from aftersale_simulator.whatif.comparison import Comparison, MarketplaceResult, VariantResult
from aftersale_simulator.whatif.record import ComparisonRecord

if TYPE_CHECKING:
    from aftersale.plugins.plugins import Plugins
    from aftersale_simulator.calibration.history import History

USUAL = ("late_reply_rate", RATE, "claims", "mean_first_reply_hours")
"""The metrics of the usual table beside money; those of plugins follow."""
_WINDOW = re.compile(r"_[1-9][0-9]*d$")
"""The end of the name of a metric's further line: the days of its window."""
ALL = "all"
"""The word for all metrics."""
CLOSURE_COLUMNS = (
    "variant",
    "closes",
    "closed_in",
    "closure_line",
    "closure_median",
    "closure_far",
    "closure_limit",
)
"""The columns of what may be closed: keys of the messages."""
_NOTHING = Estimate(None, None, None)


def show(
    comparison: Comparison,
    record: ComparisonRecord,
    history: History | None = None,
    by_marketplace: bool = False,
    wanted: Sequence[str] = (),
) -> None:
    """Print the comparison: its tables, as wide as there is room, then the answer and the warnings.

    `record` is the record of the comparison; `by_marketplace` adds each variant's results on each marketplace. With
    metrics that are `wanted` the tables have these, and their differences to the first variant.
    """
    metrics = comparison.variant_results[0].metrics
    show_parts(record["scenario"], bold=True)
    show_parts(*_heads(comparison, record, history, wanted), "")
    for part in _tables(comparison, wanted) if wanted else _overview(comparison):
        show_parts(part, "")
    if absent := [name for name in dict.fromkeys(wanted) if name != ALL and name not in metrics]:
        show_parts(text("report.absent", names=text("report.comma").join(absent)), "")
    for line in reached(comparison):
        show_parts(line, "")
    if closures := closure_rows(comparison):
        header = [text(f"column.{name}") for name in CLOSURE_COLUMNS]
        show_parts(text("report.closures"), rows(header, closures, numbers=(2, 4, 5, 6)), "")
    for part in _by_marketplace(comparison, wanted) if by_marketplace else ():
        show_parts(part, "")
    if comparison.trials:
        from aftersale_simulator.stress.table import show_trials

        show_trials(comparison.trials)
    if comparison.sensitivity is not None:
        from aftersale_simulator.sensitivity import table

        table.show(comparison.sensitivity)
    show_parts(record["answer"], bold=True)
    idle = [idle_sentence(record["without_effect"])] if record["without_effect"] else []
    show_parts(*(text("report.warning", text=warning) for warning in (*record["warnings"], *idle)), fg="yellow")


def _heads(
    comparison: Comparison, record: ComparisonRecord, history: History | None, wanted: Sequence[str]
) -> Iterator[str]:
    """Yield what was simulated, with what set for all variants, from which orders."""
    yield about(comparison, wanted)
    if record["settings"]:
        yield text("report.settings", settings=assignments(record["settings"]))
    if history is not None:
        from aftersale_simulator.calibration.history import summary

        yield summary(history)


def about(comparison: Comparison, wanted: Sequence[str] = ()) -> str:
    """Return in words which days were simulated, and how often, and how the metrics that are shown are to be read."""
    scenario = comparison.scenario
    values = {"days": scenario.period.measured // DAY, "start": scenario.period.start, "seed": scenario.seed}
    period = (
        text("report.period_once", **values)
        if scenario.replications < 2
        else text("report.period", replications=scenario.replications, **values)
    )
    notes = [
        *([text("report.worst")] if _has_worst(comparison, wanted) else []),
        *([text("report.about_money")] if not comparison.unrated else []),
        *(text(f"report.about_{key}") for key in _kinds_of_interval(comparison, wanted)),
    ]
    return "".join([period, *notes])


def _has_worst(comparison: Comparison, wanted: Sequence[str]) -> bool:
    names = columns(comparison, wanted)
    return any(variant.worst(name) is not None for variant in comparison.variant_results for name in names)


def _kinds_of_interval(comparison: Comparison, wanted: Sequence[str]) -> Iterator[str]:
    """Yield what a reader is to be told of the intervals in the tables: that one has its ends, or is a "?"."""
    names = columns(comparison, wanted)
    compared = names if wanted else [RANKED[comparison.by][0]]
    values = [variant.metrics[name].value for variant in comparison.variant_results for name in names]
    differences = [variant.metrics[name].difference for variant in comparison.variant_results for name in compared]
    if any(value.is_cut and not value.is_wild for value in values):
        yield "cut"
    if any(estimate.is_wild for estimate in (*values, *differences)):
        yield "wild"


def assignments(changes: Mapping[str, Any]) -> str:
    """Return changed values in one line, as a scenario has them."""
    return ", ".join(f"{path} = {json.dumps(value, ensure_ascii=False)}" for path, value in changes.items())


def columns(comparison: Comparison, wanted: Sequence[str] = ()) -> list[str]:
    """Return the metrics to show: those that are wanted, or the usual ones and then those that plugins add.

    Order defects are left out where they judge none of the marketplaces; what judges, and had nothing to count, is
    shown as nothing. Where total cost and contribution are not known, labour stands in their place.
    """
    variant_results = comparison.variant_results
    first = variant_results[0].metrics
    if wanted:
        return list(first) if ALL in wanted else [name for name in dict.fromkeys(wanted) if name in first]
    judging = any(
        variant.metrics[RATE].value.mean is not None or RATE in variant.unmeasured for variant in variant_results
    )
    money = (TOTAL, CONTRIBUTION) if not comparison.unrated else (COST,)
    usual = [name for name in (*USUAL, *money) if name in first and (name != RATE or judging)]
    return [*usual, *(name for name in first if _is_plugins(name))]


def _is_plugins(name: str) -> bool:
    """Whether a metric is one that a plugin adds."""
    return name not in UNITS and not name.startswith(LINE)


def check_columns(wanted: Sequence[str], plugins: Plugins) -> None:
    """Refuse columns of which nobody knows a metric; raises DocumentError with all of them."""
    lines_ = {*LINES, *(kind.name for policy in plugins.policies().values() for kind in policy.costs.kinds)}
    judged = [*map(str, plugins.metrics), LATE_BY_MARKETPLACE]
    known = list(dict.fromkeys([ALL, *UNITS, *(f"{LINE}{line}" for line in sorted(lines_, key=line_place)), *judged]))
    problems = [
        Problem("--columns", "", f"no metric is called '{name}'", allowed_words(name, known))
        for name in dict.fromkeys(wanted)
        if name not in known and _WINDOW.sub("", name) not in judged
    ]
    if problems:
        raise DocumentError("--columns", tuple(problems))


def _overview(comparison: Comparison) -> Iterator[Table | str]:
    """Yield the variants side by side in what decides, with the difference in the money that they are ranked by."""
    names, numbers = columns(comparison), comparison.numbers
    rest = comparison.variant_results[1:]
    what, unit = text(f"answer.what_{comparison.by}"), comparison.scenario.currency
    heads = [*map(numbers.heading, names), *([text("column.difference", what=what, currency=unit)] if rest else [])]
    header = [text("column.variant"), *heads, text("column.targets")]
    values = (
        (
            variant.name,
            *(value_text(variant, name, numbers) for name in names),
            *([difference_text(comparison, variant)] if rest else []),
            times_met(comparison, variant),
        )
        for variant in comparison.variant_results
    )
    yield rows(header, values, numbers=range(1, len(header)))
    if rest:
        yield text("report.difference_row", name=comparison.variant_results[0].name)


def so_far(results: Mapping[str, Sequence[Result]], scenario: Scenario) -> Table:
    """Return what results so far tell of variants by name: late replies, order defects, and the money that ranks them.

    Order defects are left out where they judge none; labour stands for money that is not known, as in the answer.
    """
    every = [result for found in results.values() for result in found]
    numbers = Numbers(scenario.currency, {name: unit for result in every for name, unit in result.units.items()})
    money = RANKED[scenario.cheapest][0]
    judged = any(result.metrics.get(RATE) is not None for result in every)
    names = [LATE, *([RATE] if judged else []), COST if any(result.unrated for result in every) else money]
    values = (
        (
            variant,
            *(
                numbers.estimate(estimate([each.metrics.get(name) for each in found], within=numbers.ends(name)), name)
                for name in names
            ),
        )
        for variant, found in results.items()
    )
    header = [text("column.variant"), *map(numbers.heading, names)]
    return rows(header, values, numbers=range(1, len(header)))


def difference_text(comparison: Comparison, variant: VariantResult) -> str:
    """Return how much a variant differs from the first in the money that they are ranked by.

    It is told where orders were placed in one of them and not in the other: their money differs by these too.
    """
    first, (name, _) = comparison.variant_results[0], RANKED[comparison.by]
    if variant is first:
        return text("report.none")
    value = comparison.numbers.estimate(variant.metrics[name].difference, name, sign=True)
    other = variant.values("orders_missed") != first.values("orders_missed")
    return lines(*value.split("\n"), *([text("report.other_orders")] if other else []))


def _tables(comparison: Comparison, wanted: Sequence[str]) -> Iterator[Table | str]:
    """Yield the variants side by side, then the differences to the first, the variants' names never folded."""
    names, numbers = columns(comparison, wanted), comparison.numbers
    header = [text("column.variant"), *map(numbers.heading, names), text("column.targets")]
    values = (
        (variant.name, *(value_text(variant, name, numbers) for name in names), times_met(comparison, variant))
        for variant in comparison.variant_results
    )
    yield rows(header, values, numbers=range(1, len(header)))
    first, *rest = comparison.variant_results
    if not rest:
        return
    yield text("report.differences" if len(rest) == 1 else "report.differences_together", name=first.name)
    differences = (
        (
            variant.name,
            *(numbers.estimate(variant.metrics[name].difference, name, sign=True) for name in names),
            _more_met(comparison, variant, first),
        )
        for variant in rest
    )
    yield rows(header, differences, numbers=range(1, len(header)))


def value_text(variant: VariantResult, name: str, numbers: Numbers) -> str:
    """Return a metric of a variant as text, with the marketplace that does worst where its target holds on each."""
    value = numbers.estimate(variant.metrics[name].value, name)
    return lines(*value.split("\n"), *worst_text(variant, name, numbers))


def worst_text(variant: VariantResult, name: str, numbers: Numbers) -> list[str]:
    """Return the marketplace that does worst in a metric with its value; nothing where there are not several."""
    worst = variant.worst(name)
    if worst is None or worst.mean is None:
        return []
    return [f"{worst.marketplace} {numbers.bare(worst.mean, name)}"]


def _more_met(comparison: Comparison, variant: VariantResult, first: VariantResult) -> str:
    """Return in how many more replications all targets were met, where both have as many verdicts."""
    sizes = {comparison.judged(result) for result in (variant, first)}
    if len(sizes) > 1 or 0 in sizes:
        return text("report.none")
    return number(variant.targets_met - first.targets_met, 0, sign=True)


def times_met(comparison: Comparison, variant: VariantResult) -> str:
    """Return in how many of the judged replications a variant met all targets, as text."""
    judged = comparison.judged(variant)
    return f"{variant.targets_met}/{judged}" if variant.targets and judged else text("report.none")


def reached(comparison: Comparison) -> Iterator[str]:
    """Yield in words how likely a review of an account is, if any happened, and how many orders closures cost."""
    size = comparison.replications
    counts = [(result.name, result.reached.get(REVIEW, 0)) for result in comparison.variant_results]
    if any(count for _, count in counts):
        variants = "; ".join(f"{name} {count_text(count, size)}" for name, count in counts)
        yield text("report.reached_review", variants=variants)
    if comparison.unrated and any(variant.orders_lost for variant in comparison.variant_results):
        lost = (f"{variant.name} {number(variant.orders_lost, 0)}" for variant in comparison.variant_results)
        yield text("report.orders_lost", variants="; ".join(lost))
    yield from money_beside(comparison)


def money_beside(comparison: Comparison) -> Iterator[str]:
    """Yield in words what may cost more yet, what was never sold, and what is not in the money."""
    currency, results = comparison.scenario.currency, comparison.variant_results
    if comparison.unrated:
        return
    between = text("report.semicolon")
    for key, count, sums in (
        ("standing", "cases_standing", {"at_stake": "at_stake"}),
        ("missed", "orders_missed", {"revenue": "revenue_missed", "contribution": "contribution_missed"}),
    ):
        told = (
            text(
                f"report.{key}_of",
                name=variant.name,
                **{"cases" if key == "standing" else "orders": number(variant.mean(count) or 0.0, 0)},
                **{word: amount(variant.mean(name) or 0.0, currency) for word, name in sums.items()},
            )
            for variant in results
            if variant.mean(count)
        )
        if any(variant.mean(count) for variant in results):
            yield text(f"report.{key}", variants=between.join(told))
    if names := not_simulated(comparison.scenarios):
        yield text("report.shipped", names=text("report.comma").join(names))


def closure_rows(comparison: Comparison) -> list[tuple[str, ...]]:
    """Return what may be closed in each variant: in how many replications, and how near its nearest line came.

    A row has the cells of CLOSURE_COLUMNS. None happened is not "never": the distance to the line stands beside it.
    """
    size = comparison.replications
    return [
        (
            variant.name,
            closes_text(closes),
            count_text(variant.reached.get(DEACTIVATED if closes == ACCOUNT else closes, 0), size),
            *_line(outcome, comparison.numbers),
        )
        for variant in comparison.variant_results
        for closes, outcome in nearest_lines(variant.closures).items()
    ]


def closes_text(closes: str) -> str:
    """Return in words what is closed: an account, or what plugins name."""
    return text("column.account") if closes == ACCOUNT else closes


def _line(outcome: ClosureOutcome, numbers: Numbers) -> tuple[str, ...]:
    values = (numbers.figure(value, outcome.metric) for value in (outcome.median, outcome.far))
    name = text("report.comma").join([target_name(outcome.metric), outcome.marketplace])
    return name, *values, numbers.limit(outcome.limit, outcome.metric)


def _by_marketplace(comparison: Comparison, wanted: Sequence[str]) -> Iterator[Table | str]:
    """Yield each variant's results on each marketplace, with the deadline missed most."""
    numbers, shown = comparison.numbers, columns(comparison, wanted)
    for variant in comparison.variant_results:
        places = variant.marketplaces
        known = dict.fromkeys(name for place in places.values() for name in place.metrics)
        names = [name for name in shown if name in known]
        header = [text("column.marketplace"), *map(numbers.heading, names), text("column.most_missed")]
        lines_ = (
            (
                name,
                *(numbers.estimate(place.metrics.get(metric, _NOTHING), metric) for metric in names),
                _most_missed(place),
            )
            for name, place in places.items()
        )
        yield text("report.places", name=variant.name)
        yield rows(header, lines_, numbers=range(1, len(header) - 1))


def _most_missed(place: MarketplaceResult) -> str:
    worst = place.most_missed()
    return text("report.none") if worst is None else lines(worst, f"{number(100 * place.missed[worst], 1)} %")
