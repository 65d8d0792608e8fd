"""Cases: what facts and the ends of deadlines do to cases, asked of the engine once for all that it depends on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from aftersale.base.errors import FactRefused
from aftersale.cases.facts import Fact
from aftersale.cases.model import LATE, Case, Deadline, Task
from aftersale.cases.workflow import MARKS
from aftersale.engine.engine import Outcome, apply, choose_way, expire
from aftersale.engine.guards import ASKED_BY, BESIDE, OF_EXEMPT, OF_INSTANTS, OF_WINDOWS
from aftersale.engine.moves import Moved, Movement
from aftersale.engine.replays import Step
from aftersale.engine.tally import NO_ANSWER_NEEDED
from aftersale.policies.decisions import RETURN
from aftersale_simulator.plan.tables.names import Names, Unplanned
from aftersale_simulator.plan.tables.rows import add, count

if TYPE_CHECKING:
    from aftersale.clocks import Instant
    from aftersale.orders import Order
    from aftersale.policies.policy import Policy, Terms, Way
    from aftersale_simulator.kernel.kernel import Tables
    from aftersale_simulator.plan.tables.clocks import LoweredClocks

EXEMPT = "exempt order"
"""Beside the names of rules: that orders are told apart by whether they are exempt."""
WINDOW, OTHERS, INSTANTS, DECIDED = 1, 2, 4, 8
"""What a fact's effect hangs on beside the case, the class of its order and the terms.

