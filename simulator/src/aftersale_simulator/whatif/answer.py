"""Answer: what a comparison means, in words."""

from __future__ import annotations

from collections.abc import Iterator

from aftersale.clocks import DAY
from aftersale_simulator.runs.statistics import wilson
from aftersale_simulator.show.days_off import day_notes
from aftersale_simulator.show.period import period_notes
from aftersale_simulator.show.wording import amount, failed, joined, percent, target_name, text
from aftersale_simulator.whatif.comparison import Comparison, VariantResult


def answer(comparison: Comparison) -> str:
    """Return as one paragraph which variant to choose and why, or that none keeps the targets."""
    cheapest = comparison.cheapest
    if cheapest is None:
        return _none_keeps(comparison)
    if not cheapest.targets or not comparison.judged(cheapest):
        key = "answer.unmeasured" if cheapest.unmeasured else "answer.no_targets"
        return text(key, **_price(comparison, cheapest))
    sentence = text("answer.kept", **_price(comparison, cheapest), **_counts(comparison, cheapest))
    first = comparison.variant_results[0]
    return sentence if cheapest is first else joined([sentence, _beside(comparison, cheapest, first)])


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


def _none_keeps(comparison: Comparison) -> str:
    nearest = comparison.nearest
    missed = nearest.most_missed() or ""
    target = target_name(missed)
    counts = _counts(comparison, nearest)
    return text("answer.none", name=nearest.name, target=target, target_met=nearest.targets[missed], **counts)


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
