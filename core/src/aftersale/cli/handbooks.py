"""Handbooks: with which handbook a command reads a journal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aftersale.journal.reading import Journal
    from aftersale.plugins.plugins import Plugins
    from aftersale.policies.handbook import Handbook
    from aftersale.policies.policy import Policies


def read_with_handbook(
    plugins: Plugins, folder: Path, handbook: Path | None, plain: bool = False
) -> tuple[Journal, Handbook, Policies]:
    """Return the journal of a folder, the handbook to read it with, and the policies with that.

    That is the file `handbook` where one is named, else the journal's own unless `plain`, else the shipped one. An own
    handbook that cannot be taken here is left out: `Journal.handbook` is the problem then. Raises JournalError for the
    folder, and DocumentError for the file that is named.
    """
    from attrs import evolve

    from aftersale.base.errors import DocumentError
    from aftersale.journal.reading import read_journal

    chosen = named_handbook(plugins, handbook)
    journal = read_journal(folder)
    if handbook is None and not plain and isinstance(journal.handbook, Path):
        try:
            own = named_handbook(plugins, journal.handbook)
            return journal, own, plugins.policies(handbook=own)
        except DocumentError as error:
            journal = evolve(journal, handbook=error.problems[0])
    return journal, chosen, plugins.policies(handbook=chosen)


def named_handbook(plugins: Plugins, path: Path | None) -> Handbook:
    """Return the handbook of a file, the shipped one without a file; raises DocumentError for what is wrong in it."""
    from aftersale.policies.handbook import default_handbook, load_handbook

    return default_handbook() if path is None else load_handbook(path, plugins.workflow, plugins.metrics)
