"""Dossiers: all facts about one order, in the order in which they happened, and the cases that result.

Facts may become known late, twice, or out of order. The cases depend only on when the facts happened: the same facts
lead to the same cases however they arrive.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Set
from itertools import islice
from types import MappingProxyType
from typing import Any

from attrs import define, field

from aftersale.base.errors import FactRefused
from aftersale.cases.facts import Fact
from aftersale.cases.model import Case
from aftersale.clocks import Instant
from aftersale.engine.moves import Moved
from aftersale.engine.replays import ReplayedOrder, at_instant, occurred_at
from aftersale.orders import Order
from aftersale.policies.policy import Policy

NO_STEP, UNKEPT = -1, -2
"""Rows of dossiers of which no step is kept yet, and of which none will be."""
_NOTHING: Mapping[str, Any] = MappingProxyType({})
"""What most dossiers have: few are ever asked for their facts by case."""


@define(eq=False)
class Dossier:
    """All that is known of one order: its facts as they happened, and its cases by id.

    `last` is the instant up to which its cases have been moved; a fact from before it is late. From its first late or
    refused fact on it has a `replay`, which most orders never need. `row` is its own in a log of moves: NO_STEP before
    one is kept, and UNKEPT where none is.
    """

    order: Order
    facts: list[Fact]
    cases: dict[str, Case]
    last: Instant
    replay: ReplayedOrder | None = None
    row: int = UNKEPT
    _of_case: Mapping[str, list[Fact]] = field(default=_NOTHING, init=False)
    _details: Mapping[str, set[str]] = field(default=_NOTHING, init=False)
    _indexed: int = field(default=0, init=False)

    @property
    def refusals(self) -> list[tuple[Fact, FactRefused]]:
        """The facts that no case allows, each with the reason."""
        return [] if self.replay is None else list(self.replay.refusals)

    def facts_of(self, case: str) -> list[Fact]:
        """Return the facts of one case as they happened, refused ones among them; not to be changed."""
        self._index()
        return self._of_case.get(case, [])

    def details(self) -> Mapping[str, Set[str]]:
        """Return by kind of fact what the details of such facts say, refused ones among them."""
        self._index()
        return self._details

    def _index(self) -> None:
        if self._indexed == len(self.facts):  # facts are only ever added
            return
        of_case: defaultdict[str, list[Fact]] = defaultdict(list)
        details: defaultdict[str, set[str]] = defaultdict(set)
        for fact in self.facts:
            of_case[fact.case].append(fact)
            details[fact.kind].add(fact.detail)
        self._of_case, self._details, self._indexed = dict(of_case), dict(details), len(self.facts)

    def opening(self, case: Case) -> Fact:
        """Return the fact that opened one of its cases; what was refused before it opened nothing."""
        first = bisect_left(self.facts, case.opened_at, key=occurred_at)
        return next(fact for fact in islice(self.facts, first, None) if fact.case == case.id)

    def holds(self, fact: Fact) -> bool:
        """Whether the same fact was recorded before; when it became known makes no difference."""
        simultaneous = at_instant(self.facts, fact.occurred_at)
        return any(fact[:5] == other_fact[:5] and fact[6:] == other_fact[6:] for other_fact in simultaneous)

    def moves(self, policy: Policy, until: Instant) -> list[Moved]:
        """Return what its steps did as they happened, with the deadlines that end before `until`."""
        return list(map(Moved.by, self.replayed(policy, until).steps))

    def replayed(self, policy: Policy, until: Instant) -> ReplayedOrder:
        """Return the order replayed from its facts, with the deadlines that end before `until`; not to be changed."""
        kept = self.replay
        if kept is not None and kept.until == until and kept.order == self.order:
            return kept
        return ReplayedOrder(self.facts, self.order, policy, until)
