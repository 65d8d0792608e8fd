"""Periods: the days in which cases were opened whose costs are added up, and which of those are still open."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from attrs import frozen

from aftersale.cases.model import Case
from aftersale.cases.workflow import Workflow
from aftersale.clocks import Instant, local_date, start_of_day
from aftersale.costs.charges import CHARGES
from aftersale.costs.ledger import CostLine
from aftersale.engine.docket import Docket
from aftersale.policies.policy import Policies, Policy

_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})")


@frozen
class Period:
    """Local days of the marketplace, from `since` on and before `before`; None has no end on that side.

    What a case costs belongs to the day on which it was opened, however late the money moves. Raises ValueError for
    days of which none lies between.
    """

    since: date | None = None
    before: date | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse a period without a day."""
        if self.since is not None and self.before is not None and self.before <= self.since:
            raise ValueError(f"no day lies between {self.since} and {self.before}")

    @classmethod
    def month(cls, word: str) -> Period:
        """Return the days of a month, `2026-05`; raises ValueError for other words."""
        match = _MONTH.fullmatch(word)
        if match is None:
            raise ValueError(f"'{word}' is no month")
        year, month = int(match[1]), int(match[2])
        return cls(date(year, month, 1), date(year + month // 12, month % 12 + 1, 1))

    @property
    def is_bounded(self) -> bool:
        """Whether any day is left out."""
        return self.since is not None or self.before is not None

    def holds(self, day: date) -> bool:
        """Whether a day is one of them."""
        return (self.since is None or day >= self.since) and (self.before is None or day < self.before)

    def bounds(self, zone: str) -> tuple[Instant, Instant]:
        """Return the instants at which the days begin and end in a zone, the end excluded."""
        begin = _EVER[0] if self.since is None else start_of_day(self.since, zone)
        return begin, _EVER[1] if self.before is None else start_of_day(self.before, zone)


_EVER = (-(2**62), 2**62)
ALWAYS = Period()
"""Every day."""


class OpenCases(NamedTuple):
    """Cases that may cost more yet (`may_cost`): how many, and what their orders were paid, by currency."""

    cases: int
    at_stake: Mapping[str, int]


def cases_of(docket: Docket, policies: Policies, period: Period) -> frozenset[str]:
    """Return the cases of a docket that were opened in a period, by their names."""
    return frozenset(case.id for case in _opened(docket, policies, period))


def lines_of(lines: Iterable[CostLine], cases: frozenset[str]) -> list[CostLine]:
    """Return the lines of some cases."""
    return [line for line in lines if line.case in cases]


def open_cases(docket: Docket, policies: Policies, period: Period) -> OpenCases:
    """Return the cases that were opened in a period and may cost more yet; each order is at stake once."""
    standing = [
        case
        for case in _opened(docket, policies, period)
        if may_cost(policies[case.marketplace], case.kind, case.state)
    ]
    at_stake: dict[str, int] = {}
    for name in dict.fromkeys(case.order for case in standing):
        order = docket.dossiers[name].order
        at_stake[order.currency] = at_stake.get(order.currency, 0) + order.price
    return OpenCases(len(standing), dict(sorted(at_stake.items())))


def may_cost(policy: Policy, kind: str, state: str) -> bool:
    """Whether a fact that a line of costs books can still happen to a case of a kind in a state, now or later.

    A question that was answered has come to no end, and costs nothing more.
    """
    return bool(_to_come(policy.workflow, kind, state) & (CHARGES.keys() | policy.costs.by_fact.keys()))


@lru_cache(maxsize=1024)
def _to_come(workflow: Workflow, kind: str, state: str) -> frozenset[str]:
    """Return the facts that can still happen to a case, in this state and in those that follow."""
    facts, seen, left = set[str](), {state}, [state]
    if workflow.state(kind, state).final:
        return frozenset()
    while left:
        now = left.pop()
        for fact in workflow.allowed(kind, now):
            facts.add(fact)
            after = {move.to for move in workflow.moves(kind, now, fact)} - seen
            seen |= after
            left += after
    return frozenset(facts)


def _opened(docket: Docket, policies: Policies, period: Period) -> Iterator[Case]:
    for case in docket.cases.values():
        if not period.is_bounded or period.holds(
            local_date(case.opened_at, policies[case.marketplace].marketplace.zone)
        ):
            yield case
