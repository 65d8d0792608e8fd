"""The handbook: the seller's own standard on top of what each marketplace demands."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from pathlib import Path

from aftersale.documents import read
from aftersale.errors import DocumentError, Problem
from aftersale.rules import EVERYWHERE, Rule, RuleSet, parse_rules


class Handbook:
    """Rules and targets of the seller: rows for `*` hold everywhere, rows for a marketplace replace them there."""

    def __init__(self, rules: Iterable[Rule], source: str = "handbook") -> None:
        """Index the rows; raises DocumentError for overlaps and holes, as every set of dated rules does."""
        self.source = source
        self.rules = RuleSet(rules)

    def for_marketplace(self, marketplace: str) -> tuple[Rule, ...]:
        """Return the rows that hold on this marketplace: its own, and those for everywhere that it does not replace."""
        own = self.rules.history(marketplace)
        replaced = {(rule.name, rule.when) for rule in own}
        general = (rule for rule in self.rules.history(EVERYWHERE) if (rule.name, rule.when) not in replaced)
        return (*own, *general)

    def overlaid(self, other: Handbook) -> Handbook:
        """Return this handbook with the rows of `other` in place of its own of the same name, place and condition."""
        mine = self.rules.history()
        theirs = other.rules.history()
        replaced = {(rule.name, rule.marketplace, rule.when) for rule in theirs}
        kept = (rule for rule in mine if (rule.name, rule.marketplace, rule.when) not in replaced)
        return Handbook((*kept, *theirs), other.source)

    def names(self) -> tuple[str, ...]:
        """Return the names of everything it says, sorted."""
        return tuple(sorted({rule.name for rule in self.rules.history()}))


@cache
def default_handbook() -> Handbook:
    """Return the standard that the project ships (design decision 2)."""
    source = "aftersale/handbook.toml"
    return Handbook(parse_rules(read(files("aftersale") / "handbook.toml"), source), source)


def load_handbook(path: Path) -> Handbook:
    """Return the default handbook with the seller's own rows from a TOML file over it.

    Raises DocumentError with every problem of the file, rows with names that the default does not know among them.
    """
    own = Handbook(parse_rules(read(path), str(path)), str(path))
    default = default_handbook()
    known = ", ".join(default.names())
    unknown = [name for name in own.names() if name not in default.names()]
    if unknown:
        hint = f"the handbook speaks of: {known}"
        raise DocumentError(str(path), tuple(Problem(str(path), name, "unknown name", hint) for name in unknown))
    return default.overlaid(own)
