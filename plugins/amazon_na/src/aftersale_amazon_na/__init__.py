"""Amazon in North America: US, CA, MX.

All that this plugin knows is data: the stores in `profile.toml`, their dated rules in `rules.toml`, the order files
that they hand out in `formats.toml`, their account health report in `health.toml`, and in `world.toml` what simulations
take for their sales and buyers. Every rule and number names its source and how good that source is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aftersale import hookimpl
from aftersale.policies.marketplaces import load_marketplaces
from aftersale.policies.worlds import load_world
from aftersale.reports.health.formats import load_health_formats
from aftersale.reports.orders.formats import load_formats
from aftersale.rules import load_rules

if TYPE_CHECKING:
    from aftersale.policies.marketplaces import Marketplace
    from aftersale.policies.worlds import WorldDefaults
    from aftersale.reports.health.formats import HealthFormat
    from aftersale.reports.orders.formats import OrderFormat
    from aftersale.rules import Rule

AFTERSALE_API = 1


@hookimpl
def aftersale_marketplaces() -> list[Marketplace]:
    """Return the stores, as `profile.toml` describes them."""
    return load_marketplaces(__name__)


@hookimpl
def aftersale_rules() -> list[Rule]:
    """Return the dated rules of these stores, as `rules.toml` states them."""
    return load_rules(__name__)


@hookimpl
def aftersale_order_formats() -> list[OrderFormat]:
    """Return the order files that these stores hand out, as `formats.toml` describes them."""
    return load_formats(__name__)


@hookimpl
def aftersale_health_reports() -> list[HealthFormat]:
    """Return the account health report that these stores hand out, as `health.toml` describes it."""
    return load_health_formats(__name__)


@hookimpl
def aftersale_world() -> list[WorldDefaults]:
    """Return what simulations take for the buyers of these stores, as `world.toml` declares it."""
    return load_world(__name__)
