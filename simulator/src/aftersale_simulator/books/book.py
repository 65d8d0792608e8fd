"""Books: what the sales and the cases of a run came to, booked from the run's own steps.

What a case costs belongs to the day on which it was opened, what an order brings to the day on which it was bought;
both are measured by the marketplace's own days. The lines are those of `aftersale.costs`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from itertools import chain
from typing import NamedTuple

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from aftersale.cases.facts import Fact
from aftersale.clocks import Instant
from aftersale.costs.account import CANCELLED_BY, SALE, Sums
from aftersale.costs.at_once.booked import Sums as SumsOfLines
from aftersale.costs.at_once.paths import Did, OrderPaths, PathClass
from aftersale.costs.charges import price_of_work, task_done
from aftersale.costs.period import may_cost
from aftersale.engine.docket import Docket
from aftersale.engine.dossiers import Dossier
from aftersale.engine.moves import Taken, Worked
from aftersale.order_columns import Orders
from aftersale.orders import Order
from aftersale.policies.cost_kinds import default_cost_kinds
from aftersale.policies.policy import Policy
from aftersale.worth.parameters import Parameters
from aftersale.worth.sales import Sales, sales
from aftersale_simulator.resolved.scenario import ResolvedScenario
from aftersale_simulator.world.marketplace_run import MarketplaceRun

WORKED = "labour_worked"
_GROUPS: dict[str, str] = {kind.name: kind.group for kind in default_cost_kinds().values()}


class Span(NamedTuple):
    """The measured days of one marketplace as instants, the end excluded, and when the run ended."""

    since: Instant
    before: Instant
    until: Instant


@frozen(eq=False)
class Book:
    """What was booked on one marketplace on the measured days, in minor units.

    `orders` counts those that were bought and not cancelled, `sale` has what they bring by the names of SALE, `lines`
    are what cases cost, both by currency too. `rests` says by parameter and currency how much of the contribution
    rests on it. `work` counts the done tasks of each kind. `standing` cases of these are still open, on orders that
    were paid `at_stake`. `missed_orders` were never placed, and would have brought `missed`.
    """

    currency: str
    orders: int
    sale: Sums
    lines: Sums
    groups: Mapping[str, str]
    rests: Sums
    work: Mapping[str, int]
    standing: int
    at_stake: int
    missed_orders: int = 0
    missed: Sums = field(factory=dict)

    @property
    def currencies(self) -> set[str]:
        """The currencies in which anything is booked."""
        return {self.currency, *(currency for _, currency in (*self.sale, *self.lines))}

    @property
    def moved(self) -> frozenset[str]:
        """The currencies of amounts that are not 0, of what was missed and is at stake among them."""
        sums = chain(self.sale.items(), self.lines.items(), self.missed.items())
        at_stake = {self.currency} if self.at_stake else set()
        return frozenset(at_stake | {currency for (_, currency), amount in sums if amount})


def books_of(
    resolved: ResolvedScenario,
    docket: Docket,
    runs: Sequence[MarketplaceRun],
    planned: Sequence[MarketplaceRun],
    until: Instant,
) -> dict[str, Book]:
    """Return the books of a run by marketplace; its docket kept what steps did up to `until`.

    `runs` have the orders that were placed, `planned` those that would have been, had nothing been closed.
    """
    log = docket.moves
    assert log is not None
    assert log.movements is resolved.classes.movements
    cases = {
        name: _Cases(docket.policy(name), resolved, _span(resolved, docket.policy(name), until))
        for run in runs
        for name in run.orders.marketplaces
    }
    for name, each in cases.items():
        each.take(log.kept.get(name, ()))
    for dossier in (*(each for each in log.early if each.replay is None), *log.late.values()):
        cases[dossier.order.marketplace].replay(dossier)
    _count_work(log.work, cases, log.late)
    for each in cases.values():
        each.book()
    return {
        name: _book(cases[name], docket.policy(name), run.orders, plan.orders, resolved.numbers)
        for run, plan in zip(runs, planned, strict=True)
        for name in run.orders.marketplaces
    }


def _count_work(work: Iterable[Worked], cases: Mapping[str, _Cases], late: Collection[str]) -> None:
    """Count the work on cases of which nothing else is kept, but of `late` orders, whose replay is counted."""
    spans = {name: (each.span.since, each.span.before) for name, each in cases.items()}
    for place, order, task, fact, changed, opened_at in work:
        since, before = spans[place]
        if since <= opened_at < before and order not in late:
            cases[place].facts_at_work[task, fact, changed] += 1


def _span(resolved: ResolvedScenario, policy: Policy, until: Instant) -> Span:
    bounds = resolved.horizon.local_days(policy.marketplace.zone).bounds
    return Span(int(bounds[resolved.horizon.warm_up]), int(bounds[-1]), until)


def _book(cases: _Cases, policy: Policy, orders: Orders, planned: Orders, numbers: Parameters) -> Book:
    span, currency = cases.span, policy.marketplace.currency
    bought, would = _measured(orders, span), _measured(planned, span)
    sold = sales(bought, policy, numbers, cases.cancelled(bought), span.until)
    sale, lost = _sums(sold, currency), dict[tuple[str, str], int]()
    if len(would) > len(bought):
        # Those that were bought bring the same in both, were they cancelled later or not.
        placed, all_ = (_sums(sales(each, policy, numbers, until=span.until), currency) for each in (bought, would))
        lost = {key: amount - placed[key] for key, amount in all_.items()}
    return Book(
        currency=currency,
        orders=int(sold.placed.sum()),
        sale=sale,
        lines={**cases.lines(), **cases.labour()},
        groups={**_GROUPS, **policy.costs.groups},
        rests=_rests(cases.rests(), sold, currency),
        work=cases.work,
        standing=cases.standing,
        at_stake=cases.at_stake,
        missed_orders=len(would) - len(bought),
        missed=lost,
    )


def _measured(orders: Orders, span: Span) -> Orders:
    first, end = np.searchsorted(orders.purchased_at, span[:2]).tolist()
    return orders.between(first, end)


def _sums(sold: Sales, currency: str) -> dict[tuple[str, str], int]:
    return {(name, currency): int(sold.of(name).sum()) for name in SALE}


def _rests(of_cases: Sums, sold: Sales, currency: str) -> dict[tuple[str, str], int]:
    """Return what of the contribution rests on each number: of the cases, and of what orders bring."""
    spent = {
        "landed_cost_share": sold.assumed_goods,
        "outbound_cost_share": sold.outbound_cost,
        "fulfilment_fee_share": sold.parcels,
        "referral_fee_share": sold.assumed_fees,
    }
    rests = Counter(of_cases)
    for name, amounts in spent.items():
        rests[name, currency] -= int(amounts.sum())
    return dict(rests)


def _counted(of_path: PathClass, facts: Iterable[Fact], left_out: Collection[str]) -> Did:
    """Return what an order did whose cases do not all count, but that it was cancelled, whichever case says so."""
    steps = zip(of_path.slots, of_path.movements, strict=True)
    did = Did.of(step for step, fact in zip(steps, facts, strict=True) if fact.case not in left_out)
    return did._replace(kinds=of_path.did.kinds)


class _Cases:
    """The costs of the cases of one marketplace that were opened on the measured days.

    Most orders move no money: of these only the work is counted, which costs the same for each task of a kind.
    """

    def __init__(self, policy: Policy, resolved: ResolvedScenario, span: Span) -> None:
        self.span = span
        self.facts_at_work: Counter[tuple[str, str, bool]] = Counter()
        self.standing = self.at_stake = 0
        self._policy, self._numbers, self._classes = policy, resolved.numbers, resolved.classes
        self._paths = OrderPaths()
        self._left_out: dict[int, set[str]] = {}
        self._cancelled: list[Order] = []
        self._booked: SumsOfLines = {}
        self._may_cost: dict[tuple[str, str], bool] = {}

    def take(self, dossiers: Iterable[Dossier]) -> None:
        """Take in orders with one step or more, but of those that are older, and of those whose steps are replayed."""
        since, before, _ = self.span
        cancelling = self._cancelling()
        for dossier in dossiers:
            taken = dossier.taken
            if dossier.last < since or dossier.replay is not None or taken is None:
                continue
            if len(dossier.cases) > 1:
                self._add(dossier, taken, cancelling)
            elif since <= taken.facts[0].occurred_at < before:
                self._paths.add(dossier.order, taken, 1)
            elif not cancelling.isdisjoint(taken.steps):
                self._cancelled.append(dossier.order)

    def replay(self, dossier: Dossier) -> None:
        """Take in an order of which no step was kept, or not as it is known now."""
        since, before, _ = self.span
        if dossier.last < since:  # its cases are older, and so is its purchase
            return
        if dossier.taken is not None or any(since <= case.opened_at < before for case in dossier.cases.values()):
            taken = self._classes.movements.taken(dossier.moves(self._policy, self.span.until))
            if taken.steps:
                self._add(dossier, taken, self._cancelling())

    def _cancelling(self) -> set[int]:
        """Return the movements by which an order is cancelled."""
        known = self._classes.movements.known
        return {number for number, movement in enumerate(known) if movement.kind == CANCELLED_BY}

    def _add(self, dossier: Dossier, taken: Taken, cancelling: Set[int]) -> None:
        """Take in an order of which the cases count that were opened on the measured days."""
        since, before, _ = self.span
        cases = {name: dossier.cases[name] for name in {fact.case for fact in taken.facts}}
        others = {name for name, case in cases.items() if not since <= case.opened_at < before}
        if len(others) < len(cases):
            if others:
                self._left_out[len(self._paths)] = others
            self._paths.add(dossier.order, taken, len(cases))
        elif not cancelling.isdisjoint(taken.steps):
            self._cancelled.append(dossier.order)

    def book(self) -> None:
        """Book what was taken in."""
        booked, paths = self._classes.booked(self._policy, self._numbers, self._paths), self._paths
        rows, classes = np.argsort(booked.which, kind="stable"), booked.classes
        counts = np.bincount(booked.which, minlength=len(classes))
        for of_path, some in zip(classes, np.split(rows, np.cumsum(counts)[:-1]), strict=True) if classes else ():
            whole = [row for row in some.tolist() if row not in self._left_out]
            self._count(of_path.did, whole)
            for row in some.tolist() if len(whole) < len(some) else ():
                if row in self._left_out:
                    self._count(_counted(of_path, paths.taken[row].facts, self._left_out[row]), [row])
        # In an order that says nothing of which classes were met by other runs.
        self._booked = dict(sorted(booked.sums(self._left_out).items()))

    def _count(self, did: Did, rows: Sequence[int]) -> None:
        """Count what some orders did, each of them the same."""
        for at_work, count in did.work.items():
            self.facts_at_work[at_work] += count * len(rows)
        standing = sum(map(self._stands, did.ends))
        if standing:
            self.standing += standing * len(rows)
            self.at_stake += sum(self._paths.orders[row].price for row in rows)
        if CANCELLED_BY in did.kinds:
            self._cancelled += [self._paths.orders[row] for row in rows]

    def _stands(self, end: tuple[str, str]) -> bool:
        """Whether a case may cost more yet, by the fact that opened it, and its state."""
        known = self._may_cost.get(end)
        if known is None:
            opening, state = end
            kind = self._policy.workflow.opened_by(opening)
            known = self._may_cost[end] = kind is not None and may_cost(self._policy, kind, state)
        return known

    @property
    def work(self) -> dict[str, int]:
        """The done tasks of each kind: those that one of the facts did that came while they stood."""
        work: Counter[str] = Counter()
        for (task, fact, changed), count in self.facts_at_work.items():
            if task_done(task, fact, changed, self._numbers):
                work[task] += count
        return dict(work)

    def cancelled(self, orders: Orders) -> NDArray[np.bool_]:
        """Return which of some orders were cancelled by a case, whenever that was opened."""
        gone = np.zeros(len(orders), bool)
        for order in self._cancelled:
            row = orders.row(order.id, order.purchased_at)
            if row is not None:
                gone[row] = True
        return gone

    def lines(self) -> dict[tuple[str, str], int]:
        """Return the sums of the lines by currency, without the work."""
        sums: Counter[tuple[str, str]] = Counter()
        for (line, currency, _), amount in self._booked.items():
            sums[line, currency] += amount
        return dict(sums)

    def labour(self) -> dict[tuple[str, str], int]:
        """Return what the done tasks cost, each rounded to the smallest unit as one of a live journal is."""
        sums: Counter[tuple[str, str]] = Counter()
        for task, count in self.work.items():
            price = price_of_work(task, self._numbers)
            if price is not None:
                sums[WORKED, price[1]] += count * price[0]
        return dict(sums)

    def rests(self) -> dict[tuple[str, str], int]:
        """Return by parameter and currency what of the contribution rests on it."""
        rests: Counter[tuple[str, str]] = Counter()
        for (_, currency, basis), amount in self._booked.items():
            for name in basis:
                if name in self._numbers.by_name:
                    rests[name, currency] -= amount
        return dict(rests)
