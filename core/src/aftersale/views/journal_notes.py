"""Journal notes: what every command about a journal says beside its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from aftersale.base.translations import core_text as text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.table import Table

    from aftersale.journal.replay import Replay


class JournalNotes(TypedDict):
    """What a reader of any answer about a journal must know; `refused` is how many facts no case could take."""

    refused: int


def journal_notes(replayed: Replay) -> JournalNotes:
    """Return the notes on a replayed journal."""
    return JournalNotes(refused=len(replayed.refused))


def noted(parts: Sequence[Table | str], notes: JournalNotes) -> list[Table | str]:
    """Return the parts of a listing with the notes below them, as they are where there is nothing to say."""
    lines = list(_lines(notes))
    if lines and parts and parts[-1] != "":
        lines.insert(0, "")
    return [*parts, *lines]


def _lines(notes: JournalNotes) -> Iterator[str]:
    if notes["refused"]:
        yield text("journal.refused", count=notes["refused"])
