"""Hook phases: when each hook is called, as a table and as a diagram, both from the docstrings of the hooks."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterator
from typing import TypedDict

from aftersale import hookspecs
from aftersale.base.tables import Table, table
from aftersale.base.translations import core_text as text
from aftersale.plugins.admission import HOOKS
from aftersale.plugins.contributions import KINDS
from aftersale.policies.decisions import DECIDING, RETURN
from aftersale.policies.observers import OBSERVING

STAGES = ("start", "fact", "time", "desk")
"""When hooks are called: once at the start, when a fact comes in, when time passes, when the desk looks at a case."""
_AT = {RETURN: "fact", "aftersale_deadline_missed": "time"}


class HookStage(TypedDict):
    """A hook: what it does, at which stage it is called, its arguments, and when it is called in a sentence."""

    hook: str
    does: str
    stage: str
    arguments: list[str]
    called: str


def lifecycle() -> list[HookStage]:
    """Return every hook in the order in which a case meets them."""
    rows = [
        HookStage(
            hook=hook, does=does(hook), stage=stage(hook), arguments=list(HOOKS[hook]), called=_first_sentence(hook)
        )
        for hook in (*KINDS, *DECIDING, *OBSERVING)
    ]
    return sorted(rows, key=lambda row: STAGES.index(row["stage"]))


def does(hook: str) -> str:
    """Return whether a hook is there to contribute, decide or observe."""
    return "observe" if hook in OBSERVING else "decide" if hook in DECIDING else "contribute"


def stage(hook: str) -> str:
    """Return at which of STAGES a hook is called."""
    usual = {"contribute": "start", "decide": "desk", "observe": "fact"}
    return _AT.get(hook, usual[does(hook)])


def _first_sentence(hook: str) -> str:
    docstring = inspect.getdoc(getattr(hookspecs, hook)) or ""
    section = re.search(r"^Called:\n((?:    .*\n)+)", docstring, re.MULTILINE)
    paragraph = " ".join(textwrap.dedent(section.group(1)).split()) if section else ""
    return re.split(r"(?<=\.)\s", paragraph)[0]


def lifecycle_listing() -> list[Table | str]:
    """Return the hooks as a table."""
    headers = [text("plugins.hook"), text("plugins.arguments"), text("plugins.standing"), text("plugins.called")]
    labels = {"contribute": "plugins.contributes", "decide": "plugins.decides", "observe": "plugins.observes"}
    rows = [(row["hook"], ", ".join(row["arguments"]), text(labels[row["does"]]), row["called"]) for row in lifecycle()]
    return [table(headers, rows)]


_TITLES = {
    "start": "program starts",
    "fact": "a fact comes in",
    "time": "time passes",
    "desk": "the desk looks at a case",
}


def lifecycle_diagram() -> Iterator[str]:
    """Yield the lines of a Mermaid flowchart, a box for each stage with its hooks in it."""
    yield "flowchart TD"
    for name in STAGES:
        yield f'    subgraph {name}["{_TITLES[name]}"]'
        for row in lifecycle():
            if row["stage"] == name:
                yield f'        {row["hook"]}["{row["hook"]}<br/>{row["does"]}"]'
        yield "    end"
    for before, after in (("start", "fact"), ("fact", "time"), ("time", "fact"), ("fact", "desk"), ("desk", "fact")):
        yield f"    {before} --> {after}"
