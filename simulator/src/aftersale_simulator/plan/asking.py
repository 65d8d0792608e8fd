"""Asking: what the kernel of one run asks for, answered by the real functions and remembered in the plan."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import numpy as np

from aftersale.cases.facts import Fact
from aftersale.cases.model import Case, Deadline, Task
from aftersale.cases.workflow import MARKS
from aftersale.engine.guards import ABOUT, BESIDE
from aftersale.engine.return_terms import RETURN_WINDOW, inside_window_until
from aftersale_simulator.plan.late import Followed, LateOrders
from aftersale_simulator.plan.orders import OrdersOfAll
from aftersale_simulator.plan.tables.cases import Symbol
from aftersale_simulator.world.random_streams import MIXING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from aftersale.clocks import Instant
    from aftersale.orders import Order
    from aftersale.policies.policy import Policy, Terms
    from aftersale.policies.worlds import SortKey
    from aftersale_simulator.kernel.kernel import Kernel
    from aftersale_simulator.plan.plan import Plan
    from aftersale_simulator.world.marketplace_run import MarketplaceRun

NEVER_ENDS = 2**62
UNDEALT = -1
COMPUTED = {"uniform": -2, "exponential": -3}
"""What a kernel works out when it is asked for, by distribution, as it stands in the place of where numbers begin."""
_NONE = np.zeros(1, np.int64)
"""Where there is no order, one that nothing asks for: columns of the kernel have a row at least."""


class Asking:
    """Answers the questions of one run's kernel; an answer that holds for others goes into the plan's tables."""

    def __init__(
        self,
        plan: Plan,
        runs: Sequence[MarketplaceRun],
        policies: Mapping[str, Policy],
        sort_keys: Mapping[str, SortKey],
        queue_count: int,
        look: Callable[[Kernel, str, int, Instant], None],
    ) -> None:
        """Take a run's marketplaces, its policies, whose watch keeps what plugins fail, and who looks at accounts."""
        self.plan, self.runs, self.queue_count, self.look = plan, runs, queue_count, look
        self.policies = policies
        self.orders = OrdersOfAll([run.steps.orders for run in runs])
        sizes = [len(run.steps.orders) for run in runs]
        self.place = np.repeat(np.arange(len(sizes), dtype=np.int64), sizes)
        draws = [run.steps.draws for run in runs]
        self.items = np.concatenate([np.zeros(0, np.int64), *(each.items for each in draws)]) if sum(sizes) else _NONE
        self.begins = array("q", np.cumsum([0, *sizes[:-1]]).tolist())
        self.mixing = array("Q", MIXING)
        self._worlds = {run.orders.marketplaces[0]: run.world for run in runs}
        self._draws = {run.orders.marketplaces[0]: each for run, each in zip(runs, draws, strict=True)}
        self._sort_keys = sort_keys
        self.late_orders = LateOrders(self)

    # --- what hangs on nothing but the scenario ----------------------------------------------------------------------

    def narrowed(self, kernel: Kernel, number: int, order: int, kind: int) -> int:
        """Return the response that is one for an order's class, by the number of the item."""
        row = self.plan.responses.narrowed(number, self.orders[order])
        self.plan.tables.symbols.put((1 << 60) | (number << 24) | kind, row)
        return row

    def symbol(self, key: int, response: int, number: int) -> int:
        """Return the symbol of what a fact of a response says, by the number of its words."""
        _, drawn = self.plan.responses.responses[response]
        value, detail = self.plan.responses.saying(response, number)
        symbol = self.plan.cases.symbols(Symbol(drawn.fact, value, detail, drawn._about_contact))
        self.plan.tables.symbols.put(key, symbol)
        return symbol

    def needed(self, key: int, standing: int, place: int, symbol: int) -> int:
        """Return what a fact's effect hangs on; see `LoweredCases.needed`."""
        needs = self.plan.cases.needed(standing, place, symbol)
        self.plan.tables.needs.put(key, needs)
        return needs

    def holds(self, key: int, question: int, standing: int, contact: int) -> int:
        """Return 1 where conditions hold of how a case and the buyer's last contact stand, -1 for none; else 0."""
        of = self.plan.cases.standings
        case, last = (of[each].case() if each >= 0 else None for each in (standing, contact))
        answer = int(self.plan.responses.holds(question, case, last))
        self.plan.tables.holding.put(key, answer)
        return answer

    def course_of_miss(self, key: int, standing: int, ending: int) -> int:
        """Return what follows a missed deadline: the row of its course and 1 more, 0 for nothing."""
        place, name = self.plan.cases.endings[ending]
        kind = self.plan.cases.standings[standing].kind
        course = 1 + self.plan.responses.course(place, "misses", (kind, name))
        self.plan.tables.misses.put(key, course)
        return course

    def miss(self, key: int, standing: int, number: int, then: int) -> int:
        """Return how a case stands after a missed deadline, and above 20 bits what is kept of it and 1 more."""
        after, log = self.plan.cases.miss(standing, number, then)
        self.plan.add_standings()
        answer = (log + 1) << 20 | after
        self.plan.tables.missed.put(key, answer)
        return answer

    # --- random numbers and parameters -------------------------------------------------------------------------------

    def column(self, key: int, what: int, thing: int, turn: int) -> int:
        """Return the column of random numbers of a thing's turn."""
        if what >= 6:
            place, kind = self.plan.cases.tasks[thing]
            distribution = ("uniform", "exponential", "normal")[what - 6]
            purpose = f"{'automatic' if what == 6 else 'handling'}.{kind}.{turn}"
            column = self.plan.columns((self.plan.cases.places[place], distribution, purpose))
        else:
            column = self.plan.columns(self.plan.responses.purpose(what, thing, turn))
        self.plan.tables.columns.put(key, column)
        return column

    def deal(self, kernel: Kernel, column: int) -> array[float]:
        """Return the random numbers of a column, one for each order of its marketplace."""
        place, distribution, purpose = self.plan.columns[column]
        return self._draws[place].column(distribution, purpose)

    def computed(self, column: int) -> tuple[int, int]:
        """Return how a kernel works out the numbers of a column itself, UNDEALT where it does not, and by which key.

        The key has a sign, as all whole numbers of the kernel.
        """
        place, distribution, purpose = self.plan.columns[column]
        key = self._draws[place].key(purpose)
        return COMPUTED.get(distribution, UNDEALT), key - (1 << 64) if key >> 63 else key

    def value(self, kernel: Kernel, quantity: int, order: int, at: Instant) -> float:
        """Return a quantity for an order at an instant, which counts as read."""
        place, name = self.plan.responses.quantities[quantity]
        return self._worlds[place].of(name, self.orders[order], at)

    def sort_key(self, kernel: Kernel, task: int) -> float:
        """Return the key of a plugin's work order, which may look at all that a task says."""
        order = self.orders[kernel.c_order[kernel.t_case[task]]]
        made = self.late_orders.task(task) if kernel.t_move[task] < 0 else self._task(kernel, task, order)
        return self._sort_keys[order.marketplace](made, order)

    def _task(self, kernel: Kernel, task: int, order: Order) -> Task:
        name, began = self.name(kernel, kernel.t_case[task]), kernel.t_opened[task]
        way = self.plan.ways[kernel.t_move[task]]
        assert way is not None
        opened = self.terms(order, began).deadlines(way, began, order, name)
        first = min(opened, key=lambda deadline: deadline.due)
        return Task(str(way.state.task), name, order.marketplace, first.due, first.name, first.set_by, began)

    # --- cases -------------------------------------------------------------------------------------------------------

    def name(self, kernel: Kernel, case: int) -> str:
        """Return the name of a case."""
        order = self.orders[kernel.c_order[case]]
        return f"{order.id}-{self.plan.responses.suffixes[kernel.c_suffix[case]]}"

    def terms(self, order: Order, at: Instant) -> Terms:
        """Return what binds a case of an order at an instant."""
        return self.plan.policies[order.marketplace].at(at)

    def kind(self, key: int, scheme: int, order: int) -> int:
        """Return the class of an order by what some rules ask of it."""
        kind = self.plan.kind(scheme, self.orders[order])
        self.plan.tables.kinds.put(key, kind)
        return kind

    def windows(self, key: int, order: int, at: Instant) -> int:
        """Return where the rows of an order's window begin, times 256, with how many there are; 0 to ask again."""
        bought = self.orders[order]
        clocks = self.plan.clocks[self.plan.cases.places.index(bought.marketplace)]
        rows = clocks.window(self.terms(bought, at), RETURN_WINDOW, bought)
        self.plan.tables.windows.put(key, rows)
        return rows

    def window_end(self, order: int, at: Instant) -> int:
        """Return until when a return of an order is requested in time."""
        bought = self.orders[order]
        end = inside_window_until(self.terms(bought, at), bought)
        return NEVER_ENDS if end is None else end

    def instants(self, order: int, at: Instant) -> int:
        """Return whether an order had arrived by an instant, and in a second bit whether it had been sent."""
        bought = self.orders[order]
        arrived = bought.delivered_at is not None and bought.delivered_at <= at
        return arrived | (bought.shipped_at is not None and bought.shipped_at <= at) << 1

    def others(self, kernel: Kernel, order: int, case: int) -> int:
        """Return the number of what guards may see of the other cases of an order, and of the buyer's last contact."""
        behind, standing = kernel.behind[order], kernel.c_standing
        last = standing[behind] if behind >= 0 else -1
        key = (last, *(standing[each] for each in kernel.cases_of(order) if each != case))
        number = self.plan.beside.get(key)
        if number is None:
            number = self.plan.beside[key] = self._beside(*key)
        return number

    def _beside(self, last: int, *standings: int) -> int:
        """Return that number by how the buyer's last contact stands, -1 for none, and how the other cases do."""
        of = self.plan.cases.standings
        contact, others = of[last].case() if last >= 0 else None, [of[each].case() for each in standings]
        shown = tuple(tuple(any(sign(each) for each in others) for sign in signs) for signs in BESIDE.values())
        about = None if contact is None else (contact.kind, *(sign(contact) for sign in BESIDE[ABOUT]))
        return self.plan.cases.others((shown, about))

    def late(self, kernel: Kernel, order: int, suffix: int, symbol: int, at: Instant) -> Followed | None:
        """Record a fact of the instant of the one before; see `LateOrders`."""
        return self.late_orders.record(kernel, order, suffix, symbol, at)

    def expire_late(self, kernel: Kernel, order: int, case: int, at: Instant) -> tuple[bool, bool]:
        """End a deadline of an order that was handed over; see `LateOrders`."""
        return self.late_orders.expire(kernel, order, case, at)

    def move(self, kernel: Kernel, key: int, order: int, case: int, symbol: int, at: Instant) -> int:
        """Return the row of what a fact does to a case, -1 for none, and let it be known."""
        number = self._move(kernel, order, case, "?", symbol, self.terms(self.orders[order], at), at)
        self.plan.tables.found.put(key, number)
        return number

    def decided(self, kernel: Kernel, order: int, case: int, suffix: int, symbol: int, at: Instant) -> int:
        """Return what a fact does on which plugins decide, who may look at anything in the order and at the instant."""
        terms = self.policies[self.orders[order].marketplace].at(at)
        return self._move(kernel, order, case, self.plan.responses.suffixes[suffix], symbol, terms, at)

    def _move(self, kernel: Kernel, order: int, case: int, suffix: str, symbol: int, terms: Terms, at: Instant) -> int:
        bought, said = self.orders[order], self.plan.cases.symbols[symbol]
        others = self._cases(kernel, order)
        standing = self._case(kernel, case) if case >= 0 else None
        behind = kernel.behind[order]
        about = self.name(kernel, behind) if said.about and behind >= 0 else ""
        name = standing.id if standing is not None else f"{bought.id}-{suffix}"
        fact = Fact(said.kind, bought.marketplace, bought.id, name, at, at, about, said.value, said.detail)
        row = self.plan.cases.move(standing, fact, said, bought, terms, others)
        return self.plan.add_move(row, bought.marketplace)

    def _cases(self, kernel: Kernel, order: int) -> dict[str, Case]:
        cases, each = {}, kernel.newest[order]
        while each >= 0:
            case = self._case(kernel, each)
            cases[case.id] = case
            each = kernel.c_older[each]
        return dict(reversed(list(cases.items())))

    def _case(self, kernel: Kernel, case: int) -> Case:
        """Return a case as the engine has it, but for who set its deadlines and who decided."""
        stands, order = self.plan.cases.standings[kernel.c_standing[case]], self.orders[kernel.c_order[case]]
        name = self.name(kernel, case)
        deadlines, slots = [], self.plan.tables.slots
        for slot in range(case * slots, case * slots + kernel.c_deadlines[case]):
            then = kernel.d_then[slot]
            follows = MARKS[-1 - then] if then < 0 else self.plan.cases.symbols[then].kind
            ending = self.plan.cases.endings[kernel.d_name[slot]][1]
            times = kernel.d_began[slot], kernel.d_due[slot]
            deadlines.append(Deadline(ending, *times, "", kernel.d_end[slot], follows))
        task = None
        if stands.task:
            due = min(deadline.due for deadline in deadlines)
            task = Task(stands.task, name, order.marketplace, due, "", "", kernel.c_moved[case])
        where = name, stands.kind, order.marketplace, order.id, stands.state
        times = kernel.c_opened[case], kernel.c_moved[case]
        return Case(*where, *times, tuple(deadlines), stands.missed, task, "", stands.derived)
