"""Output files: results that are written whole or not at all, and scenarios as TOML text."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date, time
from pathlib import Path
from typing import Any

from attrs import Factory, define

from aftersale.base.errors import DocumentError, Problem

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


ROOM = 100_000
"""Bytes that a trial writes: what a result takes at least (assumed)."""
PAGE_ROOM = 5_000_000
"""Bytes that a page takes at least: it has the library of its pictures in it."""
_PART = ".part"
_SHOWN = 40  # characters of a name in that of its draft, which must not grow too long
_FOLDER, _FILE = "name another folder", "name another file"


def check_free(folder: Path) -> None:
    """Refuse a folder that is not empty, or cannot be made; raises DocumentError that says what to do.

    It is tried: a folder is made, filled, put there and removed. Nothing is left of that.
    """
    with _refused(folder, f"{_FOLDER}; nothing was written"):
        target = _target(folder)
        _check_folder(folder, target)
        with _draft(target) as draft:
            (draft / "room").write_bytes(bytes(ROOM))
            aside = draft / "aside"
            if target.exists():  # it will have to make way
                target.rename(aside).rename(target)
            else:
                aside.mkdir()
                aside.rename(target).rename(aside)


def _check_folder(folder: Path, target: Path) -> None:
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise _refusal(folder, "is there already", "name a folder that is new or empty; nothing was written")
    if target.is_mount():
        raise _refusal(folder, "is where a disk is mounted", "name a new folder in it; nothing was written")
    if target.exists() and target.samefile(Path.cwd()):
        raise _refusal(folder, "is the folder that you are in", "name a new folder in it; nothing was written")
    nearest = next(path for path in (target, *target.parents) if path.exists())
    if not os.access(nearest, os.W_OK) or not nearest.is_dir():
        raise _refusal(folder, "cannot be written", "name a folder where you may write; nothing was written")


def _refusal(path: Path, what: str, hint: str) -> DocumentError:
    return DocumentError(str(path), (Problem(str(path), "", what, hint),))


@contextmanager
def _refused(path: Path, hint: str) -> Iterator[None]:
    """Turn what the system refuses into a DocumentError about the path."""
    try:
        yield
    except OSError as error:
        raise _refusal(path, f"cannot be written: {error.strerror or error}", hint) from error


def _target(path: Path) -> Path:
    """Return what a path means when links are followed: a link stays, and what it points to is written."""
    return Path(os.path.realpath(path))


def write_folder(folder: Path, texts: Mapping[str, str]) -> None:
    """Write texts as the files of a new folder, all or nothing; raises DocumentError when it cannot."""
    with new_folder(folder) as new:
        for name, text in texts.items():
            (new / name).write_text(text, encoding="utf-8", newline="\n")


def check_file(file: Path, room: int = ROOM) -> None:
    """Refuse a file that is a folder or cannot be written; raises DocumentError that says what to do.

    It is tried: a file of `room` bytes is written beside it and removed.
    """
    with _refused(file, f"{_FILE}; nothing was written"):
        target = _target(file)
        _check_place(file, target)
        with _draft(target) as draft:
            (draft / target.name).write_bytes(bytes(room))


def _check_place(file: Path, target: Path) -> None:
    what, hint = _unwritable(target)
    if what:
        raise _refusal(file, what, f"{hint}; nothing was written")


def _unwritable(file: Path) -> tuple[str, str]:
    """Return why a file cannot be written, and what to do; empty texts where it can."""
    if file.is_dir():
        return "is a folder", "name a file"
    if file.exists() and (not file.is_file() or file.is_mount()):
        return "is a device, or mounted", "name a file that is new or may be replaced"
    if not file.parent.is_dir():
        return "is in a folder that is not there", "make the folder first"
    if not os.access(file.parent, os.W_OK) or (file.exists() and not os.access(file, os.W_OK)):
        return "cannot be written", "name a file where you may write"
    return "", ""


def write_file(file: Path, text: str) -> None:
    """Write a text, whole or not at all, over a file of that name; raises DocumentError when it cannot."""
    target = _target(file)
    with _refused(file, _FILE):
        _check_place(file, target)
        with _draft(target) as draft:
            new = draft / target.name
            new.write_text(text, encoding="utf-8", newline="\n")
            new.replace(target)


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder that becomes `folder` when all went well, and is removed otherwise.

    Raises DocumentError when the folder is taken or cannot be written.
    """
    with _refused(folder, _FOLDER):
        target = _target(folder)
        _check_folder(folder, target)
        with _draft(target) as new:
            yield new
            new.chmod(0o755)
            if target.exists():
                target.rmdir()
            new.replace(target)


@contextmanager
def _draft(target: Path) -> Iterator[Path]:
    """Yield a temporary folder beside a target; it is removed at the end if it is still there.

    Parents that are missing are made, and removed again if they stay empty. What killed runs left there goes too.
    """
    made = [parent for parent in target.parents if not parent.exists()]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(target)
        draft = Path(tempfile.mkdtemp(suffix=_PART, prefix=_prefix(target), dir=target.parent))
        with _locked(draft):
            try:
                yield draft
            finally:
                shutil.rmtree(draft, ignore_errors=True)
    finally:
        with suppress(OSError):  # the first that is not empty, and all above it, are kept
            for parent in made:
                parent.rmdir()


def _prefix(target: Path) -> str:
    return f".{target.name[:_SHOWN]}."


def _remove_leftovers(target: Path) -> None:
    """Remove the drafts beside a target whose runs were killed: no living process has a lock on them."""
    drafts = re.compile(re.escape(_prefix(target)) + r"[a-z0-9_]{8}" + re.escape(_PART))
    for path in target.parent.iterdir():
        if drafts.fullmatch(path.name):
            with _locked(path) as locked:
                if locked:
                    shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Lock a folder, and yield whether that worked. The system ends the lock with this process, however that ends.

    It does not work where another process has a lock, and on systems without such locks.
    """
    if sys.platform == "win32":
        yield False
        return
    import fcntl

    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        yield False
        return
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            locked = True
        except OSError:
            locked = False
        yield locked
    finally:
        os.close(handle)


@define
class Outputs:
    """What a command writes beside its answer. What fails is kept until the answer is told, and raised then."""

    written: list[Path] = Factory(list)
    problems: list[Problem] = Factory(list)

    @contextmanager
    def attempt(self, path: Path) -> Iterator[None]:
        """Keep the path, or the problems where it cannot be written."""
        try:
            yield
        except DocumentError as error:
            self.problems += error.problems
        else:
            self.written.append(path)

    def raise_problems(self) -> None:
        """Raise DocumentError with all problems, if there are any."""
        if self.problems:
            raise DocumentError("the output", tuple(self.problems))


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
