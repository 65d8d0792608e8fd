"""Sales: settings of marketplaces and their categories that changed nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from attrs import Factory, fields

from aftersale.policies.decisions import RETURN
from aftersale.policies.policy import Policy
from aftersale_simulator.effects.trace import Setting, Trace
from aftersale_simulator.scenario.model import Product, Sales, SoldProduct
from aftersale_simulator.world.products import DEFECT_RATE

_OF_FILE = (
    "orders_per_day",
    "price",
    "channels",
    "categories",
    "cross_border",
    "exempt",
    "weekly",
    "season",
    "growth",
    "dispersion",
)
"""The settings in whose place an order file stands."""


def of_marketplaces(trace: Trace) -> Iterator[Setting]:
    """Yield the settings of the marketplaces."""
    for name, sales in trace.resolved.scenario.marketplace.items():
        path, policy = f"marketplace.{name}", trace.resolved.policies[name]
        given = [key for key in _OF_FILE if getattr(sales, key) != _USUAL[key]]
        for key in given:
            if trace.from_file:
                yield Setting(f"{path}.{key}", "" if key == "price" and _asks_price(policy) else "file")
            else:
                yield Setting(f"{path}.{key}", _reason(trace, name, sales, key, policy))
        for category, product in sales.category.items():
            yield from _of_category(trace, name, str(category), product, f"{path}.category.{category}")
        yield from _of_products(trace, name, sales, path)


def _usual(name: str) -> Any:
    default = getattr(fields(Sales), name).default
    return default.factory() if isinstance(default, Factory) else default  # type: ignore[arg-type]


_USUAL = {name: _usual(name) for name in _OF_FILE}
"""What each of these settings is where nobody says it; nothing equals that of one that has to be said."""


def _asks_price(policy: Policy) -> bool:
    """Whether labels that the seller gives away are looked for, by an order of the usual price."""
    return any(rule.name == "prepaid_label" for rule in policy.own)


def _reason(trace: Trace, name: str, sales: Sales, key: str, policy: Policy) -> str:
    if key == "price":
        own = {str(category) for category, product in sales.category.items() if product.price is not None}
        return "replaced" if own >= set(sales.categories) and not _asks_price(policy) else ""
    if key == "cross_border":
        return "" if "cross_border" in trace.resolved.asked[name].fields else "unread"
    if key == "exempt":
        asked = "auto_authorise" in trace.resolved.asked[name].names or RETURN in policy.decisions.names()
        return "" if asked else "unread"
    return ("" if _tells_categories(trace, name, sales, policy) else "unread") if key == "categories" else ""


def _tells_categories(trace: Trace, name: str, sales: Sales, policy: Policy) -> bool:
    """Whether anything is different about a category of the marketplace."""
    events = (*trace.resolved.scenario.event, *(sale.event for sale in trace.resolved.sales))
    rates = any(f"return_rate_{category}" in trace.reads for category in sales.categories)
    by_event = any(event.categories and event.concerns(name) for event in events)
    asked = "category" in trace.resolved.asked[name].fields or _is_priced(trace, name, sales)
    return bool(sales.category) or rates or by_event or asked or bool(policy.decisions.names())


def _is_priced(trace: Trace, name: str, sales: Sales) -> bool:
    """Whether fees or goods of a category of the marketplace cost what those of others do not."""
    priced = trace.resolved.asked[name].fee_categories | set(map(str, trace.resolved.scenario.goods.category))
    return not priced.isdisjoint(map(str, sales.categories))


def _of_category(trace: Trace, name: str, category: str, product: Product, path: str) -> Iterator[Setting]:
    if category not in trace.categories((name,)):
        yield Setting(path, "order")
        return
    if product.price is not None:
        yield Setting(f"{path}.price", "file" if trace.from_file else "")
    for parameter in product.factors:
        yield Setting(f"{path}.factors.{parameter}", "" if parameter in trace.order_reads[name] else "unread")


def _of_products(trace: Trace, name: str, sales: Sales, path: str) -> Iterator[Setting]:
    """Yield the settings of products; an order file says all of them but how often they are defective."""
    sold = set(trace.orders[name].products) if name in trace.orders else set()
    for product, stated in sales.product.items():
        of_product = f"{path}.product.{product}"
        if str(product) not in sold:
            yield Setting(of_product, "order")
            continue
        for spec in fields(SoldProduct):
            if getattr(stated, spec.name) is not None:
                by_file = trace.from_file and spec.name != DEFECT_RATE
                yield Setting(f"{of_product}.{spec.name}", "file" if by_file else "")
