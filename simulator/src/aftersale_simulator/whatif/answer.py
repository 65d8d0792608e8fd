"""Answer: what a comparison means, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from aftersale.clocks import DAY
from aftersale_simulator.books.money import CONTRIBUTION, TOTAL
from aftersale_simulator.desk.suspensions import ACCOUNT
from aftersale_simulator.judging.choice import RANKED
from aftersale_simulator.judging.outcomes import ClosureOutcome, TargetOutcome
from aftersale_simulator.runs.results import COST
from aftersale_simulator.runs.statistics import wilson
from aftersale_simulator.scenario.model import Cheapest
from aftersale_simulator.show.days_off import day_notes
from aftersale_simulator.show.money import money_notes
from aftersale_simulator.show.numbers import Numbers
from aftersale_simulator.show.period import period_notes
from aftersale_simulator.show.wording import amount, engine_notes, failed, joined, percent, target_name, text
from aftersale_simulator.whatif.comparison import Comparison, VariantResult


def answer(comparison: Comparison) -> str:
    """Return as one paragraph which variant to choose and why, or that none keeps the targets.

    What the named variant costs an account or an option is part of it, and on which assumed numbers the money hangs.
    """
    chosen = comparison.cheapest or comparison.nearest
    closed = closure_sentences(chosen.name, chosen.closures, comparison.replications, comparison.numbers)
    return joined([*_sentences(comparison, chosen), *closed, *_hanging(comparison, chosen)])


def _sentences(comparison: Comparison, chosen: VariantResult) -> Iterator[str]:
    if comparison.has_other_channels:
        yield text("answer.channels")
    if not comparison.has_verdict:
        yield text("answer.unmeasured", best=_best(comparison, chosen))
    elif not comparison.keeping:
        yield text("answer.none", name=chosen.name, **_counts(comparison, chosen))
        yield from _most_missed(chosen, comparison.numbers)
    elif comparison.has_other_channels:
        names = text("report.comma").join(f"'{variant.name}'" for variant in comparison.keeping)
        yield text("answer.keeping", names=names)
    elif not chosen.targets:
        yield text("answer.no_targets", best=_best(comparison, chosen))
        yield from _next(comparison)
    else:
        known = {**_money(comparison, chosen, _KEPT[comparison.by]), **_counts(comparison, chosen)}
        yield text(f"answer.kept_{comparison.by}", **known)
        yield from _next(comparison)
        first = comparison.variant_results[0]
        if chosen is not first:
            yield _beside(comparison, chosen, first)
            yield from () if comparison.keeps(first) else _most_missed(first, comparison.numbers)


_SUMS = {"contribution": CONTRIBUTION, "total": TOTAL, "labour": COST}
"""The metrics that messages tell, by what these call them."""
_KEPT: Mapping[Cheapest, Sequence[str]] = {
    "contribution": ("contribution", "total", "labour"),
    "total": ("total", "labour"),
    "labour": ("labour",),
}
"""What is told of a variant that keeps the targets, by what variants are ranked by."""
_BEST: Mapping[Cheapest, Sequence[str]] = {**_KEPT, "contribution": ("contribution", "total")}
"""What is told of the best one where there is no verdict."""


def _best(comparison: Comparison, variant: VariantResult) -> str:
    return text(f"answer.best_{comparison.by}", **_money(comparison, variant, _BEST[comparison.by]))


def _money(comparison: Comparison, variant: VariantResult, words: Sequence[str]) -> dict[str, object]:
    """Return what a variant comes to, in whole units of the scenario's currency, by what messages call it."""
    currency = comparison.scenario.currency
    sums = {word: amount(variant.mean(_SUMS[word]) or 0.0, currency) for word in words}
    return {"name": variant.name, "days": comparison.scenario.period.measured // DAY, **sums}


def _counts(comparison: Comparison, variant: VariantResult) -> dict[str, object]:
    return {"met": variant.targets_met, "replications": comparison.judged(variant)}


def _next(comparison: Comparison) -> Iterator[str]:
    """Yield that the next variant is as good as the replications can tell, and how many would tell."""
    margin = comparison.margin
    if margin is None or margin.is_told:
        return
    best, other = comparison.keeping[:2]
    known = {"other": other.name, "what": text(f"answer.what_{comparison.by}")}
    if margin.is_none:
        yield text("answer.equal", **known)
    elif margin.difference.half_width is None:
        yield text("answer.once", **known)
    else:
        currency, difference = comparison.scenario.currency, margin.difference
        mean, half = (amount(value or 0.0, currency) for value in (difference.mean, difference.half_width))
        if margin.enough is None:  # equal on average: no number of replications tells them apart
            yield text("answer.level", **known, name=best.name, half=half)
        else:
            yield text("answer.untold", **known, name=best.name, mean=mean, half=half, enough=margin.enough)


def _beside(comparison: Comparison, chosen: VariantResult, first: VariantResult) -> str:
    name, _ = RANKED[comparison.by]
    more = round((chosen.mean(name) or 0.0) - (first.mean(name) or 0.0))
    if more == 0:
        return text("answer.same", first=first.name, **_counts(comparison, first))
    key, half = "answer.more" if more > 0 else "answer.less", chosen.metrics[name].difference.half_width
    known = f"{abs(more):,.0f} ± {half:,.0f}" if half and round(half) else f"{abs(more):,.0f}"
    sentence = text(
        key, amount=f"{known} {comparison.scenario.currency}", first=first.name, **_counts(comparison, first)
    )
    differ = chosen.values("orders_missed") != first.values("orders_missed")
    return joined([sentence, *([text("answer.other_orders")] if differ else [])])


def _hanging(comparison: Comparison, chosen: VariantResult) -> Iterator[str]:
    """Yield the assumed numbers on which the money hangs most, each with what it makes of it over its range."""
    if comparison.by == "labour":
        return
    currency, beside = comparison.scenario.currency, comparison.beside
    numbers = [
        text(
            "answer.swing",
            name=swing.name,
            value=f"{swing.value:g}",
            low=f"{swing.low:g}",
            high=f"{swing.high:g}",
            at_low=amount(swing.at_low, currency),
            at_high=amount(swing.at_high, currency),
        )
        for swing in comparison.swings
    ]
    if not numbers:
        return
    listed = text("report.semicolon").join(numbers)
    if beside is None:
        yield text("answer.hangs", name=chosen.name, numbers=listed)
    else:
        yield text("answer.hangs_beside", name=chosen.name, other=beside.name, numbers=listed)


def _most_missed(variant: VariantResult, numbers: Numbers) -> Iterator[str]:
    missed = variant.most_missed()
    if missed is not None:
        yield text("answer.missed", name=variant.name, line=_line(missed, numbers))


def _line(outcome: TargetOutcome, numbers: Numbers) -> str:
    known = {
        "target": target_name(outcome.target),
        "mean": numbers.figure(outcome.mean, outcome.target),
        "limit": numbers.limit(outcome.limit, outcome.target),
        "met": outcome.met,
        "judged": outcome.judged,
    }
    if not outcome.marketplace:
        return text("answer.line_desk", **known)
    return text(f"answer.line_{'least' if outcome.above else 'most'}", place=outcome.marketplace, **known)


def closure_sentences(
    variant: str, closures: Sequence[ClosureOutcome], replications: int, numbers: Numbers
) -> Iterator[str]:
    """Yield what a variant has closed: in how many replications, by which metric, where, and first on which day."""
    missed = [outcome for outcome in closures if outcome.missed]
    for closes in dict.fromkeys(outcome.closes for outcome in missed):
        outcomes = [outcome for outcome in missed if outcome.closes == closes]
        count = len({number for outcome in outcomes for number, _ in outcome.missed})
        lines = "; ".join(_closing(outcome, numbers) for outcome in outcomes)
        known = {"variant": variant, "count": count, "replications": replications, "lines": lines}
        if closes == ACCOUNT:
            yield text("answer.deactivated", **known)
        else:
            yield text("answer.closed", name=closes, **known)


def _closing(outcome: ClosureOutcome, numbers: Numbers) -> str:
    return text(
        "answer.closing",
        place=outcome.marketplace,
        metric=target_name(outcome.metric),
        limit=numbers.limit(outcome.limit, outcome.metric),
        day=outcome.first_day,
    )


def warnings(comparison: Comparison) -> list[str]:
    """Return why the answer may not hold: failures, idle changes, holidays, too few replications to decide."""
    return list(_warnings(comparison))


def _warnings(comparison: Comparison) -> Iterator[str]:
    for variant in comparison.variant_results:
        for cause, count in variant.failed.items():
            yield failed(count, cause, variant.name)
        if variant.unmeasured:
            yield text("warning.unmeasured", name=variant.name, targets=", ".join(map(target_name, variant.unmeasured)))
    idle = [variant.name for variant in comparison.variant_results if variant.idle]
    if idle:
        first = comparison.variant_results[0].name
        names = text("report.comma").join(f"'{name}'" for name in idle)
        key = "warning.idle" if comparison.scenario.orders is None else "warning.idle_orders"
        yield text(key, names=names, first=first)
    yield from money_notes(comparison.scenarios, comparison.unrated)
    if comparison.period is not None:
        yield from period_notes(comparison.period)
    yield from day_notes(comparison.scenarios)
    yield from engine_notes(comparison.ran)
    if comparison.replications < 2:
        yield text("warning.one_replication")
        return
    precision, widest = comparison.precision, comparison.widest
    if precision is not None and widest is not None and widest > precision.half_width:
        yield text("warning.imprecise", budget=comparison.replications, widest=widest, wanted=precision.half_width)
    for variant in comparison.unsure:
        low, high = wilson(variant.targets_met, comparison.judged(variant))
        yield text(
            "warning.unsure",
            name=variant.name,
            share=percent(comparison.scenario.targets.share_of_replications),
            low=percent(low),
            high=percent(high),
            enough=comparison.enough,
            **_counts(comparison, variant),
        )
