"""Workflow: the states and moves of a kind of case, as lines and as a diagram."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from aftersale.base.translations import core_text as text

if TYPE_CHECKING:
    from aftersale.cases.workflow import CaseKind, Move


def workflow_listing(kind: CaseKind) -> Iterator[str]:
    """Yield the lines that show a kind of case: each state, and below it the facts that lead to the next."""
    yield kind.name
    yield "  " + text("workflow.opens")
    yield from (f"    {_move_text(move)}" for move in kind.opening)
    for state in kind.state:
        duties = [text("workflow.task", task=state.task)] if state.task else []
        duties += [text("workflow.deadlines", names=", ".join(state.opens))] if state.opens else []
        duties += [text("workflow.ends")] if state.final else []
        yield "  " + "; ".join([state.name, *duties])
        yield from (f"    {_move_text(move)}" for move in kind.move if state.name in move.after)


def workflow_diagram(kind: CaseKind) -> Iterator[str]:
    """Yield the lines of a Mermaid state diagram of a kind of case; guards are in brackets."""
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


def _move_text(move: Move) -> str:
    guard = f" [{move.guard}]" if move.guard else ""
    later = " " + text("workflow.confirmed", facts=", ".join(move.confirmed_by)) if move.confirmed_by else ""
    return f"{move.fact}{guard} → {move.to}{later}"
