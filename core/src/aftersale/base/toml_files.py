"""TOML files: read whole, or refused with what is wrong and where."""

from __future__ import annotations

import re
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import tomli

from aftersale.base.errors import DocumentError, Problem
from aftersale.base.files import DEEPEST, check_depth, read_bounded

_PART = r"""(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*"""
# Parsers before tomli 2.5 keep every beginning of a key: one of 20,000 parts takes more than a gigabyte.
_LONG_KEY = re.compile(rf"(?<![\w-])(?:{_PART}){{{DEEPEST}}}")


def read(path: Path | Traversable) -> dict[str, Any]:
    """Return what a TOML file holds; raises DocumentError when it is missing, too large, no UTF-8 text or no TOML."""
    try:
        content = read_bounded(path) if isinstance(path, Path) else path.read_bytes()
        text = content.decode("utf-8-sig")
        if _LONG_KEY.search(text):
            raise RecursionError
        document = tomli.loads(text)
        check_depth(document)
        return document
    except (OSError, ValueError, RecursionError) as error:
        raise DocumentError(str(path), (Problem(str(path), *_reading_problem(error)),)) from error


def _reading_problem(error: Exception) -> tuple[str, str, str]:
    """Return (path, what, hint) of a file that cannot be read."""
    if isinstance(error, FileNotFoundError):
        return "", "does not exist", "check the name, or create the file"
    if isinstance(error, OSError):
        return "", f"cannot be read: {error.strerror or error}", "name a file that you may read"
    if isinstance(error, UnicodeDecodeError):
        line = error.object[: error.start].count(b"\n") + 1
        return f"line {line}", "is not UTF-8 text", "save the file as UTF-8"
    match = re.fullmatch(r"(.*) \(at (.*)\)", str(error), re.DOTALL)
    what, place = (match[1], match[2]) if match else (_plain_reason(error), "")
    return (
        place,
        f"is no valid TOML: {what[:1].lower()}{what[1:]}",
        "correct it there; https://toml.io shows the format",
    )


def _plain_reason(error: Exception) -> str:
    """Return what is wrong with a text where the parser itself has no words for it."""
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return str(error) if isinstance(error, tomli.TOMLDecodeError) else "a number has too many digits"
