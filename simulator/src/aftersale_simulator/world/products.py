"""Products: which of a scenario's products each order is for, what it costs, and whether its goods are defective."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP
from typing import TYPE_CHECKING, TypedDict

import numpy as np
from numpy.typing import NDArray

from aftersale.order_columns import Orders
from aftersale.orders import UNTOLD
from aftersale_simulator.world.random_streams import Streams
from aftersale_simulator.world.world import World

if TYPE_CHECKING:
    from aftersale_simulator.scenario.model import Sales

Column = NDArray[np.int64]
_ROUNDING = 1e-9
"""Shares that come so close to 1 are all orders."""
DEFECT_RATE = "defect_rate"
"""The parameter that says how often goods are defective where no product says it."""


class ToldCosts(TypedDict, total=False):
    """What the goods of each order cost the seller, where a product says it."""

    landed_cost: Column


def product_numbers(
    sales: Sales, category: NDArray[np.int16], keys: Column, streams: Streams, marketplace: str
) -> Column:
    """Return the number of each order's product in the order in which they are stated, -1 for none."""
    numbers = np.full(len(keys), -1, np.int64)
    if not sales.product:
        return numbers
    places = {str(name): place for place, name in enumerate(sales.product)}
    draws = streams.uniform(keys, "order.product", marketplace)
    for code, name in enumerate(sales.categories):
        products = sales.products_of(name)
        edges = np.cumsum([product.share or 0.0 for product in products.values()])
        edges[edges > 1 - _ROUNDING] = 1.0
        choices = np.array([*(places[product] for product in products), -1])
        rows = np.flatnonzero(category == code)
        numbers[rows] = choices[np.searchsorted(edges, draws[rows], side="right")]
    return numbers


def product_names(sales: Sales, numbers: Column) -> list[str]:
    """Return the name of each order's product, empty for none; an empty list where no product is stated."""
    names = [*map(str, sales.product), ""]
    return [names[number] for number in numbers.tolist()] if sales.product else []


def of_products(sales: Sales, key: str, numbers: Column, usual: Column, unit: int) -> Column:
    """Return for each order what its product says under a key, in minor units, else what is usual."""
    if not sales.product:
        return usual
    amounts = (getattr(product, key) for product in sales.product.values())
    said = [UNTOLD if amount is None else int((amount * unit).to_integral_value(ROUND_HALF_UP)) for amount in amounts]
    column = np.array([*said, UNTOLD], np.int64)[numbers]
    return np.where(column == UNTOLD, usual, column)


def told_costs(sales: Sales, numbers: Column, unit: int) -> ToldCosts:
    """Return the column of what goods cost, none where no product says it."""
    if all(product.landed_cost is None for product in sales.product.values()):
        return {}
    return {"landed_cost": of_products(sales, "landed_cost", numbers, np.full(len(numbers), UNTOLD, np.int64), unit)}


def defective(
    orders: Orders, keys: Column, rates: Mapping[str, float], streams: Streams, world: World
) -> NDArray[np.bool_]:
    """Return which orders have defective goods: by their product's own rate of `rates`, or else the declared one."""
    base = None
    if rates and orders.products:
        usual = world.get(DEFECT_RATE, DEFECT_RATE) if not rates.keys() >= set(orders.products) else 0.0
        base = np.array([rates.get(product, usual) for product in orders.products])
    shares = world.for_orders(DEFECT_RATE, orders, base)
    if not shares.any():
        return np.zeros(len(orders), bool)
    return streams.uniform(keys, "order.defective", orders.marketplaces[0]) < shares


def defect_rates(sales: Sales) -> dict[str, float]:
    """Return how often the goods of those products are defective that say it."""
    rates = ((str(name), product.defect_rate) for name, product in sales.product.items())
    return {name: float(rate) for name, rate in rates if rate is not None}
