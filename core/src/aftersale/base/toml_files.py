"""TOML files: read whole, or refused with what is wrong and where."""

from __future__ import annotations

import re
from importlib.resources.abc import Traversable
from pathlib import Path

import tomli

from aftersale.base.errors import DocumentError, Problem
from aftersale.base.files import DEEPEST, check_depth, read_bounded
from aftersale.base.toml_lines import Lines, TomlDocument

_PART = r"""(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*"""
# Parsers before tomli 2.5 keep every beginning of a key: one of 20,000 parts takes more than a gigabyte.
_LONG_KEY = re.compile(rf"(?<![\w-])(?:{_PART}){{{DEEPEST}}}")

_SLIPS = {
    "Cannot overwrite a value": "it stands there a second time; a row of a list has two brackets: [[rule]]",
    "Illegal character '\\n'": "a quote is not closed on this line",
}
"""What to do about what the parser finds where many make the same slip."""


def read(path: Path | Traversable) -> TomlDocument:
    """Return what a TOML file holds, with its lines.

    Raises DocumentError when it is missing, too large, no UTF-8 text or no TOML.
    """
    text = ""
    try:
        content = read_bounded(path) if isinstance(path, Path) else path.read_bytes()
        text = content.decode("utf-8-sig")
        if any(line.count(".") >= DEEPEST and _LONG_KEY.search(line) for line in text.split("\n")):
            raise RecursionError
        document = tomli.loads(text)
        check_depth(document)
        return TomlDocument(document, Lines(text))
    except (OSError, ValueError, RecursionError) as error:
        raise DocumentError(str(path), (_reading_problem(str(path), error, text),)) from error


def _reading_problem(where: str, error: Exception, text: str) -> Problem:
    """Return what is wrong with a file that cannot be read."""
    if isinstance(error, FileNotFoundError):
        return Problem(where, "", "does not exist", "check the name, or create the file")
    if isinstance(error, OSError):
        return Problem(where, "", f"cannot be read: {error.strerror or error}", "name a file that you may read")
    if isinstance(error, UnicodeDecodeError):
        line = error.object[: error.start].count(b"\n") + 1
        return Problem(where, "", "is not UTF-8 text", "save the file as UTF-8", line=line)
    match = re.fullmatch(r"(.*) \(at (.*)\)", str(error), re.DOTALL)
    what, place = (match[1], match[2]) if match else (_plain_reason(error), "")
    line, path = _line_and_column(place, text)
    hint = _SLIPS.get(what, "correct it there; https://toml.io shows the format")
    if what == "Invalid value" and re.search(r"=\s*(True|False|None)\b", text.splitlines()[line - 1] if line else ""):
        hint = "true and false are written small; what is not there is left out"
    what = f"is no valid TOML: {what[:1].lower()}{what[1:]}"
    return Problem(where, path, what, hint, line=line)


def _line_and_column(place: str, text: str) -> tuple[int, str]:
    """Return the line of a place such as `line 3, column 5`, 0 where it names none, and the rest of the place."""
    if match := re.fullmatch(r"line ([0-9]+), (.*)", place):
        return int(match[1]), match[2]
    return (text.count("\n") + 1 if place == "end of document" else 0), place


def _plain_reason(error: Exception) -> str:
    """Return what is wrong with a text where the parser itself has no words for it."""
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return str(error) if isinstance(error, tomli.TOMLDecodeError) else "a number has too many digits"
