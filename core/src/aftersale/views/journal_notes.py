"""Journal notes: what every command about a journal says beside its answer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from aftersale.base.errors import Problem
from aftersale.base.translations import core_text as text
from aftersale.journal.columns import SHOWN
from aftersale.journal.effects import Reason, idle_rows
from aftersale.journal.plausibility import Doubt, doubts_of_place
from aftersale.journal.provenance import Provenance, by_shipped_handbook, differences
from aftersale.worth.parameters import default_parameters

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from aftersale.base.tables import Table
    from aftersale.journal.reading import Journal
    from aftersale.journal.replay import Replay
    from aftersale.policies.policy import Policies
    from aftersale.rules import Rule

INSPECTED = "return_inspected"
"""The fact whose detail is the grade of goods."""
OTHERWISE = {
    "handbooks": "journal.other_handbooks",
    "rules": "journal.other_rules",
    "deciders": "journal.other_deciders",
    "kinds": "journal.other_kinds",
    "metrics": "journal.other_metrics",
    "versions": "journal.other_versions",
}
"""The message for each thing that a journal may have been written with otherwise."""
IDLE: dict[Reason, str] = {
    "place": "journal.idle_place",
    "order": "journal.idle_order",
    "day": "journal.idle_day",
    "case": "journal.idle_case",
}
"""The message for each reason why a row of a handbook changes nothing."""
LEFT_OUT = "(left out)"
"""What stands in place of a cell that nobody asked for."""


class JournalNotes(TypedDict):
    """What a reader of any answer about a journal must know.

    `refused` is how many facts no case could take by then, `implausible` how many things of the journal look wrong.
    `written_with` is null where nobody says what the journal was written with, `own_handbook` where it has no handbook
    of its own or is read with another that the reader asked for. `without_effect` are sentences about what the reader
    gave and nothing came of.
    """

    refused: int
    implausible: int
    written_with: WrittenWith | None
    own_handbook: OwnHandbook | None
    without_effect: list[str]


class WrittenWith(TypedDict):
    """Whether a journal is read with what wrote it; `same` is null where that cannot be read.

    `differs` are the names of what differs, by what it is: `handbooks` and `rules` of marketplaces, `deciders` (plugins
    that decide there), `kinds` of case, `metrics`, `versions` of distributions. `says` is a sentence, empty where
    nothing differs.
    """

    same: bool | None
    differs: dict[str, list[str]]
    says: str


class OwnHandbook(TypedDict):
    """Whether a journal is read with its own handbook: it is not where that cannot be `taken`; `says` is a sentence."""

    taken: bool
    says: str


class DoubtRecord(TypedDict):
    """Rows that look wrong in one way: how many there are, and what is said of the first of them."""

    sort: str
    rows: int
    says: list[str]


def journal_notes(
    journal: Journal, replayed: Replay, policies: Policies, without_effect: Sequence[str] = ()
) -> JournalNotes:
    """Return the notes on a replayed journal; `without_effect` are those on what was given beside the handbook."""
    return JournalNotes(
        refused=len(replayed.refused),
        implausible=sum(doubt.rows for doubt in _doubts(journal, policies)),
        written_with=written_with(journal, policies),
        own_handbook=own_handbook(journal, policies),
        without_effect=[*idle_sentences(journal, replayed, policies), *without_effect],
    )


def written_with(journal: Journal, policies: Policies) -> WrittenWith | None:
    """Return whether a journal is read with what wrote it; None where nobody says what wrote it."""
    written = journal.provenance
    if written is None:
        return None
    if isinstance(written, Problem):
        return WrittenWith(same=None, differs={}, says=text("journal.not_known", problem=str(written)))
    differs = {difference.what: list(difference.of) for difference in differences(written, policies)}
    sources = {policy.book.source for policy in policies.values()}
    return WrittenWith(same=not differs, differs=differs, says=_written_otherwise(journal, written, differs, sources))


def _written_otherwise(
    journal: Journal, written: Provenance, differs: Mapping[str, Sequence[str]], sources: Collection[str]
) -> str:
    if not differs:
        return ""
    parts = [text(OTHERWISE[what], names=_shortened(names)) for what, names in differs.items()]
    told = text("journal.written_otherwise", what=", ".join(parts))
    return f"{told} {_remedy(journal, written, sources)}".rstrip() if "handbooks" in differs else told


def _remedy(journal: Journal, written: Provenance, sources: Collection[str]) -> str:
    """Return which handbook to name, empty where it is named already or lies nowhere."""
    if isinstance(journal.handbook, Problem) or str(journal.handbook) in sources:
        return ""
    if journal.handbook is not None:
        return text("journal.handbook_beside", file=journal.handbook)
    if written.handbook:
        return text("journal.handbook_named", name=written.handbook)
    return text("journal.handbook_shipped") if by_shipped_handbook(written) else ""


def own_handbook(journal: Journal, policies: Policies) -> OwnHandbook | None:
    """Return whether a journal is read with its own handbook; None where nobody would think so."""
    if isinstance(journal.handbook, Problem):
        return OwnHandbook(taken=False, says=text("journal.handbook_not_taken", problem=journal.handbook))
    if isinstance(journal.handbook, Path) and str(journal.handbook) in {each.book.source for each in policies.values()}:
        return OwnHandbook(taken=True, says=text("journal.handbook_taken", file=journal.handbook))
    return None


def idle_sentences(journal: Journal, replayed: Replay, policies: Policies) -> list[str]:
    """Return a sentence about the rows of the seller's handbook that change nothing, none where there are none."""
    idle = list(idle_rows(journal.orders, replayed.docket, policies, replayed.until))
    if not idle:
        return []
    rows = [text(IDLE[row.reason], row=_row(row.rule)) for row in idle]
    return [text("journal.idle", count=len(idle), rows=_shortened(rows))]


