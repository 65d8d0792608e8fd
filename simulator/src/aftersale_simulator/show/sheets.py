"""Sheets: CSV tables that people open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from aftersale.base.json_documents import significant
from aftersale.base.visible import visible

_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""How a text begins that a spreadsheet takes for a formula."""


def sheet(rows: Iterable[Sequence[str | float | None]]) -> str:
    """Return rows as CSV in which every text is visible and none is run as a formula; numbers stay numbers.

    They have as many digits as in JSON.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return text.getvalue()


def _harmless(cell: str | float | None) -> str | float | None:
    if isinstance(cell, float):
        return significant(cell)
    if not isinstance(cell, str):
        return cell
    return f"'{visible(cell)}" if cell.startswith(_STARTS) else visible(cell)
