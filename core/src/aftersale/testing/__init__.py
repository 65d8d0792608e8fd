"""Testing: what do tests build on?

Tests may import it: a reference plugin, and ready-made orders, facts, dockets and plugins.

This and `aftersale.plugin` are the promise to plugin authors. `aftersale.testing.conformance` has the suite that every
plugin has to pass.

`load_plugins(names=(), extra={"reference": aftersale.testing.reference})` loads the reference plugin alone.
"""

from aftersale.clocks import instant
from aftersale.testing.factories import docket, fact, order, orders, plugin, stores

__all__ = ["docket", "fact", "instant", "order", "orders", "plugin", "stores"]
