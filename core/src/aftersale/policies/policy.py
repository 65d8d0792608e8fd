"""Policy: the dated rules, handbook, workflow and decisions of one marketplace, bound together for the engine."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import cached_property
from itertools import islice
from math import inf

from attrs import Factory, evolve, field, frozen

from aftersale.base.errors import DocumentError, Problem, did_you_mean
from aftersale.cases.model import Deadline, new_deadline
from aftersale.cases.workflow import MARKS, Move, State, Workflow, default_workflow
from aftersale.clocks import HOUR, Instant, local_date, start_of_day
from aftersale.orders import Order
from aftersale.policies.cost_kinds import CostKinds
from aftersale.policies.deadline_functions import DeadlineFunctions, function_problems
from aftersale.policies.decisions import Decisions
from aftersale.policies.handbook import SHIPPED, Handbook, default_handbook
from aftersale.policies.handbook_checks import looser_rows
from aftersale.policies.marketplaces import Marketplace
from aftersale.policies.metric_kinds import MetricKind, default_metrics
from aftersale.rules import NOTHING, Rule, Rulebook, RuleSet, name_problems, rule_names

SILENCE = "silence"
"""The rule on unanswered contacts, which a claim about one asks for again: `claim` is what the claim is about."""
FLOOR = "metric_floor"
"""The rule that says from how many on a metric is judged; its situation is the metric, or all where it has none."""
Offsets = tuple[str, int, str, int, str]
"""A deadline that counts wall hours alike for every order: name, due after, set by, expires after, on expiry."""


@frozen(eq=False)
class Way:
    """One move that a fact allows, bound to the terms: where it leads and what begins there.

    `offsets` are the deadlines of the new state where all of them count plain wall hours, else None; `defect` is 1
    when the move makes the order a defect, -1 when it takes that back, and `component` names the defect. `untold`
    is the event that a guard decides on, as the facts that tell it afterwards, or nothing.
    """

    move: Move
    state: State
    kind: str
    stays: bool
    defect: int
    component: str
    started_by: str
    offsets: tuple[Offsets, ...] | None
    untold: tuple[tuple[str, ...], ...] = ()


@frozen(eq=False)
class Terms:
    """What binds a case of one marketplace from one instant to the next change of rules.

    The rulebook is the marketplace's, the handbook the seller's; `decisions` and `functions` ask plugins. `ways` are
    the moves that a fact allows by (kind, state, fact), guarded ones first, bound to these terms; empty when it allows
    none.
    """

    marketplace: Marketplace
    rulebook: Rulebook
    handbook: Rulebook
    workflow: Workflow
    decisions: Decisions
    functions: DeadlineFunctions = field(factory=DeadlineFunctions)
    ways: _Ways = field(init=False, default=Factory(lambda self: _Ways(self), takes_self=True))
    _by_situation: dict[tuple[str, str], tuple[Rule, ...]] = field(factory=dict, init=False)

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(rule.name for book in (self.rulebook, self.handbook) for rule in book.rows)

    def situated(self, name: str, situation: str) -> tuple[Rule, ...]:
        """Return the rulebook's rows of that name that can hold in a situation, the most narrowed first."""
        key = (name, situation)
        rules = self._by_situation.get(key)
        if rules is None:
            rows = self.rulebook.rules(name)
            rules = self._by_situation[key] = tuple(row for row in rows if row.when.situation in (None, situation))
        return rules

    @cached_property
    def lines(self) -> tuple[tuple[str, Rule], ...]:
        """The lines of metrics in force, each after who sets it, the marketplace's first, with their floors.

        A line of the marketplace is judged from its floor on, or from the seller's own where that is lower; a line of
        the handbook from the handbook's on, or else from the marketplace's.
        """
        own = [("rule", evolve(row, floor_orders=self._floor_of(row))) for row in _metrics(self.rulebook)]
        sellers = [
            (
                "handbook",
                evolve(row, floor_orders=row.floor_orders or self._seller_floor(row.name), set_by="handbook"),
            )
            for row in _metrics(self.handbook)
        ]
        return (*own, *sellers)

    def floor(self, name: str) -> int:
        """Return from how many of what it counts on a line of the marketplace is judged; 0 where no rule says so."""
        return next((rule.count or 0 for rule in _floors(self.rulebook, name)), 0)

    def _floor_of(self, row: Rule) -> int:
        floor = row.floor_orders or self.floor(row.name)
        sellers = [rule.count or 0 for rule in _floors(self.handbook, row.name) if rule.origin != SHIPPED]
        return min([floor, *sellers[:1]])

    def _seller_floor(self, name: str) -> int:
        rules = (*_floors(self.handbook, name), *_floors(self.rulebook, name))
        return next((rule.count or 0 for rule in rules), 0)

    @cached_property
    def negative_stars(self) -> int:
        """Up to how many stars a rating is negative, by the first metric in force that says so; 0 where none does."""
        rules = (*self.rulebook.rows, *self.handbook.rows)
        return next((rule.negative_stars for rule in rules if rule.negative_stars is not None), 0)

    def speaks(self, name: str) -> bool:
        """Whether any rule of that name is in force for any order."""
        return name in self._names

    def bound(self, kind: str, state: str, fact: str) -> tuple[Way, ...]:
        """Return the moves that this fact allows there, guarded ones first; empty when it allows none."""
        return tuple(self._way(kind, state, move) for move in self.workflow.moves(kind, state, fact))

    def _way(self, kind: str, before: str, move: Move) -> Way:
        after = self.workflow.state(kind, move.to)
        old_defect = self.workflow.state(kind, before).defect if before else None
        started_by = move.counts_as or move.fact
        offsets = [self._offsets(name, started_by, kind) for name in after.opens]
        plain = tuple(offset for offset in offsets if offset is not None)
        return Way(
            move,
            after,
            kind,
            move.to == before,
            bool(after.defect) - bool(old_defect),
            after.defect or old_defect or "",
            started_by,
            plain if len(plain) == len(offsets) else None,
            (move.confirmed_by,) if move.guard is not None and move.confirmed_by else (),
        )

    def deadlines(self, way: Way, at: Instant, order: Order, case: str = "") -> tuple[Deadline, ...]:
        """Return the deadlines that begin when a case goes this way at this instant.

        The tighter of rule and handbook is due; the marketplace's own end is when the case expires. A deadline that
        nobody sets does not begin. `case` is named where a plugin's function fails.
        """
        if way.offsets is not None:
            return tuple(
                [new_deadline(name, at, at + due, by, at + end, then) for name, due, by, end, then in way.offsets]
            )
        about = {"situation": way.kind}
        deadlines = (self.measured(name, way.started_by, at, order, about, case) for name in way.state.opens)
        return tuple(deadline for deadline in deadlines if deadline is not None)

    def window_end(self, name: str, at: Instant, order: Order) -> Instant | None:
        """Return when a window that starts at this instant ends, the seller's if it is longer; None when none is set.

        A row with a last day of its own, such as that of a holiday season, lengthens the window and never cuts it.
        """
        ends = (self._end(rule, at, order, "") for rule in self.window_rows(name, order))
        return max((end for end in ends if end is not None), default=None)

    def window_rows(self, name: str, order: Order) -> Iterator[Rule]:
        """Yield the rows of both books of which the one that ends last is the end of an order's window."""
        return (rule for book in (self.rulebook, self.handbook) for rule in _windows(book, name, order))

    def asked_by_window(self, name: str) -> tuple[str, ...] | None:
        """Return what a window hangs on of an order, beside its start: channel, category, currency, border.

        One that starts later then never ends earlier. None where it hangs on more, or on a function.
        """
        rows = [row for book in (self.rulebook, self.handbook) for row in book.rules(name)]
        asked = {word for row in rows for word in row.when.asks}
        return None if asked - _OF_CLASS or any(row.due for row in rows) else tuple(sorted(asked))

    def switch(self, name: str, order: Order, about: Mapping[str, str] | None = None) -> Rule | None:
        """Return the switch of that name for this order: the marketplace's or the seller's, one that says yes first."""
        rule, seller_rule = (book.rule(name, order, about or NOTHING) for book in (self.rulebook, self.handbook))
        if seller_rule is not None and seller_rule.value and not (rule is not None and rule.value):
            return seller_rule
        return rule if rule is not None else seller_rule

    def preferred(self, name: str, order: Order, about: Mapping[str, str] = NOTHING) -> Rule | None:
        """Return the rule of that name for this order, the seller's before the marketplace's: for what is advice."""
        return self.handbook.rule(name, order, about) or self.rulebook.rule(name, order, about)

    def measured(
        self,
        name: str,
        fact: str,
        at: Instant,
        order: Order,
        about: Mapping[str, str] = NOTHING,
        case: str = "",
    ) -> Deadline | None:
        """Return the deadline of that name that this fact starts at this instant, None where nobody sets one.

        `about` is what else is known: the kind of case as `situation`. A function that fails sets none; the failure
        names the case, or the order where it is not given.
        """
        rule, seller_rule = self.measuring(name, fact, order, about)
        if rule is None and seller_rule is None:
            return None
        by_rule = self._end(rule, at, order, case) if rule else None
        by_handbook = self._end(seller_rule, at, order, case) if seller_rule else None
        if by_rule is None and by_handbook is None:
            return None
        return _tighter(name, at, (rule, by_rule), (seller_rule, by_handbook))

    def measuring(
        self, name: str, fact: str, order: Order, about: Mapping[str, str] = NOTHING
    ) -> tuple[Rule | None, Rule | None]:
        """Return the marketplace's row and the seller's by which this fact starts a deadline of that name, if any."""
        rule, seller_rule = (
            _if_started(book.rule(name, order, about), fact) for book in (self.rulebook, self.handbook)
        )
        return rule, seller_rule

    def _end(self, rule: Rule, at: Instant, order: Order, case: str) -> Instant | None:
        if rule.due:
            return self.functions.due_after(rule, at, order, self.marketplace.calendar, case or order.id)
        if rule.until is not None:
            return end_of_day(rule.until, self.marketplace.zone)
        return rule.due_after(at, self.marketplace.calendar)

    def _offsets(self, name: str, fact: str, kind: str) -> Offsets | None:
        """Return fixed offsets where both books count wall hours for every order: most deadlines of most runs."""
        books = [[row for row in book.rules(name) if _may_hold(row, kind)] for book in (self.rulebook, self.handbook)]
        rule, seller_rule = (rows[0] if rows else None for rows in books)
        rows = [row for row in (rule, seller_rule) if row is not None]
        if not rows or any(row.clock != "wall_hours" or row.without or fact not in row.starts for row in rows):
            return None
        if any(row.when.asks.keys() - {"situation"} for rows_of_book in books for row in rows_of_book):
            return None
        spans = [(row, None if row is None else (row.amount or 0) * HOUR) for row in (rule, seller_rule)]
        deadline = _tighter(name, 0, spans[0], spans[1])
        return name, deadline.due, deadline.set_by, deadline.expires_at, deadline.on_expiry


