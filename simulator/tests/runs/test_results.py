"""The lines of metrics and the names of their figures."""

from typing import Any

from aftersale.rules import Rule, parse_rules
from aftersale_simulator.runs.results import figures_of
from aftersale_simulator.show.numbers import Numbers


def line(name: str, amount: int, **changes: Any) -> Rule:
    row = {"name": name, "marketplaces": ["REF"], "amount": amount, "target": "0.1", "source": "x", "grade": "assumed"}
    (rule,) = parse_rules({"metric": [{**row, **changes}]}, "rules.toml")
    return rule


def test_each_window_of_a_metric_has_a_figure_of_its_own_and_both_books_share_one() -> None:
    late, other = "late_ticket_rate", "order_defect_rate"
    rules = [
        line(late, 28),
        line(other, 60),
        line(late, 7),
        line(other, 60, target="0.2"),
        line(late, 28, target="0.2"),
    ]
    assert [(name, rule.amount, str(rule.target)) for name, rule in figures_of(rules)] == [
        (late, 28, "0.1"),
        (other, 60, "0.1"),
        (f"{late}_7d", 7, "0.1"),
        (other, 60, "0.2"),
        (late, 28, "0.2"),
    ]


def test_a_figure_has_the_unit_of_what_it_counts_and_its_name_says_nothing() -> None:
    numbers = Numbers("EUR", {"late_ticket_rate_7d": "hours", "minutes": "share"})
    assert (numbers.figure(0.5, "late_ticket_rate_7d"), numbers.limit(4, "late_ticket_rate_7d")) == ("0.5 h", "4 h")
    assert (numbers.figure(0.5, "minutes"), numbers.label("minutes")) == ("50.00 %", "minutes, %")
    assert numbers.heading("late_ticket_rate_7d") == "late\nticket\nrate\n7d\nh"
    assert (numbers.figure(1200.4, "labour_cost"), numbers.figure(3, "claims")) == ("1,200 EUR", "3.0")
    assert numbers.figure(None, "minutes") == "–"
