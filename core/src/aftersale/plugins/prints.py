"""Prints: what a plugin writes to the program's output, at its import or in a hook, is told once and left out there.

Whoever writes is found by the stack, and only when something is written: a call of a hook costs nothing more.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from types import FrameType
from typing import Any, TextIO, cast

from aftersale.base.watch import PRINT, HookCall, call_in, is_ours

_MAX = 80


class _Listening:
    """A stream that passes on what the program writes, and tells of what a plugin writes."""

    def __init__(self, stream: TextIO, name: str) -> None:
        self._stream, self._name = stream, name

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        return self._write(text, sys._getframe(1))

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._write(line, sys._getframe(1))

    def _write(self, text: str, writer: FrameType) -> int:
        call = None if is_ours(writer.f_code.co_filename) else call_in(writer)
        if call is None:
            return self._stream.write(text)
        if text.strip():
            _note(call, self._name, text.strip().splitlines()[0])
        return len(text)


def _note(call: HookCall, stream: str, line: str) -> None:
    shown = f"{line[:_MAX]!r}" + ("…" if len(line) > _MAX else "")
    on = f" on {call.about}" if call.about else ""
    what = f"{call.hook} of {call.plugin}{on} writes {shown} to {stream}, at {call.place}"
    call.watch.note((PRINT, call.hook, call.plugin), f"printed: {what} (drop it; what a plugin writes is left out)")


@contextmanager
def prints_heard() -> Iterator[None]:
    """Keep what plugins write out of stdout and stderr while the block runs."""
    out, err = sys.stdout, sys.stderr
    if isinstance(out, _Listening):
        yield
        return
    with (
        redirect_stdout(cast("TextIO", _Listening(out, "stdout"))),
        redirect_stderr(cast("TextIO", _Listening(err, "stderr"))),
    ):
        yield


def hear_prints() -> None:
    """Keep what plugins write out of stdout and stderr for the rest of this process, as in a worker."""
    sys.stdout = cast("TextIO", _Listening(sys.stdout, "stdout"))
    sys.stderr = cast("TextIO", _Listening(sys.stderr, "stderr"))