def end_of_day(day: date, zone: str) -> Instant:
    """Return the last instant of a local day, with which a window closes that has a last day."""
    return start_of_day(day + timedelta(1), zone) - 1


def _metrics(book: Rulebook) -> Iterator[Rule]:
    """Yield the lines of metrics in a book, those of one metric together."""
    names = dict.fromkeys(row.name for row in book.rows if row.kind == "metric")
    return (row for name in names for row in book.rows if row.name == name)


def _floors(book: Rulebook, name: str) -> Iterator[Rule]:
    """Yield the floors that a book states for a metric by name, then the one for all metrics."""
    return (row for row in book.rules(FLOOR) if row.when.situation in (None, name))


class _Ways(dict[tuple[str, str, str], tuple[Way, ...]]):
    """The ways of one set of terms by kind, state and fact, each bound when it is first looked up."""

    def __init__(self, terms: Terms) -> None:
        super().__init__()
        self._terms = terms

    def __missing__(self, key: tuple[str, str, str]) -> tuple[Way, ...]:
        ways = self[key] = self._terms.bound(*key)
        return ways


def _windows(book: Rulebook, name: str, order: Order) -> Iterator[Rule]:
    """Yield the row of that name that the order falls under, and what it would fall under without a last day."""
    rule = book.rule(name, order)
    if rule is None:
        return
    yield rule
    if rule.until is not None:
        plain = (row for row in book.rules(name) if row.until is None and row.when.holds(order, NOTHING, book.zone))
        yield from islice(plain, 1)


