"""Books: what the sales and the cases of a run came to, booked from the run's own steps.

What a case costs belongs to the day on which it was opened, what an order brings to the day on which it was bought;
both are measured by the marketplace's own days. The lines are those of `aftersale.costs`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from aftersale.clocks import Instant
from aftersale.costs.account import CANCELLED_BY, SALE, Sums
from aftersale.costs.at_once.booked import Sums as SumsOfLines
from aftersale.costs.at_once.paths import MovementColumns, OrderPaths, SoldOrders, first_places, kept_paths
from aftersale.costs.charges import price_of_work, task_done
from aftersale.costs.period import may_cost
from aftersale.engine.docket import Docket
from aftersale.engine.dossiers import UNKEPT
from aftersale.engine.moves import Moved, MoveLog, Movement, WorkLog
from aftersale.order_columns import Orders
from aftersale.orders import Order
from aftersale.policies.cost_kinds import default_cost_kinds
from aftersale.policies.policy import Policy
from aftersale.worth.parameters import Parameters
from aftersale.worth.sales import Sales, Sold, sales
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
    names = [name for run in runs for name in run.orders.marketplaces]
    policies = {name: docket.policy(name) for name in names}
    spans = {name: _span(resolved, policy, until) for name, policy in policies.items()}
    replayed = list(_replayed(log, policies, spans))
    paths = kept_paths(log, names, replayed, _sold(log, planned), _counting(log, spans))
    cases = _cases_of(resolved, policies, spans, paths)
    for order in _cancelled(log, replayed):
        cases[order.marketplace].cancelled.append(order)
    _count_work(log.work, cases, log.late)
    return {
        name: _book(cases[name], policies[name], run.orders, plan.orders, resolved)
        for run, plan in zip(runs, planned, strict=True)
        for name in run.orders.marketplaces
    }


def _sold(log: MoveLog, planned: Sequence[MarketplaceRun]) -> SoldOrders | None:
    """Return the orders of a log as columns, from those of all orders with first steps; None where one is not known."""
    numbers = log.numbers
    if numbers is None:
        known = {id(order): number for number, order in enumerate(chain(*(run.steps.orders for run in planned)))}
        found = [known.get(id(order), -1) for order in log.orders]
        if -1 in found:
            return None
        numbers = np.array(found, np.int64)
    return SoldOrders.joined([run.sold for run in planned]).chosen(numbers)


def _counting(log: MoveLog, spans: Mapping[str, Span]) -> NDArray[np.bool_]:
    """Return which of the orders of a log have a case that was opened on the measured days."""
    first = first_places(log.cases)
    first = first[first >= 0]
    opened, rows = np.asarray(log.at, np.int64)[first], np.asarray(log.rows, np.int64)[first]
    bounds = np.array([spans[name][:2] if name in spans else (0, 0) for name in log.marketplaces], np.int64)
    since, before = bounds.reshape(-1, 2).T[:, np.asarray(log.places, np.int64)[rows]]
    counting = np.zeros(len(log.orders), bool)
    counting[rows[(since <= opened) & (opened < before)]] = True
    return counting


def _cancelled(log: MoveLog, replayed: Sequence[tuple[Order, Sequence[Moved]]]) -> Iterator[Order]:
    """Yield the orders that a case says were cancelled, whenever that was opened."""
    late = {dossier.row for dossier in log.late.values()}
    kinds = MovementColumns.of(log.movements)
    says = kinds.kind[np.asarray(log.steps, np.int64)] == kinds.kinds.get(CANCELLED_BY, -1)
    for row in np.unique(np.asarray(log.rows, np.int64)[says]).tolist():
        if row not in late:
            yield log.orders[row]
    for order, moves in replayed:
        if any(move.fact.kind == CANCELLED_BY for move in moves):
            yield order


def _replayed(
    log: MoveLog, policies: Mapping[str, Policy], spans: Mapping[str, Span]
) -> Iterator[tuple[Order, list[Moved]]]:
    """Yield orders of which no step was kept, or not as they are known now, with what their steps did.

    Where nothing happened on the measured days or after, all cases are older, and so is the purchase.
    """
    first = min((span.since for span in spans.values()), default=0)
    early = [each for each in log.early if each.last >= first and each.replay is None]
    for dossier in (*early, *log.late.values()):
        name = dossier.order.marketplace
        since, before, until = spans[name]
        if dossier.last >= since and (
            dossier.row != UNKEPT or any(since <= case.opened_at < before for case in dossier.cases.values())
        ):
            yield dossier.order, dossier.moves(policies[name], until)


def _count_work(log: WorkLog, cases: Mapping[str, _Cases], late: Collection[str]) -> None:
    """Count the work on cases of which nothing else is kept, but of `late` orders, whose replay is counted."""
    if not len(log.work):
        return
    work, opened = np.array(log.work, np.int64), np.array(log.opened, np.int64)
    spans = [cases[each[0]].span for each in log.numbers]
    since, before = (np.array([span[end] for span in spans], np.int64)[work] for end in (0, 1))
    counts = (since <= opened) & (opened < before)
    if late:
        counts &= [order not in late for order in log.orders]
    done = np.bincount(work[counts], minlength=len(spans))
    for each, count in zip(log.numbers, done.tolist(), strict=True):
        if count:
            cases[each[0]].facts_at_work[each[1:]] += count


def _span(resolved: ResolvedScenario, policy: Policy, until: Instant) -> Span:
    bounds = resolved.horizon.local_days(policy.marketplace.zone).bounds
    return Span(int(bounds[resolved.horizon.warm_up]), int(bounds[-1]), until)


def _book(cases: _Cases, policy: Policy, orders: Orders, planned: Orders, resolved: ResolvedScenario) -> Book:
    span, currency, numbers, known = cases.span, policy.marketplace.currency, resolved.numbers, resolved.known

    def brought(some: Orders, gone: NDArray[np.bool_] | None = None, by: Parameters = numbers) -> Sales:
        return sales(some, policy, by, gone, span.until, known.fees)

    lost, (first, end) = dict[tuple[str, str], int](), _measured(planned, span)
    count, missed = end - first, 0
    if orders is planned:
        all_ = known.sales_of(
            str(policy.marketplace.name),
            planned,
            span.until,
            numbers,
            lambda by: brought(planned.between(first, end), by=by),
        )
        gone = cases.gone(planned) - first
        sold = all_.sums.without(all_.sums_of(gone[(gone >= 0) & (gone < count)]))
    else:
        would, bought = planned.between(first, end), orders.between(*_measured(orders, span))
        cancelled, missed = np.zeros(len(bought), bool), len(would) - len(bought)
        cancelled[cases.gone(bought)] = True
        sold = brought(bought, cancelled).sums
        if missed > 0:
            # Those that were bought bring the same in both, were they cancelled later or not.
            placed, whole = (_sale(brought(each).sums, currency) for each in (bought, would))
            lost = {key: amount - placed[key] for key, amount in whole.items()}
    return Book(
        currency=currency,
        orders=sold.placed,
        sale=_sale(sold, currency),
        lines={**cases.lines(), **cases.labour()},
        groups={**_GROUPS, **policy.costs.groups},
        rests=_rests(cases.rests(), sold, currency),
        work=cases.work,
        standing=cases.standing,
        at_stake=cases.at_stake,
        missed_orders=missed,
        missed=lost,
    )


def _measured(orders: Orders, span: Span) -> tuple[int, int]:
    """Return which rows were bought on the measured days: the first, and the end."""
    first, end = np.searchsorted(orders.purchased_at, span[:2]).tolist()
    return first, end


def _sale(sold: Sold, currency: str) -> dict[tuple[str, str], int]:
    """Return what orders bring by the names of SALE and the currency."""
    return {(name, currency): getattr(sold, name) for name in SALE}


def _rests(of_cases: Sums, sold: Sold, currency: str) -> dict[tuple[str, str], int]:
    """Return what of the contribution rests on each number: of the cases, and of what orders bring."""
    spent = {
        "landed_cost_share": sold.assumed_goods,
        "outbound_cost_share": sold.outbound_cost,
        "fulfilment_fee_share": sold.parcels,
        "referral_fee_share": sold.assumed_fees,
    }
    rests = Counter(of_cases)
    for name, amount in spent.items():
        rests[name, currency] -= amount
    return dict(rests)


def _cases_of(
    resolved: ResolvedScenario, policies: Mapping[str, Policy], spans: Mapping[str, Span], paths: OrderPaths
) -> dict[str, _Cases]:
    """Return what the cases of some orders come to, by marketplace."""
    columns, cases = MovementColumns.of(paths.movements), paths.cases
    opened, where = paths.at[cases.first], paths.marketplace[cases.order]
    since, before = (np.array([span[end] for span in spans.values()], np.int64)[where] for end in (0, 1))
    counts = (since <= opened) & (opened < before)
    counting, orders = np.zeros(len(paths) * paths.most, bool), np.zeros(len(paths), bool)
    counting[cases.number[counts]] = orders[cases.order[counts]] = True
    rows, others = np.flatnonzero(orders), np.flatnonzero(~counts & orders[cases.order])
    left_out: dict[int, set[str]] = {}
    for row, first in zip(cases.order[others].tolist(), cases.first[others].tolist(), strict=True):
        left_out.setdefault(int(np.searchsorted(rows, row)), set()).add(paths.facts[first].case)
    booked = resolved.classes.booked(policies, resolved.numbers, paths.chosen(rows)).sums(left_out)
    known = {name: _Cases(policy, resolved, spans[name], booked[name]) for name, policy in policies.items()}
    worked, first, last = counting[paths.case], cases.first[counts], cases.last[counts]
    for number, each in enumerate(known.values()):
        steps = slice(*paths.step_bounds[number : number + 2])
        each.count_work(paths.movements.known, paths.steps[steps][worked[steps]])
        own = where[counts] == number
        each.count_standing(paths, columns, first[own], last[own])
    return known


class _Cases:
    """The costs of the cases of one marketplace that were opened on the measured days.

    Most orders move no money: of these only the work is counted, which costs the same for each task of a kind.
    `cancelled` are the orders that a case says were cancelled, whenever that was opened.
    """

    def __init__(self, policy: Policy, resolved: ResolvedScenario, span: Span, booked: SumsOfLines) -> None:
        """Begin with what was booked of the cases, with nothing counted."""
        self.span = span
        self.facts_at_work: Counter[tuple[str, str, bool]] = Counter()
        self.standing = self.at_stake = 0
        self.cancelled: list[Order] = []
        self._policy, self._numbers, self._known = policy, resolved.numbers, resolved.known
        # In an order that says nothing of which classes were met by other runs.
        self._booked: SumsOfLines = dict(sorted(booked.items()))

    def count_work(self, known: Sequence[Movement], steps: NDArray[np.int64]) -> None:
        """Count the facts of some steps that came while a task stood: its kind, theirs, and what they changed."""
        counts = np.bincount(steps)
        for number in np.flatnonzero(counts).tolist():
            movement, count = known[number], int(counts[number])
            if movement.task and not movement.by_deadline:
                self.facts_at_work[movement.task, movement.kind, movement.state != movement.before] += count

    def count_standing(
        self, paths: OrderPaths, columns: MovementColumns, first: NDArray[np.intp], last: NDArray[np.intp]
    ) -> None:
        """Count cases that may cost more yet, of some by their first and last steps; each order is at stake once."""
        kinds, states = list(columns.kinds), list(columns.states)
        ends = columns.kind[paths.steps[first]] * len(states) + columns.state[paths.steps[last]]
        stands = np.zeros(len(kinds) * len(states), bool)
        for each in np.flatnonzero(np.bincount(ends)).tolist():
            opening, state = divmod(each, len(states))
            stands[each] = self._stands(kinds[opening], states[state])
        orders = paths.order[first[stands[ends]]]
        self.standing = len(orders)
        at_stake = np.zeros(len(paths), bool)
        at_stake[orders] = True
        self.at_stake = int(paths.sold.price[at_stake].sum())

    def _stands(self, opening: str, state: str) -> bool:
        """Whether a case in a state may cost more yet, by the kind of fact that opened it."""
        key = self._policy.marketplace.name, opening, state
        stands = self._known.stands.get(key)
        if stands is None:
            kind = self._policy.workflow.opened_by(opening)
            stands = self._known.stands[key] = kind is not None and may_cost(self._policy, kind, state)
        return stands

    @property
    def work(self) -> dict[str, int]:
        """The done tasks of each kind: those that one of the facts did that came while they stood."""
        work: Counter[str] = Counter()
        for (task, fact, changed), count in self.facts_at_work.items():
            if task_done(task, fact, changed, self._numbers):
                work[task] += count
        return dict(work)

    def gone(self, orders: Orders) -> NDArray[np.intp]:
        """Return the rows of some orders that were cancelled."""
        rows = (orders.row(order.id, order.purchased_at) for order in self.cancelled)
        return np.array([row for row in rows if row is not None], np.intp)

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
