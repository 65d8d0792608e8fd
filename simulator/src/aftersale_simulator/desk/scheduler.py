"""The agenda: SimPy's clock for the agents, and on the same clock what buyers and marketplaces will do.

Agents are processes, cases are data: nobody waits for what a buyer does, so it needs no event of its own, only its
place in a heap. That takes half the time of a SimPy timeout, and a run has twice as many of these as of agents' events.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

import simpy

from aftersale.clocks import Instant

Call = Callable[[Any, Any, Instant], None]
"""What is done at its instant, with two arguments of its own and the instant."""


class Scheduler(simpy.Environment):
    """SimPy's environment, with calls between its events.

    At one instant the processes go first, then the calls in the order in which they were put down.
    """

    def __init__(self, begins: Instant) -> None:
        """Begin at an instant, with nothing to do."""
        super().__init__(initial_time=begins)
        # SimPy's own, which only its events would move; so is `_queue`, at which `peek` looks twice as slowly.
        self._now: Instant = begins
        self._calls: list[tuple[Instant, int, Call, Any, Any]] = []
        self._put_down = 0

    def call(self, at: Instant, function: Call, one: Any, other: Any) -> None:
        """Put down a call; what should have been before now is done now."""
        self._put_down += 1
        heappush(self._calls, (at, self._put_down, function, one, other))

    def run_to(self, until: Instant) -> None:
        """Do everything that is before this instant, and stand there."""
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
                _, _, function, one, other = heappop(calls)
                if at > self._now:
                    self._now = at
                function(one, other, self._now)
        self._now = until


def _nothing(one: Any, other: Any, at: Instant) -> None:
    """Stand for the end of the run in the heap, so that it is never empty."""
