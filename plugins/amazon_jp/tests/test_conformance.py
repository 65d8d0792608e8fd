"""What every plugin has to keep."""

from aftersale.testing.conformance import MarketplaceConformance


class TestAmazonJP(MarketplaceConformance):
    """Every check of the suite, on cases from the plugin's own declarations."""

    plugin = "amazon_jp"
