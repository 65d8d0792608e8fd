"""A plugin that passes the suite also simulates: a short period on each marketplace, with a desk and without."""

from __future__ import annotations

import re
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from aftersale.testing.conformance import CHECKS, Subject, rehearsals
from aftersale.testing.conformance.checks import examine

pytestmark = pytest.mark.plugins
(SIMULATES,) = (check for check in CHECKS if check.name == "simulates")
INSPECTIONS = """
[[kind]]
name = "inspection"
state = [
  { name = "asked", task = "inspect", opens = ["first_response"] },
  { name = "seen" },
  { name = "over", final = true },
]
move = [
  { fact = "inspection_asked", to = "asked" },
  { after = ["asked"], fact = "inspected", to = "seen" },
  { after = ["seen"], fact = "ticket_reopened", to = "over" },
]
"""
INSPECTED = """
[[contact]]
fact = "inspection_asked"
marketplaces = ["SHOP"]
rate = "ticket_rate"
delay_days = "ticket_delay_days"

[[reaction]]
kind = "inspection"
state = "seen"
fact = "ticket_reopened"
marketplaces = ["SHOP"]
share = "ticket_reopened_rate"
delay_hours = "ticket_reopened_hours"

[[answer]]
task = "inspect"
fact = "inspected"
"""
SHARED = {
    "kinds.toml": (("", INSPECTIONS),),
    "world.toml": (("", INSPECTED),),
    "rules.toml": (('starts = "ticket_opened"', 'starts = ["ticket_opened", "inspection_asked"]'),),
}


def finding(corner_shop: Any, edits: Any) -> tuple[tuple[str, ...], str]:
    """Return what the check finds in the shop, and why it could not be made."""
    made = examine(SIMULATES, Subject("corner_shop", corner_shop.module(edits), {}))
    return made.problems, made.not_made


def test_the_shop_of_the_scaffold_simulates_with_its_tickets(corner_shop: Any) -> None:
    assert finding(corner_shop, {}) == ((), "")


def test_a_fact_that_two_kinds_of_case_share_happens_to_the_case_of_each(corner_shop: Any) -> None:
    assert finding(corner_shop, SHARED) == ((), "")


PAYOUT = """


def payout(start, calendar):
    day = local_date(start, calendar.zone)
    return start_of_day(day + timedelta(7 - day.weekday()), calendar.zone)


@hookimpl
def aftersale_deadlines():
    return [DeadlineFunction("payout", payout, "the end of the week that is paid out", "结算周结束")]
"""
BY_FUNCTION = {
    "__init__.py": (
        ("from aftersale.plugin import (", "from datetime import timedelta\n\nfrom aftersale.plugin import ("),
        ("    from_data,\n", "    DeadlineFunction,\n    from_data,\n    local_date,\n    start_of_day,\n"),
        ("", PAYOUT),
    ),
    "rules.toml": (('clock = "wall_hours"\namount = 8\nstarts = "ticket', 'due = "payout"\nstarts = "ticket'),),
}


def test_a_deadline_that_a_function_sets_is_simulated(corner_shop: Any) -> None:
    subject = Subject("corner_shop", corner_shop.module(BY_FUNCTION), {})
    (row,) = (rule for rule in subject.plugins.stated("corner_shop") if rule.name == "first_response")
    assert (row.due, row.clock) == ("payout", None)
    made = examine(SIMULATES, subject)
    assert (made.problems, made.not_made) == ((), "")


def test_a_deadline_function_that_fails_is_told_with_its_line_and_its_cases_counted(corner_shop: Any) -> None:
    edits = {**BY_FUNCTION, "__init__.py": (*BY_FUNCTION["__init__.py"], ("timedelta(7 -", "timedelta(1 // 0 -"))}
    problems, _ = finding(corner_shop, edits)
    told = [re.sub(r"\d+ cases", "N cases", problem) for problem in problems]
    line = "deadline function payout of plugin 'corner_shop' (not installed): ZeroDivisionError: integer division or "
    line += "modulo by zero, at aftersale_corner_shop/__init__.py:32, on N cases"
    assert told == [f"SHOP: {line}", f"SHOP with nobody at the desk: {line}"]


def test_what_kills_a_simulation_is_told_with_the_marketplace(corner_shop: Any) -> None:
    task_of_messages = {
        "kinds.toml": (('"answer_ticket"', '"reply"'),),
        "world.toml": (('[[answer]]\ntask = "answer_ticket"\nfact = "ticket_answered"\n', ""),),
    }
    problems, _ = finding(corner_shop, task_of_messages)
    assert len(problems) == 1
    assert problems[0].startswith("SHOP: case SHOP-")
    assert problems[0].endswith(
        "(ticket) in state 'open' cannot take the fact 'seller_reply' (allowed: ticket_abandoned, ticket_answered)"
    )


def test_without_a_simulator_the_check_says_so_and_is_no_failure(
    corner_shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsals, "entry_points", lambda group: ())
    problems, not_made = finding(corner_shop, {})
    assert problems == ()
    assert not_made == "no simulator is installed: python -m pip install aftersale-simulator"
    broken = EntryPoint("simulator", "no_such_simulator:rehearse", "aftersale.rehearsals")
    monkeypatch.setattr(rehearsals, "entry_points", lambda group: (broken,))
    assert finding(corner_shop, {})[1].startswith("the simulator 'no_such_simulator:rehearse' cannot be imported")
