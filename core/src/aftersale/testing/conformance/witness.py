"""The witness: what a plugin's hooks call that they must not, the clock and the chances of the whole process."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any

import aftersale

CORE = str(Path(aftersale.__file__).parent)
_CLOCKS = {
    ("time", "time"),
    ("time", "time_ns"),
    ("time", "monotonic"),
    ("time", "monotonic_ns"),
    ("time", "perf_counter"),
    ("time", "perf_counter_ns"),
    ("time", "process_time"),
    ("time", "localtime"),
    ("time", "gmtime"),
    ("time", "sleep"),
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
}
_ENTROPY = {("posix", "urandom"), ("nt", "urandom")}


class Witness:
    """Keeps, for each hook that was called, where it read the clock or drew a number that no seed decides.

    It sees calls of built-in functions from the hooks and from what they call, not what aftersale itself does for them.
    """

    def __init__(self, hooks: Mapping[str, FunctionType]) -> None:
        """Watch these implementations, by the hook's name."""
        self._hooks = {function.__code__: name for name, function in hooks.items()}
        self.clock: dict[str, str] = {}
        self.chance: dict[str, str] = {}

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch while the block runs; a profiler that was set before is set again."""
        before = sys.getprofile()
        sys.setprofile(self._called)
        try:
            yield
        finally:
            sys.setprofile(before)

    def _called(self, frame: FrameType, event: str, called: Any) -> None:
        if event != "c_call":
            return
        seen = self.clock if _reads_clock(called) else self.chance if _draws(called) else None
        if seen is not None and (found := self._accused(frame)):
            hook, where = found
            seen.setdefault(hook, f"{where} calls {_name(called)}")

    def _accused(self, frame: FrameType | None) -> tuple[str, str] | None:
        """Return the hook under which a call was made, and the line nearest to it; None outside of hooks."""
        near: tuple[CodeType, int] | None = None
        while frame is not None:
            code = frame.f_code
            near = near or (code, frame.f_lineno)
            if code in self._hooks:
                return self._hooks[code], f"{Path(near[0].co_filename).name}:{near[1]}"
            if code.co_filename.startswith(CORE):
                return None
            frame = frame.f_back
        return None


def _reads_clock(called: Any) -> bool:
    return (_owner(called), getattr(called, "__name__", "")) in _CLOCKS


def _draws(called: Any) -> bool:
    if (_owner(called), getattr(called, "__name__", "")) in _ENTROPY:
        return True
    own = getattr(called, "__self__", None)
    return own is not None and any(own is each for each in _global_chances())


def _global_chances() -> Iterator[object]:
    """Yield the generators that a whole process shares, of those libraries that somebody has imported."""
    if module := sys.modules.get("random"):
        yield getattr(module, "_inst", module)
    if module := sys.modules.get("numpy.random.mtrand"):
        yield getattr(module, "_rand", module)


def _owner(called: Any) -> str:
    own = getattr(called, "__self__", None)
    return own.__name__ if isinstance(own, type) else getattr(called, "__module__", None) or ""


def _name(called: Any) -> str:
    return f"{_owner(called)}.{called.__name__}" if _owner(called) else getattr(called, "__qualname__", repr(called))
