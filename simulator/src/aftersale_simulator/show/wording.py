"""Wording: the simulator's messages in the language that is being spoken, and how people speak of figures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

from aftersale.base.translations import Catalogue
from aftersale_simulator.scenario.model import Targets

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


def text(key: str, **values: object) -> str:
    """Return one of the simulator's messages with its values filled in, in the language that is being spoken."""
    return _catalogue().text(key, spoken(), **values)


def joined(sentences: Iterable[str]) -> str:
    """Return sentences as one text: Chinese sets no space between them."""
    return text("report.between").join(sentences)


def failed(count: int, cause: str, name: str) -> str:
    """Return that a plugin failed some cases of a variant, and why."""
    return text("warning.failed", count=count, cause=cause, name=name)


def target_name(name: str) -> str:
    """Return how people speak of a target; the name itself for one that a marketplace brought along."""
    return text(f"target.{name}") if hasattr(Targets, name) else name


def amount(value: float, currency: str) -> str:
    """Return money as people plan with it: in whole units of the currency."""
    return f"{value:,.0f} {currency}"


def percent(share: float) -> str:
    """Return a share as a whole percentage."""
    return f"{100 * share:.0f} %"
