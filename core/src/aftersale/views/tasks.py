"""Tasks: what is to be done, by when, what set the deadline, and what the handbook advises."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from aftersale.advice.advice import advice, classified, priority
from aftersale.base.tables import Table, table, width
from aftersale.base.translations import core_text as text, headers_of
from aftersale.base.visible import lines
from aftersale.clocks import HOUR
from aftersale.metrics.readings import readings
from aftersale.views.instants import instant_text
from aftersale.views.journal_notes import JournalNotes, journal_notes, noted

if TYPE_CHECKING:
    from aftersale.cases.model import Task
    from aftersale.journal.reading import Journal
    from aftersale.journal.replay import Replay
    from aftersale.policies.policy import Policies, Policy

SHOWN = 40
"""How many tasks a listing shows; the JSON holds all of them."""
NARROW = 96
"""Columns of a terminal below which tasks are listed in lines instead of a table."""


class TaskRecord(TypedDict):
    """A task as JSON shows it: `due` is ISO text in UTC, `hours_left` is below 0 when the task is overdue.

    `set_by` is `rule` or `handbook`.
    `risk` names the missed metrics for which the handbook marks the account's cases.
    """

    task: str
    case: str
    kind: str
    marketplace: str
    order: str
    due: str
    hours_left: float
    deadline: str
    set_by: str
    classification: str
    priority: int
    risk: list[str]
    advice: dict[str, str]


class Worklist(JournalNotes):
    """The open tasks of a journal, the most pressing first."""

    journal: str
    until: str
    tasks: list[TaskRecord]


def worklist(journal: Journal, replayed: Replay, policies: Policies) -> Worklist:
    """Return the open tasks: by the handbook's priority, then by when they are due."""
    docket, at = replayed.docket, replayed.until
    names = [name for name in journal.orders.marketplaces if name in policies]
    risks = {name: _risks(policies[name], replayed, journal) for name in names}
    tasks = [
        _task(case.task, replayed, policies, risks.get(case.marketplace, []))
        for case in docket.cases.values()
        if case.task is not None
    ]
    tasks.sort(key=lambda task: (-task["priority"], task["due"], task["case"]))
    return Worklist(
        journal=journal.source, until=instant_text(at), tasks=tasks, **journal_notes(journal, replayed, policies)
    )


def _risks(policy: Policy, replayed: Replay, journal: Journal) -> list[str]:
    """Return the metrics over their line for which the handbook marks every case of the account, judged yet or not."""
    at = replayed.until
    marked = {name for rule in policy.at(at).handbook.rules("risk_mark") for name in rule.words}
    metrics = readings(policy, replayed.docket, journal.orders, at)
    return sorted({reading.metric for reading in metrics if reading.metric in marked and reading.over})


def _task(task: Task, replayed: Replay, policies: Policies, risk: list[str]) -> TaskRecord:
    case = replayed.docket.cases[task.case]
    dossier, policy = replayed.docket.dossiers[case.order], policies[case.marketplace]
    return TaskRecord(
        task=task.kind,
        case=case.id,
        kind=case.kind,
        marketplace=case.marketplace,
        order=case.order,
        due=instant_text(task.due),
        hours_left=round((task.due - replayed.until) / HOUR, 1),
        deadline=task.deadline,
        set_by=task.set_by,
        classification=classified(case, dossier, policy),
        priority=priority(case, dossier, policy),
        risk=risk,
        advice={hint.name: hint.says for hint in advice(case, dossier, policy)},
    )


def worklist_listing(record: Worklist) -> list[Table | str]:
    """Return the worklist as a table."""
    title = text("tasks.title", count=len(record["tasks"]), until=record["until"])
    if not record["tasks"]:
        return noted([text("tasks.none", until=record["until"])], record)
    more = len(record["tasks"]) - SHOWN
    rest = [text("replay.more", count=more)] if more > 0 else []
    if width() < NARROW:
        return noted([title, *(_line(task) for task in record["tasks"][:SHOWN]), *rest], record)
    headers = headers_of("tasks", "task", "case", "due", "left", "set_by", "class")
    rows = [
        (
            task["task"],
            task["case"],
            task["due"][:16].replace("T", " "),
            f"{task['hours_left']:.1f}",
            f"{task['deadline']} ({task['set_by']})",
            _class(task),
        )
        for task in record["tasks"][:SHOWN]
    ]
    return noted([title, table(headers, rows, headers[3:4]), *rest], record)


def _line(task: TaskRecord) -> str:
    """Return a task in two or three lines, for terminals that are too narrow for a table."""
    hints = "; ".join(f"{name}: {says}" for name, says in task["advice"].items())
    line = text(
        "tasks.line",
        due=task["due"][:16].replace("T", " "),
        task=task["task"],
        case=task["case"],
        deadline=task["deadline"],
        set_by=task["set_by"],
        left=f"{task['hours_left']:.1f}",
        classed=_class(task),
    )
    return lines(*(line + (text("tasks.advice", advised=hints) if hints else "")).split("\n"))


def _class(task: TaskRecord) -> str:
    return task["classification"] + "!" * task["priority"] + (text("tasks.risk") if task["risk"] else "")
