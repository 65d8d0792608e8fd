"""Handbook: the seller's own standard on top of what each marketplace demands."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path

from aftersale.base.errors import DocumentError, Problem, did_you_mean
from aftersale.base.toml_files import read
from aftersale.cases.workflow import Workflow, default_workflow
from aftersale.policies.metric_kinds import default_metrics
from aftersale.rules import EVERYWHERE, Condition, Rule, RuleSet, parse_rules, rule_names

SHIPPED = "aftersale/handbook.toml"
"""The origin of the rows that the project ships; all others are the seller's own."""


class Handbook:
    """Rules and targets of the seller.

    Rows for `*` hold everywhere; rows for a marketplace replace those of the same name and condition there.
    """

    def __init__(self, rules: Iterable[Rule], source: str = "handbook") -> None:
        """Index the rows; raises DocumentError for overlaps and holes, as every set of dated rules does."""
        self.source = source
        self.rules = RuleSet(rules)
        if problems := tuple(_versions(self.rules, source)):
            raise DocumentError(source, problems)

    def for_marketplace(self, marketplace: str) -> tuple[Rule, ...]:
        """Return the rows that hold on this marketplace: its own, and the general ones that they do not replace."""
        rows = self.rules.history(marketplace)
        replaced = {(rule.name, rule.when) for rule in rows}
        general = (rule for rule in self.rules.history(EVERYWHERE) if (rule.name, rule.when) not in replaced)
        return (*rows, *general)

    def overlaid(self, other: Handbook) -> Handbook:
        """Return this handbook with the rows of `other` for those of the same name, marketplace and condition."""
        rows = other.rules.history()
        replaced = {(rule.name, rule.marketplace, rule.when) for rule in rows}
        kept = (rule for rule in self.rules.history() if (rule.name, rule.marketplace, rule.when) not in replaced)
        return Handbook((*kept, *rows), other.source)

    def beside_shipped(self) -> tuple[Rule, ...]:
        """Return the rows for each name, marketplace and condition for which the shipped handbook has others."""
        shipped, own = _by_key(default_handbook()), _by_key(self)
        return tuple(row for key, rows in own.items() if rows != shipped.get(key) for row in rows)

    def names(self) -> tuple[str, ...]:
        """Return the names of its rows, each once, sorted."""
        return tuple(sorted({rule.name for rule in self.rules.history()}))


def _by_key(handbook: Handbook) -> dict[tuple[str, str, Condition], list[Rule]]:
    rows: dict[tuple[str, str, Condition], list[Rule]] = {}
    for rule in handbook.rules.history():
        rows.setdefault((rule.name, rule.marketplace, rule.when), []).append(rule)
    return rows


def _versions(rules: RuleSet, source: str) -> Iterator[Problem]:
    hint = "leave version out: what you ask for holds, or give it valid_from"
    for rule in rules.offered():
        yield Problem(source, rule.name, "the seller's own rows have no versions", hint, line=rule.place.line)


@cache
def default_handbook() -> Handbook:
    """Return the standard that the project ships."""
    return Handbook(parse_rules(read(files("aftersale.policies") / "handbook.toml"), SHIPPED), SHIPPED)


def load_handbook(path: Path, workflow: Workflow | None = None, metrics: Collection[str] | None = None) -> Handbook:
    """Return the default handbook with the seller's own rows from a TOML file over it.

    Rows may also be about what cases of `workflow` ask for, and about `metrics`: those of the installed plugins, else
    the shipped ones.
    Raises DocumentError with every problem of the file, rows that nothing would ask for among them.
    """
    handbook, source = Handbook(parse_rules(read(path), str(path)), str(path)), str(path)
    workflow, metrics = workflow or default_workflow(), metrics or default_metrics()
    rows = {row.name: row for row in reversed(handbook.rules.history())}
    if problems := tuple(_foreign_names(rows.values(), workflow, metrics, source)):
        raise DocumentError(source, problems)
    return default_handbook().overlaid(handbook)


def _foreign_names(
    rows: Iterable[Rule], workflow: Workflow, metrics: Collection[str], source: str
) -> Iterator[Problem]:
    """Yield the names of rows that are unknown, and those of what only a marketplace can state."""
    catalogue = rule_names()
    allowed = workflow.asked_for() | set(metrics) | {name for name, entry in catalogue.items() if entry.handbook}
    hint = f"the handbook may speak of: {', '.join(sorted(allowed))}"
    for row in sorted(rows, key=lambda row: row.name):
        name, line = row.name, row.place.line
        if name in allowed:
            continue
        if name in catalogue:
            what = "only a marketplace can state this, a row of yours would change nothing"
            yield Problem(source, name, what, hint, line=line)
        else:
            hint = did_you_mean(name, {*allowed, *catalogue}) or hint
            yield Problem(source, name, "unknown name", hint, line=line)