_OF_CLASS = frozenset({"channel", "category", "cross_border", "currency"})
"""What a condition may ask of an order that many others have as well."""
_UNKNOWN = frozenset({"reason", "claim", "grade", "program", "rate_above", "rate_up_to"})
"""What a condition may ask that nobody knows of a case when its deadlines begin."""


def _may_hold(rule: Rule, kind: str) -> bool:
    """Whether a row may hold for a deadline of such a case, of which no more is known than its kind and its order."""
    asks = rule.when.asks
    return rule.when.situation in (None, kind) and not asks.keys() & _UNKNOWN


def _if_started(rule: Rule | None, fact: str) -> Rule | None:
    return rule if rule is not None and fact in rule.starts else None


def _tighter(
    name: str, at: Instant, rule: tuple[Rule | None, Instant | None], seller_rule: tuple[Rule | None, Instant | None]
) -> Deadline:
    by_rule, by_handbook = rule[1], seller_rule[1]
    if by_rule is None or (by_handbook is not None and by_handbook < by_rule):
        due, set_by = by_handbook, "handbook"
    else:
        due, set_by = by_rule, "rule"
    expiring, expires_at = rule if by_rule is not None else seller_rule
    assert due is not None
    assert expiring is not None
    assert expires_at is not None
    return Deadline(name, at, due, set_by, expires_at, expiring.on_expiry)


