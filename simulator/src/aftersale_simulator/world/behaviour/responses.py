"""Responses: what follows of itself for one order, drawn from its random numbers.

Each is a reaction in force, made ready for the loop of a run.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import partial
from math import exp, log
from typing import TypeVar

from aftersale.cases.facts import Fact, happened
from aftersale.cases.model import Case
from aftersale.cases.workflow import Workflow
from aftersale.clocks import DAY, HOUR, Instant
from aftersale.orders import Order
from aftersale.policies.reactions import MOST_REPEATED, Mark, Reaction, case_kind
from aftersale_simulator.assumptions.conditions import CASE_WORDS, Standing, bare, order_word
from aftersale_simulator.world.behaviour.in_force import InForce
from aftersale_simulator.world.behaviour.order_bits import OrderBits
from aftersale_simulator.world.behaviour.telling import Condition, Telling
from aftersale_simulator.world.entities import OrderState
from aftersale_simulator.world.world import World

# A named tuple's own constructor takes twice the time, and conditions are asked ten thousand times a run.
_new = tuple.__new__
Cases = Mapping[str, Case]
Scheduled = tuple[Instant, "Response", OrderState]
"""What the world will do: when, what, to which order."""


class _Check:
    """Some conditions, sorted by what they look at: the order, its marks, or its cases."""

    __slots__ = ("_cases", "_marks", "_mask", "_reaction", "_value", "_workflow")

    def __init__(self, words: Sequence[str], reaction: Reaction, bits: OrderBits, workflow: Workflow) -> None:
        self._reaction, self._workflow = reaction, workflow
        self._mask, self._value = bits.needed(words)
        conditions = [bare(word) for word in words]
        self._cases = [(CASE_WORDS[word], wanted) for word, wanted in conditions if word in CASE_WORDS]
        self._marks = [
            (word, wanted) for word, wanted in conditions if word not in CASE_WORDS and order_word(word) is None
        ]

    def holds(self, state: OrderState, case: Case | None, cases: Cases) -> bool:
        """Whether all of them hold; `case` is the one to which something would happen."""
        if state.bits & self._mask != self._value:
            return False
        for name, wanted in self._marks:
            if bool(state.marks.get(name)) is not wanted:
                return False
        if self._cases:
            standing = _new(Standing, (case, cases.get(state.behind), self._reaction, self._workflow))
            for holds, wanted in self._cases:
                if holds(standing) is not wanted:
                    return False
        return True


class _Quantity:
    """A quantity of a reaction: a number, or a parameter, which is mostly the same for all orders and days."""

    __slots__ = ("_is_read", "_name", "_value", "_world")

    def __init__(self, quantity: object, world: World) -> None:
        self._name, self._world, self._is_read = quantity, world, not isinstance(quantity, str)
        varies = isinstance(quantity, str) and world.varies(quantity)
        self._value = None if varies else world.peek(quantity)

    @property
    def fixed(self) -> float | None:
        """Its value where that is the same for all orders and days."""
        return self._value

    def of(self, order: Order, at: Instant) -> float:
        if self._value is None:
            return self._world.of(self._name, order, at)
        if not self._is_read:
            self._is_read = True
            self._world.of(self._name, order, at)
        return self._value


def _quantity(quantity: object, world: World) -> _Quantity | None:
    return None if quantity is None else _Quantity(quantity, world)


class Response:
    """A reaction as it is for some orders, ready to be drawn.

    `fact` or `event` is what happens, if it `happens` there at all; `suffix` ends the name of the order's case that it
    happens to. `is_late` says that whether a
    first step is taken hangs on what its buyer has been through by then, so that it is drawn again when its time comes.
    `is_free` says that nothing has to hold for it to be drawn, `is_sure` that nothing has to hold when its time comes.
    `numbers` are the rows of the scenario that made it what it is.
    """

    __slots__ = (
        "_about_contact",
        "_at_least",
        "_delay",
        "_delay_draw",
        "_draw",
        "_factor",
        "_fixed_rate",
        "_for_days",
        "_fresh",
        "_growth",
        "_in_states",
        "_mean",
        "_purposes",
        "_repeats",
        "_says",
        "_share",
        "_sigma",
        "_spread",
        "_still",
        "_telling",
        "_times",
        "_unit",
        "_wait",
        "_when",
        "event",
        "fact",
        "happens",
        "is_free",
        "is_late",
        "is_sure",
        "lengthens",
        "numbers",
        "suffix",
    )

    def __init__(self, reaction: Reaction, world: World, workflow: Workflow, numbers: tuple[int, ...] = ()) -> None:
        behaviour, bits, kind = world.behaviour, world.behaviour.bits, case_kind(reaction, workflow)
        case = behaviour.case(kind)
        self.fact, self.event = str(reaction.fact or ""), str(reaction.event or "")
        self.suffix, self.numbers = str(case.suffix), numbers
        self._about_contact = case.about_contact and workflow.opened_by(self.fact) == kind
        self.lengthens = reaction.lengthens
        self.is_late = bool(reaction.at_least) and reaction.since is not None
        self.happens = not self.fact or self.fact not in behaviour.absent
        self._draw, self._delay_draw = reaction.draw or drawn_by(reaction), reaction.delay_draw
        self._telling = Telling(reaction, self._draw, bits, partial(behaviour.called, self.fact))
        self._says = self._telling.always
        self._fresh = reaction.since is None and reaction.fresh is not False
        self._share, self._factor = _quantity(reaction.share, world), _quantity(reaction.factor, world)
        self._growth, self._for_days = _quantity(reaction.growth, world), _quantity(reaction.for_days, world)
        self._times, self._at_least = (
            [(Condition.of(word, bits), _Quantity(value, world)) for word, value in (table or {}).items()]
            for table in (reaction.times, reaction.at_least)
        )
        self._unit = HOUR if reaction.delay_hours is not None else DAY
        delay = reaction.delay_hours if reaction.delay_hours is not None else reaction.delay_days
        self._delay, self._spread = _quantity(delay, world), reaction.spread or "exponential"
        self._wait, self._sigma = _quantity(reaction.wait_days, world), _quantity(reaction.sigma, world)
        self._repeats = bool(reaction.repeats)
        self._in_states = frozenset(reaction.state) if reaction.after is not None and reaction.state else None
        self._when = _Check(reaction.when, reaction, bits, workflow) if reaction.when else None
        self._still = _Check(reaction.still, reaction, bits, workflow) if reaction.still else None
        self.is_free = self._when is None and self._in_states is None
        self.is_sure = self._still is None and not self.is_late
        self._fixed_rate: float | None = None
        self._mean: float | None = None
        self._purposes = [] if self._fresh else [(self._draw, self._delay_draw or f"{self._draw}.delay")]

    def of(self, state: OrderState) -> Response:
        """Return the response for an order: itself, as it is the same for all."""
        return self

    def may(self, state: OrderState, case: Case | None, cases: Cases) -> bool:
        """Whether it can follow for an order whose case stands like that."""
        if self._in_states is not None and (case is None or case.state not in self._in_states):
            return False
        return self._when is None or self._when.holds(state, case, cases)

    def still(self, state: OrderState, cases: Cases) -> bool:
        """Whether it happens, now that its time has come."""
        if self._still is not None and not self._still.holds(state, cases.get(self.case_of(state)), cases):
            return False
        if not self.is_late:
            return True
        return state.draws.uniform(self._draw, state.row) < self._rate(state, state.order.purchased_at)

    def case_of(self, state: OrderState) -> str:
        """Return the name of the order's case that it happens to."""
        return f"{state.order.id}-{self.suffix}"

    def fact_at(self, state: OrderState, at: Instant, case: str) -> Fact:
        """Return what happens to a case of the order, as a fact that is known at once."""
        order = state.order
        about = state.behind if self._about_contact else ""
        value, detail = self._says or self._telling.of(state)
        return happened(self.fact, order.marketplace, order.id, case, at, about, value, detail)

    def drawn(self, state: OrderState, at: Instant) -> Sequence[Scheduled] | None:
        """Return what follows now that its cause has happened, None where it is not drawn."""
        draw, purpose = self._purposes[0] if not self._fresh else self._purpose(state.turn(self._draw))
        begin = at
        if self._share is not None:
            rate = self._fixed_rate if self._fixed_rate is not None else self._rate(state, at)
            chance = state.draws.uniform(draw, state.row)
            if self._growth is not None:
                day = self._day(rate, chance, state, at)
                if day is None:
                    return None
                begin += day * DAY
            elif chance >= rate:
                return None
            elif self._repeats:
                return self._repeated(chance, rate, state, at)
        if not self.happens:
            return ()
        if self._mean is not None:
            delay = int(state.draws.exponential(purpose, state.row) * self._mean * self._unit)
        else:
            delay = self._delayed(purpose, state, at)
        return ((begin + delay, self, state),)

    def _purpose(self, turn: int) -> tuple[str, str]:
        """Return by what the numbers of a turn are keyed, that of the share and that of the delay."""
        purposes = self._purposes
        while len(purposes) <= turn:
            draw = f"{self._draw}.{len(purposes)}"
            delay = f"{draw}.delay" if self._delay_draw is None else f"{self._delay_draw}.{len(purposes)}"
            purposes.append((draw, delay))
        return purposes[turn]

    def _rate(self, state: OrderState, at: Instant) -> float:
        """Return the share as it is for an order at an instant; without one it is all that is left."""
        order = state.order
        if self._share is None:
            return 1.0
        rate = self._share.of(order, at)
        if self._factor is not None:
            rate *= self._factor.of(order, at)
        elif self._share.fixed is not None and not self._times and not self._at_least:
            self._fixed_rate = rate  # from its first reading on
        for condition, factor in self._times:
            if condition.holds(state):
                rate *= factor.of(order, at)
                break
        for condition, least in self._at_least:
            if condition.holds(state):
                rate = max(rate, least.of(order, at))
        return rate

    def _day(self, rate: float, chance: float, state: OrderState, at: Instant) -> int | None:
        """Return on which day of waiting it comes, from 0, as the chance grows day by day; None for none of them."""
        assert self._growth is not None
        growth, quiet = self._growth.of(state.order, at), 1.0
        days = round(self._for_days.of(state.order, at)) if rate and self._for_days is not None else 0
        for day in range(days):
            quiet *= 1 - min(1.0, rate * (1 + growth * day))
            if chance < 1 - quiet:
                return day
        return None

    def _repeated(self, chance: float, rate: float, state: OrderState, at: Instant) -> Sequence[Scheduled]:
        # The number of times is geometric: the probability of one more is always the share. One draw gives it.
        times = int(log(chance) / log(min(rate, MOST_REPEATED))) if self.happens else 0
        moment, following = float(at), list[Scheduled]()
        mean = self._delay.of(state.order, at) * self._unit if self._delay is not None else 0.0
        for number in range(times):
            moment += state.draws.exponential(f"{self._delay_draw or f'{self._draw}.delay'}.{number}", state.row) * mean
            following.append((int(moment), self, state))
        return following

    def _delayed(self, purpose: str, state: OrderState, at: Instant) -> int:
        """Return after how many microseconds it happens."""
        order = state.order
        waited = 0 if self._wait is None else int(self._wait.of(order, at) * DAY)
        if self._delay is None:
            return waited
        if self._spread == "exponential":
            if self._delay.fixed is not None and self._wait is None:
                self._mean = self._delay.of(order, at)  # from its first reading on
            delay = state.draws.exponential(purpose, state.row) * self._delay.of(order, at)
        elif self._spread == "fixed":
            delay = self._delay.of(order, at)
        else:
            sigma = self._sigma.of(order, at) if self._sigma is not None else 0.0
            scatter = exp(sigma * state.draws.normal(purpose, state.row))
            delay = self._delay.of(order, at) * scatter
        return waited + int(delay * self._unit)


