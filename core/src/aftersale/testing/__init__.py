"""Testing: what do tests build on?

Tests may import it: a reference plugin and a hostile one, and ready-made orders, facts, dockets and plugins.

This and `aftersale.plugin` are the promise to plugin authors, with `MarketplaceConformance` of
`aftersale.testing.conformance`, the suite that every plugin has to pass. `docket(extra={"reference": reference})` is
an empty docket under the reference plugin, `aftersale.testing.reference`.
"""

from aftersale.clocks import DAY, HOUR, instant
from aftersale.testing.factories import MONDAY, docket, fact, order, orders, plugin

__all__ = ["DAY", "HOUR", "MONDAY", "docket", "fact", "instant", "order", "orders", "plugin"]
