"""Prints: what a plugin writes is told once, and left out of what the program writes."""

import sys

import pytest

from aftersale.base.watch import PRINT, Watch
from aftersale.plugins.plugins import load_plugins
from aftersale.plugins.prints import prints_heard
from aftersale.testing import order, plugin, reference
from aftersale.testing.factories import MONDAY

pytestmark = pytest.mark.plugins


def test_what_a_hook_writes_is_told_once_with_its_line_and_left_out(capsys):
    def decide(order):
        sys.stdout.writelines(["deciding!", f" {order.id}\n"])

    lines: list[str] = []
    shop = plugin("shop", aftersale_marketplaces=reference.aftersale_marketplaces, aftersale_decide_return=decide)
    with prints_heard():
        plugins = load_plugins((), {"shop": shop}, watch=Watch(tell=lines.append))
        decisions = plugins.policy("REF").at(MONDAY).decisions
        for number in range(3):
            decisions.on_return(f"C-{number}", order(), MONDAY, True, "manual", "nobody")
        sys.stdout.write("the program's own\n")
    assert capsys.readouterr() == ("the program's own\n", "")
    assert lines == plugins.watch.noted(PRINT)
    assert lines == [
        "printed: aftersale_decide_return of plugin 'shop' (not installed) on case C-0 writes 'deciding!' to stdout, "
        f"at test_prints.py:{decide.__code__.co_firstlineno + 1} (drop it; what a plugin writes is left out)"
    ]


def test_what_the_watch_tells_of_a_plugin_reaches_the_terminal(capsys):
    def rules():
        sys.stderr.write("reading\n")
        return []

    with prints_heard():
        load_plugins((), {"shop": plugin("shop", aftersale_rules=rules)}, trace=True)
    out, err = capsys.readouterr()
    assert out == ""
    told = [line for line in err.splitlines() if "writes 'reading' to stderr" in line]
    assert len(told) == 1
    assert "aftersale_rules() asks shop" in err.splitlines()
