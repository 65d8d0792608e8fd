"""Handling: how long a task takes."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, log, sqrt

from aftersale.clocks import MINUTE
from aftersale.documents.scalars import Duration, Word
from aftersale_simulator.scenario.model import Handling
from aftersale_simulator.world.entities import OrderState
from aftersale_simulator.world.world import World


def handling_times(spec: Handling, language: str) -> Callable[[OrderState, str], int]:
    """Return how long a task takes in a language, in microseconds, as a function of its order's draws and a purpose."""
    shape, mean, sigma = shape_of(spec, language)
    if shape == "fixed":
        whole = round(mean)
        return lambda state, purpose: whole
    if shape == "exponential":
        return lambda state, purpose: round(mean * state.draws.exponential(purpose, state.row))
    return lambda state, purpose: round(exp(mean + sigma * state.draws.normal(purpose, state.row)))


def shape_of(spec: Handling, language: str) -> tuple[str, float, float]:
    """Return the shape of a handling time with its mean in microseconds, or with centre and spread of the logarithm."""
    mean = round(spec.mean * spec.language.get(Word(language), 1.0))
    if spec.shape == "fixed" or mean == 0:
        return "fixed", mean, 0.0
    if spec.shape == "exponential":
        return "exponential", mean, 0.0
    sigma = sqrt(log(1 + spec.cv**2))
    return "lognormal", log(mean) - sigma**2 / 2, sigma


def other_times(world: World, language: str) -> Callable[[OrderState, str], int]:
    """Return how long a task of a kind takes that the scenario leaves out; the parameter is read when one comes up."""
    times: list[Callable[[OrderState, str], int]] = []

    def duration(state: OrderState, purpose: str) -> int:
        if not times:
            times.append(handling_times(Handling(Duration(round(world["other_task_minutes"] * MINUTE))), language))
        return times[0](state, purpose)

    return duration
