"""Wording: the simulator's messages in the current language, and figures as words."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING

from aftersale.base.translations import Catalogue
from aftersale_simulator.scenario.model import USUAL_TARGETS

if TYPE_CHECKING:
    from aftersale_simulator.runs.results import Ran

LANGUAGES = ("en", "zh")
"""Languages of `speaking`: English, and Simplified Chinese as sellers on Amazon write it."""
_SIMPY = "simpy"
_language: ContextVar[str] = ContextVar("language", default=LANGUAGES[0])


@cache
def _catalogue() -> Catalogue:
    return Catalogue.load("aftersale_simulator")


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Set the language of `text`, one of LANGUAGES, in this block and thread or task only; English is the default."""
    token = _language.set(language)
    try:
        yield
    finally:
        _language.reset(token)


def spoken() -> str:
    """Return the current language of `text`."""
    return _language.get()


def text(key: str, **values: object) -> str:
    """Return one of the simulator's messages with its values filled in, in the current language."""
    return _catalogue().text(key, spoken(), **values)


def joined(sentences: Iterable[str]) -> str:
    """Return sentences as one text; Chinese has no space between them."""
    return text("report.between").join(sentences)


def failed(count: int, cause: str, name: str) -> str:
    """Return the warning that a plugin failed some cases of a variant, and why."""
    return text("warning.failed", count=count, cause=cause, name=name)


def target_name(name: str) -> str:
    """Return the words for a target; the name itself for a marketplace's own."""
    return text(f"target.{name}") if name in USUAL_TARGETS else name


def amount(value: float, currency: str) -> str:
    """Return money in whole units of the currency."""
    return f"{value:,.0f} {currency}"


def percent(share: float) -> str:
    """Return a share as a whole percentage."""
    return f"{100 * share:.0f} %"


def engine_word(ran: Mapping[str, Collection[Ran]]) -> str:
    """Return what ran all this: `compiled`, `plain` or `simpy`, or "mixed (SimPy: …)" with the names SimPy ran.

    A cluster may have workers with and without a compiled kernel, which is "compiled and plain".
    """
    kernels = sorted({each.engine for found in ran.values() for each in found} - {_SIMPY})
    by_simpy = [name for name, found in ran.items() if any(each.engine == _SIMPY for each in found)]
    if not kernels:
        return _SIMPY
    return f"mixed (SimPy: {', '.join(by_simpy)})" if by_simpy else " and ".join(kernels)


def engine_notes(ran: Mapping[str, Collection[Ran]]) -> Iterator[str]:
    """Yield each reason why SimPy ran something though nobody had asked for it, with what it ran."""
    reasons = dict.fromkeys(reason for found in ran.values() for each in found for reason in each.reasons)
    for reason in reasons:
        names = [name for name, found in ran.items() if any(reason in each.reasons for each in found)]
        why = text(reason.key, **dict(reason.values))
        if len(names) == len(ran):
            yield text("engine.all", why=why)
        else:
            listed = text("report.comma").join(f"'{name}'" for name in names)
            yield text("engine.some", names=listed, why=why)
