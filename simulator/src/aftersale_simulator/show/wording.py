"""Wording: the simulator's messages in the current language, and figures as words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

from aftersale.base.translations import Catalogue
from aftersale_simulator.scenario.model import USUAL_TARGETS

LANGUAGES = ("en", "zh")
"""Languages of `speaking`: English, and Simplified Chinese as sellers on Amazon write it."""
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
