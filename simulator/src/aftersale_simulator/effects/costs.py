"""Costs: settings of rates, cost numbers, goods and VAT that changed nothing in what a run came to in money."""

from __future__ import annotations

from collections.abc import Iterator

from aftersale.orders import UNTOLD
from aftersale.worth.parameters import LANDED
from aftersale_simulator.effects.trace import Setting, Trace
from aftersale_simulator.scenario.rates import ON


def of_costs(trace: Trace) -> Iterator[Setting]:
    """Yield what the scenario says of money: one setting for each number, as its path has it."""
    scenario, reads = trace.resolved.scenario, trace.resolved.numbers.reads
    for name in scenario.rates:
        if str(name) != ON:
            yield Setting(f"rates.{name}", "" if str(name) in trace.booked else "currency")
    for name in scenario.costs:
        yield Setting(f"costs.{name}", "" if str(name) in reads else "unbooked")
    yield from _of_goods(trace)
    yield from _of_vat(trace)


def _of_goods(trace: Trace) -> Iterator[Setting]:
    goods = trace.resolved.scenario.goods
    if goods.landed_cost_share is not None:
        yield Setting(f"goods.{LANDED}", _reason(trace, LANDED, any(map(len, trace.orders.values()))))
    sold = trace.categories(trace.orders)
    for name in goods.category:
        yield Setting(f"goods.category.{name}", _reason(trace, f"{LANDED}.{name}", str(name) in sold))
    products = {product for orders in trace.orders.values() for product in orders.products} if goods.product else ()
    for name in goods.product:
        yield Setting(f"goods.product.{name}", _reason(trace, f"{LANDED}.{name}", str(name) in products))
    if goods.catalogue is not None:
        yield Setting("goods.catalogue", _catalogue_reason(trace))


def _reason(trace: Trace, number: str, is_sold: bool) -> str:
    """Return why nothing goes by what goods cost; what is sold may have a cost of its own, or one that orders tell."""
    if not is_sold:
        return "order"
    return "" if number in trace.resolved.numbers.reads else "replaced"


def _catalogue_reason(trace: Trace) -> str:
    """Return why no order cost what the catalogue says: it is looked up while an order file is read."""
    if not trace.from_file:
        return "unfiled"
    return "" if any((orders.landed_cost != UNTOLD).any() for orders in trace.orders.values()) else "order"


def _of_vat(trace: Trace) -> Iterator[Setting]:
    for name, sales in trace.resolved.scenario.marketplace.items():
        path, reason = f"marketplace.{name}", "" if len(trace.orders[str(name)]) else "order"
        if sales.prices_with_vat is not None:
            yield Setting(f"{path}.prices_with_vat", reason)
        if sales.vat_share is not None:
            yield Setting(f"{path}.vat_share", reason if sales.prices_with_vat else "no_vat")
