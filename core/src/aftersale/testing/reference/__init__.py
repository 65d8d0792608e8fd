"""The reference plugin: two made-up marketplaces with a rule for everything, all of it data.

REF has a time zone without clock changes and two decimals in its currency; ALT has clock changes, business
days, a currency without decimals, and leaves returns to people.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aftersale import hookimpl
from aftersale.policies.marketplaces import load_marketplaces
from aftersale.reports.orders.formats import load_formats
from aftersale.rules import load_rules

if TYPE_CHECKING:
    from aftersale.policies.marketplaces import Marketplace
    from aftersale.reports.orders.formats import OrderFormat
    from aftersale.rules import Rule

AFTERSALE_API = 1


@hookimpl
def aftersale_marketplaces() -> list[Marketplace]:
    """Return REF and ALT."""
    return load_marketplaces(__name__)


@hookimpl
def aftersale_rules() -> list[Rule]:
    """Return their dated rules."""
    return load_rules(__name__)


@hookimpl
def aftersale_order_formats() -> list[OrderFormat]:
    """Return the one order file that both hand out."""
    return load_formats(__name__)
