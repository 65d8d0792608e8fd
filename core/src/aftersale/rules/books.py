"""Books: rulebooks, what is in force on one marketplace on one day, cut from all dated rows."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import combinations
from operator import itemgetter
from typing import Any

from attrs import field, frozen

from aftersale.base.errors import DocumentError, Problem, did_you_mean
from aftersale.base.money import decimals
from aftersale.orders import Order
from aftersale.rules.conditions import NOTHING, Condition
from aftersale.rules.model import Rule

_DAY = timedelta(days=1)
_COLUMNS = frozenset({"channel", "category", "cross_border"})
_OF_ORDER = _COLUMNS | {"price_above", "price_up_to", "currency"}
_OF_CLASS = _OF_ORDER | {"reason", "situation", "claim", "grade", "program"}
"""What a condition may ask without telling orders of one class apart: of the order, and of the question about it."""
_MOST_KEPT = 1_000
"""How many answers are kept: reasons and categories are texts of other people's."""
Question = tuple[str, str, Condition, tuple[str, ...], tuple[int, int, int | None, int | None]]
"""Marketplace, name, condition, channels and line of a row."""


@frozen(slots=False)
class Rulebook:
    """The rules of one marketplace in force on one day; `zone` is where its days begin, None for UTC."""

    marketplace: str
    rows: tuple[Rule, ...]
    zone: str | None = None
    _looks: dict[tuple[str, str], _Look] = field(factory=dict, init=False, eq=False, repr=False)

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
        rows = self._by_name.get(name)
        if rows is None:
            return None
        look = self._looks.get((name, order.currency))
        if look is None:
            look = self._looks[name, order.currency] = _Look(rows, order.currency, self.zone)
        return look.rule(order, about)


class _Look:
    """Looks up the rule of one name, for orders in one currency.

    Where rows ask nothing that tells orders of one class apart, the answer for a class is kept.
    """

    def __init__(self, rows: Sequence[Rule], currency: str, zone: str | None) -> None:
        asked = {word for row in rows for word in row.when.asks}
        self._rows, self._zone = rows, zone
        self._kept: dict[Any, Rule | None] = {}
        self._is_kept = asked <= _OF_CLASS
        self._words = tuple(sorted(asked - _OF_ORDER))
        columns = [Order._fields.index(word) for word in sorted(asked & _COLUMNS)]
        self._columns = itemgetter(*columns) if columns else None
        self._unit = decimals(currency) if any(row.when.has_price for row in rows) else 0
        self._steps: dict[Any, list[Decimal]] = {}
        # Most names ask nothing, or one word about the question, and are looked up tens of thousands of times.
        self._is_same = not asked
        self._word = next(iter(asked)) if len(asked) == 1 and not asked & _OF_ORDER else ""

    def rule(self, order: Order, about: Mapping[str, str]) -> Rule | None:
        """Return the first row that the order and the question fall under."""
        if self._is_same:
            return self._rows[0]
        if not self._is_kept:
            return self._first(order, about)
        key: Any
        if self._word:
            key = about.get(self._word)
        else:
            columns = None if self._columns is None else self._columns(order)
            steps = self._steps.get(columns)
            if steps is None:
                steps = self._steps_for(columns, order)
            key = (
                columns,
                bisect_left(steps, order.price) if steps else 0,
                *([about.get(word) for word in self._words] if self._words else ()),
            )
        try:
            return self._kept[key]
        except KeyError:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
                self._steps.clear()
            rule = self._kept[key] = self._first(order, about)
            return rule

    def _steps_for(self, columns: Any, order: Order) -> list[Decimal]:
        """Return the prices, in minor units from the lowest up, between which rows tell orders like this one apart."""
        conditions = [row.when for row in self._rows if row.when.may_hold(order, _COLUMNS)]
        prices = {price for when in conditions for price in (when.price_above, when.price_up_to) if price is not None}
        steps = self._steps[columns] = sorted(price.scaleb(self._unit) for price in prices)
        return steps

    def _first(self, order: Order, about: Mapping[str, str]) -> Rule | None:
        for rule in self._rows:
            when = rule.when
            if not when.weight or when.holds(order, about, self._zone):
                return rule
        return None


class RuleSet:
    """All rules of some marketplaces over all time; refuses overlaps and holes when built.

    Rows with a version whose name is among `versions` take the place of all rows of their question (name, marketplace,
    condition, channels and window), whatever these rows' dates; the other rows with a version hold nowhere.
    """

    def __init__(self, rules: Iterable[Rule], versions: Collection[str] = ()) -> None:
        """Sort the rules by marketplace.

        Raises DocumentError naming every overlap, every hole, and every version that no row has.
        """
        self._stated = tuple(rules)
        self.taken = tuple(dict.fromkeys(versions))
        self._rules: defaultdict[str, list[Rule]] = defaultdict(list)
        for rule in _in_force(self._stated, self.taken):
            self._rules[rule.marketplace].append(rule)
        if unknown := list(unknown_versions(self.taken, self.versions)):
            raise DocumentError("the versions of rules", tuple(unknown))
        if problems := [*_overlaps_and_holes(self.history()), *_twice(self.offered())]:
            raise DocumentError("the dated rules", tuple(problems))
        self._books: dict[tuple[str, int, str | None], Rulebook] = {}
        self._turns = {name: _turning_days(rows) for name, rows in self._rules.items()}

    @property
    def marketplaces(self) -> tuple[str, ...]:
        """The marketplaces that have rules, sorted."""
        return tuple(sorted(self._rules))

    @property
    def versions(self) -> tuple[str, ...]:
        """The names of the versions that rows have, taken or not, sorted."""
        return tuple(sorted({rule.version for rule in self._stated if rule.version is not None}))

    def with_versions(self, versions: Collection[str]) -> RuleSet:
        """Return the same rules with these versions taken, and no others; raises DocumentError for unknown ones."""
        return self if tuple(versions) == self.taken else RuleSet(self._stated, versions)

    def offered(self, marketplace: str | None = None) -> tuple[Rule, ...]:
        """Return the rows with a version that is not taken, of one marketplace or of all: they hold nowhere."""
        rows = (rule for rule in self._stated if rule.version is not None and rule.version not in self.taken)
        return tuple(rule for rule in rows if marketplace in (None, rule.marketplace))

    def history(self, marketplace: str | None = None) -> tuple[Rule, ...]:
        """Return every row that holds on some day, of one marketplace or of all, whatever its dates."""
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


