"""Visible: texts as a terminal or a page may show them, whatever they hold.

Cells of files, names in documents and names of files can hold characters that do something where they are shown: clear
the screen, begin a line that looks like one of the program's own, or turn the direction in which the rest is written.
They are shown as escapes.
"""

from __future__ import annotations

import re

# Control characters, marks of direction, separators of lines, and halves of a pair, which no encoding has.
_STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


class Lines(str):
    """A text of several lines that `visible` leaves as it is; `lines` makes one."""

    __slots__ = ()


def visible(text: str) -> str:
    r"""Return a text in one line, with an escape such as `\x1b` or `\n` for every character that steers."""
    return text if isinstance(text, Lines) else _STEERING.sub(_escape, text)


def lines(*texts: str) -> Lines:
    """Return texts as the lines of one, each of them visible."""
    return Lines("\n".join(map(visible, texts)))


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")