def drawn_by(reaction: Reaction) -> str:
    """Return by what a reaction's random numbers are keyed that does not say it."""
    follows = (reaction.missed, reaction.after, reaction.since, reaction.done)
    return ".".join(
        str(word) for word in (reaction.kind, *reaction.state, *follows, reaction.fact, reaction.event) if word
    )


class _Narrowed:
    """A reaction that is another one for some channels, categories or products."""

    def __init__(self, reaction: InForce, ready: Callable[[Reaction, tuple[int, ...]], Response]) -> None:
        self._reaction, self._ready = reaction, ready
        self._known: dict[tuple[str, str, str], Response] = {}

    def of(self, state: OrderState) -> Response:
        order = state.order
        key = order.channel, order.category, order.product
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._ready(self._reaction.of(key), tuple(self._reaction.deciding(key)))
        return known


Narrowable = Response | _Narrowed
Choice = Sequence[Narrowable]
"""Responses of which at most one follows: the first that holds and is drawn."""
Cause = TypeVar("Cause", bound=Hashable)


class Course:
    """What follows one thing: marks that orders get by it, and choices."""

    __slots__ = ("_applied", "_choices", "_marks")

    def __init__(self, marks: Sequence[str], choices: Sequence[Choice], applied: set[int]) -> None:
        self._marks, self._choices, self._applied = marks, choices, applied

    def begin(self, state: OrderState, at: Instant, case: Case, cases: Cases) -> Sequence[Scheduled]:
        """Return what follows for an order, after it has got its marks."""
        for mark in self._marks:
            state.marks[mark] = state.marks.get(mark, 0) + 1
        following: Sequence[Scheduled] = ()
        for choice in self._choices:
            for each in choice:
                response = each if isinstance(each, Response) else each.of(state)
                if not (response.is_free or response.may(state, case, cases)):
                    continue
                if response.numbers and response.happens:
                    self._applied.update(response.numbers)
                events = response.drawn(state, at)
                if events is not None:
                    following = (*following, *events) if following else events
                    break
        return following

    def decide(self, state: OrderState, at: Instant, case: Case, cases: Cases) -> Sequence[Scheduled]:
        """Return what follows a task that was done: where nothing is drawn the last that may follow, at once."""
        following = self.begin(state, at, case, cases)
        if following or not self._choices:
            return following
        allowed = [response for each in self._choices[-1] if (response := each.of(state)).may(state, case, cases)]
        return [(at, response, state) for response in allowed[-1:]]


