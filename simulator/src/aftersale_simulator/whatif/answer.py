"""Answer: what a comparison means, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aftersale.clocks import DAY
from aftersale_simulator.desk.suspensions import ACCOUNT
from aftersale_simulator.runs.statistics import wilson
from aftersale_simulator.show.days_off import day_notes
from aftersale_simulator.show.numbers import Numbers
from aftersale_simulator.show.period import period_notes
from aftersale_simulator.show.wording import amount, failed, joined, percent, target_name, text
from aftersale_simulator.whatif.comparison import Comparison, VariantResult
from aftersale_simulator.whatif.outcomes import ClosureOutcome, TargetOutcome


def answer(comparison: Comparison) -> str:
    """Return as one paragraph which variant to choose and why, or that none keeps the targets.

    What the named variant costs an account or an option is part of it.
    """
    chosen = comparison.cheapest or comparison.nearest
    closed = closure_sentences(chosen.name, chosen.closures, comparison.replications, comparison.numbers)
    return joined([*_sentences(comparison, chosen), *closed])


def _sentences(comparison: Comparison, chosen: VariantResult) -> Iterator[str]:
    if not comparison.has_verdict:
        yield text("answer.unmeasured", **_price(comparison, chosen))
    elif comparison.cheapest is None:
        yield text("answer.none", name=chosen.name, **_counts(comparison, chosen))
        yield from _most_missed(chosen, comparison.numbers)
    elif not chosen.targets:
        yield text("answer.no_targets", **_price(comparison, chosen))
    else:
        yield text("answer.kept", **_price(comparison, chosen), **_counts(comparison, chosen))
        first = comparison.variant_results[0]
        if chosen is not first:
            yield _beside(comparison, chosen, first)
            yield from () if comparison.keeps(first) else _most_missed(first, comparison.numbers)


def _price(comparison: Comparison, variant: VariantResult) -> dict[str, object]:
    cost = amount(variant.cost(), comparison.scenario.currency)
    return {"name": variant.name, "cost": cost, "days": comparison.scenario.period.measured // DAY}


def _counts(comparison: Comparison, variant: VariantResult) -> dict[str, object]:
    return {"met": variant.targets_met, "replications": comparison.judged(variant)}


def _beside(comparison: Comparison, chosen: VariantResult, first: VariantResult) -> str:
    more = round(chosen.cost() - first.cost())
    if more == 0:
        return text("answer.same", first=first.name, **_counts(comparison, first))
    key = "answer.more" if more > 0 else "answer.less"
    sum_ = amount(abs(more), comparison.scenario.currency)
    return text(key, amount=sum_, first=first.name, **_counts(comparison, first))


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
    if comparison.period is not None:
        yield from period_notes(comparison.period)
    yield from day_notes(comparison.scenarios)
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
