"""Goods: what those of an order cost the seller, landed in the warehouse, and amounts without the VAT in them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from aftersale.base.translations import core_text as text
from aftersale.order_columns import Orders
from aftersale.orders import UNTOLD, Order
from aftersale.worth.parameters import LANDED, VAT, Parameters

_MOST_KEPT = 10_000
"""How many shares are kept: products and categories are texts of other people's."""
_MOST = int(np.iinfo(np.int64).max)


def landed_cost(order: Order, parameters: Parameters) -> tuple[int, tuple[str, ...]]:
    """Return what the goods of an order cost the seller in minor units, and what that rests on.

    It is what the order tells, else the declared share of its price without VAT, halves rounded away from zero.
    """
    if order.landed_cost is not None:
        return order.landed_cost, (text("costs.landed"),)
    above, below, basis = _kept(parameters, LANDED, order.marketplace, order.product, order.category)
    return _part(order.price, above, below), basis


def landed_costs(orders: Orders, parameters: Parameters) -> NDArray[np.int64]:
    """Return what `landed_cost` says of each order."""
    costs = np.array(orders.landed_cost, np.int64)
    rows = np.flatnonzero(costs == UNTOLD)
    if rows.size:
        costs[rows] = _estimates(orders, rows, parameters)
    return costs


def goes_by_share(orders: Orders, parameters: Parameters) -> NDArray[np.bool_]:
    """Return for which orders `landed_cost_share` itself says what the goods cost: no order, product or category."""
    rows: NDArray[np.bool_] = np.array(orders.landed_cost, np.int64) == UNTOLD
    own = {name.removeprefix(f"{LANDED}.") for name in parameters.by_name if name.startswith(f"{LANDED}.")}
    if own:
        codes = [code for code, category in enumerate(orders.categories) if category in own]
        rows &= ~np.isin(orders.category, codes)
        rows &= ~np.array([product in own for product in orders.products] or False)
    return rows


def vat(parameters: Parameters, marketplace: str) -> Decimal:
    """Return the VAT in prices of a marketplace as a share of the price without it; 0 where nobody declares it."""
    return parameters.keyed(VAT, marketplace)[0]


def net(amount: int, parameters: Parameters, marketplace: str) -> int:
    """Return an amount that a buyer paid or got back without the VAT in it, halves rounded away from zero."""
    above, below, basis = _kept(parameters, VAT, marketplace)
    return _part(amount, above, below) if basis else amount


def vat_basis(parameters: Parameters, marketplace: str) -> tuple[str, ...]:
    """Return the parameter by which VAT is taken out of amounts of a marketplace, none where nothing is."""
    basis: tuple[str, ...] = _kept(parameters, VAT, marketplace)[2]
    return basis


def is_vat_declared(parameters: Parameters, marketplace: str) -> bool:
    """Whether the seller said how much VAT prices of a marketplace contain, be it none."""
    return parameters.keyed(VAT, marketplace)[1] in parameters.own


def _landed_share(
    parameters: Parameters, marketplace: str, product: str, category: str
) -> tuple[Fraction, tuple[str, ...]]:
    """Return the share of a price with its VAT that goods cost, and what it rests on; a product's own counts first."""
    share, name = parameters.keyed(LANDED, product, category)
    value, full = parameters.keyed(VAT, marketplace)
    return Fraction(share) / (1 + Fraction(value)), (name, *((full,) if value else ()))


def _kept(parameters: Parameters, name: str, marketplace: str, *keys: str) -> tuple[int, int, tuple[str, ...]]:
    """Return a share as numerator and denominator, with what it rests on, worked out once for each kind of order."""
    known: tuple[int, int, tuple[str, ...]] | None = parameters.kept.get((name, marketplace, *keys))
    if known is None:
        if len(parameters.kept) >= _MOST_KEPT:
            parameters.kept.clear()
        if name == VAT:
            value, full = parameters.keyed(VAT, marketplace)
            basis: tuple[str, ...] = (full,) if value else ()
            share = 1 / (1 + Fraction(value))
        else:
            product, category = keys
            share, basis = _landed_share(parameters, marketplace, product, category)
        known = parameters.kept[name, marketplace, *keys] = share.numerator, share.denominator, basis
    return known


def _part(amount: int, above: int, below: int) -> int:
    size = (2 * abs(amount) * above + below) // (2 * below)
    return size if amount >= 0 else -size


def _rounded(amount: Fraction) -> int:
    size = (2 * abs(amount.numerator) + amount.denominator) // (2 * amount.denominator)
    return size if amount >= 0 else -size


def _estimates(orders: Orders, rows: NDArray[np.int64], parameters: Parameters) -> NDArray[np.int64]:
    """Return the share of the price of some orders that their goods cost."""
    products = _products_with_share(orders, parameters)
    kinds = [*((product, "") for product in products), *(("", category) for category in orders.categories)]
    kind = orders.category[rows].astype(np.int64) + len(products)
    if products:
        place = {product: number for number, product in enumerate(products)}
        named = np.array([place.get(orders.products[row], -1) for row in rows.tolist()], np.int64)
        kind = np.where(named >= 0, named, kind)
    code = kind * len(orders.marketplaces) + orders.marketplace[rows]
    shares = [Fraction(0)] * (len(kinds) * len(orders.marketplaces))
    for each in np.flatnonzero(np.bincount(code)).tolist():
        which, store = divmod(each, len(orders.marketplaces))
        shares[each] = _landed_share(parameters, orders.marketplaces[store], *kinds[which])[0]
    return _scaled(orders.price[rows], shares, code)


def _products_with_share(orders: Orders, parameters: Parameters) -> list[str]:
    """Return the products of orders for which a share of their own is declared."""
    begin = f"{LANDED}."
    declared = {name.removeprefix(begin) for name in parameters.by_name if name.startswith(begin)} - {""}
    return sorted(declared.intersection(orders.products)) if declared else []


def _scaled(amounts: NDArray[np.int64], shares: Sequence[Fraction], code: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return each amount times the share of its code in whole numbers, halves rounded away from zero."""
    most = max(abs(int(amounts.max())), abs(int(amounts.min())))
    numerator, denominator = (max(column) for column in zip(*(s.as_integer_ratio() for s in shares), strict=True))
    if 2 * (most + 1) * max(numerator, 1) + 2 * denominator > _MOST:
        exact = zip(amounts.tolist(), code.tolist(), strict=True)
        return np.array([_rounded(amount * shares[each]) for amount, each in exact], np.int64)
    above = np.array([share.numerator for share in shares], np.int64)[code]
    below = np.array([share.denominator for share in shares], np.int64)[code]
    size = (2 * np.abs(amounts) * above + below) // (2 * below)
    scaled: NDArray[np.int64] = np.sign(amounts) * size
    return scaled