class Policy:
    """The terms of one marketplace over all time, looked up by instant.

    `changes` are the instants at which terms change, in their order. Terms are bound when they are first asked for:
    most commands and runs need those of a few spans.
    """

    def __init__(
        self,
        marketplace: Marketplace,
        rules: RuleSet,
        handbook: Handbook | None = None,
        workflow: Workflow | None = None,
        decisions: Decisions | None = None,
        metrics: Mapping[str, MetricKind] | None = None,
        costs: CostKinds | None = None,
        functions: DeadlineFunctions | None = None,
    ) -> None:
        """Bind them together; `costs` are the lines of costs that plugins add, `functions` their deadline functions.

        Raises DocumentError for rules that nothing asks for, for expiries that do not lead out of the state whose
        deadline has passed, and for rows of the seller's that are looser than the marketplace's.
        """
        self.marketplace = marketplace
        self.rules = rules
        self.workflow = workflow or default_workflow()
        self.metric_kinds = metrics or default_metrics()
        self.costs = costs or CostKinds()
        self.book = handbook or default_handbook()
        self.handbook = RuleSet(
            row
            for row in self.book.for_marketplace(marketplace.name)
            if row.marketplace == marketplace.name or row.when.currency in (None, marketplace.currency)
        )
        self.own = tuple(rule for rule in self.handbook.history() if rule.origin != SHIPPED)
        self.decisions = decisions if decisions is not None else Decisions()
        self.functions = functions if functions is not None else DeadlineFunctions()
        self.changes = self._cut()
        self._spans: dict[int, tuple[float, float, Terms]] = {}
        self._span = self._span_after(bisect_right(self.changes, 0))
        if problems := list(_problems(self)):
            raise DocumentError(f"the rules of {marketplace.name}", tuple(problems))

    @cached_property
    def order_defects(self) -> frozenset[str]:
        """The defects that some metric counts by the order."""
        kinds = (kind for kind in self.metric_kinds.values() if kind.counts == "orders")
        return frozenset(defect for kind in kinds for defect in kind.defects)

    def at(self, instant: Instant) -> Terms:
        """Return what binds a case in which something happens at this instant."""
        begin, end, terms = self._span
        if not begin <= instant < end:
            # The next fact mostly falls into the same span.
            begin, end, terms = self._span = self._span_after(bisect_right(self.changes, instant))
        return terms

    def terms_after(self, changes: int) -> Terms:
        """Return the terms before which so many of the `changes` lie."""
        return self._span_after(changes)[2]

    def last_terms(self) -> tuple[date | None, Terms]:
        """Return the terms after the last change that is known, with its day; None where nothing changes."""
        day = local_date(self.changes[-1], self.marketplace.zone) if self.changes else None
        return day, self.terms_after(len(self.changes))

    def _span_after(self, changes: int) -> tuple[float, float, Terms]:
        """Return (begin, end, terms) of the span before which so many changes lie; the first reaches back for ever."""
        span = self._spans.get(changes)
        if span is None:
            begins, known = (-inf, *self.changes, inf), self.changes or [0]
            probe = known[changes - 1] if changes else known[0] - 1
            span = self._spans[changes] = begins[changes], begins[changes + 1], self._terms(probe)
        return span

    def _cut(self) -> list[Instant]:
        """Cut time where rulebook or handbook changes."""
        names = (self.marketplace.name, *self.handbook.marketplaces)
        turns = set(self.rules.turns(self.marketplace.name))
        turns.update(day for name in names for day in self.handbook.turns(name))
        return [start_of_day(day, self.marketplace.zone) for day in sorted(turns)]

    def _terms(self, instant: Instant) -> Terms:
        day = local_date(instant, self.marketplace.zone)
        zone = self.marketplace.zone
        rulebook = self.rules.rulebook(self.marketplace.name, day, zone)
        rows = [row for name in self.handbook.marketplaces for row in self.handbook.rulebook(name, day).rows]
        handbook = Rulebook(self.marketplace.name, tuple(rows), zone)
        return Terms(self.marketplace, rulebook, handbook, self.workflow, self.decisions, self.functions)

    def metrics(self, instant: Instant) -> tuple[Rule, ...]:
        """Return the lines of metrics in force with their floors, the marketplace's first, then the handbook's.

        Metrics that are told without a line are none of them.
        """
        return tuple(rule for _, rule in self.at(instant).lines if rule.target is not None)


