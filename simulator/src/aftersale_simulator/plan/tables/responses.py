"""Responses: what follows of itself, as rows of the kernel's tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from aftersale.cases.model import Case
from aftersale.policies.reactions import MOST_REPEATED
from aftersale_simulator.assumptions.conditions import Standing
from aftersale_simulator.plan.tables.names import Names
from aftersale_simulator.plan.tables.rows import add, count
from aftersale_simulator.world.behaviour.responses import Course, Response, Responses, drawn_by

if TYPE_CHECKING:
    from aftersale.policies.policy import Policy
    from aftersale_simulator.kernel.kernel import Tables
    from aftersale_simulator.world.world import World

ANSWERED = "answered"
"""The mark that counts the answers of a conversation."""
SPREADS = ("exponential", "fixed")


class LoweredResponses:
    """The responses of all marketplaces as rows, made when they are first needed.

    `suffixes`, `quantities` and `marks` are the names behind numbers in these rows: the ends of cases' names,
    (marketplace, quantity) pairs, and the marks of orders.
    """

    def __init__(self, tables: Tables, worlds: Mapping[str, World], policies: Mapping[str, Policy]) -> None:
        """Take the worlds and the policies by marketplace; nothing is lowered yet."""
        self.tables, self.worlds, self.places = tables, worlds, list(worlds)
        tables.most.append(float(MOST_REPEATED))
        self.workflows = {name: policy.workflow for name, policy in policies.items()}
        self.of = {name: Responses(world, self.workflows[name]) for name, world in worlds.items()}
        self.suffixes: Names[str] = Names(1 << 10, "ends of cases' names")
        self.quantities: Names[tuple[str, object]] = Names(1 << 40, "quantities")
        self.marks: Names[str] = Names(62, "marks")
        self.draws: Names[str] = Names(1 << 20, "random numbers that are drawn again and again")
        for world in worlds.values():
            for reaction in world.behaviour.reactions:
                row = reaction.stated.row
                if row.since is None and row.fresh is not False:
                    self.draws(row.draw or drawn_by(row))
        tables.fresh = len(self.draws)
        self.responses: list[tuple[str, Response]] = []
        self.sayings: dict[int, tuple[list[float | None], list[str]]] = {}
        self._rows: dict[int, int] = {}
        self._questions: list[tuple[Any, frozenset[str] | None]] = []
        self._courses: dict[int, int] = {}
        self._narrowed: list[tuple[str, Any]] = []
        self.marks(ANSWERED)

    # --- what the kernel asks for by what has happened ---------------------------------------------------------------

    def first(self, place: str, name: str) -> int:
        """Return the item of a first step."""
        return self._item(place, self.of[place].first[name])

    def course(self, place: str, courses: str, cause: object) -> int:
        """Return the row of what follows a cause, -1 where nothing does."""
        course = getattr(self.of[place], courses).get(cause)
        return -1 if course is None else self._course(place, course)

    def narrowed(self, number: int, order: Any) -> int:
        """Return the row of a response for an order's class."""
        place, narrowed = self._narrowed[number]
        return self._response(place, narrowed.of(_Of(order)))

    def holds(self, question: int, case: Case | None, contact: Case | None) -> bool:
        """Whether conditions on cases hold of a case, None for none, and of the buyer's last contact."""
        check, states = self._questions[question]
        if states is not None and (case is None or case.state not in states):
            return False
        if check is None:
            return True
        standing = Standing(case, contact, check._reaction, check._workflow)
        return all(holds(standing) is wanted for holds, wanted in check._cases)

    def saying(self, response: int, number: int) -> tuple[float | None, str]:
        """Return what a fact of a response says: its value and its word."""
        _, drawn = self.responses[response]
        if drawn._says is not None:
            return drawn._says
        values, words = self.sayings[response]
        return values[number // len(words)], words[number % len(words)]

    def purpose(self, what: int, response: int, turn: int) -> tuple[str, str, str]:
        """Return marketplace, distribution and purpose of a random number; see `Kernel.number` for `what`."""
        place, drawn = self.responses[response]
        if what in (0, 1, 5):
            draw, delay = drawn._purpose(turn) if drawn._fresh else drawn._purposes[0]
            return place, ("uniform", "exponential", "", "", "", "normal")[what], draw if what == 0 else delay
        if what == 4:
            return place, "exponential", f"{drawn._delay_draw or f'{drawn._draw}.delay'}.{turn}"
        telling = drawn._telling
        return place, "uniform", telling._value_draw if what == 2 else telling._detail_draw

    # --- rows ------------------------------------------------------------------------------------------------------

    def _item(self, place: str, each: Any) -> int:
        if isinstance(each, Response):
            return self._response(place, each)
        self._narrowed.append((place, each))
        return -len(self._narrowed)

    def _course(self, place: str, course: Course) -> int:
        row = self._courses.get(id(course))
        if row is None:
            row = self._courses[id(course)] = len(self._courses)
            marks = 0
            for mark in course._marks:
                marks |= 1 << self.marks(mark)
            # A row goes in before what it leads to: a course may come to itself again.
            number = add(self.tables, "courses", [marks, list(course._marks).count(ANSWERED), 0, 0])
            assert number == row
            choices = [self._choice(place, choice) for choice in course._choices]
            first = count(self.tables, "choices")
            for choice in choices:
                add(self.tables, "choices", choice)
            at = (number + 1) * self.tables.widths["courses"]
            self.tables.courses[at - 2], self.tables.courses[at - 1] = first, first + len(choices)
        return row

    def _choice(self, place: str, choice: Iterable[Any]) -> tuple[int, int]:
        items = [self._item(place, each) for each in choice]
        begin = len(self.tables.items)
        self.tables.items.extend(items)
        return begin, begin + len(items)

    def _response(self, place: str, drawn: Response) -> int:
        row = self._rows.get(id(drawn))
        if row is None:
            row = self._rows[id(drawn)] = len(self.responses)
            self.responses.append((place, drawn))
            width = self.tables.widths["responses"]
            add(self.tables, "responses", [0] * width)  # an event leads on to others, which come behind
            for number, value in enumerate(self._fields(place, drawn, row)):
                self.tables.responses[row * width + number] = value
        return row

    def _fields(self, place: str, drawn: Response, row: int) -> list[int]:

        def quantity(each: Any) -> int:
            return -1 if each is None else self._quantity(place, each._name)

        times, times_end = self._chances(place, drawn._times)
        least, least_end = self._chances(place, drawn._at_least)
        spread = SPREADS.index(drawn._spread) if drawn._spread in SPREADS else 2
        return [
            int(bool(drawn.fact)),
            -1 if drawn.fact else self.course(place, "events", drawn.event),
            self.suffixes(drawn.suffix),
            -1 if drawn.lengthens is None else self._quantity(place, drawn.lengthens),
            int(drawn.is_late),
            int(drawn.is_sure),
            int(drawn.happens),
            self.draws(drawn._draw) if drawn._fresh else -1,
            quantity(drawn._share),
            quantity(drawn._factor),
            quantity(drawn._growth),
            quantity(drawn._for_days),
            int(drawn._repeats),
            drawn._unit,
            quantity(drawn._delay),
            spread,
            quantity(drawn._wait),
            quantity(drawn._sigma),
            int(bool(drawn.numbers)),
            times,
            times_end,
            least,
            least_end,
            self._condition(drawn._when, drawn._in_states),
            self._condition(drawn._still, None),
            self._telling(drawn, row),
        ]

    def _quantity(self, place: str, name: object) -> int:
        number = self.quantities((place, name))
        if number == len(self.tables.varies):
            self.tables.varies.append(int(isinstance(name, str) and self.worlds[place].varies(name)))
        return number

    def _looks(self, mask: int, value: int, mark: str, wanted: bool) -> list[int]:
        """Return what a condition looks at: bits of orders and what they must be, marks and what they must be."""
        if mask:
            return [mask, value, 0, 0]
        bit = 1 << self.marks(mark)
        return [0, 0, bit, bit if wanted else 0]

    def _chances(self, place: str, table: Iterable[tuple[Any, Any]]) -> tuple[int, int]:
        begin = count(self.tables, "chances")
        rows = [[*self._looks(*condition), self._quantity(place, value._name)] for condition, value in table]
        for row in rows:
            add(self.tables, "chances", row)
        return begin, begin + len(rows)

    def _condition(self, check: Any, states: frozenset[str] | None) -> int:
        if check is None and states is None:
            return -1
        mask = value = marks = marked = 0
        question = -1
        if check is not None:
            mask, value = check._mask, check._value
            for name, wanted in check._marks:
                bit = 1 << self.marks(name)
                if marks & bit and bool(marked & bit) is not wanted:
                    value, mask = 1, 0  # a mark that must be and must not be: never
                marks |= bit
                marked |= bit if wanted else 0
        if states is not None or (check is not None and check._cases):
            question = len(self._questions)
            self._questions.append((check, states))
        return add(self.tables, "conditions", [mask, value, marks, marked, question])

    def _telling(self, drawn: Response, row: int) -> int:
        telling = drawn._telling
        if drawn._says is not None:
            return -1
        words = [""]
        usual = -1 if telling._details is None else self._words(telling._details, words)
        conditions = [(self._looks(*condition), self._words(each, words)) for condition, each in telling._by_condition]
        begin = count(self.tables, "said")
        for looks, number in conditions:
            add(self.tables, "said", [*looks, number])
        values: list[float | None] = [None]
        drawn_values = -1
        if telling._values is not None:
            values = list(telling._values._items)
            drawn_values = self._words(telling._values, [])
        self.sayings[row] = values, words
        return add(self.tables, "tellings", [drawn_values, usual, begin, begin + len(conditions), len(words)])

    def _words(self, weighted: Any, words: list[Any]) -> int:
        """Add weighted words to all that a response may say, and return the number of their edges."""
        first = len(words)
        words.extend(weighted._items)
        begin = len(self.tables.edges)
        for edge in weighted._edges:
            self.tables.edges.append(edge)
        return add(self.tables, "words", [begin, begin + len(weighted._edges), first])


class _Of:
    """An order in the place of its state: of that a narrowed response asks for nothing else."""

    def __init__(self, order: Any) -> None:
        self.order = order
