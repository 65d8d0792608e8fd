"""Watchdog: a hook that does not return is named, with the line where it is, and ended.

A thread looks at the stack of the one that it guards, a few times within the limit. So a call costs nothing more: it
need not say that it begins or ends.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread, current_thread, get_ident, main_thread
from time import monotonic
from types import FrameType
from typing import Any

from aftersale.base.errors import HookHangs
from aftersale.base.watch import HookCall, Overdue, call_in

LOOKS = 8
"""How often the thread looks within the limit: a call is ended at most an eighth of it late."""
_guarded: set[int] = set()


class Watchdog:
    """Looks at one thread, and ends the call of a hook in it that lasts longer than the limit.

    Calls are ended by a signal, which interrupts a wait too. Where the system has none, and in other threads than a
    process's first, a call that lasts too long is named and goes on.
    """

    def __init__(self, thread: int, limit: float, interrupt: Callable[[], object] | None) -> None:
        """Take the thread, how many seconds a call may last, and how to interrupt the thread, if that can be done."""
        self._thread, self._limit, self._interrupt = thread, limit, interrupt
        self._call: HookCall | None = None
        self._since = 0.0
        self.overdue: HookCall | None = None

    def look(self, now: float) -> None:
        """Look at the thread at an instant, in seconds from some beginning."""
        call = call_in(sys._current_frames().get(self._thread))
        # The frame is held, so that no later call can be taken for the same.
        if call is None or self._call is None or call.frame is not self._call.frame:
            self._call, self._since = call, now
        elif now - self._since >= self._limit:
            self._since = now
            self._end(call)

    def _end(self, call: HookCall) -> None:
        if self._interrupt is None:
            call.watch.note(("hang", call.hook, call.plugin), str(self.error(call)))
        else:
            self.overdue = call
            self._interrupt()

    def error(self, call: HookCall) -> HookHangs:
        """Return what is wrong with a call."""
        return HookHangs(call.hook, call.plugin, call.about, call.place, self._limit)

    def handle(self, frame: FrameType | None) -> None:
        """Raise Overdue in the thread if it still is in the call that is overdue."""
        overdue, self.overdue = self.overdue, None
        call = call_in(frame)
        if overdue is not None and call is not None and call.frame is overdue.frame:
            raise Overdue(self.error(call))


@contextmanager
def guarded(limit: float) -> Iterator[None]:
    """Let no call of a hook in this thread last longer than `limit` seconds; a guard within another does nothing.

    The call then raises HookHangs.
    """
    thread = get_ident()
    if thread in _guarded:
        yield
        return
    can_interrupt = hasattr(signal, "pthread_kill") and current_thread() is main_thread()
    dog = Watchdog(thread, limit, (lambda: signal.pthread_kill(thread, signal.SIGALRM)) if can_interrupt else None)
    before = signal.getsignal(signal.SIGALRM) if can_interrupt else None

    def handler(number: int, frame: FrameType | None) -> Any:
        if dog.overdue is not None:
            dog.handle(frame)
        elif callable(before):
            before(number, frame)

    _guarded.add(thread)
    over = Event()
    looking = Thread(target=_look_until, args=(over, dog, limit / LOOKS), name="watchdog", daemon=True)
    if can_interrupt:
        signal.signal(signal.SIGALRM, handler)
    looking.start()
    try:
        yield
    finally:
        over.set()
        looking.join()
        if can_interrupt:
            signal.signal(signal.SIGALRM, before)
        _guarded.discard(thread)


def _look_until(over: Event, dog: Watchdog, pause: float) -> None:
    while not over.wait(pause):
        dog.look(monotonic())
