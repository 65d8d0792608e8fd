"""Listings: plugins, rules and the workflow as people read them in a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from aftersale.messages import core_text as text
from aftersale.tables import table

if TYPE_CHECKING:
    from rich.table import Table

    from aftersale.plugins import PluginRecord
    from aftersale.rules import Rule
    from aftersale.workflow import CaseKind, Move


def plugin_listing(records: Sequence[PluginRecord]) -> list[Table | str]:
    """Return the plugins as a table, with their problems in full below it."""
    if not records:
        return [text("plugins.none")]
    rows = [
        (
            f"{record['name']}\n{record['distribution']} {record['version']}".rstrip(),
            " ".join(record["marketplaces"]),
            " ".join(hook.removeprefix("aftersale_") for hook in record["hooks"]),
            str(len(record["problems"])),
        )
        for record in records
    ]
    headers = _headers("plugins", "plugin", "marketplaces", "hooks", "problems")
    problems = dict.fromkeys(problem for record in records for problem in record["problems"])
    return [table(headers, rows, headers[-1:]), *(["", *problems] if problems else [])]


def rule_listing(rules: Sequence[Rule]) -> Table | str:
    """Return rules as a table: what each asks for, since when, and how good its source is."""
    if not rules:
        return text("rules.silent")
    rows = [
        (
            f"{rule.name} [{rule.when}]" if rule.when.weight else rule.name,
            _demand(rule),
            _span(rule),
            f"{rule.source} ({rule.grade})",
        )
        for rule in rules
    ]
    return table(_headers("rules", "rule", "demand", "in_force", "source"), rows)


def workflow_listing(kind: CaseKind) -> Iterator[str]:
    """Yield the lines that show how a kind of case moves: each state, and under it the facts that lead on."""
    yield kind.name
    yield "  " + text("workflow.opens")
    yield from (f"    {_told(move)}" for move in kind.opening)
    for state in kind.state:
        duties = [text("workflow.task", task=state.task)] if state.task else []
        duties += [text("workflow.deadlines", names=", ".join(state.opens))] if state.opens else []
        duties += [text("workflow.ends")] if state.final else []
        yield "  " + "; ".join([state.name, *duties])
        yield from (f"    {_told(move)}" for move in kind.move if state.name in move.after)


def _told(move: Move) -> str:
    guard = f" [{move.guard}]" if move.guard else ""
    return f"{move.fact}{guard} → {move.to}"


def _headers(section: str, *keys: str) -> list[str]:
    return [text(f"{section}.{key}") for key in keys]


def _demand(rule: Rule) -> str:
    if rule.kind == "switch":
        return text("rules.yes" if rule.value else "rules.no")
    if rule.kind == "metric":
        sign = "<" if rule.strict else "≤"
        parts = [text("rules.metric", sign=sign, target=rule.target, window=rule.amount)]
        parts += [text("rules.lag", lag=rule.lag)] if rule.lag else []
        parts += [text("rules.running", days=rule.running)] if rule.running else []
        return ", ".join(parts)
    key = "rules.time" if rule.ends == "same_time" else "rules.to_midnight"
    return text(key, amount=rule.amount, clock=(rule.clock or "").replace("_", " "))


def _span(rule: Rule) -> str:
    first, last = rule.valid_from, rule.valid_until
    if first and last:
        return text("rules.from_to", first=first, last=last)
    if first or last:
        return text("rules.since", first=first) if first else text("rules.until", last=last)
    return text("rules.undated")