def _row(rule: Rule) -> str:
    return f"{rule.marketplace} {rule.name}" + (f" [{rule.when}]" if rule.when.weight else "")


def _shortened(names: Sequence[str]) -> str:
    return ", ".join([*names[:SHOWN], *(["…"] if len(names) > SHOWN else [])])


def doubt_records(journal: Journal, policies: Policies, cells: bool = False) -> list[DoubtRecord]:
    """Return what looks wrong in a journal; words that nobody knows are left out without `cells`."""
    return [
        DoubtRecord(sort=doubt.sort, rows=doubt.rows, says=[_said(doubt, values, cells) for values in doubt.examples])
        for doubt in _doubts(journal, policies)
    ]


def _doubts(journal: Journal, policies: Policies) -> Iterator[Doubt]:
    yield from journal.doubts
    yield from doubts_of_place(journal.orders, {name: policy.marketplace for name, policy in policies.items()})
    grades = default_parameters().grades
    words = [fact for fact in journal.facts if fact.kind == INSPECTED and fact.detail and fact.detail not in grades]
    if words:
        known = ", ".join(grades)
        examples = [
            {"order": fact.order, "case": fact.case, "grade": fact.detail, "grades": known} for fact in words[:SHOWN]
        ]
        yield Doubt("doubts.grade", len(words), tuple(examples), ("grade",))


def _said(doubt: Doubt, values: Mapping[str, str], cells: bool) -> str:
    shown = {name: value if cells or name not in doubt.cells else LEFT_OUT for name, value in values.items()}
    return text(doubt.message, **shown)


def doubt_lines(doubts: Sequence[DoubtRecord]) -> list[str]:
    """Return what looks wrong as lines: the first of each sort one by one, and how many more there are."""
    if not doubts:
        return []
    lines = []
    for doubt in doubts:
        lines += doubt["says"]
        if more := doubt["rows"] - len(doubt["says"]):
            lines.append(text("doubts.more", count=more))
    left_out = any(LEFT_OUT in line for line in lines)
    title = text("doubts.title", count=sum(doubt["rows"] for doubt in doubts))
    return ["", title, *lines, *([text("commands.cells")] if left_out else [])]


def noted(parts: Sequence[Table | str], notes: JournalNotes) -> list[Table | str]:
    """Return the parts of a listing with the notes below them, as they are where there is nothing to say."""
    lines = list(_lines(notes))
    if lines and parts and parts[-1] != "":
        lines.insert(0, "")
    return [*parts, *lines]


def _lines(notes: JournalNotes) -> Iterator[str]:
    if notes["refused"]:
        yield text("journal.refused", count=notes["refused"])
    if notes["implausible"]:
        yield text("journal.implausible", count=notes["implausible"])
    yield from written_lines(notes["written_with"], notes["own_handbook"])
    yield from notes["without_effect"]


def written_lines(written: WrittenWith | None, own: OwnHandbook | None) -> list[str]:
    """Return the sentences on the handbook and on what a journal was written with, none where nothing differs."""
    return [each["says"] for each in (own, written) if each is not None and each["says"]]
