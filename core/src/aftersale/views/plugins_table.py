"""Listings: plugins and the workflow as people read them in a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from aftersale.base.tables import table
from aftersale.base.translations import core_text as text

if TYPE_CHECKING:
    from rich.table import Table

    from aftersale.cases.workflow import CaseKind, Move
    from aftersale.plugins.plugins import PluginRecord


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


def workflow_diagram(kind: CaseKind) -> Iterator[str]:
    """Yield the lines of a Mermaid state diagram of a kind of case; a guard stands in brackets."""
    yield "---"
    yield f"title: {kind.name}"
    yield "---"
    yield "stateDiagram-v2"
    for move in kind.move:
        for start in move.after or ("[*]",):
            guard = f" [{move.guard}]" if move.guard else ""
            yield f"  {start} --> {move.to}: {move.fact}{guard}"
    for state in kind.state:
        if state.final:
            yield f"  {state.name} --> [*]"
    for state in kind.state:
        if state.task:
            yield f"  note right of {state.name}: {state.task} by {', '.join(state.opens)}"


def _told(move: Move) -> str:
    guard = f" [{move.guard}]" if move.guard else ""
    return f"{move.fact}{guard} → {move.to}"


def _headers(section: str, *keys: str) -> list[str]:
    return [text(f"{section}.{key}") for key in keys]
