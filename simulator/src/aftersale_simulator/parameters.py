"""Parameters: the numbers that the simulated world assumes, each with its range and its source."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from attrs import field, frozen

from aftersale.documents import Rate, Word, read, structure


@frozen
class Parameter:
    """A declared number: what it is worth by default, between what it may lie, and who says so."""

    name: Word
    default: Rate
    low: Rate
    high: Rate
    unit: Word
    source: Word
    grade: Word
    note: str = ""

    @property
    def told(self) -> str:
        """The source with its grade, or that the number is assumed."""
        return self.source if self.grade == "assumed" else f"{self.source} ({self.grade})"


@frozen
class Profile:
    """Relative weights of the hours of a day and the days of a week (Monday first)."""

    hourly: tuple[Rate, ...]
    weekly: tuple[Rate, ...]
    source: Word = field(default=Word("assumed"))


@frozen
class _ParameterDocument:
    parameter: tuple[Parameter, ...]
    profile: Profile


@cache
def _document() -> _ParameterDocument:
    source = "aftersale_simulator/parameters.toml"
    return structure(_ParameterDocument, read(files("aftersale_simulator") / "parameters.toml"), source)


def load_parameters() -> tuple[Parameter, ...]:
    """Return every declared parameter of the world, in the order of the file."""
    return _document().parameter


def default_profile() -> Profile:
    """Return the shapes of a day and a week that hold where a scenario gives none."""
    return _document().profile


class World:
    """The parameters of one scenario: the declared defaults with the scenario's own values over them."""

    def __init__(self, overrides: Mapping[str, float] | None = None) -> None:
        """Take the overrides as checked by the scenario; raises KeyError for a name that is not declared."""
        self._values = {parameter.name: float(parameter.default) for parameter in load_parameters()}
        for name, value in (overrides or {}).items():
            if name not in self._values:
                raise KeyError(name)
            self._values[Word(name)] = float(value)

    def __getitem__(self, name: str) -> float:
        """Return the value of a declared parameter."""
        return self._values[Word(name)]

    def get(self, name: str, otherwise: str) -> float:
        """Return a parameter, or another where the first is not declared: a rate by category, say."""
        return self._values.get(Word(name), self._values[Word(otherwise)])
