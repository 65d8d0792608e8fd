"""Parameters: the numbers that the simulated world assumes, each with its range and its source."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from attrs import field, frozen

from aftersale.base.toml_files import read
from aftersale.documents.scalars import Rate, Word
from aftersale.documents.structure import structure
from aftersale.policies.worlds import Parameter


@frozen
class Profile:
    """Relative weights of the hours of a day, the days of a week (Monday first) and the months of a year."""

    hourly: tuple[Rate, ...]
    weekly: tuple[Rate, ...]
    season: tuple[Rate, ...]
    source: Word = field(default=Word("assumed"))


@frozen
class _ParameterDocument:
    parameter: tuple[Parameter, ...]
    profile: Profile


@cache
def _document() -> _ParameterDocument:
    source = "aftersale_simulator/parameters.toml"
    return structure(_ParameterDocument, read(files("aftersale_simulator.assumptions") / "parameters.toml"), source)


def load_parameters() -> tuple[Parameter, ...]:
    """Return every parameter of the world that holds on all marketplaces, in the order of the file."""
    return _document().parameter


def default_profile() -> Profile:
    """Return the shapes of a day, a week and a year that hold where a scenario gives none."""
    return _document().profile
