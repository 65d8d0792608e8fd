"""Conformance: does a plugin keep what every plugin has to keep, on cases from its own declarations?

Plugins' tests and the command line may import it; it imports plugins, the engine.

    from aftersale.testing.conformance import MarketplaceConformance

    class TestCornerShop(MarketplaceConformance):
        plugin = "corner_shop"

is a whole test file. `aftersale plugins check corner_shop` runs the same checks without pytest. New checks come with
minor releases of aftersale, never with patches.
"""

from aftersale.testing.conformance.checks import CHECKS, findings
from aftersale.testing.conformance.findings import Check, Finding
from aftersale.testing.conformance.subject import Subject
from aftersale.testing.conformance.suite import MarketplaceConformance

__all__ = ["CHECKS", "Check", "Finding", "MarketplaceConformance", "Subject", "findings"]
