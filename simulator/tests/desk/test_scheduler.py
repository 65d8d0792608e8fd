"""The scheduler: processes and calls on one clock, in one order."""

from __future__ import annotations

from collections.abc import Iterator

import simpy
from hypothesis import given, strategies as st

from aftersale_simulator.desk.scheduler import Scheduler

Told = list[tuple[str, int]]


def waiting(scheduler: Scheduler, name: str, delay: int, told: Told) -> Iterator[simpy.Event]:
    yield scheduler.timeout(delay)
    told.append((name, int(scheduler.now)))


def test_calls_and_processes_share_one_clock_and_processes_go_first() -> None:
    scheduler, told = Scheduler(100), Told()
    scheduler.call(105, lambda one, other, at: told.append((one + other, at)), "a ", "call")
    scheduler.process(waiting(scheduler, "a process", 5, told))
    scheduler.process(waiting(scheduler, "a late one", 6, told))
    scheduler.run_to(106)
    assert told == [("a process", 105), ("a call", 105)]
    assert scheduler.now == 106


def test_a_call_may_put_down_another_for_the_same_instant_and_start_a_process() -> None:
    scheduler, told = Scheduler(0), Told()

    def first(one: str, other: None, at: int) -> None:
        told.append((one, at))
        scheduler.process(waiting(scheduler, "started", 0, told))
        scheduler.call(at, lambda one, other, at: told.append((one, at)), "again", None)

    scheduler.call(7, first, "first", None)
    scheduler.run_to(8)
    assert told == [("first", 7), ("started", 7), ("again", 7)]


def test_what_should_have_been_before_is_done_now_and_time_never_goes_back() -> None:
    scheduler, told = Scheduler(50), Told()
    scheduler.call(10, lambda one, other, at: told.append((one, at)), "late", None)
    scheduler.run_to(60)
    assert told == [("late", 50)]


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 20)), max_size=30), st.integers(0, 25))
def test_all_that_is_before_the_end_is_done_once_in_order(plan: list[tuple[bool, int]], until: int) -> None:
    scheduler, told = Scheduler(0), Told()
    for number, (calls, at) in enumerate(plan):
        if calls:
            scheduler.call(at, lambda one, other, at: told.append((one, at)), f"call {number}", None)
        else:
            scheduler.process(waiting(scheduler, f"process {number}", at, told))
    scheduler.run_to(until)
    numbered = [(at, calls, f"{'call' if calls else 'process'} {number}") for number, (calls, at) in enumerate(plan)]
    expected = sorted((one for one in numbered if one[0] < until), key=lambda one: one[:2])
    assert told == [(name, at) for at, _, name in expected]
