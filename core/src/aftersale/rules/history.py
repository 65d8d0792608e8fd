"""History: rules over time and side by side, what changes when, and where marketplaces differ."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from attrs import frozen

from aftersale.rules.books import Rulebook
from aftersale.rules.conditions import Condition
from aftersale.rules.model import Rule

_DAY = timedelta(days=1)
_Key = tuple[str, str, Condition, tuple[str, ...]]


@frozen
class Change:
    """What begins or ends on a local day: `old` is None where nothing was known before, `new` where a row ends."""

    day: date
    old: Rule | None
    new: Rule | None

    @property
    def rule(self) -> Rule:
        """The row that begins, or else the one that ends."""
        row = self.new or self.old
        assert row is not None
        return row


def changes(rules: Iterable[Rule], since: date) -> list[Change]:
    """Return what begins on a day or later, or ends then: by day, marketplace and name."""
    versions: defaultdict[_Key, list[Rule]] = defaultdict(list)
    for rule in rules:
        versions[rule.marketplace, rule.name, rule.when, rule.channel].append(rule)
    later = [change for rows in versions.values() for change in _changes(rows) if change.day >= since]
    return sorted(
        later, key=lambda change: (change.day, change.rule.marketplace, change.rule.name, str(change.rule.when))
    )


def _changes(rows: list[Rule]) -> Iterable[Change]:
    """Yield the changes among the rows of one question; a row without successor ends on the day after its last.

    A row follows the one of its own window where there is such, for several lines of a metric may hold at once.
    """
    ending = [row for row in rows if row.valid_until is not None and row.valid_until != date.max]
    for new in sorted(rows, key=lambda rule: rule.valid_from or date.min):
        if new.valid_from is not None:
            before = [old for old in ending if old.valid_until == new.valid_from - _DAY]
            old = next((old for old in before if old.line == new.line), before[0] if before else None)
            ending = [row for row in ending if row is not old]
            yield Change(new.valid_from, old, new)
    for old in ending:
        yield Change((old.valid_until or date.max) + _DAY, old, None)


@frozen
class Comparison:
    """One question, and the rule by which each marketplace answers it, None where it says nothing."""

    name: str
    when: Condition
    rules: dict[str, Rule | None]

    @property
    def differs(self) -> bool:
        """Whether any two do not demand the same."""
        first, *rest = self.rules.values()
        return any((first is None) != (rule is None) or not _alike(first, rule) for rule in rest)


def compared(books: Mapping[str, Rulebook]) -> list[Comparison]:
    """Return every question that any of the rulebooks answers, with the answers of all, sorted by name."""
    by_question: dict[tuple[str, Condition, tuple[str, ...], int], dict[str, Rule | None]] = {}
    for marketplace, book in books.items():
        lines: Counter[tuple[str, Condition, tuple[str, ...]]] = Counter()
        # The longest window first: the only line of one marketplace stands beside the first of another.
        for rule in sorted(book.rows, key=lambda rule: -rule.window):
            question = rule.name, rule.when, rule.channel
            row = by_question.setdefault((*question, lines[question]), dict.fromkeys(books))
            row[marketplace] = rule
            lines[question] += 1
    rows = [Comparison(name, when, row) for (name, when, _, _), row in by_question.items()]
    return sorted(rows, key=lambda row: (row.name, row.when.weight, str(row.when)))


def _alike(first: Rule | None, second: Rule | None) -> bool:
    return first is None or second is None or first.same_demand(second)
