"""What can be loaded and yet does nothing: told by the suite and by `plugins show`, for each marketplace."""

from __future__ import annotations

from typing import Any

import pytest

from aftersale.plugins.plugins import Plugins, load_plugins
from aftersale.testing.conformance import CHECKS, Subject
from aftersale.testing.conformance.checks import examine
from aftersale.views.plugins import plugin_view, plugin_view_listing

pytestmark = pytest.mark.plugins
(COMPLETE,) = (check for check in CHECKS if check.name == "is_complete")
RULE = """[[rule]]
name = "first_response"
marketplaces = ["SHOP"]
clock = "wall_hours"
amount = 8
starts = "ticket_opened"
on_expiry = "late"
source = "assumed"
grade = "assumed"
"""
LINE = """[[metric]]
name = "late_ticket_rate"
marketplaces = ["SHOP"]
amount = 28
target = "0.05"
state = "review"
source = "assumed"
grade = "assumed"
"""
KINDS, METRICS = "aftersale_corner_shop/kinds.toml:4: ", "aftersale_corner_shop/metrics.toml:3: "
UNSET = (
    f"SHOP: {KINDS}ticket.open: no rule in force sets first_response: the task 'answer_ticket' does not come up "
    "(add a [[rule]] named first_response that starts at 'ticket_opened')"
)
GAPS = {
    "an own rule deleted": (
        {"rules.toml": ((RULE, ""),)},
        [
            UNSET,
            f"SHOP: {METRICS}late_ticket_rate: no rule sets first_response, which it counts: it has no case "
            "(add a [[rule]] named first_response, or drop the metric)",
        ],
    ),
    "an own rule that ends": (
        {"rules.toml": ((RULE, RULE + "valid_until = 2026-08-31\n"),)},
        [UNSET.replace("in force", "in force from 2026-09-01 on")],
    ),
    "a move that starts nothing": (
        {"kinds.toml": (('counts_as = "ticket_opened"\n', ""),)},
        [
            f"SHOP: {KINDS}ticket.open: after 'ticket_reopened' first_response does not begin, which starts at "
            "'ticket_opened': the task 'answer_ticket' does not come up (add 'ticket_reopened' to what the rule starts "
            "at, or counts_as to the move)"
        ],
    ),
    "a kind without an end": (
        {
            "kinds.toml": (
                ("final = true\n", ""),
                ('defect = "ticket_given_up"\n', ""),
                (
                    "",
                    BACK := """
[[kind.move]]
after = ["solved", "given_up"]
fact = "ticket_reopened"
to = "open"
counts_as = "ticket_opened"
""",
                ),
            )
        },
        [
            f"{KINDS}ticket: a case in state 'open' or 'answered' or 'solved' or 'given_up' never ends "
            "(add a move from there to a state that is final = true)"
        ],
    ),
    "a metric without a line": (
        {"rules.toml": ((LINE, ""),)},
        [
            f"SHOP: {METRICS}late_ticket_rate: no row of the rules has a line for it, so it is read nowhere "
            "(add a [[metric]] named late_ticket_rate to the rules, with its amount and target)"
        ],
    ),
}


@pytest.mark.parametrize("gap", GAPS)
def test_a_gap_is_told_by_the_suite_and_by_the_view_of_the_plugin(corner_shop: Any, gap: str) -> None:
    edits, told = GAPS[gap]
    module = corner_shop.module(edits)
    assert list(examine(COMPLETE, Subject("corner_shop", module, {})).problems) == told
    plugins: Plugins = load_plugins((), {"corner_shop": module})
    view = plugin_view(plugins, "corner_shop")
    assert view["gaps"] == told
    assert [part for part in plugin_view_listing(view, plugins) if part in told] == told


def test_a_rule_that_begins_on_a_day_is_no_gap(corner_shop: Any) -> None:
    module = corner_shop.module({"rules.toml": ((RULE, RULE + "valid_from = 2026-09-01\n"),)})
    assert load_plugins((), {"corner_shop": module}).gaps_of("corner_shop") == []
