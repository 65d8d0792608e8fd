"""What events change of rules."""

from datetime import date, timedelta

from aftersale.clocks import DAY
from aftersale.documents.scalars import Count, Day, Duration, Word
from aftersale.rules import Rule, RuleSet, parse_rules
from aftersale_simulator.scenario.events import Event, amended


def line(amount: int) -> Rule:
    row = {"name": "claim_rate", "marketplaces": ["REF"], "amount": amount, "target": "0.1", "source": "x"}
    (rule,) = parse_rules({"metric": [{**row, "grade": "assumed"}]}, "rules.toml")
    return rule


def test_lines_of_a_metric_that_an_event_gives_one_window_are_one_line_as_long_as_it_lasts() -> None:
    start = date(2026, 3, 2)
    event = Event(Word("watch"), Duration(7 * DAY), start=Day(start), rules={"claim_rate": Count(14)})
    rules = RuleSet(amended([line(30), line(10)], [event], start, tighter=False))
    windows = [[rule.amount for rule in rules.rulebook("REF", start + timedelta(days)).rows] for days in (-1, 0, 6, 7)]
    assert windows == [[30, 10], [14], [14], [30, 10]]
