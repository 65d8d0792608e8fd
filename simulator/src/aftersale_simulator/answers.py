"""Answers: what a comparison means, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

from aftersale.base.translations import Catalogue
from aftersale.clocks import DAY
from aftersale_simulator.runs.statistics import wilson
from aftersale_simulator.scenario.model import Targets
from aftersale_simulator.whatif import Comparison, Standing

LANGUAGES = ("en", "zh")
"""What `speaking` takes: English, and Simplified Chinese as sellers on Amazon write it."""
_language: ContextVar[str] = ContextVar("language", default=LANGUAGES[0])


@cache
def _catalogue() -> Catalogue:
    return Catalogue.load("aftersale_simulator")


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Let `say` speak this language of LANGUAGES for a while, in this thread or task only; English is spoken else."""
    before = _language.set(language)
    try:
        yield
    finally:
        _language.reset(before)


def spoken() -> str:
    """Return the language that `say` speaks now."""
    return _language.get()


def say(key: str, **values: object) -> str:
    """Return one of the simulator's messages with its values filled in, in the language that is being spoken."""
    return _catalogue().text(key, spoken(), **values)


def joined(sentences: Iterable[str]) -> str:
    """Return sentences as one text: Chinese sets no space between them."""
    return say("report.between").join(sentences)


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


def failed(count: int, cause: str, name: str) -> str:
    """Return that a plugin failed some cases of a variant, and why."""
    return say("warning.failed", count=count, cause=cause, name=name)


def target_name(name: str) -> str:
    """Return how people speak of a target; the name itself for one that a marketplace brought along."""
    return say(f"target.{name}") if hasattr(Targets, name) else name


def amount(value: float, currency: str) -> str:
    """Return money as people plan with it: in whole units of the currency."""
    return f"{value:,.0f} {currency}"


def percent(share: float) -> str:
    """Return a share as a whole percentage."""
    return f"{100 * share:.0f} %"
