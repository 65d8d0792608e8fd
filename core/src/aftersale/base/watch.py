"""Watch: what plugins did wrong while cases were handled, failures with their case and calls that took too long.

A plugin that fails on one case must not stop the desk: the case falls back to what would hold without the plugin, or to
a person, and the failure is kept here until it is reported.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator
from functools import cache
from importlib import metadata
from importlib.resources import files
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pluggy
from attrs import field, frozen

from aftersale.base.errors import HookHangs
from aftersale.base.toml_files import read
from aftersale.base.visible import visible

Clock = Callable[[], float]
"""Seconds from some beginning, such as time.perf_counter."""
IMPORT = "import"
"""What stands in place of a hook's name while a plugin is imported."""
PRINT = "print"
"""The sort of lines about what plugins write."""
_OURS = (
    str(Path(__file__).parents[1]),
    str(Path(pluggy.__file__).parent),
    str(Path(metadata.__file__).parents[1]),
    "<frozen importlib",
)
"""Where code lies that stands between a call and the plugin: this package, pluggy, and what imports modules."""
_BACKPORT = "importlib_metadata"
"""The package that imports entry points in place of `importlib.metadata` where some library has loaded it."""
_PLUGINS_OF_OURS = tuple(str(Path(__file__).parents[1] / "testing" / name) for name in ("hostile", "reference"))


@frozen
class Limits:
    """How long plugins may take, in seconds, as `watch.toml` declares it."""

    slow_call: float
    slow_start: float
    slow_import: float
    hang: float

    def slow(self, hook: str, about: str) -> float:
        """Return how long a call may take before it is named: on a case, at the start, or of an import."""
        return self.slow_import if hook == IMPORT else self.slow_call if about else self.slow_start


@cache
def declared_limits() -> Limits:
    """Return the limits that are shipped."""
    rows = read(files("aftersale.base") / "watch.toml")["limit"]
    return Limits(**{row["name"]: float(row["default"]) for row in rows})


class Overdue(BaseException):
    """Raised in a hook that does not return; no `except Exception` of a plugin may swallow it."""

    def __init__(self, hang: HookHangs) -> None:
        """Keep the error that callers get."""
        super().__init__(hang)
        self.hang = hang


@frozen
class Failure:
    """A failure of a plugin on a case: the hook, the plugin with its distribution, the case, and what went wrong."""

    hook: str
    plugin: str
    case: str
    what: str

    @property
    def cause(self) -> str:
        """The failure without its case: what several cases may have in common."""
        return f"{self.hook} of {self.plugin}: {self.what}"


Note = tuple[tuple[str, ...], str]
"""A line about a plugin, after what tells it from others: who did what, in which hook."""


@frozen(eq=False)
class _Notes:
    """The lines about plugins, each told once; or kept, where another process is to tell them."""

    tell: Callable[[str], object]
    known: set[tuple[str, ...]] = field(factory=set)
    lines: dict[tuple[str, ...], str] = field(factory=dict)
    kept: list[Note] = field(factory=list)
    relayed: list[bool] = field(factory=list)

    def add(self, key: tuple[str, ...], line: str) -> None:
        if key in self.known:
            return
        self.known.add(key)
        self.lines[key] = line
        if self.relayed:
            self.kept.append((key, line))
        else:
            self.tell(line)


