"""Sales: what orders bring before anything goes wrong: revenue, the marketplace's fees, the goods, and the parcel out.

All orders are worked out at once, by classes of orders that the fee rows do not tell apart: in each the fee is a
straight line in the price. A single order's fees are those of `fees.Fees`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import cached_property, partial
from itertools import pairwise
from math import lcm
from operator import sub
from typing import Any, NamedTuple

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from aftersale.base.money import decimals
from aftersale.channels import FULFILLED_BY_MARKETPLACE
from aftersale.clocks import Instant
from aftersale.order_columns import Orders
from aftersale.orders import CANCELLED, NEVER, WAITING, Order
from aftersale.policies.policy import Policy, Terms
from aftersale.rules import Condition
from aftersale.worth.fees import Fees
from aftersale.worth.goods import goes_by_share, landed_costs, vat
from aftersale.worth.parameters import Parameters

Amounts = NDArray[np.int64]
_MOST = int(np.iinfo(np.int64).max)
Rows = NDArray[np.bool_]
_FEES = ("referral_fee", "referral_fee_above", "referral_fee_minimum", "closing_fee", "digital_services_fee")
_ESTABLISHED = "seller_established_in"
_BY_CLASS = frozenset({"channel", "category", "cross_border", "currency", "price_above", "price_up_to", "situation"})
"""What a fee row may ask of an order without telling orders of one class apart."""


class Sold(NamedTuple):
    """What many orders bring, by the names of Sales: how many were not cancelled, and the sums of the amounts."""

    placed: int
    revenue: int
    selling_fees: int
    landed_cost: int
    outbound_cost: int
    parcels: int
    assumed_fees: int
    assumed_goods: int

    def without(self, others: Sold) -> Sold:
        """Return what is left without some of the orders."""
        return Sold(*map(sub, self, others))


@frozen(eq=False)
class Sales:
    """What each of some orders brings, in minor units of its currency; nothing of those that were cancelled.

    `revenue` is the price without VAT, `selling_fees` are the referral, closing and digital services fees, and what the
    marketplace takes for a parcel that it ships. `landed_cost` is that of what was shipped, `outbound_cost` the parcel
    where the seller ships. `parcels` and `assumed_fees` are the parts of the selling fees that rest on the parameters
    `fulfilment_fee_share` and `referral_fee_share`, `assumed_goods` is the part of the landed cost that rests on
    `landed_cost_share`. `placed` says which were not cancelled.
    """

    placed: Rows
    revenue: Amounts
    selling_fees: Amounts
    landed_cost: Amounts
    outbound_cost: Amounts
    parcels: Amounts
    assumed_fees: Amounts
    assumed_goods: Amounts

    def of(self, name: str) -> Amounts:
        """Return the amounts of one name: revenue, selling_fees, landed_cost or outbound_cost."""
        amounts: Amounts = getattr(self, name)
        return amounts

    @cached_property
    def sums(self) -> Sold:
        """What all of the orders bring."""
        return Sold(*(int(getattr(self, name).sum()) for name in Sold._fields))

    def sums_of(self, rows: NDArray[np.intp]) -> Sold:
        """Return what some of the orders bring, by their rows."""
        return Sold(*(int(getattr(self, name)[rows].sum()) for name in Sold._fields)) if len(rows) else _NOTHING


_NOTHING = Sold(*(0 for _ in Sold._fields))


def sales(
    orders: Orders,
    policy: Policy,
    parameters: Parameters,
    cancelled: Rows | None = None,
    until: Instant | None = None,
    known: FeeClasses | None = None,
) -> Sales:
    """Return what the orders of one marketplace bring; `cancelled` marks those of which cases say that they were.

    With `until` those that were cancelled later still count. `known` are classes of the same rules, handbook and
    parameters that were met before.

    Raises MoneyError for a rule whose currency is not the orders'.
    """
    gone = (orders.outcome == CANCELLED) | (orders.cancelled_at != NEVER)
    if until is not None:
        gone &= orders.cancelled_at <= until  # of unknown time is before all instants
    placed = ~gone if cancelled is None else ~(gone | cancelled)
    shipped, by_marketplace = placed & (orders.outcome != WAITING), shipped_by_marketplace(orders)
    marketplace = policy.marketplace.name
    referral, other, assumed = _fees(orders, policy, parameters, FeeClasses() if known is None else known)
    nothing = np.zeros(len(orders), np.int64)
    goods = np.where(shipped, landed_costs(orders, parameters), nothing)
    parcels = _share_of(orders, placed & by_marketplace, parameters, "fulfilment_fee_share")
    return Sales(
        placed,
        np.where(placed, without_vat(orders.price, parameters, marketplace), nothing),
        np.where(placed, referral + other, nothing) + parcels,
        goods,
        _share_of(orders, shipped & ~by_marketplace, parameters, "outbound_cost_share"),
        parcels,
        np.where(placed & assumed, referral, nothing),
        np.where(goes_by_share(orders, parameters), goods, nothing),
    )


def shipped_by_marketplace(orders: Orders) -> Rows:
    """Return which orders the marketplace ships."""
    ships = np.array([channel in FULFILLED_BY_MARKETPLACE for channel in orders.channels], bool)
    of_orders: Rows = ships[orders.channel]
    return of_orders


def _share_of(orders: Orders, rows: Rows, parameters: Parameters, name: str) -> Amounts:
    """Return the share of the price of some orders that a parameter sets, which nothing reads where there are none."""
    amounts = np.zeros(len(orders), np.int64)
    if rows.any():
        amounts[rows] = shares(orders.price[rows], parameters.value(name))
    return amounts


def shares(amounts: Amounts, share: Decimal) -> Amounts:
    """Return the share of each amount, which is not below zero, in whole minor units, halves rounded up."""
    return _rounded(amounts, Fraction(share))


def without_vat(amounts: Amounts, parameters: Parameters, marketplace: str) -> Amounts:
    """Return prices of a marketplace without the VAT that is in them; nothing is taken out where none is declared."""
    return _rounded(amounts, 1 / (1 + Fraction(vat(parameters, marketplace))))


def _rounded(amounts: Amounts, factor: Fraction) -> Amounts:
    """Return the `factor` of each amount, halves rounded up."""
    whole = factor.denominator
    fits = 2 * int(amounts.max(initial=0)) * abs(factor.numerator) + whole <= _MOST
    numerators = (amounts if fits else amounts.astype(object)) * factor.numerator
    rounded: Amounts = ((2 * numerators + whole) // (2 * whole)).astype(np.int64)
    return rounded


class _FeeTerms(NamedTuple):
    """How the fees for orders of one class follow from a price, in whole numbers.

    The referral fee is `first` and `times` the price over `whole`, and `least` where it is above 0 and below that;
    `assumed` says that it is the assumed share. `closing` is the closing fee, and the fee for digital services is
    `above` times both over `below`.
    """

    first: int
    times: int
    whole: int
    least: int
    assumed: bool
    closing: int
    above: int
    below: int

    @classmethod
    def of(cls, terms: Terms, order: Order, parameters: Parameters) -> _FeeTerms:
        """Return those of an order's class."""
        where = terms.handbook.rule(_ESTABLISHED, order)
        fees = Fees(terms.rulebook, order, parameters, "" if where is None else where.word or "")
        referral = fees.referral_terms(order.price)
        share, above = Fraction(referral.share), Fraction(referral.above)
        base, factor = Fraction(0), share
        if referral.step is not None:
            base, factor = -Fraction(referral.step) * (above - share), above
        whole = lcm(base.denominator, factor.denominator)
        closing = fees.closing()
        services = terms.rulebook.rule("digital_services_fee", order, _about(fees))
        part = Fraction(0) if services is None or services.share is None else Fraction(services.share)
        return cls(
            int(base * whole),
            int(factor * whole),
            whole,
            referral.floor[0] if referral.floor else 0,
            referral.basis == ("referral_fee_share",),
            0 if closing is None else closing.amount,
            part.numerator,
            part.denominator,
        )