def unknown_versions(
    versions: Iterable[str], known: Collection[str], source: str = "", path: str = ""
) -> Iterator[Problem]:
    """Yield the names that no version has, with the one that may be meant and those that there are."""
    for index, name in enumerate(versions):
        if name not in known:
            there_are = f"known: {', '.join(sorted(known))}" if known else "no installed plugin brings any"
            hint = f"{did_you_mean(name, known)} {there_are}".strip()
            yield Problem(source, f"{path}[{index}]" if path else "", f"no rule has a version '{name}'", hint)


def question(rule: Rule) -> Question:
    """Return what a row answers: rows of one question take each other's place over time, or as versions."""
    return rule.marketplace, rule.name, rule.when, rule.channel, rule.line


def _in_force(rules: Sequence[Rule], versions: Collection[str]) -> Iterator[Rule]:
    replaced = {question(rule) for rule in rules if rule.version in versions}
    for rule in rules:
        if rule.version in versions or (rule.version is None and question(rule) not in replaced):
            yield rule


def _twice(offered: Iterable[Rule]) -> Iterator[Problem]:
    """Yield the rows of one version that answer a question which another of its rows answers."""
    rows: dict[tuple[str | None, Question], Rule] = {}
    for rule in offered:
        first = rows.setdefault((rule.version, question(rule)), rule)
        if first is not rule:
            where = f"{rule.marketplace} {rule.name}"
            hint = "keep one of them, or give them versions of different names"
            yield Problem(rule.origin, where, f"'{first}' and '{rule}' overlap", hint, line=rule.place.line)


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
        furthest_of = {furthest.line: furthest}
        yield from _contradictions(rows)
        for rule in following:
            # Lines of one metric with other windows hold beside each other.
            yield from _overlap(furthest_of.get(rule.line), rule)
            yield from _hole(furthest, rule)
            furthest = _later(furthest, rule)
            furthest_of[rule.line] = _later(furthest_of.get(rule.line, rule), rule)


def _contradictions(rows: Sequence[Rule]) -> Iterable[Problem]:
    """Yield the lines of a metric for numbers of orders that partly fall together, or that are counted otherwise."""
    for first, second in combinations([rule for rule in rows if rule.in_days], 2):
        together = max(first.valid_from or date.min, second.valid_from or date.min) <= min(
            first.valid_until or date.max, second.valid_until or date.max
        )
        if not together or first.line[1:] == second.line[1:]:
            continue
        where, place = f"{second.marketplace} {second.name}", second.place.line
        if first.in_days != second.in_days:
            what = f"one line goes by the orders of {first.in_days} days, another by those of {second.in_days}"
            yield Problem(second.origin, where, what, "count the orders of both over the same days", line=place)
        elif (shared := _shared(first, second)) is not None:
            what = f"with {shared} orders in {first.in_days} days, '{first}' and '{second}' both hold"
            hint = "let if_orders_below of one be if_orders_at_least of the other"
            yield Problem(second.origin, where, what, hint, line=place)


def _shared(first: Rule, second: Rule) -> int | None:
    """Return the least number of orders for which both lines hold; None where there is none."""
    least = max(first.if_orders_at_least or 0, second.if_orders_at_least or 0)
    return least if first.is_for(least) and second.is_for(least) else None


def _later(first: Rule, second: Rule) -> Rule:
    return max(first, second, key=lambda row: row.valid_until or date.max)


def _overlap(earlier: Rule | None, later: Rule) -> Iterable[Problem]:
    if earlier is not None and (later.valid_from or date.min) <= (earlier.valid_until or date.max):
        hint = "let the earlier row end (valid_until) the day before the later one begins (valid_from)"
        if earlier.version is not None and later.version is not None:
            hint = "two versions answer the same question: name one of them"
        where = f"{later.marketplace} {later.name}"
        yield Problem(later.origin, where, f"'{earlier}' and '{later}' overlap", hint, line=later.place.line)


def _hole(earlier: Rule, later: Rule) -> Iterable[Problem]:
    ends, begins = earlier.valid_until or date.max, later.valid_from or date.min
    if begins > ends and begins != ends + _DAY:
        where = f"{later.marketplace} {later.name}"
        hint = f"let one of them reach the other, or add a row for {ends + _DAY}–{begins - _DAY}"
        yield Problem(later.origin, where, f"no row between '{earlier}' and '{later}'", hint, line=later.place.line)