class Watch:
    """The failures of one desk or of one simulated run, each kept once; other lines are told once, as they come up."""

    def __init__(
        self,
        clock: Clock | None = None,
        limits: Limits | None = None,
        tell: Callable[[str], object] | None = None,
        trace: bool = False,
    ) -> None:
        """Begin without failures.

        With a `clock`, the first call of each hook and plugin is told that takes longer than `limits` say, by default
        the declared ones. `tell` writes a line, by default to stderr. With `trace`, so is the traceback of each cause.
        """
        self._clock, self._trace = clock, trace
        self.limits = limits if limits is not None else declared_limits()
        self._least = min(self.limits.slow_call, self.limits.slow_start, self.limits.slow_import)
        self._notes = _Notes(tell if tell is not None else _to_stderr)
        self._failed: dict[Failure, None] = {}

    def __reduce__(self) -> tuple[Callable[..., Watch], tuple[Clock | None, Limits, bool, frozenset[tuple[str, ...]]]]:
        """Return how another process begins to watch in the same way; what was told here is not told there again."""
        return _watch_elsewhere, (self._clock, self.limits, self._trace, frozenset(self._notes.known))

    def another(self) -> Watch:
        """Return a watch for a run of its own: no failures yet, other lines told once for all runs."""
        watch = Watch(self._clock, self.limits, None, self._trace)
        watch._notes = self._notes
        return watch

    def relay(self) -> None:
        """Keep lines from now on, for another process to tell: that is where all processes of a run meet."""
        self._notes.relayed.append(True)

    def taken(self) -> list[Note]:
        """Return the lines that were kept since the last time."""
        notes = list(self._notes.kept)
        self._notes.kept.clear()
        return notes

    def noted(self, sort: str) -> list[str]:
        """Return the lines of one sort so far: of prints, of what is slow."""
        return [line for key, line in self._notes.lines.items() if key[0] == sort]

    def note(self, key: tuple[str, ...], line: str) -> None:
        """Tell a line about a plugin, unless one with the same key was told; a key begins with the sort of line."""
        self._notes.add(key, visible(line))

    @property
    def failures(self) -> tuple[Failure, ...]:
        """What went wrong so far, each failure on each case once."""
        return tuple(self._failed)

    def failed_cases(self) -> frozenset[str]:
        """Return the cases on which some plugin failed."""
        return frozenset(failure.case for failure in self._failed)

    def told(self) -> Iterator[str]:
        """Yield a line for each cause, with how many cases it failed and one of them."""
        causes: dict[str, list[str]] = {}
        for failure in self._failed:
            causes.setdefault(failure.cause, []).append(failure.case)
        for cause, cases in causes.items():
            more = f" and {len(cases) - 1} more" if len(cases) > 1 else ""
            yield f"case {cases[0]}{more}: {cause}"

    def causes(self) -> dict[str, int]:
        """Return how many cases each cause failed, in the order in which the causes came up."""
        counts: dict[str, int] = {}
        for failure in self._failed:
            counts[failure.cause] = counts.get(failure.cause, 0) + 1
        return counts

    def failed(self, hook: str, plugin: str, case: str, what: str) -> Failure:
        """Keep a failure and return it."""
        failure = Failure(hook, plugin, case, what)
        self._failed.setdefault(failure)
        return failure

    def raised(self, hook: str, plugin: str, case: str, error: BaseException) -> Failure:
        """Keep a failure by an exception, with the line of the plugin that raised it, and return it."""
        failure = self.failed(hook, plugin, case, explained_with_place(error))
        if self._trace:
            lines = "".join(traceback.format_exception(error)).rstrip()
            self._notes.add(("traceback", failure.cause), f"{failure.cause}\n{lines}")
        return failure

    def call(self, hook: str, plugin: str, about: str, ask: Callable[..., Any], arguments: dict[str, Any]) -> Any:
        """Return what a plugin answers; note a call that takes too long. `about` says on what, for that line.

        The watchdog and what listens to prints know calls by the frames of this function. Raises HookHangs where the
        watchdog has ended the call.
        """
        clock = self._clock
        began = clock() if clock is not None else 0.0
        try:
            return ask(**arguments)
        except Overdue as overdue:
            clock = None  # it is told as what hangs
            raise overdue.hang from None
        finally:
            if clock is not None and (seconds := clock() - began) > self._least:
                self._slow(hook, plugin, about, seconds)

    def _slow(self, hook: str, plugin: str, about: str, seconds: float) -> None:
        limit = self.limits.slow(hook, about)
        if seconds > limit:
            on = f" on {about}" if about else ""
            line = f"slow: {hook} of {plugin} took {seconds:.1f} s{on}, more than {limit:g} s"
            self.note(("slow", hook, plugin), line)


def _watch_elsewhere(clock: Clock | None, limits: Limits, trace: bool, known: frozenset[tuple[str, ...]]) -> Watch:
    watch = Watch(clock, limits, None, trace)
    watch._notes.known.update(known)
    return watch


CALL: CodeType = Watch.call.__code__
"""By this code of a frame a call of a hook is known from outside."""


@frozen
class HookCall:
    """A call of a hook as a stack shows it: its frame, its hook and plugin, on what, and the line where it is now."""

    frame: FrameType = field(eq=False, repr=False)
    watch: Watch = field(eq=False, repr=False)
    hook: str
    plugin: str
    about: str
    place: str


def call_in(frame: FrameType | None) -> HookCall | None:
    """Return the call of a hook that a stack is in, from its innermost frame on; None where no plugin is at work."""
    theirs: FrameType | None = None
    while frame is not None:
        if frame.f_code is CALL:
            if theirs is None:
                return None
            names, place = frame.f_locals, place_of(theirs.f_code.co_filename, theirs.f_lineno)
            return HookCall(frame, names["self"], names["hook"], names["plugin"], names["about"], place)
        if theirs is None and not is_ours(frame.f_code.co_filename):
            theirs = frame
        frame = frame.f_back
    return None


def is_ours(file: str) -> bool:
    """Whether code lies in this package, or between it and a plugin."""
    if file.startswith(_OURS) and not file.startswith(_PLUGINS_OF_OURS):
        return True
    return Path(file).parent.name == _BACKPORT


def place_of(file: str, line: int) -> str:
    """Return file and line as messages write them: `aftersale_shop/__init__.py:12`, `prices.py:3`."""
    path = Path(file)
    name = f"{path.parent.name}/{path.name}" if path.name == "__init__.py" else path.name
    return f"{name}:{line}"


def raised_at(error: BaseException) -> str:
    """Return the line of a plugin's code at which an exception left it, empty where none of it is to be seen.

    It is the innermost line in the folder of the first code that is not ours: what the plugin called beyond that is
    somebody else's.
    """
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        return place_of(error.filename, error.lineno)
    steps = traceback.extract_tb(error.__traceback__)
    theirs = [step for step in steps if not is_ours(step.filename)]
    if not theirs:
        return ""
    folder = str(Path(theirs[0].filename).parent)
    last = [step for step in theirs if step.filename.startswith(folder)][-1]
    return place_of(last.filename, last.lineno or 0)


def explained(error: BaseException) -> str:
    """Return an exception in a line: its type and what it says."""
    return " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")


def explained_with_place(error: BaseException) -> str:
    """Return an exception in a line, with the line of the plugin's code at which it was raised."""
    place = raised_at(error)
    return f"{explained(error)}, at {place}" if place else explained(error)


def _to_stderr(line: str) -> None:
    sys.stderr.write(f"{line}\n")
