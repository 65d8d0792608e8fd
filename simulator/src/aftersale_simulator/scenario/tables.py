"""Tables: in which table of a scenario a key stands, for those who write it at the top."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

from attrs import fields

from aftersale.base.toml_lines import is_written
from aftersale_simulator.scenario.model import Goods, Period, Sales, Targets, Team
from aftersale_simulator.scenario.vocabulary import Vocabulary, settable

TOP = (
    "name",
    "base",
    "seed",
    "replications",
    "currency",
    "handbook",
    "work_order",
    "sale_events",
    "presets",
    "rule_versions",
    "most_failed",
    "cheapest",
)
"""The keys of a scenario that are no tables."""
ON = "on"
"""The key of `[rates]` that says of which day they are."""
_CURRENCY = 3


def at_top(key: str) -> str:
    """Return what to do about a key of the file itself that stands in a table."""
    return f"'{key}' is a key of the file itself: put it before the first [table]"


def in_table(key: str, table: str) -> str:
    """Return what to do about a key of a table that stands among those of the file itself."""
    return f"'{key}' is a key of [{table}]: put it below that line"


def table_of(key: str, words: Vocabulary) -> str:
    """Return the table that takes a key, such as `goods` or `marketplace.NAME`; empty where none does."""
    named: dict[str, Collection[str]] = {
        **_declared(),
        "costs": settable(words.costs),
        "handling": words.tasks,
        "world": words.parameters,
        "targets": (*_declared()["targets"], *words.metrics),
    }
    if key == ON or (len(key) == _CURRENCY and key.isascii() and key.isalpha() and key.isupper()):
        return "rates"
    return next((table for table, keys in named.items() if key in keys), "")


@cache
def _declared() -> dict[str, list[str]]:
    kinds = {"period": Period, "marketplace.NAME": Sales, "team.NAME": Team, "targets": Targets, "goods": Goods}
    return {table: [str(spec.alias) for spec in fields(kind) if is_written(spec)] for table, kind in kinds.items()}