def _problems(policy: Policy) -> Iterator[Problem]:
    names, currency = policy.workflow.asked_for(), policy.marketplace.currency
    place = policy.marketplace.name
    # What a version that is not taken says has to fit as well: it is taken by a word in a scenario.
    for rule in (*policy.rules.history(place), *policy.rules.offered(place), *policy.handbook.history()):
        yield from name_problems(rule, names, policy.metric_kinds)
        if rule.currency is not None and rule.marketplace == policy.marketplace.name and rule.currency != currency:
            what = f"its money is in {rule.currency}, {rule.marketplace} sells in {currency}"
            yield Problem(rule.origin, str(rule), what, "give each currency a row of its own", line=rule.place.line)
        if rule.marketplace == policy.marketplace.name and rule.when.currency not in (None, currency):
            what = f"its price is in {rule.when.currency}, {rule.marketplace} sells in {currency}"
            hint = "give each currency a row of its own"
            yield Problem(rule.origin, str(rule), what, hint, line=rule.place.line)
        if rule.due:
            yield from function_problems(rule, policy.functions)
        if rule.kind == "deadline":
            yield from _unknown_starts(policy, rule)
        if rule.kind == "metric" and rule.target is not None and rule.target > 1:
            kind = policy.metric_kinds.get(rule.name)
            if kind is not None and kind.is_share:
                hint = "write five per cent as 0.05"
                yield Problem(rule.origin, str(rule), "its target is a share, and above 1", hint, line=rule.place.line)
        if rule.kind == "deadline" and rule.on_expiry not in MARKS:
            yield from _wrong_expiry(policy, rule)
        kind = policy.metric_kinds.get(rule.name)
        if rule.floor_cases and kind is not None and not kind.is_share:
            what = f"floor_cases counts cases, and {rule.name} adds up hours"
            yield Problem(rule.origin, str(rule), what, "use floor_orders, or leave it out", line=rule.place.line)
        if rule.name == FLOOR:
            yield from _idle_floor(policy, rule)
    yield from looser_rows(policy.own, policy.rules.history(policy.marketplace.name), policy.marketplace)


def _unknown_starts(policy: Policy, rule: Rule) -> Iterator[Problem]:
    """Yield the facts at which a deadline of cases is to start, and that no case ever meets."""
    kinds = [policy.workflow.kinds[kind] for kind, _ in policy.workflow.opening(rule.name)]
    for fact in rule.starts:
        if kinds and not policy.workflow.knows(fact):
            facts = sorted({str(move.fact) for kind in kinds for move in kind.move})
            hint = did_you_mean(fact, facts) or f"the cases that ask for it meet: {', '.join(facts)}"
            what = f"it starts at '{fact}', which no case meets"
            yield Problem(rule.origin, str(rule), what, hint, line=rule.place.line)


def _idle_floor(policy: Policy, rule: Rule) -> Iterator[Problem]:
    """Yield why a floor would be asked for by nothing."""
    lines = {*policy.metric_kinds, *(name for name, entry in rule_names().items() if entry.kind == "share")}
    situation = rule.when.situation
    if situation is not None and situation not in lines:
        hint = did_you_mean(situation, lines) or f"known: {', '.join(sorted(policy.metric_kinds))}"
        yield Problem(rule.origin, str(rule), f"no metric is named '{situation}'", hint, line=rule.place.line)
    if rule.when.asks.keys() - {"situation"}:
        yield Problem(
            rule.origin,
            str(rule),
            "a floor holds for all orders",
            "ask about nothing but the situation",
            line=rule.place.line,
        )


def _wrong_expiry(policy: Policy, rule: Rule) -> Iterator[Problem]:
    """Yield the states that open this deadline and that its expiry cannot leave."""
    for kind, state in policy.workflow.opening(rule.name):
        allowed = policy.workflow.allowed(kind, state)
        leaving = [
            fact for fact in allowed if all(move.to != state for move in policy.workflow.moves(kind, state, fact))
        ]
        if rule.on_expiry not in leaving:
            what = f"on_expiry '{rule.on_expiry}' cannot follow in state '{state}' of a {kind}"
            yield Problem(
                rule.origin, str(rule), what, f"allowed there: {', '.join((*MARKS, *leaving))}", line=rule.place.line
            )


Policies = Mapping[str, Policy]
"""Policies by the name of their marketplace."""
