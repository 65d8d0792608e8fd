"""The watchdog: a call of a hook that does not return is named with its line, and ended."""

import sys
import threading

import pytest
from attrs import evolve

from aftersale.base.errors import HookHangs
from aftersale.base.watch import Watch, declared_limits
from aftersale.clocks import Calendar
from aftersale.plugins.plugins import load_plugins
from aftersale.plugins.watchdog import Watchdog, guarded
from aftersale.policies.deadline_functions import DeadlineFunction, DeadlineFunctions
from aftersale.testing import order, plugin, reference
from aftersale.testing.factories import MONDAY

pytestmark = pytest.mark.plugins
SHOP = "plugin 'shop'"


def ask(hook, watch=None):
    return (watch or Watch()).call("aftersale_classify", SHOP, "case C-1", hook, {})


def test_a_call_is_ended_when_it_lasts_longer_than_the_limit():
    def hook():
        dog.look(0.0)
        dog.look(29.9)
        calm.append(True)
        dog.look(30.0)

    calm: list[bool] = []
    dog = Watchdog(threading.get_ident(), 30.0, lambda: dog.handle(sys._getframe(1)))
    with pytest.raises(HookHangs) as caught:
        ask(hook)
    assert calm == [True]
    assert str(caught.value) == (
        "aftersale_classify of plugin 'shop' on case C-1 did not return within 30 s: it was at test_watchdog.py:"
        f"{hook.__code__.co_firstlineno + 4} (correct it, wait longer with AFTERSALE_HOOK_SECONDS, or leave the plugin "
        "out of AFTERSALE_PLUGINS)"
    )


def test_two_short_calls_are_not_taken_for_a_long_one():
    ended: list[bool] = []
    dog = Watchdog(threading.get_ident(), 30.0, lambda: ended.append(True))
    for at in (0.0, 30.0, 60.0):
        ask(lambda at=at: dog.look(at))
    dog.look(90.0)
    assert ended == []


def test_a_signal_that_comes_when_the_call_is_over_ends_no_other():
    dog = Watchdog(threading.get_ident(), 30.0, lambda: None)

    def slow():
        dog.look(0.0)
        dog.look(30.0)

    ask(slow)
    assert dog.overdue is not None
    ask(lambda: dog.handle(sys._getframe()))


def test_a_thread_that_cannot_be_interrupted_is_named_once():
    lines: list[str] = []
    watch = Watch(tell=lines.append)
    dog = Watchdog(threading.get_ident(), 30.0, None)
    ask(lambda: [dog.look(at) for at in (0.0, 30.0, 60.0, 90.0)], watch)
    assert len(lines) == 1
    assert lines[0].startswith("aftersale_classify of plugin 'shop' on case C-1 did not return within 30 s")


@pytest.mark.parametrize("swallows", [False, True])
def test_a_hook_that_loops_for_ever_is_ended_also_where_it_swallows_exceptions(swallows):
    def decide():
        while True:
            try:
                sum(range(10))
            except Exception:
                if not swallows:
                    raise

    shop = plugin("shop", aftersale_marketplaces=reference.aftersale_marketplaces, aftersale_decide_return=decide)
    plugins = load_plugins((), {"shop": shop})
    decisions = plugins.policy("REF").at(MONDAY).decisions
    with guarded(0.05), pytest.raises(HookHangs, match=r"it was at test_watchdog.py:\d+"):
        decisions.on_return("C-1", order(), MONDAY, True, "manual", "nobody")
    assert plugins.watch.failures == ()


def test_a_wait_without_end_at_the_start_keeps_the_plugin_out():
    shop = plugin("shop", aftersale_rules=lambda: threading.Event().wait())
    with guarded(0.05), pytest.raises(Exception, match=r"failed: aftersale_rules of plugin 'shop' .* did not return"):
        load_plugins((), {"shop": shop})


def test_what_hangs_is_not_slow_too():
    lines: list[str] = []
    watch = Watch(iter(range(100)).__next__, evolve(declared_limits(), slow_call=0.5), lines.append)
    dog = Watchdog(threading.get_ident(), 1.0, lambda: dog.handle(sys._getframe(1)))
    with pytest.raises(HookHangs):
        ask(lambda: [dog.look(at) for at in (0.0, 1.0)], watch)
    assert lines == []


def test_the_limits_are_declared_with_unit_and_source():
    assert declared_limits().slow("import", "") == 5.0
    assert declared_limits().slow("aftersale_rules", "") == 10.0
    assert declared_limits().slow("aftersale_classify", "case C-1") == 1.0
    assert declared_limits().hang == 30.0


def test_a_deadline_function_that_does_not_return_is_named_with_its_line_and_ended():
    calm: list[bool] = []

    def endless(start):
        dog.look(0.0)
        dog.look(30.0)
        calm.append(True)
        return start

    dog = Watchdog(threading.get_ident(), 30.0, lambda: dog.handle(sys._getframe(1)))
    made = DeadlineFunction("endless", endless, "never", "永不")
    functions = DeadlineFunctions([(SHOP, made)])
    (row,) = (rule for rule in load_plugins((), {"reference": reference}).policy("REF").rules.history("REF")[:1])
    with pytest.raises(HookHangs) as caught:
        functions.due_after(evolve(row, due="endless"), MONDAY, order(), Calendar("UTC", "DE"), "C-1")
    assert calm == []
    assert str(caught.value).startswith(
        "deadline function endless of plugin 'shop' on case C-1 did not return within 30 s: it was at "
        f"test_watchdog.py:{endless.__code__.co_firstlineno + 2} (correct it"
    )
    assert functions.watch.failures == ()
