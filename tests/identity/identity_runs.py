"""Identity: scenarios of some size, each run by the desk and by every kernel that there is here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from types import ModuleType
from typing import Any

import wild
from attrs import frozen
from comparison import desk_run, differences, ways
from hypothesis import HealthCheck, Phase, given, seed as seeded, settings
from scenarios import Document, documents, larger

from aftersale.plugins.plugins import Plugins, load_plugins
from aftersale.testing import reference
from aftersale_simulator.resolved.scenario import ResolvedScenario, resolve
from aftersale_simulator.scenario.document import parse_scenario
from aftersale_simulator.scenario.vocabulary import vocabulary

SHIPPED = ("amazon_eu", "amazon_jp", "amazon_na")
ROUNDS = 3
"""How often a scenario is made larger before its size is taken as it is."""


@cache
def plugins() -> Plugins:
    """Return the plugins of the scenarios: the shipped ones, and made-up ones of every form."""
    return load_plugins(SHIPPED, {"wild": wild, "reference": reference})


def resolved(document: Document) -> ResolvedScenario:
    """Return what a document means with these plugins."""
    return resolve(parse_scenario(document, "made at random", vocabulary(plugins())), plugins())


def of_size(document: Document, least: int) -> tuple[Document, int]:
    """Return a scenario with at least so many handlings where that can be had, and how many there are."""
    for _ in range(ROUNDS):
        found = len(desk_run(resolved(document), 1)[0].effort.starts)
        if found >= least:
            break
        document = larger(document, min(20.0, 1.3 * least / max(found, 1)))
    else:
        found = len(desk_run(resolved(document), 1)[0].effort.starts)
    return document, found


def random_documents(count: int, seed: int, orders: float = 25.0, days: int = 21) -> Iterator[Document]:
    """Yield so many scenarios, each drawn anew: those that hypothesis makes in a row are much alike."""
    for number in range(count):
        found: list[Document] = []

        @seeded(1000 * seed + number)
        @settings(
            max_examples=3,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(documents(orders, days))
        def each(document: Any) -> None:
            found.append(document)  # noqa: B023 - called at once

        each()
        yield found[-1]


@frozen
class Found:
    """A scenario that was compared: how many handlings it has, and what differs."""

    document: Document
    handlings: int
    differences: list[str]


def compare(
    examples: int, seed: int, least: int, told: Callable[[Found], None], kernels: dict[str, ModuleType] | None = None
) -> None:
    """Compare so many scenarios, of at least so many handlings each; `told` gets them one by one."""
    known = ways() if kernels is None else kernels
    for document in random_documents(examples, seed):
        sized, handlings = of_size(document, least) if least else (document, 0)
        told(Found(sized, handlings, differences(resolved(sized), known)))
