"""Answers: what a comparison means, in words."""

from __future__ import annotations

from collections.abc import Iterator

from aftersale.clocks import DAY
from aftersale_simulator.runs.statistics import wilson
from aftersale_simulator.show.wording import amount, failed, joined, percent, say, target_name
from aftersale_simulator.whatif.comparison import Comparison, Standing


def answer(comparison: Comparison) -> str:
    """Return which variant to choose and why, or that none keeps the targets, as one paragraph."""
    cheapest = comparison.cheapest
    if cheapest is None:
        return _none_keeps(comparison)
    if not cheapest.targets:
        return say("answer.no_targets", **_price(comparison, cheapest))
    kept = say("answer.kept", **_price(comparison, cheapest), **_met(comparison, cheapest))
    first = comparison.standings[0]
    return kept if cheapest is first else joined([kept, _beside(comparison, cheapest, first)])


def _price(comparison: Comparison, standing: Standing) -> dict[str, object]:
    cost = amount(standing.cost(), comparison.scenario.currency)
    return {"name": standing.name, "cost": cost, "days": comparison.scenario.period.measured // DAY}


def _met(comparison: Comparison, standing: Standing) -> dict[str, object]:
    return {"met": standing.targets_met, "replications": comparison.replications}


def _beside(comparison: Comparison, chosen: Standing, first: Standing) -> str:
    more = round(chosen.cost() - first.cost())
    if more == 0:
        return say("answer.same", first=first.name, **_met(comparison, first))
    key = "answer.more" if more > 0 else "answer.less"
    sum_ = amount(abs(more), comparison.scenario.currency)
    return say(key, amount=sum_, first=first.name, **_met(comparison, first))


def _none_keeps(comparison: Comparison) -> str:
    nearest = comparison.nearest
    missed = nearest.most_missed() or ""
    told = target_name(missed)
    met = _met(comparison, nearest)
    return say("answer.none", name=nearest.name, target=told, target_met=nearest.targets[missed], **met)


def warnings(comparison: Comparison) -> list[str]:
    """Return why the answer may not hold: too few replications of a variant on which it hangs."""
    return list(_warnings(comparison))


def _warnings(comparison: Comparison) -> Iterator[str]:
    for standing in comparison.standings:
        for cause, count in standing.failed.items():
            yield failed(count, cause, standing.name)
    if comparison.replications < 2:
        yield say("warning.one_replication")
        return
    precision, widest = comparison.precision, comparison.widest
    if precision is not None and widest is not None and widest > precision.half_width:
        yield say("warning.imprecise", budget=comparison.replications, widest=widest, wanted=precision.half_width)
    for standing in comparison.unsure:
        low, high = wilson(standing.targets_met, comparison.replications)
        yield say(
            "warning.unsure",
            name=standing.name,
            share=percent(comparison.scenario.targets.share_of_replications),
            low=percent(low),
            high=percent(high),
            enough=comparison.enough,
            **_met(comparison, standing),
        )


