"""Watch: what plugins did wrong while cases were handled, failures with their case and calls that took too long.

A plugin that fails on one case must not stop the desk: the case falls back to what would hold without the plugin, or to
a person, and the failure is kept here until it is reported.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

from attrs import frozen

from aftersale.base.visible import visible

Clock = Callable[[], float]
"""Seconds from some beginning, such as time.perf_counter."""
PATIENCE = 1.0
"""Seconds that a call of a hook may take before it is reported (assumed)."""
AT_START = 10
"""How many times as long a hook may take that is called once, at the start of the program and on no case (assumed)."""


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


class Watch:
    """The failures of one desk or of one simulated run, each kept once; slow calls are reported as they happen."""

    def __init__(
        self, clock: Clock | None = None, patience: float = PATIENCE, tell: Callable[[str], object] | None = None
    ) -> None:
        """Begin without failures.

        With a `clock`, the first call of each hook and plugin is reported that takes more than `patience` seconds, or
        AT_START times that where the hook is called on no case. `tell` writes a line, by default to stderr.
        """
        self._clock, self._patience = clock, patience
        self._tell = tell if tell is not None else _to_stderr
        self._failed: dict[Failure, None] = {}
        self._slow: set[tuple[str, str]] = set()

    def __reduce__(self) -> tuple[type[Watch], tuple[Clock | None, float]]:
        """Return how another process begins to watch in the same way."""
        return Watch, (self._clock, self._patience)

    def another(self) -> Watch:
        """Return a watch for a run of its own: no failures yet, slow hooks reported once for all runs."""
        watch = Watch(self._clock, self._patience, self._tell)
        watch._slow = self._slow
        return watch

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

    def call(self, hook: str, plugin: str, about: str, ask: Callable[..., Any], arguments: dict[str, Any]) -> Any:
        """Return what a plugin answers, and report a call that takes too long; `about` says on what, for that line."""
        if self._clock is None:
            return ask(**arguments)
        began = self._clock()
        try:
            return ask(**arguments)
        finally:
            seconds = self._clock() - began
            patience = self._patience if about else AT_START * self._patience
            if seconds > patience and (hook, plugin) not in self._slow:
                self._slow.add((hook, plugin))
                on = f" on {about}" if about else ""
                line = f"slow: {hook} of {plugin} took {seconds:.1f} s{on}, more than {patience:g} s"
                self._tell(visible(line))


def explained(error: BaseException) -> str:
    """Return an exception in a line: its type and what it says."""
    return " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")


def _to_stderr(line: str) -> None:
    sys.stderr.write(f"{line}\n")