def _about(fees: Fees) -> dict[str, str]:
    return {"situation": fees.established} if fees.established else {}


class FeeClasses:
    """How fees follow from the price in each class of orders that was met.

    They are of one set of rules, handbook and parameters, whichever Policy and Parameters say so: what is known of a
    class serves the orders of other runs.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._conditions: dict[tuple[str, int], list[Condition]] = {}
        self._by_class: dict[tuple[str, int], bool] = {}
        self._steps: dict[tuple[str, int, str], Amounts] = {}
        self._known: dict[tuple[object, ...], tuple[_FeeTerms, frozenset[str]]] = {}

    def conditions(self, policy: Policy, number: int) -> list[Condition]:
        """Return what the fee rows of a marketplace ask, by the number of the terms."""
        key = policy.marketplace.name, number
        if key not in self._conditions:
            book = policy.terms_after(number).rulebook
            self._conditions[key] = [rule.when for name in _FEES for rule in book.rules(name)]
        return self._conditions[key]

    def go_by_class(self, policy: Policy, number: int) -> bool:
        """Whether the fee rows of a marketplace ask nothing that tells orders of one class apart."""
        key = policy.marketplace.name, number
        if key not in self._by_class:
            asked = {word for when in self.conditions(policy, number) for word in when.asks}
            self._by_class[key] = asked <= _BY_CLASS
        return self._by_class[key]

    def steps(self, policy: Policy, number: int, category: str) -> Amounts:
        """Return the prices in minor units, from the lowest up, between which the same rows hold for a category."""
        key = policy.marketplace.name, number, category
        if key not in self._steps:
            conditions, unit = self.conditions(policy, number), decimals(policy.marketplace.currency)
            asked = [when for when in conditions if when.category is None or category in when.category]
            self._steps[key] = _steps(asked, unit)
        return self._steps[key]

    def terms(
        self, key: tuple[object, ...] | None, terms: Terms, one: Callable[[], Order], parameters: Parameters
    ) -> _FeeTerms:
        """Return the terms of a class by all that tells it apart, `one` of which is an order; of that for None."""
        if key is None:
            return _FeeTerms.of(terms, one(), parameters)
        known = self._known.get(key)
        if known is None:
            reading = parameters.watched()
            known = self._known[key] = _FeeTerms.of(terms, one(), reading), reading.reads
        parameters.note(known[1])
        return known[0]


def _fees(orders: Orders, policy: Policy, parameters: Parameters, known: FeeClasses) -> tuple[Amounts, Amounts, Rows]:
    """Return the referral fee of each order, its other fees, and where the referral fee is the assumed share."""
    if not len(orders):
        nothing = np.zeros(0, np.int64)
        return nothing, nothing, np.zeros(0, bool)
    found, codes = _fee_terms(orders, policy, parameters, known)
    columns = [_column(column) for column in zip(*found, strict=True)]
    first, times, whole, least, assumed, closing, above, below = (column[codes] for column in columns)
    highest = int(orders.price.max())
    lines = [(abs(each.first) + highest * abs(each.times), each) for each in found]
    referrals = max(2 * line + (2 + each.least) * each.whole for line, each in lines)
    services = max(
        2 * (line // each.whole + 1 + each.least + each.closing) * each.above + each.below for line, each in lines
    )
    prices = orders.price if max(referrals, services) <= _MOST else orders.price.astype(object)
    numerators = first + prices * times
    referral = (2 * numerators + whole) // (2 * whole)
    referral = np.where((numerators > 0) & (numerators < least * whole), least, referral)
    both = (referral + closing) * above
    other = closing + (2 * both + below) // (2 * below)
    return referral.astype(np.int64), other.astype(np.int64), assumed


def _column(values: Sequence[int]) -> NDArray[Any]:
    """Return whole numbers as a column, Python's own where they do not fit."""
    return np.array(values, bool if isinstance(values[0], bool) else None if max(map(abs, values)) <= _MOST else object)


