"""Rules: dated, sourced lines that say what a marketplace demands.

A rule is one row of a plugin's `rules.toml`. Rows of one name never overlap in time and leave no hole between
them, so that every day has one answer.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from importlib.resources import files
from typing import Any, Literal, TypedDict

from attrs import asdict, field, frozen

from aftersale.documents import Count, MoneyAmount, PositiveCount, Word, read, structure
from aftersale.errors import DocumentError, Problem
from aftersale.orders import Order

ClockName = Literal["wall_hours", "calendar_days", "business_days"]
Ends = Literal["same_time", "end_of_day"]
Grade = Literal["A", "B", "C", "D", "K", "S", "unknown", "assumed"]
MetricName = Literal["order_defect_rate", "late_reply_rate", "mean_first_reply_hours"]
"""The metrics that `aftersale.metrics` computes."""
EVERYWHERE = "*"
YEARS = range(1900, 2200)
"""The years in which rules may change: those of which the clocks know every day."""
_DAY = timedelta(days=1)
_LONGEST: dict[ClockName, int] = {"wall_hours": 876_600, "calendar_days": 36_525, "business_days": 36_525}


@frozen
class Condition:
    """What narrows a rule to some orders; a field left out says nothing about the order."""

    channel: Word | None = None
    category: Word | None = None
    cross_border: bool | None = None
    price_above: MoneyAmount | None = None

    def holds(self, order: Order) -> bool:
        """Whether the order is one that the rule is about; prices compare in the order's own currency."""
        return (
            (self.channel is None or order.channel == self.channel)
            and (self.category is None or order.category == self.category)
            and (self.cross_border is None or order.cross_border == self.cross_border)
            and (self.price_above is None or order.total.amount > self.price_above)
        )

    @cached_property
    def weight(self) -> int:
        """How many things are asked; the rule that asks most wins."""
        return sum(value is not None for value in asdict(self).values())

    def __str__(self) -> str:
        """Return the condition as a reader would write it, empty for none."""
        return ", ".join(f"{key}={value}" for key, value in asdict(self).items() if value is not None)


@frozen
class Rule:
    """One dated line of one marketplace (or of the handbook, whose marketplace is `*`).

    `amount` counts in the unit of `clock`. `valid_from` and `valid_until` are both inside, in the
    marketplace's local days; None means "as far as is known". `on_expiry` is the workflow fact that follows
    when nobody acts, or a mark (`late`, `grant_on_claim`). A metric has a `target`; a switch has a `value`.
    """

    name: str
    marketplace: str
    kind: Literal["deadline", "window", "switch", "metric"]
    source: str
    grade: Grade
    clock: ClockName | None = None
    amount: int | None = None
    ends: Ends = "same_time"
    starts: tuple[str, ...] = ()
    on_expiry: str = "late"
    value: bool | None = None
    when: Condition = Condition()
    valid_from: date | None = None
    valid_until: date | None = None
    lag: int = 0
    target: Decimal | None = None
    strict: bool = True
    running: int = 0
    negative_stars: int | None = None
    consequence: str = ""
    note: str = ""
    origin: str = field(default="", eq=False)

    @cached_property
    def told(self) -> str:
        """The rule as a decision's record names it."""
        return f"rule: {self}"

    def in_force(self, day: date) -> bool:
        """Whether the rule speaks on that local day."""
        return (self.valid_from or date.min) <= day <= (self.valid_until or date.max)

    def __str__(self) -> str:
        """Return the rule in a line, as messages quote it."""
        span = f"{self.valid_from or '…'}–{self.valid_until or '…'}"
        what = self.value if self.kind == "switch" else f"{self.amount} {self.clock}"
        narrowed = f" [{self.when}]" if self.when.weight else ""
        return f"{self.marketplace} {self.name}{narrowed} {what} {span}"


class RuleRecord(TypedDict):
    """A rule as JSON shows it; dates are ISO text, the target a number."""

    name: str
    marketplace: str
    kind: str
    clock: str | None
    amount: int | None
    ends: str
    starts: list[str]
    on_expiry: str | None
    value: bool | None
    when: dict[str, Any]
    valid_from: str | None
    valid_until: str | None
    lag: int | None
    target: float | None
    strict: bool | None
    running: int | None
    negative_stars: int | None
    consequence: str | None
    source: str
    grade: str
    note: str


