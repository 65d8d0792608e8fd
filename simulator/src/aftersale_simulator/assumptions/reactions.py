"""Reactions: what happens of itself in the simulated world on every marketplace, and the cases that it is about."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from attrs import frozen

from aftersale.base.toml_files import read
from aftersale.documents.scalars import Word
from aftersale.documents.structure import structure
from aftersale.policies.reactions import Mark, Reaction
from aftersale.policies.worlds import Answer
from aftersale_simulator.assumptions.conditions import late_by


@frozen
class CaseName:
    """How an order's case of a kind is called: the order's name, a hyphen, and a `suffix`.

    By a `contact` buyers turn to the seller; a case may be `about_contact`, the last one before it.
    """

    kind: Word
    suffix: Word
    contact: bool = False
    about_contact: bool = False


@frozen
class DeclaredReactions:
    """What the simulator itself states: cases, marks, what finished tasks become, and reactions by their names."""

    case: tuple[CaseName, ...]
    mark: tuple[Mark, ...]
    answer: tuple[Answer, ...]
    reaction: tuple[Reaction, ...]


SOURCE = "aftersale_simulator/reactions.toml"


@cache
def load_reactions() -> DeclaredReactions:
    """Return what is stated for all marketplaces, in the order of the file."""
    return structure(DeclaredReactions, read(files("aftersale_simulator.assumptions") / "reactions.toml"), SOURCE)


BAD_RATING = "bad_rating"
"""The reaction by which orders are rated badly."""


def lateness_classes() -> tuple[tuple[tuple[int, str], ...], str]:
    """Return (most days late, parameter by which such orders are rated badly more often) by days, and that of the rest.

    They are what the reaction BAD_RATING states.
    """
    times = next(row.times or {} for row in load_reactions().reaction if row.name == BAD_RATING)
    classes = ((days, str(value)) for word, value in times.items() if (days := late_by(word)) is not None)
    return tuple(sorted(classes)), str(times[Word("late")])