def _fee_terms(
    orders: Orders, policy: Policy, parameters: Parameters, known: FeeClasses
) -> tuple[list[_FeeTerms], NDArray[np.intp]]:
    """Return the terms of the classes of some orders, and which of these each order has."""
    found: list[_FeeTerms] = []
    codes = np.zeros(len(orders), np.intp)
    kinds = (orders.channel.astype(np.int64) * len(orders.categories) + orders.category) * 2 + orders.cross_border
    currency = orders.currencies[int(orders.marketplace[0])]

    def take(key: tuple[object, ...] | None, row: Callable[[], int]) -> int:
        """Return the code of a class, of which the order of a row is."""
        found.append(known.terms(key, terms, lambda: orders.order(row()), parameters))
        return len(found) - 1

    for number, first, end in _terms_of(policy, orders.purchased_at):
        terms = policy.terms_after(number)
        if not known.go_by_class(policy, number):
            # Rows that go by buyers or days of purchase are rare.
            codes[first:end] = [take(None, partial(int, row)) for row in range(first, end)]
            continue
        of_kind = kinds[first:end]
        code_of = np.zeros(int(of_kind.max()) + 1, np.intp)
        stepped = []
        for kind in np.flatnonzero(np.bincount(of_kind)).tolist():
            channel, category = divmod(kind // 2, len(orders.categories))
            words = orders.channels[channel], orders.categories[category], bool(kind % 2)
            steps, key = known.steps(policy, number, words[1]), (policy.marketplace.name, currency, number, *words)
            if len(steps):
                stepped.append((kind, steps, key))
            else:
                code_of[kind] = take((*key, 0), partial(_row_of, np.arange(first, end), of_kind, kind))
        codes[first:end] = code_of[of_kind]
        for kind, steps, key in stepped:
            rows = first + np.flatnonzero(of_kind == kind)
            classes = np.searchsorted(steps, orders.price[rows])
            of_class = np.zeros(len(steps) + 1, np.intp)
            for each in np.flatnonzero(np.bincount(classes)).tolist():
                of_class[each] = take((*key, each), partial(_row_of, rows, classes, each))
            codes[rows] = of_class[classes]
    return found, codes


def _row_of(rows: NDArray[np.intp], classes: NDArray[np.int64], each: int) -> int:
    """Return the first of some rows that is of a class."""
    return int(rows[np.argmax(classes == each)])


def _terms_of(policy: Policy, instants: NDArray[np.int64]) -> Iterator[tuple[int, int, int]]:
    """Yield the numbers of the terms that bind at instants in order, with the first and the end of their places."""
    ends = np.searchsorted(instants, np.array(policy.changes, np.int64)).tolist()
    for number, (first, end) in enumerate(pairwise((0, *ends, len(instants)))):
        if first < end:
            yield number, first, end


def _steps(conditions: Sequence[Condition], unit: int) -> Amounts:
    """Return the prices of conditions in minor units, from the lowest up: between two of them the same rows hold."""
    prices = {price for when in conditions for price in (when.price_above, when.price_up_to) if price is not None}
    return np.array(sorted(int(price.scaleb(unit)) for price in prices), np.int64)
