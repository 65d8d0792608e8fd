"""Output files: results that are written whole or not at all, and scenarios as TOML text."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, time
from pathlib import Path
from typing import Any

from aftersale.base.errors import DocumentError, Problem

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def check_free(folder: Path) -> None:
    """Refuse a folder that is not empty, or cannot be made; raises DocumentError that says what to do."""
    try:
        taken = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
        nearest = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        writable = os.access(nearest, os.W_OK) and nearest.is_dir()
    except OSError as error:
        raise _refusal(folder, f"cannot be used: {error.strerror}", "name another folder") from error
    if taken:
        raise _refusal(folder, "is there already", "name a folder that is new or empty; nothing was written")
    if not writable:
        raise _refusal(folder, "cannot be written", "name a folder where you may write; nothing was written")


def _refusal(path: Path, what: str, hint: str) -> DocumentError:
    return DocumentError(str(path), (Problem(str(path), "", what, hint),))


def write_folder(folder: Path, texts: Mapping[str, str]) -> None:
    """Write texts as the files of a new folder, all or nothing; raises DocumentError when it cannot."""
    with new_folder(folder) as new:
        for name, text in texts.items():
            (new / name).write_text(text, encoding="utf-8", newline="\n")


def check_file(file: Path) -> None:
    """Refuse a file that is a folder or cannot be written; raises DocumentError that says what to do."""
    try:
        what, hint = _unwritable(file)
    except OSError as error:
        what, hint = f"cannot be written: {error.strerror}", "name another file"
    if what:
        raise _refusal(file, what, f"{hint}; nothing was written")


def _unwritable(file: Path) -> tuple[str, str]:
    """Return why a file cannot be written, and what to do; empty texts where it can."""
    if file.is_dir():
        return "is a folder", "name a file"
    if not file.parent.is_dir():
        return "is in a folder that is not there", "make the folder first"
    if not os.access(file.parent, os.W_OK) or (file.exists() and not os.access(file, os.W_OK)):
        return "cannot be written", "name a file where you may write"
    return "", ""


def write_file(file: Path, text: str) -> None:
    """Write a text, whole or not at all, over a file of that name; raises DocumentError when it cannot."""
    check_file(file)
    try:
        with tempfile.TemporaryDirectory(prefix=f".{file.name}.", dir=file.parent) as directory:
            new = Path(directory) / file.name
            new.write_text(text, encoding="utf-8", newline="\n")
            new.replace(file)
    except OSError as error:
        raise _refusal(file, f"cannot be written: {error.strerror}", "name another file") from error


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder that becomes `folder` when all went well, and is removed otherwise.

    Raises DocumentError when the folder is taken or cannot be written.
    """
    check_free(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        raise _refusal(folder, f"cannot be written: {error.strerror}", "name another folder") from error
    try:
        yield new
        new.chmod(0o755)
        if folder.exists():
            folder.rmdir()
        new.replace(folder)
    except BaseException as error:
        shutil.rmtree(new, ignore_errors=True)
        if isinstance(error, OSError):
            raise _refusal(folder, f"cannot be written: {error.strerror}", "name another folder") from error
        raise


def as_toml(document: Mapping[str, Any]) -> str:
    """Return a document as TOML text that reads back as the same values."""
    return "\n".join(_lines(document)) + "\n"


def _lines(document: Mapping[str, Any]) -> Iterator[str]:
    tables = {key: value for key, value in document.items() if isinstance(value, Mapping) or _is_tables(value)}
    yield from (f"{_key(key)} = {toml_value(value)}" for key, value in document.items() if key not in tables)
    for key, value in tables.items():
        for table in [value] if isinstance(value, Mapping) else value:
            brackets = "[{}]" if isinstance(value, Mapping) else "[[{}]]"
            yield from ("", brackets.format(_key(key)))
            yield from (f"{_key(name)} = {toml_value(item)}" for name, item in table.items())


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, Mapping) for item in value)


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _quoted(key)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def toml_value(value: Any) -> str:
    """Return a value as TOML writes it."""
    if isinstance(value, Mapping):
        inside = ", ".join(f"{_key(key)} = {toml_value(item)}" for key, item in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml_value, value))}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date | time):
        return value.isoformat()
    return _quoted(value) if isinstance(value, str) else repr(value)