def record(rule: Rule) -> RuleRecord:
    """Return the rule as plain data for JSON, in the words of the project."""
    metric = rule.kind == "metric"
    conditions = {key: value for key, value in asdict(rule.when).items() if value is not None}
    return RuleRecord(
        name=rule.name,
        marketplace=rule.marketplace,
        kind=rule.kind,
        clock=rule.clock,
        amount=rule.amount,
        ends=rule.ends,
        starts=list(rule.starts),
        on_expiry=rule.on_expiry if rule.kind == "deadline" else None,
        value=rule.value,
        when={key: str(value) if isinstance(value, Decimal) else value for key, value in conditions.items()},
        valid_from=rule.valid_from.isoformat() if rule.valid_from else None,
        valid_until=rule.valid_until.isoformat() if rule.valid_until else None,
        lag=rule.lag if metric else None,
        target=float(rule.target) if rule.target is not None else None,
        strict=rule.strict if metric else None,
        running=rule.running if metric else None,
        negative_stars=rule.negative_stars,
        consequence=rule.consequence if metric else None,
        source=rule.source,
        grade=rule.grade,
        note=rule.note,
    )


@frozen
class Rulebook:
    """The rules of one marketplace in force on one day."""

    marketplace: str
    rows: tuple[Rule, ...]

    @cached_property
    def _by_name(self) -> dict[str, tuple[Rule, ...]]:
        found: defaultdict[str, list[Rule]] = defaultdict(list)
        for rule in self.rows:
            found[rule.name].append(rule)
        return {name: tuple(sorted(rows, key=lambda rule: -rule.when.weight)) for name, rows in found.items()}

    def rules(self, name: str) -> tuple[Rule, ...]:
        """Return the rules of that name, the most narrowed first; empty when the marketplace says nothing."""
        return self._by_name.get(name, ())

    def rule(self, name: str, order: Order) -> Rule | None:
        """Return the rule of that name that this order falls under, or None."""
        return next((rule for rule in self.rules(name) if rule.when.holds(order)), None)


