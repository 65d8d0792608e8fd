"""The docket: all cases and what is due on them, moved by facts and by the passing of time."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush

from aftersale.cases import Case, Deadline
from aftersale.clocks import Instant
from aftersale.engine import Outcome, apply, expire
from aftersale.errors import OtherOrder, UnknownMarketplace
from aftersale.facts import Fact
from aftersale.orders import Order
from aftersale.policies import Policies, Policy
from aftersale.tally import Tally

Observer = Callable[[Case, Fact], None]
Expiry = tuple[Outcome, Deadline]


class Docket:
    """Keeps the cases, puts each fact through the engine, and lets deadlines pass in between.

    Facts go in by `known_at`. Before a fact is applied, whatever expired earlier takes its course; a deadline that
    ends at the very instant of the fact is still met.
    """

    def __init__(self, policies: Policies, observer: Observer | None = None) -> None:
        """Start empty; `policies` holds the policy of each marketplace, `observer` is told of every applied fact."""
        self.cases: dict[str, Case] = {}
        self.tally = Tally()
        self.passed: list[Expiry] = []
        self._policies = policies
        self._observer = observer
        # One entry a case: its next deadline to end. It is stale once the case has moved on.
        self._expiries: list[tuple[Instant, int, Case, Deadline, Order]] = []
        self._pushed = 0

    def policy(self, marketplace: str) -> Policy:
        """Return the policy of a marketplace; raises UnknownMarketplace, which lists those that are known."""
        found = self._policies.get(marketplace)
        if found is None:
            raise UnknownMarketplace(marketplace, tuple(sorted(self._policies)))
        return found

    def record(self, fact: Fact, order: Order) -> Outcome | None:
        """Put one fact about this order through the engine; None for a fact about the order alone.

        Raises FactRefused when the workflow does not allow it, OtherOrder when its case, or the one it grew out of, is
        about another order; the docket is then as it was, but for time.
        """
        if self._expiries and self._expiries[0][0] < fact.known_at:
            self.advance(fact.known_at)
        if not fact.case:
            self.tally.rated(fact, order)
            return None
        terms = self.policy(fact.marketplace).at(fact.occurred_at)
        case = self.cases.get(fact.case)
        about = self.cases.get(fact.about) if fact.about else None
        for other in (case, about):
            if other is not None and other.order != order.id:
                raise OtherOrder(fact.kind, order.id, other.id, other.order)
        outcome = apply(case, fact, order, terms, about)
        self._keep(outcome, fact, order)
        return outcome

    def advance(self, until: Instant) -> None:
        """Let every deadline that ends before this instant take its course, and note it in `passed`.

        Whoever wants to react empties that list.
        """
        while self._expiries and self._expiries[0][0] < until:
            _, _, case, deadline, order = heappop(self._expiries)
            if self.cases[case.id] is case:
                self._expire(case, deadline, order)

    def next_expiry(self) -> Instant | None:
        """Return when the next running deadline ends, or None when nothing runs."""
        while self._expiries:
            at, _, case, _, _ = self._expiries[0]
            if self.cases[case.id] is case:
                return at
            heappop(self._expiries)
        return None

    def _expire(self, case: Case, deadline: Deadline, order: Order) -> None:
        at = deadline.expires_at
        outcome = expire(case, deadline, order, self.policy(case.marketplace).at(at))
        if outcome.case.state == case.state:
            self.cases[case.id] = outcome.case
            self._expect(outcome.case, order)
        else:
            self._keep(outcome, Fact(deadline.on_expiry, case.marketplace, case.order, case.id, at, at), order)
        self.passed.append((outcome, deadline))

    def _keep(self, outcome: Outcome, fact: Fact, order: Order) -> None:
        case = outcome.case
        self.cases[case.id] = case
        if outcome.opened:
            self._expect(case, order)
        if outcome.closed or outcome.defect:
            self.tally.moved(outcome, fact, order)
        if self._observer is not None:
            self._observer(case, fact)

    def _expect(self, case: Case, order: Order) -> None:
        """Wait for the case's next deadline that has not been missed yet."""
        first: Deadline | None = None
        for deadline in case.deadlines:
            if (first is None or deadline.expires_at < first.expires_at) and deadline.name not in case.missed:
                first = deadline
        if first is not None:
            self._pushed += 1
            heappush(self._expiries, (first.expires_at, self._pushed, case, first, order))
