"""Handbook checks: the seller's handbook may be stricter than what a marketplace demands, never looser."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from aftersale.base.errors import Problem
from aftersale.clocks import HOUR, Instant, start_of_day
from aftersale.policies.marketplaces import Marketplace
from aftersale.rules import Condition, Rule, rule_names

_PROBE_DAYS = 28
"""Days on whose every hour two deadlines of different clocks are compared: four weeks, so every day of the week."""
_SAMPLE_DAY = date(2026, 1, 5)
"""A Monday, on which the comparison starts where neither row is dated."""


def looser_rows(rows: Iterable[Rule], demands: Iterable[Rule], marketplace: Marketplace) -> Iterator[Problem]:
    """Yield every row of the seller's that asks for less than a demand of the marketplace; the problem quotes both.

    A row is compared with those of its name that are in force with it, or for good where it is undated. Deadlines are
    looser when they end later from some hour of four weeks and earlier from none; where it depends on the hour, the
    tighter one binds each time, and nothing is wrong. Where several demands cover the seller's row, the one with most
    conditions decides.
    """
    rules = list(demands)
    for row in rows:
        matches = [rule for rule in rules if rule.name == row.name and rule.kind == row.kind and _meet(row, rule)]
        # Of several lines of a metric, the seller's own is about the one of its window.
        matches = [rule for rule in matches if rule.window == row.window] or matches
        for rule in matches:
            if not any(_goes_before(match, rule) for match in matches) and _is_looser(row, rule, marketplace):
                what = f"'{row}' is looser than what the marketplace demands: '{rule}' ({rule.source}, {rule.grade})"
                hint = "ask for as much or more, or leave the row out: the marketplace's holds anyway"
                yield Problem(row.origin, str(row), what, hint, line=row.place.line)


def _meet(row: Rule, rule: Rule) -> bool:
    """Whether some order on some day falls under both."""
    if row.valid_from is None and row.valid_until is None:
        together = rule.valid_until is None
    else:
        begins = max(row.valid_from or date.min, rule.valid_from or date.min)
        together = begins <= min(row.valid_until or date.max, rule.valid_until or date.max)
    return together and not _are_apart(row.when, rule.when)


def _goes_before(narrow: Rule, wide: Rule) -> bool:
    """Whether the narrow rule decides all that the seller's row is about, on every day of the wide one."""
    longer = (narrow.valid_from or date.min) <= (wide.valid_from or date.min)
    longer &= (narrow.valid_until or date.max) >= (wide.valid_until or date.max)
    return longer and narrow.when.weight > wide.when.weight


def _are_apart(of_row: Condition, of_rule: Condition) -> bool:
    row_values, rule_values = of_row.asks, of_rule.asks
    if rule_values.keys() - row_values.keys():
        # The rule is about some of the orders only; which of the two binds is settled order by order.
        return True
    return any(_differ(row_values[name], value) for name, value in rule_values.items())


def _differ(row_value: object, rule_value: object) -> bool:
    if isinstance(row_value, tuple) and isinstance(rule_value, tuple):
        return not set(row_value) & set(rule_value)
    return row_value != rule_value


def _is_looser(row: Rule, rule: Rule, marketplace: Marketplace) -> bool:
    if row.kind == "deadline":
        return bool(set(row.starts) & set(rule.starts)) and _ends(row, rule, marketplace) == {True}
    if row.kind == "window":
        return bool(set(row.starts) & set(rule.starts)) and _ends(rule, row, marketplace) == {True}
    if row.kind == "switch":
        return bool(rule.value) and not row.value
    if row.kind == "metric":
        return _is_target_looser(row, rule)
    entry = rule_names().get(row.name)
    if entry is None:
        return False
    if entry.less_is_stricter:
        return (row.share or 0) > (rule.share or 0)
    return entry.strictest is not None and rule.word == entry.strictest != row.word


def _is_target_looser(row: Rule, rule: Rule) -> bool:
    if row.target is None or rule.target is None or row.direction != rule.direction or row.channel != rule.channel:
        return False
    return row.target < rule.target if row.direction == "above" else row.target > rule.target


def _ends(late: Rule, early: Rule, marketplace: Marketplace) -> set[bool]:
    """Return whether the first ends after the second, over the hours from which they differ: {True} for always."""
    first = start_of_day(max(late.valid_from or _SAMPLE_DAY, early.valid_from or _SAMPLE_DAY), marketplace.zone)
    outcomes = set()
    for hour in range(_PROBE_DAYS * 24):
        at = first + hour * HOUR
        first_end, second_end = _end(late, at, marketplace), _end(early, at, marketplace)
        if first_end is None or second_end is None:
            return set()
        if first_end != second_end:
            outcomes.add(first_end > second_end)
    return outcomes


def _end(rule: Rule, at: Instant, marketplace: Marketplace) -> Instant | None:
    if rule.amount is None or rule.clock is None:
        return None
    return rule.due_after(at, marketplace.calendar)
