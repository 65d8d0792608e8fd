"""Witness: which forbidden functions a plugin's hooks call, such as the clock and the process's random generators."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType, FunctionType, MappingProxyType
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
NOTHING: Mapping[str, CodeType] = MappingProxyType({})
_ENTROPY = {("posix", "urandom"), ("nt", "urandom")}


class Witness:
    """Keeps, for each hook that was called, where it read the clock or drew a number that no seed decides.

    It sees calls of built-in functions by the hooks and by the code that they call, but not by aftersale itself.
    """

    def __init__(self, hooks: Mapping[str, FunctionType], others: Mapping[str, CodeType] = NOTHING) -> None:
        """Watch these implementations, by the hook's name, and other code of the plugin by its name."""
        self._hooks = {function.__code__: name for name, function in hooks.items()}
        self._hooks |= {code: name for name, code in others.items()}
        self.clock: dict[str, str] = {}
        self.chance: dict[str, str] = {}

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch while the block runs; a profiler that was set before is set again."""
        before = sys.getprofile()
        sys.setprofile(self._profile)
        try:
            yield
        finally:
            sys.setprofile(before)

    def _profile(self, frame: FrameType, event: str, function: Any) -> None:
        if event != "c_call":
            return
        offences = self.clock if _reads_clock(function) else self.chance if _draws(function) else None
        if offences is not None and (location := self._locate(frame)):
            hook, where = location
            offences.setdefault(hook, f"{where} calls {_name(function)}")

    def _locate(self, frame: FrameType | None) -> tuple[str, str] | None:
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


def _reads_clock(function: Any) -> bool:
    return (_owner(function), getattr(function, "__name__", "")) in _CLOCKS


def _draws(function: Any) -> bool:
    if (_owner(function), getattr(function, "__name__", "")) in _ENTROPY:
        return True
    instance = getattr(function, "__self__", None)
    return instance is not None and any(instance is generator for generator in _global_generators())


def _global_generators() -> Iterator[object]:
    """Yield the generators that the whole process shares, of the libraries that are imported."""
    if module := sys.modules.get("random"):
        yield getattr(module, "_inst", module)
    if module := sys.modules.get("numpy.random.mtrand"):
        yield getattr(module, "_rand", module)


def _owner(function: Any) -> str:
    instance = getattr(function, "__self__", None)
    return instance.__name__ if isinstance(instance, type) else getattr(function, "__module__", None) or ""


def _name(function: Any) -> str:
    return (
        f"{_owner(function)}.{function.__name__}"
        if _owner(function)
        else getattr(function, "__qualname__", repr(function))
    )
