"""Money: what is to be said of it before anybody believes it: that a rate is missing, or that no VAT is taken out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aftersale.channels import FULFILLED_BY_MARKETPLACE
from aftersale_simulator.resolved.costs import undeclared_vat
from aftersale_simulator.scenario.model import Scenario
from aftersale_simulator.show.wording import text


def money_notes(scenarios: Sequence[Scenario], unrated: Sequence[str]) -> Iterator[str]:
    """Yield why the money of some scenarios is not known, else where nothing is taken out of prices for VAT."""
    comma = text("report.comma")
    if unrated:
        known = {"currencies": comma.join(unrated), "first": unrated[0], "currency": scenarios[0].currency}
        yield text("warning.unrated", **known)
        return
    without = list(dict.fromkeys(name for scenario in scenarios for name in undeclared_vat(scenario)))
    if without:
        yield text("warning.vat", names=comma.join(without), first=without[0])


def not_simulated(scenarios: Sequence[Scenario]) -> list[str]:
    """Return the marketplaces that ship a part of the orders: returns of these are not simulated, nor in the money."""
    return list(dict.fromkeys(name for scenario in scenarios for name in _shipped_by_marketplace(scenario)))


def _shipped_by_marketplace(scenario: Scenario) -> Iterator[str]:
    """Yield the marketplaces of which the marketplace itself ships some orders."""
    for name, sales in scenario.marketplace.items():
        if any(share and channel in FULFILLED_BY_MARKETPLACE for channel, share in sales.channels.items()):
            yield str(name)