A window, other cases, days, or what plugins decide, who are asked each time.
"""


class Symbol(NamedTuple):
    """A fact without its order and its time; `passes` for what happens by itself at the end of a deadline."""

    kind: str
    value: float | None = None
    detail: str = ""
    about: bool = False
    passes: bool = False


class Stands(NamedTuple):
    """How a case stands, without its order and its times."""

    place: int
    kind: str
    state: str
    deadlines: tuple[str, ...]
    missed: tuple[str, ...]
    task: str
    derived: tuple[tuple[str, ...], ...]

    def case(self) -> Case:
        """Return a case that stands so, of no order and no time."""
        task = Task(self.task, "", "", 0, "", "", 0) if self.task else None
        missed, derived = self.missed, self.derived
        return Case("", self.kind, "", "", self.state, 0, 0, (), missed, task, "", derived)


class LoweredCases:
    """How cases may stand, and what moves them, as rows that are made when they are first met."""

    def __init__(
        self,
        tables: Tables,
        policies: Mapping[str, Policy],
        kept: frozenset[str],
        clocks: Sequence[LoweredClocks],
        contacts: Sequence[frozenset[str]],
    ) -> None:
        """Take the policies by marketplace, the kinds of case of which all steps are kept, and by place more.

        That is the clocks, and the kinds of case by which buyers turn to the seller.
        """
        self.tables, self.policies, self.places = tables, list(policies.values()), list(policies)
        self._kept, self.clocks, self._contacts = kept, clocks, contacts
        self.standings: Names[Stands] = Names((1 << 16) - 2, "ways in which a case stands")
        self.symbols: Names[Symbol] = Names(1 << 13, "facts")
        self.kinds: Names[str] = Names(1 << 13, "kinds of facts")
        self.tasks: Names[tuple[int, str]] = Names(1 << 12, "kinds of tasks")
        self.endings: Names[tuple[str, str]] = Names(1 << 12, "deadlines")
        self.components: Names[tuple[str, str]] = Names(1 << 12, "defects")
        self.openings: Names[tuple[str, str]] = Names(1 << 12, "kinds of case")
        self.log: Names[tuple[Any, ...]] = Names(1 << 20, "steps")
        self.others: Names[tuple[Any, ...]] = Names(1 << 8, "ways in which other cases look")
        self.schemes: Names[frozenset[str]] = Names(1 << 20, "ways to tell orders apart")
        states = (state for policy in self.policies for kind in policy.workflow.kinds.values() for state in kind.state)
        tables.slots = max((len(state.opens) for state in states), default=0) or 1
        self.way: Way | None = None
        self._recipes: dict[tuple[tuple[int, ...], ...], int] = {}

    def symbol(self, symbol: Symbol) -> int:
        """Return the number of a fact."""
        return self.symbols(symbol)

    def place_of_ending(self, place: str, deadline: str) -> int:
        """Return the key under which the ends of a deadline count."""
        key = self.endings((place, deadline))
        if key == len(self.tables.late):
            self.tables.late.append(self.components((place, LATE + deadline)))
        return key

    def needed(self, standing: int, place: int, symbol: int) -> int:
        """Return what a fact's effect hangs on beside the case, the class of its order and the terms."""
        stands = self.standings[standing] if standing >= 0 else None
        workflow, fact = self.policies[place].workflow, self.symbols[symbol].kind
        kind = stands.kind if stands else workflow.opened_by(fact)
        guards, rules = set[str](), set[str]()
        for move in workflow.moves(kind or "", stands.state if stands else "", fact):
            guards.update(str(each) for each in (move.guard, workflow.state(kind or "", move.to).unless) if each)
            rules.update(map(str, workflow.state(kind or "", move.to).opens))
        rules.update(name for guard in guards for name in ASKED_BY.get(guard, ()))
        window, others = bool(guards & OF_WINDOWS), bool(guards & BESIDE.keys())
        flags = WINDOW * window | OTHERS * others | INSTANTS * bool(guards & OF_INSTANTS)
        scheme = self.schemes(frozenset(rules) | ({EXEMPT} if guards & OF_EXEMPT else set()))
        if guards & OF_EXEMPT and RETURN in self.policies[place].decisions.names():
            flags |= DECIDED
        return flags | scheme << 4

    def move(
        self, case: Case | None, fact: Fact, symbol: Symbol, order: Order, terms: Terms, others: Mapping[str, Case]
    ) -> list[int]:
        """Return the row of what a fact does, or the end of a deadline by its rule."""
        kind = case.kind if case is not None else terms.workflow.opened_by(fact.kind)
        before = case.state if case is not None else ""
        deadline: Deadline | None = None
        try:
            if symbol.passes:
                assert case is not None
                deadline = next(
                    each
                    for each in case.deadlines
                    if (each.on_expiry, each.expires_at) == (symbol.kind, fact.occurred_at)
                )
                outcome = expire(case, deadline, order, terms, others)
            else:
                outcome = apply(case, fact, order, terms, others)
        except FactRefused as error:
            raise Unplanned(str(error)) from error
        after = outcome.case
        stays = not outcome.opened and not outcome.closed and not outcome.defect and after is case
        how = 2 if outcome.confirms else 1 if stays else 0
        way = _way(kind or "", before, fact, order, terms, others, after.state) if how == 0 else None
        self.way = way
        return self._row(case, outcome, fact, way, how, deadline, order, terms)

    def _row(
        self,
        case: Case | None,
        outcome: Outcome,
        fact: Fact,
        way: Way | None,
        how: int,
        deadline: Deadline | None,
        order: Order,
        terms: Terms,
    ) -> list[int]:
        after, place = outcome.case, self.places.index(fact.marketplace)
        name = self.places[place]
        recipe = self._recipe(name, way, outcome, order, terms) if way is not None and outcome.opened else -1
        return [
            self.standing(place, after),
            how,
            int(outcome.before != after.state),
            len(outcome.opened),
            recipe,
            outcome.defect,
            self.components((name, outcome.component)) if outcome.defect else -1,
            self.openings((name, after.kind)) if case is None else -1,
            int(fact.kind == NO_ANSWER_NEEDED),
            self.symbols(Symbol(fact.kind, passes=True)),
            self._logged(case, outcome, fact, deadline),
            int(after.kind in self._contacts[place]),
        ]

    def _recipe(self, place: str, way: Way, outcome: Outcome, order: Order, terms: Terms) -> int:
        """Return the first row of the deadlines that a way opens."""
        rows, about, clocks = [], {"situation": way.kind}, self.clocks[self.places.index(place)]
        for deadline in outcome.opened:
            asked = terms.measuring(deadline.name, way.started_by, order, about)
            by = [value for row in asked for value in clocks.of(row)]
            rows.append((self.place_of_ending(place, deadline.name), self.then(deadline.on_expiry), *by))
        key = tuple(rows)
        first = self._recipes.get(key)
        if first is None:
            first = self._recipes[key] = count(self.tables, "recipes")
            for row in rows:
                add(self.tables, "recipes", row)
        return first

    def then(self, on_expiry: str) -> int:
        """Return the symbol of what happens by itself when a deadline ends; below 0 where it only counts as missed."""
        return -1 - MARKS.index(on_expiry) if on_expiry in MARKS else self.symbols(Symbol(on_expiry, passes=True))

    def standing(self, place: int, case: Case) -> int:
        """Return the row of how a case stands."""
        names = tuple(deadline.name for deadline in case.deadlines)
        task = case.task.kind if case.task is not None else ""
        return self.standings(Stands(place, case.kind, case.state, names, case.missed, task, case.derived))

    def _logged(self, case: Case | None, outcome: Outcome, fact: Fact, deadline: Deadline | None) -> int:
        """Return the number of what is kept of a step, -1 for nothing: its movement, or the work that it may be."""
        after = outcome.case
        if after.kind in self._kept:
            return self.log(("move", Movement.of(Moved.by(Step(case, outcome, fact, deadline)))))
        if deadline is None and case is not None and case.task is not None:
            changed = outcome.before != after.state
            return self.log(("work", fact.marketplace, case.task.kind, fact.kind, changed))
        return -1

    def miss(self, standing: int, number: int, then: int) -> tuple[int, int]:
        """Return how a case stands after one of its deadlines was missed, and what is kept of that."""
        stands = self.standings[standing]
        missed = stands._replace(missed=(*stands.missed, stands.deadlines[number]))
        log = -1
        if stands.kind in self._kept:
            movement = Movement(
                MARKS[-1 - then], "", False, stands.state, stands.state, stands.task, True, (), stands.derived
            )
            log = self.log(("move", movement))
        return self.standings(missed), log


def _way(kind: str, before: str, fact: Fact, order: Order, terms: Terms, others: Mapping[str, Case], state: str) -> Way:
    """Return the way that a case has gone: asked for again only where several lead to its state."""
    ways = [way for way in terms.ways[kind, before, fact.kind] if way.state.name == state]
    return ways[0] if len(ways) == 1 else choose_way(kind, before, fact, order, terms, others)[0]


SPANS = 1 << 6
"""How many spans of terms a run may have: its keys have as many bits for them."""


def bounds_of(changes: Sequence[Instant], since: Instant, until: Instant) -> tuple[int, list[Instant]]:
    """Return the number of the terms with which a run begins, and when they change within it."""
    within = [change for change in changes if since < change < until]
    if len(within) >= SPANS:
        raise Unplanned(f"rules that change more than {SPANS - 1} times within a run")
    return 0, within