class RuleSet:
    """All rules of some marketplaces over all time; refuses overlaps and holes when built."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        """Sort the rules by marketplace; raises DocumentError naming every overlap and every hole."""
        self._rules: defaultdict[str, list[Rule]] = defaultdict(list)
        for rule in rules:
            self._rules[rule.marketplace].append(rule)
        if problems := list(_misfits(self.history())):
            raise DocumentError("the dated rules", tuple(problems))
        self._books: dict[tuple[str, int], Rulebook] = {}
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

    def rulebook(self, marketplace: str, day: date) -> Rulebook:
        """Return what is in force there on that local day; an empty rulebook where nothing is known."""
        span = bisect_right(self.turns(marketplace), day)
        book = self._books.get((marketplace, span))
        if book is None:
            rows = tuple(rule for rule in self._rules.get(marketplace, ()) if rule.in_force(day))
            book = self._books[marketplace, span] = Rulebook(marketplace, rows)
        return book


def _turning_days(rules: Iterable[Rule]) -> list[date]:
    starts = {rule.valid_from for rule in rules if rule.valid_from}
    ends = {rule.valid_until + _DAY for rule in rules if rule.valid_until and rule.valid_until != date.max}
    return sorted(starts | ends)


def _misfits(rules: Iterable[Rule]) -> Iterable[Problem]:
    versions: defaultdict[tuple[str, str, Condition], list[Rule]] = defaultdict(list)
    for rule in rules:
        versions[rule.marketplace, rule.name, rule.when].append(rule)
    for rows in versions.values():
        rows.sort(key=lambda rule: rule.valid_from or date.min)
        furthest, *following = rows
        for rule in following:
            yield from _misfit(furthest, rule)
            furthest = max(furthest, rule, key=lambda row: row.valid_until or date.max)


def _misfit(earlier: Rule, later: Rule) -> Iterable[Problem]:
    ends, begins = earlier.valid_until or date.max, later.valid_from or date.min
    where = f"{later.marketplace} {later.name}"
    if begins <= ends:
        hint = "let the earlier row end (valid_until) the day before the later one begins (valid_from)"
        yield Problem(later.origin, where, f"'{earlier}' and '{later}' overlap", hint)
    elif begins != ends + _DAY:
        hint = f"let one of them reach the other, or add a row for {ends + _DAY}–{begins - _DAY}"
        yield Problem(later.origin, where, f"no row between '{earlier}' and '{later}'", hint)


@frozen
class _RuleRow:
    """A `[[rule]]` table as a plugin writes it, for several marketplaces at once."""

    name: Word
    marketplaces: tuple[Word, ...]
    source: Word
    grade: Grade
    clock: ClockName | None = None
    amount: Count | None = None
    ends: Ends = "same_time"
    starts: tuple[Word, ...] = field(default=())
    on_expiry: Word | None = None
    value: bool | None = None
    when: Condition = Condition()
    valid_from: date | None = None
    valid_until: date | None = None
    note: str = ""

    def __attrs_post_init__(self) -> None:
        if (self.value is None) == (self.amount is None):
            raise ValueError("a rule has either an amount with its clock, or a value (true or false)")
        if (self.amount is None) != (self.clock is None):
            raise ValueError("amount and clock go together: amount = 24, clock = 'wall_hours'")
        if self.amount is not None and not self.starts:
            raise ValueError("say which fact starts the clock: starts = 'buyer_message'")
        if self.amount is not None and self.clock is not None:
            _check_length("amount", self.amount, self.clock)
        _check_span(self.valid_from, self.valid_until)

    def rules(self, origin: str) -> Iterable[Rule]:
        kind: Literal["deadline", "window", "switch"] = (
            "switch" if self.amount is None else "deadline" if self.on_expiry else "window"
        )
        for marketplace in self.marketplaces:
            yield Rule(
                self.name,
                marketplace,
                kind,
                self.source,
                self.grade,
                clock=self.clock,
                amount=self.amount,
                ends=self.ends,
                starts=tuple(self.starts),
                on_expiry=self.on_expiry or "late",
                value=self.value,
                when=self.when,
                valid_from=self.valid_from,
                valid_until=self.valid_until,
                note=self.note,
                origin=origin,
            )


@frozen
class _MetricRow:
    """A `[[metric]]` table as a plugin writes it; the window is `amount` of `clock`."""

    name: MetricName
    marketplaces: tuple[Word, ...]
    source: Word
    grade: Grade
    amount: PositiveCount
    target: MoneyAmount
    clock: ClockName = "calendar_days"
    lag: Count = Count(0)
    strict: bool = True
    running: Count = Count(0)
    negative_stars: PositiveCount | None = None
    consequence: str = ""
    valid_from: date | None = None
    valid_until: date | None = None
    note: str = ""

    def __attrs_post_init__(self) -> None:
        if self.clock != "calendar_days":
            raise ValueError("a metric's window counts in calendar_days")
        for name, days in (("amount", self.amount), ("lag", self.lag), ("running", self.running)):
            _check_length(name, days, self.clock)
        _check_span(self.valid_from, self.valid_until)

    def rules(self, origin: str) -> Iterable[Rule]:
        for marketplace in self.marketplaces:
            yield Rule(
                self.name,
                marketplace,
                "metric",
                self.source,
                self.grade,
                clock=self.clock,
                amount=self.amount,
                valid_from=self.valid_from,
                valid_until=self.valid_until,
                lag=self.lag,
                target=self.target,
                strict=self.strict,
                running=self.running,
                negative_stars=self.negative_stars,
                consequence=self.consequence,
                note=self.note,
                origin=origin,
            )


@frozen
class _RuleDocument:
    rule: tuple[_RuleRow, ...] = ()
    metric: tuple[_MetricRow, ...] = ()


def _check_length(name: str, amount: int, clock: ClockName) -> None:
    if amount > _LONGEST[clock]:
        raise ValueError(f"{name} = {amount} is too long: at most {_LONGEST[clock]} {clock}, a hundred years")


def _check_span(first: date | None, last: date | None) -> None:
    for name, day in (("valid_from", first), ("valid_until", last)):
        if day and day.year not in YEARS:
            span = f"{YEARS[0]} to {YEARS[-1]}"
            raise ValueError(f"{name} {day} lies outside the years {span}; leave it out for 'always'")
    if first and last and last < first:
        raise ValueError(f"valid_until {last} is before valid_from {first}")


def parse_rules(data: dict[str, Any], source: str) -> list[Rule]:
    """Return the rules of a parsed TOML document, one per row and marketplace.

    Raises DocumentError with every problem of the document; `source` names it there.
    """
    if isinstance(data.get("rule"), list):
        data = {**data, "rule": [_listed(row) for row in data["rule"]]}
    document = structure(_RuleDocument, data, source)
    rules = [rule for row in document.rule for rule in row.rules(source)]
    return rules + [rule for row in document.metric for rule in row.rules(source)]


def _listed(row: Any) -> Any:
    if isinstance(row, dict) and isinstance(row.get("starts"), str):
        return {**row, "starts": [row["starts"]]}
    return row


def load_rules(package: str, name: str = "rules.toml") -> list[Rule]:
    """Return the rules that an installed package carries in `rules.toml`."""
    return parse_rules(read(files(package) / name), f"{package}/{name}")
