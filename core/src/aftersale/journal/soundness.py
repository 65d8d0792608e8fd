"""Soundness: whether Parquet files can be read, found out before they are read here.

One bit that is wrong can make a Parquet file claim petabytes of memory, and the library that reads it ends the program
then, past all exceptions. So a file is first read by a process of its own, unless its sum shows that it is as it was
written: that process costs about as long as it takes to import polars. The sums guard against accidents, not against
people, who could write them anew.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from aftersale.base.errors import DocumentError
from aftersale.base.files import most, read_bounded
from aftersale.journal.trial import READY

SUMS = "SHA256SUMS"
"""The file beside those that it vouches for, as `sha256sum` writes it and `sha256sum --check` reads it."""
_MARK = b"PAR1"
_LENGTH = 4
"""How many bytes say how long the description of the columns is, just before the mark at the end."""
_ROOM = 16
"""How many times as much memory as a table may have bytes it may take to read one."""


def vouch(path: Path) -> None:
    """Keep the sum of a file that was just written beside it."""
    sums = path.with_name(SUMS)
    lines = sums.read_text(encoding="utf-8").splitlines() if sums.exists() else []
    by_name = {name: line for line in lines for _, _, name in [line.partition("  ")]}
    by_name[path.name] = f"{_sum(path)}  {path.name}"
    text = "".join(f"{by_name[name]}\n" for name in sorted(by_name))
    sums.write_text(text, encoding="utf-8", newline="\n")


def damages(paths: Sequence[Path]) -> dict[Path, str]:
    """Return what is wrong with each of the Parquet files that cannot be read, all of them regular files.

    Where no other process can be started, only what the files show by themselves.
    """
    doubtful = [path for path in paths if not _vouched(path)]
    verdicts = {path: what for path in doubtful if (what := _framing(path))}
    return verdicts | dict(_tried([path for path in doubtful if path not in verdicts]))


def _vouched(path: Path) -> bool:
    """Whether the sum beside a file is the file's own."""
    try:
        lines = read_bounded(path.with_name(SUMS)).decode("utf-8").splitlines()
    except (OSError, DocumentError, UnicodeDecodeError):
        return False
    try:
        return f"{_sum(path)}  {path.name}" in lines
    except OSError:
        return False


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _framing(path: Path) -> str:
    """Return what is wrong with the beginning or the end of a file, empty if nothing is."""
    try:
        with path.open("rb") as file:
            begin = file.read(len(_MARK))
            size = file.seek(0, 2)
            file.seek(max(size - _LENGTH - len(_MARK), 0))
            end = file.read()
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"
    if begin != _MARK:
        return "is no Parquet file"
    described = int.from_bytes(end[:_LENGTH], "little")
    if end[_LENGTH:] != _MARK or described > size - 2 * len(_MARK) - _LENGTH:
        return "is damaged: its end is missing, or is not as it was written"
    return ""


def _tried(paths: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    """Yield what is wrong with files, found out by processes that read them, each from behind the end of the last."""
    rest = list(paths)
    while rest:
        answers = _answers(rest)
        if answers is None:
            return
        yield from ((path, f"is damaged: {reason}") for path, reason in zip(rest, answers, strict=False) if reason)
        if len(answers) < len(rest):
            yield rest[len(answers)], "is damaged: what reads it is brought to an end"
        rest = rest[len(answers) + 1 :]


def _answers(paths: Sequence[Path]) -> list[str | None] | None:
    """Return the answers of a process to files, fewer if it ended at one; None where no process could begin."""
    # Without -P a file of the folder where the user stands could take a module's place.
    command = [sys.executable, "-P", "-m", "aftersale.journal.trial", str(_ROOM * most())]
    names = json.dumps([str(path.absolute()) for path in paths])
    try:
        ended = subprocess.run(command, input=names, capture_output=True, text=True, encoding="utf-8", check=False)
    except OSError:
        return None
    ready, *answers = ended.stdout.splitlines() or [""]
    return [json.loads(answer) for answer in answers] if ready == json.dumps(READY) else None
