"""Sales: settings of marketplaces and their categories that changed nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attrs import NOTHING, Factory, fields

from aftersale.policies.decisions import RETURN
from aftersale.policies.policy import Policy
from aftersale.rules import Rule
from aftersale_simulator.effects.handbook import acting_names
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
_FEES = frozenset({"referral_fee", "referral_fee_above", "referral_fee_minimum", "closing_fee"})
"""The rows by which the fee of a sale goes by category."""


def of_marketplaces(trace: Trace) -> Iterator[Setting]:
    """Yield the settings of the marketplaces."""
    for name, sales in trace.resolved.scenario.marketplace.items():
        path, policy = f"marketplace.{name}", trace.resolved.policies[name]
        given = [key for key in _OF_FILE if _is_given(sales, key)]
        for key in given:
            if trace.from_file:
                yield Setting(f"{path}.{key}", "" if key == "price" and _asks_price(policy) else "file")
            else:
                yield Setting(f"{path}.{key}", _reason(trace, name, sales, key, policy))
        for category, product in sales.category.items():
            yield from _of_category(trace, name, str(category), product, f"{path}.category.{category}")
        yield from _of_products(trace, name, sales, path)


def _is_given(sales: Sales, key: str) -> bool:
    default = getattr(fields(Sales), key).default
    if default is NOTHING:
        return True
    usual = default.factory() if isinstance(default, Factory) else default  # type: ignore[arg-type]
    return bool(getattr(sales, key) != usual)


def _asks_price(policy: Policy) -> bool:
    """Whether labels that the seller gives away are looked for, by an order of the usual price."""
    return any(rule.name == "prepaid_label" for rule in policy.own)


def _reason(trace: Trace, name: str, sales: Sales, key: str, policy: Policy) -> str:
    if key == "price":
        own = {str(category) for category, product in sales.category.items() if product.price is not None}
        return "replaced" if own >= set(sales.categories) and not _asks_price(policy) else ""
    if key == "cross_border":
        return "" if any("cross_border" in rule.when.asks for rule in _rows(policy)) else "unread"
    if key == "exempt":
        asked = any(rule.name == "auto_authorise" for rule in _rows(policy)) or RETURN in policy.decisions.names()
        return "" if asked else "unread"
    return ("" if _tells_categories(trace, name, sales, policy) else "unread") if key == "categories" else ""


def _rows(policy: Policy) -> Sequence[Rule]:
    names = acting_names(policy)
    rows = (*policy.rules.history(policy.marketplace.name), *policy.handbook.history())
    return [rule for rule in rows if rule.name in names]


def _tells_categories(trace: Trace, name: str, sales: Sales, policy: Policy) -> bool:
    """Whether anything is different about a category of the marketplace."""
    events = (*trace.resolved.scenario.event, *(sale.event for sale in trace.resolved.sales))
    rates = any(f"return_rate_{category}" in trace.reads for category in sales.categories)
    by_event = any(event.categories and event.concerns(name) for event in events)
    asked = any("category" in rule.when.asks for rule in _rows(policy)) or _is_priced(trace, sales, policy)
    return bool(sales.category) or rates or by_event or asked or bool(policy.decisions.names())


def _is_priced(trace: Trace, sales: Sales, policy: Policy) -> bool:
    """Whether fees or goods of a category of the marketplace cost what those of others do not."""
    rows = policy.rules.history(policy.marketplace.name)
    words = {word for row in rows if row.name in _FEES for word in row.when.category or ()}
    return not set(map(str, sales.categories)).isdisjoint(words | set(map(str, trace.resolved.scenario.goods.category)))


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
