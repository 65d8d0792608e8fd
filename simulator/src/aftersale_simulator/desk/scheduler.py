"""Scheduler: SimPy's clock for the agents, and on the same clock what buyers and marketplaces will do.

Agents are processes, cases are data: no process waits for what a buyer does, so it needs no SimPy event, only an entry
in a heap. That takes half the time of a SimPy timeout, and a run has twice as many of these as of agents' events.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

import simpy

from aftersale.clocks import Instant

Call = Callable[[Any, Any, Instant], None]
"""A function that is called at its instant, with two arguments and the instant."""


class Scheduler(simpy.Environment):
    """SimPy's environment, with calls between its events.

    At one instant the processes go first, then the calls in the order in which they were scheduled.
    """

    def __init__(self, begins: Instant) -> None:
        """Begin at an instant, with nothing scheduled."""
        super().__init__(initial_time=begins)
        # SimPy's attribute, which only its events would move; so is `_queue`, which `peek` reads at half the speed.
        self._now: Instant = begins
        self._calls: list[tuple[Instant, int, Call, Any, Any]] = []
        self._sequence = 0

    def call(self, at: Instant, function: Call, first: Any, second: Any) -> None:
        """Schedule a call; a call for an instant before now is made now."""
        self._sequence += 1
        heappush(self._calls, (at, self._sequence, function, first, second))

    def run_to(self, until: Instant) -> None:
        """Do everything before this instant, and set the clock to it."""
        calls, events, step = self._calls, self._queue, self.step
        heappush(calls, (until, 0, _nothing, None, None))
        while True:
            at = calls[0][0]
            if events and events[0][0] <= at:
                if events[0][0] >= until:
                    break
                step()
            elif at >= until:
                break
            else:
                _, _, function, first, second = heappop(calls)
                if at > self._now:
                    self._now = at
                function(first, second, self._now)
        self._now = until


def _nothing(first: Any, second: Any, at: Instant) -> None:
    """Mark the end of the run in the heap, so that it is never empty."""
