"""Strictness: the seller's handbook may be stricter than what a marketplace demands, never looser."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from aftersale.base.errors import Problem
from aftersale.clocks import HOUR, Instant, due_after, start_of_day
from aftersale.policies.marketplaces import Marketplace
from aftersale.rules import Condition, Rule, rule_names

_PROBED = 28
"""Days from whose every hour two deadlines of different clocks are compared: four weeks hold every day of the week."""
_SAMPLE = date(2026, 1, 5)
"""A Monday from which they are compared where neither row is dated."""


def loosened(own: Iterable[Rule], demanded: Iterable[Rule], place: Marketplace) -> Iterator[Problem]:
    """Yield every row of the seller's that asks for less than the marketplace does, both quoted.

    A row is compared with those of its name that are in force with it, or for good where it is undated. Deadlines are
    looser when they end later from some hour of four weeks and earlier from none; where it depends on the hour, the
    tighter one binds each time, and nothing is wrong. Where several of the marketplace's rows cover the seller's, the
    one that asks most about an order decides.
    """
    standing = list(demanded)
    for row in own:
        met = [rule for rule in standing if rule.name == row.name and rule.kind == row.kind and _meet(row, rule)]
        for rule in met:
            if not any(_goes_before(each, rule) for each in met) and _looser(row, rule, place):
                what = f"'{row}' is looser than what the marketplace demands: '{rule}' ({rule.source}, {rule.grade})"
                hint = "ask for as much or more, or leave the row out: the marketplace's holds anyway"
                yield Problem(row.origin, str(row), what, hint)


def _meet(own: Rule, rule: Rule) -> bool:
    """Whether some order on some day falls under both."""
    if own.valid_from is None and own.valid_until is None:
        together = rule.valid_until is None
    else:
        begins = max(own.valid_from or date.min, rule.valid_from or date.min)
        together = begins <= min(own.valid_until or date.max, rule.valid_until or date.max)
    return together and not _apart(own.when, rule.when)


def _goes_before(narrow: Rule, wide: Rule) -> bool:
    """Whether the one decides all that the seller's row is about, on all days of the other."""
    longer = (narrow.valid_from or date.min) <= (wide.valid_from or date.min)
    longer &= (narrow.valid_until or date.max) >= (wide.valid_until or date.max)
    return longer and narrow.when.weight > wide.when.weight


def _apart(own: Condition, rule: Condition) -> bool:
    asked, theirs = own.asks, rule.asks
    if theirs.keys() - asked.keys():
        # The rule is about some of the orders only; which one binds them is settled order by order.
        return True
    return any(_differ(asked[name], theirs[name]) for name in theirs)


def _differ(own: object, theirs: object) -> bool:
    if isinstance(own, tuple) and isinstance(theirs, tuple):
        return not set(own) & set(theirs)
    return own != theirs


def _looser(own: Rule, rule: Rule, place: Marketplace) -> bool:
    if own.kind == "deadline":
        return bool(set(own.starts) & set(rule.starts)) and _ends(own, rule, place) == {True}
    if own.kind == "window":
        return bool(set(own.starts) & set(rule.starts)) and _ends(rule, own, place) == {True}
    if own.kind == "switch":
        return bool(rule.value) and not own.value
    if own.kind == "metric":
        return _target_looser(own, rule)
    known = rule_names().get(own.name)
    if known is None:
        return False
    if known.less_is_stricter:
        return (own.share or 0) > (rule.share or 0)
    return known.strictest is not None and rule.word == known.strictest != own.word


def _target_looser(own: Rule, rule: Rule) -> bool:
    if own.target is None or rule.target is None or own.direction != rule.direction or own.channel != rule.channel:
        return False
    return own.target < rule.target if own.direction == "above" else own.target > rule.target


def _ends(late: Rule, early: Rule, place: Marketplace) -> set[bool]:
    """Return whether the first ends after the second, over the hours from which they differ: {True} for always."""
    first = start_of_day(max(late.valid_from or _SAMPLE, early.valid_from or _SAMPLE), place.zone)
    found = set()
    for hour in range(_PROBED * 24):
        at = first + hour * HOUR
        ends, other = _end(late, at, place), _end(early, at, place)
        if ends is None or other is None:
            return set()
        if ends != other:
            found.add(ends > other)
    return found


def _end(rule: Rule, at: Instant, place: Marketplace) -> Instant | None:
    if rule.amount is None or rule.clock is None:
        return None
    return due_after(at, rule.amount, rule.clock, place.calendar, rule.ends)
