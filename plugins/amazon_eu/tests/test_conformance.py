"""What every plugin has to keep."""

from aftersale.testing.conformance import MarketplaceConformance


class TestAmazonEU(MarketplaceConformance):
    """Every check of the suite, on cases from the plugin's own declarations."""

    plugin = "amazon_eu"
