"""Sales: what orders bring before anything goes wrong: revenue, the marketplace's fees, the goods, and the parcel out.

All orders are worked out at once, by classes of orders that the fee rows do not tell apart: in each the fee is a
straight line in the price. A single order's fees are those of `fees.Fees`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from math import lcm

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from aftersale.base.money import decimals
from aftersale.channels import FULFILLED_BY_MARKETPLACE
from aftersale.clocks import Instant
from aftersale.order_columns import Orders
from aftersale.orders import CANCELLED, NEVER, WAITING
from aftersale.policies.policy import Policy, Terms
from aftersale.rules import Condition
from aftersale.worth.fees import Fees, ReferralTerms
from aftersale.worth.goods import goes_by_share, landed_costs, vat
from aftersale.worth.parameters import Parameters

Amounts = NDArray[np.int64]
_MOST = int(np.iinfo(np.int64).max)
Rows = NDArray[np.bool_]
_FEES = ("referral_fee", "referral_fee_above", "referral_fee_minimum", "closing_fee", "digital_services_fee")
_ESTABLISHED = "seller_established_in"
_BY_CLASS = frozenset({"channel", "category", "cross_border", "currency", "price_above", "price_up_to", "situation"})
"""What a fee row may ask of an order without telling orders of one class apart."""


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


def sales(
    orders: Orders,
    policy: Policy,
    parameters: Parameters,
    cancelled: Rows | None = None,
    until: Instant | None = None,
) -> Sales:
    """Return what the orders of one marketplace bring; `cancelled` marks those of which cases say that they were.

    With `until` those that were cancelled later still count.

    Raises MoneyError for a rule whose currency is not the orders'.
    """
    gone = (orders.outcome == CANCELLED) | (orders.cancelled_at != NEVER)
    if until is not None:
        gone &= orders.cancelled_at <= until  # of unknown time is before all instants
    placed = ~gone if cancelled is None else ~(gone | cancelled)
    shipped = placed & (orders.outcome != WAITING)
    marketplace = policy.marketplace.name
    by_marketplace = np.array([channel in FULFILLED_BY_MARKETPLACE for channel in orders.channels], bool)[
        orders.channel
    ]
    referral, other, assumed = _fees(orders, policy, parameters)
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


def _share_of(orders: Orders, rows: Rows, parameters: Parameters, name: str) -> Amounts:
    """Return the share of the price of some orders that a parameter sets, which nothing reads where there are none."""
    amounts = np.zeros(len(orders), np.int64)
    if rows.any():
        amounts[rows] = shares(orders.price[rows], parameters.value(name))
    return amounts


def shares(amounts: Amounts, share: Decimal) -> Amounts:
    """Return the share of each amount, which is not below zero, in whole minor units, halves rounded up."""
    return _rounded(amounts, Fraction(0), Fraction(share))


def without_vat(amounts: Amounts, parameters: Parameters, marketplace: str) -> Amounts:
    """Return prices of a marketplace without the VAT that is in them; nothing is taken out where none is declared."""
    return _rounded(amounts, Fraction(0), 1 / (1 + Fraction(vat(parameters, marketplace))))


def _rounded(amounts: Amounts, base: Fraction, factor: Fraction) -> Amounts:
    """Return `base` and the `factor` of each amount, halves rounded up."""
    numerators, whole = _line(amounts, base, factor)
    rounded: Amounts = ((2 * numerators + whole) // (2 * whole)).astype(np.int64)
    return rounded


def _line(amounts: Amounts, base: Fraction, factor: Fraction) -> tuple[Amounts, int]:
    """Return `base` and the `factor` of each amount as numerators over one denominator.

    They are Python's own whole numbers where twice as much would not fit into those of a column.
    """
    whole = lcm(base.denominator, factor.denominator)
    first, times = int(base * whole), int(factor * whole)
    largest = abs(first) + int(amounts.max(initial=0)) * abs(times)
    fits = 2 * largest + whole <= _MOST
    return first + (amounts if fits else amounts.astype(object)) * times, whole


def _fees(orders: Orders, policy: Policy, parameters: Parameters) -> tuple[Amounts, Amounts, Rows]:
    """Return the referral fee of each order, its other fees, and where the referral fee is the assumed share."""
    referral, other = np.zeros(len(orders), np.int64), np.zeros(len(orders), np.int64)
    assumed = np.zeros(len(orders), bool)
    for terms, rows in _classes(orders, policy):
        first = orders.order(int(rows[0]))
        where = terms.handbook.rule(_ESTABLISHED, first)
        fees = Fees(terms.rulebook, first, parameters, "" if where is None else where.word or "")
        prices = orders.price[rows]
        amounts, by_share = _referral(fees.referral_terms(first.price), prices)
        referral[rows], assumed[rows] = amounts, by_share
        closing = fees.closing()
        fixed = 0 if closing is None else closing.amount
        services = terms.rulebook.rule("digital_services_fee", first, _about(fees))
        other[rows] = fixed
        if services is not None and services.share is not None:
            other[rows] += shares(amounts + fixed, services.share)
    return referral, other, assumed


def _about(fees: Fees) -> dict[str, str]:
    return {"situation": fees.established} if fees.established else {}


def _referral(terms: ReferralTerms, prices: Amounts) -> tuple[Amounts, bool]:
    """Return the referral fees of these prices, and whether they are the assumed share of them."""
    share, above = Fraction(terms.share), Fraction(terms.above)
    base, factor = Fraction(0), share
    if terms.step is not None:
        base, factor = -Fraction(terms.step) * (above - share), above
    amounts = _rounded(prices, base, factor)
    if terms.floor:
        numerators, whole = _line(prices, base, factor)
        least = terms.floor[0]
        amounts = np.where((numerators > 0) & (numerators < least * whole), least, amounts)
    return amounts, terms.basis == ("referral_fee_share",)


def _classes(orders: Orders, policy: Policy) -> Iterator[tuple[Terms, NDArray[np.int64]]]:
    """Yield the rows of orders whose fees go by the same rows of rules, with the terms of the days they were bought."""
    kinds = (orders.channel.astype(np.int64) * len(orders.categories) + orders.category) * 2 + orders.cross_border
    for terms, bought in _terms_of(policy, orders.purchased_at):
        conditions = [rule.when for name in _FEES for rule in terms.rulebook.rules(name)]
        asked = {word for when in conditions for word in when.asks}
        if asked - _BY_CLASS:  # each order by itself: rows that go by buyers or days of purchase are rare
            yield from ((terms, rows) for rows in np.array_split(bought, len(bought)))
            continue
        unit, of_kind = decimals(policy.marketplace.currency), kinds[bought]
        for kind in np.flatnonzero(np.bincount(of_kind)).tolist():
            rows = bought[of_kind == kind]
            category = orders.categories[int(orders.category[rows[0]])]
            points = _steps([when for when in conditions if when.category is None or category in when.category], unit)
            classes = np.searchsorted(points, orders.price[rows])
            yield from ((terms, rows[classes == each]) for each in np.flatnonzero(np.bincount(classes)).tolist())


def _terms_of(policy: Policy, instants: NDArray[np.int64]) -> Iterator[tuple[Terms, NDArray[np.int64]]]:
    """Yield the terms that bind at some instants, each with the places of those at which it does."""
    changes = np.searchsorted(np.array(policy.changes, np.int64), instants, side="right")
    for number in np.unique(changes).tolist():
        yield policy.terms_after(number), np.flatnonzero(changes == number)


def _steps(conditions: Sequence[Condition], unit: int) -> Amounts:
    """Return the prices of conditions in minor units, from the lowest up: between two of them the same rows hold."""
    prices = {price for when in conditions for price in (when.price_above, when.price_up_to) if price is not None}
    return np.array(sorted(int(price.scaleb(unit)) for price in prices), np.int64)
