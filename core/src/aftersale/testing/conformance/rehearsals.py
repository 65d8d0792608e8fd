"""Rehearsals: a short simulated period on every marketplace of a plugin, where a simulator is installed.

A simulator names the function that runs one by an entry point of the group `aftersale.rehearsals`. It is called with
the loaded plugins and the name of a marketplace, and yields what went wrong. Core knows no simulator but by that name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING

from aftersale.base.watch import explained
from aftersale.hookspecs import PROJECT
from aftersale.testing.conformance.findings import NotMade
from aftersale.testing.conformance.subject import Subject

if TYPE_CHECKING:
    from aftersale.plugins.plugins import Plugins

GROUP = f"{PROJECT}.rehearsals"
"""The group of the entry points."""
SIMULATOR = f"{PROJECT}-simulator"
"""The distribution that brings one."""
Rehearse = Callable[["Plugins", str], Iterable[str]]


def simulates(subject: Subject) -> Iterator[str]:
    """Yield what goes wrong when the marketplaces of a plugin are simulated; raises NotMade without a simulator."""
    points = sorted(entry_points(group=GROUP))
    if not points:
        raise NotMade(f"no simulator is installed: python -m pip install {SIMULATOR}")
    for point in points:
        rehearse = _loaded(point)
        for place in subject.places:
            yield from rehearse(subject.plugins, place)


def _loaded(point: EntryPoint) -> Rehearse:
    try:
        rehearse: Rehearse = point.load()
    except ImportError as error:
        raise NotMade(f"the simulator '{point.value}' cannot be imported: {explained(error)}") from error
    return rehearse
