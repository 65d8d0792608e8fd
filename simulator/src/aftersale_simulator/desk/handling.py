"""Handling: how long a task takes."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, log, sqrt

from aftersale.documents.scalars import Word
from aftersale_simulator.scenario.model import Handling
from aftersale_simulator.world.entities import Life


def handling_times(spec: Handling, language: str) -> Callable[[Life, str], int]:
    """Return how long a task takes in a language, in microseconds, by the chances of its order."""
    mean = round(spec.mean * spec.language.get(Word(language), 1.0))
    if spec.shape == "fixed" or mean == 0:
        return lambda life, purpose: mean
    if spec.shape == "exponential":
        return lambda life, purpose: round(mean * life.hand.exponential(purpose, life.slot))
    sigma = sqrt(log(1 + spec.cv**2))
    centre = log(mean) - sigma**2 / 2
    return lambda life, purpose: round(exp(centre + sigma * life.hand.normal(purpose, life.slot)))