class Responses:
    """All that follows of itself on one marketplace, by its cause.

    `first` has the first steps of buyers by name, `states` what follows a case's new state by (kind, state), `misses` a
    missed deadline by (kind, deadline), `events` an event of the world, and `done` a task by its kind.
    """

    def __init__(self, world: World, workflow: Workflow) -> None:
        """Make the reactions in force ready."""
        self._world, self._workflow = world, workflow
        behaviour, kinds = world.behaviour, tuple(map(str, workflow.kinds))
        self.first = {reaction.name: self._narrowable(reaction) for reaction in behaviour.on("since")}
        self.states, self.misses = self._of_states(), self._of_misses(kinds)
        self.events = self._courses((str(each.stated.row.after), each) for each in behaviour.on("after"))
        self.done = self._courses((str(each.stated.row.done), each) for each in behaviour.on("done"))

    def _of_states(self) -> dict[tuple[str, str], Course]:
        behaviour = self._world.behaviour
        marked = (((str(mark.kind), state), mark) for mark in behaviour.marks for state in mark.state)
        following = (
            ((str(each.stated.row.kind), state), each)
            for each in behaviour.on("state")
            if each.stated.row.after is None
            for state in each.stated.row.state
        )
        return self._courses(following, marked)

    def _of_misses(self, kinds: Sequence[str]) -> dict[tuple[str, str], Course]:
        """Return what follows missed deadlines; a row of no kind follows those of all kinds."""
        behaviour = self._world.behaviour
        marked = (
            ((kind, str(mark.missed)), mark)
            for mark in behaviour.marks
            if mark.missed
            for kind in ([str(mark.kind)] if mark.kind else kinds)
        )
        following = (
            ((kind, str(each.stated.row.missed)), each)
            for each in behaviour.on("missed")
            for kind in ([str(each.stated.row.kind)] if each.stated.row.kind else kinds)
        )
        return self._courses(following, marked)

    def _courses(
        self, following: Iterable[tuple[Cause, InForce]], marked: Iterable[tuple[Cause, Mark]] = ()
    ) -> dict[Cause, Course]:
        """Return the course of each cause: the names of its marks, and its reactions by their choices."""
        marks: defaultdict[Cause, list[str]] = defaultdict(list)
        choices: defaultdict[Cause, dict[tuple[str, str], list[Narrowable]]] = defaultdict(dict)
        for cause, mark in marked:
            marks[cause].append(str(mark.name))
        for cause, reaction in following:
            choices[cause].setdefault(reaction.group, []).append(self._narrowable(reaction))
        return {
            cause: Course(marks[cause], list(choices[cause].values()), self._world.applied)
            for cause in {**marks, **choices}
        }

    def _narrowable(self, reaction: InForce) -> Narrowable:
        if reaction.is_narrowed:
            return _Narrowed(reaction, self._ready)
        return self._ready(reaction.usual, tuple(reaction.deciding(("", "", ""))))

    def _ready(self, reaction: Reaction, numbers: tuple[int, ...]) -> Response:
        return Response(reaction, self._world, self._workflow, numbers)
