"""Books: rulebooks, what is in force on one marketplace on one day, cut from all dated rows."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import cached_property

from attrs import frozen

from aftersale.base.errors import DocumentError, Problem
from aftersale.orders import Order
from aftersale.rules.conditions import NOTHING, Condition
from aftersale.rules.model import Rule

_DAY = timedelta(days=1)


@frozen
class Rulebook:
    """The rules of one marketplace in force on one day; `zone` is where its days begin, None for UTC."""

    marketplace: str
    rows: tuple[Rule, ...]
    zone: str | None = None

    @cached_property
    def _by_name(self) -> dict[str, tuple[Rule, ...]]:
        by_name: defaultdict[str, list[Rule]] = defaultdict(list)
        for rule in self.rows:
            by_name[rule.name].append(rule)
        return {name: tuple(sorted(rows, key=lambda rule: -rule.when.weight)) for name, rows in by_name.items()}

    def rules(self, name: str) -> tuple[Rule, ...]:
        """Return the rules of that name, the most narrowed first; empty when the marketplace says nothing."""
        return self._by_name.get(name, ())

    def rule(self, name: str, order: Order, about: Mapping[str, str] = NOTHING) -> Rule | None:
        """Return the rule of that name that this order falls under, or None.

        `about` is what else is known, such as the `reason` of a return: see Condition.
        """
        for rule in self._by_name.get(name, ()):
            when = rule.when
            if not when.weight or when.holds(order, about, self.zone):
                return rule
        return None


class RuleSet:
    """All rules of some marketplaces over all time; refuses overlaps and holes when built."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        """Sort the rules by marketplace; raises DocumentError naming every overlap and every hole."""
        self._rules: defaultdict[str, list[Rule]] = defaultdict(list)
        for rule in rules:
            self._rules[rule.marketplace].append(rule)
        if problems := list(_overlaps_and_holes(self.history())):
            raise DocumentError("the dated rules", tuple(problems))
        self._books: dict[tuple[str, int, str | None], Rulebook] = {}
        self._turns = {name: _turning_days(rows) for name, rows in self._rules.items()}

    @property
    def marketplaces(self) -> tuple[str, ...]:
        """The marketplaces that have rules, sorted."""
        return tuple(sorted(self._rules))

    def history(self, marketplace: str | None = None) -> tuple[Rule, ...]:
        """Return every row, of one marketplace or of all, whatever its dates."""
        names = self.marketplaces if marketplace is None else (marketplace,)
        return tuple(rule for name in names for rule in self._rules.get(name, ()))

    def turns(self, marketplace: str) -> Sequence[date]:
        """Return the local days on which the rulebook changes, in order."""
        return self._turns.get(marketplace, ())

    def rulebook(self, marketplace: str, day: date, zone: str | None = None) -> Rulebook:
        """Return what is in force there on that local day; an empty rulebook where nothing is known.

        `zone` is the marketplace's, for rules that depend on the local day of purchase.
        """
        key = marketplace, bisect_right(self.turns(marketplace), day), zone
        book = self._books.get(key)
        if book is None:
            rows = tuple(rule for rule in self._rules.get(marketplace, ()) if rule.in_force(day))
            book = self._books[key] = Rulebook(marketplace, rows, zone)
        return book


def _turning_days(rules: Iterable[Rule]) -> list[date]:
    starts = {rule.valid_from for rule in rules if rule.valid_from}
    ends = {rule.valid_until + _DAY for rule in rules if rule.valid_until and rule.valid_until != date.max}
    return sorted(starts | ends)


def _overlaps_and_holes(rules: Iterable[Rule]) -> Iterable[Problem]:
    versions: defaultdict[tuple[str, str, Condition, tuple[str, ...]], list[Rule]] = defaultdict(list)
    for rule in rules:
        versions[rule.marketplace, rule.name, rule.when, rule.channel].append(rule)
    for rows in versions.values():
        rows.sort(key=lambda rule: rule.valid_from or date.min)
        furthest, *following = rows
        furthest_of = {furthest.window: furthest}
        for rule in following:
            # Lines of one metric with other windows hold beside each other.
            yield from _overlap(furthest_of.get(rule.window), rule)
            yield from _hole(furthest, rule)
            furthest = _later(furthest, rule)
            furthest_of[rule.window] = _later(furthest_of.get(rule.window, rule), rule)


def _later(first: Rule, second: Rule) -> Rule:
    return max(first, second, key=lambda row: row.valid_until or date.max)


def _overlap(earlier: Rule | None, later: Rule) -> Iterable[Problem]:
    if earlier is not None and (later.valid_from or date.min) <= (earlier.valid_until or date.max):
        hint = "let the earlier row end (valid_until) the day before the later one begins (valid_from)"
        where = f"{later.marketplace} {later.name}"
        yield Problem(later.origin, where, f"'{earlier}' and '{later}' overlap", hint, line=later.place.line)


def _hole(earlier: Rule, later: Rule) -> Iterable[Problem]:
    ends, begins = earlier.valid_until or date.max, later.valid_from or date.min
    if begins > ends and begins != ends + _DAY:
        where = f"{later.marketplace} {later.name}"
        hint = f"let one of them reach the other, or add a row for {ends + _DAY}–{begins - _DAY}"
        yield Problem(later.origin, where, f"no row between '{earlier}' and '{later}'", hint, line=later.place.line)
