"""A seller's habits in Germany: two decisions of its own on top of whoever owns the store."""

from aftersale.plugin import Case, Order, hookimpl

AFTERSALE_API = 1

STORE = "DE"
CHEAP = 15_00
"""In cents: what a discussion about a return costs more than."""
SMALL = 20_00
"""In cents: what a defence against a claim costs more than."""


@hookimpl
def aftersale_decide_return(order: Order) -> str | None:
    """Authorise a cheap return at once, even of what is exempt or late."""
    return "return_authorised" if order.marketplace == STORE and order.price < CHEAP else None


@hookimpl
def aftersale_decide_claim(case: Case, order: Order) -> str | None:
    """Refund a small claim instead of fighting it."""
    return "refund" if order.marketplace == STORE and order.price < SMALL else None
